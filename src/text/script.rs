//! Which script a text is written in, and which language that speaks for.

use unicode_script::{Script, UnicodeScript as _};

/// The index of the language whose script most letters are written in; the first where several share it. `None` for a
/// text without two letters and for one that is mostly in a script of none of them. Languages are BCP 47 tags.
#[must_use]
pub fn language_of(text: &str, languages: &[String]) -> Option<usize> {
    let mut letters = text.bytes().filter(u8::is_ascii_alphabetic);
    if text.is_ascii() {
        let in_latin = |_| languages.iter().position(|language| scripts_of(language).contains(&Script::Latin));
        return letters.nth(1).and_then(in_latin);
    }
    // Most letters of most texts: no table is asked for them.
    let latin = letters.count();
    let mut letters: Vec<(Script, usize)> = Vec::new();
    if latin > 0 {
        letters.push((Script::Latin, latin));
    }
    for script in text.chars().filter(|c| !c.is_ascii() && c.is_alphabetic()).map(script_of) {
        if matches!(script, Script::Common | Script::Inherited | Script::Unknown) {
            continue;
        }
        match letters.iter_mut().find(|(known, _)| *known == script) {
            Some((_, count)) => *count += 1,
            None => letters.push((script, 1)),
        }
    }
    let all: usize = letters.iter().map(|(_, count)| count).sum();
    if all < 2 {
        return None;
    }
    let in_scripts = |scripts: &[Script]| -> usize {
        letters.iter().filter(|(script, _)| scripts.contains(script)).map(|(_, count)| count).sum()
    };
    let mut best: Option<(usize, usize)> = None;
    for (index, language) in languages.iter().enumerate() {
        let count = in_scripts(scripts_of(language));
        if count > 0 && best.is_none_or(|(_, most)| count > most) {
            best = Some((index, count));
        }
    }
    let (index, count) = best?;
    let spoken: Vec<Script> = languages.iter().flat_map(|language| scripts_of(language)).copied().collect();
    let strange = letters.iter().filter(|(script, _)| !spoken.contains(script)).map(|(_, count)| *count).max();
    (strange.unwrap_or(0) <= count).then_some(index)
}

/// The scripts a language is written in, by its tag.
fn scripts_of(language: &str) -> &'static [Script] {
    // Most tags are two letters and nothing else.
    if let [first, second] = language.as_bytes() {
        return of_primary(&[first.to_ascii_lowercase(), second.to_ascii_lowercase()]);
    }
    let mut parts = language.split(['-', '_']);
    let primary = parts.next().unwrap_or_default();
    if let Some(script) = parts.find(|part| part.len() == 4).and_then(named) {
        return script;
    }
    of_primary(primary.to_ascii_lowercase().as_bytes())
}

fn of_primary(lower: &[u8]) -> &'static [Script] {
    // As bytes: compared at once, not name by name.
    match lower {
        b"ar" | b"fa" | b"ur" | b"ps" | b"ckb" | b"ug" | b"sd" | b"arz" | b"ary" => &[Script::Arabic],
        b"he" | b"iw" | b"yi" => &[Script::Hebrew],
        b"th" => &[Script::Thai],
        b"lo" => &[Script::Lao],
        b"km" => &[Script::Khmer],
        b"my" => &[Script::Myanmar],
        b"zh" | b"yue" => &[Script::Han, Script::Bopomofo],
        b"ja" => &[Script::Hiragana, Script::Katakana, Script::Han],
        b"ko" => &[Script::Hangul, Script::Han],
        b"ru" | b"uk" | b"be" | b"bg" | b"mk" | b"sr" | b"kk" | b"ky" | b"tg" | b"mn" => &[Script::Cyrillic],
        b"el" => &[Script::Greek],
        b"hi" | b"mr" | b"ne" | b"sa" => &[Script::Devanagari],
        b"bn" | b"as" => &[Script::Bengali],
        b"ta" => &[Script::Tamil],
        b"te" => &[Script::Telugu],
        b"kn" => &[Script::Kannada],
        b"ml" => &[Script::Malayalam],
        b"gu" => &[Script::Gujarati],
        b"pa" => &[Script::Gurmukhi],
        b"or" => &[Script::Oriya],
        b"si" => &[Script::Sinhala],
        b"am" | b"ti" => &[Script::Ethiopic],
        b"ka" => &[Script::Georgian],
        b"hy" => &[Script::Armenian],
        b"bo" | b"dz" => &[Script::Tibetan],
        b"dv" => &[Script::Thaana],
        _ => &[Script::Latin],
    }
}

fn named(subtag: &str) -> Option<&'static [Script]> {
    Some(match subtag.to_ascii_lowercase().as_str() {
        "latn" => &[Script::Latin],
        "cyrl" => &[Script::Cyrillic],
        "arab" => &[Script::Arabic],
        "deva" => &[Script::Devanagari],
        "hans" | "hant" | "hani" => &[Script::Han, Script::Bopomofo],
        "jpan" => &[Script::Hiragana, Script::Katakana, Script::Han],
        "hebr" => &[Script::Hebrew],
        "grek" => &[Script::Greek],
        "guru" => &[Script::Gurmukhi],
        _ => return None,
    })
}

/// Letters of scripts that are written without spaces between words.
#[must_use]
pub fn is_without_spaces(letter: char) -> bool {
    !letter.is_ascii()
        && (matches!(
            script_of(letter),
            Script::Thai | Script::Lao | Script::Khmer | Script::Myanmar | Script::Han | Script::Hiragana | Script::Katakana
        ) || letter == 'ー')
}

/// The script of a character. The letters of most messages are known without a look into the table of all.
pub(super) fn script_of(letter: char) -> Script {
    match letter {
        'a'..='z' | 'A'..='Z' => Script::Latin,
        '\u{620}'..='\u{63f}' | '\u{641}'..='\u{64a}' => Script::Arabic,
        '\u{5d0}'..='\u{5ea}' => Script::Hebrew,
        '\u{400}'..='\u{484}' => Script::Cyrillic,
        '\u{e01}'..='\u{e3a}' | '\u{e40}'..='\u{e4e}' => Script::Thai,
        '\u{3041}'..='\u{3096}' => Script::Hiragana,
        '\u{30a1}'..='\u{30fa}' => Script::Katakana,
        '\u{4e00}'..='\u{9fff}' => Script::Han,
        '\u{ac00}'..='\u{d7a3}' => Script::Hangul,
        other => other.script(),
    }
}

/// Characters that turn the direction of what follows, invisibly.
#[must_use]
pub const fn is_bidi_control(letter: char) -> bool {
    matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_of_common_letters_is_what_the_table_says() {
        for letter in (0..=0x10_ffff).filter_map(char::from_u32) {
            assert_eq!(script_of(letter), letter.script(), "U+{:04X}", u32::from(letter));
        }
    }

    fn spoken(text: &str, languages: &[&str]) -> Option<usize> {
        language_of(text, &languages.iter().map(|&tag| tag.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn the_script_of_most_letters_names_the_language() {
        assert_eq!(spoken("where is my order", &["ar", "en"]), Some(1));
        assert_eq!(spoken("فين طلبي", &["ar", "en"]), Some(0));
        assert_eq!(spoken("أريد أن أشتري iPhone", &["en", "ar"]), Some(1));
        assert_eq!(spoken("ส่งของเมื่อไหร่", &["en", "th"]), Some(1));
    }

    #[test]
    fn the_first_language_speaks_for_a_shared_script() {
        assert_eq!(spoken("xin chào", &["ar", "en", "vi"]), Some(1));
        assert_eq!(spoken("東京", &["zh-Hant", "ja"]), Some(0));
        assert_eq!(spoken("東京です", &["zh-Hant", "ja"]), Some(1));
        assert_eq!(spoken("dobar dan", &["sr", "sr-Latn"]), Some(1));
    }

    #[test]
    fn a_text_without_two_letters_or_in_a_strange_script_decides_nothing() {
        for text in ["", "7", "👍👍", "a", "١٢٣٤", "!?", "\u{301}\u{301}"] {
            assert_eq!(spoken(text, &["ar", "en"]), None, "{text:?}");
        }
        assert_eq!(spoken("где мой заказ ok", &["ar", "en"]), None);
        assert_eq!(spoken("hello", &[]), None);
    }

    #[test]
    fn direction_marks_are_told_apart_from_letters() {
        assert!("\u{200f}\u{202e}\u{2067}".chars().all(is_bidi_control));
        assert!(!"aش\u{200d}".chars().any(is_bidi_control));
    }
}
