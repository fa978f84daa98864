//! Customers of whom TikTok tells only that they wrote: what its lists show is answered, once, and nothing of before.

use std::sync::Arc;

use super::script::Shown;
use super::world::{APP, HOUR, MINUTE, SHOP, START, World, options, unknown};
use crate::calendar::Moment;
use crate::engine::{Body, Echo, EchoSource, Inbound, Input};
use crate::runtime::port::{Clock as _, Delivery, Entropy as _, Erasing as _, Meaning, ReadMessage, Store as _};
use crate::runtime::{Delivered, Options, Pass, ReplyState};
use crate::system::{SeededEntropy, SteeredClock};

/// TikTok's lists show it from now on.
fn shows(world: &World, customer: &str, id: &str, at: Moment, input: Input) {
    let external = customer.as_bytes().to_vec();
    let meaning = Meaning::Input { external, key: Some(id.as_bytes().to_vec()), input };
    let row = ReadMessage { at, raw: bytes::Bytes::from_static(b"{}"), meaning };
    let from = world.clock.now();
    world.script.shown.lock().unwrap().push(Shown { open_id: SHOP, customer: customer.to_owned(), from, row });
}

fn said_at(world: &World, customer: &str, id: &str, at: Moment, text: &str) {
    let body = Body::Text { text: text.to_owned() };
    let inbound = Inbound { person: Some(customer.to_owned()), ..Inbound::new(id.to_owned(), at, at, body) };
    shows(world, customer, id, at, Input::Message(inbound));
}

fn said(world: &World, customer: &str, id: &str, text: &str) {
    said_at(world, customer, id, world.clock.now(), text);
}

fn sent(world: &World, customer: &str, id: &str, source: EchoSource, text: &str) {
    let at = world.clock.now();
    let fingerprint = crate::channel::fingerprint("text", text);
    let (message_id, text) = (id.to_owned(), text.to_owned());
    let echo = Echo { message_id, at, received: at, source, automatic: None, fingerprint, text };
    shows(world, customer, &format!("echo {id}"), at, Input::Echo(echo));
}

/// All that TikTok tells.
async fn poke_at(world: &World, at: Moment) {
    let delivery = Delivery {
        app: APP.to_owned(),
        open_id: Some(SHOP.to_owned()),
        received: world.clock.now(),
        raw: bytes::Bytes::from_static(b"{}"),
        meaning: Meaning::Poked { at: Some(at) },
    };
    assert_eq!(world.handle.deliver(delivery).await, Ok(Delivered::Kept));
    world.settle().await;
}

async fn poke(world: &World) {
    poke_at(world, world.clock.now()).await;
}

async fn kept(world: &World, kind: &str) -> usize {
    world.store.loose_history(1_000).await.unwrap().iter().filter(|row| row.kind == kind).count()
}

fn lists(world: &World) -> usize {
    world.count("conversations") + world.count("messages")
}

#[tokio::test]
async fn who_is_not_named_is_read_and_answered_and_so_is_what_comes_next() {
    let world = World::new().await;
    said(&world, "anna", "m1", "hello");
    poke(&world).await;
    world.pass(5_000).await;
    assert_eq!(world.sent(), ["Welcome!"]);
    assert_eq!((kept(&world, "eu").await, kept(&world, "gap").await), (1, 0));
    world.pass(MINUTE).await;
    said(&world, "anna", "m2", "twice");
    said(&world, "ben", "m3", "hello");
    poke(&world).await;
    world.pass(5_000).await;
    assert_eq!(world.sent()[1..].len(), 3, "{:?}", world.sent());
    assert_eq!(world.history("anna").await.iter().filter(|row| row.kind == "message").count(), 2);
    world.assert_replays("anna").await;
    // Once more a while later, for whoever wrote at the same time.
    world.pass_by(3 * MINUTE, 1_000).await;
    let before = lists(&world);
    world.pass_by(HOUR, MINUTE).await;
    assert_eq!(lists(&world), before, "nobody asks where nothing was told");
}

#[tokio::test]
async fn who_writes_right_after_a_look_is_read_when_the_next_may_be_made() {
    let world = World::new().await;
    said(&world, "anna", "m1", "hello");
    poke(&world).await;
    world.pass(1_000).await;
    said(&world, "anna", "m2", "pair");
    poke(&world).await;
    world.pass(6_000).await;
    assert_eq!(world.sent().join(" "), "Welcome! First. Second.");
}

#[tokio::test]
async fn who_wrote_at_the_same_time_and_is_shown_later_is_read_too() {
    let world = World::new().await;
    let at = world.clock.now();
    said(&world, "anna", "m1", "hello");
    poke(&world).await;
    poke(&world).await;
    world.pass_by(MINUTE, 1_000).await;
    said_at(&world, "ben", "m2", at, "hello");
    world.pass_by(2 * MINUTE, 1_000).await;
    assert_eq!(world.sent(), ["Welcome!", "Welcome!"]);
    world.pass_by(10 * MINUTE, 1_000).await;
    assert_eq!(world.count("conversations"), 6, "and then no more");
}

#[tokio::test]
async fn a_hundred_words_in_a_second_are_few_looks() {
    let world = World::new().await;
    said(&world, "anna", "m1", "hello");
    for _ in 0..100 {
        poke(&world).await;
        world.clock.advance(10);
    }
    world.pass(30_000).await;
    assert_eq!(world.sent(), ["Welcome!"]);
    assert_eq!(kept(&world, "eu").await, 100);
    assert!(world.handle.measures().by_input.contains(&("eu", 100)));
    // The first one, and those that came since; each is two lists and what is new in them.
    assert!(world.count("conversations") <= 30, "{} lists", world.count("conversations"));
    assert!(world.count("messages") <= 15, "{} conversations", world.count("messages"));
}

#[tokio::test]
async fn nothing_of_before_the_account_was_first_seen_is_answered() {
    let world = World::new().await;
    for number in 0..40 {
        said_at(&world, &format!("old {number}"), &format!("o{number}"), START.plus_ms(-MINUTE), "hello");
    }
    said_at(&world, "anna", "m0", START.plus_ms(-1), "hello");
    world.clock.advance(1_000);
    said(&world, "anna", "m1", "hello");
    poke(&world).await;
    world.pass(10_000).await;
    assert_eq!(world.sent(), ["Welcome!"]);
    assert_eq!(world.store.conversations(100).await.unwrap().len(), 1);
    assert_eq!(world.count("messages"), 1, "what is old is not even opened");
    // Nor after a restart, which is not a first sight.
    let world = world.crash_for(HOUR).await;
    said(&world, "ben", "m2", "hello");
    poke(&world).await;
    world.pass(10_000).await;
    assert_eq!(world.sent(), ["Welcome!", "Welcome!"]);
}

#[tokio::test]
async fn what_was_written_while_an_account_was_disconnected_is_left_alone() {
    let world = World::new().await;
    world.handle.disconnect(APP, SHOP).await.unwrap();
    world.clock.advance(HOUR);
    said(&world, "anna", "m1", "hello");
    world.clock.advance(HOUR);
    world.handle.admit(APP, SHOP).await.unwrap();
    poke_at(&world, world.clock.now().plus_ms(-HOUR)).await;
    world.pass(10_000).await;
    assert_eq!(world.sent(), Vec::<String>::new());
    assert_eq!(kept(&world, "gap").await, 0, "nobody waits for what is left alone");
}

#[tokio::test]
async fn a_message_that_came_by_a_webhook_as_well_has_one_effect() {
    let world = World::new().await;
    let delivery = world.text(SHOP, "anna", "hello");
    said(&world, "anna", "in-1", "hello");
    poke(&world).await;
    world.pass(5_000).await;
    assert_eq!(world.handle.deliver(delivery).await, Ok(Delivered::Duplicate));
    // And the other way round: what was told is not even opened.
    let before = world.count("messages");
    world.handle.deliver(world.text(SHOP, "ben", "hello")).await.unwrap();
    said(&world, "ben", "in-2", "hello");
    poke(&world).await;
    world.pass(5_000).await;
    assert_eq!(world.sent(), ["Welcome!", "Welcome!"]);
    assert_eq!(world.count("messages"), before);
}

#[tokio::test]
async fn another_process_is_told_and_the_leader_reads_once() {
    let (one, two) = World::pair().await;
    said(&one, "anna", "m1", "hello");
    poke(&two).await;
    one.pass_by(3 * MINUTE, 500).await;
    assert_eq!(one.sent(), ["Welcome!"]);
    assert_eq!((one.count("conversations"), one.count("messages")), (4, 1));
    // Whoever leads next knows how far it was read.
    one.die().await;
    two.pass_by(MINUTE, 100).await;
    assert_eq!((two.count("conversations"), two.count("messages")), (4, 1));
    said(&two, "ben", "m2", "hello");
    poke(&two).await;
    two.pass_by(10_000, 100).await;
    assert_eq!(two.sent(), ["Welcome!", "Welcome!"]);
}

#[tokio::test]
async fn what_was_told_and_not_read_is_read_after_a_restart() {
    let world = World::new().await;
    *world.script.lists_fail.lock().unwrap() = 1_000;
    said(&world, "anna", "m1", "hello");
    poke(&world).await;
    world.pass_by(10 * MINUTE, 1_000).await;
    assert_eq!(world.sent(), Vec::<String>::new());
    let tries = lists(&world);
    assert!((8..=20).contains(&tries), "{tries} calls in ten minutes");
    *world.script.lists_fail.lock().unwrap() = 0;
    let world = world.crash().await;
    world.pass(10_000).await;
    assert_eq!(world.sent(), ["Welcome!"]);
    assert_eq!(kept(&world, "gap").await, 0);
}

#[tokio::test]
async fn lists_that_lag_behind_are_asked_again_and_a_word_that_they_never_explain_is_a_gap() {
    let world = World::new().await;
    poke(&world).await;
    let at = world.clock.now();
    world.pass_by(30_000, 500).await;
    assert_eq!(world.sent(), Vec::<String>::new());
    said_at(&world, "anna", "m1", at, "hello");
    world.pass_by(30_000, 500).await;
    assert_eq!(world.sent(), ["Welcome!"]);
    assert_eq!(kept(&world, "gap").await, 0);
    // The same word once more asks once, and once more a while later.
    world.pass_by(3 * MINUTE, 1_000).await;
    let before = world.count("conversations");
    poke_at(&world, at).await;
    world.pass_by(5 * MINUTE, 1_000).await;
    assert_eq!(world.count("conversations"), before + 4);
    poke(&world).await;
    world.pass_by(10 * MINUTE, 1_000).await;
    assert_eq!(kept(&world, "gap").await, 1);
    assert_eq!(world.count("conversations"), before + 4 + 14, "and then no more");
    // Who writes meanwhile does not wait for it.
    poke(&world).await;
    world.pass_by(2 * MINUTE, 500).await;
    said(&world, "ben", "m2", "hello");
    poke(&world).await;
    world.pass(5_000).await;
    assert_eq!(world.sent(), ["Welcome!", "Welcome!"]);
}

#[tokio::test]
async fn more_than_the_list_holds_is_recorded_as_a_gap() {
    let world = World::new().await;
    said(&world, "anna", "m0", "hello");
    poke(&world).await;
    world.pass(MINUTE).await;
    for number in 1..=25 {
        world.clock.advance(10);
        said(&world, "anna", &format!("m{number}"), &format!("word {number}"));
    }
    poke(&world).await;
    world.pass(MINUTE).await;
    assert_eq!(kept(&world, "gap").await, 1);
    assert_eq!(world.history("anna").await.iter().filter(|row| row.kind == "message").count(), 21);
    world.assert_replays("anna").await;
}

#[tokio::test]
async fn a_colleague_in_the_list_takes_over_and_counts() {
    let world = World::new().await;
    said(&world, "anna", "m1", "hello");
    poke(&world).await;
    world.pass(MINUTE).await;
    sent(&world, "anna", "c1", EchoSource::App, "I am here.");
    world.clock.advance(1_000);
    said(&world, "anna", "m2", "hello");
    poke(&world).await;
    world.pass(MINUTE).await;
    assert_eq!(world.sent(), ["Welcome!"]);
    assert_eq!(world.history("anna").await.iter().filter(|row| row.kind == "echo").count(), 1);
    world.assert_replays("anna").await;
}

#[tokio::test]
async fn our_own_message_in_the_list_settles_what_nobody_heard_of() {
    let world = World::new().await;
    world.answer(unknown());
    said(&world, "anna", "m1", "hello");
    poke(&world).await;
    world.pass(2_000).await;
    sent(&world, "anna", "ours", EchoSource::Api, "Welcome!");
    world.clock.advance(10);
    said(&world, "anna", "m2", "thanks");
    poke(&world).await;
    world.pass(5_000).await;
    let lines = world.lines("anna").await;
    let states: Vec<_> = lines.iter().filter_map(|line| line.reply.as_ref()).map(|reply| reply.state).collect();
    assert_eq!(states, [ReplyState::Sent]);
    assert_eq!(world.sent(), ["Welcome!"]);
    world.assert_replays("anna").await;
}

#[tokio::test]
async fn before_going_live_only_testers_are_read_to_the_bot() {
    let only = |delivery: Delivery| match &delivery.meaning {
        Meaning::Input { input: Input::Message(message), .. } if message.person.as_deref() != Some("anna") => {
            Delivery { meaning: Meaning::Kept { kind: "not_a_tester", why: "only testers".to_owned() }, ..delivery }
        }
        _ => delivery,
    };
    let options = Options { pass: Some(Pass(Arc::new(only))), ..options() };
    let world = World::with(SteeredClock::frozen(START), options).await;
    said(&world, "ben", "m1", "hello");
    said(&world, "anna", "m2", "hello");
    poke(&world).await;
    world.pass(10_000).await;
    assert_eq!(world.sent(), ["Welcome!"]);
    assert_eq!(world.store.conversations(9).await.unwrap().len(), 1);
    assert_eq!(kept(&world, "not_a_tester").await, 1);
}

#[tokio::test]
async fn an_erased_customer_is_not_brought_back_by_the_list() {
    let world = World::new().await;
    said(&world, "anna", "m1", "hello");
    poke(&world).await;
    world.pass(MINUTE).await;
    let id = world.id("anna").await;
    world.handle.erase(id, "the desk").await.unwrap().unwrap();
    for (key, value) in world.store.meta_under("eu_", 100).await.unwrap() {
        assert!(!format!("{key} {}", String::from_utf8_lossy(&value)).contains("anna"));
    }
    said(&world, "ben", "m2", "hello");
    poke(&world).await;
    world.pass(MINUTE).await;
    assert_eq!(world.sent(), ["Welcome!", "Welcome!"]);
    assert_eq!(world.store.load(id).await.unwrap(), None);
    assert_eq!(world.store.conversations(9).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_was_told_of_nobody_we_serve_is_kept_and_read_by_nobody() {
    let world = World::new().await;
    for open_id in [None, Some("-nobody".to_owned())] {
        let meaning = Meaning::Poked { at: None };
        let raw = bytes::Bytes::from_static(b"{}");
        let delivery = Delivery { app: APP.to_owned(), open_id, received: START, raw, meaning };
        assert_eq!(world.handle.deliver(delivery).await, Ok(Delivered::Kept));
    }
    world.pass(MINUTE).await;
    assert_eq!((kept(&world, "eu").await, lists(&world)), (2, 0));
}

/// One seeded story of what may happen between TikTok's word and our look.
struct Drawn {
    world: World,
    chance: SeededEntropy,
    /// Customer and id of what was written since the account was first seen.
    since: Vec<(String, String)>,
    bursts: Vec<String>,
    began: Moment,
}

impl Drawn {
    async fn of(seed: u64) -> Self {
        let world = World::new().await;
        for number in 0..30 {
            said_at(&world, &format!("c{}", number % 15), &format!("old{number}"), START.plus_ms(-1 - number * HOUR), "hello");
        }
        let began = world.clock.now();
        Self { world, chance: SeededEntropy::new(seed), since: Vec::new(), bursts: Vec::new(), began }
    }

    fn below(&self, most: u64) -> u64 {
        self.chance.next_u64() % most
    }

    fn writes(&mut self, customer: &str) {
        let id = format!("new{}", self.since.len());
        said(&self.world, customer, &id, "hello");
        self.since.push((customer.to_owned(), id));
        self.world.clock.advance(1);
    }

    async fn tells(&self) {
        let pokes = match self.below(8) {
            0 => 0,
            1 => 2,
            2 => 40,
            _ => 1,
        };
        let at = self.world.clock.now().plus_ms(-1);
        for _ in 0..pokes {
            poke_at(&self.world, at).await;
        }
    }

    async fn step(mut self) -> Self {
        let customer = format!("c{}", self.below(20));
        match self.below(12) {
            0 => {
                for _ in 0..25 {
                    self.writes(&customer);
                }
                self.bursts.push(customer);
                self.tells().await;
            }
            1 => *self.world.script.lists_fail.lock().unwrap() = u32::try_from(self.below(6)).unwrap(),
            2 => {
                let down = i64::try_from(self.below(20)).unwrap() * MINUTE;
                self.world = self.world.crash_for(down).await;
            }
            _ => {
                self.writes(&customer);
                self.tells().await;
            }
        }
        let ms = [10, 700, 5_000, 40_000][usize::try_from(self.below(4)).unwrap()];
        self.world.pass_by(ms, (ms / 20).max(10)).await;
        self
    }

    /// The last word brings whatever nobody was told of.
    async fn ends(self) -> Self {
        let mut ending = self;
        ending.writes("last");
        *ending.world.script.lists_fail.lock().unwrap() = 0;
        poke_at(&ending.world, ending.world.clock.now().plus_ms(-1)).await;
        ending.world.pass_by(4 * MINUTE, 500).await;
        ending
    }

    /// How often each message was taken, by customer and id.
    async fn taken(&self) -> std::collections::BTreeMap<(String, String), usize> {
        let mut taken = std::collections::BTreeMap::new();
        for row in self.world.store.conversations(1_000).await.unwrap() {
            let customer = String::from_utf8(row.external.clone()).unwrap();
            for line in self.world.store.history(row.id, 10_000).await.unwrap() {
                let Ok(entry) = serde_json::from_slice::<crate::runtime::Entry>(&line.body) else { continue };
                if let Input::Message(message) = entry.input {
                    *taken.entry((customer.clone(), message.message_id)).or_default() += 1;
                }
            }
        }
        taken
    }
}

#[tokio::test]
async fn whatever_is_lost_doubled_or_crowded_all_since_then_is_taken_once_and_nothing_of_before() {
    for seed in 0..12 {
        let mut story = Drawn::of(seed).await;
        for _ in 0..25 {
            story = story.step().await;
        }
        let story = story.ends().await;
        let taken = story.taken().await;
        let old: Vec<_> = taken.keys().filter(|(_, id)| id.starts_with("old")).collect();
        assert!(old.is_empty(), "seed {seed}: {old:?}");
        for written in &story.since {
            let times = taken.get(written).copied().unwrap_or(0);
            // More than a list holds between two looks is not to be had, and recorded.
            let gap = times == 0 && story.bursts.contains(&written.0) && kept(&story.world, "gap").await > 0;
            assert!(times == 1 || gap, "seed {seed}: {written:?} was taken {times} times");
        }
        let seconds = story.world.clock.now().since_ms(story.began) / 1_000;
        let looks = i64::try_from(story.world.count("conversations")).unwrap() / 2;
        assert!(looks <= seconds / 3 + 10, "seed {seed}: {looks} looks in {seconds} s");
    }
}

/// The same check, where the account is said to have been served for ever: it finds what is left alone above.
#[tokio::test]
async fn who_forgets_since_when_an_account_is_served_is_found_out() {
    let story = Drawn::of(1).await;
    let account = story.world.store.account(APP, SHOP).await.unwrap();
    story.world.store.put_meta(&format!("eu_since:{}", account.0), &0_i64.to_le_bytes()).await.unwrap();
    let story = story.ends().await;
    assert!(story.taken().await.keys().any(|(_, id)| id.starts_with("old")));
}

#[tokio::test]
async fn whom_a_colleague_has_answered_already_the_bot_leaves_alone() {
    let world = World::new().await;
    said(&world, "anna", "m1", "hello");
    world.clock.advance(60_000);
    sent(&world, "anna", "c1", EchoSource::App, "I am here.");
    poke(&world).await;
    world.pass(10_000).await;
    assert_eq!(world.sent(), Vec::<String>::new());
    let kinds: Vec<String> = world.history("anna").await.iter().map(|row| row.kind.clone()).collect();
    assert!(kinds.contains(&"message".to_owned()), "{kinds:?}");
}
