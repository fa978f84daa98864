//! `rejoinder talk`: a chat with a bot in the terminal, on time of its own.

use std::collections::VecDeque;
use std::io::{BufRead as _, IsTerminal as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::calls::{self, Caller};
use super::{flows, output};
use crate::bot::Value;
use crate::engine::given;
use crate::engine::rehearsal::{Call, Rehearsal, Said};
use crate::engine::{Answer, Body, ColleagueAction, Request};
use crate::runtime::port::Clock as _;
use crate::server::settings::Lapse;
use crate::system::SystemClock;
use crate::testing::written;

#[derive(Debug, Args)]
#[command(
    after_help = "Lines that begin with a slash steer the chat:\n  /after 2h        let time pass\n  /button LABEL    press a button of the last card (its number will do)\n  /image /post     send an image, a post; also /video, /sticker\n  /react 👍        react to a message\n  /comment TEXT    comment under a post\n  /answer 200 {}   answer the oldest call with a status and JSON\n  /ad ID           come from an ad\n  /link REF        come from a link\n  /colleague TEXT  a colleague writes from TikTok's app\n  /take /release   a colleague takes the conversation over, gives it back\n  /why             what was decided since the last line, and why\n  /quit            end\n\nExample:\n  rejoinder talk flows\n  printf 'hello\\n/after 3h\\n' | rejoinder talk flows\n  SHOP_KEY=… rejoinder talk flows --fetch      (calls the systems for real)"
)]
pub(super) struct Arguments {
    /// Files or folders.
    #[arg(default_value = "flows")]
    flows: Vec<PathBuf>,
    /// Decides between the variants of `one of`: the same seed, the same chat.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Make each `fetch` for real, at hosts of this machine too; without it you are asked for the answer.
    #[arg(long)]
    fetch: bool,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let loaded = flows::load(&arguments.flows)?;
    output::findings(&loaded);
    let Some(bot) = loaded.bot.clone() else {
        return Ok(ExitCode::from(1));
    };
    let caller = match arguments.fetch {
        true => Some(Caller::new(&bot)?),
        false => None,
    };
    let caller = caller.as_ref();
    if caller.is_some() {
        calls::say_what_is_missing(&bot);
    }
    let mut chat = Rehearsal::new(bot, SystemClock.now(), arguments.seed);
    let mut calls = VecDeque::new();
    if std::io::stdin().is_terminal() {
        anstream::println!("write as a customer would; /help lists what else you can do");
        let mut editor = rustyline::DefaultEditor::new()?;
        loop {
            match editor.readline("you> ") {
                Ok(line) => {
                    let _ = editor.add_history_entry(&line);
                    if !turn(&mut chat, &mut calls, caller, &line) {
                        break;
                    }
                }
                Err(rustyline::error::ReadlineError::Eof | rustyline::error::ReadlineError::Interrupted) => break,
                Err(error) => return Err(error.into()),
            }
        }
    } else {
        for line in std::io::stdin().lock().lines() {
            let line = line?;
            anstream::println!("you> {line}");
            if !turn(&mut chat, &mut calls, caller, &line) {
                break;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Carries out one line; `false` ends the chat.
fn turn(chat: &mut Rehearsal, calls: &mut VecDeque<Call>, caller: Option<&Caller>, line: &str) -> bool {
    let line = line.trim();
    if line.is_empty() {
        return true;
    }
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let rest = rest.trim();
    match word {
        "/quit" | "/exit" => return false,
        "/after" => match Lapse::read(rest) {
            Some(Lapse(ms)) => chat.after(ms),
            None => anstream::println!("     write a length of time, as in /after 2h or /after 47h50m"),
        },
        "/button" => button(chat, rest),
        "/image" => chat.message(Body::Image { media_id: "image".into() }),
        "/post" => chat.message(Body::Post { item_id: "post".into(), url: String::new() }),
        "/video" => chat.message(Body::Video { media_id: "video".into() }),
        "/sticker" => chat.message(Body::Sticker { url: String::new() }),
        "/react" => {
            let emoji = Some(rest.to_owned()).filter(|emoji| !emoji.is_empty());
            chat.message(Body::Reaction { emoji, added: true, of: String::new() });
        }
        "/comment" => chat.comment(rest),
        "/answer" => answer(chat, calls, rest),
        "/ad" => chat.refer("ad", rest),
        "/link" => chat.refer("short_link", rest),
        "/colleague" => chat.colleague(rest),
        "/take" => chat.colleague_action(ColleagueAction::TakeOver),
        "/release" => chat.colleague_action(ColleagueAction::Release),
        "/why" => {
            for trace in chat.trace() {
                anstream::println!("     {}: {}", trace.what, trace.text);
            }
            return true;
        }
        _ if word.starts_with('/') => {
            anstream::println!(
                "     /after 2h  /button LABEL  /image  /post  /video  /sticker  /react 👍  /comment TEXT  /ad ID  /link REF\n     \
                 /answer 200 {{\"state\": \"sent\"}}  /colleague TEXT  /take  /release  /why  /quit"
            );
        }
        _ => chat.write(line),
    }
    chat.settle();
    show(chat);
    asked(chat, calls, caller);
    true
}

/// Runs the scripts and makes the calls that were asked for, and what follows from that; tells of those that whoever sits
/// here must answer.
fn asked(chat: &mut Rehearsal, calls: &mut VecDeque<Call>, caller: Option<&Caller>) {
    let mut made: VecDeque<Call> = chat.calls().into();
    while let Some(call) = made.pop_front() {
        let done = match (&call, caller) {
            (Call::Fetch(request), Some(caller)) => {
                make(chat, request, caller);
                true
            }
            (Call::Fetch(_), None) => false,
            (Call::Run { call, script, function, arguments }, _) => script_run(chat, *call, script, function, arguments),
        };
        if done {
            show(chat);
            made.extend(chat.calls());
        } else {
            tell(&call);
            calls.push_back(call);
        }
    }
}

fn make(chat: &mut Rehearsal, request: &Request, caller: &Caller) {
    anstream::println!("     → {} {}", request.method.word(), request.url);
    let answer = caller.make(request);
    match &answer {
        Answer::Status { status, body } => {
            let body = body.as_ref().map(given::to_json).unwrap_or_default();
            anstream::println!("     ← {status} {body}");
        }
        Answer::TimedOut => anstream::println!("     ← no answer in time"),
        Answer::Failed { reason } => anstream::println!("     ← {reason}"),
    }
    chat.answer(request.call, answer);
}

/// False where there is no such script to run.
fn script_run(chat: &mut Rehearsal, call: u32, script: &str, function: &str, arguments: &[Option<Value>]) -> bool {
    let Some(returned) = chat.bot().scripts.run(script, function, arguments) else { return false };
    let told = returned.as_ref().map_or_else(ToString::to_string, |value| match value {
        Some(value) => written(value),
        None => "nothing".to_owned(),
    });
    anstream::println!("     ƒ {script}.{function} -> {told}");
    chat.returned(call, returned.map_err(|stopped| stopped.why));
    true
}

fn tell(call: &Call) {
    match call {
        Call::Fetch(request) => anstream::println!("     ? {} {}", request.method.word(), request.url),
        Call::Run { script, function, .. } => anstream::println!("     ? {script}.{function}"),
    }
    anstream::println!("       answer it with /answer 200 {{\"name\": \"value\"}}, or let it fail with /after 1m");
}

/// `200 {"state": "sent"}` for the oldest call that waits; a script's function returns the value alone.
fn answer(chat: &mut Rehearsal, calls: &mut VecDeque<Call>, line: &str) {
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let status = word.parse::<u16>().ok();
    let written = if status.is_some() { rest.trim() } else { line };
    let body = match (written.is_empty(), serde_json::from_str(written)) {
        (true, _) => None,
        (false, Ok(json)) => given::from_json(json),
        (false, Err(why)) => return anstream::println!("     the answer is no JSON: {why}"),
    };
    match calls.pop_front() {
        Some(Call::Fetch(request)) => chat.answer(request.call, Answer::Status { status: status.unwrap_or(200), body }),
        Some(Call::Run { call, .. }) => chat.returned(call, Ok(body)),
        None => anstream::println!("     nothing was asked"),
    }
}

fn button(chat: &mut Rehearsal, label: &str) {
    let number = label.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
    let named = number.and_then(|at| chat.buttons().into_iter().nth(at));
    if !chat.press(named.as_deref().unwrap_or(label)) {
        let there = chat.buttons();
        if there.is_empty() {
            anstream::println!("     there is no card to press");
        } else {
            anstream::println!("     no such button; there are: {}", there.join(", "));
        }
    }
}

fn show(chat: &mut Rehearsal) {
    for (said, origin) in chat.said() {
        let place = origin.map(|origin| format!("   ({}:{})", origin.path, origin.line)).unwrap_or_default();
        match said {
            Said::Text(text) => anstream::println!("bot> {}{place}", text.replace('\n', "\n     ")),
            Said::Image(file) => anstream::println!("bot> [image {file}]{place}"),
            Said::Post(item) => anstream::println!("bot> [post {item}]{place}"),
            Said::Card { title, buttons } => {
                anstream::println!("bot> {title}{place}");
                for (at, button) in buttons.iter().enumerate() {
                    anstream::println!("       [{}] {button}", at + 1);
                }
            }
            Said::Typing => anstream::println!("     … typing"),
            Said::Seen => anstream::println!("     … seen"),
            Said::HandedOver { team, note } => {
                let team = team.map(|team| format!(" ({team})")).unwrap_or_default();
                anstream::println!("     → handed over to a colleague{team}: {note}");
            }
            Said::Goal(name) => anstream::println!("     ★ goal {name}"),
            Said::Noted(text) => anstream::println!("     ✎ note: {text}"),
            Said::Emitted { event, data } => {
                let names: Vec<&str> = data.keys().map(String::as_str).collect();
                anstream::println!("     ⇢ emitted {event} ({})", names.join(", "));
            }
            Said::Unsent(reason) => anstream::println!("     ✗ not sent: {reason}{place}"),
        }
    }
}
