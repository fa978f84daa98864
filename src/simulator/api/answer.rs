//! TikTok's envelope: `{"code", "message", "request_id", "data"}` under HTTP 200.

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use serde_json::{Value, json};

use crate::calendar::Moment;

use super::super::date;
use super::super::world::World;
use super::ask::Ask;

/// The `data` of a success.
pub(super) type Answer = Result<Value, ApiError>;

#[derive(Debug)]
pub(super) struct ApiError {
    pub code: i64,
    pub message: String,
}

pub(super) fn error(code: i64) -> ApiError {
    ApiError { code, message: text_of(code).to_owned() }
}

/// 40002.
pub(super) const fn parameter(message: String) -> ApiError {
    ApiError { code: 40002, message }
}

pub(super) fn ask_wrong(ask: &Ask) -> Result<(), ApiError> {
    ask.unreadable.map_or(Ok(()), |why| Err(parameter(why.to_owned())))
}

/// The text beside a code, where a call has none of its own.
pub(super) const fn text_of(code: i64) -> &'static str {
    match code {
        40001 => "No permission to operate.",
        40002 => "Invalid parameter.",
        40007 => "The object does not exist.",
        40050 => "Duplicated requests have been sent.",
        40064 => "You are sending messages too fast. Take a rest.",
        40100 => "App reaches the QPS limit.",
        40101 => "The app id, secret or auth code is incorrect.",
        40102 => "Access token has expired.",
        40103 => "Refresh token has expired.",
        40104 => "Access token is null.",
        40105 => "Access token is incorrect or has been revoked.",
        40107 => "Refresh token is incorrect.",
        40108 => "grant_type is incorrect.",
        40110 => "Auth code is incorrect or has been used.",
        40906 => "The file is empty.",
        40907 => "The file is too large.",
        40908 => "The file type is not supported.",
        51065 => "System error. Please try again later.",
        _ => "System error.",
    }
}

fn body(world: &mut World, now: Moment, outcome: &Answer) -> (String, String) {
    let request_id = world.rng.request(now);
    let body = match outcome {
        Ok(data) => json!({"code": 0, "message": "OK", "request_id": request_id, "data": data}),
        Err(error) => json!({"code": error.code, "message": error.message, "request_id": request_id, "data": {}}),
    };
    (request_id, body.to_string())
}

pub(super) fn response(world: &mut World, now: Moment, outcome: &Answer) -> Response {
    let (request_id, body) = body(world, now, outcome);
    with_headers(now, &request_id, body)
}

/// An answer whose JSON ends in its middle.
pub(super) fn half(world: &mut World, now: Moment, outcome: &Answer) -> Response {
    let (request_id, body) = body(world, now, outcome);
    let half = body.chars().take(body.chars().count() / 2).collect();
    with_headers(now, &request_id, half)
}

fn with_headers(now: Moment, request_id: &str, body: String) -> Response {
    let mut response = Response::new(Body::from(body));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    let mut put = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    put("x-tt-logid", request_id);
    put("x-tt-trace-id", &format!("00-{request_id}-01"));
    put("date", &date::header(now));
    response
}
