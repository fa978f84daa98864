//! The state of one conversation.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use serde::de::Error as _;
use serde::{Deserialize, Serialize};

use super::effect::{Candidate, Effect};
use super::state::{Commented, Entry, Gathered, Heard, Kept, Lost, Run, Stage, Stand, Suspect, WaitKind, is_false, is_zero};
use super::{Referral, ReplyId};
use crate::bot::ValueMap;
use crate::calendar::Moment;
use crate::channel::Ledger;

/// The newest encoding that this program reads; it writes no other.
const ENCODING: u16 = 1;

/// One account, one customer, at most one run. Every message touches all of it, so what most conversations have not stands
/// apart, in boxes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Conversation {
    #[serde(rename = "v")]
    pub(super) encoding: u16,
    /// The present moment never goes back.
    #[serde(rename = "n", default)]
    pub(super) now: Moment,
    #[serde(rename = "l", default)]
    pub(super) ledger: Ledger,
    #[serde(rename = "r", default, skip_serializing_if = "Option::is_none")]
    pub(super) run: Option<Run>,
    /// The run whose question waits while another flow answers beside it.
    #[serde(rename = "p", default, skip_serializing_if = "Option::is_none")]
    pub(super) parked: Option<Box<Run>>,
    #[serde(rename = "q", default, skip_serializing_if = "VecDeque::is_empty")]
    pub(super) queue: VecDeque<Entry>,
    #[serde(rename = "i", default, skip_serializing_if = "is_zero")]
    pub(super) replies: u32,
    #[serde(rename = "w", default, skip_serializing_if = "is_zero")]
    pub(super) visits: u32,
    #[serde(rename = "c", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) contact: BTreeMap<String, Kept>,
    #[serde(rename = "t", default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) tags: BTreeSet<String>,
    #[serde(rename = "g", default, skip_serializing_if = "Option::is_none")]
    pub(super) language: Option<String>,
    /// The author has set the language; texts no longer change it.
    #[serde(rename = "gs", default, skip_serializing_if = "is_false")]
    pub(super) language_set: bool,
    #[serde(rename = "s", default, skip_serializing_if = "Stand::is_free")]
    pub(super) stand: Stand,
    #[serde(rename = "o", default, skip_serializing_if = "is_false")]
    pub(super) opted_out: bool,
    /// When each `once per` trigger last won, by key.
    #[serde(rename = "tw", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) wins: BTreeMap<String, Moment>,
    /// TikTok's time and id of the newest message that was decided on.
    #[serde(rename = "nm", default, skip_serializing_if = "Option::is_none")]
    pub(super) newest: Option<(Moment, Arc<str>)>,
    /// When the customer last wrote, by our clock.
    #[serde(rename = "lr", default, skip_serializing_if = "Option::is_none")]
    pub(super) last_received: Option<Moment>,
    /// The message that `message.*` and `replying` speak of.
    #[serde(rename = "m", default, skip_serializing_if = "Option::is_none")]
    pub(super) message: Option<Arc<Heard>>,
    #[serde(rename = "rf", default, skip_serializing_if = "Option::is_none")]
    pub(super) referral: Option<Box<Referral>>,
    /// The referral may still start a flow.
    #[serde(rename = "ru", default, skip_serializing_if = "is_false")]
    pub(super) referral_fresh: bool,
    #[serde(rename = "ga", default, skip_serializing_if = "Option::is_none")]
    pub(super) gathered: Option<Box<Gathered>>,
    /// Messages that wait for an answer of TikTok's to us.
    #[serde(rename = "d", default, skip_serializing_if = "VecDeque::is_empty")]
    pub(super) deferred: VecDeque<Arc<Heard>>,
    /// Whether images may be sent here, and when TikTok said so.
    #[serde(rename = "im", default, skip_serializing_if = "Option::is_none")]
    pub(super) images: Option<(bool, Moment)>,
    #[serde(rename = "su", default, skip_serializing_if = "Vec::is_empty")]
    pub(super) suspects: Vec<Suspect>,
    #[serde(rename = "lo", default, skip_serializing_if = "Vec::is_empty")]
    pub(super) lost: Vec<Lost>,
    /// Fingerprints of the newest known ids of the business side, with our reply, 0 for somebody else's.
    #[serde(rename = "k", default, skip_serializing_if = "VecDeque::is_empty")]
    pub(super) known: VecDeque<(u64, u32)>,
    /// Fingerprints of the newest replies and when they were made.
    #[serde(rename = "sa", default, skip_serializing_if = "VecDeque::is_empty")]
    pub(super) said: VecDeque<(u64, Moment)>,
    #[serde(rename = "rd", default, skip_serializing_if = "Option::is_none")]
    pub(super) read_until: Option<Moment>,
    /// The way that each `split` took, by its name.
    #[serde(rename = "sp", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) splits: BTreeMap<String, String>,
    /// Triggers on the channel's limits that have fired since the customer's newest message, by key.
    #[serde(rename = "fi", default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) fired: BTreeSet<String>,
    /// When the next of them fires.
    #[serde(rename = "ld", default, skip_serializing_if = "Option::is_none")]
    pub(super) limit_due: Option<Moment>,
    #[serde(rename = "cm", default, skip_serializing_if = "Option::is_none")]
    pub(super) comment: Option<Box<Commented>>,
    /// The app's queue is long: texts are merged.
    #[serde(rename = "cg", default, skip_serializing_if = "is_false")]
    pub(super) congested: bool,
    /// Calls made since the customer's newest message.
    #[serde(rename = "ca", default, skip_serializing_if = "is_zero")]
    pub(super) calls: u32,
    /// TikTok's own automatic message has answered what the customer wrote until then.
    #[serde(rename = "ta", default, skip_serializing_if = "Option::is_none")]
    pub(super) answered_by_tiktok: Option<Moment>,
    /// The newest message that a trigger took.
    #[serde(rename = "tr", default, skip_serializing_if = "Option::is_none")]
    pub(super) started_by: Option<Arc<str>>,
    /// A field of the contact was forgotten then.
    #[serde(rename = "fg", default, skip_serializing_if = "Option::is_none")]
    pub(super) forgot: Option<Moment>,
    /// All that was said before was erased then.
    #[serde(rename = "er", default, skip_serializing_if = "Option::is_none")]
    pub(super) erased: Option<Moment>,
    /// TikTok's id of the customer.
    #[serde(rename = "pe", default, skip_serializing_if = "Option::is_none")]
    pub(super) person: Option<Box<str>>,
}

impl Default for Conversation {
    fn default() -> Self {
        Self {
            encoding: ENCODING,
            now: Moment::default(),
            ledger: Ledger::default(),
            run: None,
            parked: None,
            queue: VecDeque::new(),
            replies: 0,
            visits: 0,
            contact: BTreeMap::new(),
            tags: BTreeSet::new(),
            language: None,
            language_set: false,
            stand: Stand::Free,
            opted_out: false,
            wins: BTreeMap::new(),
            newest: None,
            last_received: None,
            message: None,
            referral: None,
            referral_fresh: false,
            gathered: None,
            deferred: VecDeque::new(),
            images: None,
            suspects: Vec::new(),
            lost: Vec::new(),
            known: VecDeque::new(),
            said: VecDeque::new(),
            read_until: None,
            splits: BTreeMap::new(),
            fired: BTreeSet::new(),
            limit_due: None,
            comment: None,
            congested: false,
            calls: 0,
            answered_by_tiktok: None,
            started_by: None,
            forgot: None,
            erased: None,
            person: None,
        }
    }
}

/// Who speaks in a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaker {
    Bot,
    /// A colleague is asked for.
    Asked,
    /// A colleague has it.
    Taken,
}

/// A conversation as pages and tests show it.
#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    pub speaker: Speaker,
    pub opted_out: bool,
    /// The team that was asked for.
    pub team: Option<String>,
    /// BCP 47; `None` before the customer wrote anything that tells.
    pub language: Option<String>,
    /// Flow and step (an index) of the run.
    pub place: Option<(String, usize)>,
    /// What the run waits for: the name asked for, `choose`, `wait`, `images`, `fetch` or `script`.
    pub waits_for: Option<String>,
    pub contact: ValueMap,
    pub tags: Vec<String>,
}

/// A marked attempt that is not settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenAttempt {
    pub reply: ReplyId,
    pub attempt: u32,
    pub begun: Moment,
    /// Its outcome is unknown and being looked up.
    pub unknown: bool,
}

/// A reply that has not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueuedReply {
    pub candidate: Candidate,
    pub stage: ReplyStage,
}

/// How far a reply is that has not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyStage {
    Waiting,
    /// For the customer to write, kept until then.
    Held {
        until: Moment,
    },
    Marked,
    Unknown,
}

impl Conversation {
    /// The replies that have not ended, in their order.
    pub fn replies(&self) -> impl Iterator<Item = QueuedReply> {
        self.queue.iter().map(|entry| QueuedReply {
            candidate: offered(entry),
            stage: match entry.stage {
                Stage::Waiting => ReplyStage::Waiting,
                Stage::Held { until } => ReplyStage::Held { until },
                Stage::Marked { .. } => ReplyStage::Marked,
                Stage::Unknown { .. } => ReplyStage::Unknown,
            },
        })
    }

    /// When `Input::Due` should be handed in at the latest; `None` when nothing waits for time.
    #[must_use]
    pub fn due(&self) -> Option<Moment> {
        let wait = self.run.as_ref().and_then(|run| run.wait.as_ref());
        let handed = self.stand.handed();
        let held = self.queue.iter().any(|entry| matches!(entry.stage, Stage::Held { .. }));
        let holding = |entry: &Entry| match entry.stage {
            Stage::Held { until } => Some(until),
            Stage::Unknown { next, .. } => Some(next),
            Stage::Waiting | Stage::Marked { .. } => None,
        };
        [
            wait.and_then(|wait| wait.until),
            wait.and_then(|wait| wait.nudge_at),
            handed.map(|handed| handed.release_at),
            handed.and_then(|handed| handed.nobody_at),
            self.gathered.as_ref().map(|gathered| gathered.due),
            self.limit_due,
            self.ledger.welcome_until().filter(|_| held),
        ]
        .into_iter()
        .chain(self.queue.iter().map(holding))
        .chain(self.suspects.iter().map(|suspect| suspect.due))
        .flatten()
        .min()
    }

    /// How often it was tried to send a reply that has no end yet.
    #[must_use]
    pub fn attempts(&self, reply: ReplyId) -> Option<u32> {
        self.queue.iter().find(|entry| entry.id == reply).map(|entry| entry.attempt)
    }

    /// Whether the customer has never written.
    #[must_use]
    pub fn is_unheard(&self) -> bool {
        self.newest.is_none()
    }

    /// The head of the queue, where it may be attempted: no attempt is open, none is unknown, nothing holds it.
    #[must_use]
    pub fn candidate(&self) -> Option<Candidate> {
        if self.queue.iter().any(|entry| entry.stage.is_open()) {
            return None;
        }
        let head = self.queue.iter().find(|entry| entry.stage == Stage::Waiting)?;
        Some(offered(head))
    }

    /// The attempt that is marked and not settled.
    #[must_use]
    pub fn open_attempt(&self) -> Option<OpenAttempt> {
        self.queue.iter().find_map(|entry| {
            let (begun, unknown) = match entry.stage {
                Stage::Marked { begun, .. } => (begun, false),
                Stage::Unknown { begun, .. } => (begun, true),
                Stage::Waiting | Stage::Held { .. } => return None,
            };
            Some(OpenAttempt { reply: entry.id, attempt: entry.attempt, begun, unknown })
        })
    }

    /// What TikTok must be asked so that it goes on, whoever asked before; a second answer does no harm.
    #[must_use]
    pub fn wants(&self) -> Option<Effect> {
        let wait = self.run.as_ref().and_then(|run| run.wait.as_ref())?;
        (wait.kind == WaitKind::Image).then_some(Effect::AskCapability)
    }

    /// The call of the business's systems whose answer is waited for, by its number.
    #[must_use]
    pub fn open_fetch(&self) -> Option<u32> {
        let runs = [self.run.as_ref(), self.parked.as_deref()];
        let mut waits = runs.into_iter().flatten().filter_map(|run| run.wait.as_ref());
        waits.find(|wait| wait.kind == WaitKind::Fetch && wait.ended.is_none()).map(|wait| wait.visit)
    }

    /// The moment of its newest input; no later one may be before it.
    #[must_use]
    pub fn now(&self) -> Moment {
        self.now
    }

    /// TikTok's time of the newest that either side did here, as far as it was told.
    #[must_use]
    pub fn newest_known(&self) -> Option<Moment> {
        self.ledger.newest().max(self.ledger.newest_shown())
    }

    /// Ten less what is counted; the reserve for colleagues is not taken off.
    #[must_use]
    pub fn replies_left(&self) -> u32 {
        self.ledger.replies_left()
    }

    /// Milliseconds until the 48 hours are over; `None` where the customer never wrote, never negative.
    #[must_use]
    pub fn window_left(&self, now: Moment) -> Option<i64> {
        self.ledger.window_ends().map(|ends| ends.since_ms(now).max(0))
    }

    /// TikTok's id of the customer, once a message has told it.
    #[must_use]
    pub fn person(&self) -> Option<&str> {
        self.person.as_deref()
    }

    /// Whether it was last told that the app's queue is long.
    #[must_use]
    pub fn is_congested(&self) -> bool {
        self.congested
    }

    /// Replies that are queued or held.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.queue.len()
    }

    /// Who speaks, and whether the customer wants no automatic messages.
    #[must_use]
    pub fn standing(&self) -> (Speaker, bool) {
        let speaker = match self.stand {
            Stand::Free => Speaker::Bot,
            Stand::Asked(_) => Speaker::Asked,
            Stand::Taken(_) => Speaker::Taken,
        };
        (speaker, self.opted_out)
    }

    /// For pages and tests. Secret fields are in it: the outside hides them by the bot's fields.
    #[must_use]
    pub fn status(&self) -> Status {
        let run = self.run.as_ref();
        let (speaker, opted_out) = self.standing();
        Status {
            speaker,
            opted_out,
            team: self.stand.handed().and_then(|handed| handed.team.clone()),
            language: self.language.clone(),
            place: run.map(|run| (run.at.flow.to_string(), run.at.step)),
            waits_for: run.and_then(|run| run.wait.as_ref()).map(|wait| match wait.kind {
                WaitKind::Ask => wait.what.clone(),
                WaitKind::Choose => "choose".to_owned(),
                WaitKind::Time => "wait".to_owned(),
                WaitKind::Image => "images".to_owned(),
                WaitKind::Fetch => "fetch".to_owned(),
                WaitKind::Script => "script".to_owned(),
            }),
            contact: self.contact.iter().map(|(name, kept)| (name.clone(), kept.value.clone())).collect(),
            tags: self.tags.iter().cloned().collect(),
        }
    }

    /// The bytes that a store keeps.
    ///
    /// # Errors
    /// When a value cannot be encoded.
    pub fn encode(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(self)
    }

    /// The conversation that [`Self::encode`] wrote.
    ///
    /// # Errors
    /// When the bytes are of a newer version or damaged.
    pub fn decode(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        #[derive(Deserialize)]
        struct Head {
            v: u16,
        }
        let head: Head = serde_json::from_slice(bytes)?;
        if head.v != ENCODING {
            return Err(serde_json::Error::custom(format!(
                "the conversation is in encoding {}, this program reads {ENCODING}",
                head.v
            )));
        }
        serde_json::from_slice(bytes)
    }
}

fn offered(entry: &Entry) -> Candidate {
    Candidate { reply: entry.id, class: entry.class, queued: entry.queued, soft: entry.soft, hard: entry.hard }
}
