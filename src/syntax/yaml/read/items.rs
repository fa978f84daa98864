//! Every item but flows and tests.

use crate::syntax::codes;
use crate::syntax::tree::{
    BotItem, ContactItem, Field, HoursItem, HoursRow, Item, Phrase, Setting, SettingKind, TeamItem, Template, Text, TextsItem,
    WordsItem,
};

use super::super::nodes::{Kind, Node};
use super::super::table::{BOT, DEFAULTS, FIELD, GATHER, OPT, SAME_REPLY};
use super::{Fields, Form, Shape, Yaml};

impl Yaml<'_> {
    pub(super) fn bot(&mut self, fields: &Fields<'_>) -> Option<Item> {
        let name = self.plain(fields.get("bot", Form::Plain)?)?;
        let mut settings = Vec::new();
        for key in BOT.keys.iter().skip(1) {
            let Some(node) = fields.get(key.name, key.form) else { continue };
            if let Form::Shapes(shape) = key.form {
                let nodes = self.list(node, &format!("`{}`", key.name));
                settings.extend(nodes.iter().map(|node| self.shown(shape, node)));
                continue;
            }
            let kind = self.setting(key.name, key.form, node).unwrap_or(SettingKind::Broken);
            settings.push(Setting { kind, span: fields.whole(key.name) });
        }
        settings.sort_by_key(|setting| setting.span.start);
        Some(Item::Bot(BotItem { name, settings, span: fields.span }))
    }

    fn setting(&mut self, name: &str, form: Form, node: &Node) -> Option<SettingKind> {
        Some(match (name, form) {
            ("languages", _) => {
                let mut tags = Vec::new();
                for node in self.one_or_list(node) {
                    if let Some(value) = self.value(node, "a language") {
                        tags.extend(self.reader.piece_tag(value));
                    }
                }
                SettingKind::Languages(tags)
            }
            ("timezone", _) => SettingKind::Timezone(self.plain(node)?),
            ("reserve", _) => SettingKind::Reserve(self.count(node)?),
            ("short_budget", Form::Word(words)) => SettingKind::OnShortBudget(self.word(node, words)?),
            ("numerals", Form::Word(words)) => SettingKind::Numerals(self.word(node, words)?),
            ("tiktok_answers", Form::Word(words)) => SettingKind::WhenTiktokAnswers(self.word(node, words)?),
            ("keep", _) => SettingKind::Keep(self.duration(node)?),
            ("release_after", _) => SettingKind::ReleaseAfter(self.duration(node)?),
            ("spread", _) => SettingKind::Spread(self.duration(node)?),
            ("welcome", _) => SettingKind::Welcome(self.fixed(node)?),
            ("gather", _) => {
                let fields = self.fields(node, &GATHER)?;
                let quiet = self.duration(fields.get("quiet", Form::Duration)?);
                let most = self.duration(fields.get("at_most", Form::Duration)?);
                SettingKind::Gather { quiet_ms: quiet?, most_ms: most? }
            }
            ("same_reply", _) => {
                let fields = self.fields(node, &SAME_REPLY)?;
                let times = self.count(fields.get("times", Form::Count)?);
                let within = self.duration(fields.get("within", Form::Duration)?);
                SettingKind::SameReply { times: times?, within_ms: within? }
            }
            ("opt_out", _) => {
                let (phrases, say) = self.opt(node)?;
                SettingKind::OptOut { phrases, say }
            }
            ("opt_in", _) => {
                let (phrases, say) = self.opt(node)?;
                SettingKind::OptIn { phrases, say }
            }
            ("defaults", _) => {
                let fields = self.fields(node, &DEFAULTS)?;
                SettingKind::Defaults(self.clauses(&fields))
            }
            ("fetch_from", _) => SettingKind::FetchFrom(self.plains(node)),
            ("secrets", _) => SettingKind::Secret(self.names(node)),
            _ => return None,
        })
    }

    /// What TikTok shows to everybody: two texts that belong together.
    fn shown(&mut self, shape: &'static Shape, node: &Node) -> Setting {
        let kind = self.two_texts(shape, node).map(|(first, second)| match shape.first() {
            "question" => SettingKind::Suggest { question: first, answer: second },
            _ => SettingKind::Prompt { title: first, content: second },
        });
        Setting { kind: kind.unwrap_or(SettingKind::Broken), span: node.span(self.file) }
    }

    fn two_texts(&mut self, shape: &'static Shape, node: &Node) -> Option<(Template, Template)> {
        let fields = self.fields(node, shape)?;
        let mut keys = shape.keys.iter().map(|key| fields.get(key.name, key.form));
        let (first, second) = (keys.next().flatten(), keys.next().flatten());
        let (first, second) = (first.and_then(|node| self.fixed(node)), second.and_then(|node| self.fixed(node)));
        first.zip(second)
    }

    fn opt(&mut self, node: &Node) -> Option<(Vec<Phrase>, Option<Text>)> {
        let fields = self.fields(node, &OPT)?;
        let phrases = fields.get("phrases", Form::Phrases).map(|node| self.phrases(node));
        let say = self.text_of(&fields, "say");
        Some((phrases?, say))
    }

    pub(super) fn words(&mut self, fields: &Fields<'_>) -> Option<Item> {
        let name = self.name(fields.get("words", Form::Name)?);
        let phrases = self.phrases(fields.get("phrases", Form::Phrases)?);
        Some(Item::Words(WordsItem { name: name?, phrases, span: fields.span }))
    }

    pub(super) fn contact(&mut self, fields: &Fields<'_>) -> Option<Item> {
        let mut all = Vec::new();
        for (key, node) in self.own(fields.get("contact", Form::Fields)?, "`contact`", "such as `city: text(80)`") {
            all.extend(self.field(key, node));
        }
        Some(Item::Contact(ContactItem { fields: all, span: fields.span }))
    }

    fn field(&mut self, key: &Node, node: &Node) -> Option<Field> {
        let name = key.value(self.file).and_then(|value| self.reader.piece_name(value));
        let span = key.span(self.file).to(node.span(self.file));
        if !matches!(node.kind, Kind::Map { .. }) {
            let kind = self.kind(node);
            return Some(Field {
                name: name?,
                kind,
                default: None,
                secret: false,
                forget_after_ms: None,
                renamed_from: None,
                span,
            });
        }
        let fields = self.fields(node, &FIELD)?;
        let kind = fields.get("type", Form::Type).map(|node| self.kind(node));
        let default = fields.get("default", Form::Expression).map(|node| self.expression(node));
        let secret = fields.get("secret", Form::Flag).is_some_and(|node| self.flag(node));
        let forget_after_ms = fields.get("forget_after", Form::Duration).and_then(|node| self.duration(node));
        let renamed_from = fields.get("renamed_from", Form::Plain).and_then(|node| self.plain(node));
        Some(Field { name: name?, kind: kind?, default, secret, forget_after_ms, renamed_from, span })
    }

    pub(super) fn hours(&mut self, fields: &Fields<'_>) -> Option<Item> {
        let name = self.name(fields.get("hours", Form::Name)?);
        let rows = fields.get("rows", Form::Rows).map(|node| self.list(node, "`rows`")).unwrap_or_default();
        let rows = rows.iter().map(|node| self.row(node)).collect();
        Some(Item::Hours(HoursItem { name: name?, rows, span: fields.span }))
    }

    fn row(&mut self, node: &Node) -> HoursRow {
        match self.value(node, "a line of opening hours") {
            Some(value) => self.reader.piece_row(value),
            None => HoursRow::Broken(node.span(self.file)),
        }
    }

    pub(super) fn team(&mut self, fields: &Fields<'_>) -> Option<Item> {
        let name = self.name(fields.get("team", Form::Name)?);
        let hours = fields.get("hours", Form::Name).and_then(|node| self.name(node));
        let notify = fields.get("notify", Form::Plain).and_then(|node| self.plain(node));
        Some(Item::Team(TeamItem { name: name?, hours, notify, span: fields.span }))
    }

    pub(super) fn named_text(&mut self, fields: &Fields<'_>) -> Option<Item> {
        let name = self.name(fields.get("texts", Form::Name)?);
        if fields.get("text", Form::Text).is_some_and(Node::is_empty) {
            self.error(codes::MISSING_TEXT, fields.whole("text"), "this named text has no text", "write it behind `text:`");
            return None;
        }
        let text = self.text_of(fields, "text");
        Some(Item::Texts(TextsItem { name: name?, text: text?, span: fields.span }))
    }
}
