//! What was proved of a bot, as a table and as JSON.

use serde::Serialize;

use crate::bot::{Bot, FlowProof, Origin, StepId};

/// The table of `check --proof`. Numbers stand first and names last, so that no script and no width moves a column.
pub(super) fn table(bot: &Bot) -> String {
    let proof = &bot.proof;
    let mut rows = vec![["replies", "latest", "longest text"].map(str::to_owned)];
    let mut names = vec!["flow".to_owned()];
    for (flow, row) in bot.flows.iter().zip(&proof.flows) {
        rows.push([
            row.replies.to_string(),
            late(row.latest_ms),
            row.longest.map_or("-".to_owned(), |text| text.units.to_string()),
        ]);
        let title = flow.title.as_ref().map(|title| format!(" \"{title}\"")).unwrap_or_default();
        let place = row.longest.and_then(|text| origin(bot, text.step)).map(|at| format!("  ({}:{})", at.path, at.line));
        names.push(format!("{}{title}{}", flow.name, place.unwrap_or_default()));
    }
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(String::len).max().unwrap_or(0);
    let widths = [width(0), width(1), width(2)];
    let lines = rows.iter().zip(&names).map(|(row, name)| {
        let cells: Vec<String> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:>width$}")).collect();
        format!("{}  {name}\n", cells.join("  "))
    });
    let mut out: String = lines.collect();
    out.push_str(&format!(
        "\nat most {} of {} replies, the latest {} after the customer's message\n",
        proof.replies,
        proof.replies_allowed,
        late(proof.latest_ms)
    ));
    if proof.beside > 0 {
        out.push_str(&format!("{} of them beside a waiting flow, by limits or reactions\n", proof.beside));
    }
    if proof.held_ms > 0 {
        out.push_str(&format!("a message may wait up to {} before it is answered\n", late(Some(proof.held_ms))));
    }
    out.push_str(&filled(bot));
    out
}

/// What authors left out, by question.
fn filled(bot: &Bot) -> String {
    let mut lines: Vec<(StepId, String)> = Vec::new();
    for filled in bot.proof.flows.iter().flat_map(|row| &row.filled) {
        match lines.last_mut() {
            Some((step, text)) if *step == filled.step => {
                text.push_str("; ");
                text.push_str(&filled.clause);
            }
            _ => lines.push((filled.step, filled.clause.clone())),
        }
    }
    let mut out = String::new();
    if !lines.is_empty() {
        out.push_str("\nwhat questions leave out\n");
    }
    for (step, text) in lines {
        let place = origin(bot, step).map(|at| format!("{}:{}", at.path, at.line)).unwrap_or_default();
        out.push_str(&format!("  {place}  {text}\n"));
    }
    out
}

fn origin(bot: &Bot, step: StepId) -> Option<&Origin> {
    Some(&bot.flows.get(step.flow)?.steps.get(step.step)?.origin)
}

/// `24h5m`; hours up to two days, as the channel's own window is.
fn late(ms: Option<i64>) -> String {
    let Some(ms) = ms else { return "-".to_owned() };
    let seconds = ms.max(0).div_euclid(1_000) + i64::from(ms.rem_euclid(1_000) > 0);
    let (mut rest, mut text) = (seconds, String::new());
    for (unit, size) in [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)] {
        if unit == "d" && rest <= 2 * 86_400 {
            continue;
        }
        if rest >= size {
            text.push_str(&format!("{}{unit}", rest / size));
            rest %= size;
        }
    }
    if text.is_empty() { "at once".to_owned() } else { text }
}

#[derive(Serialize)]
struct Document<'a> {
    replies_allowed: u32,
    replies: u32,
    latest_ms: Option<i64>,
    held_ms: i64,
    beside: u32,
    flows: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    flow: &'a str,
    title: Option<&'a str>,
    replies: u32,
    latest_ms: Option<i64>,
    longest: Option<Longest<'a>>,
    filled: Vec<Clause<'a>>,
}

#[derive(Serialize)]
struct Longest<'a> {
    units: u64,
    path: &'a str,
    line: u32,
}

#[derive(Serialize)]
struct Clause<'a> {
    path: &'a str,
    line: u32,
    clause: &'a str,
}

/// One JSON object on one line.
pub(super) fn json(bot: &Bot) -> String {
    let proof = &bot.proof;
    let flows = bot.flows.iter().zip(&proof.flows).map(|(flow, row)| Row {
        flow: &flow.name,
        title: flow.title.as_deref(),
        replies: row.replies,
        latest_ms: row.latest_ms,
        longest: row
            .longest
            .and_then(|text| origin(bot, text.step).map(|at| Longest { units: text.units, path: &at.path, line: at.line })),
        filled: clauses(bot, row),
    });
    let document = Document {
        replies_allowed: proof.replies_allowed,
        replies: proof.replies,
        latest_ms: proof.latest_ms,
        held_ms: proof.held_ms,
        beside: proof.beside,
        flows: flows.collect(),
    };
    serde_json::to_string(&document).unwrap_or_default()
}

fn clauses<'a>(bot: &'a Bot, row: &'a FlowProof) -> Vec<Clause<'a>> {
    let of = |filled: &'a crate::bot::Filled| {
        let at = origin(bot, filled.step)?;
        Some(Clause { path: &at.path, line: at.line, clause: &filled.clause })
    };
    row.filled.iter().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{Assets, compile};
    use crate::source::Sources;

    fn shop() -> Bot {
        let mut sources = Sources::default();
        sources.add("bot.flow", include_str!("../syntax/tests/sample.flow"));
        compile(&sources, &Assets::default()).0.unwrap()
    }

    #[test]
    fn the_table_has_a_row_for_each_flow_and_tells_what_was_left_out() {
        let table = table(&shop());
        let lines: Vec<&str> = table.lines().collect();
        assert!(lines[0].starts_with("replies") && lines[0].ends_with("  flow"), "{table}");
        assert!(lines[1].contains("track \"Where is my order?\"  (bot.flow:"), "{table}");
        let column = lines[0].find("longest text").unwrap() + "longest text".len();
        for line in &lines[1..=4] {
            assert!(line.as_bytes()[column - 1].is_ascii_digit(), "{line}");
        }
        assert!(table.contains("what questions leave out"), "{table}");
        assert!(table.contains("tries 3 stop"), "{table}");
    }

    #[test]
    fn json_says_the_same() {
        let bot = shop();
        let read: serde_json::Value = serde_json::from_str(&json(&bot)).unwrap();
        assert_eq!(read["replies"], bot.proof.replies);
        assert_eq!(read["flows"][0]["flow"], "track");
        assert!(read["flows"][0]["longest"]["units"].as_u64().unwrap() > 10);
    }

    #[test]
    fn times_are_rounded_up_to_seconds() {
        assert_eq!(late(None), "-");
        assert_eq!(late(Some(0)), "at once");
        assert_eq!(late(Some(1)), "1s");
        assert_eq!(late(Some(86_461_000)), "24h1m1s");
        assert_eq!(late(Some(9 * 86_400_000)), "9d");
    }
}
