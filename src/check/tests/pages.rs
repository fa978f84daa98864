//! The pages of the codes: each shows a mistake that is found, and its repair, of which nothing is said any more.

use super::super::{Assets, code, compile};
use super::stories::{compiled_beside, compiled_with, in_a_bot};
use crate::diagnostic::register::{FILE_CODES, PAGES, Page};
use crate::source::Sources;
use crate::syntax::codes::CODES;

#[test]
fn every_code_has_a_page_and_every_page_a_code() {
    let mut codes: Vec<&str> = CODES.iter().map(|(code, _)| *code).chain(code::ALL.iter().copied()).chain(FILE_CODES).collect();
    codes.sort_unstable();
    assert_eq!(codes, PAGES.iter().map(|page| page.code).collect::<Vec<_>>());
}

/// One example: a flow, perhaps in YAML, perhaps with the script `shop.rhai` before it.
#[derive(Clone, Copy)]
struct Example {
    yaml: bool,
    text: &'static str,
    script: Option<&'static str>,
}

/// The examples of a page, the mistake and its repair.
fn examples(page: &Page) -> Vec<Example> {
    let mut script = None;
    let mut found = Vec::new();
    for block in page.text.split("```").skip(1).step_by(2) {
        if let Some(text) = block.strip_prefix("rhai\n") {
            script = Some(text);
        } else if let Some(text) = block.strip_prefix("flow\n") {
            found.push(Example { yaml: false, text, script: script.take() });
        } else if let Some(text) = block.strip_prefix("yaml\n") {
            found.push(Example { yaml: true, text, script: script.take() });
        }
    }
    found
}

fn codes_of(Example { yaml, text: example, script }: Example) -> Vec<&'static str> {
    let images = ["logo.png", "size-s.png", "size-m.png"];
    let diagnostics = if let Some(script) = script {
        let mut sources = Sources::default();
        sources.add("bot.flow", in_a_bot(example));
        sources.add("shop.rhai", script);
        let files = [("shop.rhai".to_owned(), std::sync::Arc::from(script))];
        let still = std::sync::Arc::new(|| std::time::Duration::ZERO);
        let scripts = crate::hook::read(&files, crate::hook::Limits::for_tests(), still);
        compiled_beside(sources, &images, scripts).2
    } else if yaml {
        let mut sources = Sources::default();
        sources.add("bot.flow", in_a_bot(""));
        sources.add("example.flow.yaml", example);
        compile(&sources, &Assets::default()).1
    } else {
        compiled_with(&in_a_bot(example), &images).2
    };
    diagnostics.iter().map(|finding| finding.code).collect()
}

#[test]
fn each_page_shows_its_mistake_and_its_repair() {
    let mut wrong = Vec::new();
    for page in PAGES {
        let [mistake, repair] = examples(page)[..] else {
            assert!(examples(page).is_empty(), "{} has a mistake and a repair", page.code);
            continue;
        };
        let (found, left) = (codes_of(mistake), codes_of(repair));
        if !found.contains(&page.code) || left.iter().any(|code| !["F0607", "F0319"].contains(code)) {
            wrong.push(format!("{}: mistake {found:?}, repair {left:?}", page.code));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
