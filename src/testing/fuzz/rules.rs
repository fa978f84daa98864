//! What must hold after every act of a conversation.

use super::player::MONTH;
use crate::bot::{Bot, CustomerAct, On, Origin, TestStep};
use crate::calendar::Moment;
use crate::channel::{Reason, rules};
use crate::engine::rehearsal::Said;
use crate::engine::{Speaker, Status, Trace};
use crate::testing::compare::is_reply;
use crate::testing::stage::{Event, Stage};
use crate::text;

/// What no conversation may break.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// Never more than ten replies less the reserve, and none that cannot be sent for want of them.
    Budget,
    /// No reply after the 48 hours, and none that comes too late to be sent.
    Window,
    /// No reply longer than the channel takes.
    Length,
    /// Nothing waits for ever.
    DeadEnd,
    /// The opt-out works everywhere.
    OptOut,
    /// An `anytime` trigger is heard wherever a run waits.
    Anytime,
    /// Who handed over, was taken over or opted out is silent.
    Silence,
    /// No step fails without a flow that takes it.
    Fault,
    /// The same acts give the same conversation.
    Replay,
}

impl Rule {
    /// The rule in words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Budget => "a reply too many",
            Self::Window => "a reply too late",
            Self::Length => "a reply too long",
            Self::DeadEnd => "a dead end",
            Self::OptOut => "the opt-out does not work",
            Self::Anytime => "an `anytime` trigger is not heard",
            Self::Silence => "the bot speaks where it must be silent",
            Self::Fault => "a step fails",
            Self::Replay => "the same conversation goes two ways",
        }
    }
}

/// A rule that a conversation broke.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub rule: Rule,
    /// What happened, for people.
    pub what: String,
    /// The step that shows it.
    pub origin: Option<Origin>,
    /// Replies of the last act that were right.
    pub(super) right: usize,
}

impl Finding {
    pub(super) fn new(rule: Rule, what: impl Into<String>, origin: Option<Origin>) -> Self {
        Self { rule, what: what.into(), origin, right: 0 }
    }

    /// Whether both show the same defect.
    #[must_use]
    pub fn same(&self, other: &Self) -> bool {
        self.rule == other.rule && self.origin == other.origin
    }
}

/// What was seen so far of what the rules speak of.
#[derive(Clone, Debug, Default)]
pub(super) struct Watch {
    /// Replies since the customer's newest message.
    replies: u32,
    /// The customer's newest message.
    newest: Option<Moment>,
    /// A colleague has done something since; what the proofs say of budget and window no longer binds the bot.
    colleague: bool,
    /// The customer has reacted since: that opens no window and gives no reply back, and may start a flow all the same.
    reacted: bool,
    /// A trigger that must be heard by the end of this turn, and how often the customer has acted in it.
    awaited: Option<String>,
    acts: usize,
    /// Decisions of this turn.
    turn: Vec<Trace>,
}

/// The conversation before an act.
pub(super) struct Before {
    pub status: Status,
    pub act: TestStep,
}

impl Watch {
    /// Before the act: what it is expected to do.
    pub(super) fn before(&mut self, status: &Status, act: &TestStep, anytime: &[(String, String)]) {
        match act {
            TestStep::Customer(customer) => {
                self.acts = self.acts.saturating_add(1);
                self.reacted |= matches!(customer, CustomerAct::Reaction(_));
                let waits = status.waits_for.is_some() && status.speaker == Speaker::Bot && !status.opted_out;
                self.awaited = match customer {
                    CustomerAct::Text(said) if waits && self.acts == 1 => {
                        anytime.iter().find(|(_, phrase)| phrase == said).map(|(key, _)| key.clone())
                    }
                    _ => None,
                };
                if !matches!(customer, CustomerAct::Reaction(_) | CustomerAct::Comment(_)) {
                    self.replies = 0;
                    self.colleague = false;
                    self.reacted = false;
                    self.newest = None;
                }
            }
            TestStep::Colleague(_) => self.colleague = true,
            _ => {}
        }
    }

    /// After the act: the first rule that it broke.
    pub(super) fn after(&mut self, stage: &Stage, before: &Before, events: &[Event], trace: Vec<Trace>) -> Option<Finding> {
        if matches!(before.act, TestStep::Customer(_)) && self.newest.is_none() {
            self.newest = Some(stage.chat().now());
        }
        let faulty = fault(stage.bot(), &trace).or_else(|| shortened(&trace));
        self.turn.extend(trace);
        let found = self.events(stage.bot(), before, events).or(faulty).or_else(|| opt_out(stage, before));
        if found.is_some() || !matches!(before.act, TestStep::Bot(_) | TestStep::After(_)) {
            return found;
        }
        let heard = self.heard();
        self.turn.clear();
        self.acts = 0;
        heard.or_else(|| dead_end(stage, &before.act))
    }

    fn events(&mut self, bot: &Bot, before: &Before, events: &[Event]) -> Option<Finding> {
        let mut right = 0;
        let mut confirmed = false;
        for event in events {
            let found = match &event.said {
                Said::Unsent(reason) => self.unsent(reason, event),
                said if is_reply(said) => {
                    self.replies = self.replies.saturating_add(u32::from(!answers_comment(before)));
                    let confirms = !before.status.opted_out && event.opted_out && !std::mem::replace(&mut confirmed, true);
                    self.reply(bot, before, event, confirms)
                }
                _ => None,
            };
            if let Some(finding) = found {
                return Some(Finding { right, ..finding });
            }
            right += usize::from(is_reply(&event.said));
        }
        None
    }

    /// A reply that was not sent because the channel's limits were reached: that is what the checker promises not to
    /// happen. Other reasons are the language's own: the same reply too often, a question that nobody asks any more.
    fn unsent(&self, reason: &str, event: &Event) -> Option<Finding> {
        if self.colleague || self.reacted {
            return None;
        }
        let rule = if [Reason::RepliesSpent, Reason::KeptForColleagues].iter().any(|known| reason == known.to_string()) {
            Rule::Budget
        } else if reason == Reason::WindowClosed.to_string() {
            Rule::Window
        } else if [Reason::TooLong, Reason::CardTitle, Reason::CardButtons].iter().any(|known| reason == known.to_string()) {
            Rule::Length
        } else {
            return None;
        };
        Some(Finding::new(rule, format!("a reply was not sent: {reason}"), event.origin.clone()))
    }

    fn reply(&self, bot: &Bot, before: &Before, event: &Event, confirms: bool) -> Option<Finding> {
        let found = |rule, what: &str| Some(Finding::new(rule, what, event.origin.clone()));
        let most = u32::try_from(rules::REPLIES.value).unwrap_or(0);
        let own = if confirms { most } else { most.saturating_sub(bot.settings.reserve) };
        // One text may answer a comment; the channel counts and times it by itself.
        let timed = !answers_comment(before);
        if self.replies > own {
            return found(Rule::Budget, &format!("reply {} since the customer's last message", self.replies));
        }
        if timed && self.newest.is_some_and(|newest| event.at.since_ms(newest) >= rules::WINDOW.value) {
            return found(Rule::Window, "it is sent after the 48 hours");
        }
        if let Said::Text(body) = &event.said
            && text::units(body) > rules::TEXT.most()
        {
            return found(Rule::Length, &format!("a text of {} characters", text::units(body)));
        }
        if confirms {
            return None;
        }
        if event.opted_out {
            return found(Rule::Silence, "the customer wants no automatic messages");
        }
        match event.speaker {
            Speaker::Taken => found(Rule::Silence, "a colleague has the conversation"),
            // Only the blocks of the handoff speak now, and none of them waits for the customer.
            Speaker::Asked
                if before.status.speaker == Speaker::Asked
                    && matches!(before.act, TestStep::Customer(_))
                    && !self.turn.iter().any(|line| line.what == "released") =>
            {
                found(Rule::Silence, "a colleague is asked for, and the customer's message is theirs")
            }
            Speaker::Asked | Speaker::Bot => None,
        }
    }

    /// Whether the `anytime` trigger of this turn took part in the decision.
    fn heard(&mut self) -> Option<Finding> {
        let key = self.awaited.take()?;
        if self.acts != 1 {
            return None;
        }
        let named = format!("`{key}`");
        let answered = |line: &Trace| line.what == "answer" && !line.text.starts_with("does not fit");
        let took_part = self
            .turn
            .iter()
            .any(|line| line.text.contains(&named) || answered(line) || matches!(&*line.what, "opt_out" | "opt_in" | "late"));
        let told = self.turn.iter().filter(|line| line.what == "lost").count();
        (!took_part && told < 20).then(|| Finding::new(Rule::Anytime, format!("{named} is `anytime` and was not asked"), None))
    }
}

const fn answers_comment(before: &Before) -> bool {
    matches!(before.act, TestStep::Customer(CustomerAct::Comment(_)))
}

/// A fault that no flow of the author's takes. A question that could not be sent tells of its own reason elsewhere.
fn fault(bot: &Bot, trace: &[Trace]) -> Option<Finding> {
    if bot.triggers.iter().any(|trigger| matches!(trigger.on, On::Fault)) {
        return None;
    }
    let fault = trace.iter().find(|line| line.what == "fault" && !line.text.starts_with("unsent"))?;
    Some(Finding::new(Rule::Fault, fault.text.clone(), fault.origin.clone()))
}

fn shortened(trace: &[Trace]) -> Option<Finding> {
    let line = trace.iter().find(|line| line.what == "warning" && line.text.contains("was shortened"))?;
    Some(Finding::new(Rule::Length, line.text.clone(), line.origin.clone()))
}

/// An opt-out must be one at once.
fn opt_out(stage: &Stage, before: &Before) -> Option<Finding> {
    let TestStep::Customer(CustomerAct::Text(said)) = &before.act else { return None };
    let words = stage.bot().settings.opt_out.as_ref()?;
    let folded = text::fold(said);
    let asked = !folded.is_empty() && words.phrases.iter().any(|phrase| text::fold(phrase) == folded);
    (asked && !before.status.opted_out && !stage.chat().conversation().status().opted_out)
        .then(|| Finding::new(Rule::OptOut, format!("the customer wrote \"{said}\""), None))
}

/// A run that nothing but the customer can move, or one that goes round for ever.
fn dead_end(stage: &Stage, act: &TestStep) -> Option<Finding> {
    let conversation = stage.chat().conversation();
    let status = conversation.status();
    let (flow, step) = status.place.as_ref()?;
    let endless = matches!(act, TestStep::After(ms) if *ms >= MONTH);
    if status.waits_for.is_some() && conversation.due().is_some() && !endless {
        return None;
    }
    let flow = stage.bot().flow(flow)?;
    let what = if endless { "goes on after a month of silence" } else { "waits for nothing that comes by itself" };
    let origin = flow.steps.first().filter(|_| endless).or(flow.steps.get(*step)).map(|step| step.origin.clone());
    Some(Finding::new(Rule::DeadEnd, format!("`{}` {what}", flow.name), origin))
}
