//! Conversations: a page of them, and one with all that was said and decided.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Api;
use super::caller::{Asked, At, By, Read};
use super::problem::Problem;
use super::shapes::{Talk, TalkLine, speaker};
use crate::runtime::port::ConversationId;

/// Conversations that are looked at for one page, whatever fits.
const LOOKED_MAX: usize = 500;
const PAGE_MAX: usize = 100;
const PAGE: usize = 50;
/// Lines of the history of one conversation.
const LINES_MAX: usize = 5_000;
const LINES: usize = 200;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Page {
    /// `next` of the page before.
    after: Option<i64>,
    /// 50 without it.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<usize>,
    /// Only those of this account (`business_id`).
    account: Option<String>,
    /// Only those where `bot`, `asked` or `taken` holds.
    speaker: Option<String>,
    /// The conversation that TikTok calls so; no paging.
    named: Option<String>,
}

/// A page of conversations, in the order in which they began.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Talks {
    conversations: Vec<Talk>,
    /// `after` of the next page; missing on the last one. A page may be empty and have a next one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<i64>,
}

/// List conversations. Scope `read`.
#[utoipa::path(get, path = "/conversations", tag = "conversations", params(Page), responses((status = 200, body = Talks)))]
pub(super) async fn list(_: By<Read>, State(api): State<Arc<Api>>, Asked(page): Asked<Page>) -> Result<Json<Talks>, Problem> {
    let limit = page.limit.unwrap_or(PAGE);
    if !(1..=PAGE_MAX).contains(&limit) {
        return Err(Problem::bad("`limit` is 1 to 100"));
    }
    if page.speaker.as_deref().is_some_and(|word| !["bot", "asked", "taken"].contains(&word)) {
        return Err(Problem::bad("`speaker` is `bot`, `asked` or `taken`"));
    }
    let (runtime, now) = (api.runtime(), api.admin.doors.clock.now());
    let mut found = Vec::new();
    if let Some(name) = &page.named {
        for id in runtime.find_named(name).await? {
            let Some(view) = runtime.conversation(id, 1).await? else { continue };
            let bot = runtime.bot_for(&view.summary.account);
            found.push(Talk::of(view.summary, view.conversation.as_ref(), (&bot, now)));
        }
        return Ok(Json(Talks { conversations: found, next: None }));
    }
    let after = ConversationId(page.after.unwrap_or(0));
    let looked = runtime.conversations_after(after, LOOKED_MAX).await?;
    let whole = looked.len() < LOOKED_MAX;
    let mut last = None;
    for (summary, state) in looked {
        if found.len() == limit {
            return Ok(Json(Talks { conversations: found, next: last }));
        }
        last = Some(summary.id);
        let stands = page.speaker.as_deref();
        let fits = page.account.as_ref().is_none_or(|account| summary.account == *account)
            && stands.is_none_or(|word| state.as_ref().is_some_and(|state| speaker(state) == word));
        if fits {
            let bot = runtime.bot_for(&summary.account);
            found.push(Talk::of(summary, state.as_ref(), (&bot, now)));
        }
    }
    Ok(Json(Talks { conversations: found, next: last.filter(|_| !whole) }))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Newest {
    /// So many of the newest lines of the history; 200 without it.
    #[param(minimum = 1, maximum = 5000)]
    lines: Option<usize>,
}

/// A conversation with what was said, what was decided, and why.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Told {
    conversation: Talk,
    lines: Vec<TalkLine>,
}

/// Read one conversation: its state and its timeline, with the reason of each reply and each silence. Scope `read`.
#[utoipa::path(
    get, path = "/conversations/{id}", tag = "conversations",
    params(("id" = i64, Path, description = "our number of the conversation"), Newest),
    responses((status = 200, body = Told)),
)]
pub(super) async fn one(
    _: By<Read>,
    State(api): State<Arc<Api>>,
    At(id): At<i64>,
    Asked(newest): Asked<Newest>,
) -> Result<Json<Told>, Problem> {
    let most = newest.lines.unwrap_or(LINES);
    if !(1..=LINES_MAX).contains(&most) {
        return Err(Problem::bad("`lines` is 1 to 5000"));
    }
    let view = api.runtime().conversation(ConversationId(id), most).await?;
    let view = view.ok_or_else(|| Problem::not_found("nothing is known of this conversation"))?;
    let now = api.admin.doors.clock.now();
    let bot = api.runtime().bot_for(&view.summary.account);
    let conversation = Talk::of(view.summary, view.conversation.as_ref(), (&bot, now));
    Ok(Json(Told { conversation, lines: view.lines.into_iter().map(TalkLine::of).collect() }))
}

/// One image of a conversation, the customer's or the bot's own, by TikTok's id of its message. Scope `read`.
///
/// A customer's is fetched from TikTok, one call within the app's pace, and kept in memory for ten minutes. Where several
/// processes serve, only the one that calls for the account can fetch it; another answers 503, and a new try may reach it.
#[utoipa::path(
    get, path = "/conversations/{id}/images/{message_id}", tag = "conversations",
    params(
        ("id" = i64, Path, description = "our number of the conversation"),
        ("message_id" = String, Path, description = "TikTok's id of the message, as the timeline tells it"),
    ),
    responses((status = 200, description = "The image as it is.", content(
        (String = "image/jpeg"), (String = "image/png"), (String = "image/webp"), (String = "image/gif"),
    ))),
)]
pub(super) async fn image(
    _: By<Read>,
    State(api): State<Arc<Api>>,
    At((id, message)): At<(i64, String)>,
) -> Result<impl IntoResponse, Problem> {
    let picture = api.runtime().picture(ConversationId(id), &message).await?;
    // A stranger's file: no browser is to take it for anything else, and nobody on the way is to keep it.
    let headers = [
        (header::CONTENT_TYPE, picture.media_type),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"),
        (header::CACHE_CONTROL, "private, no-store"),
    ];
    Ok((headers, picture.bytes))
}
