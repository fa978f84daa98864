//! What must stand in a text before an expression can be found in it.

use regex_syntax::hir::literal::{ExtractKind, Extractor};
use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, Hir, HirKind, Repetition};

/// Literals of one expression: more would cost more than they spare.
const LITERALS_MOST: usize = 16;
/// A class of no more characters may be a letter in its cases.
const FOLDED_MOST: usize = 16;
/// Parts of a sequence that are looked at from their beginning.
const PARTS_MOST: usize = 24;

/// Literals of which one, in either case of ASCII letters, stands in every text in which the expression is found. Empty
/// where there is no such set.
pub(super) fn required(hir: &Hir) -> Vec<Vec<u8>> {
    best_of(&lowered(hir)).unwrap_or_default()
}

/// The expression over texts whose ASCII letters are small: a letter in both cases becomes one letter, and what was a row
/// of classes one literal. In a text in which the expression is found this one is found once its letters are small.
fn lowered(hir: &Hir) -> Hir {
    match hir.kind() {
        HirKind::Empty => Hir::empty(),
        HirKind::Look(look) => Hir::look(*look),
        HirKind::Literal(literal) => Hir::literal(literal.0.to_ascii_lowercase()),
        HirKind::Class(Class::Unicode(class)) if class_size(class) <= FOLDED_MOST => {
            let letters = class.iter().flat_map(|range| range.start()..=range.end());
            let small = letters.map(|letter| letter.to_ascii_lowercase());
            Hir::class(Class::Unicode(ClassUnicode::new(small.map(|letter| ClassUnicodeRange::new(letter, letter)))))
        }
        HirKind::Class(class) => Hir::class(class.clone()),
        HirKind::Repetition(Repetition { min, max, greedy, sub }) => {
            Hir::repetition(Repetition { min: *min, max: *max, greedy: *greedy, sub: Box::new(lowered(sub)) })
        }
        HirKind::Capture(capture) => lowered(&capture.sub),
        HirKind::Concat(parts) => Hir::concat(parts.iter().map(lowered).collect()),
        HirKind::Alternation(parts) => Hir::alternation(parts.iter().map(lowered).collect()),
    }
}

/// The set whose shortest literal is the longest, then the smaller one.
fn best_of(hir: &Hir) -> Option<Vec<Vec<u8>>> {
    let mut best = better(at_edge(hir, ExtractKind::Prefix), at_edge(hir, ExtractKind::Suffix));
    match hir.kind() {
        HirKind::Capture(capture) => best = better(best, best_of(&capture.sub)),
        HirKind::Repetition(repetition) if repetition.min > 0 => best = better(best, best_of(&repetition.sub)),
        HirKind::Concat(parts) => {
            for (at, part) in parts.iter().enumerate().take(PARTS_MOST) {
                best = better(best, best_of(part));
                // Letters in both cases are parts of their own: several in a row are one literal.
                let run: Vec<Hir> = parts.iter().skip(at).take_while(|part| is_letter(part)).take(PARTS_MOST).cloned().collect();
                if run.len() > 1 {
                    best = better(best, at_edge(&Hir::concat(run), ExtractKind::Prefix));
                }
            }
        }
        HirKind::Alternation(parts) => {
            let all: Option<Vec<_>> = parts.iter().map(best_of).collect();
            best = better(best, all.and_then(|all| shrink(all.into_iter().flatten().collect(), &ExtractKind::Prefix)));
        }
        _ => {}
    }
    best
}

fn better(one: Option<Vec<Vec<u8>>>, other: Option<Vec<Vec<u8>>>) -> Option<Vec<Vec<u8>>> {
    let worth = |set: &Vec<Vec<u8>>| (set.iter().map(Vec::len).min().unwrap_or(0), std::cmp::Reverse(set.len()));
    match (one, other) {
        (Some(one), Some(other)) => Some(if worth(&other) > worth(&one) { other } else { one }),
        (one, other) => one.or(other),
    }
}

/// A literal or a class of few characters.
fn is_letter(part: &Hir) -> bool {
    match part.kind() {
        HirKind::Literal(_) => true,
        HirKind::Class(Class::Unicode(class)) => !class.ranges().is_empty() && class_size(class) <= 4,
        _ => false,
    }
}

fn class_size(class: &ClassUnicode) -> usize {
    class.iter().map(|range| range.len()).sum()
}

/// What each text must begin or end with.
fn at_edge(hir: &Hir, kind: ExtractKind) -> Option<Vec<Vec<u8>>> {
    let sequence = Extractor::new().kind(kind.clone()).extract(hir);
    let literals = sequence.literals()?;
    shrink(literals.iter().map(|literal| literal.as_bytes().to_vec()).collect(), &kind)
}

/// Small letters, each once; cut to fewer bytes where there are too many.
fn shrink(mut literals: Vec<Vec<u8>>, kind: &ExtractKind) -> Option<Vec<Vec<u8>>> {
    literals.iter_mut().for_each(|literal| literal.make_ascii_lowercase());
    let longest = literals.iter().map(Vec::len).max()?;
    for most in (1..=longest).rev() {
        for literal in &mut literals {
            let spare = literal.len().saturating_sub(most);
            match kind {
                ExtractKind::Suffix => drop(literal.drain(..spare)),
                _ => literal.truncate(most),
            }
        }
        literals.sort_unstable();
        literals.dedup();
        if literals.iter().any(Vec::is_empty) {
            return None;
        }
        if literals.len() <= LITERALS_MOST {
            return Some(literals);
        }
    }
    None
}
