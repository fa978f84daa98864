use std::collections::BTreeMap;

use super::builder::{bot, words};
use super::chat::{Chat, chat};
use crate::bot::Value;
use crate::channel::{Content, Outcome, RefusalScope};
use crate::engine::{ContactChange, Effect, End, Input, Reply, ReplyId};

fn shop() -> Chat {
    chat(bot().answers("hi", words(&["hi"]), "hello").answers("more", words(&["more"]), "and more").build())
}

fn change(change: ContactChange) -> Input {
    Input::Contact(ContactChange { by: "desk".to_owned(), ..change })
}

#[test]
fn a_field_that_the_bot_does_not_have_changes_nothing_and_the_line_says_so() {
    let mut chat = shop();
    chat.customer("hi");
    let fields = BTreeMap::from([("shoe".to_owned(), Some(Value::Text("43".to_owned())))]);
    chat.feed(change(ContactChange { fields, tag: vec!["vip".to_owned()], ..ContactChange::default() }));
    assert!(chat.noted("contact", "`contact.shoe` stays as it is: the bot has no such field"), "{}", chat.account());
    let status = chat.state.status();
    assert_eq!((status.contact.len(), status.tags.as_slice()), (0, ["vip".to_owned()].as_slice()));
}

#[test]
fn tags_have_a_bound_and_opting_out_takes_back_what_waits() {
    let mut chat = shop();
    let many = (0..200).map(|nth| format!("t{nth}")).collect();
    chat.feed(change(ContactChange { tag: many, ..ContactChange::default() }));
    assert_eq!(chat.state.status().tags.len(), chat.limits.tags_max);
    chat.sends = false;
    chat.customer("hi");
    assert_eq!(chat.state.queued(), 1);
    let left = chat.state.replies_left();
    chat.feed(change(ContactChange { opted_out: Some(true), ..ContactChange::default() }));
    assert_eq!((chat.end_of(1), chat.state.replies_left()), (Some(End::Withdrawn), left + 1));
    chat.customer("hi");
    assert_eq!(chat.state.queued(), 0);
    chat.feed(change(ContactChange { opted_out: Some(false), ..ContactChange::default() }));
    chat.customer("hi");
    assert_eq!(chat.state.queued(), 1);
}

fn retry(chat: &mut Chat, reply: ReplyId, again: Option<Reply>) {
    chat.feed(Input::Retry { by: "desk".to_owned(), reply, again: again.map(Box::new) });
}

#[test]
fn a_refused_reply_is_tried_again_as_a_new_one_and_counts() {
    let mut chat = shop();
    chat.sends = false;
    chat.customer("hi");
    let mark = chat.mark().unwrap();
    let refused = Outcome::Refused { code: 40_002, text: "no".to_owned(), scope: RefusalScope::Reply };
    chat.outcome(mark, refused);
    assert_eq!((chat.end_of(1), chat.state.replies_left()), (Some(End::Refused), 10));
    let first = chat.replies[&ReplyId(1)].clone();
    retry(&mut chat, ReplyId(1), Some(first));
    assert_eq!((chat.shown(ReplyId(2)).as_str(), chat.state.replies_left()), ("hello", 9));
    chat.send_all();
    chat.gets(&["hello"]);
}

#[test]
fn a_retry_passes_the_gate_like_any_other_reply() {
    let mut chat = shop();
    chat.sends = false;
    chat.customer("hi");
    let first = chat.replies[&ReplyId(1)].clone();
    chat.feed(Input::Drop { by: "desk".to_owned(), reply: ReplyId(1), reason: "wrong".to_owned() });
    assert_eq!(chat.end_of(1), Some(End::Dropped));
    chat.takes();
    retry(&mut chat, ReplyId(1), Some(first));
    assert_eq!(chat.end_of(2), Some(End::Withdrawn), "a colleague has it: {}", chat.account());
}

#[test]
fn what_is_marked_is_beyond_recall() {
    let mut chat = shop();
    chat.sends = false;
    chat.customer("hi");
    let mark = chat.mark().unwrap();
    chat.feed(Input::Drop { by: "desk".to_owned(), reply: ReplyId(1), reason: "wrong".to_owned() });
    assert!(chat.noted("kept", "on its way") && chat.end_of(1).is_none(), "{}", chat.account());
    chat.outcome(mark, Outcome::Sent { message_id: "m".to_owned() });
    chat.feed(Input::Drop { by: "desk".to_owned(), reply: ReplyId(1), reason: "wrong".to_owned() });
    assert!(chat.noted("kept", "has ended already"), "{}", chat.account());
    assert!(!chat.effects.iter().any(|effect| matches!(effect, Effect::Queue(Reply { outgoing, .. })
        if matches!(&outgoing.content, Content::Text { body } if body == "and more"))));
}
