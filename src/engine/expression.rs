//! What an expression is worth in a conversation. A missing value is `None`; nothing here faults or panics.

use std::cmp::Ordering;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

use super::Conversation;
use super::render::fill;
use super::versions::{field_of, hours_of};
use crate::bot::{BinaryOp, Bot, Builtin, Expr, Pattern, Place, Value, ValueMap};
use crate::calendar::Moment;
use crate::text;

/// What names mean at one moment of a sprint.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    /// Whose steps are taken.
    pub bot: &'a Bot,
    /// Whose contact fields and hours hold.
    pub live: &'a Bot,
    pub state: &'a Conversation,
    pub variables: &'a ValueMap,
    pub now: Moment,
}

impl Scope<'_> {
    /// The conversation's language as a BCP 47 tag.
    pub(super) fn language_tag(&self) -> &str {
        let tags = &self.bot.languages;
        let tag = tags.iter().find(|tag| Some(*tag) == self.state.language.as_ref());
        tag.or_else(|| tags.first()).map_or("und", String::as_str)
    }

    /// The value; `None` where it is missing.
    pub(super) fn value(&self, expr: &Expr) -> Option<Value> {
        match expr {
            Expr::Value(_) | Expr::Place(Place::Variable(_) | Place::Contact(_)) => self.known(expr).cloned(),
            Expr::Text(template) => fill(self, self.language_tag(), template, None).ok().map(Value::Text),
            Expr::List(items) => items.iter().map(|item| self.value(item)).collect::<Option<_>>().map(Value::List),
            Expr::Map(fields) => {
                Some(Value::Map(fields.iter().filter_map(|(name, value)| Some((name.clone(), self.value(value)?))).collect()))
            }
            Expr::Place(place) => self.place(place),
            Expr::Member(of, name) => match self.value(of)? {
                Value::Map(mut map) => map.remove(name),
                _ => None,
            },
            Expr::Index(of, at) => self.index(of, at),
            Expr::Call(function, arguments) => self.call(*function, arguments),
            Expr::Not(of) => match self.value(of)? {
                Value::Bool(is) => Some(Value::Bool(!is)),
                _ => None,
            },
            Expr::Negative(of) => match self.value(of)? {
                Value::Number(number) => Some(Value::Number(-number)),
                Value::Duration(ms) => ms.checked_neg().map(Value::Duration),
                _ => None,
            },
            Expr::Binary(op, left, right) => self.binary(*op, left, right),
            Expr::Missing { value, negated } => Some(Value::Bool(self.value(value).is_none() != *negated)),
            Expr::ContainsWords(of, words) => {
                let of = self.folded(of)?;
                Some(Value::Bool(words.iter().any(|phrase| text::find_words(&of, phrase).is_some())))
            }
            Expr::InWords { value, words, negated } => {
                let of = self.folded(value)?;
                Some(Value::Bool(words.contains(&of) != *negated))
            }
            Expr::Matches(of, regex) => match self.value(of)? {
                Value::Text(of) => Some(Value::Bool(regex.is_match(&text::digits_to_ascii(&of)))),
                _ => None,
            },
            Expr::If(parts) => {
                let (condition, then, otherwise) = &**parts;
                self.value(if self.holds(condition) { then } else { otherwise })
            }
        }
    }

    /// Whether a condition is true; a missing one is not.
    pub(super) fn holds(&self, condition: &Expr) -> bool {
        self.value(condition) == Some(Value::Bool(true))
    }

    /// The named groups of the expressions that make a true condition true.
    pub(super) fn groups(&self, condition: &Expr, found: &mut Vec<(String, String)>) {
        match condition {
            Expr::Matches(of, regex) => {
                if let Some(Value::Text(of)) = self.value(of) {
                    found.extend(regex.named(&text::digits_to_ascii(&of)));
                }
            }
            Expr::Binary(BinaryOp::And | BinaryOp::Or, left, right) => {
                self.groups(left, found);
                self.groups(right, found);
            }
            _ => {}
        }
    }

    fn equal(&self, left: &Value, right: &Value) -> bool {
        left == right || self.compare(left, right).is_some_and(Ordering::is_eq)
    }

    /// A day and a moment are compared by the moment's day in the bot's zone.
    fn compare(&self, left: &Value, right: &Value) -> Option<Ordering> {
        let day = |moment: &Moment| self.bot.settings.zone.civil(*moment).0;
        match (left, right) {
            (Value::Date(left), Value::Moment(right)) => Some(left.cmp(&day(right))),
            (Value::Moment(left), Value::Date(right)) => Some(day(left).cmp(right)),
            _ => compare(left, right),
        }
    }

    /// Whether `value` fits a pattern of `match`.
    pub(super) fn fits(&self, value: Option<&Value>, pattern: &Pattern) -> bool {
        let Some(value) = value else { return false };
        match pattern {
            Pattern::Value(wanted) => value == wanted,
            Pattern::Range(least, most) => {
                self.compare(value, least).is_some_and(Ordering::is_ge) && self.compare(value, most).is_some_and(Ordering::is_le)
            }
            Pattern::Words(words) => match value {
                Value::Text(of) => words.contains(&text::fold(of)),
                _ => false,
            },
        }
    }

    /// The value where it stands, of what is kept as it is asked for.
    pub(super) fn known<'v>(&'v self, expr: &'v Expr) -> Option<&'v Value> {
        match expr {
            Expr::Value(value) => Some(value),
            Expr::Place(Place::Variable(name)) => self.variables.get(name),
            Expr::Place(Place::Contact(name)) => {
                let name = field_of(self.bot, self.live, name);
                let default = || self.live.contact.iter().find(|field| field.name == *name)?.default.as_ref();
                self.state.contact.get(name).map(|kept| &kept.value).or_else(default)
            }
            _ => None,
        }
    }

    fn folded(&self, expr: &Expr) -> Option<String> {
        match self.value(expr)? {
            Value::Text(of) => Some(text::fold(&of)),
            _ => None,
        }
    }

    fn place(&self, place: &Place) -> Option<Value> {
        let state = self.state;
        match place {
            Place::Variable(_) | Place::Contact(_) => None,
            Place::ContactTags => Some(Value::List(state.tags.iter().cloned().map(Value::Text).collect())),
            Place::Message(part) => {
                let message = state.message.as_ref()?;
                match part.as_str() {
                    "text" => (!message.text.is_empty()).then(|| Value::Text(message.text.clone())),
                    "kind" => Some(Value::Text(message.kind.word().to_owned())),
                    "at" => Some(Value::Moment(message.at)),
                    _ => None,
                }
            }
            Place::Referral(part) => {
                let referral = state.referral.as_ref()?;
                match part.as_str() {
                    "ad_id" => referral.ad_id.clone().map(Value::Text),
                    "ad_name" => referral.ad_name.clone().map(Value::Text),
                    "ref" => referral.link_ref.clone().map(Value::Text),
                    "source" => Some(Value::Text(referral.source.clone())),
                    _ => None,
                }
            }
            // Only whoever makes the call knows it.
            Place::Secret(_) => None,
            Place::Fault(part) => {
                let fault = state.run.as_ref()?.fault.as_ref()?;
                match part.as_str() {
                    "reason" => Some(Value::Text(fault.reason.clone())),
                    "step" => (!fault.step.is_empty()).then(|| Value::Text(fault.step.clone())),
                    _ => None,
                }
            }
            Place::RepliesLeft => Some(Value::Number(state.ledger.replies_left().into())),
            Place::WindowLeft => state.window_left(self.now).map(Value::Duration),
            Place::Language => state.language.clone().or_else(|| self.bot.languages.first().cloned()).map(Value::Text),
            Place::Now => Some(Value::Moment(self.now)),
        }
    }

    /// `list[0]` counts from 0, `map["key"]` takes a text.
    fn index(&self, of: &Expr, at: &Expr) -> Option<Value> {
        match (self.value(of)?, self.value(at)?) {
            (Value::List(items), Value::Number(at)) if at.fract().is_zero() => items.into_iter().nth(at.to_usize()?),
            (Value::Map(mut map), Value::Text(name)) => map.remove(&name),
            _ => None,
        }
    }

    fn binary(&self, op: BinaryOp, left: &Expr, right: &Expr) -> Option<Value> {
        match op {
            BinaryOp::And => return Some(Value::Bool(self.holds(left) && self.holds(right))),
            BinaryOp::Or => return Some(Value::Bool(self.holds(left) || self.holds(right))),
            _ => {}
        }
        let (left, right) = (self.value(left)?, self.value(right)?);
        let ordered = |test: fn(Ordering) -> bool| self.compare(&left, &right).map(|order| Value::Bool(test(order)));
        match op {
            BinaryOp::And | BinaryOp::Or => None,
            BinaryOp::Equal => Some(Value::Bool(self.equal(&left, &right))),
            BinaryOp::NotEqual => Some(Value::Bool(!self.equal(&left, &right))),
            BinaryOp::Less => ordered(Ordering::is_lt),
            BinaryOp::LessOrEqual => ordered(Ordering::is_le),
            BinaryOp::Greater => ordered(Ordering::is_gt),
            BinaryOp::GreaterOrEqual => ordered(Ordering::is_ge),
            BinaryOp::In => within(&left, &right).map(Value::Bool),
            BinaryOp::NotIn => within(&left, &right).map(|is| Value::Bool(!is)),
            BinaryOp::Contains => match (&left, &right) {
                (Value::Text(of), Value::Text(words)) => Some(Value::Bool(text::contains_words(of, words))),
                _ => within(&right, &left).map(Value::Bool),
            },
            BinaryOp::Add | BinaryOp::Subtract | BinaryOp::Multiply | BinaryOp::Divide | BinaryOp::Remainder => {
                calculate(op, &left, &right)
            }
        }
    }

    fn call(&self, function: Builtin, arguments: &[Expr]) -> Option<Value> {
        match function {
            Builtin::Open(hours) => {
                let hours = hours_of(self.bot, self.live, hours)?;
                return Some(Value::Bool(hours.open_at(self.now, &self.live.settings.zone)));
            }
            Builtin::NextOpen(hours) => {
                let hours = hours_of(self.bot, self.live, hours)?;
                return hours.next_open(self.now, &self.live.settings.zone).map(Value::Moment);
            }
            _ => {}
        }
        let first = self.value(arguments.first()?)?;
        let second = arguments.get(1).and_then(|argument| self.value(argument));
        match (function, first) {
            (Builtin::Length, Value::Text(of)) => Some(Value::Number(text::graphemes(&of).into())),
            (Builtin::Length, Value::List(items)) => Some(Value::Number(items.len().into())),
            (Builtin::Upper, Value::Text(of)) => Some(Value::Text(of.to_uppercase())),
            (Builtin::Lower, Value::Text(of)) => Some(Value::Text(of.to_lowercase())),
            (Builtin::Trim, Value::Text(of)) => Some(Value::Text(of.trim().to_owned())),
            (Builtin::Words, Value::Text(of)) => {
                Some(Value::List(of.split_whitespace().map(|word| Value::Text(word.to_owned())).collect()))
            }
            (Builtin::First, Value::List(items)) => items.into_iter().next(),
            (Builtin::Last, Value::List(items)) => items.into_iter().last(),
            (Builtin::Round, Value::Number(number)) => {
                let places = match second {
                    Some(Value::Number(places)) => places.to_u32()?.min(Decimal::MAX_SCALE),
                    _ => 0,
                };
                Some(Value::Number(number.round_dp_with_strategy(places, rust_decimal::RoundingStrategy::MidpointAwayFromZero)))
            }
            (Builtin::DaysBetween, from) => self.days_between(&from, &second?),
            _ => None,
        }
    }

    /// Whole days from one date to another, in the bot's zone; negative when the second is the earlier one.
    fn days_between(&self, from: &Value, to: &Value) -> Option<Value> {
        let date = |value: &Value| match value {
            Value::Date(date) => Some(*date),
            Value::Moment(moment) => Some(self.bot.settings.zone.civil(*moment).0),
            _ => None,
        };
        Some(Value::Number(crate::calendar::days_between(date(from)?, date(to)?).into()))
    }
}

fn within(value: &Value, list: &Value) -> Option<bool> {
    match (value, list) {
        (_, Value::List(items)) => Some(items.contains(value)),
        (Value::Text(name), Value::Map(map)) => Some(map.contains_key(name)),
        _ => None,
    }
}

/// The order of two values of one kind.
fn compare(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => Some(left.cmp(right)),
        (Value::Text(left), Value::Text(right)) => Some(left.cmp(right)),
        (Value::Date(left), Value::Date(right)) => Some(left.cmp(right)),
        (Value::Time(left), Value::Time(right)) => Some(left.cmp(right)),
        (Value::Moment(left), Value::Moment(right)) => Some(left.cmp(right)),
        (Value::Duration(left), Value::Duration(right)) => Some(left.cmp(right)),
        _ => None,
    }
}

/// Arithmetic; what overflows or divides by zero is missing.
fn calculate(op: BinaryOp, left: &Value, right: &Value) -> Option<Value> {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => match op {
            BinaryOp::Add => left.checked_add(*right),
            BinaryOp::Subtract => left.checked_sub(*right),
            BinaryOp::Multiply => left.checked_mul(*right),
            BinaryOp::Divide => left.checked_div(*right),
            BinaryOp::Remainder => left.checked_rem(*right),
            _ => None,
        }
        .map(Value::Number),
        (Value::Duration(left), Value::Duration(right)) => match op {
            BinaryOp::Add => left.checked_add(*right),
            BinaryOp::Subtract => left.checked_sub(*right),
            _ => None,
        }
        .map(Value::Duration),
        (Value::Moment(moment), Value::Duration(ms)) => match op {
            BinaryOp::Add => Some(Value::Moment(moment.plus_ms(*ms))),
            BinaryOp::Subtract => Some(Value::Moment(moment.plus_ms(ms.checked_neg()?))),
            _ => None,
        },
        (Value::Moment(left), Value::Moment(right)) if op == BinaryOp::Subtract => Some(Value::Duration(left.since_ms(*right))),
        (Value::Duration(ms), Value::Number(times)) if op == BinaryOp::Multiply => {
            Decimal::from(*ms).checked_mul(*times)?.to_i64().map(Value::Duration)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_calculated_is_missing() {
        let one = Value::Number(1.into());
        assert_eq!(calculate(BinaryOp::Divide, &one, &Value::Number(0.into())), None);
        assert_eq!(calculate(BinaryOp::Multiply, &Value::Number(Decimal::MAX), &Value::Number(2.into())), None);
        assert_eq!(calculate(BinaryOp::Add, &one, &Value::Text("1".to_owned())), None);
        assert_eq!(calculate(BinaryOp::Add, &one, &one), Some(Value::Number(2.into())));
    }
}
