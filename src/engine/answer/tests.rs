use std::sync::Arc;

use crate::bot::Regex;

use super::*;
use crate::calendar::{date, time};

/// 2026-11-22 10:00 in Cairo, a Sunday.
const NOW: Moment = Moment(1_795_334_400_000);

fn said(kind: &Type, text: &str, language: &str) -> Option<Value> {
    read(kind, text, language, &Zone::named("Africa/Cairo").unwrap(), NOW)
}

fn number(kind: &Type, text: &str, language: &str) -> Option<String> {
    match said(kind, text, language)? {
        Value::Number(number) => Some(number.to_string()),
        other => panic!("{other:?}"),
    }
}

fn words(kind: &Type, text: &str) -> Option<String> {
    match said(kind, text, "en")? {
        Value::Text(text) => Some(text),
        other => panic!("{other:?}"),
    }
}

fn day(text: &str, language: &str) -> Option<String> {
    match said(&Type::Date, text, language)? {
        Value::Date(day) => Some(day.to_string()),
        other => panic!("{other:?}"),
    }
}

fn clock(text: &str) -> Option<String> {
    match said(&Type::Time, text, "en")? {
        Value::Time(time) => Some(time.to_string()),
        other => panic!("{other:?}"),
    }
}

fn whole() -> Type {
    Type::Whole { least: Decimal::from(-10), most: Decimal::from(2_000_000) }
}

fn decimal() -> Type {
    Type::Decimal { least: Decimal::from(-10), most: Decimal::from(2_000_000) }
}

#[test]
fn a_text_is_kept_without_its_outer_blanks_up_to_its_length() {
    let kind = Type::Text { most: 4 };
    assert_eq!(words(&kind, "  abcd \n").as_deref(), Some("abcd"));
    assert_eq!(words(&kind, "👍👍").as_deref(), Some("👍👍"));
    assert_eq!(words(&kind, "?").as_deref(), Some("?"));
    for no in ["abcde", "👍👍👍", "", "  ", "\u{200b}\u{202e}"] {
        assert_eq!(words(&kind, no), None, "{no:?}");
    }
}

#[test]
fn whole_numbers_come_in_every_script_and_grouping() {
    for (text, expected) in [
        ("42", "42"),
        (" ٤٢ ", "42"),
        ("๔๒", "42"),
        ("4️⃣", "4"),
        ("+7", "7"),
        ("-3", "-3"),
        ("1,000", "1000"),
        ("1.000", "1000"),
        ("1 000 000", "1000000"),
        ("١٬٠٠٠", "1000"),
        ("1,00,000", "100000"),
        ("42.", "42"),
        ("42!", "42"),
        ("3.0", "3"),
        ("007", "7"),
        ("\u{200f}42\u{200f}", "42"),
    ] {
        assert_eq!(number(&whole(), text, "en").as_deref(), Some(expected), "{text:?}");
    }
    for no in [
        "",
        "-",
        "3.5",
        "3,5",
        "a",
        "1 2",
        "1,0000",
        "1.000,00.0",
        "3e5",
        "0x10",
        "2000001",
        "-11",
        "1,,000",
        "½",
        "1-2",
        ",5",
        "--5",
    ] {
        assert_eq!(number(&whole(), no, "en"), None, "{no:?}");
    }
}

#[test]
fn decimal_marks_follow_the_language_only_where_they_are_doubtful() {
    for (text, language, expected) in [
        ("2.50", "en", "2.50"),
        ("2,5", "en", "2.5"),
        ("1,500", "en", "1500"),
        ("1.500", "en", "1.500"),
        ("1.500", "id", "1500"),
        ("1,500", "fr", "1.500"),
        ("1.234,5", "en", "1234.5"),
        ("1,234.5", "fr", "1234.5"),
        ("٢٫٥", "ar", "2.5"),
        ("١٬٢٣٤٫٥", "ar", "1234.5"),
        ("1 234,5", "fr", "1234.5"),
        ("1.234.567", "en", "1234567"),
        ("-0", "en", "0"),
        ("1'500.5", "en", "1500.5"),
    ] {
        assert_eq!(number(&decimal(), text, language).as_deref(), Some(expected), "{text:?} {language}");
    }
    for no in ["1,2,3", "1.2.3", "1,23.4", "1.5.", "5 kg", "1,5,", "12345678901234567890123456789012345"] {
        let found = number(&decimal(), no, "en");
        assert!(found.is_none() || no.ends_with(['.', ',']), "{no:?} {found:?}");
    }
}

#[test]
fn digits_keep_their_zeros_and_lose_what_stands_between_them() {
    let kind = Type::Digits { fewest: 6, most: 10 };
    assert_eq!(words(&kind, "#0012-3456").as_deref(), Some("00123456"));
    assert_eq!(words(&kind, "١٢٣ ٤٥٦٧").as_deref(), Some("1234567"));
    for no in ["12345", "12345678901", "12345a", "", "+123456"] {
        assert_eq!(words(&kind, no), None, "{no:?}");
    }
}

#[test]
fn an_address_is_found_and_checked() {
    for (text, expected) in [
        ("Mona.Ali+shop@Example.COM", "Mona.Ali+shop@example.com"),
        ("it's <a@b.co>.", "a@b.co"),
        ("ａ＠ｂ.ｃｏ", "a@b.co"),
        ("بريدي a@b.co", "a@b.co"),
    ] {
        assert_eq!(words(&Type::Email, text).as_deref(), Some(expected), "{text:?}");
    }
    for no in [
        "",
        "a",
        "a@b",
        "@b.co",
        "a@.co",
        "a@b.c",
        "a..b@c.co",
        "a@b.co c@d.co",
        "a@-b.co",
        "a@b_c.co",
        "a@b.12",
        "a b@",
        "a@b@c.co",
    ] {
        assert_eq!(words(&Type::Email, no), None, "{no:?}");
    }
}

#[test]
fn a_phone_number_is_brought_into_one_form() {
    for (text, expected) in [
        ("+20 (10) 1234-5678", "+201012345678"),
        ("0020 10 1234 5678", "+201012345678"),
        ("٠١٠١٢٣٤٥٦٧٨", "01012345678"),
        ("010 1234 5678", "01012345678"),
        ("201012345678+", "+201012345678"),
        ("\u{202a}+84 912 345 678\u{202c}", "+84912345678"),
    ] {
        assert_eq!(words(&Type::Phone, text).as_deref(), Some(expected), "{text:?}");
    }
    for no in ["", "12345", "+1234567", "+0123456789", "1234567890123456", "call me", "12345 ext 6", "+20+101234567", "1+2345678"]
    {
        assert_eq!(words(&Type::Phone, no), None, "{no:?}");
    }
}

#[test]
fn dates_are_read_as_the_language_writes_them() {
    for (text, language, expected) in [
        ("2026-12-25", "en", "2026-12-25"),
        ("25/12/2026", "en", "2026-12-25"),
        ("25.12.26", "fr", "2026-12-25"),
        ("25/12", "en", "2026-12-25"),
        ("12/25", "en", "2026-12-25"),
        ("3/4/2027", "en", "2027-04-03"),
        ("3/4/2027", "en-US", "2027-03-04"),
        ("22/11", "en", "2026-11-22"),
        ("21/11", "en", "2027-11-21"),
        ("29/2", "en", "2028-02-29"),
        ("٢٥/١٢/٢٠٢٦", "ar", "2026-12-25"),
        ("٢٥ ديسمبر", "ar", "2026-12-25"),
        ("يوم 25 ديسمبر 2026", "ar", "2026-12-25"),
        ("25 كانون الأول", "ar", "2026-12-25"),
        ("December 25th, 2026", "en", "2026-12-25"),
        ("25th of Dec", "en", "2026-12-25"),
        ("25dec", "en", "2026-12-25"),
        ("25 de diciembre de 2026", "es", "2026-12-25"),
        ("1er août", "fr", "2027-08-01"),
        ("25 Desember", "id", "2026-12-25"),
        ("ngày 25 tháng 12 năm 2026", "vi", "2026-12-25"),
        ("25 tháng 12", "vi", "2026-12-25"),
        ("25 ธันวาคม 2569", "th", "2026-12-25"),
        ("25 ธ.ค. 69", "th", "2026-12-25"),
        ("25/12/2569", "th", "2026-12-25"),
        ("25/12/26", "th", "2026-12-25"),
        ("25 de março", "pt", "2027-03-25"),
        ("today", "en", "2026-11-22"),
        ("غداً", "ar", "2026-11-23"),
        ("พรุ่งนี้", "th", "2026-11-23"),
        ("2026 Dec 25", "en", "2026-12-25"),
    ] {
        assert_eq!(day(text, language).as_deref(), Some(expected), "{text:?} {language}");
    }
}

#[test]
fn what_is_no_date_is_refused() {
    for no in [
        "",
        "25",
        "december",
        "32/12",
        "30/2/2026",
        "12/2026",
        "25/12/2569",
        "25/12/0026",
        "1/2/3/4",
        "soon",
        "25 foo 2026",
        "dec jan 2026",
        "99999999999999999999/1",
        "25/12/226",
        "-",
        "25 december 2026 at 5",
        "13/13",
    ] {
        assert_eq!(day(no, "en"), None, "{no:?}");
    }
}

#[test]
fn times_are_read_on_both_kinds_of_clock() {
    for (text, expected) in [
        ("9:00", "09:00:00"),
        ("9.30", "09:30:00"),
        ("21h30", "21:30:00"),
        ("21h", "21:00:00"),
        ("9 pm", "21:00:00"),
        ("9PM", "21:00:00"),
        ("9:15 p.m.", "21:15:00"),
        ("12 am", "00:00:00"),
        ("12 pm", "12:00:00"),
        ("0930", "09:30:00"),
        ("14", "14:00:00"),
        ("٩ مساءً", "21:00:00"),
        ("الساعة ٩:٣٠ ص", "09:30:00"),
        ("9 giờ", "09:00:00"),
        ("9 de la noche", "21:00:00"),
        ("noon", "12:00:00"),
        ("23:59:59", "23:59:00"),
    ] {
        assert_eq!(clock(text).as_deref(), Some(expected), "{text:?}");
    }
    for no in [
        "",
        "9",
        "24:00",
        "9:60",
        "9:5",
        "25",
        "13 am",
        "9 am pm",
        "later",
        "9:00 foo",
        "99999999999999999999",
        "9 12 45 3",
        "-1:00",
    ] {
        let found = clock(no);
        assert!(found.is_none() || no == "-1:00", "{no:?} {found:?}");
    }
}

#[test]
fn yes_and_no_are_understood_in_eight_languages() {
    for yes in ["Yes!", "نعم", "أيوة", "sí", "iya", "vâng", "ใช่ค่ะ", "oui", "sim", "👍🏽", "ok", "yes please"]
    {
        assert_eq!(said(&Type::YesNo, yes, "en"), Some(Value::Bool(true)), "{yes}");
    }
    for no in ["no", "لا", "لا شكراً", "tidak", "không", "ไม่ใช่", "não", "👎", "no thank you"] {
        assert_eq!(said(&Type::YesNo, no, "en"), Some(Value::Bool(false)), "{no}");
    }
    for neither in ["", "maybe", "yes no", "please", "7", "?"] {
        assert_eq!(said(&Type::YesNo, neither, "en"), None, "{neither}");
    }
}

#[test]
fn one_of_several_is_picked_by_label_number_or_near_miss() {
    let word = |label: &str, value: i64| Word { label: label.to_owned(), value: Value::Number(Decimal::from(value)) };
    let kind = Type::OneOf(vec![word("Fried rice", 18_000), word("Noodles", 15_000), word("شوربة", 9_000)]);
    for (text, expected) in [
        ("fried RICE!", 18_000),
        ("2", 15_000),
        ("٣", 9_000),
        ("2️⃣", 15_000),
        ("noodels", 15_000),
        ("fryed rice", 18_000),
        ("شوربه", 9_000),
    ] {
        assert_eq!(said(&kind, text, "en"), Some(Value::Number(Decimal::from(expected))), "{text}");
    }
    for no in ["0", "4", "rice", "", "fried rice and noodles", "99999999999999999999"] {
        assert_eq!(said(&kind, no, "en"), None, "{no}");
    }
    assert!(is_exact(&kind, "noodles") && is_exact(&kind, "1") && !is_exact(&kind, "noodels"));
}

#[test]
fn a_number_means_the_label_that_says_it_and_figures_are_no_slips() {
    let none: &[String] = &[];
    assert_eq!(pick("38", &[("36", none), ("38", none)]), Some((1, Fit::Exact)));
    assert_eq!(pick("1", &[("36", none), ("38", none)]), None);
    assert_eq!(pick("size 39", &[("Size 38", none), ("Size 40", none)]), None);
    assert_eq!(pick("colour a", &[("Colour B", none), ("Colour C", none)]), None, "two are equally near");
    assert_eq!(pick("refund", &[("Return it", &["refund".to_owned()]), ("Other", none)]), Some((0, Fit::Exact)));
    assert_eq!(pick("?", &[("!", none), ("?", none)]), Some((1, Fit::Exact)));
    assert_eq!(pick("  ", &[("", none)]), None);
}

#[test]
fn an_expression_must_fit_the_whole_text() {
    let kind = Type::Matching(Arc::new(Regex::new(r"AB|ABC\d{3}").unwrap()));
    assert_eq!(words(&kind, " ABC١٢٣ ").as_deref(), Some("ABC123"));
    assert_eq!(words(&kind, "AB").as_deref(), Some("AB"));
    for no in ["ABC1234", "xAB", "ABC", ""] {
        assert_eq!(words(&kind, no), None, "{no:?}");
    }
}

#[test]
fn pictures_and_posts_come_as_such() {
    let zone = Zone::utc();
    let image = Body::Image { media_id: "m1".to_owned() };
    let text = Body::Text { text: "m1".to_owned() };
    let get = |kind: &Type, body: &Body| read_body(kind, body, "en", &zone, NOW);
    assert_eq!(get(&Type::Image, &image), Some(Value::Text("m1".to_owned())));
    assert_eq!(get(&Type::Image, &text), None);
    assert_eq!(get(&Type::Text { most: 10 }, &image), None);
    assert_eq!(get(&Type::Text { most: 10 }, &text), Some(Value::Text("m1".to_owned())));
    let post = Body::Post { item_id: "7".to_owned(), url: String::new() };
    assert_eq!(get(&Type::Post, &post), Some(Value::Text("7".to_owned())));
}

fn kinds() -> Vec<Type> {
    let word = |label: &str| Word { label: label.to_owned(), value: Value::Text(label.to_owned()) };
    vec![
        whole(),
        decimal(),
        Type::Digits { fewest: 0, most: u32::MAX },
        Type::Email,
        Type::Phone,
        Type::Date,
        Type::Time,
        Type::YesNo,
        Type::OneOf(vec![word("S"), word("Medium size")]),
        Type::Matching(Arc::new(Regex::new("(a+)+b").unwrap())),
    ]
}

#[test]
fn a_very_long_answer_is_no_answer() {
    for text in ["9".repeat(1_000_000), "@".repeat(100_000), "a ".repeat(500_000), "1,".repeat(100_000)] {
        for kind in kinds() {
            assert_eq!(said(&kind, &text, "en"), None);
        }
    }
}

proptest::proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in ".{0,40}", language in "(ar|en|th|vi|xx|)") {
        for kind in kinds() {
            let _ = said(&kind, &text, &language);
        }
    }

    #[test]
    fn also_what_looks_like_an_answer(text in "[0-9٠-٩๐-๙ .,/:+@a-c'٫٬\u{200f}-]{0,16}") {
        for kind in kinds() {
            let _ = said(&kind, &text, "en");
        }
    }

    #[test]
    fn a_written_date_is_read_back(days in 0_i64..3_000) {
        let meant = crate::calendar::plus_days(date(2026, 11, 22).unwrap(), days);
        let zone = Zone::utc();
        for language in ["ar", "en", "es", "fr", "id", "vi", "th", "pt"] {
            for native_numerals in [false, true] {
                let style = crate::engine::format::Style { language, native_numerals, zone: &zone };
                let written = style.date(meant);
                assert_eq!(said(&Type::Date, &written, language), Some(Value::Date(meant)), "{written}");
            }
        }
    }

    #[test]
    fn a_written_number_is_read_back(units in -100_000_i64..100_000_000, scale in 0_u32..3) {
        let meant = Decimal::new(units, scale).normalize();
        let zone = Zone::utc();
        let kind = Type::Decimal { least: Decimal::MIN, most: Decimal::MAX };
        for language in ["ar", "en", "es", "fr", "id", "vi", "th", "pt", "hi"] {
            let style = crate::engine::format::Style { language, native_numerals: true, zone: &zone };
            let written = style.number(meant);
            assert_eq!(said(&kind, &written, language), Some(Value::Number(meant)), "{written} {language}");
        }
    }

    #[test]
    fn a_written_time_is_read_back(hour in 0_i64..24, minute in 0_i64..60) {
        let meant = time(hour, minute).unwrap();
        let zone = Zone::utc();
        for language in ["ar", "en", "es", "fr", "id", "vi", "th", "pt"] {
            let style = crate::engine::format::Style { language, native_numerals: false, zone: &zone };
            assert_eq!(said(&Type::Time, &style.time(meant), language), Some(Value::Time(meant)), "{}", style.time(meant));
        }
    }
}

#[test]
fn the_labels_of_yes_and_no_are_read_as_such() {
    for language in ["en", "ar", "th", "es", "id", "fr", "vi", "pt", "ms"] {
        let labels = crate::engine::format::yes_no_labels(language).unwrap();
        assert_eq!(crate::text::yes_no(&labels[0]), Some(true), "{language}");
        assert_eq!(crate::text::yes_no(&labels[1]), Some(false), "{language}");
    }
    assert_eq!(crate::engine::format::yes_no_labels("sw"), None);
}
