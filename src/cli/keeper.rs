//! Keeps tokens in the store, sealed, and brings them back at the next start.

use std::sync::Arc;

use async_trait::async_trait;
use secrecy::ExposeSecret as _;
use sha2::{Digest as _, Sha256};

use crate::runtime::port::{AccountId, Entropy, Store, StoreError};
use crate::system::seal::{self, Key};
use crate::tiktok::token::{Token, TokenKeeper};

/// Seals tokens with the key of the settings.
pub(super) struct Keeper {
    pub(super) key: Key,
    pub(super) store: Arc<dyn Store>,
    pub(super) entropy: Arc<dyn Entropy>,
}

impl Keeper {
    /// The token to begin with and its generation: the stored one, unless the settings were given another since.
    pub(super) async fn first(&self, app: &str, open_id: &str, given: Option<Token>) -> anyhow::Result<Option<(i64, Token)>> {
        let account = self.store.account(app, open_id).await?;
        let (generation, stored) = self.stored(account).await?;
        let Some(given) = given else { return Ok(stored.map(|token| (generation, token))) };
        // A digest of what the settings gave tells whether somebody signed in anew since.
        let name = format!("given:{}", account.0);
        let digest = Sha256::digest(given.access.expose_secret().as_bytes()).to_vec();
        let same = self.store.meta(&name).await?.as_deref() == Some(&digest[..]);
        match stored {
            Some(token) if same => Ok(Some((generation, token))),
            _ => {
                self.put(account, generation + 1, &given).await.map_err(anyhow::Error::msg)?;
                self.store.put_meta(&name, &digest).await?;
                Ok(Some((generation + 1, given)))
            }
        }
    }

    /// The stored generation, and its token where it can be opened.
    async fn stored(&self, account: AccountId) -> Result<(i64, Option<Token>), StoreError> {
        let row = self.store.accounts().await?.into_iter().find(|row| row.id == account);
        let generation = row.as_ref().map_or(0, |row| row.token_generation);
        Ok((generation, row.and_then(|row| row.token).and_then(|sealed| self.open(account, &sealed))))
    }

    fn open(&self, account: AccountId, sealed: &[u8]) -> Option<Token> {
        let plain = seal::open(&self.key, sealed, &context(account))
            .inspect_err(|error| tracing::warn!(%error, "a stored token is left aside"));
        plain.ok().and_then(|plain| Token::decode(&plain).ok())
    }

    async fn put(&self, account: AccountId, generation: i64, token: &Token) -> Result<(), String> {
        let plain = token.encode().map_err(|error| error.to_string())?;
        let sealed =
            seal::seal(&self.key, plain.expose_secret(), &context(account), &*self.entropy).map_err(|error| error.to_string())?;
        self.store.put_token(account, generation, Some(sealed)).await.map_err(|error| error.to_string())
    }
}

/// What became of the tokens when the key was changed.
#[derive(Debug, Default)]
pub(super) struct Resealed {
    pub(super) anew: usize,
    pub(super) already: usize,
    /// Accounts whose token neither key opens.
    pub(super) closed: Vec<String>,
}

impl Keeper {
    /// Seals what the key before opens by the key of now.
    pub(super) async fn reseal(&self, old: &Key) -> Result<Resealed, StoreError> {
        let mut done = Resealed::default();
        for row in self.store.accounts().await? {
            let Some(sealed) = row.token else { continue };
            let context = context(row.id);
            if seal::open(&self.key, &sealed, &context).is_ok() {
                done.already += 1;
            } else if let Ok(plain) = seal::open(old, &sealed, &context).map(secrecy::SecretSlice::from) {
                let broken = |error: seal::Sealed| StoreError::Broken(error.to_string());
                let sealed = seal::seal(&self.key, plain.expose_secret(), &context, &*self.entropy).map_err(broken)?;
                self.store.put_token(row.id, row.token_generation + 1, Some(sealed)).await?;
                done.anew += 1;
            } else {
                done.closed.push(row.open_id);
            }
        }
        Ok(done)
    }
}

fn context(account: AccountId) -> [u8; 8] {
    account.0.to_be_bytes()
}

#[async_trait]
impl TokenKeeper for Keeper {
    async fn on_change(&self, app: &str, open_id: &str, generation: i64, token: Option<&Token>) -> Result<(), String> {
        let account = self.store.account(app, open_id).await.map_err(|error| error.to_string())?;
        match token {
            Some(token) => self.put(account, generation, token).await,
            None => self.store.put_token(account, generation, None).await.map_err(|error| error.to_string()),
        }
    }

    async fn newest(&self, app: &str, open_id: &str) -> Result<Option<(i64, Option<Token>)>, String> {
        let account = self.store.account(app, open_id).await.map_err(|error| error.to_string())?;
        let rows = self.store.accounts().await.map_err(|error| error.to_string())?;
        let Some(row) = rows.into_iter().find(|row| row.id == account) else { return Ok(None) };
        let Some(sealed) = row.token else { return Ok(Some((row.token_generation, None))) };
        Ok(self.open(account, &sealed).map(|token| (row.token_generation, Some(token))))
    }
}
