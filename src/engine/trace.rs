//! The account of a sprint: what was decided and why, line by line, in one buffer.

use std::borrow::Cow;
use std::fmt::{Arguments, Write as _};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::bot::Origin;

/// One line of the account of a sprint: `what` is a stable word (`trigger`, `lost`, `step`, `gate`, `echo`, `fault`, …).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trace {
    pub what: Cow<'static, str>,
    pub text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
}

/// Enough for the account of a usual message.
const LINES: usize = 16;
const BYTES: usize = 512;

/// What a sprint says about itself, in its order. Written for every input, read for few: its texts stand one behind the
/// other, and a line is made when somebody asks for it.
#[derive(Clone, Debug)]
pub struct Traces {
    text: String,
    lines: Vec<Line>,
    /// Lines beyond these are left out, but for faults.
    most: usize,
}

#[derive(Clone, Debug, PartialEq)]
struct Line {
    what: Cow<'static, str>,
    /// Where its text ends; it begins where the one before it ends.
    end: usize,
    origin: Option<Origin>,
}

/// What a line can be made of.
pub(super) trait Told {
    fn tell(self, line: &mut String);
}

impl Told for &str {
    fn tell(self, line: &mut String) {
        line.push_str(self);
    }
}

impl Told for &String {
    fn tell(self, line: &mut String) {
        line.push_str(self);
    }
}

impl Told for String {
    fn tell(self, line: &mut String) {
        line.push_str(&self);
    }
}

/// A part of a line that is written often: no formatter is asked for it.
pub(super) enum Part<'a> {
    Text(&'a str),
    Number(u32),
}

impl<'a> From<&'a str> for Part<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl From<u32> for Part<'_> {
    fn from(number: u32) -> Self {
        Self::Number(number)
    }
}

impl<const N: usize> Told for [Part<'_>; N] {
    fn tell(self, line: &mut String) {
        for part in self {
            match part {
                Part::Text(text) => line.push_str(text),
                Part::Number(number) => line.push_str(itoa::Buffer::new().format(number)),
            }
        }
    }
}

/// A line of texts and numbers.
macro_rules! line {
    ($($part:expr),+ $(,)?) => { [$($crate::engine::trace::Part::from($part)),+] };
}
pub(super) use line;

impl Told for Arguments<'_> {
    fn tell(self, line: &mut String) {
        // Writing to a string fails only where a `Display` of ours does, and none does.
        let _ = line.write_fmt(self);
    }
}

impl Traces {
    /// With room for what a usual input needs.
    pub(super) fn new(most: usize) -> Self {
        Self { text: String::with_capacity(BYTES), lines: Vec::with_capacity(LINES), most }
    }

    pub(super) fn tell(&mut self, what: impl Into<Cow<'static, str>>, text: impl Told, origin: Option<Origin>) {
        let what = what.into();
        if self.lines.len() >= self.most && what != "fault" {
            return;
        }
        text.tell(&mut self.text);
        self.lines.push(Line { what, end: self.text.len(), origin });
    }

    /// The lines in their order.
    pub fn iter(&self) -> impl Iterator<Item = Trace> + '_ {
        self.rows().map(|row| Trace { what: row.what.clone(), text: row.text.to_owned(), origin: row.origin.cloned() })
    }

    fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        let mut begin = 0;
        self.lines.iter().map(move |line| {
            let text = self.text.get(begin..line.end).unwrap_or_default();
            begin = line.end;
            Row { what: &line.what, text, origin: line.origin.as_ref() }
        })
    }
}

/// A line where it stands; the same fields as [`Trace`].
#[derive(Serialize)]
struct Row<'a> {
    what: &'a Cow<'static, str>,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<&'a Origin>,
}

impl Default for Traces {
    fn default() -> Self {
        Self { text: String::new(), lines: Vec::new(), most: usize::MAX }
    }
}

/// By what they say.
impl PartialEq for Traces {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text && self.lines == other.lines
    }
}

impl Extend<Trace> for Traces {
    fn extend<T: IntoIterator<Item = Trace>>(&mut self, lines: T) {
        for line in lines {
            self.tell(line.what, line.text.as_str(), line.origin);
        }
    }
}

impl FromIterator<Trace> for Traces {
    fn from_iter<T: IntoIterator<Item = Trace>>(lines: T) -> Self {
        let mut account = Self::default();
        account.extend(lines);
        account
    }
}

/// As the list of its lines.
impl Serialize for Traces {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.rows())
    }
}

impl<'de> Deserialize<'de> for Traces {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::<Trace>::deserialize(deserializer).map(|lines| lines.into_iter().collect())
    }
}
