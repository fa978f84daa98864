//! In: bytes of TikTok's JSON. Out: its shapes as types, every field that may be absent an `Option`.
//! Does not know: what the shapes mean to a conversation, HTTP, our own types.
//! Unknown fields are passed over everywhere; known fields of another shape are an error of the reader.

mod answer;
mod automatic;
mod event;
mod request;

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, Visitor};

pub use answer::{
    Account, Answer, Capabilities, Capability, ConversationPage, ListedConversation, ListedMessage, MediaAddress, MessageList,
    Participant, RawMessages, SentMessage, TokenGrant, TokenInfo, UploadedMedia, Webhook, read_answer,
};
pub use automatic::{AutoBody, AutoContent, AutoKind, AutoList, AutoRow};
pub use event::{
    Ad, CommentEvent, Envelope, Message, MessageTag, Party, Poke, Reaction, ReadMark, Referral, ReferralEvent, ReplySource,
    ShortLink, Template, TemplateButton, TemplateElement,
};
pub use request::{
    ButtonBody, CardBody, CodeBody, CommentReply, DirectReply, DownloadBody, MediaRef, PostRef, QuoteRef, RefreshBody,
    RevokeBody, SendBody, TextRef, TokenInfoBody, WebhookBody,
};

/// A text that some senders write as a bare number: ids of ads and comments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loose(pub String);

impl<'de> Deserialize<'de> for Loose {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = Loose;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a string or a whole number")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Loose, E> {
                Ok(Loose(text.to_owned()))
            }
            fn visit_string<E: de::Error>(self, text: String) -> Result<Loose, E> {
                Ok(Loose(text))
            }
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Loose, E> {
                Ok(Loose(number.to_string()))
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Loose, E> {
                Ok(Loose(number.to_string()))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

/// A whole number, also where it stands in quotes. What does not fit 64 bits is an error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Whole(pub i64);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl Visitor<'_> for Reader {
            type Value = Whole;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a whole number of 64 bits")
            }
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Whole, E> {
                i64::try_from(number).map(Whole).map_err(|_| E::invalid_value(de::Unexpected::Unsigned(number), &self))
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Whole, E> {
                Ok(Whole(number))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Whole, E> {
                text.parse().map(Whole).map_err(|_| E::invalid_value(de::Unexpected::Other("this text"), &self))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

/// The body of a text: an object `{"body": …}`, in one sender a plain string.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextBody(pub String);

impl<'de> Deserialize<'de> for TextBody {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = TextBody;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a text or an object with a body")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<TextBody, E> {
                Ok(TextBody(text.to_owned()))
            }
            fn visit_string<E: de::Error>(self, text: String) -> Result<TextBody, E> {
                Ok(TextBody(text))
            }
            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<TextBody, A::Error> {
                let mut body = None;
                while let Some(name) = map.next_key::<std::borrow::Cow<'_, str>>()? {
                    if name == "body" {
                        body = map.next_value::<Option<String>>()?;
                    } else {
                        map.next_value::<de::IgnoredAny>()?;
                    }
                }
                Ok(TextBody(body.unwrap_or_default()))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

/// One of something, or a list of it: webhooks write an object where the lists of the calls write an array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneOrMany<T>(pub Vec<T>);

impl<T> Default for OneOrMany<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Reader<T> {
            type Value = OneOrMany<T>;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object or a list of them")
            }
            fn visit_unit<E: de::Error>(self) -> Result<OneOrMany<T>, E> {
                Ok(OneOrMany::default())
            }
            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<OneOrMany<T>, A::Error> {
                T::deserialize(de::value::MapAccessDeserializer::new(map)).map(|one| OneOrMany(vec![one]))
            }
            fn visit_seq<A: de::SeqAccess<'de>>(self, mut seq: A) -> Result<OneOrMany<T>, A::Error> {
                let mut many = Vec::new();
                while let Some(one) = seq.next_element()? {
                    many.push(one);
                }
                Ok(OneOrMany(many))
            }
        }
        deserializer.deserialize_any(Reader(std::marker::PhantomData))
    }
}

#[cfg(test)]
mod tests;
