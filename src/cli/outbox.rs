//! `rejoinder outbox`: what waits and why, and what will miss its window.

use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::Value;

use super::operator::{Server, at, printable};
use super::signals;
use crate::calendar::Moment;
use crate::server::admin::Steer;

#[derive(Debug, Args)]
#[command(
    after_help = "What waits is told with its reason, its deadline and when it leaves at the present pace: each call taken for a reply that\nends well, in the order in which the server sends.\n\nExamples:\n  rejoinder outbox\n  rejoinder outbox --account -000abc --state held\n  rejoinder outbox --format json | jq '.replies[] | select(.will_miss)'\n  rejoinder outbox retry 4711 3\n  rejoinder outbox drop 4711 3 --reason \"the order was cancelled\"",
    args_conflicts_with_subcommands = true
)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: Option<What>,
    /// Of one account alone, by its `business_id`.
    #[arg(long, allow_hyphen_values = true)]
    account: Option<String>,
    /// In one state alone.
    #[arg(long)]
    state: Option<State>,
    #[arg(long, default_value = "text")]
    format: Format,
    #[command(flatten)]
    server: Server,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Try a reply again that is held, or that ended and surely was never sent; the gate judges it like any other.
    #[command(after_help = "Examples:\n  rejoinder outbox retry 4711 3")]
    Retry {
        /// TikTok's id of the conversation, or ours.
        #[arg(allow_hyphen_values = true)]
        conversation: String,
        /// The reply's number there.
        reply: u32,
        #[command(flatten)]
        server: Server,
    },
    /// Drop a reply that waits or is held.
    #[command(after_help = "Examples:\n  rejoinder outbox drop 4711 3 --reason \"the order was cancelled\"")]
    Drop {
        /// TikTok's id of the conversation, or ours.
        #[arg(allow_hyphen_values = true)]
        conversation: String,
        /// The reply's number there.
        reply: u32,
        /// Stands in the history; 1 to 200 characters.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        server: Server,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum State {
    /// Stands for its place.
    Queued,
    /// Waits for the customer to write.
    Held,
    /// Its call is under way.
    Sending,
    /// Its outcome is unknown and looked up.
    LookedUp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    Text,
    Json,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Held => "held",
            Self::Sending => "sending",
            Self::LookedUp => "looked_up",
        }
    }
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    match &arguments.what {
        None => list(arguments),
        Some(What::Retry { conversation, reply, server }) => {
            let steer = Steer { conversation: conversation.clone(), reply: *reply, reason: None };
            steered("/admin/v1/outbox/retry", &steer, server)
        }
        Some(What::Drop { conversation, reply, reason, server }) => {
            let steer = Steer { conversation: conversation.clone(), reply: *reply, reason: Some(reason.clone()) };
            steered("/admin/v1/outbox/drop", &steer, server)
        }
    }
}

/// Says where the reply stands then.
fn steered(path: &str, steer: &Steer, server: &Server) -> anyhow::Result<ExitCode> {
    let answer = signals::block_on(async { Ok(server.running()?.post(path, steer).await?) })?;
    let word = |name: &str| printable(answer.get(name).and_then(Value::as_str).unwrap_or_default());
    let reason = word("reason");
    let why = if reason.is_empty() { String::new() } else { format!(": {reason}") };
    anstream::println!("reply {} is {}{why}", at(&answer, "/reply"), word("state").replace('_', " "));
    Ok(ExitCode::SUCCESS)
}

fn list(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let mut outbox = signals::block_on(async {
        let query: Vec<(&str, &str)> = arguments.account.iter().map(|account| ("account", account.as_str())).collect();
        Ok(arguments.server.running()?.get("/admin/v1/outbox", &query).await?)
    })?;
    if let (Some(state), Some(replies)) = (arguments.state, outbox.get_mut("replies").and_then(Value::as_array_mut)) {
        replies.retain(|reply| at(reply, "/state") == state.word());
    }
    match arguments.format {
        Format::Json => anstream::println!("{}", serde_json::to_string_pretty(&outbox)?),
        Format::Text => anstream::print!("{}", text(&outbox)),
    }
    Ok(ExitCode::SUCCESS)
}

fn text(outbox: &Value) -> String {
    let replies = at(outbox, "/replies").as_array().map(Vec::as_slice).unwrap_or_default();
    let misses = replies.iter().filter(|reply| at(reply, "/will_miss") == true).count();
    let mut out = format!("{} replies wait", replies.len());
    if misses > 0 {
        out.push_str(&format!("; {misses} will miss their window at the present pace"));
    }
    out.push('\n');
    let now = Moment(at(outbox, "/now").as_i64().unwrap_or(0));
    for reply in replies {
        let word = |name: &str| printable(reply.get(name).and_then(Value::as_str).unwrap_or("?"));
        let moment = |name: &str| reply.get(name).and_then(Value::as_i64).map(Moment);
        let ago = moment("since").map_or(String::new(), |since| lapse(now.since_ms(since)));
        let ends = moment("deadline").map_or(String::new(), |deadline| lapse(deadline.since_ms(now)));
        let leaves = match (moment("leaves"), at(reply, "/will_miss") == true) {
            (Some(leaves), _) => format!(", leaves in {}", lapse(leaves.since_ms(now))),
            (None, true) => ", WILL MISS ITS WINDOW".to_owned(),
            (None, false) => String::new(),
        };
        out.push_str(&format!(
            "{:<9} {} {} reply {}: for {ago}, {ends} left{leaves}; {}\n",
            word("state"),
            word("account"),
            word("external"),
            at(reply, "/reply"),
            word("why"),
        ));
    }
    for app in at(outbox, "/led_elsewhere").as_array().map(Vec::as_slice).unwrap_or_default() {
        out.push_str(&format!("another process sends for app {}: ask it\n", printable(app.as_str().unwrap_or("?"))));
    }
    if let Some(left_out) = at(outbox, "/left_out").as_u64().filter(|count| *count > 0) {
        out.push_str(&format!("{left_out} conversations more are not looked at\n"));
    }
    out
}

/// `3d 4h`, `4h 5m`, `5m 6s`, `6s`.
pub(super) fn lapse(ms: i64) -> String {
    let seconds = ms.max(0) / 1_000;
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, _) => format!("{minutes}m {}s", seconds % 60),
        (0, ..) => format!("{hours}h {minutes}m"),
        _ => format!("{days}d {hours}h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_line_tells_why_since_when_and_until_when() {
        let outbox = json!({
            "now": 100_000_000, "left_out": 0, "led_elsewhere": ["app\u{1b}[2J"],
            "replies": [{
                "account": "-000", "conversation": 1, "external": "c1", "reply": 3, "state": "queued",
                "why": "sending is paused", "class": "live", "since": 99_940_000, "deadline": 110_800_000,
                "leaves": null, "will_miss": true,
            }],
        });
        assert_eq!(
            text(&outbox),
            "1 replies wait; 1 will miss their window at the present pace\nqueued    -000 c1 reply 3: for 1m 0s, 3h 0m left, WILL MISS ITS WINDOW; sending is paused\nanother process sends for app app\u{fffd}[2J: ask it\n"
        );
        assert_eq!([0, 61_000, 3_600_000, 90_000_000].map(lapse), ["0s", "1m 1s", "1h 0m", "1d 1h"]);
        assert_eq!(lapse(-5), "0s");
    }
}
