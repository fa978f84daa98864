//! Keywords that are answers of a question: while it waits they mean the answer, at all other times they start a flow. That
//! is as the author wishes where both lead to one flow, and a trap where they do not.

use std::collections::BTreeSet;

use super::super::{code, walk};
use super::Arena;
use super::wants::Example;
use crate::bot::{Hit, On, Rank, Type};
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::syntax::tree::{Ask, Block, Phrase, Piece, Step, StepKind, Text, TypeKind};
use crate::text::{fold, yes_no};

/// Findings of a bot.
const SHOWN_MOST: usize = 100;
/// Named texts inside named texts.
const DEPTH_MOST: usize = 8;

/// One answer of a waiting step.
struct Answer<'a> {
    text: String,
    place: Span,
    /// Where it goes on; the rest of the flow without one.
    block: Option<&'a Block>,
}

pub(super) fn check(arena: &Arena<'_, '_>) {
    let mut shown = 0_usize;
    let world = arena.world;
    let yes_or_no = yes_or_no(arena);
    for (flow, item) in world.flows.iter().enumerate() {
        walk::steps(&item.steps, &mut |step| {
            for answer in answers(arena, step, &yes_or_no) {
                if shown < SHOWN_MOST && meets(arena, flow, &answer) {
                    shown = shown.saturating_add(1);
                }
            }
        });
    }
}

/// Reports the trigger that the answer's text would start, where that is another flow than the answer's.
fn meets(arena: &Arena<'_, '_>, flow: usize, answer: &Answer<'_>) -> bool {
    let example = Example { text: answer.text.clone(), comment: false };
    let letters = fold(&answer.text).chars().filter(|c| *c != ' ').count();
    let whole = |hit: &&Hit| match hit.rank {
        Rank::Exactly => true,
        Rank::Words | Rank::Starting => hit.letters == letters,
        _ => false,
    };
    let hits = arena.matcher.hits_beside(&example.heard(), &arena.beside);
    let Some(hit) = hits.iter().find(whole) else { return false };
    let Some(trigger) = arena.trigger(hit.trigger) else { return false };
    if trigger.flow == flow || answer.block.is_some_and(|block| goes_to(block, arena.flow(hit.trigger))) {
        return false;
    }
    let Some(placed) = arena.triggers.get(hit.trigger) else { return false };
    let asking = arena.world.flows.get(flow).map_or("", |flow| flow.name.text.as_str());
    let started = arena.flow(hit.trigger);
    let message = format!("`{}` is an answer here and starts `{started}` at all other times", answer.text);
    let finding = Diagnostic::warning(code::EXPECTED_ANSWER, answer.place, message)
        .here(format!("while `{asking}` waits, it is the answer"))
        .also(placed.tree.span, format!("else it starts `{started}`"));
    arena.world.findings.add(finding.help("let both lead to one flow, or take another word for one of them"));
    true
}

/// Whether some way through the block leaves for this flow.
fn goes_to(block: &Block, flow: &str) -> bool {
    let mut goes = false;
    walk::steps(&block.steps, &mut |step| match &step.kind {
        StepKind::Goto { first, .. } => goes |= first.text == flow,
        StepKind::Do { flow: name, .. } => goes |= name.text == flow,
        _ => {}
    });
    goes
}

/// The fixed answers that a step waits for.
fn answers<'a>(arena: &Arena<'_, '_>, step: &'a Step, yes_or_no: &[String]) -> Vec<Answer<'a>> {
    let mut list = Vec::new();
    match &step.kind {
        StepKind::Choose(choose) => {
            for (at, option) in choose.options.iter().enumerate() {
                let block = Some(&option.block);
                let mut texts = Vec::new();
                literals(arena, &option.label, 0, &mut texts);
                list.extend(texts.into_iter().map(|(text, place)| Answer { text, place, block }));
                let number = at.saturating_add(1).to_string();
                list.push(Answer { text: number, place: option.span, block });
                for phrase in &option.also {
                    match phrase {
                        Phrase::Text(text) => list.push(Answer { text: text.value.clone(), place: text.span, block }),
                        Phrase::Set(name) => {
                            let known = arena.world.words.get(name.text.as_str());
                            let set = known.map_or(&[][..], |(_, phrases)| phrases.as_slice());
                            list.extend(set.iter().map(|text| Answer { text: text.clone(), place: name.span, block }));
                        }
                    }
                }
            }
        }
        StepKind::Ask(ask) => {
            if let Some(TypeKind::OneOf(words)) = ask.kind.as_ref().map(|kind| &kind.kind) {
                list.extend(words.iter().map(|(label, _)| Answer { text: label.value.clone(), place: label.span, block: None }));
            } else if let Some((place, texts)) = of_type(arena, ask, yes_or_no) {
                list.extend(texts.into_iter().map(|text| Answer { text, place, block: None }));
            }
        }
        _ => {}
    }
    list
}

/// The answers of a question whose type is given elsewhere, or that are yes and no, and where it asks for them.
fn of_type(arena: &Arena<'_, '_>, ask: &Ask, yes_or_no: &[String]) -> Option<(Span, Vec<String>)> {
    let (place, kind) = match (&ask.kind, ask.target.as_slice()) {
        (Some(kind), _) => (kind.span, matches!(kind.kind, TypeKind::YesNo).then_some(Type::YesNo)),
        (None, [_, field]) => (field.span, arena.world.field_named(&field.text).and_then(|field| field.kind.clone())),
        _ => return None,
    };
    match kind? {
        Type::YesNo => Some((place, yes_or_no.to_vec())),
        Type::OneOf(words) => Some((place, words.into_iter().map(|word| word.label).collect())),
        _ => None,
    }
}

/// The keywords that say yes or no: of each trigger the first, in its order. All of them would be told of at one place.
fn yes_or_no(arena: &Arena<'_, '_>) -> Vec<String> {
    let keywords = arena.triggers.iter().filter_map(|placed| match &placed.trigger.on {
        On::Words(list) | On::Exactly(list) | On::Starting(list) => list.iter().find(|word| yes_no(word).is_some()).cloned(),
        _ => None,
    });
    let mut seen = BTreeSet::new();
    keywords.filter(|word| seen.insert(fold(word))).collect()
}

/// The texts without holes that stand here.
fn literals(arena: &Arena<'_, '_>, text: &Text, depth: usize, list: &mut Vec<(String, Span)>) {
    match text {
        Text::Template(template) => {
            let fixed = template.pieces.iter().map(|piece| match piece {
                Piece::Literal(text) => Some(text.as_str()),
                Piece::Hole { .. } => None,
            });
            list.extend(fixed.collect::<Option<String>>().map(|text| (text, template.span)));
        }
        Text::OneOf(texts, _) => texts.iter().for_each(|text| literals(arena, text, depth, list)),
        Text::PerLanguage(texts, _) => texts.iter().for_each(|(_, text)| literals(arena, text, depth, list)),
        Text::Named(name) => {
            if let Some(item) = arena.world.texts.get(name.text.as_str()).filter(|_| depth < DEPTH_MOST) {
                literals(arena, &item.text, depth.saturating_add(1), list);
            }
        }
    }
}
