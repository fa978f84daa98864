//! What the runtime needs of the outside: clock, entropy, store, transport, fetcher.

mod erasure;
mod event;
mod fetch;
mod lists;
mod permit;

pub use self::erasure::{EMPTIED, ERASED, Erasing, Erasure, Instead, OF_NOBODY, Pruned, Removed, Told};
pub use self::event::{
    EventCall, EventCount, EventEnd, EventKeeping, EventKey, EventPut, EventQuery, EventRow, Events, EventsTrimmed, Herald,
    Settled, TellsNobody,
};
pub use self::fetch::{CallsNobody, FetchCall, FetchEnd, Fetcher};
pub use self::lists::{READ_MOST, ReadMessage, Updated};
pub(in crate::runtime) use self::permit::Starts;
pub use self::permit::{Begin, Permit};

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::join_all;

use crate::bot::{Asset, Bot};
use crate::calendar::Moment;
use crate::channel::{Outcome, Outgoing};
use crate::engine::{Courtesy, Input, Listing, ReplyId};

/// Real or virtual time. Nothing else in the runtime knows a clock.
#[async_trait]
pub trait Clock: Send + Sync + 'static {
    /// Civil time; may jump.
    fn now(&self) -> Moment;
    /// Never goes back, has no meaning beyond differences.
    fn monotonic(&self) -> Duration;
    /// Returns when `now()` has reached `until` (also when the clock jumped over it).
    async fn sleep_until(&self, until: Moment);
    /// Returns after so long on the monotonic clock, whatever civil time does meanwhile. As it stands here it is for clocks
    /// whose civil time never jumps.
    async fn sleep(&self, duration: Duration) {
        let until = self.monotonic().saturating_add(duration);
        loop {
            let left = until.saturating_sub(self.monotonic());
            if left.is_zero() {
                return;
            }
            let left_ms = i64::try_from(left.as_micros().div_ceil(1_000)).unwrap_or(i64::MAX);
            self.sleep_until(self.now().plus_ms(left_ms)).await;
        }
    }
}

/// Seeds and ids.
pub trait Entropy: Send + Sync + 'static {
    fn next_u64(&self) -> u64;

    /// Writes random bytes over all of `bytes`.
    fn fill(&self, bytes: &mut [u8]) {
        for part in bytes.chunks_mut(8) {
            for (byte, drawn) in part.iter_mut().zip(self.next_u64().to_le_bytes()) {
                *byte = drawn;
            }
        }
    }
}

/// An account in the store; small integers, given at first sight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(pub i64);

/// A conversation in the store; given at first contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConversationId(pub i64);

/// The key of an input: 8 bytes of a keyed hash over class, ids and the like. Two deliveries of one event share it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InputKey(pub u64);

// --- deliveries ----------------------------------------------------------------------------------------------------

/// A rightly signed webhook, understood as far as it can be. Made by `tiktok`, taken by the runtime.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The app (`client_key`) whose secret fitted.
    pub app: String,
    /// `user_openid`, where the body had one.
    pub open_id: Option<String>,
    pub received: Moment,
    pub raw: bytes::Bytes,
    pub meaning: Meaning,
}

#[derive(Clone, Debug)]
pub enum Meaning {
    /// For a conversation. `external` is TikTok's conversation id as bytes, `key` the deduplication key's material
    /// (class, ids, timestamp joined unambiguously); `None` is never a duplicate (read watermarks, pokes).
    Input { external: Vec<u8>, key: Option<Vec<u8>>, input: Input },
    /// Somebody wrote to the account: not said who or what, which TikTok's lists show. `at`: its time of the message.
    Poked { at: Option<Moment> },
    /// Kept in the account's history without effect: `kind` is a stable word (`unreadable`, `event`, …).
    Kept { kind: &'static str, why: String },
}

// --- store ---------------------------------------------------------------------------------------------------------

/// What a store failed at.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Nothing was written; the same may be tried again.
    #[error("the store is busy: {0}")]
    Busy(String),
    /// Nothing was written, and another process owns the file.
    #[error("{0}")]
    Owned(String),
    /// The disk is full: refuse work, mark nothing.
    #[error("the disk is full: {0}")]
    Full(String),
    /// The store was written by a newer version.
    #[error("{0}")]
    Newer(String),
    /// Anything else: the process should end rather than guess.
    #[error("the store failed: {0}")]
    Broken(String),
}

/// A conversation as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConversationRow {
    pub id: ConversationId,
    pub account: AccountId,
    /// TikTok's conversation id.
    pub external: Vec<u8>,
    /// Raised by every commit.
    pub rev: u64,
    /// The epoch of the process whose commit made this revision; 0 where a store has one owner and does not say.
    pub writer: i64,
    pub last_seq: Option<i64>,
    pub due: Option<Moment>,
    /// Keys of the newest inputs, with the moment each was committed; encoded by the runtime.
    pub recent: Vec<u8>,
    pub state: Vec<u8>,
}

/// One line of the history; never changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryRow {
    pub seq: i64,
    /// `None` for what belongs to no conversation.
    pub conversation: Option<ConversationId>,
    pub account: Option<AccountId>,
    /// The row of the same conversation (or of no conversation) before this one.
    pub prev: Option<i64>,
    pub at: Moment,
    /// A stable word: `message`, `echo`, `due`, `may_send`, `outcome`, `unreadable`, ….
    pub kind: String,
    pub body: Vec<u8>,
}

/// A reply that has not reached its final state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxRow {
    pub account: AccountId,
    pub conversation: ConversationId,
    pub reply: ReplyId,
    /// The encoded `engine::Reply`.
    pub body: Vec<u8>,
    pub state: OutboxState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutboxState {
    Queued,
    Held,
    /// Marked and not settled: at a restart its outcome is unknown.
    Marked {
        attempt: u32,
        epoch: i64,
        begun: Moment,
        not_after: Moment,
    },
    /// The outcome is unknown and being looked up.
    Unknown {
        attempt: u32,
    },
}

/// A conversation as stored, with the replies that have a row in the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub row: ConversationRow,
    pub replies: Vec<ReplyId>,
}

/// One finished sprint, or one line of history without one.
#[derive(Clone, Debug)]
pub struct Record {
    pub at: Moment,
    pub kind: &'static str,
    pub account: Option<AccountId>,
    /// The history's body.
    pub body: Vec<u8>,
    pub change: Option<Change>,
    /// It holds a mark: a shared store writes it only while this process leads the account's app and neither
    /// [`PAUSE`] nor [`pause_of`] the account stands in `meta`, or else it is [`Written::Fenced`].
    pub is_mark: bool,
    /// Of the line's conversation; written with it or not at all.
    pub events: Vec<EventPut>,
}

/// What became of a record in a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// Its sequence number.
    Line(i64),
    /// Not written: another process has committed to this conversation meanwhile. It is loaded and computed anew.
    Stale,
    /// Not written: this process no longer leads the account's app.
    Fenced,
}

/// Who sends for an app, of the processes that share a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    pub mine: bool,
    /// For how long still, by the store's clock; whoever has it.
    pub left: Duration,
}

/// The new state of one conversation.
#[derive(Clone, Debug)]
pub struct Change {
    pub conversation: ConversationId,
    pub account: AccountId,
    /// Written to `name` when this is the conversation's first commit.
    pub external: Vec<u8>,
    /// The revision after this change; the store holds `rev - 1` (0: none) before it, or the commit fails as `Broken`;
    /// in a shared store the record is [`Written::Stale`].
    pub rev: u64,
    /// The epoch of the process that made `rev - 1`; looked at where a store is shared.
    pub after: i64,
    pub due: Option<Moment>,
    pub recent: Vec<u8>,
    pub state: Vec<u8>,
    pub outbox: Vec<OutboxChange>,
    /// A key of `meta` under which the conversation's number is written with it.
    pub found_by: Option<String>,
}

#[derive(Clone, Debug)]
pub enum OutboxChange {
    /// Insert or replace.
    Put(OutboxRow),
    /// Only the state of an existing row.
    State {
        reply: ReplyId,
        state: OutboxState,
    },
    Remove {
        reply: ReplyId,
    },
}

/// An account as stored. Tokens are already encrypted by whoever hands them in; a store never sees plain ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountRow {
    pub id: AccountId,
    pub app: String,
    pub open_id: String,
    pub token: Option<Vec<u8>>,
    pub token_generation: i64,
}

/// A version of the bot as stored. What stands in it is the runtime's; a store sees bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionRow {
    /// Counted from 1.
    pub number: u32,
    /// Of the body.
    pub digest: String,
    /// When it was first stored.
    pub at: Moment,
    /// Of the program that stored it, as in `0.1.0`.
    pub program: String,
    pub body: Vec<u8>,
}

/// The key of `meta` whose value says which version of the bot is live.
pub const LIVE: &str = "live_version";

/// The key of `meta` under which sending of all accounts is paused: an empty value, or none, is no pause. A store that is
/// shared refuses marks while one stands (see [`Record::is_mark`]).
pub const PAUSE: &str = "pause";

/// The same for one account.
#[must_use]
pub fn pause_of(account: AccountId) -> String {
    format!("{PAUSE}:{}", account.0)
}

/// The key of `meta` that a store sets when it finds itself to be an older copy, brought back; the runtime empties it when
/// every conversation was told.
pub const RESTORED_PENDING: &str = "restored_pending";

/// Before a person's id, where comments stand in for a conversation. TikTok's own ids hold no colon.
pub const COMMENTS_OF: &str = "comments:";

/// The durable side. One process owns it, or several share it ([`Store::is_shared`]); `commit` is one transaction, all
/// or nothing but for what other processes made stale, durable when it returns.
#[async_trait]
pub trait Store: Events + Erasing {
    /// The epoch of this start: one more than any before it, and nobody else's.
    async fn epoch(&self) -> Result<i64, StoreError>;
    /// Whether other processes may write to it.
    fn is_shared(&self) -> bool {
        false
    }
    /// Takes or renews the right to send for an app, for so long from now; nobody else has it meanwhile. Leases go by the
    /// store's clock. A store with one owner always gives it.
    async fn lease(&self, app: &str, length: Duration) -> Result<Lease, StoreError> {
        let _ = (app, length);
        Ok(Lease { mine: true, left: Duration::MAX })
    }
    /// Gives the right back, if this process has it.
    async fn release(&self, app: &str) -> Result<(), StoreError> {
        let _ = app;
        Ok(())
    }
    /// Conversations of the apps led here that other processes have changed; told once.
    async fn news(&self) -> Result<Vec<ConversationId>, StoreError> {
        Ok(Vec::new())
    }
    /// Returns when there may be news; a hint, which may be late or never come.
    async fn hint(&self) {
        std::future::pending().await
    }
    /// The revisions of these conversations and who made them; none of those never committed, and none at all where a
    /// store has one owner.
    async fn revisions(&self, conversations: &[ConversationId]) -> Result<Vec<(ConversationId, u64, i64)>, StoreError> {
        let _ = conversations;
        Ok(Vec::new())
    }
    /// The account's id, made at first sight.
    async fn account(&self, app: &str, open_id: &str) -> Result<AccountId, StoreError>;
    async fn accounts(&self) -> Result<Vec<AccountRow>, StoreError>;
    /// Replaces the token, if `generation` is newer than the stored one (0 before the first); else does nothing.
    async fn put_token(&self, account: AccountId, generation: i64, token: Option<Vec<u8>>) -> Result<(), StoreError>;
    /// A fresh conversation id, never given before; written by its first commit.
    async fn fresh_conversation(&self) -> Result<ConversationId, StoreError>;
    async fn find(&self, account: AccountId, external: &[u8]) -> Result<Option<ConversationRow>, StoreError>;
    /// The same for many at once, each with what it has in the outbox; in the order in which they are named.
    async fn find_all(&self, wanted: &[(AccountId, &[u8])]) -> Result<Vec<Option<Found>>, StoreError> {
        let each = wanted.iter().map(|(account, external)| async {
            let Some(row) = self.find(*account, external).await? else { return Ok(None) };
            let replies = self.outbox_of(row.id).await?.into_iter().map(|row| row.reply).collect();
            Ok(Some(Found { row, replies }))
        });
        join_all(each).await.into_iter().collect()
    }
    async fn load(&self, conversation: ConversationId) -> Result<Option<ConversationRow>, StoreError>;
    /// Writes all records in their order in one transaction; says of each what became of it.
    async fn commit(&self, records: Vec<Record>) -> Result<Vec<Written>, StoreError>;
    /// Conversations of the apps led here whose due moment is not after `until`, earliest first.
    async fn due(&self, until: Moment, most: usize) -> Result<Vec<(ConversationId, Moment)>, StoreError>;
    /// The earliest due moment of all led here.
    async fn next_due(&self) -> Result<Option<Moment>, StoreError>;
    /// Every row of the outbox of the apps led here, in the order in which they were first put there.
    async fn outbox(&self) -> Result<Vec<OutboxRow>, StoreError>;
    async fn outbox_of(&self, conversation: ConversationId) -> Result<Vec<OutboxRow>, StoreError>;
    /// The newest `most` lines of a conversation, newest first.
    async fn history(&self, conversation: ConversationId, most: usize) -> Result<Vec<HistoryRow>, StoreError>;
    /// Newest lines of no conversation, newest first.
    async fn loose_history(&self, most: usize) -> Result<Vec<HistoryRow>, StoreError>;
    /// All conversations, the one begun last first, for lists in the outside.
    async fn conversations(&self, most: usize) -> Result<Vec<ConversationRow>, StoreError>;
    /// Conversations after this one, in the order of their ids.
    async fn conversations_after(&self, after: ConversationId, most: usize) -> Result<Vec<ConversationRow>, StoreError>;
    /// Every version of the bot, the oldest first, without its body.
    async fn versions(&self) -> Result<Vec<VersionRow>, StoreError>;
    async fn version(&self, number: u32) -> Result<Option<VersionRow>, StoreError>;
    /// Stores a version under the next number, whatever is in the row's; one whose digest is there already keeps its number.
    /// Gives the number.
    async fn put_version(&self, version: VersionRow) -> Result<u32, StoreError>;
    /// Removes what is there of them. The newest of all is never asked for: numbers are not used again.
    async fn remove_versions(&self, numbers: &[u32]) -> Result<(), StoreError>;
    async fn media(&self, account: AccountId, digest: &str) -> Result<Option<(String, Moment)>, StoreError>;
    /// Remembers an uploaded file's media id until it ends; an empty id forgets it.
    async fn put_media(&self, account: AccountId, digest: &str, media_id: &str, until: Moment) -> Result<(), StoreError>;
    async fn meta(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError>;
    async fn put_meta(&self, key: &str, value: &[u8]) -> Result<(), StoreError>;
    /// Writes it unless there is one; gives what is stored then. Of several processes one wins.
    async fn put_meta_once(&self, key: &str, value: &[u8]) -> Result<Vec<u8>, StoreError>;
}

// --- bots ----------------------------------------------------------------------------------------------------------

/// The files of a bot, by path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files {
    pub flows: Vec<(String, String)>,
    pub images: Vec<(String, Vec<u8>)>,
}

/// Makes bots of files. It may take seconds, and takes them from nobody: its work is done off the runtime's tasks.
#[async_trait]
pub trait Compiler: Send + Sync + 'static {
    /// # Errors
    /// What is wrong with the files, for people.
    async fn compile(&self, files: &Files) -> Result<Arc<Bot>, String>;
}

// --- transport -----------------------------------------------------------------------------------------------------

/// Where a call goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub app: String,
    /// `business_id`
    pub open_id: String,
    /// TikTok's conversation id.
    pub external: Vec<u8>,
}

/// One send.
#[derive(Clone, Debug)]
pub struct SendCall {
    pub target: Target,
    pub outgoing: Outgoing,
    /// For [`crate::channel::Content::Image`]: the uploaded file.
    pub media_id: Option<String>,
    /// Not begun after this.
    pub not_after: Moment,
    pub timeout: Duration,
}

/// Why a call other than a send gave no answer, in the same classes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{outcome:?}")]
pub struct CallFailure {
    /// Never `Sent`.
    pub outcome: Outcome,
}

/// The other side. An implementation makes exactly one request per call, without retries beneath it.
/// An image as it stands in a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pictured {
    pub message_id: String,
    pub media_id: String,
}

/// An image.
#[derive(Clone)]
pub struct Picture {
    /// `image/jpeg`, `image/png`, `image/webp` or `image/gif`.
    pub media_type: &'static str,
    pub bytes: bytes::Bytes,
}

/// Without what it shows.
impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} of {} bytes", self.media_type, self.bytes.len())
    }
}

#[async_trait]
pub trait Transport: Send + Sync + 'static {
    async fn send(&self, permit: Permit, call: SendCall) -> Outcome;
    async fn courtesy(&self, permit: Permit, target: Target, what: Courtesy) -> Result<(), CallFailure>;
    /// Uploads an image; gives its media id.
    async fn upload(&self, permit: Permit, target: Target, asset: Arc<Asset>) -> Result<String, CallFailure>;
    /// Fetches an image that is a message of the conversation.
    async fn picture(&self, permit: Permit, target: Target, of: Pictured) -> Result<Picture, CallFailure> {
        let _ = (permit, target, of);
        Err(CallFailure { outcome: Outcome::Unknown { text: "nobody fetches images here".to_owned() } })
    }
    /// The newest messages of a conversation.
    async fn list(&self, permit: Permit, target: Target) -> Result<Listing, CallFailure>;
    /// The account's conversations, those that the business has answered before or the others: the newest, and not without end.
    async fn conversations(&self, permit: Permit, app: &str, open_id: &str, answered: bool) -> Result<Vec<Updated>, CallFailure> {
        let _ = (permit, app, open_id, answered);
        Ok(Vec::new())
    }
    /// The newest messages of a conversation, at most [`READ_MOST`], with what they say.
    async fn messages(&self, permit: Permit, target: Target) -> Result<Vec<ReadMessage>, CallFailure> {
        let _ = (permit, target);
        Ok(Vec::new())
    }
    /// Whether images may be sent.
    async fn images_allowed(&self, permit: Permit, target: Target) -> Result<bool, CallFailure>;
    /// Asks something whose answer tells the other side's time, and is not looked at otherwise.
    async fn ask_the_time(&self, permit: Permit, target: Target) -> Result<(), CallFailure> {
        self.list(permit, target).await.map(drop)
    }
    /// Renews the account's token (one at a time per account; the newest generation wins).
    async fn renew(&self, permit: Permit, app: &str, open_id: &str) -> Result<(), CallFailure>;
    /// The worst difference seen between the other side's clock and ours, in milliseconds; `None` before any answer.
    fn skew_ms(&self) -> Option<i64>;
}
