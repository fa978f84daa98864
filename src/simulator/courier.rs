//! Delivers webhooks: one task, at most sixteen tries at a time, each with a fresh signature.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::task::JoinSet;

use crate::calendar::Moment;

use super::queue::Parcel;
use super::world::{DeliveryState, Try, World};
use super::{Simulator, sign};

const AT_ONCE_MAX: usize = 16;

/// Why a try had no answer, in words.
pub type PostError = String;

/// How a webhook reaches the registered address. The real one is [`HttpPost`]; tests may hand it to a router.
#[async_trait]
pub trait Post: Send + Sync + 'static {
    /// One try; gives the HTTP status.
    async fn post(&self, address: &str, headers: Vec<(&'static str, String)>, body: bytes::Bytes) -> Result<u16, PostError>;
}

/// Over HTTP/1.1, without redirects and without retries of its own; ten seconds per try.
pub struct HttpPost(Result<reqwest::Client, String>);

impl HttpPost {
    #[must_use]
    pub fn new() -> Self {
        let client = reqwest::Client::builder()
            .http1_only()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .timeout(Duration::from_secs(10))
            .build();
        Self(client.map_err(|error| error.to_string()))
    }
}

impl Default for HttpPost {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Post for HttpPost {
    async fn post(&self, address: &str, headers: Vec<(&'static str, String)>, body: bytes::Bytes) -> Result<u16, PostError> {
        let client = self.0.as_ref().map_err(Clone::clone)?;
        let mut request = client.post(address).body(body);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let answer = request.send().await.map_err(|error| error.to_string())?;
        Ok(answer.status().as_u16())
    }
}

struct Job {
    lane: u64,
    parcel: Parcel,
    /// `None`: the address was taken away meanwhile.
    address: Option<String>,
    headers: Vec<(&'static str, String)>,
}

pub(super) async fn run(simulator: &Simulator, shutdown: impl Future<Output = ()>) {
    let clock = Arc::clone(&simulator.shared.options.clock);
    let skew_ms = simulator.shared.options.skew_ms;
    let mut running = JoinSet::new();
    tokio::pin!(shutdown);
    loop {
        while running.len() < AT_ONCE_MAX {
            let Some(job) = simulator.with(take) else { break };
            let post = Arc::clone(&simulator.shared.options.post);
            running.spawn(async move {
                let answer = match &job.address {
                    Some(address) => post.post(address, job.headers, job.parcel.body.clone()).await,
                    None => Err("no address is registered any more".to_owned()),
                };
                (job.lane, job.parcel, answer)
            });
        }
        let next = simulator.with(|world, _| world.queue.next_due()).filter(|_| running.len() < AT_ONCE_MAX);
        let sleep = async {
            match next {
                Some(due) => clock.sleep_until(due.plus_ms(-skew_ms)).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = &mut shutdown => break,
            () = simulator.shared.wake.notified() => {}
            () = sleep => {}
            Some(ended) = running.join_next() => {
                if let Ok((lane, parcel, answer)) = ended {
                    simulator.with(|world, now| settle(world, now, lane, &parcel, answer));
                }
            }
        }
    }
    running.shutdown().await;
}

fn take(world: &mut World, now: Moment) -> Option<Job> {
    let (lane, parcel) = world.queue.take(now)?;
    let seconds = now.0.div_euclid(1000) - parcel.stale_s;
    let secret = if parcel.bad_signature { "another secret" } else { world.secret.as_str() };
    let headers = vec![
        ("content-type", "application/json".to_owned()),
        ("tiktok-signature", sign::header(secret, seconds, &parcel.body)),
        ("webhook-schema-version", "1.0".to_owned()),
        ("x-tt-logid", world.rng.request(now)),
    ];
    let address = world.addresses.get(parcel.event_type).cloned();
    Some(Job { lane, parcel, address, headers })
}

fn settle(world: &mut World, now: Moment, lane: u64, parcel: &Parcel, answer: Result<u16, PostError>) {
    let accepted = answer == Ok(200);
    let again = world.queue.done(lane, parcel.n, accepted, now);
    let (status, error) = match answer {
        Ok(status) => (Some(status), None),
        Err(error) => (None, Some(error)),
    };
    if let Some(record) = world.deliveries.get_mut(parcel.n) {
        record.tries.push(Try { at: now, status, error });
        record.next_try = again;
        // The second copy of a doubled delivery does not unsettle the first one's end.
        if record.state == DeliveryState::Waiting {
            record.state = match (accepted, again) {
                (true, _) => DeliveryState::Delivered,
                (false, Some(_)) => DeliveryState::Waiting,
                (false, None) => DeliveryState::Dropped,
            };
        }
    }
    if accepted && let Some((conversation, id)) = &parcel.echo_of {
        let found = world.conversations.get_mut(*conversation).and_then(|found| found.message_mut(id));
        if let Some(message) = found {
            message.echoed.get_or_insert(now);
        }
    }
    world.note(now, "delivery", None);
}
