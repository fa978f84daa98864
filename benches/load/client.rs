//! The sending side: requests made before the measuring, connections that stay open, and what came back.
//!
//! Closed: each connection sends its next request when the last one is answered. Open: requests leave at moments drawn
//! before, whether or not others are answered; one that no connection was free for counts from its own moment.

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::LocalSet;
use tokio::time::{Instant, sleep_until};

use super::support::clock;

/// What came back of one run.
#[derive(Default)]
pub struct Seen {
    pub elapsed: Duration,
    /// Microseconds of each request that was answered 200, sorted.
    pub us: Vec<u64>,
    /// Answered 503.
    pub busy: usize,
    /// Answered otherwise, or not at all.
    pub errors: usize,
}

impl Seen {
    /// Requests answered 200 a second.
    pub fn rate(&self) -> f64 {
        self.us.len() as f64 / self.elapsed.as_secs_f64()
    }

    /// Milliseconds within which this share of the answers came.
    pub fn at(&self, share: f64) -> f64 {
        let last = self.us.len().saturating_sub(1);
        self.us.get((last as f64 * share) as usize).map_or(f64::NAN, |us| *us as f64 / 1_000.0)
    }

    /// As the lines that are printed show it.
    pub fn figures(&self) -> String {
        format!(
            "per_s={:.0} p50_ms={:.2} p90_ms={:.2} p99_ms={:.2} p999_ms={:.2} answered={} busy={} errors={}",
            self.rate(),
            self.at(0.5),
            self.at(0.9),
            self.at(0.99),
            self.at(0.999),
            self.us.len(),
            self.busy,
            self.errors
        )
    }
}

/// How requests are sent.
#[derive(Clone, Copy)]
pub enum Loop {
    /// Over so many connections, for so long.
    Closed(usize, Duration),
    /// So many a second over at most so many connections, for so long.
    Open(f64, usize, Duration),
}

/// A request over HTTP/1.1 with these header lines, each ended.
pub fn request(path: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n{headers}content-length: {length}\r\n\r\n{body}")
        .into_bytes()
}

/// Sends each request at most once, in their order, until they or the time come to an end. Where `again`, they begin
/// anew: for routes to which one request is as good as another.
pub fn send(to: SocketAddr, requests: &[Vec<u8>], again: bool, how: Loop) -> Seen {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (connections, lasts) = match how {
        Loop::Closed(connections, lasts) | Loop::Open(_, connections, lasts) => (connections, lasts),
    };
    // A moment of each request, from the beginning.
    let moments: Option<Vec<Duration>> = match how {
        Loop::Closed(..) => None,
        Loop::Open(per_second, ..) => Some(arrivals(per_second, lasts)),
    };
    let next = Rc::new(Cell::new(0_usize));
    let requests: Rc<Vec<Vec<u8>>> = Rc::new(requests.to_vec());
    let moments = Rc::new(moments);
    let local = LocalSet::new();
    let mut seen = local.block_on(&runtime, async move {
        let mut open = Vec::new();
        for _ in 0..connections {
            let stream = TcpStream::connect(to).await.expect("the other end listens");
            stream.set_nodelay(true).expect("a socket");
            open.push(stream);
        }
        let begun = clock();
        let running: Vec<_> = open
            .into_iter()
            .map(|stream| {
                let (next, requests, moments) = (Rc::clone(&next), Rc::clone(&requests), Rc::clone(&moments));
                tokio::task::spawn_local(connection(to, stream, next, requests, moments, again, begun, lasts))
            })
            .collect();
        let mut all = Seen::default();
        for one in running {
            let one = one.await.expect("a connection's task");
            all.us.extend(one.us);
            all.busy += one.busy;
            all.errors += one.errors;
        }
        all.elapsed = begun.elapsed();
        all
    });
    seen.us.sort_unstable();
    seen
}

/// Moments at random with this many a second, the same at each run.
pub fn arrivals(per_second: f64, lasts: Duration) -> Vec<Duration> {
    let (mut at, mut state, mut list) = (0.0_f64, 0x9e37_79b9_7f4a_7c15_u64, Vec::new());
    while at < lasts.as_secs_f64() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let unit = ((state >> 11) as f64 + 1.0) / (1_u64 << 53) as f64;
        at -= unit.ln() / per_second;
        list.push(Duration::from_secs_f64(at));
    }
    list
}

#[expect(clippy::too_many_arguments, reason = "what one connection needs, used once")]
async fn connection(
    to: SocketAddr,
    mut stream: TcpStream,
    next: Rc<Cell<usize>>,
    requests: Rc<Vec<Vec<u8>>>,
    moments: Rc<Option<Vec<Duration>>>,
    again: bool,
    begun: std::time::Instant,
    lasts: Duration,
) -> Seen {
    let mut seen = Seen::default();
    let mut buffer = vec![0_u8; 16_384];
    loop {
        let at = next.get();
        let request = if again { requests.get(at % requests.len()) } else { requests.get(at) };
        let Some(request) = request.filter(|_| begun.elapsed() < lasts) else { return seen };
        next.set(at + 1);
        let mut from = clock();
        if let Some(moments) = &*moments {
            let Some(moment) = moments.get(at) else { return seen };
            let due = begun + *moment;
            if due > from {
                // A timer that rings late is this side's own lateness.
                sleep_until(Instant::from_std(due)).await;
                from = clock();
            } else {
                from = due;
            }
        }
        match exchange(&mut stream, request, &mut buffer).await {
            Some(200) => seen.us.push(u64::try_from(from.elapsed().as_micros()).unwrap_or(u64::MAX)),
            Some(503) => seen.busy += 1,
            Some(_) => seen.errors += 1,
            None => {
                seen.errors += 1;
                let Ok(anew) = TcpStream::connect(to).await else { return seen };
                stream = anew;
            }
        }
    }
}

/// One request and its answer's status; `None` where the connection ended.
async fn exchange(stream: &mut TcpStream, request: &[u8], buffer: &mut [u8]) -> Option<u16> {
    stream.write_all(request).await.ok()?;
    let mut filled = 0;
    loop {
        let read = stream.read(buffer.get_mut(filled..)?).await.ok()?;
        if read == 0 {
            return None;
        }
        filled += read;
        let known = buffer.get(..filled)?;
        let Some(head) = known.windows(4).position(|bytes| bytes == b"\r\n\r\n") else { continue };
        let text = std::str::from_utf8(known.get(..head)?).ok()?;
        let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse::<usize>().ok());
        let whole = head + 4 + length.unwrap_or(0);
        if whole > buffer.len() {
            return None;
        }
        if filled >= whole {
            return text.get(9..12)?.parse().ok();
        }
    }
}

/// One request with its answer's status and body, on a connection of its own.
pub fn once(to: SocketAddr, request: &[u8]) -> Option<(u16, String)> {
    use std::io::{Read as _, Write as _};
    let mut stream = std::net::TcpStream::connect(to).ok()?;
    let text = String::from_utf8_lossy(request).replacen("host: localhost\r\n", "host: localhost\r\nconnection: close\r\n", 1);
    stream.write_all(text.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    Some((head.get(9..12)?.parse().ok()?, body.to_owned()))
}
