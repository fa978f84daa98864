//! Whatever the number of cores, a bot is the same and so is all that is said of it.

use std::fmt::Write as _;

use super::super::*;

/// So many flows that several chunks of them come together.
const FLOWS: usize = 600;

/// The bot, or none, and what was found, as one text each.
fn on(cores: usize, source: &str) -> (String, String) {
    let mut sources = Sources::default();
    let file = sources.add("bot.flow", source);
    let (document, broken) = syntax::parse(file, source);
    let (bot, found) = check_on(cores, &sources, &Assets::default(), &[document], broken);
    (format!("{bot:#?}"), format!("{found:#?}"))
}

/// The same on one core, on two and on five; gives the bot and the findings.
fn on_any(flow: impl Fn(usize) -> String) -> (String, String) {
    let mut source =
        "bot \"Many\" {\n    languages en\n}\n\nwords yeses = \"yes\", \"yep\"\n\ncontact {\n    size: whole = 0\n}\n".to_owned();
    (0..FLOWS).for_each(|n| write!(source, "\n{}\n", flow(n)).unwrap());
    let alone = on(1, &source);
    for cores in [2, 5] {
        assert!(on(cores, &source) == alone, "{cores} cores give something else than one");
    }
    alone
}

#[test]
fn a_sound_bot_is_the_same_on_any_number_of_cores() {
    let (bot, found) = on_any(|n| {
        let next = (n + 1) % FLOWS;
        format!(
            "flow f{n} {{\n    on message \"item{n}\", \"part{}\"\n\n    set contact.size = contact.size + {n}\n    ask large: yes_no \"Item {n}?\"\n    if large {{\n        goto f{next}\n    }}\n    say \"No {{contact.size}}.\"\n}}",
            n / 2
        )
    });
    assert!(bot.starts_with("Some"), "{found}");
    assert!(found.contains("F0"), "two flows want the same word, and that is told");
}

#[test]
fn errors_come_in_the_same_order_with_the_same_help_on_any_number_of_cores() {
    // More unknown names than are looked up: who comes first matters.
    let (bot, found) = on_any(|n| match n % 3 {
        0 => format!("flow f{n} {{\n    on message \"a{n}\"\n\n    goto ff{n}\n}}"),
        1 => format!("flow f{n} {{\n    on message \"a{n}\"\n\n    set contact.sise = {n}\n    say \"{{thing}}\"\n}}"),
        _ => format!("flow f{n} {{\n    on message yesses\n\n    repeat 20 times {{\n        say \"{n}\"\n    }}\n}}"),
    });
    assert!(bot.starts_with("None"));
    let (helped, all) = (found.matches("did you mean").count(), found.matches("there is no").count());
    assert!(0 < helped && helped < all, "{helped} of {all} unknown names were looked up");
}
