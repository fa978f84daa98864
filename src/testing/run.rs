//! Runs tests: every line in its turn, the first one that does not hold ends its test.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::compare::{asks_for_action, fits, hint, is_reply};
use super::coverage::Reached;
use super::describe;
use super::expect::found;
use super::stage::{Stage, line_of_call};
use super::story::{StoryLine, shown};
use crate::bot::{Bot, BotAct, CustomerAct, On, Origin, Test, TestLine, TestStep};
use crate::calendar::{Moment, date, time};
use crate::channel::fingerprint;
use crate::engine::Trace;
use crate::engine::rehearsal::Said;

/// So often a turn is tried until its `one of` texts come out as the test lists them.
const DRAWS_MAX: u64 = 300;

/// How a test ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    pub name: String,
    pub origin: Origin,
    /// `None` where it holds.
    pub failure: Option<Failure>,
    pub(super) reached: Reached,
}

/// Why a test does not hold.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The line that does not hold.
    pub origin: Origin,
    /// The line as an author writes it.
    pub line: String,
    pub problem: Problem,
    /// What else the author may have meant.
    pub hint: Option<&'static str>,
    /// What was decided in this turn.
    pub why: Vec<Trace>,
    /// The conversation so far.
    pub story: Vec<StoryLine>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The bot said something else, or nothing.
    Reply { expected: String, got: Option<String> },
    /// The bot said what no line lists.
    Unlisted(Vec<String>),
    /// An `expect` line: what was wanted, and what is.
    Expectation { expected: String, found: String },
    /// A call of the business's systems or of a script that the test gives no answer for.
    Ungiven(String),
    /// There is no such button; these there are.
    NoButton { label: String, there: Vec<String> },
    /// A step failed and no flow takes it.
    Fault(String),
    /// A script's own test was stopped.
    Script(String),
    /// A value that cannot be given, a time that lies before what has happened.
    NotPossible(String),
}

/// Runs one test. The same test gives the same outcome.
#[must_use]
pub fn run(bot: &Arc<Bot>, test: &Test) -> Outcome {
    let mut stage = Stage::new(bot, beginning(bot, test), fingerprint("test", &test.name));
    let mut failure = None;
    let mut rest: &[TestLine] = &test.lines;
    let mut turn = 0;
    while !rest.is_empty() && failure.is_none() {
        let (lines, after) = rest.split_at(turn_length(rest));
        rest = after;
        turn += 1;
        failure = play(&mut stage, test, lines, turn);
    }
    Outcome { name: test.name.clone(), origin: test.origin.clone(), failure, reached: stage.reached }
}

/// Runs tests on all cores; outcomes come in the order of the tests. `done` is called after each with its index.
#[must_use]
pub fn run_all(bot: &Arc<Bot>, tests: &[&Test], done: &(dyn Fn(usize) + Sync)) -> Vec<Outcome> {
    let next = AtomicUsize::new(0);
    let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(tests.len().max(1));
    let worker = || {
        let mut outcomes = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(test) = tests.get(at) else { return outcomes };
            outcomes.push((at, run(bot, test)));
            done(at);
        }
    };
    let mut all: Vec<(usize, Outcome)> = std::thread::scope(|scope| {
        let handles: Vec<_> = (1..workers).map(|_| scope.spawn(worker)).collect();
        let mut all = worker();
        for handle in handles {
            // A panic in a worker is one of this program's own: it goes on here.
            match handle.join() {
                Ok(outcomes) => all.extend(outcomes),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        all
    });
    all.sort_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, outcome)| outcome).collect()
}

/// When the test begins: `given now`, else noon of Monday, 1 June 2026, in the bot's zone.
fn beginning(bot: &Bot, test: &Test) -> Moment {
    let given = test.lines.iter().find_map(|line| match &line.step {
        TestStep::GivenNow(date, time) => Some((*date, *time)),
        _ => None,
    });
    given.map_or_else(|| noon(bot), |(date, time)| bot.settings.zone.moment(date, time))
}

/// Noon of Monday, 1 June 2026, in the bot's zone.
pub(super) fn noon(bot: &Bot) -> Moment {
    let noon = || Some((date(2026, 6, 1)?, time(12, 0)?));
    noon().map_or(Moment(0), |(date, time)| bot.settings.zone.moment(date, time))
}

/// Lines that act and the lines after them that only look, up to the next one that acts.
fn turn_length(lines: &[TestLine]) -> usize {
    let looks = |line: &TestLine| matches!(line.step, TestStep::Bot(_) | TestStep::Expect(_));
    let acts = lines.iter().take_while(|line| !looks(line)).count();
    acts + lines.iter().skip(acts).take_while(|line| looks(line)).count()
}

/// Plays one turn. Texts of `one of` come out as the test lists them, if they can: the draw is on the author's side.
fn play(stage: &mut Stage, test: &Test, lines: &[TestLine], turn: u64) -> Option<Failure> {
    let before = stage.clone();
    let mut first = None;
    for draw in 0..DRAWS_MAX {
        let mut tried = before.clone();
        tried.turn(fingerprint("draw", &format!("{} {turn} {draw}", test.name)));
        match tried.lines(test, lines) {
            Ok(()) => {
                *stage = tried;
                return None;
            }
            Err(failure) => {
                let varies = matches!(failure.problem, Problem::Reply { .. }) && tried.drew();
                if first.is_none() {
                    first = Some(*failure);
                    *stage = tried;
                }
                if !varies {
                    break;
                }
            }
        }
    }
    first
}

impl Stage {
    fn lines(&mut self, test: &Test, lines: &[TestLine]) -> Result<(), Box<Failure>> {
        let mut burst = false;
        for line in lines {
            let fail = |stage: &Self, problem: Problem, hint| stage.failure(line, problem, hint);
            if matches!(line.step, TestStep::After(_) | TestStep::Colleague(_)) || (is_customer(&line.step) && !burst) {
                self.nothing_unlisted().map_err(|problem| fail(self, problem, None))?;
            }
            burst = is_customer(&line.step) || (burst && is_given(&line.step));
            let held = self.line(&line.step);
            // What a missing answer leads to is no news.
            if let Some(call) = self.ungiven.take() {
                return Err(fail(self, Problem::Ungiven(line_of_call(&call)), None));
            }
            held.map_err(|(problem, hint)| fail(self, problem, hint))?;
        }
        let Some(last) = lines.last() else { return Ok(()) };
        if test.lines.last().is_some_and(|line| line.origin == last.origin) {
            self.settle();
        }
        let fault = self.fault();
        let ends = self.nothing_unlisted().and(fault.map_or(Ok(()), |fault| Err(Problem::Fault(fault))));
        ends.map_err(|problem| self.failure(last, problem, None))
    }

    fn line(&mut self, step: &TestStep) -> Result<(), (Problem, Option<&'static str>)> {
        let plain = |problem| (problem, None);
        match step {
            TestStep::GivenNow(date, time) => {
                let moment = self.bot().settings.zone.moment(*date, *time);
                let ms = moment.since_ms(self.chat().now());
                if ms < 0 {
                    return Err(plain(Problem::NotPossible("time does not go back".to_owned())));
                }
                if ms > 0 {
                    self.after(ms);
                }
            }
            TestStep::GivenFetch { method, url, answer } => self.answers.call(*method, url, answer.clone()),
            TestStep::GivenRun { script, function, value } => self.answers.run(script, function, value.clone()),
            TestStep::GivenValue { target, value } => {
                if !self.chat_mut().given(target, value.clone()) {
                    return Err(plain(Problem::NotPossible("this cannot be given".to_owned())));
                }
            }
            TestStep::GivenCongestion => self.congest(),
            TestStep::GivenImages(allowed) => self.chat_mut().allow_images(*allowed),
            TestStep::Customer(act) => {
                if !self.customer(act) {
                    let CustomerAct::Button(label) = act else { return Ok(()) };
                    let there = self.chat().buttons();
                    return Err(plain(Problem::NoButton { label: label.clone(), there }));
                }
            }
            TestStep::Bot(act) => return self.bot_says(act),
            TestStep::After(ms) => self.after(*ms),
            TestStep::Colleague(act) => self.colleague(act),
            TestStep::Expect(expectation) => {
                self.settle();
                if let Some(found) = found(self, expectation) {
                    return Err(plain(Problem::Expectation { expected: describe::wanted(expectation), found }));
                }
            }
        }
        Ok(())
    }

    fn bot_says(&mut self, act: &BotAct) -> Result<(), (Problem, Option<&'static str>)> {
        self.settle();
        if matches!(act, BotAct::Nothing) {
            return self.nothing_unlisted().map_err(|problem| (problem, None));
        }
        // Sender actions that the line does not ask for are passed over.
        let wanted = |said: &Said| is_reply(said) || (asks_for_action(act) && fits(act, said));
        while self.said.front().is_some_and(|event| !wanted(&event.said)) {
            self.said.pop_front();
        }
        let expected = describe::bot(act);
        match self.said.front().map(|event| &event.said) {
            Some(said) if fits(act, said) => {
                self.said.pop_front();
                Ok(())
            }
            Some(said) => {
                let problem = Problem::Reply { expected: text_of(act).unwrap_or(expected), got: Some(shown(said)) };
                Err((problem, hint(act, said)))
            }
            None => Err((Problem::Reply { expected: text_of(act).unwrap_or(expected), got: None }, None)),
        }
    }

    /// Replies that no line lists are wrong ones.
    fn nothing_unlisted(&self) -> Result<(), Problem> {
        let replies = self.said.iter().map(|event| &event.said).filter(|said| is_reply(said));
        let unlisted: Vec<String> = replies.map(shown).collect();
        if unlisted.is_empty() { Ok(()) } else { Err(Problem::Unlisted(unlisted)) }
    }

    /// A fault of this turn that no flow of the author's takes.
    fn fault(&self) -> Option<String> {
        if self.bot().triggers.iter().any(|trigger| matches!(trigger.on, On::Fault)) {
            return None;
        }
        self.trace.iter().find(|trace| trace.what == "fault").map(|trace| match &trace.origin {
            Some(origin) => format!("{} ({}:{})", trace.text, origin.path, origin.line),
            None => trace.text.to_string(),
        })
    }

    fn failure(&self, line: &TestLine, problem: Problem, hint: Option<&'static str>) -> Box<Failure> {
        Box::new(Failure {
            origin: line.origin.clone(),
            line: describe::line(&line.step),
            problem,
            hint,
            why: self.trace.clone(),
            story: self.story.clone(),
        })
    }
}

fn is_customer(step: &TestStep) -> bool {
    matches!(step, TestStep::Customer(_))
}

pub(super) fn is_given(step: &TestStep) -> bool {
    matches!(
        step,
        TestStep::GivenNow(..)
            | TestStep::GivenFetch { .. }
            | TestStep::GivenValue { .. }
            | TestStep::GivenRun { .. }
            | TestStep::GivenCongestion
            | TestStep::GivenImages(_)
    )
}

/// What an exact line wants to read.
fn text_of(act: &BotAct) -> Option<String> {
    match act {
        BotAct::Text(text) => Some(text.clone()),
        BotAct::Choose { title, labels } => {
            let labels = labels.iter().flatten().map(|label| format!("\n[{label}]"));
            Some(format!("{title}{}", labels.collect::<String>()))
        }
        _ => None,
    }
}
