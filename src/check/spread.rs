//! Work that falls into parts which need nothing of each other is spread over the machine's cores.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::Builder;

use super::world::World;
use crate::syntax::tree::FlowItem;

/// More cores than this are left to others.
const CORES_MOST: usize = 8;

/// A bot of fewer items is checked before a thread would have begun.
const ITEMS_FEW: usize = 256;

/// Flows that one core takes at a time.
const FLOWS_TOGETHER: usize = 128;

/// As on the main thread: blocks stand in blocks.
const STACK_BYTES: usize = 8 << 20;

/// Cores that so many items are worth.
pub(super) fn cores(items: usize) -> usize {
    if items < ITEMS_FEW {
        return 1;
    }
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(CORES_MOST)
}

/// Does the parts on so many cores; gives what they give in the order of the parts. Who does which is left to chance.
pub(super) fn over<T: Send>(cores: usize, parts: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let helpers = cores.min(parts).saturating_sub(1);
    if helpers == 0 {
        return (0..parts).map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let take = || {
        let mut done = Vec::new();
        loop {
            let part = next.fetch_add(1, Ordering::Relaxed);
            if part >= parts {
                return done;
            }
            done.push((part, work(part)));
        }
    };
    let mut done = std::thread::scope(|scope| {
        // Where no thread can be had, this one does it all.
        let begin = || Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, take).ok();
        let begun: Vec<_> = (0..helpers).filter_map(|_| begin()).collect();
        let mut done = take();
        for thread in begun {
            done.extend(thread.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        done
    });
    done.sort_unstable_by_key(|(part, _)| *part);
    done.into_iter().map(|(_, given)| given).collect()
}

impl<'a> World<'a> {
    /// Does so many parts of the work, on several cores where there are some; gives what they give, in their order. All
    /// findings are those of doing one after the other, in the same order.
    pub(super) fn spread<T: Send>(&self, parts: usize, work: impl Fn(&World<'a>, usize) -> T + Sync) -> Vec<T> {
        let one_by_one = || (0..parts).map(|part| work(self, part)).collect();
        if self.cores <= 1 || parts <= 1 {
            return one_by_one();
        }
        let (suggestions, expansions) = (self.suggestions_left.get(), self.expansions_left.get());
        let names = &self.names;
        let done = over(self.cores, parts, |part| {
            let own = World::with(Arc::clone(names), suggestions, expansions);
            (work(&own, part), own)
        });
        let spent =
            |left: fn(&World<'a>) -> u32, given: u32| done.iter().map(|(_, own)| given - left(own)).fold(0, u32::saturating_add);
        let suggested = spent(|own| own.suggestions_left.get(), suggestions);
        let expanded = spent(|own| own.expansions_left.get(), expansions);
        // Together they may have had more than there was: then it matters who came first.
        if suggested > suggestions || expansions > 0 && expanded >= expansions {
            return one_by_one();
        }
        self.suggestions_left.set(suggestions - suggested);
        self.expansions_left.set(expansions - expanded);
        let mut given = Vec::with_capacity(parts);
        for (one, own) in done {
            given.push(one);
            self.findings.extend(own.findings.into_list());
            self.used.borrow_mut().append(&mut own.used.into_inner());
        }
        given
    }

    /// Does the same with every flow.
    pub(super) fn by_flow<T: Send>(&self, work: impl Fn(&World<'a>, usize, &'a FlowItem) -> T + Sync) -> Vec<T> {
        let chunks = self.flows.len().div_ceil(FLOWS_TOGETHER);
        let done = self.spread(chunks, |world, chunk| {
            let first = chunk * FLOWS_TOGETHER;
            let flows = world.flows.iter().enumerate().skip(first).take(FLOWS_TOGETHER);
            flows.map(|(flow, item)| work(world, flow, item)).collect::<Vec<T>>()
        });
        done.into_iter().flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_parts_give_comes_in_their_order_from_however_many_cores() {
        let square = |part: usize| {
            // The first parts end last.
            (part..24).for_each(|_| std::thread::yield_now());
            part * part
        };
        let expected: Vec<usize> = (0..24).map(|part| part * part).collect();
        for cores in [0, 1, 2, 5, 100] {
            assert_eq!(over(cores, 24, square), expected);
        }
        assert!(over(4, 0, square).is_empty());
    }
}
