//! Plays acts one by one and watches the rules.

use std::sync::Arc;

use super::chance::Chance;
use super::choose;
use super::material::Material;
use super::rules::{Before, Finding, Rule, Watch};
use crate::bot::{Bot, BotAct, CustomerAct, TestStep};
use crate::testing::compare::is_reply;
use crate::testing::coverage::Reached;
use crate::testing::run::{is_given, noon};
use crate::testing::stage::{Event, Stage};

/// A conversation that nobody disturbs has come to rest after so many due moments, or it never does.
const DUES_MAX: usize = 60;
const SECOND: i64 = 1_000;
/// After so long a silence nothing is expected any more.
pub(super) const MONTH: i64 = 30 * 24 * 3_600 * SECOND;

/// Lets what was written be answered: in a test, a `bot` line.
pub(super) const LISTEN: TestStep = TestStep::Bot(BotAct::Nothing);

/// A conversation that is being made up. A clone goes on by itself.
#[derive(Clone)]
pub(super) struct Player {
    stage: Stage,
    acts: Vec<TestStep>,
    watch: Watch,
    material: Arc<Material>,
    seed: u64,
    turn: u64,
    /// Replies came since the last time the bot was listened to.
    unlisted: bool,
    /// A call was made that no act answers, or a button pressed that is not there.
    stuck: bool,
}

impl Player {
    pub(super) fn new(bot: &Arc<Bot>, material: &Arc<Material>, seed: u64) -> Self {
        Self {
            stage: Stage::new(bot, noon(bot), seed),
            acts: Vec::new(),
            watch: Watch::default(),
            material: Arc::clone(material),
            seed,
            turn: 0,
            unlisted: false,
            stuck: false,
        }
    }

    /// The acts again, on a stage of their own: the first rule that they break, and how far they led.
    pub(super) fn replay(bot: &Arc<Bot>, material: &Arc<Material>, seed: u64, acts: &[TestStep]) -> (Self, Option<Finding>) {
        let mut player = Self::new(bot, material, seed);
        for act in acts {
            let finding = player.play(act, None);
            if player.stuck {
                return (player, None);
            }
            if finding.is_some() {
                return (player, finding);
            }
        }
        (player, None)
    }

    pub(super) fn acts(&self) -> &[TestStep] {
        &self.acts
    }

    pub(super) const fn material(&self) -> &Arc<Material> {
        &self.material
    }

    pub(super) const fn seed(&self) -> u64 {
        self.seed
    }

    pub(super) const fn stage(&self) -> &Stage {
        &self.stage
    }

    pub(super) const fn reached(&self) -> &Reached {
        &self.stage.reached
    }

    /// Plays an act; calls are answered as chance has it, and the answers stand among the acts.
    pub(super) fn act(&mut self, act: &TestStep, chance: &mut Chance) -> Option<Finding> {
        self.play(act, Some(chance))
    }

    fn play(&mut self, act: &TestStep, mut chance: Option<&mut Chance>) -> Option<Finding> {
        if let TestStep::Customer(CustomerAct::Button(label)) = act
            && !self.stage.chat().buttons().contains(label)
        {
            // Without its card a press is nothing that a customer could do.
            self.stuck |= chance.is_none();
            return None;
        }
        let at = self.acts.len();
        let listening = matches!(act, TestStep::Bot(_));
        self.acts.push(act.clone());
        let before = Before { status: self.stage.chat().conversation().status(), act: act.clone() };
        self.watch.before(&before.status, act, &self.material.anytime);
        if !is_given(act) {
            self.turn = self.turn.wrapping_add(1);
            self.stage.turn(self.seed.wrapping_add(self.turn.wrapping_mul(1_000)));
        }
        self.perform(act);
        while let Some(asked) = self.stage.ungiven.clone() {
            let Some(chance) = chance.as_deref_mut() else {
                self.stuck = true;
                return None;
            };
            let given = choose::answer(self.stage.bot(), &self.material, &asked, chance);
            self.give(&given);
            // Above the lines of the burst that made the call.
            let burst = self.acts.iter().take(at).rev().take_while(|act| matches!(act, TestStep::Customer(_))).count();
            self.acts.insert(at.saturating_sub(if listening { burst } else { 0 }), given);
            self.stage.resume();
        }
        let events: Vec<Event> = self.stage.said.drain(..).collect();
        let trace = std::mem::take(&mut self.stage.trace);
        self.unlisted = !matches!(act, TestStep::Bot(_)) && (self.unlisted || events.iter().any(|event| is_reply(&event.said)));
        self.watch.after(&self.stage, &before, &events, trace)
    }

    fn perform(&mut self, act: &TestStep) {
        match act {
            TestStep::Customer(act) => _ = self.stage.customer(act),
            TestStep::After(ms) => {
                if self.unlisted {
                    self.stage.settle();
                }
                self.stage.after(*ms);
            }
            TestStep::Colleague(act) => {
                if self.unlisted {
                    self.stage.settle();
                }
                self.stage.colleague(act);
            }
            TestStep::Bot(_) | TestStep::Expect(_) => self.stage.settle(),
            given => self.give(given),
        }
    }

    fn give(&mut self, given: &TestStep) {
        match given {
            TestStep::GivenFetch { method, url, answer } => self.stage.answers.call(*method, url, answer.clone()),
            TestStep::GivenRun { script, function, value } => self.stage.answers.run(script, function, value.clone()),
            TestStep::GivenValue { target, value } => {
                self.stage.chat_mut().given(target, value.clone());
            }
            TestStep::GivenImages(allowed) => self.stage.chat_mut().allow_images(*allowed),
            TestStep::GivenCongestion => self.stage.congest(),
            _ => {}
        }
    }

    // --- asking a copy ---------------------------------------------------------------------------------------------

    /// Asks a copy, now and then, whether it can be left from here: by the opt-out, by each `anytime` trigger. Where it
    /// cannot, the copy is what is reported.
    pub(super) fn probe(&mut self, chance: &mut Chance) -> Option<Finding> {
        let status = self.stage.chat().conversation().status();
        let material = Arc::clone(&self.material);
        let mut texts = Vec::new();
        if !status.opted_out && chance.percent(15) {
            texts.extend(chance.pick(&material.opt_out).cloned());
        }
        if status.waits_for.is_some() && chance.percent(25) {
            texts.extend(chance.pick(&material.anytime).map(|(_, phrase)| phrase.clone()));
        }
        for text in texts {
            let mut copy = self.clone();
            let mut acts = vec![TestStep::Customer(CustomerAct::Text(text)), LISTEN];
            if let Some(phrase) = chance.pick(&material.phrases) {
                acts.extend([TestStep::Customer(CustomerAct::Text(phrase.clone())), LISTEN]);
            }
            for act in acts {
                if let Some(finding) = copy.act(&act, chance) {
                    *self = copy;
                    return Some(finding);
                }
            }
        }
        None
    }

    /// Leaves the conversation alone until nothing falls due any more; then plays it all again.
    pub(super) fn end(&mut self, chance: &mut Chance) -> Option<Finding> {
        if let Some(finding) = self.act(&LISTEN, chance) {
            return Some(finding);
        }
        for _ in 0..DUES_MAX {
            let Some(act) = self.until_due() else { return self.again() };
            if let Some(finding) = self.act(&act, chance) {
                return Some(finding);
            }
        }
        self.act(&TestStep::After(MONTH), chance)
    }

    /// Silence until the next moment that is due, in whole seconds; `None` where nothing is.
    pub(super) fn until_due(&self) -> Option<TestStep> {
        let due = self.stage.chat().conversation().due()?;
        let ms = due.since_ms(self.stage.chat().now()).max(1);
        Some(TestStep::After(ms.saturating_add(SECOND - 1).div_euclid(SECOND).saturating_mul(SECOND)))
    }

    fn again(&self) -> Option<Finding> {
        let (other, _) = Self::replay(self.stage.bot(), &self.material, self.seed, &self.acts);
        let state = |player: &Self| player.stage.chat().conversation().encode().ok();
        let same = state(self) == state(&other) && self.stage.story == other.stage.story;
        (!same).then(|| Finding::new(Rule::Replay, "played again it ends otherwise", None))
    }
}
