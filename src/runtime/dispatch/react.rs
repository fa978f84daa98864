//! What the dispatcher does with what it is told.

use std::sync::Arc;
use std::time::Duration;

use super::accounts::Then;
use super::lane::{AttemptEnd, Call, Called, NoUpload, Rank, Report, Waiting};
use super::{
    COURTESIES_MAX, DECLINED, Dispatcher, LATER, LEASE_CALLS, NO_CONNECTION, NO_CONNECTION_MOST, NO_MEDIA, Polite, SEEN_KEPT,
    TYPING_KEPT,
};
use crate::bot::ScriptCall;
use crate::calendar::Moment;
use crate::channel::rules::skew_stops;
use crate::channel::{NotSent, Outcome};
use crate::engine::{Class, Courtesy, Effect};
use crate::runtime::core::{Address, News, wait_of};
use crate::runtime::fetching::Begin;
use crate::runtime::metrics::count;
use crate::runtime::port::{AccountId, ConversationId};

/// A look for an answer gets its place within this, or there is none; the conversation waits for twice as long.
const LOOK_FOR_ANSWER_MS: i64 = 60_000;

impl Dispatcher {
    pub(super) fn news(&mut self, news: News) {
        self.note_habit(&news);
        // Without the lease it is the leader's business, who is told by the store.
        let leads = self.led_until > Duration::ZERO;
        if leads {
            self.queue.put(news.conversation, &news.address, news.candidate);
            let account = news.address.account.id;
            if let Some(until) = news.candidate.and_then(|candidate| self.waits_for_tiktok(account, candidate)) {
                self.queue.sleep(news.conversation, until);
            }
        }
        for effect in news.effects {
            match effect {
                Effect::LookUp if leads && self.looking.insert(news.conversation) => {
                    self.look(news.conversation, &news.address, None);
                }
                // After an absence all want to look at once: those for whom there is no place soon do without.
                Effect::LookForAnswer if leads && self.looking.insert(news.conversation) => {
                    let not_after = self.desk.core.now().plus_ms(LOOK_FOR_ANSWER_MS);
                    self.look(news.conversation, &news.address, Some(not_after));
                }
                Effect::AskCapability if leads && self.asking.insert(news.conversation) => {
                    self.jobs.spawn(self.desk.clone().ask(news.conversation, Arc::clone(&news.address)));
                }
                Effect::Courtesy { what } if leads => self.want(news.conversation, &news.address, what),
                // Whoever committed the step makes the call, also where another process leads the app.
                Effect::Fetch(request) => {
                    let (conversation, address) = (news.conversation, Arc::clone(&news.address));
                    self.desk.core.fetching.begin(Begin { conversation, address, request, again: false });
                }
                Effect::Run { call, script, function, arguments } => {
                    let of = ScriptCall { script, function, arguments };
                    self.jobs.spawn(self.desk.clone().run(Arc::clone(&news.address), call, of));
                }
                _ => {}
            }
        }
    }

    fn look(&mut self, conversation: ConversationId, address: &Arc<Address>, not_after: Option<Moment>) {
        let parked = self.accounts.parked(address.account.id).is_some();
        let job = self.desk.clone().look(conversation, Arc::clone(address), parked, not_after);
        self.jobs.spawn(job);
    }

    /// A courtesy waits for an idle moment; the same twice is one.
    fn want(&mut self, conversation: ConversationId, address: &Arc<Address>, what: Courtesy) {
        let kept = if what == Courtesy::Typing { TYPING_KEPT } else { SEEN_KEPT };
        let until = self.desk.core.monotonic() + kept;
        self.courtesies.retain(|polite| (polite.conversation, polite.what) != (conversation, what));
        if self.courtesies.len() < COURTESIES_MAX {
            self.courtesies.push_back(Polite { conversation, address: Arc::clone(address), what, until });
        }
    }

    /// Courtesies leave only when nobody else wants to and the app is idle.
    pub(super) fn be_courteous(&mut self) {
        let now = self.desk.core.monotonic();
        let queue = &self.queue;
        self.courtesies.retain(|polite| {
            // The reply itself says more than "typing".
            polite.until > now && !(polite.what == Courtesy::Typing && queue.concerns(polite.conversation))
        });
        let wanted = self.waiters.iter().any(|waiters| !waiters.is_empty())
            || !self.ahead.is_empty()
            || self.queue.ready(Class::Live) + self.queue.ready(Class::Due) > 0;
        if self.stopped || !self.leads(LEASE_CALLS) || wanted || self.courtesies.is_empty() || !self.pace.is_idle(now) {
            return;
        }
        let (accounts, pauses) = (&self.accounts, &self.desk.core.pauses);
        let may = |account| !accounts.blocked(account) && !pauses.hold(account);
        self.courtesies.retain(|polite| may(polite.address.account.id));
        if self.courtesies.is_empty() {
            return;
        }
        let Some(permit) = self.pace.take(now) else { return };
        let Some(polite) = self.courtesies.pop_front() else { return };
        count(&self.desk.core.metrics.calls);
        self.in_flight += 1;
        self.jobs.spawn(self.desk.clone().be_courteous(permit, polite.address, polite.what));
    }

    pub(super) fn called(&mut self, called: Called) {
        self.in_flight = self.in_flight.saturating_sub(1);
        if called.what != Call::Renew {
            let ended = called.outcome.as_ref().map_or("ok", outcome_word);
            self.desk.core.metrics.by_call.add(called.what.word(), ended);
        }
        let is_send = called.what == Call::Send;
        let Some(outcome) = called.outcome else {
            if let Some(account) = called.account {
                self.no_connection = Duration::ZERO;
                self.accounts.worked(account);
            }
            return;
        };
        let core = Arc::clone(&self.desk.core);
        let now = core.monotonic();
        if is_send {
            count(match &outcome {
                Outcome::Sent { .. } => &core.metrics.sent,
                Outcome::NotSent(_) => &core.metrics.not_sent,
                Outcome::Refused { .. } => &core.metrics.refused_by_tiktok,
                Outcome::Unknown { .. } => &core.metrics.unknown,
            });
        }
        match &outcome {
            Outcome::NotSent(NotSent::TooFast { pause_ms }) => {
                tracing::warn!(app = self.app, pause_ms, "TikTok allows no more calls at present");
                self.pace.too_fast(now, wait_of(*pause_ms));
            }
            Outcome::NotSent(NotSent::NoConnection { text }) => {
                self.no_connection = (self.no_connection * 2).clamp(NO_CONNECTION, NO_CONNECTION_MOST);
                tracing::warn!(text, pause = ?self.no_connection, "no connection");
                self.pace.pause(now, self.no_connection);
            }
            Outcome::Unknown { .. } | Outcome::NotSent(NotSent::Expired) => {}
            Outcome::Sent { .. } | Outcome::Refused { .. } | Outcome::NotSent(NotSent::Token { .. } | NotSent::MediaGone) => {
                self.no_connection = Duration::ZERO;
            }
        }
        if let (Some(account), Some(conversation)) = (called.account, called.conversation) {
            self.day_called(account, conversation, &outcome);
        }
        if let Some(account) = called.account
            && let Then::Renew(after) = self.accounts.called(account, called.begun, &outcome, is_send)
        {
            self.renew(account, after);
        }
    }

    fn renew(&mut self, account: AccountId, after: Duration) {
        if let Some(account) = self.desk.core.accounts.of(account) {
            self.jobs.spawn(self.desk.clone().renew(account, after));
        }
    }

    pub(super) fn renewed(&mut self, account: AccountId, result: Result<(), Outcome>) {
        let now = self.desk.core.monotonic();
        self.desk.core.metrics.by_call.add(Call::Renew.word(), result.as_ref().err().map_or("ok", outcome_word));
        if let Err(Outcome::NotSent(NotSent::TooFast { pause_ms })) = &result {
            self.pace.too_fast(now, wait_of(*pause_ms));
        }
        if let Some(after) = self.accounts.renewed(account, now, result) {
            self.renew(account, after);
        }
    }

    pub(super) fn ended(&mut self, conversation: ConversationId, end: AttemptEnd) {
        self.ahead.remove(&conversation);
        let now = self.desk.core.monotonic();
        match end {
            AttemptEnd::Settled => self.queue.release(conversation),
            AttemptEnd::Later => self.queue.release_later(conversation, now + LATER),
            AttemptEnd::Declined(reply) => {
                if self.queue.candidate(conversation) == Some(reply) {
                    tracing::warn!(conversation = conversation.0, reply = reply.0, "neither marked nor given up");
                    self.queue.release_later(conversation, now + DECLINED);
                } else {
                    self.queue.release(conversation);
                }
            }
            AttemptEnd::NeedsUpload { digest, address, class } => {
                self.images.insert(conversation, digest.clone());
                let key = (address.account.id, digest.clone());
                let waiting = self.uploads.entry(key).or_default();
                waiting.push(conversation);
                if waiting.len() == 1 {
                    let rank = if class == Class::Live { Rank::Live } else { Rank::Due };
                    self.jobs.spawn(self.desk.clone().upload(Arc::clone(&address.account), digest, rank));
                }
            }
        }
    }

    pub(super) fn uploaded(&mut self, account: AccountId, digest: String, failure: Option<NoUpload>) {
        let key = (account, digest);
        let waiting = self.uploads.remove(&key).unwrap_or_default();
        let now = self.desk.core.monotonic();
        if let Some(NoUpload::Never(why)) = &failure {
            self.no_media.insert(key, (why.clone(), now + NO_MEDIA));
        }
        for conversation in waiting {
            match failure {
                Some(NoUpload::Later) => self.queue.release_later(conversation, now + LATER),
                _ => self.queue.release(conversation),
            }
        }
    }

    pub(super) fn report(&self) -> Report {
        let core = &self.desk.core;
        let name = |id| core.accounts.of(id).map(|account| account.open_id.clone());
        let parked = self.accounts.all_parked();
        let clock_ms = core.ports.transport.skew_ms();
        let paused = self.pace.paused_until().saturating_sub(core.monotonic());
        let now = core.now();
        let waiting = |class| Waiting {
            ready: self.queue.ready(class),
            oldest_ms: self.queue.oldest(class).map_or(0, |queued| u64::try_from(now.since_ms(queued)).unwrap_or(0)),
        };
        let (pace, pace_most) = self.pace.rates();
        Report {
            app: self.app.clone(),
            leads: self.led_until > Duration::ZERO,
            ready: self.queue.ready(Class::Live) + self.queue.ready(Class::Due),
            live: waiting(Class::Live),
            due: waiting(Class::Due),
            pace,
            pace_most,
            in_flight: self.in_flight,
            paused_ms: u64::try_from(paused.as_millis()).unwrap_or(u64::MAX),
            clock_ms,
            clock_stops: skew_stops(clock_ms),
            parked: parked.filter_map(|(id, state, why)| Some((name(id)?, state, why.to_owned()))).collect(),
            days: self.days.reports(name),
        }
    }
}

fn outcome_word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Sent { .. } => "ok",
        Outcome::NotSent(_) => "not_sent",
        Outcome::Refused { .. } => "refused",
        Outcome::Unknown { .. } => "unknown",
    }
}
