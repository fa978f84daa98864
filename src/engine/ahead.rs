//! Reading ahead. What a message needs of its conversation and of its flow stands in some dozens of places, each found by
//! way of another one, and in a large bot none of them was touched for a while: going to memory for one after the other
//! takes longer than all the rest of the sprint. Here they are touched side by side before they are needed, so that memory
//! is waited for once. Nothing is decided by what is read.

use std::hint::black_box;

use super::Conversation;
use crate::bot::{Expr, Flow, Op, Piece, Place, Step, Text, Trigger};

/// Steps from the first one on: until the next wait there are seldom more. Jumps, as over the blocks of a question, are
/// followed and not counted.
const STEPS: usize = 3;
const JUMPS: usize = 2;
/// Pieces of a text.
const PIECES: usize = 5;

/// What most sprints touch of a conversation.
pub(super) fn of(state: &Conversation) {
    let (first, last) = (state.contact.first_key_value(), state.contact.last_key_value());
    let wait = state.run.as_ref().and_then(|run| run.wait.as_ref());
    black_box([
        state.message.as_ref().map_or(0, |heard| byte(&heard.text) ^ byte(&heard.id)),
        state.started_by.as_deref().map_or(0, byte),
        state.newest.as_ref().map_or(0, |(_, id)| byte(id)),
        first.map_or(0, |(name, _)| byte(name)),
        last.map_or(0, |(_, kept)| kept.at.0.to_le_bytes()[0]),
        state.queue.front().map_or(0, |entry| entry.id.0.to_le_bytes()[0]),
        state.said.front().map_or(0, |(print, _)| print.to_le_bytes()[0]),
        state.ledger.spent().to_le_bytes()[0],
        state.language.as_deref().map_or(0, byte),
        wait.map_or(0, |wait| byte(&wait.what)),
    ]);
}

/// What a trigger that wins is asked for.
pub(super) fn trigger(trigger: Option<&Trigger>) {
    black_box(trigger.map_or(0, |trigger| byte(&trigger.key) ^ trigger.origin.line.to_le_bytes()[0]));
}

/// What the steps of a flow are made of, from this one on.
pub(super) fn steps(flow: Option<&Flow>, from: usize) {
    let Some(flow) = flow else { return };
    black_box(byte(&flow.name));
    let (mut at, mut jumps, mut left) = (from, JUMPS, STEPS);
    while left > 0
        && let Some(step) = flow.steps.get(at)
    {
        match step.op {
            Op::Jump(target) if jumps > 0 => (at, jumps) = (target, jumps.saturating_sub(1)),
            _ => {
                black_box(of_step(step));
                (at, left) = (at.saturating_add(1), left.saturating_sub(1));
            }
        }
    }
}

fn of_step(step: &Step) -> u8 {
    let op = match &step.op {
        Op::Say { text, .. } => of_text(text),
        Op::Ask { target, text, .. } => of_place(target) ^ of_text(text),
        Op::Choose { text, choices, .. } => choices.iter().map(|choice| of_text(&choice.label)).fold(of_text(text), xor),
        Op::Set { target, value } => of_place(target) ^ of_expr(value),
        Op::Branch { condition, .. } => of_expr(condition),
        _ => 0,
    };
    op ^ step.digest.to_le_bytes()[0] ^ step.origin.line.to_le_bytes()[0]
}

fn of_text(text: &Text) -> u8 {
    let template = text.by_language.first().and_then(|variants| variants.first());
    let pieces = template.map(|template| &*template.pieces).unwrap_or_default();
    let piece = |piece: &Piece| match piece {
        // Its ends: a line of memory holds 64 bytes, and a usual text is not much longer.
        Piece::Literal(literal) => byte(literal) ^ literal.as_bytes().last().copied().unwrap_or(0),
        Piece::Hole(hole) => of_expr(&hole.value),
    };
    pieces.iter().take(PIECES).map(piece).fold(0, xor)
}

fn of_expr(expr: &Expr) -> u8 {
    match expr {
        Expr::Place(place) => of_place(place),
        Expr::Binary(_, left, right) => of_operand(left) ^ of_operand(right),
        _ => 0,
    }
}

fn of_operand(expr: &Expr) -> u8 {
    match expr {
        Expr::Place(place) => of_place(place),
        Expr::Value(_) => 1,
        _ => 0,
    }
}

fn of_place(place: &Place) -> u8 {
    match place {
        Place::Variable(name) => byte(name),
        Place::Contact(name) => byte(name),
        _ => 0,
    }
}

fn byte(text: &str) -> u8 {
    text.as_bytes().first().copied().unwrap_or(0)
}

const fn xor(one: u8, other: u8) -> u8 {
    one ^ other
}
