//! Replies that have not reached their final state.

use super::*;

stories!(
    replies_come_back_as_they_were_put_oldest_first,
    the_state_of_a_reply_is_changed_without_its_body,
    a_replaced_reply_keeps_its_place,
    a_removed_reply_is_gone_and_may_be_removed_again,
    a_mark_for_an_absent_reply_is_refused,
    changes_within_one_batch_happen_in_their_order,
    many_are_found_at_once_each_with_its_own_replies,
);

async fn many_are_found_at_once_each_with_its_own_replies(store: Subject) {
    let (one, two) = (store.begun("c1").await, store.begun("c2").await);
    let puts = vec![put(reply(&two, 1, "a")), put(reply(&two, 7, "b"))];
    store.commit(vec![record(Change { outbox: puts, ..after(&two) })]).await.unwrap();
    let elsewhere = store.account("app", "branch").await.unwrap();
    let wanted: [(AccountId, &[u8]); 4] =
        [(one.account, b"c2"), (one.account, b"none"), (elsewhere, b"c1"), (one.account, b"c1")];
    let found = store.find_all(&wanted).await.unwrap();
    let told: Vec<_> = found.iter().map(|found| found.as_ref().map(|found| (found.row.id, found.replies.clone()))).collect();
    let (both, neither) = (vec![ReplyId(1), ReplyId(7)], Vec::new());
    assert_eq!(told, [Some((two.conversation, both)), None, None, Some((one.conversation, neither))]);
    assert_eq!(found[0].as_ref().map(|found| found.row.clone()), store.find(one.account, b"c2").await.unwrap());
    assert_eq!(store.find_all(&[]).await.unwrap(), []);
}

async fn replies_come_back_as_they_were_put_oldest_first(store: Subject) {
    let (one, two) = (store.begun("c1").await, store.begun("c2").await);
    let (a, b, c) = (reply(&two, 1, "a"), reply(&one, 1, "b"), reply(&two, 2, "c"));
    let d = OutboxRow { state: OutboxState::Held, ..reply(&one, 2, "d") };
    store.commit(vec![record(Change { outbox: vec![put(a.clone())], ..after(&two) })]).await.unwrap();
    store.commit(vec![record(Change { outbox: vec![put(b.clone()), put(d.clone())], ..after(&one) })]).await.unwrap();
    store.commit(vec![record(Change { outbox: vec![put(c.clone())], ..after(&after(&two)) })]).await.unwrap();

    assert_eq!(store.outbox().await.unwrap(), [a.clone(), b.clone(), d.clone(), c.clone()]);
    assert_eq!(store.outbox_of(one.conversation).await.unwrap(), [b, d]);
    assert_eq!(store.outbox_of(two.conversation).await.unwrap(), [a, c]);
    assert_eq!(store.outbox_of(ConversationId(one.conversation.0 + 1_000)).await.unwrap(), []);
}

async fn the_state_of_a_reply_is_changed_without_its_body(store: Subject) {
    let mut change = store.begun("c1").await;
    change = Change { outbox: vec![put(reply(&change, 1, "hello")), put(reply(&change, 2, "after"))], ..after(&change) };
    store.commit(vec![record(change.clone())]).await.unwrap();
    let marked = OutboxState::Marked { attempt: 3, epoch: 9, begun: Moment(10), not_after: Moment(2_010) };
    for state in [marked, OutboxState::Unknown { attempt: 3 }, OutboxState::Held, OutboxState::Queued] {
        change = Change { outbox: vec![OutboxChange::State { reply: ReplyId(1), state }], ..after(&change) };
        store.commit(vec![record(change.clone())]).await.unwrap();
        let rows = store.outbox_of(change.conversation).await.unwrap();
        assert_eq!(rows, [OutboxRow { state, ..reply(&change, 1, "hello") }, reply(&change, 2, "after")]);
    }
}

async fn a_replaced_reply_keeps_its_place(store: Subject) {
    let (one, two) = (store.begun("c1").await, store.begun("c2").await);
    store.commit(vec![record(Change { outbox: vec![put(reply(&two, 1, "old"))], ..after(&two) })]).await.unwrap();
    store.commit(vec![record(Change { outbox: vec![put(reply(&one, 1, "next"))], ..after(&one) })]).await.unwrap();
    let new = OutboxRow { state: OutboxState::Held, ..reply(&two, 1, "new") };
    store.commit(vec![record(Change { outbox: vec![put(new.clone())], ..after(&after(&two)) })]).await.unwrap();
    assert_eq!(store.outbox().await.unwrap(), [new, reply(&one, 1, "next")]);
}

async fn a_removed_reply_is_gone_and_may_be_removed_again(store: Subject) {
    let mut change = store.begun("c1").await;
    change = Change { outbox: vec![put(reply(&change, 1, "a")), put(reply(&change, 2, "b"))], ..after(&change) };
    store.commit(vec![record(change.clone())]).await.unwrap();
    for _ in 0..2 {
        change = Change { outbox: vec![OutboxChange::Remove { reply: ReplyId(1) }], ..after(&change) };
        store.commit(vec![record(change.clone())]).await.unwrap();
        assert_eq!(store.outbox().await.unwrap(), [reply(&change, 2, "b")]);
    }
}

async fn a_mark_for_an_absent_reply_is_refused(store: Subject) {
    let change = store.begun("c1").await;
    let state = OutboxState::Marked { attempt: 1, epoch: 1, begun: Moment(1), not_after: Moment(2) };
    let marked = Change { outbox: vec![OutboxChange::State { reply: ReplyId(1), state }], ..after(&change) };
    assert_broken(store.commit(vec![record(marked)]).await, "outbox");
    assert_eq!(store.load(change.conversation).await.unwrap().unwrap().rev, 1);
}

async fn changes_within_one_batch_happen_in_their_order(store: Subject) {
    let (one, two) = (store.begun("c1").await, store.begun("c2").await);
    let held = OutboxChange::State { reply: ReplyId(1), state: OutboxState::Held };
    let gone = OutboxChange::Remove { reply: ReplyId(1) };
    let first = Change { outbox: vec![put(reply(&two, 1, "a")), held.clone()], ..after(&two) };
    let between = Change { outbox: vec![put(reply(&one, 1, "b")), held, gone.clone(), put(reply(&one, 1, "c"))], ..after(&one) };
    let last = Change { outbox: vec![gone, put(reply(&two, 2, "d"))], ..after(&first) };
    store.commit(vec![record(first), record(between), record(last)]).await.unwrap();
    assert_eq!(store.outbox().await.unwrap(), [reply(&one, 1, "c"), reply(&two, 2, "d")]);
}
