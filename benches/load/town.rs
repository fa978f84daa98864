//! Databases of any size, a server on one of them, and deliveries as TikTok signs them.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use rejoinder::bot::Bot;
use rejoinder::calendar::Moment;
use rejoinder::engine::{Conversation, Limits};
use rejoinder::runtime::port::{AccountId, Change, Clock as _, Record, Store as _};
use rejoinder::store::Sqlite;
use rejoinder::system::SystemClock;
use serde_json::json;
use sha2::Sha256;

use super::client;
use super::support::{Talk, answer, question};

pub const SECRET: &str = "a-secret-of-the-bench";
/// Records of one transaction while a database is written.
const TOGETHER: usize = 5_000;
/// Different states of conversations that are written; all others are like one of these.
const STATES: usize = 1_000;
const HOUR_MS: i64 = 3_600_000;

/// The app of this number.
pub fn app(n: usize) -> String {
    format!("73643234370508{n:05}")
}

/// The account of the app of this number.
pub fn account(n: usize) -> String {
    format!("-000BenchAccount_{n:05}")
}

/// The conversation of this number, as TikTok names it.
pub fn external(n: usize) -> String {
    format!("c0nversation+Of/theBench/{n:012}==")
}

pub fn now() -> Moment {
    SystemClock.now()
}

/// Writes so many conversations of the first app into a new file: each was asked something within the last hour and
/// waits for the answer, with a timer.
pub fn write(file: &Path, bot: &Bot, conversations: usize) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let store = Sqlite::open(file).expect("a new file");
    let now = now();
    let rules = bot.flows.len();
    let states: Vec<(i64, Vec<u8>, Option<Moment>)> = (0..STATES.min(conversations))
        .map(|n| {
            let began = now.0 - HOUR_MS + HOUR_MS * n as i64 / STATES as i64;
            let mut talk = Talk { bot, limits: Limits::default(), now: began, messages: n as u64 * 10 };
            let mut state = Conversation::default();
            talk.say(&mut state, question(n % rules), false);
            (began, state.encode().expect("it can be written"), state.due())
        })
        .collect();
    runtime.block_on(async {
        let account: AccountId = store.account(&app(0), &account(0)).await.expect("an account");
        let body = json!({ "text": question(1), "trace": "x".repeat(300) }).to_string().into_bytes();
        let mut records = Vec::with_capacity(TOGETHER);
        for n in 0..conversations {
            let (began, state, due) = states.get(n % states.len()).expect("within");
            let recent = [(n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes(), began.to_le_bytes()].concat();
            let change = Change {
                conversation: store.fresh_conversation().await.expect("an id"),
                account,
                external: external(n).into_bytes(),
                rev: 1,
                after: 0,
                due: *due,
                recent,
                state: state.clone(),
                outbox: Vec::new(),
                found_by: None,
            };
            records.push(Record {
                at: Moment(*began),
                kind: "message",
                account: Some(account),
                body: body.clone(),
                change: Some(change),
                is_mark: false,
                events: Vec::new(),
            });
            if records.len() == TOGETHER || n + 1 == conversations {
                store.commit(std::mem::take(&mut records)).await.expect("it is written");
            }
        }
    });
}

/// A delivery that is rightly signed now, ready to be sent.
fn delivery(n_app: usize, event: &str, content: &serde_json::Value) -> Vec<u8> {
    let seconds = now().0 / 1_000;
    let body = json!({ "client_key": app(n_app), "event": event, "create_time": seconds, "user_openid": account(n_app), "content": content.to_string() })
        .to_string();
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("any length is a key");
    mac.update(format!("{seconds}.{body}").as_bytes());
    let mut tag = String::new();
    for byte in mac.finalize().into_bytes() {
        let _ = write!(tag, "{byte:02x}");
    }
    client::request("/webhooks/tiktok", &format!("tiktok-signature: t={seconds},s={tag}\r\n"), &body)
}

fn content(n_app: usize, conversation: usize) -> serde_json::Value {
    let customer = format!("aQ4+customerOfTheBench/{conversation:012}/00aa==");
    json!({
        "from": format!("customer.{conversation}"), "to": "shop.of.the.bench", "unique_identifier": customer,
        "from_user": { "id": customer, "role": "personal_account" },
        "to_user": { "id": account(n_app), "role": "business_account" },
        "conversation_id": external(conversation), "timestamp": now().0,
        "scene_type": 0, "is_follower": true, "message_tag": { "source": "APP" },
    })
}

/// A text of the customer; `id` is its own.
pub fn text(n_app: usize, conversation: usize, id: u64, text: &str) -> Vec<u8> {
    let mut content = content(n_app, conversation);
    content["message_id"] = json!(format!("m+bench/{id:012}=="));
    content["type"] = json!("text");
    content["text"] = json!({ "body": text });
    delivery(n_app, "im_receive_msg", &content)
}

/// The customer has read: it changes the conversation and is answered by nothing.
pub fn read(n_app: usize, conversation: usize) -> Vec<u8> {
    let mut content = content(n_app, conversation);
    content["read"] = json!({ "last_read_timestamp": now().0 });
    delivery(n_app, "im_mark_read_msg", &content)
}

/// Questions and answers of conversations in turn: `of` gives the conversation of each message.
pub fn talk(first: u64, count: usize, rules: usize, of: impl Fn(usize) -> usize) -> Vec<Vec<u8>> {
    (0..count)
        .map(|n| {
            let id = first + n as u64;
            let said = if n % 2 == 0 { question(n.wrapping_mul(7_919) % rules) } else { answer(n) };
            text(0, of(n), id, &said)
        })
        .collect()
}

/// A folder for one measurement: settings, the flows and the store.
pub struct Town {
    pub folder: tempfile::TempDir,
}

impl Town {
    /// One app for each of `apps`, whose calls go to the other side.
    pub fn new(flow: &str, apps: usize, calls_per_second: f64, side: SocketAddr) -> Self {
        let folder = tempfile::Builder::new().prefix("load").tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
        std::fs::create_dir(folder.path().join("flows")).expect("a folder inside");
        put(&folder.path().join("flows/bot.flow"), flow);
        let mut settings = "flows = [\"flows\"]\nstore = \"rejoinder.db\"\nlisten = \"127.0.0.1:0\"\n".to_owned();
        for n in 0..apps {
            let _ = write!(
                settings,
                "\n[[app]]\nid = \"{}\"\nsecret = \"{SECRET}\"\napi = \"http://{side}/of/{n}\"\ncalls_per_second = {calls_per_second:.1}\n\n[[app.account]]\nbusiness_id = \"{}\"\naccess_token = \"act.bench\"\nmarket = \"EG\"\n",
                app(n),
                account(n)
            );
        }
        put(&folder.path().join("rejoinder.toml"), &settings);
        Self { folder }
    }

    pub fn store(&self) -> PathBuf {
        self.folder.path().join("rejoinder.db")
    }

    /// Starts the real server.
    pub fn serve(&self) -> Process {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rejoinder"));
        command.args(["serve", "--config", "rejoinder.toml"]).current_dir(self.folder.path()).env("RUST_LOG", "rejoinder=error");
        Process::start(command)
    }
}

#[expect(clippy::disallowed_methods, reason = "a bench writes what it needs")]
fn put(path: &Path, text: &str) {
    std::fs::write(path, text).expect("a file");
}

/// A process of ours; killed when dropped.
pub struct Process {
    child: Child,
    pub address: SocketAddr,
    lines: Receiver<String>,
    stdin: ChildStdin,
}

impl Process {
    /// Waits until it has printed its address.
    pub fn start(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the binary starts");
        let out = BufReader::new(child.stdout.take().expect("piped"));
        let stdin = child.stdin.take().expect("piped");
        let (send, lines) = channel();
        std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                if send.send(line).is_err() {
                    return;
                }
            }
        });
        let address = loop {
            let line = lines.recv_timeout(Duration::from_secs(300)).expect("it prints its address");
            if let Some((_, address)) = line.split_once("http://") {
                break address.split_whitespace().next().expect("an address").parse().expect("an address");
            }
        };
        Self { child, address, lines, stdin }
    }

    /// This program in another part.
    pub fn own(part: &[&str]) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.args(part);
        Self::start(command)
    }

    /// Says a line to it and gives its next one.
    pub fn ask(&mut self, line: &str) -> String {
        writeln!(self.stdin, "{line}").expect("it listens");
        self.lines.recv_timeout(Duration::from_secs(120)).expect("it answers")
    }

    /// Bytes of its memory that are in use.
    #[expect(clippy::disallowed_methods, reason = "the system tells it in a file")]
    pub fn memory(&self) -> u64 {
        let told = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("it runs");
        let line = told.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("Linux");
        line.split_whitespace().next().and_then(|kb| kb.parse::<u64>().ok()).expect("a number") * 1_024
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
