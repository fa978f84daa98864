//! The tree of one file: what an author wrote, with its places. It may be wrong: names may not exist, types may not fit.
//! `.flow` and `.flow.yaml` are two spellings of it; the printer and the checker know nothing else.

use rust_decimal::Decimal;

use crate::calendar::{Date, Time};
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
    /// Could not be read; a diagnostic says why. The rest of the file is unharmed.
    Broken(Span),
}

// --- texts ---------------------------------------------------------------------------------------------------------

/// A quoted text with its holes. `span` covers the quotes.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    pub pieces: Vec<Piece>,
    /// Written with `"""`.
    pub block: bool,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// Escapes already resolved.
    Literal(String),
    Hole {
        value: Expr,
        filters: Vec<Filter>,
        span: Span,
    },
}

/// `| name argument …`
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    pub name: Name,
    /// For `plural one "…" other "…"`: the category before each text; elsewhere `None`.
    pub arguments: Vec<(Option<Name>, Expr)>,
}

/// Where a text may stand: one text, `one of`, one per language, or a named one.
#[derive(Clone, Debug, PartialEq)]
pub enum Text {
    Template(Template),
    OneOf(Vec<Text>, Span),
    PerLanguage(Vec<(Spanned<String>, Text)>, Span),
    Named(Name),
}

/// A phrase of a trigger, `also`, `opt out on`.
#[derive(Clone, Debug, PartialEq)]
pub enum Phrase {
    Text(Spanned<String>),
    /// `@name`
    Set(Name),
}

// --- settings ------------------------------------------------------------------------------------------------------

#[derive(Clone, Debug, PartialEq)]
pub struct BotItem {
    pub name: Spanned<String>,
    pub settings: Vec<Setting>,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    pub kind: SettingKind,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub enum SettingKind {
    Languages(Vec<Spanned<String>>),
    Timezone(Spanned<String>),
    Reserve(Spanned<u32>),
    /// `hold`, `drop` or `handoff`.
    OnShortBudget(Name),
    Keep(Spanned<i64>),
    Gather {
        quiet_ms: Spanned<i64>,
        most_ms: Spanned<i64>,
    },
    ReleaseAfter(Spanned<i64>),
    OptOut {
        phrases: Vec<Phrase>,
        say: Option<Text>,
    },
    OptIn {
        phrases: Vec<Phrase>,
        say: Option<Text>,
    },
    Defaults(Vec<WaitClause>),
    /// `latin` or `native`.
    Numerals(Name),
    SameReply {
        times: Spanned<u32>,
        within_ms: Spanned<i64>,
    },
    Broken,
}

#[derive(Clone, Debug, PartialEq)]
pub struct WordsItem {
    pub name: Name,
    pub phrases: Vec<Phrase>,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub struct ContactItem {
    pub fields: Vec<Field>,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    pub name: Name,
    pub kind: Type,
    pub default: Option<Expr>,
    pub secret: bool,
    pub forget_after_ms: Option<Spanned<i64>>,
    pub renamed_from: Option<Spanned<String>>,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub struct HoursItem {
    pub name: Name,
    pub rows: Vec<HoursRow>,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub enum HoursRow {
    /// Days of the week, Monday = 0, as ranges with both ends in.
    Open {
        days: Vec<(Spanned<u8>, Option<Spanned<u8>>)>,
        times: Vec<(Spanned<Time>, Spanned<Time>)>,
        span: Span,
    },
    Closed {
        dates: Vec<(Spanned<Date>, Option<Spanned<Date>>)>,
        span: Span,
    },
    Broken(Span),
}

#[derive(Clone, Debug, PartialEq)]
pub struct TeamItem {
    pub name: Name,
    pub hours: Option<Name>,
    pub notify: Option<Spanned<String>>,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub struct TextsItem {
    pub name: Name,
    pub text: Text,
    pub span: Span,
}

// --- flows ---------------------------------------------------------------------------------------------------------

#[derive(Clone, Debug, PartialEq)]
pub struct FlowItem {
    pub name: Name,
    pub title: Option<Spanned<String>>,
    pub triggers: Vec<Trigger>,
    pub steps: Vec<Step>,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Trigger {
    pub on: On,
    pub when: Option<Expr>,
    pub anytime: Option<Anytime>,
    pub once_per_ms: Option<Spanned<i64>>,
    pub priority: Option<Spanned<i64>>,
    pub span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anytime {
    Replace,
    Resume,
}

#[derive(Clone, Debug, PartialEq)]
pub enum On {
    Words(Vec<Phrase>),
    Exactly(Vec<Phrase>),
    Starting(Vec<Phrase>),
    Like(Vec<Phrase>),
    Matching(Regex),
    AnyText,
    Button(Name),
    Image,
    Ad(Option<Spanned<String>>),
    Link(Option<Spanned<String>>),
    FirstMessage,
    Fallback,
    Broken,
}

/// `/source/flags`
#[derive(Clone, Debug, PartialEq)]
pub struct Regex {
    pub source: String,
    pub flags: String,
    pub span: Span,
}

/// `{ … }`, or the one step that a clause may hold without braces.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    pub steps: Vec<Step>,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    pub kind: StepKind,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub enum StepKind {
    Say {
        text: Text,
        replying: bool,
        keep_apart: bool,
    },
    Image {
        file: Template,
        otherwise: Option<Block>,
    },
    Post {
        item_id: Template,
    },
    Choose(Choose),
    Ask(Ask),
    Typing,
    Seen,
    Set {
        target: Vec<Name>,
        value: Expr,
    },
    Tag(Spanned<String>),
    Untag(Spanned<String>),
    Goal(Spanned<String>),
    If {
        arms: Vec<(Expr, Block)>,
        otherwise: Option<Block>,
    },
    Match {
        subject: Expr,
        arms: Vec<Arm>,
        otherwise: Option<Block>,
    },
    Label(Name),
    /// `goto again`, `goto flow`, `goto flow.again`
    Goto {
        first: Name,
        label: Option<Name>,
    },
    Stop,
    Wait(WaitFor),
    Handoff(Handoff),
    Broken,
}

#[derive(Clone, Debug, PartialEq)]
pub enum WaitFor {
    Duration(Spanned<i64>),
    Time(Spanned<Time>),
    /// `wait until open(hours)`
    Open(Name),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Arm {
    pub patterns: Vec<Pattern>,
    pub block: Block,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Pattern {
    Value(Expr),
    Range(Expr, Expr),
    Set(Name),
}

/// `choose TEXT { … }`
#[derive(Clone, Debug, PartialEq)]
pub struct Choose {
    pub text: Text,
    pub as_text: bool,
    pub options: Vec<Choice>,
    pub other: Option<Block>,
    pub clauses: Vec<WaitClause>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    pub label: Text,
    pub named: Option<Name>,
    pub also: Vec<Phrase>,
    pub block: Block,
    pub span: Span,
}

/// `ask name: TYPE TEXT { … }` or `ask contact.field TEXT { … }`
#[derive(Clone, Debug, PartialEq)]
pub struct Ask {
    /// One name, or `contact` and a field's name.
    pub target: Vec<Name>,
    pub kind: Option<Type>,
    pub text: Text,
    pub clauses: Vec<WaitClause>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct WaitClause {
    pub kind: WaitClauseKind,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub enum WaitClauseKind {
    Invalid(Text),
    Tries(Spanned<u32>, Option<Block>),
    Within(Spanned<i64>, Option<Block>),
    Nudge(Spanned<i64>, Text),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Handoff {
    pub note: Template,
    pub team: Option<Name>,
    pub open: Option<Block>,
    pub closed: Option<Block>,
    pub nobody_in: Option<(Spanned<i64>, Block)>,
    pub released: Option<Block>,
}

// --- types and expressions -----------------------------------------------------------------------------------------

#[derive(Clone, Debug, PartialEq)]
pub struct Type {
    pub kind: TypeKind,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub enum TypeKind {
    /// Most characters.
    Text(Option<u32>),
    Whole(Option<(Decimal, Decimal)>),
    Decimal(Option<(Decimal, Decimal)>),
    /// Fewest and most digits.
    Digits(u32, u32),
    Email,
    Phone,
    Date,
    Time,
    YesNo,
    /// Labels, each with the value it stands for.
    OneOf(Vec<(Spanned<String>, Option<Expr>)>),
    Image,
    Post,
    Matching(Regex),
    Broken,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    pub kind: ExprKind,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    Text(Template),
    Number(Decimal),
    Bool(bool),
    Duration(i64),
    Date(Date),
    Time(Time),
    List(Vec<Expr>),
    Map(Vec<(Name, Expr)>),
    Name(Name),
    /// `@name`, only after `in`, `contains` and in `match`.
    Set(Name),
    Member(Box<Expr>, Name),
    Index(Box<Expr>, Box<Expr>),
    Call(Name, Vec<Expr>),
    Not(Box<Expr>),
    Negative(Box<Expr>),
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    Missing {
        value: Box<Expr>,
        negated: bool,
    },
    Matches(Box<Expr>, Regex),
    If {
        condition: Box<Expr>,
        then: Box<Expr>,
        otherwise: Box<Expr>,
    },
    Broken,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BinaryOp {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    NotIn,
    Contains,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}
