//! Clocks that differ too much, or one that has jumped or was never compared: nothing is sent, somebody is told, and TikTok is asked for its time until they agree.

use std::sync::Arc;
use std::time::Duration;

use super::Dispatcher;
use crate::channel::rules::skew_stops;
use crate::runtime::core::Address;

/// An alarm speaks for so long.
const ALARM: Duration = Duration::from_secs(60);
/// The time is asked for so often while something waits.
const ASK: Duration = Duration::from_secs(10);
/// After each so many answers that brought no agreement it is asked for less often, down to once in [`ASK_SELDOM`].
const ASKED_OFTEN: u32 = 6;
const ASK_SELDOM: Duration = Duration::from_secs(300);

/// When to speak and to ask again, on the monotonic clock.
#[derive(Default)]
pub(super) struct ClockWatch {
    alarm_at: Duration,
    ask_at: Duration,
    /// Times that it was asked since the clocks agreed.
    asked: u32,
    stopped: bool,
}

impl Dispatcher {
    /// Whether windows can be judged. Where not, raises the alarm, and asks for TikTok's time: only an answer from
    /// there can show that the clock was put right.
    pub(super) fn clocks_agree(&mut self) -> bool {
        let transport = &self.desk.core.ports.transport;
        let skew_ms = transport.skew_ms();
        let doubted = self.desk.core.doubt.is_raised();
        let was = std::mem::replace(&mut self.clock.stopped, doubted || skew_stops(skew_ms));
        if !self.clock.stopped {
            if was {
                self.clock.asked = 0;
                tracing::info!(app = self.app, skew_ms, "the clocks agree; messages leave");
            }
            return true;
        }
        let now = self.desk.core.monotonic();
        if now >= self.clock.alarm_at && skew_stops(skew_ms) {
            self.clock.alarm_at = now + ALARM;
            tracing::error!(
                app = self.app,
                skew_ms,
                "nothing is sent: this machine's clock and TikTok's differ by more than five minutes"
            );
        }
        let address = self.queue.any_ready();
        if doubted || address.is_some() {
            self.ask_the_time(address);
        }
        false
    }

    /// One look, not too often. Its answer tells TikTok's time, whatever else it says: where nothing waits to leave, no
    /// conversation is named.
    pub(super) fn ask_the_time(&mut self, address: Option<Arc<Address>>) {
        let core = &self.desk.core;
        let now = core.monotonic();
        if now < self.clock.ask_at || self.stopped {
            return;
        }
        let nowhere = |account| Arc::new(Address { account, external: Vec::new(), number: None });
        if let Some(address) = address.or_else(|| core.accounts.any_of(&self.app).map(nowhere)) {
            // An hour of asking brings no more than a minute of it.
            self.clock.ask_at = now + (ASK * (1 + self.clock.asked / ASKED_OFTEN)).min(ASK_SELDOM);
            self.clock.asked = self.clock.asked.saturating_add(1);
            self.jobs.spawn(self.desk.clone().ask_the_time(address));
        }
    }

    /// When the watch wants to be looked at again by time alone.
    pub(super) fn clock_wakes(&self) -> Option<Duration> {
        let asks = (self.desk.core.doubt.is_raised() || self.queue.any_ready().is_some()).then_some(self.clock.ask_at);
        self.clock.stopped.then(|| asks.map_or(self.clock.alarm_at, |at| at.min(self.clock.alarm_at)))
    }
}
