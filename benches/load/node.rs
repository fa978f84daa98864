//! The server in this program, put together as `serve` puts it together, with one thing more: on a line with a
//! number it reads, checks and compiles a bot of so many rules beside its work, and lets that answer from then on.

use std::io::BufRead as _;
use std::path::Path;
use std::sync::Arc;

use rejoinder::runtime::port::{CallsNobody, TellsNobody};
use rejoinder::runtime::{EventOptions, FetchLimits};
use rejoinder::server::{self, node};
use rejoinder::store::Sqlite;
use rejoinder::system::{SystemClock, SystemEntropy, aside};
use rejoinder::tiktok::token::{Token, Tokens};
use secrecy::SecretString;

use super::support::{bot, clock, job_source};
use super::town;

/// Serves until the process is ended; prints its address first, and after each reload how long it took.
pub fn run(file: &str, side: &str, rules: usize) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let tokens = Tokens::in_memory();
        tokens.put(&town::app(0), &town::account(0), 1, Token::given(SecretString::from("act.bench".to_owned()), None));
        let app = node::AppParts {
            id: town::app(0),
            secret: SecretString::from(town::SECRET.to_owned()),
            api: format!("http://{side}/of/0"),
            calls_per_second: 10.0,
            conversations_a_day: None,
            signature_age_max_ms: 300_000,
            window_margin_ms: 300_000,
            accounts: vec![town::account(0)],
            closed: Vec::new(),
        };
        let node = node::start(node::Parts {
            apps: vec![app],
            bot: Arc::new(bot(&job_source(rules))),
            version: 0,
            own: Vec::new(),
            compiler: None,
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
            store: Arc::new(Sqlite::open(Path::new(file)).expect("a store")),
            tokens: Arc::new(tokens),
            public_url: None,
            fetcher: Arc::new(CallsNobody),
            fetching: FetchLimits::default(),
            herald: Arc::new(TellsNobody),
            events: EventOptions::default(),
            history_kept_ms: None,
            testers: Vec::new(),
            dry_run: false,
            tracing: None,
            fail_point: None,
        });
        let node = node.await.expect("it starts");
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        println!("http://{}", listener.local_addr().expect("bound"));
        let handle = node.doors.runtime.clone();
        let tasks = tokio::runtime::Handle::current();
        std::thread::spawn(move || {
            for line in std::io::stdin().lock().lines().map_while(Result::ok) {
                let rules: usize = line.trim().parse().expect("a number of rules");
                let begun = clock();
                let made = tasks.block_on(aside(move || Arc::new(bot(&job_source(rules))))).expect("it compiles");
                let compiled = begun.elapsed();
                handle.set_bot(made);
                println!("{:.0}", compiled.as_secs_f64() * 1_000.0);
            }
        });
        server::serve(listener, Arc::clone(&node.doors), std::future::pending()).await.expect("it serves");
    });
}
