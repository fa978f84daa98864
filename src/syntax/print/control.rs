//! Steps that lead to other steps.

use crate::source::Span;
use crate::syntax::duration;
use crate::syntax::tree::{Arm, Block, Expr, ExprKind, Name, Pattern, Share, Spanned, Step, StepKind, WaitFor};

use super::Printer;
use super::expressions::clock;
use super::texts::quoted;

/// Steps of one word.
const LONE_STEPS: [&str; 5] = ["stop", "typing", "seen", "leave", "return"];

impl Printer<'_> {
    /// A step of this file's kind on the line that is begun.
    pub(super) fn control(&mut self, step: &Step) {
        match &step.kind {
            StepKind::If { arms, otherwise } => self.if_step(arms, otherwise.as_ref()),
            StepKind::Match { subject, arms, otherwise } => self.match_step(subject, arms, otherwise.as_ref(), step.span),
            StepKind::Repeat { times, block } => {
                self.put(&format!("repeat {} times", times.value));
                self.block(block);
            }
            StepKind::For { item, list, most, block } => {
                self.put(&format!("for {} in ", item.text));
                self.condition(list);
                self.put(&most.as_ref().map(|most| format!(" up to {}", most.value)).unwrap_or_default());
                self.block(block);
            }
            StepKind::Leave => self.put("leave"),
            StepKind::Split { name, arms } => self.split(name, arms, step.span),
            StepKind::Label { name, renamed_from } => {
                let renamed = renamed_from.as_ref().map(|old| format!(" renamed from {}", quoted(&old.value)));
                self.put(&format!("label {}{}", name.text, renamed.unwrap_or_default()));
            }
            StepKind::Goto { first, label, arguments } => {
                let label = label.as_ref().map(|label| format!(".{}", label.text)).unwrap_or_default();
                self.put(&format!("goto {}{label}", first.text));
                if !arguments.is_empty() {
                    self.arguments(arguments);
                }
            }
            StepKind::Do { flow, arguments, into } => {
                self.put(&format!("do {}", flow.text));
                if !arguments.is_empty() {
                    self.arguments(arguments);
                }
                if !into.is_empty() {
                    self.put(&format!(" -> {}", dotted(into)));
                }
            }
            StepKind::Return(value) => {
                self.put("return");
                if let Some(value) = value {
                    // The name of a variable that is also a whole step.
                    let lone = matches!(&value.kind, ExprKind::Name(name) if LONE_STEPS.contains(&name.text.as_str()));
                    self.put(if lone { " (" } else { " " });
                    self.condition(value);
                    self.put(if lone { ")" } else { "" });
                }
            }
            StepKind::Run { target, kind, script, function, arguments } => {
                self.put(&format!("run {}", dotted(target)));
                if let Some(kind) = kind {
                    self.put(": ");
                    self.kind(kind);
                }
                self.put(&format!(" = {}.{}", script.text, function.text));
                self.arguments(arguments);
            }
            StepKind::Wait(wait) => {
                let what = match wait {
                    WaitFor::Duration(ms) => duration::print(ms.value),
                    WaitFor::Time(time) => format!("until {}", clock(time.value)),
                    WaitFor::Open(hours) => format!("until open({})", hours.text),
                };
                self.put(&format!("wait {what}"));
            }
            _ => {}
        }
    }

    /// `(a, b)`
    fn arguments(&mut self, values: &[Expr]) {
        let parts: Vec<String> = values.iter().map(|value| self.aside(|printer| printer.value(value))).collect();
        self.put("(");
        self.listed(&parts);
        self.put(")");
    }

    fn split(&mut self, name: &Spanned<String>, arms: &[Share], span: Span) {
        self.put(&format!("split {}", quoted(&name.value)));
        self.braces(
            span,
            name.span.end,
            arms,
            |arm| arm.span,
            |printer, arm| {
                printer.put(&format!("{} {}", quoted(&arm.name.value), arm.share.value));
                printer.body(&arm.block, arm.share.span.end);
            },
        );
    }

    fn if_step(&mut self, arms: &[(Expr, Block)], otherwise: Option<&Block>) {
        for (at, (condition, block)) in arms.iter().enumerate() {
            self.put(if at == 0 { "if " } else { " else if " });
            self.condition(condition);
            self.block(block);
        }
        if let Some(block) = otherwise {
            self.put(" else");
            self.block(block);
        }
    }

    fn match_step(&mut self, subject: &Expr, arms: &[Arm], otherwise: Option<&Block>, span: Span) {
        self.put("match ");
        self.condition(subject);
        let mut cases: Vec<(Option<&Arm>, &Block, Span)> = arms.iter().map(|arm| (Some(arm), &arm.block, arm.span)).collect();
        cases.extend(otherwise.map(|block| (None, block, block.span)));
        self.braces(
            span,
            subject.span.end,
            &cases,
            |(_, _, span)| *span,
            |printer, (arm, block, span)| {
                let mut end = span.start;
                match arm {
                    Some(arm) => {
                        let parts: Vec<String> =
                            arm.patterns.iter().map(|pattern| printer.aside(|printer| printer.pattern(pattern))).collect();
                        printer.listed(&parts);
                        end = arm.block.span.start;
                    }
                    None => printer.put("else"),
                }
                printer.body(block, end);
            },
        );
    }

    pub(super) fn pattern(&mut self, pattern: &Pattern) {
        match pattern {
            Pattern::Value(value) => self.literal(value),
            Pattern::Range(low, high) => {
                self.literal(low);
                self.put("..");
                self.literal(high);
            }
            Pattern::Set(name) => self.put(&format!("@{}", name.text)),
        }
    }

    fn literal(&mut self, value: &Expr) {
        match &value.kind {
            ExprKind::Negative(value) => {
                self.put("-");
                self.operand(value);
            }
            _ => self.operand(value),
        }
    }
}

/// `contact.size`
pub(super) fn dotted(names: &[Name]) -> String {
    names.iter().map(|name| name.text.as_str()).collect::<Vec<_>>().join(".")
}
