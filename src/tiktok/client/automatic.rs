//! Calls about what TikTok says and shows by itself: the welcome message, suggested questions, chat prompts.

use serde::de::IgnoredAny;

use super::{Client, RequestParts, failed, path};
use crate::channel::Outcome;
use crate::runtime::port::{CallFailure, Permit};
use crate::tiktok::bounds::ID_BYTES_MAX;
use crate::tiktok::codes::About;
use crate::tiktok::wire::{AutoBody, AutoContent, AutoKind, AutoList, AutoRow};

/// An account has fewer of each kind; a longer list is none that can be trusted.
const ITEMS_MAX: usize = 64;

/// Whether TikTok shows it to customers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Review {
    Approved,
    /// It cannot be changed meanwhile.
    Reviewing,
    Rejected,
}

/// What stands at TikTok of one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// The kind is switched on.
    pub on: bool,
    pub items: Vec<StandingItem>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StandingItem {
    pub id: String,
    pub review: Review,
    pub content: AutoContent,
}

impl Client {
    /// What stands at TikTok of this kind.
    ///
    /// # Errors
    /// As every call; also where a message of the answer cannot be read: it would be taken for one that is not there.
    pub async fn automatic(&self, permit: Permit, names: (&str, &str), kind: AutoKind) -> Result<Standing, CallFailure> {
        let word = match kind {
            AutoKind::WelcomeMessage => "WELCOME_MESSAGE",
            AutoKind::SuggestedQuestion => "SUGGESTED_QUESTION",
            AutoKind::ChatPrompt => "CHAT_PROMPT",
        };
        // The documents say POST, their examples GET.
        let query = vec![("business_id", names.1.to_owned()), ("auto_message_type", word.to_owned())];
        let list: AutoList =
            self.call_as(permit, names, About::Other, RequestParts::get(path::AUTO_GET, query)).await.map_err(failed)?;
        standing(list, kind).map_err(|text| failed(Outcome::Unknown { text: text.to_owned() }))
    }

    /// Adds a message.
    ///
    /// # Errors
    /// As every call.
    pub async fn add_automatic(&self, permit: Permit, names: (&str, &str), content: &AutoContent) -> Result<(), CallFailure> {
        let body = AutoBody { content: Some(content), ..body(names.1, content.kind()) };
        self.change(permit, names, RequestParts::post(path::AUTO_CREATE, &body)).await
    }

    /// Gives a message another content.
    ///
    /// # Errors
    /// As every call.
    pub async fn change_automatic(
        &self,
        permit: Permit,
        names: (&str, &str),
        id: &str,
        content: &AutoContent,
    ) -> Result<(), CallFailure> {
        let body = AutoBody { auto_message_id: Some(id), content: Some(content), ..body(names.1, content.kind()) };
        self.change(permit, names, RequestParts::post(path::AUTO_CHANGE, &body)).await
    }

    /// Removes a message; a welcome message cannot be removed.
    ///
    /// # Errors
    /// As every call.
    pub async fn remove_automatic(
        &self,
        permit: Permit,
        names: (&str, &str),
        kind: AutoKind,
        id: &str,
    ) -> Result<(), CallFailure> {
        let body = AutoBody { auto_message_id: Some(id), ..body(names.1, kind) };
        self.change(permit, names, RequestParts::post(path::AUTO_REMOVE, &body)).await
    }

    /// Switches a kind on or off.
    ///
    /// # Errors
    /// As every call.
    pub async fn switch_automatic(
        &self,
        permit: Permit,
        names: (&str, &str),
        kind: AutoKind,
        on: bool,
    ) -> Result<(), CallFailure> {
        let status = if on { "ENABLE" } else { "DISABLE" };
        let body = AutoBody { operation_status: Some(status), ..body(names.1, kind) };
        self.change(permit, names, RequestParts::post(path::AUTO_SWITCH, &body)).await
    }

    async fn change(&self, permit: Permit, names: (&str, &str), parts: RequestParts) -> Result<(), CallFailure> {
        self.call_as::<IgnoredAny>(permit, names, About::Other, parts).await.map(|_| ()).map_err(failed)
    }
}

fn body(business_id: &str, kind: AutoKind) -> AutoBody<'_> {
    AutoBody { business_id, auto_message_type: kind, auto_message_id: None, operation_status: None, content: None }
}

fn standing(list: AutoList, kind: AutoKind) -> Result<Standing, &'static str> {
    let rows = list.auto_messages.unwrap_or_default();
    if rows.len() > ITEMS_MAX {
        return Err("more automatic messages than an account can have");
    }
    let on = match list.operation_status.as_deref() {
        Some("ENABLE") => true,
        Some("DISABLE") => false,
        None | Some("") if rows.is_empty() => false,
        _ => return Err("nothing says whether these automatic messages are on"),
    };
    let items = rows.into_iter().map(|row| item(row, kind)).collect::<Option<Vec<_>>>();
    Ok(Standing { on, items: items.ok_or("an automatic message without an id or a text")? })
}

fn item(mut row: AutoRow, kind: AutoKind) -> Option<StandingItem> {
    let id = row.auto_message_id.take()?.0;
    let review = match row.audit_status.as_deref() {
        Some("REVIEWING") => Review::Reviewing,
        Some("REJECTED") => Review::Rejected,
        _ => Review::Approved,
    };
    let good = !id.is_empty() && id.len() <= ID_BYTES_MAX && !id.contains('\0');
    Some(StandingItem { id, review, content: row.content(kind)? }).filter(|_| good)
}
