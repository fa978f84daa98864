//! Flows as authors write them: what is said of each, and where.

use super::super::*;
use crate::diagnostic::Severity;

/// Compiles one file.
fn compiled(text: &str) -> (Sources, Option<Bot>, Vec<Diagnostic>) {
    let mut sources = Sources::default();
    sources.add("bot.flow", text);
    let (bot, diagnostics) = compile(&sources, &Assets::default());
    assert_eq!(bot.is_some(), diagnostics.iter().all(|finding| finding.severity != Severity::Error));
    (sources, bot, diagnostics)
}

#[test]
fn the_shop_of_the_language_page_checks_clean() {
    let (sources, bot, diagnostics) = compiled(include_str!("whole.flow"));
    let drawn = crate::diagnostic::render::text(&sources, &diagnostics, Default::default());
    let bot = bot.unwrap_or_else(|| panic!("{drawn}"));
    assert_eq!(drawn, "");
    assert_eq!(bot.name, "Nile Threads");
    assert_eq!(bot.languages, ["ar", "en"]);
    assert_eq!((bot.flows.len(), bot.triggers.len()), (4, 8));
    assert_eq!(bot.hours[0].week.iter().map(Vec::len).collect::<Vec<_>>(), [1, 1, 1, 1, 0, 1, 1]);
    assert_eq!(bot.triggers[1].key, "track#2");
}
