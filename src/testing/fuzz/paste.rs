//! Writes a conversation that breaks a rule as a `test` block that fails alike.

use std::sync::Arc;

use super::player::{LISTEN, MONTH, Player};
use super::rules::{Finding, Rule};
use super::shrink::shrink;
use super::{Broken, tree};
use crate::bot::{Bot, BotAct, CustomerAct, Expectation, Origin, Regex, Test, TestLine, TestStep};
use crate::engine::rehearsal::Said;
use crate::testing::compare::{is_reply, numbered};
use crate::testing::run::{Problem, is_given, noon, run};
use crate::testing::stage::{Event, Stage};

/// The finding with its shortest conversation.
pub(super) fn broken(bot: &Arc<Bot>, player: &Player, finding: Finding, number: u64) -> Broken {
    let seed = player.seed();
    let acts = shrink(player, &finding);
    let (_, again) = Player::replay(bot, player.material(), seed, &acts);
    let finding = again.filter(|again| again.same(&finding)).unwrap_or(finding);
    let test = listed(bot, seed, &acts, &finding, format!("fuzz {seed}.{number}: {}", finding.rule.words()));
    Broken {
        reproduced: run(bot, &test).failure.is_some_and(|failure| fails_alike(&failure.problem, finding.rule)),
        lines: test.lines.len(),
        test: crate::syntax::print(&tree::document(&test)),
        finding,
    }
}

/// Whether a test fails by what the bot does, not by how it is written.
const fn fails_alike(problem: &Problem, rule: Rule) -> bool {
    match problem {
        Problem::Reply { .. } | Problem::Unlisted(_) => true,
        Problem::Expectation { .. } => matches!(rule, Rule::DeadEnd),
        Problem::Fault(_) => matches!(rule, Rule::Fault),
        Problem::Ungiven(_) | Problem::NoButton { .. } | Problem::Script(_) | Problem::NotPossible(_) => false,
    }
}

/// The acts with what the bot says to them, and at the end the line that does not hold.
fn listed(bot: &Arc<Bot>, seed: u64, acts: &[TestStep], finding: &Finding, name: String) -> Test {
    let mut listing = Listing { stage: Stage::new(bot, noon(bot), seed), seed, turn: 0, steps: Vec::new(), said: Vec::new() };
    let last = acts.len().saturating_sub(1);
    for (at, act) in acts.iter().enumerate() {
        listing.act(act);
        if at == last {
            listing.end(finding);
        }
    }
    let lines = listing.steps.into_iter().enumerate().map(|(at, step)| {
        // Places tell a test's lines apart.
        let line = u32::try_from(at).unwrap_or(u32::MAX).saturating_add(2);
        TestLine { step, origin: Origin { path: "".into(), line } }
    });
    Test { name, lines: lines.collect(), origin: Origin::default() }
}

struct Listing {
    stage: Stage,
    seed: u64,
    turn: u64,
    steps: Vec<TestStep>,
    /// Said and not yet listed.
    said: Vec<Said>,
}

impl Listing {
    /// As [`Player`] plays it, with the same draws.
    fn act(&mut self, act: &TestStep) {
        if !is_given(act) {
            self.turn = self.turn.wrapping_add(1);
            self.stage.turn(self.seed.wrapping_add(self.turn.wrapping_mul(1_000)));
        }
        match act {
            TestStep::Customer(customer) => {
                self.steps.push(act.clone());
                self.stage.customer(customer);
            }
            TestStep::After(ms) => {
                self.list();
                self.steps.push(act.clone());
                self.stage.after(*ms);
            }
            TestStep::Colleague(colleague) => {
                self.list();
                self.steps.push(act.clone());
                self.stage.colleague(colleague);
            }
            TestStep::Bot(_) | TestStep::Expect(_) => {
                self.stage.settle();
                self.hear();
                let written = matches!(self.steps.last(), Some(TestStep::Customer(_)));
                if written && self.said.is_empty() && self.stage.bot().settings.gather.is_some() {
                    self.steps.push(LISTEN);
                }
                self.list();
            }
            given => {
                self.steps.push(given.clone());
                give(&mut self.stage, given);
            }
        }
        self.hear();
    }

    fn hear(&mut self) {
        let events: Vec<Event> = self.stage.said.drain(..).collect();
        self.said.extend(events.into_iter().map(|event| event.said).filter(is_reply));
    }

    /// Lists what was said.
    fn list(&mut self) {
        if !self.said.is_empty() {
            self.stage.settle();
            self.hear();
        }
        self.steps.extend(self.said.drain(..).filter_map(|said| line_of(&said)).map(TestStep::Bot));
    }

    /// The line that shows what is wrong.
    fn end(&mut self, finding: &Finding) {
        self.stage.settle();
        self.hear();
        match finding.rule {
            // The fault itself fails the test.
            Rule::Fault | Rule::Replay => self.list(),
            Rule::Silence => {
                self.said.truncate(finding.right);
                self.list();
                self.steps.push(LISTEN);
            }
            Rule::Budget if finding.what.starts_with("reply ") => {
                self.said.truncate(finding.right);
                self.list();
                self.steps.push(LISTEN);
            }
            // One more was meant to come.
            Rule::Budget | Rule::Window => {
                self.list();
                self.steps.extend(anything(".").map(TestStep::Bot));
            }
            Rule::Length => {
                self.said.truncate(finding.right);
                self.list();
                self.steps.extend(anything("^[^…]*$").map(TestStep::Bot));
            }
            Rule::DeadEnd => {
                self.list();
                if !matches!(self.steps.last(), Some(TestStep::After(MONTH))) {
                    self.steps.push(TestStep::After(MONTH));
                }
                self.steps.push(TestStep::Expect(Expectation::Stopped));
            }
            Rule::OptOut => {
                self.list();
                let heard = self.steps.iter().find_map(|step| match step {
                    TestStep::Customer(CustomerAct::Text(text)) => Some(text.clone()),
                    _ => None,
                });
                self.steps.extend(heard.map(|text| TestStep::Customer(CustomerAct::Text(text))));
                self.steps.push(LISTEN);
            }
            Rule::Anytime => self.anytime(),
        }
    }

    /// What the trigger's flow says where nothing waits is what was to be said here.
    fn anytime(&mut self) {
        let said = self.steps.iter().rev().find_map(|step| match step {
            TestStep::Customer(CustomerAct::Text(text)) => Some(text.clone()),
            _ => None,
        });
        let mut alone = Stage::new(self.stage.bot(), noon(self.stage.bot()), self.seed);
        alone.customer(&CustomerAct::Text(said.unwrap_or_default()));
        alone.settle();
        let wanted = alone.said.iter().map(|event| &event.said).find(|said| is_reply(said)).and_then(line_of);
        self.steps.extend(wanted.or_else(|| anything(".")).map(TestStep::Bot));
    }
}

fn give(stage: &mut Stage, given: &TestStep) {
    match given {
        TestStep::GivenFetch { method, url, answer } => stage.answers.call(*method, url, answer.clone()),
        TestStep::GivenRun { script, function, value } => stage.answers.run(script, function, value.clone()),
        TestStep::GivenValue { target, value } => {
            stage.chat_mut().given(target, value.clone());
        }
        TestStep::GivenImages(allowed) => stage.chat_mut().allow_images(*allowed),
        TestStep::GivenCongestion => stage.congest(),
        _ => {}
    }
}

fn anything(source: &str) -> Option<BotAct> {
    Regex::new(source).ok().map(|regex| BotAct::Matching(Arc::new(regex)))
}

/// The line that lists a reply.
fn line_of(said: &Said) -> Option<BotAct> {
    let owned = |labels: Vec<&str>| labels.into_iter().map(str::to_owned).collect();
    Some(match said {
        Said::Text(text) => match numbered(text) {
            Some((title, labels)) => BotAct::Choose { title: title.to_owned(), labels: Some(owned(labels)) },
            None => BotAct::Text(text.clone()),
        },
        Said::Card { title, buttons } => BotAct::Choose { title: title.clone(), labels: Some(buttons.clone()) },
        Said::Image(file) => BotAct::Image(Some(file.clone())),
        Said::Post(item) => BotAct::Post(Some(item.clone())),
        _ => return None,
    })
}
