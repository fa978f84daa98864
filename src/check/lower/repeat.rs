//! `repeat`, `for` and `leave`.
//!
//! Laid out as `Enter`, `Turn`, the body, a jump back to `Turn`; the turn after the last one goes behind the loop.

use super::super::code;
use super::super::kind::Kind;
use super::super::shape::Shape;
use super::Lowerer;
use crate::bot::{self, Op};
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::syntax::tree::{Block, Expr, Name, Spanned};

impl Lowerer<'_, '_> {
    pub(super) fn repeat(&mut self, times: &Spanned<u32>, block: &Block, span: Span) {
        if times.value == 0 {
            self.report(Diagnostic::error(code::OUT_OF_RANGE, times.span, "`repeat` takes a number above zero"));
        }
        self.turns(None, Some(times.value), None, block, span);
    }

    pub(super) fn for_each(&mut self, item: &Name, list: &Expr, most: Option<&Spanned<u32>>, block: &Block, span: Span) {
        let typed = self.scope.expr(list);
        if !typed.kind.may_be(Kind::List) {
            let finding = Diagnostic::error(code::NOT_A_LIST, list.span, "`for` goes through a list")
                .here(format!("this is {}", typed.kind.name()));
            self.report(finding);
        }
        if let Some(most) = most.filter(|most| most.value == 0) {
            self.report(Diagnostic::error(code::OUT_OF_RANGE, most.span, "`up to` takes a number above zero"));
        }
        let bound = match self.scope.shape(&typed.expr) {
            Shape::List { most, .. } => most,
            _ => None,
        };
        let most = match (most.map(|most| most.value), bound) {
            (Some(own), Some(bound)) => Some(own.min(bound)),
            (own, bound) => own.or(bound),
        };
        // Reports a name that may not be set.
        let _ = self.target(std::slice::from_ref(item));
        self.turns(Some(typed.expr), most, Some(item.text.clone()), block, span);
    }

    fn turns(&mut self, over: Option<bot::Expr>, most: Option<u32>, item: Option<String>, block: &Block, span: Span) {
        let counter = self.counters;
        self.counters = self.counters.saturating_add(1);
        let (turn, end) = (self.mark(), self.mark());
        self.emit(Op::Enter { counter, over }, span);
        self.put(turn);
        self.emit_made(Op::Turn { counter, most, item, end }, span);
        self.loops.push(end);
        self.steps(&block.steps);
        self.loops.pop();
        self.emit_made(Op::Jump(turn), block.span);
        self.put(end);
    }

    pub(super) fn leave(&mut self, span: Span) {
        match self.loops.last() {
            Some(end) => self.emit(Op::Jump(*end), span),
            None => {
                let finding = Diagnostic::error(code::LEAVE_OUTSIDE, span, "`leave` stands in no `repeat` or `for`");
                self.report(finding.help("it ends the loop around it; to end the flow write `stop`"));
            }
        }
    }
}
