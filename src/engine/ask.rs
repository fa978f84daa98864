//! Questions: how they are shown, when they count as seen, what silence does.

use super::ReplyId;
use super::decide::button_id;
use super::format;
use super::state::{Stage, Stand, Wait, WaitKind};
use super::work::{Fault, Work};
use crate::bot::{Expr, Op, Place, Silence, Step, Text, Type, Value};
use crate::calendar::Moment;
use crate::channel::{Button, CardKind, Content, rules};
use crate::text;

/// A message of the customer this much older than the prompt, by TikTok's times, does not answer it.
const BEFORE_MS: i64 = 2_000;
/// So long before the window's end silence is believed at the latest: what answers it must still leave.
const ROOM_MS: i64 = 10 * 60_000;

impl<'a> Work<'a> {
    /// The step: asks and waits.
    pub(super) fn ask(&mut self, step: &'a Step) -> Result<(), Fault> {
        let kind = if matches!(step.op, Op::Choose { .. }) { WaitKind::Choose } else { WaitKind::Ask };
        let mut wait = self.new_wait(kind);
        if let Op::Ask { target, kind, .. } = &step.op {
            wait.what = name_of(target);
            if let Some(list) = computed(kind) {
                (wait.labels, wait.values) = self.compute_labels(list)?;
            }
        }
        self.rest(wait);
        self.prompt_again(step)
    }

    /// The labels of a computed type and what they stand for: a list of texts, numbers, or maps of `label` and `value`.
    fn compute_labels(&self, list: &Expr) -> Result<(Vec<String>, Vec<Value>), Fault> {
        let Some(Value::List(items)) = self.scope().value(list) else {
            return Err(Fault::new("value", "there is no list to choose from"));
        };
        let most = self.context.limits.labels_max;
        if items.is_empty() || items.len() > most {
            return Err(Fault::new("value", format!("a list to choose from has 1 to {most} items, this one {}", items.len())));
        }
        let named = |item: Value| match item {
            Value::Map(mut fields) => {
                let label = fields.remove("label")?;
                Some((self.plain(&label), fields.remove("value").unwrap_or(label)))
            }
            Value::List(_) => None,
            item => Some((self.plain(&item), item)),
        };
        let labelled: Option<Vec<(String, Value)>> = items.into_iter().map(named).collect();
        let labelled = labelled.ok_or_else(|| Fault::new("value", "an item to choose from has no `label`"))?;
        Ok(labelled.into_iter().unzip())
    }

    /// Queues the question of the present wait; its times count from when this one is settled.
    pub(super) fn prompt_again(&mut self, step: &'a Step) -> Result<(), Fault> {
        let Some(visit) = self.state.run.as_ref().and_then(|run| run.wait.as_ref()).map(|wait| wait.visit) else {
            return Ok(());
        };
        let (content, labels) = self.present(step, visit)?;
        if let Some(wait) = self.wait_mut() {
            wait.labels = labels;
        }
        self.speak_for(visit, content, step)
    }

    /// Queues what belongs to the question and starts its times anew.
    fn speak_for(&mut self, visit: u32, content: Content, step: &Step) -> Result<(), Fault> {
        if let Some(wait) = self.wait_mut() {
            wait.until = None;
            wait.nudge_at = None;
            wait.nudged = 0;
        }
        let mut draft = self.draft(content, &step.origin);
        draft.visit = Some(visit);
        draft.prompt = true;
        self.push(draft)
    }

    pub(super) fn wait_mut(&mut self) -> Option<&mut Wait> {
        self.state.run.as_mut()?.wait.as_mut()
    }

    /// The question as a card where it fits, else as text; and its labels.
    fn present(&mut self, step: &'a Step, visit: u32) -> Result<(Content, Vec<String>), Fault> {
        match &step.op {
            Op::Ask { text, kind, .. } => {
                let title = self.render_text(text)?;
                let (one, several) = match kind {
                    Type::List { of, .. } => (&**of, true),
                    kind => (kind, false),
                };
                let labels: Vec<String> = match one {
                    Type::OneOf(words) => words.iter().map(|word| word.label.clone()).collect(),
                    Type::OneOfList(_) => self.wait_mut().map(|wait| wait.labels.clone()).unwrap_or_default(),
                    Type::YesNo => format::yes_no_labels(self.language_tag()).unwrap_or_default(),
                    _ => Vec::new(),
                };
                // A press gives one answer.
                let card = if several { None } else { card(visit, &title, &labels, &[]) };
                // What may be answered is always said; yes and no are in the question itself.
                let listed = matches!(one, Type::OneOf(_) | Type::OneOfList(_));
                let content = match card {
                    Some(card) => card,
                    None if listed => Content::Text { body: numbered(&title, &labels) },
                    None => Content::Text { body: title },
                };
                Ok((content, labels))
            }
            Op::Choose { text, choices, as_text, .. } => {
                let title = self.render_text(text)?;
                let mut labels = Vec::with_capacity(choices.len());
                for choice in choices {
                    labels.push(self.render_text(&choice.label)?);
                }
                let names: Vec<Option<&str>> = choices.iter().map(|choice| choice.named.as_deref()).collect();
                let card = if *as_text { None } else { card(visit, &title, &labels, &names) };
                let content = card.unwrap_or_else(|| Content::Text { body: numbered(&title, &labels) });
                Ok((content, labels))
            }
            _ => Err(Fault::new("value", "only questions are asked")),
        }
    }

    /// Says that the answer does not fit, or asks again.
    pub(super) fn say_invalid(&mut self, step: &'a Step, text: Option<&'a Text>) -> Result<(), Fault> {
        let Some(text) = text else { return self.prompt_again(step) };
        let Some(visit) = self.wait_mut().map(|wait| wait.visit) else { return Ok(()) };
        let body = self.render_text(text)?;
        self.speak_for(visit, Content::Text { body }, step)
    }

    // --- seen or not -----------------------------------------------------------------------------------------------

    /// Whether the customer can have seen the question when writing at `at`, by TikTok's time.
    pub(super) fn seen_before(&self, wait: &Wait, at: Moment) -> bool {
        let shown = wait.open.or_else(|| {
            self.state.queue.iter().filter(|entry| entry.prompt && entry.visit == Some(wait.visit)).find_map(|entry| match entry
                .stage
            {
                Stage::Marked { begun, .. } | Stage::Unknown { begun, .. } => {
                    Some(begun.plus_ms(-self.context.skew_ms.saturating_abs()))
                }
                Stage::Waiting | Stage::Held { .. } => None,
            })
        });
        shown.is_some_and(|shown| at >= shown.plus_ms(-BEFORE_MS))
    }

    /// The question is known to be sent, or nobody knows: from now on silence counts.
    pub(super) fn open_wait(&mut self, visit: u32, reply: ReplyId, shown: Moment) {
        let now = self.now;
        let parked = self.state.parked.as_mut().and_then(|run| run.wait.as_mut());
        if let Some(wait) = parked
            && wait.visit == visit
        {
            wait.open = wait.open.or(Some(shown));
            return;
        }
        let times = self.here().and_then(|(_, step)| {
            let (within, nudges) = silence_of(&step.op)?;
            Some((within.within_ms, nudges.first().map(|(ms, _)| *ms)))
        });
        let Some(wait) = self.wait_mut() else { return };
        if wait.visit != visit {
            return;
        }
        wait.open = wait.open.or(Some(shown));
        wait.prompt = Some(reply);
        // A step that no longer exists is found out at once.
        let (within, nudge) = times.unwrap_or((0, None));
        wait.until = Some(now.plus_ms(within));
        wait.nudge_at = nudge.map(|ms| now.plus_ms(ms));
        wait.nudged = 0;
        (wait.doubted, wait.asked_until) = (false, None);
    }

    /// An echo tells TikTok's time of a prompt.
    pub(super) fn prompt_seen(&mut self, reply: ReplyId, at: Moment) {
        if let Some(wait) = self.wait_mut()
            && wait.prompt == Some(reply)
        {
            wait.open = Some(at);
        }
    }

    /// A prompt could not be sent: nobody answers a question that nobody saw.
    pub(super) fn unsent(&mut self, visit: u32, reply: ReplyId, why: &str) {
        if let Some(run) = &mut self.state.parked
            && run.wait.as_ref().is_some_and(|wait| wait.visit == visit && wait.open.is_none())
        {
            self.state.parked = None;
            self.note("unsent", format_args!("the question that waits could not be sent: {why}"));
            return;
        }
        let Some(wait) = self.wait_mut() else { return };
        if wait.visit != visit {
            return;
        }
        if let Some(shown) = wait.open {
            // The first prompt was seen; only a repetition was not.
            self.open_wait(visit, reply, shown);
            return;
        }
        let origin = self.state.run.as_ref().and_then(|run| self.origin_of(&run.at));
        self.fault(&Fault::new("unsent", format!("unsent: the question could not be sent: {why}")), origin.as_ref());
    }

    // --- silence ---------------------------------------------------------------------------------------------------

    /// Nobody was here: what looks like silence may be an answer on its way. It is waited for, but not past the moment at
    /// which an answer to the silence could no longer leave.
    pub(super) fn be_patient(&mut self, until: Moment) {
        let last = self.last_answer();
        let now = self.now;
        let later = |at: Moment, last: Moment| if at <= now { at.max(until.min(last)) } else { at };
        let mut held = false;
        if let Some(wait) = self.wait_mut()
            && matches!(wait.kind, WaitKind::Ask | WaitKind::Choose)
        {
            let before = (wait.until, wait.nudge_at);
            wait.nudge_at = wait.nudge_at.map(|at| later(at, last));
            wait.until = wait.until.map(|at| later(at, last));
            held = before != (wait.until, wait.nudge_at);
            wait.doubted |= held;
        }
        if let Stand::Asked(handed) | Stand::Taken(handed) = &mut self.state.stand {
            let before = (handed.release_at, handed.nobody_at);
            handed.release_at = later(handed.release_at, until);
            handed.nobody_at = handed.nobody_at.map(|at| later(at, until));
            held |= before != (handed.release_at, handed.nobody_at);
        }
        if held {
            self.note("patience", "nobody was here to hear an answer; silence is not believed yet");
        }
    }

    /// When an answer to a silence can still leave.
    pub(super) fn last_answer(&self) -> Moment {
        self.deadline().plus_ms(-ROOM_MS)
    }

    pub(super) fn wait_due(&mut self) {
        let now = self.now;
        let Some(wait) = self.state.run.as_ref().and_then(|run| run.wait.clone()) else { return };
        let silent = wait.until.is_some_and(|until| until <= now);
        let nudge = wait.nudge_at.is_some_and(|at| at <= now);
        if !silent && !nudge {
            return;
        }
        let Some((at, step)) = self.here() else { return self.lose() };
        match wait.kind {
            WaitKind::Time => {
                self.moved = true;
                self.note_at("time", "the wait is over", Some(&step.origin));
                self.go_on(at, at.step.saturating_add(1));
            }
            WaitKind::Fetch | WaitKind::Script => self.call_given_up(wait.kind),
            WaitKind::Image => {
                self.note_at("image", "TikTok did not say in time whether images may be sent here", Some(&step.origin));
                self.again(true);
            }
            WaitKind::Ask | WaitKind::Choose => {
                let Some((within, nudges)) = silence_of(&step.op) else { return self.lose() };
                if self.looks_before_believing() {
                    return;
                }
                if silent {
                    self.moved = true;
                    self.note_at("silence", "no answer within the time", Some(&step.origin));
                    self.go_on(at, within.target);
                } else {
                    self.ways.push((at, at));
                    self.nudge(&wait, step, *within, nudges);
                }
            }
        }
    }

    fn nudge(&mut self, wait: &Wait, step: &'a Step, within: Silence, nudges: &'a [(i64, Text)]) {
        let at = usize::try_from(wait.nudged).unwrap_or(usize::MAX);
        let following = at.checked_add(1).and_then(|at| nudges.get(at)).map(|(ms, _)| *ms);
        let began = wait.until.map_or(self.now, |until| until.plus_ms(within.within_ms.saturating_neg()));
        if let Some(wait) = self.wait_mut() {
            wait.nudged = wait.nudged.saturating_add(1);
            wait.nudge_at = following.map(|ms| began.plus_ms(ms));
        }
        let Some((_, text)) = nudges.get(at) else { return };
        self.note_at("nudge", "no answer yet", Some(&step.origin));
        let said = self.render_text(text).and_then(|body| {
            let mut draft = self.draft(Content::Text { body }, &step.origin);
            draft.visit = Some(wait.visit);
            self.push(draft)
        });
        if let Err(fault) = said {
            self.fault(&fault, Some(&step.origin));
        }
    }
}

/// What is asked for, for people.
pub(super) fn name_of(target: &Place) -> String {
    match target {
        Place::Variable(name) => name.clone(),
        Place::Contact(name) => ["contact.", name].concat(),
        _ => String::new(),
    }
}

/// The list that a closed type is computed from, or the type of the items of a list.
pub(super) fn computed(kind: &Type) -> Option<&Expr> {
    match kind {
        Type::OneOfList(list) => Some(list),
        Type::List { of, .. } => computed(of),
        _ => None,
    }
}

/// What an asking step says of silence.
fn silence_of(op: &Op) -> Option<(&Silence, &[(i64, Text)])> {
    match op {
        Op::Ask { within, nudges, .. } | Op::Choose { within, nudges, .. } => Some((within, nudges)),
        _ => None,
    }
}

/// The card that fits title and labels; `None` where none does.
fn card(visit: u32, title: &str, labels: &[String], names: &[Option<&str>]) -> Option<Content> {
    if labels.is_empty() || labels.len() > rules::CARD_BUTTONS.most() || title.trim().is_empty() {
        return None;
    }
    let longest = labels.iter().map(|label| text::units(label)).max()?;
    if text::units(title) > rules::CARD_TITLE.most() || labels.iter().any(|label| label.trim().is_empty()) {
        return None;
    }
    let card = if longest <= rules::BUTTON_TITLE.most() {
        CardKind::Button
    } else if longest <= rules::LINK_TITLE.most() {
        CardKind::Link
    } else {
        return None;
    };
    let buttons = labels
        .iter()
        .enumerate()
        .map(|(index, label)| Button { id: button_id(visit, index, names.get(index).copied().flatten()), title: label.clone() });
    Some(Content::Card { card, title: title.to_owned(), buttons: buttons.collect() })
}

fn numbered(title: &str, labels: &[String]) -> String {
    let mut body = title.to_owned();
    for (index, label) in labels.iter().enumerate() {
        body.push_str(&format!("\n{}. {label}", index.saturating_add(1)));
    }
    body
}
