//! In: operators who want to connect an account, people who come back from TikTok's sign-in. Out: tokens, kept.
//! Does not know: where tokens are kept, what answers for the account.
//! What a stranger brings is bounded and judged before anything is asked of TikTok.

mod page;
mod ticket;
mod watch;

use std::sync::Arc;

use axum::extract::{Query, RawQuery, State};
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use secrecy::SecretString;
use serde::Serialize;

pub(super) use self::watch::{left, watch};
use super::Doors;
use crate::calendar::Moment;
use crate::channel::Outcome;
use crate::runtime::port::Entropy;
use crate::tiktok::client::Client;

/// Where TikTok leads back to; TikTok wants the slash at its end.
pub const PATH: &str = "/oauth/tiktok/";
/// What an app must be allowed, by every account.
pub const SCOPES: [&str; 4] = ["message.list.read", "message.list.send", "message.list.manage", "user.account.type"];
/// Bytes of the query that somebody brings back. Real codes have some dozens.
const QUERY_BYTES_MAX: usize = 4_096;
const CODE_BYTES_MAX: usize = 2_048;
/// Scopes that may be asked for beside the usual ones.
const MORE_SCOPES_MAX: usize = 20;

/// What signing in needs.
pub struct SignIn {
    pub client: Arc<Client>,
    pub entropy: Arc<dyn Entropy>,
    /// Where the world reaches this server, without a path.
    pub public_url: Option<String>,
}

/// A sign-in that was begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Begun {
    /// To be opened by whoever owns the account.
    pub address: String,
    /// Where TikTok leads back to: it must stand among the app's redirect addresses.
    pub redirect: String,
    pub until: Moment,
}

/// An account that is connected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Done {
    pub app: String,
    /// `business_id`
    pub open_id: String,
    /// It was not served before.
    pub new: bool,
    /// What TikTok did not grant of [`SCOPES`].
    pub missing: Vec<String>,
}

/// Why somebody is not connected, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    pub status: StatusCode,
    pub why: String,
    pub repair: String,
}

const AGAIN: &str = "Begin anew with `rejoinder connect`.";

fn trouble(status: StatusCode, why: impl Into<String>, repair: &str) -> Trouble {
    Trouble { status, why: why.into(), repair: repair.to_owned() }
}

impl SignIn {
    fn redirect(&self) -> Result<String, String> {
        let url = self.public_url.as_deref().ok_or("the settings name no `public_url`, to which TikTok could lead back")?;
        Ok(format!("{}{PATH}", url.trim_end_matches('/')))
    }
}

/// Begins a sign-in with an app (the only one where none is named), which asks for `more` scopes beside the usual ones.
///
/// # Errors
/// What is missing, for people.
pub fn begin(doors: &Doors, app: Option<&str>, more: &[String]) -> Result<Begun, String> {
    let sign_in = doors.sign_in.as_ref().ok_or("a dry run connects no accounts")?;
    let signer = match app {
        Some(app) => doors.signers.iter().find(|signer| signer.app == app).ok_or("the settings name no such app")?,
        None => match doors.signers.as_slice() {
            [only] => only,
            _ => return Err("the settings name several apps: say which by `--app`".to_owned()),
        },
    };
    if !sign_in.client.tokens().are_kept() {
        return Err("the settings name no `token_key`: the account's token could not be kept".to_owned());
    }
    let known = |scope: &String| {
        !scope.is_empty() && scope.len() <= 64 && scope.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._".contains(&byte))
    };
    if more.len() > MORE_SCOPES_MAX || !more.iter().all(known) {
        return Err("a scope is a word as `comment.list`".to_owned());
    }
    let scopes: Vec<&str> = SCOPES.into_iter().chain(more.iter().map(String::as_str)).collect();
    let redirect = sign_in.redirect()?;
    let now = doors.clock.now();
    let state = ticket::issue(signer, now, &*sign_in.entropy);
    let address = sign_in.client.sign_in_at(&signer.app, &scopes, &redirect, &state);
    let address = address.ok_or("the app's `api` is no address")?;
    Ok(Begun { address, redirect, until: now.plus_ms(ticket::LIFE_MS) })
}

/// What TikTok's sign-in leads back with.
#[derive(Debug, Default)]
struct Brought {
    state: Option<String>,
    code: Option<String>,
    error: Option<String>,
    error_type: Option<String>,
}

impl Brought {
    fn read(query: &str) -> Result<Self, Trouble> {
        let refuse = |status, why: &str| trouble(status, why, AGAIN);
        if query.len() > QUERY_BYTES_MAX {
            return Err(refuse(StatusCode::URI_TOO_LONG, "What came back is longer than anything that TikTok brings."));
        }
        let unreadable = || refuse(StatusCode::BAD_REQUEST, "What came back cannot be read.");
        let uri: Uri = format!("/?{query}").parse().map_err(|_| unreadable())?;
        let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(&uri).map_err(|_| unreadable())?;
        let mut brought = Self::default();
        for (name, value) in pairs {
            let slot = match name.as_str() {
                "state" => &mut brought.state,
                "code" => &mut brought.code,
                "error" => &mut brought.error,
                "error_type" => &mut brought.error_type,
                _ => continue,
            };
            // Which of two would count is what a forger would choose.
            if slot.replace(value).is_some() {
                return Err(refuse(StatusCode::BAD_REQUEST, "What came back says the same thing twice."));
            }
        }
        Ok(brought)
    }
}

/// Ends a sign-in with what TikTok has led back with, the query of the address. A state is good for one end, good or bad.
///
/// # Errors
/// Why the account is not connected.
pub async fn finish(doors: &Doors, query: &str) -> Result<Done, Trouble> {
    let refuse = |status, why: &str| trouble(status, why, AGAIN);
    let Some(sign_in) = &doors.sign_in else {
        return Err(refuse(StatusCode::NOT_FOUND, "A dry run connects no accounts."));
    };
    let brought = Brought::read(query)?;
    let state = brought.state.unwrap_or_default();
    let signer = ticket::read(&doors.signers, &state, doors.clock.now()).map_err(|why| match why {
        ticket::Refused::Foreign => refuse(StatusCode::BAD_REQUEST, "This sign-in was not begun here."),
        ticket::Refused::Expired => refuse(StatusCode::BAD_REQUEST, "This sign-in took longer than a quarter of an hour."),
    })?;
    let mark = [sign_in.entropy.next_u64().to_be_bytes(), sign_in.entropy.next_u64().to_be_bytes()].concat();
    match doors.runtime.first_use(&ticket::use_key(&state), &mark).await {
        Ok(true) => {}
        Ok(false) => return Err(refuse(StatusCode::BAD_REQUEST, "This sign-in has been used already.")),
        Err(error) => {
            tracing::error!(%error, "a sign-in could not be noted");
            return Err(refuse(StatusCode::SERVICE_UNAVAILABLE, "The store does not answer."));
        }
    }
    if let Some(error) = brought.error.filter(|error| !error.is_empty()) {
        return Err(denied(&error, brought.error_type.as_deref()));
    }
    let code = brought.code.filter(|code| !code.trim().is_empty() && code.len() <= CODE_BYTES_MAX);
    let Some(code) = code else {
        return Err(refuse(StatusCode::BAD_REQUEST, "TikTok led back without a code."));
    };
    exchange(doors, sign_in, &signer.app, code.into()).await
}

async fn exchange(doors: &Doors, sign_in: &SignIn, app: &str, code: SecretString) -> Result<Done, Trouble> {
    let unavailable = |why: &str| trouble(StatusCode::SERVICE_UNAVAILABLE, why, AGAIN);
    let redirect = sign_in.redirect().map_err(|why| unavailable(&why))?;
    let Some(permit) = doors.runtime.permit(app).await else {
        return Err(unavailable("This server stops, or another one on the same store speaks to TikTok for this app."));
    };
    let signed_in = sign_in.client.sign_in(permit, app, &code, &redirect).await.map_err(|failure| {
        let why = match &failure.outcome {
            Outcome::Refused { code, text, .. } => format!("TikTok does not take the sign-in: {code} {text}"),
            Outcome::NotSent(_) => "TikTok cannot be reached.".to_owned(),
            _ => "TikTok gave no answer that can be read.".to_owned(),
        };
        tracing::error!(app, why, "an account could not be connected");
        trouble(StatusCode::BAD_GATEWAY, why, AGAIN)
    })?;
    let new = doors.runtime.admit(app, &signed_in.open_id).await.map_err(|error| {
        tracing::error!(%error, app, "a connected account is not served yet");
        unavailable("The store does not answer.")
    })?;
    // It may have been stopped for the token of before.
    doors.runtime.unpark(app, &signed_in.open_id);
    let missing = missing(&signed_in.scopes);
    let open_id = signed_in.open_id;
    tracing::info!(app, open_id, new, "an account is connected");
    Ok(Done { app: app.to_owned(), open_id, new, missing })
}

/// What is missing of [`SCOPES`] among these; nothing where TikTok did not say.
#[must_use]
pub fn missing(granted: &[String]) -> Vec<String> {
    if granted.is_empty() {
        return Vec::new();
    }
    SCOPES.into_iter().filter(|scope| !granted.iter().any(|known| known == scope)).map(str::to_owned).collect()
}

/// TikTok's own words come in an address that anybody can write: only plain ones are repeated.
fn denied(error: &str, kind: Option<&str>) -> Trouble {
    let plain = |word: &&str| word.len() <= 64 && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte));
    match (error, kind) {
        ("invalid_scope", _) | (_, Some("scope")) => trouble(
            StatusCode::BAD_REQUEST,
            "TikTok does not let the app ask for all that it asks for (invalid_scope).",
            "Each scope must be approved for the app in TikTok's portal; one that is not fails the whole sign-in. Then begin anew with `rejoinder connect`.",
        ),
        ("access_denied", _) => trouble(StatusCode::BAD_REQUEST, "The sign-in was refused at TikTok (access_denied).", AGAIN),
        (error, _) => {
            let word = Some(error).filter(plain).unwrap_or("no word that could be shown");
            trouble(StatusCode::BAD_REQUEST, format!("TikTok refused the sign-in: {word}."), AGAIN)
        }
    }
}

/// `GET /oauth/tiktok/`
pub(super) async fn returned(State(doors): State<Arc<Doors>>, RawQuery(query): RawQuery) -> Response {
    let ended = finish(&doors, &query.unwrap_or_default()).await;
    if let Err(trouble) = &ended {
        tracing::warn!(why = trouble.why, "somebody came back from a sign-in that did not succeed");
    }
    page::of(&ended)
}
