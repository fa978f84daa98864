//! Lays entries out in lines, with comments and empty lines at their places. The twin of the printer of `.flow`.

use crate::source::Span;
use crate::syntax::tree::Document;

use super::{Entry, Yaml};

/// Lists and maps stand on one line where it is no longer, in characters.
const WIDTH_MAX: usize = 100;

enum Mark<'d> {
    /// A comment, and whether it stands alone on its line.
    Comment(&'d str, bool),
    Blank,
}

pub struct Layout<'d> {
    out: String,
    indent: usize,
    /// Comments and empty lines by place, with whether they are written.
    marks: Vec<(u32, Mark<'d>, bool)>,
    blank_due: bool,
    /// The last line ends in a comment.
    commented: bool,
    /// The last line begins something: no empty line follows it.
    opened: bool,
    /// The last line belongs to a text, where a comment would be a part of it.
    in_text: bool,
}

/// The stretch of the source that belongs to one of several entries.
#[derive(Clone, Copy)]
struct Around {
    before: u32,
    start: u32,
    end: u32,
    until: u32,
}

impl<'d> Layout<'d> {
    pub fn new(document: &'d Document) -> Self {
        let comments = document.comments.iter();
        let mut marks: Vec<_> =
            comments.map(|comment| (comment.span.start, Mark::Comment(&comment.text, comment.alone), false)).collect();
        marks.extend(document.blanks.iter().map(|blank| (blank.start, Mark::Blank, false)));
        marks.sort_by_key(|(at, _, _)| *at);
        Self { out: String::new(), indent: 0, marks, blank_due: false, commented: false, opened: true, in_text: false }
    }

    pub fn finish(mut self) -> String {
        if !self.out.is_empty() {
            self.out.push('\n');
        }
        self.out
    }

    /// Writes whole documents, parted by `---`.
    pub fn documents(&mut self, parts: &[(Vec<Entry>, Span)]) {
        let spans: Vec<Option<Span>> = parts.iter().map(|(_, span)| Some(*span)).collect();
        for (at, ((entries, span), around)) in parts.iter().zip(surroundings(&spans, 0, u32::MAX)).enumerate() {
            if at > 0 {
                self.part();
            }
            if let Some(around) = around {
                self.lead(around);
            }
            self.entries(entries, span.start, span.end, false);
            if let Some(around) = around {
                self.trail(around);
            }
        }
        if self.marks.iter().any(|(_, mark, used)| !used && matches!(mark, Mark::Comment(..))) {
            // What stands behind the last item, and what no place was found for: nothing an author wrote may be lost.
            if !parts.is_empty() {
                self.part();
            }
            self.lead(Around { before: 0, start: u32::MAX, end: u32::MAX, until: u32::MAX });
            self.trail(Around { before: 0, start: 0, end: u32::MAX, until: u32::MAX });
        }
    }

    fn part(&mut self) {
        self.blank_due = false;
        self.line();
        self.out.push_str("---");
        self.opened = true;
    }

    // --- entries ---------------------------------------------------------------------------------------------------

    /// The entries of a map or list, whose place is `from..to`; the first key stands behind `- ` where `begun`.
    fn entries(&mut self, entries: &[Entry], from: u32, to: u32, begun: bool) {
        let spans: Vec<Option<Span>> = entries.iter().map(|entry| entry.span).collect();
        for (at, (entry, around)) in entries.iter().zip(surroundings(&spans, from, to)).enumerate() {
            if at > 0 || !begun {
                if let Some(around) = around {
                    self.lead(around);
                }
                self.line();
            }
            if entry.key.is_empty() {
                self.item(entry);
            } else {
                self.out.push_str(&entry.key);
                self.out.push(':');
                self.value(entry);
            }
            if let Some(around) = around {
                self.trail(around);
            }
        }
        let last = spans.iter().flatten().map(|span| span.end).max();
        if let Some(last) = last.filter(|last| *last < to) {
            self.lead(Around { before: last, start: to, end: to, until: to });
            self.blank_due = false;
        }
    }

    fn item(&mut self, entry: &Entry) {
        self.out.push('-');
        let (from, to) = place(entry);
        match &entry.value {
            Yaml::Map(entries) if !entries.is_empty() && self.short(entry).is_none() => {
                self.out.push(' ');
                self.indent += 1;
                self.entries(entries, from, to, true);
                self.indent -= 1;
            }
            _ => self.value(entry),
        }
    }

    /// Behind `key:` or `-`.
    fn value(&mut self, entry: &Entry) {
        let (from, to) = place(entry);
        self.in_text = false;
        match &entry.value {
            Yaml::Scalar(text) => {
                self.out.push(' ');
                self.out.push_str(text);
            }
            Yaml::Lines(lines, head) => {
                self.out.push(' ');
                self.out.push_str(head);
                self.indent += 1;
                for line in lines {
                    self.out.push('\n');
                    if !line.is_empty() {
                        self.put_indent();
                        self.out.push_str(line);
                    }
                }
                self.indent -= 1;
                self.in_text = true;
            }
            Yaml::List(entries) | Yaml::Map(entries) | Yaml::Short(entries) => {
                if let Some(short) = self.short(entry) {
                    self.out.push(' ');
                    self.out.push_str(&short);
                    return;
                }
                let first = entries.iter().filter_map(|entry| entry.span).map(|span| span.start).min();
                self.behind_header(from, first.unwrap_or(to));
                self.opened = true;
                self.indent += 1;
                self.entries(entries, from, to, false);
                self.indent -= 1;
            }
        }
    }

    /// The entry's value on the line that is written, where it is short and holds no comment.
    fn short(&self, entry: &Entry) -> Option<String> {
        let text = match &entry.value {
            Yaml::List(entries) if entries.is_empty() => "[]".to_owned(),
            Yaml::Map(entries) | Yaml::Short(entries) if entries.is_empty() => "{}".to_owned(),
            Yaml::List(entries) if entries.iter().all(|entry| matches!(entry.value, Yaml::Scalar(_))) => {
                on_one_line(&entry.value)?
            }
            Yaml::Short(_) => on_one_line(&entry.value)?,
            _ => return None,
        };
        let column = self.out.rsplit('\n').next().unwrap_or_default().chars().count();
        let (from, to) = place(entry);
        let fits = text.len() <= 2 || column + text.chars().count() < WIDTH_MAX;
        (fits && !self.has_comment(from, to)).then_some(text)
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
        self.in_text = false;
        self.put_indent();
    }

    fn put_indent(&mut self) {
        for _ in 0..self.indent {
            self.out.push_str("  ");
        }
    }

    fn comment(&mut self, text: &str) {
        self.out.push_str(if text.is_empty() { "#" } else { "# " });
        self.out.push_str(text);
        self.commented = true;
    }

    /// Comments and empty lines before an entry.
    fn lead(&mut self, around: Around) {
        for mark in self.take(around.before, around.start, |_, mark| !matches!(mark, Mark::Comment(_, false))) {
            match mark {
                Mark::Blank => self.blank_due = true,
                Mark::Comment(text, _) => {
                    self.line();
                    self.comment(text);
                }
            }
        }
    }

    /// Comments behind an entry on its last line, and those inside it that found no line of their own.
    fn trail(&mut self, around: Around) {
        let wanted = |at, mark: &Mark<'_>| match mark {
            Mark::Comment(_, alone) => !alone || at < around.end,
            Mark::Blank => false,
        };
        for mark in self.take(around.start, around.until, wanted) {
            if let Mark::Comment(text, _) = mark {
                self.behind(text);
            }
        }
    }

    /// Comments behind a key, before the first thing below it.
    fn behind_header(&mut self, from: u32, until: u32) {
        for mark in self.take(from, until, |_, mark| matches!(mark, Mark::Comment(_, false))) {
            if let Mark::Comment(text, _) = mark {
                self.behind(text);
            }
        }
    }

    fn behind(&mut self, text: &str) {
        if self.commented || self.in_text {
            self.line();
        } else {
            self.out.push_str("  ");
        }
        self.comment(text);
    }

    /// Takes the marks between two places that are wanted and not yet written.
    fn take(&mut self, from: u32, to: u32, wanted: impl Fn(u32, &Mark<'d>) -> bool) -> Vec<Mark<'d>> {
        let first = self.marks.partition_point(|(at, _, _)| *at < from);
        let mut taken = Vec::new();
        for (at, mark, used) in self.marks.iter_mut().skip(first).take_while(|(at, _, _)| *at < to) {
            if !*used && wanted(*at, mark) {
                *used = true;
                taken.push(match mark {
                    Mark::Comment(text, alone) => Mark::Comment(text, *alone),
                    Mark::Blank => Mark::Blank,
                });
            }
        }
        taken
    }

    fn has_comment(&self, from: u32, to: u32) -> bool {
        let first = self.marks.partition_point(|(at, _, _)| *at < from);
        let mut inside = self.marks.iter().skip(first).take_while(|(at, _, _)| *at < to);
        inside.any(|(_, mark, used)| !used && matches!(mark, Mark::Comment(..)))
    }
}

fn place(entry: &Entry) -> (u32, u32) {
    entry.span.map_or((0, 0), |span| (span.start, span.end))
}

fn on_one_line(value: &Yaml) -> Option<String> {
    match value {
        Yaml::Scalar(text) => Some(text.clone()),
        Yaml::Lines(..) => None,
        Yaml::List(entries) => {
            let parts: Option<Vec<String>> = entries.iter().map(|entry| on_one_line(&entry.value)).collect();
            Some(format!("[{}]", parts?.join(", ")))
        }
        Yaml::Map(entries) | Yaml::Short(entries) => {
            let part = |entry: &Entry| Some(format!("{}: {}", entry.key, on_one_line(&entry.value)?));
            let parts: Option<Vec<String>> = entries.iter().map(part).collect();
            Some(format!("{{ {} }}", parts?.join(", ")))
        }
    }
}

/// Neighbours by place, whatever the order of writing is; nothing for what has no place.
fn surroundings(spans: &[Option<Span>], from: u32, to: u32) -> Vec<Option<Around>> {
    let mut placed: Vec<(usize, Span)> = spans.iter().enumerate().filter_map(|(at, span)| Some((at, (*span)?))).collect();
    placed.sort_by_key(|(_, span)| span.start);
    let mut all = vec![None; spans.len()];
    for (order, (at, span)) in placed.iter().enumerate() {
        let before = order.checked_sub(1).and_then(|order| placed.get(order)).map_or(from, |(_, before)| before.end);
        let until = placed.get(order + 1).map_or(to, |(_, next)| next.start);
        if let Some(around) = all.get_mut(*at) {
            *around = Some(Around { before, start: span.start, end: span.end, until });
        }
    }
    all
}
