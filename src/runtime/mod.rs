//! In: deliveries, due moments, outcomes. Out: one transaction each, then the effects.
//! Does not know: axum, HTTP, TikTok by name, source texts.

mod admission;
mod announcing;
mod colleague;
mod contact;
mod core;
mod deploy;
mod deploying;
mod dispatch;
mod doubt;
mod dropped;
mod entry;
mod erasing;
mod errand;
mod export;
mod fail;
mod fetching;
mod forecast;
mod handle;
mod hooks;
mod lease;
mod measure;
mod metrics;
mod options;
mod order;
mod outbox;
mod pause;
mod plan;
pub mod port;
mod presence;
mod read;
mod recent;
mod replay;
mod restore;
mod retention;
mod retry;
mod scripts;
mod service;
mod slot;
mod sources;
mod sprint;
#[cfg(test)]
mod tests;
mod timers;
mod trail;
mod versions;
mod view;
mod worker;
mod writer;

pub use self::admission::{Served, connected, connected_key};
pub use self::announcing::{
    EVENT_TYPES, Endpoint, EndpointReport, EventOptions, EventReport, EventView, Listening, LiveEvent, wants,
};
pub use self::colleague::{Audit, NotWritten, WroteView};
pub use self::contact::{Changed, NotChanged, kind_of};
pub use self::core::{Delivered, Event, Refused};
pub use self::deploy::{Begun, DeployError, Deployed, Depot, Listed, VERSIONS_MAX, Whose};
pub use self::deploying::Deployments;
pub use self::dispatch::{AccountState, DayReport, Report, Waiting};
pub use self::entry::{Entry, Kept, ReplayError, replay};
pub use self::erasing::{ErasureRecord, erase_stored, write_audit};
pub use self::errand::Errand;
pub use self::export::{ErasurePlan, Export, Told, Waiting as WaitingReply, erasure_plan, export_stored};
pub use self::forecast::{Outbox, Waits};
pub use self::handle::{FetchReport, Handle};
pub use self::measure::Took;
pub use self::metrics::{Counts, Measures};
pub use self::options::{AppOptions, FetchLimits, Options, OwnBot, Ports};
pub use self::pause::{Paused, write_pause};
pub use self::plan::{Finding, Lands, Parked, Plan, Severity};
pub use self::read::{ConversationSummary, ConversationView};
pub use self::replay::{Difference, Replay, ReplayedLine, Verdict, replay_stored};
pub use self::retry::{FailedReply, NotSteered, Steered};
pub use self::service::Service;
pub use self::trail::{Fact, Role, Span, Tracer, Tracing};
pub use self::view::{Line, ReplyState, ReplyView, Side, timeline};
