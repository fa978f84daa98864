//! Calls that are not replies: looks, capabilities, uploads, tokens, courtesies. Each waits for its own permit.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{Either, select};

use super::lane::{Call, Called, Desk, Msg, NoUpload, Rank};
use crate::bot::Asset;
use crate::calendar::Moment;
use crate::channel::rules::skew_stops;
use crate::channel::{NotSent, Outcome};
use crate::engine::{Courtesy, Input, Listing};
use crate::runtime::core::{Account, Address};
use crate::runtime::port::{CallFailure, ConversationId, Permit, Picture, Pictured, ReadMessage, Target, Updated};

/// TikTok keeps an upload for thirty days.
const MEDIA_KEPT_MS: i64 = 29 * 24 * 3_600_000;
/// The longest call by which the clocks are compared.
const SLOW: Duration = Duration::from_secs(5);
const TRIES: u32 = 3;
/// A transport that has not come back by then is given up; longer than any call.
const PATIENCE_SECONDS: u32 = 45;
const AGAIN_AFTER: Duration = Duration::from_secs(5);

impl Desk {
    fn called(&self, what: Call, account: &Account, begun: Duration, failure: Option<&CallFailure>) {
        let outcome = failure.map(|failure| failure.outcome.clone());
        self.lane.send(Msg::Called(Called { account: Some(account.id), conversation: None, begun, outcome, what }));
    }

    /// One call, which has ended whatever the transport does: it may fail or hang, but nobody waits for it for ever.
    async fn made<T>(&self, call: impl Future<Output = Result<T, CallFailure>>) -> Result<T, CallFailure> {
        let patience = async {
            // Second by second: a clock that is moved forward ends one of them, not all.
            for _ in 0..PATIENCE_SECONDS {
                self.core.sleep(Duration::from_secs(1)).await;
            }
        };
        let unknown = |text: &str| Err(CallFailure { outcome: Outcome::Unknown { text: text.to_owned() } });
        match select(Box::pin(AssertUnwindSafe(call).catch_unwind()), Box::pin(patience)).await {
            Either::Left((Ok(result), _)) => result,
            Either::Left((Err(_), _)) => unknown("the transport failed"),
            Either::Right(_) => unknown("the transport gave no answer"),
        }
    }

    /// One look whose answer only tells TikTok's time.
    pub(in crate::runtime) async fn ask_the_time(self, address: Arc<Address>) {
        let Some(permit) = self.lane.permit(Rank::Upkeep, None, None).await else { return };
        let core = &self.core;
        let (begun, jumps) = (core.monotonic(), core.doubt.jumps());
        let result = self.made(core.ports.transport.ask_the_time(permit, address.target())).await;
        // A refusal tells the time as well as a list; a slow answer tells it too roughly.
        let answered = result.as_ref().err().is_none_or(is_answer) && core.monotonic().saturating_sub(begun) <= SLOW;
        if answered && !skew_stops(core.ports.transport.skew_ms()) {
            core.doubt.settle(jumps);
        }
        self.called(Call::List, &address.account, begun, result.as_ref().err());
    }

    /// Looks at the conversation's list and hands the result in, also when there is none.
    pub(in crate::runtime) async fn look(
        self,
        conversation: ConversationId,
        address: Arc<Address>,
        parked: bool,
        not_after: Option<Moment>,
    ) {
        let mut listing: Option<Listing> = None;
        if !parked && let Some(permit) = self.lane.permit(Rank::Upkeep, not_after, None).await {
            let begun = self.core.monotonic();
            let result = self.made(self.core.ports.transport.list(permit, address.target())).await;
            self.called(Call::List, &address.account, begun, result.as_ref().err());
            listing = result.ok();
        }
        if let Some(listing) = &mut listing {
            // Reading the clock shows whether it has jumped.
            let _ = self.core.now();
            listing.steady_since = self.core.doubt.steady_since();
        }
        self.core.post_surely(&address, Input::Looked { listing }).await;
        self.lane.send(Msg::Looked(conversation));
    }

    /// The account's conversations, those answered before or the others; `None` where this process gets no place for it.
    pub(in crate::runtime) async fn conversations(
        &self,
        account: &Account,
        answered: bool,
    ) -> Option<Result<Vec<Updated>, CallFailure>> {
        let permit = self.lane.permit(Rank::Upkeep, None, None).await?;
        let begun = self.core.monotonic();
        let call = self.core.ports.transport.conversations(permit, &account.app_id, &account.open_id, answered);
        let result = self.made(call).await;
        self.called(Call::List, account, begun, result.as_ref().err());
        Some(result)
    }

    /// The newest messages of a conversation, in the same way.
    pub(in crate::runtime) async fn messages(
        &self,
        account: &Account,
        external: &[u8],
    ) -> Option<Result<Vec<ReadMessage>, CallFailure>> {
        let permit = self.lane.permit(Rank::Upkeep, None, None).await?;
        let begun = self.core.monotonic();
        let target = Target { app: account.app_id.clone(), open_id: account.open_id.clone(), external: external.to_vec() };
        let result = self.made(self.core.ports.transport.messages(permit, target)).await;
        self.called(Call::List, account, begun, result.as_ref().err());
        Some(result)
    }

    /// An image of a conversation, in the same way.
    pub(in crate::runtime) async fn picture(
        &self,
        account: &Account,
        target: Target,
        of: Pictured,
    ) -> Option<Result<Picture, CallFailure>> {
        let permit = self.lane.permit(Rank::Upkeep, None, None).await?;
        let begun = self.core.monotonic();
        let result = self.made(self.core.ports.transport.picture(permit, target, of)).await;
        self.called(Call::Download, account, begun, result.as_ref().err());
        Some(result)
    }

    /// Hands the end of a call in.
    pub(in crate::runtime) async fn tell(self, address: Arc<Address>, ended: Input) {
        self.core.post_surely(&address, ended).await;
    }

    /// Asks whether images may be sent here; where nobody can say, they may not.
    pub(in crate::runtime) async fn ask(self, conversation: ConversationId, address: Arc<Address>) {
        let mut images = false;
        for _ in 0..TRIES {
            let Some(permit) = self.lane.permit(Rank::Live, None, None).await else { return };
            let begun = self.core.monotonic();
            let result = self.made(self.core.ports.transport.images_allowed(permit, address.target())).await;
            self.called(Call::Capability, &address.account, begun, result.as_ref().err());
            match result {
                Ok(allowed) => {
                    images = allowed;
                    break;
                }
                Err(failure) if is_final(&failure) => break,
                Err(_) => self.core.sleep(AGAIN_AFTER).await,
            }
        }
        self.core.post_surely(&address, Input::Capability { images }).await;
        self.lane.send(Msg::Asked(conversation));
    }

    /// Uploads an image for an account and remembers its media id.
    pub(in crate::runtime) async fn upload(self, account: Arc<Account>, digest: String, rank: Rank) {
        let failure = self.try_upload(&account, &digest, rank).await.err();
        self.lane.send(Msg::Uploaded { account: account.id, digest, failure });
    }

    async fn try_upload(&self, account: &Account, digest: &str, rank: Rank) -> Result<(), NoUpload> {
        let never = |why: &str| NoUpload::Never(why.to_owned());
        let asset: Option<Arc<Asset>> = crate::runtime::versions::image(&self.core, digest).await;
        let asset = asset.ok_or_else(|| never("the bot no longer has this image"))?;
        let target = Target { app: account.app_id.clone(), open_id: account.open_id.clone(), external: Vec::new() };
        let mut last = String::new();
        for _ in 0..TRIES {
            let permit = self.lane.permit(rank, None, None).await.ok_or(NoUpload::Later)?;
            let begun = self.core.monotonic();
            let result = self.made(self.core.ports.transport.upload(permit, target.clone(), Arc::clone(&asset))).await;
            self.called(Call::Upload, account, begun, result.as_ref().err());
            match result {
                Ok(media_id) => {
                    let until = self.core.now().plus_ms(MEDIA_KEPT_MS);
                    let kept = self.core.ports.store.put_media(account.id, digest, &media_id, until).await;
                    return kept.map_err(|error| never(&error.to_string()));
                }
                Err(CallFailure { outcome: Outcome::NotSent(_) }) => return Err(NoUpload::Later),
                Err(failure) => {
                    last = format!("the image could not be uploaded: {failure}");
                    if is_final(&failure) {
                        return Err(NoUpload::Never(last));
                    }
                }
            }
            self.core.sleep(AGAIN_AFTER).await;
        }
        Err(NoUpload::Never(last))
    }

    /// Renews an account's token, after a pause when the try before gave no answer.
    pub(in crate::runtime) async fn renew(self, account: Arc<Account>, after: Duration) {
        self.core.sleep(after).await;
        let Some(permit) = self.lane.permit(Rank::System, None, None).await else { return };
        let begun = self.core.monotonic();
        let result = self.made(self.core.ports.transport.renew(permit, &account.app_id, &account.open_id)).await;
        self.lane.send(Msg::Called(Called { account: None, conversation: None, begun, outcome: None, what: Call::Renew }));
        let result = result.map_err(|failure| failure.outcome);
        self.lane.send(Msg::Renewed { account: account.id, result });
    }

    /// Typing and seen: their failure harms nobody.
    pub(in crate::runtime) async fn be_courteous(self, permit: Permit, address: Arc<Address>, what: Courtesy) {
        let begun = self.core.monotonic();
        let result = self.made(self.core.ports.transport.courtesy(permit, address.target(), what)).await;
        self.called(Call::Courtesy, &address.account, begun, result.as_ref().err());
    }
}

/// Whether TikTok has answered at all.
fn is_answer(failure: &CallFailure) -> bool {
    match &failure.outcome {
        Outcome::Refused { .. } | Outcome::Sent { .. } => true,
        Outcome::NotSent(why) => !matches!(why, NotSent::Expired | NotSent::NoConnection { .. }),
        Outcome::Unknown { .. } => false,
    }
}

/// Whether asking again would be answered alike.
fn is_final(failure: &CallFailure) -> bool {
    match &failure.outcome {
        Outcome::Refused { .. } | Outcome::Sent { .. } => true,
        Outcome::NotSent(NotSent::MediaGone) => true,
        Outcome::NotSent(_) | Outcome::Unknown { .. } => false,
    }
}
