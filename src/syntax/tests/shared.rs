//! A long file is read on all cores: its trees and diagnostics are those of one.

use super::super::*;
use crate::syntax::tree::Item;

#[test]
fn items_of_a_long_file_come_in_their_order_with_their_own_mistakes() {
    let broken = |n: usize| n.is_multiple_of(10);
    let flow = |n: usize| {
        format!("flow f{n} {{\n    on message \"m{n}\"\n    {}\n}}\n\n", if broken(n) { "sya \"Hi.\"" } else { "say \"Hi.\"" })
    };
    let text: String = (0..SHARED_FROM * 3).map(flow).collect();
    let (document, found) = parse(FileId(0), &text);
    assert_eq!(document.items.len(), SHARED_FROM * 3);
    for (n, item) in document.items.iter().enumerate() {
        let Item::Flow(item) = item else { panic!("item {n} is {item:?}") };
        assert_eq!(item.name.text, format!("f{n}"));
        assert_eq!(text.get(item.name.span.start as usize..item.name.span.end as usize), Some(item.name.text.as_str()));
    }
    let places: Vec<u32> = found.iter().map(|found| found.labels[0].span.start).collect();
    let wanted: Vec<u32> = text.match_indices("sya").map(|(at, _)| at as u32).collect();
    assert_eq!(places, wanted);
}

#[test]
fn more_mistakes_than_are_counted_are_cut_in_the_order_of_places() {
    let text: String = (0..read::DIAGNOSTICS_MAX * 2).map(|n| format!("flow f{n} {{\n    sya\n}}\n\n")).collect();
    let (_, found) = parse(FileId(0), &text);
    assert_eq!(found.len(), read::DIAGNOSTICS_MAX + 1);
    assert_eq!(found.last().map(|found| found.code), Some(codes::TOO_MANY));
    assert!(found.is_sorted_by_key(|found| found.labels[0].span.start));
}
