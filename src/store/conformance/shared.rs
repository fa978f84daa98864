//! What several processes find that share a store.

use super::*;
use crate::runtime::port::{Clock, EventPut, PAUSE, pause_of};

/// Each story as a test for each store that can be shared.
macro_rules! shared {
    ($($name:ident),* $(,)?) => {
        mod memory {
            use super::Pair;
            $(#[tokio::test] async fn $name() { super::$name(Pair::memory().await).await; })*
        }
        mod postgres {
            use super::Pair;
            $(#[tokio::test] async fn $name() { super::$name(Pair::postgres().await).await; })*
        }
    };
}

shared!(
    of_two_that_change_a_conversation_the_second_is_stale,
    what_stands_on_a_stale_record_is_stale_and_the_rest_is_written,
    a_revision_of_another_writer_is_no_basis,
    of_two_that_begin_a_conversation_of_one_name_the_second_is_stale,
    a_bad_record_leaves_nothing_of_the_batch,
    a_mark_is_written_by_the_leader_alone,
    an_event_is_brought_by_the_leader_and_only_if_its_line_was_written,
    a_fenced_first_commit_leaves_its_name_free,
    a_lease_is_held_by_one_and_renewed_by_it,
    a_lease_ends_by_itself_and_is_taken_over,
    a_lease_is_given_back,
    only_the_leader_is_told_what_is_due_and_open,
    the_leader_is_told_once_what_others_have_changed,
    news_wait_for_a_leader,
    revisions_say_who_made_them,
    of_several_that_write_a_value_once_all_get_the_first,
    epochs_are_nobody_elses,
    processes_agree_on_accounts,
    no_mark_is_committed_after_a_pause_whichever_process_made_it,
);

/// Two processes on one store.
struct Pair {
    one: Subject,
    two: Box<dyn Store>,
    two_epoch: i64,
}

const HOUR: Duration = Duration::from_secs(3_600);

impl Pair {
    async fn memory() -> Self {
        Self::of(Origin::Memory(Memory::shared(Arc::new(SystemClock)))).await
    }

    async fn postgres() -> Self {
        Self::of(Origin::Postgres(Cluster::shared().database().await)).await
    }

    /// Nobody leads yet.
    async fn of(origin: Origin) -> Self {
        let one = Subject::of(origin).await;
        one.release("app").await.unwrap();
        let two = one.origin.open().await;
        let two_epoch = two.epoch().await.unwrap();
        Self { one, two, two_epoch }
    }

    /// A conversation that the first process began.
    async fn begun(&self, external: &str) -> Change {
        self.one.begun(external).await
    }
}

/// The change that follows, by whoever has loaded it.
fn next(change: &Change, state: &str) -> Change {
    Change { state: state.as_bytes().to_vec(), ..after(change) }
}

async fn pause(ms: i64) {
    SystemClock.sleep_until(SystemClock.now().plus_ms(ms)).await;
}

fn is_line(written: Written) -> bool {
    matches!(written, Written::Line(_))
}

async fn of_two_that_change_a_conversation_the_second_is_stale(pair: Pair) {
    let change = pair.begun("c1").await;
    let written = pair.two.commit(vec![said("two", next(&change, "two"))]).await.unwrap();
    assert!(is_line(written[0]));
    let outbox = vec![put(reply(&change, 1, "lost"))];
    let late = Change { outbox, due: Some(Moment(1)), ..next(&change, "one") };
    assert_eq!(pair.one.commit(vec![said("one", late)]).await.unwrap(), [Written::Stale]);

    let row = pair.one.load(change.conversation).await.unwrap().unwrap();
    assert_eq!((row.rev, row.writer, row.state.as_slice(), row.due), (2, pair.two_epoch, &b"two"[..], None));
    assert_eq!(pair.one.bodies(change.conversation).await, ["two", "message"]);
    assert_eq!(pair.one.outbox_of(change.conversation).await.unwrap(), []);
    // Computed anew on what the other has written, it goes in.
    let anew = Change { rev: 3, after: pair.two_epoch, ..next(&change, "one") };
    assert!(is_line(pair.one.commit(vec![said("anew", anew)]).await.unwrap()[0]));
    assert_eq!(pair.one.bodies(change.conversation).await, ["anew", "two", "message"]);
}

async fn what_stands_on_a_stale_record_is_stale_and_the_rest_is_written(pair: Pair) {
    let (mine, other) = (pair.begun("c1").await, pair.begun("c2").await);
    pair.two.commit(vec![said("two", next(&mine, "two"))]).await.unwrap();
    let (second, third) = (next(&mine, "2"), next(&next(&mine, "2"), "3"));
    let fresh = pair.one.fresh(mine.account, "c3").await;
    let batch = vec![
        loose("l", None),
        said("stale", second),
        said("good", next(&other, "good")),
        said("stale too", third),
        said("good too", next(&next(&other, "good"), "better")),
        said("new", fresh.clone()),
    ];
    let written = pair.one.commit(batch).await.unwrap();
    assert_eq!(written.iter().map(|written| is_line(*written)).collect::<Vec<_>>(), [true, false, true, false, true, true]);
    assert_eq!((written[1], written[3]), (Written::Stale, Written::Stale));
    assert_eq!(pair.one.bodies(mine.conversation).await, ["two", "message"]);
    assert_eq!(pair.one.bodies(other.conversation).await, ["good too", "good", "message"]);
    assert_eq!(pair.two.load(fresh.conversation).await.unwrap().unwrap().rev, 1);
    assert_eq!(pair.two.loose_history(9).await.unwrap().len(), 1);
    let lines = pair.two.history(other.conversation, 9).await.unwrap();
    assert!(lines.windows(2).all(|pair| pair[0].prev == Some(pair[1].seq) && pair[0].seq > pair[1].seq));
}

async fn a_revision_of_another_writer_is_no_basis(pair: Pair) {
    let change = pair.begun("c1").await;
    for (rev, after) in
        [(2, pair.two_epoch), (2, 0), (1, pair.one.epoch), (3, pair.one.epoch), (0, pair.one.epoch), (u64::MAX, 0)]
    {
        let wrong = Change { rev, after, ..next(&change, "wrong") };
        assert_eq!(pair.one.commit(vec![record(wrong)]).await.unwrap(), [Written::Stale], "{rev} after {after}");
    }
    let absent = Change { rev: 2, ..pair.one.fresh(change.account, "c2").await };
    assert_eq!(pair.one.commit(vec![record(absent)]).await.unwrap(), [Written::Stale]);
    assert_eq!(pair.one.load(change.conversation).await.unwrap().unwrap().state, b"state");
}

async fn of_two_that_begin_a_conversation_of_one_name_the_second_is_stale(pair: Pair) {
    let account = pair.one.account("app", "shop").await.unwrap();
    for round in 0..5 {
        let name = format!("c{round}");
        let (one, two) = (pair.one.fresh(account, &name).await, pair.one.fresh(account, &name).await);
        let records =
            |change: &Change| vec![record(change.clone()), said("more", Change { after: pair.one.epoch, ..after(change) })];
        let mut theirs = records(&two);
        theirs[1].change.as_mut().unwrap().after = pair.two_epoch;
        let (left, right) = tokio::join!(pair.one.commit(records(&one)), pair.two.commit(theirs));
        let (left, right) = (left.unwrap(), right.unwrap());
        assert!(is_line(left[0]) != is_line(right[0]), "{left:?} {right:?}");
        let (winner, loser, lost) = if is_line(left[0]) { (&one, &two, right) } else { (&two, &one, left) };
        assert_eq!(lost, [Written::Stale, Written::Stale]);
        let row = pair.two.find(account, name.as_bytes()).await.unwrap().unwrap();
        assert_eq!((row.id, row.rev), (winner.conversation, 2));
        assert_eq!(pair.one.load(loser.conversation).await.unwrap(), None);
        assert_eq!(pair.one.bodies(loser.conversation).await, Vec::<String>::new());
    }
    let other = pair.one.account("app", "branch").await.unwrap();
    let same_name = pair.one.fresh(other, "c0").await;
    assert!(is_line(pair.one.commit(vec![record(same_name)]).await.unwrap()[0]));
}

async fn a_bad_record_leaves_nothing_of_the_batch(pair: Pair) {
    let (one, two) = (pair.begun("c1").await, pair.begun("c2").await);
    let held = OutboxChange::State { reply: ReplyId(9), state: OutboxState::Held };
    let bad: [(&str, Change); 5] = [
        ("outbox", Change { outbox: vec![held.clone()], ..after(&two) }),
        ("outbox", Change { outbox: vec![OutboxChange::Remove { reply: ReplyId(9) }, held], ..after(&two) }),
        ("put into", Change { outbox: vec![put(reply(&one, 1, "stray"))], ..after(&two) }),
        ("out of range", Change { outbox: vec![put(reply(&two, u32::MAX, ""))], ..after(&two) }),
        ("not known", pair.one.fresh(AccountId(404), "c4").await),
    ];
    for (word, bad) in bad {
        let good = Change { outbox: vec![put(reply(&one, 1, "r"))], due: Some(Moment(1)), ..after(&one) };
        let last = pair.one.fresh(one.account, "c3").await;
        let batch = vec![loose("l", None), said("good", good), said("bad", bad), said("last", last)];
        assert_broken(pair.one.commit(batch).await, word);
    }
    assert_eq!(pair.one.bodies(one.conversation).await, ["message"]);
    assert_eq!(pair.one.load(one.conversation).await.unwrap().unwrap().rev, 1);
    assert_eq!(pair.one.outbox_of(one.conversation).await.unwrap(), []);
    assert_eq!(pair.one.find(one.account, b"c3").await.unwrap(), None);
    assert_eq!(pair.one.loose_history(10).await.unwrap(), []);
    assert!(is_line(pair.one.commit(vec![record(after(&one))]).await.unwrap()[0]));
}

async fn a_mark_is_written_by_the_leader_alone(pair: Pair) {
    let mut change = pair.begun("c1").await;
    change = Change { outbox: vec![put(reply(&change, 1, "r"))], ..after(&change) };
    pair.one.commit(vec![record(change.clone())]).await.unwrap();
    let state = OutboxState::Marked { attempt: 1, epoch: pair.one.epoch, begun: Moment(1), not_after: Moment(2) };
    let mark = |change: &Change| {
        let outbox = vec![OutboxChange::State { reply: ReplyId(1), state }];
        Record { is_mark: true, ..record(Change { outbox, ..after(change) }) }
    };
    // What stands on a mark that was not written is stale.
    let batch = vec![mark(&change), said("on it", next(&after(&change), "on it")), loose("l", None)];
    let written = pair.one.commit(batch).await.unwrap();
    assert_eq!(written[..2], [Written::Fenced, Written::Stale]);
    assert!(is_line(written[2]));

    assert!(pair.two.lease("app", HOUR).await.unwrap().mine);
    assert_eq!(pair.one.commit(vec![mark(&change)]).await.unwrap(), [Written::Fenced]);
    pair.two.release("app").await.unwrap();
    assert!(pair.one.lease("app", HOUR).await.unwrap().mine);
    assert!(is_line(pair.one.commit(vec![mark(&change)]).await.unwrap()[0]));
    assert_eq!(pair.one.outbox().await.unwrap(), [OutboxRow { state, ..reply(&change, 1, "r") }]);
}

async fn an_event_is_brought_by_the_leader_and_only_if_its_line_was_written(pair: Pair) {
    let change = pair.begun("c1").await;
    let event = |kind: &str| vec![EventPut { endpoint: "shop".into(), place: 0, kind: kind.to_owned(), body: Vec::new() }];
    let good = Record { events: event("good"), ..record(after(&change)) };
    let stale = Record { events: event("stale"), ..record(after(&change)) };
    assert_eq!(pair.one.commit(vec![good, stale]).await.unwrap()[1], Written::Stale);
    let kinds = async |store: &dyn Store| {
        let heads = store.event_heads("shop", 9).await.unwrap();
        heads.into_iter().map(|row| row.kind).collect::<Vec<_>>()
    };
    assert!(pair.two.lease("app", HOUR).await.unwrap().mine);
    assert_eq!((kinds(&*pair.one).await, kinds(&*pair.two).await), (vec![], vec!["good".to_owned()]));
}

async fn a_fenced_first_commit_leaves_its_name_free(pair: Pair) {
    let account = pair.one.account("app", "shop").await.unwrap();
    let change = pair.one.fresh(account, "c1").await;
    let mark = Record { is_mark: true, ..record(change.clone()) };
    let good = pair.one.fresh(account, "c2").await;
    let written = pair.one.commit(vec![mark, record(good)]).await.unwrap();
    assert_eq!(written[0], Written::Fenced);
    assert!(is_line(written[1]));
    assert_eq!(pair.one.find(account, b"c1").await.unwrap(), None);
    assert!(is_line(pair.two.commit(vec![record(change)]).await.unwrap()[0]));
}

async fn a_lease_is_held_by_one_and_renewed_by_it(pair: Pair) {
    let mine = pair.one.lease("app", Duration::from_secs(20)).await.unwrap();
    assert!(mine.mine && mine.left <= Duration::from_secs(20) && mine.left > Duration::from_secs(10), "{mine:?}");
    let other = pair.two.lease("app", HOUR).await.unwrap();
    assert!(!other.mine && other.left <= Duration::from_secs(20) && other.left > Duration::from_secs(10), "{other:?}");
    let renewed = pair.one.lease("app", HOUR).await.unwrap();
    assert!(renewed.mine && renewed.left > Duration::from_secs(3_000), "{renewed:?}");
    // Another app is another lease.
    assert!(pair.two.lease("other app", HOUR).await.unwrap().mine);
    assert!(!pair.one.lease("other app", HOUR).await.unwrap().mine);
}

async fn a_lease_ends_by_itself_and_is_taken_over(pair: Pair) {
    assert!(pair.one.lease("app", Duration::from_millis(1_500)).await.unwrap().mine);
    let change = pair.begun("c1").await;
    let left = pair.two.lease("app", HOUR).await.unwrap();
    assert!(!left.mine);
    pause(i64::try_from(left.left.as_millis()).unwrap() + 50).await;
    let mark = Record { is_mark: true, ..record(after(&change)) };
    assert_eq!(pair.one.commit(vec![mark.clone()]).await.unwrap(), [Written::Fenced]);
    assert!(pair.two.lease("app", HOUR).await.unwrap().mine);
    assert_eq!(pair.one.commit(vec![mark]).await.unwrap(), [Written::Fenced]);
    assert!(!pair.one.lease("app", HOUR).await.unwrap().mine);
    // Giving back what one does not have takes it from nobody.
    pair.one.release("app").await.unwrap();
    assert!(!pair.one.lease("app", HOUR).await.unwrap().mine);
}

async fn a_lease_is_given_back(pair: Pair) {
    for _ in 0..3 {
        assert!(pair.one.lease("app", HOUR).await.unwrap().mine);
        pair.one.release("app").await.unwrap();
        assert!(pair.two.lease("app", HOUR).await.unwrap().mine);
        pair.two.release("app").await.unwrap();
    }
    let many = (0..8).map(|number| if number % 2 == 0 { pair.one.lease("app", HOUR) } else { pair.two.lease("app", HOUR) });
    let leases = futures_util::future::join_all(many).await;
    let led: Vec<bool> = leases.into_iter().map(|lease| lease.unwrap().mine).collect();
    assert!(led.chunks(2).all(|pair| pair == &led[..2] && pair[0] != pair[1]), "{led:?}");
}

async fn only_the_leader_is_told_what_is_due_and_open(pair: Pair) {
    let change = pair.begun("c1").await;
    let elsewhere = pair.one.account("other app", "shop").await.unwrap();
    let foreign = Change { due: Some(Moment(3)), ..pair.one.fresh(elsewhere, "c2").await };
    let foreign = Change { outbox: vec![put(reply(&foreign, 1, "f"))], ..foreign };
    let change = Change { due: Some(Moment(7)), outbox: vec![put(reply(&change, 1, "r"))], ..after(&change) };
    pair.one.commit(vec![record(change.clone()), record(foreign)]).await.unwrap();
    for store in [&*pair.one, &*pair.two] {
        assert_eq!(store.due(Moment(100), 9).await.unwrap(), []);
        assert_eq!(store.next_due().await.unwrap(), None);
        assert_eq!(store.outbox().await.unwrap(), []);
    }
    assert!(pair.two.lease("app", HOUR).await.unwrap().mine);
    assert_eq!(pair.two.due(Moment(100), 9).await.unwrap(), [(change.conversation, Moment(7))]);
    assert_eq!(pair.two.next_due().await.unwrap(), Some(Moment(7)));
    assert_eq!(pair.two.outbox().await.unwrap(), [reply(&change, 1, "r")]);
    assert_eq!(pair.one.next_due().await.unwrap(), None);
    assert!(pair.two.lease("other app", HOUR).await.unwrap().mine);
    assert_eq!(pair.two.next_due().await.unwrap(), Some(Moment(3)));
    assert_eq!(pair.two.outbox().await.unwrap().len(), 2);
}

async fn the_leader_is_told_once_what_others_have_changed(pair: Pair) {
    assert!(pair.one.lease("app", HOUR).await.unwrap().mine);
    let (first, second) = (pair.begun("c1").await, pair.begun("c2").await);
    assert_eq!(pair.one.news().await.unwrap(), [], "what it has written itself is no news");
    let change = next(&first, "two");
    let more = Change { after: pair.two_epoch, ..next(&change, "more") };
    pair.two.commit(vec![record(change)]).await.unwrap();
    pair.two.commit(vec![record(more.clone()), record(next(&second, "two"))]).await.unwrap();
    assert_eq!(pair.two.news().await.unwrap(), []);
    let mut told = pair.one.news().await.unwrap();
    told.sort();
    assert_eq!(told, [first.conversation, second.conversation]);
    assert_eq!(pair.one.news().await.unwrap(), []);
    // What changes again is news again.
    pair.two.commit(vec![record(next(&more, "again"))]).await.unwrap();
    assert_eq!(pair.one.news().await.unwrap(), [first.conversation]);
    assert_eq!(pair.one.news().await.unwrap(), []);
    // Lines of no conversation are nobody's news.
    pair.two.commit(vec![loose("l", Some(first.account))]).await.unwrap();
    assert_eq!(pair.one.news().await.unwrap(), []);
}

async fn news_wait_for_a_leader(pair: Pair) {
    let change = pair.begun("c1").await;
    assert_eq!(pair.one.news().await.unwrap(), []);
    assert!(pair.two.lease("app", HOUR).await.unwrap().mine);
    assert_eq!(pair.one.news().await.unwrap(), []);
    assert_eq!(pair.two.news().await.unwrap(), [change.conversation]);
    assert_eq!(pair.two.news().await.unwrap(), []);
}

async fn revisions_say_who_made_them(pair: Pair) {
    let (one, two) = (pair.begun("c1").await, pair.begun("c2").await);
    pair.two.commit(vec![record(next(&two, "two"))]).await.unwrap();
    let absent = pair.one.fresh_conversation().await.unwrap();
    let mut told = pair.one.revisions(&[two.conversation, absent, one.conversation]).await.unwrap();
    told.sort();
    assert_eq!(told, [(one.conversation, 1, pair.one.epoch), (two.conversation, 2, pair.two_epoch)]);
    assert_eq!(pair.one.revisions(&[]).await.unwrap(), []);
}

async fn of_several_that_write_a_value_once_all_get_the_first(pair: Pair) {
    let values: Vec<Vec<u8>> = (0..6_u8).map(|number| vec![number]).collect();
    let writing = values.iter().enumerate().map(|(place, value)| {
        let store: &dyn Store = if place % 2 == 0 { &*pair.one } else { &*pair.two };
        store.put_meta_once("k", value)
    });
    let stored: Vec<Vec<u8>> = futures_util::future::join_all(writing).await.into_iter().map(Result::unwrap).collect();
    assert!(stored.iter().all(|value| *value == stored[0]) && values.contains(&stored[0]), "{stored:?}");
    assert_eq!(pair.two.meta("k").await.unwrap(), Some(stored[0].clone()));
}

async fn epochs_are_nobody_elses(pair: Pair) {
    let mut epochs = std::collections::BTreeSet::from([pair.one.epoch, pair.two_epoch]);
    assert_eq!(epochs.len(), 2);
    let opened = futures_util::future::join_all((0..4).map(|_| pair.one.origin.open())).await;
    for store in &opened {
        assert!(epochs.insert(store.epoch().await.unwrap()));
    }
}

async fn processes_agree_on_accounts(pair: Pair) {
    let asked = (0..6).map(|number| if number % 2 == 0 { pair.one.account("x", "y") } else { pair.two.account("x", "y") });
    let ids: Vec<AccountId> = futures_util::future::join_all(asked).await.into_iter().map(Result::unwrap).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(pair.one.accounts().await.unwrap().len(), 1);
    let fresh: Vec<_> = futures_util::future::join_all((0..300).map(|_| pair.one.fresh_conversation())).await;
    let other: Vec<_> = futures_util::future::join_all((0..300).map(|_| pair.two.fresh_conversation())).await;
    let ids: std::collections::BTreeSet<_> = fresh.into_iter().chain(other).map(Result::unwrap).collect();
    assert_eq!(ids.len(), 600);
}

async fn no_mark_is_committed_after_a_pause_whichever_process_made_it(pair: Pair) {
    let mut change = pair.begun("c1").await;
    let other = pair.one.account("app", "other").await.unwrap();
    assert!(pair.one.lease("app", HOUR).await.unwrap().mine);
    let mark = |change: &Change| Record { is_mark: true, ..record(change.clone()) };
    for (key, holds) in [(PAUSE.to_owned(), true), (pause_of(change.account), true), (pause_of(other), false)] {
        let marked = next(&change, "marked");
        pair.two.put_meta(&key, b"{\"since\":1}").await.unwrap();
        let written = pair.one.commit(vec![mark(&marked)]).await.unwrap();
        assert_eq!(written == [Written::Fenced], holds, "{key}: {written:?}");
        pair.two.put_meta(&key, &[]).await.unwrap();
        if holds {
            assert!(is_line(pair.one.commit(vec![mark(&marked)]).await.unwrap()[0]), "resumed");
        }
        change = marked;
    }
}
