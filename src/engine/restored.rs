//! The conversation is an older copy of itself: what was said and done since, nobody here knows. Silence rather than
//! the same thing twice.

use super::ReplyId;
use super::state::{Run, Stage, Stand};
use super::work::Work;
use crate::calendar::Moment;

const WHY: &str = "the store was restored from an older copy";

impl Work<'_> {
    /// Every reply that waits may have been sent since: it ends as unknown, and what TikTok tells of it later is known to
    /// be ours. What is marked is looked up by its own rule. What was to happen by itself before now does not.
    pub(super) fn restored(&mut self) {
        let open = self.state.queue.iter().filter(|entry| matches!(entry.stage, Stage::Waiting | Stage::Held { .. }));
        let open: Vec<(ReplyId, Moment)> = open.map(|entry| (entry.id, entry.queued)).collect();
        let now = self.now;
        for (id, queued) in open {
            self.lost(id, queued, now, WHY);
        }
        let due = |run: &Run| {
            let wait = run.wait.as_ref();
            wait.is_some_and(|wait| [wait.until, wait.nudge_at].into_iter().flatten().any(|at| at <= now))
        };
        if self.state.run.as_ref().is_some_and(due) {
            self.state.run = None;
            self.moved = true;
            self.note("restored", "the run ends: what it waited for was due before the store was restored");
        }
        if self.state.parked.as_deref().is_some_and(due) {
            self.state.parked = None;
            self.note("restored", "the run that was put aside ends: it was due before the store was restored");
        }
        if self.state.gathered.take_if(|gathered| gathered.due <= now).is_some() {
            self.note("restored", "the gathered texts stay unanswered");
        }
        if let Stand::Asked(handed) | Stand::Taken(handed) = &mut self.state.stand {
            handed.nobody_at = handed.nobody_at.filter(|at| *at > now);
        }
        if self.state.stand.handed().is_some_and(|handed| handed.release_at <= now) {
            self.state.stand = Stand::Free;
            self.note("restored", "the colleague's time is over; nothing is said of it");
        }
        for trigger in self.limits_near() {
            self.state.fired.insert(trigger.key.to_string());
            self.note("restored", format_args!("`{}` is left out", trigger.key));
        }
    }
}
