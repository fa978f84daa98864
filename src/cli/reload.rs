//! Tells when the files of a bot have changed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use notify::{RecommendedWatcher, RecursiveMode};
use notify_debouncer_full::{DebounceEventResult, Debouncer, RecommendedCache, new_debouncer};

use crate::system::files;

/// Editors write a file in several steps; a change is told when it has been quiet for so long.
const QUIET: Duration = Duration::from_millis(150);

/// Watches; ends when dropped.
pub(super) type Watching = Debouncer<RecommendedWatcher, RecommendedCache>;

/// Calls `changed` after each change beneath `paths`. Folders are watched, not files: editors replace files.
pub(super) fn watch(paths: &[PathBuf], changed: impl Fn() + Send + 'static) -> anyhow::Result<Watching> {
    let mut watching = new_debouncer(QUIET, None, move |result: DebounceEventResult| match result {
        // Reading the flows is an event of its own, and no change.
        Ok(events) if events.iter().all(|event| event.kind.is_access()) => {}
        Ok(_) => changed(),
        Err(errors) => errors.iter().for_each(|error| tracing::warn!(%error, "the flows cannot be watched")),
    })
    .context("cannot watch the flows")?;
    let folders: BTreeSet<PathBuf> = paths.iter().map(|path| folder(path)).collect();
    for folder in folders {
        watching.watch(&folder, RecursiveMode::Recursive).with_context(|| format!("cannot watch {}", folder.display()))?;
    }
    Ok(watching)
}

fn folder(path: &Path) -> PathBuf {
    if files::is_folder(path) {
        return path.to_owned();
    }
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}
