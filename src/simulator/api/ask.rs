//! A call's parameters, wherever they stand: query, JSON or multipart form.

use std::collections::HashMap;

use axum::body::Body;
use axum::extract::{FromRequest as _, Multipart, Query, Request};
use axum::http::{StatusCode, header};
use bytes::Bytes;
use serde_json::{Map, Value};

use super::answer::{ApiError, parameter};

pub(super) struct Ask {
    pub token: Option<String>,
    /// Where the caller found us: `127.0.0.1:4000`.
    pub host: String,
    query: HashMap<String, String>,
    body: Map<String, Value>,
    pub file: Option<Bytes>,
    /// The body could not be read; told after the token was checked.
    pub unreadable: Option<&'static str>,
}

/// Reads everything.
///
/// # Errors
/// 413 for a body above `max` bytes, 400 for one that breaks off.
pub(super) async fn read(request: Request, max: usize) -> Result<Ask, StatusCode> {
    let (parts, body) = request.into_parts();
    let text = |name: header::HeaderName| parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let token = parts.headers.get("access-token").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let host = text(header::HOST).unwrap_or_else(|| "127.0.0.1".to_owned());
    let query = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri)
        .map(|Query(pairs)| pairs.into_iter().collect())
        .unwrap_or_default();
    let bytes = axum::body::to_bytes(body, max).await.map_err(|error| {
        // `to_bytes` says "length limit exceeded" through the error's source alone.
        let limited = std::error::Error::source(&error).is_some_and(|source| source.to_string().contains("limit"));
        if limited { StatusCode::PAYLOAD_TOO_LARGE } else { StatusCode::BAD_REQUEST }
    })?;
    let mut ask = Ask { token, host, query, body: Map::new(), file: None, unreadable: None };
    let form = text(header::CONTENT_TYPE).is_some_and(|kind| kind.starts_with("multipart/form-data"));
    if form {
        if ask.take_form(Request::from_parts(parts, Body::from(bytes))).await.is_none() {
            ask.unreadable = Some("Invalid multipart form.");
        }
    } else if !bytes.is_empty() {
        match serde_json::from_slice(&bytes) {
            Ok(Value::Object(map)) => ask.body = map,
            _ => ask.unreadable = Some("Invalid JSON body."),
        }
    }
    Ok(ask)
}

impl Ask {
    async fn take_form(&mut self, request: Request) -> Option<()> {
        let mut form = Multipart::from_request(request, &()).await.ok()?;
        while let Some(field) = form.next_field().await.ok()? {
            let name = field.name()?.to_owned();
            if name == "file" {
                self.file = Some(field.bytes().await.ok()?);
            } else {
                self.body.insert(name, Value::String(field.text().await.ok()?));
            }
        }
        Some(())
    }

    pub(super) fn value(&self, name: &str) -> Option<&Value> {
        self.body.get(name).filter(|value| !value.is_null())
    }

    /// A text that may be absent.
    ///
    /// # Errors
    /// 40002 when it is no text.
    pub(super) fn maybe(&self, name: &str) -> Result<Option<&str>, ApiError> {
        match self.value(name) {
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(parameter(format!("Param {name} is invalid."))),
            None => Ok(self.query.get(name).map(String::as_str)),
        }
    }

    /// Texts that must be there and not be empty.
    ///
    /// # Errors
    /// 40002 with the names of all that are missing.
    pub(super) fn texts<const N: usize>(&self, names: [&str; N]) -> Result<[&str; N], ApiError> {
        let mut missing = Vec::new();
        let mut found = [""; N];
        for (slot, name) in found.iter_mut().zip(names) {
            match self.maybe(name)? {
                Some(text) if !text.is_empty() => *slot = text,
                _ => missing.push(name),
            }
        }
        if missing.is_empty() { Ok(found) } else { Err(parameter(format!("Missing required field(s): {}", missing.join(", ")))) }
    }

    /// The field `inner` of the object `outer`.
    pub(super) fn nested<'a>(&'a self, outer: &str, inner: &str) -> Result<&'a str, ApiError> {
        let Some(object) = self.value(outer) else {
            return Err(parameter(format!("Missing required field(s): {outer}")));
        };
        match object.get(inner) {
            Some(Value::String(text)) => Ok(text),
            Some(_) => Err(parameter(format!("Param {outer}.{inner} is invalid."))),
            None => Err(parameter(format!("Missing required field(s): {outer}.{inner}"))),
        }
    }
}
