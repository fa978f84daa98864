//! The OpenAPI document that is served, held against what the handlers answer.

use rejoinder::server::api;
use serde_json::Value;

use crate::api::{Client, SHOP, client, greeted};
use crate::town::{Town, bot, nap};

/// Every operation of the document exists, wants a token, and answers what the document says.
#[tokio::test(flavor = "multi_thread")]
async fn the_document_says_what_the_handlers_do() {
    let town = Town::running(bot(SHOP)).await;
    let (status, text) = town.page(&format!("{}/api/v1/openapi.json", town.admin)).await;
    assert_eq!(status, 200);
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document, api::openapi());
    let (_, id) = greeted(&town, "Mona").await;
    let desk = client(&town, "desk", &["read", "reply", "operate", "deploy", "export"]).await;
    let stranger = Client { town: &town, secret: "nobody".to_owned() };
    let mut seen = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            seen += 1;
            let (method, path) = (method.to_uppercase(), path.replace("{id}", &id.to_string()).replace("{reply}", "1"));
            let description = format!("{} {}", operation["summary"], operation["description"]);
            assert!(description.contains("Scope `"), "{path}: {description}");
            assert_eq!(stranger.ask(&method, &path, None, Some("{}")).await.0, 401, "{method} {path}");
            if path == "/events" {
                // It has no end: a story of its own reads it.
                continue;
            }
            let body = if path.ends_with("messages") { "{\"text\":\"hi\"}" } else { "{\"flows\":[]}" };
            let body = if path == "/pause" || path == "/resume" { "{}" } else { body };
            let body = if path.ends_with("/drop") { "{\"reason\":\"cancelled\"}" } else { body };
            let body = if path == "/simulate" { "{\"steps\":[{\"write\":\"hello\"}]}" } else { body };
            let body = if method == "PATCH" { "{\"tag\":[\"vip\"]}" } else { body };
            let (status, said) = desk.ask(&method, &path, Some("key"), (method != "GET").then_some(body)).await;
            let answer = &operation["responses"][status.to_string()];
            assert!(answer.is_object(), "{method} {path} answered {status}: {said}");
            let content = answer["content"].as_object().unwrap().values().next().unwrap();
            fits(&said, &content["schema"], &document, &format!("{method} {path}"));
        }
    }
    assert_eq!(seen, 27, "an operation came or went: say so here and in docs/api.md");
    let described = include_str!("../../docs/api.md");
    for path in document["paths"].as_object().unwrap().keys() {
        assert!(described.contains(&format!("`{path}`")) || described.contains(path.as_str()), "docs/api.md lacks {path}");
    }
    nap(10).await;
}

/// The document calls a shape by its name alone: of two with one name it would tell but one.
#[test]
fn no_two_shapes_of_the_document_have_one_name() {
    let mut names = std::collections::BTreeSet::new();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/server");
    let files =
        [folder, &format!("{folder}/api")].map(|folder| std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()));
    for file in files.into_iter().flatten().filter(|file| file.extension().is_some_and(|extension| extension == "rs")) {
        let text = std::fs::read_to_string(&file).unwrap();
        let shapes = text.split("ToSchema)]").skip(1);
        for shape in shapes {
            let line = shape.lines().find(|line| line.contains("struct ") || line.contains("enum ")).unwrap();
            let named = line.split_once("struct ").or_else(|| line.split_once("enum ")).unwrap().1;
            let name = named.split(|letter: char| !letter.is_alphanumeric()).next().unwrap().to_owned();
            assert!(names.insert(name.clone()), "{}: `{name}` is the name of another shape too", file.display());
        }
    }
    assert!(names.len() > 30, "{names:?}");
}

/// Whether a value has the shape that a schema says: types, what must be there, and nothing that is not told of.
fn fits(value: &Value, schema: &Value, document: &Value, place: &str) {
    if let Some(name) = schema["$ref"].as_str() {
        let named = document.pointer(name.trim_start_matches('#')).unwrap_or_else(|| panic!("{place}: {name} is nowhere"));
        return fits(value, named, document, place);
    }
    if let Some(several) = schema["oneOf"].as_array() {
        if value.is_null() {
            return;
        }
        let other = several.iter().find(|one| one["type"] != "null").unwrap();
        return fits(value, other, document, place);
    }
    let kinds: Vec<&str> = match &schema["type"] {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => return,
    };
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_i64() || number.is_u64() => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    assert!(kinds.contains(&kind), "{place}: {value} is no {kinds:?}");
    for item in value.as_array().into_iter().flatten() {
        fits(item, &schema["items"], document, place);
    }
    let Some(object) = value.as_object() else { return };
    for needed in schema["required"].as_array().into_iter().flatten() {
        assert!(object.contains_key(needed.as_str().unwrap()), "{place}: {needed} is missing in {value}");
    }
    if let Some(properties) = schema["properties"].as_object() {
        for (name, inner) in object {
            let told = properties.get(name).unwrap_or_else(|| panic!("{place}: `{name}` is not in the document"));
            fits(inner, told, document, &format!("{place} {name}"));
        }
    }
}
