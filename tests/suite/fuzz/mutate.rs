//! Bytes that look like flows, from a seed: the repository's own flows and pages, cut, joined, repeated and spoilt.

use rejoinder::system::files;

use crate::pages::{fences, root};

/// A small generator of numbers (xorshift), the same for the same seed everywhere.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        let mut dice = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        dice.next();
        dice
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Below `end`, which is not 0.
    pub(super) fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        let at = self.below(of.len());
        &of[at]
    }
}

/// Bytes of a mutated file; what is longer costs time and finds nothing more.
const BYTES_MAX: usize = 48 << 10;

/// Pieces that break things: marks of the language, letters of many kinds, and marks that look like others.
const PIECES: &[&str] = &[
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "\"",
    "\"\"\"",
    "/",
    "\\",
    "#",
    ";",
    ",",
    "|",
    "->",
    "..",
    "=",
    "==",
    "@",
    "\n",
    "\n\n",
    "\t",
    "\r\n",
    "\0",
    "{{",
    "}}",
    "\\u{10ffff}",
    "\\u{d800}",
    "{x | ",
    "not ",
    "- ",
    "if a then b else ",
    "say ",
    "ask x: ",
    "choose ",
    "goto ",
    "label ",
    "on ",
    "flow ",
    "bot ",
    "test ",
    "within 1h ",
    "else ",
    "one of ",
    "list(9) of ",
    "999999999999999999999999999999",
    "-0",
    "1e9",
    "0x10",
    "60h",
    "99999d",
    "25:61",
    "2026-02-31",
    "١٢٣",
    "“",
    "”",
    "،",
    "\u{202e}",
    "\u{2066}",
    "\u{200d}",
    "\u{feff}",
    "e\u{301}\u{301}\u{301}",
    "👩‍👩‍👧‍👦",
    "🇪🇬",
    "ﷺ",
    "ก็",
    "क्ष",
    "ß",
    "İ",
    "\u{fffd}",
    "(?i)",
    "(a+)+$",
    "(?<n>",
    "\\p{L}{1000}",
    "- ",
    ": ",
    "&a ",
    "*a",
    "!!str ",
    "<<: ",
    "? ",
    "|-\n",
    "---\n",
];

/// What is mutated: for files, everything in the repository that is written in the language; for parts, parts of it.
pub(super) fn corpus(body: &str) -> Vec<String> {
    let mut whole: Vec<String> = Vec::new();
    for path in files::walk(&root().join("flows"), 4, 1_000).unwrap() {
        if path.extension().is_some_and(|end| end == "flow") {
            whole.push(std::fs::read_to_string(path).unwrap());
        }
    }
    let mut yaml: Vec<String> = Vec::new();
    for folder in ["tests/pages", "docs", "docs/diagnostics"] {
        for path in files::walk(&root().join(folder), 1, 1_000)
            .unwrap()
            .into_iter()
            .filter(|path| path.extension().is_some_and(|end| end == "md"))
        {
            for fence in fences(&std::fs::read_to_string(path).unwrap()) {
                match fence.word.as_str() {
                    "flow" => whole.push(fence.text),
                    "yaml" => yaml.push(fence.text),
                    _ => {}
                }
            }
        }
    }
    match body {
        "flow" => whole,
        "yaml" => {
            yaml.push("bot: \"A\"\nlanguages: [en]\n---\nflow: a\ntitle: \"A\"\ntriggers:\n  - message: [\"a\"]\nsteps:\n  - say: \"b {c}\"\n".to_owned());
            yaml
        }
        "value" => whole.iter().flat_map(|text| text.lines()).filter_map(value_of).collect(),
        _ => whole
            .iter()
            .flat_map(|text| text.split('"').skip(1).step_by(2))
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
            .collect(),
    }
}

fn value_of(line: &str) -> Option<String> {
    let line = line.trim();
    let value = line
        .strip_prefix("if ")
        .or_else(|| line.strip_prefix("expect "))
        .or_else(|| Some(line.strip_prefix("set ")?.split_once(" = ")?.1))?;
    Some(value.trim_end_matches('{').trim().to_owned())
}

/// The bytes of this seed.
pub(super) fn mutated(corpus: &[String], seed: u64) -> Vec<u8> {
    let mut dice = Dice::new(seed);
    let mut bytes = dice.pick(corpus).clone().into_bytes();
    for _ in 0..=dice.below(8) {
        change(&mut bytes, corpus, &mut dice);
        bytes.truncate(BYTES_MAX);
    }
    bytes
}

fn change(bytes: &mut Vec<u8>, corpus: &[String], dice: &mut Dice) {
    let at = dice.below(bytes.len() + 1);
    let end = (at + 1 + dice.below(40)).min(bytes.len()).max(at);
    match dice.below(9) {
        0 => drop(bytes.drain(at..end)),
        1 => {
            let piece = dice.pick(PIECES).as_bytes().to_vec();
            drop(bytes.splice(at..at, piece));
        }
        2 => {
            let piece = dice.pick(PIECES).as_bytes().to_vec();
            drop(bytes.splice(at..end, piece));
        }
        3 => {
            let piece = bytes[at..end].to_vec();
            let times = 1 << dice.below(10);
            drop(bytes.splice(at..at, piece.repeat(times)));
        }
        4 => {
            let piece = dice.pick(PIECES).repeat(1 << dice.below(12));
            drop(bytes.splice(at..at, piece.into_bytes()));
        }
        5 => {
            let other = dice.pick(corpus).as_bytes();
            let from = dice.below(other.len() + 1);
            let piece = other[from..(from + 1 + dice.below(400)).min(other.len()).max(from)].to_vec();
            drop(bytes.splice(at..end, piece));
        }
        6 => bytes.truncate(at),
        7 if at < bytes.len() => bytes[at] = dice.below(256) as u8,
        _ => {
            let piece: Vec<u8> = bytes.drain(at..end).collect();
            let to = dice.below(bytes.len() + 1);
            drop(bytes.splice(to..to, piece));
        }
    }
}
