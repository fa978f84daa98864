//! Secrets of the settings: read once, from where the settings say.

use anyhow::Context as _;
use secrecy::SecretString;

use crate::server::settings::Secret;
use crate::system::{environment, files};

/// A secret file above this is none, in bytes.
const BYTES_MAX: u64 = 64 * 1024;

/// Reads a secret; `what` names it in messages. A plain one in the settings is warned about.
///
/// # Errors
/// The variable is not set, the file cannot be read, or there is nothing in it.
pub(super) fn read(secret: &Secret, what: &str) -> anyhow::Result<SecretString> {
    let text = match secret {
        Secret::Environment(name) => {
            environment::var(name)?.with_context(|| format!("{what}: the environment variable {name} is not set"))?
        }
        Secret::File(path) => {
            files::read_to_string(path, BYTES_MAX).with_context(|| format!("{what}: cannot read {}", path.display()))?
        }
        Secret::Plain(secret) => {
            tracing::warn!("{what} stands in the settings as plain text; name a variable instead: {{ env = \"…\" }}");
            return Ok(secret.clone());
        }
    };
    let text = text.trim();
    anyhow::ensure!(!text.is_empty(), "{what} is empty");
    Ok(SecretString::from(text.to_owned()))
}
