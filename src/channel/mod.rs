//! In: what would be sent and what was counted. Out: the gate's verdict and its reason.
//! Does not know: HTTP, stores, TikTok's wire format, flows.

mod content;
mod gate;
mod ledger;
mod market;
mod outcome;
pub mod rules;

pub use content::{Button, CardKind, Content, Image, Outgoing, fingerprint};
pub use gate::{Asked, Reason, Short, Verdict, ask};
pub use ledger::Ledger;
pub use market::Market;
pub use outcome::{NotSent, Outcome, RefusalScope};
