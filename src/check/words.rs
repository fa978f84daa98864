//! The built-in functions and the filters, with what the reference says of them. The lists are the whole of them: what is
//! not here is unknown to the checker.

/// Name, form, and what it gives.
pub type Word = (&'static str, &'static str, &'static str);

/// What may be called in an expression.
pub const BUILTINS: &[Word] = &[
    ("open", "open(hours)", "whether these hours are open now"),
    ("next_open", "next_open(hours)", "when they begin next; now, while they are open"),
    ("length", "length(x)", "letters of a text as people see them, members of a list"),
    ("upper", "upper(text)", "in capital letters"),
    ("lower", "lower(text)", "in small letters"),
    ("trim", "trim(text)", "without the blanks at its ends"),
    ("words", "words(text)", "the list of its parts between blanks"),
    ("first", "first(list)", "the first of a list; of an empty one none"),
    ("last", "last(list)", "the last of a list; of an empty one none"),
    ("round", "round(number, places)", "the nearest number of so many places, whole without them; a half goes away from zero"),
    ("days_between", "days_between(a, b)", "days from one date or moment to another, below zero where the second is earlier"),
];

/// What may stand behind `|` in a hole.
pub const FILTERS: &[Word] = &[
    ("date", "date", "a date or moment in the long form: `November 22, 2026`"),
    ("time", "time", "a time or moment: `3:00 PM`"),
    ("weekday_time", "weekday_time", "a moment as weekday and time: `Sunday 3:00 PM`"),
    ("money", "money \"EGP\"", "an amount in a currency, by its code"),
    ("number", "number", "a number with the language's marks"),
    ("upper", "upper", "in capital letters"),
    ("lower", "lower", "in small letters"),
    ("default", "default \"…\"", "what is printed where there is no value"),
    ("shorten", "shorten 20", "at most so many letters as people see them, with `…` at the end where some are cut off"),
    (
        "plural",
        "plural one \"# item\" other \"# items\"",
        "the form that the number takes, `#` being the number; all forms of the language",
    ),
];

/// The names of a list.
pub(super) fn names(of: &'static [Word]) -> impl Iterator<Item = &'static str> + Clone {
    of.iter().map(|(name, _, _)| *name)
}

/// Whether a list has this name.
pub(super) fn has(of: &[Word], name: &str) -> bool {
    of.iter().any(|(known, _, _)| *known == name)
}
