//! Repairs for loops, calls and ways: what stands in the heads of `repeat`, `for`, `do`, `split` and flows.

use crate::syntax::explain::Place;
use crate::syntax::scan::word_at;

use super::Stop;

/// The repair.
pub(super) fn help(stop: &Stop<'_>) -> Option<String> {
    let text = match stop.head {
        "repeat" => repeat(stop)?,
        "for" => loop_over(stop)?,
        "do" if stop.before == "do" => "`do` runs a flow and comes back: `do address(city) -> where`".to_owned(),
        "do" if stop.rest.starts_with('=') => "what the flow gives back stands behind `->`: `do address -> where`".to_owned(),
        "split" if stop.before == "split" => {
            "a `split` has a name, and each way its share of a hundred: `split \"greeting\" { \"short\" 50 { … } \"long\" 50 { … } }`"
                .to_owned()
        }
        "run" => return run(stop),
        _ if stop.place == Some(Place::Share) => share(stop)?,
        _ => return parameter(stop),
    };
    Some(text)
}

fn repeat(stop: &Stop<'_>) -> Option<String> {
    let counted = stop.before.strip_prefix("repeat").map(str::trim).filter(|count| count.parse::<u32>().is_ok());
    if let (Some(count), false) = (counted, stop.at_end()) {
        return Some(format!("write `repeat {count} times {{ … }}`"));
    }
    (stop.before == "repeat").then(|| "a `repeat` counts: `repeat 3 times { … }`; a `leave` inside ends it earlier".to_owned())
}

fn loop_over(stop: &Stop<'_>) -> Option<String> {
    let word = word_at(stop.rest);
    if stop.before == "for" || stop.before == "for each" || word == "each" || stop.before.ends_with("each") {
        return Some("write `for item in list up to 5 { … }`".to_owned());
    }
    if stop.before.ends_with("up") {
        return Some("write `up to 5`".to_owned());
    }
    if stop.rest.starts_with('=') || word == "from" {
        return Some("to count, write `repeat 3 times { … }`; `for item in list { … }` goes through a list".to_owned());
    }
    let item = stop.before.strip_prefix("for").map(str::trim).filter(|item| word_at(item) == *item && !item.is_empty());
    item.map(|item| format!("write `for {item} in list up to 5 {{ … }}`"))
}

fn run(stop: &Stop<'_>) -> Option<String> {
    if !stop.before.contains('=') {
        return Some("a `run` first names what keeps the result: `run score = shop.lead_score(contact)`".to_owned());
    }
    let named = stop.before.split_once('=').is_some_and(|(_, call)| !call.contains('('));
    named.then(|| "a script, its function and what it is given: `run score = shop.lead_score(contact)`".to_owned())
}

/// What stands too much behind a whole step or trigger.
pub(super) fn behind(line: &str, text: &str) -> Option<(String, String)> {
    let line = line.trim();
    let word = word_at(text);
    let last = |word: &str| line.ends_with(word) && line.rsplit([' ', '{', ';']).next() == Some(word);
    let said = |message: &str, help: &str| Some((message.to_owned(), help.to_owned()));
    if text.starts_with("->") || text.starts_with('=') {
        let called = line.rsplit([';', '{']).next().is_some_and(|step| word_at(step.trim_start()) == "do");
        let help = "`do address(city) -> where` keeps what the flow gives back in `where`";
        return if called { said("a name is missing behind `->`", help) } else { None };
    }
    if last("leave") || last("stop") || last("typing") || last("seen") {
        let step = line.rsplit([' ', '{', ';']).next().unwrap_or_default();
        let help = if step == "leave" { "it leaves the innermost loop" } else { "the next step stands on the next line" };
        return (!word.is_empty()).then(|| (format!("`{step}` stands alone"), help.to_owned()));
    }
    if line.contains("on reaction") && line.ends_with("reaction") {
        return said("the reaction stands in quotes", "such as `on reaction \"👍\"`; without one, every reaction counts");
    }
    let kinds = ["on image", "on post", "on video", "on sticker", "on emoji", "on unsupported", "on fault", "on fallback"];
    if let Some(kind) = kinds.iter().find(|kind| line.ends_with(**kind)).filter(|_| text.starts_with('"')) {
        return Some((format!("`{kind}` takes no text"), "what it fires on is said in full; `when …` may narrow it".to_owned()));
    }
    let says =
        line.rsplit([';', '{']).next().is_some_and(|step| word_at(step.trim_start()) == "say") && line.ends_with(['"', '}']);
    if says && word == "short" {
        return said("a text is missing behind `short`", "such as `say \"…\" short \"…\"`");
    }
    let part = ["short", "replying", "keep apart"].into_iter().find(|part| {
        let first = part.split(' ').next().unwrap_or(part);
        word.chars().count() > 3 && strsim::damerau_levenshtein(first, word) <= 2
    });
    let part = part.filter(|_| says)?;
    Some((format!("`{word}` is not a part of `say`"), format!("did you mean `{part}`?")))
}

/// A way of `split` without its number.
fn share(stop: &Stop<'_>) -> Option<String> {
    if stop.rest.starts_with('%') {
        return Some("a share is a number of a hundred, without `%`".to_owned());
    }
    let name = stop.before.strip_suffix('"').filter(|_| stop.before.starts_with('"'))?;
    Some(format!("each way says its share of a hundred: `{name}\" 50 {{ … }}`"))
}

/// `flow f(city) {`: a parameter without its type.
fn parameter(stop: &Stop<'_>) -> Option<String> {
    if stop.head == "flow" && stop.before.ends_with("->") {
        return Some("what the flow gives back has a type: `-> text(80)`".to_owned());
    }
    let inside = stop.before.strip_prefix("flow").and_then(|head| head.rsplit_once('('))?.1;
    let name = inside.rsplit(',').next().map(str::trim).filter(|name| word_at(name) == *name && !name.is_empty())?;
    Some(format!("what a flow is given says its type: `{name}: text(80)`"))
}
