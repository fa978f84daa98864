//! Regular expressions of authors: read within a bounded size, their groups and lengths told without running them.

use std::sync::Arc;

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind};

use super::code;
use super::findings::Findings;
use super::shape::Shape;
use crate::bot::{Regex, RegexError};
use crate::diagnostic::Diagnostic;
use crate::syntax::tree;

const NEST_MAX: u32 = 64;

/// A named group, and what it captures.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Group {
    pub name: String,
    pub shape: Shape,
}

/// Reads a regular expression of an author within a bounded size; it is compiled where a text first asks for it.
pub(super) fn compile(regex: &tree::Regex, findings: &Findings) -> Option<Arc<Regex>> {
    let broken = |finding: Diagnostic| {
        findings.add(finding);
        None
    };
    match Regex::with_flags(&regex.source, &regex.flags) {
        Ok(read) => Some(Arc::new(read)),
        Err(error @ RegexError::Flag(_)) => broken(
            Diagnostic::error(code::BROKEN_REGEX, regex.span, error.to_string()).help("the flags are `i`, `s`, `m` and `x`"),
        ),
        Err(error) => broken(
            Diagnostic::error(code::BROKEN_REGEX, regex.span, "this regular expression cannot be read").here(error.to_string()),
        ),
    }
}

fn read(source: &str, flags: &str) -> Option<Hir> {
    let mut builder = ParserBuilder::new();
    builder.nest_limit(NEST_MAX);
    builder.case_insensitive(flags.contains('i')).dot_matches_new_line(flags.contains('s'));
    builder.multi_line(flags.contains('m')).ignore_whitespace(flags.contains('x'));
    builder.build().parse(source).ok()
}

/// The named groups of a regular expression; none where it cannot be read, which is said where it stands.
pub(super) fn groups(regex: &tree::Regex) -> Vec<Group> {
    if !regex.source.contains("(?") {
        return Vec::new();
    }
    let Some(hir) = read(&regex.source, &regex.flags) else { return Vec::new() };
    let mut list = Vec::new();
    collect(&hir, &mut list);
    list
}

/// UTF-16 units that a match can have; `None` where nothing bounds it.
pub(super) fn units_max(source: &str) -> Option<u32> {
    longest(&read(source, "")?)
}

fn collect(hir: &Hir, list: &mut Vec<Group>) {
    match hir.kind() {
        HirKind::Capture(capture) => {
            if let Some(name) = &capture.name {
                list.push(Group { name: name.to_string(), shape: Shape::Text { most: longest(&capture.sub) } });
            }
            collect(&capture.sub, list);
        }
        HirKind::Repetition(repetition) => collect(&repetition.sub, list),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().for_each(|part| collect(part, list)),
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) | HirKind::Look(_) => {}
    }
}

fn longest(hir: &Hir) -> Option<u32> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => Some(0),
        HirKind::Literal(literal) => {
            let units = std::str::from_utf8(&literal.0).map_or(literal.0.len(), |text| text.encode_utf16().count());
            u32::try_from(units).ok()
        }
        HirKind::Class(class) => Some(class_units(class)),
        HirKind::Repetition(repetition) => match longest(&repetition.sub)? {
            0 => Some(0),
            units => units.checked_mul(repetition.max?),
        },
        HirKind::Capture(capture) => longest(&capture.sub),
        HirKind::Concat(parts) => parts.iter().try_fold(0_u32, |sum, part| sum.checked_add(longest(part)?)),
        HirKind::Alternation(parts) => parts.iter().try_fold(0_u32, |most, part| Some(longest(part)?.max(most))),
    }
}

/// Digits of every script are made ASCII before the search, so only other letters can take two units.
fn class_units(class: &Class) -> u32 {
    let Class::Unicode(class) = class else { return 1 };
    let wide = |first: char, last: char| {
        let first = first.max('\u{10000}');
        last > '\u{ffff}' && (last as u32 - first as u32 > 64 || !(first..=last).all(crate::text::is_digit))
    };
    if class.ranges().iter().any(|range| wide(range.start(), range.end())) { 2 } else { 1 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Span;

    fn of(source: &str) -> Vec<Group> {
        groups(&tree::Regex { source: source.to_owned(), flags: String::new(), span: Span::default() })
    }

    #[test]
    fn a_group_is_as_long_as_its_pattern_lets_it_be() {
        let text = |most| Shape::Text { most };
        assert_eq!(of(r"#(?<order>\d{6,10})"), [Group { name: "order".to_owned(), shape: text(Some(10)) }]);
        assert_eq!(of(r"(?<a>.+)")[0].shape, text(None));
        assert_eq!(of(r"(?<a>[a-z😀]{3})")[0].shape, text(Some(6)));
        assert_eq!(units_max("ab|abc"), Some(3));
    }
}
