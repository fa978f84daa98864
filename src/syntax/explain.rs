//! In: stretches that the grammar refused. Out: diagnostics in the author's words.

mod place;
mod synonyms;

pub use place::Place;

use pest::Parser;
use pest::error::{Error, ErrorVariant, InputLocation};

use crate::diagnostic::Diagnostic;
use crate::source::{FileId, Span};

use self::place::{CLAUSE_WORDS, STEP_WORDS, TRIGGER_WORDS, TYPE_WORDS};
use self::synonyms::synonym;
use super::advice::{self, Stop};
use super::codes;
use super::grammar::{FlowGrammar, Rule, in_words, is_incidental};
use super::scan::{ITEM_WORDS, word_at};

/// Why `text`, which begins at byte `base` of the file, does not fit its place.
pub fn broken(text: &str, place: Place, file: FileId, base: usize) -> Diagnostic {
    let word = word_at(text);
    if place == Place::Step && word == "else" {
        // An `else` whose `if` could be read: read it as if it belonged to one.
        let rest = text.strip_prefix("else").unwrap_or_default().trim_start();
        return match word_at(rest) {
            "if" if FlowGrammar::parse(Rule::step, rest).is_err() => broken(rest, place, file, base + text.len() - rest.len()),
            _ => Diagnostic::error(codes::MISPLACED, span(file, base, base + 4), "this `else` belongs to no `if`")
                .help("an `else` stands behind the `}` of its `if`, or behind an `image`, and a block or step follows it"),
        };
    }
    if let Err(error) = FlowGrammar::parse(place.rule(), text) {
        return failure(text, &error, file, base, Some(place));
    }
    let end = base + text.trim_end().len();
    Diagnostic::error(codes::EXPECTED, span(file, base, end), format!("this is not {}", place.noun()))
}

/// Why the grammar refused `text`.
pub fn failure(text: &str, error: &Error<Rule>, file: FileId, base: usize, place: Option<Place>) -> Diagnostic {
    let at = match error.location {
        InputLocation::Pos(at) | InputLocation::Span((at, _)) => at,
    };
    if let (0, Some(place)) = (at, place) {
        return unknown_beginning(text, file, base, place);
    }
    let found = found_at(text, at);
    let place_at = span(file, base + found.start, base + found.end);
    if let Some(diagnostic) = special(text, at, place_at, place) {
        return diagnostic;
    }
    let stop = Stop::new(text, at, place);
    if let Some(diagnostic) = advice::message(&stop, place_at) {
        return diagnostic;
    }
    let code = if place == Some(Place::Hole) { codes::HOLE } else { codes::EXPECTED };
    let mut expected = Vec::new();
    if let ErrorVariant::ParsingError { positives, .. } = &error.variant {
        let telling = positives.iter().filter(|rule| !is_incidental(**rule));
        for words in telling.filter_map(|rule| in_words(*rule)) {
            if !expected.contains(&words) {
                expected.push(words);
            }
        }
    }
    let mut diagnostic = if expected.is_empty() {
        Diagnostic::error(code, place_at, format!("{} does not belong here", found.words))
    } else {
        let message = format!("expected {}, found {}", listed(&expected), found.words);
        Diagnostic::error(code, place_at, message)
    };
    let plain: Vec<_> = expected.iter().filter_map(|words| words.strip_prefix('`')?.strip_suffix('`')).collect();
    let word = word_at(text.get(at..).unwrap_or_default().trim_start());
    if let Some(near) = nearest(word, &plain) {
        diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
    } else if let Some(help) = advice::help(&stop) {
        diagnostic = diagnostic.help(help);
    } else if !word.is_empty()
        && expected.iter().any(|words| matches!(words.as_str(), "a text" | "a text in quotes" | "a phrase in quotes"))
    {
        let rest = text.get(at..).unwrap_or_default().trim_start();
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '"' | '{' | '}' | '(' | ')' | ',' | ';'));
        let bare = rest.get(..end.unwrap_or(rest.len())).filter(|bare| bare.len() <= 80).unwrap_or(word);
        diagnostic = diagnostic.help(format!("a text stands in quotes: `\"{bare}\"`"));
    }
    diagnostic
}

/// A word that begins nothing in its place.
fn unknown_beginning(text: &str, file: FileId, base: usize, place: Place) -> Diagnostic {
    let found = found_at(text, 0);
    let at = span(file, base + found.start, base + found.end);
    let word = word_at(text);
    let code = if place == Place::Step { codes::UNKNOWN_STEP } else { codes::UNKNOWN_SETTING };
    let words = place.words();
    if word.is_empty() || words.is_empty() {
        let diagnostic = Diagnostic::error(codes::EXPECTED, at, format!("{} does not begin {}", found.words, place.noun()));
        if let Some(help) = advice::sign(text, place) {
            return diagnostic.help(help);
        }
        return match place {
            Place::Step => diagnostic.help("a step begins with its word, such as `say` or `ask`"),
            Place::Clause | Place::Option if FlowGrammar::parse(Rule::duration, text).is_ok() => {
                diagnostic.help(format!("write `within` before it: `within {}`", text.lines().next().unwrap_or_default().trim()))
            }
            _ => diagnostic,
        };
    }
    let diagnostic = Diagnostic::error(code, at, format!("`{word}` is not {}", place.noun()));
    if place == Place::Step && (CLAUSE_WORDS.contains(&word) || matches!(word, "nudge" | "other" | "also" | "named")) {
        return diagnostic.help(format!("`{word}` stands inside the braces of an `ask` or `choose`"));
    }
    let inside_steps = matches!(place, Place::Clause | Place::Option | Place::HandoffPart | Place::Arm);
    let near = synonym(word, place).or_else(|| nearest(word, words).filter(|near| near.split(' ').next() != Some(word)));
    let near = near.or_else(|| if inside_steps { nearest(word, STEP_WORDS) } else { None });
    match near {
        Some(near) => diagnostic.help(meant(word, near)),
        None if place == Place::Step => {
            diagnostic.help("a step begins with its word, such as `say`, `ask`, `choose`, `set`, `if`, `goto` or `stop`")
        }
        None => diagnostic
            .help(format!("here may stand {}", listed(&words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>()))),
    }
}

/// `near` instead of `word`; where the two look the same, why they are not.
fn meant(word: &str, near: &str) -> String {
    match crate::text::disguised(word) {
        Some((letter, script)) => format!("did you mean `{near}`? the `{letter}` here is a {script} letter"),
        None => format!("did you mean `{near}`?"),
    }
}

/// Mistakes worth words of their own.
fn special(text: &str, at: usize, place: Span, of: Option<Place>) -> Option<Diagnostic> {
    let before = text.get(..at)?.trim_end();
    let word = word_at(text.get(at..)?);
    if before == "on" && of == Some(Place::Setting) {
        let message = format!("`on {word}` is not a setting of `bot`");
        let help = "what happens then stands in a flow: `flow name { on … }`";
        return Some(Diagnostic::error(codes::UNKNOWN_SETTING, place, message).help(help));
    }
    if before == "on" && !word.is_empty() && of != Some(Place::FetchPart) {
        if let Some(diagnostic) = advice::trigger(word, place) {
            return Some(diagnostic);
        }
        let diagnostic = Diagnostic::error(codes::UNKNOWN_TRIGGER, place, format!("`{word}` is not a trigger"));
        return Some(match nearest(word, TRIGGER_WORDS) {
            Some(near) if matches!(near, "exactly" | "starting" | "like" | "matching") => {
                diagnostic.help(format!("did you mean `on message {near} …`?"))
            }
            Some(near) => diagnostic.help(meant(word, &format!("on {near}"))),
            None => diagnostic.help(
                "triggers are `on message`, `on any text`, `on button`, `on image` and other kinds of message, `on comment`, `on ad`, `on link`, `on first message`, `on return after`, `on window closing in`, `on replies left`, `on fault` and `on fallback`",
            ),
        });
    }
    None
}

/// An item's place holds something else.
pub fn unknown_item(word: &str, text: &str, whole: Span) -> Diagnostic {
    let end = whole.start + found_at(text, 0).end as u32;
    let at = Span { end: end.min(whole.end), ..whole };
    if word.is_empty() {
        let message = format!("{} stands outside of every item", found_at(text, 0).words);
        return Diagnostic::error(codes::UNKNOWN_ITEM, at, message)
            .help("a file holds `bot`, `words`, `contact`, `hours`, `team`, `texts`, `flow` and `test`");
    }
    if STEP_WORDS.contains(&word) || word == "on" {
        let what = if word == "on" { "a trigger" } else { "a step" };
        return Diagnostic::error(codes::UNKNOWN_ITEM, at, format!("`{word}` begins {what}, and stands outside of every flow"))
            .help("put it inside `flow name \"Title\" { … }`, or look for a `}` too many before it");
    }
    let diagnostic = Diagnostic::error(codes::UNKNOWN_ITEM, at, format!("`{word}` begins nothing that a file holds"));
    match nearest(word, ITEM_WORDS) {
        Some(near) => diagnostic.help(meant(word, near)),
        None => diagnostic.help("a file holds `bot`, `words`, `contact`, `hours`, `team`, `texts`, `flow` and `test`"),
    }
}

/// A type that is none.
pub fn unknown_type(text: &str, at: Span) -> Diagnostic {
    let word = word_at(text);
    if word.is_empty() || text.contains('"') {
        return Diagnostic::error(codes::UNKNOWN_TYPE, at, "what may be answered stands in round brackets")
            .help("write `one of (\"S\", \"M\")`");
    }
    let diagnostic = Diagnostic::error(codes::UNKNOWN_TYPE, at, format!("`{word}` is not a type"));
    let meant = match word.to_lowercase().as_str() {
        "string" | "str" => Some("text"),
        "int" | "integer" | "number" => Some("whole"),
        "float" | "money" | "price" => Some("decimal"),
        "bool" | "boolean" => Some("yes_no"),
        "choice" | "enum" | "oneof" => Some("one of"),
        _ => nearest(word, TYPE_WORDS),
    };
    match meant {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None => diagnostic.help(
            "types are `text(80)`, `whole(1..9)`, `decimal(0..1)`, `digits(6..10)`, `email`, `phone`, `date`, `time`, `yes_no`, `one of (…)`, `image`, `post` and `/pattern/`",
        ),
    }
}

/// Something that no bot on this channel can do.
pub fn not_on_channel(word: &str, text: &str, at: Span) -> Diagnostic {
    if matches!(word, "every" | "daily" | "schedule" | "cron") {
        return advice::first_contact(at);
    }
    let (message, help) = match word {
        "link" | "button" | "url" => (
            "a button cannot open a link on TikTok",
            "write the address into the text of a `say`; labels to press stand in a `choose`",
        ),
        "broadcast" => {
            ("a bot cannot write to many customers at once on TikTok", "it answers those who wrote within the last 48 hours")
        }
        "send" | "sms" | "whatsapp" | "email" | "call" => (
            "a bot cannot reach a phone number or another address on TikTok",
            "it answers in the conversation: write `say \"…\"`",
        ),
        _ => ("", "it can send texts, images (`image`), questions (`choose`) and the account's own posts (`post`)"),
    };
    let message =
        if message.is_empty() { format!("a bot cannot send {} on TikTok", with_article(word)) } else { message.to_owned() };
    if word == "call" && text.strip_prefix("call").is_some_and(|rest| !word_at(rest.trim_start()).is_empty()) {
        return Diagnostic::error(codes::UNKNOWN_STEP, Span { end: at.start + 4, ..at }, "`call` is not a step")
            .help("did you mean `do`?");
    }
    if word == "send" && !text.contains(" to ") {
        return Diagnostic::error(codes::UNKNOWN_STEP, Span { end: at.start + 4, ..at }, "`send` is not a step")
            .help("did you mean `say`?");
    }
    Diagnostic::error(codes::NOT_ON_CHANNEL, at, message).help(help)
}

fn with_article(word: &str) -> String {
    match word {
        "voice" => "a voice message".to_owned(),
        "audio" | "sticker" | "video" | "gif" | "file" | "document" | "location" => {
            format!("{} {word}", if word == "audio" { "an" } else { "a" })
        }
        _ => format!("`{word}`"),
    }
}

struct Found {
    start: usize,
    end: usize,
    words: String,
}

/// What stands at `at`, in words.
fn found_at(text: &str, at: usize) -> Found {
    let rest = text.get(at..).unwrap_or_default();
    let blanks = rest.len() - rest.trim_start_matches([' ', '\t', '\r']).len();
    let start = at + blanks;
    let rest = rest.get(blanks..).unwrap_or_default();
    let word = word_at(rest);
    let number: usize = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (length, words) = match rest.chars().next() {
        None => {
            return Found { start: text.trim_end().len(), end: text.trim_end().len(), words: "the end of the line".to_owned() };
        }
        Some('\n' | ';') => {
            let end = text.get(..at).map_or(at, |before| before.trim_end().len());
            return Found { start: end, end: end + 1, words: "the end of the line".to_owned() };
        }
        Some('"') => (quoted(rest), "a text".to_owned()),
        Some(_) if !word.is_empty() => (word.len(), format!("`{word}`")),
        Some(_) if number > 0 => {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '.' && c != ':').unwrap_or(rest.len());
            (end, format!("`{}`", rest.get(..end).unwrap_or_default()))
        }
        Some(c) => (c.len_utf8(), format!("`{c}`")),
    };
    Found { start, end: start + length, words }
}

/// The length of the text at the beginning, quotes included; of its first line where it is longer.
fn quoted(text: &str) -> usize {
    let line = text.split('\n').next().unwrap_or_default();
    line.char_indices().skip(1).find(|(_, c)| *c == '"').map_or(line.len(), |(at, _)| at + 1)
}

fn span(file: FileId, start: usize, end: usize) -> Span {
    Span { file, start: start as u32, end: end as u32 }
}

/// The one of `words` that `word` was likely meant to be.
pub fn nearest<'w>(word: &str, words: &[&'w str]) -> Option<&'w str> {
    if word.is_empty() {
        return None;
    }
    let word: String = word.chars().take(32).collect();
    let word = crate::text::skeleton(&word).to_lowercase();
    let allowed = word.chars().count().div_ceil(3);
    let first = |candidate: &str| candidate.split(' ').next().unwrap_or_default().to_owned();
    let words = words.iter().filter(|candidate| candidate.starts_with(char::is_alphabetic));
    let scored = words.map(|candidate| (strsim::damerau_levenshtein(&word, &first(candidate)), *candidate));
    scored.filter(|(slips, _)| *slips <= allowed).min_by_key(|(slips, _)| *slips).map(|(_, near)| near)
}

/// `a, b or c`
fn listed(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [before @ .., last] => format!("{} or {last}", before.join(", ")),
    }
}
