//! The pages of the codes: each shows a mistake that is found, and its repair, of which nothing is said any more.

use super::super::code;
use super::stories::{compiled_with, in_a_bot};
use crate::diagnostic::register::{FILE_CODES, PAGES, Page};
use crate::syntax::codes::CODES;

#[test]
fn every_code_has_a_page_and_every_page_a_code() {
    let mut codes: Vec<&str> = CODES.iter().map(|(code, _)| *code).chain(code::ALL.iter().copied()).chain(FILE_CODES).collect();
    codes.sort_unstable();
    assert_eq!(codes, PAGES.iter().map(|page| page.code).collect::<Vec<_>>());
}

/// The examples of a page: the mistake and its repair.
fn examples(page: &Page) -> Vec<&'static str> {
    let parts = page.text.split("```");
    parts.skip(1).step_by(2).filter_map(|block| block.strip_prefix("flow\n")).collect()
}

fn codes_of(example: &str) -> Vec<&'static str> {
    let images = ["logo.png", "size-s.png", "size-m.png"];
    let (_, _, diagnostics) = compiled_with(&in_a_bot(example), &images);
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
