//! Steps.

use crate::source::Span;
use crate::syntax::codes;
use crate::syntax::explain::{self, Place};
use crate::syntax::grammar::{Pair, Rule};
use crate::syntax::tree::{
    Ask, Block, Choice, Choose, Handoff, Name, Step, StepKind, Template, Text, WaitClause, WaitClauseKind,
};

use super::{Reader, child};

impl Reader<'_> {
    pub(super) fn step(&mut self, pair: &Pair<'_>) -> Step {
        let kind = pair.clone().into_inner().next().and_then(|inner| self.step_kind(&inner));
        Step { kind: kind.unwrap_or(StepKind::Broken), span: self.span(pair) }
    }

    /// Steps that hold other steps; kept apart from the rest, so that a level of nesting costs little stack.
    fn step_kind(&mut self, pair: &Pair<'_>) -> Option<StepKind> {
        match pair.as_rule() {
            Rule::choose => Some(StepKind::Choose(self.choose(pair))),
            Rule::ask => self.ask(pair).map(StepKind::Ask),
            Rule::image => self.image(pair),
            Rule::if_step => self.if_step(pair),
            Rule::match_step => self.match_step(pair),
            Rule::handoff => self.handoff(pair).map(StepKind::Handoff),
            Rule::fetch => self.fetch(pair).map(StepKind::Fetch),
            Rule::repeat => self.repeat(pair),
            Rule::for_step => self.for_step(pair),
            Rule::split => self.split(pair),
            _ => self.flat_step(pair),
        }
    }

    fn flat_step(&mut self, pair: &Pair<'_>) -> Option<StepKind> {
        let template = child(pair, Rule::template);
        let name = child(pair, Rule::name).map(|name| self.name(&name));
        let value = child(pair, Rule::value);
        Some(match pair.as_rule() {
            Rule::say => self.say(pair)?,
            Rule::post => StepKind::Post { item_id: self.template(&template?) },
            Rule::typing => StepKind::Typing,
            Rule::seen => StepKind::Seen,
            Rule::stop => StepKind::Stop,
            Rule::leave => StepKind::Leave,
            Rule::set => StepKind::Set { target: self.target(&child(pair, Rule::target)?), value: self.value(&value?) },
            Rule::tagging => {
                let text = self.plain(&template?);
                if child(pair, Rule::k_tag).is_some() { StepKind::Tag(text) } else { StepKind::Untag(text) }
            }
            Rule::goal => StepKind::Goal(self.plain(&template?)),
            Rule::note => StepKind::Note(self.template(&template?)),
            Rule::emit => {
                let data = child(pair, Rule::map).map(|map| self.entries(&map)).unwrap_or_default();
                StepKind::Emit { event: self.plain(&template?), data }
            }
            Rule::label => {
                let renamed_from = child(pair, Rule::renamed).and_then(|renamed| self.renamed(&renamed));
                StepKind::Label { name: name?, renamed_from }
            }
            Rule::goto => self.goto(pair)?,
            Rule::do_step => self.do_step(pair)?,
            Rule::return_step => StepKind::Return(value.map(|value| self.value(&value))),
            Rule::run => self.run(pair)?,
            Rule::wait => StepKind::Wait(self.wait(pair)?),
            _ => {
                let word = child(pair, Rule::odd_channel_word)?;
                let found = explain::not_on_channel(word.as_str(), pair.as_str(), self.span(pair));
                self.report(found);
                StepKind::Broken
            }
        })
    }

    fn image(&mut self, pair: &Pair<'_>) -> Option<StepKind> {
        let file = self.template(&child(pair, Rule::template)?);
        Some(StepKind::Image { file, otherwise: self.body_of(pair) })
    }

    fn say(&mut self, pair: &Pair<'_>) -> Option<StepKind> {
        let text = self.text(&child(pair, Rule::text)?);
        let mut shorts = Vec::new();
        let (mut replying, mut keep_apart) = (false, false);
        for inner in pair.clone().into_inner() {
            let again = match inner.as_rule() {
                Rule::replying => std::mem::replace(&mut replying, true),
                Rule::keep_apart => std::mem::replace(&mut keep_apart, true),
                Rule::short => {
                    shorts.extend(child(&inner, Rule::text).map(|text| self.text(&text)));
                    false
                }
                _ => false,
            };
            if again {
                self.twice(&inner);
            }
        }
        Some(StepKind::Say { text, shorts, replying, keep_apart })
    }

    /// `block` or `body`: its steps.
    pub(super) fn block(&mut self, pair: &Pair<'_>) -> Block {
        let span = self.span(pair);
        if pair.as_rule() == Rule::block {
            let steps = pair.clone().into_inner().filter_map(|inner| self.in_block(&inner)).collect();
            return Block { steps, span };
        }
        let Some(inner) = pair.clone().into_inner().next() else {
            return Block { steps: Vec::new(), span };
        };
        match inner.as_rule() {
            Rule::block => self.block(&inner),
            _ => Block { steps: vec![self.lone_step(&inner)], span },
        }
    }

    /// The one step of a clause or arm without braces.
    fn lone_step(&mut self, pair: &Pair<'_>) -> Step {
        let kind = match pair.as_rule() {
            Rule::lone_image => self.image(pair),
            Rule::lone_ask => self.ask(pair).map(StepKind::Ask),
            Rule::lone_fetch => self.fetch(pair).map(StepKind::Fetch),
            _ => return self.step(pair),
        };
        Step { kind: kind.unwrap_or(StepKind::Broken), span: self.span(pair) }
    }

    pub(super) fn body_of(&mut self, pair: &Pair<'_>) -> Option<Block> {
        child(pair, Rule::body).map(|body| self.block(&body))
    }

    pub(super) fn target(&mut self, pair: &Pair<'_>) -> Vec<Name> {
        pair.clone().into_inner().map(|part| self.name(&part)).collect()
    }

    // --- waits -----------------------------------------------------------------------------------------------------

    fn ask(&mut self, pair: &Pair<'_>) -> Option<Ask> {
        let target = self.target(&child(pair, Rule::target)?);
        let kind = child(pair, Rule::kind).map(|kind| self.kind(&kind));
        let mut clauses = Vec::new();
        let mut languages = Languages::default();
        if let Some(gap) = child(pair, Rule::odd_gap) {
            self.gap(&gap);
        }
        for body in pair.clone().into_inner().filter(|inner| inner.as_rule() == Rule::ask_body) {
            for inner in body.into_inner() {
                match inner.as_rule() {
                    Rule::in_language => languages.add(self, &inner),
                    Rule::clause => clauses.extend(self.clause(&inner)),
                    Rule::broken => {
                        self.broken(&inner, Place::Clause);
                    }
                    _ => {}
                }
            }
        }
        let text = self.prompt(pair, languages, "ask");
        Some(Ask { target, kind, text, clauses })
    }

    /// The text of an `ask` or `choose`: before its braces, or as bare lines of languages in them.
    fn prompt(&mut self, pair: &Pair<'_>, languages: Languages, word: &str) -> Text {
        let lead = child(pair, Rule::lead_text).map(|text| self.text(&text));
        match (lead, languages.span) {
            (Some(text), None) => text,
            (Some(text), Some(span)) => {
                let message = format!("this `{word}` has two texts");
                self.error(codes::MISPLACED, span, message, "keep the text before the braces, or the lines in them");
                text
            }
            (None, Some(span)) => Text::PerLanguage(languages.lines, span),
            (None, None) => {
                let start = self.span(pair).start;
                let span = Span { file: self.file, start, end: start + word.len() as u32 };
                let help = format!("write it after the word: `{word} … \"…\"`");
                self.error(codes::MISSING_TEXT, span, format!("this `{word}` has no text"), help);
                Text::Template(Template { pieces: Vec::new(), block: false, span })
            }
        }
    }

    fn choose(&mut self, pair: &Pair<'_>) -> Choose {
        let mut options = Vec::new();
        let mut other = None;
        let mut clauses = Vec::new();
        let mut languages = Languages::default();
        if let Some(gap) = child(pair, Rule::odd_gap) {
            self.gap(&gap);
        }
        for body in pair.clone().into_inner().filter(|inner| inner.as_rule() == Rule::choose_body) {
            for inner in body.into_inner() {
                match inner.as_rule() {
                    Rule::in_language => languages.add(self, &inner),
                    Rule::option => options.extend(self.option(&inner)),
                    Rule::other => {
                        let before = other.replace(self.body_of(&inner));
                        if before.is_some() {
                            self.twice(&inner);
                        }
                    }
                    Rule::clause => clauses.extend(self.clause(&inner)),
                    Rule::broken => {
                        self.broken(&inner, Place::Option);
                    }
                    _ => {}
                }
            }
        }
        let as_text = child(pair, Rule::as_text).is_some();
        Choose { text: self.prompt(pair, languages, "choose"), as_text, options, other: other.flatten(), clauses }
    }

    fn option(&mut self, pair: &Pair<'_>) -> Option<Choice> {
        let label = self.text(&child(pair, Rule::label_text)?);
        let named = child(pair, Rule::named).and_then(|named| child(&named, Rule::name)).map(|name| self.name(&name));
        let also = child(pair, Rule::also).map(|also| self.phrases_of(&also)).unwrap_or_default();
        let block = self.body_of(pair)?;
        Some(Choice { label, named, also, block, span: self.span(pair) })
    }

    pub(super) fn clause(&mut self, pair: &Pair<'_>) -> Option<WaitClause> {
        let inner = pair.clone().into_inner().next()?;
        let duration = child(&inner, Rule::duration);
        let kind = match inner.as_rule() {
            Rule::invalid => WaitClauseKind::Invalid(self.text(&child(&inner, Rule::text)?)),
            Rule::tries => WaitClauseKind::Tries(self.integer(&child(&inner, Rule::integer)?), self.body_of(&inner)),
            Rule::within => WaitClauseKind::Within(self.duration(&duration?), self.body_of(&inner)),
            _ => WaitClauseKind::Nudge(self.duration(&duration?), self.text(&child(&inner, Rule::text)?)),
        };
        Some(WaitClause { kind, span: self.span(pair) })
    }

    fn handoff(&mut self, pair: &Pair<'_>) -> Option<Handoff> {
        let note = self.template(&child(pair, Rule::template)?);
        let team = child(pair, Rule::name).map(|name| self.name(&name));
        let mut handoff = Handoff { note, team, open: None, closed: None, nobody_in: None, released: None };
        for inner in pair.clone().into_inner() {
            match inner.as_rule() {
                Rule::handoff_part => self.handoff_part(&inner, &mut handoff)?,
                Rule::broken => {
                    self.broken(&inner, Place::HandoffPart);
                }
                _ => {}
            }
        }
        Some(handoff)
    }

    fn handoff_part(&mut self, pair: &Pair<'_>, handoff: &mut Handoff) -> Option<()> {
        let inner = pair.clone().into_inner().next()?;
        let block = self.body_of(&inner)?;
        let again = match inner.as_rule() {
            Rule::when_open => handoff.open.replace(block).is_some(),
            Rule::when_closed => handoff.closed.replace(block).is_some(),
            Rule::released => handoff.released.replace(block).is_some(),
            _ => {
                let duration = self.duration(&child(&inner, Rule::duration)?);
                handoff.nobody_in.replace((duration, block)).is_some()
            }
        };
        if again {
            self.twice(&inner);
        }
        Some(())
    }
}

/// The lines `ar "…"` that stand bare in the braces of an `ask` or `choose`.
#[derive(Default)]
struct Languages {
    lines: Vec<(crate::syntax::tree::Spanned<String>, Text)>,
    span: Option<Span>,
}

impl Languages {
    fn add(&mut self, reader: &mut Reader<'_>, pair: &Pair<'_>) {
        let span = reader.span(pair);
        self.span = Some(self.span.map_or(span, |before| before.to(span)));
        self.lines.push(reader.in_language(pair));
    }
}
