//! Tests: conversations written down.

use crate::syntax::codes;
use crate::syntax::explain::Place;
use crate::syntax::grammar::{Pair, Rule};
use crate::syntax::tree::{BotAct, ColleagueAct, CustomerAct, Expectation, Name, Spanned, TestItem, TestLine, TestLineKind};

use super::{Reader, child};

impl Reader<'_> {
    pub(super) fn test(&mut self, pair: &Pair<'_>) -> TestItem {
        let mut name = self.spanned(pair, String::new());
        let mut lines = Vec::new();
        for inner in pair.clone().into_inner() {
            match inner.as_rule() {
                Rule::template => name = self.plain(&inner),
                Rule::odd_gap => self.gap(&inner),
                Rule::test_line => {
                    let kind = inner.clone().into_inner().next().and_then(|line| self.test_line(&line));
                    lines.push(TestLine { kind: kind.unwrap_or(TestLineKind::Broken), span: self.span(&inner) });
                }
                Rule::broken => {
                    lines.push(TestLine { kind: TestLineKind::Broken, span: self.broken(&inner, Place::TestLine) });
                }
                _ => {}
            }
        }
        TestItem { name, lines, span: self.span(pair) }
    }

    fn test_line(&mut self, pair: &Pair<'_>) -> Option<TestLineKind> {
        Some(match pair.as_rule() {
            Rule::after_line => TestLineKind::After(self.duration(&child(pair, Rule::duration)?)),
            rule => {
                let part = pair.clone().into_inner().nth(1)?;
                match rule {
                    Rule::given_line => self.given_line(&part)?,
                    Rule::customer => TestLineKind::Customer(self.customer(&part)?),
                    Rule::bot_line => TestLineKind::Bot(self.bot_line(&part)?),
                    Rule::expect => TestLineKind::Expect(self.expectation(&part)?),
                    _ => TestLineKind::Colleague(match part.as_rule() {
                        Rule::template => ColleagueAct::Says(self.plain(&part)),
                        Rule::k_takes => ColleagueAct::TakesOver,
                        _ => ColleagueAct::Releases,
                    }),
                }
            }
        })
    }

    fn given_line(&mut self, pair: &Pair<'_>) -> Option<TestLineKind> {
        let value = child(pair, Rule::value);
        Some(match pair.as_rule() {
            Rule::given_now => TestLineKind::GivenNow(self.date(&child(pair, Rule::date)?), self.time(&child(pair, Rule::time)?)),
            Rule::given_congestion => TestLineKind::GivenCongestion,
            Rule::given_images => TestLineKind::GivenImages(child(pair, Rule::k_allowed).is_some()),
            Rule::given_fetch => TestLineKind::GivenFetch {
                method: self.method(&child(pair, Rule::method)?),
                url: self.plain(&child(pair, Rule::template)?),
                status: child(pair, Rule::integer).map(|status| self.status(&status)),
                body: value.map(|body| self.value(&body)),
            },
            _ => {
                let mut target = self.target(&child(pair, Rule::target)?);
                let value = self.value(&value?);
                if child(pair, Rule::t_equals).is_some() {
                    return Some(TestLineKind::GivenValue { target, value });
                }
                let (Some(function), Some(script), true) = (target.pop(), target.pop(), target.is_empty()) else {
                    let help = "such as `given shop.lead_score -> 5`, or `given contact.size = \"M\"` for a value";
                    let message = "a script has one name, and its function another";
                    self.error(codes::EXPECTED, self.span(pair), message, help);
                    return None;
                };
                TestLineKind::GivenRun { script, function, value }
            }
        })
    }

    fn customer(&mut self, pair: &Pair<'_>) -> Option<CustomerAct> {
        if pair.as_rule() == Rule::template {
            return Some(CustomerAct::Text(self.plain(pair)));
        }
        let mut parts = pair.clone().into_inner();
        let word = parts.next()?.as_rule();
        let mut texts = parts.map(|text| self.plain(&text));
        Some(match word {
            Rule::k_button => CustomerAct::Button(texts.next()?),
            Rule::k_reaction => CustomerAct::Reaction(texts.next()?),
            Rule::k_comment => CustomerAct::Comment(texts.next()?),
            Rule::k_ad => CustomerAct::Ad(texts.next()?, texts.next()?),
            Rule::k_link => CustomerAct::Link(texts.next()?, texts.next()?),
            Rule::k_image => CustomerAct::Image,
            Rule::k_post => CustomerAct::Post,
            Rule::k_video => CustomerAct::Video,
            Rule::k_sticker => CustomerAct::Sticker,
            Rule::k_emoji => CustomerAct::Emoji,
            _ => CustomerAct::Unsupported,
        })
    }

    fn bot_line(&mut self, pair: &Pair<'_>) -> Option<BotAct> {
        let text = child(pair, Rule::template);
        Some(match pair.as_rule() {
            Rule::template => BotAct::Text(self.plain(pair)),
            Rule::bot_matching => BotAct::Matching(self.regex(&child(pair, Rule::regex)?)),
            Rule::bot_choose => {
                let title = self.plain(&text?);
                let labels = child(pair, Rule::bot_labels).map(|labels| self.labels(&labels));
                BotAct::Choose(title, labels)
            }
            Rule::bot_image => BotAct::Image(text.map(|file| self.plain(&file))),
            Rule::bot_post => BotAct::Post(text.map(|id| self.plain(&id))),
            Rule::k_typing => BotAct::Typing,
            Rule::k_seen => BotAct::Seen,
            _ => BotAct::Nothing,
        })
    }

    fn labels(&mut self, pair: &Pair<'_>) -> Vec<Spanned<String>> {
        let mut labels = Vec::new();
        for inner in pair.clone().into_inner() {
            match inner.as_rule() {
                Rule::template => labels.push(self.plain(&inner)),
                Rule::broken_label => {
                    self.broken(&inner, Place::Label);
                }
                _ => {}
            }
        }
        labels
    }

    fn expectation(&mut self, pair: &Pair<'_>) -> Option<Expectation> {
        Some(match pair.as_rule() {
            Rule::expect_replies => Expectation::RepliesLeft(self.integer(&child(pair, Rule::integer)?)),
            Rule::expect_window => Expectation::WindowLeft(self.duration(&child(pair, Rule::duration)?)),
            Rule::expect_waiting => {
                let target = child(pair, Rule::target)?;
                let parts: Vec<String> = self.target(&target).into_iter().map(|name| name.text).collect();
                Expectation::WaitingFor(Name { text: parts.join("."), span: self.span(&target) })
            }
            Rule::expect_stopped => Expectation::Stopped,
            Rule::expect_handed => Expectation::HandedOver(child(pair, Rule::name).map(|name| self.name(&name))),
            Rule::expect_text => {
                let text = self.plain(&child(pair, Rule::template)?);
                match pair.clone().into_inner().next()?.as_rule() {
                    Rule::k_goal => Expectation::Goal(text),
                    Rule::k_tag => Expectation::Tag(text),
                    _ => Expectation::Emitted(text),
                }
            }
            _ => Expectation::Holds(self.value(pair)),
        })
    }
}
