//! What a restart finds.

use super::*;

stories!(everything_committed_is_there_after_a_restart, the_epoch_rises_with_every_start);

async fn everything_committed_is_there_after_a_restart(mut store: Subject) {
    let one = store.begun("c1").await;
    let marked = OutboxState::Marked { attempt: 1, epoch: 1, begun: Moment(3), not_after: Moment(4) };
    let row = OutboxRow { state: marked, ..reply(&one, 1, "r") };
    let change = Change { due: Some(Moment(9)), outbox: vec![put(row.clone())], ..after(&one) };
    let given = store.seqs(vec![loose("x", None), said("2", change.clone())]).await;
    store.put_token(one.account, 4, Some(b"sealed".to_vec())).await.unwrap();
    store.put_media(one.account, "d", "m", Moment(5)).await.unwrap();
    store.put_meta("k", b"v").await.unwrap();
    let before = store.load(one.conversation).await.unwrap();

    store.restart().await;

    assert_eq!(store.load(one.conversation).await.unwrap(), before);
    assert_eq!(store.find(one.account, b"c1").await.unwrap(), before);
    assert_eq!(store.bodies(one.conversation).await, ["2", "message"]);
    assert_eq!(store.loose_history(9).await.unwrap()[0].body, b"x");
    assert_eq!(store.outbox().await.unwrap(), [row]);
    assert_eq!(store.due(Moment(9), 9).await.unwrap(), [(one.conversation, Moment(9))]);
    assert_eq!(store.account("app", "shop").await.unwrap(), one.account);
    assert_eq!(store.accounts().await.unwrap()[0].token, Some(b"sealed".to_vec()));
    assert_eq!(store.media(one.account, "d").await.unwrap(), Some(("m".to_owned(), Moment(5))));
    assert_eq!(store.meta("k").await.unwrap(), Some(b"v".to_vec()));
    // Numbers and chains go on where they were.
    let next = store.seqs(vec![loose("y", None), record(after(&change))]).await;
    assert_eq!(next, [given[1] + 1, given[1] + 2]);
    assert_eq!(store.loose_history(9).await.unwrap()[0].prev, Some(given[0]));
}

async fn the_epoch_rises_with_every_start(mut store: Subject) {
    let mut last = 0;
    for _ in 0..3 {
        let epoch = store.epoch().await.unwrap();
        assert!(epoch > last);
        assert_eq!(store.epoch().await.unwrap(), epoch);
        last = epoch;
        store.restart().await;
    }
}
