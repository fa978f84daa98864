//! What surely has a value where a step runs, and what is read there without one.

use std::collections::BTreeSet;

use crate::bot::{BinaryOp, Expr, Filter, Hole, Op, Piece, Place, Template, Text, Value};
use crate::check::shape::Shapes;

/// Names that have a value: `order`, `shipment.sent_on`, `contact.size`, `referral.ad_name`.
pub(super) type Facts = BTreeSet<String>;

/// The name of a place whose value may be missing; `None` for those that never are.
pub(super) fn of_place(place: &Place) -> Option<String> {
    match place {
        Place::Variable(name) => Some(name.clone()),
        Place::Contact(name) => Some(format!("contact.{name}")),
        Place::Referral(name) => Some(format!("referral.{name}")),
        Place::Fault(name) => Some(format!("fault.{name}")),
        Place::ContactTags
        | Place::Message(_)
        | Place::Secret(_)
        | Place::RepliesLeft
        | Place::WindowLeft
        | Place::Language
        | Place::Now => None,
    }
}

/// The name of a place, or of a field or item of one.
fn of_expr(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Place(place) => of_place(place),
        Expr::Member(inner, name) => of_expr(inner).map(|inner| format!("{inner}.{name}")),
        Expr::Index(inner, at) => match &**at {
            Expr::Value(Value::Number(at)) => of_expr(inner).map(|inner| format!("{inner}[{at}]")),
            Expr::Value(Value::Text(name)) => of_expr(inner).map(|inner| format!("{inner}.{name}")),
            _ => None,
        },
        _ => None,
    }
}

/// Whether a fact is about a variable of the flow.
pub(super) fn is_local(fact: &str) -> bool {
    !["contact.", "referral.", "fault."].iter().any(|root| fact.starts_with(root))
}

/// Whether an item of a list or a field of a map may be missing though the whole is there.
fn is_optional(expr: &Expr, shapes: Shapes<'_>) -> bool {
    match expr {
        Expr::Member(inner, name) => shapes.of(inner).is_optional(name),
        Expr::Index(inner, at) => match &**at {
            Expr::Value(Value::Text(name)) => shapes.of(inner).is_optional(name),
            _ => true,
        },
        _ => false,
    }
}

/// Whether an expression surely has a value where `known` says which names have one.
pub(super) fn surely(expr: &Expr, shapes: Shapes<'_>, known: &dyn Fn(&str) -> bool) -> bool {
    let all = |list: &[Expr]| list.iter().all(|expr| surely(expr, shapes, known));
    match expr {
        Expr::Value(_) | Expr::Map(_) | Expr::Missing { .. } => true,
        Expr::Place(place) => of_place(place).is_none_or(|fact| known(&fact)),
        Expr::Member(inner, _) | Expr::Index(inner, _) => {
            surely(inner, shapes, known) && (!is_optional(expr, shapes) || of_expr(expr).is_some_and(|fact| known(&fact)))
        }
        Expr::Text(template) => template.pieces.iter().all(|piece| match piece {
            Piece::Literal(_) => true,
            Piece::Hole(hole) => {
                let Hole { value, filters } = &**hole;
                surely(value, shapes, known)
                    || filters.iter().any(|filter| matches!(filter, Filter::Default(value) if surely(value, shapes, known)))
            }
        }),
        Expr::List(items) | Expr::Call(_, items) => all(items),
        Expr::Not(inner) | Expr::Negative(inner) | Expr::Matches(inner, _) => surely(inner, shapes, known),
        Expr::ContainsWords(inner, _) | Expr::InWords { value: inner, .. } => surely(inner, shapes, known),
        // A missing side counts as false.
        Expr::Binary(BinaryOp::And | BinaryOp::Or, ..) => true,
        Expr::Binary(_, left, right) => surely(left, shapes, known) && surely(right, shapes, known),
        Expr::If(parts) => {
            let (condition, then, otherwise) = &**parts;
            let with = |outcome: bool, part: &Expr| {
                let more = when(condition, outcome);
                surely(part, shapes, &|fact| more.contains(fact) || known(fact))
            };
            with(true, then) && with(false, otherwise)
        }
    }
}

/// The named groups that a condition may have captured.
pub(super) fn groups(condition: &Expr, into: &mut Facts) {
    match condition {
        Expr::Matches(_, regex) => into.extend(regex.groups().iter().cloned()),
        Expr::Not(inner) => groups(inner, into),
        Expr::Binary(BinaryOp::And | BinaryOp::Or, left, right) => {
            groups(left, into);
            groups(right, into);
        }
        _ => {}
    }
}

/// What must have a value when the condition came out so.
pub(super) fn when(condition: &Expr, outcome: bool) -> Facts {
    match (condition, outcome) {
        (Expr::Missing { value, negated }, _) if *negated == outcome => read(value),
        (Expr::Missing { .. }, _) => Facts::new(),
        (Expr::Not(inner), _) => when(inner, !outcome),
        (Expr::Binary(BinaryOp::And, left, right), true) | (Expr::Binary(BinaryOp::Or, left, right), false) => {
            when(left, outcome).into_iter().chain(when(right, outcome)).collect()
        }
        (Expr::Binary(BinaryOp::And | BinaryOp::Or, ..), _) => Facts::new(),
        (Expr::Matches(inner, regex), true) => read(inner).into_iter().chain(regex.groups_always().iter().cloned()).collect(),
        // A missing value counts as false, so whatever a true comparison read was there.
        (condition, true) => read(condition),
        (_, false) => Facts::new(),
    }
}

/// What an expression needs to give a value.
pub(super) fn read(expr: &Expr) -> Facts {
    match expr {
        Expr::Place(place) => of_place(place).into_iter().collect(),
        Expr::Member(inner, _) => read(inner).into_iter().chain(of_expr(expr)).collect(),
        Expr::Negative(inner) | Expr::Not(inner) | Expr::Matches(inner, _) => read(inner),
        Expr::ContainsWords(inner, _) | Expr::InWords { value: inner, .. } => read(inner),
        Expr::Index(left, right) => read(left).into_iter().chain(read(right)).chain(of_expr(expr)).collect(),
        Expr::Binary(op, left, right) if !matches!(op, BinaryOp::And | BinaryOp::Or) => {
            read(left).into_iter().chain(read(right)).collect()
        }
        _ => Facts::new(),
    }
}

/// A value that a step reads.
pub(super) struct Read {
    pub fact: String,
    /// It goes into a text, where a missing one would be a fault.
    pub printed: bool,
}

/// All that a step reads while `known` surely has values.
pub(super) fn reads(op: &Op, shapes: Shapes<'_>, known: &dyn Fn(&str) -> bool) -> Vec<Read> {
    let mut reader = Reader { shapes, known, here: Facts::new(), list: Vec::new() };
    match op {
        Op::Say { text, shorts, .. } => {
            reader.text(text);
            shorts.iter().for_each(|text| reader.text(text));
        }
        Op::Image { file: template, .. } | Op::Post { item_id: template } => reader.template(template),
        Op::Ask { text, invalid, nudges, .. } => {
            reader.text(text);
            invalid.0.iter().chain(nudges.iter().map(|(_, text)| text)).for_each(|text| reader.text(text));
        }
        Op::Choose { text, choices, invalid, nudges, .. } => {
            reader.text(text);
            choices.iter().for_each(|choice| reader.text(&choice.label));
            invalid.0.iter().chain(nudges.iter().map(|(_, text)| text)).for_each(|text| reader.text(text));
        }
        Op::Set { value, .. } => reader.expr(value, false),
        Op::Branch { condition, .. } => reader.expr(condition, false),
        Op::Match { subject, .. } => reader.expr(subject, false),
        Op::Handoff(handoff) => reader.template(&handoff.note),
        Op::Note(note) => reader.template(note),
        Op::Emit { data, .. } => data.iter().for_each(|(_, value)| reader.expr(value, false)),
        Op::Enter { over, .. } => over.iter().for_each(|over| reader.expr(over, false)),
        Op::Return(value) => value.iter().for_each(|value| reader.expr(value, true)),
        Op::Goto { arguments, .. } | Op::Do { arguments, .. } => {
            arguments.iter().for_each(|argument| reader.expr(argument, true));
        }
        Op::Run { arguments, .. } => arguments.iter().for_each(|argument| reader.expr(argument, false)),
        Op::Fetch(fetch) => {
            reader.template(&fetch.url);
            fetch.headers.iter().for_each(|(_, value)| reader.template(value));
            fetch.json.iter().for_each(|json| reader.expr(json, false));
        }
        Op::Typing
        | Op::Seen
        | Op::Tag { .. }
        | Op::Goal(_)
        | Op::Turn { .. }
        | Op::Split { .. }
        | Op::Jump(_)
        | Op::Stop
        | Op::Wait(_) => {}
    }
    reader.list
}

struct Reader<'r> {
    shapes: Shapes<'r>,
    known: &'r dyn Fn(&str) -> bool,
    /// What the condition around the part that is read makes sure.
    here: Facts,
    list: Vec<Read>,
}

impl Reader<'_> {
    fn fact(&mut self, fact: Option<String>, printed: bool) {
        if let Some(fact) = fact.filter(|fact| !self.here.contains(fact) && !(self.known)(fact)) {
            self.list.push(Read { fact, printed });
        }
    }

    fn text(&mut self, text: &Text) {
        text.by_language.iter().flatten().for_each(|template| self.template(template));
    }

    fn template(&mut self, template: &Template) {
        for piece in &template.pieces {
            let Piece::Hole(hole) = piece else { continue };
            let Hole { value, filters } = &**hole;
            let defaulted = filters.iter().any(|filter| matches!(filter, Filter::Default(_)));
            self.expr(value, !defaulted);
            for filter in filters {
                if let Filter::Default(value) = filter {
                    self.expr(value, true);
                }
            }
        }
    }

    fn expr(&mut self, expr: &Expr, printed: bool) {
        match expr {
            Expr::Place(place) => self.fact(of_place(place), printed),
            Expr::Text(template) => self.template(template),
            Expr::List(items) => items.iter().for_each(|item| self.expr(item, printed)),
            Expr::Map(entries) => entries.iter().for_each(|(_, value)| self.expr(value, printed)),
            Expr::Call(_, arguments) => arguments.iter().for_each(|argument| self.expr(argument, printed)),
            Expr::Member(inner, _) => {
                self.expr(inner, printed);
                if is_optional(expr, self.shapes) {
                    self.fact(of_expr(expr), printed);
                }
            }
            Expr::Not(inner) | Expr::Negative(inner) | Expr::Matches(inner, _) => self.expr(inner, printed),
            Expr::ContainsWords(inner, _) | Expr::InWords { value: inner, .. } => self.expr(inner, printed),
            Expr::Index(left, right) => {
                self.expr(left, printed);
                self.expr(right, printed);
                if is_optional(expr, self.shapes) {
                    self.fact(of_expr(expr), printed);
                }
            }
            Expr::Binary(op, left, right) => {
                self.expr(left, printed);
                match op {
                    BinaryOp::And => self.with(when(left, true), |reader| reader.expr(right, printed)),
                    BinaryOp::Or => self.with(when(left, false), |reader| reader.expr(right, printed)),
                    _ => self.expr(right, printed),
                }
            }
            Expr::If(parts) => {
                let (condition, then, otherwise) = &**parts;
                self.expr(condition, false);
                self.with(when(condition, true), |reader| reader.expr(then, printed));
                self.with(when(condition, false), |reader| reader.expr(otherwise, printed));
            }
            // To ask whether something is missing is not to need it.
            Expr::Missing { .. } | Expr::Value(_) => {}
        }
    }

    fn with(&mut self, more: Facts, then: impl FnOnce(&mut Self)) {
        let added: Vec<String> = more.into_iter().filter(|fact| self.here.insert(fact.clone())).collect();
        then(self);
        for fact in added {
            self.here.remove(&fact);
        }
    }
}
