use super::*;

fn field(name: &str, kind: Type) -> Given {
    Given { name: name.to_owned(), optional: false, kind }
}

fn given(kind: &Type, json: &str) -> Option<Value> {
    read(kind, from_json(serde_json::from_str(json).unwrap())?, &Zone::utc())
}

fn text(said: &str) -> Value {
    Value::Text(said.to_owned())
}

#[test]
fn a_text_within_its_length_is_taken_as_it_is() {
    let kind = Type::Text { most: 3 };
    assert_eq!(given(&kind, "\"abc\""), Some(text("abc")));
    assert_eq!(given(&kind, "\"abcd\""), None);
    assert_eq!(given(&kind, "12"), None);
}

#[test]
fn numbers_are_taken_as_numbers_or_as_plain_texts() {
    let whole = Type::Whole { least: 0.into(), most: 9.into() };
    assert_eq!(given(&whole, "7"), Some(Value::Number(7.into())));
    assert_eq!(given(&whole, "\"7\""), Some(Value::Number(7.into())));
    for odd in ["7.5", "10", "\"seven\"", "true", "null"] {
        assert_eq!(given(&whole, odd), None, "{odd}");
    }
    let price = Type::Decimal { least: 0.into(), most: 100.into() };
    assert_eq!(given(&price, "12.50"), Some(Value::Number("12.50".parse().unwrap())));
    assert_eq!(given(&price, "1.2e1"), Some(Value::Number(12.into())));
    let digits = Type::Digits { fewest: 2, most: 4 };
    assert_eq!((given(&digits, "\"0123\""), given(&digits, "123")), (Some(text("0123")), Some(text("123"))));
    assert_eq!((given(&digits, "\"1a\""), given(&digits, "-12"), given(&digits, "1")), (None, None, None));
}

#[test]
fn a_text_becomes_the_date_or_the_time_it_says() {
    let day = crate::calendar::date(2026, 11, 20).map(Value::Date);
    assert_eq!(given(&Type::Date, "\"2026-11-20\""), day);
    assert_eq!(given(&Type::Date, "\"2026-11-20T23:30:00Z\""), day);
    assert_eq!(given(&Type::Time, "\"09:05\""), crate::calendar::time(9, 5).map(Value::Time));
    assert_eq!(given(&Type::Time, "\"09:05:30\""), crate::calendar::time(9, 5).map(Value::Time));
    for odd in ["\"2026-13-01\"", "\"20.11.2026\"", "\"soon\"", "20261120", "\"2026-11-20 \""] {
        assert_eq!(given(&Type::Date, odd), None, "{odd}");
    }
    for odd in ["\"9:05\"", "\"24:00\"", "\"09:05:99\"", "\"09:05:00:00\"", "905"] {
        assert_eq!(given(&Type::Time, odd), None, "{odd}");
    }
}

#[test]
fn a_list_that_is_too_long_does_not_fit_and_is_not_cut() {
    let kind = Type::List { most: 2, of: Box::new(Type::YesNo) };
    assert_eq!(given(&kind, "[true,false]"), Some(Value::List(vec![Value::Bool(true), Value::Bool(false)])));
    assert_eq!((given(&kind, "[true,false,true]"), given(&kind, "[1]"), given(&kind, "true")), (None, None, None));
}

#[test]
fn a_record_keeps_its_fields_and_drops_the_others() {
    let mut sent_on = field("sent_on", Type::Date);
    sent_on.optional = true;
    let fields = [field("state", Type::Text { most: 20 }), sent_on];
    let read = |json: &str| record(&fields, from_json(serde_json::from_str(json).unwrap()).unwrap(), &Zone::utc());
    let state = Value::Map(ValueMap::from([("state".to_owned(), text("shipped"))]));
    assert_eq!(read(r#"{"state":"shipped","other":[1],"sent_on":null}"#), Ok(state));
    assert_eq!(read(r#"{"sent_on":"2026-11-20"}"#), Err("`state` is missing in its answer".to_owned()));
    assert_eq!(read(r#"{"state":"shipped","sent_on":"x"}"#), Err("`sent_on` in its answer does not fit its type".to_owned()));
    assert!(read("[]").is_err());
}

#[test]
fn a_closed_type_takes_the_values_it_has() {
    let word = |label: &str, value: Value| crate::bot::Word { label: label.to_owned(), value };
    let kind = Type::OneOf(vec![word("S", text("S")), word("Noodles", Value::Number(15_000.into()))]);
    assert_eq!(given(&kind, "\"S\""), Some(text("S")));
    assert_eq!(given(&kind, "15000"), Some(Value::Number(15_000.into())));
    assert_eq!((given(&kind, "\"M\""), given(&kind, "1")), (None, None));
}

#[test]
fn numbers_too_long_for_a_decimal_stay_as_they_are_written() {
    let json = serde_json::from_str("1234567890123456789012345678901234567890").unwrap();
    assert!(matches!(from_json(json), Some(Value::Text(_) | Value::Number(_))));
}
