//! The OpenAPI document: what the handlers say of themselves, and what holds for all of them.

use serde_json::{Value, json};
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;

use super::problem::Problem;

#[derive(utoipa::OpenApi)]
#[openapi(
    info(title = "Rejoinder", description = "What a running server knows and does. Tokens are made with `rejoinder token create`."),
    servers((url = "/api/v1")),
    components(schemas(Problem)),
)]
struct Opening;

/// Answers that any request may get, each a problem.
const PROBLEMS: &[(&str, &str)] = &[
    ("400", "a parameter or header is missing or cannot be read, or the body is no JSON"),
    ("401", "no valid token"),
    ("403", "the token lacks the scope"),
    ("404", "there is no such thing"),
    ("409", "it cannot be done as things stand; the detail says why"),
    ("413", "the body is too long"),
    ("415", "the body is not of the type application/json"),
    ("422", "the body has not the shape, or a value is out of bounds"),
    ("429", "too many requests: `Retry-After` says when to come again"),
    ("503", "the server cannot commit or read just now: try again with the same key"),
];

pub(super) fn opening() -> OpenApi {
    Opening::openapi()
}

/// The document with what holds for each operation.
pub(super) fn whole(document: OpenApi) -> Value {
    let mut whole = serde_json::to_value(document).unwrap_or_default();
    let problem = |text: &str| {
        let schema = json!({ "$ref": "#/components/schemas/Problem" });
        json!({ "description": text, "content": { "application/problem+json": { "schema": schema } } })
    };
    let paths = whole.get_mut("paths").and_then(Value::as_object_mut);
    let items = paths.into_iter().flat_map(|paths| paths.values_mut()).filter_map(Value::as_object_mut);
    for operation in items.flat_map(|item| item.values_mut()) {
        if let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) {
            responses.extend(PROBLEMS.iter().map(|(status, text)| ((*status).to_owned(), problem(text))));
        }
    }
    if let Some(root) = whole.as_object_mut() {
        root.insert("security".to_owned(), json!([{ "token": [] }]));
    }
    if let Some(components) = whole.get_mut("components").and_then(Value::as_object_mut) {
        components.insert("securitySchemes".to_owned(), json!({ "token": { "type": "http", "scheme": "bearer" } }));
    }
    whole
}
