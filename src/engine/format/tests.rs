use super::*;
use crate::calendar::{date, time};

fn in_cairo<T>(language: &str, native_numerals: bool, write: impl Fn(&Style<'_>) -> T) -> T {
    write(&Style { language, native_numerals, zone: &Zone::named("Africa/Cairo").unwrap() })
}

fn plain<T>(language: &str, write: impl Fn(&Style<'_>) -> T) -> T {
    in_cairo(language, false, write)
}

#[test]
fn a_date_is_written_long_by_the_language() {
    let day = date(2026, 11, 20).unwrap();
    for (language, text) in [
        ("en", "November 20, 2026"),
        ("en-GB", "20 November 2026"),
        ("ar", "20 نوفمبر 2026"),
        ("es", "20 de noviembre de 2026"),
        ("fr", "20 novembre 2026"),
        ("id", "20 November 2026"),
        ("vi", "20 tháng 11 2026"),
        ("th", "20 พฤศจิกายน 2569"),
        ("pt", "20 de novembro de 2026"),
    ] {
        assert_eq!(plain(language, |style| style.date(day)), text, "{language}");
    }
    assert_eq!(in_cairo("ar", true, |style| style.date(day)), "٢٠ نوفمبر ٢٠٢٦");
    assert_eq!(in_cairo("en", true, |style| style.date(day)), "November 20, 2026");
}

#[test]
fn a_time_and_a_weekday_are_written_short() {
    let nine = time(9, 5).unwrap();
    assert_eq!(plain("en", |style| style.time(nine)), "9:05 AM");
    assert_eq!(plain("en", |style| style.time(time(21, 0).unwrap())), "9:00 PM");
    assert_eq!(plain("fr", |style| style.time(nine)), "09:05");
    assert_eq!(plain("id", |style| style.time(nine)), "09.05");
    let moment = Moment::from_rfc3339("2026-11-22T07:00:00Z").unwrap();
    assert_eq!(plain("en", |style| style.weekday_time(moment)), "Sunday 9:00 AM");
    assert_eq!(plain("ar", |style| style.weekday_time(moment)), "الأحد 9:00 ص");
}

#[test]
fn numbers_have_the_marks_of_the_language() {
    let number = "1234567.50".parse().unwrap();
    for (language, text) in [("en", "1,234,567.5"), ("id", "1.234.567,5"), ("fr", "1 234 567,5"), ("hi", "12,34,567.5")] {
        assert_eq!(plain(language, |style| style.number(number)), text, "{language}");
    }
    assert_eq!(in_cairo("ar", true, |style| style.number(number)), "١٬٢٣٤٬٥٦٧٫٥");
}

#[test]
fn money_has_its_sign_its_digits_and_its_place() {
    for (language, amount, code, text) in [
        ("en", "250", "EGP", "EGP 250.00"),
        ("ar", "250", "EGP", "250.00 ج.م."),
        ("ar", "99.5", "SAR", "99.50 ر.س."),
        ("id", "38000", "IDR", "Rp38.000"),
        ("vi", "38000", "VND", "38.000 ₫"),
        ("th", "120", "THB", "฿120.00"),
        ("en", "120", "PHP", "₱120.00"),
        ("ms", "12.5", "MYR", "RM 12.50"),
        ("pt-BR", "1234.5", "BRL", "R$ 1.234,50"),
        ("es-MX", "1234.5", "MXN", "$1,234.50"),
        ("fr", "3", "EUR", "3,00 €"),
        ("en", "3", "USD", "$3.00"),
        ("en", "-3.005", "usd", "-$3.01"),
        ("en", "1.2345", "KWD", "KWD 1.235"),
        ("en", "-0.001", "USD", "$0.00"),
        ("en", "1", "???", "???1.00"),
        ("en", "79228162514264337593543950335", "USD", "$79,228,162,514,264,337,593,543,950,335.00"),
    ] {
        assert_eq!(plain(language, |style| style.money(amount.parse().unwrap(), code)), text, "{language} {code}");
    }
}

#[test]
fn counts_fall_into_the_forms_of_the_language() {
    let forms = |language| [0, 1, 2, 3, 11, 100].map(|count| plural(Decimal::from(count), language));
    assert_eq!(forms("en"), ["other", "one", "other", "other", "other", "other"]);
    assert_eq!(forms("ar"), ["zero", "one", "two", "few", "many", "other"]);
    assert_eq!(forms("id"), ["other"; 6]);
    assert_eq!(plural(Decimal::new(15, 1), "en"), "other");
    assert_eq!(plural_categories("ar"), ["few", "many", "one", "other", "two", "zero"]);
    assert_eq!(plural_categories("en"), ["one", "other"]);
    assert_eq!(plural_categories("th"), ["other"]);
}

#[test]
fn values_print_themselves() {
    let values = [
        (Value::Text("a {b}".to_owned()), "a {b}"),
        (Value::Number("1234567.50".parse().unwrap()), "1234567.5"),
        (Value::Bool(true), "yes"),
        (Value::Date(date(2026, 1, 7).unwrap()), "January 7, 2026"),
        (Value::Moment(Moment::from_rfc3339("2026-11-22T07:00:00Z").unwrap()), "November 22, 2026 9:00 AM"),
        (Value::Duration(5_400_000), "1h30m"),
        (Value::List(vec![Value::Bool(false), Value::Text("x".to_owned())]), "no, x"),
        (Value::Map([("a".to_owned(), Value::Number(Decimal::ONE))].into()), "a: 1"),
    ];
    for (value, text) in values {
        assert_eq!(plain("en", |style| style.print(&value)), text);
    }
    assert_eq!(in_cairo("ar", true, |style| style.print(&Value::Number(Decimal::from(42)))), "٤٢");
}

proptest::proptest! {
    #[test]
    fn any_value_in_any_language_is_written(
        language in "(ar|en|th|fa|xx|ja-JP|not a tag|)(-[A-Z]{2})?.{0,3}", ms in proptest::num::i64::ANY, scale in 0_u32..28,
        native in proptest::bool::ANY, code in ".{0,4}",
    ) {
        let zone = Zone::utc();
        let style = Style { language: &language, native_numerals: native, zone: &zone };
        let number = Decimal::new(ms, scale);
        let (day, clock) = zone.civil(Moment(ms));
        for text in [
            style.date(day), style.time(clock), style.weekday_time(Moment(ms)), style.number(number),
            style.money(number, &code), style.print(&Value::Moment(Moment(ms))), style.plural(number).to_owned(),
        ] {
            assert!(!text.is_empty());
        }
    }
}
