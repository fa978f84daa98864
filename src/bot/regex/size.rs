//! How big an expression grows when it is compiled, from its tree alone.

use regex_syntax::hir::{Class, Hir, HirKind};
use regex_syntax::utf8::Utf8Sequences;

/// Bytes of one state of the automaton.
const STATE: usize = 48;
/// Bytes of one stretch of characters in a class. Large classes share most of their states: `\w` takes about so much.
const STRETCH: usize = 8;

/// Estimated bytes; the real size is at most thirty-two times as much.
pub(super) fn estimate(hir: &Hir) -> usize {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => STATE,
        HirKind::Literal(literal) => literal.0.len().saturating_mul(STATE),
        HirKind::Class(Class::Bytes(_)) => STATE,
        HirKind::Class(Class::Unicode(class)) => {
            let stretches = class.ranges().iter().map(|range| Utf8Sequences::new(range.start(), range.end()).count());
            stretches.sum::<usize>().saturating_mul(STRETCH).saturating_add(STATE)
        }
        HirKind::Capture(capture) => estimate(&capture.sub).saturating_add(2 * STATE),
        HirKind::Repetition(repetition) => {
            // What may repeat without end is laid out once more behind what must.
            let times = repetition.max.unwrap_or_else(|| repetition.min.saturating_add(1));
            let each = estimate(&repetition.sub).saturating_add(2 * STATE);
            each.saturating_mul(usize::try_from(times.max(1)).unwrap_or(usize::MAX))
        }
        HirKind::Concat(parts) => parts.iter().map(estimate).fold(STATE, usize::saturating_add),
        HirKind::Alternation(parts) => {
            parts.iter().map(estimate).fold(STATE, |all, part| all.saturating_add(part).saturating_add(STATE))
        }
    }
}
