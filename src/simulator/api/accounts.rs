//! Sign-in, tokens and the account's own data.

use serde_json::{Map, Value, json};

use super::super::people::{Account, Code, Token};
use super::Cx;
use super::answer::{Answer, ApiError, error, parameter};
use super::ask::Ask;

/// One year.
pub(in crate::simulator) const REFRESH_LIFE_MS: i64 = 31_536_000_000;
/// Tokens that an account keeps: the oldest go.
const TOKENS_MAX: usize = 20;

impl Cx<'_> {
    /// The account of the call's token, by index.
    pub(super) fn token(&self, ask: &Ask) -> Result<usize, ApiError> {
        let Some(given) = ask.token.as_deref().filter(|token| !token.is_empty()) else {
            return Err(error(40104));
        };
        for (at, account) in self.world.accounts.iter().enumerate() {
            if let Some(token) = account.tokens.iter().find(|token| token.value == given) {
                return match token {
                    token if token.revoked => Err(error(40105)),
                    token if token.expires <= self.now => Err(error(40102)),
                    _ => Ok(at),
                };
            }
        }
        Err(error(40105))
    }

    /// Whether the token's account is the one that is named.
    pub(super) fn owned(&self, account: usize, business_id: &str) -> Result<(), ApiError> {
        let own = self.world.accounts.get(account).is_some_and(|account| account.business_id == business_id);
        if own { Ok(()) } else { Err(error(40001)) }
    }

    pub(super) fn pace(&self) -> Result<(), ApiError> {
        if self.too_fast { Err(error(40100)) } else { Ok(()) }
    }

    /// Token, `business_id` and pace, in this order; gives the account. `fields` is what else must be right before.
    pub(super) fn admit(&self, ask: &Ask, fields: impl FnOnce() -> Result<(), ApiError>) -> Result<usize, ApiError> {
        let account = self.token(ask)?;
        let [business_id] = ask.texts(["business_id"])?;
        fields()?;
        self.owned(account, business_id)?;
        self.pace()?;
        Ok(account)
    }

    /// The app, by id and secret.
    pub(super) fn app(&self, id: &str, secret: &str) -> Result<(), ApiError> {
        if id == self.world.app_id && secret == self.world.secret { Ok(()) } else { Err(error(40101)) }
    }

    fn issue(&mut self, at: usize) -> Answer {
        let (access, refresh) = (self.world.rng.access_token(), self.world.rng.refresh_token());
        let expires = self.now.plus_ms(self.token_life_ms);
        let Some(account) = self.world.accounts.get_mut(at) else { return Err(error(40105)) };
        if account.tokens.len() >= TOKENS_MAX {
            account.tokens.remove(0);
        }
        account.tokens.push(Token { value: access.clone(), expires, revoked: false });
        account.refresh = Some((refresh.clone(), self.now.plus_ms(REFRESH_LIFE_MS)));
        Ok(json!({
            "access_token": access,
            "token_type": "Bearer",
            "scope": self.world.scopes,
            "expires_in": self.token_life_ms / 1000,
            "refresh_token": refresh,
            "refresh_token_expires_in": REFRESH_LIFE_MS / 1000,
            "open_id": account.business_id,
        }))
    }

    fn account_where(&self, fits: impl Fn(&Account) -> bool) -> Option<usize> {
        self.world.accounts.iter().position(fits)
    }
}

/// `POST /tt_user/oauth2/token/`
pub(super) fn token(cx: &mut Cx<'_>, ask: &Ask) -> Answer {
    let [id, secret, grant, code, redirect] =
        ask.texts(["client_id", "client_secret", "grant_type", "auth_code", "redirect_uri"])?;
    cx.app(id, secret)?;
    if grant != "authorization_code" {
        return Err(error(40108));
    }
    cx.pace()?;
    let now = cx.now;
    let right =
        |own: &Code| own.value == code && own.until > now && own.redirect.as_deref().is_none_or(|begun| begun == redirect);
    let fits = |account: &Account| account.code.as_ref().is_some_and(right);
    let at = cx.account_where(fits).ok_or_else(|| error(40110))?;
    if cx.dry {
        return Ok(Value::Object(Map::new()));
    }
    if let Some(account) = cx.world.accounts.get_mut(at) {
        account.code = None;
    }
    cx.issue(at)
}

/// `POST /tt_user/oauth2/refresh_token/`: every use gives a new refresh token, the old one stops.
pub(super) fn refresh(cx: &mut Cx<'_>, ask: &Ask) -> Answer {
    let [id, secret, grant, refresh] = ask.texts(["client_id", "client_secret", "grant_type", "refresh_token"])?;
    cx.app(id, secret)?;
    if grant != "refresh_token" {
        return Err(error(40108));
    }
    cx.pace()?;
    let fits = |account: &Account| account.refresh.as_ref().is_some_and(|(own, _)| own == refresh);
    let at = cx.account_where(fits).ok_or_else(|| error(40107))?;
    let account = cx.world.accounts.get(at);
    if account.and_then(|account| account.refresh.as_ref()).is_some_and(|(_, until)| *until <= cx.now) {
        return Err(error(40103));
    }
    if cx.dry {
        return Ok(Value::Object(Map::new()));
    }
    cx.issue(at)
}

/// `POST /tt_user/oauth2/revoke/`
pub(super) fn revoke(cx: &mut Cx<'_>, ask: &Ask) -> Answer {
    let [id, secret, access] = ask.texts(["client_id", "client_secret", "access_token"])?;
    cx.app(id, secret)?;
    cx.pace()?;
    let fits = |account: &Account| account.tokens.iter().any(|token| token.value == access && !token.revoked);
    let at = cx.account_where(fits).ok_or_else(|| error(40105))?;
    if let Some(account) = cx.world.accounts.get_mut(at).filter(|_| !cx.dry) {
        account.refresh = None;
        for token in &mut account.tokens {
            token.revoked = true;
        }
    }
    Ok(json!({}))
}

/// `POST /tt_user/token_info/get/`
pub(super) fn token_info(cx: &mut Cx<'_>, ask: &Ask) -> Answer {
    let [id, access] = ask.texts(["app_id", "access_token"])?;
    if id != cx.world.app_id {
        return Err(error(40101));
    }
    cx.pace()?;
    let now = cx.now;
    let fits =
        |account: &Account| account.tokens.iter().any(|token| token.value == access && !token.revoked && token.expires > now);
    let at = cx.account_where(fits).ok_or_else(|| error(40105))?;
    let creator = cx.world.accounts.get(at).map(|account| account.business_id.clone());
    Ok(json!({"app_id": id, "scope": cx.world.scopes, "creator_id": creator}))
}

/// `GET /business/get/`
pub(super) fn profile(cx: &mut Cx<'_>, ask: &Ask) -> Answer {
    let fields = ask.maybe("fields")?.unwrap_or(r#"["username","display_name","profile_image"]"#);
    let fields: Result<Vec<String>, _> = serde_json::from_str(fields);
    let fields_right = || fields.as_ref().map(|_| ()).map_err(|_| parameter("Param fields is invalid.".to_owned()));
    let at = cx.admit(ask, fields_right)?;
    let account = cx.world.accounts.get(at).ok_or_else(|| error(40001))?;
    let all = json!({
        "username": account.username,
        "display_name": account.name,
        "profile_image": "https://p16.tiktokcdn.example/avatar.jpeg?x-expires=1893456000",
    });
    let wanted = fields.unwrap_or_default();
    let data: Map<String, Value> = wanted.into_iter().filter_map(|name| Some((name.clone(), all.get(&name)?.clone()))).collect();
    Ok(Value::Object(data))
}
