//! The places of the language: which rule holds there, which words may begin what stands there.

use crate::syntax::grammar::Rule;

/// Where a stretch stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Setting,
    Clause,
    Field,
    HoursRow,
    TeamPart,
    Trigger,
    Step,
    Option,
    Arm,
    HandoffPart,
    Share,
    FetchPart,
    Given,
    TestLine,
    Label,
    Hole,
}

pub(super) const STEP_WORDS: &[&str] = &[
    "say", "image", "post", "choose", "ask", "typing", "seen", "stop", "set", "tag", "untag", "goal", "if", "match", "label",
    "goto", "wait", "handoff", "do", "return", "fetch", "emit", "note", "repeat", "for", "leave", "split", "run",
];
const SETTING_WORDS: &[&str] = &[
    "languages",
    "timezone",
    "reserve",
    "on short budget",
    "keep",
    "gather",
    "release after",
    "opt out on",
    "opt in on",
    "defaults",
    "fetch from",
    "secret",
    "numerals",
    "when tiktok answers",
    "same reply",
    "spread",
    "welcome",
    "suggest",
    "prompt",
];
pub(super) const CLAUSE_WORDS: &[&str] = &["invalid", "tries", "within", "nudge after"];
const OPTION_WORDS: &[&str] = &["other", "invalid", "tries", "within", "nudge after"];
const HANDOFF_WORDS: &[&str] = &["open", "closed", "nobody in", "released"];
const FETCH_WORDS: &[&str] = &["header", "json", "timeout", "retry", "gives", "on", "else"];
const TEST_WORDS: &[&str] = &["given", "customer", "bot", "after", "colleague", "expect"];
const TEAM_WORDS: &[&str] = &["hours", "notify"];
pub(super) const DAY_WORDS: &[&str] = &["mon", "tue", "wed", "thu", "fri", "sat", "sun", "closed"];
pub(super) const TRIGGER_WORDS: &[&str] = &[
    "message",
    "any text",
    "button",
    "image",
    "ad",
    "link",
    "first message",
    "fallback",
    "post",
    "video",
    "sticker",
    "emoji",
    "reaction",
    "unsupported",
    "comment",
    "return after",
    "window closing in",
    "replies left",
    "fault",
    "exactly",
    "starting",
    "like",
    "matching",
];
pub(super) const TYPE_WORDS: &[&str] =
    &["text", "whole", "decimal", "digits", "email", "phone", "date", "time", "yes_no", "one of", "image", "post", "list"];

impl Place {
    /// The rule that a stretch in this place must fit.
    pub(super) const fn rule(self) -> Rule {
        match self {
            Self::Setting => Rule::setting,
            Self::Clause => Rule::clause,
            Self::Field => Rule::field,
            Self::HoursRow => Rule::hours_row,
            Self::TeamPart => Rule::team_part,
            Self::Trigger => Rule::trigger,
            Self::Step => Rule::step,
            Self::Option => Rule::choose_line,
            Self::Arm => Rule::match_line,
            Self::HandoffPart => Rule::handoff_part,
            Self::Share => Rule::share,
            Self::FetchPart => Rule::fetch_part,
            Self::Given => Rule::given,
            Self::TestLine => Rule::test_line,
            Self::Label => Rule::template,
            Self::Hole => Rule::hole,
        }
    }

    pub(super) const fn words(self) -> &'static [&'static str] {
        match self {
            Self::Setting => SETTING_WORDS,
            Self::Clause => CLAUSE_WORDS,
            Self::Option => OPTION_WORDS,
            Self::HoursRow => DAY_WORDS,
            Self::TeamPart => TEAM_WORDS,
            Self::Step => STEP_WORDS,
            Self::HandoffPart => HANDOFF_WORDS,
            Self::Arm => &["else"],
            Self::FetchPart => FETCH_WORDS,
            Self::TestLine => TEST_WORDS,
            Self::Field | Self::Trigger | Self::Hole | Self::Share | Self::Given | Self::Label => &[],
        }
    }

    /// What stands here, for "… is not …".
    pub(super) const fn noun(self) -> &'static str {
        match self {
            Self::Setting => "a setting of `bot`",
            Self::Clause => "a clause of this wait",
            Self::Option => "a label or clause of `choose`",
            Self::HoursRow => "a day",
            Self::TeamPart => "a setting of `team`",
            Self::Step => "a step",
            Self::HandoffPart => "a clause of `handoff`",
            Self::Field => "a field of `contact`",
            Self::Arm => "a case of `match`",
            Self::Trigger => "a trigger",
            Self::Share => "a way of `split`",
            Self::FetchPart => "a part of `fetch`",
            Self::Given => "a field of `gives`",
            Self::TestLine => "a line of a test",
            Self::Label => "a label in quotes",
            Self::Hole => "a value",
        }
    }
}
