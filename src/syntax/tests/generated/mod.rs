//! In: chance. Out: trees over all constructs of the language, in canonical order and without places; the properties that
//! hold for them. Does not know: whether names exist, so that such a bot need not check.

mod conversations;
mod items;
mod steps;
pub(crate) mod values;

pub(crate) use items::item;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::*;

/// A literal whose place does not matter.
fn s<T>(value: T) -> Spanned<T> {
    Spanned { value, span: Span::default() }
}

/// Runs a property with a stack that generated strategies need.
pub(crate) fn holds_for<S>(cases: u32, strategy: fn() -> S, property: fn(Vec<Item>) -> Result<(), TestCaseError>)
where
    S: Strategy<Value = Vec<Item>> + 'static,
{
    let run = move || {
        let mut runner = TestRunner::new(ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() });
        runner.run(&strategy(), property).unwrap();
    };
    std::thread::Builder::new().stack_size(64 << 20).spawn(run).unwrap().join().unwrap();
}

fn comes_back(items: Vec<Item>) -> Result<(), TestCaseError> {
    let document = Document { items, ..Document::default() };
    let printed = print(&document);
    let (again, found) = read(&printed);
    prop_assert_eq!(found, Vec::<String>::new(), "{}", &printed);
    prop_assert_eq!(without_places(&again), without_places(&document), "{}", &printed);
    prop_assert_eq!(print(&again), printed);
    Ok(())
}

fn holds<S: Strategy<Value = Vec<Item>> + 'static>(cases: u32, strategy: fn() -> S) {
    holds_for(cases, strategy, comes_back);
}

#[test]
fn what_is_printed_is_read_as_the_same_tree() {
    holds(64, || prop::collection::vec(item(), 1..3));
}

#[test]
fn an_expression_survives_with_the_brackets_it_needs() {
    holds(256, || {
        values::value().prop_map(|value| {
            let set = StepKind::Set { target: vec![Name { text: "x".into(), span: Span::default() }], value };
            let steps = vec![Step { kind: set, span: Span::default() }];
            let name = Name { text: "f".into(), span: Span::default() };
            vec![Item::Flow(FlowItem {
                name,
                parameters: vec![],
                title: None,
                result: None,
                renamed_from: None,
                triggers: vec![],
                steps,
                span: Span::default(),
            })]
        })
    });
}
