//! One of several: labels, numbers, near misses; yes and no.

use std::collections::HashMap;
use std::sync::LazyLock;

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

const YES: [&str; 61] = [
    "yes",
    "y",
    "yeah",
    "yep",
    "yup",
    "ya",
    "sure",
    "ok",
    "okay",
    "of course",
    "right",
    "correct",
    "نعم",
    "ايوه",
    "أيوة",
    "ايوا",
    "اه",
    "آه",
    "أجل",
    "تمام",
    "حاضر",
    "أكيد",
    "موافق",
    "ماشي",
    "sí",
    "claro",
    "por supuesto",
    "correcto",
    "vale",
    "iya",
    "iyaa",
    "betul",
    "boleh",
    "benar",
    "setuju",
    "có",
    "vâng",
    "dạ",
    "ừ",
    "đúng",
    "đồng ý",
    "dạ vâng",
    "ใช่",
    "ใช่ค่ะ",
    "ใช่ครับ",
    "ได้",
    "ตกลง",
    "ค่ะ",
    "ครับ",
    "โอเค",
    "oui",
    "ouais",
    "d'accord",
    "bien sûr",
    "sim",
    "claro que sim",
    "👍",
    "✅",
    "👌",
    "✔",
    "ok 👍",
];

const NO: [&str; 38] = [
    "no",
    "n",
    "nope",
    "nah",
    "not",
    "never",
    "no thanks",
    "no thank you",
    "لا",
    "لأ",
    "لاء",
    "كلا",
    "مش",
    "لا شكرا",
    "مو",
    "no gracias",
    "para nada",
    "tidak",
    "nggak",
    "enggak",
    "gak",
    "ga",
    "tdk",
    "bukan",
    "jangan",
    "không",
    "ko",
    "khong",
    "không ạ",
    "ไม่",
    "ไม่ใช่",
    "ไม่ค่ะ",
    "ไม่ครับ",
    "non",
    "não",
    "👎",
    "❌",
    "✖",
];

/// Both lists folded, once.
static WORDS: LazyLock<HashMap<String, bool>> = LazyLock::new(|| {
    let folded = |words: &[&str], means: bool| words.iter().map(|word| (fold(word), means)).collect::<Vec<_>>();
    folded(&YES, true).into_iter().chain(folded(&NO, false)).collect()
});

/// Yes or no in any of the languages, or by a thumb.
pub(super) fn yes_no(text: &str) -> Option<bool> {
    let folded = fold(text);
    if folded.is_empty() {
        return None;
    }
    WORDS.get(&folded).copied().or_else(|| polite(&folded))
}

/// `yes please`, `no thanks`.
fn polite(folded: &str) -> Option<bool> {
    const POLITE: [&str; 8] = ["please", "pls", "thanks", "thank you", "شكرا", "من فضلك", "por favor", "merci"];
    let core = POLITE.iter().find_map(|word| folded.strip_suffix(&fold(word)))?.trim_end();
    (!core.is_empty() && core.len() < folded.len()).then(|| yes_no(core)).flatten()
}
