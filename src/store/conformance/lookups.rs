//! Accounts, due moments, lists, media and the rest.

use super::*;

stories!(
    an_account_gets_one_id_at_first_sight,
    a_token_is_replaced_only_by_a_newer_one,
    fresh_conversations_are_never_the_same,
    due_conversations_come_earliest_first,
    a_due_moment_moves_and_goes,
    conversations_are_listed_newest_first,
    media_are_remembered_and_forgotten,
    meta_values_are_replaced,
    conversations_are_walked_through_in_order,
    versions_are_numbered_once_and_kept_as_they_are,
);

async fn an_account_gets_one_id_at_first_sight(store: Subject) {
    let one = store.account("app", "shop").await.unwrap();
    let two = store.account("app", "branch").await.unwrap();
    let three = store.account("other app", "shop").await.unwrap();
    assert!(one != two && two != three && one != three);
    assert_eq!(store.account("app", "shop").await.unwrap(), one);
    let rows = store.accounts().await.unwrap();
    let told: Vec<_> = rows.iter().map(|row| (row.id, row.app.as_str(), row.open_id.as_str())).collect();
    assert_eq!(told, [(one, "app", "shop"), (two, "app", "branch"), (three, "other app", "shop")]);
    assert!(rows.iter().all(|row| row.token.is_none() && row.token_generation == 0));
}

async fn a_token_is_replaced_only_by_a_newer_one(store: Subject) {
    let account = store.account("app", "shop").await.unwrap();
    let stored = async |store: &Subject| {
        let row = store.accounts().await.unwrap().remove(0);
        (row.token_generation, row.token)
    };
    store.put_token(account, 2, Some(b"two".to_vec())).await.unwrap();
    store.put_token(account, 2, Some(b"also two".to_vec())).await.unwrap();
    store.put_token(account, 1, Some(b"one".to_vec())).await.unwrap();
    assert_eq!(stored(&store).await, (2, Some(b"two".to_vec())));
    store.put_token(account, 3, None).await.unwrap();
    assert_eq!(stored(&store).await, (3, None));
    assert_broken(store.put_token(AccountId(404), 1, None).await, "not known");
}

async fn fresh_conversations_are_never_the_same(mut store: Subject) {
    let mut given = std::collections::BTreeSet::new();
    for _ in 0..3 {
        for _ in 0..300 {
            assert!(given.insert(store.fresh_conversation().await.unwrap()));
        }
        store.restart().await;
    }
    let many = (0..100).map(|_| store.fresh_conversation());
    for id in futures_util::future::join_all(many).await {
        assert!(given.insert(id.unwrap()));
    }
}

async fn due_conversations_come_earliest_first(store: Subject) {
    let mut ids = Vec::new();
    for (name, due) in [("a", Some(30)), ("b", Some(10)), ("c", None), ("d", Some(20)), ("e", Some(10)), ("f", Some(-5))] {
        let change = store.begun(name).await;
        store.commit(vec![record(Change { due: due.map(Moment), ..after(&change) })]).await.unwrap();
        ids.push(change.conversation);
    }
    assert_eq!(store.next_due().await.unwrap(), Some(Moment(-5)));
    let all = [(ids[5], Moment(-5)), (ids[1], Moment(10)), (ids[4], Moment(10)), (ids[3], Moment(20)), (ids[0], Moment(30))];
    assert_eq!(store.due(Moment(i64::MAX), 100).await.unwrap(), all);
    assert_eq!(store.due(Moment(20), 100).await.unwrap(), all[..4]);
    assert_eq!(store.due(Moment(19), 100).await.unwrap(), all[..3]);
    assert_eq!(store.due(Moment(20), 2).await.unwrap(), all[..2]);
    assert_eq!(store.due(Moment(20), 0).await.unwrap(), []);
    assert_eq!(store.due(Moment(-6), 100).await.unwrap(), []);
    assert_eq!(store.due(Moment(20), usize::MAX).await.unwrap(), all[..4]);
}

async fn a_due_moment_moves_and_goes(store: Subject) {
    let mut change = store.begun("c1").await;
    for due in [Some(50), Some(20), Some(90), Some(90), None, Some(7)] {
        change = Change { due: due.map(Moment), ..after(&change) };
        store.commit(vec![record(change.clone())]).await.unwrap();
        assert_eq!(store.next_due().await.unwrap(), due.map(Moment));
        assert_eq!(store.due(Moment(1_000), 10).await.unwrap().len(), usize::from(due.is_some()));
    }
}

async fn conversations_are_listed_newest_first(store: Subject) {
    assert_eq!(store.conversations(10).await.unwrap(), []);
    let mut ids = Vec::new();
    for name in ["a", "b", "c"] {
        ids.push(store.begun(name).await.conversation);
    }
    let listed: Vec<_> = store.conversations(2).await.unwrap().iter().map(|row| row.id).collect();
    assert_eq!(listed, [ids[2], ids[1]]);
    assert_eq!(store.conversations(usize::MAX).await.unwrap().len(), 3);
}

async fn media_are_remembered_and_forgotten(store: Subject) {
    let (one, two) = (store.account("app", "shop").await.unwrap(), store.account("app", "branch").await.unwrap());
    assert_eq!(store.media(one, "d1").await.unwrap(), None);
    store.put_media(one, "d1", "m1", Moment(5)).await.unwrap();
    store.put_media(one, "d2", "m2", Moment(6)).await.unwrap();
    assert_eq!(store.media(one, "d1").await.unwrap(), Some(("m1".to_owned(), Moment(5))));
    assert_eq!(store.media(two, "d1").await.unwrap(), None);
    store.put_media(one, "d1", "m3", Moment(7)).await.unwrap();
    assert_eq!(store.media(one, "d1").await.unwrap(), Some(("m3".to_owned(), Moment(7))));
    store.put_media(one, "d1", "", Moment(0)).await.unwrap();
    assert_eq!(store.media(one, "d1").await.unwrap(), None);
    assert_eq!(store.media(one, "d2").await.unwrap(), Some(("m2".to_owned(), Moment(6))));
    assert_broken(store.put_media(AccountId(404), "d1", "m1", Moment(5)).await, "not known");
}

async fn meta_values_are_replaced(store: Subject) {
    assert_eq!(store.meta("bot").await.unwrap(), None);
    store.put_meta("bot", b"one").await.unwrap();
    store.put_meta("bot", b"").await.unwrap();
    store.put_meta("epoch", b"not the store's own").await.unwrap();
    assert_eq!(store.meta("bot").await.unwrap(), Some(Vec::new()));
    assert_eq!(store.meta("Bot").await.unwrap(), None);
}

async fn conversations_are_walked_through_in_order(store: Subject) {
    let mut ids = Vec::new();
    for name in ["a", "b", "c", "d", "e"] {
        ids.push(store.begun(name).await.conversation);
    }
    let mut seen = Vec::new();
    let mut after = ConversationId(0);
    loop {
        let rows = store.conversations_after(after, 2).await.unwrap();
        assert!(rows.len() <= 2);
        let Some(last) = rows.last() else { break };
        after = last.id;
        seen.extend(rows.into_iter().map(|row| row.id));
    }
    assert_eq!(seen, ids);
}

async fn versions_are_numbered_once_and_kept_as_they_are(mut store: Subject) {
    let version = |digest: &str, body: &[u8]| VersionRow {
        number: 77,
        digest: digest.to_owned(),
        at: Moment(5),
        program: "0.1.0".to_owned(),
        body: body.to_vec(),
    };
    assert!(store.versions().await.unwrap().is_empty());
    assert_eq!(store.put_version(version("one", b"\0\xff")).await.unwrap(), 1);
    assert_eq!(store.put_version(version("two", b"")).await.unwrap(), 2);
    // The same again, whenever it comes and whatever is said beside it.
    assert_eq!(store.put_version(VersionRow { at: Moment(9), ..version("one", b"other") }).await.unwrap(), 1);
    store.restart().await;
    assert_eq!(store.version(1).await.unwrap().unwrap(), VersionRow { number: 1, ..version("one", b"\0\xff") });
    assert_eq!(store.put_version(version("three", b"3")).await.unwrap(), 3);
    store.remove_versions(&[1, 2, 404]).await.unwrap();
    assert_eq!(store.version(2).await.unwrap(), None);
    assert_eq!(store.versions().await.unwrap(), [VersionRow { number: 3, ..version("three", b"") }]);
    // What was removed comes back under another number.
    assert_eq!(store.put_version(version("one", b"1")).await.unwrap(), 4);
    let many: Vec<String> = (0..8).map(|number| format!("many {number}")).collect();
    let many = futures_util::future::join_all(many.iter().map(|digest| store.put_version(version(digest, b"m")))).await;
    let many: std::collections::BTreeSet<u32> = many.into_iter().map(Result::unwrap).collect();
    assert_eq!(many, (5..13).collect());
}
