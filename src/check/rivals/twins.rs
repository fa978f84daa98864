//! Wants that are the same, or that take in one another, as far as that shows without a message: which of the two can
//! never win, or only by the order of files.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::super::code;
use super::wants::{Form, Want};
use super::{Arena, always_takes_part};
use crate::bot::Trigger;
use crate::diagnostic::Diagnostic;
use crate::source::Span;

/// Rivals of one want that are compared with it.
const RIVALS_MOST: usize = 64;

pub(super) fn check(arena: &Arena<'_, '_>, wants: &[Want]) {
    let mut groups: BTreeMap<(bool, Form, &str), Vec<&Want>> = BTreeMap::new();
    for want in wants {
        for (form, key) in fields(want) {
            groups.entry((want.comment, form, key)).or_default().push(want);
        }
    }
    for ((_, form, key), mut rivals) in groups {
        rivals.sort_by_key(|want| (Reverse(arena.trigger(want.trigger).map_or(0, |trigger| trigger.priority)), want.trigger));
        for (at, later) in rivals.iter().enumerate() {
            // A want that stands in two groups is judged in its own.
            if fields(later).first() == Some(&(form, key)) {
                let earlier = rivals.get(..at).unwrap_or_default();
                judge(arena, earlier.get(..RIVALS_MOST).unwrap_or(earlier), later);
            }
        }
    }
}

/// Where the want is judged, and then where it is a rival of others.
fn fields(want: &Want) -> Vec<(Form, &str)> {
    match want.form {
        // Every reaction is wanted by the trigger on all of them; every longer silence by that on a shorter one.
        Form::Reaction => vec![(Form::Reaction, "")],
        Form::Return(_) => vec![(Form::Return(0), "")],
        form => vec![(form, want.key.as_str())],
    }
}

/// Whether `first` wants all that `later` wants, where both stand in one group.
fn takes_in(first: &Want, later: &Want) -> bool {
    match (first.form, later.form) {
        (Form::Reaction, Form::Reaction) => first.key.is_empty() || first.key == later.key,
        (Form::Return(short), Form::Return(long)) => short <= long,
        _ => true,
    }
}

fn judge(arena: &Arena<'_, '_>, earlier: &[&Want], later: &Want) {
    if let Some(twin) = earlier.iter().find(|want| want.trigger == later.trigger) {
        if twin.place != later.place {
            let finding =
                Diagnostic::warning(code::NEVER_WINS, later.place, format!("{} stands in this trigger twice", later.shown));
            arena.world.findings.add(finding.also(twin.place, "the first one"));
        }
        return;
    }
    let Some(trigger) = arena.trigger(later.trigger) else { return };
    let takes_part = |want: &&&Want| arena.trigger(want.trigger).is_some_and(|first| always_takes_part(first, trigger));
    if let Some(winner) = earlier.iter().filter(|want| takes_in(want, later)).find(takes_part) {
        never_wins(arena, winner.trigger, winner.place, later);
        return;
    }
    let is_tie = |rival: &Trigger| rival.flow != trigger.flow && rival.priority == trigger.priority;
    let meets = |want: &&&Want| takes_in(want, later) || takes_in(later, want);
    let rival = earlier.iter().filter(meets).rfind(|want| arena.trigger(want.trigger).is_some_and(is_tie));
    if let Some(rival) = rival {
        tie(arena, rival.trigger, rival.place, later.place, &later.shown);
    }
}

/// Says that a want is always taken by the trigger `winner`.
pub(super) fn never_wins(arena: &Arena<'_, '_>, winner: usize, place: Span, later: &Want) {
    let finding = Diagnostic::warning(code::NEVER_WINS, later.place, format!("{} can never start this flow", later.shown))
        .also(place, format!("the flow `{}` takes it first", arena.flow(winner)));
    arena.world.findings.add(finding.help("remove one of the two, or tell them apart with `when` or `priority`"));
}

/// Says that only file order puts the trigger `rival` before another.
pub(super) fn tie(arena: &Arena<'_, '_>, rival: usize, place: Span, later: Span, shown: &str) {
    let message = format!("where both may start, only the order of the files lets `{}` take {shown}", arena.flow(rival));
    let finding = Diagnostic::warning(code::TIE, later, message).also(place, "this one comes first");
    arena.world.findings.add(finding.help("give one of the two a `priority`"));
}
