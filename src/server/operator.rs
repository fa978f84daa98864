//! How commands reach a server that runs: over its operators' listener.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use serde_json::Value;

/// An answer is shorter, in bytes.
const ANSWER_BYTES_MAX: usize = 64 << 20;
const PATIENCE: Duration = Duration::from_secs(60);

/// Why a server did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    /// Nobody answers there.
    #[error("no server answers at {address}")]
    Nobody { address: String, source: reqwest::Error },
    #[error("{0}")]
    Refused(String),
    #[error("the answer cannot be read: {0}")]
    Unreadable(String),
}

/// A running server, seen from outside.
#[derive(Debug)]
pub struct Operator {
    address: String,
    token: SecretString,
    http: reqwest::Client,
}

impl Operator {
    /// `address` as in `http://127.0.0.1:9464`.
    ///
    /// # Errors
    /// When no connections can be made at all.
    pub fn new(address: &str, token: SecretString) -> Result<Self, OperatorError> {
        let address = address.trim_end_matches('/').to_owned();
        let http = reqwest::Client::builder().timeout(PATIENCE).connect_timeout(Duration::from_secs(5)).no_proxy().build();
        let http = http.map_err(|source| OperatorError::Nobody { address: address.clone(), source })?;
        Ok(Self { address, token, http })
    }

    /// # Errors
    /// When nobody answers, or the server refuses.
    pub async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Value, OperatorError> {
        self.read(self.http.get(format!("{}{path}", self.address)).query(query)).await
    }

    /// # Errors
    /// When nobody answers, or the server refuses.
    pub async fn post(&self, path: &str, body: &impl Serialize) -> Result<Value, OperatorError> {
        self.post_about(path, &[], body).await
    }

    /// # Errors
    /// When nobody answers, or the server refuses.
    pub async fn post_about(&self, path: &str, query: &[(&str, &str)], body: &impl Serialize) -> Result<Value, OperatorError> {
        self.read(self.http.post(format!("{}{path}", self.address)).query(query).json(body)).await
    }

    /// # Errors
    /// When nobody answers, or the server refuses.
    pub async fn delete(&self, path: &str, query: &[(&str, &str)]) -> Result<Value, OperatorError> {
        self.read(self.http.delete(format!("{}{path}", self.address)).query(query)).await
    }

    async fn read(&self, request: reqwest::RequestBuilder) -> Result<Value, OperatorError> {
        let nobody = |source| OperatorError::Nobody { address: self.address.clone(), source };
        let unreadable = |error: &dyn std::fmt::Display| OperatorError::Unreadable(error.to_string());
        let mut answer = request.bearer_auth(self.token.expose_secret()).send().await.map_err(nobody)?;
        let status = answer.status();
        let mut body = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(|error| unreadable(&error))? {
            body.extend_from_slice(&piece);
            if body.len() > ANSWER_BYTES_MAX {
                return Err(unreadable(&"it is too long"));
            }
        }
        let value: Value = serde_json::from_slice(&body).map_err(|error| unreadable(&format!("{status}: {error}")))?;
        if status.is_success() {
            return Ok(value);
        }
        let said = value.get("error").and_then(Value::as_str);
        Err(OperatorError::Refused(said.map_or_else(|| status.to_string(), str::to_owned)))
    }
}
