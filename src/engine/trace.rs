//! The account of a sprint: what was decided and why, line by line, in one buffer.

use std::borrow::Cow;
use std::fmt::{Arguments, Write as _};
use std::sync::Arc;

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

/// Enough for the account of a usual message. A power of two in bytes: the allocator has such blocks at hand.
const LINES: usize = 12;
const BYTES: usize = 512;

/// What a sprint says about itself, in its order. Written for every input, read for few: its texts stand one behind the
/// other, and a line is made when somebody asks for it.
#[derive(Clone, Debug)]
pub struct Traces {
    text: String,
    lines: Vec<Line>,
    /// The file of the first line that has a place, and other files: nearly all lines of a sprint speak of one file.
    file: Option<Arc<str>>,
    others: Vec<Arc<str>>,
    /// Lines beyond these are left out, but for faults.
    most: usize,
}

#[derive(Clone, Debug)]
struct Line {
    what: Cow<'static, str>,
    /// Where its text ends; it begins where the one before it ends.
    end: usize,
    /// The number of its file, 1 for the first; 0 without a place.
    file: u32,
    /// In that file.
    line: u32,
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
        Self { text: String::with_capacity(BYTES), lines: Vec::with_capacity(LINES), most, ..Self::default() }
    }

    pub(super) fn tell(&mut self, what: impl Into<Cow<'static, str>>, text: impl Told, origin: Option<&Origin>) {
        let what = what.into();
        if self.lines.len() >= self.most && what != "fault" {
            return;
        }
        text.tell(&mut self.text);
        let (file, line) = origin.map_or((0, 0), |origin| (self.number_of(&origin.path), origin.line));
        self.lines.push(Line { what, end: self.text.len(), file, line });
    }

    fn number_of(&mut self, path: &Arc<str>) -> u32 {
        let first = self.file.get_or_insert_with(|| Arc::clone(path));
        if Arc::ptr_eq(first, path) || first == path {
            return 1;
        }
        let at = self.others.iter().position(|other| other == path).unwrap_or_else(|| {
            self.others.push(Arc::clone(path));
            self.others.len() - 1
        });
        u32::try_from(at).map_or(0, |at| at.saturating_add(2))
    }

    fn file(&self, number: u32) -> Option<&Arc<str>> {
        match number {
            0 => None,
            1 => self.file.as_ref(),
            other => self.others.get(usize::try_from(other).ok()?.saturating_sub(2)),
        }
    }

    /// The lines in their order.
    pub fn iter(&self) -> impl Iterator<Item = Trace> + '_ {
        let origin = |place: Place<'_>| Origin { path: Arc::clone(place.path), line: place.line };
        self.rows().map(move |row| Trace { what: row.what.clone(), text: row.text.to_owned(), origin: row.origin.map(origin) })
    }

    fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        let mut begin = 0;
        self.lines.iter().map(move |line| {
            let text = self.text.get(begin..line.end).unwrap_or_default();
            begin = line.end;
            let origin = self.file(line.file).map(|path| Place { path, line: line.line });
            Row { what: &line.what, text, origin }
        })
    }
}

/// A line where it stands; the same fields as [`Trace`].
#[derive(PartialEq, Serialize)]
struct Row<'a> {
    what: &'a Cow<'static, str>,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<Place<'a>>,
}

/// The same fields as [`Origin`].
#[derive(PartialEq, Serialize)]
struct Place<'a> {
    path: &'a Arc<str>,
    line: u32,
}

impl Default for Traces {
    fn default() -> Self {
        Self { text: String::new(), lines: Vec::new(), file: None, others: Vec::new(), most: usize::MAX }
    }
}

/// By what they say.
impl PartialEq for Traces {
    fn eq(&self, other: &Self) -> bool {
        self.rows().eq(other.rows())
    }
}

impl Extend<Trace> for Traces {
    fn extend<T: IntoIterator<Item = Trace>>(&mut self, lines: T) {
        for line in lines {
            self.tell(line.what, line.text.as_str(), line.origin.as_ref());
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
