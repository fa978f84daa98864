//! Whether a value can be kept where a type is named.

use super::code;
use super::expression::{self, Scope, Typed};
use super::kind::{self, Kind};
use crate::bot::{self, Value};
use crate::diagnostic::Diagnostic;

impl Scope<'_, '_> {
    /// Reports a value that this type cannot hold; `what` is what has the type: `this field`.
    pub(super) fn fits(&self, kind: &bot::Type, typed: &Typed, what: &str) {
        if typed.kind == Kind::Any {
            // What it is has been said to be unknown, or is known only when it runs.
            return;
        }
        match &typed.expr {
            bot::Expr::Value(value) if !kind::fits(kind, value) => match kind {
                bot::Type::OneOf(words) => {
                    let values: Vec<Value> = words.iter().map(|word| word.value.clone()).collect();
                    self.report(expression::not_a_word(typed.span, value, &values));
                }
                _ => {
                    let message = format!("`{}` is no value of {what}'s type", expression::show(value));
                    self.report(Diagnostic::error(code::DOES_NOT_FIT, typed.span, message));
                }
            },
            _ if !typed.kind.may_be(Kind::of_type(kind)) => {
                let message = format!("{what} keeps {}, not {}", Kind::of_type(kind).name(), typed.kind.name());
                self.report(Diagnostic::error(code::DOES_NOT_FIT, typed.span, message));
            }
            _ => {}
        }
    }
}
