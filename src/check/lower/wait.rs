//! Steps that wait for the customer: `ask` and `choose`.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::super::expression::Scope;
use super::super::kind::{self, Kind};
use super::super::{code, time, walk};
use super::{Lowerer, Silence as Quiet};
use crate::bot::{self, Invalid, Limit, Op, Place, Silence};
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::syntax::tree::{Ask, Block, Choose, Text, Type, TypeKind, WaitClause, WaitClauseKind};

const TRIES: u32 = 3;
const WITHIN_MS: i64 = 24 * 3_600_000;

/// The clauses of one wait: its own, then the bot's defaults, then the language's.
pub(in super::super) struct Clauses<'t> {
    pub invalid: Option<&'t Text>,
    pub tries: u32,
    pub after_tries: Option<&'t Block>,
    pub within_ms: i64,
    pub after_silence: Option<&'t Block>,
    pub nudges: Vec<(i64, &'t Text, Span)>,
}

impl<'t> Clauses<'t> {
    /// Puts together what holds for one wait.
    pub(in super::super) fn new(own: &'t [WaitClause], defaults: &[&'t WaitClause]) -> Self {
        let mut done = Self {
            invalid: None,
            tries: TRIES,
            after_tries: None,
            within_ms: WITHIN_MS,
            after_silence: None,
            nudges: Vec::new(),
        };
        // The last one wins, so the wait's own clauses come last.
        let own_nudges = own.iter().filter_map(|clause| match &clause.kind {
            WaitClauseKind::Nudge(after, text) => Some((after.value, text, clause.span)),
            _ => None,
        });
        done.nudges.extend(own_nudges);
        for clause in defaults.iter().copied().chain(own) {
            match &clause.kind {
                WaitClauseKind::Invalid(text) => done.invalid = Some(text),
                WaitClauseKind::Tries(tries, block) => (done.tries, done.after_tries) = (tries.value, block.as_ref()),
                WaitClauseKind::Within(within, block) => (done.within_ms, done.after_silence) = (within.value, block.as_ref()),
                WaitClauseKind::Nudge(..) => {}
            }
        }
        done
    }
}

impl Scope<'_, '_> {
    /// The type of a question: what a customer can answer with.
    pub(in super::super) fn answer_type(&self, kind: &Type) -> Option<bot::Type> {
        match &kind.kind {
            TypeKind::OneOfList(list) => {
                let typed = self.expr(list);
                if !typed.kind.may_be(Kind::List) {
                    let finding = Diagnostic::error(code::NOT_A_LIST, list.span, "`one of` takes a list here")
                        .here(format!("this is {}", typed.kind.name()));
                    self.report(finding);
                }
                Some(bot::Type::OneOfList(typed.expr.into()))
            }
            // One item a line, or parted by commas.
            TypeKind::List(0, _) => kind::lower(kind, &self.world.findings),
            TypeKind::List(most, of) if !matches!(of.kind, TypeKind::Record(_) | TypeKind::List(..)) => {
                Some(bot::Type::List { most: *most, of: Box::new(self.answer_type(of)?) })
            }
            TypeKind::Record(_) | TypeKind::List(..) => {
                let finding = Diagnostic::error(code::TYPE_PLACE, kind.span, "nobody can answer a question so");
                self.report(finding.help("ask for one thing after the other"));
                None
            }
            _ => kind::lower(kind, &self.world.findings),
        }
    }
}

impl Lowerer<'_, '_> {
    pub(super) fn ask(&mut self, ask: &Ask, span: Span) {
        let text = self.scope.text(&ask.text);
        let place = self.target(&ask.target);
        let kind = self.ask_type(ask, place.as_ref(), span);
        self.check_clauses(&ask.clauses);
        self.blocks_leave_or_set(ask);
        let Some(target) = place else { return };
        // A broken type was spoken of; the steps behind the question may still use its name.
        let kind = kind.unwrap_or(bot::Type::YesNo);
        let defaults = self.world().defaults.clone();
        let clauses = Clauses::new(&ask.clauses, &defaults);
        let (tries, within, end) = (self.mark(), self.mark(), self.mark());
        let op = Op::Ask {
            target,
            kind,
            text,
            invalid: Invalid(clauses.invalid.map(|text| self.scope.text(text))),
            tries: Limit { tries: clauses.tries, target: tries },
            within: Silence { within_ms: clauses.within_ms, target: within },
            nudges: self.nudges(&clauses),
        };
        self.emit(op, span);
        self.emit_made(Op::Jump(end), span);
        self.side(tries, clauses.after_tries, end, span);
        self.side(within, clauses.after_silence, end, span);
        self.put(end);
    }

    fn ask_type(&self, ask: &Ask, place: Option<&Place>, span: Span) -> Option<bot::Type> {
        let own = ask.kind.as_ref().map(|kind| (self.scope.answer_type(kind), kind.span));
        match (place, own) {
            (Some(Place::Contact(name)), Some((_, place))) => {
                let field = self.world().field_named(name)?;
                let finding =
                    Diagnostic::error(code::ASK_TYPE, place, format!("the type of `contact.{name}` stands in `contact`"));
                self.report(finding.also(field.item.kind.span, "here").help("leave the type away in the question"));
                None
            }
            (Some(Place::Contact(name)), None) => self.world().field_named(name)?.kind.clone(),
            (Some(Place::Language), _) => {
                let finding = Diagnostic::error(code::CANNOT_BE_SET, span, "a language cannot be asked for directly");
                self.report(finding.help("use `choose`, and `set conversation.language` in its blocks"));
                None
            }
            (_, Some((kind, _))) => kind,
            (Some(Place::Variable(name)), None) => {
                let finding = Diagnostic::error(code::ASK_TYPE, span, format!("the question does not say what `{name}` may be"));
                self.report(finding.help(format!("write `ask {name}: text(200) …`")));
                None
            }
            _ => None,
        }
    }

    /// After the block of `tries` or `within` the run goes on as if there was an answer, so there must be one.
    fn blocks_leave_or_set(&self, ask: &Ask) {
        let target: Vec<&str> = ask.target.iter().map(|name| name.text.as_str()).collect();
        let defaults = self.world().defaults.iter().copied();
        let overridden = |clause: &WaitClause| {
            ask.clauses.iter().any(|own| std::mem::discriminant(&own.kind) == std::mem::discriminant(&clause.kind))
        };
        for clause in ask.clauses.iter().chain(defaults.filter(|clause| !overridden(clause))) {
            let (word, block) = match &clause.kind {
                WaitClauseKind::Tries(_, Some(block)) => ("tries", block),
                WaitClauseKind::Within(_, Some(block)) => ("within", block),
                _ => continue,
            };
            if !walk::leaves_or_sets(&block.steps, &target) {
                let name = target.join(".");
                let message = format!("after this block `{name}` may be without a value");
                let finding =
                    Diagnostic::error(code::MUST_LEAVE_OR_SET, block.span, message).here(format!("the block of `{word}`"));
                self.report(finding.help(format!("end it with `stop`, `goto …` or `handoff …`, or `set {name} = …`")));
            }
        }
    }

    /// Numbers of clauses, and clauses given twice.
    pub(super) fn check_clauses(&self, clauses: &[WaitClause]) {
        let mut seen = HashMap::new();
        for clause in clauses {
            let kind = std::mem::discriminant(&clause.kind);
            match &clause.kind {
                WaitClauseKind::Nudge(after, _) => {
                    if after.value <= 0 {
                        self.report(Diagnostic::error(
                            code::OUT_OF_RANGE,
                            after.span,
                            "`nudge after` takes a duration above zero",
                        ));
                    }
                    continue;
                }
                WaitClauseKind::Tries(tries, _) if tries.value == 0 => {
                    self.report(Diagnostic::error(code::OUT_OF_RANGE, tries.span, "at least one try is needed"));
                }
                WaitClauseKind::Within(within, _) if within.value <= 0 => {
                    self.report(Diagnostic::error(code::OUT_OF_RANGE, within.span, "`within` takes a duration above zero"));
                }
                _ => {}
            }
            match seen.entry(kind) {
                Entry::Occupied(first) => {
                    let finding = Diagnostic::error(code::GIVEN_TWICE, clause.span, "this clause is given twice");
                    self.report(finding.also(*first.get(), "the first one"));
                }
                Entry::Vacant(slot) => {
                    slot.insert(clause.span);
                }
            }
        }
    }

    fn nudges(&self, clauses: &Clauses<'_>) -> Vec<(i64, bot::Text)> {
        let mut before = 0;
        for (after, _, span) in &clauses.nudges {
            if *after <= before && before > 0 {
                let finding = Diagnostic::error(code::NUDGE_ORDER, *span, "this nudge does not come after the one before it");
                self.report(finding.help("nudges rise in time, all counted from the question"));
            } else if *after >= clauses.within_ms {
                let within = time::duration(clauses.within_ms);
                let finding =
                    Diagnostic::error(code::NUDGE_ORDER, *span, format!("the question ends after {within}, before this nudge"));
                self.report(finding.help("nudge earlier, or make `within` longer"));
            }
            before = *after;
        }
        clauses.nudges.iter().map(|(after, text, _)| (*after, self.scope.text(text))).collect()
    }

    pub(super) fn choose(&mut self, choose: &Choose, span: Span) {
        self.check_clauses(&choose.clauses);
        super::super::card::check(&self.scope, choose, span);
        let text = self.scope.text(&choose.text);
        let defaults = self.world().defaults.clone();
        let clauses = Clauses::new(&choose.clauses, &defaults);
        let (tries, within, end) = (self.mark(), self.mark(), self.mark());
        let mut choices = Vec::new();
        for option in &choose.options {
            choices.push(bot::Choice {
                label: self.scope.text(&option.label),
                named: option.named.as_ref().map(|name| name.text.clone()),
                also: self.world().phrases(&option.also).into_iter().map(|(text, _)| text).collect(),
                target: self.mark(),
            });
        }
        let targets: Vec<usize> = choices.iter().map(|choice| choice.target).collect();
        let other = choose.other.as_ref().map(|block| (self.mark(), block));
        let op = Op::Choose {
            text,
            as_text: choose.as_text,
            choices,
            other: other.map(|(mark, _)| mark),
            invalid: Invalid(clauses.invalid.map(|text| self.scope.text(text))),
            tries: Limit { tries: clauses.tries, target: tries },
            within: Silence { within_ms: clauses.within_ms, target: within },
            nudges: self.nudges(&clauses),
        };
        self.emit(op, span);
        for (option, mark) in choose.options.iter().zip(targets) {
            self.side(mark, Some(&option.block), end, option.span);
        }
        if let Some((mark, block)) = other {
            self.side(mark, Some(block), end, block.span);
        }
        self.side(tries, clauses.after_tries, end, span);
        let begin = self.out.steps.len();
        self.side(within, clauses.after_silence, end, span);
        if clauses.after_silence.is_some() {
            let own = choose.clauses.iter().find(|clause| matches!(clause.kind, WaitClauseKind::Within(..)));
            let last = self.out.steps.len().saturating_sub(1);
            self.out.silences.push(Quiet { begin, end: last, span: own.map_or(span, |clause| clause.span) });
        }
        self.put(end);
    }
}
