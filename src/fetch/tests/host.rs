//! A host that does to its callers whatever a test wants.

use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use secrecy::SecretString;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::bot::{Method, Value};
use crate::engine::{HeaderPiece, Request};
use crate::fetch::{Client, Names, Options};
use crate::runtime::port::{FetchCall, FetchEnd, Fetcher as _};

/// The only address that counts as public here; the network's others are this machine's own.
pub const PUBLIC: &str = "127.0.0.1";
pub const PRIVATE: &str = "127.0.0.2";
pub const SECRET: &str = "hunter2-hunter2";

/// What becomes of one connection.
#[derive(Clone)]
pub enum Act {
    /// Reads the request, writes this, closes.
    Say(Vec<u8>),
    /// The same, then this again and again for ever.
    Endless(Vec<u8>, Vec<u8>),
    /// Reads the request, writes this, and nothing more.
    Hang(Vec<u8>),
    /// One byte of this every 20 ms.
    Trickle(Vec<u8>),
    /// Reads the request, writes this, and cuts the connection.
    Reset(Vec<u8>),
    /// Cuts the connection at once.
    Slam,
}

/// A connection for each act; the last act is for all that follow.
pub struct Host {
    pub port: u16,
    seen: Arc<Mutex<Vec<String>>>,
}

/// An answer with a body.
pub fn answer(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Act {
    let body = body.as_ref();
    let length = body.len();
    let mut text = format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n").into_bytes();
    text.extend_from_slice(body);
    Act::Say(text)
}

pub fn json(body: &str) -> Act {
    answer("200 OK", "content-type: application/json\r\n", body)
}

pub fn redirect(status: u16, to: &str) -> Act {
    answer(&format!("{status} Elsewhere"), &format!("location: {to}\r\n"), "")
}

impl Host {
    pub async fn new(acts: impl Into<Vec<Act>>) -> Self {
        let acts: Vec<Act> = acts.into();
        let listener = TcpListener::bind((PUBLIC, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&seen);
        tokio::spawn(async move {
            for nth in 0.. {
                let Ok((stream, _)) = listener.accept().await else { return };
                let act = acts.get(nth).or(acts.last()).cloned().unwrap();
                tokio::spawn(perform(stream, act, Arc::clone(&kept)));
            }
        });
        Self { port, seen }
    }

    /// The requests as they came.
    pub fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://shop.test:{}{path}", self.port)
    }

    pub async fn fetch(&self, request: Request) -> FetchEnd {
        client(Options::default(), vec![vec![PUBLIC]]).fetch(self.call(request)).await
    }

    /// A call that the bot allows.
    pub fn call(&self, request: Request) -> FetchCall {
        let origins = vec![format!("http://shop.test:{}", self.port), format!("https://shop.test:{}", self.port)];
        call(request, origins)
    }
}

pub fn call(request: Request, origins: Vec<String>) -> FetchCall {
    let key = (request.method != Method::Get).then(|| "the-key".to_owned());
    FetchCall { request: Arc::new(request), key, origins, timeout: Duration::from_secs(20) }
}

async fn perform(mut stream: TcpStream, act: Act, seen: Arc<Mutex<Vec<String>>>) {
    if !matches!(act, Act::Slam) {
        let Some(request) = read(&mut stream).await else { return };
        seen.lock().unwrap().push(request);
    }
    // A caller who has gone is no trouble of the host's.
    let _ = write(stream, act).await;
}

async fn write(mut stream: TcpStream, act: Act) -> std::io::Result<()> {
    match act {
        Act::Say(text) => {
            stream.write_all(&text).await?;
            stream.shutdown().await
        }
        Act::Endless(text, again) => {
            stream.write_all(&text).await?;
            loop {
                stream.write_all(&again).await?;
            }
        }
        Act::Hang(text) => {
            stream.write_all(&text).await?;
            std::future::pending().await
        }
        Act::Trickle(text) => {
            for byte in text {
                stream.write_all(&[byte]).await?;
                #[expect(clippy::disallowed_methods, reason = "a real host on a real network")]
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Ok(())
        }
        Act::Reset(text) => {
            stream.write_all(&text).await?;
            stream.flush().await
        }
        Act::Slam => Ok(()),
    }
}

/// Head and body of a request; `None` where the caller has gone or speaks no HTTP.
async fn read(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return Some(text);
            }
        }
        let mut more = [0; 4_096];
        match stream.read(&mut more).await.ok()? {
            0 => return None,
            count => bytes.extend_from_slice(&more[..count]),
        }
    }
}

/// Every name has the addresses of this turn; the last turn stays.
pub struct Turns(Mutex<(Vec<Vec<IpAddr>>, usize)>);

#[async_trait]
impl Names for Turns {
    async fn addresses(&self, _: &str) -> std::io::Result<Vec<IpAddr>> {
        let mut turns = self.0.lock().unwrap();
        let found = turns.0.get(turns.1).or(turns.0.last()).cloned().unwrap_or_default();
        turns.1 += 1;
        if found.is_empty() {
            return Err(std::io::Error::other("no such name"));
        }
        Ok(found)
    }
}

impl Turns {
    pub fn new(turns: Vec<Vec<&str>>) -> Self {
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        let turns = turns.into_iter().map(|turn| turn.into_iter().map(address).collect()).collect();
        Self(Mutex::new((turns, 0)))
    }
}

pub fn is_public(found: IpAddr) -> bool {
    found.to_string() == PUBLIC
}

/// A client whose names have these addresses, turn by turn.
pub fn client(options: Options, turns: Vec<Vec<&str>>) -> Client {
    let secrets = |name: &str| match name {
        "SHOP_KEY" => Some(SecretString::from(SECRET)),
        "BROKEN" => Some(SecretString::from(format!("{SECRET}\r\nX-More: 1"))),
        _ => None,
    };
    Client::with(&options, Arc::new(secrets), Arc::new(Turns::new(turns)), is_public).unwrap()
}

pub fn get(url: String) -> Request {
    Request {
        call: 1,
        method: Method::Get,
        url,
        headers: Vec::new(),
        json: None,
        timeout_ms: 1_000,
        retry: 0,
        until: crate::calendar::Moment::default(),
        gives: None,
    }
}

pub fn post(url: String, fields: &[(&str, Value)]) -> Request {
    let json = fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    Request { method: Method::Post, json: Some(Value::Map(json)), ..get(url) }
}

/// With one more header.
pub fn with(mut request: Request, name: &str, pieces: &[HeaderPiece]) -> Request {
    request.headers.push((name.to_owned(), pieces.to_vec()));
    request
}

pub fn said(text: &str) -> HeaderPiece {
    HeaderPiece::Text(text.to_owned())
}

pub fn secret(name: &str) -> HeaderPiece {
    HeaderPiece::Secret(name.to_owned())
}

pub fn text(said: &str) -> Value {
    Value::Text(said.to_owned())
}

/// The reason of a refusal.
pub fn refusal(end: FetchEnd) -> String {
    match end {
        FetchEnd::Refused { reason } => reason,
        other => panic!("{other:?}"),
    }
}
