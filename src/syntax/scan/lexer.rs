//! The pass over the characters.

use crate::diagnostic::Diagnostic;
use crate::source::{FileId, Span};
use crate::syntax::codes;
use crate::syntax::tree::Comment;

use super::characters::{Class, begins_name, class, goes_on};
use super::{Cut, ITEM_WORDS, NESTING_MAX, Scan};

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

    // --- texts -----------------------------------------------------------------------------------------------------

    fn in_text(&mut self, c: char, block: bool) {
        match c {
            '\\' => {
                let next = self.rest().chars().nth(1).filter(|next| *next != '\n');
                self.at += 1 + next.map_or(0, char::len_utf8);
            }
            '{' if self.rest().starts_with("{{") => self.at += 2,
            '{' => self.push(Frame::Hole, 1),
            '"' if !block => self.pop(1),
            '"' if self.rest().starts_with("\"\"\"") => self.pop(3),
            '\n' if !block => self.unclosed_text(),
            '\n' => self.new_line(),
            _ => self.at += c.len_utf8(),
        }
    }

    /// A line ends inside a text. The outermost text of the line is given up and read as an empty one.
    fn unclosed_text(&mut self) {
        let Some(outer) = self.frames.iter().position(|(frame, _)| matches!(frame, Frame::Text)) else { return };
        let start = self.frames.get(outer).map_or(self.at, |(_, start)| *start);
        let in_hole = self.frames.get(outer + 1).filter(|(frame, _)| matches!(frame, Frame::Hole)).map(|(_, hole)| *hole);
        self.frames.truncate(outer);
        let line = self.text.get(start..self.at).unwrap_or_default().trim_end();
        let end = start + line.len();
        if let Some(hole) = in_hole {
            let span = self.span(hole, hole + 1);
            let found = Diagnostic::error(codes::UNCLOSED_TEXT, span, "this hole is not closed")
                .here("opened here")
                .help("a hole ends with `}` on the same line; write `{{` for a brace that is to be printed");
            self.report(found);
            // The last quote of the line is most likely the text's own end.
            let close = line.rfind('"').filter(|at| *at > 0).map_or(end, |at| start + at + 1);
            self.empty_text(start, close);
            return;
        }
        let span = self.span(start, end);
        let found = Diagnostic::error(codes::UNCLOSED_TEXT, span, "this text is not closed")
            .here("no closing `\"` on this line")
            .help("a text ends with `\"` on the same line; a longer one stands between `\"\"\"` and `\"\"\"`");
        self.report(found);
        // `{ say "hello }`: the brace is most likely code.
        let code = line.len() - line.trim_end_matches([' ', '}']).len();
        self.empty_text(start, end - code);
    }

    /// Leaves an empty text from `start` to `end`, and goes on behind it.
    fn empty_text(&mut self, start: usize, end: usize) {
        self.blank(start, end);
        if end >= start + 2 {
            for at in [start, end - 1] {
                if let Some(byte) = self.masked.get_mut(at) {
                    *byte = b'"';
                }
            }
        }
        self.at = end.max(start + 1);
        self.last = Last::Other;
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

    fn foreign_digits(&mut self, run: &str) {
        let ascii: String = run
            .chars()
            .map(|c| match class(c) {
                Class::Digit(value) => char::from(b'0' + value),
                _ => c,
            })
            .collect();
        let (start, end) = (self.at, self.at + run.len());
        let found =
            Diagnostic::error(codes::DIGITS, self.span(start, end), format!("`{run}` is written with digits of another script"))
                .help(format!("write `{ascii}` here; customers may answer with digits of any script"));
        self.report(found);
        self.mend(start, end, &ascii);
        self.step_over(run.len(), Last::Other);
    }

    fn strange(&mut self, c: char, class: Class) {
        let (start, end) = (self.at, self.at + c.len_utf8());
        let span = self.span(start, end);
        match class {
            Class::Space => self.blank(start, end),
            Class::Invisible => {
                let code = u32::from(c);
                let message = format!("an invisible character (U+{code:04X}) outside a text");
                self.report(Diagnostic::error(codes::INVISIBLE, span, message).help("delete it, or move it into a text"));
                self.blank(start, end);
            }
            Class::Comma | Class::Semicolon => {
                let ascii = if class == Class::Comma { "," } else { ";" };
                let message = format!("`{c}` is not the sign that parts things here");
                self.report(Diagnostic::error(codes::COMMA, span, message).help(format!("write `{ascii}`")));
                self.mend(start, end, ascii);
                self.silence_line(start);
                self.step_over(c.len_utf8(), if class == Class::Comma { Last::GoesOn } else { Last::Other });
                return;
            }
            Class::Digit(_) => {
                let rest = self.rest();
                let stretch = rest.find(|c: char| !c.is_ascii_digit() && !matches!(super::characters::class(c), Class::Digit(_)));
                self.foreign_digits(rest.get(..stretch.unwrap_or(rest.len())).unwrap_or_default());
                return;
            }
            Class::Quote => return self.foreign_quotes(c),
            Class::Plain => {}
        }
        self.at = end;
    }

    /// `“hello”`: read as a text, so that only the quotes are wrong.
    fn foreign_quotes(&mut self, c: char) {
        let rest = self.rest();
        let line = rest.split('\n').next().unwrap_or_default();
        let inside = line.get(c.len_utf8()..).unwrap_or_default();
        let close = inside.char_indices().find(|(_, c)| class(*c) == Class::Quote || *c == '"');
        let start = self.at;
        let Some((at, closing)) = close else {
            let found =
                Diagnostic::error(codes::QUOTES, self.span(start, start + c.len_utf8()), format!("`{c}` does not quote a text"))
                    .help("texts stand between straight quotes: \"…\"");
            self.report(found);
            self.blank(start, start + c.len_utf8());
            self.at += c.len_utf8();
            return;
        };
        let text = inside.get(..at).unwrap_or_default();
        let end = start + c.len_utf8() + at + closing.len_utf8();
        let found = Diagnostic::error(codes::QUOTES, self.span(start, end), format!("`{c}` and `{closing}` do not quote a text"))
            .help(format!("write \"{text}\" with straight quotes"));
        self.report(found);
        if text.contains(['{', '}', '\\']) {
            self.empty_text(start, end);
            return;
        }
        self.mend(start, start + c.len_utf8(), "\"");
        self.blank(end - closing.len_utf8(), end);
        if let Some(byte) = self.masked.get_mut(end - closing.len_utf8()) {
            *byte = b'"';
        }
        self.at = end;
        self.last = Last::Other;
    }

    /// `/…/flags`, on one line.
    fn pattern(&mut self) {
        let start = self.at;
        let line = self.rest().split('\n').next().unwrap_or_default();
        let (mut escaped, mut in_class) = (false, false);
        for (at, c) in line.char_indices().skip(1) {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '[' => in_class = true,
                ']' => in_class = false,
                '/' if !in_class => {
                    self.step_over(at + 1, Last::Other);
                    return;
                }
                _ => {}
            }
        }
        let length = line.find(char::is_whitespace).unwrap_or(line.len());
        let found = Diagnostic::error(codes::UNCLOSED_PATTERN, self.span(start, start + length), "this pattern is not closed")
            .here("no closing `/` on this line")
            .help("a pattern stands between `/` and `/` on one line; write `\\/` for a slash in it");
        self.report(found);
        self.mend(start, start + length, if length >= 3 { "/x/" } else { "" });
        self.silence_line(start);
        self.step_over(length.max(1), Last::Other);
    }

    fn comment(&mut self) {
        let line = self.rest().split('\n').next().unwrap_or_default();
        let (start, end) = (self.at, self.at + line.len());
        let text = line.get(1..).unwrap_or_default().trim().to_owned();
        let span = self.span(start, start + line.trim_end().len());
        self.out.comments.push(Comment { text, alone: self.line_empty, span });
        self.line_empty = false;
        self.blank(start, end);
        self.at = end;
    }

    // --- brackets --------------------------------------------------------------------------------------------------

    fn push(&mut self, frame: Frame, bytes: usize) {
        self.frames.push((frame, self.at));
        let brackets = self.frames.iter().filter(|(frame, _)| !matches!(frame, Frame::Text | Frame::BlockText)).count();
        if brackets > NESTING_MAX {
            let found = Diagnostic::error(codes::TOO_DEEP, self.span(self.at, self.at + bytes), "brackets nest too deep here")
                .here(format!("the {}th bracket that is open at once", NESTING_MAX + 1))
                .help("move the inner part into a flow of its own");
            self.report(found);
            self.too_deep = true;
            self.skip_to_next_item();
            return;
        }
        self.at += bytes;
        self.last = Last::Nothing;
    }

    fn pop(&mut self, bytes: usize) {
        self.frames.pop();
        self.line_empty = false;
        self.step_over(bytes, Last::Other);
    }

    fn close(&mut self, c: char) {
        let fits = |frame: Frame| match c {
            '}' => matches!(frame, Frame::Brace | Frame::Hole),
            ')' => frame == Frame::Paren,
            _ => frame == Frame::Square,
        };
        // A round bracket left open inside braces must not swallow the file; a hole's end ends what stands in it.
        let barrier = |frame: Frame| matches!(frame, Frame::Brace | Frame::Text | Frame::BlockText | Frame::Hole);
        let below = self.frames.iter().rposition(|(frame, _)| fits(*frame) || barrier(*frame));
        let opener = below.and_then(|at| self.frames.get(at).copied()).filter(|(frame, _)| fits(*frame));
        let (Some(index), Some((frame, opened))) = (below, opener) else {
            return self.lone_close(c);
        };
        while self.frames.len() > index + 1 {
            if let Some((inner, at)) = self.frames.pop() {
                self.forgotten(inner, at);
                // Where it must have ended is not known; nothing more is said about this stretch.
                self.blank(at, at + 1);
                self.out.silenced.push(self.line_of(at)..self.at);
            }
        }
        self.frames.pop();
        if frame == Frame::Brace && self.indent_of(self.at) == Some(self.at - self.line_start) {
            let opener_indent = self.line_indent(opened);
            if opener_indent > self.at - self.line_start && self.suspect.is_none() {
                self.suspect = Some(opened);
            }
        }
        self.step_over(1, Last::Other);
        if self.frames.is_empty() && c == '}' && !self.continues_with_bar() {
            self.end_item(self.at, String::new());
        }
    }

    fn lone_close(&mut self, c: char) {
        let open = match c {
            '}' => '{',
            ')' => '(',
            _ => '[',
        };
        let found = Diagnostic::error(codes::LONE_CLOSE, self.span(self.at, self.at + 1), format!("this `{c}` closes nothing"))
            .help(format!("delete it, or look for a `{open}` missing before it or a `{c}` too many"));
        self.report(found);
        self.blank(self.at, self.at + 1);
        self.at += 1;
    }

    /// Columns from the line's beginning, when only blanks stand before `at`.
    fn indent_of(&self, at: usize) -> Option<usize> {
        let before = self.text.get(self.line_start..at)?;
        before.chars().all(|c| c == ' ' || c == '\t').then_some(before.len())
    }

    /// Where the line of this byte begins.
    fn line_of(&self, at: usize) -> usize {
        self.text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |end| end + 1)
    }

    fn line_indent(&self, at: usize) -> usize {
        let before = self.text.get(..at).unwrap_or_default();
        before.get(self.line_of(at)..).unwrap_or_default().bytes().take_while(|b| *b == b' ' || *b == b'\t').count()
    }

    fn continues_with_bar(&self) -> bool {
        self.rest().trim_start().starts_with('|')
    }

    fn forgotten(&mut self, frame: Frame, at: usize) {
        let (open, close) = match frame {
            Frame::Paren => ('(', ')'),
            Frame::Square => ('[', ']'),
            _ => ('{', '}'),
        };
        let start = self.line_of(at);
        let header = self.text.get(start..at).unwrap_or_default().trim();
        let of = if header.is_empty() { String::new() } else { format!(" of `{}`", shortened(header)) };
        let found = Diagnostic::error(codes::UNCLOSED, self.span(at, at + 1), format!("the `{open}`{of} is never closed"))
            .here("opened here")
            .help(format!("add the missing `{close}`"));
        self.report(found);
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
        "say" | "choose" | "image" | "post" | "tag" | "untag" | "goal" | "handoff" | "emit" | "nudge" | "invalid" => {
            blank && after.starts_with(['"', '{', 'o', 'a'])
        }
        "ask" | "goto" | "set" | "label" | "wait" | "if" | "match" | "fetch" | "within" | "tries" | "on" => {
            blank && after.starts_with(|c: char| c.is_alphanumeric())
        }
        "stop" | "typing" | "seen" => after.starts_with(['\n', '\r', '}', ';']),
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
