//! Access and refresh tokens of the accounts: in memory, and handed to a keeper whenever they change.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use secrecy::{ExposeSecret as _, SecretSlice, SecretString};
use serde::{Deserialize, Serialize};

use super::wire::{TokenGrant, Whole};
use crate::calendar::Moment;

/// A token is renewed this long before it ends, in milliseconds; it lives for a day.
pub const RENEWAL_MARGIN_MS: i64 = 3_600_000;

/// The tokens of one account. Its `Debug` shows no secret.
#[derive(Clone, Debug)]
pub struct Token {
    pub access: SecretString,
    pub refresh: Option<SecretString>,
    /// `None` when nobody said so yet.
    pub access_until: Option<Moment>,
    pub refresh_until: Option<Moment>,
}

/// The stored tokens cannot be read. Says nothing about what stands there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the stored tokens cannot be read")]
pub struct TokenUnreadable;

#[derive(Serialize, Deserialize)]
struct Plain {
    access: String,
    refresh: Option<String>,
    access_until: Option<Moment>,
    refresh_until: Option<Moment>,
}

impl Token {
    /// A token from the settings, of unknown age.
    #[must_use]
    pub fn given(access: SecretString, refresh: Option<SecretString>) -> Self {
        Self { access, refresh, access_until: None, refresh_until: None }
    }

    /// The token that TikTok granted `now`; without a new refresh token the `old` one stays.
    #[must_use]
    pub fn granted(grant: TokenGrant, now: Moment, old: Option<&Self>) -> Self {
        let until = |seconds: Option<Whole>| Some(now.plus_ms(seconds?.0.clamp(0, 1_000_000_000) * 1_000));
        let (refresh, refresh_until) = match grant.refresh_token {
            Some(refresh) => (Some(refresh), until(grant.refresh_token_expires_in)),
            None => (old.and_then(|old| old.refresh.clone()), old.and_then(|old| old.refresh_until)),
        };
        Self { access: grant.access_token, refresh, access_until: until(grant.expires_in), refresh_until }
    }

    /// The plain bytes for a keeper to encrypt.
    ///
    /// # Errors
    /// Never in practice; the encoder's type has an error.
    pub fn encode(&self) -> Result<SecretSlice<u8>, TokenUnreadable> {
        let plain = Plain {
            access: self.access.expose_secret().to_owned(),
            refresh: self.refresh.as_ref().map(|token| token.expose_secret().to_owned()),
            access_until: self.access_until,
            refresh_until: self.refresh_until,
        };
        serde_json::to_vec(&plain).map(SecretSlice::from).map_err(|_| TokenUnreadable)
    }

    /// The token that [`Self::encode`] wrote.
    ///
    /// # Errors
    /// When the bytes are something else; the error does not repeat them.
    pub fn decode(bytes: &[u8]) -> Result<Self, TokenUnreadable> {
        let plain: Plain = serde_json::from_slice(bytes).map_err(|_| TokenUnreadable)?;
        Ok(Self {
            access: plain.access.into(),
            refresh: plain.refresh.map(SecretString::from),
            access_until: plain.access_until,
            refresh_until: plain.refresh_until,
        })
    }

    fn ends_soon(&self, now: Moment) -> bool {
        self.access_until.is_none_or(|until| until.since_ms(now) <= RENEWAL_MARGIN_MS)
    }
}

/// Keeps tokens beyond the process: encrypts and stores them.
#[async_trait]
pub trait TokenKeeper: Send + Sync + 'static {
    /// Called after every renewal, before the new token is used for anything else: where tokens rotate, the old
    /// refresh token is dead already. An error is logged by its text; the token stays in memory.
    /// `None` where the account is disconnected: nothing of it is kept.
    async fn on_change(&self, app: &str, open_id: &str, generation: i64, token: Option<&Token>) -> Result<(), String>;
    /// The stored token and its generation, read anew: another process may have renewed it, or have disconnected the account
    /// (no token). `None` where what stands there cannot be read.
    async fn newest(&self, app: &str, open_id: &str) -> Result<Option<(i64, Option<Token>)>, String>;
}

/// All accounts' tokens.
#[derive(Default)]
pub struct Tokens {
    slots: Mutex<HashMap<(String, String), Arc<Slot>>>,
    keeper: Option<Arc<dyn TokenKeeper>>,
}

/// The place of one account's token.
#[derive(Default)]
pub(super) struct Slot {
    state: Mutex<State>,
    /// Held during a renewal: two at once would let a rotating refresh token be used twice.
    pub(super) flight: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    token: Option<Token>,
    /// Raised by each renewal; 0 before the first token.
    generation: i64,
    /// The newest generation that a call was refused with.
    refused: i64,
}

impl Tokens {
    /// Tokens that end with the process.
    #[must_use]
    pub fn in_memory() -> Self {
        Self::default()
    }

    #[must_use]
    pub fn kept_by(keeper: Arc<dyn TokenKeeper>) -> Self {
        Self { slots: Mutex::default(), keeper: Some(keeper) }
    }

    /// Brings in a token at the start; the newer generation wins, and the given one over an equal one.
    /// Tokens from the settings have generation 1.
    pub fn put(&self, app: &str, open_id: &str, generation: i64, token: Token) {
        let slot = self.slot(app, open_id);
        let mut state = lock(&slot.state);
        if generation >= state.generation {
            state.generation = generation;
            state.token = Some(token);
        }
    }

    /// Accounts whose token ends within [`RENEWAL_MARGIN_MS`] and can be renewed, as (app, open id).
    #[must_use]
    pub fn due(&self, now: Moment) -> Vec<(String, String)> {
        let mut due: Vec<_> = lock(&self.slots)
            .iter()
            .filter(|(_, slot)| {
                let state = lock(&slot.state);
                state.token.as_ref().is_some_and(|token| token.refresh.is_some() && token.ends_soon(now))
            })
            .map(|(name, _)| name.clone())
            .collect();
        due.sort();
        due
    }

    /// Accounts whose token surely ends within [`RENEWAL_MARGIN_MS`] and can be renewed, as (app, open id).
    #[must_use]
    pub fn ending(&self, now: Moment) -> Vec<(String, String)> {
        let ends = |name: &(String, String)| self.access_until(&name.0, &name.1).is_some();
        self.due(now).into_iter().filter(ends).collect()
    }

    /// Whether they outlive the process.
    #[must_use]
    pub fn are_kept(&self) -> bool {
        self.keeper.is_some()
    }

    /// Whether the account has a token.
    #[must_use]
    pub fn has(&self, app: &str, open_id: &str) -> bool {
        self.slot(app, open_id).token().is_some()
    }

    /// Whether the account has a token, and when its refresh token ends, where that is known.
    #[must_use]
    pub fn refresh_until(&self, app: &str, open_id: &str) -> Option<Option<Moment>> {
        lock(&self.slot(app, open_id).state).token.as_ref().map(|token| token.refresh_until)
    }

    /// When the account's access token ends, where that is known.
    #[must_use]
    pub fn access_until(&self, app: &str, open_id: &str) -> Option<Moment> {
        lock(&self.slot(app, open_id).state).token.as_ref()?.access_until
    }

    /// The account's generation; 0 without a token.
    #[must_use]
    pub fn generation(&self, app: &str, open_id: &str) -> i64 {
        self.slot(app, open_id).generation()
    }

    pub(super) fn slot(&self, app: &str, open_id: &str) -> Arc<Slot> {
        let name = (app.to_owned(), open_id.to_owned());
        Arc::clone(lock(&self.slots).entry(name).or_default())
    }

    /// Takes what another process has renewed since.
    pub(super) async fn catch_up(&self, app: &str, open_id: &str) -> Result<(), String> {
        let Some(keeper) = &self.keeper else { return Ok(()) };
        if let Some((generation, token)) = keeper.newest(app, open_id).await?
            && generation > self.generation(app, open_id)
        {
            let slot = self.slot(app, open_id);
            let mut state = lock(&slot.state);
            (state.generation, state.token) = (generation, token);
        }
        Ok(())
    }

    /// Forgets an account's token, here and in the keeper.
    ///
    /// # Errors
    /// When the keeper has not; it is forgotten here all the same.
    pub async fn forget(&self, app: &str, open_id: &str) -> Result<(), String> {
        let slot = self.slot(app, open_id);
        // A renewal that is under way would bring one back.
        let _flight = slot.flight.lock().await;
        let known = self.catch_up(app, open_id).await;
        let generation = {
            let mut state = lock(&slot.state);
            state.generation += 1;
            state.token = None;
            state.generation
        };
        known?;
        match &self.keeper {
            Some(keeper) => keeper.on_change(app, open_id, generation, None).await,
            None => Ok(()),
        }
    }

    /// Takes a renewed token and hands it to the keeper.
    pub(super) async fn renewed(&self, app: &str, open_id: &str, token: Token) {
        if let Err(error) = self.take(app, open_id, token).await {
            tracing::error!(app, open_id, error, "the renewed token could not be stored; it is in memory only");
        }
    }

    /// Takes the token of somebody who has just signed in, in place of any before it.
    pub(super) async fn signed_in(&self, app: &str, open_id: &str, token: Token) -> Result<(), String> {
        let slot = self.slot(app, open_id);
        // A renewal that is under way would put the token of before over this one.
        let _flight = slot.flight.lock().await;
        self.catch_up(app, open_id).await?;
        self.take(app, open_id, token).await
    }

    async fn take(&self, app: &str, open_id: &str, token: Token) -> Result<(), String> {
        let generation = {
            let slot = self.slot(app, open_id);
            let mut state = lock(&slot.state);
            state.generation += 1;
            state.token = Some(token.clone());
            state.generation
        };
        match &self.keeper {
            Some(keeper) => keeper.on_change(app, open_id, generation, Some(&token)).await,
            None => Ok(()),
        }
    }
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Tokens").field("accounts", &lock(&self.slots).len()).finish_non_exhaustive()
    }
}

impl Slot {
    pub(super) fn generation(&self) -> i64 {
        lock(&self.state).generation
    }

    /// The access token and its generation.
    pub(super) fn access(&self) -> Option<(SecretString, i64)> {
        let state = lock(&self.state);
        state.token.as_ref().map(|token| (token.access.clone(), state.generation))
    }

    pub(super) fn token(&self) -> Option<Token> {
        lock(&self.state).token.clone()
    }

    /// A call with this generation's token was refused for its token.
    pub(super) fn refused(&self, generation: i64) {
        let mut state = lock(&self.state);
        state.refused = state.refused.max(generation);
    }

    /// Whether the present token should be renewed: it was refused, or ends soon, or nobody knows when it ends.
    /// A call that was refused with an older one finds this false and goes on with the present one.
    pub(super) fn wants_renewal(&self, now: Moment) -> bool {
        let state = lock(&self.state);
        state.refused >= state.generation || state.token.as_ref().is_none_or(|token| token.ends_soon(now))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment(1_790_000_000_000);

    fn token(access: &str, minutes: i64) -> Token {
        Token {
            access: access.to_owned().into(),
            refresh: Some(format!("rft.{access}").into()),
            access_until: Some(NOW.plus_ms(minutes * 60_000)),
            refresh_until: None,
        }
    }

    #[test]
    fn a_token_survives_its_encoding_and_shows_itself_to_nobody() {
        let token = token("act.hidden", 90);
        let shown = format!("{token:?} {:?}", token.encode().unwrap());
        assert!(!shown.contains("hidden"), "{shown}");
        let again = Token::decode(token.encode().unwrap().expose_secret()).unwrap();
        assert_eq!(again.access.expose_secret(), "act.hidden");
        assert_eq!(again.refresh.as_ref().map(|refresh| refresh.expose_secret()), Some("rft.act.hidden"));
        assert_eq!(again.access_until, token.access_until);
        let error = Token::decode(br#"{"access":"act.hidden","refresh":17}"#).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hidden"));
    }

    #[test]
    fn the_newest_generation_wins() {
        let tokens = Tokens::in_memory();
        tokens.put("app", "id", 4, token("stored", 90));
        tokens.put("app", "id", 1, token("from the settings", 90));
        let (access, generation) = tokens.slot("app", "id").access().unwrap();
        assert_eq!((access.expose_secret(), generation), ("stored", 4));
        assert!(tokens.slot("app", "other").access().is_none());
        assert!(!format!("{tokens:?}").contains("stored"));
    }

    #[tokio::test]
    async fn a_forgotten_token_is_gone_and_no_older_one_comes_back() {
        let tokens = Tokens::in_memory();
        tokens.put("app", "id", 4, token("a", 90));
        tokens.forget("app", "id").await.unwrap();
        tokens.put("app", "id", 4, token("a", 90));
        assert!(!tokens.has("app", "id") && tokens.due(NOW).is_empty());
        tokens.signed_in("app", "id", token("b", 90)).await.unwrap();
        assert_eq!((tokens.has("app", "id"), tokens.generation("app", "id")), (true, 6));
    }

    #[test]
    fn renewal_is_due_an_hour_before_the_end_and_where_the_end_is_unknown() {
        let tokens = Tokens::in_memory();
        tokens.put("app", "soon", 1, token("a", 60));
        tokens.put("app", "later", 1, token("b", 61));
        tokens.put("app", "unknown", 1, Token::given("c".to_owned().into(), Some("d".to_owned().into())));
        tokens.put("app", "cannot", 1, Token::given("e".to_owned().into(), None));
        let due: Vec<_> = tokens.due(NOW).into_iter().map(|(_, id)| id).collect();
        assert_eq!(due, ["soon", "unknown"]);
    }

    #[test]
    fn a_refused_token_wants_renewal_until_a_newer_one_is_there() {
        let tokens = Tokens::in_memory();
        let slot = tokens.slot("app", "id");
        assert!(slot.wants_renewal(NOW), "there is none");
        tokens.put("app", "id", 1, token("a", 600));
        assert!(!slot.wants_renewal(NOW));
        slot.refused(1);
        assert!(slot.wants_renewal(NOW));
        tokens.put("app", "id", 2, token("b", 600));
        assert!(!slot.wants_renewal(NOW));
        slot.refused(1);
        assert!(!slot.wants_renewal(NOW), "an old call's refusal says nothing about the new token");
    }
}
