//! What a commit writes, and what it does not.

use super::*;

stories!(
    a_first_commit_makes_the_conversation_and_its_name,
    records_are_numbered_in_their_order_and_chained_by_conversation,
    one_batch_may_carry_a_conversation_over_several_changes,
    a_revision_that_does_not_follow_is_refused,
    a_bad_record_in_the_middle_leaves_nothing_of_the_batch,
    one_name_is_one_conversation_in_one_account,
    a_conversation_stays_with_its_account_and_its_name,
    lines_of_no_conversation_have_a_chain_of_their_own,
    an_empty_batch_is_nothing,
    commits_from_many_sides_are_all_kept,
);

async fn a_first_commit_makes_the_conversation_and_its_name(store: Subject) {
    let account = store.account("app", "shop").await.unwrap();
    let change = Change { due: Some(Moment(77)), ..store.fresh(account, "c1").await };
    assert_eq!(store.load(change.conversation).await.unwrap(), None);
    assert_eq!(store.find(account, b"c1").await.unwrap(), None);

    let given = store.seqs(vec![said("hello", change.clone())]).await;

    let row = store.load(change.conversation).await.unwrap().unwrap();
    assert_eq!((row.id, row.account, row.rev), (change.conversation, account, 1));
    assert_eq!(
        (row.external.as_slice(), row.recent.as_slice(), row.state.as_slice()),
        (&b"c1"[..], &b"recent"[..], &b"state"[..])
    );
    assert_eq!((row.due, row.last_seq), (Some(Moment(77)), Some(given[0])));
    assert_eq!(store.find(account, b"c1").await.unwrap(), Some(row));

    let lines = store.history(change.conversation, 10).await.unwrap();
    assert_eq!(lines.len(), 1);
    let line = &lines[0];
    assert_eq!((line.seq, line.prev, line.at, line.kind.as_str()), (given[0], None, Moment(1_000), "message"));
    assert_eq!(
        (line.conversation, line.account, line.body.as_slice()),
        (Some(change.conversation), Some(account), &b"hello"[..])
    );
}

async fn records_are_numbered_in_their_order_and_chained_by_conversation(store: Subject) {
    let (one, two) = (store.begun("c1").await, store.begun("c2").await);
    // The second conversation first: the order of records counts, not that of ids.
    let batch = vec![said("b", after(&two)), said("a", after(&one))];
    let given = store.seqs(batch).await;
    assert_eq!(given[1], given[0] + 1);
    let later = store.seqs(vec![said("c", after(&after(&two)))]).await;
    assert!(later[0] > given[1]);

    let lines = store.history(two.conversation, 10).await.unwrap();
    assert_eq!(lines.iter().map(|line| line.seq).take(2).collect::<Vec<_>>(), [later[0], given[0]]);
    assert_eq!(lines[0].prev, Some(given[0]));
    assert_eq!(store.bodies(two.conversation).await, ["c", "b", "message"]);
    assert_eq!(store.bodies(one.conversation).await, ["a", "message"]);
    let newest = store.history(two.conversation, 1).await.unwrap();
    assert_eq!(newest, lines[..1]);
    assert_eq!(store.history(two.conversation, 0).await.unwrap(), []);
}

async fn one_batch_may_carry_a_conversation_over_several_changes(store: Subject) {
    let account = store.account("app", "shop").await.unwrap();
    let one = Change { due: Some(Moment(5)), ..store.fresh(account, "c1").await };
    let other = store.fresh(account, "c2").await;
    let two = Change { state: b"later".to_vec(), due: None, ..after(&one) };
    let batch = vec![said("1", one.clone()), said("x", other.clone()), said("2", two)];
    let given = store.seqs(batch).await;

    let row = store.load(one.conversation).await.unwrap().unwrap();
    assert_eq!((row.rev, row.state.as_slice(), row.due, row.last_seq), (2, &b"later"[..], None, Some(given[2])));
    assert_eq!(row.external, b"c1");
    assert_eq!(store.next_due().await.unwrap(), None);
    assert_eq!(store.bodies(one.conversation).await, ["2", "1"]);
    assert_eq!(store.history(one.conversation, 1).await.unwrap()[0].prev, Some(given[0]));
}

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

async fn a_conversation_stays_with_its_account_and_its_name(store: Subject) {
    let one = store.begun("c1").await;
    let other = store.account("app", "branch").await.unwrap();
    assert_broken(store.commit(vec![record(Change { account: other, ..after(&one) })]).await, "belong");
    let torn = Record { account: Some(other), ..record(after(&one)) };
    assert_broken(store.commit(vec![torn]).await, "names");
    // The name is written by the first commit; what later ones say of it does not count.
    store.commit(vec![record(Change { external: b"renamed".to_vec(), ..after(&one) })]).await.unwrap();
    assert_eq!(store.load(one.conversation).await.unwrap().unwrap().external, b"c1");
    assert_eq!(store.find(one.account, b"renamed").await.unwrap(), None);
}

async fn lines_of_no_conversation_have_a_chain_of_their_own(store: Subject) {
    let one = store.begun("c1").await;
    let batch = vec![loose("x", None), record(after(&one)), loose("y", Some(one.account))];
    let given = store.seqs(batch).await;
    let later = store.seqs(vec![loose("z", None)]).await;

    let lines = store.loose_history(10).await.unwrap();
    let told: Vec<_> = lines.iter().map(|line| (line.seq, line.prev, line.account, line.body.as_slice())).collect();
    assert_eq!(
        told,
        [
            (later[0], Some(given[2]), None, &b"z"[..]),
            (given[2], Some(given[0]), Some(one.account), &b"y"[..]),
            (given[0], None, None, &b"x"[..]),
        ]
    );
    assert!(lines.iter().all(|line| line.conversation.is_none() && line.kind == "unreadable" && line.at == Moment(2_000)));
    assert_eq!(store.loose_history(2).await.unwrap(), lines[..2]);
    assert_eq!(store.bodies(one.conversation).await.len(), 2);
}

async fn an_empty_batch_is_nothing(store: Subject) {
    assert!(store.commit(Vec::new()).await.unwrap().is_empty());
    assert_eq!(store.loose_history(1).await.unwrap(), []);
}

async fn commits_from_many_sides_are_all_kept(store: Subject) {
    let mut begun = Vec::new();
    for number in 0..8 {
        begun.push(store.begun(&format!("c{number}")).await);
    }
    let rounds = 20;
    let writers = begun.iter().map(|first| {
        let store = &store;
        async move {
            let mut change = first.clone();
            for round in 0..rounds {
                change = after(&change);
                store.commit(vec![said(&round.to_string(), change.clone())]).await.unwrap();
                // A reader sees at least what it has just committed.
                let row = store.load(change.conversation).await.unwrap().unwrap();
                assert_eq!(row.rev, change.rev);
                assert_eq!(store.history(change.conversation, 1).await.unwrap()[0].body, round.to_string().as_bytes());
            }
        }
    });
    futures_util::future::join_all(writers).await;
    for change in &begun {
        let mut wanted: Vec<String> = (0..rounds).rev().map(|round| round.to_string()).collect();
        wanted.push("message".to_owned());
        assert_eq!(store.bodies(change.conversation).await, wanted);
    }
}
