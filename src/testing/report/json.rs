//! For machines.

use serde_json::{Value, json};

use crate::testing::{Coverage, Failure, Outcome, Problem, Share};

/// One JSON document: counts, every test in its order, what was reached and missed.
#[must_use]
pub fn json(outcomes: &[Outcome], coverage: &Coverage) -> String {
    let failed = outcomes.iter().filter(|outcome| outcome.failure.is_some()).count();
    let tests: Vec<Value> = outcomes
        .iter()
        .map(|outcome| {
            json!({
                "name": outcome.name,
                "path": outcome.origin.path,
                "line": outcome.origin.line,
                "passed": outcome.failure.is_none(),
                "failure": outcome.failure.as_ref().map(failure),
            })
        })
        .collect();
    let share = |share: Share| json!({ "reached": share.reached, "total": share.total, "percent": share.percent() });
    let missed: Vec<Value> = coverage
        .missed
        .iter()
        .map(|one| json!({ "path": one.origin.path, "line": one.origin.line, "part": one.part.word(), "what": one.what }))
        .collect();
    let document = json!({
        "passed": outcomes.len().saturating_sub(failed),
        "failed": failed,
        "tests": tests,
        "coverage": {
            "steps": share(coverage.steps),
            "branches": share(coverage.branches),
            "silences": share(coverage.silences),
            "missed": missed,
        },
    });
    format!("{document:#}")
}

fn failure(failure: &Failure) -> Value {
    let (problem, expected, got) = told(&failure.problem);
    let story: Vec<Value> = failure.story.iter().map(|line| json!({ "who": line.who.word(), "text": line.text })).collect();
    let why: Vec<Value> = failure
        .why
        .iter()
        .map(|line| {
            let place = line.origin.as_ref().map(|origin| format!("{}:{}", origin.path, origin.line));
            json!({ "what": line.what, "text": line.text, "place": place })
        })
        .collect();
    json!({
        "path": failure.origin.path,
        "line": failure.origin.line,
        "test_line": failure.line,
        "problem": problem,
        "expected": expected,
        "got": got,
        "hint": failure.hint,
        "why": why,
        "story": story,
    })
}

/// A stable word, what was expected, what was found.
pub(super) fn told(problem: &Problem) -> (&'static str, Option<String>, Option<String>) {
    match problem {
        Problem::Reply { expected, got: Some(got) } => ("wrong_reply", Some(expected.clone()), Some(got.clone())),
        Problem::Reply { expected, got: None } => ("no_reply", Some(expected.clone()), None),
        Problem::Unlisted(said) => ("unlisted_reply", None, Some(said.join("\n"))),
        Problem::Expectation { expected, found } => ("expectation", Some(expected.clone()), Some(found.clone())),
        Problem::Ungiven(call) => ("no_answer_given", Some(call.clone()), None),
        Problem::NoButton { label, there } => ("no_button", Some(label.clone()), Some(there.join("\n"))),
        Problem::Fault(reason) => ("fault", None, Some(reason.clone())),
        Problem::Script(reason) => ("script", None, Some(reason.clone())),
        Problem::NotPossible(reason) => ("not_possible", None, Some(reason.clone())),
    }
}
