//! One reply on its way out: asked for, marked, permitted, called, and its outcome committed.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{Either, select};

use super::lane::{AttemptEnd, Call, Called, Desk, Msg, Rank};
use super::queue::Picked;
use crate::channel::{Content, NotSent, Outcome, RefusalScope};
use crate::engine::{Class, Input, Reply};
use crate::runtime::core::{Ask, Core, Mark};
use crate::runtime::person;
use crate::runtime::port::{OutboxState, SendCall, StoreError};
use crate::runtime::trail::{Role, Trail};

/// An uploaded file is used up to this long before TikTok forgets it.
const MEDIA_MARGIN_MS: i64 = 60 * 60_000;
/// A transport that does not come back this long after its own time-out is given up.
const GRACE: Duration = Duration::from_secs(5);

/// An offer to one conversation.
pub(in crate::runtime) struct Attempt {
    pub(in crate::runtime) desk: Desk,
    pub(in crate::runtime) picked: Picked,
    /// Why its image cannot be had, so that the reply ends with this reason.
    pub(in crate::runtime) no_media: Option<String>,
    /// Only the gate's word is wanted: nothing of it may leave.
    pub(in crate::runtime) gate_only: bool,
}

impl Attempt {
    /// Carries the reply as far as it goes and tells the dispatcher.
    pub(in crate::runtime) async fn run(self) {
        let end = match AssertUnwindSafe(self.go()).catch_unwind().await {
            Ok(Ok(end)) => end,
            Ok(Err(error)) => {
                tracing::error!(%error, conversation = self.picked.conversation.0, "a reply could not be read from the store");
                AttemptEnd::Later
            }
            Err(_) => AttemptEnd::Later,
        };
        let Picked { conversation, address, .. } = &self.picked;
        self.desk.lane.send(Msg::Ended { account: address.account.id, conversation: *conversation, end });
    }

    async fn go(&self) -> Result<AttemptEnd, StoreError> {
        let core = &self.desk.core;
        let (address, id) = (&self.picked.address, self.picked.candidate.reply);
        if core.pauses.hold(address.account.id) {
            return Ok(self.while_paused().await);
        }
        let (reply, trail) = self.reply().await?;
        let mut media_id = None;
        if let Some(Content::Image(image)) = reply.as_ref().map(|reply| &reply.outgoing.content)
            && self.no_media.is_none()
            && !self.gate_only
        {
            match core.ports.store.media(address.account.id, &image.digest).await? {
                Some((id, until)) if !id.is_empty() && until > core.now().plus_ms(MEDIA_MARGIN_MS) => {
                    media_id = Some(id);
                }
                _ => {
                    let (digest, class) = (image.digest.clone(), self.picked.candidate.class);
                    return Ok(AttemptEnd::NeedsUpload { digest, address: address.clone(), class });
                }
            }
        }
        if let Some(why) = self.silent(reply.as_ref()).await? {
            let input = Input::Drop { by: "the server".to_owned(), reply: id, reason: why };
            let done = core.post(address.clone(), Ask::Input { key: None, input }).await;
            return Ok(done.map_or(AttemptEnd::Later, |_| AttemptEnd::Declined(id)));
        }
        core.fail.pass("before_mark");
        let ask = Ask::Input { key: None, input: Input::MaySend { reply: id } };
        let Some(marking) = core.pauses.marking(address.account.id).await else {
            return Ok(AttemptEnd::Later);
        };
        let (trail, span) = core.waits_in_outbox(trail, self.picked.candidate.queued);
        let done = core.post_on(trail, address.clone(), ask).await;
        drop(marking);
        if let Some(span) = span {
            let outcome = done.as_ref().map_or("later", |done| if done.mark.is_some() { "marked" } else { "declined" });
            core.span_ended(span.at(address).word("outcome", outcome).number("reply", i64::from(id.0)));
        }
        let Ok(done) = done else { return Ok(AttemptEnd::Later) };
        let Some(mark) = done.mark else {
            return Ok(AttemptEnd::Declined(id));
        };
        core.fail.pass("after_mark");
        let attempt = mark.attempt;
        let outcome = self.call(trail, reply, media_id, mark).await;
        core.fail.pass("before_result_commit");
        let ended = core.now();
        let latest = Some(core.latest_of_end(ended));
        core.post_surely_on(trail, address, Input::Outcome { reply: id, attempt, ended, latest, outcome }).await;
        core.fail.pass("after_result_commit");
        Ok(AttemptEnd::Settled)
    }

    /// Why an answer to a comment must not leave any more: what its author has written or wished for since.
    async fn silent(&self, reply: Option<&Reply>) -> Result<Option<String>, StoreError> {
        let Picked { address, .. } = &self.picked;
        match reply {
            Some(reply) if reply.outgoing.comment.is_some() => {
                person::silent(&self.desk.core, &address.account, &address.external).await
            }
            _ => Ok(None),
        }
    }

    /// Nothing is sent: a reply whose window has closed ends, others wait.
    async fn while_paused(&self) -> AttemptEnd {
        let id = self.picked.candidate.reply;
        if self.gate_only {
            let ask = Ask::Input { key: None, input: Input::Paused { reply: id } };
            if self.desk.core.post(self.picked.address.clone(), ask).await.is_ok() {
                return AttemptEnd::Declined(id);
            }
        }
        AttemptEnd::Later
    }

    /// The row as it was committed, and the trace of the input that it came from.
    async fn reply(&self) -> Result<(Option<Reply>, Trail), StoreError> {
        let rows = self.desk.core.ports.store.outbox_of(self.picked.conversation).await?;
        let row = rows.into_iter().find(|row| row.reply == self.picked.candidate.reply);
        let row = row.filter(|row| row.state != OutboxState::Held);
        let traced = row.as_ref().filter(|_| self.desk.core.is_traced());
        let trail = traced.map(|row| Trail::of_row(&row.body)).unwrap_or_default();
        Ok((row.and_then(|row| serde_json::from_slice(&row.body).ok()), trail))
    }

    async fn call(&self, trail: Trail, reply: Option<Reply>, media_id: Option<String>, mark: Mark) -> Outcome {
        if let Some(why) = &self.no_media {
            return Outcome::Refused { code: 0, text: why.clone(), scope: RefusalScope::Reply };
        }
        let Some(reply) = reply else {
            let text = "its row of the outbox cannot be read".to_owned();
            return Outcome::Refused { code: 0, text, scope: RefusalScope::Reply };
        };
        if self.gate_only {
            return Outcome::NotSent(NotSent::Expired);
        }
        let rank = match self.picked.candidate.class {
            Class::Live => Rank::Live,
            Class::Due => Rank::Due,
        };
        let (core, lane) = (&self.desk.core, &self.desk.lane);
        let conversation = self.picked.conversation;
        let Some(permit) = lane.permit(rank, Some(mark.not_after), Some(conversation)).await else {
            return Outcome::NotSent(NotSent::Expired);
        };
        // Once more: it may have waited for its turn.
        if !matches!(self.silent(Some(&reply)).await, Ok(None)) {
            return Outcome::NotSent(NotSent::Expired);
        }
        let begun = core.monotonic();
        let address = &self.picked.address;
        let digest = match &reply.outgoing.content {
            Content::Image(image) => Some(image.digest.clone()),
            _ => None,
        };
        // What is marked may leave until it is called; what was paused meanwhile keeps its slot and waits.
        let outcome = if core.now() > mark.not_after || core.pauses.hold(address.account.id) {
            Outcome::NotSent(NotSent::Expired)
        } else {
            let call = SendCall {
                target: address.target(),
                outgoing: reply.outgoing,
                media_id,
                not_after: mark.not_after,
                timeout: mark.timeout,
            };
            core.fail.pass("before_request");
            let (_, span) = core.span(trail, "send", Role::Client);
            let outcome = send(core, permit, call).await;
            core.sent(span, address, &outcome);
            core.fail.pass("before_answer");
            outcome
        };
        lane.send(Msg::Called(Called {
            account: Some(address.account.id),
            conversation: Some(conversation),
            begun,
            outcome: Some(outcome.clone()),
            what: Call::Send,
        }));
        if let (Some(digest), Outcome::NotSent(NotSent::MediaGone)) = (digest, &outcome) {
            self.forget_upload(&digest).await;
        }
        outcome
    }

    /// So that the image is uploaded once more; the conversation knows whether it was before.
    async fn forget_upload(&self, digest: &str) {
        let core = &self.desk.core;
        if let Err(error) = core.ports.store.put_media(self.picked.address.account.id, digest, "", core.now()).await {
            tracing::warn!(%error, conversation = self.picked.conversation.0, "a lost upload could not be forgotten");
        }
    }
}

/// One send, whose outcome is unknown when the transport panics or hangs.
async fn send(core: &Core, permit: crate::runtime::port::Permit, call: SendCall) -> Outcome {
    let seconds = call.timeout.saturating_add(GRACE).as_secs();
    let die = core.fail.comes("after_request");
    let request = AssertUnwindSafe(core.ports.transport.send(permit, call)).catch_unwind();
    let patience = async {
        if die {
            // The request is written, its answer may still be on the way.
            return core.sleep(Duration::from_millis(5)).await;
        }
        // Second by second: a clock that is moved forward ends one of them, not all.
        for _ in 0..seconds {
            core.sleep(Duration::from_secs(1)).await;
        }
    };
    let ended = select(Box::pin(request), Box::pin(patience)).await;
    if die {
        std::process::abort();
    }
    match ended {
        Either::Left((Ok(outcome), _)) => outcome,
        Either::Left((Err(_), _)) => Outcome::Unknown { text: "the transport failed".to_owned() },
        Either::Right(_) => Outcome::Unknown { text: "the transport gave no answer".to_owned() },
    }
}
