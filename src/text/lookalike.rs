//! Letters of other scripts that cannot be told from Latin ones: those that authors meet on keyboards of two scripts.
//! The pairs are the common ones of Unicode's confusables (UTS 39), chosen by hand.

use unicode_normalization::UnicodeNormalization as _;
use unicode_script::{Script, UnicodeScript as _};

/// Letters that look alike, the Latin one last.
const PAIRS: &[(&str, char)] = &[
    ("аα", 'a'),
    ("Ƅ", 'b'),
    ("сϲ", 'c'),
    ("ԁ", 'd'),
    ("е", 'e'),
    ("ցɡ", 'g'),
    ("һհ", 'h'),
    ("іιı", 'i'),
    ("јյ", 'j'),
    ("кκ", 'k'),
    ("ӏ", 'l'),
    ("ոռ", 'n'),
    ("оοօσ", 'o'),
    ("рρ", 'p'),
    ("ԛզգ", 'q'),
    ("ѕ", 's'),
    ("υս", 'u'),
    ("νѵ", 'v'),
    ("ԝա", 'w'),
    ("хχ", 'x'),
    ("уγ", 'y'),
    ("АΑ", 'A'),
    ("ВΒ", 'B'),
    ("СϹ", 'C'),
    ("ЕΕ", 'E'),
    ("Ԍ", 'G'),
    ("НΗ", 'H'),
    ("ІΙӀ", 'I'),
    ("Ј", 'J'),
    ("КΚ", 'K'),
    ("МΜ", 'M'),
    ("Ν", 'N'),
    ("ОΟՕ", 'O'),
    ("РΡ", 'P'),
    ("ЅՏ", 'S'),
    ("ТΤ", 'T'),
    ("Ս", 'U'),
    ("ХΧ", 'X'),
    ("ҮΥ", 'Y'),
    ("Ζ", 'Z'),
    // Two keyboards of the Arabic script.
    ("یى", 'ي'),
    ("ک", 'ك'),
];

/// The name with every letter that looks like a Latin one written as that one; two names of one skeleton look alike.
#[must_use]
pub fn skeleton(name: &str) -> String {
    if name.is_ascii() {
        return name.to_owned();
    }
    name.nfkc().map(|letter| pair(letter).unwrap_or(letter)).collect()
}

/// The first letter that only looks Latin, and the name of its script.
#[must_use]
pub fn disguised(name: &str) -> Option<(char, &'static str)> {
    name.chars().find_map(|letter| Some((letter, alike_script(letter.script())?)).filter(|_| pair(letter).is_some()))
}

/// Whether Latin letters and those of a script that looks like it stand in one part of the name. The parts between `_`
/// may each be of a script of their own.
#[must_use]
pub fn mixes_scripts(name: &str) -> bool {
    !name.is_ascii()
        && name.split('_').any(|part| part.chars().any(|letter| letter.script() == Script::Latin) && disguised(part).is_some())
}

fn pair(letter: char) -> Option<char> {
    (!letter.is_ascii()).then(|| PAIRS.iter().find(|(others, _)| others.contains(letter)).map(|(_, latin)| *latin))?
}

const fn alike_script(script: Script) -> Option<&'static str> {
    match script {
        Script::Cyrillic => Some("Cyrillic"),
        Script::Greek => Some("Greek"),
        Script::Armenian => Some("Armenian"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_look_alike_have_one_skeleton() {
        assert_eq!(skeleton("rеturns"), "returns");
        assert_eq!(skeleton("οrder"), "order");
        assert_eq!(skeleton("ｓｉｚｅ"), "size");
        assert_eq!(skeleton("کتاب"), skeleton("كتاب"));
        assert_ne!(skeleton("размер"), skeleton("razmer"));
    }

    #[test]
    fn a_mixed_name_is_told_from_one_of_two_scripts() {
        assert!(mixes_scripts("rеturns") && mixes_scripts("цeна") && mixes_scripts("ցoal"));
        assert!(!mixes_scripts("size_размер") && !mixes_scripts("цена") && !mixes_scripts("returns"));
        assert!(!mixes_scripts("طلبA") && !mixes_scripts("จองx"));
        assert_eq!(disguised("rеturns"), Some(('е', "Cyrillic")));
        assert_eq!(disguised("returns"), None);
    }

    #[test]
    fn no_letter_stands_for_two() {
        let mut all: Vec<char> = PAIRS.iter().flat_map(|(others, _)| others.chars()).collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
        assert!(all.iter().all(|letter| !letter.is_ascii()));
    }
}
