//! Starts the real binary, talks to it over HTTP alone, and takes everything away again.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

pub const APP: &str = "7364323437050855441";
pub const SECRET: &str = "a-secret-of-the-tests";
pub const BUSINESS: &str = "-000TestBusiness_x1";
/// The second account of a world of two.
pub const OTHER: &str = "-000TestCafe_y2";
pub const TOKEN: &str = "act.test-token";
/// Nothing that a test waits for takes longer unless the product is broken: an unknown outcome is looked up for two
/// minutes before the message is sent again.
const PATIENCE: Duration = Duration::from_secs(240);

/// The binary under test: the released one where `REJOINDER_BIN` names it.
fn binary() -> PathBuf {
    std::env::var_os("REJOINDER_BIN").map_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_rejoinder")), PathBuf::from)
}

/// A running process of ours; killed when dropped.
pub struct Process {
    child: Child,
    /// `http://127.0.0.1:PORT`, as it said itself.
    pub address: String,
    said: Arc<Mutex<String>>,
    readers: Vec<std::thread::JoinHandle<()>>,
}

impl Process {
    /// A TikTok that knows the one app and account, on a port of its own.
    pub fn simulator(extra: &[&str], folder: &Path) -> Self {
        let known = ["--app-id", APP, "--secret", SECRET, "--business-id", BUSINESS, "--access-token", TOKEN];
        Self::start(&[&["simulator", "--listen", "127.0.0.1:0"], &known[..], extra].concat(), &[], folder)
    }

    /// Starts the binary and waits until it has printed an address.
    pub fn start(arguments: &[&str], environment: &[(&str, &str)], folder: &Path) -> Self {
        let mut command = Command::new(binary());
        command.args(arguments).current_dir(folder).env_remove("REJOINDER_FAIL_POINT").env("RUST_LOG", "rejoinder=info");
        command.envs(environment.iter().copied());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
        let said = Arc::new(Mutex::new(String::new()));
        let (send, receive) = std::sync::mpsc::channel();
        let out = BufReader::new(child.stdout.take().expect("piped"));
        let err = BufReader::new(child.stderr.take().expect("piped"));
        let (kept, kept_too) = (Arc::clone(&said), Arc::clone(&said));
        let hears = std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                if let Some(at) = line.find("http://127.0.0.1:") {
                    let _ = send.send(line[at..].split_whitespace().next().unwrap_or_default().to_owned());
                }
                kept.lock().unwrap().push_str(&(line + "\n"));
            }
        });
        let hears_too = std::thread::spawn(move || {
            for line in err.lines().map_while(Result::ok) {
                kept_too.lock().unwrap().push_str(&(line + "\n"));
            }
        });
        let address =
            receive.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("no address was printed:\n{}", said.lock().unwrap()));
        Self { child, address, said, readers: vec![hears, hears_too] }
    }

    /// Everything it printed so far.
    pub fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    /// Waits until it has said this.
    pub async fn says(&self, what: &str) {
        let begun = Instant::now();
        while !self.said().contains(what) {
            assert!(begun.elapsed() < PATIENCE, "it never said {what:?}:\n{}", self.said());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// SIGHUP.
    pub fn hang_up(&self) {
        let _ = Command::new("kill").args(["-HUP", &self.child.id().to_string()]).status();
    }

    /// SIGSTOP: the process stands still; SIGCONT lets it go on, and it does not know how long it stood.
    pub fn freeze(&self, still: bool) {
        let signal = if still { "-STOP" } else { "-CONT" };
        let _ = Command::new("kill").args([signal, &self.child.id().to_string()]).status();
    }

    /// SIGKILL, and only then back.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// SIGTERM; gives the exit code.
    pub fn terminate(&mut self) -> Option<i32> {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        self.wait()
    }

    /// Waits for its end and its last words; the exit code, or `None` when a signal ended it.
    pub fn wait(&mut self) -> Option<i32> {
        let begun = Instant::now();
        loop {
            match self.child.try_wait().expect("its own child") {
                Some(status) => {
                    for reader in self.readers.drain(..) {
                        reader.join().expect("it reads to the end");
                    }
                    return status.code();
                }
                None if begun.elapsed() > PATIENCE => panic!("it does not end:\n{}", self.said()),
                None => std::thread::sleep(Duration::from_millis(10)),
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("--- {} said:\n{}", self.address, self.said());
        }
    }
}

/// What a command that ended by itself did.
pub struct Finished {
    /// `None` when a signal ended it.
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

/// Runs the binary to its end with `input` on its standard input, in at most `memory_mb` of address space.
pub fn finish(arguments: &[&str], input: &str, folder: &Path, memory_mb: u32) -> Finished {
    let limited = format!("ulimit -v {}; exec \"$0\" \"$@\"", memory_mb * 1_024);
    let mut command = Command::new("sh");
    command.args(["-c", &limited]).arg(binary()).args(arguments).current_dir(folder);
    command.env_remove("REJOINDER_FAIL_POINT").env_remove("RUST_LOG").env_remove("REJOINDER_CONFIG").env("NO_COLOR", "1");
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
    let mut stdin = child.stdin.take().expect("piped");
    let input = input.to_owned();
    let writing = std::thread::spawn(move || {
        use std::io::Write as _;
        // A command that reads nothing closes its end.
        let _ = stdin.write_all(input.as_bytes());
    });
    let done = child.wait_with_output().expect("its own child");
    writing.join().expect("nothing panics there");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Finished { code: done.status.code(), out: text(done.stdout), err: text(done.stderr) }
}

/// A line of a shell in which `rejoinder` is the binary; both outputs are one.
pub fn shell(line: &str, folder: &Path) -> Finished {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("exec 2>&1\nrejoinder() {{ \"$REJOINDER_UNDER_TEST\" \"$@\"; }}\n{line}")]).current_dir(folder);
    command.env_remove("REJOINDER_FAIL_POINT").env_remove("RUST_LOG").env_remove("REJOINDER_CONFIG").env("NO_COLOR", "1");
    let done = command.env("REJOINDER_UNDER_TEST", binary()).stdin(Stdio::null()).output().expect("a shell starts");
    Finished { code: done.status.code(), out: String::from_utf8_lossy(&done.stdout).into_owned(), err: String::new() }
}

/// A simulated TikTok, a server and a folder of their own.
pub struct World {
    pub folder: tempfile::TempDir,
    pub simulator: Process,
    pub server: Option<Process>,

    http: reqwest::Client,
}

impl World {
    /// Starts both and registers the webhook at the simulator.
    pub async fn new(flow: &str) -> Self {
        let mut world = Self::without_server(flow).await;
        world.serve(&[]);
        world
    }

    /// The same with a key, so that what customers write is sealed in the store.
    pub async fn sealed(flow: &str) -> Self {
        let mut world = Self::without_server(flow).await;
        let folder = world.folder.path();
        std::fs::write(folder.join("key.txt"), "a key of this story and no other").expect("a file");
        let settings = std::fs::read_to_string(folder.join("rejoinder.toml")).expect("settings");
        let keyed = settings.replacen("\n[[app]]", "token_key = { file = \"key.txt\" }\n\n[[app]]", 1);
        std::fs::write(folder.join("rejoinder.toml"), keyed).expect("a file");
        world.serve(&[]);
        world
    }

    pub async fn without_server(flow: &str) -> Self {
        Self::in_country(flow, "EG").await
    }

    /// The same with an account that is registered in this country.
    pub async fn in_country(flow: &str, country: &str) -> Self {
        Self::built(flow, country, &[]).await
    }

    /// Two accounts of one app: the first one shares the bot of the folder `flows`, the second one ([`OTHER`]) has the bot of
    /// the folder `cafe` to itself.
    pub async fn of_two(flow: &str, own: &str) -> Self {
        let world = Self::built(flow, "EG", &["--also", OTHER]).await;
        let at = |name: &str| world.folder.path().join(name);
        std::fs::create_dir(at("cafe")).expect("a folder inside");
        std::fs::write(at("cafe/bot.flow"), own).expect("a file");
        let accounts = world.get("/sim/v1/accounts").await;
        let other = accounts.as_array().expect("a list").iter().find(|account| account["business_id"] == OTHER);
        let token = other.expect("the second one")["access_token"].as_str().expect("a token").to_owned();
        let settings = std::fs::read_to_string(at("rejoinder.toml")).expect("settings");
        let more = format!("\n[[app.account]]\nbusiness_id = \"{OTHER}\"\naccess_token = \"{token}\"\nflows = [\"cafe\"]\n");
        std::fs::write(at("rejoinder.toml"), format!("{settings}{more}")).expect("a file");
        world
    }

    async fn built(flow: &str, country: &str, more: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("flows")).expect("a folder inside");
        std::fs::write(folder.path().join("flows/bot.flow"), flow).expect("a file");
        let extra = [&["--refresh-token", "rft.test", "--seed", "7", "--country", country], more].concat();
        let simulator = Process::simulator(&extra, folder.path());
        // A port that was free a moment ago; the server must come back to the same one after a crash.
        let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("bound").port();
        let settings = format!(
            "flows = [\"flows\"]\nstore = \"rejoinder.db\"\nlisten = \"127.0.0.1:{port}\"\n\n[[app]]\nid = \"{APP}\"\nsecret = {{ env = \"TIKTOK_APP_SECRET\" }}\napi = \"{}/open_api/v1.3\"\n\n[[app.account]]\nbusiness_id = \"{BUSINESS}\"\naccess_token = {{ env = \"TIKTOK_ACCESS_TOKEN\" }}\nrefresh_token = {{ env = \"TIKTOK_REFRESH_TOKEN\" }}\nmarket = \"{country}\"\n",
            simulator.address
        );
        std::fs::write(folder.path().join("rejoinder.toml"), settings).expect("a file");
        let world = Self { folder, simulator, server: None, http: reqwest::Client::new() };
        let registered = world
            .post(
                "/open_api/v1.3/business/webhook/update/",
                json!({ "app_id": APP, "secret": SECRET, "event_type": "DIRECT_MESSAGE", "callback_url": format!("http://127.0.0.1:{port}/webhooks/tiktok") }),
            )
            .await;
        assert_eq!(registered["code"], 0, "{registered}");
        world
    }

    /// Starts the server (anew).
    pub fn serve(&mut self, environment: &[(&str, &str)]) {
        let mut all = vec![("TIKTOK_APP_SECRET", SECRET), ("TIKTOK_ACCESS_TOKEN", TOKEN), ("TIKTOK_REFRESH_TOKEN", "rft.test")];
        all.extend_from_slice(environment);
        self.server = None;
        self.server = Some(Process::start(&["serve", "--config", "rejoinder.toml"], &all, self.folder.path()));
    }

    /// Waits until the server has said this.
    pub async fn says(&self, what: &str) {
        self.server.as_ref().expect("it runs").says(what).await;
    }

    /// A call to the simulator.
    pub async fn post(&self, path: &str, body: Value) -> Value {
        let answer =
            self.http.post(format!("{}{path}", self.simulator.address)).json(&body).send().await.expect("the simulator answers");
        let status = answer.status();
        let text = answer.text().await.expect("a body");
        assert!(status.is_success(), "{path} {body}: {status} {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    /// A call of TikTok's interface in the account's name; gives its data.
    pub async fn business(&self, path: &str, body: Value) -> Value {
        let address = format!("{}/open_api/v1.3{path}", self.simulator.address);
        let call = self.http.post(address).header("Access-Token", TOKEN).json(&body);
        let answer: Value = call.send().await.expect("the simulator answers").json().await.expect("JSON");
        assert_eq!(answer["code"], 0, "{path}: {answer}");
        answer["data"].clone()
    }

    pub async fn get(&self, path: &str) -> Value {
        let answer = self.http.get(format!("{}{path}", self.simulator.address)).send().await.expect("the simulator answers");
        answer.json().await.expect("JSON")
    }

    /// A customer who can write.
    pub async fn customer(&self, name: &str) -> String {
        self.post("/sim/v1/customers", json!({ "name": name, "country": "EG" })).await["handle"]
            .as_str()
            .expect("a handle")
            .to_owned()
    }

    pub async fn write(&self, customer: &str, text: &str) {
        self.post("/sim/v1/messages", json!({ "customer": customer, "text": text })).await;
    }

    pub async fn fault(&self, fault: Value) {
        self.post("/sim/v1/faults", fault).await;
    }

    /// What stands in the customer's phone of the business side, oldest first.
    pub async fn replies(&self, customer: &str) -> Vec<String> {
        let Some(conversation) = self.conversation(customer).await else { return Vec::new() };
        conversation["messages"]
            .as_array()
            .expect("messages")
            .iter()
            .filter(|message| message["from"] == "business")
            .map(|message| message["body"].as_str().or(message["title"].as_str()).unwrap_or("?").to_owned())
            .collect()
    }

    pub async fn conversation(&self, customer: &str) -> Option<Value> {
        let all = self.get("/sim/v1/conversations").await;
        let line = all.as_array().expect("a list").iter().find(|one| one["customer"]["handle"] == customer)?;
        let handle = line["handle"].as_str().expect("a handle");
        Some(self.get(&format!("/sim/v1/conversations/{handle}")).await)
    }

    /// Waits until the phone shows exactly these replies, and that nothing follows for a while.
    pub async fn hears(&self, customer: &str, expected: &[&str]) {
        let begun = Instant::now();
        loop {
            let replies = self.replies(customer).await;
            if replies == expected {
                break;
            }
            assert!(
                begun.elapsed() < PATIENCE,
                "{customer} heard {replies:#?}\ninstead of {expected:#?}\n{}",
                self.account().await
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(self.replies(customer).await, expected, "one more came\n{}", self.account().await);
    }

    /// What both sides say of themselves, for a failed expectation.
    async fn account(&self) -> String {
        let calls = self.get("/sim/v1/calls").await;
        let deliveries = self.get("/sim/v1/deliveries").await;
        let server = self.server.as_ref().map(Process::said).unwrap_or_default();
        format!("calls: {calls}\ndeliveries: {deliveries}\nserver: {server}")
    }

    pub async fn no_violations(&self) {
        let found = self.get("/sim/v1/violations").await;
        assert_eq!(found["violations"], json!([]), "{found:#}");
        assert_eq!(found["suspicions"], json!([]), "{found:#}");
    }
}
