//! Whether the world reaches this server at its public address, and whether it holds the secret that we hold: seen from
//! outside, as TikTok sees it.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;

use super::registration::WEBHOOK;
use crate::calendar::Moment;
use crate::tiktok::signature;

const PATIENCE: Duration = Duration::from_secs(10);
const ANSWER_BYTES_MAX: usize = 4_096;
/// Older than anything that is taken, so that the delivery is judged and never kept.
const AGE_MS: i64 = 7 * 24 * 3_600_000;

/// What stands at an address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Reached {
    /// Nobody, and why.
    Nobody(String),
    /// Somebody else: how it answered.
    Stranger(String),
    /// A server of ours, with another secret for this app.
    OtherSecret,
    Ours,
}

/// Brings a delivery that is rightly signed and far too old: a server of ours with this secret says that it is too old,
/// one without says that the signature fits none.
pub async fn reach(public_url: &str, app: &str, secret: &SecretString, now: Moment) -> Reached {
    let body = serde_json::json!({ "client_key": app, "event": "rejoinder.doctor", "create_time": 0 }).to_string();
    let seconds = now.plus_ms(-AGE_MS).0.div_euclid(1_000);
    let signed = signature::sign(secret.expose_secret(), seconds, body.as_bytes());
    let client = reqwest::Client::builder().timeout(PATIENCE).redirect(reqwest::redirect::Policy::none()).no_proxy().build();
    let address = format!("{}{WEBHOOK}", public_url.trim_end_matches('/'));
    let asked = match client {
        Ok(client) => client.post(address).header(signature::HEADER, signed).body(body).send().await,
        Err(error) => return Reached::Nobody(error.to_string()),
    };
    let mut answer = match asked {
        Ok(answer) => answer,
        Err(error) => return Reached::Nobody(causes(&error.without_url())),
    };
    let status = answer.status().as_u16();
    let mut text = Vec::new();
    while let Ok(Some(piece)) = answer.chunk().await {
        text.extend_from_slice(&piece);
        if text.len() > ANSWER_BYTES_MAX {
            break;
        }
    }
    let text = String::from_utf8_lossy(&text);
    match status {
        401 if text.starts_with("the signature is ") => Reached::Ours,
        401 if text.starts_with("the signature fits none") => Reached::OtherSecret,
        status => Reached::Stranger(format!("HTTP {status}")),
    }
}

fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}
