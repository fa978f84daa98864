//! What one message of the business side is, independent of the wire.

use std::hash::Hasher as _;

use serde::{Deserialize, Serialize};

/// The two card forms of the channel. Both send the pressed button's title back as the customer's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CardKind {
    /// Up to three buttons of at most 20 characters.
    Button,
    /// Up to three buttons of at most 40 characters.
    Link,
}

/// One button of a card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Button {
    /// Our own id, at most 40 characters; comes back with the press.
    pub id: String,
    pub title: String,
}

/// An image of the bot's folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// Path relative to the flows' folder, as the author wrote it.
    pub file: String,
    /// Lower-case hexadecimal SHA-256 of the file's bytes.
    pub digest: String,
}

/// The content of a message; each variant is one counted message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Content {
    Text {
        body: String,
    },
    Image(Image),
    /// One of the account's own posts, by item id.
    Post {
        item_id: String,
    },
    Card {
        card: CardKind,
        title: String,
        buttons: Vec<Button>,
    },
}

/// A message as it is queued: content and the message it quotes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outgoing {
    pub content: Content,
    /// TikTok's id of the customer's message to quote; only with [`Content::Text`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quote: Option<String>,
    /// TikTok's id of the comment that it answers: sent to the one who made it, not into a conversation; only with
    /// [`Content::Text`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

impl Content {
    /// A stable hash of kind and text (or title), by which an echo or a listed message is recognised as this one.
    /// Images and posts carry no text that comes back: they are recognised by kind alone.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        match self {
            Self::Text { body } => fingerprint("text", body),
            Self::Image(_) => fingerprint("image", ""),
            Self::Post { .. } => fingerprint("share_post", ""),
            Self::Card { title, .. } => fingerprint("template", title),
        }
    }
}

/// The fingerprint of a message of `kind` (the wire's lower-case word) with `text`, the same on every platform and version.
#[must_use]
pub fn fingerprint(kind: &str, text: &str) -> u64 {
    let mut hash = Fnv::default();
    hash.write(kind.as_bytes());
    hash.write(&[0]);
    hash.write(text.as_bytes());
    hash.finish()
}

/// FNV-1a, 64 bits: fixed by definition, unlike the standard library's hasher.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl std::hash::Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}
