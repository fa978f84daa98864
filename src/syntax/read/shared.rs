//! A long file is read on several cores: the scanner has cut it into items, and each is read on its own. Trees and
//! diagnostics are the same whatever the number of cores.

use super::{DIAGNOSTICS_MAX, Reader};
use crate::diagnostic::Diagnostic;
use crate::source::FileId;
use crate::syntax::scan::Cut;
use crate::syntax::tree::Item;

/// A file of fewer items is read before a thread would have begun.
pub const SHARED_FROM: usize = 256;

/// More cores than this are left to others.
const CORES_MOST: usize = 8;

/// The items with the diagnostics of all, in the order of the file.
pub fn items(file: FileId, masked: &str, cuts: &[Cut]) -> (Vec<Item>, Vec<Diagnostic>) {
    let few = cuts.len() < SHARED_FROM;
    let cores = if few { 1 } else { std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(CORES_MOST) };
    on_cores(cores, file, masked, cuts)
}

/// As [`items`], in so many parts at a time.
pub fn on_cores(cores: usize, file: FileId, masked: &str, cuts: &[Cut]) -> (Vec<Item>, Vec<Diagnostic>) {
    let read = |part: &[Cut]| {
        let mut reader = Reader::new(file, masked);
        let items: Vec<Item> = part.iter().map(|cut| reader.item(cut)).collect();
        (items, reader.diagnostics)
    };
    let mut parts = cuts.chunks(cuts.len().div_ceil(cores.max(1)).max(1));
    let own = parts.next().unwrap_or_default();
    let others: Vec<&[Cut]> = parts.collect();
    std::thread::scope(|scope| {
        let begun: Vec<_> =
            others.iter().map(|part| std::thread::Builder::new().spawn_scoped(scope, || read(part)).ok()).collect();
        let (mut items, mut found) = read(own);
        items.reserve(cuts.len().saturating_sub(items.len()));
        for (part, thread) in others.iter().zip(begun) {
            // Where no thread could be had, this one reads.
            let (more, said) = thread.and_then(|thread| thread.join().ok()).unwrap_or_else(|| read(part));
            items.extend(more);
            found.extend(said);
        }
        // One reader stops noting after so many.
        found.truncate(DIAGNOSTICS_MAX.saturating_add(1));
        (items, found)
    })
}
