//! A text in which an expression is found, from its tree alone. Whoever shows it asks the expression first: what stands
//! at a border of words is not looked at here.

use regex_syntax::hir::{Class, Hir, HirKind};

/// Characters of a sample.
const CHARACTERS_MOST: usize = 200;
/// Characters that read best in an example, the best first: on the first way, and on the second.
const READABLE: [&str; 2] = ["a1 bو", " 1ab"];

/// A short text, by the given way through alternatives; `None` where it would be long or no text.
pub(super) fn of(hir: &Hir, way: usize) -> Option<String> {
    let mut sample = String::new();
    add(hir, way, &mut sample)?;
    Some(sample)
}

fn add(hir: &Hir, way: usize, sample: &mut String) -> Option<()> {
    if sample.len() > CHARACTERS_MOST * 4 {
        return None;
    }
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => sample.push_str(std::str::from_utf8(&literal.0).ok()?),
        HirKind::Class(class) => sample.push(letter(class, way)?),
        HirKind::Capture(capture) => add(&capture.sub, way, sample)?,
        HirKind::Repetition(repetition) => {
            let least = usize::try_from(repetition.min).ok()?;
            // On the second way what may be left out stands once.
            let times = if least == 0 && way == 1 { usize::from(repetition.max != Some(0)) } else { least };
            if times > CHARACTERS_MOST {
                return None;
            }
            for _ in 0..times {
                add(&repetition.sub, way, sample)?;
            }
        }
        HirKind::Concat(parts) => parts.iter().try_for_each(|part| add(part, way, sample))?,
        HirKind::Alternation(parts) => add(parts.get(way.min(parts.len().saturating_sub(1)))?, way, sample)?,
    }
    Some(())
}

fn letter(class: &Class, way: usize) -> Option<char> {
    match class {
        Class::Unicode(class) => {
            let stands = |wanted: &char| class.iter().any(|range| range.start() <= *wanted && *wanted <= range.end());
            let readable = READABLE.get(usize::from(way == 1)).and_then(|letters| letters.chars().find(stands));
            let letters = || class.iter().flat_map(|range| (range.start()..=range.end()).take(64)).find(|c| c.is_alphanumeric());
            readable.or_else(letters).or_else(|| class.iter().map(|range| range.start()).next())
        }
        Class::Bytes(class) => class.iter().map(|range| char::from(range.start())).find(char::is_ascii),
    }
}
