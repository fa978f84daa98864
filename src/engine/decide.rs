//! Which trigger wins a message, which ones lose, and why.

use std::sync::Arc;

use super::ahead;
use super::run::beginning;
use super::state::{Anchor, Heard, Kind, Run, WaitKind};
use super::work::Work;
use crate::bot::{self, Anytime, Bot, Entry, HeardKind, Hit, Matcher, On, StepId, Trigger, Value, ValueMap, short_name};

/// A referral may start a flow for so long.
const REFERRAL_MS: i64 = 24 * 60 * 60 * 1_000;
/// Losers that are told of in one account.
const LOSERS_TOLD: usize = 20;

/// Which triggers are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pool {
    All,
    /// All but `any text` and `fallback`.
    Strong,
    /// Those that answer beside or instead of a waiting run.
    Anytime,
}

impl Work<'_> {
    /// Lets the triggers have the message; true when one won.
    pub(super) fn try_triggers(&mut self, heard: &Arc<Heard>, pool: Pool) -> bool {
        let bot = self.live;
        let hits = self.hits(heard);
        if let Some(hit) = hits.first() {
            ahead::trigger(bot.triggers.get(hit.trigger));
            ahead::steps(bot.matcher.flow(hit.trigger).and_then(|flow| bot.flows.get(flow)), 0);
        }
        let mut winner: Option<(&Trigger, Hit)> = None;
        for (told, hit) in hits.into_iter().enumerate() {
            let Some(trigger) = bot.triggers.get(hit.trigger) else { continue };
            let why = match &winner {
                Some((first, _)) => Some(format!("`{}` comes first", first.key)),
                None if hit.broken => Some("its regular expression could not be compiled".to_owned()),
                None => self.excluded(trigger, pool),
            };
            match why {
                None => winner = Some((trigger, hit)),
                Some(why) if told < LOSERS_TOLD => {
                    self.note_at("lost", format_args!("`{}` ({}): {why}", trigger.key, form(&trigger.on)), Some(&trigger.origin));
                }
                Some(_) => {}
            }
        }
        if heard.kind.is_message() && (pool != Pool::Anytime || winner.is_some()) {
            // One message uses a referral up, whether it starts something or not.
            self.state.referral_fresh = false;
        }
        let Some((trigger, hit)) = winner else { return false };
        self.won(bot, trigger, form(&trigger.on));
        if matches!(trigger.on, On::Reaction(_)) && bot.proof.asides.contains_key(trigger.key.as_str()) {
            self.state.fired.insert(trigger.key.to_string());
        }
        self.state.started_by = Some(Arc::clone(&heard.id));
        let captures = hit.captures.into_iter().map(|(name, value)| (name, Value::Text(value))).collect();
        self.start(trigger, captures);
        true
    }

    /// The triggers that want the message, leaving aside what may exclude them, the first to win first.
    fn hits(&self, heard: &Arc<Heard>) -> Vec<Hit> {
        let button = heard.named_press(&self.live.matcher);
        let typed =
            matches!(heard.kind, Kind::Text | Kind::Button | Kind::Comment) && button.is_none() && !heard.text.trim().is_empty();
        let found = bot::Heard {
            text: typed.then_some(heard.text.as_str()),
            folded: None,
            button,
            kind: heard.kind_heard(),
            comment: heard.kind == Kind::Comment,
            silent_ms: heard.silent_ms,
            entry: self.entry_now().filter(|_| heard.kind.is_message()),
            first: heard.first,
        };
        if !typed {
            return self.live.matcher.hits(&found);
        }
        self.with_folded(heard, |folded| self.live.matcher.hits(&bot::Heard { folded: Some(folded), ..found }))
    }

    /// How the customer came in, while it may still start a flow.
    fn entry_now(&self) -> Option<Entry<'_>> {
        let referral = self.state.referral.as_ref().filter(|_| self.state.referral_fresh)?;
        if self.now.since_ms(referral.received) > REFERRAL_MS {
            return None;
        }
        match referral.source.as_str() {
            "ad" => Some(Entry::Ad(referral.ad_id.as_deref())),
            "short_link" => Some(Entry::Link(referral.link_ref.as_deref())),
            _ => None,
        }
    }

    /// Why a trigger that fires takes no part.
    fn excluded(&self, trigger: &Trigger, pool: Pool) -> Option<String> {
        match pool {
            Pool::Anytime if trigger.anytime == Anytime::No => return Some("a run waits and it is not `anytime`".to_owned()),
            Pool::Strong if matches!(trigger.on, On::AnyText | On::Fallback) => {
                return Some("a run waits, which only a definite trigger ends".to_owned());
            }
            _ => {}
        }
        self.left_out(self.live, trigger)
    }

    /// Why its `when`, its `once per` or the channel's limits let it take no part.
    pub(super) fn left_out(&self, of: &Bot, trigger: &Trigger) -> Option<String> {
        if let Some(when) = &trigger.when {
            // Conditions know no variables of a flow.
            let none = ValueMap::new();
            let mut scope = self.scope();
            scope.variables = &none;
            scope.bot = of;
            if !scope.holds(when) {
                return Some("its `when` is false or missing".to_owned());
            }
        }
        let last = self.state.wins.get(trigger.key.as_str());
        if trigger.once_per_ms.zip(last).is_some_and(|(once, last)| self.now.since_ms(*last) < once) {
            return Some("its `once per` has not passed".to_owned());
        }
        self.no_room(of, trigger)
    }

    /// Nothing of what a reaction or a limit sets off gives the customer's window and ten replies back: each such trigger
    /// is counted once in the proof, and its last reply must leave before the window closes.
    fn no_room(&self, of: &Bot, trigger: &Trigger) -> Option<String> {
        let latest_ms = of.proof.asides.get(trigger.key.as_str())?;
        if self.state.fired.contains(trigger.key.as_str()) {
            return Some("it has fired since the customer last wrote".to_owned());
        }
        (self.now.plus_ms(*latest_ms) >= self.deadline())
            .then(|| "the window closes before its last reply could leave".to_owned())
    }

    fn start(&mut self, trigger: &Trigger, captures: ValueMap) {
        self.moved = true;
        if let Some(run) = self.state.run.take() {
            let kind = run.wait.as_ref().map(|wait| wait.kind);
            let keeps = kind.is_some_and(|kind| kind.asks() || kind.is_call());
            if trigger.anytime == Anytime::Resume && keeps && self.state.parked.is_none() {
                let then = if kind.is_some_and(WaitKind::asks) { "asks again" } else { "goes on" };
                self.note("parked", format_args!("`{}` {then} afterwards", run.at.flow));
                self.state.parked = Some(Box::new(run));
            } else {
                if trigger.anytime != Anytime::Resume {
                    self.state.parked = None;
                }
                self.note("ended", format_args!("`{}`: another flow starts", run.at.flow));
            }
        }
        self.state.run = Some(Run::at(Anchor { variables: captures, ..beginning(self.live, trigger.flow) }, self.bots.number));
        self.proceed(StepId { flow: trigger.flow, step: 0 });
    }
}

/// Our id of a button: the wait, the choice, the name. At most 40 characters.
pub(super) fn button_id(visit: u32, choice: usize, name: Option<&str>) -> String {
    match name {
        Some(name) => format!("{visit}.{choice}.{}", short_name(name)),
        None => format!("{visit}.{choice}"),
    }
}

/// The wait and the choice of a button's id.
pub(super) fn button_place(id: &str) -> Option<(u32, usize)> {
    let mut parts = id.splitn(3, '.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

fn button_name(id: &str) -> Option<&str> {
    id.splitn(3, '.').nth(2)
}

impl Kind {
    /// Whether the customer wrote, pressed or sent something into the conversation.
    pub(super) fn is_message(self) -> bool {
        !matches!(self, Self::Reaction | Self::Comment)
    }
}

impl Heard {
    fn kind_heard(&self) -> Option<HeardKind<'_>> {
        Some(match self.kind {
            Kind::Image => HeardKind::Image,
            Kind::Post => HeardKind::Post,
            Kind::Video => HeardKind::Video,
            Kind::Sticker => HeardKind::Sticker,
            Kind::Emoji => HeardKind::Emoji,
            Kind::Unsupported => HeardKind::Unsupported,
            Kind::Reaction => HeardKind::Reaction((!self.text.is_empty()).then_some(self.text.as_str())),
            Kind::Text | Kind::Button | Kind::Comment => return None,
        })
    }

    /// The name of the pressed button, where some trigger waits for it.
    pub(super) fn named_press<'a>(&self, matcher: &'a Matcher) -> Option<&'a str> {
        matcher.button(self.button.as_deref().and_then(button_name)?)
    }
}

fn form(on: &On) -> &'static str {
    match on {
        On::Words(_) => "message",
        On::Exactly(_) => "exactly",
        On::Starting(_) => "starting",
        On::Like(_) => "like",
        On::Matching(_) => "matching",
        On::AnyText => "any text",
        On::Button(_) => "button",
        On::Image => "image",
        On::Ad(_) => "ad",
        On::Link(_) => "link",
        On::FirstMessage => "first message",
        On::Fallback => "fallback",
        On::Post => "post",
        On::Video => "video",
        On::Sticker => "sticker",
        On::Emoji => "emoji",
        On::Reaction(_) => "reaction",
        On::Unsupported => "unsupported",
        On::Comment(_) => "comment",
        On::Return(_) => "return",
        On::WindowClosing(_) => "window closing",
        On::RepliesLeft(_) => "replies left",
        On::Fault => "fault",
    }
}
