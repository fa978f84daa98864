//! Images of a conversation, for whoever reads it. A customer's stands at TikTok, which wants the account's token and a place
//! in the app's pace; the bot's own stands with its flows. What was fetched is kept for some minutes in memory, and nowhere
//! else.

use std::sync::Arc;
use std::time::Duration;

use moka::future::Cache;

use super::core::Account;
use super::dispatch::Desk;
use super::handle::Handle;
use super::port::{ConversationId, Picture, Pictured, StoreError, Target};
use super::versions;
use super::view::{Line, ReplyState, timeline};
use crate::channel::{Content, NotSent, Outcome};

/// Lines of the history that are looked through, the newest.
const LINES_MAX: usize = 5_000;
/// Bytes of all images that are kept.
const KEPT_BYTES_MAX: u64 = 64 << 20;
/// Whoever erases a customer elsewhere does not reach this memory: it forgets by itself.
const KEPT: Duration = Duration::from_secs(600);

/// Why there is no image.
#[derive(Debug, thiserror::Error)]
pub enum NoPicture {
    #[error("nothing is known of this conversation")]
    Nobody,
    #[error("no image has this id among the newest lines of the conversation")]
    Nothing,
    #[error("the bot no longer has this image")]
    Gone,
    /// Another process leads the app, or this one ends.
    #[error("another process calls TikTok for this account: try again, and it may be the one that is reached")]
    Elsewhere,
    #[error("TikTok does not give the image: {0}")]
    NotGiven(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What was fetched.
pub(super) struct Pictures(Cache<(ConversationId, String), Picture>);

impl Default for Pictures {
    fn default() -> Self {
        let bytes = |_: &(ConversationId, String), picture: &Picture| u32::try_from(picture.bytes.len()).unwrap_or(u32::MAX);
        let cache = Cache::builder().max_capacity(KEPT_BYTES_MAX).weigher(bytes).time_to_live(KEPT);
        Self(cache.support_invalidation_closures().build())
    }
}

impl Pictures {
    /// Nothing of this conversation is given any more.
    pub(super) fn forget(&self, conversation: ConversationId) {
        // It fails only where closures are not supported.
        drop(self.0.invalidate_entries_if(move |(of, _), _| *of == conversation));
    }
}

impl Handle {
    /// The image that a message of the conversation is, the customer's or our own, by TikTok's id of the message.
    ///
    /// # Errors
    /// When there is none, or it cannot be had now.
    pub async fn picture(&self, conversation: ConversationId, message_id: &str) -> Result<Picture, Arc<NoPicture>> {
        let row = self.store().load(conversation).await.map_err(NoPicture::from)?.ok_or(NoPicture::Nobody)?;
        // Also where it is kept: what was erased is in no history any more.
        let lines = timeline(&self.store().history(conversation, LINES_MAX).await.map_err(NoPicture::from)?);
        let mut lines = lines.iter().rev().filter(|line| line.message_id.as_deref() == Some(message_id));
        let place = lines.find_map(Place::of).ok_or(NoPicture::Nothing)?;
        let media_id = match place {
            Place::Ours(digest) => {
                let asset = versions::image(&self.core, digest).await.ok_or(NoPicture::Gone)?;
                return Ok(Picture { media_type: asset.media_type, bytes: asset.bytes.clone().into() });
            }
            Place::TikToks(media_id) => media_id,
        };
        let account = self.core.accounts.ever(row.account).ok_or(NoPicture::Elsewhere)?;
        let external = row.external;
        let fetched = async {
            let pictured = Pictured { message_id: message_id.to_owned(), media_id: media_id.to_owned() };
            self.fetch_picture(&account, external, pictured).await
        };
        self.core.pictures.0.try_get_with((conversation, message_id.to_owned()), fetched).await
    }

    async fn fetch_picture(&self, account: &Account, external: Vec<u8>, pictured: Pictured) -> Result<Picture, NoPicture> {
        let lane = self.lane(account).filter(|_| self.core.leads(account.app)).ok_or(NoPicture::Elsewhere)?;
        let desk = Desk { core: Arc::clone(&self.core), lane };
        let target = Target { app: account.app_id.clone(), open_id: account.open_id.clone(), external };
        desk.picture(account, target, pictured)
            .await
            .ok_or(NoPicture::Elsewhere)?
            .map_err(|failure| NoPicture::NotGiven(why(failure.outcome)))
    }
}

fn why(outcome: Outcome) -> String {
    match outcome {
        Outcome::Refused { text, .. } | Outcome::Unknown { text } | Outcome::NotSent(NotSent::NoConnection { text }) => text,
        Outcome::NotSent(_) | Outcome::Sent { .. } => "the account cannot ask for anything just now".to_owned(),
    }
}

/// Where the image of a line stands.
enum Place<'a> {
    /// By its digest.
    Ours(&'a str),
    /// By its media id.
    TikToks(&'a str),
}

impl<'a> Place<'a> {
    fn of(line: &'a Line) -> Option<Self> {
        if let Some(media_id) = &line.media_id {
            return Some(Self::TikToks(media_id));
        }
        match &line.reply.as_ref().filter(|reply| reply.state == ReplyState::Sent)?.content {
            Content::Image(image) => Some(Self::Ours(&image.digest)),
            _ => None,
        }
    }
}

impl Line {
    /// Whether [`Handle::picture`] may give the image that it is.
    #[must_use]
    pub fn is_picture(&self) -> bool {
        self.message_id.is_some() && Place::of(self).is_some()
    }
}
