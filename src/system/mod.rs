//! In: nothing. Out: the real clock, entropy, environment and files, and the seal for secrets at rest.
//! Does not know: anything of ours but the ports it stands behind.
//! The only place where the process touches time, chance, environment and files of its own accord.

pub mod environment;
pub mod files;
pub mod seal;

mod aside;
mod clock;
mod entropy;

pub use aside::{Lost, aside};
pub use clock::{SteeredClock, SystemClock};
pub use entropy::{SeededEntropy, SystemEntropy};
