//! What a commit writes, and what it does not.

use super::*;

stories!(
    a_first_commit_makes_the_conversation_and_its_name,
    records_are_numbered_in_their_order_and_chained_by_conversation,
    one_batch_may_carry_a_conversation_over_several_changes,
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
