//! In: a bot, a conversation, one input, the present moment and a seed. Out: the conversation after it, effects, and why.
//! Does not know: clocks, stores, networks, source texts, the checker.
mod ahead;
pub mod answer;
mod ask;
mod attempt;
mod before_send;
mod beside;
mod call;
mod comment;
mod contact;
mod conversation;
mod decide;
mod doubt;
mod effect;
mod erasure;
mod expression;
mod fit;
pub mod format;
mod frames;
pub mod given;
mod handoff;
mod hear;
mod heed;
mod hooked;
mod image;
mod input;
mod limits;
mod outbox;
mod reconcile;
pub mod rehearsal;
mod render;
mod restored;
mod run;
mod state;
mod steps;
mod trace;
mod versions;
mod voice;
mod weigh;
mod work;

pub use call::origin_of;
pub use conversation::{Conversation, OpenAttempt, QueuedReply, ReplyStage, Speaker, Status};
pub use effect::{Candidate, Class, Courtesy, Effect, End, HeaderPiece, Reply, ReplyId, Request};
pub use hooked::{Hooked, Wanted};
pub use input::{
    Answer, Body, ColleagueAction, Comment, ContactChange, Echo, EchoSource, Inbound, Input, Listed, Listing, Referral, Written,
};
pub use limits::Limits;
pub use trace::{Trace, Traces};
pub use versions::{Bots, Moves, Older, Parked};

use crate::bot::{Bot, StepId};
use crate::calendar::Moment;

/// What surrounds one sprint.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// Never before the conversation's last input.
    pub now: Moment,
    /// What our clock shows: before `now` where it has been put back since. What TikTok's times are compared with is told by
    /// it.
    pub clock: Moment,
    /// Decides `one of`; stored with the input, so that a replay decides alike.
    pub seed: u64,
    pub limits: &'a Limits,
    /// How long before the 48th hour the last reply may leave, in milliseconds (clock difference included).
    pub window_margin_ms: i64,
    /// How far our clock and TikTok's may differ, in milliseconds.
    pub skew_ms: i64,
    /// What the bot's hooks returned in this sprint, in the order of their calls; stored with the input.
    pub hooked: &'a [Hooked],
}

/// All that happens from one input to the next wait.
#[derive(Clone, Debug)]
pub struct Sprint {
    /// In the order they happened. Carried out only after they and the changed conversation are committed.
    pub effects: Vec<Effect>,
    /// What was decided and why, for `why` and the phone page.
    pub trace: Traces,
    /// The ways that runs took: from a step to a step of the same flow, or to the beginning of another. Coverage reads it.
    pub ways: Vec<(StepId, StepId)>,
    /// The steps that were begun, in their order.
    pub steps: Vec<StepId>,
    /// Calls of hooks that were answered by what the context holds.
    pub hooked: usize,
    /// A hook is to be called first: neither this sprint nor its conversation is of any use, and the same input is to be
    /// run once more, with what the hook returns.
    pub wants: Option<Wanted>,
}

/// Carries one conversation over one input. Nothing else is read or changed: the same arguments give the same conversation
/// and the same sprint, bit for bit.
#[must_use]
pub fn advance(bot: &Bot, conversation: &mut Conversation, input: &Input, context: &Context<'_>) -> Sprint {
    advance_among(&Bots::one(bot), conversation, input, context)
}

/// The same where versions of the bot are kept: what the conversation is in the middle of goes on as it began.
#[must_use]
pub fn advance_among(bots: &Bots<'_>, conversation: &mut Conversation, input: &Input, context: &Context<'_>) -> Sprint {
    let mut work = work::Work::new(bots, conversation, context);
    work.input(input);
    work.finish()
}

#[cfg(test)]
mod tests;
