//! Each rule is shown a text that breaks it: a rule that finds nothing must be able to find something.

use super::rules::{self, Source};
use super::tokens::{Kind, tokens};

fn source<'a>(path: &'a str, text: &'a str) -> Source<'a> {
    Source { path, text, test: false }
}

fn edges(path: &str, text: &str) -> Vec<String> {
    rules::edges(&source(path, text)).into_iter().collect()
}

#[test]
fn comments_and_strings_name_nobody() {
    let text = r####"
        // crate::store::Sqlite
        /* crate::cli /* nested */ crate::server */
        let a = "crate::runtime \" crate::store";
        let b = r#"crate::tiktok " crate::cli"#;
        let c = ('"', '\'', '\\', b'"', "x");
        fn f<'a>(x: &'a str) -> crate::bot::Bot { 'a: loop { break 'a } }
    "####;
    assert_eq!(edges("engine/mod.rs", text), ["bot"]);
}

#[test]
fn words_signs_and_lines_are_told_apart() {
    let all = tokens("let x = r\"a\nb\"; // c\n'\\u{41}' 1_000");
    let told: Vec<_> = all.iter().map(|token| (token.kind, token.text.as_str(), token.first_line, token.last_line)).collect();
    assert_eq!(
        told,
        [
            (Kind::Word, "let", 1, 1),
            (Kind::Word, "x", 1, 1),
            (Kind::Sign, "=", 1, 1),
            (Kind::Text, "a\nb", 1, 2),
            (Kind::Sign, ";", 2, 2),
            (Kind::Other, "'\\u{41}'", 3, 3),
            (Kind::Other, "1_000", 3, 3),
        ]
    );
}

#[test]
fn every_way_to_name_a_module_is_an_edge() {
    assert_eq!(edges("engine/mod.rs", "use crate::store::Sqlite;"), ["store"]);
    assert_eq!(edges("engine/mod.rs", "pub(in crate::engine) fn f() { crate::cli::run() }"), ["cli"]);
    assert_eq!(edges("engine/a.rs", "use crate::{bot::{self, text}, cli, store as s};"), ["bot", "cli", "store"]);
    assert_eq!(edges("engine/mod.rs", "use super::cli;"), ["cli"]);
    assert_eq!(edges("engine/a/b.rs", "use super::super::super::cli::run;"), ["cli"]);
    assert_eq!(edges("engine/a/b.rs", "use super::super::limits::Limits; use super::c;"), Vec::<String>::new());
    assert_eq!(edges("engine/mod.rs", "mod inner { use super::limits; use super::super::cli; }"), ["cli"]);
}

#[test]
fn an_edge_that_the_matrix_does_not_have_is_found() {
    let found = |path, text| rules::wrong_edges(&source(path, text)).len();
    assert_eq!(found("engine/mod.rs", "use crate::store::Sqlite;"), 1);
    assert_eq!(found("engine/mod.rs", "use crate::bot::Bot;"), 0);
    assert_eq!(found("runtime/work.rs", "use crate::tiktok::Client; use crate::check::check;"), 2);
    assert_eq!(found("simulator/mod.rs", "use crate::engine::Input;"), 1);
    assert_eq!(found("server/mod.rs", "use crate::cli;"), 1);
    assert_eq!(found("unheard_of/mod.rs", ""), 1);
    assert_eq!(found("lib.rs", "use crate::cli;"), 0);
}

#[test]
fn test_code_may_name_anybody() {
    let text = "use crate::bot; #[cfg(test)] mod tests { use crate::store; fn f() {} } use crate::text;";
    assert_eq!(edges("engine/mod.rs", text), ["bot", "text"]);
    assert_eq!(rules::test_modules("#[cfg(test)]\npub(crate) mod a;\n#[cfg(test)] use x;\nmod b;\n#[cfg(test)] mod c {}"), ["a"]);
    let file = Source { test: true, ..source("engine/tests.rs", "use crate::store; use axum::Router;") };
    assert!(rules::edges(&file).is_empty());
    assert!(rules::wrong_libraries(&file).is_empty());
}

#[test]
fn a_library_out_of_its_place_is_found() {
    let found = |path, text| rules::wrong_libraries(&source(path, text)).len();
    assert_eq!(found("engine/mod.rs", "use axum::Router;"), 1);
    assert_eq!(found("engine/mod.rs", "fn f() -> ::rusqlite::Result<()> { }"), 0);
    assert_eq!(found("engine/mod.rs", "fn f() -> rusqlite::Result<()> { }"), 1);
    assert_eq!(found("engine/mod.rs", "use jiff; use reqwest as r;"), 2);
    assert_eq!(found("engine/mod.rs", "use std::fs; use std::fs::File;"), 1);
    assert_eq!(found("engine/mod.rs", "use crate::bot::axum::x; let pest = 1; // axum::"), 0);
    assert_eq!(found("server/mod.rs", "use axum::Router;"), 0);
    assert_eq!(found("check/mod.rs", "#[derive(pest_derive::Parser)] struct P;"), 1);
}

#[test]
fn sql_out_of_its_place_is_found() {
    let found = |path, text| rules::stray_sql(&source(path, text)).len();
    assert_eq!(found("runtime/mod.rs", r#"f("SELECT 1")"#), 1);
    assert_eq!(found("runtime/mod.rs", "f(\"\n  INSERT INTO x\")"), 1);
    assert_eq!(found("runtime/mod.rs", r#"f("please SELECT one") // SELECT x"#), 0);
    assert_eq!(found("store/mod.rs", r#"f("SELECT 1")"#), 0);
}

#[test]
fn a_function_that_is_too_long_is_found_and_its_comments_do_not_count() {
    let function = |line: &str, lines: usize| format!("fn f(x: [u8; 3]) -> u8\nwhere\n{{\n{}}}\n", line.repeat(lines));
    let at_most = rules::FUNCTION_LINES_MAX - 4;
    assert_eq!(rules::long_functions(&function("a();\n", at_most + 1)), [("f".to_owned(), rules::FUNCTION_LINES_MAX + 1)]);
    assert_eq!(rules::long_functions(&function("a();\n", at_most)), []);
    assert_eq!(rules::long_functions(&function("// why\n\n", 200)), []);
    assert_eq!(rules::long_functions("type F = fn(u8);\ntrait T { fn f(); }"), []);
    let text = format!("fn g() {{ f(\"{}\") }}", "x\n".repeat(100));
    assert_eq!(rules::long_functions(&text)[0].0, "g");
}

#[test]
fn what_is_unfinished_is_found_with_its_line() {
    for word in rules::FORBIDDEN {
        let found = rules::forbidden("a.rs", &format!("fine\n// {word} later\n"));
        assert!(found.iter().any(|told| told.starts_with("a.rs:2: ")), "{word}: {found:?}");
    }
    assert!(rules::forbidden("a.rs", "todo list, method, fixed").is_empty());
}
