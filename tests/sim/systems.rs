//! The business's own systems: they answer, fail and hang as the seed draws it, until the faults stop.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use rejoinder::bot::Value;
use rejoinder::runtime::port::{FetchCall, FetchEnd, Fetcher};

use crate::chance::Chance;
use crate::evidence::Request;
use crate::mutants::Mutant;
use crate::time::{SECOND, thaw};
use crate::world::{Process, World};

/// The systems as one process sees them.
pub struct Systems {
    pub world: Arc<World>,
    pub process: Arc<Process>,
}

impl Systems {
    /// What a dead process does, nobody sees.
    async fn alive(&self) {
        thaw(&self.world.time, &self.process.frozen).await;
        if self.process.is_dead() {
            std::future::pending::<()>().await;
        }
    }

    /// Writes the request down; gives what decides on its answer, and whether anything may go wrong.
    fn leaves(&self, call: &FetchCall) -> (Chance, bool) {
        let at = self.world.time.now();
        let times = if self.world.is(Mutant::FetchesRepeated) { 2 } else { 1 };
        let mut state = self.world.lock();
        let nth = state.evidence.requests.len();
        for _ in 0..times {
            let (request, key) = (Arc::clone(&call.request), call.key.clone());
            state.evidence.requests.push(Request { at, process: self.process.number, request, key });
        }
        let line =
            format_args!("request {nth}: {} {} ({:?})", call.request.method.word(), call.request.url, call.key).to_string();
        state.evidence.tell(at, line);
        (Chance::new(self.world.plan.seed).fork(&format!("request {nth}")), state.healing)
    }
}

/// What the flow wants, in words that may be wrong.
fn body(chance: &mut Chance, call: &FetchCall) -> Option<Value> {
    let gives = call.request.gives.as_ref()?;
    let word = |chance: &mut Chance| {
        Value::Text(chance.pick(&["shipped", "delivered", "free", "a word that is too long for it"]).to_owned())
    };
    Some(Value::Map(gives.iter().map(|name| (name.clone(), word(chance))).collect()))
}

#[async_trait]
impl Fetcher for Systems {
    async fn fetch(&self, call: FetchCall) -> FetchEnd {
        self.alive().await;
        let (mut chance, healing) = self.leaves(&call);
        let reason = || "as the seed has drawn it".to_owned();
        let (ms, end) = match if healing { 0 } else { chance.below(14) } {
            0..=4 => {
                let body = body(&mut chance, &call);
                (chance.between(5, 900), FetchEnd::Answered { status: 200, body, retry_after: None })
            }
            5 => (50, FetchEnd::Answered { status: 404, body: None, retry_after: None }),
            6 => {
                let retry_after = chance.once_in(2).then(|| Duration::from_secs(chance.next() % 90));
                (50, FetchEnd::Answered { status: chance.pick(&[429, 500, 503]), body: None, retry_after })
            }
            7 => (chance.between(0, 5_000), FetchEnd::Broken { reason: reason() }),
            8 => (chance.between(0, 5_000), FetchEnd::NotSent { reason: reason() }),
            9 => (20, FetchEnd::Refused { reason: reason() }),
            10 => (chance.between(100, 5_000), FetchEnd::TimedOut),
            11 => (
                chance.stretch(SECOND, 70 * SECOND),
                FetchEnd::Answered { status: 200, body: body(&mut chance, &call), retry_after: None },
            ),
            12 => std::future::pending().await,
            _ => (20, FetchEnd::Answered { status: 200, body: Some(Value::Text("no map".to_owned())), retry_after: None }),
        };
        self.world.time.sleep(ms).await;
        self.alive().await;
        end
    }
}
