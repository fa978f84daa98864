//! What must stand in a text before an expression can be found in it.

use regex_syntax::hir::literal::{ExtractKind, Extractor, Literal};
use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, Hir, HirKind, Look, Repetition};

/// Literals of one expression: more would cost more than they spare.
const LITERALS_MOST: usize = 16;
/// A class of no more characters may be a letter in its cases.
const FOLDED_MOST: usize = 16;
/// Parts of a sequence that are looked at from their beginning.
const PARTS_MOST: usize = 24;

/// Literals of which one, in either case of ASCII letters, stands in every text in which the expression is found. Empty
/// where there is no such set.
#[derive(Debug, Default)]
pub(super) struct Literals {
    pub(super) any: Vec<Vec<u8>>,
    /// It stands there as a whole word: neither before nor behind it is there a letter, digit or `_` of ASCII.
    pub(super) are_words: bool,
    /// And wherever it stands so, its letters small and its neighbours of ASCII, the expression is found.
    pub(super) are_enough: bool,
}

pub(super) fn required(hir: &Hir) -> Literals {
    let lowered = in_case(hir, &|letter| Some(letter.to_ascii_lowercase()));
    let any = best_of(&lowered);
    match words_between(&lowered, &[Look::WordUnicode, Look::WordAscii, Look::Start], parts_from_word) {
        Some(words) if any.as_ref().is_none_or(|any| shortest(&words) >= shortest(any)) => {
            let enough = enough(hir);
            Literals { are_enough: words.iter().all(|word| enough.contains(word)), any: words, are_words: true }
        }
        _ => Literals { any: any.unwrap_or_default(), ..Literals::default() },
    }
}

/// The words of small letters that need no more than the borders of a word around them for the expression to be found.
fn enough(hir: &Hir) -> Vec<Vec<u8>> {
    let narrowed = in_case(hir, &|letter| (!letter.is_ascii_uppercase()).then_some(letter));
    words_between(&narrowed, &[Look::WordUnicode, Look::WordAscii], may_be_a_border).unwrap_or_default()
}

/// The words with which the expression begins, where it begins with one of these borders and what comes behind them is as
/// asked.
fn words_between(hir: &Hir, borders: &[Look], behind: fn(&[Hir]) -> bool) -> Option<Vec<Vec<u8>>> {
    let HirKind::Concat(parts) = hir.kind() else { return None };
    let parts = parts.get(..parts.len().min(PARTS_MOST))?;
    let begins = matches!(parts.first()?.kind(), HirKind::Look(look) if borders.contains(look));
    let words = |end: usize| {
        let between = Hir::concat(parts.get(1..end)?.to_vec());
        let sequence = Extractor::new().extract(&between);
        // A border among the letters is none of them, and yet not every text has it there.
        let exact = |literals: &&[Literal]| between.properties().look_set().is_empty() && literals.iter().all(Literal::is_exact);
        let literals = sequence.literals().filter(exact)?;
        let mut words: Vec<Vec<u8>> = literals.iter().map(|literal| literal.as_bytes().to_ascii_lowercase()).collect();
        words.sort_unstable();
        words.dedup();
        // They are not cut: a part of a word is none.
        (words.len() <= LITERALS_MOST && words.iter().all(|word| is_word(word))).then_some(words)
    };
    let mut ends = (2..parts.len()).rev().filter(|end| begins && parts.get(*end..).is_some_and(behind));
    ends.find_map(words)
}

/// One or several words of ASCII, with nothing else at the ends.
fn is_word(word: &[u8]) -> bool {
    word.is_ascii() && [word.first(), word.last()].iter().all(|end| end.copied().is_some_and(is_word_byte))
}

/// A letter, digit or `_` of ASCII.
pub(super) const fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Whether what follows keeps letters of ASCII away from a word before it.
fn parts_from_word(parts: &[Hir]) -> bool {
    let Some((first, rest)) = parts.split_first() else { return false };
    match first.kind() {
        HirKind::Look(look) => matches!(look, Look::WordUnicode | Look::WordAscii | Look::End),
        HirKind::Repetition(repetition) if repetition.min == 0 => opens_apart(&repetition.sub) && parts_from_word(rest),
        _ => opens_apart(first),
    }
}

/// Whether what follows is found at the border of a word without taking a character.
fn may_be_a_border(parts: &[Hir]) -> bool {
    parts.iter().all(|part| match part.kind() {
        HirKind::Look(look) => matches!(look, Look::WordUnicode | Look::WordAscii),
        _ => part.properties().minimum_len() == Some(0) && part.properties().look_set().is_empty(),
    })
}

/// Whether it takes a character, and none of ASCII's letters, digits and `_` first.
fn opens_apart(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Literal(literal) => literal.0.first().is_some_and(|byte| !is_word_byte(*byte)),
        HirKind::Class(Class::Unicode(class)) => {
            let words = (0..=0x7f_u8).filter(|byte| is_word_byte(*byte)).map(char::from);
            words.into_iter().all(|word| class.iter().all(|range| !(range.start()..=range.end()).contains(&word)))
        }
        HirKind::Class(Class::Bytes(_)) | HirKind::Empty | HirKind::Look(_) => false,
        HirKind::Capture(capture) => opens_apart(&capture.sub),
        HirKind::Repetition(repetition) => repetition.min > 0 && opens_apart(&repetition.sub),
        HirKind::Concat(parts) => parts.first().is_some_and(opens_apart),
        HirKind::Alternation(parts) => parts.iter().all(opens_apart),
    }
}

/// The expression with each letter replaced, or with fewer letters to choose from: a letter in both cases becomes one
/// letter, and what was a row of classes one literal. With letters made small it is found in a text, its ASCII letters
/// made small, in which the expression is found; with letters left out it is found only where the expression is.
fn in_case(hir: &Hir, letter: &dyn Fn(char) -> Option<char>) -> Hir {
    match hir.kind() {
        HirKind::Empty => Hir::empty(),
        HirKind::Look(look) => Hir::look(*look),
        HirKind::Literal(literal) => {
            let cased = |byte: &u8| if byte.is_ascii() { u8::try_from(letter(char::from(*byte))?).ok() } else { Some(*byte) };
            literal.0.iter().map(cased).collect::<Option<Vec<u8>>>().map_or_else(Hir::fail, Hir::literal)
        }
        HirKind::Class(Class::Unicode(class)) if class_size(class) <= FOLDED_MOST => {
            let letters = class.iter().flat_map(|range| range.start()..=range.end()).filter_map(letter);
            Hir::class(Class::Unicode(ClassUnicode::new(letters.map(|letter| ClassUnicodeRange::new(letter, letter)))))
        }
        HirKind::Class(class) => Hir::class(class.clone()),
        HirKind::Repetition(Repetition { min, max, greedy, sub }) => {
            Hir::repetition(Repetition { min: *min, max: *max, greedy: *greedy, sub: Box::new(in_case(sub, letter)) })
        }
        HirKind::Capture(capture) => in_case(&capture.sub, letter),
        HirKind::Concat(parts) => Hir::concat(parts.iter().map(|part| in_case(part, letter)).collect()),
        HirKind::Alternation(parts) => Hir::alternation(parts.iter().map(|part| in_case(part, letter)).collect()),
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
    let worth = |set: &[Vec<u8>]| (shortest(set), std::cmp::Reverse(set.len()));
    match (one, other) {
        (Some(one), Some(other)) => Some(if worth(&other) > worth(&one) { other } else { one }),
        (one, other) => one.or(other),
    }
}

fn shortest(set: &[Vec<u8>]) -> usize {
    set.iter().map(Vec::len).min().unwrap_or(0)
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
