//! Steps.

use crate::source::Span;
use crate::syntax::duration;
use crate::syntax::tree::{Ask, Block, Choice, Choose, Handoff, Spanned, Step, StepKind, Text, WaitClause};

use super::Printer;
use super::control::dotted;
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
            StepKind::Say { text, shorts, replying, keep_apart } => {
                self.put("say ");
                self.text(text);
                for short in shorts {
                    self.short(short);
                }
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
                self.put(&format!("set {} = ", dotted(target)));
                self.condition(value);
            }
            StepKind::Tag(text) => self.put(&format!("tag {}", quoted(&text.value))),
            StepKind::Untag(text) => self.put(&format!("untag {}", quoted(&text.value))),
            StepKind::Goal(text) => self.put(&format!("goal {}", quoted(&text.value))),
            StepKind::Note(text) => {
                self.put("note ");
                self.template(text);
            }
            StepKind::Emit { event, data } => {
                self.put(&format!("emit {}", quoted(&event.value)));
                if !data.is_empty() {
                    self.put(" ");
                    self.map_at_end(data);
                }
            }
            StepKind::Handoff(handoff) => self.handoff(handoff, step.span),
            StepKind::Fetch(fetch) => self.fetch(fetch, step.span),
            StepKind::Broken => {}
            _ => self.control(step),
        }
    }

    /// A shorter form of the text before it.
    fn short(&mut self, text: &Text) {
        if let Text::PerLanguage(..) = text {
            self.put(" short ");
            self.text(text);
            return;
        }
        let whole = self.aside(|printer| printer.inline(text));
        self.go_on(" short ".len() + whole.chars().count());
        self.put("short ");
        self.inline(text);
    }

    /// ` { … }` behind a header.
    pub(super) fn block(&mut self, block: &Block) {
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

    // --- waits -----------------------------------------------------------------------------------------------------

    fn ask(&mut self, ask: &Ask, span: Span) {
        self.put(&format!("ask {}", dotted(&ask.target)));
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
            let whole = self.aside(|printer| printer.phrases(&option.also));
            let first = whole.split('\n').next().unwrap_or_default();
            self.go_on(" also ".len() + first.chars().count());
            self.put("also ");
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
