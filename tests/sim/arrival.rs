//! What TikTok does with a send that has arrived: its own rules, the message in the conversation, the echo, the answer.

use std::sync::Arc;

use rejoinder::channel::{Content, Outcome};
use rejoinder::runtime::port::SendCall;
use tokio::sync::oneshot;

use crate::evidence::Tag;
use crate::mutants::Mutant;
use crate::plan::{EchoWrong, Ending, Step, Wrong};
use crate::time::SECOND;
use crate::transport::{Line, strike};
use crate::troubles::Place;
use crate::world::{Side, World};

/// How TikTok ends a call.
#[derive(Clone, Copy)]
struct Answered {
    how: Option<Ending>,
    done: bool,
}

pub fn words(content: &Content) -> &str {
    match content {
        Content::Text { body } => body,
        Content::Image(image) => &image.file,
        Content::Post { item_id } => item_id,
        Content::Card { title, .. } => title,
    }
}

fn kind(content: &Content) -> &'static str {
    match content {
        Content::Text { .. } => "text",
        Content::Image(_) => "image",
        Content::Post { .. } => "share_post",
        Content::Card { .. } => "template",
    }
}

/// TikTok has the request, whether or not anybody still waits for the answer.
pub async fn serve(
    line: Arc<Line>,
    (number, nth): (usize, u32),
    tag: Option<Tag>,
    call: SendCall,
    answer: oneshot::Sender<Outcome>,
) {
    let world = &line.world;
    let (who, comments) = world.whose(&call.target.external);
    let Some(who) = who else { return };
    world.time.sleep(world.draw(1, world.plan.way_ms)).await;
    let now = world.time.now();
    let answered = judge(&line, number, nth, &call, (who, comments));
    if let Some(Ending::Slow(ms)) = answered.how {
        world.time.sleep(ms / 2).await;
    }
    if world.is(Mutant::LateArrivals) && answered.how == Some(Ending::TimeOut) {
        world.time.sleep(250 * SECOND).await;
    }
    let mut id = String::new();
    if answered.done {
        let stored = world.time.now();
        world.lock().evidence.calls[number].stored = Some(stored);
        id = store(world, who, comments, tag, &call).await;
        let struck = world.lock().troubles.of_send(nth, Step::Stored);
        strike(world, &line.process, struck, Some(who));
    }
    match answered.how {
        Some(Ending::TimeOut | Ending::Hang) => world.time.sleep(100 * SECOND).await,
        Some(Ending::Slow(ms)) => world.time.sleep(ms / 2).await,
        _ => world.time.sleep(world.draw(1, world.plan.way_ms)).await,
    }
    let outcome = match answered.how {
        None | Some(Ending::Slow(_)) => Outcome::Sent { message_id: id },
        Some(how) => line.told(how),
    };
    world.tell(format_args!("call {number}: {outcome:?} after {} ms", world.time.now() - now));
    let _ = answer.send(outcome);
}

/// TikTok's own rules, and what was meant for this send.
fn judge(line: &Line, number: usize, nth: u32, call: &SendCall, (who, comments): (usize, bool)) -> Answered {
    let world = &line.world;
    let now = world.time.now();
    let barred = if comments { None } else { world.barred(who) };
    let expired = world.lock().expired.contains(&world.plan.customers[who]);
    let too_fast = world.too_fast();
    let mut state = world.lock();
    let before = state.customers[who].said.len();
    let seen = &mut state.evidence.calls[number];
    (seen.arrived, seen.barred, seen.before) = (Some(now), barred, before);
    let meant = state.troubles.of_send(nth, Step::Stored);
    let mut rest = Vec::new();
    let mut ending = None;
    for wrong in meant {
        match wrong {
            Wrong::Answer { how, done } => ending = Some(Answered { how: Some(how), done }),
            other => rest.push(other),
        }
    }
    for what in rest {
        state.troubles.rearm(nth, Step::Stored, what);
    }
    let refused = |how| Answered { how: Some(how), done: false };
    if expired {
        refused(Ending::Code(40_105))
    } else if too_fast {
        refused(Ending::TooFast)
    } else if barred.is_some() || !world.has_its_day(&mut state, who) {
        refused(Ending::Code(40_064))
    } else if let Some(comment) = &call.outgoing.comment
        && !state.customers[who].commented.contains_key(comment)
    {
        refused(Ending::Code(40_002))
    } else {
        ending.unwrap_or(Answered { how: None, done: true })
    }
}

/// The message is in the conversation, and its echo on the way; gives TikTok's id.
async fn store(world: &Arc<World>, who: usize, comments: bool, tag: Option<Tag>, call: &SendCall) -> String {
    let content = &call.outgoing.content;
    let side = match tag {
        Some(tag) if !comments => Side::Bot(tag),
        _ => Side::Program,
    };
    let said = world.say(who, side, kind(content), words(content));
    let wrong = remember(world, who, &said.id, call);
    world.echo(who, &said, wrong);
    if wrong == Some(EchoWrong::Before) {
        world.time.sleep(800).await;
    }
    said.id
}

/// What TikTok remembers beside the message; gives what is wrong with its echo.
fn remember(world: &World, who: usize, id: &str, call: &SendCall) -> Option<EchoWrong> {
    let content = &call.outgoing.content;
    let mut state = world.lock();
    if let Content::Card { buttons, .. } = content {
        let buttons = buttons.iter().map(|button| (button.title.clone(), button.id.clone())).collect();
        state.customers[who].card = Some((id.to_owned(), buttons));
    }
    if let Some(comment) = &call.outgoing.comment {
        *state.customers[who].comments_answered.entry(comment.clone()).or_default() += 1;
    }
    state.troubles.happens(Place::Echo).into_iter().find_map(|wrong| match wrong {
        Wrong::Echo(wrong) => Some(wrong),
        _ => None,
    })
}
