//! A conversation that nobody has: what the bot would say, with the reasons. Nothing is stored, sent or called.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::Api;
use super::caller::{Body, By, Deploy};
use super::problem::Problem;
use super::shapes::{Time, Why, shown, speaker};
use crate::bot::Bot;
use crate::calendar::Moment;
use crate::channel::rules;
use crate::engine::rehearsal::{Call, Rehearsal, Said};
use crate::engine::{Answer, Body as Sent, ColleagueAction, given};
use crate::runtime::DeployError;
use crate::runtime::port::Clock;
use crate::system::aside;
use crate::text;

const STEPS_MAX: usize = 100;
/// Of one step, in milliseconds.
const AFTER_MS_MAX: i64 = 30 * 24 * 3_600_000;
/// Of the whole conversation, between two steps.
const TIME_MAX: Duration = Duration::from_secs(3);
/// Simulations that run at the same time; each takes a core that has nothing better to do.
pub(super) const AT_ONCE: usize = 2;
/// What every reader of JSON keeps exactly.
const SEED_MAX: u64 = (1 << 53) - 1;
/// Of what is told of one step.
const LINES_MAX: usize = 500;

/// A conversation to be simulated.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Simulate {
    /// A stored version of a bot; the live one without it.
    #[serde(default)]
    #[schema(minimum = 1)]
    version: Option<u32>,
    /// The live bot of this account (`business_id`); without it the one that accounts share.
    #[serde(default)]
    account: Option<String>,
    /// Decides between the variants of `one of`: the same seed, the same conversation.
    #[serde(default)]
    #[schema(maximum = 9_007_199_254_740_991_i64)]
    seed: u64,
    /// When it begins; now without it.
    #[serde(default)]
    #[schema(format = DateTime)]
    at: Option<String>,
    /// What happens, one after the other; time stands still unless it is told to pass.
    #[schema(min_items = 1, max_items = 100)]
    steps: Vec<Step>,
}

/// What happens next.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Step {
    /// The customer writes this text, of at most 6,000 characters.
    Write(String),
    /// The customer presses the button with this label of the newest card.
    Press(String),
    /// The customer sends something that is no text.
    Send(Thing),
    /// The customer comes from an ad with this id.
    Ad(String),
    /// The customer comes from a link with this ref.
    Link(String),
    /// The customer comments under a post.
    Comment(String),
    /// A colleague writes from TikTok's app.
    Colleague(String),
    /// A colleague takes over or gives back.
    Act(Act),
    /// Time passes, in milliseconds: 30 days at most.
    AfterMs(i64),
    /// The business's system answers the oldest call that waits.
    Answer(Answered),
}

#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Thing {
    Image,
    Video,
    Post,
    Sticker,
}

#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Act {
    TakeOver,
    Release,
}

/// An answer of the business's system.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Answered {
    #[schema(minimum = 100, maximum = 599)]
    status: u16,
    /// Its JSON.
    #[serde(default)]
    body: Value,
}

/// What was said and decided.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Simulated {
    /// In the order of the request's.
    steps: Vec<Happened>,
    /// `bot`, `asked` or `taken`, at the end.
    speaker: &'static str,
    opted_out: bool,
    /// Fields of the contact at the end; secret ones are not shown.
    #[schema(value_type = std::collections::BTreeMap<String, Value>)]
    contact: Value,
    tags: Vec<String>,
}

/// What one step led to.
#[derive(Debug, Serialize, ToSchema)]
struct Happened {
    at: Time,
    said: Vec<Shown>,
    why: Vec<Why>,
    /// What the run waits for then.
    #[serde(skip_serializing_if = "Option::is_none")]
    waits_for: Option<String>,
}

/// What the customer's phone shows, or what happened beside it.
#[derive(Debug, Serialize, ToSchema)]
struct Shown {
    /// `text`, `image`, `post`, `card`, `typing`, `seen`, `handed_over`, `goal`, `note`, `emit`, `unsent`, `fetch` or `run`.
    kind: &'static str,
    text: String,
    /// The labels of a card.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    buttons: Vec<String>,
    /// As in `shop.flow:12`.
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<String>,
}

/// Simulate a conversation with the live bot or a stored version of it: nothing is stored, sent or called, and scripts run.
/// A call of the business's systems waits until a step answers it. Scope `deploy`.
#[utoipa::path(post, path = "/simulate", tag = "bots", request_body = Simulate, responses((status = 200, body = Simulated)))]
pub(super) async fn simulate(
    _: By<Deploy>,
    State(api): State<Arc<Api>>,
    Body(wanted): Body<Simulate>,
) -> Result<Json<Simulated>, Problem> {
    let unfit = |text: String| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, text);
    if !(1..=STEPS_MAX).contains(&wanted.steps.len()) {
        return Err(unfit(format!("`steps` are 1 to {STEPS_MAX}")));
    }
    if let Some((nth, why)) = wanted.steps.iter().enumerate().find_map(|(nth, step)| Some((nth, step.unfit()?))) {
        return Err(unfit(format!("step {}: {why}", nth + 1)));
    }
    let clock = Arc::clone(&api.admin.doors.clock);
    if wanted.seed > SEED_MAX {
        return Err(unfit(format!("`seed` is 0 to {SEED_MAX}")));
    }
    let at = match &wanted.at {
        None => clock.now(),
        Some(text) => Moment::from_rfc3339(text).ok_or_else(|| unfit("`at` is a moment as 2026-11-20T09:00:00Z".to_owned()))?,
    };
    let bot = match wanted.version {
        None => match &wanted.account {
            Some(account) if !api.runtime().serves(account) => {
                return Err(Problem::not_found("no account of this name is served here"));
            }
            Some(account) => api.runtime().bot_for(account),
            None => api.runtime().bot(),
        },
        Some(number) => api.runtime().bot_of(number).await.map_err(|error| match error {
            DeployError::Refused(why) | DeployError::Nobody(why) => Problem::not_found(why),
            other => other.into(),
        })?,
    };
    let _place = api.simulations.try_acquire().map_err(|_| Problem::too_many(1))?;
    let done = aside(move || play(bot, at, wanted, clock.as_ref())).await;
    done.map_err(|lost| Problem::new(StatusCode::CONFLICT, lost.to_string()))?.map(Json).map_err(unfit)
}

impl Step {
    fn unfit(&self) -> Option<&'static str> {
        match self {
            Self::Write(said)
            | Self::Comment(said)
            | Self::Colleague(said)
            | Self::Press(said)
            | Self::Ad(said)
            | Self::Link(said) => (!text::fits(said, rules::TEXT.most())).then_some("a text has at most 6,000 characters"),
            Self::AfterMs(ms) => (!(0..=AFTER_MS_MAX).contains(ms)).then_some("`after_ms` is 0 to 30 days"),
            Self::Answer(answer) => (!(100..=599).contains(&answer.status)).then_some("a status is 100 to 599"),
            Self::Send(_) | Self::Act(_) => None,
        }
    }
}

fn play(bot: Arc<Bot>, at: Moment, wanted: Simulate, clock: &dyn Clock) -> Result<Simulated, String> {
    let begun = clock.monotonic();
    let mut chat = Rehearsal::new(Arc::clone(&bot), at, wanted.seed);
    let mut waiting = Vec::new();
    let mut steps = Vec::new();
    for (nth, step) in wanted.steps.into_iter().enumerate() {
        if clock.monotonic().saturating_sub(begun) > TIME_MAX {
            return Err(format!("step {}: the conversation has taken longer than {} s already", nth + 1, TIME_MAX.as_secs()));
        }
        take(&mut chat, &mut waiting, step).map_err(|why| format!("step {}: {why}", nth + 1))?;
        chat.settle();
        steps.push(happened(&mut chat, &mut waiting));
    }
    let (state, status) = (chat.conversation(), chat.conversation().status());
    Ok(Simulated {
        steps,
        speaker: speaker(state),
        opted_out: status.opted_out,
        contact: Value::Object(shown(&status.contact, &bot).0),
        tags: status.tags,
    })
}

fn take(chat: &mut Rehearsal, waiting: &mut Vec<u32>, step: Step) -> Result<(), String> {
    match step {
        Step::Write(said) => chat.write(&said),
        Step::Press(label) => {
            if !chat.press(&label) {
                return Err(format!("there is no such button; there are: {}", chat.buttons().join(", ")));
            }
        }
        Step::Send(thing) => chat.message(match thing {
            Thing::Image => Sent::Image { media_id: "image".to_owned() },
            Thing::Video => Sent::Video { media_id: "video".to_owned() },
            Thing::Post => Sent::Post { item_id: "post".to_owned(), url: String::new() },
            Thing::Sticker => Sent::Sticker { url: String::new() },
        }),
        Step::Ad(id) => chat.refer("ad", &id),
        Step::Link(id) => chat.refer("short_link", &id),
        Step::Comment(said) => chat.comment(&said),
        Step::Colleague(said) => chat.colleague(&said),
        Step::Act(Act::TakeOver) => chat.colleague_action(ColleagueAction::TakeOver),
        Step::Act(Act::Release) => chat.colleague_action(ColleagueAction::Release),
        Step::AfterMs(ms) => chat.after(ms),
        Step::Answer(Answered { status, body }) => {
            if waiting.is_empty() {
                return Err("no call waits for an answer".to_owned());
            }
            chat.answer(waiting.remove(0), Answer::Status { status, body: given::from_json(body) });
        }
    }
    Ok(())
}

/// What was said since the last step; scripts that were asked for run, and what follows from them is in it.
fn happened(chat: &mut Rehearsal, waiting: &mut Vec<u32>) -> Happened {
    let mut said = Vec::new();
    for _ in 0..LINES_MAX {
        said.extend(
            chat.said()
                .into_iter()
                .map(|(said, origin)| told(said, origin.map(|origin| format!("{}:{}", origin.path, origin.line)))),
        );
        let calls = chat.calls();
        if calls.is_empty() {
            break;
        }
        for call in calls {
            let line = |kind, text| Shown { kind, text, buttons: Vec::new(), place: None };
            match call {
                Call::Fetch(request) => {
                    waiting.push(request.call);
                    let origin = crate::engine::origin_of(&request.url);
                    said.push(line("fetch", format!("{} {origin}", request.method.word())));
                }
                Call::Run { call, script, function, arguments } => {
                    said.push(line("run", format!("{script}.{function}")));
                    let nobody = || Err("there is no such script".to_owned());
                    let returned = chat.bot().scripts.run(&script, &function, &arguments);
                    chat.returned(call, returned.map_or_else(nobody, |done| done.map_err(|stopped| stopped.why)));
                }
            }
        }
    }
    said.truncate(LINES_MAX);
    let why = chat.trace().into_iter().take(LINES_MAX).map(Why::of).collect();
    Happened { at: Time(chat.now()), said, why, waits_for: chat.conversation().status().waits_for }
}

fn told(said: Said, place: Option<String>) -> Shown {
    let mut buttons = Vec::new();
    let (kind, text) = match said {
        Said::Text(text) => ("text", text),
        Said::Image(file) => ("image", file),
        Said::Post(item) => ("post", item),
        Said::Card { title, buttons: labels } => {
            buttons = labels;
            ("card", title)
        }
        Said::Typing => ("typing", String::new()),
        Said::Seen => ("seen", String::new()),
        Said::HandedOver { team, note } => ("handed_over", team.map_or(note.clone(), |team| format!("{team}: {note}"))),
        Said::Goal(name) => ("goal", name),
        Said::Noted(text) => ("note", text),
        Said::Emitted { event, .. } => ("emit", event),
        Said::Unsent(reason) => ("unsent", reason),
    };
    Shown { kind, text, buttons, place }
}
