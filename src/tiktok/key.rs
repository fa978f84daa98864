//! What makes two deliveries the same: class, conversation, ids, and where there is no id, the time.
//!
//! Every piece is led by its length, so that no two different lists of pieces give the same bytes. The runtime hashes
//! them together with the account. Webhooks and lists of messages share the class `message`.

use super::wire::Reaction;
use crate::calendar::Moment;

/// A customer's message.
#[must_use]
pub fn message(external: &[u8], message_id: &str) -> Vec<u8> {
    join(&[b"message", external, message_id.as_bytes()])
}

/// A message of the business side.
#[must_use]
pub fn echo(external: &[u8], message_id: &str) -> Vec<u8> {
    join(&[b"echo", external, message_id.as_bytes()])
}

/// A way in; it has no id.
#[must_use]
pub fn referral(external: &[u8], at: Moment) -> Vec<u8> {
    join(&[b"referral", external, &at.0.to_be_bytes()])
}

/// A comment that TikTok finds worth an answer.
#[must_use]
pub fn comment(external: &[u8], comment_id: &str) -> Vec<u8> {
    join(&[b"comment", external, comment_id.as_bytes()])
}

/// A reaction may carry the id of the message it points to, so its own key is what it did to which message when.
pub(super) fn reaction(external: &str, at: Moment, reactions: &[Reaction]) -> Vec<u8> {
    let mut key = join(&[b"reaction", external.as_bytes()]);
    for one in reactions {
        let when = one.timestamp.map_or(at.0, |when| when.0).to_be_bytes();
        let of = one.original_msg_id.as_deref().unwrap_or_default();
        key.extend(join(&[of.as_bytes(), one.operation.as_deref().unwrap_or_default().as_bytes(), &when]));
    }
    key
}

fn join(pieces: &[&[u8]]) -> Vec<u8> {
    let mut key = Vec::with_capacity(pieces.iter().map(|piece| piece.len() + 4).sum());
    for piece in pieces {
        // No piece is longer than a body, which is bounded far below 4 GiB.
        key.extend(u32::try_from(piece.len()).unwrap_or(u32::MAX).to_be_bytes());
        key.extend(*piece);
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_cannot_be_shifted_into_each_other() {
        assert_ne!(message(b"ab", "c"), message(b"a", "bc"));
        assert_ne!(message(b"a", "b"), echo(b"a", "b"));
        assert_ne!(message(b"a", ""), join(&[b"message", b"a"]));
    }
}
