//! Erasure of all that is kept of a customer, and what little stays of it: who comes back within some days is a stranger, but
//! neither gets more replies than TikTok allows nor brings back by a repeated delivery what was erased.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::colleague::{AUDIT, Audit};
use super::core::{Address, Ask, Core, Delivered, Refused};
use super::entry::Kept;
use super::handle::Handle;
use super::person;
use super::port::{ConversationId, ConversationRow, ERASED, Erasure, Record, Removed, Store, StoreError};
use super::recent::{KEPT_MS, Recent};
use super::service::SECRET;
use crate::calendar::Moment;
use crate::engine::Conversation;

/// What is left behind stands in `meta` under such keys, with account and pseudonym.
const REMAINS: &str = "erased:";
const PRUNED_EVERY: Duration = Duration::from_secs(3_600);
const PRUNED_AT_ONCE: usize = 500;
const ERASED_OF: &[u8] = b"erased";
/// Others may commit to a conversation between our reading and our erasing.
const TRIES: usize = 16;
/// A shorter name is found by chance in bodies that nobody could read.
const NAME_BYTES_MIN: usize = 8;

/// What the line about an erasure says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasureRecord {
    pub by: String,
    /// A keyed hash of account and TikTok's id of the conversation.
    pub pseudonym: String,
    pub removed: Removed,
}

/// How long something is kept.
#[derive(Deserialize)]
struct KeptUntil {
    until: Moment,
}

/// The answer to an erasure that was asked for under a key.
#[derive(Serialize, Deserialize)]
struct Answered {
    until: Moment,
    removed: Removed,
}

/// What is kept after an erasure, until its end.
#[derive(Serialize, Deserialize)]
struct Remains {
    until: Moment,
    /// Keyed hashes of deliveries.
    recent: String,
    state: String,
}

/// A conversation that is to be erased.
pub(super) struct Old<'a> {
    pub(super) address: &'a Address,
    pub(super) id: ConversationId,
    pub(super) rev: u64,
    pub(super) writer: i64,
    pub(super) recent: &'a Recent,
    /// `None` where it cannot be read.
    pub(super) conversation: Option<&'a Conversation>,
    /// Comments whose author wants no automatic messages.
    pub(super) unwanted: bool,
}

/// The same for one name of one account, and nobody without the secret can tell whose it is.
pub(super) fn pseudonym(secret: &[u8], of: &[u8], account: i64, external: &[u8]) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else { return String::new() };
    mac.update(of);
    mac.update(&account.to_le_bytes());
    mac.update(external);
    mac.finalize().into_bytes().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

fn key(account: i64, pseudonym: &str) -> String {
    format!("{REMAINS}{account}:{pseudonym}")
}

/// What the store is to do, and the conversation that the customer may begin afterwards.
pub(super) fn erasure(secret: &[u8], old: &Old<'_>, at: Moment, by: &str) -> (Erasure, Conversation) {
    let (account, external) = (old.address.account.id, old.address.external.clone());
    let mut after = old.conversation.map_or_else(|| Conversation::after_unreadable(at), |old| old.after_erasure(at));
    if old.unwanted {
        after.want_nothing_automatic();
    }
    let person = old.conversation.and_then(Conversation::person);
    let place = |external: &[u8]| pseudonym(secret, ERASED_OF, account.0, external);
    let pseudonym = place(&external);
    let state = String::from_utf8(after.encode().unwrap_or_default()).unwrap_or_default();
    let remains = Remains { until: at.plus_ms(KEPT_MS), recent: STANDARD.encode(old.recent.encode()), state };
    let remains = serde_json::to_vec(&remains).unwrap_or_default();
    // Who wants no automatic messages wants none for a comment either, and nothing ties the two together any more.
    let comments = person.filter(|_| after.standing().1).map(|person| place(&person::comments(person)));
    let remains = std::iter::once(&pseudonym).chain(&comments).map(|place| (key(account.0, place), remains.clone())).collect();
    let (by, name) = (by.to_owned(), external.clone());
    let told = move |removed: &Removed| {
        let record = ErasureRecord { by: by.clone(), pseudonym: pseudonym.clone(), removed: *removed };
        serde_json::to_vec(&record).unwrap_or_default()
    };
    let erasure = Erasure {
        conversation: old.id,
        account,
        external,
        rev: old.rev,
        writer: old.writer,
        at,
        remains,
        found_by: person.map(|person| person::key(secret, account, person)),
        instead: Arc::new(move |kind, body| instead(&name, kind, body)),
        told: Arc::new(told),
    };
    (erasure, after)
}

/// What a line of no conversation becomes that holds something of the customer's.
fn instead(external: &[u8], kind: &str, body: &[u8]) -> Option<Vec<u8>> {
    if kind == ERASED {
        return None;
    }
    let kept: Kept = serde_json::from_slice(body).ok()?;
    let named = kept.conversation.as_deref().is_some_and(|name| name.as_bytes() == external);
    if !named && !holds(&STANDARD.decode(&kept.raw).unwrap_or_default(), external) {
        return None;
    }
    let why = "what stood here was erased with its customer".to_owned();
    serde_json::to_vec(&Kept::new(why, kept.app, kept.open_id, &[])).ok()
}

/// Whether the name stands in a body, as it is or behind the backslashes of JSON in JSON.
fn holds(raw: &[u8], name: &[u8]) -> bool {
    let plain: Vec<u8> = raw.iter().copied().filter(|byte| *byte != b'\\').collect();
    name.len() >= NAME_BYTES_MIN && plain.windows(name.len()).any(|part| part == name)
}

/// What an erasure has left of the customer who writes now; `None` where there was none or its time is over.
pub(super) async fn left(core: &Core, address: &Address) -> Result<Option<(Conversation, Recent)>, StoreError> {
    let account = address.account.id.0;
    let key = key(account, &pseudonym(&core.secret, ERASED_OF, account, &address.external));
    let Some(stored) = core.ports.store.meta(&key).await? else { return Ok(None) };
    let Ok(remains) = serde_json::from_slice::<Remains>(&stored) else { return Ok(None) };
    let conversation = Conversation::decode(remains.state.as_bytes()).ok();
    let conversation = conversation.filter(|_| remains.until > core.now());
    let recent = Recent::decode(&STANDARD.decode(&remains.recent).unwrap_or_default());
    Ok(conversation.map(|conversation| (conversation, recent)))
}

/// Removes what erasures have left when its time is over.
pub(super) async fn keep(core: Arc<Core>) {
    loop {
        if let Err(error) = prune(&*core.ports.store, core.now()).await {
            tracing::warn!(%error, "what erasures have left could not be looked through; it is tried again in an hour");
        }
        core.sleep(PRUNED_EVERY).await;
    }
}

async fn prune(store: &dyn Store, now: Moment) -> Result<(), StoreError> {
    let all = store.meta_under(REMAINS, PRUNED_AT_ONCE).await?;
    let over = |value: &[u8]| serde_json::from_slice::<KeptUntil>(value).map_or(true, |remains| remains.until <= now);
    let over: Vec<String> = all.into_iter().filter(|(_, value)| over(value)).map(|(key, _)| key).collect();
    if over.is_empty() { Ok(()) } else { store.remove_meta(&over).await }
}

impl Handle {
    /// Erases all that is kept of a conversation, and of its customer's comments; returns when it is done, with what was
    /// removed. `None` where nothing is known of it. Whatever is still under way for it comes back to nothing.
    ///
    /// # Errors
    /// When it was not done; then all is as before.
    pub async fn erase(&self, conversation: ConversationId, by: &str) -> Result<Option<Removed>, Refused> {
        let broken = |error: StoreError| Refused::Store(error.to_string());
        let Some(row) = self.store().load(conversation).await.map_err(broken)? else { return Ok(None) };
        // First: whoever ends in between is asked again, and still finds whose they are.
        let mut beside = None;
        if let Some(comments) = person::comments_of(self.store(), &row).await.map_err(broken)? {
            beside = self.erase_one(comments.id, by, is_unwanted(&row)).await?;
        }
        let removed = self.erase_one(conversation, by, false).await?;
        Ok(removed.map(|removed| removed.and(beside.unwrap_or_default())))
    }

    async fn erase_one(&self, conversation: ConversationId, by: &str, unwanted: bool) -> Result<Option<Removed>, Refused> {
        let core = &self.core;
        let broken = |error: StoreError| Refused::Store(error.to_string());
        for _ in 0..TRIES {
            let Some(row) = self.store().load(conversation).await.map_err(broken)? else { return Ok(None) };
            let Some(account) = core.accounts.ever(row.account) else {
                // No worker has it: the settings no longer name its account.
                match erase_row(self.store(), &row, core.now(), by, unwanted).await.map_err(broken)? {
                    Some(removed) => return Ok(Some(removed)),
                    None => continue,
                }
            };
            let address = Arc::new(Address { account, external: row.external, number: Some(conversation) });
            let fresh = self.store().fresh_conversation().await.map_err(broken)?;
            let ask = Ask::Erase { fresh, by: by.to_owned(), unwanted };
            match core.post_once(super::trail::Trail::default(), address, ask).await {
                Err(Refused::Stale) => {}
                Ok(done) if done.delivered == Delivered::Done => {
                    core.announcing.live.forget(conversation);
                    core.pictures.forget(conversation);
                    return Ok(done.erased);
                }
                Ok(_) => return Ok(None),
                Err(error) => return Err(error),
            }
        }
        Err(Refused::Stale)
    }
}

impl Handle {
    /// The same under a key of the caller's: a repetition within some days gives the same answer and erases nothing more. The
    /// flag says whether it is one.
    ///
    /// # Errors
    /// When it was not done.
    pub async fn erase_once(
        &self,
        conversation: ConversationId,
        by: &str,
        key: Option<&str>,
    ) -> Result<Option<(Removed, bool)>, Refused> {
        let broken = |error: StoreError| Refused::Store(error.to_string());
        let place = key.map(|key| {
            let material = format!("{} {by} {key}", by.len());
            format!("{REMAINS}key:{}", pseudonym(&self.core.secret, ERASED_OF, conversation.0, material.as_bytes()))
        });
        if let Some(place) = &place
            && let Some(stored) = self.store().meta(place).await.map_err(broken)?
            && let Ok(answered) = serde_json::from_slice::<Answered>(&stored)
        {
            return Ok(Some((answered.removed, true)));
        }
        let Some(removed) = self.erase(conversation, by).await? else { return Ok(None) };
        if let Some(place) = &place {
            let answered = Answered { until: self.core.now().plus_ms(KEPT_MS), removed };
            let body = serde_json::to_vec(&answered).unwrap_or_default();
            self.store().put_meta(place, &body).await.map_err(broken)?;
        }
        Ok(Some((removed, false)))
    }
}

/// Erases the same where no runtime has the conversation, or another process has it that will see it by its revision. `None`
/// where another revision stands there by now.
///
/// # Errors
/// When it was not done.
pub async fn erase_stored(store: &dyn Store, row: &ConversationRow, at: Moment, by: &str) -> Result<Option<Removed>, StoreError> {
    let mut beside = Removed::default();
    if let Some(comments) = person::comments_of(store, row).await? {
        let Some(removed) = erase_row(store, &comments, at, by, is_unwanted(row)).await? else { return Ok(None) };
        beside = removed;
    }
    Ok(erase_row(store, row, at, by, false).await?.map(|removed| removed.and(beside)))
}

/// Whether the customer wants no automatic messages.
fn is_unwanted(row: &ConversationRow) -> bool {
    Conversation::decode(&row.state).is_ok_and(|conversation| conversation.standing().1)
}

async fn erase_row(
    store: &dyn Store,
    row: &ConversationRow,
    at: Moment,
    by: &str,
    unwanted: bool,
) -> Result<Option<Removed>, StoreError> {
    let secret = store.meta(SECRET).await?.ok_or_else(|| StoreError::Broken("no server has begun on this store".to_owned()))?;
    let (conversation, recent) = (Conversation::decode(&row.state).ok(), Recent::decode(&row.recent));
    let account = super::core::Account { id: row.account, app: 0, app_id: String::new(), open_id: String::new() };
    let address = Address { account: Arc::new(account), external: row.external.clone(), number: Some(row.id) };
    let at = conversation.as_ref().map_or(at, |conversation| conversation.now().max(at));
    let old = Old {
        address: &address,
        id: row.id,
        rev: row.rev,
        writer: row.writer,
        recent: &recent,
        conversation: conversation.as_ref(),
        unwanted,
    };
    store.erase(erasure(&secret, &old, at, by).0).await
}

/// Writes down who changed what where no runtime runs.
///
/// # Errors
/// When it was not committed.
pub async fn write_audit(store: &dyn Store, at: Moment, audit: &Audit) -> Result<(), StoreError> {
    let body = serde_json::to_vec(audit).unwrap_or_default();
    let record = Record { at, kind: AUDIT, account: None, body, change: None, is_mark: false, events: Vec::new() };
    store.commit(vec![record]).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_nobody_could_read_is_emptied_where_it_names_the_conversation_also_in_json_within_json() {
        let line = |raw: &str| serde_json::to_vec(&Kept::new("why".to_owned(), "app".to_owned(), None, raw.as_bytes())).unwrap();
        let emptied = |external: &[u8], raw: &str| instead(external, "unreadable", &line(raw)).is_some();
        assert!(emptied(b"7380+a/b==1", r#"{"content":"{\"conversation_id\":\"7380+a\/b==1\",\"text\":\"x\"}"}"#));
        assert!(!emptied(b"7380+a/b==1", r#"{"content":"{\"conversation_id\":\"7380+a\/b==2\"}"}"#));
        assert!(!emptied(b"c1", "c1"));
        assert!(instead(b"c1", ERASED, b"{}").is_none());
        let after = instead(b"7380123456789", "unreadable", &line("of 7380123456789: my secret")).unwrap();
        let kept: Kept = serde_json::from_slice(&after).unwrap();
        assert_eq!((kept.raw.as_str(), kept.bytes, kept.app.as_str()), ("", 0, "app"));
    }

    #[test]
    fn a_pseudonym_is_of_one_conversation_and_of_one_secret() {
        let one = pseudonym(b"secret", ERASED_OF, 1, b"c1");
        assert_eq!(one, pseudonym(b"secret", ERASED_OF, 1, b"c1"));
        let of = |secret, account, external| pseudonym(secret, ERASED_OF, account, external);
        assert!(
            [of(b"other", 1, b"c1"), of(b"secret", 2, b"c1"), of(b"secret", 1, b"c2"), pseudonym(b"secret", b"x", 1, b"c1")]
                .iter()
                .all(|two| *two != one)
        );
    }
}
