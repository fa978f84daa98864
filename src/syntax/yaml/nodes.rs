//! In: one YAML document. Out: its maps, lists and values with their places in the file, its comments and empty lines;
//! or why it cannot be read. What the language refuses of YAML (anchors, aliases, tags) is refused here.
//! Cost and memory are linear in the document.

use saphyr_parser::{Event, Parser, ScalarStyle};

use crate::diagnostic::Diagnostic;
use crate::source::{FileId, Span};
use crate::syntax::codes;
use crate::syntax::read::{DIAGNOSTICS_MAX, Places, Value};
use crate::syntax::tree::Comment;

use super::margin::Margin;
use super::places;
use super::trouble;

/// Maps and lists nest at most so deep; four of them make one level of the language, which has a limit of its own.
pub const NESTING_MAX: usize = 256;
/// Values, maps and lists of one document.
pub const NODES_MAX: usize = 200_000;

#[derive(Clone, Debug)]
pub struct Node {
    pub kind: Kind,
    /// Bytes of the file; of a block, the comments that belong to it at its end are taken in.
    pub start: usize,
    pub end: usize,
}

#[derive(Clone, Debug)]
pub enum Kind {
    Scalar(Scalar),
    List(Vec<Node>),
    Map {
        entries: Vec<(Node, Node)>,
        flow: bool,
    },
    /// Refused; a diagnostic says why.
    Refused,
}

#[derive(Clone, Debug)]
pub struct Scalar {
    pub text: String,
    pub places: Places,
    pub style: ScalarStyle,
}

impl Node {
    pub const fn span(&self, file: FileId) -> Span {
        Span { file, start: self.start as u32, end: self.end as u32 }
    }

    pub const fn scalar(&self) -> Option<&Scalar> {
        match &self.kind {
            Kind::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// Nothing was written where a value could stand.
    pub fn is_empty(&self) -> bool {
        self.scalar().is_some_and(|scalar| scalar.style == ScalarStyle::Plain && scalar.text.is_empty())
    }

    /// The value for the grammar.
    pub fn value(&self, file: FileId) -> Option<Value<'_>> {
        self.scalar().map(|scalar| Value { text: &scalar.text, places: &scalar.places, span: self.span(file) })
    }
}

/// What was read of one document.
#[derive(Debug, Default)]
pub struct Read {
    /// `None` where it is empty or could not be read.
    pub root: Option<Node>,
    pub comments: Vec<Comment>,
    pub blanks: Vec<Span>,
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads the document that stands at `from..to` of the file.
pub fn read(file: FileId, text: &str, from: usize, to: usize) -> Read {
    let part = text.get(from..to).unwrap_or_default();
    let mut builder = Builder {
        file,
        text: text.get(..to).unwrap_or(text),
        starts: starts(part, from),
        open: Vec::new(),
        root: None,
        nodes: 0,
        at: from,
        margin: Margin::new(file, from),
        diagnostics: Vec::new(),
    };
    let complete = builder.run(part, from);
    builder.margin.pass(builder.text, to);
    if !complete {
        builder.root = None;
    }
    let Builder { root, margin, diagnostics, .. } = builder;
    Read { root, comments: margin.comments, blanks: margin.blanks, diagnostics }
}

/// Where each character begins, in bytes of the file; `None` for plain ASCII, where it is the same.
fn starts(part: &str, from: usize) -> Option<Vec<u32>> {
    if part.is_ascii() {
        return None;
    }
    Some(part.char_indices().map(|(at, _)| (from + at) as u32).chain([(from + part.len()) as u32]).collect())
}

struct Open {
    kind: Kind,
    /// The key whose value comes next.
    key: Option<Node>,
    start: usize,
    /// Characters from the line's beginning; for blocks.
    column: Option<usize>,
}

struct Builder<'t> {
    file: FileId,
    /// The file up to the document's end.
    text: &'t str,
    starts: Option<Vec<u32>>,
    open: Vec<Open>,
    root: Option<Node>,
    nodes: usize,
    /// Up to here everything belongs to something.
    at: usize,
    margin: Margin,
    diagnostics: Vec<Diagnostic>,
}

impl Builder<'_> {
    /// Whether the document could be read to its end.
    fn run(&mut self, part: &str, from: usize) -> bool {
        let mut parser = Parser::new_from_str(part);
        loop {
            match parser.next_event() {
                None | Some(Ok((Event::StreamEnd, _))) => return true,
                Some(Ok((event, span))) => {
                    let start = self.byte(span.start.index(), from);
                    let end = self.byte(span.end.index(), from);
                    if !self.event(event, start, end, span.start.col()) {
                        return false;
                    }
                }
                Some(Err(error)) => {
                    let at = self.byte(error.marker().index(), from);
                    self.diagnostics.push(trouble::explain(self.file, self.text, from, at, self.at, error.info()));
                    return false;
                }
            }
        }
    }

    fn byte(&self, index: usize, from: usize) -> usize {
        let byte = match &self.starts {
            None => from + index,
            Some(starts) => starts.get(index).or(starts.last()).map_or(from, |at| *at as usize),
        };
        byte.min(self.text.len())
    }

    fn event(&mut self, event: Event<'_>, start: usize, end: usize, column: usize) -> bool {
        self.nodes += 1;
        if self.nodes > NODES_MAX {
            let message = format!("a document with more than {NODES_MAX} values is too large to be read");
            self.refuse(codes::TOO_LARGE, start, end, message, "divide it");
            return false;
        }
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let refused = self.refused(anchor, tag.is_some(), start);
                let mut node = self.scalar(text.into_owned(), style, start, end);
                if refused {
                    node.kind = Kind::Refused;
                }
                self.add(node);
            }
            Event::SequenceStart(anchor, tag) => {
                self.refused(anchor, tag.is_some(), start);
                return self.begin(Kind::List(Vec::new()), start, column);
            }
            Event::MappingStart(anchor, tag) => {
                self.refused(anchor, tag.is_some(), start);
                let flow = self.text.get(start..).is_some_and(|rest| rest.starts_with('{'));
                return self.begin(Kind::Map { entries: Vec::new(), flow }, start, column);
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(start),
            Event::DocumentStart(_) if self.root.is_some() => {
                let help = "part documents with `---` on a line of its own";
                self.refuse(codes::YAML_REFUSED, start, start, "`...` does not part documents here".to_owned(), help);
                return false;
            }
            Event::Alias(_) => {
                let help = "an alias repeats another part of the file: write the part out; if this is a text, put it in quotes";
                self.refuse(codes::YAML_REFUSED, start, end, "YAML aliases are not used here".to_owned(), help);
                let node = Node { kind: Kind::Refused, start, end };
                self.add(node);
            }
            _ => {}
        }
        true
    }

    /// Anchors and tags are refused wherever they stand.
    fn refused(&mut self, anchor: usize, tagged: bool, start: usize) -> bool {
        if anchor == 0 && !tagged {
            return false;
        }
        // The place that is told for a value includes its anchor and tag.
        let word = self.text.get(start..).unwrap_or_default().split([' ', '\n', '\t']).next().unwrap_or_default();
        let (sign, what) = if anchor > 0 { ('&', "anchors") } else { ('!', "tags") };
        let end = start + if word.starts_with(sign) { word.len() } else { 0 };
        let message = format!("YAML {what} are not used here");
        let help = match sign {
            '&' => "delete it and write the part out where it is used; if this is a text, put it in quotes",
            _ => "delete it: the language knows what each value is; if this is a text, put it in quotes",
        };
        self.refuse(codes::YAML_REFUSED, start, end.max(start + 1), message, help);
        true
    }

    fn refuse(&mut self, code: &'static str, start: usize, end: usize, message: String, help: &str) {
        if self.diagnostics.len() > DIAGNOSTICS_MAX {
            return;
        }
        let span = Span { file: self.file, start: start as u32, end: end as u32 };
        self.diagnostics.push(Diagnostic::error(code, span, message).help(help));
    }

    fn scalar(&mut self, text: String, style: ScalarStyle, start: usize, end: usize) -> Node {
        let mut scalar = Scalar { text, places: Places::default(), style };
        if style == ScalarStyle::Plain && scalar.text.is_empty() {
            let rest = self.text.get(self.at..).unwrap_or_default();
            let blanks = rest.len() - rest.trim_start().len();
            // An empty part of a list stands at its `-`; an empty value behind its key.
            let at = if rest.trim_start().starts_with('-') { self.at + blanks } else { self.at };
            scalar.places.close(at);
            return Node { kind: Kind::Scalar(scalar), start: at, end: at };
        }
        let block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
        let stop = if block || style == ScalarStyle::Plain { end } else { self.text.len() };
        let source = self.text.get(start..stop).unwrap_or_default();
        let (places, length) = places::align(&scalar.text, source, start, style);
        scalar.places = places;
        // The line end that closes a block text is not a part of its place.
        let end = start + source.get(..length).map_or(length, |whole| if block { whole.trim_end().len() } else { length });
        if block {
            // The sign and its comment stand before the text.
            self.margin.pass_block_head(self.text, start);
        } else {
            self.margin.pass(self.text, start);
        }
        self.margin.skip(end);
        self.at = end;
        Node { kind: Kind::Scalar(scalar), start, end }
    }

    fn begin(&mut self, kind: Kind, start: usize, column: usize) -> bool {
        if self.open.len() >= NESTING_MAX {
            let help = "move the inner part into a flow of its own";
            self.refuse(codes::TOO_DEEP, start, start + 1, "lists and maps nest too deep here".to_owned(), help);
            return false;
        }
        let flow = self.text.get(start..).is_some_and(|rest| rest.starts_with(['{', '[']));
        self.open.push(Open { kind, key: None, start, column: (!flow).then_some(column) });
        if flow {
            self.at = self.at.max(start + 1);
        }
        true
    }

    fn end(&mut self, at: usize) {
        let Some(mut open) = self.open.pop() else { return };
        let end = match open.column {
            Some(column) => self.block_end(column),
            None => {
                self.at = self.at.max(at + 1);
                self.at
            }
        };
        if let (Some(key), Kind::Map { entries, .. }) = (open.key.take(), &mut open.kind) {
            let value = Node { kind: Kind::Refused, start: key.end, end: key.end };
            entries.push((key, value));
        }
        self.add(Node { kind: open.kind, start: open.start, end: end.max(open.start) });
    }

    /// The end of a block: comments behind its last value and those below that are not further left belong to it.
    fn block_end(&mut self, column: usize) -> usize {
        let mut end = self.at;
        let mut at = self.at;
        let mut first = true;
        while let Some(rest) = self.text.get(at..).filter(|rest| !rest.is_empty()) {
            let line = rest.split('\n').next().unwrap_or_default();
            let blanks = line.len() - line.trim_start_matches([' ', '\t']).len();
            let inside = line.get(blanks..).unwrap_or_default().trim_end();
            if inside.starts_with('#') && (first && blanks > 0 || !first && blanks >= column) {
                end = (at + blanks + inside.len() + 1).min(self.text.len());
            } else if !inside.is_empty() {
                break;
            }
            at += line.len() + 1;
            first = false;
        }
        end
    }

    fn add(&mut self, node: Node) {
        let Some(open) = self.open.last_mut() else {
            self.root.get_or_insert(node);
            return;
        };
        match &mut open.kind {
            Kind::List(nodes) => nodes.push(node),
            Kind::Map { entries, .. } => match open.key.take() {
                Some(key) => entries.push((key, node)),
                None => open.key = Some(node),
            },
            Kind::Scalar(_) | Kind::Refused => {}
        }
    }
}
