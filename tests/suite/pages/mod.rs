//! In: Markdown pages. Out: whether the bots in their `flow` fences do what the other fences say.
//! Does not know: what a bot is about. `tests/pages/README.md` describes the form.
//!
//! A page on disk that is not listed here fails the suite. With `REJOINDER_BLESS=1` the fences that hold what the program
//! prints are written anew; read them before they are committed.

mod chat;
mod generated;
mod plain;
mod printed;
mod reference;

pub(crate) use self::printed::{drawn, findings};

use std::path::PathBuf;
use std::sync::Arc;

use rejoinder::bot::{Bot, Test};
use rejoinder::check;
use rejoinder::diagnostic::Diagnostic;
use rejoinder::hook;
use rejoinder::source::Sources;
use rejoinder::system::files;
use rejoinder::testing::{report, run_all};

macro_rules! pages {
    ($($name:ident => $path:literal,)*) => {
        $(#[test] fn $name() { page($path); })*
        pub(crate) const LISTED: &[&str] = &[$($path),*];
    };
}

pages! {
    readme => "README.md",
    language_reference => "docs/language.md",
    testing_a_bot => "docs/testing.md",
    nile_threads_in_english => "tests/pages/nile-threads-en.md",
    nile_threads_in_arabic => "tests/pages/nile-threads-ar.md",
    five_mistakes => "tests/pages/five-mistakes.md",
    ten_mistakes => "tests/pages/ten-mistakes.md",
    triggers => "tests/pages/triggers.md",
    asking => "tests/pages/asking.md",
    choosing => "tests/pages/choosing.md",
    steps => "tests/pages/steps.md",
    handing_over => "tests/pages/handing-over.md",
    values => "tests/pages/values.md",
    language_of_a_conversation => "tests/pages/language-of-a-conversation.md",
    settings => "tests/pages/settings.md",
    sample_bot => "tests/pages/sample-bot.md",
    form => "tests/pages/form.md",
    shared => "tests/pages/shared.md",
    settings_of_replies => "tests/pages/settings-of-replies.md",
    shown_by_tiktok => "tests/pages/shown-by-tiktok.md",
    kinds_of_messages => "tests/pages/kinds-of-messages.md",
    who_wins => "tests/pages/who-wins.md",
    sending => "tests/pages/sending.md",
    data => "tests/pages/data.md",
    control => "tests/pages/control.md",
    fetching => "tests/pages/fetching.md",
    types => "tests/pages/types.md",
    waits => "tests/pages/waits.md",
    expressions => "tests/pages/expressions.md",
    gate => "tests/pages/gate.md",
    proof => "tests/pages/proof.md",
    scripts => "tests/pages/scripts.md",
    testing => "tests/pages/testing.md",
    yaml => "tests/pages/yaml.md",
    files => "tests/pages/files.md",
}

#[test]
fn every_page_on_disk_is_listed() {
    for entry in std::fs::read_dir(root().join("tests/pages")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let path = format!("tests/pages/{name}");
        assert!(name == "README.md" || LISTED.contains(&path.as_str()), "{path} is not listed in tests/suite/pages/mod.rs");
    }
}

pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Whether what the program prints is to be written into the pages instead of compared with them.
pub(crate) fn blessing() -> bool {
    std::env::var_os("REJOINDER_BLESS").is_some()
}

/// One fence of a page: its word, its text, the line it begins on.
pub(crate) struct Fence {
    pub(crate) word: String,
    pub(crate) text: String,
    pub(crate) line: usize,
}

/// The fences of a page; one of four marks may hold one of three.
pub(crate) fn fences(text: &str) -> Vec<Fence> {
    let mut found = Vec::new();
    let mut open: Option<(&str, Fence)> = None;
    for (at, line) in text.lines().enumerate() {
        let marks = &line[..line.len() - line.trim_start_matches('`').len()];
        match &mut open {
            None if marks.len() >= 3 => {
                let word = line[marks.len()..].trim().to_owned();
                open = Some((marks, Fence { word, text: String::new(), line: at + 1 }));
            }
            None => {}
            Some((mark, _)) if line == *mark => found.extend(open.take().map(|(_, fence)| fence)),
            Some((_, fence)) => {
                fence.text.push_str(line);
                fence.text.push('\n');
            }
        }
    }
    found
}

/// A bot as a page shows it: what was read, what came of it.
#[derive(Default)]
pub(crate) struct Shown {
    pub(crate) sources: Sources,
    pub(crate) bot: Option<Arc<Bot>>,
    pub(crate) findings: Vec<Diagnostic>,
    /// Where the page shows it.
    place: String,
    /// Whether the page says what is wrong with it.
    explained: bool,
}

fn page(path: &str) {
    let text = std::fs::read_to_string(root().join(path)).unwrap();
    let mut shown = Shown::default();
    let mut checked = false;
    let mut script = None;
    let mut blessed: Vec<(usize, String)> = Vec::new();
    for fence in fences(&text) {
        let place = format!("{path}:{}", fence.line);
        match fence.word.as_str() {
            "rhai" => script = Some(fence.text),
            "flow" | "bot" => {
                shown.is_explained();
                let beside = script.take().map(|text| ("shop.rhai".to_owned(), text));
                shown = match fence.word.as_str() {
                    "flow" => compile(&[("page.flow".to_owned(), fence.text)].into_iter().chain(beside).collect::<Vec<_>>()),
                    _ => folder(fence.text.trim()),
                };
                shown.place.clone_from(&place);
                checked |= tests_hold(&shown);
            }
            "chat" => {
                let bot = shown.bot.clone().unwrap_or_else(|| panic!("{place}: no bot to talk to:\n{}", drawn(&shown)));
                chat::run(path, &fence, bot);
                checked = true;
            }
            word => {
                let Some(now) = printed::of(word, &fence.text, &shown, &place) else { continue };
                checked = true;
                shown.explained |= matches!(word, "findings" | "drawn");
                if blessing() {
                    blessed.push((fence.line, now));
                } else {
                    assert_eq!(now.trim_end(), fence.text.trim_end(), "`{word}` of {place}");
                }
            }
        }
    }
    shown.is_explained();
    assert!(checked, "{path} shows a bot, but not what it does");
    if !blessed.is_empty() {
        std::fs::write(root().join(path), rewritten(&text, &blessed)).unwrap();
    }
}

/// Runs the tests of a bot; whether there were any.
pub(crate) fn tests_hold(shown: &Shown) -> bool {
    let Some(bot) = &shown.bot else { return false };
    let tests: Vec<&Test> = bot.tests.iter().collect();
    let outcomes = run_all(bot, &tests, &|_| {});
    let failures: String = outcomes.iter().map(|outcome| report::failure(outcome, report::Look::default())).collect();
    assert!(failures.is_empty(), "{}:\n{failures}", shown.place);
    !tests.is_empty()
}

impl Shown {
    /// A sample that is broken is followed by what is said of it.
    fn is_explained(&self) {
        let fine = self.place.is_empty() || self.bot.is_some() || self.explained;
        assert!(fine, "{}: the bot is broken, and the page does not say so:\n{}", self.place, drawn(self));
    }
}

/// The page with other texts in the fences that begin on these lines.
fn rewritten(text: &str, fences: &[(usize, String)]) -> String {
    let mut out = String::new();
    let mut skipping: Option<&str> = None;
    for (at, line) in text.lines().enumerate() {
        if skipping.is_some_and(|mark| line == mark) {
            skipping = None;
        }
        if skipping.is_none() {
            out.push_str(line);
            out.push('\n');
        }
        if let Some((_, new)) = fences.iter().find(|(start, _)| *start == at + 1) {
            out.push_str(new.trim_end());
            out.push('\n');
            skipping = Some(&line[..line.len() - line.trim_start_matches('`').len()]);
        }
    }
    out
}

/// All flows of a folder of the repository, with its pictures.
pub(crate) fn folder(path: &str) -> Shown {
    let mut flows = Vec::new();
    for file in files::walk(&root().join(path), 4, 1_000).unwrap() {
        if matches!(file.extension().and_then(|end| end.to_str()), Some("flow" | "yaml" | "rhai")) {
            let name = file.strip_prefix(root()).unwrap().display().to_string();
            flows.push((name, std::fs::read_to_string(&file).unwrap()));
        }
    }
    with_pictures(path, &flows)
}

/// A bot of these files with the pictures of a folder.
pub(crate) fn with_pictures(path: &str, flows: &[(String, String)]) -> Shown {
    let whole = root().join(path);
    let mut assets = check::Assets::new();
    for file in files::walk(&whole, 4, 1_000).unwrap() {
        if file.extension().is_some_and(|end| end == "png") {
            let inner = file.strip_prefix(&whole).unwrap().display().to_string();
            assets.insert(inner.clone(), Arc::new(check::asset(&inner, std::fs::read(&file).unwrap()).unwrap()));
        }
    }
    with_assets(flows, &assets)
}

/// A bot of these files, beside which the pictures of the samples stand.
pub(crate) fn compile(files: &[(String, String)]) -> Shown {
    let bytes = std::fs::read(root().join("flows/nile-threads/sizes.png")).unwrap();
    let named = |name: &str| (name.to_owned(), Arc::new(check::asset(name, bytes.clone()).unwrap()));
    with_assets(files, &["sizes.png", "size-s.png", "size-m.png"].map(named).into_iter().collect())
}

fn with_assets(files: &[(String, String)], assets: &check::Assets) -> Shown {
    let mut sources = Sources::default();
    for (name, text) in files {
        sources.add(name.clone(), text.clone());
    }
    let mut assets = assets.clone();
    assets.put_scripts(scripts_of(files));
    let (bot, findings) = check::compile(&sources, &assets);
    Shown { bot: bot.map(Arc::new), findings, sources, ..Shown::default() }
}

/// The scripts among these files.
pub(crate) fn scripts_of(files: &[(String, String)]) -> rejoinder::bot::Scripts {
    let scripts = files.iter().filter(|(name, _)| name.ends_with(".rhai"));
    let scripts: Vec<_> = scripts.map(|(name, text)| (name.clone(), Arc::from(text.as_str()))).collect();
    hook::read(&scripts, hook::Limits::for_tests(), Arc::new(|| std::time::Duration::ZERO))
}

#[test]
fn a_wrong_chat_fails() {
    let text = "bot \"A\" { languages en }\nflow a \"A\" {\n    on message \"hi\"\n    say \"hello\"\n}\n";
    let bot = compile(&[("a.flow".to_owned(), text.to_owned())]).bot.expect("compiles");
    let fence = Fence { word: "chat".into(), text: "customer: hi\nbot: good bye\n".into(), line: 1 };
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| chat::run("seeded", &fence, bot))).is_err());
}

#[test]
fn a_blessed_page_keeps_everything_else() {
    let page = "# A\n```flow\nx\n```\n````drawn\nold\n```\nold\n````\nend\n";
    assert_eq!(rewritten(page, &[(5, "new\n\n".to_owned())]), "# A\n```flow\nx\n```\n````drawn\nnew\n````\nend\n");
    assert_eq!(
        fences(page).iter().map(|fence| (&*fence.word, &*fence.text)).collect::<Vec<_>>(),
        [("flow", "x\n"), ("drawn", "old\n```\nold\n")]
    );
}
