//! One seed draws a whole plan.

use crate::bots::{Cast, FOLDERS, cast};
use crate::chance::Chance;
use crate::plan::{Act, BotChoice, EchoWrong, Ending, Plan, Step, Trouble, What, When, Wrong};
use crate::time::{HOUR, MINUTE, SECOND};

/// Different made-up bots.
const MADE_UP: u64 = 64;
const KINDS: [&str; 6] = ["message", "may_send", "outcome", "echo", "due", "looked"];

pub fn plan(seed: u64) -> Plan {
    let mut chance = Chance::new(seed).fork("plan");
    let bot = match chance.below(12) {
        0..=3 => BotChoice::Folder(chance.pick(&FOLDERS[..])),
        4 => BotChoice::LastMoment,
        _ => BotChoice::MadeUp(chance.next() % MADE_UP),
    };
    // Drawn beside the others, which stay as they were.
    let mut systems = chance.fork("systems");
    let asks = matches!(bot, BotChoice::MadeUp(_)) && systems.once_in(8);
    let bot = if asks { BotChoice::Systems } else { bot };
    let cast = cast(bot);
    let accounts = if chance.once_in(3) { 2 } else { 1 };
    let many = if chance.once_in(10) { chance.below(25) + 6 } else { chance.below(5) + 1 };
    let customers: Vec<usize> = (0..many).map(|_| chance.below(accounts)).collect();
    let mut acts: Vec<Act> =
        (0..many).flat_map(|who| customer(&mut chance.fork(&format!("customer {who}")), who, many, &cast)).collect();
    acts.sort_by_key(|act| (act.at, act.who));
    let horizon = acts.last().map_or(0, |act| act.at) + HOUR;
    let mut wrong = chance.fork("troubles");
    let count = match wrong.below(8) {
        0 => 0,
        1 => wrong.below(40) + 12,
        _ => wrong.below(12) + 1,
    };
    let mut troubles: Vec<Trouble> = (0..count).map(|_| trouble(&mut wrong, horizon, accounts, &cast)).collect();
    if asks {
        troubles.extend((0..systems.below(4)).map(|_| in_the_middle(&mut systems)));
    }
    let mut shared = chance.fork("nodes");
    let nodes = if shared.once_in(3) { shared.below(4) + 2 } else { 1 };
    // A day of renewals every two seconds would only take long to tell.
    let lease_ms = (horizon / 2_000).max(10 * SECOND);
    if nodes > 1 {
        troubles.extend((0..shared.below(10)).map(|_| apart(&mut shared, horizon, (nodes, lease_ms))));
    }
    let deployments = deployments(&mut chance.fork("deployments"), cast.versions.len(), horizon);
    let (greets, a_day, tiktok_a_day) = habits(&mut chance.fork("habits"), many);
    let (unnamed, before) = unnamed(&mut chance.fork("unnamed"), many, &cast);
    Plan {
        seed,
        bot,
        workers: chance.below(3) + 1,
        nodes,
        lease_ms,
        margin_ms: chance.pick(&[5 * MINUTE, 5 * MINUTE, 10 * MINUTE]),
        accounts,
        customers,
        unnamed,
        before,
        tiktok_ms: if chance.once_in(4) { chance.between(-30_000, 30_000) } else { 0 },
        ours_ms: match chance.below(8) {
            0 => chance.between(-10 * MINUTE, 10 * MINUTE),
            1 | 2 => chance.between(-4 * MINUTE, 4 * MINUTE),
            _ => chance.between(-500, 500),
        },
        way_ms: chance.pick(&[5, 40, 300]),
        commit_ms: chance.pick(&[0, 3, 30]),
        list_lag_ms: chance.pick(&[0, 0, 5_000, 60_000, 90_000]),
        list_reversed: chance.once_in(2),
        images_allowed: chance.once_in(2),
        greets,
        a_day,
        tiktok_a_day,
        acts,
        troubles,
        deployments,
    }
}

/// Each version once in their order, and then some that were live before.
fn deployments(anew: &mut Chance, versions: usize, horizon: i64) -> Vec<(i64, usize)> {
    if versions == 0 || anew.once_in(3) {
        return Vec::new();
    }
    let mut when: Vec<i64> = (0..anew.below(5) + 1).map(|_| anew.between(0, horizon)).collect();
    when.sort_unstable();
    let which = |(nth, at): (usize, i64)| (at, if nth + 1 < versions { nth + 1 } else { anew.below(versions) });
    when.into_iter().enumerate().map(which).collect()
}

/// In some stories TikTok does not name everybody who writes, and its lists show what was written before anybody answered.
fn unnamed(chance: &mut Chance, many: usize, cast: &Cast) -> (Vec<usize>, Vec<(usize, i64, String)>) {
    if !chance.once_in(8) {
        return (Vec::new(), Vec::new());
    }
    let all = chance.once_in(3);
    let unnamed = (0..many).filter(|_| all || chance.once_in(2)).collect();
    // Longer than any clock is wrong at the beginning.
    let before = (0..chance.below(4)).map(|_| (chance.below(many), chance.between(HOUR, 60 * HOUR), chance.pick(&cast.words)));
    (unnamed, before.collect())
}

/// Whether TikTok greets, and how many conversations an account answers a day: by our setting, and by TikTok's will.
fn habits(chance: &mut Chance, many: usize) -> (bool, Option<u32>, Option<usize>) {
    let greets = chance.once_in(4);
    // So many that each conversation has its turn within two days.
    let a_day =
        chance.once_in(8).then(|| u32::try_from(chance.between(0, 3)).unwrap() + u32::try_from(many.div_ceil(2)).unwrap());
    (greets, a_day, chance.once_in(8).then(|| chance.below(many) + 1))
}

fn customer(chance: &mut Chance, who: usize, many: usize, cast: &Cast) -> Vec<Act> {
    let mut acts = Vec::new();
    // A crowd comes at once, a few come when they like.
    let mut at = chance.stretch(100, if many > 6 { 2 * SECOND } else { 2 * HOUR });
    for nth in 0..chance.between(1, if many > 6 { 3 } else { 12 }) {
        let what = if nth == 0 && !chance.once_in(4) { word(chance, cast) } else { act(chance, cast) };
        acts.push(Act { at, who, what });
        at += match chance.below(6) {
            0 => chance.between(0, 3),
            1 | 2 => chance.between(200, 8 * SECOND),
            3 => chance.stretch(SECOND, 2 * HOUR),
            4 => chance.stretch(SECOND, 30 * HOUR),
            // Around the end of the window.
            _ if chance.once_in(3) => 48 * HOUR + chance.between(-10 * MINUTE, 2 * MINUTE),
            _ => chance.between(5 * SECOND, 2 * MINUTE),
        };
    }
    acts
}

fn word(chance: &mut Chance, cast: &Cast) -> What {
    What::Text(chance.pick(&cast.words))
}

fn act(chance: &mut Chance, cast: &Cast) -> What {
    let from = |chance: &mut Chance, words: &[String]| match words {
        [] => What::Text("stop".to_owned()),
        words => What::Text(chance.pick(words)),
    };
    match chance.below(37) {
        0..=14 => word(chance, cast),
        15..=18 => What::Button(chance.below(3)),
        19 | 20 => from(chance, &cast.opt_out),
        21 | 22 => from(chance, &cast.opt_in),
        23 => What::Image,
        24 => What::Sticker,
        25 => What::Reaction,
        26 => What::Referral,
        27 => What::Read,
        28 => What::Comment("what is the price?".to_owned()),
        29 => What::Colleague { text: "I am here.".to_owned(), web: chance.once_in(2) },
        30 => What::ColleagueRepeats,
        31 => What::TakeOver,
        32 => What::Release,
        33 => What::Automatic(chance.pick(&["WELCOME_MESSAGE", "AUTO_REPLY", "SUGGESTED_QUESTION"])),
        34 => What::ColleagueBurst(chance.below(11) + 1),
        35 => What::Program("Your parcel is on its way.".to_owned()),
        _ if chance.once_in(2) => What::Unsupported,
        _ => What::Gibberish(chance.below(6)),
    }
}

fn ordinal(chance: &mut Chance, most: i64) -> u32 {
    u32::try_from(chance.stretch(1, most)).unwrap()
}

fn trouble(chance: &mut Chance, horizon: i64, accounts: usize, cast: &Cast) -> Trouble {
    let down_ms = chance.stretch(100, 3 * HOUR);
    let when_commit =
        |chance: &mut Chance| When::Commit { kind: chance.pick(&KINDS), nth: ordinal(chance, 20), after: chance.once_in(2) };
    let steps = [Step::Begun, Step::OnItsWay, Step::Stored, Step::Answered];
    let (when, what) = match chance.below(22) {
        0..=2 => (when_commit(chance), Wrong::Crash { down_ms }),
        3 | 4 => (When::Send(ordinal(chance, 20), chance.pick(&steps)), Wrong::Crash { down_ms }),
        5 => {
            let fails = Wrong::CommitFails { full: chance.once_in(2), times: ordinal(chance, 6) };
            (When::Commit { kind: chance.pick(&KINDS), nth: ordinal(chance, 20), after: false }, fails)
        }
        6 => (when_commit(chance), Wrong::CommitSlow { ms: chance.stretch(50, 30 * SECOND) }),
        7 => (When::Commit { kind: chance.pick(&KINDS), nth: ordinal(chance, 20), after: false }, Wrong::CommitBreaks),
        8 => (When::Reading(ordinal(chance, 60)), Wrong::ReadingFails { times: ordinal(chance, 5) }),
        9..=11 => (When::Send(ordinal(chance, 16), Step::Stored), answer(chance)),
        12 => (When::Call(ordinal(chance, 10)), answer(chance)),
        13 | 14 => (When::Echo(ordinal(chance, 16)), Wrong::Echo(echo(chance))),
        15 => (When::Webhook(ordinal(chance, 60)), Wrong::Twice { ms: chance.stretch(0, 72 * HOUR) }),
        16 => (When::Webhook(ordinal(chance, 60)), Wrong::Late { ms: chance.stretch(10, 72 * HOUR) }),
        17 => (When::Webhook(ordinal(chance, 60)), Wrong::AnswerLost),
        18 => (at(chance, horizon), jump(chance)),
        19 => {
            let ms = chance.stretch(SECOND, 3 * HOUR);
            (at(chance, horizon), if chance.once_in(2) { Wrong::Unreachable { ms } } else { Wrong::NoNetwork { ms } })
        }
        20 => (at(chance, horizon), Wrong::Token { account: chance.below(accounts) }),
        _ => {
            let when = if chance.once_in(2) { when_commit(chance) } else { When::Send(ordinal(chance, 20), chance.pick(&steps)) };
            (when, Wrong::Meanwhile(meanwhile(chance, cast)))
        }
    };
    Trouble { when, what }
}

/// The process ends around a call of the business's systems.
fn in_the_middle(chance: &mut Chance) -> Trouble {
    let kind = chance.pick(&["message", "fetched"]);
    let when = When::Commit { kind, nth: ordinal(chance, 8), after: chance.once_in(2) };
    Trouble { when, what: Wrong::Crash { down_ms: chance.stretch(100, 10 * MINUTE) } }
}

/// What only befalls several.
fn apart(chance: &mut Chance, horizon: i64, (nodes, lease_ms): (usize, i64)) -> Trouble {
    let node = chance.below(nodes);
    let what = match chance.below(6) {
        0..=2 => Wrong::Freeze { node, ms: chance.stretch(SECOND, 6 * lease_ms) },
        3 => Wrong::NoStore { node, ms: chance.stretch(SECOND, 20 * lease_ms) },
        4 => Wrong::CutOff { node, ms: chance.stretch(SECOND, 10 * MINUTE) },
        _ => Wrong::Crash { down_ms: chance.stretch(100, HOUR) },
    };
    let when = if chance.once_in(3) {
        let steps = [Step::Begun, Step::OnItsWay, Step::Stored, Step::Answered];
        When::Send(ordinal(chance, 20), chance.pick(&steps))
    } else if chance.once_in(2) {
        When::Commit { kind: chance.pick(&KINDS), nth: ordinal(chance, 20), after: chance.once_in(2) }
    } else {
        at(chance, horizon)
    };
    Trouble { when, what }
}

fn at(chance: &mut Chance, horizon: i64) -> When {
    When::At(chance.stretch(SECOND, horizon))
}

fn jump(chance: &mut Chance) -> Wrong {
    let size = if chance.once_in(4) { chance.between(HOUR, 24 * HOUR) } else { chance.stretch(100, 20 * MINUTE) };
    let ms = if chance.once_in(2) { size } else { -size };
    let most = if chance.once_in(3) { 60 * HOUR } else { 6 * HOUR };
    Wrong::Clock { ms, for_ms: chance.stretch(SECOND, most) }
}

fn answer(chance: &mut Chance) -> Wrong {
    let (how, done) = (ending(chance), chance.once_in(2));
    Wrong::Answer { how, done: done && how.leaves_open() }
}

fn ending(chance: &mut Chance) -> Ending {
    match chance.below(14) {
        0..=2 => Ending::TimeOut,
        3 => Ending::Reset,
        4 => Ending::HalfJson,
        5 => Ending::BadGateway,
        6 => Ending::Code(51_065),
        7 => Ending::Code(40_064),
        8 => Ending::Code(40_105),
        9 => Ending::TooFast,
        10 => Ending::Restricted,
        11 => Ending::Hang,
        _ => Ending::Slow(chance.stretch(100, 24 * SECOND)),
    }
}

fn echo(chance: &mut Chance) -> EchoWrong {
    match chance.below(8) {
        0 | 1 => EchoWrong::Before,
        2 => EchoWrong::Late(chance.stretch(SECOND, 2 * HOUR)),
        3 | 4 => EchoWrong::Never,
        5 => EchoWrong::Twice,
        6 => EchoWrong::NoSource,
        _ => EchoWrong::OtherId,
    }
}

fn meanwhile(chance: &mut Chance, cast: &Cast) -> What {
    match chance.below(6) {
        0 => What::TakeOver,
        1 => What::Colleague { text: "I am here.".to_owned(), web: false },
        2 => What::ColleagueRepeats,
        3 if !cast.opt_out.is_empty() => What::Text(cast.opt_out[0].clone()),
        _ => word(chance, cast),
    }
}
