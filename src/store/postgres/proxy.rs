//! A bad network between a store and its server: it carries everything, until it is told to lose something.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};

const CARRY: u8 = 0;
const SWALLOW_ANSWER: u8 = 1;
const SWALLOW_COMMIT: u8 = 2;

/// `COMMIT` as a simple query of the protocol.
const COMMIT: &[u8] = b"Q\0\0\0\x0bCOMMIT\0";

pub(super) struct Proxy {
    folder: tempfile::TempDir,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    mood: AtomicU8,
    refuses: AtomicU8,
    swallowed: AtomicUsize,
}

impl Proxy {
    /// Listens in a folder of its own for the server in another.
    pub(super) fn start(server: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join(".s.PGSQL.5432")).unwrap();
        let state = Arc::new(State::default());
        tokio::spawn(accept(listener, server.join(".s.PGSQL.5432"), Arc::clone(&state)));
        Self { folder, state }
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn swallow_the_answer_to_the_next_commit(&self) {
        self.state.mood.store(SWALLOW_ANSWER, Ordering::SeqCst);
    }

    pub(super) fn swallow_the_next_commit(&self) {
        self.state.mood.store(SWALLOW_COMMIT, Ordering::SeqCst);
    }

    /// After the next loss nobody gets through any more.
    pub(super) fn refuse_from_then_on(&self) {
        self.state.refuses.store(1, Ordering::SeqCst);
    }

    /// How often something was lost.
    pub(super) fn swallowed(&self) -> usize {
        self.state.swallowed.load(Ordering::SeqCst)
    }
}

async fn accept(listener: UnixListener, server: PathBuf, state: Arc<State>) {
    while let Ok((client, _)) = listener.accept().await {
        if state.refuses.load(Ordering::SeqCst) != 0 && state.swallowed.load(Ordering::SeqCst) > 0 {
            continue;
        }
        let server = UnixStream::connect(&server).await.unwrap();
        tokio::spawn(carry(client, server, Arc::clone(&state)));
    }
}

/// Carries both ways until one end is closed or something is lost.
async fn carry(mut client: UnixStream, mut server: UnixStream, state: Arc<State>) {
    let (mut asked, mut answered) = (vec![0; 65_536], vec![0; 65_536]);
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let Ok(many @ 1..) = read else { return };
                let text = &asked[..many];
                let lost = if text.ends_with(COMMIT) { state.mood.swap(CARRY, Ordering::SeqCst) } else { CARRY };
                if lost != SWALLOW_COMMIT && server.write_all(text).await.is_err() {
                    return;
                }
                if lost != CARRY {
                    if lost == SWALLOW_ANSWER {
                        // Answered, and so done; the client hears nothing of it.
                        let _ = server.read(&mut answered).await;
                    }
                    state.swallowed.fetch_add(1, Ordering::SeqCst);
                    return;
                }
            }
            read = server.read(&mut answered) => {
                let Ok(many @ 1..) = read else { return };
                if client.write_all(&answered[..many]).await.is_err() {
                    return;
                }
            }
        }
    }
}
