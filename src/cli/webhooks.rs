//! `rejoinder webhooks`: what other systems were not told yet, and what can be done about it.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::operator::{Server, at, printable};
use super::outbox::{Format, lapse};
use super::{events, signals};
use crate::calendar::Moment;
use crate::fetch::herald::SigningKey;
use crate::runtime::port::{Clock as _, Entropy as _, EventCall, EventEnd};
use crate::server::events::Which;
use crate::system::{SystemClock, SystemEntropy};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  rejoinder webhooks list\n  rejoinder webhooks dead --endpoint shop\n  rejoinder webhooks replay --endpoint shop\n  rejoinder webhooks replay 4711.0\n  rejoinder webhooks test shop"
)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// The endpoints: what waits, what was given up, since when.
    List(Listed),
    /// Events that wait to be taken.
    Waiting(Events),
    /// Events that were given up.
    Dead(Events),
    /// Let events that were given up be tried again.
    Replay {
        /// One event, by its key in the list, as in 4711.0.
        key: Option<String>,
        /// Those of one endpoint.
        #[arg(long, required_unless_present_any = ["key", "all"])]
        endpoint: Option<String>,
        /// All of them.
        #[arg(long, conflicts_with_all = ["key", "endpoint"])]
        all: bool,
        #[command(flatten)]
        server: Server,
    },
    /// Send one signed event of the type `webhook.test` from here; no server is needed.
    Test {
        endpoint: String,
        #[command(flatten)]
        server: Server,
    },
    /// Switch an endpoint on again that answered 410.
    Enable {
        endpoint: String,
        #[command(flatten)]
        server: Server,
    },
    /// Make a new secret.
    Secret,
}

#[derive(Debug, Args)]
struct Listed {
    #[arg(long, default_value = "text")]
    format: Format,
    #[command(flatten)]
    server: Server,
}

#[derive(Debug, Args)]
struct Events {
    /// Of one endpoint alone.
    #[arg(long)]
    endpoint: Option<String>,
    #[command(flatten)]
    listed: Listed,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    match &arguments.what {
        What::List(listed) => show(listed, "/admin/v1/webhooks", &[], endpoints),
        What::Waiting(events) => list(events, false),
        What::Dead(events) => list(events, true),
        What::Replay { key, endpoint, all: _, server } => {
            let which = Which { endpoint: endpoint.clone(), dead: true, key: key.clone() };
            let answer = signals::block_on(async { Ok(server.running()?.post("/admin/v1/webhooks/replay", &which).await?) })?;
            anstream::println!("{} events are tried again", at(&answer, "/replayed"));
            Ok(ExitCode::SUCCESS)
        }
        What::Enable { endpoint, server } => {
            let which = Which { endpoint: Some(endpoint.clone()), ..Which::default() };
            signals::block_on(async { Ok(server.running()?.post("/admin/v1/webhooks/enable", &which).await?) })?;
            anstream::println!("the endpoint `{endpoint}` gets events again");
            Ok(ExitCode::SUCCESS)
        }
        What::Test { endpoint, server } => test(endpoint, server),
        What::Secret => {
            let mut bytes = [0_u8; 32];
            SystemEntropy.fill(&mut bytes);
            anstream::println!("{}", SigningKey::write(bytes));
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn list(events: &Events, dead: bool) -> anyhow::Result<ExitCode> {
    let mut query = vec![("dead", if dead { "true" } else { "false" })];
    query.extend(events.endpoint.iter().map(|endpoint| ("endpoint", endpoint.as_str())));
    show(&events.listed, "/admin/v1/webhooks/events", &query, rows)
}

fn show(listed: &Listed, path: &str, query: &[(&str, &str)], text: fn(&Value) -> String) -> anyhow::Result<ExitCode> {
    let answer = signals::block_on(async { Ok(listed.server.running()?.get(path, query).await?) })?;
    match listed.format {
        Format::Json => anstream::println!("{}", serde_json::to_string_pretty(&answer)?),
        Format::Text => anstream::print!("{}", text(&answer)),
    }
    Ok(ExitCode::SUCCESS)
}

/// Sends it over the way that the server would take.
fn test(name: &str, server: &Server) -> anyhow::Result<ExitCode> {
    let settings = server.settings()?;
    let endpoint = settings.events.endpoints.iter().find(|endpoint| endpoint.name == name);
    let endpoint = endpoint.with_context(|| format!("the settings name no endpoint `{name}`"))?.endpoint();
    let now = SystemClock.now();
    let body = json!({ "type": "webhook.test", "timestamp": now.rfc3339(), "data": {} });
    let call = EventCall {
        endpoint: Arc::from(name),
        id: format!("evt_test_{:016x}", SystemEntropy.next_u64()),
        now,
        body: serde_json::to_vec(&body)?,
        timeout: endpoint.timeout(),
    };
    let end = signals::block_on(async { Ok(events::herald(&settings)?.tell(call).await) })?;
    if let Some(failed) = end.failure() {
        anstream::eprintln!("rejoinder: `{name}` has not taken a test event: {}", printable(&failed));
        return Ok(ExitCode::from(1));
    }
    let status = if let EventEnd::Answered { status, .. } = end { status.to_string() } else { String::new() };
    anstream::println!("`{name}` has taken a test event: {status}");
    Ok(ExitCode::SUCCESS)
}

fn word(value: &Value, name: &str) -> String {
    printable(value.get(name).and_then(Value::as_str).unwrap_or("?"))
}

fn moment(value: &Value, name: &str) -> Option<Moment> {
    value.get(name).and_then(Value::as_i64).map(Moment)
}

fn endpoints(answer: &Value) -> String {
    let list = at(answer, "/endpoints").as_array().map(Vec::as_slice).unwrap_or_default();
    let now = moment(answer, "now").unwrap_or_default();
    let mut out = String::new();
    for endpoint in list {
        let oldest = moment(endpoint, "oldest")
            .map_or(String::new(), |oldest| format!(", the oldest for {}", lapse(now.since_ms(oldest))));
        let number = |name: &str| endpoint.get(name).and_then(Value::as_u64).unwrap_or(0);
        out.push_str(&format!(
            "{:<16} {} wait{oldest}; {} dead; {} delivered since the start\n",
            word(endpoint, "endpoint"),
            number("waiting"),
            number("dead"),
            number("delivered"),
        ));
        for (name, says) in [("off", "is switched off"), ("failing", "is left in peace for a while")] {
            if let Some(why) = endpoint.get(name).and_then(Value::as_str) {
                out.push_str(&format!("{:<16} {says}: {}\n", "", printable(why)));
            }
        }
        if at(endpoint, "/in_settings") == false {
            out.push_str(&format!("{:<16} is not in the settings: nothing is brought to it\n", ""));
        }
    }
    if list.is_empty() {
        out.push_str("the settings name no endpoint; see `[[events.endpoint]]`\n");
    }
    out
}

fn rows(answer: &Value) -> String {
    let list = at(answer, "/events").as_array().map(Vec::as_slice).unwrap_or_default();
    let now = moment(answer, "now").unwrap_or_default();
    let mut out = format!("{} events\n", list.len());
    for event in list {
        let ago = moment(event, "at").map_or(String::new(), |at| lapse(now.since_ms(at)));
        let tries = event.get("tries").and_then(Value::as_u64).unwrap_or(0);
        let reason = word(event, "reason");
        let reason = if reason.is_empty() { "not tried yet".to_owned() } else { reason };
        out.push_str(&format!(
            "{} {} {} conversation {}: {ago} ago, {tries} tries; {reason}\n",
            word(event, "key"),
            word(event, "endpoint"),
            word(event, "type"),
            at(event, "/conversation"),
        ));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_told_with_its_reason() {
        let list = json!({ "now": 100_000, "endpoints": [
            { "endpoint": "shop", "in_settings": true, "waiting": 3, "dead": 1, "oldest": 39_000, "delivered": 9, "off": null,
              "failing": "no\u{1b} connection" },
            { "endpoint": "old", "in_settings": false, "waiting": 0, "dead": 2, "oldest": null, "delivered": 0 },
        ]});
        assert_eq!(
            endpoints(&list),
            "shop             3 wait, the oldest for 1m 1s; 1 dead; 9 delivered since the start\n\
             \u{20}                is left in peace for a while: no\u{fffd} connection\n\
             old              0 wait; 2 dead; 0 delivered since the start\n\
             \u{20}                is not in the settings: nothing is brought to it\n"
        );
        let events = json!({ "now": 100_000, "events": [
            { "key": "7.0", "endpoint": "shop", "type": "message.sent", "conversation": 4, "at": 99_000, "tries": 2,
              "reason": "it answered 500" },
            { "key": "8.0", "endpoint": "shop", "type": "message.read", "conversation": 4, "at": 99_000, "tries": 0, "reason": "" },
        ]});
        assert_eq!(
            rows(&events),
            "2 events\n7.0 shop message.sent conversation 4: 1s ago, 2 tries; it answered 500\n\
             8.0 shop message.read conversation 4: 1s ago, 0 tries; not tried yet\n"
        );
    }
}
