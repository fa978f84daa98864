//! What only a server can do: end, cut a connection, leave an answer out, be of a newer version.

use futures_util::future::join_all;
use secrecy::{ExposeSecret as _, SecretString};

use super::*;
use crate::engine::ReplyId;
use crate::runtime::port::{Change, OutboxChange, OutboxState};
use crate::store::conformance::cluster::Cluster;
use crate::store::conformance::first_change;
use crate::store::postgres::proxy::Proxy;
use crate::system::{SystemClock, environment};

async fn open(url: &SecretString) -> Postgres {
    Postgres::open(url, Arc::new(SystemClock)).await.unwrap()
}

/// A new database, opened.
async fn opened() -> (SecretString, Postgres) {
    let url = Cluster::shared().database().await;
    let store = open(&url).await;
    (url, store)
}

/// The database's name in a URL of the cluster.
fn database(url: &SecretString) -> String {
    let url = url.expose_secret();
    url.trim_start_matches("postgresql:///").split('?').next().unwrap().to_owned()
}

async fn fresh(store: &Postgres, external: &[u8]) -> Change {
    let account = store.account("app", "shop").await.unwrap();
    first_change(store, account, external).await
}

fn record(body: &str, change: &Change) -> Record {
    let change = Some(change.clone());
    Record {
        at: Moment(1),
        kind: "message",
        account: None,
        body: body.as_bytes().to_vec(),
        change,
        is_mark: false,
        events: Vec::new(),
    }
}

fn next(store: &Postgres, change: &Change) -> Change {
    Change { rev: change.rev + 1, after: store.epoch, ..change.clone() }
}

async fn begun(store: &Postgres, external: &[u8]) -> Change {
    let change = fresh(store, external).await;
    let written = store.commit(vec![record("1", &change)]).await.unwrap();
    assert!(matches!(written[..], [Written::Line(_)]));
    change
}

async fn bodies(store: &Postgres, id: ConversationId) -> Vec<String> {
    let lines = store.history(id, 1_000).await.unwrap();
    lines.into_iter().rev().map(|line| String::from_utf8(line.body).unwrap()).collect()
}

async fn pause(ms: i64) {
    SystemClock.sleep_until(SystemClock.now().plus_ms(ms)).await;
}

/// Commits until the store is not busy any more.
async fn surely(store: &Postgres, record: &Record) -> Vec<Written> {
    for _ in 0..200 {
        match store.commit(vec![record.clone()]).await {
            Err(StoreError::Busy(_)) => pause(100).await,
            result => return result.unwrap(),
        }
    }
    panic!("the store stayed busy");
}

#[tokio::test]
async fn a_server_that_ends_between_commits_loses_nothing_and_is_found_again() {
    let cluster = Cluster::start("");
    let url = cluster.database().await;
    let store = open(&url).await;
    assert!(store.lease("app", Duration::from_secs(3_600)).await.unwrap().mine);
    let mut change = begun(&store, b"c1").await;
    for round in 2..5 {
        cluster.crash();
        // The first to ask is a reader or a commit.
        if round % 2 == 0 {
            assert_eq!(store.load(change.conversation).await.unwrap().unwrap().rev, change.rev);
        }
        change = next(&store, &change);
        assert!(matches!(surely(&store, &record(&round.to_string(), &change)).await[..], [Written::Line(_)]));
    }
    assert_eq!(bodies(&store, change.conversation).await, ["1", "2", "3", "4"]);
    assert!(store.lease("app", Duration::from_secs(3_600)).await.unwrap().mine);
    store.put_meta("k", b"v").await.unwrap();
    // The bell hangs again: what another process commits is heard.
    let other = open(&url).await;
    let heard = async {
        loop {
            let mut theirs = next(&store, &store_row(&other, &change).await);
            theirs.after = other.load(change.conversation).await.unwrap().unwrap().writer;
            other.commit(vec![record("theirs", &theirs)]).await.unwrap();
            if tokio::time::timeout(Duration::from_millis(500), store.hint()).await.is_ok() {
                break;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), heard).await.unwrap();
    assert_eq!(store.news().await.unwrap(), [change.conversation]);
}

/// The change that is stored.
async fn store_row(store: &Postgres, change: &Change) -> Change {
    let row = store.load(change.conversation).await.unwrap().unwrap();
    Change { rev: row.rev, ..change.clone() }
}

#[tokio::test]
async fn a_connection_cut_in_the_middle_of_a_commit_leaves_nothing_lost_or_doubled() {
    let (url, store) = opened().await;
    let (one, two) = (begun(&store, b"c1").await, begun(&store, b"c2").await);
    let mut stranger = Cluster::shared().client(&database(&url)).await;
    let watcher = Cluster::shared().client(&database(&url)).await;
    // Somebody holds the second conversation, so that the commit has locked the first and waits.
    let held = stranger.transaction().await.unwrap();
    held.execute("SELECT FROM rejoinder.conversation WHERE id = $1 FOR UPDATE", &[&two.conversation.0]).await.unwrap();
    let batch = vec![record("2", &next(&store, &one)), record("2", &next(&store, &two))];
    let cut = async {
        let blocked = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        let pid: i32 = loop {
            if let Some(row) = watcher.query_opt(blocked, &[]).await.unwrap() {
                break row.get(0);
            }
            pause(20).await;
        };
        watcher.execute("SELECT pg_terminate_backend($1)", &[&pid]).await.unwrap();
        // Until it is gone, the new one cannot be told from it.
        pause(300).await;
        held.rollback().await.unwrap();
    };
    let (written, ()) = tokio::join!(store.commit(batch), cut);
    assert!(written.unwrap().iter().all(|written| matches!(written, Written::Line(_))));
    assert_eq!(bodies(&store, one.conversation).await, ["1", "2"]);
    assert_eq!(bodies(&store, two.conversation).await, ["1", "2"]);
}

#[tokio::test]
async fn a_lock_that_is_not_given_makes_the_store_busy_and_writes_nothing() {
    let (url, store) = opened().await;
    let (one, two) = (begun(&store, b"c1").await, begun(&store, b"c2").await);
    let mut stranger = Cluster::shared().client(&database(&url)).await;
    let held = stranger.transaction().await.unwrap();
    held.execute("SELECT FROM rejoinder.conversation WHERE id = $1 FOR UPDATE", &[&two.conversation.0]).await.unwrap();
    let batch = vec![record("2", &next(&store, &one)), record("2", &next(&store, &two))];
    let refused = store.commit(batch.clone()).await;
    assert!(matches!(refused, Err(StoreError::Busy(_))), "{refused:?}");
    assert_eq!(bodies(&store, one.conversation).await, ["1"]);
    held.rollback().await.unwrap();
    store.commit(batch).await.unwrap();
    assert_eq!(bodies(&store, one.conversation).await, ["1", "2"]);
}

#[tokio::test]
async fn an_answer_lost_after_the_commit_counts_as_committed() {
    let (url, first) = opened().await;
    drop(first);
    let proxy = Proxy::start(Cluster::shared().folder());
    let store = open(&Cluster::shared().url(&database(&url), proxy.folder())).await;
    let mut change = begun(&store, b"c1").await;
    for round in 2..5 {
        proxy.swallow_the_answer_to_the_next_commit();
        change = next(&store, &change);
        let written = store.commit(vec![record(&round.to_string(), &change)]).await.unwrap();
        assert!(matches!(written[..], [Written::Line(_)]), "{written:?}");
    }
    assert_eq!(proxy.swallowed(), 3);
    assert_eq!(bodies(&store, change.conversation).await, ["1", "2", "3", "4"]);
}

#[tokio::test]
async fn a_commit_lost_on_its_way_counts_as_not_committed() {
    let (url, first) = opened().await;
    drop(first);
    let proxy = Proxy::start(Cluster::shared().folder());
    let store = open(&Cluster::shared().url(&database(&url), proxy.folder())).await;
    let change = begun(&store, b"c1").await;
    proxy.swallow_the_next_commit();
    let again = next(&store, &change);
    let lost = store.commit(vec![record("2", &again)]).await;
    assert!(matches!(lost, Err(StoreError::Busy(_))), "{lost:?}");
    assert_eq!(proxy.swallowed(), 1);
    assert_eq!(bodies(&store, change.conversation).await, ["1"]);
    store.commit(vec![record("2", &again)]).await.unwrap();
    assert_eq!(bodies(&store, change.conversation).await, ["1", "2"]);
}

#[tokio::test]
async fn an_outcome_that_cannot_be_found_out_ends_the_process() {
    let (url, first) = opened().await;
    drop(first);
    let proxy = Proxy::start(Cluster::shared().folder());
    let store = open(&Cluster::shared().url(&database(&url), proxy.folder())).await;
    let change = begun(&store, b"c1").await;
    proxy.swallow_the_answer_to_the_next_commit();
    proxy.refuse_from_then_on();
    let unknown = store.commit(vec![record("2", &next(&store, &change))]).await;
    let Err(StoreError::Broken(text)) = unknown else { panic!("not guessed: {unknown:?}") };
    assert!(text.contains("how it ended"), "{text}");
}

#[tokio::test]
async fn several_that_open_an_empty_database_at_once_make_its_tables_once() {
    let url = Cluster::shared().database().await;
    let stores = join_all((0..4).map(|_| Postgres::open(&url, Arc::new(SystemClock)))).await;
    let mut epochs: Vec<i64> = stores.iter().map(|store| store.as_ref().unwrap().epoch).collect();
    epochs.sort_unstable();
    assert_eq!(epochs, [1, 2, 3, 4]);
}

#[tokio::test]
async fn a_newer_database_is_refused_and_left_as_it_is() {
    let (url, store) = opened().await;
    drop(store);
    let client = Cluster::shared().client(&database(&url)).await;
    client.batch_execute("UPDATE rejoinder.installation SET version = 999").await.unwrap();
    let Err(StoreError::Newer(text)) = Postgres::open(&url, Arc::new(SystemClock)).await else { panic!("refused as newer") };
    assert!(text.contains("999") && text.contains("newer version of rejoinder"), "{text}");
    let row = client.query_one("SELECT version, epoch FROM rejoinder.installation", &[]).await.unwrap();
    assert_eq!((row.get::<_, i32>(0), row.get::<_, i64>(1)), (999, 1));
    client.batch_execute("UPDATE rejoinder.installation SET version = -3").await.unwrap();
    assert!(matches!(Postgres::open(&url, Arc::new(SystemClock)).await, Err(StoreError::Broken(_))));
}

#[tokio::test]
async fn names_of_any_length_are_found() {
    let (_, store) = opened().await;
    let mut long = vec![0_u8; 100_000];
    long[99_999] = 0xff;
    let change = begun(&store, &long).await;
    assert_eq!(store.find(change.account, &long).await.unwrap().unwrap().external, long);
    long[99_999] = 0xfe;
    assert_eq!(store.find(change.account, &long).await.unwrap(), None);
    let name = "x".repeat(50_000);
    let account = store.account("app", &name).await.unwrap();
    assert_eq!(store.account("app", &name).await.unwrap(), account);
}

#[tokio::test]
async fn four_that_commit_to_the_same_conversations_lose_and_double_nothing() {
    const CONVERSATIONS: usize = 50;
    const ROUNDS: usize = 12;
    let (url, first) = opened().await;
    let mut begun_ids = Vec::new();
    for number in 0..CONVERSATIONS {
        begun_ids.push(begun(&first, format!("c{number}").as_bytes()).await);
    }
    let mut stores = vec![first];
    for _ in 1..4 {
        stores.push(open(&url).await);
    }
    let working = stores.iter().enumerate().map(|(who, store)| {
        let begun_ids = &begun_ids;
        async move {
            let mut written = vec![Vec::new(); CONVERSATIONS];
            for round in 0..ROUNDS {
                // Each in another order, on what it finds stored.
                let mut batch = Vec::new();
                let mut places = Vec::new();
                for step in 0..CONVERSATIONS / 2 {
                    let place = (step * (7 + 2 * who) + round + who) % CONVERSATIONS;
                    let row = store.load(begun_ids[place].conversation).await.unwrap().unwrap();
                    if places.contains(&place) {
                        continue;
                    }
                    let change = Change { rev: row.rev + 1, after: row.writer, ..begun_ids[place].clone() };
                    batch.push(record(&format!("{who}-{round}"), &change));
                    places.push(place);
                }
                let outcome = store.commit(batch).await.unwrap();
                for (place, outcome) in places.into_iter().zip(outcome) {
                    if let Written::Line(_) = outcome {
                        written[place].push(format!("{who}-{round}"));
                    }
                }
            }
            written
        }
    });
    let told = join_all(working).await;
    let mut total = 0;
    for place in 0..CONVERSATIONS {
        let mut wanted: Vec<String> = told.iter().flat_map(|written| written[place].clone()).collect();
        wanted.push("1".to_owned());
        let mut stored = bodies(&stores[0], begun_ids[place].conversation).await;
        let rev = stores[0].load(begun_ids[place].conversation).await.unwrap().unwrap().rev;
        assert_eq!(usize::try_from(rev).unwrap(), stored.len());
        wanted.sort();
        stored.sort();
        assert_eq!(stored, wanted);
        total += stored.len();
    }
    assert!(total > CONVERSATIONS * 2, "{total}");
}

#[tokio::test]
async fn who_takes_a_lease_waits_for_commits_on_the_strength_of_the_last() {
    let (url, one) = opened().await;
    let two = open(&url).await;
    assert!(one.lease("app", Duration::from_millis(900)).await.unwrap().mine);
    let change = begun(&one, b"c1").await;
    let mut stranger = Cluster::shared().client(&database(&url)).await;
    let held = stranger.transaction().await.unwrap();
    held.execute("SELECT FROM rejoinder.conversation WHERE id = $1 FOR UPDATE", &[&change.conversation.0]).await.unwrap();
    let state = OutboxState::Marked { attempt: 1, epoch: one.epoch, begun: Moment(1), not_after: Moment(2) };
    let row =
        OutboxRow { account: change.account, conversation: change.conversation, reply: ReplyId(1), body: Vec::new(), state };
    let mark = Change { outbox: vec![OutboxChange::Put(row.clone())], ..next(&one, &change) };
    let mark = Record { is_mark: true, ..record("mark", &mark) };
    let marking = one.commit(vec![mark]);
    let taking = async {
        pause(1_200).await;
        two.lease("app", Duration::from_secs(60)).await
    };
    let freeing = async {
        pause(2_500).await;
        held.rollback().await.unwrap();
    };
    let seen = async {
        let lease = taking.await.unwrap();
        assert!(lease.mine);
        two.outbox().await.unwrap()
    };
    let (marked, (), outbox) = tokio::join!(marking, freeing, seen);
    match marked.unwrap()[..] {
        // It was led when the commit began, so the next leader has waited for it and finds the mark.
        [Written::Line(_)] => assert_eq!(outbox, [row]),
        ref other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn leases_are_renewed_under_a_storm_of_commits() {
    let (_, store) = opened().await;
    assert!(store.lease("app", Duration::from_secs(5)).await.unwrap().mine);
    let change = begun(&store, b"c1").await;
    let storm = async {
        let mut change = change;
        for _ in 0..150 {
            change = next(&store, &change);
            assert!(matches!(store.commit(vec![record("x", &change)]).await.unwrap()[..], [Written::Line(_)]));
        }
    };
    let renewing = async {
        for _ in 0..20 {
            assert!(store.lease("app", Duration::from_secs(5)).await.unwrap().mine);
        }
    };
    tokio::join!(storm, renewing);
}

#[tokio::test]
async fn a_url_that_cannot_be_used_is_refused_without_a_word_of_it() {
    for url in [
        "postgres://user:hunter2?x@host/db",
        "postgres://user:hunter2@host:hunter2/db",
        "postgres://user:hunter2@host/db?sslmode=hunter2",
        "postgres://user:hunter2@/db",
        "postgres://user:hunter2@127.0.0.1:1/db",
    ] {
        let url = SecretString::from(url);
        let refused = Postgres::open(&url, Arc::new(SystemClock)).await;
        let error = refused.expect_err("nothing is there");
        assert!(!format!("{error} {error:?} {url:?}").contains("hunter2"), "{error}");
    }
}

#[tokio::test]
async fn work_handed_in_is_done_even_if_nobody_waits() {
    let (_, store) = opened().await;
    let change = begun(&store, b"c1").await;
    let second = next(&store, &change);
    let _ = futures_util::future::FutureExt::now_or_never(store.commit(vec![record("2", &second)]));
    let third = next(&store, &second);
    store.commit(vec![record("3", &third)]).await.unwrap();
    assert_eq!(bodies(&store, change.conversation).await, ["1", "2", "3"]);
}

/// With fsync, as a server has it. `REJOINDER_COMMITS=500 cargo test --lib every_commit_is_synced -- --nocapture` prints how
/// many a second there are.
#[tokio::test]
async fn every_commit_is_synced_and_of_any_size() {
    const CONVERSATIONS: usize = 512;
    let rounds = environment::var("REJOINDER_COMMITS").unwrap().map_or(3_u32, |rounds| rounds.parse().unwrap());
    let cluster = Cluster::start("");
    let store = open(&cluster.database().await).await;
    assert!(store.lease("app", Duration::from_secs(3_600)).await.unwrap().mine);
    let account = store.account("app", "shop").await.unwrap();
    let mut changes = Vec::new();
    for number in 0..CONVERSATIONS {
        let conversation = store.fresh_conversation().await.unwrap();
        let external = format!("c{number}").into_bytes();
        let (recent, state, outbox) = (vec![1; 64], vec![2; 320], Vec::new());
        changes.push(Change {
            conversation,
            account,
            external,
            rev: 1,
            after: 0,
            due: None,
            recent,
            state,
            outbox,
            found_by: None,
        });
    }
    for some in changes.chunks(256) {
        store.commit(some.iter().map(|change| record("1", change)).collect()).await.unwrap();
    }
    let mut place = 0;
    for batch in [1, 64, 256] {
        let begun = SystemClock.monotonic();
        for _ in 0..rounds {
            let mut records = Vec::new();
            for _ in 0..batch {
                place = (place + 7_919) % CONVERSATIONS;
                let change = next(&store, &changes[place]);
                let reply = ReplyId(u32::try_from(change.rev % 1_000).unwrap());
                let row = OutboxRow {
                    account,
                    conversation: change.conversation,
                    reply,
                    body: vec![3; 200],
                    state: OutboxState::Queued,
                };
                let outbox = if place % 2 == 0 { vec![OutboxChange::Put(row)] } else { Vec::new() };
                records.push(Record { body: vec![4; 380], ..record("", &Change { outbox, ..change.clone() }) });
                changes[place] = change;
            }
            let written = store.commit(records).await.unwrap();
            assert!(written.iter().all(|written| matches!(written, Written::Line(_))));
        }
        let seconds = SystemClock.monotonic().saturating_sub(begun).as_secs_f64();
        let commits = f64::from(rounds) / seconds;
        println!("batches of {batch}: {commits:.0} commits/s, {:.0} lines/s", commits * f64::from(batch));
    }
    let ids: Vec<ConversationId> = changes.iter().map(|change| change.conversation).collect();
    let kept: u64 = store.revisions(&ids).await.unwrap().into_iter().map(|(_, rev, _)| rev).sum();
    assert_eq!(kept, CONVERSATIONS as u64 + u64::from(rounds) * (1 + 64 + 256));
}
