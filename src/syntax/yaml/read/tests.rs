//! Tests: conversations written down.

use crate::syntax::codes;
use crate::syntax::tree::{BotAct, ColleagueAct, CustomerAct, Expectation, Item, Name, TestItem, TestLine, TestLineKind};

use super::super::nodes::{Kind, Node};
use super::super::table::Shape;
use super::super::table::lines::{BARE, BOT_ACT, COLLEAGUE_ACT, CUSTOMER_ACT, EXPECTED, LINES};
use super::{Fields, Form, Yaml, dotted, listed};

impl Yaml<'_> {
    pub(super) fn test(&mut self, fields: &Fields<'_>) -> Option<Item> {
        let name = self.plain(fields.get("test", Form::Plain)?);
        let lines = fields.get("lines", Form::Lines).map(|node| self.list(node, "`lines`")).unwrap_or_default();
        let lines = lines
            .iter()
            .map(|node| TestLine { kind: self.line(node).unwrap_or(TestLineKind::Broken), span: node.span(self.file) });
        let lines = lines.collect();
        Some(Item::Test(TestItem { name: name?, lines, span: fields.span }))
    }

    fn line(&mut self, node: &Node) -> Option<TestLineKind> {
        let Kind::Map { entries, .. } = &node.kind else {
            self.word(node, BARE)?;
            return Some(TestLineKind::GivenCongestion);
        };
        let shape = self.named(entries, LINES, node, "a line")?;
        let fields = self.fields(node, shape)?;
        let first = fields.get(shape.first(), shape.keys.first()?.form)?;
        Some(match shape.first() {
            "given_now" => {
                let value = self.value(first, "a date and a time")?;
                let (date, time) = self.reader.piece_moment(value)?;
                TestLineKind::GivenNow(date, time)
            }
            "given_fetch" => self.given_fetch(shape, first, &fields)?,
            "given_run" => {
                let function = self.function(first);
                let value = fields.get("is", Form::Expression).map(|node| self.expression(node));
                let (script, function) = function?;
                TestLineKind::GivenRun { script, function, value: value? }
            }
            "given_images" => TestLineKind::GivenImages(self.word(first, &["allowed", "refused"])?.text == "allowed"),
            "given" => {
                let target = self.target(first);
                let value = fields.get("is", Form::Expression).map(|node| self.expression(node));
                TestLineKind::GivenValue { target: target?, value: value? }
            }
            "customer" => TestLineKind::Customer(self.customer(first)?),
            "bot" => TestLineKind::Bot(self.bot_act(first)?),
            "after" => TestLineKind::After(self.duration(first)?),
            "colleague" => TestLineKind::Colleague(self.colleague(first)?),
            _ => TestLineKind::Expect(self.expected(first)?),
        })
    }

    fn given_fetch(&mut self, shape: &'static Shape, first: &Node, fields: &Fields<'_>) -> Option<TestLineKind> {
        let Form::Word(methods) = shape.keys.first()?.form else { return None };
        let method = self.word(first, methods).map(|word| crate::syntax::tree::Spanned { value: word.text, span: word.span });
        let url = fields.get("url", Form::Plain).and_then(|node| self.plain(node));
        let node = fields.get("status", shape.key("status")?.form)?;
        let timeout = node.scalar().is_some_and(|scalar| scalar.text == "timeout");
        let status = if timeout { None } else { Some(self.count(node)?) };
        let body = fields.get("body", Form::Values).map(|node| self.values(node));
        Some(TestLineKind::GivenFetch { method: method?, url: url?, status, body })
    }

    /// The one key of a map that has one, or one and `beside`.
    fn act<'n>(
        &mut self,
        node: &'n Node,
        shape: &'static Shape,
        beside: &[&str],
    ) -> Option<(&'static str, &'n Node, Fields<'n>)> {
        let fields = self.fields(node, shape)?;
        let mut main = fields.entries.iter().filter(|(key, ..)| !beside.contains(&key.name));
        let found = main.next().map(|(key, _, value)| (key.name, *value));
        if main.next().is_some() || found.is_none() {
            let names: Vec<&str> = shape.keys.iter().map(|key| key.name).filter(|name| !beside.contains(name)).collect();
            let message = format!("{} is said by one key", shape.noun);
            self.error(codes::YAML_SHAPE, self.head(node), message, format!("it has exactly one of {}", listed(&names)));
            return None;
        }
        found.map(|(name, value)| (name, value, fields))
    }

    fn customer(&mut self, node: &Node) -> Option<CustomerAct> {
        if !matches!(node.kind, Kind::Map { .. }) {
            return self.plain(node).map(CustomerAct::Text);
        }
        let (name, value, fields) = self.act(node, &CUSTOMER_ACT, &["text"])?;
        let words = fields.get("text", Form::Plain).and_then(|node| self.plain(node));
        if words.is_none() != !matches!(name, "ad" | "link") {
            let help = "`text` stands beside `ad` and `link`, and beside them it is needed";
            self.error(codes::YAML_SHAPE, self.head(node), format!("`{name}` and `text` do not fit"), help);
            return None;
        }
        Some(match (name, words) {
            ("ad", Some(words)) => CustomerAct::Ad(self.plain(value)?, words),
            ("link", Some(words)) => CustomerAct::Link(self.plain(value)?, words),
            ("button", _) => CustomerAct::Button(self.plain(value)?),
            ("reaction", _) => CustomerAct::Reaction(self.plain(value)?),
            ("comment", _) => CustomerAct::Comment(self.plain(value)?),
            _ => {
                let Form::Word(words) = CUSTOMER_ACT.key("sends")?.form else { return None };
                match self.word(value, words)?.text.as_str() {
                    "image" => CustomerAct::Image,
                    "post" => CustomerAct::Post,
                    "video" => CustomerAct::Video,
                    "sticker" => CustomerAct::Sticker,
                    "emoji" => CustomerAct::Emoji,
                    _ => CustomerAct::Unsupported,
                }
            }
        })
    }

    fn bot_act(&mut self, node: &Node) -> Option<BotAct> {
        if !matches!(node.kind, Kind::Map { .. }) {
            return self.plain(node).map(BotAct::Text);
        }
        let (name, value, fields) = self.act(node, &BOT_ACT, &["labels"])?;
        let labels = fields.get("labels", Form::Plains).map(|node| self.plains(node));
        if labels.is_some() && name != "choose" {
            let help = "labels belong to `choose`";
            self.error(codes::YAML_SHAPE, fields.whole("labels"), format!("`{name}` has no labels"), help);
        }
        Some(match name {
            "matching" => {
                let value = self.value(value, "a pattern")?;
                BotAct::Matching(self.reader.piece_regex(value)?)
            }
            "choose" => BotAct::Choose(self.plain(value)?, labels),
            "image" => BotAct::Image(Some(self.plain(value)?)),
            "post" => BotAct::Post(Some(self.plain(value)?)),
            _ => {
                let Form::Word(words) = BOT_ACT.key("sends")?.form else { return None };
                match self.word(value, words)?.text.as_str() {
                    "image" => BotAct::Image(None),
                    "post" => BotAct::Post(None),
                    "typing" => BotAct::Typing,
                    "seen" => BotAct::Seen,
                    _ => BotAct::Nothing,
                }
            }
        })
    }

    fn colleague(&mut self, node: &Node) -> Option<ColleagueAct> {
        if !matches!(node.kind, Kind::Map { .. }) {
            return self.plain(node).map(ColleagueAct::Says);
        }
        let fields = self.fields(node, &COLLEAGUE_ACT)?;
        let form = COLLEAGUE_ACT.key("does")?.form;
        let Form::Word(words) = form else { return None };
        let word = self.word(fields.get("does", form)?, words)?;
        Some(if word.text == "releases" { ColleagueAct::Releases } else { ColleagueAct::TakesOver })
    }

    fn expected(&mut self, node: &Node) -> Option<Expectation> {
        if !matches!(node.kind, Kind::Map { .. }) {
            return Some(Expectation::Holds(self.expression(node)));
        }
        let (name, value, _) = self.act(node, &EXPECTED, &[])?;
        Some(match name {
            "replies_left" => Expectation::RepliesLeft(self.count(value)?),
            "window_left" => Expectation::WindowLeft(self.duration(value)?),
            "waiting_for" => {
                let names = self.target(value)?;
                Expectation::WaitingFor(Name { text: dotted(&names), span: value.span(self.file) })
            }
            "handed_over_to" => Expectation::HandedOver(Some(self.name(value)?)),
            "goal" => Expectation::Goal(self.plain(value)?),
            "tag" => Expectation::Tag(self.plain(value)?),
            "emitted" => Expectation::Emitted(self.plain(value)?),
            _ => match self.word(value, &["stopped", "handed_over"])?.text.as_str() {
                "stopped" => Expectation::Stopped,
                _ => Expectation::HandedOver(None),
            },
        })
    }
}
