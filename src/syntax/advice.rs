//! Repairs for mistakes that many authors make, by what stands before and at the place where reading stopped.

mod control;
mod outside;

use crate::diagnostic::Diagnostic;
use crate::source::Span;

use super::codes;
use super::explain::Place;
use super::scan::word_at;

/// Where reading stopped: the statement's own words before it, and what stands there.
pub struct Stop<'t> {
    pub place: Option<Place>,
    /// The statement's first word.
    pub head: &'t str,
    /// The statement up to here, without blanks at its end.
    pub before: &'t str,
    /// From here on, without blanks at its beginning.
    pub rest: &'t str,
}

impl<'t> Stop<'t> {
    pub fn new(text: &'t str, at: usize, place: Option<Place>) -> Self {
        let (before, rest) = text.split_at_checked(at).unwrap_or((text, ""));
        let rest = rest.trim_start_matches([' ', '\t', '\r']);
        Self { place, head: word_at(text), before: before.trim_end(), rest }
    }

    fn at_end(&self) -> bool {
        self.rest.is_empty() || self.rest.starts_with(['\n', ';', '}'])
    }

    fn ends_with_word(&self, word: &str) -> bool {
        self.before.strip_suffix(word).is_some_and(|rest| !rest.ends_with(|c: char| c.is_alphanumeric() || c == '_'))
    }

    /// The quoted text that stands here.
    fn quoted(&self) -> Option<&'t str> {
        let inside = self.rest.strip_prefix('"')?;
        let end = inside.find(['"', '\n'])?;
        self.rest.get(..end + 2)
    }
}

/// A message of its own, where what the grammar expected would not help.
pub fn message(stop: &Stop<'_>, at: Span) -> Option<Diagnostic> {
    if stop.place == Some(Place::Option) && stop.before.starts_with('"') && stop.at_end() {
        let label = stop.before.get(..=stop.before.get(1..)?.find('"')? + 1)?;
        let found = Diagnostic::error(codes::EXPECTED, at, format!("the label `{label}` does not say what happens"));
        return Some(found.help(format!("a step or a block follows it, such as `{label} stop` or `{label} {{ say \"…\" }}`")));
    }
    if stop.place == Some(Place::Hole) && stop.before == "{" && stop.rest.starts_with('}') {
        let found = Diagnostic::error(codes::HOLE, at, "this hole is empty");
        return Some(found.help("write a value between the braces, such as `{contact.city}`; `{{}}` prints braces"));
    }
    None
}

/// The repair.
pub fn help(stop: &Stop<'_>) -> Option<String> {
    outside::help(stop)
        .or_else(|| control::help(stop))
        .or_else(|| name(stop))
        .or_else(|| condition(stop))
        .or_else(|| time(stop))
        .or_else(|| step(stop))
        .or_else(|| field(stop))
}

/// Names that are none.
fn name(stop: &Stop<'_>) -> Option<String> {
    if stop.place == Some(Place::Hole) && !word_at(stop.rest).is_empty() && !stop.before.contains(['|', '"']) {
        let first = stop.before.trim_start_matches('{').rsplit([' ', '(', '.']).next()?;
        let word = word_at(stop.rest);
        return Some(format!("a name has no blanks: `{first}_{word}`"));
    }
    let named = ["flow", "label", "goto", "set", "words", "team", "hours", "texts", "named", "button", "ask"];
    let wanted = named.iter().any(|word| stop.ends_with_word(word));
    if wanted && stop.ends_with_word("ask") && stop.rest.starts_with('"') {
        return Some("an `ask` first names what keeps the answer: `ask answer: text(200) \"…\"`".to_owned());
    }
    if wanted && stop.ends_with_word("flow") && stop.rest.starts_with('"') {
        let title = stop.quoted()?;
        return Some(format!("a flow has a name, then its title: `flow name {title} {{`"));
    }
    let odd = stop.rest.starts_with(|c: char| !c.is_ascii_punctuation() && c != '\n');
    if wanted && odd {
        return Some(
            "a name begins with a letter and holds letters, digits and `_`, such as `pizza_2`; texts may hold anything"
                .to_owned(),
        );
    }
    let after = stop.rest.strip_prefix('-').map(word_at).filter(|after| !after.is_empty())?;
    let first = stop.before.rsplit(|c: char| !(c.is_alphanumeric() || c == '_')).next().filter(|first| !first.is_empty())?;
    let of = stop.before.strip_suffix(first)?.trim_end();
    let wanted = named.iter().any(|word| of.ends_with(word));
    (wanted && stop.place != Some(Place::HoursRow)).then(|| format!("a name holds letters, digits and `_`: `{first}_{after}`"))
}

/// Comparisons from elsewhere.
fn condition(stop: &Stop<'_>) -> Option<String> {
    let word = word_at(stop.rest);
    if stop.ends_with_word("is") || stop.ends_with_word("is not") {
        let not = if stop.ends_with_word("not") { " not" } else { "" };
        return Some(match word {
            "empty" | "blank" | "null" | "none" | "nothing" | "unknown" | "undefined" | "set" => {
                format!("write `is{not} missing`")
            }
            _ => format!(
                "`is` asks only whether something `is missing`; write `{}` to compare",
                if not.is_empty() { "==" } else { "!=" }
            ),
        });
    }
    if stop.before.ends_with('=') {
        if stop.head == "set" && stop.rest.starts_with('=') {
            return Some("one `=` sets, `==` compares".to_owned());
        }
        match stop.rest.chars().next() {
            Some('>') => return Some("write `>=`".to_owned()),
            Some('<') => return Some("write `<=`".to_owned()),
            Some('=') => return Some("write `==`".to_owned()),
            _ => {}
        }
    }
    if !matches!(stop.head, "if" | "on" | "set" | "match" | "") {
        return None;
    }
    if stop.rest.starts_with('&') {
        return Some("write `and`".to_owned());
    }
    if stop.rest.starts_with("||") {
        return Some("write `or`".to_owned());
    }
    if stop.rest.starts_with('!') {
        return Some("write `not`, or `!=` for what is not the same".to_owned());
    }
    Some(
        match word {
            "equals" | "equal" | "eq" => "write `==` to compare two values",
            "between" => "write `x >= 1 and x <= 3`",
            "greater" | "more" | "over" | "above" => "write `>` or `>=`",
            "less" | "under" | "below" => "write `<` or `<=`",
            "has" | "includes" | "include" | "contain" => "write `contains`",
            "exists" => "write `is not missing`",
            "say" | "ask" | "goto" | "stop" | "set" | "choose" | "handoff" | "wait" | "tag" | "image" if stop.head == "if" => {
                "the steps of an `if` stand in braces: `if … { … }`"
            }
            _ => return None,
        }
        .to_owned(),
    )
}

/// Times, days and hours.
fn time(stop: &Stop<'_>) -> Option<String> {
    if stop.ends_with_word("until") {
        return Some(
            "`wait until 09:00` goes on when the clock next shows it, `wait until open(hours)` when they begin".to_owned(),
        );
    }
    if stop.place != Some(Place::HoursRow) {
        return None;
    }
    if stop.rest.starts_with(['-', '–', '—']) || word_at(stop.rest) == "to" {
        return Some("from … to is written with two dots: `mon..fri 09:00..17:00`".to_owned());
    }
    if word_at(stop.rest) == "closed" {
        return Some("a day that no line names is closed; leave this line out".to_owned());
    }
    (stop.head == "closed").then(|| "`closed` names dates; a weekday that no line names is closed".to_owned())
}

/// Steps with something left out or too much.
fn step(stop: &Stop<'_>) -> Option<String> {
    if stop.before == "on" {
        let text = stop.quoted()?;
        return Some(format!("write `on message {text}`"));
    }
    if stop.before == "handoff" && word_at(stop.rest) == "to" {
        return Some("a handoff tells the colleague what it is about: `handoff \"…\" to …`".to_owned());
    }
    if stop.place.is_none() && stop.before.ends_with('"') && stop.rest.starts_with('"') {
        return Some("several phrases are parted by `,`".to_owned());
    }
    None
}

/// Fields of `contact`.
fn field(stop: &Stop<'_>) -> Option<String> {
    if stop.place != Some(Place::Field) || stop.before.contains([':', ' ']) {
        return None;
    }
    let name = stop.before;
    (stop.at_end() || stop.rest.starts_with('='))
        .then(|| format!("a field says its type behind a `:`, such as `{name}: text(80)`"))
}

/// The repair for a sign that begins nothing.
pub fn sign(text: &str, place: Place) -> Option<&'static str> {
    let sign = text.chars().next()?;
    Some(match (place, sign) {
        (Place::Step, '+' | '&') => "texts and values are joined by holes: `\"Hello {contact.name}\"`",
        (Place::Step, ',') => "a `say` sends one text; `one of \"a\" | \"b\"` picks one of several",
        (Place::Step, '|') => "filters stand in the holes of texts: `\"{name | upper}\"`; without a text write `upper(name)`",
        (Place::Step, '"') => "a text stands behind its word, such as `say \"…\"`",
        (Place::Step, '{') => "a `{` stands at the end of the line that it belongs to",
        (Place::Step, '/') => "a comment begins with `#`",
        (Place::Field, '"') => "names stand without quotes",
        (Place::Field, ',') => "each field stands on a line of its own, and `secret` behind its type without a comma",
        _ => return None,
    })
}

/// The message and repair for a step's place, by what stands before it on its line.
pub fn behind(line: &str, text: &str) -> Option<(String, String)> {
    if let Some(found) = control::behind(line, text).or_else(|| outside::behind(line, text)) {
        return Some(found);
    }
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    if let Some(after) = text.strip_prefix('-').map(word_at).filter(|after| !after.is_empty()) {
        let first = line.rsplit(|c: char| !is_name(c)).next().filter(|first| !first.is_empty())?;
        return Some(("a name has no `-`".to_owned(), format!("a name holds letters, digits and `_`: `{first}_{after}`")));
    }
    let word = word_at(text);
    if word.is_empty() {
        return None;
    }
    if line.ends_with('"') && line.matches('"').count() > 1 {
        return Some((format!("the text ends before `{word}`"), "a `\"` inside a text is written `\\\"`".to_owned()));
    }
    (word_at(line.trim_start()) == "handoff" && line.trim_end().ends_with('"'))
        .then(|| (format!("`to` is missing before `{word}`"), format!("the team stands behind `to`: `to {word}`")))
}

/// Words behind `on` that authors bring from elsewhere.
pub fn trigger(word: &str, at: Span) -> Option<Diagnostic> {
    let unknown = |help: &str| Diagnostic::error(codes::UNKNOWN_TRIGGER, at, format!("`{word}` is not a trigger")).help(help);
    Some(match word {
        "keyword" | "keywords" | "word" | "words" | "text" | "contains" | "say" | "says" | "input" => {
            unknown("did you mean `on message \"…\"`?")
        }
        "regex" | "pattern" => unknown("did you mean `on message matching /…/`?"),
        "click" | "press" | "pressed" | "postback" | "payload" => unknown("did you mean `on button`?"),
        "photo" | "picture" => unknown("did you mean `on image`?"),
        "start" | "welcome" | "hello" => unknown("did you mean `on first message`?"),
        "default" | "else" | "unknown" | "anything" => unknown("did you mean `on fallback`?"),
        "voice" | "audio" => Diagnostic::error(codes::NOT_ON_CHANNEL, at, "TikTok tells a bot nothing of voice messages")
            .help("what a bot cannot understand, if it hears of it at all, comes to `on unsupported`"),
        "follow" | "follower" | "like" | "live" | "mention" | "view" | "share" => {
            let message = format!("TikTok tells a bot nothing of a {word}");
            Diagnostic::error(codes::NOT_ON_CHANNEL, at, message)
                .help("a bot hears of messages, comments, reactions and of ads and links that led to it")
        }
        "error" | "failure" | "exception" => unknown("did you mean `on fault`?"),
        "handoff" | "takeover" => unknown("these are clauses of a `handoff`: `open`, `closed`, `nobody in 10m`, `released`"),
        "silence" | "timeout" => unknown("silence is a matter of the question: `within 2h …` in `ask` or `choose`"),
        _ if is_schedule(word) => first_contact(at),
        _ => return None,
    })
}

fn is_schedule(word: &str) -> bool {
    const WORDS: &[&str] = &["every", "daily", "weekly", "monthly", "schedule", "scheduled", "cron", "day", "date", "time", "at"];
    const DAYS: &[&str] = &["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    WORDS.contains(&word) || DAYS.contains(&word) || super::DAYS.contains(&word)
}

/// What begins without the customer.
pub fn first_contact(at: Span) -> Diagnostic {
    Diagnostic::error(codes::NOT_ON_CHANNEL, at, "a bot cannot write first on TikTok").help(
        "a flow begins with what the customer does; within it, `wait 2h` or `wait until 09:00` lets time pass, up to 48 hours",
    )
}
