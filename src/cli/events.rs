//! Who brings events to the endpoints of the settings.

use std::sync::Arc;

use anyhow::Context as _;

use super::secrets;
use crate::fetch::herald::{Messenger, SigningKey, Target};
use crate::runtime::port::{Herald, TellsNobody};
use crate::server::settings::{Hearer, Settings};

/// # Errors
/// When a secret is missing or none, or TLS cannot be set up.
pub(super) fn herald(settings: &Settings) -> anyhow::Result<Arc<dyn Herald>> {
    if settings.events.endpoints.is_empty() {
        return Ok(Arc::new(TellsNobody));
    }
    let targets = settings.events.endpoints.iter().map(|hearer| target(hearer, &settings.fetch.open));
    let targets = targets.collect::<anyhow::Result<Vec<_>>>()?;
    Ok(Arc::new(Messenger::new(&settings.fetch.options(), targets)?))
}

fn target(hearer: &Hearer, open: &[String]) -> anyhow::Result<Target> {
    let mut keys = Vec::new();
    for (which, secret) in [("secret", Some(&hearer.secret)), ("old secret", hearer.old_secret.as_ref())] {
        let Some(secret) = secret else { continue };
        let what = format!("the {which} of the endpoint {}", hearer.name);
        keys.push(SigningKey::read(&secrets::read(secret, &what)?).with_context(|| what)?);
    }
    Ok(Target { name: Arc::from(hearer.name.as_str()), url: Target::address(&hearer.url, open)?, keys })
}
