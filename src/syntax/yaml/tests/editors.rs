//! What editors and other readers of YAML make of the files: the schema, and an independent reader.

use std::collections::BTreeMap;
use std::sync::Mutex;

use serde_json::Value;

use super::super::nodes::{self, Kind, Node};
use super::super::table::lines::{CUSTOMER_ACT, LINES};
use super::super::table::{FIELD, ITEMS, STEPS, Shape, TRIGGERS};
use super::super::{cuts, schema};
use super::*;
use crate::syntax::tests::generated::{holds_for, item};

/// A pattern is compiled once: the schema has few, and the values are many.
fn matches(pattern: &str, text: &str) -> bool {
    static COMPILED: Mutex<BTreeMap<String, regex::Regex>> = Mutex::new(BTreeMap::new());
    let mut compiled = COMPILED.lock().unwrap();
    compiled.entry(pattern.to_owned()).or_insert_with(|| regex::Regex::new(pattern).unwrap()).is_match(text)
}

/// Checks a value by the words of JSON schema that ours uses; any other word fails.
fn fits(root: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    let words = schema.as_object().ok_or("no schema")?;
    for (word, rule) in words {
        let ok = match word.as_str() {
            "$schema" | "$defs" | "title" | "description" | "properties" | "patternProperties" => true,
            "$ref" => {
                let name = rule.as_str().and_then(|name| name.strip_prefix("#/$defs/")).ok_or("a reference")?;
                fits(root, root["$defs"].get(name).ok_or_else(|| format!("no {name}"))?, value)?;
                true
            }
            "anyOf" => {
                let all: Vec<_> = rule.as_array().ok_or("a list")?.iter().map(|one| fits(root, one, value)).collect();
                if all.iter().all(Result::is_err) {
                    return Err(format!("{value} fits none: {all:?}"));
                }
                true
            }
            "type" => {
                let types = rule.as_array().cloned().unwrap_or_else(|| vec![rule.clone()]);
                types.iter().any(|kind| is_a(kind.as_str().unwrap_or_default(), value))
            }
            "enum" => rule.as_array().is_some_and(|all| all.contains(value)),
            "pattern" => value.as_str().is_none_or(|text| matches(rule.as_str().unwrap_or_default(), text)),
            "minimum" => value.as_f64().is_none_or(|number| number >= rule.as_f64().unwrap_or(0.0)),
            "minItems" => value.as_array().is_none_or(|all| all.len() >= rule.as_u64().unwrap_or(0) as usize),
            "minProperties" => value.as_object().is_none_or(|all| all.len() >= rule.as_u64().unwrap_or(0) as usize),
            "required" => value.as_object().is_none_or(|map| {
                rule.as_array().is_some_and(|keys| keys.iter().all(|key| map.contains_key(key.as_str().unwrap_or_default())))
            }),
            "items" => {
                for one in value.as_array().into_iter().flatten() {
                    fits(root, rule, one)?;
                }
                true
            }
            "additionalProperties" => {
                for (key, one) in value.as_object().into_iter().flatten() {
                    let known = words.get("properties").and_then(|known| known.get(key));
                    let pattern = words.get("patternProperties").and_then(Value::as_object).and_then(|all| all.iter().next());
                    let by_pattern = pattern.filter(|(pattern, _)| matches(pattern, key));
                    match (known, by_pattern, rule) {
                        (Some(known), ..) => fits(root, known, one).map_err(|why| format!("{key}: {why}"))?,
                        (_, Some((_, rule)), _) => fits(root, rule, one)?,
                        (_, _, Value::Bool(false)) => return Err(format!("{key} is not known")),
                        (_, _, rule) => fits(root, rule, one)?,
                    }
                }
                true
            }
            _ => return Err(format!("{word} is not known to this test")),
        };
        if !ok {
            return Err(format!("{value} against {word} {rule}"));
        }
    }
    Ok(())
}

fn is_a(kind: &str, value: &Value) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        _ => false,
    }
}

/// The documents of a stream as an independent reader sees them.
fn other_reader(yaml: &str) -> Vec<Value> {
    use serde::Deserialize as _;
    serde_yaml::Deserializer::from_str(yaml)
        .map(|document| Value::deserialize(document).unwrap())
        .filter(|it| !it.is_null())
        .collect()
}

/// The same lists, maps and values, whatever the other reader takes the values for.
fn same(node: &Node, value: &Value) -> bool {
    match (&node.kind, value) {
        (Kind::List(nodes), Value::Array(values)) => {
            nodes.len() == values.len() && nodes.iter().zip(values).all(|(node, value)| same(node, value))
        }
        (Kind::Map { entries, .. }, Value::Object(map)) => {
            let key = |node: &Node| node.scalar().map(|key| key.text.clone()).unwrap_or_default();
            entries.len() == map.len()
                && entries.iter().all(|(name, node)| map.get(&key(name)).is_some_and(|value| same(node, value)))
        }
        (Kind::Scalar(scalar), Value::String(text)) => scalar.text == *text,
        (Kind::Scalar(scalar), other) => {
            let written = other.to_string();
            scalar.text == written
        }
        _ => false,
    }
}

#[track_caller]
fn agrees(yaml: &str, schema: &Value) {
    let documents = other_reader(yaml);
    let nodes: Vec<Node> = cuts(yaml).into_iter().filter_map(|(from, to)| nodes::read(FileId(0), yaml, from, to).root).collect();
    let nodes: Vec<&Node> = nodes.iter().filter(|node| !node.is_empty()).collect();
    assert_eq!(nodes.len(), documents.len(), "{yaml}");
    for (node, document) in nodes.into_iter().zip(&documents) {
        assert!(same(node, document), "{document}\n{yaml}");
        if let Err(why) = fits(schema, schema, document) {
            panic!("{why}\nin {document:#}");
        }
    }
}

#[test]
fn every_flow_of_the_repository_fits_the_schema_and_reads_the_same_elsewhere() {
    let schema = schema();
    for (_, text) in all_flows() {
        let (document, found) = parse(FileId(0), &text);
        if found.is_empty() {
            agrees(&print_yaml(&document), &schema);
        }
    }
}

#[test]
fn generated_trees_fit_the_schema_and_read_the_same_elsewhere() {
    holds_for(
        24,
        || proptest::collection::vec(item(), 1..3),
        |items| {
            agrees(&print_yaml(&Document { items, ..Document::default() }), &schema());
            Ok(())
        },
    );
}

#[test]
fn every_key_that_the_reader_knows_is_in_the_schema_and_no_other() {
    let schema = schema();
    let definitions = schema["$defs"].as_object().unwrap();
    let all: Vec<&Shape> = [ITEMS, STEPS, TRIGGERS, LINES, &[&FIELD, &CUSTOMER_ACT]].concat();
    for shape in all {
        let keys: Vec<&str> = shape.keys.iter().map(|key| key.name).collect();
        let has = |definition: &&Value| {
            definition["properties"].as_object().is_some_and(|known| {
                known.len() == keys.len()
                    && keys.iter().all(|key| known.get(*key).is_some_and(|key| key["description"].is_string()))
            })
        };
        let definition = definitions.values().find(has).unwrap_or_else(|| panic!("{keys:?}"));
        assert_eq!(definition["additionalProperties"], false, "{keys:?}");
    }
    for wrong in ["{flow: f, stpes: []}", "{flow: f, steps: [{say: hi, shrot: h}]}", "{flow: f, steps: [sya]}", "{say: hi}"] {
        assert!(fits(&schema, &schema, &other_reader(wrong)[0]).is_err(), "{wrong}");
    }
}
