//! `expect` lines.

use super::stage::Stage;
use crate::bot::{Expectation, Expr, Value};
use crate::calendar::duration_text;
use crate::engine::Speaker;

const MINUTE: i64 = 60_000;

/// What is, where it is not what is expected; `None` where it is.
pub(super) fn found(stage: &Stage, expectation: &Expectation) -> Option<String> {
    let conversation = stage.chat().conversation();
    let status = conversation.status();
    match expectation {
        Expectation::RepliesLeft(wanted) => {
            let left = conversation.replies_left();
            (left != *wanted).then(|| format!("replies left {left}"))
        }
        Expectation::WindowLeft(wanted) => match conversation.window_left(stage.chat().now()) {
            Some(left) if minutes(left) == minutes(*wanted) => None,
            Some(left) => Some(format!("window left {}", super::describe::hours(minutes(left).saturating_mul(MINUTE)))),
            None => Some("the customer has not written yet".to_owned()),
        },
        Expectation::WaitingFor(name) => (status.waits_for.as_ref() != Some(name)).then(|| match &status.waits_for {
            Some(other) => format!("waiting for {other}"),
            None => standing(stage),
        }),
        Expectation::Stopped => status.place.is_some().then(|| standing(stage)),
        Expectation::HandedOver(team) => {
            let handed = status.speaker != Speaker::Bot;
            let right = handed && team.as_ref().is_none_or(|team| status.team.as_ref() == Some(team));
            (!right).then(|| match (handed, &status.team) {
                (true, Some(team)) => format!("handed over to {team}"),
                (true, None) => "handed over to no team".to_owned(),
                (false, _) => format!("not handed over: {}", standing(stage)),
            })
        }
        Expectation::Goal(name) => (!stage.goals.contains(name)).then(|| listed("goal", "goals", &stage.goals)),
        Expectation::Emitted(name) => (!stage.emitted.contains(name)).then(|| listed("event", "events", &stage.emitted)),
        Expectation::Tag(name) => (!status.tags.contains(name)).then(|| listed("tag", "tags", &status.tags)),
        Expectation::Holds(expression, _) => match stage.chat().value(expression) {
            Some(Value::Bool(true)) => None,
            value => Some(not_true(stage, expression, value)),
        },
    }
}

/// Why an expression does not hold: the values on its sides, where it has sides.
fn not_true(stage: &Stage, expression: &Expr, value: Option<Value>) -> String {
    let side = |expression: &Expr| stage.chat().value(expression).map_or("missing".to_owned(), |value| written(&value));
    match expression {
        Expr::Binary(_, left, right) => format!("{} on the left, {} on the right", side(left), side(right)),
        Expr::Missing { value, .. } => format!("it is {}", side(value)),
        _ => format!("it is {}", value.map_or("missing".to_owned(), |value| written(&value))),
    }
}

/// A value as an author would write it.
#[must_use]
pub fn written(value: &Value) -> String {
    match value {
        Value::Text(text) => super::describe::quoted(text),
        Value::Number(number) => number.normalize().to_string(),
        Value::Bool(true) => "true".to_owned(),
        Value::Bool(false) => "false".to_owned(),
        Value::Date(date) => date.to_string(),
        Value::Time(time) => time.to_string(),
        Value::Moment(moment) => moment.rfc3339(),
        Value::Duration(ms) => duration_text(*ms),
        Value::List(items) => format!("[{}]", items.iter().map(written).collect::<Vec<_>>().join(", ")),
        Value::Map(map) => {
            let fields: Vec<String> = map.iter().map(|(name, value)| format!("{name}: {}", written(value))).collect();
            format!("{{ {} }}", fields.join(", "))
        }
    }
}

/// Where the conversation stands, in words.
fn standing(stage: &Stage) -> String {
    let status = stage.chat().conversation().status();
    match (&status.place, &status.waits_for, status.speaker) {
        (Some((flow, _)), Some(what), _) => format!("`{flow}` waits for {what}"),
        (Some((flow, _)), None, _) => format!("`{flow}` goes on"),
        (None, _, Speaker::Bot) => "stopped".to_owned(),
        (None, _, Speaker::Asked) => "a colleague is asked for".to_owned(),
        (None, _, Speaker::Taken) => "a colleague has the conversation".to_owned(),
    }
}

fn listed<'a>(one: &str, many: &str, names: impl IntoIterator<Item = &'a String>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| super::describe::quoted(name)).collect();
    match names.len() {
        0 => format!("no {one}"),
        1 => format!("the {one} {}", names.join("")),
        _ => format!("the {many} {}", names.join(", ")),
    }
}

/// Rounded to the nearest minute: virtual messages take a millisecond each.
const fn minutes(ms: i64) -> i64 {
    ms.saturating_add(MINUTE / 2).div_euclid(MINUTE)
}
