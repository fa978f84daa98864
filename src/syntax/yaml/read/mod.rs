//! In: the nodes of a document. Out: its item and what is wrong with it. Keys are strict; values go through the grammar.
//! Does not know: whether names exist.

mod flows;
mod items;
mod steps;
mod tests;
mod texts;
mod values;
mod waits;

use crate::diagnostic::Diagnostic;
use crate::source::{FileId, Span};
use crate::syntax::codes;
use crate::syntax::explain;
use crate::syntax::read::Reader;
use crate::syntax::tree::{Item, Name};

use super::nodes::{Kind, Node};
use super::table::{BARE, Form, ITEMS, Key, Shape};

/// Blocks, texts and values stand in each other at most so deep, as in `.flow`.
const DEPTH_MAX: usize = 60;

pub struct Yaml<'t> {
    file: FileId,
    text: &'t str,
    reader: Reader<'t>,
    /// Blocks, texts and values that are open.
    depth: usize,
}

/// A map whose keys were looked up in the table.
pub struct Fields<'n> {
    shape: &'static Shape,
    entries: Vec<(&'static Key, &'n Node, &'n Node)>,
    span: Span,
    file: FileId,
}

impl<'n> Fields<'n> {
    /// The value of a key; `form` must be what the table says of it.
    fn get(&self, name: &str, form: Form) -> Option<&'n Node> {
        debug_assert_eq!(self.shape.key(name).map(|key| key.form), Some(form), "{name} of {}", self.shape.noun);
        self.entries.iter().find(|(key, ..)| key.name == name).map(|(_, _, value)| *value)
    }

    /// From the key to the end of its value.
    fn whole(&self, name: &str) -> Span {
        let entry = self.entries.iter().find(|(key, ..)| key.name == name);
        entry.map_or(self.span, |(_, key, value)| key.span(self.file).to(value.span(self.file)))
    }

    /// From behind the key to the end of its value: comments there belong to it.
    fn inside(&self, name: &str) -> Span {
        let entry = self.entries.iter().find(|(key, ..)| key.name == name);
        entry.map_or(self.span, |(_, key, value)| behind(self.file, key, value))
    }
}

fn behind(file: FileId, key: &Node, value: &Node) -> Span {
    Span { file, start: key.end as u32, end: value.end.max(key.end) as u32 }
}

impl<'t> Yaml<'t> {
    pub fn new(file: FileId, text: &'t str) -> Self {
        Self { file, text, reader: Reader::new(file, text), depth: 0 }
    }

    /// What was found wrong, in the order of reading.
    pub fn finish(self) -> Vec<Diagnostic> {
        self.reader.diagnostics
    }

    /// Reads one document.
    pub fn item(&mut self, root: &Node) -> Item {
        let span = root.span(self.file);
        let names: Vec<&str> = ITEMS.iter().map(|shape| shape.first()).collect();
        let Kind::Map { entries, .. } = &root.kind else {
            if !matches!(root.kind, Kind::Refused) {
                let help = format!("a document begins with one of {}", listed(&names));
                self.error(codes::YAML_SHAPE, self.head(root), "a document is a map of keys", help);
            }
            return Item::Broken(span);
        };
        let Some(shape) = self.named(entries, ITEMS, root, "a document") else { return Item::Broken(span) };
        let Some(fields) = self.fields(root, shape) else { return Item::Broken(span) };
        let item = match shape.first() {
            "bot" => self.bot(&fields),
            "words" => self.words(&fields),
            "contact" => self.contact(&fields),
            "hours" => self.hours(&fields),
            "team" => self.team(&fields),
            "texts" => self.named_text(&fields),
            "flow" => self.flow(&fields),
            _ => self.test(&fields),
        };
        item.unwrap_or(Item::Broken(span))
    }

    fn error(&mut self, code: &'static str, span: Span, message: impl Into<String>, help: impl Into<String>) {
        self.reader.report(Diagnostic::error(code, span, message).help(help));
    }

    /// Reads something that may hold more of its kind, unless it nests too deep.
    fn deeper<T>(&mut self, node: &Node, read: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.depth >= DEPTH_MAX {
            let help = "move the inner part into a flow of its own";
            self.error(codes::TOO_DEEP, self.head(node), "this nests too deep", help);
            return None;
        }
        self.depth += 1;
        let read = read(self);
        self.depth -= 1;
        Some(read)
    }

    /// The beginning of a node, so that a long one is not underlined whole.
    fn head(&self, node: &Node) -> Span {
        let text = self.text.get(node.start..node.end).unwrap_or_default();
        let line = text.split('\n').next().unwrap_or_default().trim_end();
        Span { file: self.file, start: node.start as u32, end: (node.start + line.len()) as u32 }
    }

    /// The shape that a key of this map names.
    fn named(
        &mut self,
        entries: &[(Node, Node)],
        shapes: &'static [&'static Shape],
        node: &Node,
        what: &str,
    ) -> Option<&'static Shape> {
        let keys: Vec<&str> = entries.iter().filter_map(|(key, _)| key.scalar()).map(|key| key.text.as_str()).collect();
        let found: Vec<&'static Shape> = shapes.iter().copied().filter(|shape| keys.contains(&shape.first())).collect();
        // `post` names a step, and is the method of a `fetch` beside it.
        let fits = |shape: &&&Shape| found.iter().all(|other| shape.key(other.first()).is_some());
        if let Some(shape) = found.iter().find(fits) {
            return Some(shape);
        }
        let names: Vec<&str> = shapes.iter().map(|shape| shape.first()).collect();
        if let [first, second, ..] = found.as_slice() {
            let message = format!("`{}` and `{}` each begin {what} of their own", first.first(), second.first());
            self.error(codes::YAML_ITEM, self.head(node), message, "begin each with `- `, or with `---` where it is a document");
            return None;
        }
        let Some((key, _)) = entries.first() else {
            let help = format!("it begins with one of {}", listed(&names));
            self.error(codes::YAML_ITEM, self.head(node), format!("{what} with nothing in it"), help);
            return None;
        };
        let word = key.scalar().map(|key| key.text.clone()).unwrap_or_default();
        if key.scalar().is_some() {
            let found = self.unknown(&word, &names, what);
            let span = key.span(self.file);
            self.reader.report(Diagnostic::error(codes::YAML_ITEM, span, format!("no key names {what} here")).help(found));
        }
        None
    }

    fn unknown(&self, word: &str, names: &[&str], what: &str) -> String {
        match explain::nearest(word, names) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("{what} is named by one of {}", listed(names)),
        }
    }

    /// Looks up the keys of a map. `None` where the node is no map.
    fn fields<'n>(&mut self, node: &'n Node, shape: &'static Shape) -> Option<Fields<'n>> {
        let Kind::Map { entries, .. } = &node.kind else {
            self.shape_error(node, &format!("{} is a map of keys", shape.noun), &usual(shape));
            return None;
        };
        let names: Vec<&str> = shape.keys.iter().map(|key| key.name).collect();
        let mut fields = Fields { shape, entries: Vec::new(), span: node.span(self.file), file: self.file };
        for (key, value) in entries {
            let Some(word) = self.key(key) else { continue };
            let Some(known) = shape.key(word) else {
                let help = match explain::nearest(word, &names) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None if BARE.contains(&word) => "a step of its own begins with `- `".to_owned(),
                    None => format!("it has the keys {}", listed(&names)),
                };
                let message = format!("`{word}` is not a key of {}", shape.noun);
                self.error(codes::YAML_KEY, key.span(self.file), message, help);
                continue;
            };
            if let Some((_, before, _)) = fields.entries.iter().find(|(key, ..)| key.name == known.name) {
                let before = before.span(self.file);
                self.twice(word, key, before);
                continue;
            }
            fields.entries.push((known, key, value));
        }
        for key in shape.keys.iter().filter(|key| key.needed) {
            if !fields.entries.iter().any(|(there, ..)| there.name == key.name) {
                let message = format!("{} without `{}`", shape.noun, key.name);
                let span = fields.entries.first().map_or_else(|| self.head(node), |(_, key, _)| key.span(self.file));
                self.error(codes::YAML_MISSING, span, message, format!("add `{}:`, {}", key.name, key.about));
            }
        }
        Some(fields)
    }

    fn twice(&mut self, word: &str, key: &Node, before: Span) {
        let found = Diagnostic::error(codes::YAML_TWICE, key.span(self.file), format!("`{word}` stands here a second time"));
        self.reader.report(found.also(before, "here it stands first").help("keep one of them"));
    }

    /// The word of a key.
    fn key<'n>(&mut self, key: &'n Node) -> Option<&'n str> {
        let help = "a key is one word, such as `say`";
        match &key.kind {
            Kind::Scalar(_) if key.is_empty() => {
                self.error(codes::YAML_MISSING, key.span(self.file), "a value without a key", help);
                None
            }
            Kind::Scalar(scalar) if scalar.text == "<<" => {
                let help = "write the keys out where they are meant";
                self.error(codes::YAML_REFUSED, key.span(self.file), "YAML merge keys are not used here", help);
                None
            }
            Kind::Scalar(scalar) => Some(&scalar.text),
            Kind::List(_) | Kind::Map { .. } => {
                self.error(codes::YAML_REFUSED, self.head(key), "a list or map cannot be a key", help);
                None
            }
            Kind::Refused => None,
        }
    }

    /// The entries of a map with names of the author's own as keys; each name once.
    fn own<'n>(&mut self, node: &'n Node, what: &str, example: &str) -> Vec<(&'n Node, &'n Node)> {
        let Kind::Map { entries, .. } = &node.kind else {
            self.shape_error(node, &format!("{what} is a map of names"), example);
            return Vec::new();
        };
        let mut seen = std::collections::HashMap::new();
        let mut all = Vec::new();
        for (key, value) in entries {
            let Some(word) = self.key(key) else { continue };
            match seen.get(word).copied() {
                Some(before) => self.twice(word, key, before),
                None => {
                    seen.insert(word, key.span(self.file));
                    all.push((key, value));
                }
            }
        }
        all
    }

    /// The nodes of a list.
    fn list<'n>(&mut self, node: &'n Node, what: &str) -> &'n [Node] {
        match &node.kind {
            Kind::List(nodes) => nodes,
            _ => {
                self.shape_error(
                    node,
                    &format!("{what} is a list"),
                    "begin each part of it with `- `, or write `[]` for an empty one",
                );
                &[]
            }
        }
    }

    /// The nodes of a list, or the node itself.
    fn one_or_list<'n>(&self, node: &'n Node) -> &'n [Node] {
        match &node.kind {
            Kind::List(nodes) => nodes,
            _ => std::slice::from_ref(node),
        }
    }

    /// Something else stands where `message` says what belongs there.
    fn shape_error(&mut self, node: &Node, message: &str, help: &str) {
        if matches!(node.kind, Kind::Refused) {
            return;
        }
        if node.is_empty() {
            let (before, after) = self.text.split_at_checked(node.start).unwrap_or_default();
            // Behind a key stands its `:`; an empty part of a list has no word.
            let keyed = after.trim_start_matches([' ', '\t']).starts_with(':');
            let word = before.rsplit(['\n', ' ', '{', ',', '[', '-']).next().filter(|_| keyed).unwrap_or_default();
            let message = if word.is_empty() { "nothing stands here".to_owned() } else { format!("`{word}` has no value") };
            let start = node.start.saturating_sub(word.len());
            let span = Span { file: self.file, start: start as u32, end: node.start as u32 };
            self.error(codes::YAML_MISSING, span, message, help);
            return;
        }
        self.error(codes::YAML_SHAPE, self.head(node), message.to_owned(), help.to_owned());
    }
}

/// The key that a map of this shape begins with, for an example.
fn usual(shape: &Shape) -> String {
    let keys: Vec<&str> = shape.keys.iter().map(|key| key.name).collect();
    format!("it has the keys {}", listed(&keys))
}

/// `a`, `b` or `c`
pub fn listed(words: &[&str]) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match words.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [before @ .., last] => format!("{} or {last}", before.join(", ")),
    }
}

/// `contact.size`
fn dotted(names: &[Name]) -> String {
    names.iter().map(|name| name.text.as_str()).collect::<Vec<_>>().join(".")
}
