//! Another way to send: the whole runtime over a store in memory, with the terminal as the other side.
//! `cargo run --example custom_transport`

use std::sync::Arc;

use async_trait::async_trait;
use rejoinder::bot::Asset;
use rejoinder::calendar::Moment;
use rejoinder::channel::Outcome;
use rejoinder::check::{Assets, compile};
use rejoinder::engine::{Body, Courtesy, Inbound, Input, Listing};
use rejoinder::runtime::port::{
    CallFailure, CallsNobody, Clock as _, Delivery, Meaning, Permit, SendCall, Target, TellsNobody, Transport,
};
use rejoinder::runtime::{AppOptions, Options, Ports, Service};
use rejoinder::source::Sources;
use rejoinder::store::Memory;
use rejoinder::system::{SystemClock, SystemEntropy};
use tokio::sync::mpsc;

const FLOW: &str = r#"
bot "Kiosk" { languages en }

flow hello "Hello" {
    on message "hello"
    say "Hello! This line went another way." keep apart
    say "So did this one." keep apart
}
"#;

/// Hands each message to whoever listens.
struct Terminal(mpsc::UnboundedSender<String>);

#[async_trait]
impl Transport for Terminal {
    async fn send(&self, permit: Permit, call: SendCall) -> Outcome {
        let _ = self.0.send(format!("{:?}", call.outgoing.content));
        Outcome::Sent { message_id: format!("terminal-{}", permit.number()) }
    }
    async fn courtesy(&self, _: Permit, _: Target, _: Courtesy) -> Result<(), CallFailure> {
        Ok(())
    }
    async fn upload(&self, _: Permit, _: Target, asset: Arc<Asset>) -> Result<String, CallFailure> {
        Ok(asset.digest.clone())
    }
    async fn list(&self, _: Permit, _: Target) -> Result<Listing, CallFailure> {
        Ok(Listing::empty(SystemClock.now()))
    }
    async fn images_allowed(&self, _: Permit, _: Target) -> Result<bool, CallFailure> {
        Ok(true)
    }
    async fn renew(&self, _: Permit, _: &str, _: &str) -> Result<(), CallFailure> {
        Ok(())
    }
    fn skew_ms(&self) -> Option<i64> {
        Some(0)
    }
}

fn hello(at: Moment) -> Delivery {
    let message = Inbound::new("m1".into(), at, at, Body::Text { text: "hello".into() });
    let meaning =
        Meaning::Input { external: b"conversation-1".to_vec(), key: Some(b"m1".to_vec()), input: Input::Message(message) };
    Delivery { app: "app".into(), open_id: Some("shop".into()), received: at, raw: bytes::Bytes::new(), meaning }
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "the example sends to the terminal")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut sources = Sources::default();
    sources.add("kiosk.flow", FLOW);
    let (bot, findings) = compile(&sources, &Assets::new());
    let bot = bot.ok_or_else(|| format!("{findings:#?}"))?;
    let (sender, mut sent) = mpsc::unbounded_channel();
    let app = AppOptions {
        id: "app".into(),
        calls_per_second: 10.0,
        conversations_a_day: None,
        window_margin_ms: 300_000,
        accounts: vec!["shop".into()],
        closed: Vec::new(),
    };
    let ports = Ports {
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
        store: Arc::new(Memory::new()),
        transport: Arc::new(Terminal(sender)),
        fetcher: Arc::new(CallsNobody),
        herald: Arc::new(TellsNobody),
        compiler: None,
    };
    let (service, handle) = Service::start(Options::new(vec![app]), ports, Arc::new(bot)).await?;
    handle.deliver(hello(SystemClock.now())).await?;
    for _ in 0..2 {
        println!("{}", sent.recv().await.ok_or("the runtime has ended")?);
    }
    handle.shutdown().await;
    drop(service);
    Ok(())
}
