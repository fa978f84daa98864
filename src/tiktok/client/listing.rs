//! The list of a conversation's newest messages, as the other side's word about what was sent.

use crate::calendar::Moment;
use crate::engine::{Listed, Listing};
use crate::tiktok::bounds::ID_BYTES_MAX;
use crate::tiktok::delivery::{said, source, word};
use crate::tiktok::wire::{ListedMessage, Loose, MessageList, Party, Whole};

/// The list never holds more.
const ROWS_MAX: usize = 20;

/// The business side's messages of a list.
///
/// A message that cannot be read, or whose sender is not told, may be the very one that is looked for: the list then
/// passes for one that may have left something out (`full`, without `oldest`), and proves no absence.
pub(super) fn listing(list: MessageList, account: &str, conversation: &str, looked_at: Moment) -> Listing {
    let rows = list.messages.unwrap_or_default();
    let mut listing = Listing { full: rows.len() >= ROWS_MAX, ..Listing::empty(looked_at) };
    let mut dark = false;
    for row in &rows {
        let Some((from_us, listed)) = read(row, account, conversation) else {
            dark = true;
            continue;
        };
        listing.oldest = Some(listing.oldest.map_or(listed.at, |oldest| oldest.min(listed.at)));
        if from_us {
            listing.messages.push(listed);
        } else {
            listing.customer_at = listing.customer_at.max(Some(listed.at));
        }
    }
    if dark {
        listing.full = true;
        listing.oldest = None;
    }
    listing
}

fn read(row: &ListedMessage, account: &str, conversation: &str) -> Option<(bool, Listed)> {
    let is_us = |party: &Option<Party>| party.as_ref()?.id.as_ref().map(|Loose(id)| id == account);
    let from_us = match (is_us(&row.from_user), is_us(&row.to_user)) {
        (Some(from), Some(to)) if from != to => from,
        (Some(from), None) => from,
        (None, Some(to)) => !to,
        _ => return None,
    };
    if row.conversation_id.as_deref().is_some_and(|id| id != conversation) {
        return None;
    }
    let kind = word("message_type", row.message_type.as_deref()).ok()?;
    let text = said(&kind, row.text.as_ref(), row.template.as_ref()).ok()?;
    let message_id = row.message_id.clone().filter(|id| !id.is_empty() && id.len() <= ID_BYTES_MAX)?;
    let Whole(at) = row.timestamp?;
    let source = source(row.message_tag.as_ref());
    Some((from_us, Listed { message_id, at: Moment(at), fingerprint: crate::channel::fingerprint(&kind, text), source }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::Content;
    use crate::engine::EchoSource;
    use crate::tiktok::fixtures::{ACCOUNT, AT, CONVERSATION, fixture};
    use crate::tiktok::wire::read_answer;

    fn list(change: impl FnOnce(&mut serde_json::Value)) -> Listing {
        let mut answer: serde_json::Value = serde_json::from_slice(&fixture("answer_content_list")).unwrap();
        change(&mut answer["data"]["messages"]);
        let data = read_answer::<MessageList>(answer.to_string().as_bytes()).unwrap().data.unwrap();
        listing(data, ACCOUNT, CONVERSATION, AT.plus_ms(20_000))
    }

    #[test]
    fn our_side_is_told_by_ids_whatever_the_roles_say() {
        let listing = list(|_| ());
        assert_eq!(listing.messages.len(), 2, "the third is labelled as ours and is not");
        assert_eq!(listing.messages[0].fingerprint, Content::Text { body: "Yes, until ten.".into() }.fingerprint());
        assert_eq!((listing.messages[0].source, listing.messages[1].source), (EchoSource::Api, EchoSource::Unknown));
        assert_eq!(listing.messages[1].fingerprint, crate::channel::fingerprint("template", "What can we do for you?"));
        assert_eq!((listing.oldest, listing.full), (Some(AT), false));
        assert!(listing.customer_at.is_some_and(|at| at >= AT), "{:?}", listing.customer_at);
    }

    #[test]
    fn twenty_rows_are_a_full_list_and_none_is_an_empty_one() {
        let full = list(|messages| *messages = vec![messages[0].clone(); 20].into());
        assert!(full.full && full.messages.len() == 20);
        let empty = list(|messages| *messages = serde_json::Value::Null);
        assert_eq!((empty.messages.len(), empty.oldest, empty.full), (0, None, false));
    }

    #[test]
    fn a_row_that_cannot_be_read_takes_the_proof_from_the_list() {
        for change in [
            |row: &mut serde_json::Value| row["message_id"] = "".into(),
            |row: &mut serde_json::Value| row["timestamp"] = serde_json::Value::Null,
            |row: &mut serde_json::Value| row["message_type"] = serde_json::Value::Null,
            |row: &mut serde_json::Value| row["conversation_id"] = "another".into(),
            |row: &mut serde_json::Value| row["text"]["body"] = "a\0b".into(),
            |row: &mut serde_json::Value| {
                row["from_user"] = serde_json::Value::Null;
                row["to_user"] = serde_json::Value::Null;
            },
            |row: &mut serde_json::Value| row["to_user"] = row["from_user"].clone(),
        ] {
            let listing = list(|messages| change(&mut messages[0]));
            assert_eq!((listing.messages.len(), listing.oldest, listing.full), (1, None, true));
        }
    }

    #[test]
    fn one_side_is_enough_to_know_the_other() {
        let listing = list(|messages| {
            messages[0]["to_user"] = serde_json::Value::Null;
            messages[1]["from_user"] = serde_json::Value::Null;
        });
        assert_eq!((listing.messages.len(), listing.full), (2, false));
    }
}
