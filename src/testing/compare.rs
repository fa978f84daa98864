//! Whether the bot said what a line of a test wants.

use crate::bot::BotAct;
use crate::engine::rehearsal::Said;

/// A message that counts against the ten.
pub(super) const fn is_reply(said: &Said) -> bool {
    matches!(said, Said::Text(_) | Said::Image(_) | Said::Post(_) | Said::Card { .. })
}

/// Whether the line wants a sender action; elsewhere these are passed over.
pub(super) const fn asks_for_action(act: &BotAct) -> bool {
    matches!(act, BotAct::Typing | BotAct::Seen)
}

pub(super) fn fits(act: &BotAct, said: &Said) -> bool {
    match (act, said) {
        (BotAct::Text(wanted), Said::Text(text)) => wanted == text,
        (BotAct::Matching(regex), Said::Text(text)) => regex.is_match(text),
        (BotAct::Matching(regex), Said::Card { title, .. }) => regex.is_match(title),
        (BotAct::Choose { title, labels }, Said::Card { title: said, buttons }) => {
            title == said && labels.as_ref().is_none_or(|labels| labels == buttons)
        }
        (BotAct::Choose { title, labels }, Said::Text(text)) => {
            let Some((said, shown)) = numbered(text) else { return false };
            said == title && labels.as_ref().is_none_or(|labels| labels.iter().map(String::as_str).eq(shown))
        }
        (BotAct::Image(wanted), Said::Image(file)) => wanted.as_ref().is_none_or(|wanted| wanted == file),
        (BotAct::Post(wanted), Said::Post(item)) => wanted.as_ref().is_none_or(|wanted| wanted == item),
        (BotAct::Typing, Said::Typing) | (BotAct::Seen, Said::Seen) => true,
        _ => false,
    }
}

/// Title and labels of a question that went out as one numbered text: `1. …`, `2. …` on its last lines.
pub(super) fn numbered(text: &str) -> Option<(&str, Vec<&str>)> {
    let mut labels = Vec::new();
    let mut rest = text;
    while let Some((before, line)) = rest.rsplit_once('\n') {
        let Some((number, label)) = line.split_once(". ") else { break };
        if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            break;
        }
        labels.push((number, label));
        rest = before;
    }
    labels.reverse();
    let in_order = labels.iter().enumerate().all(|(at, (number, _))| number.parse() == Ok(at.saturating_add(1)));
    (in_order && !labels.is_empty()).then(|| (rest, labels.into_iter().map(|(_, label)| label).collect()))
}

/// What else the author may have meant, where that shows.
pub(super) fn hint(act: &BotAct, said: &Said) -> Option<&'static str> {
    match (act, said) {
        (BotAct::Text(wanted), Said::Card { title, .. }) if wanted == title => {
            Some("it is a card: write `bot choose \"…\"` for a question with labels")
        }
        (BotAct::Text(wanted), Said::Text(text)) if numbered(text).is_some_and(|(title, _)| title == wanted) => {
            Some("the labels stand below as numbers: write `bot choose \"…\"` for a question with labels")
        }
        (BotAct::Choose { title, .. }, Said::Text(text)) if title == text => {
            Some("this text has no labels: write `bot \"…\"` for a plain text")
        }
        (BotAct::Text(wanted), Said::Text(text)) if wanted.trim() == text.trim() => {
            Some("only blanks at the beginning or the end differ")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(title: &str, labels: Option<&[&str]>) -> BotAct {
        let labels = labels.map(|labels| labels.iter().map(|&label| label.to_owned()).collect());
        BotAct::Choose { title: title.to_owned(), labels }
    }

    #[test]
    fn a_question_fits_as_a_card_and_as_a_numbered_text() {
        let card = Said::Card { title: "Which?".into(), buttons: vec!["A".into(), "B".into()] };
        let text = Said::Text("Which?\n1. A\n2. B".into());
        for said in [&card, &text] {
            assert!(fits(&choose("Which?", None), said));
            assert!(fits(&choose("Which?", Some(&["A", "B"])), said));
            assert!(!fits(&choose("Which?", Some(&["B", "A"])), said));
            assert!(!fits(&choose("Which?", Some(&["A"])), said));
            assert!(!fits(&choose("What?", None), said));
            assert!(!fits(&BotAct::Text("Which?".into()), said));
            assert!(hint(&BotAct::Text("Which?".into()), said).is_some());
        }
    }

    #[test]
    fn a_text_with_numbers_in_it_is_no_question() {
        for text in ["Which?", "1. A", "Which?\n2. B", "Which?\n1) A", "Which?\n1. A\nbye", "Which?\n1. A\n3. B"] {
            assert!(!fits(&choose("Which?", None), &Said::Text(text.into())), "{text}");
        }
        assert_eq!(numbered("Prices:\n1. tea\n1. tea\n2. cake"), None, "the numbers must rise from one");
    }
}
