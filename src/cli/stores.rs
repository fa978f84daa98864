//! Opening the store that the settings name.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use secrecy::{ExposeSecret as _, SecretString};

use super::secrets;
use crate::runtime::port::Store;
use crate::server::settings::{Place, Secret};
use crate::store::{Postgres, Sqlite};
use crate::system::SystemClock;

/// Opens the store; a path is taken from `folder`.
///
/// # Errors
/// Why it cannot be opened, without the password.
pub(super) async fn open(place: &Place, folder: &Path) -> anyhow::Result<Arc<dyn Store>> {
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
