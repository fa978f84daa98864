//! Types of answers and fields.

use rust_decimal::prelude::ToPrimitive;

use crate::syntax::codes;
use crate::syntax::explain::{self, Place};
use crate::syntax::grammar::{Pair, Rule};
use crate::syntax::tree::{Given, Type, TypeKind};

use super::{Reader, child};

impl Reader<'_> {
    pub(super) fn kind(&mut self, pair: &Pair<'_>) -> Type {
        let span = self.span(pair);
        if let Some(odd) = child(pair, Rule::odd_bound) {
            let word = crate::syntax::scan::word_at(pair.as_str());
            let help = match word {
                "text" => "write the most characters: `text(80)`".to_owned(),
                _ => format!("write the least and the most: `{word}(1..20)`"),
            };
            let message = format!("`{}` is no limit of `{word}`", odd.as_str());
            self.error(codes::EXPECTED, self.span(&odd), message, help);
            return Type { kind: TypeKind::Broken, span };
        }
        let kind = pair.clone().into_inner().next().map_or(TypeKind::Broken, |first| self.kind_of(pair, &first));
        Type { kind, span }
    }

    fn kind_of(&mut self, pair: &Pair<'_>, first: &Pair<'_>) -> TypeKind {
        match first.as_rule() {
            Rule::k_text => TypeKind::Text(self.bound(pair)),
            Rule::k_whole => TypeKind::Whole(self.range(pair)),
            Rule::k_decimal => TypeKind::Decimal(self.range(pair)),
            Rule::k_digits => self.digits(pair),
            Rule::k_email => TypeKind::Email,
            Rule::k_phone => TypeKind::Phone,
            Rule::k_date => TypeKind::Date,
            Rule::k_time => TypeKind::Time,
            Rule::k_yes_no => TypeKind::YesNo,
            Rule::k_image => TypeKind::Image,
            Rule::k_post => TypeKind::Post,
            Rule::regex => TypeKind::Matching(self.regex(first)),
            Rule::one_of_kind => self.one_of_kind(first),
            Rule::list_kind => self.list_kind(first),
            _ => {
                let found = explain::unknown_type(first.as_str(), self.span(first));
                self.report(found);
                TypeKind::Broken
            }
        }
    }

    fn bound(&mut self, pair: &Pair<'_>) -> Option<u32> {
        let bound = child(pair, Rule::bound)?.into_inner().next()?;
        Some(self.integer(&bound).value)
    }

    fn range(&mut self, pair: &Pair<'_>) -> Option<(rust_decimal::Decimal, rust_decimal::Decimal)> {
        let mut ends = child(pair, Rule::range)?.into_inner();
        let (low, high) = (ends.next()?, ends.next()?);
        Some((self.decimal(&low), self.decimal(&high)))
    }

    fn digits(&mut self, pair: &Pair<'_>) -> TypeKind {
        if let Some(count) = self.bound(pair) {
            return TypeKind::Digits(count, count);
        }
        let range = self.range(pair).and_then(|(low, high)| Some((low.to_u32()?, high.to_u32()?)));
        if let Some((fewest, most)) = range {
            return TypeKind::Digits(fewest, most);
        }
        self.error(codes::EXPECTED, self.span(pair), "`digits` needs how many", "such as `digits(6..10)`");
        TypeKind::Broken
    }

    /// `list(5) of TYPE`
    fn list_kind(&mut self, pair: &Pair<'_>) -> TypeKind {
        let mut most = None;
        let mut inside = None;
        for inner in pair.clone().into_inner() {
            let span = self.span(&inner);
            match inner.as_rule() {
                Rule::bound => most = inner.into_inner().next().map(|most| self.integer(&most).value),
                Rule::odd_bound | Rule::odd_of => {
                    let message = "a `list` needs the most things that it may hold";
                    self.error(codes::EXPECTED, span, message, "such as `list(10) of text(80)`");
                    return TypeKind::Broken;
                }
                Rule::odd_lists => {
                    let help =
                        "a list may hold fields in braces, and these may be lists: `list(5) of { items: list(9) of text(20) }`";
                    self.error(codes::EXPECTED, span, "a list cannot hold lists", help);
                    return TypeKind::Broken;
                }
                Rule::record => inside = Some(self.record_kind(&inner)),
                Rule::kind => inside = Some(self.kind(&inner)),
                _ => {}
            }
        }
        match (most, inside) {
            (Some(most), Some(inside)) => TypeKind::List(most, Box::new(inside)),
            _ => TypeKind::Broken,
        }
    }

    pub(super) fn record_kind(&mut self, pair: &Pair<'_>) -> Type {
        Type { kind: TypeKind::Record(self.record(pair)), span: self.span(pair) }
    }

    /// `{ field: TYPE … }`
    pub(super) fn record(&mut self, pair: &Pair<'_>) -> Vec<Given> {
        let mut fields = Vec::new();
        for inner in pair.clone().into_inner() {
            match inner.as_rule() {
                Rule::given => fields.extend(self.given(&inner)),
                Rule::broken => {
                    self.broken(&inner, Place::Given);
                }
                _ => {}
            }
        }
        fields
    }

    fn given(&mut self, pair: &Pair<'_>) -> Option<Given> {
        let name = self.name(&child(pair, Rule::ident)?);
        let kind = match child(pair, Rule::record) {
            Some(record) => self.record_kind(&record),
            None => self.kind(&child(pair, Rule::kind)?),
        };
        Some(Given { name, optional: child(pair, Rule::optional).is_some(), kind, span: self.span(pair) })
    }

    fn one_of_kind(&mut self, pair: &Pair<'_>) -> TypeKind {
        let mut labels = Vec::new();
        for inner in pair.clone().into_inner() {
            match inner.as_rule() {
                Rule::labelled => {
                    let value = child(&inner, Rule::value).map(|value| self.value(&value));
                    if let Some(label) = child(&inner, Rule::template) {
                        labels.push((self.plain(&label), value));
                    }
                }
                Rule::value => return TypeKind::OneOfList(Box::new(self.value(&inner))),
                _ => {}
            }
        }
        TypeKind::OneOf(labels)
    }
}
