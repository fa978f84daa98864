//! The channel's rules as data: what each is, where it is written, and when it was read there.

/// One rule: a bound, the public page that states it, and when that page was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// A stable word.
    pub word: &'static str,
    pub value: i64,
    /// What `value` counts.
    pub unit: &'static str,
    /// The public name of the page.
    pub source: &'static str,
    /// Year and month in which the page read so.
    pub read: &'static str,
}

const SEND: &str = "TikTok Business Messaging, Send a message";
const UPLOAD: &str = "TikTok Business Messaging, Upload media";
const AUTOMATIC: &str = "TikTok Business Messaging, Automatic messages";
const LIMITS: &str = "TikTok API for Business, Rate limits";
const OURS: &str = "Rejoinder's own margin: clocks differ and a call takes time";
const APRIL: &str = "2026-04";

const fn rule(word: &'static str, value: i64, unit: &'static str, source: &'static str) -> Rule {
    Rule { word, value, unit, source, read: APRIL }
}

/// How long after the customer's last message a reply may arrive. Whether the 48th hour itself is in, no page says:
/// it is taken as out.
pub const WINDOW: Rule = rule("window", 48 * 60 * 60 * 1_000, "milliseconds", SEND);
/// Messages of the business side between two messages of the customer.
pub const REPLIES: Rule = rule("replies", 10, "messages", SEND);
/// Characters of a text. The page names no unit; UTF-16 is the largest in use, so that every reading is met.
pub const TEXT: Rule = rule("text", 6_000, "UTF-16 units", SEND);
/// Calls of one app to all endpoints in any sliding second.
pub const CALLS_PER_SECOND: Rule = rule("calls_per_second", 10, "calls", LIMITS);
pub const CARD_TITLE: Rule = rule("card_title", 40, "UTF-16 units", SEND);
pub const CARD_BUTTONS: Rule = rule("card_buttons", 3, "buttons", SEND);
/// Title of a button of a question card.
pub const BUTTON_TITLE: Rule = rule("button_title", 20, "UTF-16 units", SEND);
/// Title of a button of a link card. Despite its name it opens no address.
pub const LINK_TITLE: Rule = rule("link_title", 40, "UTF-16 units", SEND);
pub const BUTTON_ID: Rule = rule("button_id", 40, "UTF-16 units", SEND);
/// "3 MB" read as the smaller of its two meanings.
pub const IMAGE_BYTES: Rule = rule("image_bytes", 3_000_000, "bytes", UPLOAD);
/// Characters of TikTok's own first message to a new customer; an account has one.
pub const WELCOME: Rule = rule("welcome", 250, "UTF-16 units", AUTOMATIC);
pub const SUGGESTED: Rule = rule("suggested", 3, "questions", AUTOMATIC);
pub const SUGGESTED_QUESTION: Rule = rule("suggested_question", 80, "UTF-16 units", AUTOMATIC);
pub const SUGGESTED_ANSWER: Rule = rule("suggested_answer", 200, "UTF-16 units", AUTOMATIC);
pub const PROMPTS: Rule = rule("prompts", 6, "prompts", AUTOMATIC);
pub const PROMPT_TITLE: Rule = rule("prompt_title", 18, "UTF-16 units", AUTOMATIC);
pub const PROMPT_CONTENT: Rule = rule("prompt_content", 150, "UTF-16 units", AUTOMATIC);
/// How long before the window's end the last reply may leave where no setting says otherwise.
pub const WINDOW_MARGIN_DEFAULT: Rule =
    Rule { word: "window_margin_default", value: 5 * 60 * 1_000, unit: "milliseconds", source: OURS, read: "2026-11" };

/// Media types of images that the upload takes.
pub const IMAGE_TYPES: [&str; 2] = ["image/jpeg", "image/png"];

/// All rules with a number.
pub const ALL: [Rule; 18] = [
    WINDOW,
    REPLIES,
    TEXT,
    CALLS_PER_SECOND,
    CARD_TITLE,
    CARD_BUTTONS,
    BUTTON_TITLE,
    LINK_TITLE,
    BUTTON_ID,
    IMAGE_BYTES,
    WELCOME,
    SUGGESTED,
    SUGGESTED_QUESTION,
    SUGGESTED_ANSWER,
    PROMPTS,
    PROMPT_TITLE,
    PROMPT_CONTENT,
    WINDOW_MARGIN_DEFAULT,
];

impl Rule {
    /// The bound as a count of things in memory.
    #[must_use]
    pub const fn most(self) -> usize {
        self.value.unsigned_abs() as usize
    }
}

/// Clocks that differ by more, in milliseconds, widen the margin beyond the setting.
const SKEW_WIDENS_MS: i64 = 60_000;
/// Clocks that differ by more, in milliseconds, leave no window to be sure of.
pub const SKEW_STOPS_MS: i64 = 300_000;

/// The margin that holds: the setting, but never less than a minute, the clocks' difference and one call together; and
/// the difference once more where it is above a minute, or a minute where nobody has measured it yet (`None`).
#[must_use]
pub fn margin_ms(setting_ms: i64, skew_ms: Option<i64>, call_ms: i64) -> i64 {
    let skew = skew_ms.map_or(SKEW_WIDENS_MS, i64::saturating_abs);
    let margin = setting_ms.max(SKEW_WIDENS_MS.saturating_add(skew).saturating_add(call_ms));
    if skew_ms.is_none() || skew > SKEW_WIDENS_MS { margin.saturating_add(skew) } else { margin }
}

/// How wrong a measured difference may be: a `Date` has whole seconds, and stands anywhere in a call of up to five.
const SKEW_ERROR_MS: i64 = 3_000;

/// How far the clocks may differ, in milliseconds: as measured, with what the measuring cannot see, or as far as anything may
/// leave where nobody has measured.
#[must_use]
pub const fn skew_bound_ms(skew_ms: Option<i64>) -> i64 {
    match skew_ms {
        Some(skew) => skew.saturating_abs().saturating_add(SKEW_ERROR_MS),
        None => SKEW_STOPS_MS,
    }
}

/// Whether the clocks differ so much that nothing may be sent.
#[must_use]
pub fn skew_stops(skew_ms: Option<i64>) -> bool {
    skew_ms.is_some_and(|skew| skew.saturating_abs() > SKEW_STOPS_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_names_itself_its_source_and_its_date() {
        let mut words: Vec<&str> = ALL.iter().map(|rule| rule.word).collect();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), ALL.len(), "two rules share a word");
        for rule in ALL {
            assert!(rule.value > 0 && !rule.unit.is_empty() && !rule.source.is_empty(), "{}", rule.word);
            assert!(rule.read.starts_with("2026-"), "{}", rule.word);
        }
    }

    #[test]
    fn a_wrong_clock_widens_the_margin_and_a_right_one_leaves_the_setting() {
        assert_eq!(margin_ms(300_000, Some(0), 10_000), 300_000);
        assert_eq!(margin_ms(300_000, Some(60_000), 10_000), 300_000);
        assert_eq!(margin_ms(300_000, Some(-60_001), 10_000), 360_001);
        assert_eq!(margin_ms(300_000, Some(-290_000), 10_000), 650_000);
        assert_eq!(margin_ms(300_000, None, 10_000), 360_000, "unknown is as bad as a minute");
        assert_eq!(margin_ms(0, Some(0), 10_000), 70_000);
        assert_eq!(margin_ms(0, Some(i64::MIN), i64::MAX), i64::MAX);
        assert_eq!((skew_bound_ms(None), skew_bound_ms(Some(-7))), (300_000, 3_007));
        assert!(!skew_stops(None) && !skew_stops(Some(-300_000)));
        assert!(skew_stops(Some(300_001)) && skew_stops(Some(i64::MIN)));
    }
}
