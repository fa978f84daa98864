//! In: the installed PostgreSQL. Out: a server of the tests' own, and empty databases in it.
//! Does not know: what the databases are for.
//! It listens at a socket in a folder of its own, and ends with the process that started it, however that ends.

use std::io::Read as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use secrecy::SecretString;
use tokio_postgres::NoTls;

/// A server that runs.
pub struct Cluster {
    folder: PathBuf,
    programs: PathBuf,
    account: Option<Account>,
    /// What the server is started with.
    settings: String,
    made: AtomicUsize,
    /// Stops the server when its input ends, which this process holds open.
    _guard: Child,
}

/// Whom the server runs as, since it refuses to run as root.
#[derive(Clone, Copy)]
struct Account {
    user: u32,
    group: u32,
}

impl Cluster {
    /// The one server of this process for all stories that leave it running.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Cluster> = OnceLock::new();
        // What is written need not survive the machine here.
        SHARED.get_or_init(|| Self::start("-c fsync=off -c full_page_writes=off"))
    }

    /// A server of one's own.
    pub fn start(options: &str) -> Self {
        let programs = programs().expect("PostgreSQL is installed (Debian: apt-get install postgresql)");
        let account = (id(&["-u"]) == 0).then(|| Account { user: id(&["-u", "postgres"]), group: id(&["-g", "postgres"]) });
        let folder = tempfile::Builder::new().prefix("rejoinder-pg-").tempdir().unwrap().keep();
        if let Some(Account { user, group }) = account {
            std::os::unix::fs::chown(&folder, Some(user), Some(group)).unwrap();
        }
        let guard = guard(&programs, &folder, account);
        let place = folder.display();
        let settings = format!(
            "{options} -c listen_addresses='' -c unix_socket_directories='{place}' -c max_connections=400 -c shared_buffers=64MB \
             -c dynamic_shared_memory_type=mmap"
        );
        let cluster = Self { folder, programs, account, settings, made: AtomicUsize::new(0), _guard: guard };
        cluster.run("initdb", &["-D", "data", "-A", "trust", "-U", "rejoinder", "-E", "UTF8", "--locale=C", "--no-sync"]);
        cluster.go_on();
        cluster
    }

    /// Starts the server, at first or after [`Self::stop`].
    pub fn go_on(&self) {
        self.run("pg_ctl", &["start", "-w", "-D", "data", "-l", "log", "-o", &self.settings]);
    }

    /// Stops the server: `fast` as its operators do, `immediate` as a crash would.
    pub fn stop(&self, mode: &str) {
        self.run("pg_ctl", &["stop", "-w", "-D", "data", "-m", mode]);
    }

    /// Stops the server as a crash would, and starts it again.
    pub fn crash(&self) {
        self.stop("immediate");
        self.go_on();
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The URL of a new, empty database.
    pub async fn database(&self) -> SecretString {
        let name = format!("d{}", self.made.fetch_add(1, Ordering::Relaxed));
        self.client("postgres").await.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
        self.url(&name, &self.folder)
    }

    /// The URL of a database, by way of a socket in a folder.
    pub fn url(&self, database: &str, folder: &Path) -> SecretString {
        SecretString::from(format!("postgresql:///{database}?user=rejoinder&host={}", folder.display()))
    }

    /// A connection beside the store's.
    pub async fn client(&self, database: &str) -> tokio_postgres::Client {
        let mut config = tokio_postgres::Config::new();
        config.host_path(&self.folder).user("rejoinder").dbname(database);
        let (client, connection) = config.connect(NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let mut command = self::command(&self.programs.join(program), &self.folder, self.account);
        let ended = command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
        let mut log = String::new();
        if let Ok(file) = std::fs::File::open(self.folder.join("log")) {
            let _ = file.take(1 << 20).read_to_string(&mut log);
        }
        assert!(ended.unwrap().success(), "{program} failed: {log}");
    }
}

/// Waits for the end of its input, stops the server, and removes its folder.
fn guard(programs: &Path, folder: &Path, account: Option<Account>) -> Child {
    let script = "trap '' INT TERM HUP; cat >/dev/null; \"$1\" stop -w -m immediate -D data >/dev/null 2>&1; cd /; rm -rf \"$2\"";
    let mut command = command(Path::new("sh"), folder, account);
    command.args(["-c", script, "guard"]).arg(programs.join("pg_ctl")).arg(folder);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    command.spawn().unwrap()
}

fn command(program: &Path, folder: &Path, account: Option<Account>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder);
    if let Some(Account { user, group }) = account {
        command.gid(group).uid(user);
    }
    command
}

fn id(arguments: &[&str]) -> u32 {
    let said = Command::new("id").args(arguments).output().unwrap();
    String::from_utf8(said.stdout).unwrap().trim().parse().expect("the system has a user `postgres`")
}

/// The folder of `initdb`: the newest version's under `/usr/lib/postgresql`, or one on the path.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path());
    let number = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
    let mut versions: Vec<_> = versions.filter_map(|path| Some((number(&path)?, path))).collect();
    versions.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let newest = versions.into_iter().rev().map(|(_, path)| path.join("bin"));
    newest.chain(std::env::split_paths(&path)).find(|folder| folder.join("initdb").exists())
}
