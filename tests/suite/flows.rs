//! The commands that read flows, through the real binary: what they say of good ones, broken ones and hostile ones.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{Finished, Process, finish};
use crate::town::nap;

/// Address space of a command that reads hostile files.
const MEMORY_MB: u32 = 1_024;

const GOOD: &str = "bot \"Kiosk\" {\n    languages en\n    opt out on \"stop\"\n}\n\nflow hello {\n    on message \"hello\"\n\n    say \"Welcome!\"\n}\n";
/// A step that can never run: a warning, no error.
const WARNED: &str = "bot \"Kiosk\" {\n    languages en\n    opt out on \"stop\"\n}\n\nflow hello {\n    on message \"hello\"\n\n    say \"Welcome!\"\n    stop\n    say \"Never.\"\n}\n";
const FIVE: &str = r#"bot "Shop" {
    languages en, ar
    opt out on "stop"
    timezone "Africa/Kairo"
}

flow hello "Hello" {
    on message "hi"
    say { en "Welcome" }
    say { en "Your order." ar "طلبك {ordr}" }
    goto nowhere
}

flow bye "Good bye" {
    on message "bye"
    sya "Bye!"
}
"#;

fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    folder
}

fn run(arguments: &[&str], folder: &Path) -> Finished {
    finish(arguments, "", folder, MEMORY_MB)
}

/// A check that must end with this code within seconds and a bounded output.
fn checked(folder: &Path, path: &str, code: i32) -> Finished {
    let begun = Instant::now();
    let done = run(&["check", path], folder);
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    assert_eq!(done.code, Some(code), "{}\n{}", &done.out[..done.out.len().min(2_000)], done.err);
    assert!(done.out.len() + done.err.len() < 100_000, "{} bytes are said", done.out.len() + done.err.len());
    done
}

// --- check -----------------------------------------------------------------------------------------------------------

#[test]
fn five_mistakes_are_five_diagnostics_with_their_places() {
    let folder = folder(&[("five.flow", FIVE.as_bytes())]);
    let done = checked(folder.path(), "five.flow", 1);
    let expected = [("F0601", 4, 14), ("F0306", 9, 9), ("F0107", 10, 38), ("F0101", 11, 10), ("F0013", 16, 5)];
    for (code, line, column) in expected {
        assert!(done.out.contains(code), "{code} is missing in\n{}", done.out);
        assert!(done.out.contains(&format!("five.flow:{line}:{column}]")), "{line}:{column} is missing in\n{}", done.out);
    }
    assert!(done.out.contains("did you mean `say`?"), "{}", done.out);
    assert!(done.out.contains("5 errors"), "{}", done.out);

    let done = run(&["check", "five.flow", "--format", "json"], folder.path());
    assert_eq!(done.code, Some(1));
    let read: Value = serde_json::from_str(&done.out).unwrap_or_else(|error| panic!("{error}: {}", done.out));
    let found: Vec<(&str, u64, u64)> = read["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["code"].as_str().unwrap(), one["line"].as_u64().unwrap(), one["column"].as_u64().unwrap()))
        .collect();
    assert_eq!(found, expected);
    assert_eq!((&read["errors"], &read["warnings"]), (&json!(5), &json!(0)));

    let done = run(&["check", "five.flow", "--format", "sarif"], folder.path());
    assert_eq!(done.code, Some(1));
    let read: Value = serde_json::from_str(&done.out).unwrap_or_else(|error| panic!("{error}: {}", done.out));
    let results = read["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.iter().map(|one| one["ruleId"].as_str().unwrap()).collect::<Vec<_>>(), expected.map(|one| one.0));

    let done = run(&["check", "five.flow", "--format", "github"], folder.path());
    assert_eq!(done.code, Some(1));
    for ((code, line, column), said) in expected.iter().zip(done.out.lines()) {
        assert!(said.starts_with(&format!("::error file=five.flow,line={line},col={column},title={code} ")), "{}", done.out);
    }
}

#[test]
fn exit_codes_tell_fine_from_errors_from_what_could_not_run() {
    let folder = folder(&[("good.flow", GOOD.as_bytes()), ("warned.flow", WARNED.as_bytes()), ("empty/notes.txt", b"")]);
    let done = checked(folder.path(), "good.flow", 0);
    assert!(done.out.contains("nothing to mend"), "{}", done.out);
    let done = checked(folder.path(), "warned.flow", 0);
    assert!(done.out.contains("1 warning"), "{}", done.out);
    assert_eq!(run(&["check", "warned.flow", "--deny", "warnings"], folder.path()).code, Some(1));
    assert_eq!(run(&["check", "good.flow", "--deny", "warnings"], folder.path()).code, Some(0));
    for format in ["json", "sarif", "github"] {
        assert_eq!(run(&["check", "good.flow", "--format", format], folder.path()).code, Some(0));
        assert_eq!(run(&["check", "warned.flow", "--format", format, "--deny", "warnings"], folder.path()).code, Some(1));
        assert_eq!(run(&["check", "missing.flow", "--format", format], folder.path()).code, Some(2));
    }
    for (path, says) in [("empty", "no .flow"), ("missing", "is not there"), ("missing.flow", "is not there")] {
        let done = checked(folder.path(), path, 2);
        assert!(done.err.contains(says), "{path}: {}", done.err);
    }
    for wrong in [&["chekc"][..], &["check", "--format", "xml"], &["check", "--deny", "everything"], &[]] {
        assert_eq!(run(wrong, folder.path()).code, Some(2), "{wrong:?}");
    }
}

#[test]
fn every_command_has_a_help_with_an_example() {
    let folder = folder(&[]);
    for command in [
        "dev",
        "serve",
        "check",
        "test",
        "fuzz",
        "fmt",
        "convert",
        "schema",
        "talk",
        "new",
        "simulator",
        "link",
        "connect",
        "registration",
        "accounts",
        "doctor",
        "secrets",
        "completions",
        "plan",
        "deploy",
        "versions",
    ] {
        let done = run(&[command, "--help"], folder.path());
        assert_eq!(done.code, Some(0), "{command}");
        assert!(done.out.contains("Example"), "{command}: {}", done.out);
    }
}

#[test]
fn bytes_that_are_no_text_are_a_finding_with_a_place() {
    let mut bytes = GOOD.as_bytes().to_vec();
    bytes.extend(b"flow other {\n    on message \"\xff\xfe\"\n}\n");
    let folder = folder(&[("bad.flow", &bytes), ("zero.flow", b"\0\0\0\0"), ("bom.flow", b"\xff\xfeb\0o\0t\0")]);
    let done = checked(folder.path(), "bad.flow", 1);
    assert!(done.out.contains("bad.flow") && done.out.contains("UTF-8"), "{}", done.out);
    checked(folder.path(), "zero.flow", 1);
    checked(folder.path(), "bom.flow", 1);
}

#[test]
fn two_hundred_thousand_brackets_are_a_diagnostic() {
    for (open, close) in [("(", ")"), ("{", "}"), ("[", "]"), ("if x { ", "}"), ("not ", ""), ("-", ""), ("\"{", "}\"")] {
        let text = format!("{GOOD}\nflow deep {{\n    set x = {}1{}\n}}\n", open.repeat(200_000), close.repeat(200_000));
        let folder = folder(&[("deep.flow", text.as_bytes())]);
        let done = checked(folder.path(), "deep.flow", 1);
        assert!(done.out.contains("deep.flow:"), "{}", &done.out[..done.out.len().min(2_000)]);
    }
}

#[test]
fn fifty_megabytes_are_a_diagnostic() {
    let big = "say \"x\"\n".repeat(50 * 1024 * 1024 / 8);
    let folder = folder(&[("big.flow", big.as_bytes())]);
    let done = checked(folder.path(), "big.flow", 1);
    assert!(done.out.contains("big.flow") && done.out.contains("split"), "{}", done.out);
}

/// Below the size that is refused unread, each item and each line can still be hostile.
#[test]
fn megabytes_of_mistakes_end_in_bounded_time_and_words() {
    let one_line = format!("{GOOD}\nflow long {{\n    say \"{}\"\n}}\n", "ب".repeat(1_000_000));
    let many_lines = format!("{GOOD}{}", "sya \"x\"\n".repeat(100_000));
    let many_flows: String = (0..5_000).map(|n| format!("flow f{n} {{\n    on mesage \"{n}\"\n    sya \"x\"\n}}\n")).collect();
    let unclosed = format!("{GOOD}\nflow open {{\n    say \"{}", "never closed\n".repeat(50_000));
    for text in [one_line, many_lines, format!("{GOOD}{many_flows}"), unclosed] {
        let folder = folder(&[("bad.flow", text.as_bytes())]);
        checked(folder.path(), "bad.flow", 1);
    }
}

// --- talk, new, completions ------------------------------------------------------------------------------------------

#[test]
fn a_chat_comes_through_a_pipe() {
    let flow = "bot \"Kiosk\" {\n    languages en\n    opt out on \"stop\"\n}\n\nflow hello {\n    on message \"hello\"\n\n    choose \"Tea or coffee?\" {\n        \"Tea\" say \"One tea.\"\n        \"Coffee\" say \"One coffee.\"\n        within 1h say \"Too late.\"\n    }\n}\n\nflow picture {\n    on image\n\n    say \"Nice picture.\"\n}\n";
    let folder = folder(&[("shop.flow", flow.as_bytes())]);
    let chat = "hello\n/button 2\n/image\nhello\n/after 2h\n/button 9\n/nonsense\n/quit\nhello\n";
    let done = finish(&["talk", "shop.flow"], chat, folder.path(), MEMORY_MB);
    assert_eq!(done.code, Some(0), "{}", done.err);
    let bot: Vec<&str> =
        done.out.lines().filter_map(|line| line.strip_prefix("bot> ")).map(|line| line.split("   ").next().unwrap()).collect();
    assert_eq!(bot, ["Tea or coffee?", "One coffee.", "Nice picture.", "Tea or coffee?", "Too late."], "{}", done.out);
    assert!(done.out.contains("[1] Tea") && done.out.contains("/after 2h"), "{}", done.out);
    // A broken bot is not talked to.
    std::fs::write(folder.path().join("five.flow"), FIVE).unwrap();
    assert_eq!(finish(&["talk", "five.flow"], chat, folder.path(), MEMORY_MB).code, Some(1));
}

#[test]
fn a_new_bot_checks_clean_and_talks_and_nothing_is_overwritten() {
    let folder = folder(&[]);
    let done = run(&["new", "shop"], folder.path());
    assert_eq!(done.code, Some(0), "{}", done.err);
    let shop = folder.path().join("shop");
    assert_eq!(run(&["check", "--deny", "warnings"], &shop).code, Some(0));
    let done = finish(&["talk"], "hello\n", &shop, MEMORY_MB);
    assert!(done.out.contains("Hi! What can I do for you?"), "{}", done.out);
    let before = std::fs::read(shop.join("flows/shop.flow")).unwrap();
    let again = run(&["new", "shop"], folder.path());
    assert_eq!(again.code, Some(2));
    assert!(again.err.contains("is there already"), "{}", again.err);
    assert_eq!(std::fs::read(shop.join("flows/shop.flow")).unwrap(), before);
}

#[test]
fn completions_are_printed_for_each_shell() {
    let folder = folder(&[]);
    for (shell, holds) in [("bash", "_rejoinder"), ("zsh", "#compdef rejoinder"), ("fish", "complete -c rejoinder")] {
        let done = run(&["completions", shell], folder.path());
        assert_eq!(done.code, Some(0), "{}", done.err);
        assert!(done.out.contains(holds) && done.out.contains("simulator"), "{shell}");
    }
    assert_eq!(run(&["completions", "cobol"], folder.path()).code, Some(2));
}

// --- serve and dev ---------------------------------------------------------------------------------------------------

const SETTINGS: &str = "flows = [\"flows\"]\nlisten = \"127.0.0.1:0\"\n\n[[app]]\nid = \"1\"\nsecret = \"given-in-the-open\"\n";

#[test]
fn serve_takes_no_broken_bot_and_no_wrong_settings() {
    let folder = folder(&[("flows/bot.flow", FIVE.as_bytes()), ("rejoinder.toml", SETTINGS.as_bytes())]);
    // `serve` makes threads with stacks of their own.
    let serve = || finish(&["serve"], "", folder.path(), 4 * MEMORY_MB);
    let done = serve();
    assert_eq!(done.code, Some(1), "{}{}", done.out, done.err);
    assert!(done.out.contains("F0601") && done.err.contains("a bot with errors is not served"), "{}{}", done.out, done.err);
    assert!(!folder.path().join("rejoinder.db").exists(), "nothing was opened");

    std::fs::write(folder.path().join("flows/bot.flow"), GOOD).unwrap();
    let wrong = [
        (SETTINGS.replace("listen", "lisen"), "did you mean `listen`?"),
        (SETTINGS.replace("secret", "secert"), "did you mean `secret`?"),
        (format!("{SETTINGS}window_margin = \"5 minutes\"\n"), "is not a length of time"),
        (SETTINGS.replace("\"given-in-the-open\"", "{ env = \"REJOINDER_NO_SUCH_VARIABLE\" }"), "REJOINDER_NO_SUCH_VARIABLE"),
        (SETTINGS.replace("\"given-in-the-open\"", "{ file = \"no-such-file\" }"), "no-such-file"),
        (SETTINGS.replace("127.0.0.1:0", "256.0.0.1:0"), "cannot listen"),
        (format!("token_key = \"short\"\n{SETTINGS}"), "token_key"),
        ("[[[".to_owned(), "rejoinder.toml:1"),
        (String::new(), "[[app]]"),
    ];
    for (settings, says) in wrong {
        std::fs::write(folder.path().join("rejoinder.toml"), &settings).unwrap();
        let done = serve();
        assert_eq!(done.code, Some(2), "{settings}\n{}{}", done.out, done.err);
        assert!(done.err.contains(says), "`{says}` is missing for\n{settings}\n{}", done.err);
        assert!(!done.err.contains("given-in-the-open"), "{}", done.err);
    }
    std::fs::remove_file(folder.path().join("rejoinder.toml")).unwrap();
    let done = serve();
    assert_eq!(done.code, Some(2));
    assert!(done.err.contains("rejoinder new"), "{}", done.err);
}

#[test]
fn serve_starts_with_a_plain_secret_and_warns_without_telling_it() {
    let folder = folder(&[("flows/bot.flow", GOOD.as_bytes()), ("rejoinder.toml", SETTINGS.as_bytes())]);
    let mut server = Process::start(&["serve"], &[], folder.path());
    assert_eq!(server.terminate(), Some(0), "{}", server.said());
    assert!(server.said().contains("WARN") && !server.said().contains("given-in-the-open"), "{}", server.said());
}

/// A customer of `dev` and what the page knows.
struct Dev {
    process: Process,
    folder: tempfile::TempDir,
    http: reqwest::Client,
}

impl Dev {
    fn start() -> Self {
        let folder = folder(&[("flows/bot.flow", GOOD.as_bytes())]);
        let process = Process::start(&["dev", "--listen", "127.0.0.1:0"], &[], folder.path());
        Self { process, folder, http: reqwest::Client::new() }
    }

    fn save(&self, text: &str) {
        std::fs::write(self.folder.path().join("flows/bot.flow"), text).unwrap();
    }

    async fn get(&self, path: &str) -> Value {
        self.http.get(format!("{}{path}", self.process.address)).send().await.unwrap().json().await.unwrap()
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let answer = self.http.post(format!("{}{path}", self.process.address)).json(&body).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.json().await.unwrap()
    }

    /// Waits until `GET /dev/v1/bot` says so.
    async fn until(&self, what: &str, fits: impl Fn(&Value) -> bool) {
        let begun = Instant::now();
        loop {
            let bot = self.get("/dev/v1/bot").await;
            if fits(&bot) {
                return;
            }
            assert!(begun.elapsed() < Duration::from_secs(30), "waited in vain for {what}: {bot}\n{}", self.process.said());
            nap(30).await;
        }
    }

    /// A new customer says hello; the first reply.
    async fn hello(&self) -> String {
        let customer = self.post("/sim/v1/customers", json!({})).await["handle"].clone();
        let said = self.post("/sim/v1/messages", json!({ "customer": customer, "text": "hello" })).await;
        let conversation = said["conversation"].as_str().unwrap().to_owned();
        let begun = Instant::now();
        loop {
            let view = self.get(&format!("/sim/v1/conversations/{conversation}")).await;
            let mut replies = view["messages"].as_array().unwrap().iter().filter(|message| message["from"] == "business");
            if let Some(reply) = replies.next_back() {
                return reply["body"].as_str().unwrap().to_owned();
            }
            assert!(begun.elapsed() < Duration::from_secs(30), "no answer\n{}", self.process.said());
            nap(30).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn dev_takes_a_saved_flow_at_once_and_keeps_the_old_bot_while_it_is_broken() {
    let mut dev = Dev::start();
    assert_eq!(dev.hello().await, "Welcome!");
    dev.save(&GOOD.replace("say \"Welcome!\"", "sya \"Welcome!\""));
    dev.until("the findings", |bot| bot["findings"].as_str().unwrap().contains("F0013")).await;
    assert_eq!(dev.hello().await, "Welcome!", "the old bot goes on");
    // Half a file, as an editor may leave it for a moment, and no file at all.
    dev.save("");
    dev.until("no bot", |bot| !bot["findings"].as_str().unwrap().contains("F0013")).await;
    std::fs::remove_file(dev.folder.path().join("flows/bot.flow")).unwrap();
    dev.until("no flow", |bot| bot["findings"].as_str().unwrap().contains("no .flow")).await;
    assert_eq!(dev.hello().await, "Welcome!", "the old bot goes on");
    dev.save(&GOOD.replace("Welcome!", "Good to see you!"));
    dev.until("the new bot", |bot| bot["findings"] == "").await;
    assert_eq!(dev.hello().await, "Good to see you!");
    let found = dev.get("/sim/v1/violations").await;
    assert_eq!(found["violations"], json!([]), "{found:#}");
    assert_eq!(dev.process.terminate(), Some(0), "{}", dev.process.said());
}

#[test]
fn dev_takes_no_broken_bot_at_its_start() {
    let folder = folder(&[("flows/bot.flow", FIVE.as_bytes())]);
    let done = finish(&["dev", "--listen", "127.0.0.1:0"], "", folder.path(), 4 * MEMORY_MB);
    assert_eq!(done.code, Some(1), "{}", done.err);
    assert!(done.out.contains("F0601"), "{}", done.out);
    assert_eq!(finish(&["dev", "nowhere"], "", folder.path(), 4 * MEMORY_MB).code, Some(2));
}
