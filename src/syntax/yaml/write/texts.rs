//! Texts, phrases, values.

use crate::syntax::print::{pieces, text_span};
use crate::syntax::tree::{Expr, ExprKind, Given, Name, Phrase, Piece, Spanned, Template, Text, Type, TypeKind};

use super::quotes::{lines, quoted, word};
use super::{Entry, Yaml, union};

/// A key with its text; `keep` tells whether languages get lines of their own.
pub fn text(key: &str, text: &Text) -> Entry {
    Entry::new(key, text_value(text, false), text_span(text))
}

/// On a label everything stands on one line.
pub fn label(key: &str, text: &Text) -> Entry {
    Entry::new(key, text_value(text, true), text_span(text))
}

fn text_value(text: &Text, short: bool) -> Yaml {
    match text {
        Text::Template(template) => self::template(template),
        Text::Named(name) => Yaml::Short(vec![Entry::bare("texts", Yaml::Scalar(word(&name.text)))]),
        Text::OneOf(texts, _) => {
            let texts = texts.iter().map(|text| Entry::new("", text_value(text, false), text_span(text))).collect();
            Yaml::Map(vec![Entry::bare("one_of", Yaml::List(texts))])
        }
        Text::PerLanguage(lines, _) => {
            let lines = lines
                .iter()
                .map(|(tag, text)| Entry::new(&word(&tag.value), text_value(text, false), tag.span.to(text_span(text))))
                .collect();
            if short { Yaml::Short(lines) } else { Yaml::Map(lines) }
        }
    }
}

pub fn texts(key: &str, texts: &[Text]) -> Entry {
    if let [one] = texts {
        return text(key, one);
    }
    let all = texts.iter().map(|text| Entry::new("", text_value(text, false), text_span(text))).collect();
    Entry::new(key, Yaml::List(all), union(texts.iter().map(text_span)))
}

pub fn template_of(key: &str, template: &Template) -> Entry {
    Entry::new(key, self::template(template), template.span)
}

fn template(template: &Template) -> Yaml {
    let mut text = String::new();
    for piece in &template.pieces {
        match piece {
            Piece::Literal(literal) => text.push_str(&braces(literal)),
            Piece::Hole { .. } => text.push_str(&pieces::hole(piece)),
        }
    }
    match lines(&text).filter(|_| template.block) {
        Some((lines, head)) => Yaml::Lines(lines, head),
        None => Yaml::Scalar(quoted(&text)),
    }
}

fn braces(text: &str) -> String {
    text.replace('{', "{{").replace('}', "}}")
}

/// A text without holes.
pub fn plain(key: &str, text: &Spanned<String>) -> Entry {
    Entry::new(key, Yaml::Scalar(quoted(&braces(&text.value))), text.span)
}

pub fn plains(key: &str, texts: &[Spanned<String>]) -> Entry {
    let all = texts.iter().map(|text| plain("", text)).collect();
    Entry::new(key, Yaml::List(all), union(texts.iter().map(|text| text.span)))
}

pub fn name(key: &str, name: &Name) -> Entry {
    Entry::new(key, Yaml::Scalar(word(&name.text)), name.span)
}

/// `contact.size`
pub fn target(key: &str, names: &[Name]) -> Entry {
    let text = names.iter().map(|name| name.text.as_str()).collect::<Vec<_>>().join(".");
    Entry::new(key, Yaml::Scalar(word(&text)), union(names.iter().map(|name| name.span)))
}

pub fn phrases(key: &str, phrases: &[Phrase]) -> Entry {
    let span = |phrase: &Phrase| match phrase {
        Phrase::Text(text) => text.span,
        Phrase::Set(name) => name.span,
    };
    let all = phrases.iter().map(|phrase| {
        let value = match phrase {
            Phrase::Set(name) => Yaml::Scalar(quoted(&format!("@{}", name.text))),
            // Without the key it would be read as a words list.
            Phrase::Text(text) if text.value.trim_start().starts_with('@') => {
                Yaml::Short(vec![Entry::bare("text", Yaml::Scalar(quoted(&braces(&text.value))))])
            }
            Phrase::Text(text) => Yaml::Scalar(quoted(&braces(&text.value))),
        };
        Entry::new("", value, span(phrase))
    });
    Entry::new(key, Yaml::List(all.collect()), union(phrases.iter().map(span)))
}

pub fn expression(key: &str, value: &Expr) -> Entry {
    Entry::new(key, Yaml::Scalar(code(value)), value.span)
}

pub fn expressions(key: &str, values: &[Expr]) -> Entry {
    let all = values.iter().map(|value| expression("", value)).collect();
    Entry::new(key, Yaml::List(all), union(values.iter().map(|value| value.span)))
}

fn code(value: &Expr) -> String {
    match &value.kind {
        ExprKind::Number(_) | ExprKind::Name(_) | ExprKind::Duration(_) => word(&pieces::value(value)),
        ExprKind::Bool(value) => value.to_string(),
        _ => quoted(&pieces::value(value)),
    }
}

/// A map of names to expressions; another expression as it is.
pub fn values(key: &str, value: &Expr) -> Entry {
    match &value.kind {
        ExprKind::Map(entries) => Entry::new(key, data(entries), value.span),
        _ => expression(key, value),
    }
}

pub fn data(entries: &[(Name, Expr)]) -> Yaml {
    let names: std::collections::BTreeSet<&str> = entries.iter().map(|(name, _)| name.text.as_str()).collect();
    if names.len() < entries.len() || names.contains("<<") {
        // A name that stands twice, or one that is no key: only an expression holds it.
        let kind = ExprKind::Map(entries.to_vec());
        return Yaml::Scalar(quoted(&pieces::value(&Expr { kind, span: crate::source::Span::default() })));
    }
    let all =
        entries.iter().map(|(name, value)| Entry::new(&word(&name.text), Yaml::Scalar(code(value)), name.span.to(value.span)));
    Yaml::Map(all.collect())
}

pub fn kind(key: &str, kind: &Type) -> Entry {
    let text = pieces::kind(kind);
    Entry::new(key, Yaml::Scalar(word(&text)), kind.span)
}

/// The fields of what a fetch gives.
pub fn record(fields: &[Given]) -> Yaml {
    let names: std::collections::BTreeSet<&str> = fields.iter().map(|field| field.name.text.as_str()).collect();
    if names.len() < fields.len() {
        let kind = Type { kind: TypeKind::Record(fields.to_vec()), span: crate::source::Span::default() };
        return Yaml::Scalar(quoted(&pieces::kind(&kind)));
    }
    let all = fields.iter().map(|field| {
        let key = word(&format!("{}{}", field.name.text, if field.optional { "?" } else { "" }));
        match &field.kind.kind {
            TypeKind::Record(fields) => Entry::new(&key, record(fields), field.span),
            _ => Entry { span: Some(field.span).filter(|span| span.end > span.start), ..kind(&key, &field.kind) },
        }
    });
    Yaml::Map(all.collect())
}
