//! Clocks that differ too much: nothing is sent, somebody is told, and TikTok is asked for its time until they agree.

use std::time::Duration;

use super::Dispatcher;
use crate::channel::rules::skew_stops;

/// An alarm speaks for so long.
const ALARM: Duration = Duration::from_secs(60);
/// The time is asked for so often while something waits.
const ASK: Duration = Duration::from_secs(10);

/// When to speak and to ask again, on the monotonic clock.
#[derive(Default)]
pub(super) struct ClockWatch {
    alarm_at: Duration,
    ask_at: Duration,
    stopped: bool,
}

impl Dispatcher {
    /// Whether windows can be judged. Where not, raises the alarm, and asks for TikTok's time: only an answer from
    /// there can show that the clock was put right.
    pub(super) fn clocks_agree(&mut self) -> bool {
        let transport = &self.desk.core.ports.transport;
        let skew_ms = transport.skew_ms();
        let was = std::mem::replace(&mut self.clock.stopped, skew_stops(skew_ms));
        if !self.clock.stopped {
            if was {
                tracing::warn!(app = self.app, skew_ms, "the clocks agree again; messages leave");
            }
            return true;
        }
        let now = self.desk.core.monotonic();
        if now >= self.clock.alarm_at {
            self.clock.alarm_at = now + ALARM;
            tracing::error!(
                app = self.app,
                skew_ms,
                "nothing is sent: this machine's clock and TikTok's differ by more than five minutes"
            );
        }
        if now >= self.clock.ask_at
            && let Some(address) = self.queue.any_ready()
        {
            self.clock.ask_at = now + ASK;
            self.jobs.spawn(self.desk.clone().ask_the_time(address));
        }
        false
    }

    /// When the watch wants to be looked at again by time alone.
    pub(super) fn clock_wakes(&self) -> Option<Duration> {
        let asks = self.queue.any_ready().map(|_| self.clock.ask_at);
        self.clock.stopped.then(|| asks.map_or(self.clock.alarm_at, |at| at.min(self.clock.alarm_at)))
    }
}
