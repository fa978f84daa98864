//! What happens next in a made-up conversation.

use super::chance::Chance;
use super::material::Material;
use super::player::{LISTEN, Player};
use super::value::{constant, fitting, gibberish, misfit, near, record, value};
use crate::bot::{Bot, ColleagueAct, CustomerAct, Op, Place, TestStep, Type, Value};
use crate::engine::rehearsal::Call;
use crate::engine::{Speaker, Status};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

/// What is given before the first act.
pub(super) fn opening(bot: &Bot, material: &Material, chance: &mut Chance) -> Vec<TestStep> {
    let mut given = Vec::new();
    if chance.percent(20) {
        given.push(TestStep::GivenImages(false));
    }
    if chance.percent(5) {
        given.push(TestStep::GivenCongestion);
    }
    for field in &bot.contact {
        if chance.percent(25)
            && let Some(value) = value(&field.kind, &material.constants, chance)
        {
            given.push(TestStep::GivenValue { target: Place::Contact(field.name.as_str().into()), value });
        }
    }
    given
}

/// The next acts: mostly one and then the bot's turn; sometimes a burst.
pub(super) fn next(player: &Player, chance: &mut Chance) -> Vec<TestStep> {
    let material = player.material();
    let status = player.stage().chat().conversation().status();
    match chance.below(100) {
        0..=17 => silence(player, chance),
        18..=22 => vec![TestStep::Colleague(colleague(&status, chance))],
        23..=26 => {
            // The same twice: a double tap, or a customer who says it again.
            let act = customer(player, &status, material, chance);
            vec![TestStep::Customer(act.clone()), TestStep::Customer(act), LISTEN]
        }
        27..=34 => {
            let mut acts: Vec<TestStep> =
                (0..2 + chance.below(3)).map(|_| TestStep::Customer(customer(player, &status, material, chance))).collect();
            acts.push(LISTEN);
            acts
        }
        _ => vec![TestStep::Customer(customer(player, &status, material, chance)), LISTEN],
    }
}

/// Time passes: until something falls due, just before it, or for a while.
fn silence(player: &Player, chance: &mut Chance) -> Vec<TestStep> {
    let due = player.until_due();
    let ms = match (chance.below(10), &due) {
        (0..=6, Some(TestStep::After(ms))) => *ms,
        (7, Some(TestStep::After(ms))) if *ms > 2_000 => ms.saturating_sub(2_000),
        _ => chance
            .pick(&[MINUTE, 30 * MINUTE, 3 * HOUR, 13 * HOUR, 25 * HOUR, 47 * HOUR, 49 * HOUR, 8 * 24 * HOUR])
            .copied()
            .unwrap_or(HOUR),
    };
    vec![LISTEN, TestStep::After(ms)]
}

fn colleague(status: &Status, chance: &mut Chance) -> ColleagueAct {
    match (status.speaker, chance.below(4)) {
        (Speaker::Taken, 0..=2) => ColleagueAct::Releases,
        (_, 0) => ColleagueAct::TakesOver,
        (Speaker::Asked, 1) => ColleagueAct::Releases,
        _ => ColleagueAct::Says("Hello, I am a colleague.".to_owned()),
    }
}

fn customer(player: &Player, status: &Status, material: &Material, chance: &mut Chance) -> CustomerAct {
    let text = CustomerAct::Text;
    if status.opted_out
        && chance.percent(50)
        && let Some(phrase) = chance.pick(&material.opt_in)
    {
        return text(phrase.clone());
    }
    let waits = waiting(player.stage().bot(), status);
    if let Some(op) = waits
        && chance.percent(55)
        && let Some(act) = answering(player, op, chance)
    {
        return act;
    }
    match chance.below(100) {
        0..=49 if !material.phrases.is_empty() => text(phrase(material, chance)),
        50..=59 => press(player, material, chance),
        60..=69 => chance.pick(&material.acts).cloned().unwrap_or_else(|| text(gibberish(chance))),
        70..=72 => chance.pick(&material.opt_out).cloned().map_or_else(|| text("stop".to_owned()), text),
        73..=78 => other_kind(chance),
        _ => text(gibberish(chance)),
    }
}

/// A phrase as it stands, inside a sentence, or nearly.
fn phrase(material: &Material, chance: &mut Chance) -> String {
    let all = if chance.percent(80) || material.labels.is_empty() { &material.phrases } else { &material.labels };
    let phrase = chance.pick(all).cloned().unwrap_or_default();
    match chance.below(8) {
        0 => format!("please, {phrase} now"),
        1 => near(&phrase, chance),
        2 => phrase.to_uppercase(),
        _ => phrase,
    }
}

/// A button of the newest card, pressed in time or late, or its label typed.
fn press(player: &Player, material: &Material, chance: &mut Chance) -> CustomerAct {
    let buttons = player.stage().chat().buttons();
    match chance.pick(&buttons) {
        Some(label) if chance.percent(80) => CustomerAct::Button(label.clone()),
        Some(label) => CustomerAct::Text(label.clone()),
        None => CustomerAct::Text(chance.pick(&material.labels).cloned().unwrap_or_else(|| "1".to_owned())),
    }
}

fn other_kind(chance: &mut Chance) -> CustomerAct {
    match chance.below(8) {
        0 => CustomerAct::Image,
        1 => CustomerAct::Post,
        2 => CustomerAct::Video,
        3 => CustomerAct::Sticker,
        4 => CustomerAct::Emoji,
        5 => CustomerAct::Unsupported,
        6 => CustomerAct::Reaction("👍".to_owned()),
        _ => CustomerAct::Comment("how much is it?".to_owned()),
    }
}

/// The step that waits.
fn waiting<'a>(bot: &'a Bot, status: &Status) -> Option<&'a Op> {
    let (flow, step) = status.place.as_ref()?;
    status.waits_for.as_ref()?;
    Some(&bot.flow(flow)?.steps.get(*step)?.op)
}

/// An answer to the question that waits: mostly a right one, pressed or typed, as a number or nearly.
fn answering(player: &Player, op: &Op, chance: &mut Chance) -> Option<CustomerAct> {
    let text = |text: String| Some(CustomerAct::Text(text));
    if chance.percent(20) {
        return text(gibberish(chance));
    }
    let buttons = player.stage().chat().buttons();
    match op {
        Op::Choose { choices, .. } => {
            let at = chance.below(choices.len());
            let choice = choices.get(at)?;
            match chance.below(5) {
                0 => text(at.saturating_add(1).to_string()),
                1 => chance.pick(&choice.also).cloned().map(CustomerAct::Text),
                2 => chance.pick(&buttons).map(|label| near(label, chance)).and_then(text),
                3 => chance.pick(&buttons).cloned().and_then(text),
                _ => chance.pick(&buttons).cloned().map(CustomerAct::Button),
            }
        }
        Op::Ask { kind: Type::Image, .. } => Some(CustomerAct::Image),
        Op::Ask { kind: Type::Post, .. } => Some(CustomerAct::Post),
        Op::Ask { kind: Type::OneOfList(list), .. } => match chance.pick(&buttons) {
            Some(label) if chance.percent(50) => Some(CustomerAct::Button(label.clone())),
            _ => chance.pick(&labels(player.stage().chat().value(list)?)).cloned().and_then(text),
        },
        Op::Ask { kind, .. } => match chance.pick(&buttons) {
            Some(label) if matches!(kind, Type::OneOf(_) | Type::YesNo) && chance.percent(40) => {
                Some(CustomerAct::Button(label.clone()))
            }
            _ => match constant(kind, &player.material().constants, chance) {
                Some(Value::Text(wanted)) if chance.percent(30) => text(wanted),
                Some(Value::Number(wanted)) if chance.percent(30) => text(wanted.to_string()),
                _ => fitting(kind, chance).and_then(text),
            },
        },
        _ => None,
    }
}

/// The labels of a computed closed type.
fn labels(list: Value) -> Vec<String> {
    let Value::List(items) = list else { return Vec::new() };
    items
        .into_iter()
        .filter_map(|item| match item {
            Value::Text(text) => Some(text),
            Value::Number(number) => Some(number.to_string()),
            Value::Map(mut map) => match map.remove("label") {
                Some(Value::Text(text)) => Some(text),
                _ => None,
            },
            _ => None,
        })
        .collect()
}

/// An answer for a call: one that fits, one that does not, a status that the step knows or does not, none in time.
pub(super) fn answer(bot: &Bot, material: &Material, call: &Call, chance: &mut Chance) -> TestStep {
    match call {
        Call::Fetch(request) => {
            let steps = bot.flows.iter().flat_map(|flow| &flow.steps);
            let fetches: Vec<_> = steps
                .filter_map(|step| match &step.op {
                    Op::Fetch(fetch) if fetch.method == request.method => Some(fetch),
                    _ => None,
                })
                .collect();
            let fetch = chance.pick(&fetches);
            let known: Vec<u16> = fetches.iter().flat_map(|fetch| &fetch.statuses).flat_map(|(all, _)| all).copied().collect();
            let body = |chance: &mut Chance| match fetch.and_then(|fetch| fetch.gives.as_ref()) {
                Some(fields) => Some(Value::Map(record(fields, &material.constants, chance))),
                None => chance.percent(70).then(|| Value::Map(crate::bot::ValueMap::new())),
            };
            let answer = match chance.below(10) {
                0..=5 => Some((200, body(chance))),
                6 => Some((chance.pick(&known).copied().unwrap_or(404), None)),
                7 => Some((*chance.pick(&[400, 404, 429, 500]).unwrap_or(&500), None)),
                8 => Some((200, chance.percent(50).then(|| misfit(&Type::Any)))),
                _ => None,
            };
            TestStep::GivenFetch { method: request.method, url: request.url.clone(), answer }
        }
        Call::Run { script, function, .. } => {
            let kind = bot.flows.iter().flat_map(|flow| &flow.steps).find_map(|step| match &step.op {
                Op::Run { script: named, function: called, kind, .. } if named == script && called == function => Some(kind),
                _ => None,
            });
            let fits = kind.and_then(|kind| value(kind, &material.constants, chance)).filter(|_| chance.percent(80));
            let value = fits.unwrap_or_else(|| kind.map_or(Value::Bool(true), misfit));
            TestStep::GivenRun { script: script.clone(), function: function.clone(), value }
        }
    }
}
