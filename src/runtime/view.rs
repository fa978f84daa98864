//! A conversation as a page shows it, read from the history.

use std::collections::{HashMap, HashSet};

use serde::Serialize;

use super::entry::Entry;
use super::port::HistoryRow;
use crate::bot::Origin;
use crate::calendar::Moment;
use crate::channel::{Content, Outcome};
use crate::engine::{
    Answer, Body, ColleagueAction, ContactChange, Echo, EchoSource, Effect, End, Input, Reply, ReplyId, Trace, origin_of,
};

/// Who speaks in a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    Customer,
    Bot,
    /// A colleague, another program, or TikTok by itself.
    Business,
    /// Something happened that nobody wrote.
    Note,
}

/// Where a reply stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplyState {
    Queued,
    Held,
    /// Marked; its call is under way.
    Sending,
    /// Its outcome is unknown and being looked up.
    LookedUp,
    Sent,
    Refused,
    Unknown,
    Dropped,
    Withdrawn,
    Merged,
}

/// A reply of the bot inside a line.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReplyView {
    pub id: ReplyId,
    pub state: ReplyState,
    /// Why it is where it is, where there is something to say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    pub flow: String,
    /// The step that made it.
    pub origin: Origin,
    pub content: Content,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quote: Option<String>,
    /// When it reached its final state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<Moment>,
}

/// One line of a talk, oldest first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// Number in the history.
    pub seq: i64,
    pub at: Moment,
    pub side: Side,
    /// A stable word: `message`, `reply`, `echo`, `referral`, `colleague`, `handed_over`, `goal`, `fault`, ….
    pub kind: String,
    pub text: String,
    /// TikTok's id, where it is a message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// TikTok's id of the image that a customer sent.
    #[serde(skip)]
    pub media_id: Option<String>,
    /// The colleague, where it is known who.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply: Option<ReplyView>,
    /// What was decided on this input and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub trace: Vec<Trace>,
}

/// The talk that these rows (newest first, as a store gives them) tell.
#[must_use]
pub fn timeline(rows: &[HistoryRow]) -> Vec<Line> {
    let mut talk = Talk::default();
    for row in rows.iter().rev() {
        talk.row(row);
    }
    let own = talk.own;
    let foreign = |line: &Line| line.kind != "echo" || line.message_id.as_ref().is_none_or(|id| !own.contains(id));
    talk.lines.into_iter().filter(foreign).collect()
}

#[derive(Default)]
struct Talk {
    lines: Vec<Line>,
    /// Where each reply's line stands.
    replies: HashMap<ReplyId, usize>,
    /// Ids of messages that we sent: their echoes are no lines of their own.
    own: HashSet<String>,
}

impl Talk {
    fn row(&mut self, row: &HistoryRow) {
        let mut line = Line {
            seq: row.seq,
            at: row.at,
            side: Side::Note,
            kind: row.kind.clone(),
            text: String::new(),
            message_id: None,
            media_id: None,
            by: None,
            reply: None,
            trace: Vec::new(),
        };
        let entry: Entry = match serde_json::from_slice(&row.body) {
            Ok(entry) => entry,
            Err(error) => {
                line.text = format!("this line cannot be read: {error}");
                self.lines.push(line);
                return;
            }
        };
        let note = Line { kind: String::new(), ..line.clone() };
        let shown = self.input(&entry, &mut line);
        // What time alone brought is shown by what it led to; the account of it must stand somewhere.
        let mut trace: Vec<Trace> = entry.trace.iter().collect();
        if shown {
            line.trace = std::mem::take(&mut trace);
            self.lines.push(line);
        }
        if let Some(fault) = entry.fault {
            self.lines.push(Line { kind: "fault".to_owned(), text: fault, ..note.clone() });
        }
        let first = self.lines.len();
        for effect in entry.effects {
            self.effect(effect, &note);
        }
        if let Some(line) = self.lines.get_mut(first) {
            line.trace.append(&mut trace);
        }
    }

    /// Fills in the line of an input; false where it has none.
    fn input(&mut self, entry: &Entry, line: &mut Line) -> bool {
        match &entry.input {
            Input::Message(message) => {
                line.side = Side::Customer;
                line.text = words(&message.body);
                line.message_id = Some(message.message_id.clone());
                if let Body::Image { media_id } = &message.body {
                    line.media_id = Some(media_id.clone());
                }
            }
            Input::Echo(echo) => {
                line.side = Side::Business;
                line.text = echo_text(echo);
                line.message_id = Some(echo.message_id.clone());
            }
            Input::Referral(referral) => {
                let from = referral.ad_name.as_ref().or(referral.ad_id.as_ref()).or(referral.link_ref.as_ref());
                line.text = format!("came from {} {}", referral.source, from.map_or("", String::as_str));
            }
            Input::Outcome { reply, outcome: Outcome::Unknown { text }, .. } => {
                self.set(*reply, ReplyState::LookedUp, Some(text.clone()));
                return false;
            }
            Input::Outcome { reply, outcome: Outcome::NotSent(why), .. } => {
                self.set(*reply, ReplyState::Queued, serde_json::to_string(why).ok());
                return false;
            }
            Input::Outcome { reply, outcome: Outcome::Sent { message_id }, .. } => {
                self.own.insert(message_id.clone());
                self.set(*reply, ReplyState::Sent, None);
                return false;
            }
            Input::Outcome { .. }
            | Input::Read { .. }
            | Input::Due
            | Input::DueAfterGap { .. }
            | Input::MaySend { .. }
            | Input::Paused { .. }
            | Input::Restored
            | Input::Looked { .. }
            | Input::Capability { .. }
            | Input::Congestion { .. } => return false,
            Input::Fetched { answer, tries, took_ms, .. } => {
                let ended = match answer {
                    Answer::Status { status, .. } => format!("the answer: status {status}"),
                    Answer::TimedOut => "no answer in time".to_owned(),
                    Answer::Failed { reason } => format!("no answer: {reason}"),
                };
                line.text = format!("{ended} ({}, {took_ms} ms)", many(*tries));
            }
            Input::Ran { result, .. } => {
                line.text = match result {
                    Ok(_) => "the script has returned".to_owned(),
                    Err(reason) => format!("the script was stopped: {reason}"),
                };
            }
            Input::Colleague { .. } | Input::Written(_) | Input::Contact(_) | Input::Retry { .. } | Input::Drop { .. } => {
                of_the_business(&entry.input, line);
            }
            Input::Comment(comment) => {
                line.side = Side::Customer;
                line.text.clone_from(&comment.text);
            }
        }
        true
    }

    fn effect(&mut self, effect: Effect, note: &Line) {
        let said = |kind: &str, text: String| Line { kind: kind.to_owned(), text, ..note.clone() };
        match effect {
            Effect::Queue(reply) => self.queue(reply, note),
            Effect::Mark { reply, .. } => self.set(reply, ReplyState::Sending, None),
            Effect::Hold { reply, reason } => self.set(reply, ReplyState::Held, Some(reason)),
            Effect::Release { reply } => self.set(reply, ReplyState::Queued, None),
            Effect::Finish { reply, end, reason, message_id } => {
                self.set(reply, ended(end), Some(reason).filter(|reason| !reason.is_empty()));
                if let Some(line) = self.line(reply) {
                    line.message_id.clone_from(&message_id);
                    if let Some(view) = &mut line.reply {
                        view.ended = Some(note.at);
                    }
                }
                self.own.extend(message_id);
            }
            Effect::HandedOver { team, note } => {
                let team = team.map_or(String::new(), |team| format!("{team}: "));
                self.lines.push(said("handed_over", format!("{team}{note}")));
            }
            Effect::Goal { name } => self.lines.push(said("goal", name)),
            Effect::Note { text } => self.lines.push(said("note", text)),
            Effect::Emit { event, .. } => self.lines.push(said("emitted", event)),
            Effect::Fetch(request) => {
                self.lines.push(said("fetch", format!("{} {}", request.method.word(), origin_of(&request.url))));
            }
            Effect::Run { script, function, .. } => self.lines.push(said("run", format!("{script}.{function}"))),
            Effect::Courtesy { .. } | Effect::LookUp | Effect::LookForAnswer | Effect::AskCapability => {}
        }
    }

    fn queue(&mut self, reply: Reply, note: &Line) {
        let text = match &reply.outgoing.content {
            Content::Text { body } => body.clone(),
            Content::Image(image) => image.file.clone(),
            Content::Post { item_id } => item_id.clone(),
            Content::Card { title, .. } => title.clone(),
        };
        self.replies.insert(reply.id, self.lines.len());
        let view = ReplyView {
            id: reply.id,
            state: ReplyState::Queued,
            reason: None,
            flow: reply.flow.to_string(),
            origin: reply.origin,
            content: reply.outgoing.content,
            quote: reply.outgoing.quote,
            ended: None,
        };
        let kind = "reply".to_owned();
        let side = if reply.by.is_some() { Side::Business } else { Side::Bot };
        let by = reply.by.as_deref().map(str::to_owned);
        self.lines.push(Line { side, kind, text, by, reply: Some(view), ..note.clone() });
    }

    fn line(&mut self, reply: ReplyId) -> Option<&mut Line> {
        self.replies.get(&reply).and_then(|index| self.lines.get_mut(*index))
    }

    fn set(&mut self, reply: ReplyId, state: ReplyState, reason: Option<String>) {
        if let Some(view) = self.line(reply).and_then(|line| line.reply.as_mut()) {
            view.state = state;
            view.reason = reason;
        }
    }
}

fn colleagues(action: ColleagueAction) -> &'static str {
    match action {
        ColleagueAction::TakeOver => "a colleague took over",
        ColleagueAction::Release => "a colleague gave back",
    }
}

/// Who of the business did what.
fn of_the_business(input: &Input, line: &mut Line) {
    let (by, text) = match input {
        Input::Colleague { action, by } => (by.clone(), colleagues(*action).to_owned()),
        Input::Written(written) => (Some(written.by.clone()), "a colleague writes".to_owned()),
        Input::Contact(change) => (Some(change.by.clone()), changed(change)),
        Input::Retry { by, reply, .. } => (Some(by.clone()), format!("reply {} is to be tried again", reply.0)),
        Input::Drop { by, reply, .. } => (Some(by.clone()), format!("reply {} is to be dropped", reply.0)),
        _ => return,
    };
    (line.by, line.text) = (by, text);
}

/// What somebody changed of the contact: names alone, for a field may be secret.
fn changed(change: &ContactChange) -> String {
    let fields = change.fields.iter().map(|(name, value)| match value {
        Some(_) => format!("contact.{name} is set"),
        None => format!("contact.{name} is taken away"),
    });
    let tags = change.tag.iter().map(|tag| format!("tag {tag}"));
    let untags = change.untag.iter().map(|tag| format!("no tag {tag}"));
    let opted =
        change.opted_out.map(|out| if out { "automatic messages are not wanted" } else { "automatic messages are wanted" });
    fields.chain(tags).chain(untags).chain(opted.map(str::to_owned)).collect::<Vec<_>>().join(", ")
}

fn ended(end: End) -> ReplyState {
    match end {
        End::Sent => ReplyState::Sent,
        End::Refused => ReplyState::Refused,
        End::Unknown => ReplyState::Unknown,
        End::Dropped => ReplyState::Dropped,
        End::Withdrawn => ReplyState::Withdrawn,
        End::Merged => ReplyState::Merged,
    }
}

/// How often something was tried, for people.
fn many(tries: u32) -> String {
    match tries {
        0 => "not tried".to_owned(),
        1 => "1 try".to_owned(),
        tries => format!("{tries} tries"),
    }
}

fn words(body: &Body) -> String {
    match body {
        Body::Text { text } | Body::Button { text, .. } => text.clone(),
        Body::Image { .. } => "[image]".to_owned(),
        Body::Video { .. } => "[video]".to_owned(),
        Body::Post { url, .. } => format!("[post] {url}"),
        Body::Sticker { .. } => "[sticker]".to_owned(),
        Body::Emoji { .. } => "[emoji]".to_owned(),
        Body::Reaction { emoji, added, .. } => {
            let emoji = emoji.as_deref().unwrap_or("[reaction]");
            if *added { emoji.to_owned() } else { format!("{emoji} (taken back)") }
        }
        Body::Unsupported { word } => format!("[{word}]"),
    }
}

fn echo_text(echo: &Echo) -> String {
    let who = match (&echo.automatic, echo.source) {
        (Some(automatic), _) => automatic.as_str(),
        (None, EchoSource::App) => "app",
        (None, EchoSource::Web) => "web",
        (None, EchoSource::Api) => "api",
        (None, EchoSource::Others | EchoSource::Unknown) => "elsewhere",
    };
    format!("[{who}] {}", echo.text)
}
