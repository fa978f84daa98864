//! The request as it leaves, its secrets filled in.

use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, StatusCode, Url};
use secrecy::{ExposeSecret as _, SecretString};

use super::refused;
use crate::bot::{self, Value};
use crate::engine::{HeaderPiece, given};
use crate::runtime::port::{FetchCall, FetchEnd};

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Stands where an answer repeats a secret.
const HIDDEN: &str = "(secret)";
/// What is shorter stands in many an answer by chance.
const SECRET_BYTES_MIN: usize = 4;

/// One request, and the next one where it is redirected.
pub(super) struct Outgoing {
    pub(super) url: Url,
    method: Method,
    headers: HeaderMap,
    body: Option<String>,
    secrets: Vec<SecretString>,
}

impl Outgoing {
    /// `secret` gives the value of a name.
    pub(super) fn new(call: &FetchCall, secret: &dyn Fn(&str) -> Option<SecretString>) -> Result<Self, FetchEnd> {
        let request = &call.request;
        let url = Url::parse(&request.url).map_err(|_| refused("its address is none".to_owned()))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refused("a name and a password stand in its address".to_owned()));
        }
        if !call.origins.contains(&url.origin().ascii_serialization()) {
            return Err(refused("the bot may not call this origin: no `fetch from` names it".to_owned()));
        }
        let mut secrets = Vec::new();
        let mut headers = HeaderMap::new();
        for (name, pieces) in &request.headers {
            let (name, value) = header(name, pieces, secret, &mut secrets)?;
            headers.insert(name, value);
        }
        let body = request.json.as_ref().map(given::to_json);
        let own = |value: &'static str| HeaderValue::from_static(value);
        if body.is_some() {
            headers.entry(CONTENT_TYPE).or_insert(own("application/json"));
        }
        headers.entry(ACCEPT).or_insert(own("application/json, application/x-www-form-urlencoded;q=0.5, text/plain;q=0.5"));
        if let Some(key) = call.key.as_ref().and_then(|key| HeaderValue::from_str(key).ok()) {
            headers.entry(KEY).or_insert(key);
        }
        Ok(Self { url, method: method(request.method), headers, body, secrets })
    }

    pub(super) fn build(&self) -> reqwest::Request {
        let mut request = reqwest::Request::new(self.method.clone(), self.url.clone());
        *request.headers_mut() = self.headers.clone();
        *request.body_mut() = self.body.clone().map(reqwest::Body::from);
        request
    }

    /// What follows a redirect: the same again where the other side says so, else a look at what it points to.
    pub(super) fn follow(&mut self, status: StatusCode, to: Url) {
        self.url = to;
        let same = matches!(status, StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT);
        let looks = status == StatusCode::SEE_OTHER || self.method == Method::POST;
        if !same && looks {
            self.method = Method::GET;
            self.body = None;
            self.headers.remove(CONTENT_TYPE);
            self.headers.remove(KEY);
        }
    }

    /// An answer that repeats what it was asked with would carry a secret into the history.
    pub(super) fn without_secrets(&self, value: Value) -> Value {
        let clean = |text: String| {
            let told = |text: String, secret: &SecretString| text.replace(secret.expose_secret(), HIDDEN);
            self.secrets.iter().fold(text, told)
        };
        match value {
            _ if self.secrets.is_empty() => value,
            Value::Text(text) => Value::Text(clean(text)),
            Value::List(items) => Value::List(items.into_iter().map(|item| self.without_secrets(item)).collect()),
            Value::Map(fields) => {
                let fields = fields.into_iter().map(|(name, value)| (clean(name), self.without_secrets(value)));
                Value::Map(fields.collect())
            }
            other => other,
        }
    }
}

fn header(
    name: &str,
    pieces: &[HeaderPiece],
    secret: &dyn Fn(&str) -> Option<SecretString>,
    secrets: &mut Vec<SecretString>,
) -> Result<(HeaderName, HeaderValue), FetchEnd> {
    if bot::Fetch::RESERVED_HEADERS.iter().any(|reserved| reserved.eq_ignore_ascii_case(name)) {
        return Err(refused(format!("the header `{name}` cannot be set by a flow")));
    }
    let wrong = || refused(format!("the header `{name}` cannot be written"));
    let mut value = String::new();
    let mut sensitive = false;
    for piece in pieces {
        match piece {
            HeaderPiece::Text(text) => value.push_str(text),
            HeaderPiece::Secret(secret_name) => {
                let found = secret(secret_name).ok_or_else(|| refused(format!("the secret `{secret_name}` is not set")))?;
                value.push_str(found.expose_secret());
                sensitive = true;
                if found.expose_secret().len() >= SECRET_BYTES_MIN {
                    secrets.push(found);
                }
            }
        }
    }
    let mut value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| wrong())?;
    value.set_sensitive(sensitive);
    Ok((HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?, value))
}

fn method(method: bot::Method) -> Method {
    match method {
        bot::Method::Get => Method::GET,
        bot::Method::Post => Method::POST,
        bot::Method::Put => Method::PUT,
        bot::Method::Patch => Method::PATCH,
        bot::Method::Delete => Method::DELETE,
    }
}
