//! Whether a `choose` fits a card of the channel.

use std::collections::BTreeMap;

use super::code;
use super::expression::Scope;
use super::kind;
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::syntax::tree::{Choose, Template, Text};
use crate::text::fold;

/// Source: TikTok Business Messaging API, question and link cards. Lengths are counted in UTF-16, the largest unit.
const LABELS_MAX: usize = 3;
const TITLE_MAX: usize = 40;
const QUESTION_LABEL_MAX: usize = 20;
const LINK_LABEL_MAX: usize = 40;

/// Tells where no card can be sent and one numbered text goes out instead.
pub(super) fn check(scope: &Scope<'_, '_>, choose: &Choose, span: Span) {
    if choose.options.is_empty() {
        let finding = Diagnostic::error(code::EMPTY_FLOW, span, "this `choose` has nothing to choose");
        scope.report(finding.help("write a label and its block: `\"Yes\" { … }`"));
        return;
    }
    same_labels(scope, choose);
    if choose.as_text {
        return;
    }
    let title = longest(scope, &choose.text);
    let label =
        choose.options.iter().map(|option| (longest(scope, &option.label), option.span)).max_by_key(|((units, _), _)| *units);
    let (place, why) = if let Some(fourth) = choose.options.get(LABELS_MAX) {
        (fourth.span, format!("{} labels are more than {LABELS_MAX}", choose.options.len()))
    } else if title.0 > TITLE_MAX {
        (title.1.unwrap_or(span), format!("this question has {} characters, a card's at most {TITLE_MAX}", title.0))
    } else if let Some(((units, place), option)) = label.filter(|((units, _), _)| *units > LINK_LABEL_MAX) {
        (place.unwrap_or(option), format!("this label has {units} characters, a card's at most {LINK_LABEL_MAX}"))
    } else {
        return;
    };
    let finding = Diagnostic::note(code::NO_CARD, place, "this `choose` goes out as a numbered text").here(why);
    scope.report(finding.help(format!(
        "a card has up to {LABELS_MAX} labels of {QUESTION_LABEL_MAX} characters (as a link card {LINK_LABEL_MAX}); write `as text` where the text is meant"
    )));
}

/// Units of the longest form of a text, its holes not counted, and where it stands.
fn longest(scope: &Scope<'_, '_>, text: &Text) -> (usize, Option<Span>) {
    let mut most = (0, None);
    each_template(scope, text, 0, &mut |template| {
        let units = template.pieces.iter().map(|piece| match piece {
            crate::syntax::tree::Piece::Literal(text) => text.encode_utf16().count(),
            crate::syntax::tree::Piece::Hole { .. } => 0,
        });
        let units = units.sum();
        if units > most.0 {
            // A named text stands elsewhere.
            most = (units, (!matches!(text, Text::Named(_))).then_some(template.span));
        }
    });
    most
}

fn each_template<'t>(scope: &Scope<'_, 't>, text: &'t Text, depth: usize, visit: &mut impl FnMut(&'t Template)) {
    match text {
        Text::Template(template) => visit(template),
        Text::OneOf(list, _) => list.iter().for_each(|text| each_template(scope, text, depth, visit)),
        Text::PerLanguage(list, _) => list.iter().for_each(|(_, text)| each_template(scope, text, depth, visit)),
        Text::Named(name) => {
            // A label or a question that is a named text; deeper ones are counted when they are sent.
            if let (Some(item), true) = (scope.world.texts.get(name.text.as_str()), depth == 0) {
                each_template(scope, &item.text, depth + 1, visit);
            }
        }
    }
}

/// Two labels that read alike could never be told apart when typed.
fn same_labels(scope: &Scope<'_, '_>, choose: &Choose) {
    let mut seen: BTreeMap<String, Span> = BTreeMap::new();
    for option in &choose.options {
        let Text::Template(template) = &option.label else { continue };
        let Some(label) = kind::literal(template) else { continue };
        if let Some(first) = seen.get(&fold(&label)) {
            let finding = Diagnostic::error(code::SAME_LABEL, template.span, format!("the label `{label}` stands here twice"));
            scope.report(finding.also(*first, "the first one"));
        }
        seen.entry(fold(&label)).or_insert(template.span);
    }
}
