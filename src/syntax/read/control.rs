//! Steps that lead to other steps: branches, loops, jumps, calls, waits.

use crate::syntax::codes;
use crate::syntax::explain::Place;
use crate::syntax::grammar::{Pair, Rule};
use crate::syntax::tree::{Arm, Block, Expr, ExprKind, Name, Pattern, Share, StepKind, WaitFor};

use super::{Reader, child};

impl Reader<'_> {
    pub(super) fn wait(&mut self, pair: &Pair<'_>) -> Option<WaitFor> {
        if let Some(duration) = child(pair, Rule::duration) {
            return Some(WaitFor::Duration(self.duration(&duration)));
        }
        if let Some(time) = child(pair, Rule::time) {
            return Some(WaitFor::Time(self.time(&time)));
        }
        let hours = child(&child(pair, Rule::wait_open)?, Rule::name)?;
        Some(WaitFor::Open(self.name(&hours)))
    }

    pub(super) fn if_step(&mut self, pair: &Pair<'_>) -> Option<StepKind> {
        let condition = self.value(&child(pair, Rule::value)?);
        let mut arms = Vec::new();
        let mut otherwise = None;
        let mut condition = Some(condition);
        for inner in pair.clone().into_inner() {
            match inner.as_rule() {
                Rule::odd_gap => self.gap(&inner),
                Rule::block => match condition.take() {
                    Some(condition) => arms.push((condition, self.block(&inner))),
                    None => self.else_block(&inner, &mut otherwise),
                },
                Rule::else_if => {
                    if otherwise.is_some() {
                        self.error(codes::MISPLACED, self.span(&inner), "`else if` stands after `else`", "put the `else` last");
                    }
                    if let Some(gap) = child(&inner, Rule::odd_gap) {
                        self.gap(&gap);
                    }
                    let condition = self.value(&child(&inner, Rule::value)?);
                    arms.push((condition, self.block(&child(&inner, Rule::block)?)));
                }
                _ => {}
            }
        }
        Some(StepKind::If { arms, otherwise })
    }

    fn else_block(&mut self, pair: &Pair<'_>, otherwise: &mut Option<Block>) {
        if otherwise.replace(self.block(pair)).is_some() {
            self.error(codes::MISPLACED, self.span(pair), "a second `else`", "keep one of them");
        }
    }

    pub(super) fn match_step(&mut self, pair: &Pair<'_>) -> Option<StepKind> {
        let subject = self.value(&child(pair, Rule::value)?);
        let mut arms = Vec::new();
        let mut otherwise = None;
        for inner in pair.clone().into_inner() {
            let span = self.span(&inner);
            match inner.as_rule() {
                Rule::odd_gap => self.gap(&inner),
                Rule::arm => {
                    let patterns = inner.clone().into_inner().filter(|part| part.as_rule() == Rule::pattern);
                    let patterns = patterns.filter_map(|pattern| self.pattern(&pattern)).collect();
                    arms.push(Arm { patterns, block: self.body_of(&inner)?, span });
                }
                Rule::else_arm => {
                    let before = otherwise.replace(self.body_of(&inner)?);
                    if before.is_some() {
                        self.twice(&inner);
                    }
                }
                Rule::broken => {
                    self.broken(&inner, Place::Arm);
                }
                _ => {}
            }
        }
        Some(StepKind::Match { subject, arms, otherwise })
    }

    pub(super) fn pattern(&mut self, pair: &Pair<'_>) -> Option<Pattern> {
        let mut inner = pair.clone().into_inner();
        let first = inner.next()?;
        if first.as_rule() == Rule::set_name {
            return Some(Pattern::Set(self.set_name(&first)));
        }
        let first = self.literal(&first);
        Some(match inner.next() {
            Some(last) => Pattern::Range(first, self.literal(&last)),
            None => Pattern::Value(first),
        })
    }

    fn literal(&mut self, pair: &Pair<'_>) -> Expr {
        let span = self.span(pair);
        let mut negative = false;
        let mut value = Expr { kind: ExprKind::Broken, span };
        for inner in pair.clone().into_inner() {
            match inner.as_rule() {
                Rule::minus => negative = true,
                _ => value = Expr { kind: self.literal_kind(&inner), span: self.span(&inner) },
            }
        }
        if negative { Expr { kind: ExprKind::Negative(Box::new(value)), span } } else { value }
    }

    pub(super) fn goto(&mut self, pair: &Pair<'_>) -> Option<StepKind> {
        let mut names = pair.clone().into_inner().filter(|inner| inner.as_rule() == Rule::name);
        let first = self.name(&names.next()?);
        let label = names.next().map(|label| self.name(&label));
        Some(StepKind::Goto { first, label, arguments: self.arguments(pair) })
    }

    /// `do address(city) -> where`
    pub(super) fn do_step(&mut self, pair: &Pair<'_>) -> Option<StepKind> {
        let flow = self.name(&child(pair, Rule::name)?);
        let into = child(pair, Rule::target).map(|target| self.target(&target)).unwrap_or_default();
        Some(StepKind::Do { flow, arguments: self.arguments(pair), into })
    }

    /// `run score: whole(0..100) = shop.lead_score(contact)`
    pub(super) fn run(&mut self, pair: &Pair<'_>) -> Option<StepKind> {
        let target = self.target(&child(pair, Rule::target)?);
        let kind = child(pair, Rule::kind).map(|kind| self.kind(&kind));
        let mut names = pair.clone().into_inner().filter(|inner| inner.as_rule() == Rule::name);
        let (script, function): (Name, Name) = (self.name(&names.next()?), self.name(&names.next()?));
        Some(StepKind::Run { target, kind, script, function, arguments: self.arguments(pair) })
    }

    /// The values in the round brackets of a `goto`, `do` or `run`.
    fn arguments(&mut self, pair: &Pair<'_>) -> Vec<Expr> {
        child(pair, Rule::arguments).map(|arguments| self.values(&arguments)).unwrap_or_default()
    }

    pub(super) fn repeat(&mut self, pair: &Pair<'_>) -> Option<StepKind> {
        self.gap_in(pair);
        let times = self.integer(&child(pair, Rule::integer)?);
        Some(StepKind::Repeat { times, block: self.block(&child(pair, Rule::block)?) })
    }

    pub(super) fn for_step(&mut self, pair: &Pair<'_>) -> Option<StepKind> {
        self.gap_in(pair);
        let item = self.name(&child(pair, Rule::name)?);
        let list = self.value(&child(pair, Rule::value)?);
        let most = child(pair, Rule::integer).map(|most| self.integer(&most));
        Some(StepKind::For { item, list, most, block: self.block(&child(pair, Rule::block)?) })
    }

    pub(super) fn split(&mut self, pair: &Pair<'_>) -> Option<StepKind> {
        self.gap_in(pair);
        let name = self.plain(&child(pair, Rule::template)?);
        let mut arms = Vec::new();
        for inner in pair.clone().into_inner() {
            match inner.as_rule() {
                Rule::share => arms.extend(self.share(&inner)),
                Rule::broken => {
                    self.broken(&inner, Place::Share);
                }
                _ => {}
            }
        }
        Some(StepKind::Split { name, arms })
    }

    fn share(&mut self, pair: &Pair<'_>) -> Option<Share> {
        let name = self.plain(&child(pair, Rule::template)?);
        let share = self.integer(&child(pair, Rule::integer)?);
        Some(Share { name, share, block: self.body_of(pair)?, span: self.span(pair) })
    }

    fn gap_in(&mut self, pair: &Pair<'_>) {
        if let Some(gap) = child(pair, Rule::odd_gap) {
            self.gap(&gap);
        }
    }
}
