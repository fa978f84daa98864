//! Inputs whose sprint waits for a hook of the bot's script: each holds up its own conversation and no other.

use std::collections::{HashMap, VecDeque};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::{Either, select};
use futures_util::stream::FuturesUnordered;

use super::core::{Address, Ask, Begun, Core, Item};
use crate::bot::Stopped;
use crate::engine::Wanted;

/// A call that waits longer for a thread, or runs on one that hangs, has failed: the customer waits for it.
const TIME_MAX: Duration = Duration::from_secs(1);

type Call = Pin<Box<dyn Future<Output = Item> + Send>>;

/// A worker's calls of hooks, and the inputs behind them.
#[derive(Default)]
pub(super) struct Hooks {
    calls: FuturesUnordered<Call>,
    waiting: HashMap<Arc<Address>, Waiting>,
}

#[derive(Default)]
struct Waiting {
    calls: bool,
    /// In their order.
    items: VecDeque<Item>,
}

impl Hooks {
    pub(super) fn is_idle(&self) -> bool {
        self.calls.is_empty()
    }

    /// The next input whose hook has returned; never where none is called.
    pub(super) async fn returned(&mut self) -> Item {
        match self.calls.next().await {
            Some(item) => item,
            None => std::future::pending().await,
        }
    }

    /// The input, unless another one of its conversation is before it.
    pub(super) fn enter(&mut self, item: Item) -> Option<Item> {
        let Some(waiting) = self.waiting.get_mut(&item.address) else { return Some(item) };
        if item.begun.is_some() {
            waiting.calls = false;
        } else if !matches!(item.ask, Ask::Forget { .. }) {
            waiting.items.push_back(item);
            return None;
        }
        Some(item)
    }

    /// The next input of this conversation that came while a hook was called.
    pub(super) fn next(&mut self, address: &Arc<Address>) -> Option<Item> {
        let waiting = self.waiting.get_mut(address)?;
        if waiting.calls {
            return None;
        }
        let next = waiting.items.pop_front();
        if next.is_none() {
            self.waiting.remove(address);
        }
        next
    }

    /// Calls what the sprint of this input wants; it comes back with the answer.
    pub(super) fn call(&mut self, core: &Arc<Core>, item: Item, begun: Box<Begun>, wanted: Wanted) {
        self.waiting.entry(Arc::clone(&item.address)).or_default().calls = true;
        self.calls.push(Box::pin(call(Arc::clone(core), item, begun, wanted)));
    }
}

async fn call(core: Arc<Core>, item: Item, mut begun: Box<Begun>, wanted: Wanted) -> Item {
    let name = item.address.name();
    let called = Box::pin(core.call_script(item.address.account.id, &name, wanted.call.clone()));
    let returned = match select(called, Box::pin(core.sleep(TIME_MAX))).await {
        Either::Left((returned, _)) => returned,
        Either::Right(_) => {
            let why = format!("`{}.{}` did not return in time", wanted.call.script, wanted.call.function);
            tracing::warn!(conversation = %name, why, "a script was stopped");
            Err(Stopped { why, overran: false })
        }
    };
    drop(name);
    wanted.answer(returned, &core.limits, &mut begun.hooked);
    Item { begun: Some(begun), ..item }
}
