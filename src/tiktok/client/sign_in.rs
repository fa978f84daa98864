//! Sign-in: where it begins, what its code is changed for, and what a token allows.

use secrecy::{ExposeSecret as _, SecretString};
use serde::de::IgnoredAny;

use super::{Client, PRODUCTION, RequestParts, failed, path, refused};
use crate::channel::{NotSent, Outcome, RefusalScope};
use crate::runtime::port::{CallFailure, Permit};
use crate::tiktok::bounds::ID_BYTES_MAX;
use crate::tiktok::codes::About;
use crate::tiktok::token::Token;
use crate::tiktok::wire::{CodeBody, RevokeBody, TokenGrant, TokenInfo, TokenInfoBody};

/// Where people sign in at TikTok, and where at a simulator, below the origin of its API.
const PAGE: &str = "/v2/auth/authorize/";
const PRODUCTION_PAGE: &str = "https://www.tiktok.com/v2/auth/authorize/";

/// An account that has just signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// `business_id`
    pub open_id: String,
    /// What it allows.
    pub scopes: Vec<String>,
}

/// What TikTok says of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenFacts {
    pub scopes: Vec<String>,
    /// The account that it belongs to, where TikTok says it.
    pub open_id: Option<String>,
}

/// The address at which somebody signs an account in. `redirect` is where TikTok leads back to: it begins with `https://`,
/// ends in `/` and has no query (Business API, Authorization).
///
/// `None` where `api` is no address.
#[must_use]
pub fn sign_in_address(api: &str, app: &str, scopes: &[&str], redirect: &str, state: &str) -> Option<String> {
    let page = match api.trim_end_matches('/') {
        PRODUCTION => PRODUCTION_PAGE.to_owned(),
        other => {
            let url = reqwest::Url::parse(other).ok().filter(reqwest::Url::has_host)?;
            format!("{}{PAGE}", url.origin().ascii_serialization())
        }
    };
    let scopes = scopes.join(",");
    // Without the last one an account that has signed in before comes back without a usable code.
    let query = [
        ("client_key", app),
        ("response_type", "code"),
        ("scope", &scopes),
        ("redirect_uri", redirect),
        ("state", state),
        ("disable_auto_auth", "1"),
    ];
    reqwest::Url::parse_with_params(&page, query).ok().map(String::from)
}

fn scopes(text: Option<String>) -> Vec<String> {
    text.unwrap_or_default().split([',', ' ']).map(str::trim).filter(|scope| !scope.is_empty()).map(str::to_owned).collect()
}

impl Client {
    /// Where an account of the app is signed in; see [`sign_in_address`].
    #[must_use]
    pub fn sign_in_at(&self, app: &str, scopes: &[&str], redirect: &str, state: &str) -> Option<String> {
        sign_in_address(&self.apps.get(app)?.api, app, scopes, redirect, state)
    }

    /// Changes the code of a sign-in for tokens, and keeps them. `redirect` is the one that the sign-in was begun with.
    ///
    /// # Errors
    /// As every call; besides when the tokens could not be stored. A code is good for one try.
    pub async fn sign_in(&self, permit: Permit, app: &str, code: &SecretString, redirect: &str) -> Result<SignedIn, CallFailure> {
        let access = self.app(app).map_err(failed)?;
        let body = CodeBody {
            client_id: &access.id,
            client_secret: access.secret.expose_secret(),
            grant_type: "authorization_code",
            auth_code: code.expose_secret(),
            redirect_uri: redirect,
        };
        let parts = RequestParts::post(path::SIGN_IN, &body);
        let secrets = [code, &access.secret];
        let mut grant: TokenGrant = self.call(permit, access, None, About::Other, parts, &secrets).await.map_err(failed)?;
        let fits = |id: &String| !id.is_empty() && id.len() <= ID_BYTES_MAX && !id.chars().any(char::is_control);
        let Some(open_id) = grant.open_id.take().filter(fits) else {
            return Err(failed(Outcome::Unknown { text: "a token that belongs to no account".to_owned() }));
        };
        let scopes = scopes(grant.scope.take());
        let token = Token::granted(grant, self.clock.now(), None);
        if let Err(error) = self.tokens.signed_in(app, &open_id, token).await {
            return Err(failed(refused(&format!("the token could not be stored: {error}"), RefusalScope::Account)));
        }
        Ok(SignedIn { open_id, scopes })
    }

    /// Tells TikTok that the account's tokens are good no more; they stay known here. False where there is none, or TikTok
    /// knows it no more.
    ///
    /// # Errors
    /// As every call.
    pub async fn revoke(&self, permit: Permit, app: &str, open_id: &str) -> Result<bool, CallFailure> {
        let access = self.app(app).map_err(failed)?;
        let Some((token, _)) = self.tokens.slot(app, open_id).access() else { return Ok(false) };
        let body = RevokeBody {
            client_id: &access.id,
            client_secret: access.secret.expose_secret(),
            access_token: token.expose_secret(),
        };
        let parts = RequestParts::post(path::REVOKE, &body);
        match self.call::<IgnoredAny>(permit, access, None, About::Other, parts, &[&token, &access.secret]).await {
            Ok(_) => Ok(true),
            Err(Outcome::NotSent(NotSent::Token { .. })) => Ok(false),
            Err(outcome) => Err(failed(outcome)),
        }
    }

    /// Asks TikTok about the account's token.
    ///
    /// # Errors
    /// As every call; [`NotSent::Token`] where it is expired, wrong or missing.
    pub async fn token_facts(&self, permit: Permit, app: &str, open_id: &str) -> Result<TokenFacts, CallFailure> {
        let access = self.app(app).map_err(failed)?;
        let Some((token, _)) = self.tokens.slot(app, open_id).access() else {
            return Err(failed(Outcome::NotSent(NotSent::Token { code: 40_104 })));
        };
        let body = TokenInfoBody { app_id: &access.id, access_token: token.expose_secret() };
        let parts = RequestParts::post(path::TOKEN_INFO, &body);
        let info: TokenInfo = self.call(permit, access, None, About::Other, parts, &[&token]).await.map_err(failed)?;
        Ok(TokenFacts { scopes: scopes(info.scope), open_id: info.creator_id.map(|id| id.0).filter(|id| !id.is_empty()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sign_in_leads_to_tiktok_or_to_the_simulator_that_has_the_api() {
        let at = |api| sign_in_address(api, "7364", &["a.b", "c"], "https://bot.example/oauth/tiktok/", "st+1");
        let query = "client_key=7364&response_type=code&scope=a.b%2Cc&redirect_uri=https%3A%2F%2Fbot.example%2Foauth%2Ftiktok%2F&state=st%2B1&disable_auto_auth=1";
        assert_eq!(at(PRODUCTION).unwrap(), format!("https://www.tiktok.com/v2/auth/authorize/?{query}"));
        assert_eq!(
            at("http://127.0.0.1:9090/open_api/v1.3").unwrap(),
            format!("http://127.0.0.1:9090/v2/auth/authorize/?{query}")
        );
        assert_eq!(at("nonsense"), None);
    }
}
