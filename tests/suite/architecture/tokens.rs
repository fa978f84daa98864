//! Rust source as words, signs and literals, each with its lines: enough to see who names whom. Comments are left out.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Word,
    /// One character, but `::` is one sign.
    Sign,
    /// A string of any form, without its quotes.
    Text,
    /// A number or a character.
    Other,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    pub kind: Kind,
    pub text: String,
    /// Counted from 1.
    pub first_line: usize,
    pub last_line: usize,
}

impl Token {
    pub fn is(&self, text: &str) -> bool {
        self.kind != Kind::Text && self.text == text
    }
}

pub fn tokens(source: &str) -> Vec<Token> {
    let mut scanner = Scanner { rest: source, line: 1 };
    let mut found = Vec::new();
    while let Some(next) = scanner.rest.chars().next() {
        let first_line = scanner.line;
        let (kind, text) = match scanner.skip_or_string(next) {
            Found::Nothing => continue,
            Found::Text(text) => (Kind::Text, text),
            Found::None => scanner.plain(next),
        };
        found.push(Token { kind, text, first_line, last_line: scanner.line });
    }
    found
}

enum Found {
    /// Space or a comment.
    Nothing,
    Text(String),
    None,
}

struct Scanner<'a> {
    rest: &'a str,
    line: usize,
}

impl Scanner<'_> {
    fn take(&mut self, bytes: usize) -> String {
        let (taken, rest) = self.rest.split_at(bytes.min(self.rest.len()));
        self.line += taken.matches('\n').count();
        self.rest = rest;
        taken.to_owned()
    }

    /// Up to and with `end`, or all.
    fn take_through(&mut self, end: &str) -> String {
        let bytes = self.rest.find(end).map_or(self.rest.len(), |at| at + end.len());
        self.take(bytes)
    }

    fn skip_or_string(&mut self, next: char) -> Found {
        if next.is_whitespace() {
            self.take(next.len_utf8());
            return Found::Nothing;
        }
        if self.rest.starts_with("//") {
            self.take_through("\n");
            return Found::Nothing;
        }
        if self.rest.starts_with("/*") {
            self.block_comment();
            return Found::Nothing;
        }
        let prefix = ["br", "cr", "r", "b", "c", ""].into_iter().find(|prefix| {
            let after = self.rest.strip_prefix(prefix).unwrap_or_default();
            let opening = if prefix.contains('r') { after.trim_start_matches('#') } else { after };
            opening.starts_with('"')
        });
        let Some(prefix) = prefix.filter(|prefix| self.rest.starts_with(prefix)) else { return Found::None };
        self.take(prefix.len());
        if prefix.contains('r') {
            let hashes = "#".repeat(self.rest.len() - self.rest.trim_start_matches('#').len());
            self.take(hashes.len() + 1);
            let end = format!("\"{hashes}");
            let text = self.take_through(&end);
            return Found::Text(text.strip_suffix(&end).unwrap_or(&text).to_owned());
        }
        self.take(1);
        Found::Text(self.escaped())
    }

    /// The rest of a string in which `\` escapes.
    fn escaped(&mut self) -> String {
        let mut text = String::new();
        while let Some(next) = self.rest.chars().next() {
            let taken = self.take(next.len_utf8());
            match next {
                '"' => break,
                '\\' => {
                    let escaped = self.rest.chars().next().map_or(0, char::len_utf8);
                    text += &taken;
                    text += &self.take(escaped);
                }
                _ => text += &taken,
            }
        }
        text
    }

    fn block_comment(&mut self) {
        let mut depth = 0_usize;
        while !self.rest.is_empty() {
            if self.rest.starts_with("/*") {
                depth += 1;
                self.take(2);
            } else if self.rest.starts_with("*/") {
                depth -= 1;
                self.take(2);
                if depth == 0 {
                    return;
                }
            } else {
                let bytes = self.rest.chars().next().map_or(0, char::len_utf8);
                self.take(bytes);
            }
        }
    }

    fn plain(&mut self, next: char) -> (Kind, String) {
        let word = |c: char| c.is_alphanumeric() || c == '_';
        if next.is_ascii_digit() {
            let bytes = self.rest.find(|c: char| !word(c)).unwrap_or(self.rest.len());
            return (Kind::Other, self.take(bytes));
        }
        if word(next) {
            let bytes = self.rest.find(|c: char| !word(c)).unwrap_or(self.rest.len());
            return (Kind::Word, self.take(bytes));
        }
        if next == '\'' {
            return self.quote();
        }
        let bytes = if self.rest.starts_with("::") { 2 } else { next.len_utf8() };
        (Kind::Sign, self.take(bytes))
    }

    /// A character (`'x'`, `'\n'`, `'\u{202e}'`) or the `'` of a lifetime.
    fn quote(&mut self) -> (Kind, String) {
        let inner = &self.rest[1..];
        let mut chars = inner.chars();
        let bytes = match chars.next() {
            Some('\\') => inner.get(2..).and_then(|rest| rest.find('\'')).map(|at| 1 + 2 + at + 1),
            Some(one) if chars.next() == Some('\'') => Some(1 + one.len_utf8() + 1),
            _ => None,
        };
        match bytes {
            Some(bytes) => (Kind::Other, self.take(bytes)),
            None => (Kind::Sign, self.take(1)),
        }
    }
}
