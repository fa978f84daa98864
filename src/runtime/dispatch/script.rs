//! Calls of scripts: as soon as they are committed, whoever leads; they need no permit.

use std::sync::Arc;

use super::lane::Desk;
use crate::bot::ScriptCall;
use crate::engine::Input;
use crate::runtime::core::Address;

impl Desk {
    /// Runs a function and hands in what it returned, or why it was stopped.
    pub(in crate::runtime) async fn run(self, address: Arc<Address>, call: u32, of: ScriptCall) {
        let returned = self.core.call_script(address.account.id, &address.name(), of).await;
        self.tell(address, Input::Ran { call, result: returned.map_err(|stopped| stopped.why) }).await;
    }
}
