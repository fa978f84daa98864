//! Places where a crash test ends the process; off unless asked for.

use std::sync::atomic::{AtomicU32, Ordering};

/// One armed place at most.
#[derive(Debug, Default)]
pub(super) struct FailPoint {
    name: Option<String>,
    left: AtomicU32,
}

impl FailPoint {
    pub(super) fn new(armed: Option<(String, u32)>) -> Self {
        match armed {
            Some((name, nth)) => Self { name: Some(name), left: AtomicU32::new(nth.max(1)) },
            None => Self::default(),
        }
    }

    /// Ends the process here, without any clean-up, when this is the armed passing of the armed place.
    pub(super) fn pass(&self, name: &str) {
        if self.comes(name) {
            std::process::abort();
        }
    }

    /// Counts a passing; true at the armed one. For places inside a future that must go on a little before the end.
    pub(super) fn comes(&self, name: &str) -> bool {
        self.name.as_deref() == Some(name) && self.left.fetch_sub(1, Ordering::SeqCst) == 1
    }
}
