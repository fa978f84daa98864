//! Which trouble strikes when: counts what happens, and hands out what was meant for it.

use std::collections::HashMap;

use crate::plan::{Step, Trouble, When, Wrong};

/// What happens and may be struck.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    Commit { kind: &'static str, after: bool },
    Reading,
    Call,
    Echo,
    Webhook,
}

#[derive(Default)]
pub struct Troubles {
    armed: Vec<Trouble>,
    counts: HashMap<Place, u32>,
    sends: u32,
}

impl Troubles {
    pub fn new(armed: &[Trouble]) -> Self {
        Self { armed: armed.to_vec(), ..Self::default() }
    }

    /// From now on nothing goes wrong.
    pub fn stop(&mut self) {
        self.armed.clear();
    }

    /// It happens once more; what strikes it.
    pub fn happens(&mut self, place: Place) -> Vec<Wrong> {
        let count = self.counts.entry(place).or_default();
        *count += 1;
        let count = *count;
        self.take(|when| match (when, place) {
            (When::Commit { kind, nth, after }, Place::Commit { kind: this, after: then }) => {
                (*kind, *nth, *after) == (this, count, then)
            }
            (When::Reading(nth), Place::Reading)
            | (When::Call(nth), Place::Call)
            | (When::Echo(nth), Place::Echo)
            | (When::Webhook(nth), Place::Webhook) => *nth == count,
            _ => false,
        })
    }

    /// The number of a send that begins.
    pub fn send(&mut self) -> u32 {
        self.sends += 1;
        self.sends
    }

    /// What strikes a step of a send.
    pub fn of_send(&mut self, nth: u32, step: Step) -> Vec<Wrong> {
        self.take(|when| *when == When::Send(nth, step))
    }

    /// Puts back what was not meant for now.
    pub fn rearm(&mut self, nth: u32, step: Step, what: Wrong) {
        self.armed.push(Trouble { when: When::Send(nth, step), what });
    }

    fn take(&mut self, fits: impl Fn(&When) -> bool) -> Vec<Wrong> {
        let (struck, armed) = std::mem::take(&mut self.armed).into_iter().partition(|trouble: &Trouble| fits(&trouble.when));
        self.armed = armed;
        struck.into_iter().map(|trouble| trouble.what).collect()
    }
}
