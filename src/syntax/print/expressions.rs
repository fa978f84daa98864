//! Expressions, filters, types. Brackets stand only where precedence asks for them.

use crate::calendar::Time;
use crate::syntax::duration;
use crate::syntax::read::binding;
use crate::syntax::tree::{BinaryOp, Expr, ExprKind, Filter, Name, Regex, Type, TypeKind};

use super::{Printer, WIDTH_MAX};
use crate::syntax::read::{COMPARE, NEGATE, NOT};

impl Printer<'_> {
    /// An expression where a whole one may stand; broken before `and` and `or` where the line would be too long.
    pub(super) fn value(&mut self, value: &Expr) {
        self.expression(value, 0);
    }

    /// A condition at the end of a line.
    pub(super) fn condition(&mut self, value: &Expr) {
        let whole = self.aside(|printer| printer.value(value));
        if self.column() + whole.chars().count() + 2 <= WIDTH_MAX || whole.contains('\n') {
            self.put(&whole);
            return;
        }
        match &value.kind {
            ExprKind::List(values) => {
                let parts: Vec<String> = values.iter().map(|value| self.aside(|printer| printer.value(value))).collect();
                self.put("[");
                self.listed(&parts);
                self.put("]");
                return;
            }
            ExprKind::Map(entries) => return self.map_lines(entries),
            _ => {}
        }
        let mut parts = Vec::new();
        joined(value, &mut parts);
        for (at, (op, part)) in parts.into_iter().enumerate() {
            if at > 0 {
                self.break_line();
                self.put(op.map_or("and", symbol));
                self.put(" ");
            }
            self.expression(part, op.map_or(0, |op| binding(op) + u8::from(at > 0)));
        }
    }

    fn expression(&mut self, value: &Expr, least: u8) {
        if tightness(&value.kind) < least {
            self.put("(");
            self.expression(value, 0);
            self.put(")");
            return;
        }
        match &value.kind {
            ExprKind::Binary(op, left, right) => {
                let tight = binding(*op);
                self.expression(left, if tight == COMPARE { tight + 1 } else { tight });
                self.put(" ");
                self.put(symbol(*op));
                self.put(" ");
                self.expression(right, tight + 1);
            }
            ExprKind::Not(value) => {
                self.put("not ");
                self.expression(value, NOT);
            }
            ExprKind::Negative(value) => {
                self.put("-");
                self.expression(value, NEGATE);
            }
            ExprKind::Missing { value, negated } => {
                self.expression(value, COMPARE + 1);
                self.put(if *negated { " is not missing" } else { " is missing" });
            }
            ExprKind::Matches(value, regex) => {
                self.expression(value, COMPARE + 1);
                self.put(" matches ");
                self.regex(regex);
            }
            ExprKind::If { condition, then, otherwise } => {
                self.put("if ");
                self.expression(condition, 1);
                self.put(" then ");
                self.expression(then, 1);
                self.put(" else ");
                self.expression(otherwise, 0);
            }
            _ => self.operand(value),
        }
    }

    /// A primary with its members; anything else in brackets.
    pub(super) fn operand(&mut self, value: &Expr) {
        match &value.kind {
            ExprKind::Text(template) => self.template(template),
            ExprKind::Number(number) => self.put(&number.to_string()),
            ExprKind::Bool(value) => self.put(if *value { "true" } else { "false" }),
            ExprKind::Duration(ms) => self.put(&duration::print(*ms)),
            ExprKind::Date(date) => self.put(&date.to_string()),
            ExprKind::Time(time) => self.put(&clock(*time)),
            ExprKind::Name(name) => self.put(&name.text),
            ExprKind::Set(name) => {
                self.put("@");
                self.put(&name.text);
            }
            ExprKind::List(values) => {
                self.put("[");
                self.separated(values);
                self.put("]");
            }
            ExprKind::Map(entries) => self.map(entries),
            ExprKind::Call(name, values) => {
                self.put(&name.text);
                self.put("(");
                self.separated(values);
                self.put(")");
            }
            ExprKind::Member(value, name) => {
                self.base(value);
                self.put(".");
                self.put(&name.text);
            }
            ExprKind::Index(value, index) => {
                self.base(value);
                self.put("[");
                self.value(index);
                self.put("]");
            }
            ExprKind::Broken => {}
            _ => {
                self.put("(");
                self.value(value);
                self.put(")");
            }
        }
    }

    /// What a member or index is taken of.
    fn base(&mut self, value: &Expr) {
        let plain = matches!(
            value.kind,
            ExprKind::Name(_)
                | ExprKind::Call(..)
                | ExprKind::Member(..)
                | ExprKind::Index(..)
                | ExprKind::List(_)
                | ExprKind::Map(_)
        );
        if plain {
            self.operand(value);
        } else {
            self.put("(");
            self.value(value);
            self.put(")");
        }
    }

    fn separated(&mut self, values: &[Expr]) {
        for (at, value) in values.iter().enumerate() {
            if at > 0 {
                self.put(", ");
            }
            self.value(value);
        }
    }

    fn map(&mut self, entries: &[(Name, Expr)]) {
        if entries.is_empty() {
            self.put("{ }");
            return;
        }
        self.put("{ ");
        for (at, (name, value)) in entries.iter().enumerate() {
            if at > 0 {
                self.put(", ");
            }
            self.entry_of(name, value);
        }
        self.put(" }");
    }

    fn entry_of(&mut self, name: &Name, value: &Expr) {
        let plain = crate::syntax::scan::word_at(&name.text) == name.text && !name.text.is_empty();
        let key = if plain { name.text.clone() } else { super::texts::quoted(&name.text) };
        self.put(&key);
        self.put(": ");
        self.value(value);
    }

    /// A map at a statement's end: on its line where it fits, else one entry a line.
    pub(super) fn map_at_end(&mut self, entries: &[(Name, Expr)]) {
        let whole = self.aside(|printer| printer.map(entries));
        if self.column() + whole.chars().count() <= WIDTH_MAX || whole.contains('\n') || entries.is_empty() {
            self.put(&whole);
        } else {
            self.map_lines(entries);
        }
    }

    fn map_lines(&mut self, entries: &[(Name, Expr)]) {
        self.put("{");
        for (at, (name, value)) in entries.iter().enumerate() {
            self.break_line();
            self.indent += 1;
            self.entry_of(name, value);
            self.indent -= 1;
            self.put(if at + 1 < entries.len() { "," } else { "" });
        }
        self.put("\n");
        self.put_indent();
        self.put("}");
    }

    pub(super) fn filter(&mut self, filter: &Filter) {
        self.put(&filter.name.text);
        for (category, argument) in &filter.arguments {
            self.put(" ");
            if let Some(category) = category {
                self.put(&category.text);
                self.put(" ");
            }
            match &argument.kind {
                ExprKind::Negative(value) => {
                    self.put("-");
                    self.operand(value);
                }
                _ => self.operand(argument),
            }
        }
    }

    pub(super) fn regex(&mut self, regex: &Regex) {
        self.put("/");
        self.put(&regex.source);
        self.put("/");
        self.put(&regex.flags);
    }

    pub(super) fn kind(&mut self, kind: &Type) {
        let range = |range: &Option<(rust_decimal::Decimal, rust_decimal::Decimal)>| {
            range.map(|(low, high)| format!("({low}..{high})")).unwrap_or_default()
        };
        let text = match &kind.kind {
            TypeKind::Text(most) => format!("text{}", most.map(|most| format!("({most})")).unwrap_or_default()),
            TypeKind::Whole(bounds) => format!("whole{}", range(bounds)),
            TypeKind::Decimal(bounds) => format!("decimal{}", range(bounds)),
            TypeKind::Digits(fewest, most) if fewest == most => format!("digits({fewest})"),
            TypeKind::Digits(fewest, most) => format!("digits({fewest}..{most})"),
            TypeKind::Email => "email".to_owned(),
            TypeKind::Phone => "phone".to_owned(),
            TypeKind::Date => "date".to_owned(),
            TypeKind::Time => "time".to_owned(),
            TypeKind::YesNo => "yes_no".to_owned(),
            TypeKind::Image => "image".to_owned(),
            TypeKind::Post => "post".to_owned(),
            TypeKind::Matching(regex) => return self.regex(regex),
            TypeKind::OneOf(labels) => {
                self.put("one of (");
                let parts: Vec<String> = labels
                    .iter()
                    .map(|(label, value)| {
                        let label = super::texts::quoted(&label.value);
                        match value {
                            Some(value) => format!("{label} = {}", self.aside(|printer| printer.value(value))),
                            None => label,
                        }
                    })
                    .collect();
                self.listed(&parts);
                self.put(")");
                return;
            }
            TypeKind::OneOfList(list) => {
                // A single text would be read as a label.
                let lone = matches!(list.kind, ExprKind::Text(_));
                self.put(if lone { "one of ((" } else { "one of (" });
                self.value(list);
                self.put(if lone { "))" } else { ")" });
                return;
            }
            TypeKind::List(most, inside) => {
                self.put(&format!("list({most}) of "));
                return self.kind(inside);
            }
            TypeKind::Record(fields) => return self.record(fields, kind.span),
            TypeKind::Broken => String::new(),
        };
        self.put(&text);
    }
}

/// The parts of a chain of one `and` or `or`.
fn joined<'e>(value: &'e Expr, parts: &mut Vec<(Option<BinaryOp>, &'e Expr)>) {
    match &value.kind {
        ExprKind::Binary(op @ (BinaryOp::And | BinaryOp::Or), left, right) => {
            match &left.kind {
                ExprKind::Binary(inner, ..) if inner == op => joined(left, parts),
                _ => parts.push((Some(*op), left)),
            }
            parts.push((Some(*op), right));
        }
        _ => parts.push((None, value)),
    }
}

/// How tight an expression holds together.
const fn tightness(kind: &ExprKind) -> u8 {
    match kind {
        ExprKind::If { .. } => 0,
        ExprKind::Binary(op, ..) => binding(*op),
        ExprKind::Not(_) => NOT,
        ExprKind::Missing { .. } | ExprKind::Matches(..) => COMPARE,
        ExprKind::Negative(_) => NEGATE,
        _ => u8::MAX,
    }
}

const fn symbol(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Or => "or",
        BinaryOp::And => "and",
        BinaryOp::Equal => "==",
        BinaryOp::NotEqual => "!=",
        BinaryOp::Less => "<",
        BinaryOp::LessOrEqual => "<=",
        BinaryOp::Greater => ">",
        BinaryOp::GreaterOrEqual => ">=",
        BinaryOp::In => "in",
        BinaryOp::NotIn => "not in",
        BinaryOp::Contains => "contains",
        BinaryOp::Add => "+",
        BinaryOp::Subtract => "-",
        BinaryOp::Multiply => "*",
        BinaryOp::Divide => "/",
        BinaryOp::Remainder => "%",
    }
}

/// `09:00`
pub(super) fn clock(time: Time) -> String {
    format!("{:02}:{:02}", time.hour(), time.minute())
}
