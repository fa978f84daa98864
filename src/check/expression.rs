//! Expressions: names become places, sets are resolved, and what can never be true or computed is found.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::kind::{self, Kind};
pub(super) use super::names::ROOTS;
use super::shape::{Shape, Shapes};

use super::world::World;
use super::{code, regexes, suggest, words};
use crate::bot::{self, BinaryOp as Done, Builtin, Value};
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::syntax::tree::{BinaryOp, Expr, ExprKind, Name};
use crate::text::fold;

/// What is known where an expression stands.
pub(super) struct Scope<'w, 'a> {
    pub world: &'w World<'a>,
    pub variables: Variables,
    /// Variables that may hold what a secret field holds.
    pub secret: BTreeSet<String>,
    /// A header of a fetch stands here: `secret.…` may stand in it.
    pub header: Cell<bool>,
    /// What stands here goes to the customer.
    pub reply: Cell<bool>,
}

/// The variables of a flow: what each is, as far as all its assignments agree.
#[derive(Default)]
pub(super) enum Variables {
    /// Outside flows: `when` of a trigger, texts of settings.
    #[default]
    None,
    /// In a flow that could not be read whole: any name may be one.
    Unknown,
    Some(BTreeMap<String, Shape>),
}

/// A checked expression and what it gives.
pub(super) struct Typed {
    pub expr: bot::Expr,
    pub kind: Kind,
    pub span: Span,
}

impl<'w, 'a> Scope<'w, 'a> {
    pub(super) fn new(world: &'w World<'a>, variables: Variables) -> Self {
        Self { world, variables, secret: BTreeSet::new(), header: Cell::new(false), reply: Cell::new(false) }
    }
}

impl Scope<'_, '_> {
    pub(super) fn report(&self, finding: Diagnostic) {
        self.world.findings.add(finding);
    }

    /// Checks an expression. Where it is wrong, that is reported and something harmless stands in its place.
    pub(super) fn expr(&self, expr: &Expr) -> Typed {
        let (done, kind) = self.parts(expr);
        Typed { expr: done, kind, span: expr.span }
    }

    /// Checks an expression that must be true or false.
    pub(super) fn condition(&self, expr: &Expr) -> bot::Expr {
        let typed = self.expr(expr);
        if !typed.kind.may_be(Kind::Bool) {
            let finding = Diagnostic::error(code::NOT_A_CONDITION, expr.span, "a condition is true or false")
                .here(format!("this is {}", typed.kind.name()));
            self.report(finding.help("compare it with something, or ask whether it `is missing`"));
        }
        typed.expr
    }

    fn parts(&self, expr: &Expr) -> (bot::Expr, Kind) {
        match &expr.kind {
            ExprKind::Text(template) => match kind::literal(template) {
                Some(text) => (bot::Expr::Value(Value::Text(text)), Kind::Text),
                None => (bot::Expr::Text(self.template(template)), Kind::Text),
            },
            ExprKind::List(items) => (bot::Expr::List(items.iter().map(|item| self.expr(item).expr).collect()), Kind::List),
            ExprKind::Map(entries) => {
                let entries = entries.iter().map(|(name, value)| (name.text.clone(), self.expr(value).expr)).collect();
                (bot::Expr::Map(entries), Kind::Map)
            }
            ExprKind::Name(name) => self.name(name),
            ExprKind::Set(name) => {
                self.world.set(name);
                let finding = Diagnostic::error(code::ARGUMENT_TYPE, name.span, format!("`@{}` cannot stand here", name.text));
                self.report(finding.help("a set of words stands after `in`, `not in`, `contains` and in `match`"));
                nothing()
            }
            ExprKind::Member(inner, name) => self.member(inner, name),
            ExprKind::Index(list, at) => {
                let (list, at) = (self.expr(list), self.expr(at));
                self.wants(&list, &[Kind::List, Kind::Map]);
                self.wants(&at, &[Kind::Number, Kind::Text]);
                let done = bot::Expr::Index(list.expr.into(), at.expr.into());
                let kind = self.shape(&done).kind();
                (done, kind)
            }
            ExprKind::Call(name, arguments) => self.call(name, arguments, expr.span),
            ExprKind::Not(inner) => (bot::Expr::Not(self.condition(inner).into()), Kind::Bool),
            ExprKind::Negative(inner) => {
                let inner = self.expr(inner);
                self.number(&inner);
                match inner.expr {
                    bot::Expr::Value(Value::Number(number)) => (bot::Expr::Value(Value::Number(-number)), Kind::Number),
                    other => (bot::Expr::Negative(other.into()), Kind::Number),
                }
            }
            ExprKind::Binary(op, left, right) => self.binary(*op, left, right),
            ExprKind::Missing { value, negated } => {
                let value = self.expr(value).expr;
                (bot::Expr::Missing { value: value.into(), negated: *negated }, Kind::Bool)
            }
            ExprKind::Matches(value, regex) => {
                let value = self.expr(value);
                self.wants(&value, &[Kind::Text]);
                match regexes::compile(regex, &self.world.findings) {
                    Some(regex) => (bot::Expr::Matches(value.expr.into(), regex), Kind::Bool),
                    None => nothing(),
                }
            }
            ExprKind::If { condition, then, otherwise } => {
                let condition = self.condition(condition);
                let (then, otherwise) = (self.expr(then), self.expr(otherwise));
                let kind = then.kind.join(otherwise.kind);
                (bot::Expr::If(Box::new((condition, then.expr, otherwise.expr))), kind)
            }
            ExprKind::Broken => nothing(),
            ExprKind::Number(_) | ExprKind::Bool(_) | ExprKind::Duration(_) | ExprKind::Date(_) | ExprKind::Time(_) => {
                kind::constant(expr).map_or_else(nothing, |value| {
                    let kind = Kind::of(&value);
                    (bot::Expr::Value(value), kind)
                })
            }
        }
    }

    fn call(&self, name: &Name, arguments: &[Expr], span: Span) -> (bot::Expr, Kind) {
        if let "open" | "next_open" = name.text.as_str() {
            return self.call_hours(name, arguments, span);
        }
        // Name, function, fewest and most arguments, what each may be, what comes out.
        let text: &[Kind] = &[Kind::Text];
        let (builtin, fewest, most, wanted, kind): (_, usize, usize, &[Kind], _) = match name.text.as_str() {
            "length" => (Builtin::Length, 1, 1, &[Kind::Text, Kind::List, Kind::Map], Kind::Number),
            "upper" => (Builtin::Upper, 1, 1, text, Kind::Text),
            "lower" => (Builtin::Lower, 1, 1, text, Kind::Text),
            "trim" => (Builtin::Trim, 1, 1, text, Kind::Text),
            "words" => (Builtin::Words, 1, 1, text, Kind::List),
            "first" => (Builtin::First, 1, 1, &[Kind::List, Kind::Text], Kind::Any),
            "last" => (Builtin::Last, 1, 1, &[Kind::List, Kind::Text], Kind::Any),
            "round" => (Builtin::Round, 1, 2, &[Kind::Number], Kind::Number),
            "days_between" => (Builtin::DaysBetween, 2, 2, &[Kind::Date, Kind::Moment], Kind::Number),
            _ => {
                self.world.unknown(code::UNKNOWN_FUNCTION, "function", name, words::names(words::BUILTINS));
                return nothing();
            }
        };
        let arguments: Vec<Typed> = arguments.iter().map(|argument| self.expr(argument)).collect();
        if !(fewest..=most).contains(&arguments.len()) {
            self.count(
                name,
                span,
                if fewest == most { format!("{most}") } else { format!("{fewest} or {most}") },
                arguments.len(),
            );
        }
        for argument in &arguments {
            self.wants(argument, wanted);
        }
        let done = bot::Expr::Call(builtin, arguments.into_iter().map(|argument| argument.expr).collect());
        let kind = if kind == Kind::Any { self.shape(&done).kind() } else { kind };
        (done, kind)
    }

    fn call_hours(&self, name: &Name, arguments: &[Expr], span: Span) -> (bot::Expr, Kind) {
        let [argument] = arguments else {
            self.count(name, span, "1".to_owned(), arguments.len());
            return nothing();
        };
        let ExprKind::Name(hours) = &argument.kind else {
            if !matches!(argument.kind, ExprKind::Broken) {
                let finding =
                    Diagnostic::error(code::ARGUMENT_TYPE, argument.span, format!("`{}` takes the name of hours", name.text));
                self.report(finding.help(format!("write it without quotes: `{}(support)`", name.text)));
            }
            return nothing();
        };
        let Some(index) = self.world.hours_index(hours) else { return nothing() };
        if name.text == "open" {
            (bot::Expr::Call(Builtin::Open(index), Vec::new()), Kind::Bool)
        } else {
            (bot::Expr::Call(Builtin::NextOpen(index), Vec::new()), Kind::Moment)
        }
    }

    fn count(&self, name: &Name, span: Span, wanted: String, got: usize) {
        let what = if wanted == "1" { "value" } else { "values" };
        let message = format!("`{}` takes {wanted} {what}, here stand {got}", name.text);
        self.report(Diagnostic::error(code::ARGUMENT_COUNT, span, message));
    }

    /// Reports an operand that can be none of these.
    pub(super) fn wants(&self, typed: &Typed, wanted: &[Kind]) {
        if wanted.iter().any(|kind| typed.kind.may_be(*kind)) {
            return;
        }
        let names: Vec<&str> = wanted.iter().map(|kind| kind.name()).collect();
        let message = format!("here stands {}, not {}", names.join(" or "), typed.kind.name());
        self.report(Diagnostic::error(code::ARGUMENT_TYPE, typed.span, message));
    }

    fn number(&self, typed: &Typed) {
        if !matches!(typed.kind, Kind::Number | Kind::Any) {
            let finding =
                Diagnostic::error(code::NOT_A_NUMBER, typed.span, format!("cannot calculate with {}", typed.kind.name()));
            self.report(if typed.kind == Kind::Text {
                finding.help("texts are joined by holes: `\"{a} {b}\"`")
            } else {
                finding
            });
        }
    }

    fn binary(&self, op: BinaryOp, left: &Expr, right: &Expr) -> (bot::Expr, Kind) {
        match op {
            BinaryOp::Or | BinaryOp::And => {
                let (left, right) = (self.condition(left), self.condition(right));
                (bot::Expr::Binary(done(op), left.into(), right.into()), Kind::Bool)
            }
            BinaryOp::In | BinaryOp::NotIn => self.membership(op, left, right),
            BinaryOp::Contains => self.contains(left, right),
            BinaryOp::Equal
            | BinaryOp::NotEqual
            | BinaryOp::Less
            | BinaryOp::LessOrEqual
            | BinaryOp::Greater
            | BinaryOp::GreaterOrEqual => self.comparison(op, left, right),
            BinaryOp::Add | BinaryOp::Subtract | BinaryOp::Multiply | BinaryOp::Divide | BinaryOp::Remainder => {
                self.arithmetic(op, left, right)
            }
        }
    }

    fn membership(&self, op: BinaryOp, left: &Expr, right: &Expr) -> (bot::Expr, Kind) {
        let left = self.expr(left);
        if let ExprKind::Set(name) = &right.kind {
            self.wants(&left, &[Kind::Text]);
            let words = self.world.folded_set(name);
            return (bot::Expr::InWords { value: left.expr.into(), words, negated: op == BinaryOp::NotIn }, Kind::Bool);
        }
        let right = self.expr(right);
        self.wants(&right, &[Kind::List]);
        (bot::Expr::Binary(done(op), left.expr.into(), right.expr.into()), Kind::Bool)
    }

    fn contains(&self, left: &Expr, right: &Expr) -> (bot::Expr, Kind) {
        let left = self.expr(left);
        self.wants(&left, &[Kind::Text, Kind::List]);
        if let ExprKind::Set(name) = &right.kind {
            let words = self.world.folded_set(name);
            return (bot::Expr::ContainsWords(left.expr.into(), words), Kind::Bool);
        }
        let right = self.expr(right);
        match right.expr {
            bot::Expr::Value(Value::Text(text)) if left.kind == Kind::Text => {
                (bot::Expr::ContainsWords(left.expr.into(), Arc::from([fold(&text)])), Kind::Bool)
            }
            other => (bot::Expr::Binary(Done::Contains, left.expr.into(), other.into()), Kind::Bool),
        }
    }

    fn comparison(&self, op: BinaryOp, left: &Expr, right: &Expr) -> (bot::Expr, Kind) {
        let (left, right) = (self.expr(left), self.expr(right));
        if !left.kind.comparable(right.kind) {
            let finding = Diagnostic::error(code::UNLIKE_TYPES, left.span.to(right.span), "these two can never be compared")
                .here(format!("{} and {}", left.kind.name(), right.kind.name()));
            let digits = matches!((left.kind, right.kind), (Kind::Text, Kind::Number) | (Kind::Number, Kind::Text));
            self.report(if digits {
                finding.help("a number stands without quotes; `digits(…)` is kept as a text")
            } else {
                finding
            });
        }
        let ordered = !matches!(op, BinaryOp::Equal | BinaryOp::NotEqual);
        if ordered {
            for side in [&left, &right] {
                if matches!(side.kind, Kind::Bool | Kind::List | Kind::Map) {
                    let message = format!("{} is neither less nor more than another", side.kind.name());
                    self.report(Diagnostic::error(code::UNLIKE_TYPES, side.span, message));
                }
            }
        } else {
            self.closed_word(&left, &right);
            self.closed_word(&right, &left);
        }
        (bot::Expr::Binary(done(op), left.expr.into(), right.expr.into()), Kind::Bool)
    }

    /// A closed type compared with a value that it never has.
    fn closed_word(&self, place: &Typed, value: &Typed) {
        let bot::Expr::Value(constant) = &value.expr else { return };
        let Some(values) = self.closed(&place.expr) else { return };
        if !values.contains(constant) && values.iter().any(|known| Kind::of(known) == Kind::of(constant)) {
            self.report(not_a_word(value.span, constant, &values));
        }
    }

    /// The values of a place of a closed type.
    pub(super) fn closed(&self, expr: &bot::Expr) -> Option<Vec<Value>> {
        if !matches!(expr, bot::Expr::Place(_) | bot::Expr::Member(..) | bot::Expr::Index(..)) {
            return None;
        }
        match self.shape(expr) {
            Shape::Closed(values) => Some(values),
            Shape::Bool => Some(vec![Value::Bool(true), Value::Bool(false)]),
            _ => None,
        }
    }

    /// What a checked expression can be.
    pub(super) fn shape(&self, expr: &bot::Expr) -> Shape {
        static NONE: BTreeMap<String, Shape> = BTreeMap::new();
        let variables = match &self.variables {
            Variables::Some(variables) => variables,
            Variables::None | Variables::Unknown => &NONE,
        };
        Shapes { contact: &self.world.contact_shapes, variables }.of(expr)
    }

    fn arithmetic(&self, op: BinaryOp, left: &Expr, right: &Expr) -> (bot::Expr, Kind) {
        let (left, right) = (self.expr(left), self.expr(right));
        let sum = matches!(op, BinaryOp::Add | BinaryOp::Subtract);
        let kind = match (left.kind, right.kind) {
            (Kind::Duration, Kind::Duration) if sum => Kind::Duration,
            (Kind::Date | Kind::Moment, Kind::Duration) if sum => left.kind,
            (Kind::Date | Kind::Moment, Kind::Date | Kind::Moment) if op == BinaryOp::Subtract => Kind::Duration,
            (Kind::Any, _) | (_, Kind::Any) if sum => Kind::Any,
            _ => {
                self.number(&left);
                self.number(&right);
                Kind::Number
            }
        };
        let zero = matches!(&right.expr, bot::Expr::Value(Value::Number(number)) if number.is_zero());
        if zero && matches!(op, BinaryOp::Divide | BinaryOp::Remainder) {
            self.report(Diagnostic::error(code::NOT_A_NUMBER, right.span, "nothing can be divided by zero"));
        }
        (bot::Expr::Binary(done(op), left.expr.into(), right.expr.into()), kind)
    }
}

/// A value that a closed type does not have.
pub(super) fn not_a_word(span: Span, value: &Value, values: &[Value]) -> Diagnostic {
    let texts: BTreeSet<String> = values.iter().map(show).collect();
    let shown = show(value);
    let mut finding = Diagnostic::error(code::NOT_A_WORD_OF_IT, span, format!("`{shown}` is none of its values"));
    finding.help = suggest::help(&shown, texts.iter().map(String::as_str));
    finding
}

/// A value as an author would write it.
pub(super) fn show(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(yes) => yes.to_string(),
        Value::Date(date) => date.to_string(),
        Value::Time(time) => time.to_string(),
        Value::Moment(moment) => moment.0.to_string(),
        Value::Duration(ms) => super::time::duration(*ms),
        Value::List(_) => "[…]".to_owned(),
        Value::Map(_) => "{…}".to_owned(),
    }
}

/// What stands where something is wrong.
pub(super) fn nothing() -> (bot::Expr, Kind) {
    (bot::Expr::Value(Value::Bool(false)), Kind::Any)
}

const fn done(op: BinaryOp) -> Done {
    match op {
        BinaryOp::Or => Done::Or,
        BinaryOp::And => Done::And,
        BinaryOp::Equal => Done::Equal,
        BinaryOp::NotEqual => Done::NotEqual,
        BinaryOp::Less => Done::Less,
        BinaryOp::LessOrEqual => Done::LessOrEqual,
        BinaryOp::Greater => Done::Greater,
        BinaryOp::GreaterOrEqual => Done::GreaterOrEqual,
        BinaryOp::In => Done::In,
        BinaryOp::NotIn => Done::NotIn,
        BinaryOp::Contains => Done::Contains,
        BinaryOp::Add => Done::Add,
        BinaryOp::Subtract => Done::Subtract,
        BinaryOp::Multiply => Done::Multiply,
        BinaryOp::Divide => Done::Divide,
        BinaryOp::Remainder => Done::Remainder,
    }
}
