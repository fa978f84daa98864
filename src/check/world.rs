//! Every name of every file, collected before anything is checked against them.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::findings::Findings;
use super::shape::Shape;
use super::unused::Sort;
use super::{Assets, code, kind, walk};
use crate::bot::{Place, Type};
use crate::diagnostic::Diagnostic;
use crate::source::{Sources, Span};
use crate::syntax::tree::{
    BotItem, ContactItem, Document, Field, FlowItem, HoursItem, Item, Name, Phrase, SettingKind, StepKind, TeamItem, TestItem,
    TextsItem, WaitClause,
};

/// Names that are compared with all known ones; fewer findings than that are shown.
const SUGGESTIONS_MAX: u32 = 200;

/// Uses of named texts in all files together.
const EXPANSIONS_MAX: u32 = 5_000;

/// A field of the contact with its checked type; `None` where the type is broken.
#[derive(Clone)]
pub(super) struct FieldEntry<'a> {
    pub item: &'a Field,
    /// As the places of the compiled bot share it.
    pub name: Arc<str>,
    pub kind: Option<Type>,
}

impl FieldEntry<'_> {
    pub(super) fn place(&self) -> Place {
        Place::Contact(Arc::clone(&self.name))
    }
}

/// What the files say together, and what was found in it.
pub(super) struct World<'a> {
    pub names: Arc<Names<'a>>,
    pub findings: Findings,
    /// Unknown names that the nearest known one is still looked up for.
    pub suggestions_left: Cell<u32>,
    /// Uses of named texts that are still followed.
    pub expansions_left: Cell<u32>,
    /// What was looked up.
    pub used: RefCell<BTreeSet<(Sort, String)>>,
}

/// What the files say. Nothing in it changes once it is collected, so several cores may read it.
#[derive(Clone)]
pub(super) struct Names<'a> {
    pub sources: &'a Sources,
    pub assets: &'a Assets,
    /// Cores that parts of the work may be spread over.
    pub cores: usize,
    pub bot: Option<&'a BotItem>,
    pub languages: Vec<String>,
    pub defaults: Vec<&'a WaitClause>,
    pub words: BTreeMap<&'a str, (Span, Vec<String>)>,
    /// In the order of the files.
    pub fields: Vec<FieldEntry<'a>>,
    pub hours: Vec<&'a HoursItem>,
    pub teams: Vec<&'a TeamItem>,
    pub texts: BTreeMap<&'a str, &'a TextsItem>,
    pub word_lists: Vec<&'a [Phrase]>,
    /// The names of these lists.
    pub word_names: Vec<&'a Name>,
    pub flows: Vec<&'a FlowItem>,
    /// Labels of each flow.
    pub labels: Vec<BTreeMap<&'a str, Span>>,
    /// Named labels of `choose`.
    pub buttons: BTreeMap<&'a str, Span>,
    /// Names that stand in items which could not be read: they may be anything, so nothing is said of them.
    pub lost: BTreeSet<&'a str>,
    /// Parameters and result of each flow.
    pub heads: Vec<Head>,
    /// What each contact field can hold.
    pub contact_shapes: BTreeMap<String, Shape>,
    /// Whether a contact field is secret.
    pub has_secrets: bool,
    /// What `fetch from` allows, in one spelling each.
    pub origins: BTreeSet<String>,
    /// Names of `secret`.
    pub secrets: BTreeSet<&'a str>,
    pub tests: Vec<&'a TestItem>,
    /// Some step could not be read.
    pub has_broken_steps: bool,
    /// Flows with such a step: what stands behind it may be anything, triggers included.
    broken_flows: BTreeSet<usize>,
    index: Index<'a>,
}

/// What a flow takes and gives.
#[derive(Clone, Debug, Default)]
pub(super) struct Head {
    /// One whose type is broken may be anything.
    pub parameters: Vec<(String, Type)>,
    pub result: Option<Type>,
}

/// Places of names in the lists of the world: a bot may have ten thousand flows.
#[derive(Clone, Default)]
struct Index<'a> {
    flows: BTreeMap<&'a str, usize>,
    fields: BTreeMap<&'a str, usize>,
    hours: BTreeMap<&'a str, usize>,
    teams: BTreeMap<&'a str, usize>,
}

impl<'a> std::ops::Deref for World<'a> {
    type Target = Names<'a>;

    fn deref(&self) -> &Names<'a> {
        &self.names
    }
}

impl<'a> World<'a> {
    /// A world in which nothing was found yet.
    pub(super) fn with(names: Arc<Names<'a>>, suggestions: u32, expansions: u32) -> Self {
        Self {
            names,
            findings: Findings::default(),
            suggestions_left: Cell::new(suggestions),
            expansions_left: Cell::new(expansions),
            used: RefCell::default(),
        }
    }

    /// Collects the names of all documents, which come in the order of their paths. Parts of what is done with them may
    /// be spread over so many cores.
    pub(super) fn collect(sources: &'a Sources, assets: &'a Assets, documents: &'a [Document], cores: usize) -> Self {
        let names = Names {
            sources,
            assets,
            cores,
            bot: None,
            languages: Vec::new(),
            defaults: Vec::new(),
            words: BTreeMap::new(),
            fields: Vec::new(),
            hours: Vec::new(),
            teams: Vec::new(),
            texts: BTreeMap::new(),
            word_lists: Vec::new(),
            word_names: Vec::new(),
            flows: Vec::new(),
            labels: Vec::new(),
            buttons: BTreeMap::new(),
            lost: BTreeSet::new(),
            heads: Vec::new(),
            contact_shapes: BTreeMap::new(),
            has_secrets: false,
            origins: BTreeSet::new(),
            secrets: BTreeSet::new(),
            tests: Vec::new(),
            has_broken_steps: false,
            broken_flows: BTreeSet::new(),
            index: Index::default(),
        };
        let mut world = Self::with(Arc::new(names), SUGGESTIONS_MAX, EXPANSIONS_MAX);
        for item in documents.iter().flat_map(|document| &document.items) {
            world.add(item);
        }
        world.resolve_words(documents);
        if world.bot.is_none() && !world.lost.contains("bot") {
            let place = sources.iter().next().map_or(Span::default(), |(file, _)| Span { file, start: 0, end: 0 });
            world.findings.add(
                Diagnostic::error(code::NO_BOT, place, "no file says what the bot is")
                    .help("begin one file with `bot \"Name\" { languages en }`"),
            );
        }
        world
    }

    /// Only while they are collected, when nobody else has them.
    fn names_mut(&mut self) -> &mut Names<'a> {
        Arc::make_mut(&mut self.names)
    }

    fn add(&mut self, item: &'a Item) {
        match item {
            Item::Bot(bot) => self.add_bot(bot),
            Item::Words(words) => {
                if let Some((first, _)) = self.words.get(words.name.text.as_str()) {
                    self.twice("words", &words.name, *first);
                } else {
                    let names = self.names_mut();
                    names.words.insert(&words.name.text, (words.name.span, Vec::new()));
                    names.word_lists.push(&words.phrases);
                    names.word_names.push(&words.name);
                }
            }
            Item::Contact(contact) => self.add_contact(contact),
            Item::Hours(hours) => match self.index.hours.get(hours.name.text.as_str()).and_then(|at| self.hours.get(*at)) {
                Some(first) => self.twice("hours", &hours.name, first.name.span),
                None => {
                    let names = self.names_mut();
                    names.index.hours.insert(&hours.name.text, names.hours.len());
                    names.hours.push(hours);
                }
            },
            Item::Team(team) => match self.index.teams.get(team.name.text.as_str()).and_then(|at| self.teams.get(*at)) {
                Some(first) => self.twice("team", &team.name, first.name.span),
                None => {
                    let names = self.names_mut();
                    names.index.teams.insert(&team.name.text, names.teams.len());
                    names.teams.push(team);
                }
            },
            Item::Texts(texts) => match self.texts.get(texts.name.text.as_str()) {
                Some(first) => self.twice("texts", &texts.name, first.name.span),
                None => {
                    self.names_mut().texts.insert(&texts.name.text, texts);
                }
            },
            Item::Flow(flow) => match self.index.flows.get(flow.name.text.as_str()).and_then(|at| self.flows.get(*at)) {
                Some(first) => self.twice("flow", &flow.name, first.name.span),
                None => self.add_flow(flow),
            },
            Item::Test(test) => self.names_mut().tests.push(test),
            Item::Broken(span) => self.add_broken(*span),
        }
    }

    fn add_bot(&mut self, bot: &'a BotItem) {
        if let Some(first) = self.bot {
            let second = Diagnostic::error(code::SECOND_BOT, bot.name.span, "there is a second `bot`");
            self.findings.add(second.also(first.name.span, "the first one").help("all files together are one bot"));
            return;
        }
        let names = self.names_mut();
        names.bot = Some(bot);
        for setting in &bot.settings {
            match &setting.kind {
                SettingKind::Languages(list) => names.languages.extend(list.iter().map(|tag| tag.value.clone())),
                SettingKind::Defaults(clauses) => names.defaults.extend(clauses),
                SettingKind::FetchFrom(origins) => {
                    // One that is none is reported with the other settings.
                    let known = origins.iter().filter_map(|origin| super::address::origin(&origin.value).ok());
                    names.origins.extend(known.map(|(origin, _)| origin));
                }
                SettingKind::Secret(list) => names.secrets.extend(list.iter().map(|name| name.text.as_str())),
                _ => {}
            }
        }
    }

    fn add_contact(&mut self, contact: &'a ContactItem) {
        for field in &contact.fields {
            let first = self.field_named(&field.name.text).map(|first| first.item.name.span);
            if let Some(first) = first {
                self.twice("field", &field.name, first);
                continue;
            }
            if field.name.text == "tags" {
                self.findings.add(
                    Diagnostic::error(code::RESERVED_NAME, field.name.span, "`contact.tags` is what `tag` writes")
                        .help("give the field another name"),
                );
            }
            let kind = kind::lower(&field.kind, &self.findings);
            let names = self.names_mut();
            names.has_secrets |= field.secret;
            names.contact_shapes.insert(field.name.text.clone(), kind.as_ref().map_or(Shape::Never, Shape::of_type));
            names.index.fields.insert(&field.name.text, names.fields.len());
            names.fields.push(FieldEntry { item: field, name: field.name.text.as_str().into(), kind });
        }
    }

    fn add_flow(&mut self, flow: &'a FlowItem) {
        let mut labels = BTreeMap::new();
        let (findings, names) = (&self.findings, Arc::make_mut(&mut self.names));
        let mut broken = false;
        walk::steps(&flow.steps, &mut |step| match &step.kind {
            StepKind::Label { name, .. } => {
                if let Some(first) = labels.insert(name.text.as_str(), name.span) {
                    findings.add(twice("label", name, first));
                }
            }
            StepKind::Choose(choose) => {
                names
                    .buttons
                    .extend(choose.options.iter().filter_map(|option| option.named.as_ref()).map(|n| (n.text.as_str(), n.span)));
            }
            StepKind::Broken => broken = true,
            _ => {}
        });
        if broken {
            names.has_broken_steps = true;
            names.broken_flows.insert(names.flows.len());
        }
        names.index.flows.insert(&flow.name.text, names.flows.len());
        names.flows.push(flow);
        names.labels.push(labels);
        self.add_head(flow);
    }

    fn add_head(&mut self, flow: &'a FlowItem) {
        let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
        let mut head = Head::default();
        for parameter in &flow.parameters {
            let name = parameter.name.text.as_str();
            if let Some(first) = seen.insert(name, parameter.name.span) {
                self.twice("parameter", &parameter.name, first);
            }
            if super::expression::ROOTS.contains(&name) {
                let message = format!("`{name}` means something by itself");
                let finding = Diagnostic::error(code::RESERVED_NAME, parameter.name.span, message);
                self.findings.add(finding.help("give it another name"));
            }
            let kind = kind::lower(&parameter.kind, &self.findings).unwrap_or(Type::Any);
            head.parameters.push((name.to_owned(), kind));
        }
        head.result = flow.result.as_ref().map(|kind| kind::lower(kind, &self.findings).unwrap_or(Type::Any));
        self.names_mut().heads.push(head);
    }

    /// Whether a step of the flow could not be read.
    pub(super) fn is_broken(&self, flow: usize) -> bool {
        self.broken_flows.contains(&flow)
    }

    /// Remembers that something names this.
    pub(super) fn uses(&self, sort: Sort, name: &str) {
        let mut used = self.used.borrow_mut();
        used.insert((sort, name.to_owned()));
    }

    /// Whether the bot's settings could not be read whole: then nothing is said of what they do not name.
    pub(super) fn bot_is_broken(&self) -> bool {
        self.lost.contains("bot")
            || self.bot.is_some_and(|bot| bot.settings.iter().any(|setting| matches!(setting.kind, SettingKind::Broken)))
    }

    /// Whatever a broken item mentions may be what it would have defined.
    fn add_broken(&mut self, span: Span) {
        let text = self.sources.text(span);
        self.names_mut().lost.extend(text.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty()));
    }

    fn twice(&self, what: &str, name: &Name, first: Span) {
        self.findings.add(twice(what, name, first));
    }

    /// Sets may hold sets; one that holds itself is empty there.
    fn resolve_words(&mut self, documents: &'a [Document]) {
        let mut items = BTreeMap::new();
        for item in documents.iter().flat_map(|document| &document.items) {
            if let Item::Words(words) = item {
                items.entry(words.name.text.as_str()).or_insert(words.phrases.as_slice());
            }
        }
        let names: Vec<&str> = self.words.keys().copied().collect();
        for name in names {
            let mut seen = BTreeSet::from([name]);
            let mut list = Vec::new();
            let mut open: Vec<&Phrase> = items.get(name).into_iter().copied().flatten().rev().collect();
            while let Some(phrase) = open.pop() {
                match phrase {
                    Phrase::Text(text) => list.push(text.value.clone()),
                    Phrase::Set(set) if seen.insert(&set.text) => match items.get(set.text.as_str()) {
                        Some(phrases) => {
                            self.uses(Sort::Words, &set.text);
                            open.extend(phrases.iter().rev());
                        }
                        None => self.unknown(code::UNKNOWN_WORDS, "set of words", set, self.words.keys().copied()),
                    },
                    Phrase::Set(_) => {}
                }
            }
            if let Some((_, phrases)) = self.names_mut().words.get_mut(name) {
                *phrases = list;
            }
        }
    }

    /// Reports a name that nothing defines, unless a broken item may have done so.
    pub(super) fn unknown<'c>(&self, code: &'static str, what: &str, name: &Name, known: impl Iterator<Item = &'c str> + Clone) {
        if self.lost.contains(name.text.as_str()) {
            return;
        }
        let mut finding = Diagnostic::error(code, name.span, format!("there is no {what} `{}`", name.text));
        let left = self.suggestions_left.get();
        if left > 0 {
            self.suggestions_left.set(left - 1);
            finding.help = super::suggest::help(&name.text, known);
        }
        self.findings.add(finding);
    }

    /// The phrases of a list with its sets resolved, each with the place where the author wrote it.
    pub(super) fn phrases(&self, phrases: &[Phrase]) -> Vec<(String, Span)> {
        let mut list = Vec::new();
        for phrase in phrases {
            match phrase {
                Phrase::Text(text) => list.push((text.value.clone(), text.span)),
                Phrase::Set(name) => list.extend(self.set(name).iter().map(|text| (text.clone(), name.span))),
            }
        }
        list
    }

    /// The phrases of a set; none and a finding where it is unknown.
    pub(super) fn set(&self, name: &Name) -> &[String] {
        self.uses(Sort::Words, &name.text);
        match self.words.get(name.text.as_str()) {
            Some((_, phrases)) => phrases,
            None => {
                self.unknown(code::UNKNOWN_WORDS, "set of words", name, self.words.keys().copied());
                &[]
            }
        }
    }

    /// The set's phrases, folded.
    pub(super) fn folded_set(&self, name: &Name) -> Arc<[String]> {
        self.set(name).iter().map(|phrase| crate::text::fold(phrase)).collect()
    }

    pub(super) fn hours_index(&self, name: &Name) -> Option<usize> {
        self.uses(Sort::Hours, &name.text);
        let found = self.index.hours.get(name.text.as_str()).copied();
        if found.is_none() {
            self.unknown(code::UNKNOWN_HOURS, "hours", name, self.hours.iter().map(|hours| hours.name.text.as_str()));
        }
        found
    }

    pub(super) fn team_index(&self, name: &Name) -> Option<usize> {
        self.uses(Sort::Team, &name.text);
        let found = self.index.teams.get(name.text.as_str()).copied();
        if found.is_none() {
            self.unknown(code::UNKNOWN_TEAM, "team", name, self.teams.iter().map(|team| team.name.text.as_str()));
        }
        found
    }

    pub(super) fn flow_index(&self, name: &str) -> Option<usize> {
        self.index.flows.get(name).copied()
    }

    pub(super) fn field(&self, name: &Name) -> Option<&FieldEntry<'a>> {
        let found = self.field_named(&name.text);
        if found.is_none() {
            let known = self.fields.iter().map(|field| field.item.name.text.as_str());
            self.unknown(code::UNKNOWN_FIELD, "contact field", name, known);
        }
        found
    }

    /// Whether one more use of a named text is followed; says so once when that ends.
    pub(super) fn may_expand(&self, name: &Name) -> bool {
        let left = self.expansions_left.get();
        self.expansions_left.set(left.saturating_sub(1));
        if left == 1 {
            let message = format!("named texts hold others more than {EXPANSIONS_MAX} times");
            self.findings.add(Diagnostic::error(code::UNKNOWN_TEXT, name.span, message));
        }
        left > 1
    }

    /// The field of this name, asked without saying anything when there is none.
    pub(super) fn field_named(&self, name: &str) -> Option<&FieldEntry<'a>> {
        self.index.fields.get(name).and_then(|at| self.fields.get(*at))
    }
}

fn twice(what: &str, name: &Name, first: Span) -> Diagnostic {
    Diagnostic::error(code::DEFINED_TWICE, name.span, format!("`{}` is defined twice", name.text))
        .here("the second one")
        .also(first, "the first one")
        .help(format!("give one {what} another name, or remove it"))
}
