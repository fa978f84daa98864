//! The bell: commits for another leader ring it, over one connection that also listens. It is a hint and may be lost.

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_postgres::{AsyncMessage, Client};

use super::failure::Failure;
use super::lease::Leading;
use super::open::{ANSWER, Dial, within};
use crate::runtime::port::Clock;

const AGAIN: Duration = Duration::from_millis(500);

pub(super) struct Bell {
    pub(super) dial: Dial,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) leading: Arc<Leading>,
    pub(super) heard: Arc<Notify>,
    /// Apps whose leaders have news, from the commits of this process.
    pub(super) told: UnboundedReceiver<BTreeSet<i32>>,
}

impl Bell {
    /// Listens and rings until nobody commits any more.
    pub(super) async fn run(mut self) {
        loop {
            match self.session().await {
                Ok(()) => return,
                Err(failure) => tracing::debug!(?failure, "the connection for notifications ended"),
            }
            // Something may have been missed.
            self.heard.notify_one();
            self.clock.sleep(AGAIN).await;
        }
    }

    async fn session(&mut self) -> Result<(), Failure> {
        let (client, mut connection) = self.dial.open().await?;
        let (sender, mut notes) = unbounded_channel();
        let carried = tokio::spawn(async move {
            while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
                if let AsyncMessage::Notification(note) = message {
                    let _ = sender.send(note.payload().to_owned());
                }
            }
        });
        within(ANSWER, client.batch_execute("LISTEN rejoinder_news")).await??;
        self.heard.notify_one();
        let ended = loop {
            tokio::select! {
                note = notes.recv() => match note {
                    Some(note) if self.concerns(&note) => self.heard.notify_one(),
                    Some(_) => {}
                    None => break Err(Failure::Lost("the connection for notifications was lost".to_owned())),
                },
                apps = self.told.recv() => match apps {
                    Some(apps) => if let Err(failure) = self.ring(&client, apps).await { break Err(failure) },
                    None => break Ok(()),
                },
            }
        };
        drop(client);
        carried.abort();
        ended
    }

    /// A transaction of its own after the commit: one that notifies holds a lock of the whole server until it is on
    /// disk, so commits would wait for each other.
    async fn ring(&mut self, client: &Client, mut apps: BTreeSet<i32>) -> Result<(), Failure> {
        while let Ok(more) = self.told.try_recv() {
            apps.extend(more);
        }
        let apps = apps.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        within(ANSWER, client.execute("SELECT pg_notify('rejoinder_news', $1)", &[&apps])).await??;
        Ok(())
    }

    /// Whether one of the apps named may be led here.
    fn concerns(&self, note: &str) -> bool {
        let apps = note.split(',').filter_map(|app| app.parse().ok());
        !self.leading.believed(apps).is_empty()
    }
}
