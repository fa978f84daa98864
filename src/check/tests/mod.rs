//! Trees built by hand: the checker without a parser.

mod cores;
mod hostile;
mod language;
mod pages;
mod rivals;
mod shown;
mod stories;

use super::*;
use crate::bot;
use crate::source::FileId;
use crate::syntax::tree::*;

fn at() -> Span {
    Span { file: FileId(0), start: 0, end: 0 }
}

fn name(text: &str) -> Name {
    Name { text: text.to_owned(), span: at() }
}

fn spanned<T>(value: T) -> Spanned<T> {
    Spanned { value, span: at() }
}

fn text(text: &str) -> Text {
    Text::Template(Template { pieces: vec![Piece::Literal(text.to_owned())], block: false, span: at() })
}

fn step(kind: StepKind) -> Step {
    Step { kind, span: at() }
}

fn block(steps: Vec<StepKind>) -> Block {
    Block { steps: steps.into_iter().map(step).collect(), span: at() }
}

fn say(what: &str) -> StepKind {
    StepKind::Say { text: text(what), shorts: vec![], replying: false, keep_apart: false }
}

fn flow(title: &str, steps: Vec<StepKind>) -> Item {
    let on = On::Words(vec![Phrase::Text(spanned(title.to_owned()))]);
    let trigger = Trigger { on, when: None, anytime: None, once_per_ms: None, priority: None, span: at() };
    let steps = steps.into_iter().map(step).collect();
    Item::Flow(FlowItem {
        name: name(title),
        parameters: vec![],
        title: None,
        result: None,
        renamed_from: None,
        triggers: vec![trigger],
        steps,
        span: at(),
    })
}

fn shop() -> Item {
    let settings = vec![Setting { kind: SettingKind::Languages(vec![spanned("en".to_owned())]), span: at() }];
    Item::Bot(BotItem { name: spanned("Shop".to_owned()), settings, span: at() })
}

fn compiled(items: Vec<Item>) -> Bot {
    let mut sources = Sources::default();
    sources.add("a.flow", "");
    let documents = [Document { items, ..Document::default() }];
    let (bot, diagnostics) = check(&sources, &Assets::default(), &documents, Vec::new());
    bot.unwrap_or_else(|| panic!("{diagnostics:#?}"))
}

#[test]
fn blocks_stand_after_their_step_and_go_on_behind_it() {
    let ask = StepKind::Ask(Ask {
        target: vec![name("size")],
        kind: Some(Type { kind: TypeKind::YesNo, span: at() }),
        text: text("Large?"),
        clauses: vec![WaitClause {
            kind: WaitClauseKind::Tries(spanned(2), Some(block(vec![say("Pity."), StepKind::Stop]))),
            span: at(),
        }],
    });
    let bot = compiled(vec![shop(), flow("order", vec![ask, say("Done.")])]);
    let steps = &bot.flow("order").unwrap().steps;
    let Op::Ask { tries, within, .. } = &steps[0].op else { panic!() };
    assert_eq!((tries.tries, tries.target), (2, 2));
    assert!(matches!(steps[1].op, Op::Jump(6)), "an answer goes on behind the blocks");
    assert!(matches!(steps[2].op, Op::Say { .. }));
    assert!(matches!(steps[3].op, Op::Stop));
    assert_eq!((within.within_ms, within.target), (24 * 3_600_000, 5));
    assert!(matches!(steps[5].op, Op::Stop), "silence stops where nothing else is said");
    assert!(matches!(steps[6].op, Op::Say { .. }));
    assert!(matches!(&bot.triggers[0].on, bot::On::Words(list) if list[..] == ["order"]));
    assert_eq!(bot.triggers[0].key, "order#1");
}

#[test]
fn labels_of_other_flows_are_found_whatever_the_order() {
    let goto = StepKind::Goto { first: name("later"), label: Some(name("again")), arguments: vec![] };
    let wait = StepKind::Wait(WaitFor::Duration(spanned(1_000)));
    let later =
        flow("later", vec![say("one"), StepKind::Label { name: name("again"), renamed_from: None }, wait, StepKind::Stop]);
    let bot = compiled(vec![shop(), flow("first", vec![goto]), later]);
    let Op::Goto { to: id, .. } = bot.flow("first").unwrap().steps[0].op else { panic!() };
    assert_eq!((id.flow, id.step), (1, 1));
    assert!(matches!(bot.flows[1].steps[1].op, Op::Wait(bot::WaitFor::Duration(1_000))));
}

#[test]
fn a_step_keeps_its_digest_where_others_move_around_it() {
    let before = compiled(vec![shop(), flow("order", vec![say("Hello."), say("Bye.")])]);
    let after = compiled(vec![shop(), flow("new", vec![say("x")]), flow("order", vec![say("More."), say("Bye.")])]);
    assert_eq!(before.flows[0].steps[1].digest, after.flows[1].steps[1].digest);
    assert_ne!(before.flows[0].steps[0].digest, after.flows[1].steps[0].digest);
}
