//! Names become places.

use super::expression::{Scope, Variables, nothing};
use super::kind::Kind;
use super::shape::Shape;
use super::{code, suggest};
use crate::bot::{self, Place};
use crate::diagnostic::Diagnostic;
use crate::syntax::tree::{Expr, ExprKind, Name};

/// Names that mean something by themselves.
pub(super) const ROOTS: [&str; 8] = ["contact", "message", "referral", "conversation", "now", "secret", "texts", "fault"];

impl Scope<'_, '_> {
    pub(super) fn name(&self, name: &Name) -> (bot::Expr, Kind) {
        let text = name.text.as_str();
        if text == "now" {
            return (bot::Expr::Place(Place::Now), Kind::Moment);
        }
        let place = || bot::Expr::Place(Place::Variable(text.to_owned()));
        if ROOTS.contains(&text) {
            let finding = Diagnostic::error(code::UNKNOWN_MEMBER, name.span, format!("`{text}` alone is no value"));
            self.report(finding.help(format!("write what of it: {}", members(text))));
            return nothing();
        }
        match &self.variables {
            Variables::Unknown => (place(), Kind::Any),
            Variables::None => {
                let finding = Diagnostic::error(code::NO_VARIABLES_HERE, name.span, format!("`{text}` is not known here"));
                self.report(finding.help(
                    "before a flow runs there are only `contact.…`, `message.…`, `referral.…`, `conversation.…` and `now`",
                ));
                nothing()
            }
            Variables::Some(variables) => match variables.get(text) {
                Some(shape) => (place(), shape.kind()),
                None => {
                    let known =
                        variables.keys().map(String::as_str).chain(["contact", "message", "referral", "conversation", "now"]);
                    self.world.unknown(code::UNKNOWN_VARIABLE, "variable", name, known.clone());
                    nothing()
                }
            },
        }
    }

    pub(super) fn member(&self, inner: &Expr, name: &Name) -> (bot::Expr, Kind) {
        if let ExprKind::Name(root) = &inner.kind {
            let known = match root.text.as_str() {
                "contact" => return self.contact(name),
                "message" => match name.text.as_str() {
                    "text" | "kind" => return (bot::Expr::Place(Place::Message(name.text.clone())), Kind::Text),
                    "at" => return (bot::Expr::Place(Place::Message(name.text.clone())), Kind::Moment),
                    _ => Some("message"),
                },
                "referral" => match name.text.as_str() {
                    "ad_id" | "ad_name" | "ref" | "source" => {
                        return (bot::Expr::Place(Place::Referral(name.text.clone())), Kind::Text);
                    }
                    _ => Some("referral"),
                },
                "conversation" => match name.text.as_str() {
                    "replies_left" => return (bot::Expr::Place(Place::RepliesLeft), Kind::Number),
                    "window_left" => return (bot::Expr::Place(Place::WindowLeft), Kind::Duration),
                    "language" => return (bot::Expr::Place(Place::Language), Kind::Text),
                    _ => Some("conversation"),
                },
                "fault" => match name.text.as_str() {
                    "reason" | "step" => return (bot::Expr::Place(Place::Fault(name.text.clone())), Kind::Text),
                    _ => Some("fault"),
                },
                "secret" => return self.secret(name),
                "texts" => {
                    let finding = Diagnostic::error(code::UNKNOWN_MEMBER, root.span, "a named text stands alone");
                    self.report(finding.help(format!("write `say texts.{}`, without quotes", name.text)));
                    return nothing();
                }
                _ => None,
            };
            if let Some(root) = known {
                let wrong = format!("`{root}` has no `{}`", name.text);
                let mut finding = Diagnostic::error(code::UNKNOWN_MEMBER, name.span, wrong);
                finding.help = Some(
                    suggest::nearest(&name.text, members(root).split(", ").map(|member| member.trim_matches('`')))
                        .map_or_else(|| format!("there is {}", members(root)), |near| format!("did you mean `{near}`?")),
                );
                self.report(finding);
                return nothing();
            }
        }
        let inner = self.expr(inner);
        self.wants(&inner, &[Kind::Map]);
        let shape = self.shape(&inner.expr);
        let kind = match shape.part(&name.text) {
            Ok(part) => part.kind(),
            Err(()) => {
                let known: Vec<&str> = shape.names().collect();
                let wrong = format!("`{}` has no `{}`", self.world.sources.text(inner.span).trim(), name.text);
                let mut finding = Diagnostic::error(code::UNKNOWN_MEMBER, name.span, wrong);
                finding.help = suggest::help(&name.text, known);
                self.report(finding);
                return nothing();
            }
        };
        (bot::Expr::Member(inner.expr.into(), name.text.clone()), kind)
    }

    /// `secret.NAME`: only in a header of a fetch, only one that the bot names.
    fn secret(&self, name: &Name) -> (bot::Expr, Kind) {
        if !self.header.get() {
            let finding = Diagnostic::error(code::SECRET_PLACE, name.span, format!("`secret.{}` cannot stand here", name.text));
            self.report(finding.help("a secret stands only in a `header` of `fetch`: no reply and no record may show it"));
            return nothing();
        }
        if !self.world.secrets.contains(name.text.as_str()) && !self.world.bot_is_broken() {
            let known = self.world.secrets.iter().copied();
            let mut finding = Diagnostic::error(code::UNKNOWN_SECRET, name.span, format!("there is no secret `{}`", name.text));
            finding.help = suggest::nearest(&name.text, known)
                .map(|near| format!("did you mean `{near}`?"))
                .or_else(|| Some(format!("add `secret {}` to `bot`; it is read from the environment", name.text)));
            self.report(finding);
        }
        (bot::Expr::Place(Place::Secret(name.text.clone())), Kind::Text)
    }

    fn contact(&self, name: &Name) -> (bot::Expr, Kind) {
        if name.text == "tags" {
            return (bot::Expr::Place(Place::ContactTags), Kind::List);
        }
        match self.world.field(name) {
            Some(field) => {
                let kind = self.world.contact_shapes.get(name.text.as_str()).map_or(Kind::Any, Shape::kind);
                (bot::Expr::Place(field.place()), kind)
            }
            None => nothing(),
        }
    }
}

fn members(root: &str) -> &'static str {
    match root {
        "contact" => "`contact.tags`, or a field of `contact`",
        "message" => "`text`, `kind`, `at`",
        "referral" => "`ad_id`, `ad_name`, `ref`, `source`",
        "conversation" => "`replies_left`, `window_left`, `language`",
        "fault" => "`reason`, `step`",
        _ => "`root.name`",
    }
}
