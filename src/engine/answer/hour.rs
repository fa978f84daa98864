//! Times of day.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::day::tokens;
use crate::calendar::{Time, time};
use crate::text::fold;

#[derive(Clone, Copy, PartialEq)]
enum Half {
    Morning,
    Evening,
}

/// Words that say which half of the day is meant.
const MORNING: [&str; 12] =
    ["am", "a m", "in the morning", "ص", "صباحا", "صباح", "de la manana", "du matin", "pagi", "sang", "da manha", "เช้า"];
const EVENING: [&str; 27] = [
    "pm",
    "p m",
    "in the afternoon",
    "in the evening",
    "at night",
    "م",
    "مساء",
    "ظهرا",
    "عصرا",
    "ليلا",
    "de la tarde",
    "de la noche",
    "de l apres midi",
    "du soir",
    "siang",
    "sore",
    "malam",
    "chieu",
    "toi",
    "da tarde",
    "da noite",
    "บ่าย",
    "เย็น",
    "evening",
    "afternoon",
    "tonight",
    "night",
];
/// Words around a time that say nothing.
const FILLERS: [&str; 18] = [
    "at",
    "h",
    "hrs",
    "hr",
    "uhr",
    "gio",
    "jam",
    "pukul",
    "a las",
    "a la",
    "a",
    "o clock",
    "oclock",
    "الساعة",
    "الساعه",
    "เวลา",
    "น",
    "โมง",
];

#[derive(Clone, Copy)]
enum Meaning {
    Half(Half),
    Filler,
}

/// All of them folded, once.
static WORDS: LazyLock<HashMap<String, Meaning>> = LazyLock::new(|| {
    let fillers = FILLERS.iter().map(|word| (fold(word), Meaning::Filler));
    let mornings = MORNING.iter().map(|word| (fold(word), Meaning::Half(Half::Morning)));
    let evenings = EVENING.iter().map(|word| (fold(word), Meaning::Half(Half::Evening)));
    fillers.chain(mornings).chain(evenings).collect()
});

/// `9:00`, `9.30`, `21h30`, `9 pm`, `0930`; a bare number from 13 to 23; `noon` and `midnight`.
pub(super) fn read(text: &str) -> Option<Time> {
    let folded = fold(text);
    match folded.as_str() {
        "noon" | "midday" | "mediodia" | "midi" | "meio dia" | "เที่ยง" => return time(12, 0),
        "midnight" | "medianoche" | "minuit" | "meia noite" | "เที่ยงคืน" => return time(0, 0),
        _ => {}
    }
    let (numbers, words) = tokens(&folded);
    let mut half = None;
    let mut bound = false;
    for word in &words {
        match WORDS.get(word)? {
            Meaning::Half(found) if half.is_none() => half = Some(*found),
            Meaning::Half(_) => return None,
            // `21h`, `9 o'clock`, `9 giờ`: an hour, though which half stays as said.
            Meaning::Filler => bound |= !matches!(word.as_str(), "at" | "a"),
        }
    }
    let (hour, minute) = match numbers.as_slice() {
        [(number, 4)] => (number.checked_div(100)?, number.checked_rem(100)?),
        [(number, 1 | 2)] if half.is_some() || bound || *number >= 13 => (*number, 0),
        [(hour, 1 | 2), (minute, 2)] => (*hour, *minute),
        [(hour, 1 | 2), (minute, 2), (second, 2)] if *second < 60 => (*hour, *minute),
        _ => return None,
    };
    let hour = match half {
        Some(Half::Morning) if hour == 12 => 0,
        Some(Half::Morning) if hour > 12 => return None,
        Some(Half::Evening) if hour < 12 => hour.checked_add(12)?,
        _ => hour,
    };
    time(hour, minute)
}
