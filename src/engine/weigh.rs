//! How many bytes an encoded conversation has at most, without encoding it.

use super::Conversation;
use super::state::{Anchor, Heard, Run};
use crate::bot::{Value, ValueMap};

/// A character of a text takes at most so many bytes when it is escaped.
const ESCAPED: usize = 6;
/// Names of ours, punctuation and numbers of one row, by its kind; each is more than the row can take.
const ROW: usize = 120;
const QUEUED: usize = 500;
const REMEMBERED: usize = 60;
/// All that stands in it once.
const FIXED: usize = 2_000;

/// An upper bound: the size need be measured only where this is beyond the limit. It is asked for after every message, and
/// most of what it looks at is empty.
pub(super) fn bytes_at_most(state: &Conversation) -> usize {
    let mut bytes = FIXED
        + state.queue.len() * QUEUED
        + (state.known.len() + state.said.len()) * REMEMBERED
        + (state.lost.len() + state.ledger.rows()) * ROW;
    let mut add = |more: usize| bytes = bytes.saturating_add(more);
    [state.run.as_ref(), state.parked.as_deref()].into_iter().flatten().for_each(|one| add(run(one)));
    state.message.iter().for_each(|one| add(heard(one)));
    if let Some(gathered) = &state.gathered {
        gathered.texts.iter().for_each(|one| add(heard(one)));
    }
    if !state.deferred.is_empty() {
        state.deferred.iter().for_each(|one| add(heard(one)));
    }
    state.contact.iter().for_each(|(name, kept)| add(text(name) + value(&kept.value) + ROW));
    for names in [&state.tags, &state.fired] {
        names.iter().for_each(|name| add(text(name) + REMEMBERED));
    }
    state.wins.keys().for_each(|name| add(text(name) + REMEMBERED));
    state.splits.iter().for_each(|(name, way)| add(text(name) + text(way) + ROW));
    state.suspects.iter().for_each(|suspect| add(text(&suspect.id) + ROW));
    if let Some(referral) = &state.referral {
        let parts = [Some(&referral.source), referral.ad_id.as_ref(), referral.ad_name.as_ref(), referral.link_ref.as_ref()];
        add(parts.into_iter().flatten().map(|part| text(part)).sum::<usize>() + ROW);
    }
    state.newest.iter().for_each(|(_, id)| add(text(id)));
    state.started_by.iter().for_each(|id| add(text(id)));
    state.comment.iter().for_each(|known| add(text(&known.id)));
    if let Some(handed) = state.stand.handed() {
        add(handed.anchor.as_ref().map_or(0, anchor) + handed.team.as_deref().map_or(0, text));
    }
    bytes
}

fn text(text: &str) -> usize {
    text.len().saturating_mul(ESCAPED)
}

fn run(run: &Run) -> usize {
    let frames: usize = run.callers.iter().chain([&run.at]).map(anchor).sum();
    let wait = run.wait.as_ref().map_or(0, |wait| {
        let ended = wait.ended.as_ref().map_or(0, |ended| ended.value().map_or(ROW * ESCAPED * 3, value));
        let labels: usize = wait.labels.iter().map(|label| text(label) + REMEMBERED).sum();
        labels + wait.values.iter().map(value).sum::<usize>() + text(&wait.what) + ended + ROW
    });
    let fault = run.fault.as_ref().map_or(0, |fault| text(&fault.reason) + text(&fault.step));
    frames + wait + fault + ROW
}

fn anchor(anchor: &Anchor) -> usize {
    let loops = anchor.loops.values().map(|turns| turns.left.iter().flatten().map(value).sum::<usize>() + REMEMBERED);
    text(&anchor.flow) + map(&anchor.variables) + loops.sum::<usize>() + ROW
}

fn heard(heard: &Heard) -> usize {
    let parts: usize = heard.parts.iter().map(|part| text(part) + REMEMBERED).sum();
    let details = [heard.media.as_deref(), heard.button.as_deref()];
    text(&heard.id) + text(&heard.text) + parts + details.into_iter().flatten().map(text).sum::<usize>() + QUEUED
}

fn map(values: &ValueMap) -> usize {
    values.iter().map(|(name, one)| text(name) + value(one)).sum()
}

fn value(one: &Value) -> usize {
    match one {
        Value::Text(said) => text(said) + REMEMBERED,
        Value::List(items) => items.iter().map(value).sum::<usize>() + REMEMBERED,
        Value::Map(fields) => map(fields) + REMEMBERED,
        _ => REMEMBERED,
    }
}
