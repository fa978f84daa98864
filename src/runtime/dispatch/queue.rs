//! The conversations that have something to send, in the order in which they get a place.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::Arc;
use std::time::Duration;

use crate::calendar::Moment;
use crate::engine::{Candidate, Class, ReplyId};
use crate::runtime::core::{Address, later};
use crate::runtime::forecast::Ahead;
use crate::runtime::port::{AccountId, ConversationId};

/// Candidates of one app. A conversation has one candidate at most and is offered once at a time.
#[derive(Default)]
pub(in crate::runtime) struct Queue {
    all: HashMap<ConversationId, Entry>,
    busy: HashSet<ConversationId>,
    live: Line,
    due: Line,
    by_hard: BTreeSet<(Moment, ConversationId)>,
    /// Not before this moment of the monotonic clock.
    asleep: BTreeSet<(Duration, ConversationId)>,
}

struct Entry {
    address: Arc<Address>,
    candidate: Candidate,
    place: Place,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Nowhere,
    Ready,
    Asleep(Duration),
}

/// One class: accounts take turns, and within an account the earliest goes first.
#[derive(Default)]
struct Line {
    accounts: BTreeMap<AccountId, BTreeSet<(Moment, ConversationId)>>,
    last: Option<AccountId>,
    len: usize,
}

/// A conversation that gets a place now.
#[derive(Clone, Debug)]
pub(in crate::runtime) struct Picked {
    pub(in crate::runtime) conversation: ConversationId,
    pub(in crate::runtime) address: Arc<Address>,
    pub(in crate::runtime) candidate: Candidate,
}

impl Queue {
    /// What the conversation would send now; `None` when nothing.
    pub(in crate::runtime) fn put(&mut self, conversation: ConversationId, address: &Arc<Address>, candidate: Option<Candidate>) {
        let place = self.all.get(&conversation).map_or(Place::Nowhere, |entry| entry.place);
        self.unplace(conversation);
        let Some(candidate) = candidate else {
            self.all.remove(&conversation);
            return;
        };
        let entry = Entry { address: Arc::clone(address), candidate, place: Place::Nowhere };
        let other = self.all.insert(conversation, entry).is_none_or(|old| old.candidate.reply != candidate.reply);
        match place {
            Place::Asleep(until) if !other => self.place(conversation, Place::Asleep(until)),
            _ => self.place(conversation, Place::Ready),
        }
    }

    /// Nothing stands here any more; offers that are open come back to nothing.
    pub(in crate::runtime) fn clear(&mut self) {
        let busy = std::mem::take(&mut self.busy);
        *self = Self { busy, ..Self::default() };
    }

    /// The conversation's offer has ended; where it stands decides whether it is offered again.
    pub(in crate::runtime) fn release(&mut self, conversation: ConversationId) {
        self.busy.remove(&conversation);
        self.unplace(conversation);
        self.place(conversation, Place::Ready);
    }

    /// The same, but not before `until`.
    pub(in crate::runtime) fn release_later(&mut self, conversation: ConversationId, until: Duration) {
        self.busy.remove(&conversation);
        self.unplace(conversation);
        self.place(conversation, Place::Asleep(until));
    }

    /// What is ready here waits until then; an offer that is open goes on.
    pub(in crate::runtime) fn sleep(&mut self, conversation: ConversationId, until: Duration) {
        if self.all.get(&conversation).is_some_and(|entry| entry.place == Place::Ready) {
            self.unplace(conversation);
            self.place(conversation, Place::Asleep(until));
        }
    }

    /// It stands for its place before its time, if it sleeps.
    pub(in crate::runtime) fn rouse(&mut self, conversation: ConversationId) {
        if self.all.get(&conversation).is_some_and(|entry| matches!(entry.place, Place::Asleep(_))) {
            self.unplace(conversation);
            self.place(conversation, Place::Ready);
        }
    }

    /// Wakes those whose time has come.
    pub(in crate::runtime) fn wake(&mut self, now: Duration) {
        while let Some((until, conversation)) = self.asleep.first().copied() {
            if until > now {
                return;
            }
            self.unplace(conversation);
            self.place(conversation, Place::Ready);
        }
    }

    pub(in crate::runtime) fn candidate(&self, conversation: ConversationId) -> Option<ReplyId> {
        self.all.get(&conversation).map(|entry| entry.candidate.reply)
    }

    /// Whether something of the conversation stands here or is on its way.
    pub(in crate::runtime) fn concerns(&self, conversation: ConversationId) -> bool {
        self.busy.contains(&conversation) || self.all.contains_key(&conversation)
    }

    /// Whether an offer is open.
    pub(in crate::runtime) fn is_busy(&self) -> bool {
        !self.busy.is_empty()
    }

    /// How many of a class are ready.
    pub(in crate::runtime) fn ready(&self, class: Class) -> usize {
        self.line(class).len
    }

    /// When the oldest of a class entered its conversation's queue, on its way or not; `None` when there is none.
    pub(in crate::runtime) fn oldest(&self, class: Class) -> Option<Moment> {
        let of_class = self.all.values().filter(|entry| entry.candidate.class == class);
        of_class.map(|entry| entry.candidate.queued).min()
    }

    /// Where something is ready to leave; `None` when nothing is.
    pub(in crate::runtime) fn any_ready(&self) -> Option<Arc<Address>> {
        let (_, conversation) = self.live.next(&|_| false).or_else(|| self.due.next(&|_| false))?;
        self.all.get(&conversation).map(|entry| Arc::clone(&entry.address))
    }

    /// The conversations that stand here with what each would send, so many at most.
    pub(in crate::runtime) fn heads(&self, most: usize) -> Vec<Ahead> {
        let heads = self.all.iter().take(most).map(|(conversation, entry)| Ahead {
            conversation: *conversation,
            address: Arc::clone(&entry.address),
            replies: [entry.candidate].into(),
        });
        heads.collect()
    }

    /// The next of all: a closing window and a long wait get their share beside the live talk. `admitted` counts the
    /// questions; `gap` is the time between two calls.
    pub(in crate::runtime) fn next(
        &mut self,
        admitted: u64,
        now: Moment,
        gap: Duration,
        blocked: impl Fn(AccountId) -> bool,
    ) -> Option<Picked> {
        let backlog = u32::try_from(self.ready(Class::Due)).unwrap_or(u32::MAX);
        if admitted.is_multiple_of(2) && backlog > 0 {
            let horizon = later(now, gap.saturating_mul(backlog).saturating_mul(10));
            let picked = self.pick_closing(horizon, &blocked);
            if picked.is_some() {
                return picked;
            }
        }
        let order = if admitted.is_multiple_of(4) { [Class::Due, Class::Live] } else { [Class::Live, Class::Due] };
        order.into_iter().find_map(|class| self.pick(class, &blocked))
    }

    /// The next of a class, accounts taking turns; those of `blocked` accounts stay.
    pub(in crate::runtime) fn pick(&mut self, class: Class, blocked: impl Fn(AccountId) -> bool) -> Option<Picked> {
        let (account, conversation) = self.line(class).next(&blocked)?;
        match class {
            Class::Live => self.live.last = Some(account),
            Class::Due => self.due.last = Some(account),
        }
        self.begin(conversation)
    }

    /// One whose window has closed: it needs no place, only the gate's word.
    pub(in crate::runtime) fn pick_expired(&mut self, now: Moment) -> Option<Picked> {
        let (hard, conversation) = self.by_hard.first().copied()?;
        if hard > now { None } else { self.begin(conversation) }
    }

    /// One of the class `Due` whose window closes before `horizon`.
    pub(in crate::runtime) fn pick_closing(&mut self, horizon: Moment, blocked: impl Fn(AccountId) -> bool) -> Option<Picked> {
        let closing = self.by_hard.iter().take_while(|(hard, _)| *hard < horizon).map(|(_, conversation)| *conversation);
        let fits = |conversation: &ConversationId| {
            self.all
                .get(conversation)
                .is_some_and(|entry| entry.candidate.class == Class::Due && !blocked(entry.address.account.id))
        };
        let conversation = closing.take(64).find(fits)?;
        self.begin(conversation)
    }

    /// The next moment at which something becomes ready by time alone.
    pub(in crate::runtime) fn next_awake(&self) -> Option<Duration> {
        self.asleep.first().map(|(until, _)| *until)
    }

    pub(in crate::runtime) fn next_hard(&self) -> Option<Moment> {
        self.by_hard.first().map(|(hard, _)| *hard)
    }

    fn begin(&mut self, conversation: ConversationId) -> Option<Picked> {
        self.unplace(conversation);
        self.busy.insert(conversation);
        let entry = self.all.get(&conversation)?;
        Some(Picked { conversation, address: Arc::clone(&entry.address), candidate: entry.candidate })
    }

    fn line(&self, class: Class) -> &Line {
        match class {
            Class::Live => &self.live,
            Class::Due => &self.due,
        }
    }

    fn place(&mut self, conversation: ConversationId, place: Place) {
        if self.busy.contains(&conversation) {
            return;
        }
        let Some(entry) = self.all.get_mut(&conversation) else { return };
        entry.place = place;
        let (account, candidate) = (entry.address.account.id, entry.candidate);
        match place {
            Place::Ready => {
                let line = if candidate.class == Class::Live { &mut self.live } else { &mut self.due };
                line.insert(account, (candidate.soft, conversation));
                self.by_hard.insert((candidate.hard, conversation));
            }
            Place::Asleep(until) => {
                self.asleep.insert((until, conversation));
            }
            Place::Nowhere => {}
        }
    }

    fn unplace(&mut self, conversation: ConversationId) {
        let Some(entry) = self.all.get_mut(&conversation) else { return };
        let (account, candidate) = (entry.address.account.id, entry.candidate);
        match std::mem::replace(&mut entry.place, Place::Nowhere) {
            Place::Ready => {
                let line = if candidate.class == Class::Live { &mut self.live } else { &mut self.due };
                line.remove(account, (candidate.soft, conversation));
                self.by_hard.remove(&(candidate.hard, conversation));
            }
            Place::Asleep(until) => {
                self.asleep.remove(&(until, conversation));
            }
            Place::Nowhere => {}
        }
    }
}

impl Line {
    fn insert(&mut self, account: AccountId, key: (Moment, ConversationId)) {
        if self.accounts.entry(account).or_default().insert(key) {
            self.len += 1;
        }
    }

    fn remove(&mut self, account: AccountId, key: (Moment, ConversationId)) {
        let Some(line) = self.accounts.get_mut(&account) else { return };
        if line.remove(&key) {
            self.len -= 1;
        }
        if line.is_empty() {
            self.accounts.remove(&account);
        }
    }

    fn next(&self, blocked: &impl Fn(AccountId) -> bool) -> Option<(AccountId, ConversationId)> {
        let after = self.last.map_or(Unbounded, Excluded);
        let later = self.accounts.range((after, Unbounded));
        let (account, line) = later.chain(self.accounts.iter()).find(|(account, _)| !blocked(**account))?;
        line.first().map(|(_, conversation)| (*account, *conversation))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::core::Account;

    fn address(account: i64) -> Arc<Address> {
        let account = Account { id: AccountId(account), app: 0, app_id: "app".to_owned(), open_id: account.to_string() };
        Arc::new(Address { account: Arc::new(account), external: Vec::new(), number: None })
    }

    fn candidate(class: Class, soft: i64) -> Option<Candidate> {
        Some(Candidate { reply: ReplyId(1), class, queued: Moment(soft), soft: Moment(soft), hard: Moment(1_000_000) })
    }

    fn picks(queue: &mut Queue, class: Class) -> Vec<i64> {
        std::iter::from_fn(|| queue.pick(class, |_| false)).map(|picked| picked.conversation.0).collect()
    }

    #[test]
    fn accounts_take_turns_so_that_a_loud_one_does_not_starve_the_quiet() {
        let mut queue = Queue::default();
        for conversation in 0..4 {
            queue.put(ConversationId(conversation), &address(1), candidate(Class::Live, conversation));
        }
        queue.put(ConversationId(100), &address(2), candidate(Class::Live, 900));
        queue.put(ConversationId(101), &address(2), candidate(Class::Live, 901));
        assert_eq!(picks(&mut queue, Class::Live), [0, 100, 1, 101, 2, 3]);
    }

    #[test]
    fn one_conversation_is_offered_once_until_it_is_released() {
        let mut queue = Queue::default();
        let one = ConversationId(1);
        queue.put(one, &address(1), candidate(Class::Live, 5));
        assert_eq!(picks(&mut queue, Class::Live), [1]);
        queue.put(one, &address(1), candidate(Class::Due, 5));
        assert!(picks(&mut queue, Class::Due).is_empty());
        queue.release(one);
        assert_eq!(picks(&mut queue, Class::Due), [1]);
        queue.put(one, &address(1), None);
        queue.release(one);
        assert!(picks(&mut queue, Class::Due).is_empty() && !queue.concerns(one));
    }

    #[test]
    fn a_sleeper_comes_back_at_its_time_or_with_another_reply() {
        let mut queue = Queue::default();
        let one = ConversationId(1);
        queue.put(one, &address(1), candidate(Class::Live, 5));
        assert_eq!(picks(&mut queue, Class::Live), [1]);
        queue.release_later(one, Duration::from_secs(60));
        queue.put(one, &address(1), candidate(Class::Live, 5));
        queue.wake(Duration::from_secs(59));
        assert_eq!(queue.ready(Class::Live), 0);
        queue.wake(Duration::from_secs(60));
        assert_eq!(picks(&mut queue, Class::Live), [1]);
        queue.release_later(one, Duration::from_secs(120));
        let other = candidate(Class::Live, 5).map(|candidate| Candidate { reply: ReplyId(2), ..candidate });
        queue.put(one, &address(1), other);
        assert_eq!(picks(&mut queue, Class::Live), [1]);
    }

    #[test]
    fn blocked_accounts_stay_but_their_closed_windows_are_told() {
        let mut queue = Queue::default();
        queue.put(ConversationId(1), &address(1), candidate(Class::Due, 5));
        assert!(queue.pick(Class::Due, |account| account == AccountId(1)).is_none());
        assert!(queue.pick_closing(Moment(2_000_000), |account| account == AccountId(1)).is_none());
        assert!(queue.pick_expired(Moment(999_999)).is_none());
        assert!(queue.pick_expired(Moment(1_000_000)).is_some());
        assert_eq!(queue.ready(Class::Due), 0);
    }

    #[test]
    fn what_closes_soon_is_found_before_what_came_first() {
        let mut queue = Queue::default();
        queue.put(ConversationId(1), &address(1), candidate(Class::Due, 1));
        let closing = Candidate { reply: ReplyId(1), class: Class::Due, queued: Moment(9), soft: Moment(9), hard: Moment(500) };
        queue.put(ConversationId(2), &address(1), Some(closing));
        let picked = queue.pick_closing(Moment(600), |_| false).unwrap();
        assert_eq!(picked.conversation, ConversationId(2));
        assert!(queue.pick_closing(Moment(600), |_| false).is_none());
    }
}
