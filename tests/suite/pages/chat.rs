//! Chats of a page, line by line.

use std::sync::Arc;

use rejoinder::bot::Bot;
use rejoinder::calendar::Moment;
use rejoinder::engine::rehearsal::{Rehearsal, Said};
use rejoinder::engine::{Body, ColleagueAction, Trace};
use rejoinder::server::settings::Lapse;

use super::Fence;

/// Runs the lines of a chat; the first wrong one fails with what was said instead.
pub(super) fn run(path: &str, fence: &Fence, bot: Arc<Bot>) {
    // Sunday, 22 November 2026, 10:00 in Cairo.
    let mut chat = Rehearsal::new(bot, Moment(1_795_334_400_000), 1);
    let mut said: Vec<Said> = Vec::new();
    let mut kept: Vec<Trace> = Vec::new();
    for (at, line) in fence.text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let place = format!("{path}:{}: {line}", fence.line + at + 1);
        let (word, rest) = line.split_once(": ").unwrap_or((line, ""));
        let act = matches!(word.split(' ').next(), Some("customer" | "colleague" | "after"));
        if !act {
            chat.settle();
        }
        said.extend(heard(&mut chat));
        if act {
            assert!(said.iter().all(quiet) || word == "customer", "before {place}\nthe bot also said {said:#?}");
            said.retain(|said| !quiet(said));
            assert!(said.is_empty(), "before {place}\nthe bot also said {said:#?}");
            kept.clear();
            perform(&mut chat, word, rest, &place);
            continue;
        }
        if word == "record" {
            kept.extend(chat.trace());
            let told = |line: &Trace| format!("{}: {}", line.what, line.text);
            let found = kept.iter().position(|line| told(line).contains(rest));
            let found = found.unwrap_or_else(|| panic!("{place}: {:#?}", kept.iter().map(told).collect::<Vec<_>>()));
            // The next line stands behind this one.
            kept.drain(..=found);
            continue;
        }
        let expected = expectation(word, rest, &place);
        if !matches!(expected, Some(Said::Typing | Said::Seen)) {
            said.retain(|said| !quiet(said));
        }
        match expected {
            None => assert!(said.is_empty(), "{place}\nthe bot said {said:#?}\nwhy:\n{}", why(&mut chat)),
            Some(expected) => {
                let first = (!said.is_empty()).then(|| said.remove(0));
                assert_eq!(first.as_ref(), Some(&expected), "{place}\nand then {said:#?}\nwhy:\n{}", why(&mut chat));
            }
        }
    }
    chat.settle();
    said.extend(heard(&mut chat));
    said.retain(|said| !quiet(said));
    assert!(said.is_empty(), "at the end of the chat in {path}:{} the bot also said {said:#?}", fence.line);
}

/// What was said since; what is told to the business's systems is compared by the tests of a bot, not here.
fn heard(chat: &mut Rehearsal) -> Vec<Said> {
    chat.said().into_iter().map(|(said, _)| said).filter(|said| !matches!(said, Said::Emitted { .. })).collect()
}

fn why(chat: &mut Rehearsal) -> String {
    chat.trace().iter().map(|trace| format!("  {}: {}\n", trace.what, trace.text)).collect()
}

fn quiet(said: &Said) -> bool {
    matches!(said, Said::Typing | Said::Seen)
}

fn perform(chat: &mut Rehearsal, word: &str, rest: &str, place: &str) {
    match word {
        "customer" => chat.write(&rest.replace("\\n", "\n")),
        "customer presses" => assert!(chat.press(rest), "{place}: no such button, there are {:?}", chat.buttons()),
        "customer sends" => chat.message(sent(rest, place)),
        "customer reacts" => {
            let emoji = (rest != "with a TikTok one").then(|| rest.to_owned());
            chat.message(Body::Reaction { emoji, added: true, of: "bot-1".into() });
        }
        "customer from ad" => chat.refer("ad", rest),
        "customer from link" => chat.refer("short_link", rest),
        "colleague" => chat.colleague(rest),
        "colleague takes over" => chat.colleague_action(ColleagueAction::TakeOver),
        "colleague releases" => chat.colleague_action(ColleagueAction::Release),
        "after" => chat.after(Lapse::read(rest).unwrap_or_else(|| panic!("{place}: no length of time")).0),
        _ => panic!("{place}: unknown line"),
    }
}

/// What a customer sends that is no text.
fn sent(kind: &str, place: &str) -> Body {
    match kind {
        "image" => Body::Image { media_id: "m".into() },
        "video" => Body::Video { media_id: "m".into() },
        "post" => Body::Post { item_id: "7350001".into(), url: "https://example.com/p".into() },
        "sticker" => Body::Sticker { url: "https://example.com/s".into() },
        "emoji" => Body::Emoji { url: "https://example.com/e".into() },
        "unsupported" => Body::Unsupported { word: "voice".into() },
        _ => panic!("{place}: a customer cannot send this"),
    }
}

/// What a line expects; `None` is silence.
fn expectation(word: &str, rest: &str, place: &str) -> Option<Said> {
    Some(match word {
        "silence" => return None,
        "bot" => Said::Text(rest.replace("\\n", "\n")),
        "bot card" => {
            let mut parts = rest.split(" | ").map(str::to_owned);
            Said::Card { title: parts.next().unwrap_or_default(), buttons: parts.collect() }
        }
        "bot image" => Said::Image(rest.to_owned()),
        "bot post" => Said::Post(rest.to_owned()),
        "bot typing" => Said::Typing,
        "bot seen" => Said::Seen,
        "unsent" => Said::Unsent(rest.to_owned()),
        "goal" => Said::Goal(rest.to_owned()),
        "handed over" => Said::HandedOver { team: None, note: rest.to_owned() },
        _ => match word.strip_prefix("handed over to ") {
            Some(team) => Said::HandedOver { team: Some(team.to_owned()), note: rest.to_owned() },
            None => panic!("{place}: unknown line"),
        },
    })
}
