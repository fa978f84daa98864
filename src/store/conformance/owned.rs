//! What a store with one owner refuses: such a record is a mistake of its own.

use super::*;

macro_rules! owned {
    ($($name:ident),* $(,)?) => {
        mod memory {
            use crate::store::conformance::Subject;
            $(#[tokio::test] async fn $name() { super::$name(Subject::memory().await).await; })*
        }
        mod sqlite {
            use crate::store::conformance::Subject;
            $(#[tokio::test] async fn $name() { super::$name(Subject::sqlite().await).await; })*
        }
    };
}

owned!(
    a_revision_that_does_not_follow_is_refused,
    a_bad_record_in_the_middle_leaves_nothing_of_the_batch,
    one_name_is_one_conversation_in_one_account,
);

async fn a_revision_that_does_not_follow_is_refused(store: Subject) {
    let one = store.begun("c1").await;
    for rev in [0, 1, 3, u64::MAX] {
        let change = Change { rev, state: b"wrong".to_vec(), ..one.clone() };
        assert_broken(store.commit(vec![record(change)]).await, "revision");
    }
    // A conversation that is not there begins with 1.
    let absent = Change { rev: 2, ..store.fresh(one.account, "c2").await };
    assert_broken(store.commit(vec![record(absent)]).await, "revision");

    let row = store.load(one.conversation).await.unwrap().unwrap();
    assert_eq!((row.rev, row.state.as_slice()), (1, &b"state"[..]));
    store.commit(vec![record(after(&one))]).await.unwrap();
}

async fn a_bad_record_in_the_middle_leaves_nothing_of_the_batch(store: Subject) {
    let (one, two) = (store.begun("c1").await, store.begun("c2").await);
    let fresh = store.fresh(one.account, "c3").await;
    let mark = OutboxChange::State { reply: ReplyId(9), state: OutboxState::Held };
    let foreign = put(reply(&one, 1, "stray"));
    let bad: [(&str, Change); 5] = [
        ("revision", Change { rev: 7, ..two.clone() }),
        ("outbox", Change { outbox: vec![mark], ..after(&two) }),
        ("put into", Change { outbox: vec![foreign], ..after(&two) }),
        ("out of range", Change { outbox: vec![put(reply(&two, u32::MAX, ""))], ..after(&two) }),
        ("name", Change { external: b"c1".to_vec(), ..store.fresh(one.account, "c1").await }),
    ];
    for (word, bad) in bad {
        let good = Change { outbox: vec![put(reply(&one, 1, "r"))], due: Some(Moment(1)), ..after(&one) };
        let last = Change { due: Some(Moment(2)), ..fresh.clone() };
        let batch = vec![loose("l", None), said("good", good), said("bad", bad), said("last", last)];
        assert_broken(store.commit(batch).await, word);
    }
    assert_eq!(store.bodies(one.conversation).await, ["message"]);
    assert_eq!(store.load(one.conversation).await.unwrap().unwrap().rev, 1);
    assert_eq!(store.outbox().await.unwrap(), []);
    assert_eq!(store.next_due().await.unwrap(), None);
    assert_eq!(store.find(one.account, b"c3").await.unwrap(), None);
    assert_eq!(store.loose_history(10).await.unwrap(), []);
    // Numbers are not used up by what was refused.
    let before = store.load(two.conversation).await.unwrap().unwrap().last_seq.unwrap();
    assert_eq!(store.seqs(vec![record(fresh)]).await, [before + 1]);
}

async fn one_name_is_one_conversation_in_one_account(store: Subject) {
    let one = store.begun("c1").await;
    let other = store.account("app", "branch").await.unwrap();
    let same_name = store.fresh(other, "c1").await;
    store.commit(vec![record(same_name.clone())]).await.unwrap();
    assert_eq!(store.find(other, b"c1").await.unwrap().unwrap().id, same_name.conversation);
    assert_eq!(store.find(one.account, b"c1").await.unwrap().unwrap().id, one.conversation);

    let twin = store.fresh(one.account, "c1").await;
    assert_broken(store.commit(vec![record(twin)]).await, "name");
    let (left, right) = (store.fresh(one.account, "c9").await, store.fresh(one.account, "c9").await);
    assert_broken(store.commit(vec![record(left), record(right)]).await, "name");
    let stranger = store.fresh(AccountId(404), "c1").await;
    assert_broken(store.commit(vec![record(stranger)]).await, "not known");
}
