//! Copies of the store: made beside a running server, brought back, checked, refused.

use std::path::Path;
use std::time::Instant;

use rejoinder::runtime::ReplyState::{Queued, Unknown};

use crate::harness::{World, shell};
use crate::operators::SHOP;
use crate::town::{HOUR, PATIENCE, SECOND, Town, bot, nap};

async fn bring_back(town: &mut Town, copy: &Path) {
    let restored = async |db: &Path| {
        let begun = Instant::now();
        // The process before may still be letting go of its lock.
        while let Err(error) = rejoinder::store::restore(copy, db) {
            assert!(begun.elapsed() < PATIENCE, "{error}");
            nap(10).await;
        }
    };
    town.restart_after(restored).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn yesterdays_file_is_brought_back_and_nothing_is_sent_twice() {
    let mut town = Town::running(bot(SHOP)).await;
    let [mona, aya, omar] = ["Mona", "Aya", "Omar"].map(|name| town.customer(name, "EG"));
    town.write(&mona, "late");
    town.until(&mona, "the run to wait", async |town| town.lines(&mona, "message").await == 1).await;
    town.runtime().pause(None).await.unwrap();
    town.write(&aya, "hello");
    town.stand(&aya, Queued, 1).await;
    // A copy beside the running server, with a reply that waits and a timer that runs.
    let copy = town.db().with_extension("copy");
    rejoinder::store::backup(&town.db(), &copy).unwrap();
    let checked = rejoinder::store::check(&copy).unwrap();
    assert_eq!((checked.conversations, checked.outbox, checked.findings.as_slice()), (2, 1, &[][..]), "{checked:?}");
    assert!(rejoinder::store::backup(&town.db(), &copy).is_err(), "no copy is overwritten");

    // All of it happens, and more: then the day is lost.
    town.runtime().resume(None).await.unwrap();
    town.hears(&aya, 1).await;
    town.write(&omar, "hello");
    town.hears(&omar, 1).await;
    town.jump(47 * HOUR + SECOND);
    town.hears(&mona, 1).await;
    bring_back(&mut town, &copy).await;
    town.runtime().resume(None).await.unwrap();
    let bodies: Vec<_> = town.bodies.lock().unwrap().clone();
    for body in bodies {
        assert_eq!(town.deliver(body.clone(), &body).await, 200);
    }
    town.jump(HOUR);
    for customer in [&mona, &aya, &omar] {
        town.silent(customer).await;
        assert_eq!(town.heard(customer).len(), 1);
    }
    let unknown = town.stand(&aya, Unknown, 1).await;
    assert!(unknown[0].reason.contains("restored from an older copy"), "{unknown:?}");
    assert_eq!(town.lines(&mona, "restored").await, 1);
    let kept = town.store().loose_history(100).await.unwrap();
    assert!(kept.iter().filter(|row| row.kind == "before_restore").count() >= 3);

    // A second start is no restored one, and what is written from now on is answered.
    town.restart().await;
    for customer in [&mona, &aya, &omar] {
        town.write(customer, "hello");
        assert_eq!(town.hears(customer, 2).await[1], "Welcome!");
    }
    assert_eq!(town.lines(&mona, "restored").await, 1);
    town.no_violations();
}

/// The story above proves something: a copy without its mark, and without the file beside that would tell it, does send again.
#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_nobody_takes_for_one_sends_again() {
    let mut town = Town::running(bot(SHOP)).await;
    let aya = town.customer("Aya", "EG");
    town.runtime().pause(None).await.unwrap();
    town.write(&aya, "hello");
    town.stand(&aya, Queued, 1).await;
    let copy = town.db().with_extension("copy");
    rejoinder::store::backup(&town.db(), &copy).unwrap();
    town.runtime().resume(None).await.unwrap();
    town.hears(&aya, 1).await;
    // Past all that would tell the copy from the newest file.
    let unmarked = async |db: &Path| {
        let beside = |end: &str| format!("{}{end}", db.display());
        std::fs::remove_file(beside(".generation")).unwrap();
        // They belong to the newer file.
        ["-wal", "-shm"].map(beside).iter().for_each(|file| drop(std::fs::remove_file(file)));
        std::fs::copy(&copy, db).unwrap();
        let copied = rusqlite::Connection::open(db).unwrap();
        assert_eq!(copied.execute("DELETE FROM meta WHERE key = 'generation'", ()).unwrap(), 1);
        copied.close().unwrap();
    };
    town.restart_after(unmarked).await;
    town.runtime().resume(None).await.unwrap();
    assert_eq!(town.hears(&aya, 2).await, ["Welcome!", "Welcome!"]);
    assert_eq!(town.lines(&aya, "restored").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_commands_copy_check_and_restore_and_refuse_what_is_no_store() {
    let mut world = World::new(SHOP).await;
    let mona = world.customer("Mona").await;
    world.write(&mona, "hello").await;
    world.hears(&mona, &["Welcome!"]).await;
    let folder = world.folder.path().to_owned();
    let said = shell("rejoinder db backup copy.db && rejoinder db check copy.db && rejoinder db check", &folder);
    assert!(said.code == Some(0) && said.out.matches("sound\n").count() == 2, "{}", said.out);
    let said = shell("rejoinder db restore copy.db rejoinder.db", &folder);
    assert!(said.code == Some(2) && said.out.contains("is in use by process"), "{}", said.out);
    world.server.as_mut().unwrap().terminate();
    let said = shell("rejoinder db restore copy.db rejoinder.db", &folder);
    assert!(said.code == Some(0) && said.out.contains("rejoinder.db.before-1"), "{}", said.out);
    world.serve(&[]);
    world.hears(&mona, &["Welcome!"]).await;
    world.says("RESTORED").await;

    // A torn copy, another program's file, a folder, nothing.
    let mut bytes = std::fs::read(folder.join("copy.db")).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 2_048].fill(0x5a);
    std::fs::write(folder.join("torn.db"), &bytes).unwrap();
    std::fs::write(folder.join("other.db"), b"SQLite format 3\0 but not really").unwrap();
    for (file, code) in [("torn.db", 1), ("other.db", 2), ("flows", 2), ("none.db", 2)] {
        let said = shell(&format!("rejoinder db check {file}"), &folder);
        assert!(said.code == Some(code) || said.code == Some(2), "{file}: {}", said.out);
        let said = shell(&format!("rejoinder db restore {file} new.db"), &folder);
        assert_eq!(said.code, Some(2), "{file}: {}", said.out);
        assert!(!folder.join("new.db").exists(), "{file}");
    }
}
