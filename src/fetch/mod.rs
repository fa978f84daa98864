//! In: one try of a call or of an event, as the runtime hands it out. Out: one HTTP request to an allowed host at a public
//! address, and its answer as a value.
//! Does not know: conversations, further tries, or which flow asked and what for.

mod address;
mod answer;
pub mod herald;
mod names;
mod request;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::header::{CONTENT_TYPE, LOCATION, RETRY_AFTER};
use reqwest::{Response, StatusCode, Url};
use secrecy::{ExposeSecret as _, SecretString};

use self::names::{Blocked, Checked};
pub use self::names::{Names, SystemNames};
use self::request::Outgoing;
use crate::runtime::port::{FetchCall, FetchEnd, Fetcher};
use crate::text;

/// Longer than any handshake that is worth waiting for.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// Below the keep-alive of most hosts, so that a connection is seldom found closed.
const POOL_IDLE_MAX: Duration = Duration::from_secs(10);
const RETRY_AFTER_EVENTS_MAX: Duration = Duration::from_secs(3_600);
const REDIRECTS_MAX: u32 = 5;
const HEADERS_MAX: usize = 100;
/// Nobody is waited for longer at his own wish.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(60);
/// UTF-16 units of a reason.
const REASON_MAX: usize = 200;

/// What the settings say of calls.
#[derive(Clone, Debug)]
pub struct Options {
    /// Hosts that may stand at addresses of this machine and of private networks, written as in an address: `localhost`,
    /// `10.0.0.5`, `[::1]`.
    pub open: Vec<String>,
    /// Bytes of an answer, unpacked.
    pub answer_bytes_max: usize,
    /// All calls go through it; it resolves the names, so that only addresses that are written out can be refused here. A name
    /// and a password may stand in it.
    pub proxy: Option<SecretString>,
}

impl Default for Options {
    fn default() -> Self {
        Self { open: Vec::new(), answer_bytes_max: 262_144, proxy: None }
    }
}

/// The value of a secret by its name; `None` where it is not set.
pub type Secrets = Arc<dyn Fn(&str) -> Option<SecretString> + Send + Sync>;

/// Why no client can be made.
#[derive(Debug, thiserror::Error)]
pub enum OptionsError {
    #[error("`proxy` is no address of a proxy, as `http://proxy.example:3128` is")]
    Proxy,
    #[error("no HTTP client can be made")]
    Client(#[source] reqwest::Error),
}

/// Which addresses of the network may be called.
#[derive(Clone, Debug)]
struct Policy {
    open: Arc<[String]>,
    is_public: fn(IpAddr) -> bool,
}

impl Policy {
    fn is_open(&self, host: &str) -> bool {
        self.open.iter().any(|open| open.eq_ignore_ascii_case(host))
    }

    fn allows(&self, host: &str, address: IpAddr) -> bool {
        self.is_open(host) || (self.is_public)(address)
    }
}

/// The way out of the house: one for all that leaves it.
struct Door {
    http: reqwest::Client,
    policy: Policy,
}

/// Calls the business's systems over HTTP/1.1.
pub struct Client {
    door: Door,
    secrets: Secrets,
    answer_bytes_max: usize,
}

impl Client {
    /// A client that asks the operating system for addresses.
    ///
    /// # Errors
    /// When the proxy's address is none, or TLS cannot be set up.
    pub fn new(options: &Options, secrets: Secrets) -> Result<Self, OptionsError> {
        Self::with(options, secrets, Arc::new(SystemNames), address::is_public)
    }

    fn with(
        options: &Options,
        secrets: Secrets,
        names: Arc<dyn Names>,
        is_public: fn(IpAddr) -> bool,
    ) -> Result<Self, OptionsError> {
        let door = Door::with(options, names, is_public)?;
        Ok(Self { door, secrets, answer_bytes_max: options.answer_bytes_max })
    }

    async fn exchange(&self, call: &FetchCall) -> Result<FetchEnd, FetchEnd> {
        let secret = |name: &str| (self.secrets)(name);
        let mut outgoing = Outgoing::new(call, &secret)?;
        for _ in 0..=REDIRECTS_MAX {
            self.door.check(&outgoing.url)?;
            let answer = self.door.http.execute(outgoing.build()).await.map_err(broken)?;
            match redirect(&answer, &outgoing.url)? {
                Some(to) => outgoing.follow(answer.status(), to),
                None => return self.read(answer, call, &outgoing).await,
            }
        }
        Err(refused(format!("it redirects more than {REDIRECTS_MAX} times")))
    }

    async fn read(&self, mut answer: Response, call: &FetchCall, outgoing: &Outgoing) -> Result<FetchEnd, FetchEnd> {
        let status = answer.status().as_u16();
        let header = |name| answer.headers().get(name).and_then(|value| value.to_str().ok());
        let retry_after = header(RETRY_AFTER).and_then(|seconds| seconds.trim().parse().ok()).map(Duration::from_secs);
        let retry_after = retry_after.map(|pause| pause.min(RETRY_AFTER_MAX));
        if !answer.status().is_success() {
            return Ok(FetchEnd::Answered { status, body: None, retry_after });
        }
        let kind = header(CONTENT_TYPE).map(str::to_owned);
        let most = self.answer_bytes_max;
        let mut bytes = Vec::new();
        // Counted unpacked: what is small on the way may be endless.
        while let Some(chunk) = answer.chunk().await.map_err(broken)? {
            if bytes.len().saturating_add(chunk.len()) > most {
                return Err(refused(format!("its answer has more than {most} bytes")));
            }
            bytes.extend_from_slice(&chunk);
        }
        let body = answer::value(kind.as_deref(), &bytes, call.request.gives.as_deref()).map_err(refused)?;
        let body = body.map(|body| outgoing.without_secrets(body));
        Ok(FetchEnd::Answered { status, body, retry_after })
    }
}

impl Door {
    fn new(options: &Options) -> Result<Self, OptionsError> {
        Self::with(options, Arc::new(SystemNames), address::is_public)
    }

    fn with(options: &Options, names: Arc<dyn Names>, is_public: fn(IpAddr) -> bool) -> Result<Self, OptionsError> {
        let proxy = options.proxy.as_ref().map(|address| proxy(address.expose_secret())).transpose()?;
        let gate = proxy.as_ref().map(|(host, _)| host.clone());
        let policy = Policy { open: options.open.iter().cloned().collect(), is_public };
        // The proxy's own name may well lead into the house.
        let named = Policy { open: options.open.iter().cloned().chain(gate).collect(), is_public };
        // Requests are repeated by the runtime alone, which knows whether that does harm; redirects are followed below.
        let builder = reqwest::Client::builder()
            .http1_only()
            .http1_max_headers(HEADERS_MAX)
            .retry(reqwest::retry::never())
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .tcp_nodelay(true)
            .connect_timeout(CONNECT_MAX)
            .pool_idle_timeout(POOL_IDLE_MAX)
            .dns_resolver(Arc::new(Checked { names, policy: named }))
            .user_agent(concat!("rejoinder/", env!("CARGO_PKG_VERSION")))
            // None that only the environment names.
            .no_proxy();
        let builder = match proxy {
            Some((_, proxy)) => builder.proxy(proxy),
            None => builder,
        };
        let http = builder.build().map_err(OptionsError::Client)?;
        Ok(Self { http, policy })
    }

    /// An address that is written out is never asked for by name.
    fn check(&self, url: &Url) -> Result<(), FetchEnd> {
        let host = url.host_str().unwrap_or_default();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        match bare.parse::<IpAddr>() {
            Ok(address) if !self.policy.allows(host, address) => Err(refused(Blocked.to_string())),
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl Fetcher for Client {
    async fn fetch(&self, call: FetchCall) -> FetchEnd {
        match tokio::time::timeout(call.timeout, self.exchange(&call)).await {
            Ok(Ok(end) | Err(end)) => end,
            Err(_) => FetchEnd::TimedOut,
        }
    }
}

/// Where a redirect leads; it must stay on the origin.
fn redirect(answer: &Response, from: &Url) -> Result<Option<Url>, FetchEnd> {
    let follows = matches!(
        answer.status(),
        StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::SEE_OTHER
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT
    );
    let Some(location) = answer.headers().get(LOCATION).filter(|_| follows) else { return Ok(None) };
    let to = location.to_str().ok().and_then(|location| from.join(location).ok());
    let to = to.ok_or_else(|| refused("it redirects to no address".to_owned()))?;
    if to.origin() != from.origin() || !to.username().is_empty() || to.password().is_some() {
        return Err(refused("it redirects to another origin".to_owned()));
    }
    Ok(Some(to))
}

fn proxy(address: &str) -> Result<(String, reqwest::Proxy), OptionsError> {
    let url = Url::parse(address).map_err(|_| OptionsError::Proxy)?;
    let host = url.host_str().filter(|_| matches!(url.scheme(), "http" | "https")).ok_or(OptionsError::Proxy)?.to_owned();
    let proxy = reqwest::Proxy::all(url).map_err(|_| OptionsError::Proxy)?;
    Ok((host, proxy))
}

fn refused(reason: String) -> FetchEnd {
    FetchEnd::Refused { reason: text::shorten_units(&reason, REASON_MAX) }
}

/// Why there is no answer. Nothing of the address is in it: that may hold a text of the customer's.
fn broken(error: reqwest::Error) -> FetchEnd {
    let error = error.without_url();
    let mut causes = Vec::new();
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(inner) = cause {
        if inner.is::<Blocked>() {
            return refused(Blocked.to_string());
        }
        causes.push(inner.to_string());
        cause = inner.source();
    }
    let reason = text::shorten_units(&causes.join(": "), REASON_MAX);
    if error.is_builder() {
        FetchEnd::Refused { reason }
    } else if error.is_connect() {
        FetchEnd::NotSent { reason }
    } else if error.is_timeout() {
        FetchEnd::TimedOut
    } else {
        FetchEnd::Broken { reason }
    }
}
