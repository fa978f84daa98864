//! In: outcomes of tests and what they reached. Out: words for people, JSON, JUnit's XML.
//! Does not know: where they are written to.

mod diff;
mod json;
mod junit;
mod text;

pub use json::json;
pub use junit::junit;
pub use text::{Look, failure, missed, summary};
