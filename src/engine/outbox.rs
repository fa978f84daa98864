//! The conversation's queue: what enters it, what is held, given back, and how each reply ends.

use super::state::{Commented, Entry, Stage};
use super::trace::line;
use super::voice::Voice;
use super::work::{Draft, Work};
use super::{Class, Effect, End, Reply, ReplyId};
use crate::bot::{ShortBudget, Text};
use crate::calendar::Moment;
use crate::channel::{Asked, Content, Image, Outgoing, Reason, Short, Verdict, ask, fingerprint, rules};
use crate::text;

/// The customer wrote so long ago at most: somebody waits at the other end.
const LIVE_MS: i64 = 10 * 60 * 1_000;
const LIVE_SOFT_MS: i64 = 10_000;
const DUE_SOFT_MS: i64 = 15 * 60 * 1_000;
/// Replies that are remembered against repetition.
const SAID_MOST: usize = 64;

impl Work<'_> {
    /// Confirms an opt-out or an opt-in.
    pub(super) fn confirm(&mut self, say: &Text, passes: bool) {
        match self.render_text(say) {
            Ok(body) => {
                let mut draft = self.draft(Content::Text { body }, &crate::bot::Origin::default());
                draft.confirmation = passes;
                draft.keep_apart = true;
                self.drafts.push(draft);
            }
            Err(fault) => self.note("fault", fault.text),
        }
    }

    /// Queues what the steps said: long texts are split, side-by-side texts joined where replies run short.
    pub(super) fn flush(&mut self) {
        self.drop_stale();
        let drafts = std::mem::take(&mut self.drafts);
        let room = self.room();
        let (mut drafts, stopped) = self.before_send(drafts, room);
        self.take_forms_that_fit(&mut drafts);
        let shorter = drafts.iter().any(|draft| !draft.shorts.is_empty()).then(|| drafts.clone());
        let pieces = split_long(self, drafts, room);
        let mut joined = self.join(pieces, room);
        if joined.len() > room
            && let Some(mut drafts) = shorter
        {
            self.take_shortest(&mut drafts);
            let pieces = split_long(self, drafts, room);
            joined = self.join(pieces, room);
        }
        for draft in joined {
            self.enqueue(draft, None);
        }
        for (draft, why) in stopped {
            self.enqueue(draft, Some(why));
        }
    }

    /// Texts too long for one message give way to their longest form that is not.
    fn take_forms_that_fit(&mut self, drafts: &mut [Draft]) {
        let most = rules::TEXT.most();
        for draft in drafts {
            let Content::Text { body } = &draft.content else { continue };
            if draft.shorts.is_empty() || text::fits(body, most) {
                continue;
            }
            let Some(at) = draft.shorts.iter().position(|short| text::fits(short, most)) else { continue };
            let body = draft.shorts.remove(at);
            draft.shorts.drain(..at);
            draft.content = Content::Text { body };
            self.note_at("short", "a shorter form: the longer one is over 6,000 characters", Some(&draft.origin));
        }
    }

    /// Replies run short: every text takes its shortest form, so that more of them fit into one message.
    fn take_shortest(&mut self, drafts: &mut [Draft]) {
        for draft in drafts {
            if let Some(body) = draft.shorts.pop() {
                draft.shorts.clear();
                draft.content = Content::Text { body };
                self.note_at("short", "the shortest form: replies run short", Some(&draft.origin));
            }
        }
    }

    /// Replies that the bot may still make.
    fn room(&self) -> usize {
        let left = self.state.ledger.replies_left().saturating_sub(self.live.settings.reserve);
        usize::try_from(left).unwrap_or(0)
    }

    /// Joins neighbours until all fit, where they may be joined.
    fn join(&mut self, drafts: Vec<Draft>, room: usize) -> Vec<Draft> {
        let congested = self.state.congested;
        let why = if congested { "the app's queue is long" } else { "replies run short" };
        let mut surplus = if congested { usize::MAX } else { drafts.len().saturating_sub(room.max(1)) };
        if surplus == 0 || drafts.len() < 2 {
            return drafts;
        }
        let mut joined: Vec<Draft> = Vec::with_capacity(drafts.len());
        for draft in drafts {
            if surplus > 0
                && let Some(before) = joined.last_mut()
                && let Some(body) = both(before, &draft)
            {
                before.content = Content::Text { body };
                before.visit = draft.visit.or(before.visit);
                before.prompt |= draft.prompt;
                surplus = surplus.saturating_sub(1);
                self.note_at("merged", format_args!("joined with the text before it: {why}"), Some(&draft.origin));
                continue;
            }
            joined.push(draft);
        }
        joined
    }

    /// A reply enters the queue, and what was stopped before leaves it at once with the reason.
    pub(super) fn enqueue(&mut self, draft: Draft, stopped: Option<String>) {
        self.state.replies = self.state.replies.saturating_add(1);
        let id = ReplyId(self.state.replies);
        let comment = self.answers_comment();
        let fingerprint = draft.content.fingerprint();
        let verdict = match stopped {
            Some(why) => Err(why),
            None => self.verdict_at_queue(&draft, fingerprint),
        };
        let entry = self.entry(id, &draft, fingerprint);
        if verdict == Ok(Verdict::Send)
            && let Some(commented) = &mut self.state.comment
        {
            commented.answered = true;
        }
        self.effects.push(Effect::Queue(Reply {
            id,
            outgoing: Outgoing { content: draft.content, quote: draft.quote, comment },
            flow: draft.flow,
            by: draft.by,
            origin: draft.origin,
            class: entry.class,
            soft: entry.soft,
            hard: entry.hard,
        }));
        let before = self.state.ledger.replies_left();
        let behind = self.state.queue.iter().any(|entry| matches!(entry.stage, Stage::Held { .. })) && !entry.confirmation;
        self.state.queue.push_back(entry);
        match verdict {
            Ok(Verdict::Send) if behind => self.hold(id, "it stands behind a reply that is held"),
            Ok(Verdict::Send) => {
                self.state.ledger.reserve(id.0);
                let left = self.state.ledger.replies_left();
                let line = line!["reply ", id.0, " is queued; replies left ", before, " -> ", left];
                let origin = match self.effects.last() {
                    Some(Effect::Queue(reply)) => Some(&reply.origin),
                    _ => None,
                };
                self.trace.tell("gate", line, origin);
            }
            Ok(verdict) => self.refuse(id, verdict),
            Err(why) => self.finish_reply(id, End::Dropped, &why, None),
        }
    }

    /// What the gate says of a new reply; `Err` where it is not wanted anyway.
    fn verdict_at_queue(&mut self, draft: &Draft, shown: u64) -> Result<Verdict, String> {
        let now = self.now;
        if self.state.queue.len() >= self.context.limits.queue_max {
            return Err("too many replies wait in this conversation".to_owned());
        }
        let (times, within) = self.live.settings.same_reply;
        let print = match &draft.content {
            Content::Image(image) => fingerprint("image", &image.digest),
            Content::Post { item_id } => fingerprint("share_post", item_id),
            Content::Text { .. } | Content::Card { .. } => shown,
        };
        // The oldest stand first: time never goes back here.
        while self.state.said.front().is_some_and(|(_, at)| now.since_ms(*at) >= within) {
            self.state.said.pop_front();
        }
        let same = self.state.said.iter().filter(|(said, _)| *said == print).count();
        if times > 0 && same >= usize::try_from(times).unwrap_or(usize::MAX) && draft.by.is_none() && !draft.confirmation {
            return Err(format!("the same reply was made {times} times within {} s", within / 1_000));
        }
        let verdict = match self.state.comment.as_deref() {
            Some(Commented { answered: true, .. }) => Verdict::Drop(Reason::CommentAnswered),
            Some(commented) => self.ask_gate_on_comment(&draft.content, Voice::of(draft), commented.at, false),
            None => self.ask_gate(&draft.content, Voice::of(draft), false),
        };
        self.state.said.push_back((print, now));
        while self.state.said.len() > SAID_MOST {
            self.state.said.pop_front();
        }
        Ok(verdict)
    }

    /// The comment's id, while nothing but an answer to it may leave.
    fn answers_comment(&self) -> Option<String> {
        self.state.comment.as_ref().map(|commented| commented.id.clone())
    }

    pub(super) fn ask_gate_on_comment(&self, content: &Content, voice: Voice, commented: Moment, reserved: bool) -> Verdict {
        ask(&Asked { commented: Some(commented), ..self.asked(content, voice, reserved) })
    }

    pub(super) fn ask_gate(&self, content: &Content, voice: Voice, reserved: bool) -> Verdict {
        ask(&self.asked(content, voice, reserved))
    }

    fn asked<'c>(&'c self, content: &'c Content, voice: Voice, reserved: bool) -> Asked<'c> {
        Asked {
            ledger: &self.state.ledger,
            now: self.now,
            margin_ms: self.context.window_margin_ms,
            reserve: self.live.settings.reserve,
            by_colleague: voice == Voice::Colleague,
            taken: self.state.stand.is_taken(),
            opted_out: self.state.opted_out,
            confirms_opt_out: voice == Voice::Confirmation,
            already_reserved: reserved,
            account_ok: true,
            images: self.state.images.map(|(allowed, _)| allowed),
            short: match self.live.settings.on_short_budget {
                // It is with a colleague already.
                _ if voice == Voice::Colleague => Short::Drop,
                ShortBudget::Hold => Short::Hold,
                ShortBudget::Drop => Short::Drop,
                ShortBudget::Handoff => Short::HandOver,
            },
            content,
            commented: None,
        }
    }

    fn entry(&self, id: ReplyId, draft: &Draft, fingerprint: u64) -> Entry {
        let live = self.state.last_received.is_some_and(|at| self.now.since_ms(at) <= LIVE_MS);
        let soft = match self.state.last_received {
            Some(at) if live => at.plus_ms(LIVE_SOFT_MS),
            _ => self.now.plus_ms(DUE_SOFT_MS),
        };
        Entry {
            id,
            fingerprint,
            visit: draft.visit,
            prompt: draft.prompt,
            confirmation: draft.confirmation,
            colleague: draft.by.is_some(),
            image: matches!(draft.content, Content::Image(_)),
            stage: Stage::Waiting,
            attempt: 0,
            resent: false,
            uploaded_again: false,
            class: if live { Class::Live } else { Class::Due },
            soft,
            hard: match &self.state.comment {
                Some(commented) => self.comment_deadline(commented.at),
                None => self.deadline(),
            },
            queued: self.now,
            comment: self.state.comment.as_ref().map(|commented| commented.at),
            follows: None,
        }
    }

    /// When the last reply may leave.
    pub(super) fn deadline(&self) -> Moment {
        let ends = self.state.ledger.window_ends().unwrap_or(self.now);
        ends.plus_ms(self.context.window_margin_ms.saturating_neg())
    }

    /// When the answer to a comment may leave at the latest.
    pub(super) fn comment_deadline(&self, commented: Moment) -> Moment {
        commented.plus_ms(rules::WINDOW.value).plus_ms(self.context.window_margin_ms.saturating_neg())
    }

    /// Carries out a verdict that lets nothing leave.
    pub(super) fn refuse(&mut self, id: ReplyId, verdict: Verdict) {
        match verdict {
            Verdict::Send => {}
            Verdict::Hold(reason) => self.hold(id, &reason.to_string()),
            Verdict::Drop(reason) => self.finish_reply(id, End::Dropped, &reason.to_string(), None),
            Verdict::Withdraw(reason) => self.finish_reply(id, End::Withdrawn, &reason.to_string(), None),
            Verdict::HandOver(reason) => {
                self.hand_over_short(&reason.to_string());
                self.finish_reply(id, End::Dropped, &format!("handed to a colleague: {reason}"), None);
            }
        }
    }

    /// The reply waits for the customer to write; its slot is free.
    pub(super) fn hold(&mut self, id: ReplyId, why: &str) {
        let keep = self.live.settings.keep_ms;
        let Some(entry) = self.state.queue.iter_mut().find(|entry| entry.id == id) else { return };
        if entry.colleague {
            // Colleagues are told at once, and write what is right then when the customer has come back.
            self.finish_reply(id, End::Dropped, why, None);
            return;
        }
        entry.stage = Stage::Held { until: entry.queued.plus_ms(keep) };
        let (prompt, visit) = (entry.prompt, entry.visit);
        self.state.ledger.give_back(id.0);
        self.note("held", format_args!("reply {}: {why}", id.0));
        self.effects.push(Effect::Hold { reply: id, reason: why.to_owned() });
        if let (true, Some(visit)) = (prompt, visit) {
            self.unsent(visit, id, why);
        }
    }

    /// Holds every reply that waits.
    pub(super) fn hold_rest(&mut self, why: &str) {
        let waiting: Vec<ReplyId> = self
            .state
            .queue
            .iter()
            .filter(|entry| entry.stage == Stage::Waiting && !entry.confirmation)
            .map(|entry| entry.id)
            .collect();
        for id in waiting {
            self.hold(id, why);
        }
    }

    /// The reply has reached its final state. Its slot is given back unless it is spent.
    pub(super) fn finish_reply(&mut self, id: ReplyId, end: End, reason: &str, message_id: Option<String>) {
        let Some(at) = self.state.queue.iter().position(|entry| entry.id == id) else { return };
        let Some(entry) = self.state.queue.remove(at) else { return };
        if matches!(end, End::Dropped | End::Withdrawn | End::Merged) {
            self.state.ledger.give_back(id.0);
        }
        self.note("reply", line![id.0, ": ", end.word(), ", ", reason]);
        self.effects.push(Effect::Finish { reply: id, end, reason: reason.to_owned(), message_id });
        if let (true, Some(visit)) = (entry.prompt, entry.visit)
            && !matches!(end, End::Sent | End::Unknown)
        {
            self.unsent(visit, id, reason);
        }
    }

    /// Held replies that are still wanted and may leave now are queued again, the unwanted ones dropped.
    pub(super) fn offer_held(&mut self, why: &str) {
        if self.state.queue.is_empty() {
            return;
        }
        let held: Vec<(ReplyId, bool)> = self
            .state
            .queue
            .iter()
            .filter_map(|entry| match entry.stage {
                Stage::Held { until } => Some((entry.id, until > self.now)),
                _ => None,
            })
            .collect();
        self.drop_stale();
        for (id, wanted) in held {
            let Some(entry) = self.state.queue.iter().find(|entry| entry.id == id) else { continue };
            if !wanted {
                self.finish_reply(id, End::Dropped, "no longer wanted when the customer wrote again", None);
                continue;
            }
            let content = stand_in(entry.image);
            if self.ask_gate(&content, Voice::Bot, false) != Verdict::Send {
                continue;
            }
            let hard = self.deadline();
            let soft = self.now.plus_ms(LIVE_SOFT_MS);
            if let Some(entry) = self.state.queue.iter_mut().find(|entry| entry.id == id) {
                entry.stage = Stage::Waiting;
                entry.class = Class::Live;
                entry.soft = soft;
                entry.hard = hard;
            }
            self.state.ledger.reserve(id.0);
            self.note("released", format_args!("reply {}: {why}", id.0));
            self.effects.push(Effect::Release { reply: id });
        }
    }

    pub(super) fn held_due(&mut self) {
        let over: Vec<ReplyId> = self
            .state
            .queue
            .iter()
            .filter(|entry| matches!(entry.stage, Stage::Held { until } if until <= self.now))
            .map(|entry| entry.id)
            .collect();
        for id in over {
            self.finish_reply(id, End::Dropped, "the customer did not write while it was wanted", None);
        }
    }

    /// Questions that nobody waits for any more are not asked.
    pub(super) fn drop_stale(&mut self) {
        if self.state.queue.iter().all(|entry| entry.visit.is_none()) {
            return;
        }
        let wait_of = |run: Option<&super::state::Run>| run.and_then(|run| run.wait.as_ref()).map(|wait| wait.visit);
        let current = [wait_of(self.state.run.as_ref()), wait_of(self.state.parked.as_deref())];
        let stale: Vec<ReplyId> = self
            .state
            .queue
            .iter()
            .filter(|entry| !entry.stage.is_open() && entry.visit.is_some() && !current.contains(&entry.visit))
            .map(|entry| entry.id)
            .collect();
        for id in stale {
            self.finish_reply(id, End::Dropped, "its question is no longer asked", None);
        }
    }

    /// Takes back all of the bot's that is not marked.
    pub(super) fn withdraw_all(&mut self, why: &str) {
        let ours = |entry: &&Entry| !entry.stage.is_open() && !entry.colleague;
        let waiting: Vec<ReplyId> = self.state.queue.iter().filter(ours).map(|entry| entry.id).collect();
        for id in waiting {
            self.finish_reply(id, End::Withdrawn, why, None);
        }
    }
}

/// Long texts in pieces where replies suffice, else shortened.
fn split_long(work: &mut Work<'_>, drafts: Vec<Draft>, room: usize) -> Vec<Draft> {
    let most = rules::TEXT.most();
    let long = |draft: &Draft| matches!(&draft.content, Content::Text { body } if !text::fits(body, most));
    if !drafts.iter().any(long) {
        return drafts;
    }
    let mut total = drafts.len();
    let mut out = Vec::with_capacity(total);
    for draft in drafts {
        let Content::Text { body } = &draft.content else {
            out.push(draft);
            continue;
        };
        if text::fits(body, most) {
            out.push(draft);
            continue;
        }
        let pieces = text::split(body, most);
        let grown = total.saturating_add(pieces.len()).saturating_sub(1);
        if grown > room || pieces.is_empty() {
            work.note_at("warning", "a text over 6,000 characters was shortened: replies run short", Some(&draft.origin));
            out.push(Draft { content: Content::Text { body: text::shorten_units(body, most) }, ..draft });
            continue;
        }
        total = grown;
        work.note_at("split", format_args!("a long text leaves in {} pieces", pieces.len()), Some(&draft.origin));
        let last = pieces.len().saturating_sub(1);
        for (index, body) in pieces.into_iter().enumerate() {
            let mut piece = Draft { content: Content::Text { body }, keep_apart: true, ..draft.clone() };
            piece.quote = piece.quote.filter(|_| index == 0);
            piece.prompt = draft.prompt && index == last;
            out.push(piece);
        }
    }
    out
}

/// Two texts as one, where they may be joined.
fn both(before: &Draft, after: &Draft) -> Option<String> {
    let free = |draft: &Draft| !draft.keep_apart && draft.quote.is_none() && !draft.confirmation;
    let (Content::Text { body: first }, Content::Text { body: second }) = (&before.content, &after.content) else {
        return None;
    };
    if !free(before) || !free(after) {
        return None;
    }
    let body = format!("{first}\n\n{second}");
    text::fits(&body, rules::TEXT.most()).then_some(body)
}

/// What the gate needs to know of a content that passed it when it was queued.
pub(super) fn stand_in(image: bool) -> Content {
    if image {
        Content::Image(Image { file: String::new(), digest: String::new() })
    } else {
        Content::Text { body: "-".to_owned() }
    }
}
