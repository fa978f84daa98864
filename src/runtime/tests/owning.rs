//! Two accounts, two bots, one process: each has its versions to itself.

use super::world::{APP, CAFE, FLOWS, OWN, World, files, options, own};
use crate::bot::Value;
use crate::engine::{ContactChange, Limits};
use crate::runtime::port::Store as _;
use crate::runtime::{Deployments, Lands, NotChanged, Options, replay};

impl World {
    /// A customer of the café writes; gives what was sent because of it.
    async fn cafe(&self, customer: &str, text: &str) -> Vec<String> {
        let before = self.sent().len();
        self.handle.deliver(self.text(CAFE, customer, text)).await.unwrap();
        self.pass(1_000).await;
        self.sent().split_off(before)
    }

    async fn shop(&self, customer: &str, text: &str) -> Vec<String> {
        let before = self.sent().len();
        self.write(customer, text).await.unwrap();
        self.pass(1_000).await;
        self.sent().split_off(before)
    }

    fn own(&self) -> Deployments {
        self.handle.deployments(Some(CAFE)).unwrap()
    }

    fn numbers(&self) -> (u32, u32) {
        (self.handle.version(), self.own().version())
    }
}

fn second() -> String {
    OWN.replace("Comment vous appelez-vous ?", "Votre nom ?").replace("Enchanté", "Bonsoir")
}

#[tokio::test]
async fn each_account_is_answered_by_its_bot_and_a_deployment_of_one_leaves_the_other_alone() {
    let world = World::owning().await;
    assert_eq!(world.numbers(), (1, 2));
    assert_eq!(world.shop("mona", "hello").await, ["Welcome!"]);
    assert_eq!(world.cafe("omar", "hello").await, ["Bonjour!"]);
    assert_eq!(world.cafe("omar", "later").await, [""; 0], "the shop's word says nothing to the café");
    world.shop("mona", "name").await;
    world.cafe("omar", "name").await;

    let plan = world.own().plan(&files(&second())).await.unwrap();
    assert_eq!((plan.live, plan.version, plan.parked.len()), (Some(2), None, 1), "only its own customers: {plan:?}");
    assert_eq!((plan.parked[0].version, plan.parked[0].customers, plan.parked[0].lands), (2, 1, Lands::Stays));
    let shops = world.handle.shared().plan(&files(&FLOWS.replace("Welcome!", "Good morning!"))).await.unwrap();
    assert_eq!(shops.parked.iter().map(|parked| parked.version).collect::<Vec<_>>(), [1]);

    let (deployed, _) = world.own().deploy(&files(&second())).await.unwrap();
    assert_eq!((deployed.live, deployed.before, world.numbers()), (3, Some(2), (1, 3)));
    assert_eq!(world.shop("aya", "name").await, ["What is your name?"]);
    assert_eq!(world.cafe("zaki", "name").await, ["Votre nom ?"]);
    assert_eq!(world.cafe("omar", "Omar").await, ["Enchanté, Omar."], "who was parked goes on as it began");
    assert_eq!(world.shop("mona", "Mona").await, ["Hello Mona!"]);

    // The shop goes on and back; the café does not notice.
    world.handle.shared().deploy(&files(&FLOWS.replace("Welcome!", "Good morning!"))).await.unwrap();
    assert_eq!((world.numbers(), world.shop("mona", "hello").await), ((4, 3), vec!["Good morning!".to_owned()]));
    world.handle.shared().roll_back(None).await.unwrap();
    assert_eq!(world.numbers(), (1, 3));
    let back = world.own().roll_back(None).await.unwrap();
    assert_eq!((back.live, back.before, world.numbers()), (2, Some(3), (1, 2)));
    assert_eq!(world.cafe("zaki", "Zaki").await, ["Bonsoir, Zaki."]);
    assert_eq!(world.shop("aya", "Aya").await, ["Hello Aya!"]);
}

#[tokio::test]
async fn a_list_tells_what_is_live_for_whom() {
    let world = World::owning().await;
    world.cafe("omar", "name").await;
    world.own().deploy(&files(&second())).await.unwrap();
    let told = |listed: Vec<crate::runtime::Listed>| -> Vec<(u32, bool, bool, usize, u64)> {
        let one = |one: &crate::runtime::Listed| (one.version, one.live, one.before, one.accounts.len(), one.customers);
        listed.iter().map(one).collect()
    };
    let shared = told(world.handle.shared().versions().await.unwrap());
    assert_eq!(shared, [(1, true, false, 0, 0), (2, false, false, 0, 0), (3, false, false, 1, 0)]);
    let own = world.own().versions().await.unwrap();
    assert_eq!(own[2].accounts, [CAFE]);
    assert_eq!(told(own), [(1, false, false, 0, 0), (2, false, true, 0, 1), (3, true, false, 1, 0)]);
    for (account, why) in [("-shop", "has no bot of its own"), ("-nobody", "no account `-nobody` is served here")] {
        let error = world.handle.deployments(Some(account)).err().unwrap().to_string();
        assert!(error.contains(why), "{error}");
    }
}

#[tokio::test]
async fn a_process_that_starts_again_finds_each_bot_as_it_left_it() {
    let mut world = World::owning().await;
    world.cafe("omar", "name").await;
    world.own().deploy(&files(&second())).await.unwrap();
    world.cafe("zaki", "name").await;
    world = world.crash().await;
    assert_eq!(world.numbers(), (1, 3), "the files of version 2 do not undo what was deployed");
    assert_eq!(world.cafe("omar", "Omar").await, ["Enchanté, Omar."]);
    assert_eq!(world.cafe("zaki", "Zaki").await, ["Bonsoir, Zaki."]);
    assert_eq!(world.shop("mona", "hello").await, ["Welcome!"]);
    let id = world.handle.find(APP, CAFE, b"omar").await.unwrap().unwrap();
    let history = world.store.history(id, 1_000).await.unwrap();
    let bots = world.compiler.made.lock().unwrap().clone();
    let of = |digest: &str| bots.iter().chain(&world.handle.bots()).find(|bot| bot.digest == digest).cloned();
    let again = replay(history.iter().rev().map(|row| row.body.as_slice()), of, &Limits::default()).unwrap();
    assert_eq!(again.encode().unwrap(), world.store.load(id).await.unwrap().unwrap().state);
}

#[tokio::test]
async fn two_processes_agree_on_each_bot() {
    let (one, two) = World::pair_with(own()).await;
    assert_eq!((one.numbers(), two.numbers()), ((1, 2), (1, 2)));
    two.own().deploy(&files(&second())).await.unwrap();
    one.handle.shared().deploy(&files(&FLOWS.replace("Welcome!", "Good morning!"))).await.unwrap();
    assert_eq!((one.numbers(), two.numbers()), ((4, 2), (1, 3)), "for a moment they differ");
    one.pass(3_000).await;
    assert_eq!((one.numbers(), two.numbers()), ((4, 3), (4, 3)));
    // The same name is another rollback for another bot.
    one.own().roll_back(Some("k")).await.unwrap();
    two.handle.shared().roll_back(Some("k")).await.unwrap();
    assert!(two.own().roll_back(Some("k")).await.unwrap().unchanged);
    one.pass(3_000).await;
    assert_eq!((one.numbers(), two.numbers()), ((1, 2), (1, 2)));
}

#[tokio::test]
async fn an_account_that_has_lost_its_own_bot_follows_the_shared_one_and_its_runs_end_as_they_began() {
    let mut world = World::owning().await;
    world.cafe("omar", "name").await;
    world = world.crash_with(Options { version: 1, ..options() }).await;
    assert!(world.handle.deployments(Some(CAFE)).is_err());
    assert_eq!(world.cafe("omar", "Omar").await, ["Enchanté, Omar."]);
    assert_eq!(world.cafe("omar", "hello").await, ["Welcome!"]);
    world = world.crash_with(own()).await;
    assert_eq!(world.cafe("omar", "hello").await, ["Bonjour!"]);
}

#[tokio::test]
async fn hosts_and_fields_are_those_of_the_own_bot() {
    let world = World::owning().await;
    assert_eq!(world.cafe("omar", "track").await, ["sent"]);
    assert_eq!(world.shop("mona", "track").await, ["sent"]);
    let origins: Vec<Vec<String>> = world
        .systems
        .asked
        .lock()
        .unwrap()
        .iter()
        .map(|(_, call)| call.origins.iter().map(ToString::to_string).collect())
        .collect();
    assert_eq!(origins, [vec!["https://cafe.example"], vec!["https://shop.example", "https://bank.example"]]);

    let change = ContactChange {
        fields: [("table".to_owned(), Some(Value::Text("4".to_owned())))].into_iter().collect(),
        by: "desk".to_owned(),
        ..ContactChange::default()
    };
    let omar = world.handle.find(APP, CAFE, b"omar").await.unwrap().unwrap();
    assert!(world.handle.change_contact(omar, change.clone()).await.is_ok());
    let refused = world.handle.change_contact(world.id("mona").await, change).await;
    assert!(matches!(refused, Err(NotChanged::Unfit(why)) if why.contains("it has none")), "the shop's bot has no such field");
    let exported = world.handle.export(omar, false).await.unwrap().unwrap();
    assert!(serde_json::to_string(&exported).unwrap().contains("table"));
}

#[tokio::test]
async fn what_is_live_for_an_account_stays_however_many_versions_another_bot_has() {
    let world = World::owning().await;
    world.own().deploy(&files(&second())).await.unwrap();
    let many = |number: usize| files(&FLOWS.replace("Welcome!", &format!("Welcome {number}!")));
    for number in 0..60 {
        world.handle.shared().take_over(&many(number)).await.unwrap();
        world.clock.advance(2 * 60 * 60 * 1_000);
    }
    let kept: Vec<u32> = world.own().versions().await.unwrap().iter().map(|one| one.version).collect();
    assert!(kept.len() < 60 && kept.starts_with(&[2, 3]), "its live one and the one before: {kept:?}");
    assert_eq!(world.own().roll_back(None).await.unwrap().live, 2);
}

#[tokio::test]
async fn files_that_another_bot_has_stored_are_new_to_an_own_one() {
    let world = World::owning().await;
    world.handle.shared().take_over(&files(&second())).await.unwrap();
    assert_eq!(world.numbers(), (3, 2));
    let done = world.own().refresh(&files(&second())).await.unwrap();
    assert_eq!(done.map(|deployed| (deployed.live, deployed.before)), Ok((3, Some(2))));
    world.own().roll_back(None).await.unwrap();
    assert_eq!(world.own().refresh(&files(&second())).await.unwrap(), Err(3), "a rollback is not undone by reading again");
    assert_eq!(world.numbers(), (3, 2));
}
