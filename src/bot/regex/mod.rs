//! Regular expressions of authors: read and measured at check, compiled where a text first asks for it. Reading costs a
//! tenth of compiling, and most expressions of a large bot never meet a text that holds what they must find.

mod literals;
mod sample;
mod size;

use std::sync::OnceLock;

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Hir, HirKind};

/// Groups inside groups.
const NESTING_MOST: u32 = 64;
/// Estimated bytes of a compiled expression (see [`size`]).
const BYTES_MOST: usize = 1 << 20;
/// What a compiled expression may really take: far more than the estimate can be wrong, so that no expression that was
/// read fails to compile.
const COMPILED_BYTES_MOST: usize = 64 << 20;
/// Of the automaton that is made while searching; past it a slower one searches.
const SEARCH_BYTES_MOST: usize = 1 << 20;

/// One expression. Searching is linear in the text.
pub struct Regex {
    source: String,
    flags: String,
    groups: Vec<String>,
    /// Those that every match captures.
    surely: Vec<String>,
    literals: literals::Literals,
    bytes: usize,
    takes_all: bool,
    compiled: OnceLock<Option<regex::Regex>>,
    whole: OnceLock<Option<regex::Regex>>,
}

/// Why an expression is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegexError {
    #[error("`{0}` is no flag of a regular expression")]
    Flag(char),
    /// The library's reason, in its words.
    #[error("{0}")]
    Syntax(String),
    #[error("it grows too big; use smaller repetitions")]
    TooBig,
}

impl Regex {
    /// The expression without flags.
    ///
    /// # Errors
    /// When it cannot be read or would grow too big.
    pub fn new(source: &str) -> Result<Self, RegexError> {
        Self::with_flags(source, "")
    }

    /// The expression with some of the flags `i`, `s`, `m`, `x`.
    ///
    /// # Errors
    /// When it cannot be read or would grow too big, or a flag is none.
    pub fn with_flags(source: &str, flags: &str) -> Result<Self, RegexError> {
        let hir = read(source, flags)?;
        let bytes = size::estimate(&hir);
        if bytes > BYTES_MOST {
            return Err(RegexError::TooBig);
        }
        let (mut groups, mut surely) = (Vec::new(), Vec::new());
        name_groups(&hir, true, &mut groups, &mut surely);
        Ok(Self {
            source: source.to_owned(),
            flags: flags.to_owned(),
            groups,
            surely,
            literals: literals::required(&hir),
            bytes,
            takes_all: hir.properties().minimum_len() == Some(0) && hir.properties().look_set().is_empty(),
            compiled: OnceLock::new(),
            whole: OnceLock::new(),
        })
    }

    /// As the author wrote it, without its flags.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.source
    }

    /// Its named groups, in their order.
    #[must_use]
    pub fn groups(&self) -> &[String] {
        &self.groups
    }

    /// Of its named groups those that every match captures, in their order.
    #[must_use]
    pub fn groups_always(&self) -> &[String] {
        &self.surely
    }

    /// Whether it is found in every text, even in an empty one.
    #[must_use]
    pub const fn takes_all(&self) -> bool {
        self.takes_all
    }

    /// One of these stands in every text in which the expression is found, in either case of ASCII letters; empty where
    /// nothing can be said.
    #[must_use]
    pub fn literals(&self) -> &[Vec<u8>] {
        &self.literals.any
    }

    /// Whether that literal stands there as a whole word, as [`stands_as_word`] sees it.
    pub(super) const fn literals_are_words(&self) -> bool {
        self.literals.are_words
    }

    /// Whether it is found wherever one of those literals [`stands_alone`].
    pub(super) const fn literals_are_enough(&self) -> bool {
        self.literals.are_enough
    }

    /// Whether it is found in the text.
    #[must_use]
    pub fn is_match(&self, text: &str) -> bool {
        self.compiled().is_some_and(|compiled| compiled.is_match(text))
    }

    /// Whether the text as a whole is what it describes.
    #[must_use]
    pub fn is_whole_match(&self, text: &str) -> bool {
        // The first alternative that fits may be a short one: then it is asked once more with its ends bound.
        match self.compiled().and_then(|compiled| compiled.find(text)) {
            Some(found) if found.len() == text.len() => true,
            Some(found) if found.start() == 0 => self.whole().is_some_and(|whole| whole.is_match(text)),
            _ => false,
        }
    }

    /// The named groups that take part in the first place where it is found.
    #[must_use]
    pub fn named(&self, text: &str) -> Vec<(String, String)> {
        self.compiled().map_or_else(Vec::new, |compiled| named(compiled, text))
    }

    /// The named groups that take part where the text as a whole is what it describes.
    #[must_use]
    pub fn named_in_whole(&self, text: &str) -> Vec<(String, String)> {
        if self.groups.is_empty() { Vec::new() } else { self.whole().map_or_else(Vec::new, |whole| named(whole, text)) }
    }

    /// With its ends bound.
    fn whole(&self) -> Option<&regex::Regex> {
        self.whole.get_or_init(|| compile(&format!(r"\A(?:{})\z", self.embedded()))).as_ref()
    }

    /// Compiles it the first time. `None` never happens to an expression that could be read; whoever meets it says so.
    #[must_use]
    pub fn compiled(&self) -> Option<&regex::Regex> {
        self.compiled.get_or_init(|| compile(&self.embedded())).as_ref()
    }

    /// Up to three short texts in which the expression is found: different ways through it.
    #[must_use]
    pub fn samples(&self) -> Vec<String> {
        let Ok(hir) = read(&self.source, &self.flags) else { return Vec::new() };
        let mut samples: Vec<String> = (0..3).filter_map(|way| sample::of(&hir, way)).collect();
        samples.dedup();
        samples
    }

    /// Estimated bytes when compiled.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// With its flags inside.
    pub(super) fn embedded(&self) -> String {
        match self.flags.as_str() {
            "" => self.source.clone(),
            // A comment at its end must not swallow the bracket.
            flags if flags.contains('x') => format!("(?{flags}:{}\n)", self.source),
            flags => format!("(?{flags}:{})", self.source),
        }
    }
}

/// Whether no letter, digit or `_` of ASCII touches the stretch `start..end` (bytes).
pub(super) fn stands_as_word(text: &str, start: usize, end: usize) -> bool {
    let is_word = |at: usize| text.as_bytes().get(at).copied().is_some_and(literals::is_word_byte);
    !start.checked_sub(1).is_some_and(is_word) && !is_word(end)
}

/// Whether that stretch is of small letters and has nothing at its ends but characters of ASCII that are of no word: what
/// every expression takes for a word's borders.
pub(super) fn stands_alone(text: &str, start: usize, end: usize) -> bool {
    let bytes = text.as_bytes();
    let apart = |at: usize| bytes.get(at).is_none_or(|byte| byte.is_ascii() && !literals::is_word_byte(*byte));
    let small = |found: &[u8]| !found.iter().any(u8::is_ascii_uppercase);
    start.checked_sub(1).is_none_or(apart) && apart(end) && bytes.get(start..end).is_some_and(small)
}

/// What the author wrote, and nothing of what a search left behind: steps are told from each other by it.
impl std::fmt::Debug for Regex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "/{}/{}", self.source, self.flags)
    }
}

fn read(source: &str, flags: &str) -> Result<Hir, RegexError> {
    let mut builder = ParserBuilder::new();
    builder.nest_limit(NESTING_MOST);
    for flag in flags.chars() {
        match flag {
            'i' => builder.case_insensitive(true),
            's' => builder.dot_matches_new_line(true),
            'm' => builder.multi_line(true),
            'x' => builder.ignore_whitespace(true),
            other => return Err(RegexError::Flag(other)),
        };
    }
    // The library draws its own frame; its last line is the reason.
    let reason = |drawn: String| drawn.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
    builder.build().parse(source).map_err(|error| RegexError::Syntax(reason(error.to_string())))
}

fn named(compiled: &regex::Regex, text: &str) -> Vec<(String, String)> {
    let Some(captures) = compiled.captures(text) else { return Vec::new() };
    let names = compiled.capture_names().flatten();
    names.filter_map(|name| Some((name.to_owned(), captures.name(name)?.as_str().to_owned()))).collect()
}

fn compile(pattern: &str) -> Option<regex::Regex> {
    let mut builder = regex::RegexBuilder::new(pattern);
    builder.size_limit(COMPILED_BYTES_MOST).dfa_size_limit(SEARCH_BYTES_MOST).build().ok()
}

/// Names the groups, and apart those that take part in every match.
fn name_groups(hir: &Hir, always: bool, groups: &mut Vec<String>, surely: &mut Vec<String>) {
    match hir.kind() {
        HirKind::Capture(capture) => {
            if let Some(name) = capture.name.as_deref() {
                groups.push(name.to_owned());
                surely.extend(always.then(|| name.to_owned()));
            }
            name_groups(&capture.sub, always, groups, surely);
        }
        HirKind::Repetition(repetition) => name_groups(&repetition.sub, always && repetition.min > 0, groups, surely),
        HirKind::Concat(parts) => parts.iter().for_each(|part| name_groups(part, always, groups, surely)),
        HirKind::Alternation(parts) => parts.iter().for_each(|part| name_groups(part, false, groups, surely)),
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) | HirKind::Look(_) => {}
    }
}

#[cfg(test)]
mod tests;
