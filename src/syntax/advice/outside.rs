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
        (Some(Place::FetchPart), head) => return entry(stop).or_else(|| part(stop, head).map(str::to_owned)),
        (_, "fetch") => fetch(stop)?,
        (_, "secret") if stop.rest.starts_with('"') => "names stand without quotes: `secret SHOP_KEY`".to_owned(),
        (_, "on") if stop.before == "on window" => "write `on window closing in 2h`".to_owned(),
        (_, "on") if stop.before == "on return" => "write `on return after 7d`".to_owned(),
        (_, "on") if stop.before == "on replies" => "write `on replies left 2`".to_owned(),
        (_, "within") if stop.before == "within" => "say how long: `within 2h stop`".to_owned(),
        (_, "emit") if stop.before.ends_with('"') => {
            "what is known of the event stands in braces: `emit \"order.made\" { order: order }`".to_owned()
        }
        _ => return entry(stop),
    };
    Some(text)
}

/// What stands behind a whole expectation of a test.
pub(super) fn behind(line: &str, text: &str) -> Option<(String, String)> {
    let expected = line.trim().strip_prefix("expect")?.trim();
    let (message, help) = match (expected, word_at(text)) {
        ("replies", _) => ("how many replies are left is a number", "such as `expect replies left 8`"),
        ("window", _) => ("how long the window is open is a duration", "such as `expect window left 40h`"),
        ("waiting", _) => ("what is waited for stands behind `waiting for`", "such as `expect waiting for order`"),
        ("handed", _) => ("`over` is missing behind `handed`", "such as `expect handed over to support`"),
        ("goal" | "tag" | "emitted", _) => ("its name stands in quotes", "such as `expect goal \"order_tracked\"`"),
        _ => return None,
    };
    Some((message.to_owned(), help.to_owned()))
}

fn fetch(stop: &Stop<'_>) -> Option<String> {
    if stop.place == Some(Place::Setting) {
        return Some("the hosts that flows may ask: `fetch from \"https://shop.example\"`".to_owned());
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
        "header" if word_at(stop.rest).is_empty() || stop.before == "header" => {
            "such as `header \"Authorization\" = \"Bearer {secret.SHOP_KEY}\"`"
        }
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
    let says =
        matches!(word, "says" | "say" | "said" | "sends" | "send" | "writes" | "types" | "replies" | "answers" | "asks" | "text");
    if says && stop.before == head {
        return Some(format!("the text stands right behind it: `{head} \"…\"`"));
    }
    let text = match head {
        "given" if stop.before == "given now" => "day and time: `given now 2026-11-22 10:00`",
        "given" if METHODS.contains(&stop.before.trim_start_matches("given").trim().to_ascii_uppercase().as_str()) => {
            "methods stand in capitals: `given GET \"https://…\" -> 200 { … }`"
        }
        "given" if stop.before == "given" => {
            "such as `given now 2026-11-22 10:00`, `given GET \"https://…\" -> 200 { … }` or `given contact.size = \"M\"`"
        }
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
