//! Opening the store that the settings name, with the key that opens customers' texts in it.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use secrecy::{ExposeSecret as _, SecretString};

use super::secrets;
use crate::runtime::port::Store;
use crate::server::settings::{Place, Secret, Settings};
use crate::store::{Postgres, Sealed, Sqlite};
use crate::system::seal::Key;
use crate::system::{SystemClock, SystemEntropy};

/// Opens the store of the settings; a path is taken from `folder`. Where the `token_key` cannot be read here, the store
/// gives all but customers' texts that are sealed.
///
/// # Errors
/// Why it cannot be opened, without the password.
pub(super) async fn open(settings: &Settings, folder: &Path) -> anyhow::Result<Arc<Sealed>> {
    with_key(beneath(&settings.store, folder).await?, settings).await
}

/// The same for a store that is open already.
///
/// # Errors
/// When it cannot be read.
pub(super) async fn with_key(store: Arc<dyn Store>, settings: &Settings) -> anyhow::Result<Arc<Sealed>> {
    let key = key(settings).ok().flatten();
    Ok(Arc::new(Sealed::over(store, key.as_ref(), Arc::new(SystemEntropy)).await?))
}

/// Opens the store for a server: with a `token_key`, what is written from now on is sealed.
///
/// # Errors
/// Besides those of [`open`]: the key cannot be read, or is not the one that the store was sealed under.
pub(super) async fn serve(settings: &Settings, folder: &Path) -> anyhow::Result<Arc<Sealed>> {
    let (store, key) = (beneath(&settings.store, folder).await?, key(settings)?);
    let store = Sealed::over(store, key.as_ref(), Arc::new(SystemEntropy)).await?;
    anyhow::ensure!(
        !store.is_closed(),
        "customers' texts in the store are sealed, and `token_key` {}; give the key that the store had, or change keys by \
         `rejoinder secrets rotate`",
        if key.is_some() { "is another key" } else { "is not set" }
    );
    let Some(key) = key else { return Ok(Arc::new(store)) };
    if !store.seals() && !store.may_begin().await? {
        tracing::warn!(
            "customers' texts stand in the database in plain: processes of a version before this one may share it; stop them all \
             and give `rejoinder secrets seal`"
        );
        return Ok(Arc::new(store));
    }
    Ok(Arc::new(store.begin(&key).await?))
}

/// The key that seals, where the settings name one.
///
/// # Errors
/// It is not where they say, or too short.
pub(super) fn key(settings: &Settings) -> anyhow::Result<Option<Key>> {
    let Some(secret) = &settings.token_key else { return Ok(None) };
    Ok(Some(Key::from_setting(secrets::read(secret, "token_key")?.expose_secret())?))
}

/// The store as it lies there.
///
/// # Errors
/// Why it cannot be opened, without the password.
pub(super) async fn beneath(place: &Place, folder: &Path) -> anyhow::Result<Arc<dyn Store>> {
    Ok(match place {
        Place::File(path) => Arc::new(Sqlite::open(&folder.join(path)).context("cannot open the store")?),
        Place::Database(secret) => {
            let url = url(secret)?;
            Arc::new(Postgres::open(&url, Arc::new(SystemClock)).await.context("cannot open the store")?)
        }
    })
}

fn url(secret: &Secret) -> anyhow::Result<SecretString> {
    let url = match secret {
        // Without a password it is no secret that a warning is due for.
        Secret::Plain(url) if !has_password(url.expose_secret()) => url.clone(),
        secret => secrets::read(secret, "the URL of `store`")?,
    };
    anyhow::ensure!(
        Place::is_database(url.expose_secret()),
        "`store` is read from elsewhere, but what is there is no postgres://user:password@host/database"
    );
    Ok(url)
}

fn has_password(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let user = rest.split_once('@').map_or("", |(user, _)| user);
    user.contains(':') || rest.contains("password=")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_without_a_password_is_no_secret() {
        assert!(!has_password("postgres://user@host:5432/db"));
        assert!(!has_password("postgresql:///db?host=/run/postgresql"));
        assert!(has_password("postgres://user:p@host/db"));
        assert!(has_password("postgresql:///db?user=u&password=p"));
    }

    #[test]
    fn what_stands_elsewhere_must_be_the_url_of_a_database() {
        let error = url(&Secret::Plain(SecretString::from("hunter2:@"))).unwrap_err();
        assert!(!format!("{error:#}").contains("hunter2"), "{error:#}");
        assert!(url(&Secret::Plain(SecretString::from("postgres://u:p@h/d"))).is_ok());
    }
}
