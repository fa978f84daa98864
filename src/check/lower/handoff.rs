//! `handoff`: the run ends, and its blocks speak on their own.

use super::super::code;
use super::Lowerer;
use crate::bot::{self, Op};
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::syntax::tree;

impl Lowerer<'_, '_> {
    pub(super) fn handoff(&mut self, handoff: &tree::Handoff, span: Span) {
        let world = self.world();
        let team = handoff.team.as_ref().and_then(|team| world.team_index(team));
        let note = self.scope.template(&handoff.note);
        let nobody = handoff.nobody_in.as_ref();
        if let Some((ms, _)) = nobody.filter(|(ms, _)| ms.value <= 0) {
            self.report(Diagnostic::error(code::OUT_OF_RANGE, ms.span, "`nobody in` takes a duration above zero"));
        }
        let blocks = [handoff.open.as_ref(), handoff.closed.as_ref(), nobody.map(|(_, block)| block), handoff.released.as_ref()];
        let marks = blocks.map(|block| block.map(|block| (self.mark(), block)));
        let [open, closed, nobody_in, released] = marks.map(|entry| entry.map(|(mark, _)| mark));
        let nobody_in = nobody.map(|(ms, _)| ms.value).zip(nobody_in);
        self.emit(Op::Handoff(bot::Handoff { note, team, open, closed, nobody_in, released }), span);
        for (mark, block) in marks.into_iter().flatten() {
            self.put(mark);
            self.steps(&block.steps);
            self.emit_made(Op::Stop, block.span);
        }
    }
}
