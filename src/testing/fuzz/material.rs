//! What a customer of this bot may say and press: taken from the bot itself.

use crate::bot::{Anytime, Bot, CustomerAct, Expr, On, Op, Pattern, Piece, Text, Value};

/// Words and acts that mean something to the bot.
#[derive(Debug)]
pub(super) struct Material {
    /// Phrases of triggers, labels' other words, patterns of matches.
    pub phrases: Vec<String>,
    /// Labels, without those that have holes.
    pub labels: Vec<String>,
    /// Acts that triggers of other forms wait for.
    pub acts: Vec<CustomerAct>,
    pub opt_out: Vec<String>,
    pub opt_in: Vec<String>,
    /// Phrases of the triggers that answer beside or instead of a waiting run: key of the trigger and phrase.
    pub anytime: Vec<(String, String)>,
    /// Texts and numbers that flows compare with.
    pub constants: Vec<Value>,
}

impl Material {
    pub(super) fn new(bot: &Bot) -> Self {
        let words = |words: &Option<crate::bot::OptWords>| words.as_ref().map(|words| words.phrases.clone()).unwrap_or_default();
        let mut material = Self {
            phrases: bot.words.values().flatten().cloned().collect(),
            labels: Vec::new(),
            acts: Vec::new(),
            opt_out: words(&bot.settings.opt_out),
            opt_in: words(&bot.settings.opt_in),
            anytime: Vec::new(),
            constants: Vec::new(),
        };
        for trigger in &bot.triggers {
            let texts = texts_of(&trigger.on);
            if trigger.anytime != Anytime::No && matches!(trigger.on, On::Words(_) | On::Exactly(_) | On::Starting(_)) {
                material.anytime.extend(texts.iter().map(|text| (trigger.key.to_string(), text.clone())));
            }
            material.phrases.extend(texts);
            material.acts.extend(act_of(&trigger.on));
        }
        for step in bot.flows.iter().flat_map(|flow| &flow.steps) {
            constants(&step.op, &mut material.constants);
            if let Op::Choose { choices, .. } = &step.op {
                for choice in choices {
                    material.phrases.extend(choice.also.iter().cloned());
                    material.labels.extend(plain(&choice.label));
                }
            }
        }
        for list in [&mut material.phrases, &mut material.labels] {
            list.sort();
            list.dedup();
        }
        material
    }
}

/// The texts and numbers that a step compares with.
fn constants(op: &Op, out: &mut Vec<Value>) {
    match op {
        Op::Match { arms, .. } => {
            for pattern in arms.iter().flat_map(|(patterns, _)| patterns) {
                match pattern {
                    Pattern::Value(value) => keep(value, out),
                    Pattern::Range(least, most) => {
                        keep(least, out);
                        keep(most, out);
                    }
                    Pattern::Words(words) => out.extend(words.iter().cloned().map(Value::Text)),
                }
            }
        }
        Op::Branch { condition, .. } => compared(condition, out),
        _ => {}
    }
}

fn compared(expression: &Expr, out: &mut Vec<Value>) {
    match expression {
        Expr::Value(value) => keep(value, out),
        Expr::List(items) => items.iter().for_each(|item| compared(item, out)),
        Expr::Not(of) | Expr::Negative(of) => compared(of, out),
        Expr::Binary(_, left, right) => {
            compared(left, out);
            compared(right, out);
        }
        Expr::ContainsWords(_, words) | Expr::InWords { words, .. } => out.extend(words.iter().cloned().map(Value::Text)),
        Expr::Matches(_, regex) => out.extend(regex.samples().into_iter().map(Value::Text)),
        Expr::If(parts) => {
            let (condition, then, otherwise) = &**parts;
            [condition, then, otherwise].into_iter().for_each(|part| compared(part, out));
        }
        Expr::Text(_)
        | Expr::Map(_)
        | Expr::Place(_)
        | Expr::Member(..)
        | Expr::Index(..)
        | Expr::Call(..)
        | Expr::Missing { .. } => {}
    }
}

fn keep(value: &Value, out: &mut Vec<Value>) {
    if matches!(value, Value::Text(_) | Value::Number(_)) && !out.contains(value) {
        out.push(value.clone());
    }
}

fn texts_of(on: &On) -> Vec<String> {
    match on {
        On::Words(list) | On::Exactly(list) | On::Starting(list) | On::Like(list) => list.clone(),
        On::Matching(regex) => regex.samples(),
        _ => Vec::new(),
    }
}

fn act_of(on: &On) -> Vec<CustomerAct> {
    let hello = || "hello".to_owned();
    match on {
        On::Image => vec![CustomerAct::Image],
        On::Post => vec![CustomerAct::Post],
        On::Video => vec![CustomerAct::Video],
        On::Sticker => vec![CustomerAct::Sticker],
        On::Emoji => vec![CustomerAct::Emoji],
        On::Unsupported => vec![CustomerAct::Unsupported],
        On::Reaction(emoji) => vec![CustomerAct::Reaction(emoji.clone().unwrap_or_else(|| "👍".to_owned()))],
        On::Ad(id) => vec![CustomerAct::Ad { id: id.clone().unwrap_or_else(|| "77".to_owned()), text: hello() }],
        On::Link(name) => vec![CustomerAct::Link { reference: name.clone().unwrap_or_else(|| "bio".to_owned()), text: hello() }],
        On::Comment(form) => match &**form {
            On::AnyText => vec![CustomerAct::Comment("how much?".to_owned())],
            form => texts_of(form).into_iter().map(CustomerAct::Comment).collect(),
        },
        _ => Vec::new(),
    }
}

/// The label in every language, where it has no holes.
fn plain(text: &Text) -> Vec<String> {
    let whole = |pieces: &[Piece]| {
        pieces.iter().map(|piece| if let Piece::Literal(text) = piece { Some(text.as_str()) } else { None }).collect()
    };
    text.by_language.iter().flatten().filter_map(|template| whole(&template.pieces)).collect()
}
