//! Tests that a script holds itself: each function `test_…` that takes nothing.

use std::sync::Arc;

use super::coverage::Reached;
use super::{Failure, Outcome, Problem};
use crate::bot::{Bot, Origin};

const BEGINNING: &str = "test_";

/// Runs them, in the order of files and places; each is named as a `run` step would: `shop.test_rounding`.
#[must_use]
pub fn run_scripts(bot: &Bot, wanted: &dyn Fn(&str) -> bool) -> Vec<Outcome> {
    let files = bot.scripts.files.iter();
    let tests = files.flat_map(|script| script.functions.iter().map(move |function| (script, function)));
    let tests = tests.filter(|(_, function)| function.name.starts_with(BEGINNING) && function.parameters == 0);
    tests
        .map(|(script, function)| (format!("{}.{}", script.name, function.name), script, function))
        .filter(|(name, ..)| wanted(name))
        .filter_map(|(name, script, function)| {
            let returned = bot.scripts.run(&script.name, &function.name, &[])?;
            let origin = Origin { path: Arc::from(script.path.as_str()), line: function.line };
            let failure = returned.err().map(|stopped| Failure {
                origin: origin.clone(),
                line: format!("fn {}()", function.name),
                problem: Problem::Script(stopped.why),
                hint: None,
                why: Vec::new(),
                story: Vec::new(),
            });
            Some(Outcome { name, origin, failure, reached: Reached::default() })
        })
        .collect()
}
