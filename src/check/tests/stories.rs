//! Flows as authors write them: what is said of each, and where. The place of a finding stands between ⟦ and ⟧.

use super::super::*;
use crate::diagnostic::Severity;
use crate::source::FileId;

/// Compiles one file.
pub(super) fn compiled(text: &str) -> (Sources, Option<Bot>, Vec<Diagnostic>) {
    compiled_with(text, &[])
}

/// Compiles one file beside images of these names.
pub(super) fn compiled_with(text: &str, images: &[&str]) -> (Sources, Option<Bot>, Vec<Diagnostic>) {
    let mut sources = Sources::default();
    sources.add("bot.flow", text);
    let image = |name: &&str| {
        let asset = Asset { file: (*name).to_owned(), digest: String::new(), media_type: "image/png", bytes: Vec::new() };
        ((*name).to_owned(), Arc::new(asset))
    };
    let (bot, diagnostics) = compile(&sources, &images.iter().map(image).collect());
    assert_eq!(bot.is_some(), diagnostics.iter().all(|finding| finding.severity != Severity::Error));
    (sources, bot, diagnostics)
}

/// A bot in English around some items; one that begins with `bot` stands alone.
pub(super) fn in_a_bot(items: &str) -> String {
    if items.trim_start().starts_with("bot ") || items.trim_start().starts_with("words_only") {
        return items.to_owned();
    }
    format!("bot \"Shop\" {{\n    languages en\n    timezone \"Africa/Cairo\"\n    opt out on \"stop\"\n}}\n{items}\n")
}

/// The finding of this code must stand exactly at the marked place.
pub(super) fn says(code: &str, severity: Severity, marked: &str) -> Diagnostic {
    let whole = in_a_bot(marked);
    let (before, rest) = whole.split_once('⟦').expect("a place is marked");
    let (place, after) = rest.split_once('⟧').expect("a place is marked");
    let (sources, _, diagnostics) = compiled_with(&format!("{before}{place}{after}"), &["logo.png", "size-s.png"]);
    let wanted = Span { file: FileId(0), start: before.len() as u32, end: (before.len() + place.len()) as u32 };
    let found = diagnostics.iter().find(|finding| finding.code == code && finding.labels[0].span == wanted);
    let drawn = crate::diagnostic::render::text(&sources, &diagnostics, Default::default());
    let found = found.unwrap_or_else(|| panic!("{code} was not said of `{place}` in\n{drawn}"));
    assert_eq!(found.severity, severity, "{code}");
    found.clone()
}

/// Nothing at all is said of these items.
pub(super) fn says_nothing(items: &str) {
    let (sources, _, diagnostics) = compiled_with(&in_a_bot(items), &["logo.png", "size-s.png", "size-m.png"]);
    assert_eq!(crate::diagnostic::render::text(&sources, &diagnostics, Default::default()), "");
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
