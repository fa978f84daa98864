//! The way to one app's dispatcher: permits are asked for here, and what calls came to is told here.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::sync::{mpsc, oneshot};

use super::accounts::AccountState;
use super::days::{DayReport, KeptDay};
use crate::calendar::Moment;
use crate::channel::Outcome;
use crate::engine::{Class, ReplyId};
use crate::runtime::core::{Address, Core, News};
use crate::runtime::forecast::Ahead;
use crate::runtime::port::{AccountId, ConversationId, Permit};

/// Who goes first when several wait for a permit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::runtime) enum Rank {
    /// Tokens, registration.
    System,
    Live,
    Due,
    /// Looks at TikTok's lists.
    Upkeep,
}

/// Somebody waits for a permit; dropped unanswered when it comes too late.
pub(in crate::runtime) struct Waiter {
    pub(in crate::runtime) rank: Rank,
    /// Worthless after this.
    pub(in crate::runtime) not_after: Option<Moment>,
    /// The conversation whose place in front this permit ends.
    pub(in crate::runtime) conversation: Option<ConversationId>,
    pub(in crate::runtime) grant: oneshot::Sender<Permit>,
}

/// How an offer to a conversation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::runtime) enum AttemptEnd {
    /// Marked, and the outcome committed.
    Settled,
    /// The conversation did not mark it.
    Declined(ReplyId),
    /// The store did not answer; again later.
    Later,
    /// The image must be uploaded first.
    NeedsUpload { digest: String, address: Arc<Address>, class: Class },
}

/// Why an image has no media id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::runtime) enum NoUpload {
    /// No token, no connection, no place: the reply stands for its place again.
    Later,
    /// The replies that wait for it end with this reason.
    Never(String),
}

/// A finished call.
#[derive(Clone, Debug)]
pub(in crate::runtime) struct Called {
    pub(in crate::runtime) account: Option<AccountId>,
    /// Of a send.
    pub(in crate::runtime) conversation: Option<ConversationId>,
    /// When it began, on the monotonic clock.
    pub(in crate::runtime) begun: Duration,
    /// `None` for calls that were answered well, and those of no account.
    pub(in crate::runtime) outcome: Option<Outcome>,
    pub(in crate::runtime) what: Call,
}

/// What was called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::runtime) enum Call {
    Send,
    List,
    Upload,
    Download,
    Capability,
    Courtesy,
    /// Its result is told apart, by [`Msg::Renewed`].
    Renew,
    /// Made by somebody outside, who knows the result.
    Registration,
}

impl Call {
    pub(in crate::runtime) const fn word(self) -> &'static str {
        match self {
            Self::Send => "send",
            Self::List => "list",
            Self::Download => "download",
            Self::Upload => "upload",
            Self::Capability => "capability",
            Self::Courtesy => "courtesy",
            Self::Renew => "renew",
            Self::Registration => "registration",
        }
    }
}

pub(in crate::runtime) enum Msg {
    News(News),
    Wait(Waiter),
    Called(Called),
    Ended {
        account: AccountId,
        conversation: ConversationId,
        end: AttemptEnd,
    },
    Uploaded {
        account: AccountId,
        digest: String,
        failure: Option<NoUpload>,
    },
    Renewed {
        account: AccountId,
        result: Result<(), Outcome>,
    },
    Looked(ConversationId),
    Asked(ConversationId),
    Unpark(AccountId),
    /// What an earlier leader had written down of an account's day.
    Day(AccountId, KeptDay),
    /// Somebody doubts our clock: TikTok is asked for its time.
    AskTheTime,
    Report(oneshot::Sender<Report>),
    /// Other settings from now on.
    Tune {
        calls_per_second: f64,
        conversations_a_day: Option<u32>,
    },
    /// The conversations with a reply ready to leave, so many at most.
    Heads(usize, oneshot::Sender<Vec<Ahead>>),
    /// Something has changed that decides what may be sent.
    Look,
    /// This process sends for the app, until this moment of the monotonic clock; if it did not before, not before `first`.
    Lead {
        until: Duration,
        first: Duration,
    },
    /// Another process does.
    Lost,
    /// Issue nothing more; answered when nothing is in flight.
    Stop(oneshot::Sender<()>),
}

/// How one app's sending goes.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Report {
    pub app: String,
    /// Whether this process sends for the app.
    pub leads: bool,
    /// Conversations with a reply ready to leave.
    pub ready: usize,
    /// The same by class, where the customer wrote within ten minutes and elsewhere.
    pub live: Waiting,
    pub due: Waiting,
    /// Calls a second that the pace allows now, and at most.
    pub pace: f64,
    pub pace_most: f64,
    /// Calls without an answer yet.
    pub in_flight: usize,
    /// Milliseconds for which nothing leaves.
    pub paused_ms: u64,
    /// TikTok's clock less ours; `None` before any answer.
    pub clock_ms: Option<i64>,
    /// The clocks differ too much: nothing is sent.
    pub clock_stops: bool,
    /// Accounts (`business_id`) that send nothing until somebody acts, and why.
    pub parked: Vec<(String, AccountState, String)>,
    /// Accounts that answer only so many conversations a day.
    pub days: Vec<DayReport>,
}

/// Conversations of one class with a reply ready to leave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Waiting {
    pub ready: usize,
    /// For how long the oldest reply waits; 0 where none does.
    pub oldest_ms: u64,
}

#[derive(Clone)]
pub(in crate::runtime) struct Lane(mpsc::UnboundedSender<Msg>);

impl Lane {
    pub(in crate::runtime) fn new() -> (Self, mpsc::UnboundedReceiver<Msg>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self(sender), receiver)
    }

    pub(in crate::runtime) fn tell(&self, news: News) {
        self.send(Msg::News(news));
    }

    pub(in crate::runtime) fn send(&self, message: Msg) {
        // Without a dispatcher the process is ending; the store knows what is left.
        let _ = self.0.send(message);
    }

    /// A permit in its turn; `None` when it would come after `not_after` or the app no longer issues any.
    pub(in crate::runtime) async fn permit(
        &self,
        rank: Rank,
        not_after: Option<Moment>,
        conversation: Option<ConversationId>,
    ) -> Option<Permit> {
        let (grant, permit) = oneshot::channel();
        self.send(Msg::Wait(Waiter { rank, not_after, conversation, grant }));
        permit.await.ok()
    }

    pub(in crate::runtime) async fn report(&self) -> Option<Report> {
        let (done, report) = oneshot::channel();
        self.send(Msg::Report(done));
        report.await.ok()
    }

    pub(in crate::runtime) async fn heads(&self, most: usize) -> Option<Vec<Ahead>> {
        let (done, heads) = oneshot::channel();
        self.send(Msg::Heads(most, done));
        heads.await.ok()
    }

    pub(in crate::runtime) async fn stop(&self) {
        let (done, ended) = oneshot::channel();
        self.send(Msg::Stop(done));
        let _ = ended.await;
    }
}

/// What a job of the dispatcher works with.
#[derive(Clone)]
pub(in crate::runtime) struct Desk {
    pub(in crate::runtime) core: Arc<Core>,
    pub(in crate::runtime) lane: Lane,
}
