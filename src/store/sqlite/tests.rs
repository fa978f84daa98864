//! What only a file can do: be owned, foreign, newer, damaged, full.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;

use super::*;
use crate::runtime::port::{Change, Record};
use crate::system::files;

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("a.db")
    }

    fn open(&self) -> Sqlite {
        Sqlite::open(&self.file()).unwrap()
    }

    fn refusal(&self) -> StoreError {
        Sqlite::open(&self.file()).unwrap_err()
    }

    /// A file made by other hands.
    fn made_by(&self, sql: &str) -> Vec<u8> {
        Connection::open(self.file()).unwrap().execute_batch(sql).unwrap();
        self.bytes()
    }

    fn bytes(&self) -> Vec<u8> {
        files::read(&self.file(), u64::MAX).unwrap()
    }
}

async fn first_commit(store: &Sqlite, external: &[u8], bytes: usize) -> Result<ConversationId, StoreError> {
    let account = store.account("app", "shop").await?;
    let conversation = store.fresh_conversation().await?;
    let (external, state) = (external.to_vec(), vec![7; bytes]);
    let change = Change {
        conversation,
        account,
        external,
        rev: 1,
        after: 0,
        due: None,
        recent: Vec::new(),
        state,
        outbox: Vec::new(),
        found_by: None,
    };
    let record = Record {
        at: Moment(1),
        kind: "message",
        account: None,
        body: vec![7; bytes],
        change: Some(change),
        is_mark: false,
        events: Vec::new(),
    };
    store.commit(vec![record]).await.map(|_| conversation)
}

#[test]
fn a_file_has_one_owner_and_the_refusal_names_it() {
    let place = Place::new();
    let owner = place.open();
    let StoreError::Owned(text) = place.refusal() else { panic!("refused as owned") };
    assert!(text.contains(&format!("process {}", std::process::id())), "{text}");
    assert!(text.contains("a.db"), "{text}");
    drop(owner);
    drop(place.open());
}

#[cfg(unix)]
#[test]
fn a_link_to_the_file_does_not_make_a_second_owner() {
    let place = Place::new();
    let _owner = place.open();
    let link = place.0.path().join("link.db");
    std::os::unix::fs::symlink(place.file(), &link).unwrap();
    assert!(matches!(Sqlite::open(&link), Err(StoreError::Owned(_))));
}

#[cfg(unix)]
#[tokio::test]
async fn what_customers_write_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new();
    let store = place.open();
    first_commit(&store, b"c", 10).await.unwrap();
    for end in ["", "-wal", "-shm"] {
        let mode = place.0.path().join(format!("a.db{end}")).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "a.db{end} has {mode:o}");
    }
}

#[test]
fn a_lock_file_left_by_a_dead_process_is_no_owner() {
    let place = Place::new();
    files::write_atomic(&place.0.path().join("a.db.lock"), b"1").unwrap();
    drop(place.open());
}

#[tokio::test]
async fn an_empty_file_becomes_a_store() {
    let place = Place::new();
    files::write_atomic(&place.file(), b"").unwrap();
    let store = place.open();
    assert_eq!(store.epoch().await.unwrap(), 1);
    first_commit(&store, b"c", 1).await.unwrap();
}

#[test]
fn a_newer_file_is_refused_and_left_as_it_is() {
    let place = Place::new();
    drop(place.open());
    let before = place.made_by("PRAGMA user_version = 999");
    let StoreError::Newer(text) = place.refusal() else { panic!("refused as newer") };
    assert!(text.contains("999") && text.contains("newer version of rejoinder"), "{text}");
    assert_eq!(place.bytes(), before);
}

#[test]
fn another_programs_database_is_refused_and_left_as_it_is() {
    for sql in ["CREATE TABLE theirs (x)", "PRAGMA application_id = 77", "PRAGMA user_version = 1"] {
        let place = Place::new();
        let before = place.made_by(sql);
        let StoreError::Broken(text) = place.refusal() else { panic!("refused as broken") };
        assert!(text.contains("another program") && text.contains("a.db"), "{text}");
        assert_eq!(place.bytes(), before);
    }
}

#[test]
fn a_version_that_never_was_is_refused() {
    let place = Place::new();
    drop(place.open());
    place.made_by("PRAGMA user_version = -3");
    assert!(matches!(place.refusal(), StoreError::Broken(_)));
}

#[test]
fn what_is_no_database_is_refused_and_left_as_it_is() {
    let place = Place::new();
    let before = b"dear diary, ".repeat(200);
    files::write_atomic(&place.file(), &before).unwrap();
    assert!(matches!(place.refusal(), StoreError::Broken(_)));
    assert_eq!(place.bytes(), before);
    // The refusal leaves no lock behind either.
    assert!(matches!(place.refusal(), StoreError::Broken(_)));
}

#[tokio::test]
async fn a_damaged_file_is_an_error_and_never_a_guess() {
    let place = Place::new();
    let store = place.open();
    let id = first_commit(&store, b"c", 20_000).await.unwrap();
    drop(store);
    let mut bytes = place.bytes();
    let (kept, lost) = bytes.split_at_mut(2_048);
    assert!(kept.starts_with(b"SQLite format 3"));
    lost.fill(0xa5);
    files::write_atomic(&place.file(), &bytes).unwrap();
    // It may be noticed at opening or at the first look, but a state is not made up.
    if let Ok(store) = Sqlite::open(&place.file()) {
        assert!(matches!(store.load(id).await, Err(StoreError::Broken(_))));
    }
}

#[test]
fn a_place_that_cannot_hold_a_file_is_named() {
    let place = Place::new();
    let missing = place.0.path().join("missing").join("a.db");
    let error = Sqlite::open(&missing).unwrap_err();
    assert!(error.to_string().contains("missing"), "{error}");
    let folder = place.0.path().join("folder");
    files::make_folder(&folder).unwrap();
    assert!(Sqlite::open(&folder).is_err());
    assert_eq!(files::list(place.0.path()).unwrap().len(), 1);
    for nothing in ["", "/", ".."] {
        assert!(Sqlite::open(Path::new(nothing)).is_err());
    }
    // A refusal by name leaves no lock file anywhere.
    assert!(!files::exists(Path::new(".lock")));
}

#[tokio::test]
async fn a_commit_is_in_the_file_before_anything_is_closed() {
    let place = Place::new();
    let store = place.open();
    let id = first_commit(&store, b"c", 9).await.unwrap();
    // What a crash would leave behind: the file and its log as they are now.
    let crashed = Place::new();
    for end in ["", "-wal"] {
        let name = format!("a.db{end}");
        let bytes = files::read(&place.0.path().join(&name), u64::MAX).unwrap();
        files::write_atomic(&crashed.0.path().join(&name), &bytes).unwrap();
    }
    let store = crashed.open();
    assert_eq!(store.load(id).await.unwrap().unwrap().state, [7; 9]);
    assert_eq!(store.epoch().await.unwrap(), 2);
}

#[tokio::test]
async fn a_log_torn_in_its_last_commit_gives_the_commits_before_it() {
    let place = Place::new();
    let store = place.open();
    let first = first_commit(&store, b"one", 100).await.unwrap();
    let second = first_commit(&store, b"two", 100).await.unwrap();
    let log = files::read(&place.0.path().join("a.db-wal"), u64::MAX).unwrap();
    let torn = Place::new();
    files::write_atomic(&torn.file(), &place.bytes()).unwrap();
    files::write_atomic(&torn.0.path().join("a.db-wal"), &log[..log.len() - 10]).unwrap();
    let store = torn.open();
    assert!(store.load(first).await.unwrap().is_some());
    assert_eq!(store.load(second).await.unwrap(), None);
    assert_eq!(store.history(second, 9).await.unwrap(), []);
}

#[tokio::test]
async fn a_full_disk_refuses_the_batch_and_takes_the_next_when_there_is_room() {
    let place = Place::new();
    let store = place.open();
    let before = first_commit(&store, b"before", 10).await.unwrap();
    store.writer.run(|desk| desk.limit_pages(60)).await.unwrap();
    let error = first_commit(&store, b"large", 500_000).await.unwrap_err();
    assert!(matches!(error, StoreError::Full(_)), "{error:?}");
    let account = store.account("app", "shop").await.unwrap();
    assert_eq!(store.find(account, b"large").await.unwrap(), None);
    store.writer.run(|desk| desk.limit_pages(1_000_000)).await.unwrap();
    let after = first_commit(&store, b"large", 500_000).await.unwrap();
    let (before, after) = (store.load(before).await.unwrap().unwrap(), store.load(after).await.unwrap().unwrap());
    assert_eq!(after.last_seq, before.last_seq.map(|seq| seq + 1));
}

#[tokio::test]
async fn after_a_failed_sync_nothing_is_tried_again() {
    let place = Place::new();
    let store = place.open();
    let kept = first_commit(&store, b"kept", 10).await.unwrap();
    let error = store.writer.run(writer::Desk::fail_sync).await.unwrap_err();
    assert!(matches!(error, StoreError::Broken(_)), "{error:?}");
    for _ in 0..2 {
        let Err(StoreError::Broken(text)) = store.put_meta("k", b"v").await else { panic!("refused as broken") };
        assert!(text.contains("earlier failure"), "{text}");
    }
    assert!(store.load(kept).await.unwrap().is_some());
}

#[tokio::test]
async fn work_handed_in_is_done_even_if_nobody_waits() {
    let place = Place::new();
    let store = place.open();
    for number in 0..50_u8 {
        // Polled once, which hands it in, and dropped.
        let _ = futures_util::future::FutureExt::now_or_never(store.put_meta("k", &[number]));
    }
    drop(store);
    assert_eq!(place.open().meta("k").await.unwrap(), Some(vec![49]));
}

#[tokio::test]
async fn an_idle_writer_has_its_log_copied_into_the_file() {
    let place = Place::new();
    let store = place.open();
    let id = first_commit(&store, b"c", 50_000).await.unwrap();
    let mut waited = Duration::ZERO;
    while place.bytes().len() < 100_000 {
        assert!(waited < Duration::from_secs(20), "the log was never copied");
        crate::runtime::port::Clock::sleep_until(&crate::system::SystemClock, in_ms(50)).await;
        waited += Duration::from_millis(50);
    }
    assert!(store.load(id).await.unwrap().is_some());
}

fn in_ms(ms: i64) -> Moment {
    crate::runtime::port::Clock::now(&crate::system::SystemClock).plus_ms(ms)
}

#[tokio::test]
async fn a_log_that_was_copied_begins_anew_and_nothing_is_lost() {
    let place = Place::new();
    let store = place.open();
    let mut ids = Vec::new();
    for number in 0..20_u8 {
        ids.push(first_commit(&store, &[number], 10_000).await.unwrap());
        let work = |desk: &mut writer::Desk| {
            desk.begin_log_anew();
            Ok(())
        };
        store.writer.run(work).await.unwrap();
    }
    // 20 times 20 KB went through it.
    let log = files::read(&place.0.path().join("a.db-wal"), u64::MAX).unwrap();
    assert!(log.len() < 200_000, "{}", log.len());
    for id in ids {
        assert!(store.load(id).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn due_moments_are_found_by_their_index_alone() {
    let place = Place::new();
    let store = place.open();
    let plan = store
        .readers
        .run(|connection| {
            let explained = format!("EXPLAIN QUERY PLAN {}", reader::DUE);
            Ok(connection.query_row(&explained, (1, 1), |row| row.get::<_, String>(3))?)
        })
        .await
        .unwrap();
    assert!(plan.contains("COVERING INDEX conversation_due"), "{plan}");
}

#[tokio::test]
async fn readers_cannot_write() {
    let place = Place::new();
    let store = place.open();
    let result = store.readers.run(|connection| Ok(connection.execute("DELETE FROM meta", [])?)).await;
    assert!(result.is_err());
}

#[tokio::test]
async fn the_file_is_what_was_measured() {
    let place = Place::new();
    let store = place.open();
    let told = store
        .writer
        .run(|desk| {
            desk.look(|connection| {
                let number = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
                let mode: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
                Ok((number("page_size")?, number("synchronous")?, number("wal_autocheckpoint")?, mode))
            })
        })
        .await
        .unwrap();
    assert_eq!(told, (2_048, 2, 0, "wal".to_owned()));
}

#[tokio::test]
async fn of_what_was_erased_no_byte_stays_in_the_file_or_its_log() {
    use crate::runtime::port::{Erasing as _, Erasure, EventPut, OutboxChange, OutboxRow, OutboxState};
    const SECRET: &[u8] = b"MONA-LIVES-IN-TANTA";
    let place = Place::new();
    let store = place.open();
    let account = store.account("app", "shop").await.unwrap();
    let mut changes = Vec::new();
    // Among others, in rows that grow, shrink and span pages, with replies that come and go.
    for number in 0..40_u32 {
        let conversation = store.fresh_conversation().await.unwrap();
        let body = |words: usize| if number == 20 { SECRET.repeat(words) } else { b"somebody else ".repeat(words) };
        let mut change = Change {
            conversation,
            account,
            external: format!("c{number}-{}", String::from_utf8_lossy(&body(1))).into_bytes(),
            rev: 0,
            after: 0,
            due: None,
            recent: Vec::new(),
            state: Vec::new(),
            outbox: Vec::new(),
            found_by: None,
        };
        for (round, words) in [1, 200, 3, 60, 400, 2].into_iter().enumerate() {
            let reply = crate::engine::ReplyId(round as u32 / 2);
            let row = OutboxRow { account, conversation, reply, body: body(words), state: OutboxState::Queued };
            let outbox = if round % 2 == 0 { OutboxChange::Put(row) } else { OutboxChange::Remove { reply } };
            change = Change { rev: change.rev + 1, state: body(words), outbox: vec![outbox], ..change };
            let events = vec![EventPut { endpoint: "e".into(), place: 0, kind: "k".to_owned(), body: body(words) }];
            let record = Record {
                at: Moment(1),
                kind: "message",
                account: Some(account),
                body: body(words),
                change: Some(change.clone()),
                is_mark: false,
                events,
            };
            store.commit(vec![record]).await.unwrap();
        }
        changes.push(change);
    }
    let log = place.0.path().join("a.db-wal");
    let found = |path: &Path| {
        let bytes = files::read(path, u64::MAX).unwrap_or_default();
        bytes.windows(SECRET.len()).filter(|part| *part == SECRET).count()
    };
    assert!(found(&place.file()) + found(&log) > 0);
    let mona = changes.remove(20);
    let erasure = Erasure {
        conversation: mona.conversation,
        account,
        external: mona.external,
        rev: mona.rev,
        writer: 0,
        at: Moment(2),
        remains: vec![("erased:1".to_owned(), Vec::new())],
        found_by: None,
        instead: Arc::new(|_, _| None),
        told: Arc::new(|_| Vec::new()),
    };
    let removed = store.erase(erasure).await.unwrap().unwrap();
    assert_eq!((removed.history, removed.events), (6, 6));
    assert_eq!((found(&place.file()), found(&log)), (0, 0));
    drop(store);
    assert_eq!(found(&place.file()), 0);
    assert_eq!(check(&place.file()).unwrap().findings, [] as [&str; 0]);
}
