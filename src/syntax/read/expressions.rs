//! Expressions. The grammar gives them flat; precedence is found here.

use std::iter::Peekable;
use std::vec::IntoIter;

use crate::source::Span;
use crate::syntax::codes;
use crate::syntax::grammar::{Pair, Rule};
use crate::syntax::tree::{BinaryOp, Expr, ExprKind, Name, Regex};

use super::{Reader, child};

/// Operators, members and indexes in one expression, what stands in its brackets included. It bounds the depth of every tree.
pub const OPERATORS_MAX: usize = 200;

enum Token {
    Not(Span),
    Minus(Span),
    Operand(Expr),
    Infix(BinaryOp),
    Missing { negated: bool, span: Span },
    Matches(Regex),
}

/// How tight an operator binds. One number per line of the language's table.
const OR: u8 = 1;
const AND: u8 = 2;
pub const NOT: u8 = 3;
pub const COMPARE: u8 = 4;
const ADD: u8 = 5;
const MULTIPLY: u8 = 6;
pub const NEGATE: u8 = 7;

pub const fn binding(op: BinaryOp) -> u8 {
    match op {
        BinaryOp::Or => OR,
        BinaryOp::And => AND,
        BinaryOp::Add | BinaryOp::Subtract => ADD,
        BinaryOp::Multiply | BinaryOp::Divide | BinaryOp::Remainder => MULTIPLY,
        _ => COMPARE,
    }
}

impl Reader<'_> {
    pub(super) fn value(&mut self, pair: &Pair<'_>) -> Expr {
        self.count_anew();
        self.expression_depth += 1;
        let value = self.value_inside(pair);
        self.expression_depth -= 1;
        if let ExprKind::Set(name) = &value.kind {
            self.misplaced_set(name.span);
        }
        value
    }

    fn value_inside(&mut self, pair: &Pair<'_>) -> Expr {
        let span = self.span(pair);
        let mut choices = Vec::new();
        let mut last = Expr { kind: ExprKind::Broken, span };
        for inner in pair.clone().into_inner() {
            match inner.as_rule() {
                Rule::choice => {
                    if !self.within_limit(1, span) {
                        return Expr { kind: ExprKind::Broken, span };
                    }
                    let parts: Vec<_> = inner.clone().into_inner().filter(|part| part.as_rule() == Rule::chain).collect();
                    let mut parts = parts.iter().map(|part| self.chain(part));
                    if let (Some(condition), Some(then)) = (parts.next(), parts.next()) {
                        drop(parts);
                        choices.push((self.span(&inner), condition, then));
                    }
                }
                _ => last = self.chain(&inner),
            }
        }
        for (at, condition, then) in choices.into_iter().rev() {
            let span = at.to(last.span);
            let kind = ExprKind::If { condition: Box::new(condition), then: Box::new(then), otherwise: Box::new(last) };
            last = Expr { kind, span };
        }
        last
    }

    /// What stands in no other expression has the whole limit for itself.
    const fn count_anew(&mut self) {
        if self.expression_depth == 0 {
            self.operators = 0;
        }
    }

    /// Counts operators; past the limit, once, a diagnostic.
    fn within_limit(&mut self, more: usize, span: Span) -> bool {
        let before = self.operators;
        self.operators = before.saturating_add(more);
        if before <= OPERATORS_MAX && self.operators > OPERATORS_MAX {
            let help = format!("{OPERATORS_MAX} operators at most; keep parts of it with `set`");
            self.error(codes::TOO_DEEP, span, "this expression is too long", help);
        }
        self.operators <= OPERATORS_MAX
    }

    fn chain(&mut self, pair: &Pair<'_>) -> Expr {
        let span = self.span(pair);
        let broken = Expr { kind: ExprKind::Broken, span };
        let operators = pair.clone().into_inner().filter(|inner| inner.as_rule() != Rule::operand).count();
        if !self.within_limit(operators, span) {
            return broken;
        }
        let mut tokens = Vec::new();
        for inner in pair.clone().into_inner() {
            tokens.extend(self.token(&inner));
        }
        let mut tokens = tokens.into_iter().peekable();
        self.climb(&mut tokens, 0).unwrap_or(broken)
    }

    fn token(&mut self, pair: &Pair<'_>) -> Option<Token> {
        let span = self.span(pair);
        let first = pair.clone().into_inner().next();
        Some(match pair.as_rule() {
            Rule::operand => Token::Operand(self.operand(pair)),
            Rule::prefix if first.is_some_and(|first| first.as_rule() == Rule::minus) => Token::Minus(span),
            Rule::prefix => Token::Not(span),
            Rule::suffix => match child(pair, Rule::regex) {
                Some(regex) => Token::Matches(self.regex(&regex)),
                None => Token::Missing { negated: child(pair, Rule::k_not).is_some(), span },
            },
            _ => Token::Infix(self.infix(&pair.clone().into_inner().next()?)),
        })
    }

    fn infix(&mut self, pair: &Pair<'_>) -> BinaryOp {
        match pair.as_rule() {
            Rule::k_and => BinaryOp::And,
            Rule::k_or => BinaryOp::Or,
            Rule::op_not_equal => {
                if pair.as_str().starts_with('<') {
                    self.error(codes::EQUALS, self.span(pair), "`<>` compares nothing here", "write `!=`");
                }
                BinaryOp::NotEqual
            }
            Rule::op_less_equal => BinaryOp::LessOrEqual,
            Rule::op_greater_equal => BinaryOp::GreaterOrEqual,
            Rule::op_less => BinaryOp::Less,
            Rule::op_greater => BinaryOp::Greater,
            Rule::k_in => BinaryOp::In,
            Rule::not_in => BinaryOp::NotIn,
            Rule::k_contains => BinaryOp::Contains,
            Rule::op_add => BinaryOp::Add,
            Rule::op_subtract => BinaryOp::Subtract,
            Rule::op_multiply => BinaryOp::Multiply,
            Rule::op_divide => BinaryOp::Divide,
            Rule::op_remainder => BinaryOp::Remainder,
            Rule::odd_equal => {
                self.error(codes::EQUALS, self.span(pair), "`=` does not compare", "write `==` to compare two values");
                BinaryOp::Equal
            }
            _ => BinaryOp::Equal,
        }
    }

    fn climb(&mut self, tokens: &mut Peekable<IntoIter<Token>>, least: u8) -> Option<Expr> {
        let mut left = match tokens.next()? {
            Token::Operand(value) => value,
            Token::Not(span) => {
                if least > NOT {
                    self.error(
                        codes::PRECEDENCE,
                        span,
                        "`not` binds looser than what stands before it",
                        "put brackets around it: `(not …)`",
                    );
                }
                let value = self.climb(tokens, NOT)?;
                Expr { span: span.to(value.span), kind: ExprKind::Not(Box::new(value)) }
            }
            Token::Minus(span) => {
                let value = self.climb(tokens, NEGATE)?;
                Expr { span: span.to(value.span), kind: ExprKind::Negative(Box::new(value)) }
            }
            Token::Infix(_) | Token::Missing { .. } | Token::Matches(_) => return None,
        };
        let mut compared = false;
        loop {
            let tight = match tokens.peek() {
                Some(Token::Infix(op)) => binding(*op),
                Some(Token::Missing { .. } | Token::Matches(_)) => COMPARE,
                _ => return Some(left),
            };
            if tight < least {
                return Some(left);
            }
            if tight == COMPARE && compared {
                let help = "compare two at a time and join them with `and`";
                self.error(codes::PRECEDENCE, left.span, "comparisons do not chain", help);
            }
            // What `and` and `or` join may be compared again on its other side.
            compared = tight == COMPARE;
            left = match tokens.next()? {
                Token::Infix(op) => {
                    let right = self.climb(tokens, tight + 1)?;
                    self.binary(op, left, right)
                }
                Token::Missing { negated, span } => {
                    Expr { span: left.span.to(span), kind: ExprKind::Missing { value: Box::new(left), negated } }
                }
                Token::Matches(regex) => Expr { span: left.span.to(regex.span), kind: ExprKind::Matches(Box::new(left), regex) },
                Token::Not(_) | Token::Minus(_) | Token::Operand(_) => return Some(left),
            };
        }
    }

    fn binary(&mut self, op: BinaryOp, left: Expr, right: Expr) -> Expr {
        let takes_set = matches!(op, BinaryOp::In | BinaryOp::NotIn | BinaryOp::Contains);
        if let (false, ExprKind::Set(name)) = (takes_set, &right.kind) {
            self.misplaced_set(name.span);
        }
        if let ExprKind::Set(name) = &left.kind {
            self.misplaced_set(name.span);
        }
        Expr { span: left.span.to(right.span), kind: ExprKind::Binary(op, Box::new(left), Box::new(right)) }
    }

    fn misplaced_set(&mut self, span: Span) {
        let help = "a words list stands after `in` or `contains`, in `match` and in triggers";
        self.error(codes::MISPLACED, span, "a words list cannot be a value", help);
    }

    /// A primary with its members and indexes.
    pub(super) fn operand(&mut self, pair: &Pair<'_>) -> Expr {
        let mut inner = pair.clone().into_inner();
        let whole = self.span(pair);
        let broken = Expr { kind: ExprKind::Broken, span: whole };
        let postfixes = inner.clone().count().saturating_sub(1);
        if !self.within_limit(postfixes, whole) {
            return broken;
        }
        let Some(mut value) = inner.next().map(|primary| self.primary(&primary)) else { return broken };
        for postfix in inner {
            let span = value.span.to(self.span(&postfix));
            let Some(part) = postfix.into_inner().next() else { continue };
            let kind = match part.as_rule() {
                Rule::ident => ExprKind::Member(Box::new(value), self.name(&part)),
                _ => ExprKind::Index(Box::new(value), Box::new(self.nested(&part))),
            };
            value = Expr { kind, span };
        }
        value
    }

    /// A value inside another one: it counts towards the same limit.
    fn nested(&mut self, pair: &Pair<'_>) -> Expr {
        self.expression_depth += 1;
        let value = self.value(pair);
        self.expression_depth -= 1;
        value
    }

    fn primary(&mut self, pair: &Pair<'_>) -> Expr {
        let span = self.span(pair);
        let Some(inner) = pair.clone().into_inner().next() else {
            return Expr { kind: ExprKind::Broken, span };
        };
        let kind = match inner.as_rule() {
            Rule::group => {
                // Brackets leave no trace: the printer puts them where they are needed.
                return match inner.into_inner().next() {
                    Some(value) => Expr { span, ..self.nested(&value) },
                    None => Expr { kind: ExprKind::Broken, span },
                };
            }
            Rule::list => ExprKind::List(self.values(&inner)),
            Rule::map => ExprKind::Map(self.entries(&inner)),
            Rule::set_name => ExprKind::Set(self.set_name(&inner)),
            Rule::call => self.call(&inner),
            _ => self.literal_kind(&inner),
        };
        Expr { kind, span }
    }

    /// One of the literal rules.
    pub(super) fn literal_kind(&mut self, pair: &Pair<'_>) -> ExprKind {
        match pair.as_rule() {
            Rule::date => ExprKind::Date(self.date(pair).value),
            Rule::time => ExprKind::Time(self.time(pair).value),
            Rule::length => ExprKind::Duration(self.length(pair)),
            Rule::number => ExprKind::Number(self.decimal(pair)),
            Rule::template => {
                self.expression_depth += 1;
                let template = self.template(pair);
                self.expression_depth -= 1;
                ExprKind::Text(template)
            }
            Rule::k_true => ExprKind::Bool(true),
            Rule::k_false => ExprKind::Bool(false),
            _ => ExprKind::Broken,
        }
    }

    pub(super) fn values(&mut self, pair: &Pair<'_>) -> Vec<Expr> {
        self.count_anew();
        pair.clone().into_inner().map(|value| self.nested(&value)).collect()
    }

    pub(super) fn entries(&mut self, pair: &Pair<'_>) -> Vec<(Name, Expr)> {
        self.count_anew();
        let mut entries = Vec::new();
        for entry in pair.clone().into_inner() {
            let mut parts = entry.into_inner();
            let (Some(key), Some(value)) = (parts.next(), parts.next()) else { continue };
            let name = match key.as_rule() {
                Rule::template => {
                    let text = self.plain(&key);
                    Name { text: text.value, span: text.span }
                }
                _ => self.name(&key),
            };
            entries.push((name, self.nested(&value)));
        }
        entries
    }

    fn call(&mut self, pair: &Pair<'_>) -> ExprKind {
        let Some(name) = child(pair, Rule::name) else { return ExprKind::Broken };
        let name = self.name(&name);
        match child(pair, Rule::arguments) {
            Some(arguments) => ExprKind::Call(name, self.values(&arguments)),
            None => ExprKind::Name(name),
        }
    }
}
