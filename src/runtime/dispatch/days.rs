//! How many conversations an account answers a day. TikTok takes messages to only so many people a day (vendors speak of
//! one to two hundred) and tells nobody how many: it refuses, as it does for other reasons. An account that is refused in
//! several conversations whose window and replies are open by our ledger is slow: it goes on where it has answered today,
//! and tries one other conversation now and then. What it had answered by then is taken for its most on the days after,
//! until TikTok takes more.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::lane::Msg;
use super::{Desk, Dispatcher, Picked};
use crate::calendar::Moment;
use crate::channel::{Outcome, RefusalScope};
use crate::engine::Candidate;
use crate::runtime::core::wait_of;
use crate::runtime::port::{AccountId, ConversationId};

const DAY_MS: i64 = 86_400_000;
/// So many conversations refused within so long, and the account is slow.
const REFUSED: usize = 3;
const REFUSED_WITHIN_MS: i64 = 10 * 60_000;
/// Between two conversations that are tried beyond what TikTok takes.
const PROBE_MS: i64 = 15 * 60_000;
/// Changes are written down together.
const WRITTEN_MS: i64 = 5_000;

/// What is known of each account's day.
#[derive(Default)]
pub(in crate::runtime) struct Days {
    accounts: HashMap<AccountId, Day>,
    /// What the settings allow each account.
    most: Option<u32>,
    /// What earlier leaders have written was asked for.
    read: bool,
}

/// Whether a conversation's reply may leave today.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum May {
    Go,
    /// Not before this moment, but for being tried.
    Wait(Moment),
}

#[derive(Default)]
struct Day {
    /// Days since 1970, in UTC, where TikTok's begin.
    number: i64,
    answered: HashSet<ConversationId>,
    /// First replies on their way.
    begun: HashSet<ConversationId>,
    refused: Vec<(Moment, ConversationId)>,
    slow: bool,
    learned: Option<u32>,
    probe: Option<ConversationId>,
    next_probe: Moment,
    /// Those that wait for a try or the next day, the one that closes first in front.
    held: BTreeSet<(Moment, ConversationId)>,
    warned: bool,
    changed: bool,
    written: Option<Moment>,
}

/// What is written down of a day.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::runtime) struct KeptDay {
    day: i64,
    slow: bool,
    learned: Option<u32>,
    answered: Vec<i64>,
}

/// An account that answers only so many conversations a day, as reports tell it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct DayReport {
    /// `business_id`
    pub account: String,
    /// Conversations that were answered today, in UTC.
    pub answered: usize,
    /// The most, by the settings or as TikTok's refusals told; `None` where it is slow and was never counted.
    pub most: Option<u32>,
    /// TikTok refuses more today.
    pub slow: bool,
    /// Replies that wait for another day or a try.
    pub held: usize,
    /// Those that go on.
    #[serde(skip)]
    pub(in crate::runtime) goes_on: HashSet<ConversationId>,
    /// No conversation more begins now.
    #[serde(skip)]
    pub(in crate::runtime) full: bool,
}

impl DayReport {
    /// Why a conversation of the account waits; `None` where it does not.
    pub(in crate::runtime) fn holds(&self, conversation: ConversationId) -> Option<String> {
        if !self.full || self.goes_on.contains(&conversation) {
            return None;
        }
        let answered = self.answered;
        Some(if self.slow {
            format!(
                "TikTok takes no more conversations of the account today ({answered} answered): one is tried every 15 minutes"
            )
        } else {
            format!("the account has answered as many conversations as it may today ({answered})")
        })
    }
}

impl Day {
    fn roll(&mut self, now: Moment) {
        let number = now.0.div_euclid(DAY_MS);
        // A clock that is put back begins no day.
        if number > self.number {
            let learned = self.learned;
            *self = Self { number, learned, begun: std::mem::take(&mut self.begun), changed: true, ..Self::default() };
        }
    }

    fn counted(&self) -> usize {
        self.answered.union(&self.begun).count()
    }

    fn is_full(&self, most: Option<u32>) -> bool {
        let full = |most: u32| self.counted() >= usize::try_from(most).unwrap_or(usize::MAX);
        self.slow || [most, self.learned].into_iter().flatten().any(full)
    }

    /// Only what TikTok may have changed is worth a try.
    fn may_probe(&self, most: Option<u32>) -> bool {
        most.is_none_or(|most| self.counted() < usize::try_from(most).unwrap_or(usize::MAX))
    }

    fn ends(&self) -> Moment {
        Moment(self.number.saturating_add(1).saturating_mul(DAY_MS))
    }
}

impl Days {
    pub(super) fn new(most: Option<u32>) -> Self {
        Self { most, ..Self::default() }
    }

    /// Gives those that may be asked again.
    pub(super) fn set(&mut self, most: Option<u32>) -> Vec<ConversationId> {
        if std::mem::replace(&mut self.most, most) == most {
            return Vec::new();
        }
        let held = self.accounts.values_mut().flat_map(|day| std::mem::take(&mut day.held));
        held.map(|(_, conversation)| conversation).collect()
    }

    /// Whether a reply of the conversation may leave now; one that may is counted until [`Self::ended`].
    pub(super) fn may(&mut self, account: AccountId, (conversation, of): (ConversationId, &Candidate), now: Moment) -> May {
        let most = self.most;
        let day = self.accounts.entry(account).or_default();
        day.roll(now);
        if day.answered.contains(&conversation) || day.begun.contains(&conversation) {
            return May::Go;
        }
        if day.is_full(most) {
            if !day.may_probe(most) || now < day.next_probe {
                day.held.insert((of.hard, conversation));
                return May::Wait(day.ends());
            }
            day.probe = Some(conversation);
            day.next_probe = now.plus_ms(PROBE_MS);
        }
        day.begun.insert(conversation);
        May::Go
    }

    /// The offer is over, whatever came of it.
    pub(super) fn ended(&mut self, account: AccountId, conversation: ConversationId) {
        if let Some(day) = self.accounts.get_mut(&account) {
            day.begun.remove(&conversation);
        }
    }

    /// Takes in how a send ended; true where those that wait may be asked again.
    pub(super) fn called(&mut self, account: AccountId, conversation: ConversationId, now: Moment, outcome: &Outcome) -> bool {
        let most = self.most;
        let day = self.accounts.entry(account).or_default();
        day.roll(now);
        match outcome {
            // What is unknown may have counted.
            Outcome::Sent { .. } | Outcome::Unknown { .. } => {
                let sent = matches!(outcome, Outcome::Sent { .. });
                day.changed |= day.answered.insert(conversation);
                if day.probe == Some(conversation) && sent {
                    tracing::info!(account = account.0, "TikTok takes conversations of the account again");
                    (day.probe, day.slow, day.learned, day.next_probe) = (None, false, None, Moment::default());
                    day.refused.clear();
                    day.changed = true;
                    return true;
                }
                day.warn(account, most);
            }
            Outcome::Refused { scope: RefusalScope::UntilCustomerWrites, .. } => day.refuse(account, conversation, now),
            Outcome::Refused { .. } | Outcome::NotSent(_) => {}
        }
        false
    }

    /// The conversations to ask again now: all of a new day, one where it is time for a try.
    pub(super) fn due(&mut self, now: Moment) -> Vec<ConversationId> {
        let mut due = Vec::new();
        for day in self.accounts.values_mut().filter(|day| !day.held.is_empty()) {
            if now >= day.ends() {
                due.extend(std::mem::take(&mut day.held).into_iter().map(|(_, conversation)| conversation));
                day.roll(now);
            } else if day.may_probe(self.most)
                && now >= day.next_probe
                && let Some((_, conversation)) = day.held.pop_first()
            {
                due.push(conversation);
            }
        }
        due
    }

    /// All that wait of an account.
    pub(super) fn take_held(&mut self, account: AccountId) -> Vec<ConversationId> {
        let held = self.accounts.get_mut(&account).map(|day| std::mem::take(&mut day.held)).unwrap_or_default();
        held.into_iter().map(|(_, conversation)| conversation).collect()
    }

    /// When there is something to ask again or to write down.
    pub(super) fn next(&self) -> Option<Moment> {
        let waiting = self.accounts.values().filter(|day| !day.held.is_empty());
        let asks = waiting.map(|day| if day.may_probe(self.most) { day.next_probe.min(day.ends()) } else { day.ends() });
        let changed = self.accounts.values().filter(|day| day.changed);
        asks.chain(changed.filter_map(|day| Some(day.written?.plus_ms(WRITTEN_MS)))).min()
    }

    pub(super) fn reports(&self, name: impl Fn(AccountId) -> Option<String>) -> Vec<DayReport> {
        let limited = self.accounts.iter().filter(|(_, day)| day.slow || day.learned.or(self.most).is_some());
        let told = limited.filter_map(|(account, day)| {
            Some(DayReport {
                account: name(*account)?,
                answered: day.answered.len(),
                most: [self.most, day.learned].into_iter().flatten().min(),
                slow: day.slow,
                held: day.held.len(),
                goes_on: day.answered.union(&day.begun).copied().collect(),
                full: day.is_full(self.most),
            })
        });
        let mut told: Vec<DayReport> = told.collect();
        told.sort_by(|one, other| one.account.cmp(&other.account));
        told
    }

    /// Another process leads now.
    pub(super) fn forget(&mut self) {
        (self.accounts, self.read) = (HashMap::new(), false);
    }

    fn learn(&mut self, account: AccountId, kept: KeptDay, now: Moment) {
        let day = self.accounts.entry(account).or_default();
        day.roll(now);
        day.learned = day.learned.or(kept.learned);
        if kept.day == day.number {
            if kept.slow && !day.slow {
                (day.slow, day.next_probe) = (true, now.plus_ms(PROBE_MS));
            }
            day.answered.extend(kept.answered.into_iter().map(ConversationId));
        }
    }

    /// What has to be written down by now. Without a limit nobody asks for it later.
    fn changes(&mut self, now: Moment) -> Vec<(AccountId, KeptDay)> {
        let most = self.most;
        let limited = self.accounts.iter_mut().filter(|(_, day)| day.changed && (day.slow || day.learned.or(most).is_some()));
        let late = limited.filter(|(_, day)| day.written.is_none_or(|written| now.since_ms(written).abs() >= WRITTEN_MS));
        let changed = late.map(|(account, day)| {
            (day.changed, day.written) = (false, Some(now));
            let answered = day.answered.iter().map(|conversation| conversation.0).collect();
            (*account, KeptDay { day: day.number, slow: day.slow, learned: day.learned, answered })
        });
        changed.collect()
    }
}

impl Day {
    fn refuse(&mut self, account: AccountId, conversation: ConversationId, now: Moment) {
        if self.probe == Some(conversation) {
            self.probe = None;
        }
        self.refused.retain(|(at, other)| now.since_ms(*at) < REFUSED_WITHIN_MS && *other != conversation);
        self.refused.push((now, conversation));
        if self.slow || self.refused.len() < REFUSED {
            return;
        }
        let answered = self.answered.len();
        self.slow = true;
        self.learned = Some(u32::try_from(answered).unwrap_or(u32::MAX));
        self.next_probe = now.plus_ms(PROBE_MS);
        // At once: the next leader must not begin where this one was stopped.
        (self.changed, self.written) = (true, None);
        tracing::error!(
            account = account.0,
            answered,
            "TikTok refuses conversations whose window and replies are open: until midnight UTC only those answered today go on"
        );
    }

    fn warn(&mut self, account: AccountId, most: Option<u32>) {
        let Some(most) = [most, self.learned].into_iter().flatten().min() else { return };
        let answered = self.answered.len();
        if !self.warned && answered.saturating_mul(5) >= usize::try_from(most).unwrap_or(usize::MAX).saturating_mul(4) {
            self.warned = true;
            tracing::warn!(account = account.0, answered, most, "the account has nearly answered what it may today");
        }
    }
}

/// The key of `meta`.
fn key(account: AccountId) -> String {
    format!("day:{}", account.0)
}

impl Dispatcher {
    /// Those whose time has come stand for their place again, what has changed is written down, and what an earlier leader
    /// knew is read.
    pub(super) fn keep_days(&mut self) {
        let now = self.desk.core.now();
        let due = self.days.due(now);
        self.rouse(due);
        if self.led_until.is_zero() {
            return;
        }
        if !std::mem::replace(&mut self.days.read, true) {
            self.jobs.spawn(read(self.desk.clone(), self.app.clone()));
        }
        for (account, kept) in self.days.changes(now) {
            self.jobs.spawn(write(self.desk.clone(), account, kept));
        }
    }

    pub(super) fn learn_day(&mut self, account: AccountId, kept: KeptDay) {
        self.days.learn(account, kept, self.desk.core.now());
    }

    /// A send has ended.
    pub(super) fn day_called(&mut self, account: AccountId, conversation: ConversationId, outcome: &Outcome) {
        if self.days.called(account, conversation, self.desk.core.now(), outcome) {
            let held = self.days.take_held(account);
            self.rouse(held);
        }
    }

    /// Other settings.
    pub(super) fn day_set(&mut self, most: Option<u32>) {
        let held = self.days.set(most);
        self.rouse(held);
    }

    fn rouse(&mut self, held: Vec<ConversationId>) {
        held.into_iter().for_each(|conversation| self.queue.rouse(conversation));
    }

    /// Whether the picked reply may leave today; one that may not sleeps until it is asked again.
    pub(super) fn may_today(&mut self, picked: &Picked) -> bool {
        let core = Arc::clone(&self.desk.core);
        let now = core.now();
        match self.days.may(picked.address.account.id, (picked.conversation, &picked.candidate), now) {
            May::Go => true,
            May::Wait(until) => {
                self.queue.release_later(picked.conversation, core.monotonic().saturating_add(wait_of(until.since_ms(now))));
                false
            }
        }
    }
}

/// Where this fails, TikTok tells again.
async fn write(desk: Desk, account: AccountId, kept: KeptDay) {
    let Ok(bytes) = serde_json::to_vec(&kept) else { return };
    if let Err(error) = desk.core.ports.store.put_meta(&key(account), &bytes).await {
        tracing::warn!(%error, "it was not written down what the account has answered today");
    }
}

async fn read(desk: Desk, app: String) {
    let core = &desk.core;
    let ids = core.accounts.ids().into_iter();
    for account in ids.filter(|id| core.accounts.of(*id).is_some_and(|account| account.app_id == app)) {
        let kept = core.ports.store.meta(&key(account)).await.ok().flatten();
        if let Some(kept) = kept.and_then(|bytes| serde_json::from_slice(&bytes).ok()) {
            desk.lane.send(Msg::Day(account, kept));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Class, ReplyId};

    const SHOP: AccountId = AccountId(1);
    /// 20:00 UTC.
    const EVENING: Moment = Moment(20_000 * DAY_MS + 72_000_000);
    const MINUTE: i64 = 60_000;

    fn ask(days: &mut Days, conversation: i64, now: Moment) -> May {
        let hard = now.plus_ms(DAY_MS + conversation);
        let of = Candidate { reply: ReplyId(1), class: Class::Live, queued: now, soft: now, hard };
        days.may(SHOP, (ConversationId(conversation), &of), now)
    }

    fn ends(days: &mut Days, conversation: i64, now: Moment, outcome: &Outcome) -> bool {
        let goes_on = days.called(SHOP, ConversationId(conversation), now, outcome);
        days.ended(SHOP, ConversationId(conversation));
        goes_on
    }

    fn sent() -> Outcome {
        Outcome::Sent { message_id: "m".to_owned() }
    }

    fn refused() -> Outcome {
        Outcome::Refused { code: 40_064, text: String::new(), scope: RefusalScope::UntilCustomerWrites }
    }

    fn slow(days: &mut Days) {
        assert_eq!(ask(days, 1, EVENING), May::Go);
        ends(days, 1, EVENING, &sent());
        for conversation in 11..=13 {
            assert_eq!(ask(days, conversation, EVENING), May::Go);
            ends(days, conversation, EVENING, &refused());
        }
    }

    #[test]
    fn the_most_of_the_settings_counts_conversations_and_not_replies() {
        let mut days = Days::new(Some(2));
        for conversation in [1, 1, 2, 1] {
            assert_eq!(ask(&mut days, conversation, EVENING), May::Go);
            ends(&mut days, conversation, EVENING, &sent());
        }
        let midnight = Moment(20_001 * DAY_MS);
        assert_eq!(ask(&mut days, 3, EVENING), May::Wait(midnight));
        assert_eq!(days.next(), Some(midnight), "the settings' most is nothing to try");
        assert!(days.due(Moment(midnight.0 - 1)).is_empty());
        assert_eq!(days.due(midnight), [ConversationId(3)]);
        assert_eq!(ask(&mut days, 3, midnight), May::Go);
    }

    #[test]
    fn first_replies_on_their_way_count_until_they_are_known_not_to_have_left() {
        let mut days = Days::new(Some(1));
        assert_eq!(ask(&mut days, 1, EVENING), May::Go);
        assert!(matches!(ask(&mut days, 2, EVENING), May::Wait(_)));
        ends(&mut days, 1, EVENING, &Outcome::NotSent(crate::channel::NotSent::Expired));
        assert_eq!(ask(&mut days, 2, EVENING), May::Go);
        ends(&mut days, 2, EVENING, &Outcome::Unknown { text: "time-out".to_owned() });
        assert!(matches!(ask(&mut days, 1, EVENING), May::Wait(_)), "what is unknown may have left");
    }

    #[test]
    fn three_refused_conversations_in_ten_minutes_make_an_account_slow_and_two_do_not() {
        let mut days = Days::default();
        for (conversation, minute) in [(1, 0), (1, 1), (2, 2), (3, 13), (4, 14)] {
            ends(&mut days, conversation, EVENING.plus_ms(minute * MINUTE), &refused());
            assert_eq!(ask(&mut days, 9, EVENING.plus_ms(minute * MINUTE)), May::Go);
            days.ended(SHOP, ConversationId(9));
        }
        ends(&mut days, 5, EVENING.plus_ms(15 * MINUTE), &refused());
        assert!(matches!(ask(&mut days, 9, EVENING.plus_ms(15 * MINUTE)), May::Wait(_)));
    }

    #[test]
    fn a_slow_account_goes_on_where_it_has_answered_and_tries_one_other_every_quarter_of_an_hour() {
        let mut days = Days::default();
        slow(&mut days);
        assert_eq!(ask(&mut days, 1, EVENING), May::Go);
        for conversation in [22, 21] {
            assert!(matches!(ask(&mut days, conversation, EVENING), May::Wait(_)));
        }
        let soon = EVENING.plus_ms(15 * MINUTE);
        assert_eq!(days.next(), Some(soon));
        assert_eq!(days.due(soon), [ConversationId(21)], "the one whose window closes first");
        assert_eq!(ask(&mut days, 21, soon), May::Go);
        assert!(matches!(ask(&mut days, 23, soon), May::Wait(_)), "one at a time");
        assert!(!ends(&mut days, 21, soon, &refused()));
        assert!(days.due(soon.plus_ms(14 * MINUTE)).is_empty());
        let later = soon.plus_ms(15 * MINUTE);
        assert_eq!(days.due(later), [ConversationId(22)]);
        assert_eq!(ask(&mut days, 22, later), May::Go);
        assert!(ends(&mut days, 22, later, &sent()), "TikTok takes them again");
        assert_eq!(days.take_held(SHOP), [ConversationId(23)]);
        assert_eq!(ask(&mut days, 23, later), May::Go);
    }

    #[test]
    fn what_was_learned_is_tried_again_on_the_next_day_when_it_is_reached() {
        let mut days = Days::default();
        slow(&mut days);
        let tomorrow = EVENING.plus_ms(DAY_MS);
        assert_eq!(ask(&mut days, 2, tomorrow), May::Go);
        ends(&mut days, 2, tomorrow, &sent());
        assert_eq!(ask(&mut days, 3, tomorrow), May::Go, "one more is tried at once");
        assert!(matches!(ask(&mut days, 4, tomorrow), May::Wait(_)));
        assert!(ends(&mut days, 3, tomorrow, &sent()));
        assert_eq!(ask(&mut days, 4, tomorrow), May::Go);
    }

    #[test]
    fn what_is_written_down_lets_another_process_go_on() {
        let mut days = Days::default();
        slow(&mut days);
        let written = days.changes(EVENING);
        assert_eq!(written.len(), 1);
        assert!(days.changes(EVENING).is_empty());
        let bytes = serde_json::to_vec(&written[0].1).unwrap();
        let mut next = Days::default();
        next.learn(SHOP, serde_json::from_slice(&bytes).unwrap(), EVENING.plus_ms(MINUTE));
        assert_eq!(ask(&mut next, 1, EVENING.plus_ms(MINUTE)), May::Go);
        let reports = next.reports(|_| Some("-shop".to_owned()));
        assert_eq!((reports[0].slow, reports[0].answered, reports[0].most), (true, 1, Some(1)));
        let mut later = Days::default();
        later.learn(SHOP, serde_json::from_slice(&bytes).unwrap(), EVENING.plus_ms(DAY_MS));
        assert!(!later.reports(|_| Some("-shop".to_owned()))[0].slow, "yesterday is over");
    }

    #[test]
    fn a_clock_that_is_put_back_begins_no_day() {
        let mut days = Days::new(Some(1));
        assert_eq!(ask(&mut days, 1, EVENING), May::Go);
        ends(&mut days, 1, EVENING, &sent());
        assert!(matches!(ask(&mut days, 2, EVENING.plus_ms(-DAY_MS)), May::Wait(_)));
    }
}
