//! One of several: labels, numbers, near misses.

use crate::text::{allowed_slips, digits_to_ascii, fold, similar};

/// How well an answer fits a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// The label, one of its other words, or its number.
    Exact,
    /// A label with slips; the only one so near.
    Near,
}

/// Which of the labels a text picks; each with the other words that count for it, as written, compared after folding.
/// Where labels are numbers themselves, a number is never a place in the list.
#[must_use]
pub fn pick(text: &str, labels: &[(&str, &[String])]) -> Option<(usize, Fit)> {
    let folded = fold(text);
    if folded.is_empty() {
        // Labels such as `?` fold to nothing: then only the very same text picks one.
        let same = labels
            .iter()
            .position(|(label, also)| label.trim() == text.trim() || also.iter().any(|other| other.trim() == text.trim()));
        return same.filter(|_| !text.trim().is_empty()).map(|index| (index, Fit::Exact));
    }
    let all: Vec<Vec<String>> = labels
        .iter()
        .map(|(label, also)| std::iter::once(fold(label)).chain(also.iter().map(|other| fold(other))).collect())
        .collect();
    if let Some(index) = all.iter().position(|forms| forms.contains(&folded)) {
        return Some((index, Fit::Exact));
    }
    let numbered = !all.iter().filter_map(|forms| forms.first()).any(|label| label.parse::<u64>().is_ok());
    if numbered && let Some(index) = digits_to_ascii(&folded).parse::<usize>().ok().and_then(|place| place.checked_sub(1)) {
        return (index < labels.len()).then_some((index, Fit::Exact));
    }
    let near = |form: &String| {
        let slips = allowed_slips(form.chars().filter(|c| *c != ' ').count());
        // Figures are no slips: `size 38` is not `size 39`.
        slips > 0 && figures(form) == figures(&folded) && similar(form, &folded, slips)
    };
    let mut candidates = all.iter().enumerate().filter(|(_, forms)| forms.iter().any(near)).map(|(index, _)| index);
    match (candidates.next(), candidates.next()) {
        (Some(index), None) => Some((index, Fit::Near)),
        _ => None,
    }
}

fn figures(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}
