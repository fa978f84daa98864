//! A stored conversation run once more from its history: does the same come out? Nothing is called and nothing is written.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use super::entry::{self, Entry};
use super::handle::Handle;
use super::port::{Compiler, ConversationId, ConversationRow, HistoryRow, Store, StoreError};
use super::versions::of_row;
use crate::bot::Bot;
use crate::calendar::Moment;
use crate::engine::{Conversation, Limits, Moves};

/// Lines of one conversation that are run again.
const LINES_MAX: usize = 50_000;
/// Lines that are told: the newest of those that were run.
const TOLD_MAX: usize = 5_000;
/// Lines run before other tasks have their turn.
const TURN: usize = 16;

/// What came of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Replay {
    /// Our number of the conversation.
    pub id: i64,
    /// TikTok's id, as text.
    pub external: String,
    pub verdict: Verdict,
    /// Why, where it is not the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The oldest first, up to the first one with a difference; the newest 5 000 of those.
    pub lines: Vec<ReplayedLine>,
    /// Lines of the history.
    pub history: usize,
    /// Where the state that the history leads to is another than the stored one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<Difference>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every effect of every line, and the state, byte for byte.
    Same,
    /// Something else comes out.
    Differs,
    /// It cannot be told: a part of what it takes is gone.
    Incomplete,
}

/// One line of the history, run again.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReplayedLine {
    pub seq: i64,
    pub at: Moment,
    pub kind: String,
    /// The version of the bot that ran it; 0 where versions were not kept.
    pub version: u32,
    pub input: Value,
    /// What hooks of scripts had returned.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hooked: Vec<Value>,
    /// As they are stored.
    pub effects: Vec<Value>,
    /// The engine failed on it then, and it changed nothing; it is not run again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
    /// The account of it reads differently: another program wrote it. That alone is no difference.
    pub told_otherwise: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub difference: Option<Difference>,
}

/// The first place where two documents are not the same.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// A JSON pointer.
    pub at: String,
    pub stored: Value,
    pub now: Value,
}

impl Handle {
    /// Runs a conversation's history once more; `None` where there is no such conversation.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn replay(&self, id: ConversationId) -> Result<Option<Replay>, StoreError> {
        let live = self.core.versions.all();
        let at_hand: Vec<_> = live.iter().map(|live| (live.number, Arc::clone(&live.bot))).collect();
        let compiler = self.core.versions.compiler().map(Arc::as_ref);
        replay_stored(self.store(), compiler, &at_hand, &self.core.limits, id).await
    }
}

/// Runs the history of a conversation in `store` once more, each line on the version of the bot that it ran on: one of
/// `at_hand`, or a stored one. `None` where there is no such conversation.
///
/// # Errors
/// When the store cannot be read.
pub async fn replay_stored(
    store: &dyn Store,
    compiler: Option<&dyn Compiler>,
    at_hand: &[(u32, Arc<Bot>)],
    limits: &Limits,
    id: ConversationId,
) -> Result<Option<Replay>, StoreError> {
    // The state first: what is committed meanwhile is left out below.
    let Some(row) = store.load(id).await? else { return Ok(None) };
    let mut lines = store.history(id, LINES_MAX).await?;
    lines.reverse();
    let mut bots = Bots { store, compiler, known: HashMap::new() };
    for (number, bot) in at_hand {
        bots.known.insert((*number, bot.digest.clone()), Some(Arc::clone(bot)));
    }
    let mut replay = Replay {
        id: id.0,
        external: String::from_utf8_lossy(&row.external).into_owned(),
        verdict: Verdict::Incomplete,
        why: None,
        lines: Vec::new(),
        history: lines.len(),
        state: None,
    };
    let ended = run(&mut bots, &lines, limits, &row, &mut replay).await?;
    replay.lines.drain(..replay.lines.len().saturating_sub(TOLD_MAX));
    let (verdict, why) = match ended {
        Ok(()) => (Verdict::Same, None),
        Err((verdict, why)) => (verdict, Some(why)),
    };
    (replay.verdict, replay.why) = (verdict, why);
    Ok(Some(replay))
}

type Ended = Result<(), (Verdict, String)>;

async fn run(
    bots: &mut Bots<'_>,
    lines: &[HistoryRow],
    limits: &Limits,
    row: &ConversationRow,
    replay: &mut Replay,
) -> Result<Ended, StoreError> {
    let incomplete = |why: String| Ok(Err((Verdict::Incomplete, why)));
    match lines.first() {
        None => return incomplete("it has no history".to_owned()),
        Some(_) if lines.len() >= LINES_MAX => {
            return incomplete(format!("its history has {LINES_MAX} lines or more"));
        }
        Some(first) if first.prev.is_some() => {
            return incomplete("the beginning of its history is not there any more".to_owned());
        }
        Some(_) if Conversation::decode(&row.state).is_ok_and(|state| state.erased().is_some()) => {
            return incomplete("what was before it has been erased, and what TikTok had counted by then still counts".to_owned());
        }
        Some(_) => {}
    }
    let mut conversation = Conversation::default();
    // One line is one revision; what came after the state was read is not in it.
    replay.history = usize::try_from(row.rev).map_or(lines.len(), |revisions| revisions.min(lines.len()));
    for (nth, line) in lines.iter().take(replay.history).enumerate() {
        if nth % TURN == TURN - 1 {
            tokio::task::yield_now().await;
        }
        let entry: Entry = match serde_json::from_slice(&line.body) {
            Ok(entry) => entry,
            Err(error) => return incomplete(format!("line {} cannot be read: {error}", line.seq)),
        };
        let replayed = told(line, &entry);
        if entry.fault.is_some() {
            replay.lines.push(replayed);
            continue;
        }
        let (bot, older) = match bots.of(&entry).await? {
            Ok(found) => found,
            Err(why) => return incomplete(format!("line {}: {why}", line.seq)),
        };
        let moves: Vec<(u32, &Bot, Moves)> =
            older.iter().map(|(number, older)| (*number, older.as_ref(), Moves::between(older, &bot))).collect();
        let sprint = entry::run_again(&entry, &mut conversation, &bot, &moves, limits);
        let asks = sprint.wants.is_some() || sprint.hooked != entry.hooked.len();
        let now = Entry { effects: sprint.effects, trace: sprint.trace, ..entry.clone() };
        let difference = first_difference(&json(&entry.effects), &json(&now.effects), "/effects");
        let told_otherwise = entry.trace != now.trace;
        let differs = difference.is_some();
        replay.lines.push(ReplayedLine { told_otherwise, difference, ..replayed });
        if replay.lines.len() >= 2 * TOLD_MAX {
            replay.lines.drain(..TOLD_MAX);
        }
        if asks {
            return Ok(Err((Verdict::Differs, format!("line {} asks a script something else now", line.seq))));
        }
        if differs {
            return Ok(Err((Verdict::Differs, format!("line {} has other effects now", line.seq))));
        }
    }
    Ok(state(&conversation, row, replay))
}

fn state(conversation: &Conversation, row: &ConversationRow, replay: &mut Replay) -> Ended {
    let failed = |why: String| Err((Verdict::Incomplete, why));
    let now = match conversation.encode() {
        Ok(now) => now,
        Err(error) => return failed(format!("the state cannot be written: {error}")),
    };
    if now == row.state {
        return Ok(());
    }
    let read = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes);
    let (Ok(stored), Ok(now)) = (read(&row.state), read(&now)) else {
        return failed("the stored state cannot be read".to_owned());
    };
    replay.state = first_difference(&stored, &now, "");
    Err((Verdict::Differs, "the history leads to another state than the stored one".to_owned()))
}

fn told(line: &HistoryRow, entry: &Entry) -> ReplayedLine {
    ReplayedLine {
        seq: line.seq,
        at: line.at,
        kind: line.kind.clone(),
        version: entry.version,
        input: json(&entry.input),
        hooked: entry.hooked.iter().map(json).collect(),
        effects: entry.effects.iter().map(json).collect(),
        fault: entry.fault.clone(),
        told_otherwise: false,
        difference: None,
    }
}

fn json(of: &impl Serialize) -> Value {
    serde_json::to_value(of).unwrap_or_default()
}

/// Deeper than anything that is stored.
fn first_difference(stored: &Value, now: &Value, at: &str) -> Option<Difference> {
    if stored == now {
        return None;
    }
    let inside = |key: &str| format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
    let none = &Value::Null;
    let deeper = match (stored, now) {
        (Value::Object(left), Value::Object(right)) => {
            let mut keys: Vec<&String> = left.keys().chain(right.keys()).collect();
            keys.sort();
            keys.dedup();
            keys.into_iter()
                .find_map(|key| first_difference(left.get(key).unwrap_or(none), right.get(key).unwrap_or(none), &inside(key)))
        }
        (Value::Array(left), Value::Array(right)) => (0..left.len().max(right.len())).find_map(|nth| {
            first_difference(left.get(nth).unwrap_or(none), right.get(nth).unwrap_or(none), &inside(&nth.to_string()))
        }),
        _ => None,
    };
    deeper.or_else(|| Some(Difference { at: at.to_owned(), stored: stored.clone(), now: now.clone() }))
}

/// The bots that lines of a history ran on.
struct Bots<'a> {
    store: &'a dyn Store,
    compiler: Option<&'a dyn Compiler>,
    /// `None` for those that were looked for in vain.
    known: HashMap<(u32, String), Option<Arc<Bot>>>,
}

type Found = (Arc<Bot>, Vec<(u32, Arc<Bot>)>);

impl Bots<'_> {
    async fn of(&mut self, entry: &Entry) -> Result<Result<Found, String>, StoreError> {
        let bot = match self.find(entry.version, &entry.bot).await? {
            Ok(bot) => bot,
            Err(why) => return Ok(Err(why)),
        };
        let mut older = Vec::with_capacity(entry.older.len());
        for (number, digest) in &entry.older {
            match self.find(*number, digest).await? {
                Ok(bot) => older.push((*number, bot)),
                Err(why) => return Ok(Err(why)),
            }
        }
        Ok(Ok((bot, older)))
    }

    async fn find(&mut self, number: u32, digest: &str) -> Result<Result<Arc<Bot>, String>, StoreError> {
        let key = (number, digest.to_owned());
        if !self.known.contains_key(&key) {
            let found = self.load(number, digest).await?;
            self.known.insert(key.clone(), found);
        }
        let gone = || match number {
            0 => "the bot that it ran on was never stored, and is not the one that is here now".to_owned(),
            _ => {
                format!("version {number} of the bot, which it ran on, is not here any more, or is another one for this program")
            }
        };
        Ok(self.known.get(&key).cloned().flatten().ok_or_else(gone))
    }

    async fn load(&self, number: u32, digest: &str) -> Result<Option<Arc<Bot>>, StoreError> {
        // The same bot under another number.
        let same = self.known.values().flatten().find(|bot| bot.digest == digest);
        if let Some(bot) = same {
            return Ok(Some(Arc::clone(bot)));
        }
        let (Some(compiler), true) = (self.compiler, number != 0) else { return Ok(None) };
        let Some(row) = self.store.version(number).await? else { return Ok(None) };
        Ok(of_row(compiler, &row).await.ok().filter(|bot| bot.digest == digest))
    }
}
