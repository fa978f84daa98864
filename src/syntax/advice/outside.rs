//! Repairs for what leads out of a flow, `fetch` and tests.

use crate::syntax::explain::Place;
use crate::syntax::scan::word_at;

use super::Stop;

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/// The repair.
pub(super) fn help(stop: &Stop<'_>) -> Option<String> {
    let text = match (stop.place, stop.head) {
        (Some(Place::TestLine), head) => test_line(stop, head)?,
        (Some(Place::Given), _) => given(stop)?,
        (Some(Place::FetchPart), head) => part(stop, head)?.to_owned(),
        (_, "fetch") => fetch(stop)?,
        (_, "secret") if stop.rest.starts_with('"') => "names stand without quotes: `secret SHOP_KEY`".to_owned(),
        (_, "emit") if stop.before.ends_with('"') => {
            "what is known of the event stands in braces: `emit \"order.made\" { order: order }`".to_owned()
        }
        _ => return entry(stop),
    };
    Some(text)
}

fn fetch(stop: &Stop<'_>) -> Option<String> {
    if stop.rest.starts_with("from") {
        return None;
    }
    let word = word_at(stop.rest);
    let upper = word.to_ascii_uppercase();
    if METHODS.contains(&upper.as_str()) && stop.before.ends_with('=') {
        return Some(format!("write `{upper}`"));
    }
    if stop.before.ends_with('=') {
        return Some(match stop.quoted() {
            Some(address) => format!("say what is to be done with the address: `GET {address}` asks, `POST {address}` sends"),
            None => "the methods are `GET`, `POST`, `PUT`, `PATCH` and `DELETE`".to_owned(),
        });
    }
    let unnamed = stop.before == "fetch" || METHODS.contains(&stop.before.trim_start_matches("fetch").trim());
    unnamed.then(|| "a `fetch` first names what keeps the answer: `fetch answer = GET \"https://…\"`".to_owned())
}

fn part(stop: &Stop<'_>, head: &str) -> Option<&'static str> {
    Some(match head {
        "header" if word_at(stop.rest).is_empty() || stop.before == "header" => "such as `header \"Authorization\" = \"Bearer {secret.SHOP_KEY}\"`",
        "json" => "such as `json { order: order, city: contact.city }`",
        "gives" => "such as `gives { state: text(20) }`",
        "on" => "the number of an answer and what then happens: `on 404 stop`",
        "retry" => "how often it is tried again: `retry 2`",
        _ => return None,
    })
}

fn given(stop: &Stop<'_>) -> Option<String> {
    if stop.before.contains([':', '"']) {
        return None;
    }
    let name = stop.before.trim_end_matches('?');
    (word_at(name) == name && !name.is_empty()).then(|| format!("a field says its type behind a `:`, such as `{name}: text(80)`"))
}

fn test_line(stop: &Stop<'_>, head: &str) -> Option<String> {
    let word = word_at(stop.rest);
    let says = matches!(word, "says" | "say" | "said" | "sends" | "send" | "writes" | "types" | "replies" | "answers" | "asks" | "text");
    if says && stop.before == head {
        return Some(format!("the text stands right behind it: `{head} \"…\"`"));
    }
    let text = match head {
        "given" if stop.before == "given now" => "day and time: `given now 2026-11-22 10:00`",
        "given" if stop.before == "given" => "such as `given now 2026-11-22 10:00`, `given GET \"https://…\" -> 200 { … }` or `given contact.size = \"M\"`",
        "customer" if matches!(word, "presses" | "clicks" | "taps" | "chooses" | "press" | "click") => {
            "a label is pressed with `customer button \"…\"`"
        }
        "customer" if stop.before.starts_with("customer ad") || stop.before.starts_with("customer link") => {
            "where they come from, then what they write: `customer ad \"17890001\" \"Hello\"`"
        }
        "after" => "such as `after 1h`",
        "colleague" => "a colleague writes (`colleague \"…\"`), `takes over` or `releases`",
        _ => return None,
    };
    Some(text.to_owned())
}

/// `{ a: b c: d }`
fn entry(stop: &Stop<'_>) -> Option<String> {
    let word = word_at(stop.rest);
    let after = stop.rest.get(word.len()..).unwrap_or_default();
    let inside = stop.before.rfind('{') > stop.before.rfind('}');
    (inside && !word.is_empty() && after.starts_with(':') && stop.before.contains(": "))
        .then(|| format!("entries are parted by `,`: put one before `{word}`"))
}
