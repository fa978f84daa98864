//! Writing: one thread with the only connection that may. Work comes over a channel and is done in its order.

mod checkpoint;
mod desk;

use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::hooks::Wal;
use tokio::sync::oneshot;

pub(super) use self::desk::Desk;

use self::checkpoint::Checkpoints;
use super::failure::Failure;
use super::lock::Lock;
use crate::runtime::port::StoreError;
use crate::store::batch::broken;

/// The first failure after which nothing may be written any more.
type Ended = Arc<OnceLock<String>>;

type Job = Box<dyn FnOnce(&mut Desk) + Send>;

/// So long without work counts as idle.
const IDLE: Duration = Duration::from_millis(200);
/// From so many pages of 2 KB in the log on (8 MB), it is copied into the file beside the work.
const PAGES_COPIED: i64 = 4_096;
/// From so many on (256 MB), the writer itself copies it and begins the log anew: readers and a checkpoint beside
/// the work can keep the log from ever being reset.
const PAGES_MAX: i64 = 131_072;

/// The handle. The channel has no bound of its own: every caller waits for its answer, so callers bound it.
pub(super) struct Writer {
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(path: &Path, mut connection: Connection, lock: Lock) -> Result<Self, StoreError> {
        let ended = Ended::default();
        let pages = Arc::new(AtomicI64::new(0));
        let counted = Arc::clone(&pages);
        let hook = move |_: &mut Wal, in_log: std::ffi::c_int| {
            counted.store(i64::from(in_log), Ordering::Relaxed);
            Ok(())
        };
        connection.wal_hook(Some(hook)).map_err(Failure::from)?;
        let checkpoints = Checkpoints::start(path, Arc::clone(&ended))?;
        let desk = Desk::new(connection, ended)?;
        let (jobs, waiting) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || {
                work(desk, &waiting, &checkpoints, &pages);
                drop(checkpoints);
                // Last: the next owner must find the file closed.
                drop(lock);
            })
            .map_err(|error| broken(format!("cannot start the writer's thread: {error}")))?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread) })
    }

    /// Has a piece of work done. Once handed in it is done even if nobody waits for the answer any more.
    pub(super) async fn run<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Desk) -> Result<T, StoreError> + Send + 'static,
    {
        let gone = || broken("the store's writer is gone");
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |desk| drop(answer.send(work(desk))));
        self.jobs.as_ref().ok_or_else(gone)?.send(job).map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // The thread ends when it has done what was handed in.
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn work(mut desk: Desk, waiting: &Receiver<Job>, checkpoints: &Checkpoints, pages: &AtomicI64) {
    let mut written = false;
    loop {
        let job = if written { waiting.recv_timeout(IDLE) } else { waiting.recv().map_err(RecvTimeoutError::from) };
        match job {
            Ok(job) => {
                job(&mut desk);
                written = true;
            }
            Err(RecvTimeoutError::Timeout) => {
                checkpoints.ask();
                written = false;
            }
            Err(RecvTimeoutError::Disconnected) => return,
        }
        match pages.load(Ordering::Relaxed) {
            PAGES_MAX.. => {
                desk.begin_log_anew();
                pages.store(0, Ordering::Relaxed);
            }
            PAGES_COPIED.. => checkpoints.ask(),
            _ => {}
        }
    }
}
