//! In: the texts of scripts, a limit for everything, a clock. Out: what they declare, and a host that calls them.
//! Does not know: flows, the checker, conversations, stores, networks.
//! The only place that names the language of scripts. A script is pure: it gets values and gives one back.

mod describe;
mod host;
mod limits;
mod natives;
mod read;
mod value;

use std::sync::Arc;
use std::time::Duration;

pub use self::limits::Limits;
pub use self::read::read;

/// What tells how long a call has run: only differences count.
pub type Stopwatch = Arc<dyn Fn() -> Duration + Send + Sync>;

#[cfg(test)]
mod tests;
