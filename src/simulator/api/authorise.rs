//! `GET /v2/auth/authorize/`: TikTok's sign-in page. Where TikTok shows a form, this shows a link for each account and one
//! that refuses; whoever adds `&account=BUSINESS_ID` or `&refuse=1` himself is led back at once.

use std::collections::HashMap;

use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};
use reqwest::Url;

use super::super::Simulator;
use super::super::people::Code;
use crate::calendar::Moment;

/// A code lives for ten minutes.
pub(in crate::simulator) const CODE_LIFE_MS: i64 = 600_000;
const STATE_CHARS_MAX: usize = 512;

type Asked = HashMap<String, String>;

pub(super) async fn page(State(simulator): State<Simulator>, Query(asked): Query<Asked>) -> Response {
    match judge(&simulator, &asked) {
        Ok(Ended::Back(url)) => (StatusCode::FOUND, [(header::LOCATION, url)]).into_response(),
        Ok(Ended::Choose(html)) => Html(html).into_response(),
        // Without a redirect address that is the app's, TikTok leads nowhere.
        Err(why) => (StatusCode::BAD_REQUEST, Html(format!("<h1>Something went wrong</h1><p>{why}</p>"))).into_response(),
    }
}

enum Ended {
    Back(String),
    Choose(String),
}

fn judge(simulator: &Simulator, asked: &Asked) -> Result<Ended, &'static str> {
    let text = |name: &str| asked.get(name).map(String::as_str).unwrap_or_default();
    let redirect = redirect(text("redirect_uri"))?;
    simulator.with(|world, now| {
        if text("client_key") != world.app_id {
            return Err("client_key");
        }
        if text("response_type") != "code" {
            return Err("response_type");
        }
        if text("state").is_empty() || text("state").len() > STATE_CHARS_MAX {
            return Err("state");
        }
        let back = |pairs: &[(&str, &str)]| {
            let mut url = redirect.clone();
            url.query_pairs_mut().extend_pairs(pairs).append_pair("state", text("state"));
            Ok(Ended::Back(url.into()))
        };
        let approved: Vec<&str> = world.scopes.split(',').collect();
        // One that is not approved fails the whole request.
        if text("scope").is_empty() || !text("scope").split(',').all(|scope| approved.contains(&scope)) {
            return back(&[("error", "invalid_scope"), ("error_type", "scope")]);
        }
        if asked.contains_key("refuse") {
            return back(&[("error", "access_denied")]);
        }
        let Some(wanted) = asked.get("account") else { return Ok(Ended::Choose(choices(asked, &names(world)))) };
        let value = world.rng.auth_code();
        let account = world.accounts.iter_mut().find(|account| account.business_id == *wanted).ok_or("account")?;
        account.code = Some(code(&value, now, redirect.as_str()));
        back(&[("code", &value), ("scopes", text("scope"))])
    })
}

fn code(value: &str, now: Moment, redirect: &str) -> Code {
    Code { value: value.to_owned(), until: now.plus_ms(CODE_LIFE_MS), redirect: Some(redirect.to_owned()) }
}

fn names(world: &super::super::world::World) -> Vec<(String, String)> {
    world.accounts.iter().map(|account| (account.business_id.clone(), account.name.clone())).collect()
}

/// An absolute address that ends in `/`, without query and fragment. TikTok wants https and no port; on this machine a
/// simulator takes what there is.
fn redirect(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "redirect_uri")?;
    let here = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    let right = url.path().ends_with('/') && url.query().is_none() && url.fragment().is_none() && text.len() <= 512;
    let at_tiktok = url.scheme() == "https" && url.port().is_none();
    if right && (here || at_tiktok) { Ok(url) } else { Err("redirect_uri") }
}

fn choices(asked: &Asked, accounts: &[(String, String)]) -> String {
    let mut pairs: Vec<(&str, &str)> = asked.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    pairs.sort_unstable();
    let link = |name: &str, value: &str, label: &str| {
        let mut query = Url::parse("http://here/").ok()?;
        query.query_pairs_mut().extend_pairs(&pairs).append_pair(name, value);
        // Escaped by the encoding of queries but for what joins their parts.
        let query = query.query()?.replace('&', "&amp;");
        Some(format!("<p><a href=\"?{query}\">{}</a></p>", label.replace(['<', '>', '&'], "")))
    };
    let mut html =
        "<!doctype html><meta charset=\"utf-8\"><title>Simulated TikTok</title><h1>Let the app use your account?</h1>".to_owned();
    for (id, name) in accounts {
        html.extend(link("account", id, &format!("Yes, as {name}")));
    }
    html.extend(link("refuse", "1", "No"));
    html
}
