//! The page on this spelling: each sample stands there in both, and gives the same tree.

use super::*;

const PAGE: &str = include_str!("../../../../docs/language-yaml.md");

/// The samples of the page in pairs.
fn pairs() -> Vec<(&'static str, &'static str)> {
    let blocks: Vec<&str> = PAGE.split("```").skip(1).step_by(2).collect();
    let mut pairs = Vec::new();
    let mut flow = None;
    for block in blocks {
        if let Some(text) = block.strip_prefix("flow\n") {
            assert_eq!(flow.replace(text), None, "a flow without its YAML: {text}");
        } else if let Some(text) = block.strip_prefix("yaml\n") {
            pairs.push((flow.take().unwrap_or_else(|| panic!("no flow before {text}")), text));
        }
    }
    pairs
}

/// Steps, triggers and lines stand on the page without what is around them.
fn whole(flow: &str, yaml: &str) -> (String, String) {
    let indented = |text: &str| text.lines().map(|line| format!("  {line}\n")).collect::<String>();
    let word = flow.split([' ', '\n']).find(|word| !word.is_empty()).unwrap_or_default();
    match word {
        "on" => (format!("flow f {{\n{flow}}}\n"), format!("flow: f\ntriggers:\n{}", indented(yaml))),
        "given" | "customer" | "expect" | "colleague" => {
            (format!("test \"t\" {{\n{flow}}}\n"), format!("test: t\nlines:\n{}", indented(yaml)))
        }
        _ if yaml.starts_with("- ") => (format!("flow f {{\n{flow}}}\n"), format!("flow: f\nsteps:\n{}", indented(yaml))),
        _ => (flow.to_owned(), yaml.to_owned()),
    }
}

#[test]
fn every_sample_gives_the_same_tree_in_both_spellings() {
    let pairs = pairs();
    assert!(pairs.len() >= 12);
    for (in_flow, in_yaml) in &pairs {
        let (text, yaml) = whole(in_flow, in_yaml);
        assert_eq!(tree(&good(&yaml)), tree(&flow(&text)), "{text}\n{yaml}");
    }
}

#[test]
fn the_page_names_every_key() {
    use super::super::table::lines::LINES;
    use super::super::table::{BARE, ITEMS, KINDS, STEPS, TRIGGERS};
    for shape in [ITEMS, STEPS, TRIGGERS, LINES].concat() {
        for key in shape.keys {
            let written = PAGE.contains(&format!("{}:", key.name)) || PAGE.contains(&format!("`{}`", key.name));
            assert!(written, "`{}` of {} is on the page", key.name, shape.noun);
        }
    }
    for word in BARE.iter().chain(KINDS) {
        assert!(PAGE.contains(word), "{word} is on the page");
    }
}
