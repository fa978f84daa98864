//! What went wrong in a script, in words for its author.

use rhai::{EvalAltResult, ParseError, ParseErrorType, Position};

use super::{Limits, natives};

/// Bytes of a text that a script threw.
const THROWN_MAX: usize = 200;

/// Why a call ended, and where: line and column, from 1.
pub(super) struct Ending {
    pub why: String,
    pub at: Option<(usize, usize)>,
    /// At a limit.
    pub overran: bool,
}

pub(super) fn ending(failure: &EvalAltResult, limits: &Limits) -> Ending {
    // The innermost place says most.
    if let EvalAltResult::ErrorInFunctionCall(_, _, inner, at) = failure {
        let inner = ending(inner, limits);
        return Ending { at: inner.at.or_else(|| place(*at)), ..inner };
    }
    let overran = matches!(
        failure,
        EvalAltResult::ErrorTooManyOperations(_)
            | EvalAltResult::ErrorTooManyVariables(_)
            | EvalAltResult::ErrorStackOverflow(_)
            | EvalAltResult::ErrorDataTooLarge(..)
            | EvalAltResult::ErrorTerminated(..)
    );
    Ending { why: why(failure, limits), at: place(failure.position()), overran }
}

fn why(failure: &EvalAltResult, limits: &Limits) -> String {
    match failure {
        EvalAltResult::ErrorTooManyOperations(_) => steps(limits),
        EvalAltResult::ErrorTerminated(why, _) if natives::is_out_of_steps(why) => steps(limits),
        EvalAltResult::ErrorTooManyVariables(_) => format!("it has more than {} variables at once", limits.variables_max),
        EvalAltResult::ErrorStackOverflow(_) => {
            format!("more than {} functions call one another", limits.call_depth_max)
        }
        EvalAltResult::ErrorDataTooLarge(..) => "a text, a list or a map grew beyond its limit".to_owned(),
        EvalAltResult::ErrorTerminated(..) => format!("it took longer than {} ms", limits.time_max.as_millis()),
        EvalAltResult::ErrorVariableNotFound(name, _) => format!("there is no variable `{name}`"),
        EvalAltResult::ErrorPropertyNotFound(name, _) => format!("there is no `{name}` in it"),
        EvalAltResult::ErrorFunctionNotFound(signature, _) => {
            let name = signature.split(" (").next().unwrap_or(signature);
            format!("there is no `{name}` for these values")
        }
        EvalAltResult::ErrorMismatchDataType(..) | EvalAltResult::ErrorMismatchOutputType(..) => {
            "a value of another kind is needed here".to_owned()
        }
        EvalAltResult::ErrorIndexingType(..) | EvalAltResult::ErrorIndexNotFound(..) => {
            "there is nothing at this index".to_owned()
        }
        EvalAltResult::ErrorArrayBounds(length, index, _) => format!("a list of {length} items has none at {index}"),
        EvalAltResult::ErrorStringBounds(length, index, _) => format!("a text of {length} letters has none at {index}"),
        EvalAltResult::ErrorFor(_) => "`for` needs a list, a range or a text".to_owned(),
        EvalAltResult::ErrorArithmetic(text, _) => lowered(text),
        EvalAltResult::ErrorAssignmentToConstant(name, _) => format!("the constant `{name}` cannot be changed"),
        EvalAltResult::ErrorRuntime(thrown, _) => match thrown.as_immutable_string_ref() {
            Ok(text) => cut(&text),
            Err(_) => "it threw what is no text".to_owned(),
        },
        other => lowered(&other.to_string()),
    }
}

fn steps(limits: &Limits) -> String {
    format!("it took more than {} steps", limits.operations_max)
}

/// What the parser says, and what helps.
pub(super) fn parsing(failure: &ParseError) -> (String, Option<String>) {
    match failure.err_type() {
        ParseErrorType::VariableUndefined(name) => (
            format!("there is no variable `{name}`"),
            Some("a function sees its parameters and its own variables; one written in place sees nothing around it".to_owned()),
        ),
        ParseErrorType::Reserved(name) => {
            (format!("`{name}` is not to be had in a script"), Some("a script is handed values and returns one".to_owned()))
        }
        ParseErrorType::ExprTooDeep => ("too many expressions inside one another".to_owned(), None),
        ParseErrorType::TooManyFunctions => ("too many functions in one file".to_owned(), None),
        ParseErrorType::UnexpectedEOF => ("the script ends too early".to_owned(), Some("a bracket may be open".to_owned())),
        other => {
            let text = lowered(&other.to_string());
            match ["eval", "import", "export", "print", "debug", "this"].iter().find(|word| text.contains(&format!("`{word}`"))) {
                Some(word) => {
                    let help = "a script is handed values and returns one".to_owned();
                    (format!("`{word}` is not to be had in a script"), Some(help))
                }
                None => (text, None),
            }
        }
    }
}

pub(super) fn place(position: Position) -> Option<(usize, usize)> {
    Some((position.line()?, position.position().unwrap_or(1)))
}

/// As our other messages: one line, from a small letter, without a full stop, quoted as ours are.
fn lowered(text: &str) -> String {
    let line = cut(text.lines().next().unwrap_or_default()).replace('\'', "`");
    let line = line.trim_end_matches('.');
    let mut letters = line.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

fn cut(text: &str) -> String {
    let end = (0..=THROWN_MAX.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    text.get(..end).unwrap_or_default().to_owned()
}
