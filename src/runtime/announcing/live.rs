//! What happens, as it happens, for whoever listens here: the newest of it in memory, nothing of it kept.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::broadcast;

use crate::calendar::Moment;
use crate::runtime::port::ConversationId;

/// Events that a listener may fall behind; who falls behind further is told how many are missing.
const BEHIND_MAX: usize = 1_024;
/// Events that are kept for listeners who come back.
const KEPT_MAX: usize = 1_024;
/// For so long.
const KEPT_MS: i64 = 10 * 60_000;

/// One event, as the webhooks tell it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveEvent {
    /// Line of the history and place among its events, as in `4711.0`.
    pub id: String,
    /// `message.received`, ….
    pub kind: String,
    /// `business_id`
    pub account: String,
    /// JSON of `type`, `timestamp` and `data`.
    pub body: String,
    conversation: ConversationId,
    told: Moment,
}

/// An event whose line is not committed yet.
pub(in crate::runtime) struct Uncommitted {
    pub(super) place: u32,
    pub(super) kind: String,
    pub(super) account: String,
    pub(super) conversation: ConversationId,
    pub(super) body: Vec<u8>,
}

/// Somebody who listens.
pub struct Listening {
    /// What came after the event that was named, oldest first.
    pub before: Vec<Arc<LiveEvent>>,
    /// The event that was named is no longer known here: what came after it is lost to this listener.
    pub gap: bool,
    pub receiver: broadcast::Receiver<Arc<LiveEvent>>,
}

pub(in crate::runtime) struct Live {
    kept: Mutex<Kept>,
    sender: broadcast::Sender<Arc<LiveEvent>>,
    /// Somebody listens, or has until lately.
    on: AtomicBool,
}

#[derive(Default)]
struct Kept {
    events: VecDeque<Arc<LiveEvent>>,
    /// When somebody was last seen to listen.
    heard: Option<Moment>,
}

impl Default for Live {
    fn default() -> Self {
        Self { kept: Mutex::default(), sender: broadcast::Sender::new(BEHIND_MAX), on: AtomicBool::new(false) }
    }
}

impl Kept {
    fn forget(&mut self, which: impl Fn(&LiveEvent) -> bool) {
        self.events.retain(|event| !which(event));
    }
}

impl Live {
    /// A customer was erased: what was told of them is no longer told to who comes back.
    pub(in crate::runtime) fn forget(&self, conversation: ConversationId) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).forget(|event| event.conversation == conversation);
    }

    pub(super) fn is_on(&self) -> bool {
        self.on.load(Ordering::Relaxed)
    }

    /// Listens from now on, or from behind the event that was heard last.
    pub(in crate::runtime) fn listen(&self, last: Option<&str>, now: Moment) -> Listening {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.forget(|event| now.since_ms(event.told) > KEPT_MS);
        let receiver = self.sender.subscribe();
        self.on.store(true, Ordering::Relaxed);
        let at = last.and_then(|last| kept.events.iter().position(|event| event.id == last));
        let before = at.map_or_else(Vec::new, |at| kept.events.iter().skip(at + 1).cloned().collect());
        Listening { before, gap: last.is_some() && at.is_none(), receiver }
    }

    /// Tells what a committed line has caused.
    pub(in crate::runtime) fn tell(&self, seq: i64, events: Vec<Uncommitted>, now: Moment) {
        if events.is_empty() {
            return;
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if self.sender.receiver_count() > 0 {
            kept.heard = Some(now);
        }
        let heard = *kept.heard.get_or_insert(now);
        if now.since_ms(heard) > KEPT_MS {
            *kept = Kept::default();
            self.on.store(false, Ordering::Relaxed);
            return;
        }
        kept.forget(|event| now.since_ms(event.told) > KEPT_MS);
        for Uncommitted { place, kind, account, conversation, body } in events {
            let Ok(body) = String::from_utf8(body) else { continue };
            let event = Arc::new(LiveEvent { id: format!("{seq}.{place}"), kind, account, body, conversation, told: now });
            kept.events.push_back(Arc::clone(&event));
            while kept.events.len() > KEPT_MAX {
                kept.events.pop_front();
            }
            // Nobody may be there now.
            let _ = self.sender.send(event);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(live: &Live, seq: i64, now: i64) {
        let event = Uncommitted {
            place: 0,
            kind: "fault".to_owned(),
            account: "a".to_owned(),
            conversation: ConversationId(seq),
            body: b"{}".to_vec(),
        };
        live.tell(seq, vec![event], Moment(now));
    }

    #[test]
    fn who_comes_back_hears_what_was_missed_or_that_something_is_missing() {
        let live = Live::default();
        assert!(!live.is_on());
        drop(live.listen(None, Moment(0)));
        (1..=3).for_each(|seq| one(&live, seq, 0));
        let back = live.listen(Some("1.0"), Moment(0));
        let ids: Vec<&str> = back.before.iter().map(|event| event.id.as_str()).collect();
        assert_eq!((ids, back.gap), (vec!["2.0", "3.0"], false));
        (4..=2_000).for_each(|seq| one(&live, seq, 0));
        let late = live.listen(Some("1.0"), Moment(0));
        assert!(late.before.is_empty() && late.gap);
        assert_eq!(live.kept.lock().unwrap().events.len(), KEPT_MAX);
    }

    #[test]
    fn what_is_old_or_was_erased_is_not_told_again() {
        let live = Live::default();
        let _listening = live.listen(None, Moment(0));
        (1..=4).for_each(|seq| one(&live, seq, seq));
        live.forget(ConversationId(3));
        let ids = |now: i64| -> Vec<String> {
            live.listen(Some("2.0"), Moment(now)).before.iter().map(|event| event.id.clone()).collect()
        };
        assert_eq!(ids(4), ["4.0"]);
        assert!(live.listen(Some("2.0"), Moment(KEPT_MS + 3)).gap);
    }

    #[test]
    fn nothing_is_made_or_kept_for_long_once_nobody_listens() {
        let live = Live::default();
        let listening = live.listen(None, Moment(0));
        one(&live, 1, 0);
        drop(listening);
        one(&live, 2, KEPT_MS);
        assert!(live.is_on());
        one(&live, 3, KEPT_MS + 1);
        assert!(!live.is_on() && live.kept.lock().unwrap().events.is_empty());
    }

    #[test]
    fn who_reads_slowly_is_told_how_many_are_missing_and_holds_no_memory() {
        let live = Live::default();
        let mut listening = live.listen(None, Moment(0));
        (1..=3_000).for_each(|seq| one(&live, seq, 0));
        let Err(broadcast::error::TryRecvError::Lagged(many)) = listening.receiver.try_recv() else { panic!("it kept up") };
        assert_eq!(many, 3_000 - BEHIND_MAX as u64);
    }
}
