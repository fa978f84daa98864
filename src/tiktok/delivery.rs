//! From the raw body of a rightly signed webhook to what it means.
//!
//! A refusal would only make TikTok repeat the same body for 72 hours: so everything here has a meaning, be it "kept".

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::bounds::{
    BODY_BYTES_MAX, ID_BYTES_MAX, REASON_BYTES_MAX, REF_BYTES_MAX, TEXT_BYTES_MAX, URL_BYTES_MAX, WORD_BYTES_MAX, shortened,
};
use super::key;
use super::wire::{self, Envelope, Loose, Whole};
use crate::calendar::Moment;
use crate::engine::{Body, Comment, Echo, EchoSource, Inbound, Input, Referral};
use crate::runtime::port::{COMMENTS_OF, Delivery, Meaning, ReadMessage};

/// A time further ahead of us than this is absurd: no clock is wrong by more than a day or two. (What lies less far
/// ahead is the ledger's matter: it takes the earlier of `at` and `received`.)
const AHEAD_MS_MAX: i64 = 2 * 24 * 3_600_000;
/// A time further back than this is absurd: TikTok had no messages then. Seconds read as milliseconds end up here.
const BACK_MS_MAX: i64 = 10 * 366 * 24 * 3_600_000;

const CONFIG: &str = "im_auto_message_config_update";

/// What a delivery means. `app` is the app whose secret fitted, `received` the moment it reached us.
///
/// Total: whatever stands in `raw`, something comes out, in time and memory linear in its length.
#[must_use]
pub fn delivery(app: &str, received: Moment, raw: Bytes) -> Delivery {
    let (open_id, meaning) = if raw.len() > BODY_BYTES_MAX {
        (None, unreadable(format!("the body has {} bytes", raw.len())))
    } else {
        match serde_json::from_slice::<Envelope<'_>>(&raw) {
            Ok(envelope) => envelope_meaning(&envelope, received),
            Err(error) => (None, unreadable(format!("the envelope: {error}"))),
        }
    };
    Delivery { app: app.to_owned(), open_id, received, raw, meaning }
}

/// Who a rightly signed webhook says wrote, where it says so: the person's id.
#[must_use]
pub fn person(raw: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct From {
        from_user: Option<wire::Party>,
        #[serde(default)]
        unique_identifier: Option<Loose>,
    }
    let envelope: Envelope<'_> = serde_json::from_slice(raw).ok()?;
    let from: From = Event { account: "", received: Moment(0), content: envelope.content }.parse().ok()?;
    let Loose(id) = from.from_user.and_then(|party| party.id).or(from.unique_identifier)?;
    id_fits(&id).then_some(id)
}

/// Where TikTok says that what it says by itself was set up at an account: the account, and whether it will answer
/// (a suggested question) rather than greet.
#[must_use]
pub fn set_up(delivery: &Delivery) -> Option<(String, bool)> {
    #[derive(Deserialize)]
    struct Config {
        auto_message_type: Option<String>,
        auto_message_action: Option<String>,
    }
    if !matches!(&delivery.meaning, Meaning::Kept { why, .. } if why == CONFIG) {
        return None;
    }
    let envelope: Envelope<'_> = serde_json::from_slice(&delivery.raw).ok()?;
    let config: Config = Event { account: "", received: Moment(0), content: envelope.content }.parse().ok()?;
    if !matches!(config.auto_message_action.as_deref(), Some("CREATE" | "UPDATE" | "ENABLE")) {
        return None;
    }
    let answers = match config.auto_message_type.as_deref() {
        Some("SUGGESTED_QUESTION") => true,
        Some("WELCOME_MESSAGE") => false,
        _ => return None,
    };
    Some((delivery.open_id.clone()?, answers))
}

/// A row of the list of a conversation's newest messages, as the delivery would have told it; `None` where it does not say when
/// it was or belongs to another conversation.
#[must_use]
pub fn listed(account: &str, conversation: &str, received: Moment, row: &RawValue) -> Option<ReadMessage> {
    let event = Event { account, received, content: Some(row) };
    let mut message: wire::Message = event.parse().ok()?;
    if message.conversation_id.get_or_insert_with(|| conversation.to_owned()) != conversation {
        return None;
    }
    let at = event.moment("timestamp", message.timestamp).ok()?;
    // By its ids alone: no event's name says whose it is.
    let sent = event.is_us(message.from_user.as_ref());
    let meaning = event.said(message, sent).unwrap_or_else(unreadable);
    Some(ReadMessage { at, raw: Bytes::copy_from_slice(row.get().as_bytes()), meaning })
}

fn unreadable(why: impl AsRef<str>) -> Meaning {
    Meaning::Kept { kind: "unreadable", why: shortened(why.as_ref(), REASON_BYTES_MAX) }
}

fn without_effect(why: impl AsRef<str>) -> Meaning {
    Meaning::Kept { kind: "event", why: shortened(why.as_ref(), REASON_BYTES_MAX) }
}

fn envelope_meaning(envelope: &Envelope<'_>, received: Moment) -> (Option<String>, Meaning) {
    let open_id = envelope.user_openid.clone().filter(|id| clean(id) && !id.is_empty() && id.len() <= ID_BYTES_MAX);
    let event = Event { account: open_id.as_deref().unwrap_or_default(), received, content: envelope.content };
    let meaning = match envelope.event.as_str() {
        "im_receive_msg" | "im_send_msg" | "im_referral_msg" | "im_mark_read_msg" | "im_receive_high_intent_comment"
            if open_id.is_none() =>
        {
            Err("there is no readable `user_openid`".to_owned())
        }
        "im_receive_msg" => event.message(false),
        "im_send_msg" => event.message(true),
        "im_referral_msg" => event.referral(),
        "im_mark_read_msg" => event.read(),
        "im_receive_high_intent_comment" => event.comment(),
        // Whatever stands in it, somebody wrote.
        "im_receive_msg_eu" => Ok(Meaning::Poked { at: event.poke() }),
        "" => Ok(without_effect("an event without a name")),
        other => Ok(without_effect(other)),
    };
    (open_id, meaning.unwrap_or_else(unreadable))
}

/// What every reader of one content needs. A reader's `Err` is why it is unreadable.
struct Event<'a> {
    account: &'a str,
    received: Moment,
    content: Option<&'a RawValue>,
}

impl Event<'_> {
    /// The content is a string that holds JSON; a plain object is taken as well.
    fn parse<T: for<'de> Deserialize<'de>>(&self) -> Result<T, String> {
        let raw = self.content.ok_or("there is no content")?.get();
        if raw.starts_with('"') {
            let inner: String = serde_json::from_str(raw).map_err(|error| format!("the content's string: {error}"))?;
            serde_json::from_str(&inner).map_err(|error| format!("the content: {error}"))
        } else {
            serde_json::from_str(raw).map_err(|error| format!("the content: {error}"))
        }
    }

    fn message(&self, sent: bool) -> Result<Meaning, String> {
        self.said(self.parse()?, sent)
    }

    fn said(&self, message: wire::Message, sent: bool) -> Result<Meaning, String> {
        let to_us = self.is_us(message.to_user.as_ref());
        let from_us = self.is_us(message.from_user.as_ref());
        match (from_us, to_us) {
            // The event's name and the ids must agree on what a customer said: the bot never answers itself.
            (false, true) if !sent => self.inbound(message),
            (true, false) => self.echo(&message),
            _ => Err("the sender and the receiver do not fit the event and the account".to_owned()),
        }
    }

    fn is_us(&self, party: Option<&wire::Party>) -> bool {
        party.and_then(|party| party.id.as_ref()).is_some_and(|Loose(id)| id == self.account)
    }

    fn inbound(&self, message: wire::Message) -> Result<Meaning, String> {
        let external = required("conversation_id", message.conversation_id.as_deref())?.to_owned();
        let at = self.moment("timestamp", message.timestamp)?;
        let kind = word("type", message.kind.as_deref())?;
        let quotes = message.referenced_message_info.as_ref().and_then(|info| info.referenced_message_id.clone());
        let (key, body) = if kind == "reaction" {
            let reactions = message.reaction.unwrap_or_default().0;
            let body = reaction(reactions.first().ok_or("a reaction without one")?)?;
            (key::reaction(&external, at, &reactions), body)
        } else {
            let id = required("message_id", message.message_id.as_deref())?;
            (key::message(external.as_bytes(), id), body(&kind, &message)?)
        };
        let person = message.from_user.and_then(|party| party.id).map(|Loose(id)| id).filter(|id| id_fits(id));
        // A reaction may come without an id of its own.
        let message_id = message.message_id.filter(|id| clean(id) && id.len() <= ID_BYTES_MAX).unwrap_or_default();
        let quotes = quotes.filter(|id| id_fits(id));
        let inbound = Inbound { quotes, person, ..Inbound::new(message_id, at, self.received, body) };
        Ok(Meaning::Input { external: external.into_bytes(), key: Some(key), input: Input::Message(inbound) })
    }

    fn echo(&self, message: &wire::Message) -> Result<Meaning, String> {
        let external = required("conversation_id", message.conversation_id.as_deref())?;
        let at = self.moment("timestamp", message.timestamp)?;
        let kind = word("type", message.kind.as_deref())?;
        if kind == "reaction" {
            return Ok(without_effect("a reaction of the business side"));
        }
        let message_id = required("message_id", message.message_id.as_deref())?;
        let text = said(&kind, message.text.as_ref(), message.template.as_ref())?;
        let automatic = match message.auto_message_type.as_deref() {
            None | Some("") => None,
            Some(kind) => Some(shortened(kind, WORD_BYTES_MAX)),
        };
        let echo = Echo {
            message_id: message_id.to_owned(),
            at,
            received: self.received,
            source: source(message.message_tag.as_ref()),
            automatic,
            fingerprint: crate::channel::fingerprint(&kind, text),
            text: text.to_owned(),
        };
        let key = key::echo(external.as_bytes(), message_id);
        Ok(Meaning::Input { external: external.as_bytes().to_vec(), key: Some(key), input: Input::Echo(echo) })
    }

    fn referral(&self) -> Result<Meaning, String> {
        let event: wire::ReferralEvent = self.parse()?;
        if !self.is_us(event.to_user.as_ref()) {
            return Err("the receiver is not the account".to_owned());
        }
        let external = required("conversation_id", event.conversation_id.as_deref())?;
        let at = self.moment("timestamp", event.timestamp)?;
        let referral = event.referral.ok_or("a referral without one")?;
        let ad = referral.ad.0.first();
        let link = referral.short_link.0.first();
        let source = match (referral.source.as_deref(), ad, link) {
            (Some(source), ..) if !source.is_empty() => shortened(source, WORD_BYTES_MAX).to_ascii_lowercase(),
            (_, Some(_), _) => "ad".to_owned(),
            (_, None, Some(_)) => "short_link".to_owned(),
            (_, None, None) => return Err("a referral without a source".to_owned()),
        };
        let referral = Referral {
            at,
            received: self.received,
            source,
            ad_id: ad.and_then(|ad| ad.ad_id.as_ref()).and_then(|Loose(id)| detail(Some(id), ID_BYTES_MAX)),
            ad_name: ad.and_then(|ad| ad.ad_name.as_ref()).map(|name| shortened(name, WORD_BYTES_MAX)),
            link_ref: link.and_then(|link| detail(link.reference.as_ref(), REF_BYTES_MAX)),
        };
        let key = key::referral(external.as_bytes(), at);
        Ok(Meaning::Input { external: external.as_bytes().to_vec(), key: Some(key), input: Input::Referral(referral) })
    }

    /// A comment belongs to no conversation: it stands in one of its own, by the person. What the person writes comes with the
    /// id of a real conversation; how that one stands is asked before anything answers the comment.
    fn comment(&self) -> Result<Meaning, String> {
        let event: wire::CommentEvent = self.parse()?;
        if !self.is_us(event.to_user.as_ref()) {
            return Err("the receiver is not the account".to_owned());
        }
        let from = event.from_user.and_then(|party| party.id).or(event.unique_identifier);
        let person = required("from_user.id", from.as_ref().map(|Loose(id)| id.as_str()))?;
        let comment_id = required("comment_id", event.comment_id.as_ref().map(|Loose(id)| id.as_str()))?.to_owned();
        let at = self.moment("timestamp", event.timestamp)?;
        let text = bounded(event.comment_text.as_deref().unwrap_or_default())?.to_owned();
        let external = format!("{COMMENTS_OF}{person}").into_bytes();
        let key = key::comment(&external, &comment_id);
        let input = Input::Comment(Comment::new(comment_id, at, self.received, text));
        Ok(Meaning::Input { external, key: Some(key), input })
    }

    fn poke(&self) -> Option<Moment> {
        let poke: wire::Poke = self.parse().ok()?;
        self.moment("timestamp", poke.timestamp).ok()
    }

    fn read(&self) -> Result<Meaning, String> {
        let event: wire::ReadMark = self.parse()?;
        if self.is_us(event.from_user.as_ref()) {
            return Ok(without_effect("the business side read"));
        }
        let external = required("conversation_id", event.conversation_id.as_deref())?;
        let until = event.read.and_then(|read| read.last_read_timestamp);
        let until = self.moment("last_read_timestamp", until)?;
        Ok(Meaning::Input { external: external.as_bytes().to_vec(), key: None, input: Input::Read { until } })
    }

    fn moment(&self, name: &str, ms: Option<Whole>) -> Result<Moment, String> {
        let Whole(ms) = ms.ok_or_else(|| format!("there is no `{name}`"))?;
        let ahead = Moment(ms).since_ms(self.received);
        if (-BACK_MS_MAX..=AHEAD_MS_MAX).contains(&ahead) { Ok(Moment(ms)) } else { Err(format!("`{name}` is absurd: {ms}")) }
    }
}

/// What a customer's message holds. A known type without its part is still a message: it opens the window.
fn body(kind: &str, message: &wire::Message) -> Result<Body, String> {
    Ok(match kind {
        "text" => match (&message.reply_source_payload, &message.text) {
            (Some(press), text) => Body::Button {
                text: bounded(text.as_ref().map(|text| text.0.as_str()).unwrap_or_default())?.to_owned(),
                id: press.reply_source_unique_id.clone().filter(|id| id_fits(id)).unwrap_or_default(),
                of: press.reply_source_msg_id.clone().filter(|id| id_fits(id)).unwrap_or_default(),
            },
            (None, Some(text)) => Body::Text { text: bounded(&text.0)?.to_owned() },
            (None, None) => Body::Unsupported { word: kind.to_owned() },
        },
        "image" => Body::Image { media_id: media(message.image.as_ref().and_then(|image| image.media_id.as_ref())) },
        "video" => Body::Video { media_id: media(message.video.as_ref().and_then(|video| video.media_id.as_ref())) },
        "share_post" => Body::Post {
            item_id: media(message.share_post.as_ref().and_then(|post| post.video_id.as_ref())),
            url: url(message.share_post.as_ref().and_then(|post| post.embed_url.as_ref())),
        },
        "sticker" => Body::Sticker { url: url(message.sticker.as_ref().and_then(|sticker| sticker.url.as_ref())) },
        "emoji" => Body::Emoji { url: url(message.emoji.as_ref().and_then(|emoji| emoji.url.as_ref())) },
        other => Body::Unsupported { word: other.to_owned() },
    })
}

fn reaction(reaction: &wire::Reaction) -> Result<Body, String> {
    let added = match reaction.operation.as_deref().map(str::to_ascii_uppercase).as_deref() {
        Some("ADD") => true,
        Some("REMOVE") => false,
        _ => return Err("a reaction of an unknown operation".to_owned()),
    };
    let of = required("original_msg_id", reaction.original_msg_id.as_deref())?.to_owned();
    Ok(Body::Reaction { emoji: detail(reaction.emoji.as_ref(), WORD_BYTES_MAX), added, of })
}

/// The text by which a business-side message is recognised: a card's title, a text's body, nothing for other kinds.
pub(super) fn said<'a>(
    kind: &str,
    text: Option<&'a wire::TextBody>,
    template: Option<&'a wire::Template>,
) -> Result<&'a str, String> {
    bounded(match kind {
        "text" => text.map(|text| text.0.as_str()).unwrap_or_default(),
        "template" => template.map(wire::Template::title).unwrap_or_default(),
        _ => "",
    })
}

/// Who sent a business-side message, by its tag.
pub(super) fn source(tag: Option<&wire::MessageTag>) -> EchoSource {
    match tag.and_then(|tag| tag.source.as_deref()).unwrap_or_default() {
        "APP" => EchoSource::App,
        "WEB" => EchoSource::Web,
        "API" => EchoSource::Api,
        "OTHERS" => EchoSource::Others,
        _ => EchoSource::Unknown,
    }
}

/// Without U+0000, which not every store can keep.
fn clean(text: &str) -> bool {
    !text.contains('\0')
}

pub(super) fn id_fits(id: &str) -> bool {
    !id.is_empty() && id.len() <= ID_BYTES_MAX && clean(id)
}

fn required<'a>(name: &str, id: Option<&'a str>) -> Result<&'a str, String> {
    match id {
        Some(id) if id_fits(id) => Ok(id),
        Some("") => Err(format!("`{name}` is empty")),
        Some(_) => Err(format!("`{name}` is too long or holds U+0000")),
        None => Err(format!("there is no `{name}`")),
    }
}

/// A word of TikTok's, in lower case.
pub(super) fn word(name: &str, word: Option<&str>) -> Result<String, String> {
    let word = word.ok_or_else(|| format!("there is no `{name}`"))?;
    if word.is_empty() || word.len() > WORD_BYTES_MAX || !clean(word) {
        return Err(format!("`{name}` is empty, too long or holds U+0000"));
    }
    Ok(word.to_ascii_lowercase())
}

fn bounded(text: &str) -> Result<&str, String> {
    if text.len() > TEXT_BYTES_MAX {
        Err(format!("a text of {} bytes", text.len()))
    } else if !clean(text) {
        Err("a text with U+0000".to_owned())
    } else {
        Ok(text)
    }
}

/// A detail that is left out rather than cut, since half of it would be another one.
fn detail(text: Option<&String>, bytes_max: usize) -> Option<String> {
    text.filter(|text| !text.is_empty() && text.len() <= bytes_max && clean(text)).cloned()
}

fn media(id: Option<&Loose>) -> String {
    detail(id.map(|id| &id.0), ID_BYTES_MAX).unwrap_or_default()
}

fn url(url: Option<&String>) -> String {
    detail(url, URL_BYTES_MAX).unwrap_or_default()
}

#[cfg(test)]
mod tests;
