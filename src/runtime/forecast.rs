//! What waits, and what of it will miss its window at the present pace: the dispatcher's order, played ahead.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::core::{Address, later};
use super::dispatch::{Queue, Report};
use super::handle::Handle;
use super::port::{AccountId, ConversationId, OutboxRow, OutboxState, StoreError};
use super::view::ReplyState;
use crate::calendar::Moment;
use crate::engine::{Candidate, Class, Conversation, QueuedReply, ReplyId, ReplyStage};

/// Conversations that a forecast looks at; beyond them it only counts.
const CONVERSATIONS_MAX: usize = 100_000;

/// A reply that has not ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Waits {
    /// `business_id`
    pub account: String,
    pub conversation: i64,
    /// TikTok's conversation id, as text.
    pub external: String,
    pub reply: ReplyId,
    pub state: ReplyState,
    /// Why it has not left, in words.
    pub why: String,
    pub class: Class,
    /// When it was queued.
    pub since: Moment,
    /// When it may no longer leave; of a held one, until when it is kept.
    pub deadline: Moment,
    /// When it leaves at the present pace; `None` where it does not.
    pub leaves: Option<Moment>,
    /// At the present pace its window closes before it leaves.
    pub will_miss: bool,
}

/// All that waits, the earliest deadline first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outbox {
    pub now: Moment,
    pub replies: Vec<Waits>,
    /// Apps that another process sends for: what waits for them is told there.
    pub led_elsewhere: Vec<String>,
    /// Conversations beyond what a forecast looks at.
    pub left_out: usize,
}

/// One conversation's replies in their order, as the dispatcher would offer them.
pub(super) struct Ahead {
    pub(super) conversation: ConversationId,
    pub(super) address: Arc<Address>,
    pub(super) replies: VecDeque<Candidate>,
}

/// How an app's sending goes from now on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tempo {
    pub(super) now: Moment,
    /// Until the first call.
    pub(super) first: Duration,
    /// Between two calls.
    pub(super) gap: Duration,
}

/// When each reply leaves, taken that every call is a reply and ends well. What misses its window is not in it.
pub(super) fn play(
    conversations: Vec<Ahead>,
    tempo: Tempo,
    blocked: impl Fn(AccountId) -> bool,
) -> BTreeMap<(ConversationId, ReplyId), Moment> {
    let mut queue = Queue::default();
    let mut rest: BTreeMap<ConversationId, (Arc<Address>, VecDeque<Candidate>)> = BTreeMap::new();
    for Ahead { conversation, address, mut replies } in conversations {
        queue.put(conversation, &address, replies.pop_front());
        rest.insert(conversation, (address, replies));
    }
    let mut leaves = BTreeMap::new();
    let mut at = later(tempo.now, tempo.first);
    let mut admitted = 0;
    loop {
        let expired = queue.pick_expired(at);
        let over = expired.is_some();
        let picked = expired.or_else(|| {
            admitted += 1;
            queue.next(admitted, at, tempo.gap, &blocked)
        });
        let Some(picked) = picked else { return leaves };
        if !over {
            leaves.insert((picked.conversation, picked.candidate.reply), at);
            at = later(at, tempo.gap);
        }
        if let Some((address, replies)) = rest.get_mut(&picked.conversation) {
            queue.put(picked.conversation, address, replies.pop_front());
        }
        queue.release(picked.conversation);
    }
}

impl Tempo {
    fn of(report: &Report, now: Moment) -> Self {
        let rate = if report.pace.is_finite() { report.pace.max(0.1) } else { 0.1 };
        Self { now, first: Duration::from_millis(report.paused_ms), gap: Duration::from_secs_f64(1.0 / rate) }
    }
}

impl Handle {
    /// What waits in the apps led here, of one account (`business_id`) or of all, and when it leaves.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn outbox(&self, account: Option<&str>) -> Result<Outbox, StoreError> {
        let core = &self.core;
        let now = core.now();
        let reports = self.reports().await;
        let rows = self.store().outbox().await?;
        let mut conversations: Vec<ConversationId> = rows.iter().map(|row| row.conversation).collect();
        conversations.sort_unstable();
        conversations.dedup();
        let left_out = conversations.len().saturating_sub(CONVERSATIONS_MAX);
        conversations.truncate(CONVERSATIONS_MAX);
        let mut ahead: BTreeMap<usize, Vec<Ahead>> = BTreeMap::new();
        let mut replies = Vec::new();
        for id in conversations {
            let Some(row) = self.store().load(id).await? else { continue };
            let Some(of) = core.accounts.of(row.account) else { continue };
            let address = Arc::new(Address { account: of, external: row.external, number: Some(row.id) });
            let Ok(conversation) = Conversation::decode(&row.state) else {
                replies.extend(rows.iter().filter(|row| row.conversation == id).map(|row| unreadable(row, &address)));
                continue;
            };
            replies.extend(conversation.replies().map(|reply| waits(id, &address, &reply)));
            let waiting = conversation.replies().filter(|reply| reply.stage == ReplyStage::Waiting);
            let waiting = waiting.map(|reply| reply.candidate).collect();
            ahead.entry(address.account.app).or_default().push(Ahead { conversation: id, address, replies: waiting });
        }
        for (app, ahead) in ahead {
            let report = core.apps.get(app).and_then(|app| reports.iter().find(|report| report.app == app.id));
            let Some(report) = report else { continue };
            self.foretell(report, ahead, now, &mut replies).await;
        }
        replies.retain(|reply| account.is_none_or(|account| reply.account == account));
        replies.sort_by_key(|reply| (reply.deadline, reply.conversation, reply.reply));
        let led_elsewhere = reports.iter().filter(|report| !report.leads).map(|report| report.app.clone()).collect();
        Ok(Outbox { now, replies, led_elsewhere, left_out })
    }

    /// Fills in when the replies of one app leave, and what they wait for.
    async fn foretell(&self, report: &Report, ahead: Vec<Ahead>, now: Moment, replies: &mut [Waits]) {
        let core = Arc::clone(&self.core);
        let parked: Vec<(String, String)> =
            report.parked.iter().map(|(open_id, _, why)| (open_id.clone(), why.clone())).collect();
        let stops = |account: &str, id: AccountId| -> Option<String> {
            if core.pauses.hold(id) {
                return Some("sending is paused".to_owned());
            }
            if report.clock_stops {
                return Some("the clocks differ too much".to_owned());
            }
            let parked = parked.iter().find(|(name, _)| name == account);
            parked.map(|(_, why)| format!("the account sends nothing until somebody acts: {why}"))
        };
        let accounts: BTreeMap<String, AccountId> =
            ahead.iter().map(|one| (one.address.account.open_id.clone(), one.address.account.id)).collect();
        let reasons: BTreeMap<AccountId, String> =
            accounts.iter().filter_map(|(name, id)| Some((*id, stops(name, *id)?))).collect();
        let blocked: Vec<AccountId> = reasons.keys().copied().collect();
        let (ahead, days) = of_today(ahead, report);
        let known: Vec<ConversationId> = ahead.iter().map(|one| one.conversation).collect();
        let tempo = Tempo::of(report, now);
        // May be long, and is nobody's turn.
        let played = tokio::task::spawn_blocking(move || play(ahead, tempo, |account| blocked.contains(&account)));
        let leaves = played.await.unwrap_or_default();
        for reply in replies.iter_mut().filter(|reply| reply.state == ReplyState::Queued) {
            let conversation = ConversationId(reply.conversation);
            if let Some(why) = days.get(&conversation) {
                (reply.why, reply.will_miss) = (why.clone(), true);
                continue;
            }
            if known.binary_search(&conversation).is_err() {
                continue;
            }
            reply.leaves = leaves.get(&(conversation, reply.reply)).copied();
            reply.will_miss = reply.leaves.is_none();
            reply.why = match accounts.get(&reply.account).and_then(|id| reasons.get(id)) {
                Some(why) => why.clone(),
                None if report.paused_ms > 0 => "TikTok or the network wants a pause".to_owned(),
                None => "stands for its place".to_owned(),
            };
        }
    }

    /// By app: how many conversations have a next reply that will miss its window at the present pace.
    pub async fn will_miss(&self) -> Vec<(String, usize)> {
        let mut found = Vec::new();
        for (app, lane) in self.lanes() {
            let (Some(heads), Some(report)) = (lane.heads(CONVERSATIONS_MAX).await, lane.report().await) else { continue };
            let Some(options) = self.core.apps.get(app) else { continue };
            let core = Arc::clone(&self.core);
            let tempo = Tempo::of(&report, core.now());
            let all = heads.len();
            let (heads, _) = of_today(heads, &report);
            let parked: Vec<AccountId> = report
                .parked
                .iter()
                .filter_map(|(open_id, ..)| core.accounts.named(&report.app, open_id).map(|account| account.id))
                .collect();
            let blocked = move |account| core.pauses.hold(account) || parked.contains(&account);
            let played = tokio::task::spawn_blocking(move || play(heads, tempo, blocked).len());
            found.push((options.id.clone(), all.saturating_sub(played.await.unwrap_or(all))));
        }
        found.sort();
        found
    }
}

/// The conversations that may be answered today, and why the others may not.
fn of_today(ahead: Vec<Ahead>, report: &Report) -> (Vec<Ahead>, BTreeMap<ConversationId, String>) {
    let mut held = BTreeMap::new();
    let goes_on = ahead.into_iter().filter(|one| {
        let day = report.days.iter().find(|day| day.account == one.address.account.open_id);
        let why = day.and_then(|day| day.holds(one.conversation));
        let goes_on = why.is_none();
        held.extend(why.map(|why| (one.conversation, why)));
        goes_on
    });
    (goes_on.collect(), held)
}

fn waits(id: ConversationId, address: &Address, reply: &QueuedReply) -> Waits {
    let Candidate { queued, class, hard, .. } = reply.candidate;
    let (state, why, deadline) = match reply.stage {
        ReplyStage::Waiting => (ReplyState::Queued, "", hard),
        ReplyStage::Held { until } => (ReplyState::Held, "waits for the customer to write", until),
        ReplyStage::Marked => (ReplyState::Sending, "its call is under way", hard),
        ReplyStage::Unknown => (ReplyState::LookedUp, "its outcome is unknown and looked up", hard),
    };
    Waits {
        account: address.account.open_id.clone(),
        conversation: id.0,
        external: String::from_utf8_lossy(&address.external).into_owned(),
        reply: reply.candidate.reply,
        state,
        why: why.to_owned(),
        class,
        since: queued,
        deadline,
        leaves: None,
        will_miss: false,
    }
}

/// A row whose conversation cannot be read: it stays where it is.
fn unreadable(row: &OutboxRow, address: &Address) -> Waits {
    Waits {
        account: address.account.open_id.clone(),
        conversation: row.conversation.0,
        external: String::from_utf8_lossy(&address.external).into_owned(),
        reply: row.reply,
        state: match row.state {
            OutboxState::Queued => ReplyState::Queued,
            OutboxState::Held => ReplyState::Held,
            OutboxState::Marked { .. } => ReplyState::Sending,
            OutboxState::Unknown { .. } => ReplyState::LookedUp,
        },
        why: "its conversation cannot be read".to_owned(),
        class: Class::Due,
        since: Moment(0),
        deadline: Moment::LATEST,
        leaves: None,
        will_miss: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::core::Account;

    const GAP: Duration = Duration::from_millis(100);

    fn ahead(conversation: i64, account: i64, replies: &[(Class, i64)]) -> Ahead {
        let account = Account { id: AccountId(account), app: 0, app_id: "app".to_owned(), open_id: account.to_string() };
        let candidate = |(at, (class, hard)): (usize, &(Class, i64))| Candidate {
            reply: ReplyId(u32::try_from(at).unwrap() + 1),
            class: *class,
            queued: Moment(0),
            soft: Moment(conversation),
            hard: Moment(*hard),
        };
        let replies = replies.iter().enumerate().map(candidate).collect();
        let address = Arc::new(Address { account: Arc::new(account), external: Vec::new(), number: None });
        Ahead { conversation: ConversationId(conversation), address, replies }
    }

    fn told(conversations: Vec<Ahead>, first_ms: u64) -> Vec<(i64, u32, i64)> {
        let tempo = Tempo { now: Moment(0), first: Duration::from_millis(first_ms), gap: GAP };
        let leaves = play(conversations, tempo, |account| account == AccountId(9));
        leaves.into_iter().map(|((conversation, reply), at)| (conversation.0, reply.0, at.0)).collect()
    }

    #[test]
    fn replies_leave_one_gap_after_the_other_in_the_order_of_their_conversation() {
        let two = [(Class::Live, 10_000), (Class::Live, 10_000)];
        assert_eq!(told(vec![ahead(1, 1, &two), ahead(2, 1, &two[..1])], 50), [(1, 1, 50), (1, 2, 150), (2, 1, 250)]);
    }

    #[test]
    fn what_cannot_leave_before_its_window_closes_is_not_told_and_takes_no_place() {
        let replies: Vec<Ahead> = (0..30).map(|n| ahead(n, 1, &[(Class::Live, 1_000)])).collect();
        let leaves = told(replies, 0);
        assert_eq!(leaves.len(), 10, "{leaves:?}");
        assert!(leaves.iter().all(|(.., at)| *at < 1_000));
        assert_eq!(told(vec![ahead(1, 1, &[(Class::Due, 1_000)])], 5_000), [], "a long pause");
        assert_eq!(told(vec![ahead(1, 9, &[(Class::Live, 1_000)])], 0), [], "a paused account");
    }

    #[test]
    fn a_hundred_thousand_conversations_are_played_to_their_end() {
        let replies: Vec<Ahead> = (0..100_000).map(|n| ahead(n, n % 7, &[(Class::Due, 1_000 * n)])).collect();
        assert!(told(replies, 0).len() > 10_000);
    }
}
