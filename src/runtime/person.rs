//! One customer, two conversations: comments stand in one of their own, which knows nothing of what its author writes. What
//! holds in the other one, holds for them as well.

use super::core::{Account, Core};
use super::erasing::pseudonym;
use super::port::{AccountId, COMMENTS_OF, ConversationId, ConversationRow, Store, StoreError};
use crate::engine::{Conversation, Input};

/// In `meta`, with account and pseudonym: the number of the conversation in which a person writes.
const PERSON: &str = "person:";

pub(super) fn key(secret: &[u8], account: AccountId, person: &str) -> String {
    format!("{PERSON}{}:{}", account.0, pseudonym(secret, b"person", account.0, person.as_bytes()))
}

/// The name of the conversation in which a person's comments stand.
pub(super) fn comments(person: &str) -> Vec<u8> {
    format!("{COMMENTS_OF}{person}").into_bytes()
}

/// Whose comments stand in the conversation of this name.
fn author(external: &[u8]) -> Option<&str> {
    std::str::from_utf8(external.strip_prefix(COMMENTS_OF.as_bytes())?).ok()
}

/// What an input tells of its author that the conversation knows already.
pub(super) fn leave_out_known(input: &mut Input, conversation: &Conversation) {
    if let Input::Message(message) = input
        && message.person.as_deref() == conversation.person()
    {
        message.person = None;
    }
}

/// The key under which the conversation is found from now on, where this input tells whose it is.
pub(super) fn found_by(secret: &[u8], account: AccountId, input: &Input) -> Option<String> {
    match input {
        Input::Message(message) => message.person.as_deref().map(|person| key(secret, account, person)),
        _ => None,
    }
}

/// Why nobody is to answer the comments in the conversation of this name now: how the one stands in which their author writes.
pub(super) async fn silent(core: &Core, account: &Account, external: &[u8]) -> Result<Option<String>, StoreError> {
    let Some(person) = author(external) else { return Ok(None) };
    let Some(number) = core.ports.store.meta(&key(&core.secret, account.id, person)).await? else { return Ok(None) };
    let number = std::str::from_utf8(&number).ok().and_then(|number| number.parse().ok());
    let Some(row) = core.ports.store.load(ConversationId(number.unwrap_or(0))).await? else { return Ok(None) };
    let why = match Conversation::decode(&row.state) {
        Ok(conversation) => conversation.silent_on_comments(core.now()),
        Err(_) => Some("what is stored of it cannot be read"),
    };
    Ok(why.map(|why| format!("in conversation {}, where its author writes: {why}", row.id.0)))
}

/// The conversation in which the comments of a conversation's customer stand.
pub(super) async fn comments_of(store: &dyn Store, row: &ConversationRow) -> Result<Option<ConversationRow>, StoreError> {
    let conversation = Conversation::decode(&row.state).ok();
    let Some(person) = conversation.as_ref().and_then(Conversation::person) else { return Ok(None) };
    store.find(row.account, &comments(person)).await
}
