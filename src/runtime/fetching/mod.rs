//! In: calls of the business's systems that sprints ask for. Out: each call's one answer, handed to its conversation.
//! Does not know: HTTP; which flow asked, and what its answer is for.

pub(super) mod circuit;
mod hosts;
mod take_up;

use std::collections::HashSet;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{Either, select};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use self::circuit::Verdict;
use self::hosts::{Host, Hosts};
pub(super) use self::take_up::take_up;
use super::core::{Address, Core, wait_of};
use super::options::FetchLimits;
use super::port::{ConversationId, FetchCall, FetchEnd};
use crate::engine::{Answer, Input, Request, origin_of};

/// An answer is there so long before the run goes on without one.
const ROOM_MS: i64 = 50;
/// Bytes of `Idempotency-Key` before they are written in hexadecimal.
const KEY_BYTES: usize = 16;

/// A call that is to be made.
pub(super) struct Begin {
    pub(super) conversation: ConversationId,
    pub(super) address: Arc<Address>,
    pub(super) request: Request,
    /// Somebody before this process may have made it.
    pub(super) again: bool,
}

/// What is known of all calls.
pub(super) struct Fetching {
    begin: mpsc::UnboundedSender<Begin>,
    hosts: Hosts,
    /// Calls that this process carries out: one that is told of twice is made once.
    open: Mutex<HashSet<(ConversationId, u32)>>,
    under_way: watch::Sender<usize>,
}

impl Fetching {
    pub(super) fn new(limits: &FetchLimits) -> (Self, mpsc::UnboundedReceiver<Begin>) {
        let (begin, begun) = mpsc::unbounded_channel();
        let (open, under_way) = (Mutex::default(), watch::Sender::new(0));
        (Self { begin, hosts: Hosts::new(limits), open, under_way }, begun)
    }

    /// Makes a call in the background.
    pub(super) fn begin(&self, begin: Begin) {
        // Without anybody who makes it the process is ending; the next one finds the call open.
        let _ = self.begin.send(begin);
    }

    /// Returns when no request is under way.
    pub(super) async fn idle(&self) {
        let _ = self.under_way.subscribe().wait_for(|count| *count == 0).await;
    }

    /// Requests without an answer yet.
    pub(super) fn under_way(&self) -> usize {
        *self.under_way.borrow()
    }

    pub(super) fn hosts(&self) -> &Hosts {
        &self.hosts
    }

    /// The right to carry a call out, unless somebody here has it.
    fn claim(&self, conversation: ConversationId, call: u32) -> Option<Claim<'_>> {
        let is_new = self.open.lock().unwrap_or_else(PoisonError::into_inner).insert((conversation, call));
        // Made only where it is given out: whatever drops one gives the right back.
        is_new.then(|| Claim(self, (conversation, call)))
    }
}

struct Claim<'a>(&'a Fetching, (ConversationId, u32));

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.1);
    }
}

/// One request on its way; counted while it lives.
struct UnderWay<'a>(&'a watch::Sender<usize>);

impl<'a> UnderWay<'a> {
    fn new(count: &'a watch::Sender<usize>) -> Self {
        count.send_modify(|count| *count += 1);
        Self(count)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count = count.saturating_sub(1));
    }
}

/// Makes what it is told to make, each call beside the others.
pub(super) async fn run(core: Arc<Core>, mut begun: mpsc::UnboundedReceiver<Begin>) {
    let mut jobs = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            Some(_) = jobs.join_next(), if !jobs.is_empty() => {}
            begin = begun.recv() => match begin {
                Some(begin) => drop(jobs.spawn(carry_out(Arc::clone(&core), begin))),
                None => return,
            },
        }
    }
}

async fn carry_out(core: Arc<Core>, begin: Begin) {
    let Begin { conversation, address, request, again } = begin;
    let Some(_claim) = core.fetching.claim(conversation, request.call) else { return };
    if again {
        take_up::again(&core, conversation, &address, request).await;
    } else {
        finish(&core, conversation, &address, request).await;
    }
}

/// All tries of a call, and the commit of its answer.
async fn finish(core: &Arc<Core>, conversation: ConversationId, address: &Arc<Address>, request: Request) {
    let (begun, call) = (core.monotonic(), request.call);
    let key = key(&core.secret, conversation, &request);
    let Some(told) = Tries::new(core, address, request, key).make().await else { return };
    let took = core.monotonic().saturating_sub(begun);
    core.metrics.fetches.add(told.word);
    core.metrics.fetch_took.add(took);
    let took_ms = i64::try_from(took.as_millis()).unwrap_or(i64::MAX);
    tracing::debug!(conversation = conversation.0, call, tries = told.tries, took_ms, ended = told.word, "a call has ended");
    core.fail.pass("before_fetched");
    let input = Input::Fetched { call, answer: told.answer.clone(), tries: told.tries, took_ms };
    core.post_surely(address, input).await;
}

/// The same for all tries of a call and over a restart, and never that of another call, also where an older copy of the
/// store counts its calls once more.
fn key(secret: &[u8], conversation: ConversationId, request: &Request) -> Option<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).ok()?;
    mac.update(b"fetch");
    for word in [conversation.0, i64::from(request.call), request.until.0] {
        mac.update(&word.to_le_bytes());
    }
    let digest = mac.finalize().into_bytes();
    Some(digest.iter().take(KEY_BYTES).map(|byte| format!("{byte:02x}")).collect())
}

/// What became of a call.
struct Told<'a> {
    answer: Answer,
    /// For the metrics.
    word: &'static str,
    /// Requests that were made.
    tries: u32,
    /// Until the answer is committed: nobody stops meanwhile.
    _under_way: Option<UnderWay<'a>>,
}

/// All tries of one call.
struct Tries<'a> {
    core: &'a Arc<Core>,
    address: &'a Address,
    request: Arc<Request>,
    key: Option<String>,
    host: Arc<Host>,
    /// On the monotonic clock: what has no answer by then has none.
    give_up: Duration,
    made: u32,
}

/// How one try ended.
struct Tried<'a> {
    answer: Answer,
    word: &'static str,
    /// A further try may end otherwise; not before so long.
    again: Option<Duration>,
    under_way: Option<UnderWay<'a>>,
}

impl Tried<'_> {
    fn failed(reason: String, word: &'static str, again: bool) -> Self {
        Self { answer: Answer::Failed { reason }, word, again: again.then_some(Duration::ZERO), under_way: None }
    }

    fn timed_out() -> Self {
        Self { answer: Answer::TimedOut, word: "timed_out", again: Some(Duration::ZERO), under_way: None }
    }
}

impl<'a> Tries<'a> {
    fn new(core: &'a Arc<Core>, address: &'a Address, request: Request, key: Option<String>) -> Self {
        let left_ms = request.until.since_ms(core.now()).saturating_sub(ROOM_MS);
        let give_up = core.monotonic().saturating_add(wait_of(left_ms));
        let host = core.fetching.hosts.of(&origin_of(&request.url).to_ascii_lowercase());
        // What a reader of the address can do is known to be safe to do twice.
        let key = key.filter(|_| request.method != crate::bot::Method::Get);
        Self { core, address, request: Arc::new(request), key, host, give_up, made: 0 }
    }

    /// `None` where the process ends before there is an answer.
    async fn make(mut self) -> Option<Told<'a>> {
        let mut last = Tried::timed_out();
        for nth in 0..=self.request.retry {
            if nth > 0 {
                let pause = self.pause(nth).max(last.again.unwrap_or_default());
                if self.left() <= pause {
                    break;
                }
                last.under_way = None;
                self.core.sleep(pause).await;
            }
            if self.core.stopping.load(Ordering::SeqCst) {
                return None;
            }
            last = self.once().await;
            if last.again.is_none() {
                break;
            }
        }
        // An answer that the process ended on is asked for again by the next one.
        if self.core.stopping.load(Ordering::SeqCst) && last.again.is_some() {
            return None;
        }
        Some(Told { answer: last.answer, word: last.word, tries: self.made, _under_way: last.under_way })
    }

    fn left(&self) -> Duration {
        self.give_up.saturating_sub(self.core.monotonic())
    }

    /// Between half of the longest pause and all of it, so that those who failed together do not come back together.
    fn pause(&self, nth: u32) -> Duration {
        let most_ms = Request::pause_ms(nth).max(2).unsigned_abs();
        Duration::from_millis(most_ms / 2 + self.core.ports.entropy.next_u64() % (most_ms / 2))
    }

    /// One try with its place and its host's word.
    async fn once(&mut self) -> Tried<'a> {
        let core = self.core;
        let place = match core.fetching.hosts.place(core, &self.host, self.give_up).await {
            Ok(place) => place,
            Err(why) => return Tried::failed(why.to_owned(), "crowded", true),
        };
        let probe = match self.host.circuit().enter(core.monotonic()) {
            Ok(probe) => probe,
            Err(why) => return Tried::failed(why, "kept_away", true),
        };
        let limit = wait_of(self.request.timeout_ms).min(self.left());
        if limit.is_zero() {
            self.host.circuit().ended(core.monotonic(), probe, Verdict::Nothing);
            return Tried::timed_out();
        }
        let under_way = UnderWay::new(&core.fetching.under_way);
        self.made = self.made.saturating_add(1);
        core.fail.pass("before_fetch");
        let end = self.ask(limit).await;
        core.fail.pass("after_fetch");
        core.metrics.fetch_tries.fetch_add(1, Ordering::Relaxed);
        drop(place);
        // A last try that had but little time says nothing of its host.
        let hurried = end == FetchEnd::TimedOut && limit * 2 < wait_of(self.request.timeout_ms);
        let verdict = if hurried { Verdict::Nothing } else { verdict(&end) };
        self.host.circuit().ended(core.monotonic(), probe, verdict);
        Tried { under_way: Some(under_way), ..tried(end) }
    }

    /// One request, which has ended by then whatever the fetcher does: it may fail or hang.
    async fn ask(&self, limit: Duration) -> FetchEnd {
        let core = self.core;
        let origins = core.versions.live(&self.address.account.open_id).bot.settings.fetch_from.clone();
        let (request, key) = (Arc::clone(&self.request), self.key.clone());
        let call = FetchCall { request, key, origins, timeout: limit };
        let asked = AssertUnwindSafe(core.ports.fetcher.fetch(call)).catch_unwind();
        match select(Box::pin(asked), Box::pin(core.sleep(limit))).await {
            Either::Left((Ok(end), _)) => end,
            Either::Left((Err(_), _)) => FetchEnd::Broken { reason: "the call failed on our side".to_owned() },
            Either::Right(_) => FetchEnd::TimedOut,
        }
    }
}

/// What a try says about its host.
fn verdict(end: &FetchEnd) -> Verdict {
    match end {
        FetchEnd::Answered { status: status @ 502..=504, .. } => Verdict::Bad(format!("status {status}")),
        FetchEnd::Answered { .. } => Verdict::Good,
        FetchEnd::TimedOut => Verdict::Bad("no answer in time".to_owned()),
        FetchEnd::NotSent { reason } | FetchEnd::Broken { reason } => Verdict::Bad(reason.clone()),
        FetchEnd::Refused { .. } => Verdict::Nothing,
    }
}

fn tried(end: FetchEnd) -> Tried<'static> {
    let word = match &end {
        FetchEnd::Answered { status: 200..=299, .. } => "ok",
        FetchEnd::Answered { status: 300..=399, .. } => "status_3xx",
        FetchEnd::Answered { status: 400..=499, .. } => "status_4xx",
        FetchEnd::Answered { .. } => "status_5xx",
        FetchEnd::TimedOut => "timed_out",
        FetchEnd::NotSent { .. } => "no_connection",
        FetchEnd::Broken { .. } => "broken",
        FetchEnd::Refused { .. } => "refused",
    };
    let (answer, again) = end.into_answer();
    Tried { answer, word, again, under_way: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_call_is_carried_out_by_one_and_may_be_again_afterwards() {
        let (fetching, _begun) = Fetching::new(&FetchLimits::default());
        let claim = fetching.claim(ConversationId(1), 1);
        assert!(claim.is_some());
        for _ in 0..2 {
            assert!(fetching.claim(ConversationId(1), 1).is_none(), "who was refused has given nothing back");
        }
        assert!(fetching.claim(ConversationId(1), 2).is_some() && fetching.claim(ConversationId(2), 1).is_some());
        drop(claim);
        assert!(fetching.claim(ConversationId(1), 1).is_some());
    }
}
