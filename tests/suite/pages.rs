//! Markdown pages as tests: a bot in `flow` fences, chats in `chat` fences, findings in `findings` fences.
//! `tests/pages/README.md` describes the form. A page on disk that is not listed here fails the suite.

use std::path::PathBuf;
use std::sync::Arc;

use rejoinder::bot::Bot;
use rejoinder::calendar::Moment;
use rejoinder::check;
use rejoinder::diagnostic::Severity;
use rejoinder::engine::rehearsal::{Rehearsal, Said};
use rejoinder::engine::{Body, ColleagueAction};
use rejoinder::server::settings::Lapse;
use rejoinder::source::Sources;

macro_rules! pages {
    ($($name:ident => $path:literal,)*) => {
        $(#[test] fn $name() { page($path); })*
        const LISTED: &[&str] = &[$($path),*];
    };
}

pages! {
    readme => "README.md",
    language_reference => "docs/language.md",
    nile_threads_in_english => "tests/pages/nile-threads-en.md",
    nile_threads_in_arabic => "tests/pages/nile-threads-ar.md",
    five_mistakes => "tests/pages/five-mistakes.md",
    triggers => "tests/pages/triggers.md",
    asking => "tests/pages/asking.md",
    choosing => "tests/pages/choosing.md",
    steps => "tests/pages/steps.md",
    handing_over => "tests/pages/handing-over.md",
    values => "tests/pages/values.md",
    language_of_a_conversation => "tests/pages/language-of-a-conversation.md",
    settings => "tests/pages/settings.md",
}

#[test]
fn every_page_on_disk_is_listed() {
    for entry in std::fs::read_dir(root().join("tests/pages")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let path = format!("tests/pages/{name}");
        assert!(name == "README.md" || LISTED.contains(&path.as_str()), "{path} is not listed in tests/suite/pages.rs");
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// One fence of a page: its word, its text, the line it begins on.
struct Fence {
    word: String,
    text: String,
    line: usize,
}

fn fences(text: &str) -> Vec<Fence> {
    let mut found = Vec::new();
    let mut open: Option<Fence> = None;
    for (at, line) in text.lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(word)) => open = Some(Fence { word: word.trim().to_owned(), text: String::new(), line: at + 1 }),
            (Some(_), Some(_)) => found.extend(open.take()),
            (Some(fence), None) => {
                fence.text.push_str(line);
                fence.text.push('\n');
            }
            (None, None) => {}
        }
    }
    found
}

fn page(path: &str) {
    let text = std::fs::read_to_string(root().join(path)).unwrap();
    let mut bot = None;
    let mut findings = Vec::new();
    let mut checked = false;
    for fence in fences(&text) {
        match fence.word.as_str() {
            "flow" => (bot, findings) = compile(&[("page.flow".to_owned(), fence.text)]),
            "bot" => (bot, findings) = folder(fence.text.trim()),
            "chat" => {
                let bot = bot.clone().unwrap_or_else(|| panic!("{path}:{}: no bot to talk to: {findings:#?}", fence.line));
                chat(path, &fence, bot);
                checked = true;
            }
            "findings" => {
                assert_eq!(findings.join("\n"), fence.text.trim(), "findings of {path}:{}", fence.line);
                checked = true;
            }
            _ => {}
        }
    }
    assert!(checked, "{path} holds neither a chat nor findings");
}

fn folder(path: &str) -> (Option<Arc<Bot>>, Vec<String>) {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(root().join(path)).unwrap() {
        let file = entry.unwrap().path();
        if file.extension().is_some_and(|end| end == "flow") {
            let name = file.strip_prefix(root()).unwrap().display().to_string();
            files.push((name, std::fs::read_to_string(&file).unwrap()));
        }
    }
    files.sort();
    compile(&files)
}

fn compile(files: &[(String, String)]) -> (Option<Arc<Bot>>, Vec<String>) {
    let mut sources = Sources::default();
    for (name, text) in files {
        sources.add(name.clone(), text.clone());
    }
    let mut assets = check::Assets::new();
    let sizes = std::fs::read(root().join("flows/sizes.png")).unwrap();
    assets.insert("sizes.png".to_owned(), Arc::new(check::asset("sizes.png", sizes).unwrap()));
    let (bot, found) = check::compile(&sources, &assets);
    let lines = found
        .iter()
        .map(|one| {
            let place = sources.location(one.labels[0].span);
            let severity = match one.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Note => "note",
            };
            format!("{}:{} {severity} {}: {}", place.line, place.column, one.code, one.message)
        })
        .collect();
    (bot.map(Arc::new), lines)
}

/// Runs the lines of a chat; the first wrong one fails with what was said instead.
fn chat(path: &str, fence: &Fence, bot: Arc<Bot>) {
    // Sunday, 22 November 2026, 10:00 in Cairo.
    let mut chat = Rehearsal::new(bot, Moment(1_795_334_400_000), 1);
    let mut said: Vec<Said> = Vec::new();
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
        said.extend(chat.said().into_iter().map(|(said, _)| said));
        if act {
            assert!(said.iter().all(quiet) || word == "customer", "before {place}\nthe bot also said {said:#?}");
            said.retain(|said| !quiet(said));
            assert!(said.is_empty(), "before {place}\nthe bot also said {said:#?}");
            perform(&mut chat, word, rest, &place);
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
    said.extend(chat.said().into_iter().map(|(said, _)| said));
    said.retain(|said| !quiet(said));
    assert!(said.is_empty(), "at the end of the chat in {path}:{} the bot also said {said:#?}", fence.line);
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
        "customer sends" => chat.message(Body::Image { media_id: "m".into() }),
        "customer from ad" => chat.refer("ad", rest),
        "customer from link" => chat.refer("short_link", rest),
        "colleague" => chat.colleague(rest),
        "colleague takes over" => chat.colleague_action(ColleagueAction::TakeOver),
        "colleague releases" => chat.colleague_action(ColleagueAction::Release),
        "after" => chat.after(Lapse::read(rest).unwrap_or_else(|| panic!("{place}: no length of time")).0),
        _ => panic!("{place}: unknown line"),
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

#[test]
fn a_wrong_chat_fails() {
    let (bot, _) = compile(&[(
        "a.flow".to_owned(),
        "bot \"A\" { languages en }\nflow a \"A\" {\n    on message \"hi\"\n    say \"hello\"\n}\n".to_owned(),
    )]);
    let fence = Fence { word: "chat".into(), text: "customer: hi\nbot: good bye\n".into(), line: 1 };
    assert!(std::panic::catch_unwind(|| chat("seeded", &fence, bot.expect("compiles"))).is_err());
}
