//! Values go in and come out as they were.

use super::*;
use crate::calendar::{self, Moment};

#[test]
fn every_value_comes_back_as_it_went_in() {
    let same = [
        words("مرحبا 👋🏽"),
        words(""),
        number("-7"),
        number("12.50"),
        number("79228162514264337593543950335"),
        number("0.0000000000000000000000000001"),
        Value::Bool(false),
        Value::List(vec![number("1"), words("a"), Value::List(Vec::new())]),
        map(&[("size", words("M")), ("tags", Value::List(vec![words("vip")]))]),
    ];
    for value in same {
        assert_eq!(gives("fn f(x) { x }", std::slice::from_ref(&value)), Some(value));
    }
    assert_eq!(called("fn f(x) { x }", &[None]), Ok(None));
}

#[test]
fn numbers_stay_exact() {
    assert_eq!(gives("fn f(x) { x + 0.2 }", &[number("0.1")]), Some(number("0.3")));
    assert_eq!(gives("fn f(x) { x * 3 }", &[number("19.99")]), Some(number("59.97")));
    assert_eq!(gives("fn f(x) { x / 4 }", &[number("10")]), Some(number("2")), "whole by whole is whole");
    assert_eq!(gives("fn f(x) { x / 4.0 }", &[number("10")]), Some(number("2.5")));
}

#[test]
fn dates_and_times_are_texts_and_a_duration_is_milliseconds() {
    let date = Value::Date(calendar::date(2026, 1, 7).unwrap());
    let time = Value::Time(calendar::time(9, 5).unwrap());
    for (value, seen) in [
        (date, words("2026-01-07")),
        (time, words("09:05")),
        (Value::Moment(Moment(0)), words("1970-01-01T00:00:00Z")),
        (Value::Duration(90_000), number("90000")),
    ] {
        assert_eq!(gives("fn f(x) { x }", &[value]), Some(seen));
    }
}

#[test]
fn what_is_missing_is_left_out_of_lists_and_maps() {
    assert_eq!(gives("fn f() { [1, (), 2] }", &[]), Some(Value::List(vec![number("1"), number("2")])));
    assert_eq!(gives("fn f() { #{ a: (), b: 'x' } }", &[]), Some(map(&[("b", words("x"))])));
    assert_eq!(gives("fn f(x) { x.nobody == () }", &[map(&[])]), Some(Value::Bool(true)));
}

#[test]
fn what_no_flow_can_hold_is_refused_with_a_reason() {
    let refused = |text: &str| called(text, &[]).unwrap_err().why;
    assert_eq!(refused("fn f() { || 1 }"), "shop.rhai: it returned a function");
    assert_eq!(refused("fn f() { [0..3] }"), "shop.rhai: it returned what is no text, number, yes or no, list or map");
    assert_eq!(
        refused("fn f() { let a = []; for n in 0..40 { a = [a]; } a }"),
        "shop.rhai: it returned too many lists and maps inside one another"
    );
}

#[test]
fn json_is_read_with_its_exact_numbers() {
    let price = map(&[("price", number("12.50")), ("left", number("3"))]);
    assert_eq!(gives(r#"fn f(x) { parse_json(x) }"#, &[words(r#"{"price": 12.50, "left": 3, "note": null}"#)]), Some(price));
    let why = called("fn f(x) { parse_json(x) }", &[Some(words("{"))]).unwrap_err().why;
    assert!(why.contains("this text is no JSON"), "{why}");
}
