//! Bots with a planted defect: it is found, the conversation gets short, and its printed test fails alike.

use std::sync::Arc;

use super::*;
use crate::testing::tests::compile;

fn look_for(bot: &Arc<Bot>, conversations: u64) -> Report {
    fuzz(bot, &Options { seed: 7, conversations, acts: 30 }, &mut |_| true)
}

#[test]
fn a_sound_bot_breaks_no_rule() {
    let bot = compile(include_str!("../../syntax/tests/sample.flow"));
    let report = look_for(&bot, 60);
    let told: Vec<String> = report.broken.iter().map(|one| format!("{:?}\n{}", one.finding, one.test)).collect();
    assert!(told.is_empty(), "{}", told.join("\n"));
    assert!(report.coverage.steps.percent() > 80, "{:#?}", report.coverage);
}
