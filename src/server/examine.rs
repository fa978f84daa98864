//! What TikTok says of the apps and accounts of the settings: asked one after the other, and told as facts.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::registration::told;
use super::sign_in;
use crate::calendar::Moment;
use crate::channel::{NotSent, Outcome};
use crate::runtime::port::{CallFailure, Permit};
use crate::runtime::{Errand, Handle};
use crate::tiktok::client::Client;

/// What is known of one app.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AppFacts {
    pub app: String,
    pub registration: Registration,
    pub accounts: Vec<AccountFacts>,
}

/// Where TikTok delivers an app's messages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Registration {
    Nowhere,
    At(String),
    /// App and secret do not fit.
    Secret(String),
    Unknown(String),
}

/// What is known of one account's token.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AccountFacts {
    pub account: String,
    pub token: TokenState,
    /// How long it can still be renewed, in milliseconds, where TikTok has said.
    pub renewable_ms: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenState {
    /// There is none.
    None,
    Good {
        /// What is missing of [`sign_in::SCOPES`].
        missing: Vec<String>,
    },
    /// It belongs to another account.
    Anothers(String),
    /// TikTok refuses it with this code.
    Refused(i64),
    Unknown(String),
}

/// Whoever gives the right to call.
#[async_trait]
pub trait Permits: Send + Sync {
    /// # Errors
    /// Why there is none, for people.
    async fn permit(&self, app: &str) -> Result<Permit, String>;
}

const ELSEWHERE: &str = "another process on the same store speaks to TikTok for this app";

#[async_trait]
impl Permits for Handle {
    async fn permit(&self, app: &str) -> Result<Permit, String> {
        Self::permit(self, app).await.ok_or_else(|| ELSEWHERE.to_owned())
    }
}

#[async_trait]
impl Permits for Errand {
    async fn permit(&self, app: &str) -> Result<Permit, String> {
        Self::permit(self, app).await.map_err(|error| error.to_string())?.ok_or_else(|| ELSEWHERE.to_owned())
    }
}

/// Asks of each app and account, one call after the other.
pub async fn examine(client: &Client, apps: &[(String, Vec<String>)], now: Moment, permits: &dyn Permits) -> Vec<AppFacts> {
    let mut facts = Vec::new();
    for (app, accounts) in apps {
        let registration = match permits.permit(app).await {
            Ok(permit) => registration(client.webhook(permit, app).await),
            Err(why) => Registration::Unknown(why),
        };
        let mut of_accounts = Vec::new();
        for account in accounts {
            let held = client.tokens().refresh_until(app, account);
            let token = match (held, permits.permit(app).await) {
                (None, _) => TokenState::None,
                (Some(_), Err(why)) => TokenState::Unknown(why),
                (Some(_), Ok(permit)) => token(client, permit, app, account).await,
            };
            let renewable_ms = held.flatten().map(|until| until.since_ms(now));
            of_accounts.push(AccountFacts { account: account.clone(), token, renewable_ms });
        }
        facts.push(AppFacts { app: app.clone(), registration, accounts: of_accounts });
    }
    facts
}

fn registration(asked: Result<Option<String>, CallFailure>) -> Registration {
    match asked {
        Ok(Some(address)) => Registration::At(address),
        Ok(None) => Registration::Nowhere,
        Err(CallFailure { outcome: Outcome::Refused { code: code @ (40_101 | 40_106 | 40_113), text, .. } }) => {
            Registration::Secret(format!("{code} {text}"))
        }
        Err(failure) => Registration::Unknown(told(&failure)),
    }
}

async fn token(client: &Client, permit: Permit, app: &str, account: &str) -> TokenState {
    match client.token_facts(permit, app, account).await {
        Ok(facts) => match facts.open_id.filter(|owner| owner != account) {
            Some(owner) => TokenState::Anothers(owner),
            None => TokenState::Good { missing: sign_in::missing(&facts.scopes) },
        },
        Err(CallFailure { outcome: Outcome::NotSent(NotSent::Token { code }) }) => TokenState::Refused(code),
        Err(failure) => TokenState::Unknown(told(&failure)),
    }
}
