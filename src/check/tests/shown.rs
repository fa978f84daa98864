//! What TikTok shows and says by itself: how much, how long, how often, and what the bot has to do with it.

use super::stories::{compiled, says, says_nothing};
use crate::bot::{Prompt, Suggested};
use crate::diagnostic::Severity::{Error, Note, Warning};

/// A bot with these settings, and a flow that hears `order`.
fn shop(settings: &str) -> String {
    let flow = "flow order {\n    on message \"order\"\n    say \"Which one?\"\n}";
    format!("bot \"Shop\" {{\n    languages en\n    opt out on \"stop\"\n{settings}\n}}\n{flow}\n")
}

fn suggested(count: usize, mark: usize) -> String {
    let line = |at: usize| {
        let question = format!("\"Question {at}?\"");
        let question = if at == mark { format!("⟦{question}⟧") } else { question };
        format!("suggest {question} answer \"Yes.\"\n")
    };
    (1..=count).map(line).collect()
}

fn prompts(count: usize, mark: usize) -> String {
    let line = |at: usize| {
        let title = format!("\"Prompt {at}\"");
        let title = if at == mark { format!("⟦{title}⟧") } else { title };
        format!("prompt {title} \"order {at}\"\n")
    };
    (1..=count).map(line).collect()
}

#[test]
fn as_many_as_tiktok_shows_and_no_more() {
    says_nothing(&shop(&suggested(3, 0)));
    says("F0614", Error, &shop(&suggested(4, 4)));
    says_nothing(&shop(&prompts(6, 0)));
    says("F0614", Error, &shop(&prompts(8, 7)));
    says("F0605", Error, &shop("welcome \"Hello\"\n⟦welcome \"Hi\"⟧"));
}

#[test]
fn as_long_as_tiktok_takes_and_no_longer() {
    let long = |count: usize| "a".repeat(count);
    let at = |lines: &dyn Fn(&str, &str, &str) -> String, most: usize| {
        says_nothing(&shop(&lines("", &long(most), "")));
        says("F0615", Error, &shop(&lines("⟦", &long(most + 1), "⟧")));
    };
    at(&|open, text, close| format!("welcome {open}\"{text}\"{close}"), 250);
    at(&|open, text, close| format!("suggest {open}\"{text}\"{close} answer \"Yes.\""), 80);
    at(&|open, text, close| format!("suggest \"Why?\" answer {open}\"{text}\"{close}"), 200);
    at(&|open, text, close| format!("prompt {open}\"{text}\"{close} \"order\""), 18);
    at(&|open, text, close| format!("prompt \"Order\" {open}\"order {text}\"{close}"), 144);
    // An emoji counts as TikTok may count it.
    says_nothing(&shop(&format!("prompt \"{}\" \"order\"", "👍".repeat(9))));
    let found = says("F0615", Error, &shop(&format!("prompt ⟦\"{}\"⟧ \"order\"", "👍".repeat(10))));
    assert_eq!(found.message, "a prompt's title has at most 18 characters, and this has 20");
}

#[test]
fn no_empty_text_no_hole_and_no_two_alike() {
    says("F0307", Error, &shop("welcome ⟦\"  \"⟧"));
    says("F0307", Error, &shop("suggest \"Why?\" answer ⟦\"\"⟧"));
    says("F0307", Error, &shop("prompt \"Order\" ⟦\"\"⟧"));
    let (_, bot, found) = compiled(&shop("welcome \"Hello {contact.name}\""));
    assert!(bot.is_none() && found.iter().any(|finding| finding.message == "a hole cannot stand in this text"), "{found:?}");
    says("F0616", Error, &shop("suggest \"Why?\" answer \"So.\"\nsuggest ⟦\"why\"⟧ answer \"So, too.\""));
    says("F0616", Error, &shop("prompt \"My order\" \"order\"\nprompt ⟦\"MY ORDER!\"⟧ \"order 2\""));
    says("F0616", Error, &shop("prompt \"?\" \"order\"\nprompt ⟦\" ?\"⟧ \"order 2\""));
    says_nothing(&shop("suggest \"Why?\" answer \"So.\"\nprompt \"Why?\" \"order\"\nwelcome \"Why?\""));
}

#[test]
fn a_question_that_a_flow_would_answer_again() {
    let found = says("F0617", Note, &shop("suggest ⟦\"Where is my order?\"⟧ answer \"Under way.\""));
    assert!(found.message.contains("`order` begins with it too"), "{found:?}");
    assert!(found.help.as_deref().is_some_and(|help| help.contains("left out")), "{found:?}");
    let also = shop("when tiktok answers also\nsuggest ⟦\"Where is my order?\"⟧ answer \"Under way.\"");
    let found = says("F0617", Note, &also);
    assert!(found.help.as_deref().is_some_and(|help| help.contains("gets both")), "{found:?}");
    // What takes any message was not written for this question.
    let any = "flow any {\n    on any text\n    say \"Yes?\"\n}\nflow lost {\n    on fallback\n    say \"Sorry?\"\n}";
    says_nothing(&format!("{}{any}", shop("suggest \"Why?\" answer \"So.\"")));
}

#[test]
fn a_prompt_that_no_flow_hears() {
    let found = says("F0618", Warning, &shop("prompt \"Returns\" ⟦\"I want to\\nreturn it\"⟧"));
    assert_eq!(found.help.as_deref(), Some("add `on message exactly \"I want to return it\"` to the flow that is meant"));
    let lost = "flow lost {\n    on fallback\n    say \"Sorry?\"\n}";
    says("F0618", Warning, &format!("{}{lost}", shop("prompt \"Returns\" ⟦\"return\"⟧")));
    let first = "flow first {\n    on first message\n    say \"Hello.\"\n}";
    says_nothing(&format!("{}{first}", shop("prompt \"Returns\" \"return\"")));
    says_nothing(&shop("prompt \"No messages\" \"stop\""));
    says_nothing(&shop("prompt \"My order\" \"where is my order?\""));
}

#[test]
fn the_bot_carries_them_in_their_order() {
    let lines = "prompt \"B\" \"order b\"\nsuggest \"Two?\" answer \"\"\"\n    2\n    2\n    \"\"\"\nwelcome \"Hello\"\nprompt \"A\" \"order a\"\nsuggest \"One?\" answer \"{{1}}\"";
    let (_, bot, found) = compiled(&shop(lines));
    let automatic = bot.unwrap_or_else(|| panic!("{found:?}")).settings.automatic;
    let question = |question: &str, answer: &str| Suggested { question: question.to_owned(), answer: answer.to_owned() };
    let prompt = |title: &str, content: &str| Prompt { title: title.to_owned(), content: content.to_owned() };
    assert_eq!(automatic.welcome.as_deref(), Some("Hello"));
    assert_eq!(automatic.suggested, [question("Two?", "2\n2"), question("One?", "{1}")]);
    assert_eq!(automatic.prompts, [prompt("B", "order b"), prompt("A", "order a")]);
}
