//! Tokens of programs: a name, what they may do, until when. The store holds a digest; the token itself is shown once.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;

use crate::calendar::Moment;
use crate::runtime::port::{Entropy, Store, StoreError};

/// Tokens that a store keeps, revoked ones with them.
pub const TOKENS_MAX: u32 = 1_000;
/// Bytes of a name.
const NAME_BYTES_MAX: usize = 100;
const BEGINNING: &str = "rejoinder_";

/// What a token opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Read conversations, the outbox, versions.
    Read,
    /// Take over, give back and write as a colleague.
    Reply,
    /// Plan, deploy and roll back.
    Deploy,
    /// Pause and resume, read who changed what.
    Operate,
    /// Read all that is kept of a customer.
    Export,
    /// Erase all that is kept of a customer.
    Erase,
}

impl Scope {
    pub const ALL: [Self; 6] = [Self::Read, Self::Reply, Self::Deploy, Self::Operate, Self::Export, Self::Erase];

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Reply => "reply",
            Self::Deploy => "deploy",
            Self::Operate => "operate",
            Self::Export => "export",
            Self::Erase => "erase",
        }
    }

    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.word() == word)
    }
}

/// A token as the store keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    pub number: u32,
    pub name: String,
    pub scopes: Vec<Scope>,
    pub created: Moment,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Moment>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<Moment>,
    /// SHA-256 of the token, in hexadecimal digits.
    digest: String,
}

/// What is asked of a new token.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    pub name: String,
    pub scopes: Vec<Scope>,
    #[serde(default)]
    pub expires: Option<Moment>,
}

/// Why there is no new token.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    #[error("a token has a name of 1 to 100 bytes without control characters")]
    Name,
    #[error("a token needs a scope: read, reply, deploy, operate, export, erase")]
    Scopes,
    #[error("a live token is called so already; revoke it first")]
    Taken,
    #[error("there are 1,000 tokens already, and no more can be kept")]
    Full,
    #[error("{0}")]
    Store(#[from] StoreError),
}

fn key(number: u32) -> String {
    format!("api_token:{number}")
}

fn digest(token: &str) -> String {
    Sha256::digest(token.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Token {
    #[must_use]
    pub fn is_live(&self, now: Moment) -> bool {
        self.revoked.is_none() && self.expires.is_none_or(|expires| now < expires)
    }

    #[must_use]
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }
}

/// Makes a token; gives it as its holder shows it, which nobody can find out later.
///
/// # Errors
/// When it is not wanted so, or cannot be stored.
pub async fn create(
    store: &dyn Store,
    entropy: &dyn Entropy,
    now: Moment,
    wanted: Wanted,
) -> Result<(Token, String), TokenError> {
    let Wanted { name, mut scopes, expires } = wanted;
    if name.trim().is_empty() || name.len() > NAME_BYTES_MAX || name.chars().any(char::is_control) {
        return Err(TokenError::Name);
    }
    scopes.sort_unstable();
    scopes.dedup();
    if scopes.is_empty() {
        return Err(TokenError::Scopes);
    }
    let known = list(store).await?;
    // History and audit name people by it.
    if known.iter().any(|token| token.name == name && token.is_live(now)) {
        return Err(TokenError::Taken);
    }
    let random: String = (0..4).map(|_| format!("{:016x}", entropy.next_u64())).collect();
    let mut number = u32::try_from(known.len()).unwrap_or(u32::MAX).saturating_add(1);
    while number <= TOKENS_MAX {
        let shown = format!("{BEGINNING}{number}_{random}");
        let digest = digest(&shown);
        let token = Token { number, name: name.clone(), scopes: scopes.clone(), created: now, expires, revoked: None, digest };
        let body = serde_json::to_vec(&token).map_err(|error| StoreError::Broken(error.to_string()))?;
        // Another process may take the same number; one of the two is told so.
        if store.put_meta_once(&key(number), &body).await? == body {
            return Ok((token, shown));
        }
        number += 1;
    }
    Err(TokenError::Full)
}

/// All tokens, the oldest first.
///
/// # Errors
/// When the store cannot be read.
pub async fn list(store: &dyn Store) -> Result<Vec<Token>, StoreError> {
    let mut tokens = Vec::new();
    for number in 1..=TOKENS_MAX {
        let Some(body) = store.meta(&key(number)).await? else { break };
        tokens.push(read(&body)?);
    }
    Ok(tokens)
}

/// Ends a token, by its number; it opens nothing once this has returned. `None` where there is none.
///
/// # Errors
/// When the store fails.
pub async fn revoke(store: &dyn Store, number: u32, now: Moment) -> Result<Option<Token>, StoreError> {
    let Some(body) = store.meta(&key(number)).await? else { return Ok(None) };
    let mut token = read(&body)?;
    if token.revoked.is_none() {
        token.revoked = Some(now);
        let body = serde_json::to_vec(&token).map_err(|error| StoreError::Broken(error.to_string()))?;
        store.put_meta(&key(number), &body).await?;
    }
    Ok(Some(token))
}

/// The live token that somebody shows, if it is one. One look into the store at most.
pub(super) async fn shown(store: &dyn Store, text: &str, now: Moment) -> Result<Option<Token>, StoreError> {
    let number = text.strip_prefix(BEGINNING).and_then(|rest| rest.split_once('_')?.0.parse::<u32>().ok());
    let Some(number) = number.filter(|number| (1..=TOKENS_MAX).contains(number)) else { return Ok(None) };
    let Some(body) = store.meta(&key(number)).await? else { return Ok(None) };
    let token = read(&body)?;
    // Digests are compared: how long it takes tells nothing of the token.
    Ok((token.digest == digest(text) && token.is_live(now)).then_some(token))
}

fn read(body: &[u8]) -> Result<Token, StoreError> {
    serde_json::from_slice(body).map_err(|error| StoreError::Broken(format!("a token cannot be read: {error}")))
}
