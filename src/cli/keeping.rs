//! Which bots may be served: one that asks for secrets, only where what customers write is sealed at rest.

use std::sync::Arc;

use async_trait::async_trait;

use crate::bot::Bot;
use crate::runtime::port::{Compiler, Files};
use crate::server::compiler::FlowCompiler;

/// Compiles bots, and refuses those whose promises the store cannot keep.
#[derive(Clone, Copy, Debug)]
pub(super) struct Keeping {
    /// Whether the store seals texts.
    pub(super) seals: bool,
    /// Whether the settings name a key.
    pub(super) has_key: bool,
}

#[async_trait]
impl Compiler for Keeping {
    async fn compile(&self, files: &Files) -> Result<Arc<Bot>, String> {
        let bot = FlowCompiler.compile(files).await?;
        match self.refusal(&bot) {
            Some(why) => Err(why),
            None => Ok(bot),
        }
    }
}

impl Keeping {
    /// Why a bot is not served here.
    fn refusal(self, bot: &Bot) -> Option<String> {
        let field = bot.contact.iter().find(|field| field.secret).filter(|_| !self.seals)?;
        let repair = if self.has_key {
            "the database holds texts that were written in plain; stop all servers and give `rejoinder secrets seal`"
        } else {
            "there is no key to seal it by; make one with `openssl rand -base64 32`, put it into the environment as REJOINDER_KEY, \
             and name it in the settings: `token_key = { env = \"REJOINDER_KEY\" }`"
        };
        Some(format!("the field `{}` of the contact is `secret`, but would stand in plain in the store: {repair}", field.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(field: &str) -> Files {
        let flow = format!(
            "bot \"Shop\" {{\n    languages en\n}}\n\ncontact {{\n    phone: {field}\n}}\n\nflow hello {{\n    on message \"hello\"\n\n    \
             say \"Welcome!\"\n}}\n"
        );
        Files { flows: vec![("shop.flow".to_owned(), flow)], images: Vec::new() }
    }

    async fn compiled(field: &str, seals: bool, has_key: bool) -> Result<Arc<Bot>, String> {
        Keeping { seals, has_key }.compile(&files(field)).await
    }

    #[tokio::test]
    async fn a_secret_field_needs_a_store_that_seals() {
        assert!(compiled("phone secret", true, true).await.is_ok());
        assert!(compiled("phone", false, false).await.is_ok());
        let why = compiled("phone secret", false, false).await.unwrap_err();
        assert!(why.contains("`phone`") && why.contains("openssl rand -base64 32") && why.contains("token_key"), "{why}");
        let why = compiled("phone secret", false, true).await.unwrap_err();
        assert!(why.contains("`phone`") && why.contains("rejoinder secrets seal"), "{why}");
    }
}
