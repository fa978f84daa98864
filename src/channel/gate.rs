//! The gate: may this message leave now? Asked when a reply is queued, and again on the newest state before it is sent.

use serde::{Deserialize, Serialize};

use super::{CardKind, Content, Ledger, rules};
use crate::calendar::Moment;
use crate::text;

/// All that the answer depends on.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    pub ledger: &'a Ledger,
    pub now: Moment,
    /// How long before the window's end the last message may leave, in milliseconds.
    pub margin_ms: i64,
    /// Replies of the ten kept back for colleagues.
    pub reserve: u32,
    /// A colleague sends it: reserve, takeover and opt-out do not bind.
    pub by_colleague: bool,
    /// A colleague has taken the conversation.
    pub taken: bool,
    /// The customer wants no automatic messages.
    pub opted_out: bool,
    /// It confirms the opt-out: it passes takeover, opt-out and reserve, never the channel's own limits.
    pub confirms_opt_out: bool,
    /// The reply already holds its slot: only what has left before it counts against it.
    pub already_reserved: bool,
    /// False where the account may not send at all just now.
    pub account_ok: bool,
    /// Whether images may be sent here; `None` before TikTok was asked.
    pub images: Option<bool>,
    /// What to do where the replies do not suffice.
    pub short: Short,
    pub content: &'a Content,
    /// It answers a comment made at this moment: no window is needed, one text is all
    /// (TikTok Business Messaging, Direct reply: comments of the last 48 hours, one text each).
    pub commented: Option<Moment>,
}

/// What the bot wants where the replies do not suffice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Short {
    #[default]
    Hold,
    Drop,
    HandOver,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Send,
    /// Not now; offered again when the reason is gone.
    Hold(Reason),
    /// Never.
    Drop(Reason),
    /// Not by the bot: a colleague is to answer.
    HandOver(Reason),
    /// Taken back: somebody wants the bot to be silent.
    Withdraw(Reason),
}

/// Why a message does not leave. The serialised word is stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    NoFirstContact,
    WindowClosed,
    RepliesSpent,
    KeptForColleagues,
    ClosedByTiktok,
    Taken,
    OptedOut,
    AccountPaused,
    ImagesNotAllowed,
    ImagesUnknown,
    Empty,
    TooLong,
    CardTitle,
    CardButtons,
    CommentText,
    CommentAnswered,
    CommentOld,
    /// Said by an operator, never by the gate.
    Paused,
}

impl Reason {
    /// Every reason there is.
    pub const ALL: &[Self] = &[
        Self::NoFirstContact,
        Self::WindowClosed,
        Self::RepliesSpent,
        Self::KeptForColleagues,
        Self::ClosedByTiktok,
        Self::Taken,
        Self::OptedOut,
        Self::AccountPaused,
        Self::ImagesNotAllowed,
        Self::ImagesUnknown,
        Self::Empty,
        Self::TooLong,
        Self::CardTitle,
        Self::CardButtons,
        Self::CommentText,
        Self::CommentAnswered,
        Self::CommentOld,
        Self::Paused,
    ];

    /// The stable word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::NoFirstContact => "no_first_contact",
            Self::WindowClosed => "window_closed",
            Self::RepliesSpent => "replies_spent",
            Self::KeptForColleagues => "kept_for_colleagues",
            Self::ClosedByTiktok => "closed_by_tiktok",
            Self::Taken => "taken",
            Self::OptedOut => "opted_out",
            Self::AccountPaused => "account_paused",
            Self::ImagesNotAllowed => "images_not_allowed",
            Self::ImagesUnknown => "images_unknown",
            Self::Empty => "empty",
            Self::TooLong => "too_long",
            Self::CardTitle => "card_title",
            Self::CardButtons => "card_buttons",
            Self::CommentText => "comment_text",
            Self::CommentAnswered => "comment_answered",
            Self::CommentOld => "comment_old",
            Self::Paused => "paused",
        }
    }

    /// The reason as people read it.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::NoFirstContact => "the customer has never written, and TikTok lets nobody write first",
            Self::WindowClosed => "the 48 hours since the customer's last message are over",
            Self::RepliesSpent => "all ten replies until the customer's next message are spent",
            Self::KeptForColleagues => "the replies that are left are kept for colleagues",
            Self::ClosedByTiktok => "TikTok refuses messages here until the customer writes",
            Self::Taken => "a colleague has taken the conversation",
            Self::OptedOut => "the customer wants no automatic messages",
            Self::AccountPaused => "the account may not send at present",
            Self::ImagesNotAllowed => "TikTok allows no images between these two countries",
            Self::ImagesUnknown => "TikTok was not yet asked whether images are allowed here",
            Self::Empty => "the message has no visible text",
            Self::TooLong => "the text is longer than 6,000 characters",
            Self::CardTitle => "the card's title is empty or longer than 40 characters",
            Self::CardButtons => "the card's buttons are too many, too few or too long",
            Self::CommentText => "TikTok lets a comment be answered by a text only",
            Self::CommentAnswered => "a comment is answered by one text, and nothing more until the customer writes",
            Self::CommentOld => "TikTok lets nobody answer a comment of more than 48 hours ago",
            Self::Paused => "sending was paused by an operator until the window had closed",
        }
    }
}

impl std::fmt::Display for Reason {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.sentence())
    }
}

/// The gate's answer. Pure.
#[must_use]
pub fn ask(asked: &Asked<'_>) -> Verdict {
    if let Some(reason) = unsendable(asked.content) {
        return Verdict::Drop(reason);
    }
    let personal = asked.by_colleague || asked.confirms_opt_out;
    if asked.opted_out && !personal {
        return Verdict::Withdraw(Reason::OptedOut);
    }
    // Not even the confirmation of an opt-out: it is the colleague's conversation now.
    if asked.taken && !asked.by_colleague {
        return Verdict::Withdraw(Reason::Taken);
    }
    if let Some(commented) = asked.commented {
        return on_comment(asked, commented);
    }
    let Some(ends) = asked.ledger.window_ends() else {
        return Verdict::Drop(Reason::NoFirstContact);
    };
    if asked.ledger.is_closed() {
        return Verdict::Hold(Reason::ClosedByTiktok);
    }
    if asked.now >= ends.plus_ms(-asked.margin_ms.max(0)) {
        return Verdict::Hold(Reason::WindowClosed);
    }
    if !asked.account_ok {
        return Verdict::Hold(Reason::AccountPaused);
    }
    if matches!(asked.content, Content::Image(_)) {
        match asked.images {
            Some(true) => {}
            Some(false) => return Verdict::Drop(Reason::ImagesNotAllowed),
            None => return Verdict::Hold(Reason::ImagesUnknown),
        }
    }
    match budget(asked, personal) {
        None => Verdict::Send,
        Some(reason) => match asked.short {
            Short::Hold => Verdict::Hold(reason),
            Short::Drop => Verdict::Drop(reason),
            Short::HandOver => Verdict::HandOver(reason),
        },
    }
}

/// An answer to a comment.
fn on_comment(asked: &Asked<'_>, commented: Moment) -> Verdict {
    let ends = commented.plus_ms(rules::WINDOW.value).plus_ms(-asked.margin_ms.max(0));
    if !matches!(asked.content, Content::Text { .. }) {
        Verdict::Drop(Reason::CommentText)
    } else if asked.now >= ends {
        Verdict::Drop(Reason::CommentOld)
    } else if !asked.account_ok {
        Verdict::Hold(Reason::AccountPaused)
    } else {
        Verdict::Send
    }
}

/// Why no reply is left for it.
fn budget(asked: &Asked<'_>, personal: bool) -> Option<Reason> {
    // Replies leave in the order of the queue: those reserved behind this one take nothing from it.
    let before = if asked.already_reserved { asked.ledger.spent() } else { asked.ledger.counted() };
    let most = u32::try_from(rules::REPLIES.value).unwrap_or(0);
    let reserve = if personal { 0 } else { asked.reserve };
    if before >= most {
        Some(Reason::RepliesSpent)
    } else if before >= most.saturating_sub(reserve) {
        Some(Reason::KeptForColleagues)
    } else {
        None
    }
}

/// Why TikTok would never take this content.
fn unsendable(content: &Content) -> Option<Reason> {
    match content {
        Content::Text { body } if body.trim().is_empty() => Some(Reason::Empty),
        Content::Text { body } if !text::fits(body, rules::TEXT.most()) => Some(Reason::TooLong),
        Content::Card { card, title, buttons } => {
            if title.trim().is_empty() || !text::fits(title, rules::CARD_TITLE.most()) {
                return Some(Reason::CardTitle);
            }
            let most = match card {
                CardKind::Button => rules::BUTTON_TITLE.most(),
                CardKind::Link => rules::LINK_TITLE.most(),
            };
            let fits = !buttons.is_empty()
                && buttons.len() <= rules::CARD_BUTTONS.most()
                && buttons.iter().all(|button| {
                    !button.title.trim().is_empty()
                        && text::fits(&button.title, most)
                        && text::fits(&button.id, rules::BUTTON_ID.most())
                });
            (!fits).then_some(Reason::CardButtons)
        }
        Content::Text { .. } | Content::Image(_) | Content::Post { .. } => None,
    }
}

#[cfg(test)]
mod tests;
