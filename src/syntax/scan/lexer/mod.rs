//! The one pass over the characters: brackets, quotes, comments and what stands where it should not. Knows no words.

mod brackets;
mod mend;
mod texts;

use crate::diagnostic::Diagnostic;
use crate::source::{FileId, Span};
use crate::syntax::codes;
use crate::syntax::tree::Comment;

use super::characters::{Class, begins_name, class, goes_on};
use super::{Cut, ITEM_WORDS, Scan};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Frame {
    Brace,
    Paren,
    Square,
    /// `"…"`
    Text,
    /// `"""…"""`
    BlockText,
    /// `{…}` in a text
    Hole,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Last {
    Nothing,
    /// `matching`, `matches`, `of`, `:`: a pattern may follow.
    BeforePattern,
    /// `,`, `=`, `|`: the statement goes on over the line's end.
    GoesOn,
    Other,
}

pub struct Lexer<'t> {
    file: FileId,
    text: &'t str,
    at: usize,
    resync: bool,
    masked: Vec<u8>,
    frames: Vec<(Frame, usize)>,
    item: Option<usize>,
    too_deep: bool,
    last: Last,
    line_start: usize,
    line_empty: bool,
    /// A brace closed further left than its opener's line begins: that opener may be the one left open.
    suspect: Option<usize>,
    out: Scan,
}

impl<'t> Lexer<'t> {
    pub fn new(file: FileId, text: &'t str, resync: bool) -> Self {
        Self {
            file,
            text,
            at: 0,
            resync,
            masked: text.as_bytes().to_vec(),
            frames: Vec::new(),
            item: None,
            too_deep: false,
            last: Last::Nothing,
            line_start: 0,
            line_empty: true,
            suspect: None,
            out: Scan::default(),
        }
    }

    pub fn run(mut self) -> Scan {
        if self.text.starts_with('\u{FEFF}') {
            self.blank(0, 3);
            self.at = 3;
            self.line_start = 3;
        }
        while let Some(c) = self.peek() {
            match self.frames.last() {
                Some((Frame::Text, _)) => self.in_text(c, false),
                Some((Frame::BlockText, _)) => self.in_text(c, true),
                _ => self.in_code(c),
            }
        }
        self.finish();
        self.out.masked = String::from_utf8(self.masked).unwrap_or_default();
        self.out
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span { file: self.file, start: start as u32, end: end as u32 }
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.out.diagnostics.push(diagnostic);
    }

    fn blank(&mut self, start: usize, end: usize) {
        if let Some(bytes) = self.masked.get_mut(start..end) {
            bytes.fill(b' ');
        }
    }

    /// The rest of this line has been spoken of.
    fn silence_line(&mut self, start: usize) {
        let rest = self.text.get(start..).unwrap_or_default();
        self.out.silenced.push(start..start + rest.find('\n').unwrap_or(rest.len()));
    }

    /// Puts ASCII at the end of a stretch and blanks before it.
    fn mend(&mut self, start: usize, end: usize, with: &str) {
        self.blank(start, end);
        if let Some(bytes) = self.masked.get_mut(end.saturating_sub(with.len())..end) {
            bytes.copy_from_slice(with.as_bytes());
        }
    }

    // --- code ------------------------------------------------------------------------------------------------------

    fn in_code(&mut self, c: char) {
        match c {
            '\n' => self.code_line_end(),
            ' ' | '\t' => self.at += 1,
            '\r' => {
                self.blank(self.at, self.at + 1);
                self.at += 1;
            }
            '#' => self.comment(),
            _ => {
                self.line_empty = false;
                if self.resync && !self.frames.is_empty() && self.at == self.line_start && self.item_begins() {
                    self.close_forgotten(self.at);
                }
                if self.item.is_none() && !matches!(c, '}' | ')' | ']') {
                    self.item = Some(self.at);
                }
                self.code_character(c);
            }
        }
    }

    fn code_character(&mut self, c: char) {
        match c {
            '"' if self.rest().starts_with("\"\"\"") => self.push(Frame::BlockText, 3),
            '"' => self.push(Frame::Text, 1),
            '{' => self.push(Frame::Brace, 1),
            '(' => self.push(Frame::Paren, 1),
            '[' => self.push(Frame::Square, 1),
            '}' | ')' | ']' => self.close(c),
            '/' if self.last == Last::BeforePattern => self.pattern(),
            // A result's type may be a pattern.
            '-' if self.rest().starts_with("->") => self.step_over(2, Last::BeforePattern),
            ',' | '=' | '|' | '+' | '-' | '*' | '/' | '%' | '<' | '>' => self.step_over(1, Last::GoesOn),
            ':' => self.step_over(1, Last::BeforePattern),
            _ if begins_name(c) => self.word(),
            _ if c.is_ascii_digit() => self.number(),
            _ => match class(c) {
                Class::Plain => self.step_over(c.len_utf8(), Last::Other),
                class => self.strange(c, class),
            },
        }
    }

    fn step_over(&mut self, bytes: usize, last: Last) {
        self.at += bytes;
        self.last = last;
    }

    fn word(&mut self) {
        let word = word_at(self.rest());
        let last = if matches!(word, "matching" | "matches" | "of") { Last::BeforePattern } else { Last::Other };
        self.step_over(word.len(), last);
    }

    fn number(&mut self) {
        let rest = self.rest();
        let stretch = rest.find(|c: char| !matches!(class(c), Class::Digit(_)) && !c.is_ascii_digit()).unwrap_or(rest.len());
        let run = rest.get(..stretch).unwrap_or_default();
        if run.is_ascii() {
            self.step_over(word_end(rest), Last::Other);
        } else {
            self.foreign_digits(run);
        }
    }

    fn comment(&mut self) {
        let line = self.rest().split('\n').next().unwrap_or_default();
        let (start, end) = (self.at, self.at + line.len());
        let text = line.get(1..).unwrap_or_default().trim().to_owned();
        let span = self.span(start, start + line.trim_end().len());
        if let Some((at, control)) =
            line.char_indices().find(|(_, c)| matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}'))
        {
            self.turning(start + at, control);
        }
        self.out.comments.push(Comment { text, alone: self.line_empty, span });
        self.line_empty = false;
        self.blank(start, end);
        self.at = end;
    }

    // --- lines and items -------------------------------------------------------------------------------------------

    fn code_line_end(&mut self) {
        if self.frames.iter().any(|(frame, _)| *frame == Frame::Text) {
            return self.unclosed_text();
        }
        if let Some(at) = self.frames.iter().rposition(|(frame, _)| *frame == Frame::Hole) {
            // Inside a block text: the text goes on, the hole is given up.
            let hole = self.frames.get(at).map_or(self.at, |(_, hole)| *hole);
            self.frames.truncate(at);
            let span = self.span(hole, hole + 1);
            let found = Diagnostic::error(codes::UNCLOSED_TEXT, span, "this hole is not closed")
                .here("opened here")
                .help("a hole ends with `}` on the same line; write `{{` for a brace that is to be printed");
            self.report(found);
            self.blank(hole, self.at);
            return;
        }
        match self.frames.last() {
            Some((frame @ (Frame::Paren | Frame::Square), at)) => {
                let (frame, at) = (*frame, *at);
                if self.last != Last::GoesOn && self.last != Last::Nothing && step_follows(self.rest()) {
                    self.frames.pop();
                    self.forgotten(frame, at);
                    self.blank(at, at + 1);
                    self.out.silenced.push(self.line_of(at)..self.at);
                    return;
                }
                self.blank(self.at, self.at + 1);
            }
            None if self.last != Last::GoesOn && !self.rest().trim_start().starts_with(['{', '|']) => {
                self.end_item(self.at, String::new());
            }
            _ => {}
        }
        self.new_line();
    }

    fn new_line(&mut self) {
        let in_code = !matches!(self.frames.last(), Some((Frame::BlockText, _)));
        if self.line_empty && in_code {
            let blank = self.span(self.line_start, self.at);
            self.out.blanks.push(blank);
        }
        self.at += 1;
        self.line_start = self.at;
        self.line_empty = true;
    }

    fn end_item(&mut self, end: usize, missing: String) {
        if let Some(start) = self.item.take() {
            self.out.items.push(Cut { range: start..end, missing, too_deep: self.too_deep });
        }
        self.too_deep = false;
        self.last = Last::Nothing;
        self.suspect = None;
    }

    /// An item's word with what must follow it.
    fn item_begins(&self) -> bool {
        let word = word_at(self.rest());
        let after = self.rest().get(word.len()..).unwrap_or_default().trim_start_matches(' ');
        let line = after.split('\n').next().unwrap_or_default();
        ITEM_WORDS.contains(&word)
            && match word {
                "contact" => after.starts_with('{'),
                "bot" | "test" => after.starts_with('"') && line.contains('{'),
                "words" => line.contains('='),
                _ => after.starts_with(begins_name) && line.contains('{'),
            }
    }

    /// Ends an item in which brackets are open.
    fn close_forgotten(&mut self, end: usize) {
        let innermost = self.frames.last().copied();
        let suspect = self.suspect.map(|at| (Frame::Brace, at));
        if let Some((frame, at)) = suspect.or(innermost) {
            self.forgotten(frame, at);
        }
        let missing = self.frames.drain(..).rev().map(|(frame, _)| closer(frame)).collect();
        self.end_item(end, missing);
    }

    fn skip_to_next_item(&mut self) {
        self.frames.clear();
        while let Some(end) = self.rest().find('\n') {
            self.at += end + 1;
            self.line_start = self.at;
            self.line_empty = true;
            if self.item_begins() {
                break;
            }
        }
        if !self.item_begins() {
            self.at = self.text.len();
        }
        self.end_item(self.at, String::new());
    }

    fn finish(&mut self) {
        if self.frames.iter().any(|(frame, _)| *frame == Frame::Text) {
            self.unclosed_text();
        }
        if let Some((_, start)) = self.frames.iter().find(|(frame, _)| *frame == Frame::BlockText).copied() {
            let found = Diagnostic::error(codes::UNCLOSED_TEXT, self.span(start, start + 3), "this text is not closed")
                .here("opened here")
                .help("add the closing `\"\"\"`");
            self.report(found);
            let depth = self.frames.iter().position(|(frame, _)| *frame == Frame::BlockText).unwrap_or(0);
            self.frames.truncate(depth);
            self.blank(start, self.text.len());
            if let Some(bytes) = self.masked.get_mut(start..start + 2) {
                bytes.fill(b'"');
            }
            let missing = self.frames.drain(..).rev().map(|(frame, _)| closer(frame)).collect();
            self.end_item(self.text.len(), missing);
        }
        if self.frames.is_empty() {
            self.end_item(self.text.len(), String::new());
        } else {
            self.close_forgotten(self.text.len());
        }
    }
}

/// Whether the next line plainly begins a step, so that a bracket open before it was forgotten.
fn step_follows(rest: &str) -> bool {
    let line = rest.trim_start();
    let word = word_at(line);
    let after = line.get(word.len()..).unwrap_or_default();
    let blank = after.starts_with(' ');
    let after = after.trim_start_matches(' ');
    match word {
        "say" | "choose" | "image" | "post" | "tag" | "untag" | "goal" | "handoff" | "emit" | "note" | "split" | "nudge"
        | "invalid" => blank && after.starts_with(['"', '{', 'o', 'a']),
        "ask" | "goto" | "set" | "label" | "wait" | "if" | "match" | "fetch" | "within" | "tries" | "on" | "do" | "run"
        | "for" | "repeat" => blank && after.starts_with(|c: char| c.is_alphanumeric()),
        "stop" | "typing" | "seen" | "leave" | "return" => after.starts_with(['\n', '\r', '}', ';']),
        _ => false,
    }
}

fn closer(frame: Frame) -> &'static str {
    match frame {
        Frame::Brace | Frame::Hole => "}",
        Frame::Paren => ")",
        Frame::Square => "]",
        Frame::Text => "\"",
        Frame::BlockText => "\"\"\"",
    }
}

/// The word at the beginning of `text`; empty where there is none.
pub fn word_at(text: &str) -> &str {
    if text.starts_with(begins_name) { text.get(..word_end(text)).unwrap_or_default() } else { "" }
}

fn word_end(text: &str) -> usize {
    text.find(|c| !goes_on(c)).unwrap_or(text.len())
}

/// The beginning of a stretch of code, short enough for a message.
fn shortened(text: &str) -> String {
    if text.chars().count() <= 40 {
        return text.to_owned();
    }
    text.chars().take(39).chain(['…']).collect()
}
