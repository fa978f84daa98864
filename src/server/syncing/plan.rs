//! In: what the bot declares, what stands at TikTok. Out: the steps between them, by content: made twice, they are made once.
//! The order of a kind's messages is not compared.

use serde::Serialize;
use serde_json::{Value, json};

use crate::bot::Automatic;
use crate::tiktok::client::{Review, Standing, StandingItem};
use crate::tiktok::wire::{AutoContent, AutoKind};

pub(super) const KINDS: [AutoKind; 3] = [AutoKind::WelcomeMessage, AutoKind::SuggestedQuestion, AutoKind::ChatPrompt];

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Act {
    Add,
    Change,
    Remove,
    TurnOn,
    TurnOff,
}

/// One call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub act: Act,
    pub kind: AutoKind,
    /// TikTok's, of the message that is changed or removed.
    pub id: String,
    pub content: Option<AutoContent>,
    /// What stands there now.
    pub before: Option<AutoContent>,
}

impl Step {
    fn new(act: Act, kind: AutoKind) -> Self {
        Self { act, kind, id: String::new(), content: None, before: None }
    }

    fn add(content: &AutoContent) -> Self {
        Self { content: Some(content.clone()), ..Self::new(Act::Add, content.kind()) }
    }

    fn remove(item: &StandingItem) -> Self {
        let (id, before) = (item.id.clone(), Some(item.content.clone()));
        Self { id, before, ..Self::new(Act::Remove, item.content.kind()) }
    }

    fn change(item: &StandingItem, content: &AutoContent) -> Self {
        Self { act: Act::Change, content: Some(content.clone()), ..Self::remove(item) }
    }

    /// The same as far as it matters to customers.
    pub(super) fn is(&self, other: &Self) -> bool {
        (self.act, self.kind, &self.content, &self.before) == (other.act, other.kind, &other.content, &other.before)
    }

    pub(super) fn view(&self) -> Value {
        json!({ "act": self.act, "kind": self.kind, "content": self.content, "before": self.before, "text": self.told() })
    }

    fn told(&self) -> String {
        let name = name(self.kind);
        match (&self.content, &self.before) {
            (Some(content), Some(before)) => format!("{name} {} becomes {}", quoted(before), quoted(content)),
            (Some(content), None) | (None, Some(content)) => format!("{name} {}", quoted(content)),
            (None, None) if self.kind == AutoKind::WelcomeMessage => name.to_owned(),
            (None, None) => format!("{name}s"),
        }
    }
}

fn name(kind: AutoKind) -> &'static str {
    match kind {
        AutoKind::WelcomeMessage => "welcome message",
        AutoKind::SuggestedQuestion => "suggested question",
        AutoKind::ChatPrompt => "chat prompt",
    }
}

fn quoted(content: &AutoContent) -> String {
    match content {
        AutoContent::WelcomeMessage { content } => format!("“{content}”"),
        AutoContent::SuggestedQuestion { question, answer } => format!("“{question}” with the answer “{answer}”"),
        AutoContent::ChatPrompt { title, content } => format!("“{title}” that writes “{content}”"),
    }
}

/// What is to be done for one kind.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    pub steps: Vec<Step>,
    /// Messages that stay as they are.
    pub kept: usize,
    /// What TikTok does not allow now, and may later: no step of it.
    pub later: Vec<String>,
    pub notes: Vec<String>,
}

/// What the bot declares of a kind, in TikTok's shape.
pub(super) fn wanted(kind: AutoKind, automatic: &Automatic) -> Vec<AutoContent> {
    match kind {
        AutoKind::WelcomeMessage => {
            automatic.welcome.iter().map(|text| AutoContent::WelcomeMessage { content: text.clone() }).collect()
        }
        AutoKind::SuggestedQuestion => {
            let of = |one: &crate::bot::Suggested| AutoContent::SuggestedQuestion {
                question: one.question.clone(),
                answer: one.answer.clone(),
            };
            automatic.suggested.iter().map(of).collect()
        }
        AutoKind::ChatPrompt => {
            let of =
                |one: &crate::bot::Prompt| AutoContent::ChatPrompt { title: one.title.clone(), content: one.content.clone() };
            automatic.prompts.iter().map(of).collect()
        }
    }
}

/// A kind that the bot does not declare is turned off and not emptied: a hand turns it on again as it was.
pub(super) fn plan(kind: AutoKind, wanted: &[AutoContent], standing: &Standing) -> Plan {
    let mut plan = match (kind, wanted) {
        (_, []) => undeclared(kind, standing),
        (AutoKind::WelcomeMessage, [welcome, ..]) => greeting(welcome, standing),
        (_, wanted) => several(kind, wanted, standing),
    };
    for item in standing.items.iter().filter(|item| wanted.contains(&item.content)) {
        let text = format!("{} {}", name(kind), quoted(&item.content));
        match item.review {
            Review::Approved => {}
            Review::Reviewing => plan.notes.push(format!("TikTok still reviews the {text}")),
            Review::Rejected => plan.notes.push(format!("TikTok has rejected the {text}: say it differently in the bot")),
        }
    }
    plan
}

fn undeclared(kind: AutoKind, standing: &Standing) -> Plan {
    let off = standing.on && !standing.items.is_empty();
    Plan { steps: off.then(|| Step::new(Act::TurnOff, kind)).into_iter().collect(), ..Plan::default() }
}

/// There is one at most, it cannot be removed, and it stands before it is turned on: TikTok's own default is never shown.
fn greeting(welcome: &AutoContent, standing: &Standing) -> Plan {
    let mut plan = Plan::default();
    match standing.items.first() {
        None => plan.steps.push(Step::add(welcome)),
        Some(item) if item.content == *welcome => plan.kept = 1,
        Some(item) if item.review == Review::Reviewing => {
            let text = "the welcome message can be changed once TikTok has reviewed the one that stands there: sync again later";
            plan.later.push(text.to_owned());
            return plan;
        }
        Some(item) => plan.steps.push(Step::change(item, welcome)),
    }
    if !standing.on {
        plan.steps.push(Step::new(Act::TurnOn, AutoKind::WelcomeMessage));
    }
    plan
}

/// Removals first: there is room for as many as the bot may declare. Turning a kind on disables what stands there, so that
/// nothing is left there by then.
fn several(kind: AutoKind, wanted: &[AutoContent], standing: &Standing) -> Plan {
    let mut plan = Plan::default();
    let mut missing: Vec<&AutoContent> = wanted.iter().collect();
    let mut spare = Vec::new();
    for item in &standing.items {
        match missing.iter().position(|content| **content == item.content).filter(|_| standing.on) {
            Some(at) => {
                missing.remove(at);
                plan.kept += 1;
            }
            None => spare.push(item),
        }
    }
    let mut changes = Vec::new();
    for item in spare {
        // One under review cannot be changed; one that was rejected begins anew.
        let changes_now = standing.on && item.review == Review::Approved && !missing.is_empty();
        plan.steps.push(if changes_now {
            changes.push(Step::change(item, missing.remove(0)));
            continue;
        } else {
            Step::remove(item)
        });
    }
    plan.steps.append(&mut changes);
    if !standing.on {
        plan.steps.push(Step::new(Act::TurnOn, kind));
    }
    plan.steps.extend(missing.into_iter().map(Step::add));
    plan
}

#[cfg(test)]
mod tests;
