//! In: a checked bot, with the conversations its authors wrote down as tests. Out: which of them hold, where and why
//! others do not, what they reached; and conversations of its own that break a rule of the channel.
//! Does not know: files, terminals, clocks, how a bot is checked.

mod answers;
mod compare;
mod coverage;
mod describe;
mod expect;
pub mod fuzz;
mod parts;
pub mod report;
mod run;
mod scripts;
mod stage;
mod story;

pub use coverage::{Coverage, Missed, Part, Share};
pub use expect::written;
pub use run::{Failure, Outcome, Problem, run, run_all};
pub use scripts::run_scripts;
pub use story::{StoryLine, Who};

#[cfg(test)]
mod tests;
