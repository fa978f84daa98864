//! In: trees. Out: their one canonical spelling.
//! Does not know: the text that a tree was read from; comments and empty lines come with the document.

mod control;
mod expressions;
mod fetch;
mod items;
pub mod pieces;
mod steps;
mod tests;
mod texts;

pub use items::{in_order, rank};
pub use texts::text_span;

use crate::source::Span;

use super::tree::{Document, Item};

/// Lines are broken where they would be longer, in characters.
const WIDTH_MAX: usize = 100;

pub fn print(document: &Document) -> String {
    let mut printer = Printer::new(document);
    printer.document(document);
    printer.out
}

enum Mark<'d> {
    /// A comment, and whether it stands alone on its line.
    Comment(&'d str, bool),
    Blank,
}

struct Printer<'d> {
    /// Ends without a line end while a line may still get a comment.
    out: String,
    indent: usize,
    /// Comments and empty lines by place, with whether they are printed.
    marks: Vec<(u32, Mark<'d>, bool)>,
    blank_due: bool,
    /// The last line ends in a comment.
    commented: bool,
    /// The last line opens a block.
    opened: bool,
}

impl<'d> Printer<'d> {
    fn new(document: &'d Document) -> Self {
        let comments = document.comments.iter();
        let mut marks: Vec<_> =
            comments.map(|comment| (comment.span.start, Mark::Comment(&comment.text, comment.alone), false)).collect();
        marks.extend(document.blanks.iter().map(|blank| (blank.start, Mark::Blank, false)));
        marks.sort_by_key(|(at, _, _)| *at);
        Self { out: String::new(), indent: 0, marks, blank_due: false, commented: false, opened: false }
    }

    fn document(&mut self, document: &'d Document) {
        let spans: Vec<_> = document.items.iter().map(item_span).collect();
        let mut braced_before = None;
        for (item, around) in document.items.iter().zip(surroundings(&spans, 0, u32::MAX)) {
            let braced = !matches!(item, Item::Words(_));
            // Items stand apart; only lists of words may stand together.
            self.blank_due |= braced_before.is_some_and(|before| before || braced);
            self.lead(&around);
            self.item(item);
            self.trail(&around);
            braced_before = Some(braced);
        }
        self.rest(spans.iter().map(|span| span.end).max().unwrap_or(0));
        if !self.out.is_empty() {
            self.out.push('\n');
        }
    }

    /// What no place was found for; nothing an author wrote may be lost.
    fn rest(&mut self, from: u32) {
        let everywhere = Around { before: from, start: u32::MAX, end: u32::MAX, until: u32::MAX };
        self.lead(&everywhere);
        self.blank_due = false;
        self.trail(&Around { before: 0, start: 0, end: u32::MAX, until: u32::MAX });
    }

    // --- lines -----------------------------------------------------------------------------------------------------

    /// Begins a line.
    fn line(&mut self) {
        if !self.out.is_empty() {
            self.out.push('\n');
            if self.blank_due && !self.opened {
                self.out.push('\n');
            }
        }
        self.blank_due = false;
        self.commented = false;
        self.opened = false;
        self.put_indent();
    }

    fn put_indent(&mut self) {
        for _ in 0..self.indent {
            self.out.push_str("    ");
        }
    }

    fn put(&mut self, text: &str) {
        self.out.push_str(text);
    }

    /// The characters of the line that is written.
    fn column(&self) -> usize {
        self.out.rsplit('\n').next().unwrap_or_default().chars().count()
    }

    fn comment(&mut self, text: &str) {
        self.put(if text.is_empty() { "#" } else { "# " });
        self.put(text);
        self.commented = true;
    }

    /// Comments and empty lines before a node.
    fn lead(&mut self, around: &Around) {
        for (at, mark) in self.take(around.before, around.start, |_, mark| !matches!(mark, Mark::Comment(_, false))) {
            match mark {
                Mark::Blank => self.blank_due = true,
                Mark::Comment(text, _) => {
                    let _ = at;
                    self.line();
                    self.comment(text);
                }
            }
        }
    }

    /// Comments behind a node on its last line, and those inside it that found no line of their own.
    fn trail(&mut self, around: &Around) {
        let end = around.end;
        for (_, mark) in self.take(around.start, around.until, |at, mark| match mark {
            Mark::Comment(_, alone) => !alone || at < end,
            Mark::Blank => false,
        }) {
            if let Mark::Comment(text, _) = mark {
                self.behind(text);
            }
        }
    }

    /// Comments behind a header, before the first thing in its braces.
    fn behind_header(&mut self, from: u32, until: u32) {
        for (_, mark) in self.take(from, until, |_, mark| matches!(mark, Mark::Comment(_, false))) {
            if let Mark::Comment(text, _) = mark {
                self.behind(text);
            }
        }
    }

    fn behind(&mut self, text: &str) {
        let opened = self.opened;
        if self.commented {
            self.line();
        } else {
            self.put("  ");
        }
        self.comment(text);
        self.opened = opened;
    }

    /// Takes the marks between two places that are wanted and not yet printed.
    fn take(&mut self, from: u32, to: u32, wanted: impl Fn(u32, &Mark<'d>) -> bool) -> Vec<(u32, Mark<'d>)> {
        let first = self.marks.partition_point(|(at, _, _)| *at < from);
        let mut taken = Vec::new();
        for (at, mark, used) in self.marks.iter_mut().skip(first).take_while(|(at, _, _)| *at < to) {
            if !*used && wanted(*at, mark) {
                *used = true;
                taken.push((
                    *at,
                    match mark {
                        Mark::Comment(text, alone) => Mark::Comment(text, *alone),
                        Mark::Blank => Mark::Blank,
                    },
                ));
            }
        }
        taken
    }

    fn has_comment(&self, from: u32, to: u32) -> bool {
        let first = self.marks.partition_point(|(at, _, _)| *at < from);
        let mut inside = self.marks.iter().skip(first).take_while(|(at, _, _)| *at < to);
        inside.any(|(_, mark, used)| !used && matches!(mark, Mark::Comment(..)))
    }

    /// `{`, the nodes each on a line of its own, `}`. `span` is the whole construct, whose header is written.
    fn braces<T>(
        &mut self,
        span: Span,
        header_end: u32,
        nodes: &[T],
        place: impl Fn(&T) -> Span,
        mut write: impl FnMut(&mut Self, &T),
    ) {
        let spans: Vec<_> = nodes.iter().map(place).collect();
        let first = spans.iter().map(|span| span.start).min();
        let inside = self.has_comment(header_end, span.end.saturating_sub(1));
        if nodes.is_empty() && !inside {
            self.put(" { }");
            return;
        }
        self.put(" {");
        self.opened = true;
        self.indent += 1;
        self.behind_header(header_end, first.unwrap_or(span.end));
        for (node, around) in nodes.iter().zip(surroundings(&spans, header_end, span.end)) {
            self.lead(&around);
            self.line();
            write(self, node);
            self.trail(&around);
        }
        let last = spans.iter().map(|span| span.end).max().unwrap_or(header_end);
        self.lead(&Around { before: last, start: span.end, end: span.end, until: span.end });
        self.blank_due = false;
        self.indent -= 1;
        self.line();
        self.put("}");
    }
}

/// The stretch of the file that belongs to one of several nodes.
struct Around {
    /// Where what stands before it ends.
    before: u32,
    start: u32,
    end: u32,
    /// Where what stands behind it begins.
    until: u32,
}

/// Neighbours by place, whatever the order of printing is.
fn surroundings(spans: &[Span], from: u32, to: u32) -> Vec<Around> {
    let mut order: Vec<usize> = (0..spans.len()).collect();
    order.sort_by_key(|at| spans.get(*at).map_or(0, |span| span.start));
    let mut all: Vec<Around> =
        spans.iter().map(|span| Around { before: from, start: span.start, end: span.end, until: to }).collect();
    for pair in order.windows(2) {
        let (Some(first), Some(second)) = (pair.first().copied(), pair.get(1).copied()) else { continue };
        let (end, start) = (spans.get(first).map_or(0, |span| span.end), spans.get(second).map_or(0, |span| span.start));
        if let Some(around) = all.get_mut(first) {
            around.until = start;
        }
        if let Some(around) = all.get_mut(second) {
            around.before = end;
        }
    }
    all
}

pub const fn item_span(item: &Item) -> Span {
    match item {
        Item::Bot(item) => item.span,
        Item::Words(item) => item.span,
        Item::Contact(item) => item.span,
        Item::Hours(item) => item.span,
        Item::Team(item) => item.span,
        Item::Texts(item) => item.span,
        Item::Flow(item) => item.span,
        Item::Test(item) => item.span,
        Item::Broken(span) => *span,
    }
}
