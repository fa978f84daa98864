//! `rejoinder replay`: a stored conversation run once more from its history, to see whether the same comes out.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use serde_json::{Value, json};

use super::operator::{Server, at, printable};
use super::outbox::Format;
use super::{flows, signals, stores};
use crate::bot::Bot;
use crate::calendar::Moment;
use crate::engine::Limits;
use crate::runtime::port::{ConversationId, Store, StoreError};
use crate::runtime::replay_stored;
use crate::server::compiler::FlowCompiler;
use crate::server::operator::OperatorError;
use crate::server::settings::{Place, Settings};
use crate::store::{Sqlite, backup};
use crate::system::files::{self, TemporaryFolder};

#[derive(Debug, Args)]
#[command(
    after_help = "Each line of the history is run again on the version of the bot that it ran on, with the answers of systems and scripts\nthat stand in it: nothing is called, nothing is sent, nothing is written. A server that runs is asked; without one the\nsettings' store is read, a SQLite file by a copy of it. Texts of the customer are shown.\n\nExit codes: 0 the same comes out, 1 something else does, 2 it cannot be told.\n\nExamples:\n  rejoinder replay 7380123456789\n  rejoinder replay 7380123456789 --store /var/backups/rejoinder-monday.db\n  rejoinder replay 12 --format json | jq '.replays[] | .verdict'"
)]
pub(super) struct Arguments {
    /// TikTok's id of the conversation, or the store's own number of it.
    conversation: String,
    /// A SQLite file to read instead, as a copy made by `rejoinder db backup`.
    #[arg(long, conflicts_with = "server")]
    store: Option<PathBuf>,
    #[arg(long, default_value = "text")]
    format: Format,
    #[command(flatten)]
    server: Server,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let told = signals::block_on(ask(arguments))?;
    let replays = at(&told, "/replays").as_array().map(Vec::as_slice).unwrap_or_default();
    anyhow::ensure!(!replays.is_empty(), "nothing is known of this conversation");
    match arguments.format {
        Format::Json => anstream::println!("{}", serde_json::to_string_pretty(&told)?),
        Format::Text => replays.iter().for_each(|replay| anstream::print!("{}", text(replay))),
    }
    let any = |verdict: &str| replays.iter().any(|replay| at(replay, "/verdict") == verdict);
    Ok(match () {
        () if any("differs") => ExitCode::from(1),
        () if any("incomplete") => ExitCode::from(2),
        () => ExitCode::SUCCESS,
    })
}

async fn ask(arguments: &Arguments) -> anyhow::Result<Value> {
    let Arguments { conversation, store, server, .. } = arguments;
    if let Some(path) = store {
        return of_copy(path, conversation, &[], server.settings().ok().as_ref()).await;
    }
    if let Some(operator) = server.find()? {
        match operator.get("/admin/v1/replay", &[("conversation", conversation)]).await {
            Ok(told) => return Ok(told),
            // The file was left by a server that has ended.
            Err(OperatorError::Nobody { .. }) if server.server.is_none() => {}
            Err(error) => return Err(error.into()),
        }
    }
    let settings = server.settings()?;
    let folder = server.folder();
    // A bot that was never stored as a version may be the one that stands there.
    let loaded = settings.bots().into_iter().filter_map(|(_, paths)| {
        let paths: Vec<PathBuf> = paths.iter().map(|path| folder.join(path)).collect();
        flows::load(&paths).ok()?.bot
    });
    let bots: Vec<Arc<Bot>> = loaded.collect();
    match &settings.store {
        Place::File(path) => of_copy(&folder.join(path), conversation, &bots, Some(&settings)).await,
        Place::Database(_) => {
            let store = stores::open(&settings, folder).await?;
            of_store(store.as_ref(), conversation, &bots).await
        }
    }
}

/// Opening a store for good makes it one start older; a copy costs the store nothing, and no server is in the way.
async fn of_copy(path: &Path, conversation: &str, bots: &[Arc<Bot>], settings: Option<&Settings>) -> anyhow::Result<Value> {
    anyhow::ensure!(files::exists(path), "there is no file {}", path.display());
    let folder = TemporaryFolder::new("rejoinder-replay").context("cannot make a folder for a copy of the store")?;
    let copy = folder.path().join("copy.db");
    backup(path, &copy).context("cannot read the store")?;
    let store = Arc::new(Sqlite::open(&copy).context("cannot read the store")?);
    match settings {
        Some(settings) => of_store(&*stores::with_key(store, settings).await?, conversation, bots).await,
        None => of_store(&*store, conversation, bots).await,
    }
}

async fn of_store(store: &dyn Store, conversation: &str, bots: &[Arc<Bot>]) -> anyhow::Result<Value> {
    let bots: Vec<(u32, Arc<Bot>)> = bots.iter().map(|bot| (0, Arc::clone(bot))).collect();
    let mut replays = Vec::new();
    for id in named(store, conversation).await? {
        replays.extend(replay_stored(store, Some(&FlowCompiler), &bots, &Limits::default(), id).await?);
    }
    Ok(json!({ "replays": replays }))
}

/// The conversations of that name in any account: TikTok's id, or ours (a number).
pub(super) async fn named(store: &dyn Store, name: &str) -> Result<Vec<ConversationId>, StoreError> {
    let mut found = Vec::new();
    for account in store.accounts().await? {
        found.extend(store.find(account.id, name.as_bytes()).await?.map(|row| row.id));
    }
    if found.is_empty()
        && let Ok(number) = name.parse()
    {
        found.extend(store.load(ConversationId(number)).await?.map(|row| row.id));
    }
    Ok(found)
}

fn text(replay: &Value) -> String {
    let word = |value: &Value| printable(value.as_str().unwrap_or_default());
    let compact = |value: &Value| printable(&value.to_string());
    let list = |of: &Value, path: &str| at(of, path).as_array().cloned().unwrap_or_default();
    let lines = list(replay, "/lines");
    let history = at(replay, "/history").as_u64().unwrap_or(0);
    let mut out = format!("conversation {} ({}): {history} lines of history\n", word(at(replay, "/external")), at(replay, "/id"));
    for line in &lines {
        let when = Moment(at(line, "/at").as_i64().unwrap_or(0)).rfc3339();
        out.push_str(&format!("{} {when} {} (version {})\n", at(line, "/seq"), word(at(line, "/kind")), at(line, "/version")));
        out.push_str(&format!("    input: {}\n", compact(at(line, "/input"))));
        for hooked in list(line, "/hooked") {
            out.push_str(&format!("    script: {}\n", compact(&hooked)));
        }
        for effect in list(line, "/effects") {
            out.push_str(&format!("    effect: {}\n", compact(&effect)));
        }
        if let Some(fault) = at(line, "/fault").as_str() {
            out.push_str(&format!("    the engine failed on it and it changed nothing: {}\n", printable(fault)));
        }
        if at(line, "/told_otherwise") == &Value::Bool(true) {
            out.push_str("    the account of it reads differently in this version of rejoinder\n");
        }
        out.push_str(&different(at(line, "/difference")));
    }
    out.push_str(&different(at(replay, "/state")));
    out.push_str(&match at(replay, "/verdict").as_str() {
        Some("same") => "the same comes out: every effect, and the state byte for byte\n".to_owned(),
        Some("differs") => format!("NOT THE SAME: {}\n", word(at(replay, "/why"))),
        _ => format!("it cannot be told: {}\n", word(at(replay, "/why"))),
    });
    out
}

fn different(difference: &Value) -> String {
    if difference.is_null() {
        return String::new();
    }
    let side = |path: &str| printable(&at(difference, path).to_string());
    let place = printable(at(difference, "/at").as_str().unwrap_or_default());
    format!("    first difference at {place}\n      stored: {}\n      now:    {}\n", side("/stored"), side("/now"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_stands_with_what_came_in_and_what_came_of_it_and_the_first_difference_is_shown() {
        let replay = json!({
            "id": 4, "external": "c1", "verdict": "differs", "why": "line 7 has other effects now", "history": 9,
            "lines": [
                { "seq": 3, "at": 0, "kind": "message", "version": 2, "input": { "input": "message", "text": "hi\u{1b}[2J" },
                  "hooked": [{ "hook": "on_message" }], "effects": [{ "goal": "x" }], "told_otherwise": true },
                { "seq": 7, "at": 1_000, "kind": "due", "version": 2, "input": { "input": "due" }, "effects": [],
                  "told_otherwise": false, "difference": { "at": "/effects/0", "stored": null, "now": "a\nb" } },
            ],
        });
        let expected = "conversation c1 (4): 9 lines of history\n\
            3 1970-01-01T00:00:00Z message (version 2)\n    input: {\"input\":\"message\",\"text\":\"hi\\u001b[2J\"}\n    \
            script: {\"hook\":\"on_message\"}\n    effect: {\"goal\":\"x\"}\n    \
            the account of it reads differently in this version of rejoinder\n\
            7 1970-01-01T00:00:01Z due (version 2)\n    input: {\"input\":\"due\"}\n    \
            first difference at /effects/0\n      stored: null\n      now:    \"a\\nb\"\n\
            NOT THE SAME: line 7 has other effects now\n";
        assert_eq!(text(&replay), expected);
    }
}
