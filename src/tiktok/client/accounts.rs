//! Calls about an app and its accounts: the webhook's address, the account's name, its conversations.

use super::{AppAccess, Client, RequestParts, failed, path};
use crate::channel::Outcome;
use crate::runtime::port::{CallFailure, Permit};
use crate::tiktok::codes::About;
use crate::tiktok::wire::{Account, ConversationPage, ListedConversation, Webhook, WebhookBody, Whole};
use secrecy::ExposeSecret as _;

/// The messages' own kind of webhook; one address of it for all accounts of an app.
const EVENT_TYPE: &str = "DIRECT_MESSAGE";
/// Conversations of one page.
const PAGE_MAX: i64 = 100;

/// Which conversations to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConversationKind {
    /// Not yet accepted and answered by the business.
    Stranger,
    /// Answered before.
    Single,
}

/// One page of conversations of the last 90 days.
#[derive(Debug)]
pub struct Conversations {
    pub rows: Vec<ListedConversation>,
    /// To hand in for the next page; `None` at the end.
    pub next: Option<i64>,
}

impl Client {
    /// Sets the address that TikTok delivers to, replacing any before it. Gives the address that TikTok has now.
    ///
    /// # Errors
    /// As every call.
    pub async fn set_webhook(&self, permit: Permit, app: &str, address: &str) -> Result<Option<String>, CallFailure> {
        let app = self.app(app).map_err(failed)?;
        self.webhook_call(permit, app, RequestParts::post(path::WEBHOOK_SET, &webhook_body(app, Some(address)))).await
    }

    /// The address that TikTok delivers to; `None` when none is set.
    ///
    /// # Errors
    /// As every call.
    pub async fn webhook(&self, permit: Permit, app: &str) -> Result<Option<String>, CallFailure> {
        let app = self.app(app).map_err(failed)?;
        let query = vec![
            ("app_id", app.id.clone()),
            ("secret", app.secret.expose_secret().to_owned()),
            ("event_type", EVENT_TYPE.to_owned()),
        ];
        self.webhook_call(permit, app, RequestParts::get(path::WEBHOOK_GET, query)).await
    }

    /// Removes the address.
    ///
    /// # Errors
    /// As every call.
    pub async fn remove_webhook(&self, permit: Permit, app: &str) -> Result<(), CallFailure> {
        let app = self.app(app).map_err(failed)?;
        let parts = RequestParts::post(path::WEBHOOK_REMOVE, &webhook_body(app, None));
        self.webhook_call(permit, app, parts).await.map(|_| ())
    }

    async fn webhook_call(&self, permit: Permit, app: &AppAccess, parts: RequestParts) -> Result<Option<String>, CallFailure> {
        let webhook: Webhook = self.call(permit, app, None, About::Other, parts, &[&app.secret]).await.map_err(failed)?;
        Ok(webhook.callback_url.filter(|address| !address.is_empty()))
    }

    /// The account's public names.
    ///
    /// # Errors
    /// As every call.
    pub async fn account(&self, permit: Permit, app: &str, open_id: &str) -> Result<Account, CallFailure> {
        let query =
            vec![("business_id", open_id.to_owned()), ("fields", r#"["username","display_name","profile_image"]"#.to_owned())];
        let request = RequestParts::get(path::ACCOUNT, query);
        self.call_as(permit, (app, open_id), About::Other, request).await.map_err(failed)
    }

    /// A page of the account's conversations, beginning at `cursor` (0 for the first).
    ///
    /// # Errors
    /// As every call.
    pub async fn page(
        &self,
        permit: Permit,
        (app, open_id): (&str, &str),
        kind: ConversationKind,
        cursor: i64,
    ) -> Result<Conversations, CallFailure> {
        let kind = match kind {
            ConversationKind::Stranger => "STRANGER",
            ConversationKind::Single => "SINGLE",
        };
        let query = vec![
            ("business_id", open_id.to_owned()),
            ("conversation_type", kind.to_owned()),
            ("limit", PAGE_MAX.to_string()),
            ("cursor", cursor.to_string()),
        ];
        let request = RequestParts::get(path::CONVERSATIONS, query);
        let page: ConversationPage = self.call_as(permit, (app, open_id), About::Other, request).await.map_err(failed)?;
        let next = match (page.has_more, page.cursor) {
            // A cursor that does not move would be asked for for ever.
            (Some(true), Some(Whole(next))) if next > cursor => Some(next),
            (Some(true), _) => {
                return Err(failed(Outcome::Unknown { text: "a page that leads nowhere".to_owned() }));
            }
            _ => None,
        };
        Ok(Conversations { rows: page.conversations.unwrap_or_default(), next })
    }
}

fn webhook_body<'a>(app: &'a AppAccess, address: Option<&'a str>) -> WebhookBody<'a> {
    WebhookBody { app_id: &app.id, secret: app.secret.expose_secret(), event_type: EVENT_TYPE, callback_url: address }
}
