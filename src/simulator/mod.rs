//! In: HTTP calls as TikTok would get them, and steps of simulated people. Out: answers, signed webhooks, a judgement.
//! Does not know: our gate, ledger, engine, runtime, stores and client; it meets them over HTTP alone and counts for itself.
//! Of the rest of the project it takes moments and the clock's trait.
//!
//! ```text
//! api/      TikTok's endpoints          steer     the same steps over /sim/v1/
//! steps     what people can do          acts      how they do it
//! views     what a phone shows          wire      TikTok's JSON
//! world     the state, under one lock   judge     window, count, pace, violations
//! queue     webhooks on their way       courier   the one task that delivers them
//! ```

mod acts;
mod api;
mod courier;
mod cut;
mod date;
mod fault;
mod ids;
mod judge;
mod options;
mod people;
mod queue;
mod ring;
mod sign;
mod steer;
mod steps;
mod views;
mod wire;
mod world;

#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};

use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};

use crate::calendar::Moment;

pub use courier::{HttpPost, Post, PostError};
pub use fault::{Fault, FaultKind, Ordered};
pub use judge::{Breach, Rule, Violation};
pub use options::{AccountOptions, Advance, Echo, Options};
pub use people::{AutoKind, Card, CardButton, Content, Customer, Message, Origin, Pressed, Side, Source};
pub use steps::{Click, Colleague, Disconnect, NewComment, NewCustomer, Raw, Read, Refer, Refusal, Said, Write};
pub use views::{AccountView, ConversationLine, ConversationView, Judgement};
pub use world::{Call, Delivery, DeliveryState, Event, Try};

use world::World;

/// A simulated TikTok for one app. Clones are the same simulator.
#[derive(Clone)]
pub struct Simulator {
    shared: Arc<Shared>,
}

struct Shared {
    options: Options,
    world: Mutex<World>,
    /// Wakes the courier.
    wake: Notify,
    /// The number of the newest event.
    changed: watch::Sender<u64>,
    closing: watch::Sender<bool>,
}

impl Simulator {
    #[must_use]
    pub fn new(options: Options) -> Self {
        let world = options.world(options.clock.now().plus_ms(options.skew_ms));
        let shared = Shared {
            options,
            world: Mutex::new(world),
            wake: Notify::new(),
            changed: watch::Sender::new(0),
            closing: watch::Sender::new(false),
        };
        Self { shared: Arc::new(shared) }
    }

    /// TikTok's API under `/open_api/v1.3/` and the steering under `/sim/v1/`. Webhooks leave only while
    /// [`Self::deliver`] or [`Self::serve`] runs.
    pub fn router(&self) -> axum::Router {
        steer::router().merge(api::router()).with_state(self.clone())
    }

    /// The steering under `/sim/v1/` alone, for a page that is served elsewhere.
    pub fn steering(&self) -> axum::Router {
        steer::router().with_state(self.clone())
    }

    /// Serves the router and delivers webhooks until `shutdown` is ready; then ends open calls within five seconds.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn serve(&self, listener: TcpListener, shutdown: impl Future<Output = ()> + Send + 'static) -> std::io::Result<()> {
        let mut closing = self.shared.closing.subscribe();
        let closed = async move {
            let _ = closing.wait_for(|closing| *closing).await;
        };
        let service = self.router().into_make_service_with_connect_info::<cut::Cut>();
        let server = axum::serve(cut::CutListener::new(listener), service).with_graceful_shutdown(closed);
        let mut patience = self.shared.closing.subscribe();
        let patience = async {
            let _ = patience.wait_for(|closing| *closing).await;
            self.shared.options.clock.sleep_until(self.shared.options.clock.now().plus_ms(5_000)).await;
        };
        let served = async {
            tokio::select! {
                served = server.into_future() => served,
                () = patience => Ok(()),
            }
        };
        let ((), served) = tokio::join!(self.deliver(shutdown), served);
        served
    }

    /// Delivers webhooks until `shutdown` is ready; running tries are then given up. To be run once per simulator, beside
    /// [`Self::router`] where that is served by somebody else.
    pub async fn deliver(&self, shutdown: impl Future<Output = ()> + Send) {
        courier::run(self, shutdown).await;
        self.shared.closing.send_replace(true);
    }

    /// The present moment by TikTok's clock.
    fn now(&self) -> Moment {
        self.shared.options.clock.now().plus_ms(self.shared.options.skew_ms)
    }

    /// One step on the state. Nothing waits inside.
    fn with<R>(&self, step: impl FnOnce(&mut World, Moment) -> R) -> R {
        let now = self.now();
        let mut world = self.shared.world.lock().unwrap_or_else(PoisonError::into_inner);
        let due = world.queue.next_due();
        let result = step(&mut world, now);
        let wake = world.queue.next_due() != due;
        let last = world.events.last();
        drop(world);
        if wake {
            self.shared.wake.notify_one();
        }
        self.shared.changed.send_if_modified(|seen| last > std::mem::replace(seen, last.max(*seen)));
        result
    }
}
