//! Steps.

use super::{Form, INVALID, NUDGES, SILENCE, Shape, TRIES, TRIES_ELSE, WITHIN, may, must};

/// Steps that are one word.
pub const BARE: &[&str] = &["typing", "seen", "stop", "leave", "return"];

pub const STEPS: &[&Shape] = &[
    &SAY,
    &CHOOSE,
    &ASK,
    &IMAGE,
    &FETCH,
    &POST,
    &GOTO,
    &SET,
    &IF,
    &MATCH,
    &HANDOFF,
    &TAG,
    &UNTAG,
    &GOAL,
    &LABEL,
    &WAIT,
    &WAIT_UNTIL,
    &DO,
    &RETURN,
    &EMIT,
    &NOTE,
    &REPEAT,
    &FOR,
    &SPLIT,
    &RUN,
];

pub static SAY: Shape = Shape {
    noun: "`say`",
    keys: &[
        must("say", Form::Text, "sends this text"),
        may("short", Form::Texts, "shorter forms, the longest first"),
        may("replying", Form::Flag, "quotes the customer's message"),
        may("keep_apart", Form::Flag, "never merged with another reply"),
    ],
};
pub static IMAGE: Shape = Shape {
    noun: "`image`",
    keys: &[
        must("image", Form::Template, "sends the image of this file"),
        may("else", Form::Steps, "where images are not allowed"),
    ],
};
pub static POST: Shape = Shape { noun: "`post`", keys: &[must("post", Form::Template, "sends one of the account's posts")] };
pub static CHOOSE: Shape = Shape {
    noun: "`choose`",
    keys: &[
        must("choose", Form::Text, "asks, with labels to press"),
        may("as_text", Form::Flag, "as one numbered text"),
        may("options", Form::Shapes(&OPTION), "the labels and what follows each"),
        may("other", Form::Steps, "any other answer"),
        INVALID,
        TRIES,
        TRIES_ELSE,
        WITHIN,
        SILENCE,
        NUDGES,
    ],
};
pub static OPTION: Shape = Shape {
    noun: "a label of `choose`",
    keys: &[
        must("label", Form::Text, "what stands on the label"),
        may("named", Form::Name, "its name, for `button` triggers"),
        may("also", Form::Phrases, "typed answers that mean it too"),
        must("steps", Form::Steps, "what follows"),
    ],
};
pub static ASK: Shape = Shape {
    noun: "`ask`",
    keys: &[
        must("ask", Form::Target, "the name of the answer, or contact.field"),
        may("type", Form::Type, "what the answer must be"),
        must("prompt", Form::Text, "the question"),
        INVALID,
        TRIES,
        TRIES_ELSE,
        WITHIN,
        SILENCE,
        NUDGES,
    ],
};
pub static SET: Shape = Shape { noun: "`set`", keys: &[must("set", Form::Shape(&SETTING), "gives a name a value")] };
pub static SETTING: Shape = Shape {
    noun: "`set`",
    keys: &[must("name", Form::Target, "the name, or contact.field"), must("to", Form::Expression, "its value")],
};
pub static TAG: Shape = Shape { noun: "`tag`", keys: &[must("tag", Form::Plain, "tags the customer")] };
pub static UNTAG: Shape = Shape { noun: "`untag`", keys: &[must("untag", Form::Plain, "takes the tag away")] };
pub static GOAL: Shape = Shape { noun: "`goal`", keys: &[must("goal", Form::Plain, "counts that this was reached")] };
pub static NOTE: Shape = Shape { noun: "`note`", keys: &[must("note", Form::Template, "a note for colleagues")] };
pub static EMIT: Shape = Shape {
    noun: "`emit`",
    keys: &[must("emit", Form::Plain, "the name of the event"), may("data", Form::Values, "what it carries")],
};
pub static IF: Shape = Shape {
    noun: "`if`",
    keys: &[
        must("if", Form::Expression, "the condition"),
        must("then", Form::Steps, "where it is true"),
        may("elif", Form::Shapes(&ELIF), "else, where another condition is true"),
        may("else", Form::Steps, "where none is true"),
    ],
};
pub static ELIF: Shape = Shape {
    noun: "an `elif`",
    keys: &[must("if", Form::Expression, "the condition"), must("then", Form::Steps, "where it is true")],
};
pub static MATCH: Shape = Shape {
    noun: "`match`",
    keys: &[
        must("match", Form::Expression, "the value that is compared"),
        may("arms", Form::Shapes(&ARM), "the first that fits"),
        may("else", Form::Steps, "where none fits"),
    ],
};
pub static ARM: Shape = Shape {
    noun: "an arm of `match`",
    keys: &[must("is", Form::Patterns, "a value, a range or @words"), must("steps", Form::Steps, "what is done then")],
};
pub static REPEAT: Shape =
    Shape { noun: "`repeat`", keys: &[must("repeat", Form::Count, "so many times"), must("steps", Form::Steps, "what is done")] };
pub static FOR: Shape = Shape {
    noun: "`for`",
    keys: &[
        must("for", Form::Name, "the name of each thing"),
        must("in", Form::Expression, "the list"),
        may("up_to", Form::Count, "at most so many"),
        must("steps", Form::Steps, "what is done with each"),
    ],
};
pub static SPLIT: Shape = Shape {
    noun: "`split`",
    keys: &[must("split", Form::Plain, "the name of the comparison"), may("arms", Form::Shapes(&SHARE), "its ways")],
};
pub static SHARE: Shape = Shape {
    noun: "a way of `split`",
    keys: &[
        must("name", Form::Plain, "the name of the way"),
        must("share", Form::Count, "of a hundred"),
        must("steps", Form::Steps, "what is done"),
    ],
};
pub static LABEL: Shape = Shape {
    noun: "`label`",
    keys: &[must("label", Form::Name, "a place to go to"), may("renamed_from", Form::Plain, "the name it had before")],
};
pub static GOTO: Shape = Shape {
    noun: "`goto`",
    keys: &[
        must("goto", Form::Target, "a label, a flow, or flow.label"),
        may("with", Form::Expressions, "values for the flow's parameters"),
    ],
};
pub static DO: Shape = Shape {
    noun: "`do`",
    keys: &[
        must("do", Form::Name, "the flow that is carried out"),
        may("with", Form::Expressions, "values for its parameters"),
        may("into", Form::Target, "where its result is kept"),
    ],
};
pub static RETURN: Shape = Shape { noun: "`return`", keys: &[must("return", Form::Expression, "the flow's result")] };
pub static WAIT: Shape = Shape { noun: "`wait`", keys: &[must("wait", Form::Duration, "goes on after this time")] };
pub static WAIT_UNTIL: Shape =
    Shape { noun: "`wait_until`", keys: &[must("wait_until", Form::Until, "goes on at this time, or when the hours begin")] };
pub static HANDOFF: Shape = Shape {
    noun: "`handoff`",
    keys: &[
        must("handoff", Form::Template, "what colleagues are told"),
        may("to", Form::Name, "the team"),
        may("open", Form::Steps, "in its hours"),
        may("closed", Form::Steps, "outside of them"),
        may("nobody_in", Form::Shape(&NOBODY), "when nobody has taken it"),
        may("released", Form::Steps, "when it comes back"),
    ],
};
pub static NOBODY: Shape = Shape {
    noun: "`nobody_in`",
    keys: &[must("after", Form::Duration, "open hours that pass"), must("steps", Form::Steps, "what is done then")],
};
pub static RUN: Shape = Shape {
    noun: "`run`",
    keys: &[
        must("run", Form::Target, "script.function"),
        may("with", Form::Expressions, "what it is called with"),
        must("into", Form::Target, "where its answer is kept"),
        may("type", Form::Type, "the type of its answer"),
    ],
};

/// The methods of a request, as keys that carry its address.
pub const METHODS: &[(&str, &str)] =
    &[("get", "GET"), ("post", "POST"), ("put", "PUT"), ("patch", "PATCH"), ("delete", "DELETE")];

pub static FETCH: Shape = Shape {
    noun: "`fetch`",
    keys: &[
        must("fetch", Form::Name, "the name of the answer"),
        may("get", Form::Template, "the address that is asked"),
        may("post", Form::Template, "the address that is written to"),
        may("put", Form::Template, "the address that is written to"),
        may("patch", Form::Template, "the address that is written to"),
        may("delete", Form::Template, "the address that is deleted"),
        may("headers", Form::Shapes(&HEADER), "what is sent along"),
        may("json", Form::Values, "the values that are sent"),
        may("timeout", Form::Duration, "how long one try may take"),
        may("retry", Form::Count, "how many tries more"),
        may("gives", Form::Record, "the fields of the answer with their types"),
        may("status", Form::Shapes(&STATUS), "answers with these numbers"),
        may("else", Form::Steps, "every other failure"),
    ],
};
pub static HEADER: Shape = Shape {
    noun: "a header",
    keys: &[must("name", Form::Plain, "such as Authorization"), must("value", Form::Template, "its value")],
};
pub static STATUS: Shape =
    Shape { noun: "a status", keys: &[must("is", Form::Counts, "such as 404"), must("steps", Form::Steps, "what is done then")] };
