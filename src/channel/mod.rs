//! In: what would be sent and what was counted. Out: the gate's verdict and its reason.
//! Does not know: HTTP, stores, TikTok's wire format, flows.

mod content;
mod outcome;

pub use content::{Button, CardKind, Content, Image, Outgoing, fingerprint};
pub use outcome::{NotSent, Outcome, RefusalScope};
