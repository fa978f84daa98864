//! The tree of one file: what an author wrote, with its places. It may be wrong: names may not exist, types may not fit.
//! `.flow` and `.flow.yaml` are two spellings of it; the printer and the checker know nothing else.

mod expression;
mod flow;
mod setting;
mod test;
mod text;

pub use expression::*;
pub use flow::*;
pub use setting::*;
pub use test::*;
pub use text::*;

use crate::source::Span;

/// One file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Document {
    pub items: Vec<Item>,
    /// Every comment in the order of the file; the printer puts them back by their places.
    pub comments: Vec<Comment>,
    /// Every empty line, so that the printer keeps paragraphs.
    pub blanks: Vec<Span>,
}

/// `# …` up to the line's end.
#[derive(Clone, Debug, PartialEq)]
pub struct Comment {
    /// Without the `#`, trailing blanks removed.
    pub text: String,
    /// Whether it stands alone on its line.
    pub alone: bool,
    pub span: Span,
}

/// A name as written, after NFC.
#[derive(Clone, Debug, PartialEq)]
pub struct Name {
    pub text: String,
    pub span: Span,
}

/// A literal with its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Spanned<T> {
    pub value: T,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    Bot(BotItem),
    Words(WordsItem),
    Contact(ContactItem),
    Hours(HoursItem),
    Team(TeamItem),
    Texts(TextsItem),
    Flow(FlowItem),
    Test(TestItem),
    /// Could not be read; a diagnostic says why. The rest of the file is unharmed.
    Broken(Span),
}
