//! The lines of a test: their shapes, beside those of the flows.

use super::{Form, Shape, may, must};

pub const LINES: &[&Shape] =
    &[&GIVEN_NOW, &GIVEN_FETCH, &GIVEN_RUN, &GIVEN_IMAGES, &GIVEN, &CUSTOMER, &BOT_LINE, &AFTER, &COLLEAGUE, &EXPECT];

/// Lines that are one word.
pub const BARE: &[&str] = &["given_congestion"];

pub static GIVEN_NOW: Shape =
    Shape { noun: "`given_now`", keys: &[must("given_now", Form::Moment, "the date and time at which the test begins")] };
pub static GIVEN_FETCH: Shape = Shape {
    noun: "`given_fetch`",
    keys: &[
        must("given_fetch", Form::Word(&["GET", "POST", "PUT", "PATCH", "DELETE"]), "how the address is asked"),
        must("url", Form::Plain, "the address"),
        must("status", Form::Either(&[Form::Count, Form::Word(&["timeout"])]), "the number of the answer, or timeout"),
        may("body", Form::Values, "what it holds"),
    ],
};
pub static GIVEN_RUN: Shape = Shape {
    noun: "`given_run`",
    keys: &[must("given_run", Form::Target, "script.function"), must("is", Form::Expression, "what it answers")],
};
pub static GIVEN_IMAGES: Shape = Shape {
    noun: "`given_images`",
    keys: &[must("given_images", Form::Word(&["allowed", "refused"]), "whether images may be sent")],
};
pub static GIVEN: Shape = Shape {
    noun: "`given`",
    keys: &[must("given", Form::Target, "such as contact.size"), must("is", Form::Expression, "its value")],
};
pub static CUSTOMER: Shape = Shape {
    noun: "`customer`",
    keys: &[must("customer", Form::Either(&[Form::Plain, Form::Shape(&CUSTOMER_ACT)]), "writes this, or does something else")],
};
/// One of these, `text` beside `ad` and `link`.
pub static CUSTOMER_ACT: Shape = Shape {
    noun: "what a customer does",
    keys: &[
        may("sends", Form::Word(&["image", "post", "video", "sticker", "emoji", "unsupported"]), "a message of this kind"),
        may("button", Form::Plain, "presses this label of the newest card"),
        may("reaction", Form::Plain, "reacts with this"),
        may("comment", Form::Plain, "comments this"),
        may("ad", Form::Plain, "comes from the ad of this id"),
        may("link", Form::Plain, "comes by the link of this name"),
        may("text", Form::Plain, "and writes this"),
    ],
};
pub static BOT_LINE: Shape = Shape {
    noun: "`bot`",
    keys: &[must("bot", Form::Either(&[Form::Plain, Form::Shape(&BOT_ACT)]), "says exactly this, or does something else")],
};
/// One of these, `labels` beside `choose`.
pub static BOT_ACT: Shape = Shape {
    noun: "what the bot must do",
    keys: &[
        may("sends", Form::Word(&["image", "post", "typing", "seen", "nothing"]), "this"),
        may("matching", Form::Regex, "says what this pattern fits"),
        may("choose", Form::Plain, "asks with labels"),
        may("labels", Form::Plains, "and these are the labels"),
        may("image", Form::Plain, "sends the image of this file"),
        may("post", Form::Plain, "sends the post of this id"),
    ],
};
pub static AFTER: Shape = Shape { noun: "`after`", keys: &[must("after", Form::Duration, "so much time passes")] };
pub static COLLEAGUE: Shape = Shape {
    noun: "`colleague`",
    keys: &[must("colleague", Form::Either(&[Form::Plain, Form::Shape(&COLLEAGUE_ACT)]), "writes this, or does something else")],
};
pub static COLLEAGUE_ACT: Shape = Shape {
    noun: "what a colleague does",
    keys: &[must("does", Form::Word(&["takes_over", "releases"]), "takes the conversation over, or gives it back")],
};
pub static EXPECT: Shape = Shape {
    noun: "`expect`",
    keys: &[must(
        "expect",
        Form::Either(&[Form::Expression, Form::Shape(&EXPECTED)]),
        "what must be true: an expression, or one of its keys",
    )],
};
/// One of these.
pub static EXPECTED: Shape = Shape {
    noun: "what is expected",
    keys: &[
        may("is", Form::Word(&["stopped", "handed_over"]), "the state of the conversation"),
        may("replies_left", Form::Count, "so many replies"),
        may("window_left", Form::Duration, "so much time to reply"),
        may("waiting_for", Form::Target, "the answer that is waited for"),
        may("handed_over_to", Form::Name, "the team"),
        may("goal", Form::Plain, "was reached"),
        may("tag", Form::Plain, "the customer has it"),
        may("emitted", Form::Plain, "the event was sent"),
    ],
};
