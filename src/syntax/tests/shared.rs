//! A long file is read on several cores: its trees and diagnostics are those of one.

use super::super::*;
use crate::syntax::read::{SHARED_FROM, on_cores};
use crate::syntax::tree::Item;

fn flow(n: usize, step: &str) -> String {
    format!("flow f{n} {{\n    on message \"m{n}\"\n    {step}\n}}\n\n")
}

#[test]
fn any_number_of_cores_reads_the_same() {
    let step = |n: usize| if n.is_multiple_of(10) { "sya \"Hi.\"" } else { "say \"Hi {contact.name}.\"" };
    let text: String = (0..SHARED_FROM + 7).map(|n| flow(n, step(n))).collect();
    let scan::Scan { masked, items: cuts, .. } = scan::scan(FileId(0), &text);
    let read = |cores: usize| {
        let (items, found) = on_cores(cores, FileId(0), &masked, &cuts);
        (format!("{items:?}"), found)
    };
    let one = read(1);
    assert_eq!(one.1.len(), (SHARED_FROM + 7).div_ceil(10));
    for cores in [0, 2, 3, 7, 64, SHARED_FROM * 2] {
        assert!(read(cores) == one, "{cores} cores");
    }
}

#[test]
fn items_of_a_long_file_come_in_their_order_with_their_own_mistakes() {
    let step = |n: usize| if n.is_multiple_of(10) { "sya \"Hi.\"" } else { "say \"Hi.\"" };
    let text: String = (0..SHARED_FROM * 3).map(|n| flow(n, step(n))).collect();
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
    let text: String = (0..read::DIAGNOSTICS_MAX * 2).map(|n| flow(n, "sya")).collect();
    let (_, found) = parse(FileId(0), &text);
    assert_eq!(found.len(), read::DIAGNOSTICS_MAX + 1);
    assert_eq!(found.last().map(|found| found.code), Some(codes::TOO_MANY));
    assert!(found.is_sorted_by_key(|found| found.labels[0].span.start));
}
