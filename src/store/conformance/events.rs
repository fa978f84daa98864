//! What other systems have not taken yet.

use super::*;
use crate::runtime::port::{EventCount, EventKeeping, EventKey, EventPut, EventQuery, EventRow, EventsTrimmed, Settled};

stories!(
    an_event_is_written_with_its_line_or_not_at_all,
    the_oldest_of_each_conversation_stands_first_for_each_endpoint,
    a_delivered_one_goes_and_a_failed_one_waits_or_dies,
    an_endpoint_that_takes_nothing_holds_its_events_until_they_die,
    dead_ones_are_listed_and_wait_again_as_if_never_tried,
    what_is_too_old_or_too_much_is_removed_the_dead_first,
    events_are_there_after_a_restart,
);

fn event(endpoint: &str, place: u32, kind: &str) -> EventPut {
    EventPut { endpoint: endpoint.into(), place, kind: kind.to_owned(), body: format!("{kind}\0").into_bytes() }
}

fn with(events: Vec<EventPut>, record: Record) -> Record {
    Record { events, ..record }
}

fn told(rows: &[EventRow]) -> Vec<String> {
    rows.iter().map(|row| format!("{} {}", row.key.endpoint, row.kind)).collect()
}

impl Subject {
    async fn heads(&self, endpoint: &str) -> Vec<EventRow> {
        self.event_heads(endpoint, 100).await.unwrap()
    }

    async fn waiting(&self) -> Vec<String> {
        told(&self.events(&EventQuery::default(), 100).await.unwrap())
    }

    async fn dead(&self) -> Vec<EventRow> {
        self.events(&EventQuery { dead: true, ..EventQuery::default() }, 100).await.unwrap()
    }

    /// Two conversations: three events of one and one of the other, for the shop.
    async fn four(&self) -> (Change, Change) {
        let (one, two) = (self.begun("c1").await, self.begun("c2").await);
        let (next, last) = (after(&one), after(&after(&one)));
        let batch = vec![
            with(vec![event("shop", 0, "a"), event("shop", 1, "b")], record(next)),
            with(vec![event("shop", 0, "x")], record(after(&two))),
            with(vec![event("shop", 0, "c")], record(last.clone())),
        ];
        self.commit(batch).await.unwrap();
        (last, after(&two))
    }
}

async fn an_event_is_written_with_its_line_or_not_at_all(store: Subject) {
    let change = store.begun("c1").await;
    let put = vec![event("shop", 0, "message.received"), event("crm", 1, "emit.order")];
    let seqs = store.seqs(vec![with(put, record(after(&change)))]).await;
    let rows = store.events(&EventQuery::default(), 100).await.unwrap();
    assert_eq!(told(&rows), ["crm emit.order", "shop message.received"]);
    let key = EventKey { endpoint: "crm".to_owned(), seq: seqs[0], place: 1 };
    let wanted = EventRow {
        key,
        account: change.account,
        conversation: change.conversation,
        at: Moment(1_000),
        kind: "emit.order".to_owned(),
        body: b"emit.order\0".to_vec(),
        tries: 0,
        next: Moment(1_000),
        since: None,
        dead: false,
        reason: String::new(),
    };
    assert_eq!(rows[0], wanted);

    // A batch that is refused leaves none behind.
    let torn =
        Change { outbox: vec![OutboxChange::State { reply: ReplyId(9), state: OutboxState::Held }], ..after(&after(&change)) };
    assert_broken(store.commit(vec![with(vec![event("shop", 0, "never")], record(torn))]).await, "outbox");
    assert_eq!(store.waiting().await.len(), 2);
}

async fn the_oldest_of_each_conversation_stands_first_for_each_endpoint(store: Subject) {
    let (one, _) = store.four().await;
    store.commit(vec![with(vec![event("crm", 0, "other")], record(after(&one)))]).await.unwrap();
    assert_eq!(told(&store.heads("shop").await), ["shop a", "shop x"]);
    assert_eq!(told(&store.heads("crm").await), ["crm other"]);
    assert_eq!(store.heads("sho").await, []);
    assert_eq!(store.event_heads("shop", 1).await.unwrap().len(), 1);

    // One that is to be tried later stands behind, and its followers wait for it.
    let head = store.heads("shop").await[0].clone();
    let (next, since) = (Moment(9_000), Moment(2_000));
    let again = Settled::Again { key: head.key, tries: 1, next, since, reason: "status 500\0".to_owned() };
    store.settle_events(vec![again]).await.unwrap();
    let heads = store.heads("shop").await;
    assert_eq!(told(&heads), ["shop x", "shop a"]);
    assert_eq!((heads[1].tries, heads[1].next, heads[1].since), (1, next, Some(since)));
    store.hasten_events("shop", Moment(1_500)).await.unwrap();
    let nexts: Vec<i64> = store.heads("shop").await.iter().map(|row| row.next.0).collect();
    assert_eq!(nexts, [1_000, 1_500]);
}

async fn a_delivered_one_goes_and_a_failed_one_waits_or_dies(store: Subject) {
    store.four().await;
    let heads = store.heads("shop").await;
    let (at, since) = (Moment(9_000), Moment(2_000));
    let dead = Settled::Dead { key: heads[0].key.clone(), tries: 7, at, since, reason: "status 500".to_owned() };
    store.settle_events(vec![dead.clone(), Settled::Delivered(heads[1].key.clone())]).await.unwrap();
    assert_eq!(told(&store.heads("shop").await), ["shop b"]);
    let rows = store.dead().await;
    assert_eq!((rows[0].tries, rows[0].next, rows[0].reason.as_str()), (7, at, "status 500"));
    // What is gone or dead is left alone.
    let again = |row: &EventRow| Settled::Again { key: row.key.clone(), tries: 1, next: at, since, reason: String::new() };
    store.settle_events(vec![again(&heads[0]), again(&heads[1]), Settled::Delivered(heads[1].key.clone())]).await.unwrap();
    assert_eq!(store.dead().await, rows);
    assert_eq!(store.waiting().await, ["shop b", "shop c"]);
}

async fn an_endpoint_that_takes_nothing_holds_its_events_until_they_die(store: Subject) {
    let (one, _) = store.four().await;
    assert_eq!(store.hold_events("shop", Moment(5_000), Moment(4_000), "down").await.unwrap(), 0);
    store.commit(vec![with(vec![event("shop", 0, "late"), event("crm", 1, "other")], record(after(&one)))]).await.unwrap();
    assert_eq!(store.hold_events("shop", Moment(6_000), Moment(4_000), "down").await.unwrap(), 0);
    assert_eq!(store.hold_events("shop", Moment(9_000), Moment(5_000), "down").await.unwrap(), 4);
    assert_eq!(store.waiting().await, ["crm other", "shop late"]);
    let dead = store.dead().await;
    assert!(dead.iter().all(|row| row.next == Moment(9_000) && row.reason == "down"), "{dead:?}");
    let oldest = Some(Moment(1_000));
    let counts = [("crm", 1, 0), ("shop", 1, 4)];
    let counts = counts.map(|(name, waiting, dead)| EventCount { endpoint: name.to_owned(), waiting, dead, oldest });
    assert_eq!(store.event_counts().await.unwrap(), counts);
}

async fn dead_ones_are_listed_and_wait_again_as_if_never_tried(store: Subject) {
    store.four().await;
    store.hold_events("shop", Moment(5_000), Moment(5_000), "down").await.unwrap();
    assert_eq!(told(&store.dead().await), ["shop a", "shop b", "shop x", "shop c"]);
    let second = store.dead().await[1].key.clone();
    let one = EventQuery { one: Some((second.seq, second.place)), ..EventQuery::default() };
    assert_eq!(store.replay_events(&one, Moment(6_000)).await.unwrap(), 1);
    let heads = store.heads("shop").await;
    assert_eq!(told(&heads), ["shop b"]);
    assert_eq!((heads[0].tries, heads[0].next, heads[0].since, heads[0].reason.as_str()), (0, Moment(6_000), None, ""));
    let elsewhere = EventQuery { endpoint: Some("crm".to_owned()), ..EventQuery::default() };
    assert_eq!(store.replay_events(&elsewhere, Moment(6_000)).await.unwrap(), 0);
    let here = EventQuery { endpoint: Some("shop".to_owned()), ..EventQuery::default() };
    assert_eq!(store.replay_events(&here, Moment(6_000)).await.unwrap(), 3);
    assert_eq!(told(&store.heads("shop").await), ["shop a", "shop x"]);
}

async fn what_is_too_old_or_too_much_is_removed_the_dead_first(store: Subject) {
    let (one, two) = store.four().await;
    store.hold_events("shop", Moment(5_000), Moment(5_000), "down").await.unwrap();
    let more = vec![event("shop", 0, "y"), event("old", 1, "z")];
    store.commit(vec![with(vec![event("shop", 0, "d"), event("shop", 1, "e")], record(after(&one)))]).await.unwrap();
    store.commit(vec![with(more, record(after(&two)))]).await.unwrap();
    let keeping = |before, rows_max| EventKeeping { before: Moment(before), endpoints: vec!["shop".to_owned()], rows_max };
    let trim = async |before, rows_max| {
        let EventsTrimmed { forgotten, dropped } = store.trim_events(&keeping(before, rows_max)).await.unwrap();
        (forgotten, dropped)
    };
    assert_eq!(trim(1_000, 100).await, (0, 0));
    assert_eq!(trim(1_000, 6).await, (1, 0), "one dead of seven");
    assert_eq!(trim(5_001, 100).await, (4, 0), "three dead, and one of an endpoint that is no more");
    assert_eq!(trim(5_001, 2).await, (0, 1));
    assert_eq!(store.waiting().await, ["shop e", "shop y"]);
}

async fn events_are_there_after_a_restart(mut store: Subject) {
    store.four().await;
    let before = store.events(&EventQuery::default(), 100).await.unwrap();
    store.restart().await;
    assert_eq!(store.events(&EventQuery::default(), 100).await.unwrap(), before);
    assert_eq!(told(&store.heads("shop").await), ["shop a", "shop x"]);
}
