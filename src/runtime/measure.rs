//! What operators are told in numbers: counts by words of a fixed set, and how long things took. No text of anybody's
//! ever becomes a name here.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::channel::Reason;
use crate::engine::{Effect, End};

/// Stands for every word that is none of the set.
const OTHER: &str = "other";

/// Counts by one word.
#[derive(Debug)]
pub(super) struct Tally {
    words: &'static [&'static str],
    counts: Vec<AtomicU64>,
}

impl Tally {
    pub(super) fn new(words: &'static [&'static str]) -> Self {
        Self { words, counts: (0..=words.len()).map(|_| AtomicU64::new(0)).collect() }
    }

    pub(super) fn add(&self, word: &str) {
        let at = self.words.iter().position(|known| *known == word).unwrap_or(self.words.len());
        if let Some(counter) = self.counts.get(at) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn read(&self) -> Vec<(&'static str, u64)> {
        let words = self.words.iter().copied().chain([OTHER]);
        words.zip(&self.counts).map(|(word, counter)| (word, counter.load(Ordering::Relaxed))).collect()
    }
}

/// Counts by two words.
#[derive(Debug)]
pub(super) struct Grid {
    rows: &'static [&'static str],
    columns: Vec<Tally>,
}

impl Grid {
    pub(super) fn new(rows: &'static [&'static str], columns: &'static [&'static str]) -> Self {
        Self { rows, columns: (0..=rows.len()).map(|_| Tally::new(columns)).collect() }
    }

    pub(super) fn add(&self, row: &str, column: &str) {
        let at = self.rows.iter().position(|known| *known == row).unwrap_or(self.rows.len());
        if let Some(tally) = self.columns.get(at) {
            tally.add(column);
        }
    }

    /// What was counted at least once.
    pub(super) fn read(&self) -> Vec<(&'static str, &'static str, u64)> {
        let rows = self.rows.iter().copied().chain([OTHER]).zip(&self.columns);
        let all = rows.flat_map(|(row, tally)| tally.read().into_iter().map(move |(column, count)| (row, column, count)));
        all.filter(|(.., count)| *count > 0).collect()
    }
}

/// Upper bounds of the histograms' buckets, in microseconds.
const BOUNDS_US: [u64; 13] =
    [500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 10_000_000];

/// How long something took, in buckets.
#[derive(Debug, Default)]
pub(super) struct Histogram {
    buckets: [AtomicU64; BOUNDS_US.len()],
    count: AtomicU64,
    sum_us: AtomicU64,
}

/// A histogram at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Took {
    /// Upper bound in microseconds and how many took no longer; bounds rise.
    pub buckets: Vec<(u64, u64)>,
    pub count: u64,
    pub sum_us: u64,
}

impl Histogram {
    pub(super) fn add(&self, took: Duration) {
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let at = BOUNDS_US.partition_point(|bound| *bound < us);
        if let Some(bucket) = self.buckets.get(at) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        self.sum_us.fetch_add(us, Ordering::Relaxed);
        self.count.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn read(&self) -> Took {
        let mut below = 0;
        let buckets = BOUNDS_US.iter().zip(&self.buckets).map(|(bound, bucket)| {
            below += bucket.load(Ordering::Relaxed);
            (*bound, below)
        });
        let buckets: Vec<(u64, u64)> = buckets.collect();
        // Never fewer in all than in a bucket, though both are read while others count.
        let count = self.count.load(Ordering::Relaxed).max(below);
        Took { buckets, count, sum_us: self.sum_us.load(Ordering::Relaxed) }
    }
}

/// Since when each of several things waits, on the monotonic clock.
#[derive(Debug, Default)]
pub(super) struct Ages {
    waiting: Mutex<BTreeSet<(Duration, u64)>>,
    next: AtomicU64,
}

impl Ages {
    pub(super) fn enter(&self, now: Duration) -> (Duration, u64) {
        let key = (now, self.next.fetch_add(1, Ordering::Relaxed));
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(key);
        key
    }

    pub(super) fn leave(&self, key: (Duration, u64)) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
    }

    /// Of the one that waits longest; nothing where nothing waits.
    pub(super) fn oldest(&self, now: Duration) -> Duration {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.first().map_or(Duration::ZERO, |(since, _)| now.saturating_sub(*since))
    }
}

/// Kinds of lines in the history.
pub(super) const INPUTS: &[&str] = &[
    "message",
    "referral",
    "echo",
    "read",
    "due",
    "may_send",
    "paused",
    "restored",
    "outcome",
    "looked",
    "capability",
    "colleague",
    "written",
    "contact",
    "retry",
    "drop",
    "fetched",
    "ran",
    "comment",
    "congestion",
    "unreadable",
    "event",
    "eu",
    "gap",
    "unknown_account",
    "not_a_tester",
    "before_restore",
    "perhaps_repeated",
];

/// What is called, and how calls end.
pub(super) const CALLS: &[&str] = &["send", "list", "download", "upload", "capability", "courtesy", "renew", "registration"];
pub(super) const OUTCOMES: &[&str] = &["ok", "not_sent", "refused", "unknown"];

/// How calls of the business's systems end.
pub(super) const FETCHES: &[&str] =
    &["ok", "status_3xx", "status_4xx", "status_5xx", "timed_out", "no_connection", "broken", "refused", "kept_away", "crowded"];

/// How replies end, and why.
pub(super) const ENDS: &[&str] = &["sent", "refused", "unknown", "dropped", "withdrawn", "merged"];
pub(super) const REASONS: &[&str] = &[
    "settled",
    "refused_by_tiktok",
    "no_answer",
    "stale",
    "not_written",
    "repeated",
    "queue_full",
    "handed_over",
    "answered_by_tiktok",
    "no_first_contact",
    "window_closed",
    "replies_spent",
    "kept_for_colleagues",
    "closed_by_tiktok",
    "taken",
    "opted_out",
    "account_paused",
    "paused",
    "images_not_allowed",
    "images_unknown",
    "empty",
    "too_long",
    "card_title",
    "card_buttons",
    "comment_text",
    "comment_answered",
    "comment_old",
];

/// The reply's final state and the class of its reason; of a reply that is held, whether its window has closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    Reply(&'static str, &'static str),
    WindowMissed,
}

/// What a sprint's effects say of replies.
pub(super) fn ended(effects: &[Effect]) -> Vec<Ended> {
    let mut found = Vec::new();
    for effect in effects {
        match effect {
            Effect::Hold { reason, .. } if class_of(reason) == Some(Reason::WindowClosed) => found.push(Ended::WindowMissed),
            Effect::Finish { end, reason, .. } => {
                if matches!(class_of(reason), Some(Reason::WindowClosed | Reason::CommentOld | Reason::Paused)) {
                    found.push(Ended::WindowMissed);
                }
                found.push(Ended::Reply(end.word(), reason_word(*end, reason)));
            }
            _ => {}
        }
    }
    found
}

/// The gate's reason behind a sentence of the history.
fn class_of(reason: &str) -> Option<Reason> {
    let sentence = reason.strip_prefix("handed to a colleague: ").unwrap_or(reason);
    Reason::ALL.iter().copied().find(|known| known.sentence() == sentence)
}

fn reason_word(end: End, reason: &str) -> &'static str {
    /// Beginnings of the engine's own sentences.
    const SENTENCES: &[(&str, &str)] = &[
        ("handed to a colleague", "handed_over"),
        ("its question is no longer asked", "stale"),
        ("no longer wanted", "stale"),
        ("the customer did not write", "not_written"),
        ("the same reply was made", "repeated"),
        ("too many replies wait", "queue_full"),
        ("TikTok's own automatic message", "answered_by_tiktok"),
        ("a colleague", "taken"),
        ("somebody of the business", "taken"),
        ("the bot must be silent", "taken"),
    ];
    match end {
        End::Sent => return "settled",
        End::Refused => return "refused_by_tiktok",
        End::Unknown => return "no_answer",
        End::Dropped | End::Withdrawn | End::Merged => {}
    }
    if let Some((_, word)) = SENTENCES.iter().find(|(beginning, _)| reason.starts_with(beginning))
        && class_of(reason).is_none_or(|_| *word == "handed_over")
    {
        return word;
    }
    class_of(reason).map_or(OTHER, Reason::word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ReplyId;

    #[test]
    fn every_reason_of_the_gate_is_told_by_its_word_and_no_other_text_is_told_at_all() {
        for reason in Reason::ALL {
            assert_eq!(reason_word(End::Dropped, &reason.to_string()), reason.word());
            assert!(REASONS.contains(&reason.word()), "{}", reason.word());
            assert_eq!(reason_word(End::Dropped, &format!("handed to a colleague: {reason}")), "handed_over");
        }
        for text in ["", "my card is 4111 1111 1111 1111", "the 48 hours"] {
            assert_eq!(reason_word(End::Dropped, text), OTHER);
        }
        let tally = Tally::new(&["message"]);
        tally.add("message");
        tally.add("a text of a customer");
        assert_eq!(tally.read(), [("message", 1), (OTHER, 1)]);
    }

    #[test]
    fn a_window_is_missed_by_what_is_held_for_it_and_by_an_old_comment() {
        let hold = |reason: Reason| Effect::Hold { reply: ReplyId(1), reason: reason.to_string() };
        assert_eq!(ended(&[hold(Reason::WindowClosed)]), [Ended::WindowMissed]);
        assert!(ended(&[hold(Reason::RepliesSpent)]).is_empty());
        let old = Reason::CommentOld.to_string();
        let finish = Effect::Finish { reply: ReplyId(1), end: End::Dropped, reason: old, message_id: None };
        assert_eq!(ended(&[finish]), [Ended::WindowMissed, Ended::Reply("dropped", "comment_old")]);
    }

    #[test]
    fn buckets_hold_what_took_no_longer_and_the_sum_holds_all() {
        let histogram = Histogram::default();
        for ms in [1, 1, 3, 60_000] {
            histogram.add(Duration::from_millis(ms));
        }
        let took = histogram.read();
        assert_eq!(took.buckets.iter().find(|(bound, _)| *bound == 1_000), Some(&(1_000, 2)));
        assert_eq!(took.buckets.last(), Some(&(10_000_000, 3)));
        assert_eq!((took.count, took.sum_us), (4, 60_005_000));
    }

    #[test]
    fn the_oldest_is_the_one_that_came_first_and_has_not_left() {
        let ages = Ages::default();
        let second = Duration::from_secs(1);
        let (one, two) = (ages.enter(second), ages.enter(second * 2));
        assert_eq!(ages.oldest(second * 5), second * 4);
        ages.leave(one);
        assert_eq!(ages.oldest(second * 5), second * 3);
        ages.leave(two);
        assert_eq!(ages.oldest(second * 5), Duration::ZERO);
    }
}
