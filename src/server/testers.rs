//! Before a bot goes live: who alone is answered.

use std::collections::BTreeSet;
use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::engine::Input;
use crate::runtime::port::{Delivery, Meaning};
use crate::tiktok::person;

/// The kind of what others wrote, in the history.
pub const KIND: &str = "not_a_tester";

/// Ids of persons or conversations; where there is none, everybody is answered.
#[derive(Debug, Default)]
pub struct Testers(ArcSwap<BTreeSet<String>>);

impl Testers {
    #[must_use]
    pub fn new(ids: impl IntoIterator<Item = String>) -> Self {
        Self(ArcSwap::from_pointee(ids.into_iter().collect()))
    }

    /// From the next delivery on these are answered.
    pub fn set(&self, ids: impl IntoIterator<Item = String>) {
        self.0.store(Arc::new(ids.into_iter().collect()));
    }

    /// How many there are; 0 where everybody is answered.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.load().len()
    }

    /// The delivery, kept without effect where somebody else begins something with it. What the business side does and
    /// what TikTok tells of messages passes: it starts nothing.
    #[must_use]
    pub fn pass(&self, mut delivery: Delivery) -> Delivery {
        let testers = self.0.load();
        if testers.is_empty() {
            return delivery;
        }
        let Meaning::Input { external, input, .. } = &delivery.meaning else { return delivery };
        let author = match input {
            Input::Message(message) => message.person.clone().or_else(|| person(&delivery.raw)),
            Input::Comment(_) | Input::Referral(_) => person(&delivery.raw),
            _ => return delivery,
        };
        let conversation = std::str::from_utf8(external).unwrap_or_default();
        if testers.contains(conversation) || author.is_some_and(|author| testers.contains(&author)) {
            return delivery;
        }
        delivery.meaning = Meaning::Kept { kind: KIND, why: "only testers are answered".to_owned() };
        delivery
    }
}
