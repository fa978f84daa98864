//! Steps.

use crate::source::Span;
use crate::syntax::duration;
use crate::syntax::tree::{
    Arm, Ask, Block, Choice, Choose, Expr, ExprKind, Handoff, Pattern, Spanned, Step, StepKind, Text, WaitClause, WaitFor,
};

use super::Printer;
use super::expressions::clock;
use super::items::in_order;
use super::texts::{quoted, text_span};

/// A line in the braces of an `ask` or `choose`.
enum InWait<'d> {
    Language(&'d (Spanned<String>, Text)),
    Option(&'d Choice),
    Other(&'d Block),
    Clause(&'d WaitClause),
}

impl Printer<'_> {
    /// A step on the line that is begun.
    pub(super) fn step(&mut self, step: &Step) {
        match &step.kind {
            StepKind::Say { text, replying, keep_apart, .. } => {
                self.put("say ");
                self.text(text);
                self.put(if *replying { " replying" } else { "" });
                self.put(if *keep_apart { " keep apart" } else { "" });
            }
            StepKind::Image { file, otherwise } => {
                self.put("image ");
                self.template(file);
                if let Some(block) = otherwise {
                    self.put(" else");
                    self.body(block, file.span.end);
                }
            }
            StepKind::Post { item_id } => {
                self.put("post ");
                self.template(item_id);
            }
            StepKind::Choose(choose) => self.choose(choose, step.span),
            StepKind::Ask(ask) => self.ask(ask, step.span),
            StepKind::Typing => self.put("typing"),
            StepKind::Seen => self.put("seen"),
            StepKind::Stop => self.put("stop"),
            StepKind::Set { target, value } => {
                let target: Vec<&str> = target.iter().map(|name| name.text.as_str()).collect();
                self.put(&format!("set {} = ", target.join(".")));
                self.condition(value);
            }
            StepKind::Tag(text) => self.put(&format!("tag {}", quoted(&text.value))),
            StepKind::Untag(text) => self.put(&format!("untag {}", quoted(&text.value))),
            StepKind::Goal(text) => self.put(&format!("goal {}", quoted(&text.value))),
            StepKind::If { arms, otherwise } => self.if_step(arms, otherwise.as_ref()),
            StepKind::Match { subject, arms, otherwise } => self.match_step(subject, arms, otherwise.as_ref(), step.span),
            StepKind::Label { name, .. } => self.put(&format!("label {}", name.text)),
            StepKind::Goto { first, label, .. } => {
                let label = label.as_ref().map(|label| format!(".{}", label.text)).unwrap_or_default();
                self.put(&format!("goto {}{label}", first.text));
            }
            StepKind::Wait(wait) => {
                let what = match wait {
                    WaitFor::Duration(ms) => duration::print(ms.value),
                    WaitFor::Time(time) => format!("until {}", clock(time.value)),
                    WaitFor::Open(hours) => format!("until open({})", hours.text),
                };
                self.put(&format!("wait {what}"));
            }
            StepKind::Handoff(handoff) => self.handoff(handoff, step.span),
            _ => {}
        }
    }

    /// ` { … }` behind a header.
    fn block(&mut self, block: &Block) {
        let steps: Vec<&Step> = block.steps.iter().filter(|step| step.kind != StepKind::Broken).collect();
        self.braces(block.span, block.span.start, &steps, |step| step.span, |printer, step| printer.step(step));
    }

    /// The block of a clause, case or label: without braces where it is one step.
    pub(super) fn body(&mut self, block: &Block, header_end: u32) {
        if let [step] = block.steps.as_slice()
            && may_stand_alone(&step.kind)
            && !self.has_comment(header_end, step.span.start)
            && !self.has_comment(step.span.end, block.span.end)
        {
            self.put(" ");
            self.step(step);
        } else {
            self.block(block);
        }
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

    fn pattern(&mut self, pattern: &Pattern) {
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

    // --- waits -----------------------------------------------------------------------------------------------------

    fn ask(&mut self, ask: &Ask, span: Span) {
        let target: Vec<&str> = ask.target.iter().map(|name| name.text.as_str()).collect();
        self.put(&format!("ask {}", target.join(".")));
        let mut header_end = ask.target.last().map_or(span.start, |name| name.span.end);
        if let Some(kind) = &ask.kind {
            self.put(": ");
            self.kind(kind);
            header_end = kind.span.end;
        }
        let mut lines = self.lead_text(&ask.text, &mut header_end);
        lines.extend(in_order(&ask.clauses).into_iter().map(InWait::Clause));
        if !lines.is_empty() {
            self.wait_lines(span, header_end, &lines);
        }
    }

    fn choose(&mut self, choose: &Choose, span: Span) {
        self.put("choose");
        let mut header_end = span.start;
        let mut lines = self.lead_text(&choose.text, &mut header_end);
        self.put(if choose.as_text { " as text" } else { "" });
        lines.extend(choose.options.iter().map(InWait::Option));
        lines.extend(choose.other.as_ref().map(InWait::Other));
        lines.extend(in_order(&choose.clauses).into_iter().map(InWait::Clause));
        self.wait_lines(span, header_end, &lines);
    }

    /// A text before the braces; the lines of languages go into them.
    fn lead_text<'t>(&mut self, text: &'t Text, header_end: &mut u32) -> Vec<InWait<'t>> {
        if let Text::PerLanguage(lines, _) = text {
            return lines.iter().map(InWait::Language).collect();
        }
        self.put(" ");
        self.inline(text);
        *header_end = text_span(text).end;
        Vec::new()
    }

    fn wait_lines(&mut self, span: Span, header_end: u32, lines: &[InWait<'_>]) {
        let place = |line: &InWait<'_>| match line {
            InWait::Language((tag, text)) => tag.span.to(text_span(text)),
            InWait::Option(option) => option.span,
            InWait::Other(block) => block.span,
            InWait::Clause(clause) => clause.span,
        };
        self.braces(span, header_end, lines, place, |printer, line| match line {
            InWait::Language(line) => printer.in_language(line),
            InWait::Option(option) => printer.option(option),
            InWait::Other(block) => {
                printer.put("other");
                printer.body(block, block.span.start);
            }
            InWait::Clause(clause) => printer.clause(clause),
        });
    }

    fn option(&mut self, option: &Choice) {
        self.inline(&option.label);
        if let Some(name) = &option.named {
            self.put(&format!(" named {}", name.text));
        }
        if !option.also.is_empty() {
            self.put(" also ");
            self.phrases(&option.also);
        }
        self.body(&option.block, option.block.span.start);
    }

    fn handoff(&mut self, handoff: &Handoff, span: Span) {
        self.put("handoff ");
        self.template(&handoff.note);
        let mut header_end = handoff.note.span.end;
        if let Some(team) = &handoff.team {
            self.put(&format!(" to {}", team.text));
            header_end = team.span.end;
        }
        let mut parts: Vec<(String, &Block)> = Vec::new();
        parts.extend(handoff.open.as_ref().map(|block| ("open".to_owned(), block)));
        parts.extend(handoff.closed.as_ref().map(|block| ("closed".to_owned(), block)));
        parts.extend(handoff.nobody_in.as_ref().map(|(ms, block)| (format!("nobody in {}", duration::print(ms.value)), block)));
        parts.extend(handoff.released.as_ref().map(|block| ("released".to_owned(), block)));
        if !parts.is_empty() {
            self.braces(
                span,
                header_end,
                &parts,
                |(_, block)| block.span,
                |printer, (words, block)| {
                    printer.put(words);
                    printer.body(block, block.span.start);
                },
            );
        }
    }
}

/// An `if` or an `image … else` keeps its braces, so that an `else` after it cannot be taken for its own.
const fn may_stand_alone(kind: &StepKind) -> bool {
    !matches!(kind, StepKind::If { .. } | StepKind::Image { otherwise: Some(_), .. } | StepKind::Broken)
}
