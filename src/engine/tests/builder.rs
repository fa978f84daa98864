//! Small bots by hand.

use std::collections::BTreeMap;
use std::sync::Arc;

use rust_decimal::Decimal;

use crate::bot::{
    Anytime, Asset, Bot, Choice, Expr, Field, Filter, Flow, Gather, Handoff, Invalid, Limit, Matcher, On, Op, OptWords, Origin,
    Piece, Place, Settings, ShortBudget, Silence, Step, StepId, Team, Template, Text, Trigger, Type, Value, WaitFor, Word,
};
use crate::calendar::{Hours, Zone};
use crate::channel::fingerprint;

pub const S: i64 = 1_000;
pub const M: i64 = 60 * S;
pub const H: i64 = 60 * M;

/// `{name}` in a text is a variable, `{contact.x}` a field; `{x|default}` has a default.
pub fn template(text: &str) -> Template {
    let mut pieces = Vec::new();
    for (index, part) in text.split(['{', '}']).enumerate() {
        if index % 2 == 0 {
            if !part.is_empty() {
                pieces.push(Piece::Literal(part.into()));
            }
            continue;
        }
        let (name, default) = part.split_once('|').map_or((part, None), |(name, default)| (name, Some(default)));
        let filters = default.map(|text| Filter::default_value(Value::Text(text.to_owned()))).into_iter().collect();
        pieces.push(Piece::hole(Expr::Place(place(name)), filters));
    }
    Template { pieces: pieces.into_iter().collect() }
}

pub fn place(name: &str) -> Place {
    match name.split_once('.') {
        Some(("contact", "tags")) => Place::ContactTags,
        Some(("contact", field)) => Place::Contact(field.into()),
        Some(("message", part)) => Place::Message(part.to_owned()),
        Some(("conversation", "language")) => Place::Language,
        _ => Place::Variable(name.to_owned()),
    }
}

/// Languages are parted by ` / `, variants by ` | `.
pub fn text(source: &str) -> Text {
    Text::new(source.split(" / ").map(|one| one.split(" | ").map(template)))
}

pub fn strings(list: &[&str]) -> Vec<String> {
    list.iter().map(|&text| text.to_owned()).collect()
}

pub fn words(list: &[&str]) -> On {
    On::Words(strings(list))
}

pub fn exactly(list: &[&str]) -> On {
    On::Exactly(strings(list))
}

pub fn whole(least: i64, most: i64) -> Type {
    Type::Whole { least: Decimal::from(least), most: Decimal::from(most) }
}

pub fn one_of(list: &[&str]) -> Type {
    let word = |label: &&str| Word { label: (*label).to_owned(), value: Value::Text((*label).to_owned()) };
    Type::OneOf(list.iter().map(word).collect())
}

pub fn is(name: &str, value: &str) -> Expr {
    Expr::Binary(
        crate::bot::BinaryOp::Equal,
        Box::new(Expr::Place(place(name))),
        Box::new(Expr::Value(Value::Text(value.to_owned()))),
    )
}

pub struct BotBuilder {
    bot: Bot,
}

pub fn bot() -> BotBuilder {
    let settings = Settings {
        zone: Zone::utc(),
        reserve: 0,
        on_short_budget: ShortBudget::Hold,
        keep_ms: 24 * H,
        gather: None,
        release_after_ms: 12 * H,
        opt_out: None,
        opt_in: None,
        native_numerals: false,
        same_reply: (4, 5 * M),
        fetch_from: Vec::new(),
        secrets: Vec::new(),
        also_after_tiktok: false,
        spread_ms: 0,
        automatic: crate::bot::Automatic::default(),
    };
    BotBuilder {
        bot: Bot {
            name: "test".to_owned(),
            digest: String::new(),
            languages: strings(&["en"]),
            settings,
            words: BTreeMap::new(),
            contact: Vec::new(),
            hours: Vec::new(),
            teams: Vec::new(),
            flows: Vec::new(),
            triggers: Vec::new(),
            matcher: Matcher::default(),
            assets: BTreeMap::new(),
            tests: Vec::new(),
            scripts: Default::default(),
            proof: Default::default(),
            places: Default::default(),
        },
    }
}

impl BotBuilder {
    pub fn languages(mut self, tags: &[&str]) -> Self {
        self.bot.languages = strings(tags);
        self
    }

    pub fn settings(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.bot.settings);
        self
    }

    pub fn gather(self, quiet_ms: i64, most_ms: i64) -> Self {
        self.settings(|settings| settings.gather = Some(Gather { quiet_ms, most_ms }))
    }

    pub fn opts(self) -> Self {
        let words = |phrase: &str, say: &str| Some(OptWords::new(strings(&[phrase]), Some(text(say))));
        self.settings(|settings| {
            settings.opt_out = words("stop", "no more messages");
            settings.opt_in = words("start", "welcome back");
        })
    }

    pub fn field(mut self, name: &str, change: impl FnOnce(&mut Field)) -> Self {
        let mut field = Field {
            name: name.to_owned(),
            kind: Type::Text { most: 80 },
            default: None,
            secret: false,
            forget_after_ms: None,
            renamed_from: None,
        };
        change(&mut field);
        self.bot.contact.push(field);
        self
    }

    /// Open each day in these hours.
    pub fn team(mut self, name: &str, from: i64, until: i64) -> Self {
        let open = vec![(crate::calendar::time(from, 0).unwrap(), crate::calendar::time(until, 0).unwrap())];
        self.bot.hours.push(Hours { name: name.to_owned(), week: std::array::from_fn(|_| open.clone()), closed: Vec::new() });
        let hours = Some(self.bot.hours.len() - 1);
        self.bot.teams.push(Team { name: name.to_owned(), hours, notify: None });
        self
    }

    pub fn asset(mut self, file: &str) -> Self {
        let asset = Asset { file: file.to_owned(), digest: format!("digest of {file}"), media_type: "image/png", bytes: vec![1] };
        self.bot.assets.insert(file.to_owned(), Arc::new(asset));
        self
    }

    /// A flow that says one thing.
    pub fn answers(self, name: &str, on: On, says: &str) -> Self {
        self.flow(name, |f| f.on(on).say(says))
    }

    pub fn flow(mut self, name: &str, make: impl for<'a> FnOnce(&'a mut FlowBuilder) -> &'a mut FlowBuilder) -> Self {
        let mut flow = FlowBuilder { flow: self.bot.flows.len(), name: name.to_owned(), triggers: Vec::new(), steps: Vec::new() };
        make(&mut flow);
        let steps = flow.steps.into_iter().enumerate().map(|(index, op)| Step {
            digest: digest(&op),
            op,
            origin: Origin { path: format!("{name}.flow").into(), line: index as u32 + 1 },
        });
        let steps = steps.collect();
        self.bot.flows.push(Flow {
            name: name.into(),
            title: None,
            parameters: vec![],
            result: None,
            renamed_from: None,
            steps,
            labels: BTreeMap::new(),
            labels_before: BTreeMap::new(),
        });
        self.bot.triggers.extend(flow.triggers);
        self
    }

    pub fn build(mut self) -> Bot {
        self.bot.matcher = Matcher::new(&self.bot.triggers);
        self.bot
    }
}

/// What a step says, not where it leads.
fn digest(op: &Op) -> u64 {
    let shown = match op {
        Op::Say { text, .. } => format!("say {text:?}"),
        Op::Ask { text, target, .. } => format!("ask {target:?} {text:?}"),
        Op::Choose { text, .. } => format!("choose {text:?}"),
        Op::Handoff(handoff) => format!("handoff {:?}", handoff.note),
        other => format!("{other:?}"),
    };
    fingerprint("step", &shown)
}

pub struct FlowBuilder {
    flow: usize,
    name: String,
    triggers: Vec<Trigger>,
    pub steps: Vec<Op>,
}

type Block<'a> = &'a dyn Fn(&mut FlowBuilder);

/// Clauses of `ask` and `choose`.
#[derive(Default)]
pub struct Clauses<'a> {
    pub invalid: Option<&'a str>,
    pub tries: Option<(u32, Block<'a>)>,
    pub within: Option<(i64, Block<'a>)>,
    pub nudges: Vec<(i64, &'a str)>,
    pub other: Option<Block<'a>>,
    pub as_text: bool,
}

/// A label with its block; `named` where it has a name.
pub struct Label<'a> {
    pub label: &'a str,
    pub named: Option<&'a str>,
    pub also: Vec<&'a str>,
    pub block: Block<'a>,
}

pub fn label<'a>(label: &'a str, block: Block<'a>) -> Label<'a> {
    Label { label, named: None, also: Vec::new(), block }
}

#[derive(Default)]
pub struct Blocks<'a> {
    pub open: Option<Block<'a>>,
    pub closed: Option<Block<'a>>,
    pub nobody_in: Option<(i64, Block<'a>)>,
    pub released: Option<Block<'a>>,
    pub team: Option<usize>,
}

impl FlowBuilder {
    pub fn on(&mut self, on: On) -> &mut Self {
        self.on_with(on, |_| {})
    }

    pub fn on_with(&mut self, on: On, change: impl FnOnce(&mut Trigger)) -> &mut Self {
        let key = format!("{}#{}", self.name, self.triggers.len());
        let mut trigger = Trigger {
            flow: self.flow,
            on,
            when: None,
            anytime: Anytime::No,
            once_per_ms: None,
            priority: 0,
            key: key.into(),
            origin: Origin { path: format!("{}.flow", self.name).into(), line: 0 },
        };
        change(&mut trigger);
        self.triggers.push(trigger);
        self
    }

    pub fn op(&mut self, op: Op) -> &mut Self {
        self.steps.push(op);
        self
    }

    pub fn say(&mut self, source: &str) -> &mut Self {
        self.op(Op::Say { text: text(source), shorts: vec![], replying: false, keep_apart: false })
    }

    pub fn set(&mut self, name: &str, value: &str) -> &mut Self {
        self.op(Op::Set { target: place(name), value: Expr::Value(Value::Text(value.to_owned())) })
    }

    pub fn goto(&mut self, flow: usize) -> &mut Self {
        self.op(Op::Goto { to: StepId { flow, step: 0 }, arguments: vec![] })
    }

    pub fn stop(&mut self) -> &mut Self {
        self.op(Op::Stop)
    }

    pub fn wait(&mut self, ms: i64) -> &mut Self {
        self.op(Op::Wait(WaitFor::Duration(ms)))
    }

    /// Lays out blocks behind the step at `at`; gives where each begins and where all go on.
    fn blocks(&mut self, blocks: &[Option<Block<'_>>]) -> (Vec<usize>, usize) {
        let mut begins = Vec::new();
        let mut jumps = Vec::new();
        for block in blocks {
            begins.push(self.steps.len());
            match block {
                Some(block) => {
                    block(self);
                    jumps.push(self.steps.len());
                    self.steps.push(Op::Jump(0));
                }
                None => self.steps.push(Op::Stop),
            }
        }
        let end = self.steps.len();
        for jump in jumps {
            self.steps[jump] = Op::Jump(end);
        }
        (begins, end)
    }

    pub fn ask(&mut self, name: &str, kind: Type, source: &str) -> &mut Self {
        self.ask_with(name, kind, source, Clauses::default())
    }

    /// The step, a jump over its blocks, the blocks.
    pub fn ask_with(&mut self, name: &str, kind: Type, source: &str, clauses: Clauses<'_>) -> &mut Self {
        let at = self.steps.len();
        self.steps.push(Op::Stop);
        self.steps.push(Op::Stop);
        let (begins, end) = self.blocks(&[clauses.tries.map(|(_, block)| block), clauses.within.map(|(_, block)| block)]);
        self.steps[at] = Op::Ask {
            target: place(name),
            kind,
            text: text(source),
            invalid: Invalid(clauses.invalid.map(text)),
            tries: Limit { tries: clauses.tries.map_or(3, |(tries, _)| tries), target: begins[0] },
            within: Silence { within_ms: clauses.within.map_or(24 * H, |(ms, _)| ms), target: begins[1] },
            nudges: clauses.nudges.iter().map(|(ms, source)| (*ms, text(source))).collect(),
        };
        self.steps[at + 1] = Op::Jump(end);
        self
    }

    pub fn choose(&mut self, source: &str, labels: Vec<Label<'_>>, clauses: Clauses<'_>) -> &mut Self {
        let at = self.steps.len();
        self.steps.push(Op::Stop);
        let mut blocks: Vec<Option<Block<'_>>> = labels.iter().map(|label| Some(label.block)).collect();
        blocks.push(clauses.tries.map(|(_, block)| block));
        blocks.push(clauses.within.map(|(_, block)| block));
        blocks.extend(clauses.other.map(Some));
        let (begins, _) = self.blocks(&blocks);
        let many = labels.len();
        let choices = labels.iter().enumerate().map(|(index, label)| Choice {
            label: text(label.label),
            named: label.named.map(str::to_owned),
            also: strings(&label.also),
            target: begins[index],
        });
        self.steps[at] = Op::Choose {
            text: text(source),
            as_text: clauses.as_text,
            choices: choices.collect(),
            other: clauses.other.map(|_| begins[many + 2]),
            invalid: Invalid(clauses.invalid.map(text)),
            tries: Limit { tries: clauses.tries.map_or(3, |(tries, _)| tries), target: begins[many] },
            within: Silence { within_ms: clauses.within.map_or(24 * H, |(ms, _)| ms), target: begins[many + 1] },
            nudges: clauses.nudges.iter().map(|(ms, source)| (*ms, text(source))).collect(),
        };
        self
    }

    pub fn when(&mut self, condition: Expr, then: Block<'_>, otherwise: Block<'_>) -> &mut Self {
        let at = self.steps.len();
        self.steps.push(Op::Stop);
        let (begins, _) = self.blocks(&[Some(then), Some(otherwise)]);
        self.steps[at] = Op::Branch { condition, otherwise: begins[1] };
        self
    }

    pub fn image(&mut self, file: &str, otherwise: Block<'_>) -> &mut Self {
        let at = self.steps.len();
        self.steps.push(Op::Stop);
        self.steps.push(Op::Stop);
        let (begins, end) = self.blocks(&[Some(otherwise)]);
        self.steps[at] = Op::Image { file: template(file), otherwise: begins[0] };
        self.steps[at + 1] = Op::Jump(end);
        self
    }

    pub fn handoff(&mut self, note: &str, blocks: &Blocks<'_>) -> &mut Self {
        let at = self.steps.len();
        self.steps.push(Op::Stop);
        let mut lay = |block: Option<Block<'_>>| {
            block.map(|block| {
                let begin = self.steps.len();
                block(self);
                self.steps.push(Op::Stop);
                begin
            })
        };
        let handoff = Handoff {
            note: template(note),
            team: blocks.team,
            open: lay(blocks.open),
            closed: lay(blocks.closed),
            nobody_in: blocks.nobody_in.map(|(ms, block)| (ms, lay(Some(block)).unwrap())),
            released: lay(blocks.released),
        };
        self.steps[at] = Op::Handoff(handoff);
        self
    }
}
