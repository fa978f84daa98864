//! TikTok's JSON, as the simulator writes it: contents of webhooks (lower case, `elements[].buttons[].text`) and rows of
//! lists (upper case, `buttons[].title`).

use serde_json::{Map, Value, json};

use super::people::{Card, Content, Customer, Message, Origin, Side, Source};

/// The two ends of a conversation, as every event names them.
pub(super) struct Ends<'a> {
    pub business_id: &'a str,
    pub business_username: &'a str,
    pub customer: &'a Customer,
    pub conversation_id: &'a str,
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

impl Ends<'_> {
    /// `from … conversation_id`, common to all events of a conversation; `side` is the one that acted.
    pub(super) fn base(&self, side: Side) -> Map<String, Value> {
        let person = json!({"id": self.customer.id, "role": "personal_account"});
        let business = json!({"id": self.business_id, "role": "business_account"});
        let (from, to, from_user, to_user) = match side {
            Side::Customer => (self.customer.username.as_str(), self.business_username, person, business),
            Side::Business => (self.business_username, self.customer.username.as_str(), business, person),
        };
        object(json!({
            "from": from,
            "to": to,
            "unique_identifier": self.customer.id,
            "from_user": from_user,
            "to_user": to_user,
            "conversation_id": self.conversation_id,
        }))
    }

    /// The content of `im_receive_msg` or `im_send_msg`.
    pub(super) fn message(&self, message: &Message) -> Value {
        let mut out = self.base(message.from);
        out.insert("message_id".into(), json!(message.id));
        out.insert("timestamp".into(), json!(message.at));
        out.insert("type".into(), json!(kind(&message.content)));
        match &message.content {
            Content::Text { body } => out.insert("text".into(), json!({"body": body})),
            Content::Image { media_id } => out.insert("image".into(), json!({"media_id": media_id})),
            Content::Video { media_id } => out.insert("video".into(), json!({"media_id": media_id})),
            Content::SharePost { item_id } => {
                out.insert("share_post".into(), json!({"embed_url": player(item_id), "video_id": item_id}))
            }
            Content::Sticker { url } => out.insert("sticker".into(), json!({"url": url})),
            Content::Emoji { url } => out.insert("emoji".into(), json!({"url": url})),
            Content::Reaction { emoji, to, removed } => out.insert(
                "reaction".into(),
                json!([{
                    "operation": if *removed { "REMOVE" } else { "ADD" },
                    "type": "EMOJI",
                    "emoji": emoji,
                    "unique_identifier": self.customer.id,
                    "timestamp": message.at,
                    "original_msg_id": to,
                }]),
            ),
            Content::Template { card, title, buttons } => {
                let buttons: Vec<Value> = buttons
                    .iter()
                    .map(|button| with_id(json!({"text": button.title, "type": "REPLY"}), button.id.as_deref()))
                    .collect();
                let card = match card {
                    Card::QaButtonCard => "qa_button_card",
                    Card::QaLinkCard => "qa_link_card",
                };
                out.insert("template".into(), json!({"type": card, "elements": [{"title": title, "buttons": buttons}]}))
            }
        };
        if let Some(pressed) = &message.pressed {
            let payload = json!({
                "reply_source_msg_id": pressed.message_id,
                "reply_source_unique_id": pressed.button_id.as_deref().unwrap_or_default(),
            });
            out.insert("reply_source_payload".into(), payload);
        }
        if let Some(auto) = message.auto {
            out.insert("auto_message_type".into(), json!(auto));
        }
        quote(&mut out, message);
        out.insert("scene_type".into(), json!(0));
        out.insert("is_follower".into(), json!(self.customer.follower));
        out.insert("message_tag".into(), json!({"source": message.source.unwrap_or(Source::App)}));
        Value::Object(out)
    }

    /// The content of `im_receive_msg_eu`: no sender, no conversation, no text.
    pub(super) fn poke(&self, at: crate::calendar::Moment) -> Value {
        json!({
            "to": self.business_username,
            "to_user": {"id": self.business_id, "role": "business_account"},
            "timestamp": at,
        })
    }

    /// The content of `im_referral_msg`.
    pub(super) fn referral(&self, at: crate::calendar::Moment, origin: &Origin) -> Value {
        let mut out = self.base(Side::Customer);
        out.insert("timestamp".into(), json!(at));
        out.insert("is_follower".into(), json!(self.customer.follower));
        let referral = match origin {
            Origin::Ad { .. } => json!({"source": "ad", "ad": origin_row(origin, at.0)}),
            Origin::Link { .. } => json!({"source": "short_link", "short_link": origin_row(origin, at.0)}),
        };
        out.insert("referral".into(), referral);
        Value::Object(out)
    }

    /// The content of `im_mark_read_msg`.
    pub(super) fn read(&self, at: crate::calendar::Moment, last_read: crate::calendar::Moment) -> Value {
        let mut out = self.base(Side::Customer);
        out.insert("timestamp".into(), json!(at));
        out.insert("read".into(), json!({"last_read_timestamp": last_read}));
        Value::Object(out)
    }

    /// A row of content/list.
    pub(super) fn row(&self, message: &Message) -> Value {
        let base = self.base(message.from);
        let user = |key: &str| {
            let id = base.get(key).and_then(|user| user.get("id")).cloned().unwrap_or_default();
            let role = if id == self.business_id { "BUSINESS_ACCOUNT" } else { "PERSONAL_ACCOUNT" };
            json!({"id": id, "role": role})
        };
        let mut out = object(json!({
            "sender": base.get("from"),
            "recipient": base.get("to"),
            "message_id": message.id,
            "conversation_id": self.conversation_id,
            "timestamp": message.at,
            "message_type": kind(&message.content).to_uppercase(),
            "from_user": user("from_user"),
            "to_user": user("to_user"),
        }));
        match &message.content {
            Content::Text { body } => out.insert("text".into(), json!({"body": body})),
            Content::Image { media_id } => out.insert("image".into(), json!({"media_id": media_id})),
            Content::Video { media_id } => out.insert("video".into(), json!({"media_id": media_id})),
            Content::SharePost { item_id } => out.insert("share_post".into(), json!({"embed_url": player(item_id)})),
            Content::Sticker { url } => out.insert("sticker".into(), json!({"url": url})),
            Content::Emoji { url } => out.insert("emoji".into(), json!({"url": url})),
            Content::Reaction { .. } => None,
            Content::Template { card, title, buttons } => {
                let buttons: Vec<Value> = buttons
                    .iter()
                    .map(|button| with_id(json!({"type": "REPLY", "title": button.title}), button.id.as_deref()))
                    .collect();
                out.insert("template".into(), json!({"type": card, "title": title, "buttons": buttons}))
            }
        };
        if let Some(auto) = message.auto {
            out.insert("auto_message_type".into(), json!(auto));
        }
        quote(&mut out, message);
        out.insert("message_tag".into(), json!({"source": message.source.unwrap_or(Source::App)}));
        Value::Object(out)
    }
}

/// An ad or a link as lists and events show it. Events give an ad's moment in milliseconds, lists in seconds.
pub(super) fn origin_row(origin: &Origin, timestamp: i64) -> Value {
    match origin {
        Origin::Ad { ad_id, ad_name } => json!({
            "advertiser_id": "7100000000000000001",
            "ad_id": ad_id,
            "timestamp": timestamp,
            "ad_name": ad_name,
            "embed_url": player(ad_id),
        }),
        Origin::Link { reference, prefilled } => json!({
            "ref": reference,
            "prefilled_message": prefilled,
            "prefilled_message_audit_status": "PASS",
        }),
    }
}

pub(super) const fn kind(content: &Content) -> &'static str {
    match content {
        Content::Text { .. } => "text",
        Content::Image { .. } => "image",
        Content::Video { .. } => "video",
        Content::SharePost { .. } => "share_post",
        Content::Sticker { .. } => "sticker",
        Content::Emoji { .. } => "emoji",
        Content::Reaction { .. } => "reaction",
        Content::Template { .. } => "template",
    }
}

fn player(id: &str) -> String {
    format!("https://www.tiktok.com/player/v1/{id}?utm_source=dm")
}

fn with_id(mut button: Value, id: Option<&str>) -> Value {
    if let (Some(id), Some(map)) = (id, button.as_object_mut()) {
        map.insert("id".into(), json!(id));
    }
    button
}

fn quote(out: &mut Map<String, Value>, message: &Message) {
    if let Some(id) = &message.quote {
        out.insert("referenced_message_info".into(), json!({"referenced_message_id": id}));
    }
}
