//! Texts: holes, filters, languages, variants.

use std::collections::{BTreeMap, BTreeSet};

use super::expression::Scope;
use super::kind::{self, Kind};
use super::{code, suggest, words};
use crate::bot::{self, Value};
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::syntax::tree::{self, Expr, Name, Piece, Spanned, Template, Text};

/// UTF-16 units of one message. Source: TikTok Business Messaging API, send a text message.
const MESSAGE_UNITS_MAX: usize = 6_000;

/// Named texts that hold named texts, at most.
const NAMED_DEPTH_MAX: usize = 8;

/// CLDR's plural categories.
const CATEGORIES: [&str; 6] = ["zero", "one", "two", "few", "many", "other"];

impl Scope<'_, '_> {
    /// Checks a text for all languages of the bot.
    /// Such a text goes to the customer.
    pub(super) fn text(&self, text: &Text) -> bot::Text {
        let before = self.reply.replace(true);
        let by_language = self.variants(text, 0);
        self.reply.set(before);
        bot::Text::new(by_language)
    }

    /// Checks one text that goes to the customer.
    pub(super) fn reply_template(&self, template: &Template) -> bot::Template {
        let before = self.reply.replace(true);
        let done = self.template(template);
        self.reply.set(before);
        done
    }

    /// Checks the value of a header, where a secret may stand.
    pub(super) fn header_template(&self, template: &Template) -> bot::Template {
        self.header.set(true);
        let done = self.template(template);
        self.header.set(false);
        done
    }

    /// One entry for all languages, or one per language; in each the variants.
    fn variants(&self, text: &Text, depth: usize) -> Vec<Vec<bot::Template>> {
        match text {
            Text::Template(template) => {
                self.not_empty(template);
                vec![vec![self.template(template)]]
            }
            Text::OneOf(list, span) => self.one_of(list, *span, depth),
            Text::PerLanguage(entries, span) => self.per_language(entries, *span, depth),
            Text::Named(name) => self.named(name, depth),
        }
    }

    fn named(&self, name: &Name, depth: usize) -> Vec<Vec<bot::Template>> {
        self.world.uses(super::unused::Sort::Texts, &name.text);
        match self.world.texts.get(name.text.as_str()) {
            // Texts that hold texts could grow without end, by depth and by number.
            Some(_) if depth >= NAMED_DEPTH_MAX => {
                let message = format!("`texts.{}` leads back to itself", name.text);
                self.report(Diagnostic::error(code::UNKNOWN_TEXT, name.span, message));
                vec![vec![bot::Template::default()]]
            }
            Some(item) if self.world.may_expand(name) => self.variants(&item.text, depth + 1),
            Some(_) => vec![vec![bot::Template::default()]],
            None => {
                self.world.unknown(code::UNKNOWN_TEXT, "text", name, self.world.texts.keys().copied());
                vec![vec![bot::Template::default()]]
            }
        }
    }

    fn one_of(&self, list: &[Text], span: Span, depth: usize) -> Vec<Vec<bot::Template>> {
        if list.len() < 2 {
            let finding = Diagnostic::warning(code::SAME_VARIANT, span, "`one of` with a single variant");
            self.report(finding.help("add another variant after `|`, or leave `one of` away"));
        }
        let mut seen: BTreeMap<String, Span> = BTreeMap::new();
        for text in list {
            let Text::Template(template) = text else { continue };
            let Some(words) = kind::literal(template) else { continue };
            match seen.get(&words) {
                Some(first) => {
                    let finding = Diagnostic::warning(code::SAME_VARIANT, template.span, "this variant stands here twice");
                    self.report(finding.also(*first, "the first one"));
                }
                None => {
                    seen.insert(words, template.span);
                }
            }
        }
        let parts: Vec<Vec<Vec<bot::Template>>> = list.iter().map(|text| self.variants(text, depth)).collect();
        let languages = parts.iter().map(Vec::len).max().unwrap_or(1);
        let of = |part: &Vec<Vec<bot::Template>>, language: usize| part.get(language).or_else(|| part.first()).cloned();
        (0..languages).map(|language| parts.iter().filter_map(|part| of(part, language)).flatten().collect()).collect()
    }

    fn per_language(&self, entries: &[(Spanned<String>, Text)], span: Span, depth: usize) -> Vec<Vec<bot::Template>> {
        let languages = &self.world.languages;
        let mut given: Vec<Option<Vec<bot::Template>>> = languages.iter().map(|_| None).collect();
        let mut places: BTreeMap<&str, Span> = BTreeMap::new();
        for (tag, text) in entries {
            let parts = self.variants(text, depth);
            if parts.len() > 1 {
                self.report(Diagnostic::error(code::UNKNOWN_LANGUAGE, tag.span, "languages stand inside a language here"));
            }
            let Some(slot) = languages.iter().position(|known| *known == tag.value).and_then(|index| given.get_mut(index)) else {
                self.unknown_language(tag);
                continue;
            };
            if slot.is_some() {
                let finding = Diagnostic::error(code::DEFINED_TWICE, tag.span, format!("`{}` is given twice", tag.value));
                self.report(finding.also(places.get(tag.value.as_str()).copied().unwrap_or(span), "the first one"));
            }
            places.entry(&tag.value).or_insert(tag.span);
            *slot = parts.into_iter().next();
        }
        let missing: Vec<String> =
            languages.iter().zip(&given).filter(|(_, text)| text.is_none()).map(|(tag, _)| format!("`{tag}`")).collect();
        if !missing.is_empty() {
            let finding =
                Diagnostic::error(code::LANGUAGE_MISSING, span, format!("this text is missing in {}", missing.join(", ")));
            self.report(finding.help("a text given per language is given in each language of the bot"));
        }
        given.into_iter().map(Option::unwrap_or_default).collect()
    }

    /// Reports a language that the bot does not have.
    pub(super) fn unknown_language(&self, tag: &Spanned<String>) {
        if self.world.lost.contains("bot") || self.world.bot.is_none() {
            return;
        }
        let message = format!("`{}` is none of the bot's languages", tag.value);
        let mut finding = Diagnostic::error(code::UNKNOWN_LANGUAGE, tag.span, message);
        let all: Vec<String> = self.world.languages.iter().map(|language| format!("`{language}`")).collect();
        finding.help = Some(format!("they are {}; add it to `languages` or remove this text", all.join(", ")));
        self.report(finding);
    }

    fn not_empty(&self, template: &Template) {
        if kind::literal(template).is_some_and(|text| text.trim().is_empty()) {
            let finding = Diagnostic::error(code::EMPTY_TEXT, template.span, "this text is empty");
            self.report(finding.help("TikTok refuses an empty message"));
        }
    }

    /// Checks one text with its holes.
    pub(super) fn template(&self, template: &Template) -> bot::Template {
        let literal: usize = template
            .pieces
            .iter()
            .map(|piece| match piece {
                Piece::Literal(text) => text.encode_utf16().count(),
                Piece::Hole { .. } => 0,
            })
            .sum();
        if literal > MESSAGE_UNITS_MAX {
            let finding = Diagnostic::warning(code::LONG_TEXT, template.span, format!("this text is {literal} characters long"));
            self.report(finding.help("TikTok takes 6000 in one message; it will be split and cost several of the ten replies"));
        }
        let pieces = template.pieces.iter().map(|piece| match piece {
            Piece::Literal(text) => bot::Piece::Literal(text.as_str().into()),
            Piece::Hole { value, filters, .. } => self.hole(value, filters),
        });
        bot::Template { pieces: pieces.collect() }
    }

    fn hole(&self, value: &Expr, filters: &[tree::Filter]) -> bot::Piece {
        let typed = self.expr(value);
        if matches!(typed.kind, Kind::List | Kind::Map) {
            let message = format!("{} cannot be printed", typed.kind.name());
            self.report(Diagnostic::error(code::FILTER_TYPE, value.span, message).help("print one thing of it"));
        }
        self.untyped(&typed, filters);
        self.secret_printed(&typed);
        let mut kind = typed.kind;
        let mut done = Vec::new();
        for filter in filters {
            if let Some((filter, gives)) = self.filter(filter, kind) {
                done.push(filter);
                kind = gives;
            }
        }
        bot::Piece::hole(typed.expr, done)
    }

    /// What nobody knows the type of could print anything, of any length.
    fn untyped(&self, typed: &super::expression::Typed, filters: &[tree::Filter]) {
        if matches!(self.variables, super::expression::Variables::Unknown)
            || self.shape(&typed.expr) != super::shape::Shape::Any
            || filters.iter().any(|filter| filter.name.text == "shorten")
        {
            return;
        }
        let name = self.world.sources.text(typed.span).trim();
        let finding = Diagnostic::error(code::ANY_PRINTED, typed.span, format!("what `{name}` is cannot be known"));
        self.report(finding.help(format!("say how much of it may be printed: `{{{name} | shorten 80}}`, or give it a type")));
    }

    fn secret_printed(&self, typed: &super::expression::Typed) {
        if !self.reply.get() {
            return;
        }
        if let Some(secret) = self.secret_in(&typed.expr) {
            let message = format!("`{secret}` is secret and never stands in a reply");
            let finding = Diagnostic::error(code::SECRET_PRINTED, typed.span, message);
            self.report(finding.help("leave it out, or take `secret` away from the field"));
        }
    }

    /// A filter, and what kind it gives.
    fn filter(&self, filter: &tree::Filter, kind: Kind) -> Option<(bot::Filter, Kind)> {
        let name = filter.name.text.as_str();
        if !words::has(words::FILTERS, name) {
            self.world.unknown(code::UNKNOWN_FILTER, "filter", &filter.name, words::names(words::FILTERS));
            return None;
        }
        let wanted: &[Kind] = match name {
            "date" => &[Kind::Date, Kind::Moment],
            "time" => &[Kind::Time, Kind::Moment],
            "weekday_time" => &[Kind::Moment],
            "money" | "number" | "plural" => &[Kind::Number],
            "upper" | "lower" => &[Kind::Text],
            _ => &[Kind::Any],
        };
        if !wanted.iter().any(|wanted| kind.may_be(*wanted)) {
            let names: Vec<&str> = wanted.iter().map(|kind| kind.name()).collect();
            let message = format!("`{name}` prints {}, not {}", names.join(" or "), kind.name());
            self.report(Diagnostic::error(code::FILTER_TYPE, filter.name.span, message));
        }
        let simple = match name {
            "date" => Some(bot::Filter::Date),
            "time" => Some(bot::Filter::Time),
            "weekday_time" => Some(bot::Filter::WeekdayTime),
            "number" => Some(bot::Filter::Number),
            "upper" => Some(bot::Filter::Upper),
            "lower" => Some(bot::Filter::Lower),
            _ => None,
        };
        if let Some(simple) = simple {
            if !filter.arguments.is_empty() {
                self.bad_argument(&filter.name, format!("`{name}` takes nothing after it"), None);
            }
            return Some((simple, Kind::Text));
        }
        if name == "plural" {
            return self.plural(filter).map(|filter| (filter, Kind::Text));
        }
        let [(None, argument)] = filter.arguments.as_slice() else {
            self.bad_argument(&filter.name, format!("`{name}` takes one thing after it"), Some(example(name)));
            return None;
        };
        if name == "default" {
            let value = self.expr(argument);
            self.secret_printed(&value);
            // Missing or not, the hole now prints; what prints may be of either kind.
            return Some((bot::Filter::Default(value.expr), kind.join(value.kind)));
        }
        match (name, kind::constant(argument)) {
            ("money", Some(Value::Text(currency))) if currency.len() == 3 && currency.bytes().all(|b| b.is_ascii_uppercase()) => {
                Some((bot::Filter::Money(currency), Kind::Text))
            }
            ("shorten", Some(Value::Number(most))) => match usize::try_from(most) {
                Ok(most) if most > 0 && kind::fits(&WHOLE, &Value::Number(most.into())) => {
                    Some((bot::Filter::Shorten(most), Kind::Text))
                }
                _ => {
                    self.bad_argument(&filter.name, "`shorten` takes a whole number above zero".to_owned(), Some(example(name)));
                    None
                }
            },
            _ => {
                self.bad_argument(&filter.name, format!("`{name}` cannot work with this"), Some(example(name)));
                None
            }
        }
    }

    fn plural(&self, filter: &tree::Filter) -> Option<bot::Filter> {
        let mut forms: Vec<(String, String)> = Vec::new();
        let mut seen = BTreeSet::new();
        for (category, text) in &filter.arguments {
            let Some(category) = category else {
                self.bad_argument(&filter.name, "`plural` takes a form before each text".to_owned(), Some(example("plural")));
                return None;
            };
            if !CATEGORIES.contains(&category.text.as_str()) {
                self.bad_argument(
                    category,
                    format!("`{}` is no plural form", category.text),
                    suggest::help(&category.text, CATEGORIES),
                );
                return None;
            }
            if !seen.insert(category.text.as_str()) {
                self.bad_argument(category, format!("`{}` stands here twice", category.text), None);
            }
            match kind::constant(text) {
                Some(Value::Text(text)) => forms.push((category.text.clone(), text)),
                _ => {
                    self.bad_argument(
                        category,
                        "a plural form is a text without holes".to_owned(),
                        Some("`#` stands for the number".to_owned()),
                    );
                    return None;
                }
            }
        }
        if !seen.contains("other") {
            self.bad_argument(&filter.name, "`plural` needs the form `other`".to_owned(), Some(example("plural")));
        }
        Some(bot::Filter::Plural(forms))
    }

    fn bad_argument(&self, name: &Name, message: String, help: Option<String>) {
        let mut finding = Diagnostic::error(code::FILTER_ARGUMENT, name.span, message);
        finding.help = help;
        self.report(finding);
    }
}

const WHOLE: bot::Type =
    bot::Type::Whole { least: rust_decimal::Decimal::ONE, most: rust_decimal::Decimal::from_parts(100_000, 0, 0, false, 0) };

fn example(filter: &str) -> String {
    match filter {
        "money" => "write the currency by its three letters: `{total | money \"EGP\"}`",
        "shorten" => "write `{name | shorten 20}`",
        "plural" => "write `{count | plural one \"# item\" other \"# items\"}`",
        _ => "write `{name | default \"friend\"}`",
    }
    .to_owned()
}
