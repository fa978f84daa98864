//! What a message is to a question: an answer, exactly or nearly, or not.

use std::sync::Arc;

use super::answer::{self, pick};
use super::decide::{Pool, button_place};
use super::render::is_secret;
use super::state::{Heard, Kind, Wait};
use super::work::Work;
use crate::bot::{Choice, Op, Place, Step, StepId, Type, Value, Word};

#[derive(Clone, Debug, PartialEq)]
enum Answer {
    Value(Value),
    Choice(usize),
}

#[derive(Clone, Debug, PartialEq)]
enum Fit {
    /// A label, a number, a value of a closed type: nothing comes before it.
    Exact(Answer),
    /// Fits, but an `anytime` trigger comes first.
    Loose(Answer),
    No,
}

impl<'a> Work<'a> {
    /// A message while a question waits, by the table.
    pub(super) fn answer(&mut self, heard: &Arc<Heard>) {
        let wait = self.state.run.as_ref().and_then(|run| run.wait.as_ref());
        let asks = |(_, step): &(StepId, &Step)| matches!(step.op, Op::Ask { .. } | Op::Choose { .. });
        let Some(((at, step), wait)) = self.here().filter(asks).zip(wait) else {
            self.lose();
            return self.hear(Arc::clone(heard));
        };
        let fit = if self.seen_before(wait, heard.at) { Some(self.fit(step, wait, heard)) } else { None };
        let Some(fit) = fit else {
            self.learn_language(heard);
            if !self.try_triggers(heard, Pool::Strong) {
                self.note("kept", "written before the question could be seen");
            }
            return;
        };
        if let Fit::Exact(answer) = fit {
            return self.accept(at, step, answer);
        }
        let formatted = matches!(&step.op, Op::Ask { kind, .. } if !matches!(kind, Type::Text { .. }));
        if !(formatted && matches!(fit, Fit::Loose(_))) {
            self.learn_language(heard);
        }
        if self.try_triggers(heard, Pool::Anytime) {
            return;
        }
        if let Fit::Loose(answer) = fit {
            return self.accept(at, step, answer);
        }
        if let Op::Choose { other, .. } = &step.op {
            if let Some(other) = other {
                self.moved = true;
                self.note_at("answer", "something other than the choices", Some(&step.origin));
                return self.go_on(at, *other);
            }
            if self.try_triggers(heard, Pool::Strong) {
                return;
            }
        }
        self.misfit(at, step);
    }

    fn accept(&mut self, at: StepId, step: &'a Step, answer: Answer) {
        self.moved = true;
        match (&step.op, answer) {
            (Op::Ask { target, kind, .. }, Answer::Value(value)) => {
                match &value {
                    _ if self.is_secret(target) => self.note_at("answer", "(secret)", Some(&step.origin)),
                    Value::Text(text) => self.note_at("answer", text, Some(&step.origin)),
                    other => self.note_at("answer", self.plain(other), Some(&step.origin)),
                }
                let groups = groups_of(kind, &value);
                let mut kept = self.set(target, Some(value));
                for (name, group) in groups {
                    kept = kept.and_then(|()| self.set(&Place::Variable(name), Some(Value::Text(group))));
                }
                match kept {
                    Ok(()) => self.go_on(at, at.step.saturating_add(1)),
                    Err(fault) => self.fault(&fault, Some(&step.origin)),
                }
            }
            (Op::Choose { choices, .. }, Answer::Choice(chosen)) => {
                self.note_at("answer", format_args!("choice {}", chosen.saturating_add(1)), Some(&step.origin));
                match choices.get(chosen) {
                    Some(choice) => self.go_on(at, choice.target),
                    None => self.lose(),
                }
            }
            _ => self.lose(),
        }
    }

    /// Whether what is kept there must not be shown.
    pub(super) fn is_secret(&self, place: &Place) -> bool {
        matches!(place, Place::Contact(name) if is_secret(self.bot(), name) || is_secret(self.live, name))
    }

    fn misfit(&mut self, at: StepId, step: &'a Step) {
        let (Op::Ask { tries, invalid, .. } | Op::Choose { tries, invalid, .. }) = &step.op else { return };
        let misfits = match self.state.run.as_mut().and_then(|run| run.wait.as_mut()) {
            Some(wait) => {
                wait.misfits = wait.misfits.saturating_add(1);
                wait.misfits
            }
            None => return,
        };
        self.note_at("answer", format_args!("does not fit ({misfits} of {})", tries.tries), Some(&step.origin));
        if misfits >= tries.tries {
            self.moved = true;
            return self.go_on(at, tries.target);
        }
        if let Err(fault) = self.say_invalid(step, invalid.0.as_ref()) {
            self.fault(&fault, Some(&step.origin));
        }
    }

    // --- reading ---------------------------------------------------------------------------------------------------

    fn fit(&self, step: &Step, wait: &Wait, heard: &Heard) -> Fit {
        if let Some((visit, index)) = heard.button.as_deref().and_then(button_place)
            && visit == wait.visit
        {
            return match &step.op {
                Op::Choose { choices, .. } if index < choices.len() => Fit::Exact(Answer::Choice(index)),
                Op::Ask { kind: Type::OneOf(words), .. } => match words.get(index) {
                    Some(word) => Fit::Exact(Answer::Value(word.value.clone())),
                    None => Fit::No,
                },
                Op::Ask { kind: Type::OneOfList(_), .. } => match wait.values.get(index) {
                    Some(value) => Fit::Exact(Answer::Value(value.clone())),
                    None => Fit::No,
                },
                Op::Ask { kind: kind @ Type::YesNo, .. } => self.fit_type(kind, heard),
                _ => Fit::No,
            };
        }
        if heard.named_press(&self.live.matcher).is_some() {
            return Fit::No;
        }
        match &step.op {
            Op::Choose { choices, .. } => self.fit_choice(choices, wait, heard),
            Op::Ask { kind, .. } => match asked_now(kind, wait) {
                Some(kind) => self.fit_type(&kind, heard),
                None => self.fit_type(kind, heard),
            },
            _ => Fit::No,
        }
    }

    /// Labels as they were shown, other words, numbers; then near misses.
    fn fit_choice(&self, choices: &[Choice], wait: &Wait, heard: &Heard) -> Fit {
        let labels: Vec<(&str, &[String])> =
            wait.labels.iter().zip(choices).map(|(label, choice)| (label.as_str(), choice.also.as_slice())).collect();
        let found: Vec<(usize, answer::Fit)> = texts(heard).filter_map(|said| pick(said, &labels)).collect();
        if let Some((chosen, _)) = found.iter().find(|(_, fit)| *fit == answer::Fit::Exact) {
            return Fit::Exact(Answer::Choice(*chosen));
        }
        found.first().map_or(Fit::No, |(chosen, _)| Fit::Loose(Answer::Choice(*chosen)))
    }

    fn fit_type(&self, kind: &Type, heard: &Heard) -> Fit {
        match kind {
            Type::Image => media(heard, Kind::Image),
            Type::Post => media(heard, Kind::Post),
            Type::List { of, .. } if matches!(**of, Type::Image | Type::Post) => match self.fit_type(of, heard) {
                Fit::Loose(Answer::Value(value)) => Fit::Loose(Answer::Value(Value::List(vec![value]))),
                _ => Fit::No,
            },
            // A burst is one list, if all of it fits.
            Type::List { .. } => {
                let whole = Some(heard.text.as_str()).filter(|_| matches!(heard.kind, Kind::Text | Kind::Button));
                let read = whole.and_then(|said| self.read(kind, said)).or_else(|| self.read_any(kind, heard));
                read.map_or(Fit::No, |value| Fit::Loose(Answer::Value(value)))
            }
            Type::Text { .. } => {
                if heard.kind != Kind::Text && heard.kind != Kind::Button {
                    return Fit::No;
                }
                self.read(kind, &heard.text).map_or(Fit::No, |value| Fit::Loose(Answer::Value(value)))
            }
            Type::OneOf(_) | Type::YesNo => {
                let exact = texts(heard).find(|said| answer::is_exact(kind, said)).and_then(|said| self.read(kind, said));
                match exact {
                    Some(value) => Fit::Exact(Answer::Value(value)),
                    None => self.read_any(kind, heard).map_or(Fit::No, |value| Fit::Loose(Answer::Value(value))),
                }
            }
            _ => self.read_any(kind, heard).map_or(Fit::No, |value| Fit::Loose(Answer::Value(value))),
        }
    }

    fn read(&self, kind: &Type, said: &str) -> Option<Value> {
        answer::read(kind, said, self.language_tag(), &self.bot().settings.zone, self.now)
    }

    fn read_any(&self, kind: &Type, heard: &Heard) -> Option<Value> {
        texts(heard).find_map(|said| self.read(kind, said))
    }
}

/// The texts of a message in the order in which they may answer: single ones, the last first, then the joined one.
fn texts(heard: &Heard) -> impl Iterator<Item = &str> {
    let typed = matches!(heard.kind, Kind::Text | Kind::Button);
    heard.parts.iter().rev().map(String::as_str).chain(std::iter::once(heard.text.as_str())).filter(move |_| typed)
}

/// A type whose words were computed when it was asked, with those words.
fn asked_now(kind: &Type, wait: &Wait) -> Option<Type> {
    match kind {
        Type::OneOfList(_) => {
            let words = wait.labels.iter().zip(&wait.values);
            Some(Type::OneOf(words.map(|(label, value)| Word { label: label.clone(), value: value.clone() }).collect()))
        }
        Type::List { most, of } => asked_now(of, wait).map(|of| Type::List { most: *most, of: Box::new(of) }),
        _ => None,
    }
}

/// The named groups of an expression that was asked for.
fn groups_of(kind: &Type, value: &Value) -> Vec<(String, String)> {
    match (kind, value) {
        (Type::Matching(regex), Value::Text(said)) => regex.named_in_whole(said),
        _ => Vec::new(),
    }
}

fn media(heard: &Heard, kind: Kind) -> Fit {
    if heard.kind != kind {
        return Fit::No;
    }
    // TikTok's ids are short; what is longer than any answer may be, is none.
    let media = heard.media.clone().filter(|media| media.len() <= answer::ANSWER_BYTES_MOST);
    media.map_or(Fit::No, |media| Fit::Loose(Answer::Value(Value::Text(media))))
}
