//! What a body means: JSON, a form, or text.

use reqwest::Url;

use crate::bot::{Value, ValueMap};
use crate::engine::given;

/// The value of a body. `gives` are the names that the flow takes out of a map: others are not kept, and what is no map of
/// values is of no use to it. `None` where there is nothing in it, or nothing that is wanted.
///
/// # Errors
/// Why it cannot be read.
pub(super) fn value(kind: Option<&str>, bytes: &[u8], gives: Option<&[String]>) -> Result<Option<Value>, String> {
    if bytes.is_empty() {
        return Ok(None);
    }
    let (media, charset) = media_of(kind.unwrap_or_default());
    let said = match media.as_str() {
        media if is_json(media) => return json(text(bytes, None)?, gives).map_err(|why| format!("its answer is no JSON: {why}")),
        "application/x-www-form-urlencoded" => return Ok(Some(kept(form(text(bytes, charset)?), gives))),
        "" => text(bytes, None),
        media if media.starts_with("text/") => text(bytes, charset),
        // A flow that takes nothing out of it asks whether the call went well.
        _ if gives.is_none() => return Ok(None),
        media => return Err(format!("its answer is neither JSON nor text but `{media}`")),
    }?;
    match (gives, json(said, gives)) {
        (Some(_), Err(_)) => Err("its answer is text and no JSON".to_owned()),
        (Some(_), Ok(value)) => Ok(value),
        // Nobody has said that it is JSON.
        (None, read) if media.is_empty() => Ok(read.unwrap_or_else(|_| Some(Value::Text(said.to_owned())))),
        (None, _) => Ok(Some(Value::Text(said.to_owned()))),
    }
}

/// The media type in small letters, and its `charset`.
fn media_of(kind: &str) -> (String, Option<String>) {
    let mut parts = kind.split(';').map(str::trim);
    let media = parts.next().unwrap_or_default().to_ascii_lowercase();
    let charset = parts.find_map(|part| {
        let (name, value) = part.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"').to_ascii_lowercase())
    });
    (media, charset)
}

fn is_json(media: &str) -> bool {
    media == "application/json" || (media.starts_with("application/") && media.ends_with("+json"))
}

fn text(bytes: &[u8], charset: Option<String>) -> Result<&str, String> {
    if let Some(charset) = charset.filter(|charset| !matches!(charset.as_str(), "utf-8" | "utf8" | "us-ascii")) {
        return Err(format!("its answer is written in `{charset}`, not in UTF-8"));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| "its answer is no UTF-8".to_owned())?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// Says where it ends to be JSON, and nothing of what stands there.
fn json(text: &str, gives: Option<&[String]>) -> Result<Option<Value>, String> {
    let read: Result<serde_json::Value, _> = serde_json::from_str(text);
    let read = read.map_err(|error| format!("line {}, column {}", error.line(), error.column()))?;
    Ok(given::from_json(read).map(|value| kept(value, gives)))
}

fn form(text: &str) -> Value {
    // A form is written as the query of an address is.
    let url = Url::parse(&format!("http://form/?{}", text.trim().replace('#', "%23")));
    let pairs = |url: Url| url.query_pairs().map(|(name, value)| (name.into_owned(), Value::Text(value.into_owned()))).collect();
    Value::Map(url.map(pairs).unwrap_or_default())
}

/// What nobody has asked for is not kept anywhere.
fn kept(value: Value, gives: Option<&[String]>) -> Value {
    match (value, gives) {
        (Value::Map(fields), Some(gives)) => {
            let fields: ValueMap = fields.into_iter().filter(|(name, _)| gives.contains(name)).collect();
            Value::Map(fields)
        }
        (value, _) => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: &str, body: &str) -> Result<Option<Value>, String> {
        value(Some(kind), body.as_bytes(), None)
    }

    fn map(fields: &[(&str, &str)]) -> Value {
        Value::Map(fields.iter().map(|(name, value)| ((*name).to_owned(), Value::Text((*value).to_owned()))).collect())
    }

    fn text(said: &str) -> Value {
        Value::Text(said.to_owned())
    }

    #[test]
    fn json_is_read_under_each_of_its_names_and_a_form_is_a_map_of_texts() {
        for kind in ["application/json", "Application/JSON; charset=utf-8", "application/problem+json"] {
            assert_eq!(read(kind, "\u{feff}{\"a\": \"b\"}"), Ok(Some(map(&[("a", "b")]))), "{kind}");
        }
        let form = read("application/x-www-form-urlencoded", "a=b+c&d=%C3%A9%26%23&e=x#y\n");
        assert_eq!(form, Ok(Some(map(&[("a", "b c"), ("d", "é&#"), ("e", "x#y")]))));
        assert_eq!(read("application/json", ""), Ok(None));
        assert_eq!(read("application/json", "null"), Ok(None));
    }

    #[test]
    fn text_is_text_unless_nobody_said_so_and_it_is_json() {
        assert_eq!(read("text/plain", "[1]"), Ok(Some(text("[1]"))));
        assert_eq!(value(None, b"\"x\"", None), Ok(Some(text("x"))));
        assert_eq!(value(None, b"hello", None), Ok(Some(text("hello"))));
    }

    #[test]
    fn a_flow_that_takes_names_out_of_a_map_gets_those_alone() {
        let gives = ["a".to_owned()];
        let read = |kind, body: &str| value(Some(kind), body.as_bytes(), Some(&gives));
        let one = Ok(Some(map(&[("a", "b")])));
        assert_eq!(read("application/json", r#"{"a": "b", "phone": "0123"}"#), one);
        assert_eq!(read("text/plain", r#"{"a": "b", "phone": "0123"}"#), one);
        assert_eq!(read("application/x-www-form-urlencoded", "phone=0123&a=b"), one);
        assert_eq!(read("text/html", "<p>").unwrap_err(), "its answer is text and no JSON");
        assert_eq!(read("image/png", "x").unwrap_err(), "its answer is neither JSON nor text but `image/png`");
        assert_eq!(value(Some("image/png"), b"x", None), Ok(None), "a flow that takes nothing does not mind");
    }

    #[test]
    fn what_cannot_be_read_says_why_and_nothing_of_what_it_holds() {
        for (kind, body, why) in [
            ("application/json", &b"{\"phone\": 0123}"[..], "its answer is no JSON: line 1, column 12"),
            ("application/json", &b"\xff\xfe"[..], "its answer is no UTF-8"),
            ("text/plain", &b"\x80"[..], "its answer is no UTF-8"),
            ("text/plain; charset=\"ISO-8859-1\"", &b"caf\xe9"[..], "its answer is written in `iso-8859-1`, not in UTF-8"),
        ] {
            assert_eq!(value(Some(kind), body, None).unwrap_err(), why);
        }
        let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
        assert!(read("application/json", &deep).is_err(), "no stack is deep enough");
    }
}
