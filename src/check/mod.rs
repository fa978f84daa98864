//! In: trees. Out: a bot, or what is wrong with them.
//! Does not know: how anything runs.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::bot::{Asset, Bot};
use crate::diagnostic::Diagnostic;
use crate::source::Sources;

/// Files beside the flows that steps may name, by path relative to the flows' folder. Read by the caller.
pub type Assets = BTreeMap<String, Arc<Asset>>;

/// Parses and checks all files as one bot. The bot is there exactly when no diagnostic is an error.
/// Diagnostics come in the order of files and places.
#[must_use]
pub fn compile(_sources: &Sources, _assets: &Assets) -> (Option<Bot>, Vec<Diagnostic>) {
    (None, Vec::new())
}
