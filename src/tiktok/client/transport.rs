//! The runtime's port: sends, sender actions, uploads, looks, renewals.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use secrecy::ExposeSecret as _;
use serde::de::IgnoredAny;

use super::http::Payload;
use super::listing::listing;
use super::{Client, ConversationKind, RequestParts, UPLOAD_MAX, body, failed, path, refused};
use crate::bot::Asset;
use crate::calendar::Moment;
use crate::channel::{Content, NotSent, Outcome, RefusalScope};
use crate::engine::{Courtesy, Listing};
use crate::runtime::port::{CallFailure, Permit, Picture, Pictured, ReadMessage, SendCall, Target, Transport, Updated};
use crate::tiktok::bounds::ID_BYTES_MAX;
use crate::tiktok::codes::About;
use crate::tiktok::delivery::{id_fits, listed};
use crate::tiktok::token::Token;
use crate::tiktok::wire::{
    Capabilities, ListedConversation, MessageList, RawMessages, RefreshBody, SendBody, SentMessage, TokenGrant, UploadedMedia,
    Whole,
};

/// An uploaded file may have this many bytes. The documents say 3 MB and leave open which; this is the smaller one.
const IMAGE_BYTES_MAX: usize = 3_000_000;

impl Client {
    async fn deliver(
        &self,
        permit: Permit,
        names: (&str, &str),
        about: About,
        body: &SendBody<'_>,
        not_after: Moment,
        timeout: Duration,
    ) -> Outcome {
        let request = RequestParts { not_after: Some(not_after), timeout, ..RequestParts::post(path::SEND, body) };
        match self.call_as::<SentMessage>(permit, names, about, request).await {
            Ok(sent) => match sent.id().filter(|id| id.len() <= ID_BYTES_MAX && !id.contains('\0')) {
                Some(message_id) => Outcome::Sent { message_id },
                None => Outcome::Unknown { text: "a success without a message id".to_owned() },
            },
            Err(outcome) => outcome,
        }
    }

    /// Asks for a new token. Whoever calls holds the account's flight.
    async fn renew_now(&self, permit: Permit, app: &str, open_id: &str, old: &Token) -> Result<(), Outcome> {
        let access = self.app(app)?;
        let Some(refresh) = &old.refresh else {
            return Err(refused("there is no refresh token: sign in again", RefusalScope::Account));
        };
        let body = RefreshBody {
            client_id: &access.id,
            client_secret: access.secret.expose_secret(),
            grant_type: "refresh_token",
            refresh_token: refresh.expose_secret(),
        };
        let parts = RequestParts::post(path::RENEW, &body);
        let secrets = [refresh, &access.secret, &old.access];
        let grant = match self.call::<TokenGrant>(permit, access, None, About::Other, parts, &secrets).await {
            Ok(grant) => grant,
            // Nothing is left to renew with.
            Err(Outcome::NotSent(NotSent::Token { code })) => {
                return Err(Outcome::Refused {
                    code,
                    text: "the refresh token is refused: sign in again".to_owned(),
                    scope: RefusalScope::Account,
                });
            }
            Err(Outcome::Refused { code, text, .. }) => {
                return Err(Outcome::Refused { code, text, scope: RefusalScope::Account });
            }
            Err(other) => return Err(other),
        };
        if grant.open_id.as_deref().is_some_and(|id| !id.is_empty() && id != open_id) {
            return Err(refused("the renewed token belongs to another account", RefusalScope::Account));
        }
        let token = Token::granted(grant, self.clock.now(), Some(old));
        self.tokens.renewed(app, open_id, token).await;
        Ok(())
    }
}

/// TikTok's ids came to us as JSON strings; bytes that are none cannot be sent back.
pub(super) fn recipient(target: &Target) -> Result<&str, Outcome> {
    std::str::from_utf8(&target.external).map_err(|_| refused("the conversation's id is no text", RefusalScope::Reply))
}

fn names(target: &Target) -> (&str, &str) {
    (&target.app, &target.open_id)
}

#[async_trait]
impl Transport for Client {
    async fn send(&self, permit: Permit, call: SendCall) -> Outcome {
        let recipient = match recipient(&call.target) {
            Ok(recipient) => recipient,
            Err(outcome) => return outcome,
        };
        // Without an upload there is nothing to send: the same as one that is gone.
        let Ok(body) = body::message(&call, recipient) else { return Outcome::NotSent(NotSent::MediaGone) };
        let about = if matches!(call.outgoing.content, Content::Image(_)) { About::Image } else { About::Other };
        self.deliver(permit, names(&call.target), about, &body, call.not_after, call.timeout).await
    }

    async fn courtesy(&self, permit: Permit, target: Target, what: Courtesy) -> Result<(), CallFailure> {
        let action = match what {
            Courtesy::Typing => "TYPING",
            Courtesy::Seen => "MARK_READ",
        };
        let body = body::action(&target.open_id, recipient(&target).map_err(failed)?, action);
        let request = RequestParts::post(path::SEND, &body);
        let answer = self.call_as::<IgnoredAny>(permit, names(&target), About::Other, request).await;
        answer.map(|_| ()).map_err(failed)
    }

    async fn upload(&self, permit: Permit, target: Target, asset: Arc<Asset>) -> Result<String, CallFailure> {
        if asset.bytes.len() > IMAGE_BYTES_MAX {
            return Err(failed(refused("the image has more than 3 000 000 bytes", RefusalScope::Reply)));
        }
        let name = if asset.media_type == "image/png" { "image.png" } else { "image.jpg" };
        let request = RequestParts {
            path: path::UPLOAD,
            query: Vec::new(),
            payload: Payload::File {
                business_id: target.open_id.clone(),
                name: name.to_owned(),
                media_type: asset.media_type,
                bytes: asset.bytes.clone(),
            },
            not_after: None,
            timeout: UPLOAD_MAX,
        };
        let media: UploadedMedia = self.call_as(permit, names(&target), About::Other, request).await.map_err(failed)?;
        let id = media.media_id.0;
        if id.is_empty() || id.len() > ID_BYTES_MAX || id.contains('\0') {
            return Err(failed(Outcome::Unknown { text: "a success without a media id".to_owned() }));
        }
        Ok(id)
    }

    async fn picture(&self, permit: Permit, target: Target, of: Pictured) -> Result<Picture, CallFailure> {
        self.fetch_picture(permit, &target, &of).await.map_err(failed)
    }

    async fn list(&self, permit: Permit, target: Target) -> Result<Listing, CallFailure> {
        let conversation = recipient(&target).map_err(failed)?;
        // The moment of the question: what was sent after it may be missing from the answer.
        let looked_at = self.clock.now();
        let query = vec![("business_id", target.open_id.clone()), ("conversation_id", conversation.to_owned())];
        let request = RequestParts::get(path::CONTENTS, query);
        let list: MessageList = self.call_as(permit, names(&target), About::Other, request).await.map_err(failed)?;
        Ok(listing(list, &target.open_id, conversation, looked_at))
    }

    async fn conversations(&self, permit: Permit, app: &str, open_id: &str, answered: bool) -> Result<Vec<Updated>, CallFailure> {
        let kind = if answered { ConversationKind::Single } else { ConversationKind::Stranger };
        // One page: TikTok lists no more than fit on it.
        let page = self.page(permit, (app, open_id), kind, 0).await?;
        let read = |row: ListedConversation| {
            let Whole(at) = row.update_time?;
            id_fits(&row.conversation_id).then(|| Updated { external: row.conversation_id.into_bytes(), at: Moment(at) })
        };
        Ok(page.rows.into_iter().filter_map(read).collect())
    }

    async fn messages(&self, permit: Permit, target: Target) -> Result<Vec<ReadMessage>, CallFailure> {
        let conversation = recipient(&target).map_err(failed)?;
        let query = vec![("business_id", target.open_id.clone()), ("conversation_id", conversation.to_owned())];
        let request = RequestParts::get(path::CONTENTS, query);
        let list: RawMessages = self.call_as(permit, names(&target), About::Other, request).await.map_err(failed)?;
        let received = self.clock.now();
        let rows = list.messages.unwrap_or_default();
        Ok(rows.iter().filter_map(|row| listed(&target.open_id, conversation, received, row)).collect())
    }

    async fn images_allowed(&self, permit: Permit, target: Target) -> Result<bool, CallFailure> {
        let conversation = recipient(&target).map_err(failed)?;
        let query = vec![
            ("business_id", target.open_id.clone()),
            ("conversation_id", conversation.to_owned()),
            // `STRANGER` holds only until the first answer; an image is seldom that.
            ("conversation_type", "SINGLE".to_owned()),
            ("capability_types", r#"["IMAGE_SEND"]"#.to_owned()),
        ];
        let request = RequestParts::get(path::CAPABILITIES, query);
        let told: Capabilities = self.call_as(permit, names(&target), About::Other, request).await.map_err(failed)?;
        let infos = told.capability_infos.unwrap_or_default();
        Ok(infos.iter().any(|info| info.capability_type == "IMAGE_SEND" && info.capability_result == Some(true)))
    }

    async fn renew(&self, permit: Permit, app: &str, open_id: &str) -> Result<(), CallFailure> {
        let slot = self.tokens.slot(app, open_id);
        let _flight = slot.flight.lock().await;
        // Another call may have renewed it while this one waited, or since the refusal that led here.
        if !slot.wants_renewal(self.clock.now()) {
            return Ok(());
        }
        // So may another process on the same store: where refresh tokens rotate, ours is dead then.
        if let Err(error) = self.tokens.catch_up(app, open_id).await {
            return Err(failed(Outcome::Unknown { text: format!("the stored token cannot be read: {error}") }));
        }
        if !slot.wants_renewal(self.clock.now()) {
            return Ok(());
        }
        let Some(old) = slot.token() else {
            return Err(failed(refused("there is no token: sign in first", RefusalScope::Account)));
        };
        self.renew_now(permit, app, open_id, &old).await.map_err(failed)
    }

    fn skew_ms(&self) -> Option<i64> {
        self.skew.worst_ms()
    }
}
