//! Names become addresses here, and are looked at before anybody connects: the connection goes to the address that was
//! looked at, so that a name that answers otherwise a moment later changes nothing.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::Policy;

/// Who knows the addresses of names.
#[async_trait]
pub trait Names: Send + Sync + 'static {
    /// The addresses of a name, best first.
    ///
    /// # Errors
    /// When it has none, or nobody can say.
    async fn addresses(&self, name: &str) -> std::io::Result<Vec<IpAddr>>;
}

/// The operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemNames;

#[async_trait]
impl Names for SystemNames {
    async fn addresses(&self, name: &str) -> std::io::Result<Vec<IpAddr>> {
        Ok(tokio::net::lookup_host((name, 0)).await?.map(|address| address.ip()).collect())
    }
}

/// The host stands at no address that may be called.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("its host is at no public address; `open` in the settings opens it")]
pub(super) struct Blocked;

/// Gives only addresses that may be called.
pub(super) struct Checked {
    pub(super) names: Arc<dyn Names>,
    pub(super) policy: Policy,
}

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let (names, policy) = (Arc::clone(&self.names), self.policy.clone());
        Box::pin(async move {
            let mut found = names.addresses(name.as_str()).await?;
            found.retain(|address| policy.allows(name.as_str(), *address));
            if found.is_empty() {
                return Err(Blocked.into());
            }
            // The port is the address's own.
            let addresses: Addrs = Box::new(found.into_iter().map(|address| SocketAddr::new(address, 0)));
            Ok(addresses)
        })
    }
}
