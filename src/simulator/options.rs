//! What a simulated TikTok is made of.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use crate::calendar::Moment;
use crate::runtime::port::Clock;

use super::courier::{HttpPost, Post};
use super::fault::Faults;
use super::ids::Rng;
use super::judge::{Pace, Rule};
use super::people::{Account, Token};
use super::queue::Queue;
use super::ring::Ring;
use super::world::World;

/// What an app for messages is approved for.
const SCOPES: &str = "message.list.read,message.list.send,message.list.manage,user.account.type";

/// Pushes the clock forward by so many milliseconds.
pub type Advance = Arc<dyn Fn(i64) + Send + Sync>;

/// When the echo of a send is delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Echo {
    /// The answer waits (at most three seconds) until the echo was tried once.
    Before,
    /// So many milliseconds after the message was stored. 0 races with the answer.
    After { ms: i64 },
}

/// One business account.
#[derive(Clone, Debug)]
pub struct AccountOptions {
    /// `open_id`, `user_openid`: begins with `-`.
    pub business_id: String,
    pub username: String,
    pub name: String,
    /// Where the account is registered; two capital letters.
    pub country: String,
    /// Drawn from the seed where absent.
    pub access_token: Option<String>,
    pub refresh_token: Option<String>,
}

impl Default for AccountOptions {
    fn default() -> Self {
        Self {
            business_id: "-000kRb5x_d9QwZ2mNfT7uLh1sVgYc3JpEa".to_owned(),
            username: "rejoinder.shop".to_owned(),
            name: "Rejoinder Shop".to_owned(),
            country: "EG".to_owned(),
            access_token: None,
            refresh_token: None,
        }
    }
}

pub struct Options {
    pub clock: Arc<dyn Clock>,
    /// Without it `advance` is refused.
    pub advance: Option<Advance>,
    pub rule: Rule,
    pub app_id: String,
    /// Also the key of the webhooks' signatures.
    pub secret: String,
    /// What the app may ask accounts for, joined by commas.
    pub scopes: String,
    pub accounts: Vec<AccountOptions>,
    /// Ids, tokens and coins are drawn from it.
    pub seed: u64,
    /// Calls of the app in any sliding second.
    pub calls_per_second: usize,
    pub echo: Echo,
    /// TikTok's clock less the given clock.
    pub skew_ms: i64,
    pub token_life_ms: i64,
    pub post: Arc<dyn Post>,
}

impl Options {
    /// The defaults: strict rule, one account, ten calls a second, echoes shortly after the answer.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            advance: None,
            rule: Rule::Strict,
            app_id: "7364323437050855441".to_owned(),
            secret: "simulated-secret".to_owned(),
            scopes: SCOPES.to_owned(),
            accounts: vec![AccountOptions::default()],
            seed: 1,
            calls_per_second: 10,
            echo: Echo::After { ms: 30 },
            skew_ms: 0,
            token_life_ms: 86_400_000,
            post: Arc::new(HttpPost::new()),
        }
    }

    pub(super) fn world(&self, now: Moment) -> World {
        let mut rng = Rng::new(self.seed);
        let accounts = self.accounts.iter().map(|account| self.account(account, &mut rng, now)).collect();
        World {
            rng,
            rule: self.rule,
            app_id: self.app_id.clone(),
            secret: self.secret.clone(),
            scopes: self.scopes.clone(),
            addresses: BTreeMap::new(),
            accounts,
            customers: Vec::new(),
            conversations: Vec::new(),
            by_id: HashMap::new(),
            media: VecDeque::new(),
            comments: VecDeque::new(),
            queue: Queue::default(),
            faults: Faults::default(),
            pace: Pace::default(),
            calls: Ring::new(10_000),
            deliveries: Ring::new(10_000),
            violations: Ring::new(10_000),
            events: Ring::new(4_096),
            epoch: 0,
        }
    }

    fn account(&self, options: &AccountOptions, rng: &mut Rng, now: Moment) -> Account {
        let access = options.access_token.clone().unwrap_or_else(|| rng.access_token());
        let refresh = options.refresh_token.clone().unwrap_or_else(|| rng.refresh_token());
        Account {
            business_id: options.business_id.clone(),
            username: options.username.clone(),
            name: options.name.clone(),
            country: options.country.clone(),
            tokens: vec![Token { value: access, expires: now.plus_ms(self.token_life_ms), revoked: false }],
            refresh: Some((refresh, now.plus_ms(super::api::REFRESH_LIFE_MS))),
            code: None,
            direct_reply: false,
            autos: Vec::new(),
            autos_on: Vec::new(),
        }
    }
}

impl Options {
    /// Whether an echo comes before the answer, and when it is due.
    pub(super) const fn echo_due(&self, now: Moment) -> (bool, Moment) {
        match self.echo {
            Echo::Before => (true, now),
            Echo::After { ms } => (false, now.plus_ms(ms)),
        }
    }
}
