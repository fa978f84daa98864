//! Uploading and downloading of images.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use serde_json::json;

use crate::calendar::Moment;

use super::super::people::{Content, Media};
use super::super::world::World;
use super::Cx;
use super::answer::{Answer, error, parameter};
use super::ask::Ask;

/// "3 MB" at its most generous.
const FILE_MAX: usize = 3_145_728;
/// 30 days.
pub(in crate::simulator) const MEDIA_LIFE_MS: i64 = 30 * 86_400_000;

fn is_png(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x89PNG\r\n\x1a\n")
}

fn is_jpeg(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0xff, 0xd8, 0xff])
}

/// `POST /business/message/media/upload/`: the kind is told by content, not by name.
pub(super) fn upload(cx: &mut Cx<'_>, ask: &Ask) -> Answer {
    let account = cx.admit(ask, || match (ask.texts(["media_type"])?, &ask.file) {
        (["IMAGE"], Some(_)) => Ok(()),
        (["IMAGE"], None) => Err(parameter("Missing required field(s): file".to_owned())),
        _ => Err(parameter("Param media_type is invalid.".to_owned())),
    })?;
    let bytes = ask.file.clone().unwrap_or_default();
    match bytes.len() {
        0 => return Err(error(40906)),
        length if length > FILE_MAX => return Err(error(40907)),
        _ if !is_png(&bytes) && !is_jpeg(&bytes) => return Err(error(40908)),
        _ => {}
    }
    let id = cx.world.rng.media();
    if !cx.dry {
        cx.world.keep_media(Media { id: id.clone(), account, bytes, until: cx.now.plus_ms(MEDIA_LIFE_MS) });
    }
    Ok(json!({"media_id": id}))
}

/// `POST /business/message/media/download/`: gives an address that wants the header `x-user`.
pub(super) fn download(cx: &mut Cx<'_>, ask: &Ask) -> Answer {
    let names = ["conversation_id", "message_id", "media_id", "media_type"];
    let account = cx.admit(ask, || ask.texts(names).map(|_| ()))?;
    let [conversation, message, media, media_type] = ask.texts(names)?;
    let found = cx.world.by_id.get(conversation).and_then(|at| cx.world.conversations.get(*at));
    let found = found.filter(|found| found.account == account).ok_or_else(|| error(40007))?;
    let fits = found.message(message).is_some_and(|message| match &message.content {
        Content::Image { media_id } => media_type == "IMAGE" && media_id == media,
        Content::Video { media_id } => media_type == "VIDEO" && media_id == media,
        _ => false,
    });
    if !fits {
        return Err(error(40007));
    }
    Ok(json!({"download_url": format!("http://{}/sim/v1/media/{media}", ask.host)}))
}

pub(super) fn fetch(world: &World, now: Moment, id: &str, user: Option<&str>) -> Response {
    let known = world
        .accounts
        .iter()
        .flat_map(|account| &account.tokens)
        .any(|token| Some(token.value.as_str()) == user && !token.revoked && token.expires > now);
    if !known {
        return StatusCode::FORBIDDEN.into_response();
    }
    let Some(media) = world.media.iter().find(|media| media.id == id) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    file(media.bytes.clone())
}

/// The bytes with the type that they have.
pub(in crate::simulator) fn file(bytes: Bytes) -> Response {
    let kind = match &bytes {
        bytes if is_png(bytes) => "image/png",
        bytes if is_jpeg(bytes) => "image/jpeg",
        _ => "application/octet-stream",
    };
    let mut response = Response::new(Body::from(bytes));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
