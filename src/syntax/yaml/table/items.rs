//! Items and triggers.

use super::{DEFAULTS, Form, Shape, may, must};

pub const ITEMS: &[&Shape] = &[&BOT, &WORDS, &CONTACT, &HOURS, &TEAM, &TEXTS, &FLOW, &TEST];

pub static BOT: Shape = Shape {
    noun: "the bot",
    keys: &[
        must("bot", Form::Plain, "the name of the bot"),
        may("languages", Form::Tags, "the languages it speaks, the first is the default"),
        may("timezone", Form::Plain, "such as Africa/Cairo"),
        may("reserve", Form::Count, "replies of the ten kept back for colleagues"),
        may("short_budget", Form::Word(&["hold", "drop", "handoff"]), "what is done when replies run short"),
        may("keep", Form::Duration, "how long a held reply may still be wanted"),
        may("gather", Form::Shape(&GATHER), "several short messages in a row are answered as one"),
        may("release_after", Form::Duration, "when a handed over conversation comes back to the bot"),
        may("opt_out", Form::Shape(&OPT), "words that stop the bot"),
        may("opt_in", Form::Shape(&OPT), "words that start it again"),
        may("defaults", Form::Shape(&DEFAULTS), "what holds for questions that say nothing else"),
        may("fetch_from", Form::Plains, "the addresses that may be asked"),
        may("secrets", Form::Names, "names of secrets, read from the environment"),
        may("numerals", Form::Word(&["latin", "native"]), "the digits that the bot writes"),
        may("tiktok_answers", Form::Word(&["quiet", "also"]), "whether the bot also replies to what TikTok answered itself"),
        may("same_reply", Form::Shape(&SAME_REPLY), "how often the same reply may be sent"),
        may("spread", Form::Duration, "the time over which waits of many customers are spread"),
        may("welcome", Form::Plain, "what TikTok itself says to a new customer"),
        may("suggest", Form::Shapes(&SUGGEST), "questions that TikTok shows and answers by itself"),
        may("prompts", Form::Shapes(&PROMPT), "buttons above an empty conversation"),
    ],
};
pub static GATHER: Shape = Shape {
    noun: "`gather`",
    keys: &[
        must("quiet", Form::Duration, "as long as no further message comes"),
        must("at_most", Form::Duration, "the longest that messages are gathered"),
    ],
};
pub static OPT: Shape = Shape {
    noun: "an opt-out or opt-in",
    keys: &[
        must("phrases", Form::Phrases, "the whole messages that it listens to"),
        may("say", Form::Text, "how it is confirmed"),
    ],
};
pub static SUGGEST: Shape = Shape {
    noun: "a suggested question",
    keys: &[must("question", Form::Plain, "what the customer taps"), must("answer", Form::Plain, "what TikTok answers")],
};
pub static PROMPT: Shape = Shape {
    noun: "a prompt",
    keys: &[
        must("title", Form::Plain, "what stands on the button"),
        must("content", Form::Plain, "what the customer writes by tapping it"),
    ],
};
pub static SAME_REPLY: Shape = Shape {
    noun: "`same_reply`",
    keys: &[must("times", Form::Count, "so often"), must("within", Form::Duration, "in so long a time")],
};
pub static WORDS: Shape = Shape {
    noun: "a words list",
    keys: &[
        must("words", Form::Name, "the name of the list, used as @name"),
        must("phrases", Form::Phrases, "its phrases and further lists"),
    ],
};
pub static CONTACT: Shape =
    Shape { noun: "`contact`", keys: &[must("contact", Form::Fields, "what is kept about a customer: names with their types")] };
pub static FIELD: Shape = Shape {
    noun: "a field of `contact`",
    keys: &[
        must("type", Form::Type, "such as text(80)"),
        may("default", Form::Expression, "its value for a new customer"),
        may("secret", Form::Flag, "never logged, never in a reply"),
        may("forget_after", Form::Duration, "when it is erased"),
        may("renamed_from", Form::Plain, "the name it had before"),
    ],
};
pub static HOURS: Shape = Shape {
    noun: "`hours`",
    keys: &[
        must("hours", Form::Name, "the name of these hours"),
        may("rows", Form::Rows, "such as `sun..thu 09:00..17:00` or `closed 2026-01-07`"),
    ],
};
pub static TEAM: Shape = Shape {
    noun: "a team",
    keys: &[
        must("team", Form::Name, "the name of the team"),
        may("hours", Form::Name, "when it answers"),
        may("notify", Form::Plain, "the address that is told of a handoff"),
    ],
};
pub static TEXTS: Shape = Shape {
    noun: "a named text",
    keys: &[must("texts", Form::Name, "the name of the text, used as texts: name"), must("text", Form::Text, "the text")],
};
pub static FLOW: Shape = Shape {
    noun: "a flow",
    keys: &[
        must("flow", Form::Name, "the name of the flow"),
        may("parameters", Form::Types, "what it is called with: names with their types"),
        may("title", Form::Plain, "the name for people"),
        may("result", Form::Type, "the type of what it returns"),
        may("renamed_from", Form::Plain, "the name it had before"),
        may("triggers", Form::Triggers, "what starts it"),
        may("steps", Form::Steps, "what it does"),
    ],
};
pub static TEST: Shape = Shape {
    noun: "a test",
    keys: &[must("test", Form::Plain, "the name of the test"), may("lines", Form::Lines, "who says and does what")],
};

// --- triggers ----------------------------------------------------------------------------------------------------------

/// What an `on` names that needs nothing further; each may stand as a bare word too.
pub const KINDS: &[&str] = &[
    "any_text",
    "image",
    "post",
    "video",
    "sticker",
    "emoji",
    "reaction",
    "unsupported",
    "comment",
    "ad",
    "link",
    "first_message",
    "fault",
    "fallback",
];

macro_rules! trigger {
    ($static:ident, $name:literal, $form:expr, $about:literal) => {
        pub static $static: Shape = Shape {
            noun: "a trigger",
            keys: &[
                must($name, $form, $about),
                may("when", Form::Expression, "only where this is true"),
                may("anytime", Form::Word(&["true", "false", "resume"]), "also while a question waits for its answer"),
                may("once_per", Form::Duration, "not again within this time"),
                may("priority", Form::Number, "higher goes first"),
            ],
        };
    };
}

const TEXT_FORMS: Form = Form::Either(&[Form::Phrases, Form::Shape(&TEXT_FORM)]);

trigger!(ON_MESSAGE, "message", TEXT_FORMS, "words in a message");
trigger!(ON_KIND, "kind", Form::Word(KINDS), "a kind of message or event");
trigger!(ON_BUTTON, "button", Form::Name, "a label of this name was pressed");
trigger!(ON_REACTION, "reaction", Form::Plain, "this reaction was added");
trigger!(ON_COMMENT, "comment", TEXT_FORMS, "words in a comment");
trigger!(ON_AD, "ad", Form::Plain, "came from the ad of this id");
trigger!(ON_LINK, "link", Form::Plain, "came by the link of this name");
trigger!(ON_RETURN, "return_after", Form::Duration, "writes again after so long a silence");
trigger!(ON_WINDOW, "window_closing_in", Form::Duration, "the time for replies ends soon");
trigger!(ON_REPLIES, "replies_left", Form::Count, "so many replies are left");

pub const TRIGGERS: &[&Shape] =
    &[&ON_MESSAGE, &ON_KIND, &ON_BUTTON, &ON_REACTION, &ON_COMMENT, &ON_AD, &ON_LINK, &ON_RETURN, &ON_WINDOW, &ON_REPLIES];

/// One of these keys: how a text is compared.
pub static TEXT_FORM: Shape = Shape {
    noun: "a way to compare a message",
    keys: &[
        may("exactly", Form::Phrases, "the whole message"),
        may("starting", Form::Phrases, "how it begins"),
        may("like", Form::Phrases, "these words, slips allowed"),
        may("matching", Form::Regex, "a pattern such as /#\\d+/"),
    ],
};
