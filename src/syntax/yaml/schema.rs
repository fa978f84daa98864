//! The JSON schema of one document, for editors: made from the same table of keys that the reader uses.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::table::lines::{self, LINES};
use super::table::{BARE, FIELD, Form, ITEMS, KINDS, STEPS, Shape, TRIGGERS};

/// JSON schema, draft 2020-12, of one YAML document of a `.flow.yaml` file.
#[must_use]
pub fn schema() -> Value {
    let mut maker = Maker::default();
    let items: Vec<Value> = ITEMS.iter().map(|shape| maker.shape(shape)).collect();
    let mut root = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Rejoinder flow",
        "description": "One document of a .flow.yaml file: the bot, a words list, contact, hours, a team, a named text, a flow or a test.",
        "type": "object",
        "anyOf": items,
    });
    let definitions: Map<String, Value> = maker.done.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    if let Some(root) = root.as_object_mut() {
        root.insert("$defs".to_owned(), Value::Object(definitions));
    }
    root
}

#[derive(Default)]
struct Maker {
    /// Definitions by name; `None` while one is being made.
    done: BTreeMap<String, Option<Value>>,
}

impl Maker {
    fn defined(&mut self, name: String, make: impl FnOnce(&mut Self) -> Value) -> Value {
        if !self.done.contains_key(&name) {
            self.done.insert(name.clone(), None);
            let value = make(self);
            self.done.insert(name.clone(), Some(value));
        }
        json!({ "$ref": format!("#/$defs/{name}") })
    }

    fn shape(&mut self, shape: &'static Shape) -> Value {
        // Several shapes begin with one word: a step, an item and a line of a test may be called `post` or `bot`.
        let noun: String = shape.noun.chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect();
        self.defined(format!("{}.{}", noun.trim_matches('_'), shape.first()), |maker| {
            let keys = shape.keys.iter().map(|key| {
                let mut value = maker.form(key.form);
                if let Some(fields) = value.as_object_mut() {
                    fields.insert("description".to_owned(), json!(key.about));
                }
                (key.name.to_owned(), value)
            });
            let keys: Map<String, Value> = keys.collect();
            let needed: Vec<&str> = shape.keys.iter().filter(|key| key.needed).map(|key| key.name).collect();
            json!({ "type": "object", "properties": keys, "required": needed, "additionalProperties": false })
        })
    }

    fn form(&mut self, form: Form) -> Value {
        match form {
            Form::Text => self.text(),
            Form::Texts => self.one_or_list("texts", |maker| maker.text()),
            Form::Template | Form::Plain | Form::Expression | Form::Moment | Form::Until | Form::Name | Form::Target => scalar(),
            Form::Plains => self.one_or_list("plains", |_| scalar()),
            Form::Names => self.one_or_list("names", |_| scalar()),
            Form::Tags => {
                self.one_or_list("languages", |_| json!({ "type": "string", "pattern": "^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$" }))
            }
            Form::Expressions => self.one_or_list("expressions", |_| scalar()),
            Form::Patterns => self.one_or_list("patterns", |_| scalar()),
            Form::Counts => self.one_or_list("counts", |_| count()),
            Form::Values => self.defined("values".to_owned(), |maker| {
                let inside = maker.form(Form::Values);
                json!({ "anyOf": [
                    scalar(),
                    { "type": "array", "items": inside },
                    { "type": "object", "additionalProperties": inside },
                ] })
            }),
            Form::Type => json!({ "type": "string" }),
            Form::Types => json!({ "type": "object", "additionalProperties": { "type": "string" } }),
            Form::Record => self.defined("record".to_owned(), |maker| {
                let inside = maker.form(Form::Record);
                json!({ "anyOf": [{ "type": "string" }, { "type": "object", "additionalProperties": inside }] })
            }),
            Form::Fields => {
                let field = self.shape(&FIELD);
                json!({ "type": "object", "additionalProperties": { "anyOf": [{ "type": "string" }, field] } })
            }
            Form::Duration => json!({ "type": "string", "pattern": "^([0-9]+[smhd])+$" }),
            Form::Count => count(),
            Form::Number => json!({ "type": ["integer", "string"], "pattern": "^-?[0-9]+$" }),
            Form::Regex => json!({ "type": "string", "pattern": "^/.*/[ismx]*$" }),
            Form::Phrases => self.one_or_list("phrases", |_| {
                let text = json!({
                    "type": "object", "properties": { "text": scalar() }, "required": ["text"], "additionalProperties": false,
                });
                json!({ "anyOf": [scalar(), text] })
            }),
            Form::Rows => json!({ "type": "array", "items": { "type": "string" } }),
            Form::Flag => json!({ "type": "boolean" }),
            Form::Word(words) => word(words),
            Form::Steps => self.several("steps", STEPS, BARE),
            Form::Triggers => self.several("triggers", TRIGGERS, KINDS),
            Form::Lines => self.several("lines", LINES, lines::BARE),
            Form::Shape(shape) => self.shape(shape),
            Form::Shapes(shape) => {
                let item = self.shape(shape);
                json!({ "type": "array", "items": item })
            }
            Form::Either(forms) => {
                let forms: Vec<Value> = forms.iter().map(|form| self.form(*form)).collect();
                json!({ "anyOf": forms })
            }
        }
    }

    fn text(&mut self) -> Value {
        self.defined("text".to_owned(), |maker| {
            let inside = maker.text();
            let one_of = json!({ "type": "array", "items": inside, "minItems": 1 });
            json!({ "anyOf": [
                scalar(),
                { "type": "object", "properties": { "one_of": one_of }, "required": ["one_of"], "additionalProperties": false },
                { "type": "object", "properties": { "texts": { "type": "string" } }, "required": ["texts"], "additionalProperties": false },
                {
                    "type": "object",
                    "patternProperties": { "^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$": inside },
                    "additionalProperties": false,
                    "minProperties": 1,
                },
            ] })
        })
    }

    fn one_or_list(&mut self, name: &str, make: impl FnOnce(&mut Self) -> Value) -> Value {
        self.defined(name.to_owned(), |maker| {
            let one = make(maker);
            json!({ "anyOf": [one, { "type": "array", "items": one }] })
        })
    }

    /// A list of maps, each named by a key, and of words that stand alone.
    fn several(&mut self, name: &str, shapes: &'static [&'static Shape], words: &[&str]) -> Value {
        self.defined(name.to_owned(), |maker| {
            let mut all: Vec<Value> = shapes.iter().map(|shape| maker.shape(shape)).collect();
            all.push(json!({ "enum": words }));
            json!({ "type": "array", "items": { "anyOf": all } })
        })
    }
}

/// Values are taken as written, so a number or `true` may stand where a text belongs.
fn scalar() -> Value {
    json!({ "type": ["string", "number", "boolean"] })
}

fn count() -> Value {
    json!({ "type": ["integer", "string"], "minimum": 0, "pattern": "^[0-9]+$" })
}

/// Some readers of YAML hand over `true` and `false` as such.
fn word(words: &[&str]) -> Value {
    let mut all: Vec<Value> = words.iter().map(|word| json!(word)).collect();
    all.extend(words.contains(&"true").then_some(Value::Bool(true)));
    all.extend(words.contains(&"false").then_some(Value::Bool(false)));
    json!({ "enum": all })
}
