//! One conversation in a worker's memory: the engine runs on it, and what it leads to is made ready for the commit.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::announcing::{Before, Cause};
use super::core::{Address, Begun, Core, Finished, News};
use super::entry::{self, Entry, Kept};
use super::erasing;
use super::habits::Habit;
use super::measure;
use super::metrics::count;
use super::order::told_at;
use super::outbox;
use super::person;
use super::port::{Change, ConversationId, Found, InputKey, Record, StoreError};
use super::recent::Recent;
use super::sprint::{margins, mark_of, panic_text, unstuck};
use super::trail::Trail;
use super::versions::{Live, Needed};
use crate::bot::Bot;
use crate::calendar::Moment;
use crate::engine::{self, Bots, Context, Conversation, Input, Older, ReplyId, Sprint, Wanted};

/// The conversation after an input, what it led to, and its bytes.
type Ran = (Conversation, Sprint, Vec<u8>);

/// One conversation in memory, possibly ahead of the store.
pub(super) struct Slot {
    /// With the conversation's number.
    pub(super) address: Arc<Address>,
    pub(super) id: ConversationId,
    pub(super) rev: u64,
    /// Whose commit made this revision.
    pub(super) writer: i64,
    /// Sprints of the worker before this was loaded.
    pub(super) since: u64,
    pub(super) conversation: Conversation,
    pub(super) recent: Recent,
    /// Replies with a row in the outbox: the store refuses a change of one that has none.
    pub(super) open: BTreeSet<ReplyId>,
    /// No clock goes back for a conversation.
    pub(super) last_now: Moment,
    pub(super) sent: u64,
    pub(super) used: u64,
    /// The stored state cannot be read: inputs are kept, nothing is changed.
    pub(super) damaged: Option<String>,
}

/// Reads conversations, each new one with an id of its own. Where not all can be read together, one by one: what is
/// damaged in one of them is nothing to the others.
pub(super) async fn load<'a>(
    core: &Core,
    missing: &[&'a Arc<Address>],
    since: u64,
) -> Vec<(&'a Arc<Address>, Result<Slot, StoreError>)> {
    let begun = core.monotonic();
    let mut slots = Vec::with_capacity(missing.len());
    match find(core, missing).await {
        Ok(found) => {
            for (address, found) in missing.iter().zip(found) {
                slots.push((*address, slot(core, address, found, since).await));
            }
        }
        Err(_) => {
            for address in missing {
                let slot = match find(core, &[address]).await {
                    Ok(mut found) => slot(core, address, found.pop().flatten(), since).await,
                    Err(error) => Err(error),
                };
                slots.push((*address, slot));
            }
        }
    }
    core.metrics.load_took.add(core.monotonic().saturating_sub(begun));
    slots
}

async fn find(core: &Core, missing: &[&Arc<Address>]) -> Result<Vec<Option<Found>>, StoreError> {
    let wanted: Vec<_> = missing.iter().map(|address| (address.account.id, address.external.as_slice())).collect();
    core.ports.store.find_all(&wanted).await
}

async fn slot(core: &Core, address: &Address, found: Option<Found>, since: u64) -> Result<Slot, StoreError> {
    let fresh = |id| Slot {
        address: Arc::new(Address { number: Some(id), ..address.clone() }),
        id,
        rev: 0,
        writer: 0,
        since,
        conversation: Conversation::default(),
        recent: Recent::default(),
        open: BTreeSet::new(),
        last_now: Moment(i64::MIN),
        sent: 0,
        used: 0,
        damaged: None,
    };
    let Some(Found { row, replies }) = found else {
        let mut slot = fresh(core.ports.store.fresh_conversation().await?);
        if let Some((conversation, recent)) = erasing::left(core, address).await? {
            slot.last_now = conversation.now();
            (slot.conversation, slot.recent) = (conversation, recent);
        }
        return Ok(slot);
    };
    let mut slot = fresh(row.id);
    slot.rev = row.rev;
    slot.writer = row.writer;
    slot.recent = Recent::decode(&row.recent);
    slot.open = replies.into_iter().collect();
    match Conversation::decode(&row.state) {
        Ok(conversation) => {
            // Nor over a restart.
            slot.last_now = conversation.now();
            slot.conversation = conversation;
        }
        Err(error) => slot.damaged = Some(error.to_string()),
    }
    Ok(slot)
}

/// What surrounds a sprint that begins now.
fn begin(core: &Core, address: &Address) -> Box<Begun> {
    let now = core.now();
    let (window_margin_ms, skew_ms) = margins(core, address);
    Box::new(Begun { now, clock: now, seed: core.ports.entropy.next_u64(), window_margin_ms, skew_ms, hooked: Vec::new() })
}

impl Slot {
    pub(super) fn news(&self) -> News {
        let (candidate, due) = match self.damaged {
            Some(_) => (None, None),
            None => (self.conversation.candidate(), self.conversation.due()),
        };
        let address = Arc::clone(&self.address);
        News { conversation: self.id, address, candidate, due, automatic: None, effects: Vec::new() }
    }

    /// A line of the history for what may be a repetition of something long forgotten.
    pub(super) fn kept(&self, core: &Core, address: &Address, input: &Input) -> Record {
        let raw = serde_json::to_vec(input).unwrap_or_default();
        tracing::warn!(conversation = self.id.0, "so much came that an older delivery is kept without effect");
        let why = "so much came after it that it may have been taken before".to_owned();
        let (account, kind) = (&address.account, "perhaps_repeated");
        let kept = Kept::new(why, account.app_id.clone(), Some(account.open_id.clone()), &raw).of(&address.external);
        let body = serde_json::to_vec(&kept).unwrap_or_default();
        Record { at: core.now(), kind, account: Some(account.id), body, change: None, is_mark: false, events: Vec::new() }
    }

    /// Runs the engine on one input and fills in what is to be committed; gives the input back where a hook of the bot's
    /// script is to be called first.
    pub(super) fn sprint(
        &mut self,
        core: &Core,
        address: &Arc<Address>,
        (key, mut input): (Option<InputKey>, Input),
        (live, needed): (&Live, &[Needed]),
        begun: Option<Box<Begun>>,
        finished: &mut Finished,
    ) -> Option<(Input, Box<Begun>, Wanted)> {
        let begun = begun.unwrap_or_else(|| begin(core, address));
        person::leave_out_known(&mut input, &self.conversation);
        let now = begun.now.max(self.last_now);
        let Begun { clock, seed, window_margin_ms, skew_ms, .. } = *begun;
        let context = Context { now, clock, seed, limits: &core.limits, window_margin_ms, skew_ms, hooked: &begun.hooked };
        let older: Vec<Older<'_>> = needed.iter().map(Needed::older).collect();
        let bots = Bots { live: &live.bot, number: live.number, others: &older };
        let mut ran = self.advance(&bots, &input, &context);
        if let Ok((_, sprint, _)) = &mut ran
            && let Some(wanted) = sprint.wants.take()
        {
            return Some((input, Box::new(Begun { now, ..*begun }), wanted));
        }
        self.last_now = now;
        let kind = entry::word(&input);
        let mut entry = Entry {
            input,
            effects: Vec::new(),
            trace: engine::Traces::default(),
            seed,
            now,
            clock: (clock < now).then_some(clock),
            bot: live.bot.digest.clone(),
            version: live.number,
            older: needed.iter().map(Needed::named).collect(),
            window_margin_ms,
            skew_ms,
            key: key.map(|key| key.0),
            hooked: begun.hooked,
            fault: None,
        };
        let was = (self.conversation.due(), core.announcing.look(&self.conversation));
        count(&core.metrics.sprints);
        let state = match ran {
            Ok((conversation, sprint, state)) => {
                self.conversation = conversation;
                entry.hooked.truncate(sprint.hooked);
                entry.effects = sprint.effects;
                entry.trace = sprint.trace;
                Some(state)
            }
            Err(fault) => {
                count(&core.metrics.faults);
                // What a panic says may hold a text of the customer's.
                tracing::error!(conversation = self.id.0, kind, "the engine failed on an input; the history says how");
                tracing::trace!(conversation = self.id.0, fault);
                entry.fault = Some(fault);
                self.damaged.is_none().then(|| self.conversation.encode().ok()).flatten()
            }
        };
        self.finish(core, (address, &live.bot), (entry, state), was, finished);
        None
    }

    /// What is to be committed of a sprint that is made.
    fn finish(
        &mut self,
        core: &Core,
        (address, live): (&Arc<Address>, &Bot),
        (entry, state): (Entry, Option<Vec<u8>>),
        (was_due, before): (Option<Moment>, Option<Before>),
        finished: &mut Finished,
    ) {
        let now = entry.now;
        finished.done.mark = mark_of(&entry.effects);
        finished.fault = entry.fault.is_some();
        finished.replies = measure::ended(&entry.effects);
        let mut news = self.news();
        news.automatic = match &entry.input {
            Input::Echo(echo) => Habit::of(echo).map(|habit| (habit, echo.at.min(now))),
            _ => None,
        };
        if let Some((habit, at)) = news.automatic {
            core.habits.learn(address.account.id, habit, at);
        }
        news.due = unstuck(&entry.input, was_due, news.due, now, self.id);
        let (conversation, after) = (self.id, &self.conversation);
        let cause = before.map(|before| Cause { address, conversation, before, after, entry: &entry, live });
        let (events, heard) = cause.map(|cause| core.announcing.events(&cause)).unwrap_or_default();
        finished.heard = heard;
        finished.record = Some(Record {
            at: now,
            kind: entry::word(&entry.input),
            account: Some(address.account.id),
            body: serde_json::to_vec(&entry).unwrap_or_default(),
            is_mark: finished.done.mark.is_some(),
            events,
            change: state.map(|state| self.change(core, address, (&entry, finished.trail), state, news.due)),
        });
        news.effects = entry.effects.into_iter().filter(outbox::for_dispatcher).collect();
        finished.news = Some(news);
    }

    fn advance(&self, bots: &Bots<'_>, input: &Input, context: &Context<'_>) -> Result<Ran, String> {
        if let Some(damage) = &self.damaged {
            return Err(format!("the stored conversation cannot be read: {damage}"));
        }
        // A copy: where the engine fails, the conversation stays as it was.
        let mut conversation = self.conversation.clone();
        let sprint = catch_unwind(AssertUnwindSafe(|| engine::advance_among(bots, &mut conversation, input, context)))
            .map_err(|panic| format!("panic: {}", panic_text(panic.as_ref())))?;
        let state = conversation.encode().map_err(|error| format!("not encodable: {error}"))?;
        Ok((conversation, sprint, state))
    }

    fn change(
        &mut self,
        core: &Core,
        address: &Address,
        (entry, trail): (&Entry, Trail),
        state: Vec<u8>,
        due: Option<Moment>,
    ) -> Change {
        self.rev += 1;
        let after = std::mem::replace(&mut self.writer, core.epoch);
        if let Some(key) = entry.key {
            self.recent.remember(InputKey(key), told_at(&entry.input), entry.now);
        }
        Change {
            conversation: self.id,
            account: address.account.id,
            external: address.external.clone(),
            rev: self.rev,
            after,
            due,
            recent: self.recent.encode(),
            state,
            outbox: outbox::changes(
                (address.account.id, self.id),
                core.epoch,
                (entry, &self.conversation),
                trail,
                &mut self.open,
            ),
            found_by: person::found_by(&core.secret, address.account.id, &entry.input),
        }
    }
}
