use super::*;

fn literals(source: &str, flags: &str) -> Vec<String> {
    let regex = Regex::with_flags(source, flags).unwrap();
    regex.literals().iter().map(|literal| String::from_utf8_lossy(literal).into_owned()).collect()
}

#[test]
fn what_must_stand_in_the_text_is_the_longest_of_all_parts() {
    assert_eq!(literals(r"#(?<order>\d{6,10})", ""), ["#"]);
    assert_eq!(
        literals(r"\bwhere is (?:my|our) (?:order|parcel)\b", ""),
        ["where is my order", "where is my parcel", "where is our order", "where is our parcel"]
    );
    assert_eq!(literals(r"\d+ pieces", ""), [" pieces"]);
    assert_eq!(literals(r"\d+ (pieces|kg) of \w+", ""), [" of "]);
    assert_eq!(literals("refund", "i"), ["refund"]);
    assert_eq!(literals(r"^\s*(?:order|pay)\s", "i"), ["order", "pay"]);
    assert!(literals("track", "i").contains(&"trac\u{212a}".to_owned()), "the Kelvin sign is a k too");
    assert_eq!(literals("طلب(ي|ك)", ""), ["طلبك", "طلبي"]);
    for nothing in [r"\d{6,10}", "(a|)", ".*", "x?", r"\b\w+\b"] {
        assert!(literals(nothing, "").is_empty(), "{nothing}");
    }
}

#[test]
fn flags_and_groups_are_those_of_the_author() {
    let regex = Regex::with_flags("A (?<n>\\d+) # the number", "ix").unwrap();
    assert_eq!(regex.groups(), ["n"]);
    assert!(regex.is_match("a7") && !regex.is_match("b7"));
    assert_eq!(Regex::with_flags("a", "g").unwrap_err(), RegexError::Flag('g'));
    assert!(matches!(Regex::new("(a"), Err(RegexError::Syntax(why)) if why.contains("unclosed")));
}

#[test]
fn a_group_that_may_be_left_out_is_not_always_there() {
    let always = |source: &str| Regex::new(source).unwrap().groups_always().to_vec();
    assert_eq!(always(r"#(?<order>\d{6,10})(?<more>x)?"), ["order"]);
    assert!(always("(?<a>x)|y").is_empty());
    assert!(always("(?<a>x)*y").is_empty());
    assert_eq!(always("(?:x(?<a>y))+z"), ["a"]);
    let commented = Regex::with_flags("(?<a>x) # (?<b>y)", "x").unwrap();
    assert_eq!(commented.groups_always(), ["a"]);
}

#[test]
fn an_expression_prints_as_it_was_written_before_and_after_a_search() {
    let regex = Regex::with_flags("size (?<size>S|M)", "i").unwrap();
    assert_eq!(format!("{regex:?}"), "/size (?<size>S|M)/i");
    assert!(regex.is_match("Size m") && regex.is_whole_match("size S"));
    assert_eq!(format!("{regex:?}"), "/size (?<size>S|M)/i");
}

#[test]
fn a_letter_in_both_cases_is_one_letter_of_a_literal() {
    assert_eq!(literals("#(?:item|part)77-(?<number>\\d{2,6})", "i"), ["#item77-", "#part77-"]);
    assert_eq!(literals("Where Is My (?:Order|Parcel)", ""), ["where is my order", "where is my parcel"]);
    assert_eq!(literals("[Oo]rder[ _]number", ""), ["order number", "order_number"]);
    assert!(literals("straße", "i").contains(&"ſtraße".to_owned()), "the long s is an s too");
}

#[test]
fn a_whole_match_looks_past_a_short_first_alternative() {
    let regex = Regex::new(r"AB|ABC\d{3}").unwrap();
    assert!(regex.is_whole_match("ABC123") && regex.is_whole_match("AB"));
    assert!(!regex.is_whole_match("ABC") && !regex.is_whole_match("xAB"));
    let commented = Regex::with_flags("AB|ABC # or so", "x").unwrap();
    assert!(commented.is_whole_match("ABC"));
}

#[test]
fn expressions_that_take_every_text_are_known() {
    for all in [".*", "", "a?", "(?:x|)"] {
        assert!(Regex::new(all).unwrap().takes_all(), "{all}");
    }
    for some in ["^", r"\b", ".", "a"] {
        assert!(!Regex::new(some).unwrap().takes_all(), "{some}");
    }
}

#[test]
fn an_expression_too_big_is_refused_without_compiling_it() {
    for big in [r"\w{2000}", "(a{1000}){1000}", "((((a{100}){100}){100}){100}){100}", r"(\pL{50}x){50}"] {
        assert_eq!(Regex::new(big).err(), Some(RegexError::TooBig), "{big}");
    }
    assert!(Regex::new(&"(".repeat(10_000)).is_err());
    for fine in [r"\w{50}", "(?i)[a-z0-9._%+-]{1,64}@[a-z0-9.-]{1,255}", r"a{0,1000}"] {
        assert!(Regex::new(fine).unwrap().compiled().is_some(), "{fine}");
    }
}

#[test]
fn the_biggest_that_is_read_compiles() {
    // Each is close to the bound, and the next hundred is past it.
    for (unit, times) in [(r"\w", 80), (r"\PL", 60), (".", 2_800), ("(?:a|b)?", 4_200)] {
        let regex = Regex::new(&format!("(?:{unit}){{{times}}}")).unwrap();
        assert!(regex.compiled().is_some(), "{}", regex.as_str());
    }
}

#[test]
fn a_word_with_borders_is_looked_for_as_a_word() {
    let words = |source: &str| Regex::new(source).unwrap().literals_are_words().then(|| literals(source, ""));
    assert_eq!(words(r"\bitem4(?:-\d+)?\b"), Some(vec!["item4".to_owned()]));
    assert_eq!(words(r"\b(?:order|parcel)s?\b").map(|all| all.len()), Some(4));
    assert_eq!(words(r"^size(?: |-)(S|M|L)$").map(|all| all.len()), Some(6));
    assert_eq!(words(r"\bsizes?\b(?:.*)"), Some(vec!["size".to_owned(), "sizes".to_owned()]));
    let many: Vec<String> = (10..30).map(|n| format!("item{n}x")).collect();
    assert_eq!(words(&format!(r"\b(?:{})\b", many.join("|"))), None, "what is cut is no word");
    for loose in [
        "item4",
        r"\bitem4",
        r"\bitem4\d?\b",
        r"item4\b",
        r"\bitem4\w*\b",
        r"\bitem4 ?\w+\b",
        r"\b#4\b",
        r"\bitem4\B",
        "\\bgröße\\b",
    ] {
        assert_eq!(words(loose), None, "{loose}");
    }
    assert!(stands_as_word("an item4.", 3, 8) && stands_as_word("item4", 0, 5) && stands_as_word("äitem4ä", 2, 7));
    assert!(!stands_as_word("item42", 0, 5) && !stands_as_word("_item4", 1, 6));
}

#[test]
fn a_word_alone_is_enough_where_nothing_else_is_asked_for() {
    let enough = |source: &str, flags: &str| Regex::with_flags(source, flags).unwrap().literals_are_enough();
    for (source, flags) in [
        (r"\bitem4(?:-\d+)?\b", ""),
        (r"\b(?:order|parcel)s?\b", ""),
        (r"\b(?:Order|parcel)\b", "i"),
        (r"\bsizes?\b.*", ""),
        (r"(?-u:\bitem4\b)", ""),
    ] {
        assert!(enough(source, flags), "{source}");
    }
    for source in
        [r"\bItem4\b", r"\b(?:Order|parcel)\b", r"^item4\b", r"\bitem4$", r"\bitem4 ", r"\bitem4\b.", r"\bit\bem4\b", "item4"]
    {
        assert!(!enough(source, ""), "{source}");
    }
    assert!(stands_alone("an item4.", 3, 8) && stands_alone("item4", 0, 5));
    assert!(!stands_alone("äitem4", 2, 7) && !stands_alone("item4é", 0, 5) && !stands_alone("Item4", 0, 5));
}

#[test]
fn a_sample_is_found_by_its_expression() {
    for source in [r"#(?<order>\d{6,10})", "(?i)refund|money back", r"\w+@\w+\.com", r"[^\d\s]{2}", "طلب(ي|ك)?", r"size (S|M|L)"]
    {
        let regex = Regex::new(source).unwrap();
        assert!(!regex.samples().is_empty(), "{source}");
        for sample in regex.samples() {
            assert!(regex.is_match(&sample), "{source}: {sample}");
        }
    }
    assert!(Regex::new("a{900}").unwrap().samples().is_empty(), "nobody reads so long an example");
}

fn expression() -> impl proptest::strategy::Strategy<Value = String> {
    use proptest::prelude::*;
    let leaf = prop_oneof![
        "[a-cK#ſ ]{1,4}",
        Just(r"\d".to_owned()),
        Just("[ab]".to_owned()),
        Just(".".to_owned()),
        Just(r"\b".to_owned())
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 1..4).prop_map(|parts| parts.concat()),
            proptest::collection::vec(inner.clone(), 1..4).prop_map(|parts| format!("(?:{})", parts.join("|"))),
            (inner.clone(), prop_oneof![Just("?"), Just("*"), Just("+"), Just("{2}"), Just("{0,3}")])
                .prop_map(|(part, times)| format!("(?:{part}){times}")),
            inner.clone().prop_map(|part| format!("({part})")),
            (inner.clone(), inner).prop_map(|(word, rest)| format!(r"\b{word}{rest}\b")),
        ]
    })
}

proptest::proptest! {
    #[test]
    fn a_text_with_a_find_holds_one_of_the_literals(source in expression(), text in "[a-cA-CkK#ſ 0-9]{0,12}", any_case: bool) {
        let regex = Regex::with_flags(&source, if any_case { "i" } else { "" }).unwrap();
        let texts = regex.samples().into_iter().chain([text]);
        for text in texts {
            if regex.is_match(&text) && !regex.literals().is_empty() {
                let small = text.to_ascii_lowercase();
                let stands = |literal: &Vec<u8>| {
                    let mut parts = small.as_bytes().windows(literal.len()).enumerate().filter(|(_, part)| part == literal);
                    parts.any(|(at, _)| !regex.literals_are_words() || stands_as_word(&small, at, at + literal.len()))
                };
                assert!(regex.literals().iter().any(stands), "{source} in {text}: {:?}", literals(&source, ""));
            }
        }
    }

    #[test]
    fn a_word_that_is_enough_is_a_find_wherever_it_stands_alone(
        source in expression(), before in "[a-cA #éſ-]{0,2}", after in "[a-cA #éſ-]{0,2}", any_case: bool,
    ) {
        let regex = Regex::with_flags(&source, if any_case { "i" } else { "" }).unwrap();
        for word in regex.literals().iter().filter(|_| regex.literals_are_enough()) {
            let text = format!("{before}{}{after}", String::from_utf8_lossy(word));
            if stands_alone(&text, before.len(), before.len() + word.len()) {
                assert!(regex.is_match(&text), "{source} in {text}");
            }
        }
    }
}
