//! Every key of the YAML spelling, once: the reader takes its keys from here, and so does the schema for editors.
//! In: nothing. Out: shapes of maps, their keys and what stands behind each. Does not know: how any of it is read.

mod items;
pub mod lines;
mod steps;
mod waits;

pub use items::*;
pub use steps::*;
pub use waits::*;

/// What stands behind a key.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Form {
    /// A text to be sent: one, one per language, `one_of`, `texts`.
    Text,
    /// One text, or a list of them.
    Texts,
    /// One text with holes.
    Template,
    /// A text without holes.
    Plain,
    /// One of them or a list.
    Plains,
    Name,
    Names,
    /// `contact.size`, `flow.again`, `shop.lead_score`
    Target,
    /// A language.
    Tags,
    Expression,
    Expressions,
    /// A map of names to expressions; inside it, maps and lists go on.
    Values,
    Type,
    /// A map of names to types.
    Types,
    /// A map of names to types; `name?` may be missing; maps go on inside.
    Record,
    /// The fields of `contact`.
    Fields,
    Duration,
    /// From 0.
    Count,
    /// One or a list.
    Counts,
    /// May be negative.
    Number,
    /// `09:00` or `open(hours)`
    Until,
    /// `2026-11-22 10:00`
    Moment,
    Regex,
    /// One phrase or a list.
    Phrases,
    /// What a value is compared with; one or a list.
    Patterns,
    /// Lines of opening hours.
    Rows,
    /// `true` or `false`
    Flag,
    /// One of these words.
    Word(&'static [&'static str]),
    Steps,
    Triggers,
    Lines,
    Shape(&'static Shape),
    /// One of them or a list.
    Shapes(&'static Shape),
    /// Whichever of them fits.
    Either(&'static [Form]),
}

#[derive(Debug, PartialEq)]
pub struct Key {
    pub name: &'static str,
    pub form: Form,
    /// The map means nothing without it.
    pub needed: bool,
    /// For editors.
    pub about: &'static str,
}

/// A map with the keys that it may have, the naming one first.
#[derive(Debug, PartialEq)]
pub struct Shape {
    /// What it is, with its article.
    pub noun: &'static str,
    pub keys: &'static [Key],
}

impl Shape {
    pub fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }

    /// The key that names it.
    pub fn first(&self) -> &'static str {
        self.keys.first().map_or("", |key| key.name)
    }
}

const fn must(name: &'static str, form: Form, about: &'static str) -> Key {
    Key { name, form, needed: true, about }
}

const fn may(name: &'static str, form: Form, about: &'static str) -> Key {
    Key { name, form, needed: false, about }
}
