//! Types of answers and fields.

use rust_decimal::prelude::ToPrimitive;

use crate::syntax::codes;
use crate::syntax::explain;
use crate::syntax::grammar::{Pair, Rule};
use crate::syntax::tree::{Type, TypeKind};

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
            Rule::odd_list => {
                self.error(codes::NOT_SUPPORTED, self.span(first), "`list` is not supported yet", "ask for one value at a time");
                TypeKind::Broken
            }
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
                Rule::odd_values => {
                    let message = "`one of` a list is not supported yet";
                    self.error(codes::NOT_SUPPORTED, self.span(&inner), message, "write the labels out: `one of (\"S\", \"M\")`");
                    return TypeKind::Broken;
                }
                _ => {}
            }
        }
        TypeKind::OneOf(labels)
    }
}
