//! In: deliveries, due moments, outcomes. Out: one transaction each, then the effects.
//! Does not know: axum, HTTP, TikTok by name, source texts.

pub mod port;
