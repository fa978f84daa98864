//! The hosts that are called: how many calls at once, and whether calls are kept away.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::circuit::Circuit;
use crate::runtime::core::Core;
use crate::runtime::options::FetchLimits;

/// Hosts remembered; those without calls and without failures are forgotten beyond.
const HOSTS_KEPT: usize = 64;

pub(in crate::runtime) struct Hosts {
    at_once_per_host: usize,
    waiting_max: usize,
    all: Arc<Semaphore>,
    /// By origin.
    known: Mutex<HashMap<String, Arc<Host>>>,
    waiting: AtomicUsize,
}

/// One origin.
pub(super) struct Host {
    places: Arc<Semaphore>,
    circuit: Mutex<Circuit>,
}

impl Host {
    pub(super) fn circuit(&self) -> MutexGuard<'_, Circuit> {
        self.circuit.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to make one request now, of its host and in all.
pub(super) struct Place {
    _of_host: OwnedSemaphorePermit,
    _of_all: OwnedSemaphorePermit,
}

/// Somebody waits for a place; counted while it lives.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Hosts {
    pub(super) fn new(limits: &FetchLimits) -> Self {
        Self {
            at_once_per_host: limits.at_once_per_host.max(1),
            waiting_max: limits.waiting_max,
            all: Arc::new(Semaphore::new(limits.at_once.clamp(1, Semaphore::MAX_PERMITS))),
            known: Mutex::default(),
            waiting: AtomicUsize::new(0),
        }
    }

    pub(super) fn of(&self, origin: &str) -> Arc<Host> {
        let mut known = self.known();
        if let Some(host) = known.get(origin) {
            return Arc::clone(host);
        }
        if known.len() >= HOSTS_KEPT {
            known.retain(|_, host| Arc::strong_count(host) > 1 || !host.circuit().is_clean());
        }
        let places = Arc::new(Semaphore::new(self.at_once_per_host.min(Semaphore::MAX_PERMITS)));
        let host = Arc::new(Host { places, circuit: Mutex::default() });
        known.insert(origin.to_owned(), Arc::clone(&host));
        host
    }

    /// A place in its turn, or why there is none: too many wait, or none came free by `give_up` of the monotonic clock.
    pub(super) async fn place(&self, core: &Core, host: &Host, give_up: Duration) -> Result<Place, &'static str> {
        if let Ok(of_host) = Arc::clone(&host.places).try_acquire_owned()
            && let Ok(of_all) = Arc::clone(&self.all).try_acquire_owned()
        {
            return Ok(Place { _of_host: of_host, _of_all: of_all });
        }
        let waiting = self.waiting.fetch_add(1, Ordering::SeqCst);
        let _waiting = Waiting(&self.waiting);
        if waiting >= self.waiting_max {
            return Err("too many calls wait");
        }
        let acquired = async {
            let of_host = Arc::clone(&host.places).acquire_owned().await.ok()?;
            let of_all = Arc::clone(&self.all).acquire_owned().await.ok()?;
            Some(Place { _of_host: of_host, _of_all: of_all })
        };
        match select(Box::pin(acquired), Box::pin(core.sleep_until_monotonic(Some(give_up)))).await {
            Either::Left((Some(place), _)) => Ok(place),
            Either::Left((None, _)) | Either::Right(_) => Err("no place among the other calls came free in time"),
        }
    }

    /// Calls that wait for a place now.
    pub(in crate::runtime) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::SeqCst)
    }

    /// Origins that calls are kept away from, in their order.
    pub(in crate::runtime) fn kept_away(&self) -> Vec<String> {
        let known = self.known();
        let open = known.iter().filter(|(_, host)| host.circuit().is_open()).map(|(origin, _)| origin.clone());
        let mut open: Vec<String> = open.collect();
        open.sort();
        open
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Arc<Host>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
