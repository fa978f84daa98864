//! Where the value of a secret field goes.

use super::expression::Scope;
use crate::bot::{BinaryOp, Expr, Filter, Hole, Piece, Place};

impl Scope<'_, '_> {
    /// The secret that the value of an expression would show, as the author wrote it; `None` where it shows none.
    pub(super) fn secret_in(&self, expr: &Expr) -> Option<String> {
        if !self.world.has_secrets {
            return None;
        }
        let mut open = vec![expr];
        while let Some(expr) = open.pop() {
            match expr {
                Expr::Place(Place::Contact(name)) => {
                    if self.world.field_named(name).is_some_and(|field| field.item.secret) {
                        return Some(format!("contact.{name}"));
                    }
                }
                Expr::Place(Place::Variable(name)) if self.secret.contains(name) => return Some(name.clone()),
                Expr::Text(template) => {
                    for piece in &template.pieces {
                        let Piece::Hole(hole) = piece else { continue };
                        let Hole { value, filters } = &**hole;
                        open.push(value);
                        open.extend(filters.iter().filter_map(|filter| match filter {
                            Filter::Default(value) => Some(value),
                            _ => None,
                        }));
                    }
                }
                Expr::List(items) | Expr::Call(_, items) => open.extend(items),
                Expr::Map(entries) => open.extend(entries.iter().map(|(_, value)| value)),
                Expr::Member(inner, _) | Expr::Index(inner, _) | Expr::Negative(inner) => open.push(inner),
                Expr::Binary(
                    BinaryOp::Add | BinaryOp::Subtract | BinaryOp::Multiply | BinaryOp::Divide | BinaryOp::Remainder,
                    left,
                    right,
                ) => open.extend([&**left, &**right]),
                Expr::If(parts) => open.extend([&parts.1, &parts.2]),
                // Yes or no says nothing of what was compared.
                Expr::Value(_)
                | Expr::Place(_)
                | Expr::Not(_)
                | Expr::Binary(..)
                | Expr::Missing { .. }
                | Expr::ContainsWords(..)
                | Expr::InWords { .. }
                | Expr::Matches(..) => {}
            }
        }
        None
    }
}
