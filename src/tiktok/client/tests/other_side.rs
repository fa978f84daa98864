//! A hand-written HTTP server that does to each request what the test says, and counts.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What happens to the next request (or, for `CloseUnread`, connection).
#[derive(Clone)]
pub enum Reaction {
    /// These bytes, and the connection stays open.
    Answer(Vec<u8>),
    /// These bytes, then the connection is closed without a word about it.
    AnswerAndClose(Vec<u8>),
    /// The whole request is read, then the connection ends.
    ReadAndClose,
    /// The head of the request is read, then the connection ends.
    HeadAndClose,
    /// The connection ends at once.
    CloseUnread,
    /// The request is read and never answered.
    Hang,
}

#[derive(Clone)]
pub struct Seen {
    /// `POST /path HTTP/1.1`
    pub line: String,
    pub head: Vec<String>,
    pub body: Vec<u8>,
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.iter().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

#[derive(Default)]
struct Log {
    reactions: Vec<Reaction>,
    seen: Vec<Seen>,
    connections: usize,
}

pub struct OtherSide {
    port: u16,
    log: Arc<Mutex<Log>>,
}

impl OtherSide {
    /// Listens; after the last reaction every further request is only counted and the connection closed.
    pub async fn new(mut reactions: Vec<Reaction>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        reactions.reverse();
        let log = Arc::new(Mutex::new(Log { reactions, ..Log::default() }));
        let shared = Arc::clone(&log);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                shared.lock().unwrap().connections += 1;
                tokio::spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        Self { port, log }
    }

    pub fn api(&self) -> String {
        format!("http://127.0.0.1:{}/open_api/v1.3", self.port)
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.log.lock().unwrap().seen.clone()
    }

    /// Requests whose head and body were read to the end.
    pub fn count(&self) -> usize {
        self.log.lock().unwrap().seen.len()
    }

    pub fn connections(&self) -> usize {
        self.log.lock().unwrap().connections
    }

    pub fn the_request(&self) -> Seen {
        let mut seen = self.seen();
        assert_eq!(seen.len(), 1);
        seen.remove(0)
    }
}

/// A 200 with this body.
pub fn answer(body: &[u8]) -> Vec<u8> {
    status("200 OK", body)
}

pub fn status(status: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

async fn serve(mut stream: TcpStream, log: Arc<Mutex<Log>>) {
    loop {
        let next = log.lock().unwrap().reactions.last().cloned();
        if matches!(next, Some(Reaction::CloseUnread)) {
            log.lock().unwrap().reactions.pop();
            return;
        }
        let mut bytes = Vec::new();
        let end = loop {
            if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
                return;
            }
        };
        let mut head = String::from_utf8(bytes[..end].to_vec()).unwrap().lines().map(str::to_owned).collect::<Vec<_>>();
        let line = head.remove(0);
        let mut seen = Seen { line, head, body: bytes.split_off(end) };
        if matches!(next, Some(Reaction::HeadAndClose)) {
            log.lock().unwrap().reactions.pop();
            return;
        }
        let length = seen.header("content-length").map_or(0, |length| length.parse().unwrap());
        while seen.body.len() < length {
            if stream.read_buf(&mut seen.body).await.unwrap_or(0) == 0 {
                return;
            }
        }
        let reaction = {
            let mut log = log.lock().unwrap();
            log.seen.push(seen);
            log.reactions.pop()
        };
        match reaction {
            Some(Reaction::Answer(bytes)) => stream.write_all(&bytes).await.unwrap(),
            Some(Reaction::AnswerAndClose(bytes)) => {
                stream.write_all(&bytes).await.unwrap();
                return;
            }
            Some(Reaction::Hang) => std::future::pending::<()>().await,
            _ => return,
        }
    }
}
