//! `if`, `match` and `split`.

use std::collections::BTreeSet;

use super::super::code;
use super::super::expression;
use super::super::kind::{self, Kind};
use super::{Lowerer, Mark};
use crate::bot::{self, Op, Value};
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::syntax::tree::{self, Arm, Block, Expr, Share, Spanned};

impl Lowerer<'_, '_> {
    pub(super) fn branch(&mut self, arms: &[(Expr, Block)], otherwise: Option<&Block>) {
        let end = self.mark();
        for (condition, block) in arms {
            let next = self.mark();
            let done = self.scope.condition(condition);
            self.emit(Op::Branch { condition: done, otherwise: next }, condition.span);
            self.steps(&block.steps);
            self.emit_made(Op::Jump(end), block.span);
            self.put(next);
        }
        if let Some(block) = otherwise {
            self.steps(&block.steps);
        }
        self.put(end);
    }

    pub(super) fn match_step(&mut self, subject: &Expr, arms: &[Arm], otherwise: Option<&Block>, span: Span) {
        let subject = self.scope.expr(subject);
        let closed = self.scope.closed(&subject.expr);
        let end = self.mark();
        let (mut done, mut covered) = (Vec::new(), BTreeSet::new());
        for arm in arms {
            let patterns =
                arm.patterns.iter().filter_map(|pattern| self.pattern(pattern, &subject, closed.as_deref(), &mut covered));
            let patterns: Vec<bot::Pattern> = patterns.collect();
            done.push((patterns, self.mark()));
        }
        let other = if otherwise.is_some() { self.mark() } else { end };
        let all = closed.is_some_and(|values| values.iter().all(|value| covered.contains(&key(value))));
        if otherwise.is_none() && !all {
            let finding = Diagnostic::warning(code::OPEN_MATCH, span, "this `match` does not say what happens otherwise");
            self.report(finding.help("add `else { … }`"));
        }
        let marks: Vec<Mark> = done.iter().map(|(_, mark)| *mark).collect();
        self.emit(Op::Match { subject: subject.expr, arms: done, otherwise: other }, span);
        for (arm, mark) in arms.iter().zip(marks) {
            self.side(mark, Some(&arm.block), end, arm.span);
        }
        if let Some(block) = otherwise {
            self.side(other, Some(block), end, block.span);
        }
        self.put(end);
    }

    fn pattern(
        &self,
        pattern: &tree::Pattern,
        subject: &expression::Typed,
        closed: Option<&[Value]>,
        covered: &mut BTreeSet<String>,
    ) -> Option<bot::Pattern> {
        match pattern {
            tree::Pattern::Set(name) => {
                self.pattern_kind(name.span, Kind::Text, subject);
                Some(bot::Pattern::Words(self.world().folded_set(name)))
            }
            tree::Pattern::Value(expr) => {
                let value = self.constant(expr, "a pattern is a fixed value, a range or a set of words")?;
                self.pattern_kind(expr.span, Kind::of(&value), subject);
                if !covered.insert(key(&value)) {
                    let message = format!("`{}` already stands above", expression::show(&value));
                    self.report(Diagnostic::warning(code::UNREACHABLE, expr.span, message));
                }
                if let Some(values) = closed
                    && !values.contains(&value)
                    && values.iter().any(|known| Kind::of(known) == Kind::of(&value))
                {
                    self.report(expression::not_a_word(expr.span, &value, values));
                }
                Some(bot::Pattern::Value(value))
            }
            tree::Pattern::Range(least, most) => {
                let span = least.span.to(most.span);
                let (least, most) = (self.constant(least, "a range is fixed")?, self.constant(most, "a range is fixed")?);
                self.pattern_kind(span, Kind::of(&least), subject);
                let order = match (&least, &most) {
                    (Value::Number(least), Value::Number(most)) => least.cmp(most),
                    (Value::Date(least), Value::Date(most)) => least.cmp(most),
                    (Value::Time(least), Value::Time(most)) => least.cmp(most),
                    (Value::Duration(least), Value::Duration(most)) => least.cmp(most),
                    _ => {
                        let finding = Diagnostic::error(code::PATTERN_TYPE, span, "this is no range");
                        self.report(finding.help("ranges are of numbers, dates, times or durations: `1..5`"));
                        return None;
                    }
                };
                if order.is_gt() {
                    let finding = Diagnostic::error(code::RANGE_ORDER, span, "this range is empty");
                    self.report(finding.help("write the smaller one first"));
                }
                Some(bot::Pattern::Range(least, most))
            }
        }
    }

    fn pattern_kind(&self, span: Span, kind: Kind, subject: &expression::Typed) {
        if !kind.comparable(subject.kind) {
            let finding = Diagnostic::error(code::PATTERN_TYPE, span, "this can never fit")
                .here(format!("this is {}", kind.name()))
                .also(subject.span, format!("this is {}", subject.kind.name()));
            self.report(finding);
        }
    }

    fn constant(&self, expr: &Expr, why: &str) -> Option<Value> {
        let value = kind::constant(expr);
        if value.is_none() && !matches!(expr.kind, tree::ExprKind::Broken) {
            self.report(Diagnostic::error(code::NOT_CONSTANT, expr.span, why).help("compare other values with `if`"));
        }
        value
    }

    /// One way of several, the same for a contact whenever it comes by.
    pub(super) fn split(&mut self, name: &Spanned<String>, arms: &[Share], span: Span) {
        if name.value.trim().is_empty() {
            self.report(Diagnostic::error(code::EMPTY_TEXT, name.span, "this split has no name"));
        }
        let sum: u64 = arms.iter().map(|arm| u64::from(arm.share.value)).sum();
        if sum != 100 {
            let finding = Diagnostic::error(code::SHARES, span, format!("the shares add up to {sum}, not to 100"));
            self.report(finding.help("each way says how many of a hundred customers take it"));
        }
        let mut seen = BTreeSet::new();
        for arm in arms {
            if !seen.insert(arm.name.value.as_str()) {
                let message = format!("the way `{}` stands here twice", arm.name.value);
                self.report(Diagnostic::error(code::DEFINED_TWICE, arm.name.span, message).help("give each way its own name"));
            }
            if arm.share.value == 0 {
                let message = format!("nobody goes the way `{}`", arm.name.value);
                self.report(Diagnostic::warning(code::SHARES, arm.share.span, message).help("give it a share or remove it"));
            }
        }
        let end = self.mark();
        let ways: Vec<bot::Way> = arms
            .iter()
            .map(|arm| bot::Way { name: arm.name.value.clone(), share: arm.share.value, target: self.mark() })
            .collect();
        let marks: Vec<Mark> = ways.iter().map(|way| way.target).collect();
        self.emit(Op::Split { name: name.value.clone(), arms: ways }, span);
        for (arm, mark) in arms.iter().zip(marks) {
            self.side(mark, Some(&arm.block), end, arm.span);
        }
        self.put(end);
    }
}

/// What tells values apart: a text from a number that reads alike.
fn key(value: &Value) -> String {
    format!("{value:?}")
}
