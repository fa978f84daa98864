//! A transport that sends nothing: the bot decides everything, and what would have left is told as sent. Only the call
//! that asks TikTok for its time leaves, since no window can be judged without it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;

use crate::bot::{Asset, Method};
use crate::channel::{NotSent, Outcome};
use crate::engine::{Courtesy, Listing};
use crate::runtime::port::{CallFailure, FetchCall, FetchEnd, Fetcher, Permit, SendCall, Target, Transport};

/// Begins the ids of messages that were never sent.
pub const MESSAGE_ID: &str = "dry-run-";

/// Stands before the transport that could send.
pub struct DryRun {
    inner: Arc<dyn Transport>,
    made: AtomicU64,
}

impl DryRun {
    #[must_use]
    pub fn new(inner: Arc<dyn Transport>) -> Self {
        Self { inner, made: AtomicU64::new(0) }
    }
}

/// Stands before the business's systems: they are read, and nothing is changed in them.
pub struct DryFetch(pub Arc<dyn Fetcher>);

#[async_trait]
impl Fetcher for DryFetch {
    async fn fetch(&self, call: FetchCall) -> FetchEnd {
        if call.request.method == Method::Get {
            return self.0.fetch(call).await;
        }
        FetchEnd::Refused { reason: format!("a dry run makes no `{}`", call.request.method.word()) }
    }
}

/// What would have been asked and was not.
fn not_asked<T>() -> Result<T, CallFailure> {
    Err(CallFailure { outcome: Outcome::Unknown { text: "a dry run asks TikTok nothing".to_owned() } })
}

#[async_trait]
impl Transport for DryRun {
    async fn send(&self, _: Permit, call: SendCall) -> Outcome {
        let number = self.made.fetch_add(1, Ordering::Relaxed) + 1;
        let conversation = String::from_utf8_lossy(&call.target.external);
        tracing::info!(%conversation, number, "would be sent");
        Outcome::Sent { message_id: format!("{MESSAGE_ID}{number}") }
    }

    async fn courtesy(&self, _: Permit, _: Target, _: Courtesy) -> Result<(), CallFailure> {
        Ok(())
    }

    async fn upload(&self, _: Permit, _: Target, asset: Arc<Asset>) -> Result<String, CallFailure> {
        Ok(format!("{MESSAGE_ID}{}", asset.digest))
    }

    async fn list(&self, _: Permit, _: Target) -> Result<Listing, CallFailure> {
        not_asked()
    }

    async fn images_allowed(&self, _: Permit, _: Target) -> Result<bool, CallFailure> {
        Ok(true)
    }

    async fn renew(&self, _: Permit, _: &str, _: &str) -> Result<(), CallFailure> {
        not_asked()
    }

    /// A token that is refused says the time as well, and is nobody's trouble here.
    async fn ask_the_time(&self, permit: Permit, target: Target) -> Result<(), CallFailure> {
        match self.inner.ask_the_time(permit, target).await {
            Err(CallFailure { outcome: Outcome::Refused { .. } | Outcome::NotSent(NotSent::Token { .. }) }) => Ok(()),
            told => told,
        }
    }

    fn skew_ms(&self) -> Option<i64> {
        self.inner.skew_ms()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::calendar::Moment;
    use crate::engine::Request;

    /// Every request that reaches it is answered well.
    struct Answers;

    #[async_trait]
    impl Fetcher for Answers {
        async fn fetch(&self, _: FetchCall) -> FetchEnd {
            FetchEnd::Answered { status: 200, body: None, retry_after: None }
        }
    }

    #[tokio::test]
    async fn the_systems_of_the_business_are_read_and_nothing_is_changed_in_them() {
        for (method, reaches) in
            [(Method::Get, true), (Method::Post, false), (Method::Put, false), (Method::Patch, false), (Method::Delete, false)]
        {
            let request = Request {
                call: 1,
                method,
                url: "https://shop.example/".to_owned(),
                headers: Vec::new(),
                json: None,
                timeout_ms: 1_000,
                retry: 0,
                until: Moment(0),
                gives: None,
            };
            let timeout = Duration::from_secs(1);
            let call = FetchCall { request: Arc::new(request), key: None, origins: Vec::new(), timeout };
            let end = DryFetch(Arc::new(Answers)).fetch(call).await;
            assert_eq!(matches!(end, FetchEnd::Answered { .. }), reaches, "{method:?}");
        }
    }
}
