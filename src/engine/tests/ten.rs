//! Ten replies and never an eleventh, 48 hours and never a moment more: counted by somebody else than the ledger.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::builder::{H, M, S, bot, words};
use super::chat::{Chat, chat};
use crate::bot::{Bot, Op};
use crate::calendar::Moment;
use crate::channel::{NotSent, Outcome};
use crate::engine::{Body, EchoSource, Effect, ReplyId};

/// Talks a lot now, a little for two days, and never says the same twice in a row.
fn talker() -> Bot {
    bot()
        .flow("talk", |f| {
            f.on(words(&["go"]));
            for text in ["a", "b", "c", "d", "e", "f", "g"] {
                f.op(Op::Say { text: super::builder::text(text), shorts: vec![], replying: false, keep_apart: true });
            }
            f.wait(20 * H).say("h").wait(20 * H).say("i").say("j").wait(8 * H - 10 * S).say("k").wait(10 * S).say("l")
        })
        .build()
}

#[derive(Clone, Debug)]
enum Act {
    Go,
    /// An older message arrives late, by so many milliseconds.
    Late(i64),
    Mark,
    Answer(u8),
    /// Another program or a colleague of another app writes, through the API; the echo may come before our answer.
    Foreign,
    Ours,
    Listing(bool),
    Pass(i64),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        2 => Just(Act::Go),
        1 => prop::sample::select(vec![S, M, H, 47 * H]).prop_map(Act::Late),
        16 => Just(Act::Mark),
        16 => (0_u8..8).prop_map(Act::Answer),
        5 => Just(Act::Foreign),
        2 => Just(Act::Ours),
        2 => any::<bool>().prop_map(Act::Listing),
        6 => prop::sample::select(vec![0, 1, S, 5 * S, 25 * S, 95 * S, 20 * H, 8 * H]).prop_map(Act::Pass),
    ]
}

/// The count as the other side makes it: by its own times, of what has arrived or may have.
#[derive(Default)]
struct Judge {
    said: Vec<(String, Moment)>,
    newest: Option<Moment>,
    read: usize,
    marks: u32,
    most: usize,
}

impl Judge {
    fn wrote(&mut self, at: Moment) {
        self.newest = self.newest.max(Some(at));
    }

    fn said(&mut self, id: String, at: Moment) {
        self.said.retain(|(known, _)| *known != id);
        self.said.push((id, at));
    }

    fn count(&self) -> usize {
        let newest = self.newest.unwrap();
        let since: BTreeSet<&str> = self.said.iter().filter(|(_, at)| *at >= newest).map(|(id, _)| id.as_str()).collect();
        since.len()
    }

    fn look(&mut self, chat: &Chat) {
        for effect in &chat.effects[self.read..] {
            if let Effect::Mark { reply, not_after, timeout_ms, .. } = effect {
                self.marks += 1;
                self.said(format!("reply{}", reply.0), chat.now);
                self.most = self.most.max(self.count());
                assert!(self.count() <= 10, "an eleventh: {:?}", self.said);
                let ends = self.newest.unwrap().plus_ms(48 * H);
                assert!(chat.now < ends && *not_after <= ends && chat.now.plus_ms(*timeout_ms) <= ends, "outside the window");
            }
        }
        self.read = chat.effects.len();
    }
}

fn perform(chat: &mut Chat, judge: &mut Judge, act: &Act) {
    match act {
        Act::Go => {
            judge.wrote(chat.now);
            chat.customer("go");
        }
        Act::Late(by) => {
            let at = chat.now.plus_ms(-by);
            judge.wrote(at);
            chat.body_at(Body::Text { text: "go".to_owned() }, at);
        }
        Act::Mark => drop(chat.mark()),
        Act::Answer(which) => {
            let Some(open) = chat.state.open_attempt() else { return };
            let outcome = match which {
                0..=4 => Outcome::Sent { message_id: format!("sent{}.{}", open.reply.0, open.attempt) },
                5 => Outcome::NotSent(NotSent::Expired),
                _ => Outcome::Unknown { text: "reset".to_owned() },
            };
            if *which == 5 {
                let id = format!("reply{}", open.reply.0);
                judge.said.retain(|(known, _)| *known != id);
            }
            chat.outcome((open.reply, open.attempt), outcome);
        }
        Act::Foreign => {
            let id = chat.fresh_id();
            judge.said(id.clone(), chat.now);
            chat.echo(&id, EchoSource::Api, 1);
        }
        Act::Ours => {
            let Some(open) = chat.state.open_attempt() else { return };
            chat.echo_of(open.reply, &format!("sent{}.{}", open.reply.0, open.attempt), EchoSource::Api);
        }
        Act::Listing(full) => {
            let open: Option<ReplyId> = chat.state.open_attempt().filter(|open| open.unknown).map(|open| open.reply);
            let before = chat.state.clone();
            let oldest = chat.now;
            chat.listing(&[], *full, Some(oldest));
            if let Some(open) = open
                && chat.state.open_attempt().is_none()
                && before != chat.state
                && chat.end_of(open.0).is_none()
            {
                // Proved to be absent.
                let id = format!("reply{}", open.0);
                judge.said.retain(|(known, _)| *known != id);
            }
        }
        Act::Pass(ms) => drop(chat.after(*ms).now),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn never_an_eleventh_and_never_outside_the_window(acts in prop::collection::vec(act(), 20..120)) {
        let mut chat = chat(talker());
        chat.sends = false;
        let mut judge = Judge::default();
        perform(&mut chat, &mut judge, &Act::Go);
        for act in &acts {
            perform(&mut chat, &mut judge, act);
            judge.look(&chat);
        }
    }
}

/// The property above is worth something only if it comes near the edge.
#[test]
fn the_judge_sees_ten_and_sees_an_eleventh() {
    let mut chat = chat(talker());
    chat.sends = false;
    let mut judge = Judge::default();
    perform(&mut chat, &mut judge, &Act::Go);
    for _ in 0..4 {
        perform(&mut chat, &mut judge, &Act::Foreign);
    }
    for _ in 0..20 {
        perform(&mut chat, &mut judge, &Act::Mark);
        perform(&mut chat, &mut judge, &Act::Answer(0));
        judge.look(&chat);
    }
    assert_eq!((judge.most, judge.marks, chat.state.queued()), (10, 6, 1));
    judge.said("one more".to_owned(), chat.now);
    assert_eq!(judge.count(), 11);
}
