//! Steps: one key names each.

use crate::source::Span;
use crate::syntax::codes;
use crate::syntax::explain;
use crate::syntax::tree::{Arm, Block, Expr, ExprKind, Fetch, Handoff, Name, Pattern, Share, Spanned, Step, StepKind, WaitFor};

use super::super::nodes::{Kind, Node};
use super::super::table::{ARM, BARE, ELIF, HEADER, METHODS, NOBODY, SETTING, SHARE, STATUS, STEPS, Shape};
use super::{Fields, Form, Yaml, listed};

/// What other systems send and this channel cannot.
const NOT_ON_CHANNEL: &[&str] = &[
    "video",
    "voice",
    "audio",
    "sticker",
    "gif",
    "file",
    "document",
    "location",
    "broadcast",
    "sms",
    "whatsapp",
    "email",
    "call",
    "link",
    "button",
    "url",
    "every",
    "daily",
    "schedule",
    "cron",
];

impl Yaml<'_> {
    /// The steps of a key.
    pub(super) fn block_of(&mut self, fields: &Fields<'_>, name: &str) -> Option<Block> {
        let node = fields.get(name, Form::Steps)?;
        let nodes = self.list(node, &format!("`{name}`"));
        let steps = self.deeper(node, |yaml| nodes.iter().map(|node| yaml.step(node)).collect()).unwrap_or_default();
        Some(Block { steps, span: fields.inside(name) })
    }

    fn step(&mut self, node: &Node) -> Step {
        let span = node.span(self.file);
        let kind = match &node.kind {
            Kind::Map { entries, .. } => self.step_of(entries, node),
            _ => self.bare_step(node),
        };
        Step { kind: kind.unwrap_or(StepKind::Broken), span }
    }

    fn bare_step(&mut self, node: &Node) -> Option<StepKind> {
        let value = self.value(node, "a step")?;
        Some(match value.text.trim() {
            "typing" => StepKind::Typing,
            "seen" => StepKind::Seen,
            "stop" => StepKind::Stop,
            "leave" => StepKind::Leave,
            "return" => StepKind::Return(None),
            word => {
                let names: Vec<&str> = STEPS.iter().map(|shape| shape.first()).collect();
                let help = match (names.contains(&word), explain::nearest(word, BARE)) {
                    (true, _) => format!("write `- {word}: …`"),
                    (false, Some(near)) => format!("did you mean `{near}`?"),
                    (false, None) => format!("steps of one word are {}; any other is `- word: …`", listed(BARE)),
                };
                let message = format!("`{word}` alone is no step");
                self.error(codes::YAML_ITEM, value.span, message, help);
                return None;
            }
        })
    }

    fn step_of(&mut self, entries: &[(Node, Node)], node: &Node) -> Option<StepKind> {
        let known = |key: &Node| key.scalar().is_some_and(|key| STEPS.iter().any(|shape| shape.first() == key.text));
        if let Some((key, _)) = entries.first()
            && let Some(word) = key.scalar().map(|key| key.text.as_str())
            && NOT_ON_CHANNEL.contains(&word)
            && !entries.iter().any(|(key, _)| known(key))
        {
            let found = explain::not_on_channel(word, word, key.span(self.file));
            self.reader.report(found);
            return None;
        }
        let shape = self.named(entries, STEPS, node, "a step")?;
        let fields = self.fields(node, shape)?;
        self.step_kind(shape, &fields)
    }

    fn step_kind(&mut self, shape: &'static Shape, fields: &Fields<'_>) -> Option<StepKind> {
        let first = fields.get(shape.first(), shape.keys.first()?.form)?;
        Some(match shape.first() {
            "say" => {
                let text = self.text_of(fields, "say");
                let shorts = fields.get("short", Form::Texts).map(|node| self.texts(node, fields.inside("short")));
                let replying = fields.get("replying", Form::Flag).is_some_and(|node| self.flag(node));
                let keep_apart = fields.get("keep_apart", Form::Flag).is_some_and(|node| self.flag(node));
                StepKind::Say { text: text?, shorts: shorts.unwrap_or_default(), replying, keep_apart }
            }
            "image" => {
                let file = self.template(first);
                let otherwise = self.block_of(fields, "else");
                StepKind::Image { file: file?, otherwise }
            }
            "post" => StepKind::Post { item_id: self.template(first)? },
            "choose" => self.choose(fields)?,
            "ask" => self.ask(fields)?,
            "set" => {
                let fields = self.fields(first, &SETTING)?;
                let target = self.target(fields.get("name", Form::Target)?);
                let value = self.expression(fields.get("to", Form::Expression)?);
                StepKind::Set { target: target?, value }
            }
            "tag" => StepKind::Tag(self.plain(first)?),
            "untag" => StepKind::Untag(self.plain(first)?),
            "goal" => StepKind::Goal(self.plain(first)?),
            "note" => StepKind::Note(self.template(first)?),
            "emit" => {
                let event = self.plain(first);
                let data = fields.get("data", Form::Values).map(|node| self.data(node)).unwrap_or_default();
                StepKind::Emit { event: event?, data }
            }
            "label" => {
                let name = self.name(first);
                let renamed_from = fields.get("renamed_from", Form::Plain).and_then(|node| self.plain(node));
                StepKind::Label { name: name?, renamed_from }
            }
            "return" => StepKind::Return(Some(self.expression(first))),
            "wait" => StepKind::Wait(WaitFor::Duration(self.duration(first)?)),
            "wait_until" => {
                let value = self.value(first, "a time")?;
                StepKind::Wait(self.reader.piece_until(value)?)
            }
            "handoff" => self.handoff(fields)?,
            "fetch" => StepKind::Fetch(self.fetch(fields)?),
            _ => self.control(shape, first, fields)?,
        })
    }

    fn control(&mut self, shape: &'static Shape, first: &Node, fields: &Fields<'_>) -> Option<StepKind> {
        Some(match shape.first() {
            "if" => self.if_step(first, fields)?,
            "match" => {
                let subject = self.expression(first);
                let nodes = fields.get("arms", Form::Shapes(&ARM)).map(|node| self.list(node, "`arms`")).unwrap_or_default();
                let arms = nodes.iter().filter_map(|node| self.arm(node)).collect();
                StepKind::Match { subject, arms, otherwise: self.block_of(fields, "else") }
            }
            "repeat" => {
                let times = self.count(first);
                let block = self.block_of(fields, "steps");
                StepKind::Repeat { times: times?, block: block? }
            }
            "for" => {
                let item = self.name(first);
                let list = fields.get("in", Form::Expression).map(|node| self.expression(node));
                let most = fields.get("up_to", Form::Count).and_then(|node| self.count(node));
                let block = self.block_of(fields, "steps");
                StepKind::For { item: item?, list: list?, most, block: block? }
            }
            "split" => {
                let name = self.plain(first);
                let nodes = fields.get("arms", Form::Shapes(&SHARE)).map(|node| self.list(node, "`arms`")).unwrap_or_default();
                let arms = nodes.iter().filter_map(|node| self.share(node)).collect();
                StepKind::Split { name: name?, arms }
            }
            "goto" => {
                let target = self.target(first);
                let arguments = fields.get("with", Form::Expressions).map(|node| self.expressions(node)).unwrap_or_default();
                let mut names = target?.into_iter();
                let (first, label) = (names.next()?, names.next());
                if let Some(more) = names.next() {
                    self.error(codes::EXPECTED, more.span, "a place has at most two names", "write `flow.label`");
                }
                StepKind::Goto { first, label, arguments }
            }
            "do" => {
                let flow = self.name(first);
                let arguments = fields.get("with", Form::Expressions).map(|node| self.expressions(node)).unwrap_or_default();
                let into = fields.get("into", Form::Target).and_then(|node| self.target(node)).unwrap_or_default();
                StepKind::Do { flow: flow?, arguments, into }
            }
            _ => {
                let function = self.function(first);
                let arguments = fields.get("with", Form::Expressions).map(|node| self.expressions(node)).unwrap_or_default();
                let target = fields.get("into", Form::Target).and_then(|node| self.target(node));
                let kind = fields.get("type", Form::Type).map(|node| self.kind(node));
                let (script, function) = function?;
                StepKind::Run { target: target?, kind, script, function, arguments }
            }
        })
    }

    fn if_step(&mut self, first: &Node, fields: &Fields<'_>) -> Option<StepKind> {
        let condition = self.expression(first);
        let block = self.block_of(fields, "then");
        let mut arms = vec![(condition, block?)];
        for node in fields.get("elif", Form::Shapes(&ELIF)).map(|node| self.list(node, "`elif`")).unwrap_or_default() {
            let Some(fields) = self.fields(node, &ELIF) else { continue };
            let condition = fields.get("if", Form::Expression).map(|node| self.expression(node));
            let block = self.block_of(&fields, "then");
            arms.extend(condition.zip(block));
        }
        Some(StepKind::If { arms, otherwise: self.block_of(fields, "else") })
    }

    fn arm(&mut self, node: &Node) -> Option<Arm> {
        let fields = self.fields(node, &ARM)?;
        let patterns = fields.get("is", Form::Patterns).map(|node| self.one_or_list(node)).unwrap_or_default();
        let patterns: Vec<Pattern> = patterns.iter().filter_map(|node| self.pattern(node)).collect();
        let block = self.block_of(&fields, "steps");
        Some(Arm { patterns, block: block?, span: node.span(self.file) })
    }

    fn pattern(&mut self, node: &Node) -> Option<Pattern> {
        let value = self.value(node, "a value to compare with")?;
        let text = value.text.trim();
        let word = crate::syntax::scan::word_at(text);
        if word == text && !word.is_empty() && !matches!(word, "true" | "false") {
            let help = format!("a text to compare with has quotes of its own: `'\"{word}\"'`; a words list is `\"@{word}\"`");
            self.error(codes::EXPECTED, value.span, format!("`{word}` is no value to compare with"), help);
            return None;
        }
        self.reader.piece_pattern(value)
    }

    fn share(&mut self, node: &Node) -> Option<Share> {
        let fields = self.fields(node, &SHARE)?;
        let name = fields.get("name", Form::Plain).and_then(|node| self.plain(node));
        let share = fields.get("share", Form::Count).and_then(|node| self.count(node));
        let block = self.block_of(&fields, "steps");
        Some(Share { name: name?, share: share?, block: block?, span: node.span(self.file) })
    }

    fn handoff(&mut self, fields: &Fields<'_>) -> Option<StepKind> {
        let note = self.template(fields.get("handoff", Form::Template)?);
        let team = fields.get("to", Form::Name).and_then(|node| self.name(node));
        let (open, closed) = (self.block_of(fields, "open"), self.block_of(fields, "closed"));
        let mut nobody_in = None;
        if let Some(node) = fields.get("nobody_in", Form::Shape(&NOBODY))
            && let Some(fields) = self.fields(node, &NOBODY)
        {
            let after = fields.get("after", Form::Duration).and_then(|node| self.duration(node));
            nobody_in = after.zip(self.block_of(&fields, "steps"));
        }
        let released = self.block_of(fields, "released");
        Some(StepKind::Handoff(Handoff { note: note?, team, open, closed, nobody_in, released }))
    }

    /// The values of an event: a map of names.
    fn data(&mut self, node: &Node) -> Vec<(Name, Expr)> {
        let value = self.values(node);
        match value.kind {
            ExprKind::Map(entries) => entries,
            ExprKind::Broken => Vec::new(),
            _ => {
                self.error(codes::YAML_SHAPE, value.span, "what an event carries is a map", "such as `{ reason: reason }`");
                Vec::new()
            }
        }
    }

    fn fetch(&mut self, fields: &Fields<'_>) -> Option<Fetch> {
        let target = self.name(fields.get("fetch", Form::Name)?);
        let methods: Vec<_> =
            METHODS.iter().filter_map(|(key, method)| Some((*key, *method, fields.get(key, Form::Template)?))).collect();
        let [(key, method, address)] = methods.as_slice() else {
            let names: Vec<&str> = METHODS.iter().map(|(key, _)| *key).collect();
            let help = format!("it has exactly one of {}, with the address", listed(&names));
            let message = if methods.is_empty() { "a `fetch` without an address" } else { "a `fetch` with two addresses" };
            self.error(codes::YAML_MISSING, fields.whole("fetch"), message, help);
            return None;
        };
        let key_span = Span { end: fields.inside(key).start, ..fields.whole(key) };
        let url = self.template(address);
        let headers = fields.get("headers", Form::Shapes(&HEADER)).map(|node| self.list(node, "`headers`")).unwrap_or_default();
        let headers = headers.iter().filter_map(|node| self.header(node)).collect();
        let json = fields.get("json", Form::Values).map(|node| self.values(node)).and_then(|value| self.only_map(value));
        let timeout_ms = fields.get("timeout", Form::Duration).and_then(|node| self.duration(node));
        let retry = fields.get("retry", Form::Count).and_then(|node| self.count(node));
        let gives = fields.get("gives", Form::Record).map(|node| self.record(node));
        let gives_span = gives.is_some().then(|| fields.inside("gives"));
        let statuses = fields.get("status", Form::Shapes(&STATUS)).map(|node| self.list(node, "`status`")).unwrap_or_default();
        let statuses = statuses.iter().filter_map(|node| self.status(node)).collect();
        let otherwise = self.block_of(fields, "else");
        let method = Spanned { value: (*method).to_owned(), span: key_span };
        Some(Fetch {
            target: target?,
            method,
            url: url?,
            headers,
            json,
            timeout_ms,
            retry,
            gives,
            gives_span,
            statuses,
            otherwise,
        })
    }

    fn only_map(&mut self, value: Expr) -> Option<Expr> {
        if matches!(value.kind, ExprKind::Map(_) | ExprKind::Broken) {
            return Some(value);
        }
        self.error(codes::YAML_SHAPE, value.span, "what is sent is a map of names", "such as `{ order: order }`");
        None
    }

    fn header(&mut self, node: &Node) -> Option<(Spanned<String>, crate::syntax::tree::Template)> {
        let fields = self.fields(node, &HEADER)?;
        let name = fields.get("name", Form::Plain).and_then(|node| self.plain(node));
        let value = fields.get("value", Form::Template).and_then(|node| self.template(node));
        name.zip(value)
    }

    fn status(&mut self, node: &Node) -> Option<(Vec<Spanned<u32>>, Block)> {
        let fields = self.fields(node, &STATUS)?;
        let is = fields.get("is", Form::Counts).map(|node| self.counts(node));
        let block = self.block_of(&fields, "steps");
        for status in is.iter().flatten().filter(|status| !(100..=599).contains(&status.value)) {
            let message = format!("`{}` is no number that an answer has", status.value);
            let help = "such as `404` or `500`; `else` takes every other failure";
            self.error(codes::NUMBER, status.span, message, help);
        }
        is.zip(block)
    }
}
