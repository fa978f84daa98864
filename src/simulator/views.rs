//! What can be seen: conversations as a phone shows them, records, the judgement.

use axum::response::Response;
use serde::Serialize;
use tokio::sync::watch;

use crate::calendar::Moment;

use super::Simulator;
use super::judge::Violation;
use super::people::{Conversation, Customer, Message};
use super::world::{Call, Delivery, Event, World};

/// A business account with its tokens: the simulator's are no secrets.
#[derive(Clone, Debug, Serialize)]
pub struct AccountView {
    pub business_id: String,
    pub username: String,
    pub name: String,
    pub country: String,
    /// The newest one.
    pub access_token: Option<String>,
    pub access_token_expires: Option<Moment>,
    pub refresh_token: Option<String>,
}

/// One conversation in a list.
#[derive(Clone, Debug, Serialize)]
pub struct ConversationLine {
    /// Short (`v1`).
    pub handle: String,
    /// TikTok's id.
    pub id: String,
    pub business_id: String,
    pub customer: Customer,
    pub updated: Moment,
    /// By the rule in force; `None` is no limit.
    pub replies_left: Option<u32>,
    pub window_left_ms: i64,
    /// Answered by the business side: TikTok lists it as `SINGLE`, else as `STRANGER`.
    pub answered: bool,
    /// The typing dots are shown.
    pub typing: bool,
}

/// One conversation with both sides' messages, oldest first.
#[derive(Clone, Debug, Serialize)]
pub struct ConversationView {
    #[serde(flatten)]
    pub line: ConversationLine,
    pub now: Moment,
    pub messages: Vec<Message>,
}

/// What the simulator found wrong, and what it only suspects.
#[derive(Clone, Debug, Serialize)]
pub struct Judgement {
    pub violations: Vec<Violation>,
    pub suspicions: Vec<Violation>,
}

fn line(world: &World, found: &Conversation, now: Moment) -> Option<ConversationLine> {
    Some(ConversationLine {
        handle: found.handle.clone(),
        id: found.id.clone(),
        business_id: world.accounts.get(found.account)?.business_id.clone(),
        customer: world.customers.get(found.customer)?.clone(),
        updated: found.updated,
        replies_left: found.standing.left(world.rule, now),
        window_left_ms: found.standing.window_left_ms(now),
        answered: found.answered,
        typing: found.typing_until > now,
    })
}

impl Simulator {
    /// The present moment as the simulated TikTok has it.
    #[must_use]
    pub fn time(&self) -> Moment {
        self.now()
    }

    #[must_use]
    pub fn accounts(&self) -> Vec<AccountView> {
        self.with(|world, _| {
            let view = |account: &super::people::Account| AccountView {
                business_id: account.business_id.clone(),
                username: account.username.clone(),
                name: account.name.clone(),
                country: account.country.clone(),
                access_token: account.tokens.last().map(|token| token.value.clone()),
                access_token_expires: account.tokens.last().map(|token| token.expires),
                refresh_token: account.refresh.as_ref().map(|(refresh, _)| refresh.clone()),
            };
            world.accounts.iter().map(view).collect()
        })
    }

    #[must_use]
    pub fn customers(&self) -> Vec<Customer> {
        self.with(|world, _| world.customers.clone())
    }

    /// Newest first.
    #[must_use]
    pub fn conversations(&self) -> Vec<ConversationLine> {
        self.with(|world, now| {
            let mut lines: Vec<_> = world.conversations.iter().filter_map(|found| line(world, found, now)).collect();
            lines.sort_by_key(|line| std::cmp::Reverse(line.updated));
            lines
        })
    }

    /// By handle or by TikTok's id.
    #[must_use]
    pub fn conversation(&self, name: &str) -> Option<ConversationView> {
        self.with(|world, now| {
            let found = world.conversations.iter().find(|found| found.handle == name || found.id == name)?;
            let messages = found.timeline.iter().cloned().collect();
            Some(ConversationView { line: line(world, found, now)?, now, messages })
        })
    }

    /// Calls with a number above `after`, oldest first; the newest ten thousand are kept.
    #[must_use]
    pub fn calls(&self, after: u64) -> Vec<Call> {
        self.with(|world, _| world.calls.after(after).cloned().collect())
    }

    /// Webhooks with a number above `after`, oldest first; the newest ten thousand are kept.
    #[must_use]
    pub fn deliveries(&self, after: u64) -> Vec<Delivery> {
        self.with(|world, _| world.deliveries.after(after).cloned().collect())
    }

    #[must_use]
    pub fn violations(&self) -> Judgement {
        self.with(|world, _| {
            let (suspicions, violations) = world.violations.iter().cloned().partition(|found| found.kind.is_suspicion());
            Judgement { violations, suspicions }
        })
    }

    /// What happened after the event `after`, oldest first.
    #[must_use]
    pub fn events(&self, after: u64) -> Vec<Event> {
        self.with(|world, _| world.events.after(after).cloned().collect())
    }

    /// The number of the newest event, for waiting.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.shared.changed.subscribe()
    }

    /// The file of an image, whoever sent it; for pages.
    pub(super) fn picture(&self, id: &str) -> Option<Response> {
        self.with(|world, _| {
            let media = world.media.iter().find(|media| media.id == id)?;
            Some(super::api::file(media.bytes.clone()))
        })
    }
}
