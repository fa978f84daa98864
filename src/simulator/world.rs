//! The whole state of the simulated TikTok: plain data under one lock; every change says which moment it is.

use std::collections::{BTreeMap, HashMap, VecDeque};

use serde::Serialize;
use serde_json::{Value, json};

use crate::calendar::Moment;

use super::fault::{FaultKind, Faults, Site};
use super::ids::Rng;
use super::judge::{self, Barred, Breach, Pace, Rule, Violation};
use super::people::{Account, Comment, Content, Conversation, Customer, Media, Message, Side, Source};
use super::queue::{Parcel, Queue};
use super::ring::Ring;
use super::wire::Ends;

pub(super) const CUSTOMERS_MAX: usize = 10_000;
const MEDIA_MAX: usize = 128;

/// One call to TikTok's API.
#[derive(Clone, Debug, Serialize)]
pub struct Call {
    pub n: u64,
    pub at: Moment,
    pub method: String,
    pub path: String,
    /// HTTP status of the answer; `None` while it runs, and when the connection was cut.
    pub status: Option<u16>,
    /// The API's code: 0 is success; `None` where none was sent.
    pub code: Option<i64>,
    /// The answer's text beside the code.
    pub message: Option<String>,
    /// `message_type` of a send.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub what: Option<String>,
    /// Handle of the conversation (`v1`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// The fault that struck it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<FaultKind>,
    /// Calls of the app in the second that ended with this one.
    pub in_second: usize,
}

/// One try to deliver.
#[derive(Clone, Debug, Serialize)]
pub struct Try {
    pub at: Moment,
    /// HTTP status; `None` when there was no answer.
    pub status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    Waiting,
    /// Answered with 200.
    Delivered,
    /// No address was registered when it happened.
    NoAddress,
    /// Given up after 72 hours, taken away by a fault, by a reset, or because too many waited.
    Dropped,
}

/// One webhook and what became of it.
#[derive(Clone, Debug, Serialize)]
pub struct Delivery {
    pub n: u64,
    pub at: Moment,
    pub event: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    pub state: DeliveryState,
    pub tries: Vec<Try>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_try: Option<Moment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<FaultKind>,
}

/// Something a page would want to draw.
#[derive(Clone, Debug, Serialize)]
pub struct Event {
    pub seq: u64,
    pub at: Moment,
    /// `customer`, `message`, `typing`, `read`, `referral`, `call`, `delivery`, `violation`, `time`, `reset`.
    pub kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation: Option<String>,
}

/// A webhook to be sent.
pub(super) struct Hook {
    pub account: usize,
    pub event: &'static str,
    pub content: Value,
    /// By index.
    pub conversation: Option<usize>,
    pub message_id: Option<String>,
    pub due: Moment,
    /// Keeps the conversation's order.
    pub in_order: bool,
}

pub(super) struct World {
    pub rng: Rng,
    pub rule: Rule,
    pub app_id: String,
    pub secret: String,
    /// What the app may ask accounts for, joined by commas.
    pub scopes: String,
    /// By event type.
    pub addresses: BTreeMap<String, String>,
    pub accounts: Vec<Account>,
    pub customers: Vec<Customer>,
    pub conversations: Vec<Conversation>,
    pub by_id: HashMap<String, usize>,
    pub media: VecDeque<Media>,
    pub comments: VecDeque<Comment>,
    pub queue: Queue,
    pub faults: Faults,
    pub pace: Pace,
    pub calls: Ring<Call>,
    pub deliveries: Ring<Delivery>,
    pub violations: Ring<Violation>,
    pub events: Ring<Event>,
    /// Raised by a reset, so that lanes of before and after are not taken for one another.
    pub epoch: u64,
}

impl World {
    pub(super) fn note(&mut self, at: Moment, kind: &'static str, conversation: Option<usize>) {
        let conversation = self.handle(conversation);
        self.events.push(|seq| Event { seq, at, kind, conversation });
    }

    pub(super) fn handle(&self, conversation: Option<usize>) -> Option<String> {
        self.conversations.get(conversation?).map(|found| found.handle.clone())
    }

    pub(super) fn violate(&mut self, at: Moment, kind: Breach, why: String, conversation: Option<usize>, call: u64) {
        let handle = self.handle(conversation);
        self.violations.push(|n| Violation { n, at, kind, why, conversation: handle, call });
        self.note(at, "violation", conversation);
    }

    /// The conversation of the two, made at first contact.
    pub(super) fn conversation(&mut self, account: usize, customer: usize, now: Moment) -> usize {
        if let Some(at) = self.conversations.iter().position(|c| c.account == account && c.customer == customer) {
            return at;
        }
        let id = self.rng.conversation();
        let at = self.conversations.len();
        self.by_id.insert(id.clone(), at);
        self.conversations.push(Conversation {
            handle: format!("v{}", at + 1),
            id,
            account,
            customer,
            standing: judge::Standing::default(),
            timeline: VecDeque::new(),
            answered: false,
            updated: now.plus_ms(-1),
            origins: VecDeque::new(),
            typing_until: Moment::default(),
        });
        at
    }

    pub(super) fn ends(&self, conversation: usize) -> Option<Ends<'_>> {
        let found = self.conversations.get(conversation)?;
        let account = self.accounts.get(found.account)?;
        Some(Ends {
            business_id: &account.business_id,
            business_username: &account.username,
            customer: self.customers.get(found.customer)?,
            conversation_id: &found.id,
        })
    }

    pub(super) fn is_eu(&self, conversation: usize) -> bool {
        self.ends(conversation).is_some_and(|ends| ends.customer.eu)
    }

    /// Puts a message of either side into the timeline; gives it back with its id and moment.
    pub(super) fn say(&mut self, conversation: usize, now: Moment, draft: Draft) -> Option<Message> {
        let id = self.rng.message();
        let found = self.conversations.get_mut(conversation)?;
        let message = Message {
            id,
            at: found.stamp(now),
            from: draft.from,
            content: draft.content,
            source: draft.source,
            auto: draft.auto,
            quote: draft.quote,
            pressed: draft.pressed,
            echoed: None,
            read: false,
        };
        found.add(message.clone());
        self.note(now, "message", Some(conversation));
        Some(message)
    }

    /// The webhook of a customer's message; gives the delivery's number.
    pub(super) fn announce(&mut self, conversation: usize, now: Moment, message: &Message) -> Option<u64> {
        let ends = self.ends(conversation)?;
        let (event, content, message_id) = if ends.customer.eu {
            ("im_receive_msg_eu", ends.poke(message.at), None)
        } else {
            ("im_receive_msg", ends.message(message), Some(message.id.clone()))
        };
        let account = self.conversations.get(conversation)?.account;
        let conversation = Some(conversation);
        Some(self.post(now, Hook { account, event, content, conversation, message_id, due: now, in_order: true }))
    }

    /// The webhook `im_send_msg` of a business-side message, with the faults ordered for echoes; gives the delivery's
    /// number and whether a fault wants it tried before the answer. A person in the EU has none.
    pub(super) fn echo(&mut self, conversation: usize, now: Moment, message: &Message, due: Moment) -> Option<(u64, bool)> {
        if self.is_eu(conversation) {
            return None;
        }
        let fault = self.faults.take(Site::Echo, "");
        let kind = fault.as_ref().map(|fault| fault.kind);
        if kind == Some(FaultKind::EchoNever) {
            return None;
        }
        let mut content = self.ends(conversation)?.message(message);
        let account = self.conversations.get(conversation)?.account;
        let map = content.as_object_mut()?;
        match kind {
            Some(FaultKind::EchoNoSource) => {
                map.remove("message_tag");
            }
            Some(FaultKind::EchoWrongId) => {
                map.insert("message_id".into(), json!(self.rng.message()));
            }
            _ => {}
        }
        let (due, in_order) = match kind {
            Some(FaultKind::EchoBefore) => (now, true),
            Some(FaultKind::EchoLate) => (now.plus_ms(fault.and_then(|f| f.ms).unwrap_or(10_000)), false),
            _ => (due, true),
        };
        let event = "im_send_msg";
        let message_id = Some(message.id.clone());
        let hook = |content| Hook { account, event, content, conversation: Some(conversation), message_id, due, in_order };
        if kind == Some(FaultKind::EchoTwice) {
            let hook = hook.clone();
            self.post(now, hook(content.clone()));
        }
        let n = self.post(now, hook(content));
        Some((n, kind == Some(FaultKind::EchoBefore)))
    }

    /// Queues a webhook; gives the number of its delivery.
    pub(super) fn post(&mut self, now: Moment, hook: Hook) -> u64 {
        let user_openid = self.accounts.get(hook.account).map(|account| account.business_id.clone());
        let body = json!({
            "client_key": self.app_id,
            "event": hook.event,
            "create_time": now.0.div_euclid(1000),
            "user_openid": user_openid,
            "content": hook.content.to_string(),
        });
        self.post_body(now, body.to_string().into_bytes().into(), hook)
    }

    /// Queues these very bytes.
    pub(super) fn post_body(&mut self, now: Moment, body: bytes::Bytes, hook: Hook) -> u64 {
        let event_type = if hook.event.starts_with("comment") { "COMMENT" } else { "DIRECT_MESSAGE" };
        let known = self.addresses.contains_key(event_type);
        let fault = known.then(|| self.faults.take(Site::Delivery, hook.event)).flatten();
        let kind = fault.as_ref().map(|fault| fault.kind);
        let ms = fault.and_then(|fault| fault.ms);
        let conversation = self.handle(hook.conversation);
        let (event, message_id) = (hook.event.to_owned(), hook.message_id.clone());
        let state = match (known, kind) {
            (false, _) => DeliveryState::NoAddress,
            (true, Some(FaultKind::Lose)) => DeliveryState::Dropped,
            (true, _) => DeliveryState::Waiting,
        };
        let n = self.deliveries.push(|n| Delivery {
            n,
            at: now,
            event,
            conversation,
            message_id,
            state,
            tries: Vec::new(),
            next_try: None,
            fault: kind,
        });
        if state != DeliveryState::Waiting {
            return n;
        }
        let mut parcel = Parcel {
            n,
            event_type,
            body,
            created: now,
            due: hook.due,
            failed: 0,
            overtaken: false,
            stale_s: 0,
            bad_signature: false,
            echo_of: (hook.event == "im_send_msg").then_some(hook.conversation.zip(hook.message_id)).flatten(),
        };
        let mut lane = match (hook.in_order, hook.conversation) {
            (true, Some(conversation)) => (self.epoch << 32) | conversation as u64,
            _ => self.queue.own_lane(),
        };
        match kind {
            Some(FaultKind::Duplicate) => {
                let twin = Parcel { due: hook.due.plus_ms(ms.unwrap_or(0)), ..parcel.clone() };
                let own = self.queue.own_lane();
                self.queue.push(own, twin);
            }
            Some(FaultKind::Delay) => {
                parcel.due = hook.due.plus_ms(ms.unwrap_or(10_000));
                lane = self.queue.own_lane();
            }
            Some(FaultKind::Reorder) => {
                parcel.due = hook.due.plus_ms(ms.unwrap_or(5_000));
                parcel.overtaken = true;
            }
            Some(FaultKind::Stale) => parcel.stale_s = ms.unwrap_or(3_600_000) / 1000,
            Some(FaultKind::BadSignature) => parcel.bad_signature = true,
            _ => {}
        }
        if !self.queue.push(lane, parcel)
            && let Some(record) = self.deliveries.get_mut(n)
        {
            record.state = DeliveryState::Dropped;
        }
        n
    }

    /// Judges a counted message that wants to leave: records what it breaks, and says whether the rule in force bars it.
    /// The judgement is always by the strict rule, which every sender must obey; the answer is by the rule in force.
    pub(super) fn judge(&mut self, conversation: usize, now: Moment, content: &Content, call: u64) -> Result<(), Barred> {
        let Some(found) = self.conversations.get(conversation) else { return Ok(()) };
        let in_force = found.standing.verdict(self.rule, now);
        let strict = found.standing.verdict(Rule::Strict, now);
        let since = found.standing.last_customer;
        let mut recent = found.timeline.iter().rev().take_while(|message| message.from == Side::Business);
        let double = recent.clone().any(|message| {
            message.source == Some(Source::Api)
                && message.content == *content
                && now.since_ms(message.at) < judge::DOUBLE_WITHIN_MS
        });
        let unseen = recent.by_ref().filter(|message| {
            message.source != Some(Source::Api) && message.echoed.is_none_or(|echoed| now.since_ms(echoed) < judge::ECHO_GRACE_MS)
        });
        let unseen = u32::try_from(unseen.count()).unwrap_or(u32::MAX);
        let sent = found.standing.sent;
        match strict {
            Err(Barred::FirstContact) => {
                let why = "the customer never wrote in this conversation".to_owned();
                self.violate(now, Breach::FirstContact, why, Some(conversation), call);
            }
            Err(Barred::Window) => {
                let over_ms = since.map_or(0, |since| now.since_ms(since) - judge::WINDOW_MS);
                let why = format!("sent {over_ms} ms after the window had closed");
                self.violate(now, Breach::Window, why, Some(conversation), call);
            }
            Err(Barred::Count) => {
                let foreseeable = sent.saturating_sub(unseen) >= judge::COUNT_MAX;
                let kind = if foreseeable { Breach::Count } else { Breach::CountUnforeseeable };
                let why = format!("{sent} messages since the customer's last one, {unseen} of them not yet echoed to the sender");
                self.violate(now, kind, why, Some(conversation), call);
            }
            Ok(()) => {}
        }
        if double && in_force.is_ok() {
            let why = "the same content twice within ten minutes".to_owned();
            self.violate(now, Breach::SuspectedDouble, why, Some(conversation), call);
        }
        in_force
    }

    pub(super) fn keep_media(&mut self, media: Media) {
        if self.media.len() >= MEDIA_MAX {
            self.media.pop_front();
        }
        self.media.push_back(media);
    }
}

/// A message before it has an id and a moment.
pub(super) struct Draft {
    pub from: Side,
    pub content: Content,
    pub source: Option<Source>,
    pub auto: Option<super::people::AutoKind>,
    pub quote: Option<String>,
    pub pressed: Option<super::people::Pressed>,
}

impl Draft {
    pub(super) const fn customer(content: Content) -> Self {
        Self { from: Side::Customer, content, source: None, auto: None, quote: None, pressed: None }
    }

    pub(super) const fn business(content: Content, source: Source) -> Self {
        Self { from: Side::Business, content, source: Some(source), auto: None, quote: None, pressed: None }
    }
}
