//! The body of a send.

use crate::channel::{CardKind, Content};
use crate::runtime::port::SendCall;
use crate::tiktok::wire::{ButtonBody, CardBody, CommentReply, DirectReply, MediaRef, PostRef, QuoteRef, SendBody, TextRef};

/// What `message/send/` is told for a message into a conversation, or to whoever wrote a comment.
///
/// `Err` names what is missing.
pub(super) fn message<'a>(call: &'a SendCall, recipient: &'a str) -> Result<SendBody<'a>, &'static str> {
    if let Some(comment_id) = &call.outgoing.comment {
        let Content::Text { body: text } = &call.outgoing.content else { return Err("a comment is answered by a text") };
        return Ok(direct_reply(&call.target.open_id, comment_id, text));
    }
    let mut body = SendBody {
        business_id: &call.target.open_id,
        recipient_type: Some("CONVERSATION"),
        recipient: Some(recipient),
        ..SendBody::default()
    };
    match &call.outgoing.content {
        Content::Text { body: text } => {
            body.message_type = "TEXT";
            body.text = Some(TextRef { body: text });
            body.referenced_message_info = call.outgoing.quote.as_deref().map(|id| QuoteRef { referenced_message_id: id });
        }
        Content::Image(_) => {
            body.message_type = "IMAGE";
            body.image = Some(MediaRef { media_id: call.media_id.as_deref().ok_or("the image was not uploaded")? });
        }
        Content::Post { item_id } => {
            body.message_type = "SHARE_POST";
            body.share_post = Some(PostRef { item_id });
        }
        Content::Card { card, title, buttons } => {
            body.message_type = "TEMPLATE";
            body.template = Some(CardBody {
                kind: match card {
                    CardKind::Button => "QA_BUTTON_CARD",
                    CardKind::Link => "QA_LINK_CARD",
                },
                title,
                buttons: buttons
                    .iter()
                    .map(|button| ButtonBody { kind: "REPLY", title: &button.title, id: &button.id })
                    .collect(),
            });
        }
    }
    Ok(body)
}

/// A sender action: `TYPING` or `MARK_READ`.
pub(super) fn action<'a>(open_id: &'a str, recipient: &'a str, action: &'static str) -> SendBody<'a> {
    SendBody {
        business_id: open_id,
        recipient_type: Some("CONVERSATION"),
        recipient: Some(recipient),
        message_type: "SENDER_ACTION",
        sender_action: Some(action),
        ..SendBody::default()
    }
}

/// A direct message to whoever wrote a comment: it names no conversation.
fn direct_reply<'a>(open_id: &'a str, comment_id: &'a str, text: &'a str) -> SendBody<'a> {
    SendBody {
        business_id: open_id,
        message_type: "TEXT",
        text: Some(TextRef { body: text }),
        direct_reply: Some(DirectReply { reply_type: "COMMENT_REPLY", comment_reply: CommentReply { comment_id } }),
        ..SendBody::default()
    }
}
