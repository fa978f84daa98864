//! The other side of both wires, a process of its own: a route that does nothing, one that gives back what it was given,
//! and a TikTok that takes every call and counts them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::routing::post;

use super::support::clock;
use super::town::now;

#[derive(Default)]
struct Calls {
    /// Of each app the microseconds at which its calls came.
    came: BTreeMap<String, Vec<u64>>,
    /// The body of the newest call.
    newest: String,
    count: u64,
    /// When each call came, with its body, where somebody listens.
    heard: Option<String>,
}

/// Serves until the process is ended; prints its address first.
pub fn run() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let calls = Arc::new(Mutex::new(Calls::default()));
        let begun = clock();
        let call = move |State(calls): State<Arc<Mutex<Calls>>>, Path((app, _)): Path<(String, String)>, body: Bytes| async move {
            let us = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
            let mut calls = calls.lock().expect("nothing panics with it");
            calls.came.entry(app).or_default().push(us);
            calls.count += 1;
            calls.newest = String::from_utf8_lossy(&body).into_owned();
            let newest = calls.newest.clone();
            if let Some(heard) = &mut calls.heard {
                let _ = writeln!(heard, "{} {newest}", now().0);
            }
            let n = calls.count;
            format!(
                "{{\"code\":0,\"message\":\"OK\",\"request_id\":\"r{n}\",\"data\":{{\"message\":{{\"message_id\":\"o{n}\"}}}}}}"
            )
        };
        let router = Router::new()
            .route("/noop", post(|| async {}))
            .route("/echo", post(|body: Bytes| async move { body }))
            .route("/told", post(|State(calls): State<Arc<Mutex<Calls>>>| async move { told(&calls) }))
            .route("/newest", post(|State(calls): State<Arc<Mutex<Calls>>>| async move { newest(&calls) }))
            .route("/listen", post(|State(calls): State<Arc<Mutex<Calls>>>| async move { drop(heard(&calls)) }))
            .route("/heard", post(|State(calls): State<Arc<Mutex<Calls>>>| async move { heard(&calls) }))
            .route("/of/{app}/{*path}", post(call).get(call))
            .with_state(calls);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        println!("http://{}", listener.local_addr().expect("bound"));
        axum::serve(listener, router).await.expect("it serves");
    });
}

fn newest(calls: &Mutex<Calls>) -> String {
    calls.lock().expect("nothing panics with it").newest.clone()
}

fn heard(calls: &Mutex<Calls>) -> String {
    calls.lock().expect("nothing panics with it").heard.replace(String::new()).unwrap_or_default()
}

/// What came since this was last asked, over all apps: `apps calls seconds slowest_per_s in_second_most`.
fn told(calls: &Mutex<Calls>) -> String {
    let came = std::mem::take(&mut calls.lock().expect("nothing panics with it").came);
    let first = came.values().flat_map(|list| list.first()).min().copied().unwrap_or(0);
    let last = came.values().flat_map(|list| list.last()).max().copied().unwrap_or(0);
    let count: usize = came.values().map(Vec::len).sum();
    let rate = |list: &Vec<u64>| match (list.first(), list.last()) {
        (Some(first), Some(last)) if last > first => (list.len() - 1) as f64 / ((last - first) as f64 / 1e6),
        _ => 0.0,
    };
    let slowest = came.values().map(rate).fold(f64::INFINITY, f64::min);
    let most = came.values().map(|list| in_second_most(list)).max().unwrap_or(0);
    let mut out = String::new();
    let _ = write!(out, "{} {count} {:.3} {slowest:.3} {most}", came.len(), (last - first) as f64 / 1e6);
    out
}

/// The most calls within any sliding second.
fn in_second_most(us: &[u64]) -> usize {
    let mut first = 0;
    let mut most = 0;
    for (at, moment) in us.iter().enumerate() {
        while us.get(first).is_some_and(|early| moment.saturating_sub(*early) >= 1_000_000) {
            first += 1;
        }
        most = most.max(at + 1 - first);
    }
    most
}
