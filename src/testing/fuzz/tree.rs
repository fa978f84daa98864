//! A test as a tree, so that the language's own printer writes it. Places are empty.

use crate::bot::{BotAct, ColleagueAct, CustomerAct, Expectation, Place, Test, TestStep, Value};
use crate::source::Span;
use crate::syntax::tree::{self, Expr, ExprKind, Name, Piece, Spanned, Template};

/// A file that holds this test alone.
pub(super) fn document(test: &Test) -> tree::Document {
    let lines = test.lines.iter().filter_map(|line| line_of(&line.step));
    let lines = lines.map(|kind| tree::TestLine { kind, span: Span::default() });
    let item = tree::TestItem { name: spanned(&test.name), lines: lines.collect(), span: Span::default() };
    tree::Document { items: vec![tree::Item::Test(item)], ..tree::Document::default() }
}

fn at<T>(value: T) -> Spanned<T> {
    Spanned { value, span: Span::default() }
}

fn spanned(text: &str) -> Spanned<String> {
    at(text.to_owned())
}

fn name(text: &str) -> Name {
    Name { text: text.to_owned(), span: Span::default() }
}

fn line_of(step: &TestStep) -> Option<tree::TestLineKind> {
    use tree::TestLineKind as Kind;
    Some(match step {
        TestStep::GivenNow(date, time) => Kind::GivenNow(at(*date), at(*time)),
        TestStep::GivenFetch { method, url, answer } => Kind::GivenFetch {
            method: spanned(method.word()),
            url: spanned(url),
            status: answer.as_ref().map(|(status, _)| at(u32::from(*status))),
            body: answer.as_ref().and_then(|(_, body)| body.as_ref()).map(expression),
        },
        TestStep::GivenValue { target, value } => Kind::GivenValue { target: place(target)?, value: expression(value) },
        TestStep::GivenRun { script, function, value } => {
            Kind::GivenRun { script: name(script), function: name(function), value: expression(value) }
        }
        TestStep::GivenCongestion => Kind::GivenCongestion,
        TestStep::GivenImages(allowed) => Kind::GivenImages(*allowed),
        TestStep::Customer(act) => Kind::Customer(customer(act)),
        TestStep::Bot(act) => Kind::Bot(said(act)),
        TestStep::After(ms) => Kind::After(at(*ms)),
        TestStep::Colleague(ColleagueAct::Says(text)) => Kind::Colleague(tree::ColleagueAct::Says(spanned(text))),
        TestStep::Colleague(ColleagueAct::TakesOver) => Kind::Colleague(tree::ColleagueAct::TakesOver),
        TestStep::Colleague(ColleagueAct::Releases) => Kind::Colleague(tree::ColleagueAct::Releases),
        TestStep::Expect(expectation) => Kind::Expect(expected(expectation)?),
    })
}

fn place(place: &Place) -> Option<Vec<Name>> {
    Some(match place {
        Place::Contact(field) => vec![name("contact"), name(field)],
        Place::Language => vec![name("conversation"), name("language")],
        _ => return None,
    })
}

fn customer(act: &CustomerAct) -> tree::CustomerAct {
    use tree::CustomerAct as Act;
    match act {
        CustomerAct::Text(text) => Act::Text(spanned(text)),
        CustomerAct::Button(label) => Act::Button(spanned(label)),
        CustomerAct::Image => Act::Image,
        CustomerAct::Post => Act::Post,
        CustomerAct::Video => Act::Video,
        CustomerAct::Sticker => Act::Sticker,
        CustomerAct::Emoji => Act::Emoji,
        CustomerAct::Unsupported => Act::Unsupported,
        CustomerAct::Reaction(emoji) => Act::Reaction(spanned(emoji)),
        CustomerAct::Comment(text) => Act::Comment(spanned(text)),
        CustomerAct::Ad { id, text } => Act::Ad(spanned(id), spanned(text)),
        CustomerAct::Link { reference, text } => Act::Link(spanned(reference), spanned(text)),
    }
}

fn said(act: &BotAct) -> tree::BotAct {
    use tree::BotAct as Act;
    match act {
        BotAct::Text(text) => Act::Text(spanned(text)),
        BotAct::Matching(regex) => {
            Act::Matching(tree::Regex { source: regex.as_str().to_owned(), flags: String::new(), span: Span::default() })
        }
        BotAct::Choose { title, labels } => {
            let labels = labels.as_ref().map(|labels| labels.iter().map(|label| spanned(label)).collect());
            Act::Choose(spanned(title), labels)
        }
        BotAct::Image(file) => Act::Image(file.as_deref().map(spanned)),
        BotAct::Post(item) => Act::Post(item.as_deref().map(spanned)),
        BotAct::Typing => Act::Typing,
        BotAct::Seen => Act::Seen,
        BotAct::Nothing => Act::Nothing,
    }
}

fn expected(expectation: &Expectation) -> Option<tree::Expectation> {
    use tree::Expectation as Wanted;
    Some(match expectation {
        Expectation::RepliesLeft(left) => Wanted::RepliesLeft(at(*left)),
        Expectation::WindowLeft(ms) => Wanted::WindowLeft(at(*ms)),
        Expectation::WaitingFor(what) => Wanted::WaitingFor(name(what)),
        Expectation::Stopped => Wanted::Stopped,
        Expectation::HandedOver(team) => Wanted::HandedOver(team.as_deref().map(name)),
        Expectation::Goal(goal) => Wanted::Goal(spanned(goal)),
        Expectation::Tag(tag) => Wanted::Tag(spanned(tag)),
        Expectation::Emitted(event) => Wanted::Emitted(spanned(event)),
        // Nothing here makes one up.
        Expectation::Holds(..) => return None,
    })
}

fn expression(value: &Value) -> Expr {
    let of = |kind| Expr { kind, span: Span::default() };
    let text = |text: &str| {
        let piece = Piece::Literal(text.to_owned());
        let pieces = if text.is_empty() { Vec::new() } else { vec![piece] };
        ExprKind::Text(Template { pieces, block: false, span: Span::default() })
    };
    of(match value {
        Value::Text(written) => text(written),
        Value::Number(number) if number.is_sign_negative() && !number.is_zero() => {
            ExprKind::Negative(Box::new(of(ExprKind::Number(-*number))))
        }
        Value::Number(number) => ExprKind::Number(*number),
        Value::Bool(is) => ExprKind::Bool(*is),
        Value::Date(date) => ExprKind::Date(*date),
        Value::Time(time) => ExprKind::Time(*time),
        Value::Duration(ms) => ExprKind::Duration(*ms),
        Value::Moment(moment) => text(&moment.rfc3339()),
        Value::List(items) => ExprKind::List(items.iter().map(expression).collect()),
        Value::Map(map) => ExprKind::Map(map.iter().map(|(field, value)| (name(field), expression(value))).collect()),
    })
}
