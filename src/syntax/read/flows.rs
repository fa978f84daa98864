//! Flows and their triggers.

use crate::syntax::codes;
use crate::syntax::explain::Place;
use crate::syntax::grammar::{Pair, Rule};
use crate::syntax::tree::{Anytime, FlowItem, Name, On, Parameter, Spanned, Step, StepKind, Trigger};

use super::{Reader, child};

impl Reader<'_> {
    pub(super) fn flow(&mut self, pair: &Pair<'_>, name: Name) -> FlowItem {
        let mut flow = FlowItem {
            name,
            parameters: Vec::new(),
            title: None,
            result: None,
            renamed_from: None,
            triggers: Vec::new(),
            steps: Vec::new(),
            span: self.span(pair),
        };
        for inner in pair.clone().into_inner() {
            match inner.as_rule() {
                Rule::template => flow.title = Some(self.plain(&inner)),
                Rule::trigger => flow.triggers.push(self.trigger(&inner)),
                Rule::parameters => flow.parameters = inner.into_inner().filter_map(|one| self.parameter(&one)).collect(),
                Rule::result => flow.result = child(&inner, Rule::kind).map(|kind| self.kind(&kind)),
                Rule::renamed => flow.renamed_from = self.renamed(&inner),
                Rule::odd_gap => self.gap(&inner),
                Rule::broken_trigger => {
                    let span = child(&inner, Rule::broken).map_or(flow.span, |broken| self.broken(&broken, Place::Trigger));
                    flow.triggers.push(Trigger {
                        on: On::Broken,
                        when: None,
                        anytime: None,
                        once_per_ms: None,
                        priority: None,
                        span,
                    });
                }
                _ => flow.steps.extend(self.in_block(&inner)),
            }
        }
        flow
    }

    fn parameter(&mut self, pair: &Pair<'_>) -> Option<Parameter> {
        let name = self.name(&child(pair, Rule::name)?);
        Some(Parameter { name, kind: self.kind(&child(pair, Rule::kind)?), span: self.span(pair) })
    }

    /// `renamed from "…"`
    pub(super) fn renamed(&mut self, pair: &Pair<'_>) -> Option<Spanned<String>> {
        child(pair, Rule::template).map(|name| self.plain(&name))
    }

    /// What stands among steps: a step, a trigger come too late, or something unreadable.
    pub(super) fn in_block(&mut self, pair: &Pair<'_>) -> Option<Step> {
        let span = self.span(pair);
        match pair.as_rule() {
            Rule::step => Some(self.step(pair)),
            Rule::late_trigger => {
                self.error(codes::MISPLACED, span, "a trigger cannot stand after a step", "triggers stand first in a flow");
                Some(Step { kind: StepKind::Broken, span })
            }
            Rule::broken => {
                let place = if begins_with_on(pair) { Place::Trigger } else { Place::Step };
                Some(Step { kind: StepKind::Broken, span: self.broken(pair, place) })
            }
            _ => None,
        }
    }

    fn trigger(&mut self, pair: &Pair<'_>) -> Trigger {
        let span = self.span(pair);
        let mut trigger = Trigger { on: On::Broken, when: None, anytime: None, once_per_ms: None, priority: None, span };
        for inner in pair.clone().into_inner() {
            match inner.as_rule() {
                Rule::event => trigger.on = inner.into_inner().next().map_or(On::Broken, |event| self.event(&event)),
                Rule::modifier => self.modifier(&inner, &mut trigger),
                _ => {}
            }
        }
        trigger
    }

    fn modifier(&mut self, pair: &Pair<'_>, trigger: &mut Trigger) {
        let mut parts = pair.clone().into_inner();
        let again = match (parts.next().map(|word| word.as_rule()), parts.next_back()) {
            (Some(Rule::k_when), Some(value)) => trigger.when.replace(self.value(&value)).is_some(),
            (Some(Rule::k_once), Some(time)) => trigger.once_per_ms.replace(self.duration(&time)).is_some(),
            (Some(Rule::k_priority), Some(number)) => trigger.priority.replace(self.whole(&number)).is_some(),
            (_, resume) => {
                let anytime = if resume.is_some() { Anytime::Resume } else { Anytime::Replace };
                trigger.anytime.replace(anytime).is_some()
            }
        };
        if again {
            self.twice(pair);
        }
    }

    fn event(&mut self, pair: &Pair<'_>) -> On {
        self.event_of(pair).unwrap_or(On::Broken)
    }

    fn event_of(&mut self, pair: &Pair<'_>) -> Option<On> {
        let text = child(pair, Rule::template);
        let duration = child(pair, Rule::duration);
        Some(match pair.as_rule() {
            Rule::on_message => self.text_form(&child(pair, Rule::text_form)?),
            Rule::on_any => On::AnyText,
            Rule::on_button => On::Button(self.name(&child(pair, Rule::name)?)),
            Rule::on_kind => match pair.clone().into_inner().next()?.as_rule() {
                Rule::k_image => On::Image,
                Rule::k_post => On::Post,
                Rule::k_video => On::Video,
                Rule::k_sticker => On::Sticker,
                Rule::k_emoji => On::Emoji,
                _ => On::Unsupported,
            },
            Rule::on_reaction => On::Reaction(text.map(|emoji| self.plain(&emoji))),
            Rule::on_comment => On::Comment(child(pair, Rule::text_form).map(|form| Box::new(self.text_form(&form)))),
            Rule::on_ad => On::Ad(text.map(|id| self.plain(&id))),
            Rule::on_link => On::Link(text.map(|reference| self.plain(&reference))),
            Rule::on_first => On::FirstMessage,
            Rule::on_return => On::Return(self.duration(&duration?)),
            Rule::on_window => On::WindowClosing(self.duration(&duration?)),
            Rule::on_replies => On::RepliesLeft(self.integer(&child(pair, Rule::integer)?)),
            Rule::on_fault => On::Fault,
            Rule::on_fallback => On::Fallback,
            _ => return None,
        })
    }

    /// What the text of a message or comment is compared with, and how.
    fn text_form(&mut self, pair: &Pair<'_>) -> On {
        if let Some(regex) = child(pair, Rule::regex) {
            return On::Matching(self.regex(&regex));
        }
        let phrases = self.phrases_of(pair);
        match pair.clone().into_inner().next().map(|form| form.as_rule()) {
            Some(Rule::k_exactly) => On::Exactly(phrases),
            Some(Rule::k_starting) => On::Starting(phrases),
            Some(Rule::k_like) => On::Like(phrases),
            _ => On::Words(phrases),
        }
    }
}

fn begins_with_on(pair: &Pair<'_>) -> bool {
    super::super::scan::word_at(pair.as_str()) == "on"
}
