//! Triggers that want the same message.

use std::collections::BTreeMap;

use super::code;
use super::trigger::Placed;
use super::world::World;
use crate::bot::Anytime;
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::syntax::tree::On;
use crate::text::fold;

/// One thing that a trigger wants: which form, which message.
struct Want<'a> {
    placed: &'a Placed<'a>,
    /// Place in the file order.
    order: usize,
    place: Span,
    shown: String,
}

/// Reports phrases of nothing, triggers that can never win, and those that only file order puts before another.
pub(super) fn check(world: &World<'_>, triggers: &[Placed<'_>]) {
    let mut wants: BTreeMap<(&'static str, String), Vec<Want<'_>>> = BTreeMap::new();
    for (order, placed) in triggers.iter().enumerate() {
        for (form, key, place, shown) in keys(world, placed) {
            wants.entry((form, key)).or_default().push(Want { placed, order, place, shown });
        }
    }
    for mut rivals in wants.into_values() {
        rivals.sort_by_key(|want| (std::cmp::Reverse(want.placed.trigger.priority), want.order));
        for (at, later) in rivals.iter().enumerate() {
            judge(world, rivals.get(..at).unwrap_or_default(), later);
        }
    }
}

fn judge(world: &World<'_>, earlier: &[Want<'_>], later: &Want<'_>) {
    let same_trigger = |want: &&Want<'_>| want.order == later.order;
    if let Some(twin) = earlier.iter().find(same_trigger) {
        if twin.place != later.place {
            let finding =
                Diagnostic::warning(code::NEVER_WINS, later.place, format!("{} stands in this trigger twice", later.shown));
            world.findings.add(finding.also(twin.place, "the first one"));
        }
        return;
    }
    if let Some(winner) = earlier.iter().find(|want| always_wins(want, later)) {
        let finding = Diagnostic::warning(code::NEVER_WINS, later.place, format!("{} can never start this flow", later.shown))
            .also(winner.place, format!("the flow `{}` takes it first", flow_name(world, winner)));
        world.findings.add(finding.help("remove one of the two, or tell them apart with `when` or `priority`"));
    } else if let Some(rival) = earlier.iter().rfind(|want| want.placed.trigger.flow != later.placed.trigger.flow)
        && rival.placed.trigger.priority == later.placed.trigger.priority
    {
        let message =
            format!("where both may start, only the order of the files lets `{}` take {}", flow_name(world, rival), later.shown);
        let finding = Diagnostic::note(code::TIE, later.place, message).also(rival.place, "this one comes first");
        world.findings.add(finding.help("give one of the two a `priority`"));
    }
}

/// Whether `first` takes every message that `later` wants, in every state in which `later` could.
fn always_wins(first: &Want<'_>, later: &Want<'_>) -> bool {
    let (one, two) = (&first.placed.trigger, &later.placed.trigger);
    one.when.is_none() && one.once_per_ms.is_none() && (one.anytime != Anytime::No || two.anytime == Anytime::No)
}

fn flow_name<'a>(world: &World<'a>, want: &Want<'_>) -> &'a str {
    world.flows.get(want.placed.trigger.flow).map_or("", |flow| flow.name.text.as_str())
}

/// What a trigger wants: form, key, place, and how to speak of it.
fn keys(world: &World<'_>, placed: &Placed<'_>) -> Vec<(&'static str, String, Span, String)> {
    let tree = placed.tree;
    let phrases = |form: &'static str, list: &[crate::syntax::tree::Phrase]| {
        let all = world.phrases(list).into_iter();
        all.filter_map(|(text, place)| {
            let folded = fold(&text);
            (!folded.is_empty()).then(|| (form, folded, place, format!("`{text}`")))
        })
        .collect()
    };
    let single = |form: &'static str, key: &str, shown: &str| vec![(form, key.to_owned(), tree.span, shown.to_owned())];
    match &tree.on {
        On::Words(list) => phrases("words", list),
        On::Exactly(list) => phrases("exactly", list),
        On::Starting(list) => phrases("starting", list),
        On::Like(list) => phrases("like", list),
        On::Matching(regex) => {
            vec![("matching", format!("{}/{}", regex.source, regex.flags), regex.span, "this pattern".to_owned())]
        }
        On::AnyText => single("any text", "", "any text"),
        On::Button(name) => vec![("button", name.text.clone(), name.span, format!("the button `{}`", name.text))],
        On::Image => single("image", "", "an image"),
        On::Ad(id) => single("ad", id.as_ref().map_or("", |id| &id.value), "this ad"),
        On::Link(id) => single("link", id.as_ref().map_or("", |id| &id.value), "this link"),
        On::FirstMessage => single("first message", "", "the first message"),
        On::Fallback => single("fallback", "", "an unmatched message"),
        _ => Vec::new(),
    }
}
