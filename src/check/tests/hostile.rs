//! Whatever stands in the files, the checker ends, says something, and gives only bots that hold together.

use proptest::prelude::*;

use super::super::lower::each_target;
use super::super::*;
use super::stories::compiled;

const WHOLE: &str = include_str!("whole.flow");

/// Every place that a bot names exists.
fn holds_together(bot: &Bot) {
    for flow in &bot.flows {
        for step in &flow.steps {
            each_target(&mut step.op.clone(), |target| assert!(*target <= flow.steps.len()));
            if let Op::Goto { to: id, .. } = step.op {
                assert!(bot.flows.get(id.flow).is_some_and(|flow| id.step <= flow.steps.len()));
            }
        }
        assert!(flow.labels.values().all(|at| *at <= flow.steps.len()));
    }
    assert!(bot.triggers.iter().all(|trigger| trigger.flow < bot.flows.len()));
    assert!(bot.teams.iter().all(|team| team.hours.is_none_or(|hours| hours < bot.hours.len())));
}

fn lines() -> Vec<&'static str> {
    WHOLE.lines().collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_shop_with_lines_lost_and_doubled_breaks_nothing(changes in prop::collection::vec((0..200_usize, any::<bool>()), 1..6)) {
        let mut list = lines();
        for (at, lost) in changes {
            let at = at % list.len();
            if lost { list.remove(at); } else { list.insert(at, list[at]); }
        }
        let (_, bot, _) = compiled(&list.join("\n"));
        bot.iter().for_each(holds_together);
    }

    #[test]
    fn a_shop_with_words_swapped_breaks_nothing(swaps in prop::collection::vec((0..400_usize, 0..400_usize), 1..5)) {
        let mut words: Vec<&str> = WHOLE.split_inclusive(' ').collect();
        for (one, two) in swaps {
            let count = words.len();
            words.swap(one % count, two % count);
        }
        let (_, bot, _) = compiled(&words.concat());
        bot.iter().for_each(holds_together);
    }
}

#[test]
fn blocks_that_nest_deep_and_flows_that_run_long_end_soon() {
    let deep = format!("{}say \"Hi.\"{}", "if true { ".repeat(60), " }".repeat(60));
    let long: String = (0..2_000).map(|at| format!(" set v{at} = {at}\n if v{at} == 1 {{ say \"{{v{at}}}\" }}\n")).collect();
    for body in [deep, long] {
        let (_, bot, _) = compiled(&super::stories::in_a_bot(&format!("flow a {{\n on message \"a\"\n {body}\n}}")));
        bot.iter().for_each(holds_together);
    }
}

#[test]
fn texts_that_name_themselves_end() {
    let items =
        "texts one { en texts.two }\ntexts two one of texts.one | texts.one\nflow a {\n on message \"a\"\n say texts.one\n}";
    let (_, bot, diagnostics) = compiled(&super::stories::in_a_bot(items));
    assert!(bot.is_none() && !diagnostics.is_empty());
}

#[test]
fn texts_that_hold_texts_a_hundredfold_end_soon() {
    let many = |next: usize| vec![format!("texts.t{next}"); 100].join(" | ");
    let texts: String = (0..8).map(|at| format!("texts t{at} one of {}\n", many(at + 1))).collect();
    let items = format!("{texts}texts t8 \"Hi.\"\nflow a {{\n on message \"a\"\n say texts.t0\n}}");
    let (_, bot, _) = compiled(&super::stories::in_a_bot(&items));
    assert!(bot.is_none());
}
