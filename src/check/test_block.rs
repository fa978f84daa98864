//! Conversations that authors wrote down as tests: what they name must be there.

use std::collections::{BTreeMap, BTreeSet};

use super::expression::{Scope, Variables};
use super::lower::{Lowered, method};
use super::shape::Shape;
use super::world::World;
use super::{code, kind, regexes, suggest};
use crate::bot::{self, BotAct, ColleagueAct, CustomerAct, Expectation, Hook, Op, Place, Test, TestStep, Value};
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::syntax::tree::{self, Expr, Name, Spanned, TestItem, TestLineKind};

/// Checks the tests of all files, in their order.
pub(super) fn lower(world: &World<'_>, flows: &[Lowered]) -> Vec<Test> {
    if world.tests.is_empty() {
        return Vec::new();
    }
    let said = Said::collect(world, flows);
    let scope = Scope::new(world, all_variables(world, flows));
    let writer = Writer { world, said, scope };
    let mut seen = BTreeMap::new();
    let mut list = Vec::new();
    for item in &world.tests {
        if let Some(first) = seen.insert(item.name.value.as_str(), item.name.span) {
            let finding = Diagnostic::error(code::DEFINED_TWICE, item.name.span, format!("`{}` is there twice", item.name.value));
            world.findings.add(finding.also(first, "the first one").help("give each test its own name"));
        }
        list.push(writer.test(item));
    }
    list
}

/// A test looks at one conversation, which may be in any flow.
fn all_variables(world: &World<'_>, flows: &[Lowered]) -> Variables {
    if !world.lost.is_empty() || world.has_broken_steps {
        return Variables::Unknown;
    }
    let mut all: BTreeMap<String, Shape> = BTreeMap::new();
    for (name, shape) in flows.iter().flat_map(|flow| &flow.shapes) {
        match all.get_mut(name) {
            Some(known) if known == shape => {}
            Some(known) => *known = std::mem::replace(known, Shape::Never).join(shape.clone()),
            None => {
                all.insert(name.clone(), shape.clone());
            }
        }
    }
    Variables::Some(all)
}

/// What the bot's steps name.
#[derive(Default)]
struct Said<'l> {
    goals: BTreeSet<&'l str>,
    tags: BTreeSet<&'l str>,
    events: BTreeSet<&'l str>,
    /// Names of questions: `order`, `contact.city`, `choose`.
    questions: BTreeSet<String>,
    functions: BTreeSet<String>,
    /// Folded labels that have no holes; `None` where some label is computed.
    labels: Option<BTreeSet<String>>,
}

impl<'l> Said<'l> {
    fn collect(world: &World<'_>, flows: &'l [Lowered]) -> Self {
        let mut said = Self { labels: Some(BTreeSet::new()), ..Self::default() };
        for step in flows.iter().flat_map(|flow| &flow.steps) {
            match &step.op {
                Op::Goal(name) => {
                    said.goals.insert(name);
                }
                Op::Tag { name, .. } => {
                    said.tags.insert(name);
                }
                Op::Emit { event, .. } => {
                    said.events.insert(event);
                }
                Op::Run { script, function, .. } => {
                    said.functions.insert(format!("{script}.{function}"));
                }
                Op::Ask { target, kind, .. } => said.ask(target, kind),
                Op::Choose { choices, .. } => {
                    said.questions.insert("choose".to_owned());
                    choices.iter().for_each(|choice| said.label(&choice.label));
                }
                _ => {}
            }
        }
        if !world.lost.is_empty() || world.has_broken_steps {
            said.labels = None;
        }
        said
    }

    fn ask(&mut self, target: &Place, kind: &bot::Type) {
        match target {
            Place::Variable(name) => self.questions.insert(name.clone()),
            Place::Contact(name) => self.questions.insert(format!("contact.{name}")),
            _ => false,
        };
        match kind {
            bot::Type::OneOf(words) => {
                if let Some(labels) = &mut self.labels {
                    labels.extend(words.iter().map(|word| crate::text::fold(&word.label)));
                }
            }
            // Their labels are computed, or the language's.
            bot::Type::OneOfList(_) | bot::Type::YesNo => self.labels = None,
            _ => {}
        }
    }

    fn label(&mut self, label: &bot::Text) {
        for template in label.by_language.iter().flatten() {
            let text: Option<String> = template
                .pieces
                .iter()
                .map(|piece| match piece {
                    bot::Piece::Literal(text) => Some(text.as_str()),
                    bot::Piece::Hole(_) => None,
                })
                .collect();
            match (text, &mut self.labels) {
                (Some(text), Some(labels)) => {
                    labels.insert(crate::text::fold(&text));
                }
                _ => self.labels = None,
            }
        }
    }
}

struct Writer<'w, 'a, 'l> {
    world: &'w World<'a>,
    said: Said<'l>,
    scope: Scope<'w, 'a>,
}

impl Writer<'_, '_, '_> {
    fn report(&self, finding: Diagnostic) {
        self.world.findings.add(finding);
    }

    fn test(&self, item: &TestItem) -> Test {
        let origin = |span| super::origin(self.world.sources, span);
        let lines = item.lines.iter().filter_map(|line| {
            let step = self.line(&line.kind, line.span)?;
            Some(bot::TestLine { step, origin: origin(line.span) })
        });
        Test { name: item.name.value.clone(), lines: lines.collect(), origin: origin(item.span) }
    }

    fn line(&self, kind: &TestLineKind, span: Span) -> Option<TestStep> {
        Some(match kind {
            TestLineKind::GivenNow(date, time) => TestStep::GivenNow(date.value, time.value),
            TestLineKind::GivenFetch { method, url, status, body } => {
                self.given_fetch(method, url, status.as_ref(), body.as_ref())?
            }
            TestLineKind::GivenValue { target, value } => self.given_value(target, value, span)?,
            TestLineKind::GivenRun { script, function, value } => {
                let name = format!("{}.{}", script.text, function.text);
                self.known(&name, script.span.to(function.span), "call of", self.said.functions.iter().map(String::as_str));
                let (script, function) = (script.text.clone(), function.text.clone());
                TestStep::GivenRun { script, function, value: self.constant(value)? }
            }
            TestLineKind::GivenCongestion => TestStep::GivenCongestion,
            TestLineKind::GivenImages(allowed) => TestStep::GivenImages(*allowed),
            TestLineKind::Customer(act) => TestStep::Customer(self.customer(act)),
            TestLineKind::Bot(act) => TestStep::Bot(self.bot(act)?),
            TestLineKind::After(ms) => {
                if ms.value <= 0 {
                    self.report(Diagnostic::error(code::OUT_OF_RANGE, ms.span, "`after` takes a duration above zero"));
                }
                TestStep::After(ms.value)
            }
            TestLineKind::Colleague(act) => TestStep::Colleague(match act {
                tree::ColleagueAct::Says(text) => ColleagueAct::Says(text.value.clone()),
                tree::ColleagueAct::TakesOver => ColleagueAct::TakesOver,
                tree::ColleagueAct::Releases => ColleagueAct::Releases,
            }),
            TestLineKind::Expect(expectation) => TestStep::Expect(self.expect(expectation)),
            TestLineKind::Broken => return None,
        })
    }

    fn given_fetch(
        &self,
        word: &Spanned<String>,
        url: &Spanned<String>,
        status: Option<&Spanned<u32>>,
        body: Option<&Expr>,
    ) -> Option<TestStep> {
        let body = match body {
            Some(body) => Some(self.constant(body)?),
            None => None,
        };
        let answer = match status {
            None => None,
            Some(status) => {
                let code = u16::try_from(status.value).ok().filter(|code| (100..=599).contains(code));
                if code.is_none() {
                    self.report(
                        Diagnostic::error(code::STATUS, status.span, "no system answers so")
                            .help("write a number from 100 to 599"),
                    );
                }
                Some((code?, body))
            }
        };
        Some(TestStep::GivenFetch { method: method(&word.value), url: url.value.clone(), answer })
    }

    fn given_value(&self, target: &[Name], value: &Expr, span: Span) -> Option<TestStep> {
        let typed = self.scope.expr(value);
        let done = self.constant(value)?;
        let place = match target {
            [root, name] if root.text == "contact" => {
                let field = self.world.field(name)?;
                if let Some(kind) = &field.kind {
                    self.scope.fits(kind, &typed, "this field");
                }
                field.place()
            }
            [root, name] if root.text == "conversation" && name.text == "language" => {
                if let Value::Text(tag) = &done
                    && !self.world.languages.contains(tag)
                {
                    self.scope.unknown_language(&Spanned { value: tag.clone(), span: value.span });
                }
                Place::Language
            }
            _ => {
                let finding = Diagnostic::error(code::CANNOT_BE_SET, span, "this cannot be given to a test");
                self.report(finding.help("`contact.…` and `conversation.language` can"));
                return None;
            }
        };
        Some(TestStep::GivenValue { target: place, value: done })
    }

    fn constant(&self, expr: &Expr) -> Option<Value> {
        let value = kind::constant(expr);
        if value.is_none() && !matches!(expr.kind, tree::ExprKind::Broken) {
            let finding = Diagnostic::error(code::NOT_CONSTANT, expr.span, "what a test gives is fixed");
            self.report(finding.help("write the value out"));
        }
        value
    }

    fn customer(&self, act: &tree::CustomerAct) -> CustomerAct {
        use tree::CustomerAct as Act;
        match act {
            Act::Text(text) => CustomerAct::Text(text.value.clone()),
            Act::Button(label) => {
                self.known_label(label);
                CustomerAct::Button(label.value.clone())
            }
            Act::Image => CustomerAct::Image,
            Act::Post => CustomerAct::Post,
            Act::Video => CustomerAct::Video,
            Act::Sticker => CustomerAct::Sticker,
            Act::Emoji => CustomerAct::Emoji,
            Act::Unsupported => CustomerAct::Unsupported,
            Act::Reaction(emoji) => CustomerAct::Reaction(emoji.value.clone()),
            Act::Comment(text) => CustomerAct::Comment(text.value.clone()),
            Act::Ad(id, text) => CustomerAct::Ad { id: id.value.clone(), text: text.value.clone() },
            Act::Link(reference, text) => CustomerAct::Link { reference: reference.value.clone(), text: text.value.clone() },
        }
    }

    fn bot(&self, act: &tree::BotAct) -> Option<BotAct> {
        use tree::BotAct as Act;
        Some(match act {
            Act::Text(text) => BotAct::Text(text.value.clone()),
            Act::Matching(regex) => BotAct::Matching(regexes::compile(regex, &self.world.findings)?),
            Act::Choose(title, labels) => {
                labels.iter().flatten().for_each(|label| self.known_label(label));
                let labels = labels.as_ref().map(|labels| labels.iter().map(|label| label.value.clone()).collect());
                BotAct::Choose { title: title.value.clone(), labels }
            }
            Act::Image(file) => {
                if let Some(file) = file.as_ref().filter(|file| !self.world.assets.usable().contains_key(&file.value)) {
                    let message = format!("there is no image `{}`", file.value);
                    let mut finding = Diagnostic::error(code::NO_SUCH_IMAGE, file.span, message);
                    finding.help = suggest::nearest(&file.value, self.world.assets.usable().keys().map(String::as_str))
                        .map(|near| format!("did you mean `{near}`?"));
                    self.report(finding);
                }
                BotAct::Image(file.as_ref().map(|file| file.value.clone()))
            }
            Act::Post(item) => BotAct::Post(item.as_ref().map(|item| item.value.clone())),
            Act::Typing => BotAct::Typing,
            Act::Seen => BotAct::Seen,
            Act::Nothing => BotAct::Nothing,
        })
    }

    fn expect(&self, expectation: &tree::Expectation) -> Expectation {
        use tree::Expectation as Wanted;
        match expectation {
            Wanted::RepliesLeft(count) => Expectation::RepliesLeft(count.value),
            Wanted::WindowLeft(ms) => Expectation::WindowLeft(ms.value),
            Wanted::WaitingFor(name) => {
                let known = self.said.questions.iter().map(String::as_str);
                self.known(&name.text, name.span, "question for", known);
                Expectation::WaitingFor(name.text.clone())
            }
            Wanted::Stopped => Expectation::Stopped,
            Wanted::HandedOver(team) => {
                if let Some(team) = team {
                    // Reports a team that is not there.
                    let _ = self.world.team_index(team);
                }
                Expectation::HandedOver(team.as_ref().map(|team| team.text.clone()))
            }
            Wanted::Goal(name) => {
                self.known(&name.value, name.span, "goal", self.said.goals.iter().copied());
                Expectation::Goal(name.value.clone())
            }
            Wanted::Tag(name) => {
                // A script's may have any name.
                let scripts = self.world.assets.scripts();
                if Hook::ALL.into_iter().all(|hook| scripts.hook(hook).is_none()) {
                    self.known(&name.value, name.span, "tag", self.said.tags.iter().copied());
                }
                Expectation::Tag(name.value.clone())
            }
            Wanted::Emitted(name) => {
                self.known(&name.value, name.span, "event", self.said.events.iter().copied());
                Expectation::Emitted(name.value.clone())
            }
            Wanted::Holds(condition) => {
                let written = self.world.sources.text(condition.span).trim().to_owned();
                Expectation::Holds(self.scope.condition(condition), written)
            }
        }
    }

    /// Reports what no step of the bot names.
    fn known<'k>(&self, name: &str, span: Span, what: &str, known: impl Iterator<Item = &'k str> + Clone) {
        if known.clone().any(|one| one == name) || !self.world.lost.is_empty() || self.world.has_broken_steps {
            return;
        }
        let mut finding = Diagnostic::error(code::UNKNOWN_IN_TEST, span, format!("no step has the {what} `{name}`"));
        finding.help = suggest::help(name, known);
        self.report(finding);
    }

    fn known_label(&self, label: &Spanned<String>) {
        let Some(labels) = &self.said.labels else { return };
        if labels.contains(&crate::text::fold(&label.value)) {
            return;
        }
        let message = format!("no step has the label `{}`", label.value);
        let mut finding = Diagnostic::error(code::UNKNOWN_IN_TEST, label.span, message);
        finding.help = suggest::help(&label.value, labels.iter().map(String::as_str));
        self.report(finding);
    }
}
