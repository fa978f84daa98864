//! Yes and no, as people write them.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::fold;

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

/// Yes or no in any of eight languages, or by a thumb; `None` for a text that says neither.
#[must_use]
pub fn yes_no(text: &str) -> Option<bool> {
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
