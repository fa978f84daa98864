//! Copies the log into the file beside the work: what a commit then waits for is one sync of the log alone.

use std::path::Path;
use std::sync::mpsc::{self, SyncSender};
use std::thread::JoinHandle;

use rusqlite::Connection;

use super::Ended;
use crate::runtime::port::StoreError;
use crate::store::batch::broken;
use crate::store::sqlite::failure::Failure;
use crate::store::sqlite::open;

pub(super) struct Checkpoints {
    asks: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpoints {
    pub(super) fn start(path: &Path, ended: Ended) -> Result<Self, StoreError> {
        let connection = open::copying(path)?;
        // One place: an ask while another waits is the same ask.
        let (asks, asked) = mpsc::sync_channel::<()>(1);
        let thread = std::thread::Builder::new()
            .name("store-checkpoint".to_owned())
            .spawn(move || {
                while asked.recv().is_ok() {
                    if let Err(failure) = passive(&connection) {
                        if failure.is_final() {
                            // A sync failed: what the file holds is unknown, and the writer must not go on.
                            let _ = ended.set(StoreError::from(failure).to_string());
                            return;
                        }
                        tracing::warn!(error = %StoreError::from(failure), "the store's log was not copied; it will be tried again");
                    }
                }
            })
            .map_err(|error| broken(format!("cannot start the checkpoint thread: {error}")))?;
        Ok(Self { asks: Some(asks), thread: Some(thread) })
    }

    /// Asks for a checkpoint and does not wait for it.
    pub(super) fn ask(&self) {
        if let Some(asks) = &self.asks {
            let _ = asks.try_send(());
        }
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        drop(self.asks.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// PASSIVE: copies what no reader needs any more, and waits for nobody.
fn passive(connection: &Connection) -> Result<(), Failure> {
    Ok(connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?)
}
