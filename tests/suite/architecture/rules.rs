//! The rules as functions of a source text, so that each can be shown a text that breaks it.

use std::collections::BTreeSet;

use super::tokens::{Kind, Token, tokens};

/// Who may name whom among the top-level modules, in reading order. Test code is free.
///
/// `system` stands beside the ports; only what is wired by hand (`server`, `cli`) takes its clocks and doors.
/// `store` and `runtime` take the engine's reply numbers and inputs, never its insides; `tiktok` makes inputs.
pub const MATRIX: &[(&str, &[&str])] = &[
    ("text", &[]),
    ("calendar", &[]),
    ("channel", &["calendar", "text"]),
    ("source", &[]),
    ("diagnostic", &["source"]),
    ("syntax", &["calendar", "diagnostic", "source", "text"]),
    ("bot", &["calendar", "channel", "text"]),
    ("check", &["bot", "calendar", "channel", "diagnostic", "source", "syntax", "text"]),
    ("engine", &["bot", "calendar", "channel", "text"]),
    ("hook", &["bot"]),
    ("testing", &["bot", "calendar", "channel", "engine", "source", "syntax", "text"]),
    ("runtime", &["bot", "calendar", "channel", "engine"]),
    ("system", &["calendar", "runtime"]),
    ("store", &["calendar", "engine", "runtime", "system"]),
    ("tiktok", &["bot", "calendar", "channel", "engine", "runtime"]),
    ("fetch", &["bot", "engine", "runtime", "text"]),
    ("simulator", &["calendar", "runtime", "text"]),
    (
        "server",
        &[
            "bot",
            "calendar",
            "channel",
            "check",
            "diagnostic",
            "engine",
            "fetch",
            "hook",
            "runtime",
            "simulator",
            "source",
            "store",
            "syntax",
            "system",
            "text",
            "tiktok",
        ],
    ),
    (
        "cli",
        &[
            "bot",
            "calendar",
            "channel",
            "check",
            "diagnostic",
            "engine",
            "fetch",
            "hook",
            "runtime",
            "server",
            "simulator",
            "source",
            "store",
            "syntax",
            "system",
            "testing",
            "text",
            "tiktok",
        ],
    ),
];

/// Libraries that stay in one place, so that one place changes when they do. `std::fs` counts as one.
pub const LIBRARIES: &[(&str, &[&str])] = &[
    ("pest", &["syntax"]),
    ("pest_derive", &["syntax"]),
    ("axum", &["server", "simulator"]),
    ("utoipa", &["server"]),
    ("utoipa_axum", &["server"]),
    ("tower", &["server", "simulator"]),
    ("tower_http", &["server", "simulator"]),
    ("rusqlite", &["store"]),
    ("tokio_postgres", &["store"]),
    ("deadpool_postgres", &["store"]),
    ("opentelemetry", &["server"]),
    ("opentelemetry_http", &["server"]),
    ("opentelemetry_otlp", &["server"]),
    ("opentelemetry_sdk", &["server"]),
    ("jiff", &["calendar"]),
    ("reqwest", &["fetch", "tiktok", "simulator", "server"]),
    ("rhai", &["hook"]),
    ("clap", &["cli"]),
    ("clap_complete", &["cli"]),
    ("rustyline", &["cli"]),
    ("anyhow", &["cli"]),
    ("indicatif", &["cli"]),
    ("png", &["cli"]),
    ("qrcode", &["cli"]),
    ("similar", &["testing"]),
    ("getrandom", &["system"]),
    ("aes_gcm", &["system"]),
    ("rustix", &["system"]),
    ("std::fs", &["system", "store"]),
];

pub const FILE_LINES_MAX: usize = 500;
pub const FUNCTION_LINES_MAX: usize = 70;

/// A function that is longer, and why that is better than shorter.
pub const LONG_FUNCTIONS: &[(&str, &str, &str)] = &[];

/// Put together here, so that this file does not break its own rule.
pub const FORBIDDEN: &[&str] = &[
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X:"),
    concat!("/ho", "me/"),
    concat!("/Us", "ers/"),
    concat!("/ro", "ot/"),
    concat!("/wo", "rk/"),
    concat!("C:\\Us", "ers"),
];

/// What a source file says, seen from its place in `src`.
pub struct Source<'a> {
    /// `store/sqlite/mod.rs`
    pub path: &'a str,
    pub text: &'a str,
    /// The whole file is there for tests.
    pub test: bool,
}

impl Source<'_> {
    /// The top-level module; `None` for `lib.rs` and `main.rs`, which are the map and the door.
    pub fn module(&self) -> Option<&str> {
        match self.path.split_once('/') {
            Some((module, _)) => Some(module),
            None => self.path.strip_suffix(".rs").filter(|name| !matches!(*name, "lib" | "main")),
        }
    }

    /// How many `super` lead from the file's module to the crate.
    fn depth(&self) -> usize {
        module_path(self.path).len()
    }
}

/// `store/sqlite/mod.rs` is `[store, sqlite]`.
pub fn module_path(path: &str) -> Vec<&str> {
    let path = path.strip_suffix(".rs").unwrap_or(path);
    let mut parts: Vec<&str> = path.split('/').collect();
    if matches!(parts.last(), Some(&("mod" | "lib" | "main"))) {
        parts.pop();
    }
    parts
}

/// Modules that the file declares for tests alone (`#[cfg(test)] mod conformance;`).
pub fn test_modules(text: &str) -> Vec<String> {
    let all = tokens(text);
    let mut found = Vec::new();
    for at in 0..all.len() {
        if let Some((name, opening)) = test_module(&all, at)
            && all[opening].is(";")
        {
            found.push(all[name].text.clone());
        }
    }
    found
}

/// `#[cfg(test)] … mod name` at a token: the places of the name and of what follows it.
fn test_module(all: &[Token], at: usize) -> Option<(usize, usize)> {
    let shape = ["#", "[", "cfg", "(", "test", ")", "]"];
    if !shape.iter().enumerate().all(|(offset, text)| all.get(at + offset).is_some_and(|token| token.is(text))) {
        return None;
    }
    // Between the attribute and `mod` only `pub`, `pub(…)` and further attributes can stand.
    let module = (at + shape.len()..all.len().min(at + 30)).find(|place| all[*place].is("mod"))?;
    let between = &all[at + shape.len()..module];
    if between.iter().any(|token| token.is(";") || token.is("{") || token.is("fn") || token.is("use")) {
        return None;
    }
    (module + 2 < all.len()).then_some((module + 1, module + 2))
}

/// The tokens outside of test modules, each with how many inline modules surround it.
fn lasting_tokens(source: &Source<'_>) -> Vec<(Token, usize)> {
    let all = tokens(source.text);
    let mut kept = Vec::new();
    let mut braces: Vec<bool> = Vec::new();
    let mut at = 0;
    while at < all.len() {
        if let Some((_, opening)) = test_module(&all, at)
            && all[opening].is("{")
        {
            at = closing(&all, opening) + 1;
            continue;
        }
        if all[at].is("{") {
            braces.push(at >= 2 && all[at - 2].is("mod"));
        } else if all[at].is("}") {
            braces.pop();
        }
        let inline = braces.iter().filter(|module| **module).count();
        kept.push((all[at].clone(), inline));
        at += 1;
    }
    kept
}

/// The place of the bracket that closes the one at `opening`.
fn closing(all: &[Token], opening: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in all.iter().enumerate().skip(opening) {
        if token.is("{") {
            depth += 1;
        } else if token.is("}") {
            depth -= 1;
            if depth == 0 {
                return at;
            }
        }
    }
    all.len() - 1
}

/// The top-level modules that a file names, by `crate::…` or by climbing with `super`.
pub fn edges(source: &Source<'_>) -> BTreeSet<String> {
    if source.test {
        return BTreeSet::new();
    }
    let all = lasting_tokens(source);
    let is = |at: usize, text: &str| all.get(at).is_some_and(|(token, _)| token.is(text));
    let mut found = BTreeSet::new();
    for at in 0..all.len() {
        let after = if is(at, "crate") && is(at + 1, "::") {
            at + 2
        } else if is(at, "super") && !(at > 0 && is(at - 1, "::")) {
            let climbed = (0..).take_while(|step| is(at + 2 * step, "super") && is(at + 2 * step + 1, "::")).count();
            if climbed < source.depth() + all[at].1 {
                continue;
            }
            at + 2 * climbed
        } else {
            continue;
        };
        found.extend(first_names(&all, after));
    }
    if let Some(own) = source.module() {
        found.remove(own);
    }
    found
}

/// What the path from `after` on names first: `a::b` names `a`; `{a::b, c}` names `a` and `c`.
fn first_names(all: &[(Token, usize)], after: usize) -> Vec<String> {
    let mut names = Vec::new();
    let mut depth = 0_i32;
    let mut begins = true;
    for (token, _) in all.iter().skip(after) {
        if token.is("{") {
            depth += 1;
        } else if token.is("}") {
            depth -= 1;
        } else if begins && depth <= 1 && token.kind == Kind::Word {
            names.push(token.text.clone());
        }
        if depth == 0 {
            break;
        }
        begins = token.is("{") || token.is(",");
    }
    names
}

/// Edges that the matrix does not have.
pub fn wrong_edges(source: &Source<'_>) -> Vec<String> {
    let Some(module) = source.module() else { return Vec::new() };
    let Some((_, allowed)) = MATRIX.iter().find(|(name, _)| *name == module) else {
        return vec![format!("{}: the module `{module}` is not in the matrix", source.path)];
    };
    // Macros and the like of the crate's root are no modules.
    let known = |name: &str| MATRIX.iter().any(|(module, _)| *module == name);
    edges(source)
        .into_iter()
        .filter(|edge| known(edge) && !allowed.contains(&edge.as_str()))
        .map(|edge| format!("{}: `{module}` must not know `{edge}`", source.path))
        .collect()
}

/// Libraries named where they have no place. Test code may bring its own.
pub fn wrong_libraries(source: &Source<'_>) -> Vec<String> {
    let Some(module) = source.module().filter(|_| !source.test) else { return Vec::new() };
    let all = lasting_tokens(source);
    let is = |at: usize, text: &str| all.get(at).is_some_and(|(token, _)| token.is(text));
    let mut found = BTreeSet::new();
    for (library, allowed) in LIBRARIES {
        let path: Vec<&str> = library.split("::").collect();
        let named = (0..all.len()).any(|at| {
            let whole =
                path.iter().enumerate().all(|(step, part)| is(at + 2 * step, part) && (step == 0 || is(at + 2 * step - 1, "::")));
            let begins = at == 0 || !is(at - 1, "::");
            let used = is(at + 2 * path.len() - 1, "::") || (at > 0 && (is(at - 1, "use") || is(at - 1, "crate")));
            whole && begins && used
        });
        if named && !allowed.contains(&module) {
            found.insert(format!("{}: `{library}` belongs to {}", source.path, allowed.join(", ")));
        }
    }
    found.into_iter().collect()
}

/// SQL in the strings of other modules than `store`.
pub fn stray_sql(source: &Source<'_>) -> Vec<String> {
    const BEGINNINGS: [&str; 8] =
        ["SELECT ", "INSERT INTO ", "INSERT OR ", "UPDATE ", "DELETE FROM ", "CREATE TABLE ", "PRAGMA ", "BEGIN IMMEDIATE"];
    if source.module() == Some("store") {
        return Vec::new();
    }
    let strings = tokens(source.text).into_iter().filter(|token| token.kind == Kind::Text);
    strings
        .filter(|token| BEGINNINGS.iter().any(|beginning| token.text.trim_start().starts_with(beginning)))
        .map(|token| format!("{}:{}: SQL belongs to store", source.path, token.first_line))
        .collect()
}

/// Functions with more lines of code than allowed, as name and lines. Empty lines and comments do not count.
pub fn long_functions(text: &str) -> Vec<(String, usize)> {
    let all = tokens(text);
    let mut found = Vec::new();
    for at in 0..all.len() {
        let Some(name) = all.get(at + 1).filter(|name| all[at].is("fn") && name.kind == Kind::Word) else { continue };
        // Without a body where `;` comes first; the one in `[u8; 3]` does not count.
        let Some(opening) = body(&all, at) else { continue };
        let mut lines = BTreeSet::new();
        for token in &all[at..=closing(&all, opening)] {
            lines.extend(token.first_line..=token.last_line);
        }
        if lines.len() > FUNCTION_LINES_MAX {
            found.push((name.text.clone(), lines.len()));
        }
    }
    found
}

/// The place where the body of the function at `at` begins.
fn body(all: &[Token], at: usize) -> Option<usize> {
    let mut depth = 0_i32;
    for (place, token) in all.iter().enumerate().skip(at) {
        if token.is("(") || token.is("[") {
            depth += 1;
        } else if token.is(")") || token.is("]") {
            depth -= 1;
        } else if depth == 0 && (token.is("{") || token.is(";")) {
            return token.is("{").then_some(place);
        }
    }
    None
}

/// Forbidden words of a text, each with its line.
pub fn forbidden(path: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for word in FORBIDDEN.iter().filter(|word| line.contains(**word)) {
            found.push(format!("{path}:{}: {word}", number + 1));
        }
    }
    found
}
