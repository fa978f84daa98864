//! What scripts declare, read without running anything of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::thread;

use rhai::{AST, ASTNode, Engine, Expr, ParseError, Stmt};

use super::describe;
use super::host::{Compiled, Host, Room};
use super::{Limits, Stopwatch, natives};
use crate::bot::{Function, Script, ScriptFault, ScriptHost, Scripts};

/// Names that the language itself has.
const LANGUAGE: [&str; 6] = ["Fn", "call", "curry", "type_of", "is_def_fn", "is_def_var"];

/// Reads files, each a path as it is shown and its text. What is wrong with one stands in its `faults`; whatever has none
/// can be called.
#[must_use]
pub fn read(files: &[(String, Arc<str>)], limits: Limits, stopwatch: Stopwatch) -> Scripts {
    if files.is_empty() {
        return Scripts::default();
    }
    let engine = natives::engine(&limits, &stopwatch);
    let natives: BTreeSet<String> =
        engine.collect_fn_metadata(None, |found| Some(found.metadata.name.to_string()), true).into_iter().collect();
    let reader = Reader { engine: &engine, limits: &limits, natives: &natives };
    // Nothing a text holds may overflow the stack of whoever reads it.
    let found = thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(limits.stack_bytes);
        let read = || files.iter().map(|(path, text)| reader.file(path, text)).collect::<Vec<_>>();
        thread.spawn_scoped(scope, read).ok().and_then(|thread| thread.join().ok())
    });
    let Some(found) = found else {
        let unread = |(path, _): &(String, _)| Script {
            faults: vec![fault((0, 0), "the script cannot be read".to_owned(), None)],
            ..Script { name: name_of(path), path: path.clone(), ..Script::default() }
        };
        return Scripts { files: files.iter().map(unread).collect(), host: None };
    };
    let mut scripts = BTreeMap::new();
    let mut declared = Vec::with_capacity(found.len());
    for (script, ast) in found {
        if let Some(ast) = ast {
            let text = files.iter().find(|(path, _)| *path == script.path).map_or("", |(_, text)| text);
            let at = |function: &Function| (function.name.clone(), line_and_column(text, function.start));
            let places = script.functions.iter().map(at).collect();
            scripts.insert(script.name.clone(), Compiled { path: script.path.clone(), ast, places });
        }
        declared.push(script);
    }
    let host: Arc<dyn ScriptHost> = Arc::new(Host::new(Room { engine, limits, stopwatch, scripts }));
    Scripts { files: declared, host: Some(host) }
}

/// `shop` of `flows/shop.rhai`.
fn name_of(path: &str) -> String {
    let file = path.rsplit(['/', '\\']).next().unwrap_or(path);
    file.strip_suffix(".rhai").unwrap_or(file).to_owned()
}

struct Reader<'a> {
    engine: &'a Engine,
    limits: &'a Limits,
    natives: &'a BTreeSet<String>,
}

impl Reader<'_> {
    fn file(&self, path: &str, text: &str) -> (Script, Option<AST>) {
        let mut script = Script { name: name_of(path), path: path.to_owned(), ..Script::default() };
        if text.len() > self.limits.source_bytes_max {
            let why = format!("a script has at most {} bytes", self.limits.source_bytes_max);
            script.faults.push(fault((0, 0), why, Some("split it into several files")));
            return (script, None);
        }
        match self.engine.compile(text) {
            Err(failure) => {
                script.faults.push(of_parser(&failure, text));
                (script, None)
            }
            Ok(ast) => {
                script.functions = functions(&ast, text);
                script.faults = self.faults(&ast, &mut script.functions, text);
                let usable = script.faults.is_empty();
                (script, usable.then_some(ast))
            }
        }
    }

    /// What the parser lets pass; remembers which functions are named.
    fn faults(&self, ast: &AST, functions: &mut [Function], text: &str) -> Vec<ScriptFault> {
        let mut faults = Vec::new();
        if let Some(first) = ast.statements().iter().find(|statement| !matches!(statement, Stmt::Noop(_))) {
            let help = "nothing runs before a function is called: a function sees its parameters alone";
            faults.push(fault(
                spot(text, describe::place(first.position())),
                "a script holds functions only".to_owned(),
                Some(help),
            ));
        }
        let mut named = BTreeSet::new();
        let mut keys = BTreeSet::new();
        let mut called = Vec::new();
        ast.walk(&mut |nodes| {
            let Some(node) = nodes.last() else { return true };
            let expr = match node {
                ASTNode::Expr(expr) => expr,
                ASTNode::Stmt(Stmt::FnCall(call, at)) => {
                    called.push((call.name.to_string(), call.args.len(), false, describe::place(*at), call.is_operator_call()));
                    return true;
                }
                _ => return true,
            };
            match expr {
                Expr::FnCall(call, at) | Expr::MethodCall(call, at) => {
                    let method = matches!(expr, Expr::MethodCall(..));
                    called.push((call.name.to_string(), call.args.len(), method, describe::place(*at), call.is_operator_call()));
                }
                Expr::Variable(found, ..) => _ = named.insert(found.1.to_string()),
                Expr::StringConstant(text, _) => _ = named.insert(text.to_string()),
                Expr::Map(found, _) => keys.extend(found.0.iter().map(|(key, _)| key.name.to_string())),
                _ => {}
            }
            true
        });
        let own: BTreeSet<String> = functions.iter().map(|function| function.name.clone()).collect();
        for (name, arguments, method, at, operator) in called {
            let known = operator
                || own.contains(&name)
                || self.natives.contains(&name)
                || LANGUAGE.contains(&name.as_str())
                || (method && keys.contains(&name));
            if !known {
                faults.push(fault(spot(text, at), format!("there is no function `{name}`"), None));
            } else if arguments > self.limits.arguments_max && !operator {
                let why = format!("a call hands over at most {} values", self.limits.arguments_max);
                faults.push(fault(spot(text, at), why, Some("put them into a map")));
            }
            named.insert(name);
        }
        for function in functions.iter_mut() {
            function.is_used = named.contains(&function.name);
        }
        faults
    }
}

/// The functions with their places, in file order; those written in place have no name of their own.
fn functions(ast: &AST, text: &str) -> Vec<Function> {
    let mut found: Vec<Function> = ast
        .iter_functions()
        .filter(|function| !function.name.starts_with("anon$"))
        .map(|function| {
            let (start, end) = declared(text, function.name).unwrap_or_default();
            let line = u32::try_from(line_and_column(text, start).0).unwrap_or(u32::MAX);
            let parameters = function.params.len();
            Function { name: function.name.to_owned(), parameters, is_used: false, line, start, end }
        })
        .collect();
    found.sort_by(|one, two| (one.start, &one.name, one.parameters).cmp(&(two.start, &two.name, two.parameters)));
    found
}

/// Of a byte, from 1, the column in letters.
fn line_and_column(text: &str, at: u32) -> (usize, usize) {
    let before = text.get(..at as usize).unwrap_or_default();
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count();
    (before.matches('\n').count().saturating_add(1), column.saturating_add(1))
}

/// Where `fn name(` stands, comments left out.
fn declared(text: &str, name: &str) -> Option<(u32, u32)> {
    let mut line_start = 0;
    for line in text.split_inclusive('\n') {
        let code = line.split("//").next().unwrap_or(line);
        for (at, _) in code.match_indices("fn ") {
            let rest = code.get(at.saturating_add(3)..).unwrap_or_default();
            let trimmed = rest.trim_start();
            let begins = trimmed.strip_prefix(name).is_some_and(|after| after.trim_start().starts_with('('));
            if begins {
                let start = line_start + at + 3 + (rest.len() - trimmed.len());
                return Some((u32::try_from(start).ok()?, u32::try_from(start + name.len()).ok()?));
            }
        }
        line_start += line.len();
    }
    None
}

fn of_parser(failure: &ParseError, text: &str) -> ScriptFault {
    let (why, help) = describe::parsing(failure);
    let (start, end) = spot(text, describe::place(failure.position()));
    ScriptFault { start, end, text: why, help }
}

fn fault((start, end): (u32, u32), text: String, help: Option<&str>) -> ScriptFault {
    ScriptFault { start, end, text, help: help.map(ToOwned::to_owned) }
}

/// The word at a line and column, in bytes; the end of the text where there is none.
fn spot(text: &str, at: Option<(usize, usize)>) -> (u32, u32) {
    let whole = |start: usize, end: usize| (u32::try_from(start).unwrap_or(0), u32::try_from(end).unwrap_or(0));
    let Some((line, column)) = at else { return whole(text.len(), text.len()) };
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let rest = text.get(before..).unwrap_or_default();
    let inside = rest.char_indices().nth(column.saturating_sub(1)).map_or(rest.len(), |(at, _)| at);
    let start = before + inside;
    let word = text.get(start..).unwrap_or_default();
    let length = word.find(|letter: char| !(letter.is_alphanumeric() || letter == '_')).unwrap_or(word.len());
    let next = word.chars().next().map_or(0, char::len_utf8);
    whole(start, start + length.max(next))
}
