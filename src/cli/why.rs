//! `rejoinder why`: the talk of a conversation, with what was decided and why.

use std::process::ExitCode;

use clap::Args;
use serde_json::Value;

use super::operator::{Server, at, printable};
use super::outbox::Format;
use super::signals;
use crate::calendar::Moment;

#[derive(Debug, Args)]
#[command(
    after_help = "Every reply stands with its state and its reason, every silence with what was decided instead. Texts of the customer are\nshown.\n\nExamples:\n  rejoinder why 7380123456789\n  rejoinder why 7380123456789 3      the third reply alone"
)]
pub(super) struct Arguments {
    /// TikTok's id of the conversation, or the server's own number of it.
    conversation: String,
    /// One reply alone, by its number in the conversation.
    reply: Option<u32>,
    #[arg(long, default_value = "text")]
    format: Format,
    #[command(flatten)]
    server: Server,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let told = signals::block_on(async {
        let query = [("conversation", arguments.conversation.as_str())];
        Ok(arguments.server.running()?.get("/admin/v1/why", &query).await?)
    })?;
    let mut talks = at(&told, "/talks").as_array().cloned().unwrap_or_default();
    if let Some(number) = arguments.reply {
        for talk in &mut talks {
            if let Some(lines) = talk.get_mut("lines").and_then(Value::as_array_mut) {
                lines.retain(|line| at(line, "/reply/id") == number);
            }
        }
        talks.retain(|talk| at(talk, "/lines").as_array().is_some_and(|lines| !lines.is_empty()));
        anyhow::ensure!(!talks.is_empty(), "the conversation has no reply {number} in its newest history");
    }
    match arguments.format {
        Format::Json => anstream::println!("{}", serde_json::to_string_pretty(&talks)?),
        Format::Text => talks.iter().for_each(|talk| anstream::print!("{}", text(talk))),
    }
    Ok(ExitCode::SUCCESS)
}

fn text(talk: &Value) -> String {
    let word = |value: &Value| printable(value.as_str().unwrap_or_default());
    let mut out = format!(
        "conversation {} ({}) of account {}: {}\n",
        word(at(talk, "/conversation/external")),
        at(talk, "/conversation/id"),
        word(at(talk, "/conversation/account")),
        at(talk, "/status").as_str().map_or_else(|| "its state cannot be read".to_owned(), printable)
    );
    for line in at(talk, "/lines").as_array().map(Vec::as_slice).unwrap_or_default() {
        let when = Moment(at(line, "/at").as_i64().unwrap_or(0)).rfc3339();
        let reply = at(line, "/reply");
        let who = if reply.is_object() {
            format!("reply {} {}", at(reply, "/id"), word(at(reply, "/state")))
        } else {
            format!("{} {}", word(at(line, "/side")), word(at(line, "/kind")))
        };
        out.push_str(&format!("{when} {who}: {}\n", word(at(line, "/text"))));
        if let Some(reason) = at(reply, "/reason").as_str() {
            out.push_str(&format!("    because: {}\n", printable(reason)));
        }
        for trace in at(line, "/trace").as_array().map(Vec::as_slice).unwrap_or_default() {
            out.push_str(&format!("    {}: {}\n", word(at(trace, "/what")), word(at(trace, "/text"))));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_talk_tells_each_reply_with_its_reason_and_no_text_moves_the_cursor() {
        let talk = json!({
            "conversation": { "id": 4, "account": "-000", "external": "c1" }, "status": "no flow runs",
            "lines": [
                { "seq": 1, "at": 0, "side": "customer", "kind": "message", "text": "hi\u{1b}[2J\nthere", "trace": [{ "what": "unmatched", "text": "no trigger wants it" }] },
                { "seq": 2, "at": 1_000, "side": "bot", "kind": "reply", "text": "Hello", "reply": { "id": 1, "state": "held", "reason": "it is late" } },
            ],
        });
        let expected = "conversation c1 (4) of account -000: no flow runs\n1970-01-01T00:00:00Z customer message: hi\u{fffd}[2J there\n    unmatched: no trigger wants it\n1970-01-01T00:00:01Z reply 1 held: Hello\n    because: it is late\n";
        assert_eq!(text(&talk), expected);
    }
}
