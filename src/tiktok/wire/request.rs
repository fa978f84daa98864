//! What we write to TikTok's calls.

use serde::Serialize;

/// `message/media/download/`
#[derive(Debug, Serialize)]
pub struct DownloadBody<'a> {
    pub business_id: &'a str,
    pub conversation_id: &'a str,
    pub message_id: &'a str,
    pub media_id: &'a str,
    /// `IMAGE`
    pub media_type: &'static str,
}

/// `message/send/`: a message into a conversation, or the direct reply to a comment.
#[derive(Debug, Default, Serialize)]
pub struct SendBody<'a> {
    pub business_id: &'a str,
    /// `CONVERSATION`; absent in a direct reply, like `recipient`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recipient_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recipient: Option<&'a str>,
    /// `TEXT`, `IMAGE`, `SHARE_POST`, `TEMPLATE`, `SENDER_ACTION`
    pub message_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<TextRef<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<MediaRef<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share_post: Option<PostRef<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<CardBody<'a>>,
    /// `TYPING`, `MARK_READ`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sender_action: Option<&'static str>,
    /// Only with `TEXT`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referenced_message_info: Option<QuoteRef<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direct_reply: Option<DirectReply<'a>>,
}

#[derive(Debug, Serialize)]
pub struct TextRef<'a> {
    pub body: &'a str,
}

#[derive(Debug, Serialize)]
pub struct MediaRef<'a> {
    pub media_id: &'a str,
}

#[derive(Debug, Serialize)]
pub struct PostRef<'a> {
    pub item_id: &'a str,
}

#[derive(Debug, Serialize)]
pub struct CardBody<'a> {
    /// `QA_BUTTON_CARD`, `QA_LINK_CARD`
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub title: &'a str,
    pub buttons: Vec<ButtonBody<'a>>,
}

#[derive(Debug, Serialize)]
pub struct ButtonBody<'a> {
    /// `REPLY`
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub title: &'a str,
    pub id: &'a str,
}

#[derive(Debug, Serialize)]
pub struct QuoteRef<'a> {
    pub referenced_message_id: &'a str,
}

#[derive(Debug, Serialize)]
pub struct DirectReply<'a> {
    /// `COMMENT_REPLY`
    pub reply_type: &'static str,
    pub comment_reply: CommentReply<'a>,
}

#[derive(Debug, Serialize)]
pub struct CommentReply<'a> {
    pub comment_id: &'a str,
}

/// `tt_user/oauth2/refresh_token/`. No `Debug`: it holds secrets.
#[derive(Serialize)]
pub struct RefreshBody<'a> {
    pub client_id: &'a str,
    pub client_secret: &'a str,
    /// `refresh_token`
    pub grant_type: &'static str,
    pub refresh_token: &'a str,
}

/// `tt_user/oauth2/revoke/`. No `Debug`: it holds secrets.
#[derive(Serialize)]
pub struct RevokeBody<'a> {
    pub client_id: &'a str,
    pub client_secret: &'a str,
    pub access_token: &'a str,
}

/// `tt_user/oauth2/token/`. No `Debug`: it holds secrets.
#[derive(Serialize)]
pub struct CodeBody<'a> {
    pub client_id: &'a str,
    pub client_secret: &'a str,
    /// `authorization_code`
    pub grant_type: &'static str,
    pub auth_code: &'a str,
    /// Exactly the one that the sign-in was begun with.
    pub redirect_uri: &'a str,
}

/// `tt_user/token_info/get/`. No `Debug`: it holds a token.
#[derive(Serialize)]
pub struct TokenInfoBody<'a> {
    pub app_id: &'a str,
    pub access_token: &'a str,
}

/// `business/webhook/update|delete/`. No `Debug`: it holds the app's secret.
#[derive(Serialize)]
pub struct WebhookBody<'a> {
    pub app_id: &'a str,
    pub secret: &'a str,
    /// `DIRECT_MESSAGE`
    pub event_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub callback_url: Option<&'a str>,
}
