//! Random bots with random customers: no reply, no time and no text passes what was proved.

use std::sync::Arc;

use super::generate::{Size, generate};
use super::talk::{Act, H, M, S, Talk};
use super::{Dice, compiled};
use crate::bot::Bot;
use crate::calendar::Moment;
use crate::check::proof::cost::{OMITTED, Omission};

/// Conversations with each bot.
const TALKS: u64 = 8;

fn act(dice: &mut Dice) -> Act {
    match dice.below(28) {
        0..=4 => Act::Say(dice.pick(&["w0", "w1", "w2", "w3", "w0 b"])),
        5..=8 => Act::Say(dice.pick(&["5", "b", "yes", "S", "c", "zzz", "b 5"])),
        9 => Act::Press(dice.below(2)),
        10 => dice.pick(&[Act::Image, Act::Image, Act::Like, Act::Ad, Act::Comment("c")]),
        11 => Act::Say(dice.pick(&["stop", "start", "zzz", "long b word after word"])),
        12 => dice.pick(&[Act::Take, Act::Release, Act::Release]),
        13 => Act::Host(dice.pick(&[Some(200), Some(404), Some(500), None, None])),
        14 => dice.pick(&[Act::NoImages, Act::After(S)]),
        15 | 16 => Act::Like,
        _ => Act::After(dice.pick(&[S, 5 * S, M, 21 * M, 41 * M, H, 3 * H, 13 * H, 26 * H, 60 * H])),
    }
}

/// What breaks the proof of the bot in this conversation.
fn counterexample(bot: &Arc<Bot>, seed: u64) -> Option<String> {
    let mut dice = Dice(seed);
    let start = Moment::from_rfc3339("2026-03-20T00:00:00Z").unwrap().plus_ms(dice.below(220 * 24 * 60) as i64 * M);
    let mut talk = Talk::new(Arc::clone(bot), start, seed);
    if dice.one_in(3) {
        talk.act(Act::Host(None));
    }
    let first = dice.pick(&["w0", "w1", "w2"]);
    talk.act(Act::Say(first));
    // Silence shows what one message can set off.
    if dice.one_in(3) {
        talk.act(Act::After(60 * H));
    }
    let mut likes = if dice.one_in(3) { 2 + dice.below(3) } else { 0 };
    for _ in 0..4 + dice.below(10) {
        if likes > 0 {
            likes -= 1;
            talk.act(Act::Like);
        }
        talk.act(act(&mut dice));
        if let Some(broken) = talk.broken.take() {
            return Some(format!("{broken}\n{}", talk.log.join("\n")));
        }
    }
    None
}

/// Looks at so many conversations; gives what broke a proof, and how many bots were accepted and refused.
fn search(from: u64, pairs: u64, size: Size) -> (Option<String>, u64, u64) {
    let (mut accepted, mut refused, mut seed) = (0, 0, from);
    while accepted * TALKS < pairs {
        seed += 1;
        assert!(refused < 500 + accepted * 20, "nearly all bots are refused");
        let text = generate(seed, size);
        let Some(bot) = compiled(&text).0 else {
            refused += 1;
            continue;
        };
        accepted += 1;
        let bot = Arc::new(bot);
        for talk in 0..TALKS {
            if let Some(broken) = counterexample(&bot, seed.wrapping_mul(31).wrapping_add(talk)) {
                return (Some(format!("seed {seed}, talk {talk}: {broken}\n{text}\n{:#?}", bot.proof.flows)), accepted, refused);
            }
        }
    }
    (None, accepted, refused)
}

/// `REJOINDER_PAIRS` sets how many pairs of a bot and a conversation are tried.
#[test]
fn no_conversation_passes_what_was_proved() {
    let pairs =
        crate::system::environment::var("REJOINDER_PAIRS").ok().flatten().and_then(|pairs| pairs.parse().ok()).unwrap_or(400);
    for (from, size) in [(0, Size::Full), (1 << 40, Size::Small)] {
        let (broken, accepted, refused) = search(from, pairs / 2, size);
        assert!(broken.is_none(), "{}", broken.unwrap_or_default());
        println!("{size:?}: {accepted} bots accepted, {refused} refused");
    }
}

/// An analysis that leaves something out is caught.
fn is_caught(omission: Omission) {
    OMITTED.set(Some(omission));
    let (broken, _, _) = search(1 << 50, 120_000, Size::Small);
    OMITTED.set(None);
    assert!(broken.is_some(), "{omission:?} can be left out and nothing happens");
}

#[test]
fn an_analysis_without_nudges_is_caught() {
    is_caught(Omission::Nudges);
}

#[test]
fn an_analysis_without_questions_asked_again_is_caught() {
    is_caught(Omission::Resumes);
}

#[test]
fn an_analysis_without_the_pauses_of_fetch_is_caught() {
    is_caught(Omission::Pauses);
}

#[test]
fn an_analysis_without_the_last_turn_is_caught() {
    is_caught(Omission::LastTurn);
}

#[test]
fn an_analysis_without_what_follows_a_release_is_caught() {
    is_caught(Omission::Released);
}

#[test]
fn an_analysis_without_faults_is_caught() {
    is_caught(Omission::Faults);
}

#[test]
fn an_analysis_without_split_texts_is_caught() {
    is_caught(Omission::Splits);
}

#[test]
fn an_analysis_without_callers_is_caught() {
    is_caught(Omission::Callers);
}

#[test]
fn an_analysis_without_reactions_is_caught() {
    is_caught(Omission::Reactions);
}

/// Without the engine's rule the same reaction, taken back and set again, passes every bound.
#[test]
fn reactions_that_fire_each_time_are_caught() {
    is_caught(Omission::Once);
}
