//! What an erasure removes, what it leaves, and what it refuses.

use super::*;
use crate::runtime::port::{ERASED, Erasure, EventPut, EventQuery, Removed};

stories!(
    an_erasure_takes_the_conversation_and_nothing_else,
    an_erasure_empties_lines_of_nobody_that_speak_of_it,
    another_revision_is_not_erased,
    a_key_leads_to_the_newest_conversation_that_asked_for_it_until_that_is_erased,
    what_is_erased_stays_erased_and_numbers_are_not_given_twice,
    entries_of_meta_are_found_by_how_they_begin,
    old_lines_leave_in_slices_but_not_the_newest_of_a_conversation,
    a_conversations_lines_of_before_a_moment_leave_but_not_its_newest,
);

/// Of what a change has made.
fn erasure(change: &Change, writer: i64) -> Erasure {
    Erasure {
        conversation: change.conversation,
        account: change.account,
        external: change.external.clone(),
        rev: change.rev,
        writer,
        at: Moment(9_000),
        remains: vec![("erased:1".to_owned(), b"remains".to_vec()), ("erased:2".to_owned(), b"beside".to_vec())],
        found_by: change.found_by.clone(),
        instead: Arc::new(|kind, body| (kind == "unreadable" && body.starts_with(b"of c1")).then(|| b"nothing".to_vec())),
        told: Arc::new(|removed| format!("{removed:?}").into_bytes()),
    }
}

async fn writer(store: &Subject, change: &Change) -> i64 {
    store.load(change.conversation).await.unwrap().unwrap().writer
}

fn event(place: u32) -> EventPut {
    EventPut { endpoint: "shop".into(), place, kind: "message.received".to_owned(), body: b"of c1".to_vec() }
}

async fn an_erasure_takes_the_conversation_and_nothing_else(store: Subject) {
    let (one, two) = (store.begun("c1").await, store.begun("c2").await);
    let rich = |change: &Change| Change {
        due: Some(Moment(5)),
        outbox: vec![put(reply(change, 1, "a")), put(reply(change, 2, "b"))],
        ..after(change)
    };
    let (one, two) = (rich(&one), rich(&two));
    let told = |change: &Change| Record { events: vec![event(0), event(1)], ..said("more", change.clone()) };
    store.commit(vec![told(&one), told(&two)]).await.unwrap();

    let removed = store.erase(erasure(&one, writer(&store, &one).await)).await.unwrap();

    assert_eq!(removed, Some(Removed { history: 2, replies: 2, events: 2, lines: 0 }));
    assert_eq!(store.load(one.conversation).await.unwrap(), None);
    assert_eq!(store.find(one.account, b"c1").await.unwrap(), None);
    assert_eq!(store.history(one.conversation, 9).await.unwrap(), []);
    assert_eq!(store.outbox_of(one.conversation).await.unwrap(), []);
    assert_eq!(store.revisions(&[one.conversation]).await.unwrap(), []);
    assert_eq!(store.meta("erased:1").await.unwrap().unwrap(), b"remains");
    assert_eq!(store.meta("erased:2").await.unwrap().unwrap(), b"beside");
    let line = store.loose_history(1).await.unwrap().remove(0);
    assert_eq!((line.kind.as_str(), line.at, line.account), (ERASED, Moment(9_000), Some(one.account)));
    assert_eq!(line.body, format!("{:?}", removed.unwrap()).into_bytes());
    // The other one has all it had.
    assert_eq!(store.bodies(two.conversation).await, ["more", "message"]);
    assert_eq!(store.outbox().await.unwrap().len(), 2);
    assert_eq!(store.due(Moment(99), 9).await.unwrap(), [(two.conversation, Moment(5))]);
    let events = store.events(&EventQuery::default(), 9).await.unwrap();
    assert!(events.len() == 2 && events.iter().all(|event| event.conversation == two.conversation), "{events:?}");
}

async fn a_key_leads_to_the_newest_conversation_that_asked_for_it_until_that_is_erased(store: Subject) {
    let found = async || store.meta("person:1:mona").await.unwrap();
    let leads_to = |change: &Change| Some(change.conversation.0.to_string().into_bytes());
    let (one, two) = (store.begun("c1").await, store.begun("c2").await);
    let asks = |change: &Change| Change { found_by: Some("person:1:mona".to_owned()), ..after(change) };
    let (one, two) = (asks(&one), asks(&two));
    store.commit(vec![record(one.clone())]).await.unwrap();
    assert_eq!(found().await, leads_to(&one));
    // Both in one batch: the later one holds.
    store.commit(vec![record(asks(&one)), record(two.clone())]).await.unwrap();
    assert_eq!(found().await, leads_to(&two));
    store.commit(vec![record(after(&two))]).await.unwrap();
    assert_eq!(found().await, leads_to(&two), "a change that asks for nothing takes nothing away");
    let two = Change { found_by: two.found_by.clone(), ..after(&two) };
    store.erase(erasure(&two, writer(&store, &two).await)).await.unwrap().unwrap();
    assert_eq!(found().await, None);
}

async fn an_erasure_empties_lines_of_nobody_that_speak_of_it(store: Subject) {
    let one = store.begun("c1").await;
    let other = store.account("app", "branch").await.unwrap();
    let lines = vec![
        loose("of c1, somewhere", None),
        loose("of c2", None),
        loose("of c1", Some(one.account)),
        loose("of c1", Some(other)),
    ];
    store.commit(lines).await.unwrap();
    let removed = store.erase(erasure(&one, writer(&store, &one).await)).await.unwrap().unwrap();
    assert_eq!((removed.lines, removed.history), (2, 1));
    let lines = store.loose_history(9).await.unwrap();
    let bodies: Vec<_> = lines.iter().skip(1).map(|line| String::from_utf8_lossy(&line.body)).collect();
    assert_eq!(bodies, ["of c1", "nothing", "of c2", "nothing"]);
    assert_eq!(lines[0].prev, Some(lines[1].seq));
}

async fn another_revision_is_not_erased(store: Subject) {
    let one = store.begun("c1").await;
    let by = writer(&store, &one).await;
    store.commit(vec![record(after(&one))]).await.unwrap();
    assert_eq!(store.erase(erasure(&one, by)).await.unwrap(), None);
    let absent = store.fresh(one.account, "c9").await;
    assert_eq!(store.erase(erasure(&absent, by)).await.unwrap(), None);
    assert_eq!(store.bodies(one.conversation).await, ["message", "message"]);
    assert_eq!(store.loose_history(9).await.unwrap(), []);
    assert_eq!(store.meta("erased:1").await.unwrap(), None);
}

async fn what_is_erased_stays_erased_and_numbers_are_not_given_twice(mut store: Subject) {
    let one = store.begun("c1").await;
    let newest = store.load(one.conversation).await.unwrap().unwrap().last_seq.unwrap();
    store.erase(erasure(&one, writer(&store, &one).await)).await.unwrap().unwrap();
    store.restart().await;
    assert_eq!(store.find(one.account, b"c1").await.unwrap(), None);
    assert_eq!(store.conversations(9).await.unwrap(), []);
    // The customer may begin anew, under the same name and another number.
    let again = store.fresh(one.account, "c1").await;
    assert_ne!(again.conversation, one.conversation);
    let given = store.seqs(vec![record(again.clone())]).await;
    assert!(given[0] > newest + 1, "{given:?} after {newest} and the line of the erasure");
    assert_eq!(store.find(one.account, b"c1").await.unwrap().unwrap().id, again.conversation);
}

async fn entries_of_meta_are_found_by_how_they_begin(store: Subject) {
    for key in ["erased:b", "erased:a", "erasee", "erased;", "other"] {
        store.put_meta(key, key.as_bytes()).await.unwrap();
    }
    let found = |rows: Vec<(String, Vec<u8>)>| rows.into_iter().map(|(key, _)| key).collect::<Vec<_>>();
    assert_eq!(found(store.meta_under("erased:", 9).await.unwrap()), ["erased:a", "erased:b"]);
    assert_eq!(found(store.meta_under("erased:", 1).await.unwrap()), ["erased:a"]);
    store.remove_meta(&["erased:a".to_owned(), "absent".to_owned()]).await.unwrap();
    assert_eq!(found(store.meta_under("erased:", 9).await.unwrap()), ["erased:b"]);
    assert_eq!(store.meta("other").await.unwrap().unwrap(), b"other");
}

fn at(ms: i64, record: Record) -> Record {
    Record { at: Moment(ms), ..record }
}

/// Prunes in slices until nothing old is left.
async fn prune(store: &Subject, before: i64, most: usize) -> u64 {
    let (mut from, mut removed) = (Some((i64::MIN, i64::MIN)), 0);
    for _ in 0..100 {
        let Some(after) = from else { return removed };
        let pruned = store.prune_history(after, Moment(before), most).await.unwrap();
        removed += pruned.removed;
        from = pruned.next;
    }
    panic!("it does not end");
}

async fn old_lines_leave_in_slices_but_not_the_newest_of_a_conversation(mut store: Subject) {
    let account = store.account("app", "shop").await.unwrap();
    let branch = store.account("app", "branch").await.unwrap();
    let (one, two, three) = (store.fresh(account, "c1").await, store.fresh(account, "c2").await, store.fresh(branch, "c3").await);
    let audit = Record { kind: "audit", ..loose("who", None) };
    let later = |change: &Change, times: u64| Change { rev: change.rev + times, outbox: Vec::new(), ..change.clone() };
    let batch = vec![
        at(10, said("1", one.clone())),
        at(11, said("x", two.clone())),
        at(12, said("o", three.clone())),
        at(13, said("2", later(&one, 1))),
        at(14, audit),
        at(15, loose("of somebody", Some(account))),
        at(16, said("3", later(&one, 2))),
        at(17, loose("of nobody", None)),
        at(30, said("4", later(&one, 3))),
        at(31, said("p", later(&three, 1))),
        at(32, loose("young", None)),
    ];
    store.commit(batch).await.unwrap();
    // Three of the first conversation, one of the third, and two that are emptied.
    assert_eq!(prune(&store, 20, 2).await, 6);
    assert_eq!(prune(&store, 20, 500).await, 0);
    assert_eq!(store.bodies(one.conversation).await, ["4"]);
    assert_eq!(store.bodies(two.conversation).await, ["x"]);
    assert_eq!(store.bodies(three.conversation).await, ["p"]);
    assert!(store.history(one.conversation, 9).await.unwrap()[0].prev.is_some(), "that there was more is still told");
    let lines: Vec<String> =
        store.loose_history(9).await.unwrap().into_iter().map(|row| String::from_utf8(row.body).unwrap()).collect();
    assert_eq!(lines, ["young", "{}", "{}", "who"]);
    store.restart().await;
    store.seqs(vec![at(40, said("5", Change { after: writer(&store, &one).await, ..later(&one, 4) }))]).await;
    assert_eq!(store.bodies(one.conversation).await, ["5", "4"]);
}

async fn a_conversations_lines_of_before_a_moment_leave_but_not_its_newest(store: Subject) {
    let (one, two) = (store.begun("c1").await, store.begun("c2").await);
    let later = |times: u64| Change { rev: one.rev + times, outbox: Vec::new(), ..one.clone() };
    store.commit(vec![at(2_000, said("b", later(1))), at(3_000, said("c", later(2)))]).await.unwrap();
    assert_eq!(store.cut_history(one.conversation, Moment(2_000)).await.unwrap(), 1);
    assert_eq!(store.bodies(one.conversation).await, ["c", "b"]);
    assert_eq!(store.cut_history(one.conversation, Moment(9_000)).await.unwrap(), 1);
    assert_eq!(store.cut_history(one.conversation, Moment(9_000)).await.unwrap(), 0);
    assert_eq!(store.bodies(one.conversation).await, ["c"]);
    assert_eq!(store.bodies(two.conversation).await, ["message"]);
}
