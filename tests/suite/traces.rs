//! Traces as a collector receives them: one from webhook to send for each input, and no word of anybody's.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;

use crate::e2e::FLOW;
use crate::harness::{BUSINESS, SECRET, TOKEN, World, shell};

const FIRST: [&str; 2] = ["Let me see.", "What is your order number?"];
/// All that may be told of a span.
const TOLD: [&str; 11] =
    ["account", "app", "batch", "code", "conversation", "input", "kept", "outcome", "reason", "reply", "reply_end"];

/// A collector: what was brought to it, byte for byte.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<Bytes>>>);

impl Collector {
    /// Its address.
    async fn listen(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let router = Router::new().route("/v1/traces", post(Self::take)).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        format!("http://{address}/v1/traces")
    }

    async fn take(State(collector): State<Self>, headers: HeaderMap, body: Bytes) -> StatusCode {
        assert_eq!(headers["content-type"], "application/x-protobuf");
        collector.0.lock().expect("nobody panics with it").push(body);
        StatusCode::OK
    }

    fn bytes(&self) -> Vec<u8> {
        self.0.lock().expect("nobody panics with it").concat()
    }

    fn spans(&self) -> Vec<Span> {
        let bodies = self.0.lock().expect("nobody panics with it").clone();
        let requests = bodies.into_iter().map(|body| ExportTraceServiceRequest::decode(body).expect("what OTLP says"));
        let resources = requests.flat_map(|request| request.resource_spans);
        resources.flat_map(|resource| resource.scope_spans).flat_map(|scope| scope.spans).collect()
    }

    /// The traces that begin with a webhook, each with its spans' names in order of their beginning.
    fn webhooks(&self) -> BTreeMap<Vec<u8>, Vec<Span>> {
        let mut traces: BTreeMap<Vec<u8>, Vec<Span>> = BTreeMap::new();
        for span in self.spans() {
            traces.entry(span.trace_id.clone()).or_default().push(span);
        }
        traces.retain(|_, spans| spans.iter().any(|span| span.name == "webhook"));
        for spans in traces.values_mut() {
            spans.sort_by_key(|span| span.start_time_unix_nano);
        }
        traces
    }
}

/// What is told of a span, by name.
fn told(span: &Span) -> BTreeMap<String, String> {
    let text = |value: &Value| match value {
        Value::StringValue(text) => text.clone(),
        Value::IntValue(number) => number.to_string(),
        other => panic!("neither a word nor a number: {other:?}"),
    };
    let value = |attribute: &opentelemetry_proto::tonic::common::v1::KeyValue| {
        let value = attribute.value.as_ref().and_then(|value| value.value.as_ref()).expect("a value");
        (attribute.key.trim_start_matches("rejoinder.").to_owned(), text(value))
    };
    span.attributes.iter().map(value).collect()
}

async fn traced(settings: &str) -> (World, Collector) {
    let collector = Collector::default();
    let world = World::without_server(FLOW).await;
    let file = world.folder.path().join("rejoinder.toml");
    let mut text = std::fs::read_to_string(&file).expect("written by the harness");
    text.push_str(&format!("\n[traces]\nendpoint = \"{}\"\n{settings}", collector.listen().await));
    std::fs::write(&file, text).expect("a file");
    (world, collector)
}

/// A customer who is answered by a server that then ends in good order.
async fn answered(world: &mut World, name: &str, text: &str) -> String {
    world.serve(&[]);
    let customer = world.customer(name).await;
    world.write(&customer, text).await;
    world.hears(&customer, &FIRST).await;
    assert_eq!(world.server.as_mut().expect("it runs").terminate(), Some(0));
    customer
}

#[tokio::test(flavor = "multi_thread")]
async fn one_trace_leads_from_the_webhook_to_each_send_and_tells_no_text() {
    let (mut world, collector) = traced("service = \"shop\"\n").await;
    answered(&mut world, "Mona Zaki", "where is my order, sweetheart?").await;

    let traces = collector.webhooks();
    let whole: Vec<&Vec<Span>> = traces.values().filter(|spans| spans.iter().any(|span| span.name == "send")).collect();
    assert_eq!(whole.len(), 1, "{traces:#?}");
    let spans = whole[0];
    let named = |name: &str| spans.iter().filter(|span| span.name == name).collect::<Vec<_>>();
    let root = named("webhook")[0];
    assert!(root.parent_span_id.is_empty() && told(root)["outcome"] == "done", "{root:?}");
    let ids: BTreeSet<&[u8]> = spans.iter().map(|span| span.span_id.as_slice()).collect();
    assert!(spans.iter().all(|span| span.name == "webhook" || ids.contains(span.parent_span_id.as_slice())), "{spans:#?}");
    let sprint = named("sprint").into_iter().find(|span| told(span)["input"] == "message").expect("the input's sprint");
    assert_eq!(sprint.parent_span_id, root.span_id);
    assert!(named("store").iter().any(|span| span.parent_span_id == sprint.span_id && told(span)["outcome"] == "committed"));
    for (waited, sent) in named("outbox").iter().zip(named("send")) {
        assert_eq!((waited.parent_span_id.as_slice(), told(waited)["outcome"].as_str()), (sprint.span_id.as_slice(), "marked"));
        assert_eq!((told(sent)["outcome"].as_str(), told(sent)["account"].as_str()), ("sent", BUSINESS));
        assert_eq!(told(sent)["conversation"], told(root)["conversation"]);
        assert!(waited.start_time_unix_nano <= sent.start_time_unix_nano && sent.start_time_unix_nano <= sent.end_time_unix_nano);
    }
    assert_eq!((named("outbox").len(), named("send").len()), (2, 2));

    let all = String::from_utf8_lossy(&collector.bytes()).into_owned();
    assert!(all.contains("service.name") && all.contains("shop"));
    for text in ["my order", "sweetheart", "Mona", "Zaki", "Let me", "order number", SECRET, TOKEN, "rft.test"] {
        assert!(!all.contains(text), "{text} was told");
    }
    let names: BTreeSet<String> = collector.spans().iter().flat_map(|span| told(span).into_keys()).collect();
    assert!(names.iter().all(|name| TOLD.contains(&name.as_str())), "{names:?}");
}

/// The reply waits over a restart; whoever sends it goes on in the trace of the message that it answers.
#[tokio::test(flavor = "multi_thread")]
async fn a_trace_goes_on_in_the_process_that_sends() {
    let (mut world, collector) = traced("").await;
    world.serve(&[]);
    assert_eq!(shell("rejoinder pause", world.folder.path()).code, Some(0));
    let mona = world.customer("Mona").await;
    world.write(&mona, "my order?").await;
    while !shell("rejoinder outbox", world.folder.path()).out.starts_with("2 replies wait") {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(world.server.as_mut().expect("it runs").terminate(), Some(0));
    let before = collector.webhooks();
    assert!(
        before.values().flatten().any(|span| span.name == "sprint") && before.values().flatten().all(|span| span.name != "send")
    );

    world.serve(&[]);
    assert_eq!(shell("rejoinder resume", world.folder.path()).code, Some(0));
    world.hears(&mona, &FIRST).await;
    assert_eq!(world.server.as_mut().expect("it runs").terminate(), Some(0));
    let sent: Vec<Span> = collector.spans().into_iter().filter(|span| span.name == "send").collect();
    assert_eq!(sent.len(), 2);
    assert!(sent.iter().all(|span| before.contains_key(&span.trace_id)), "{sent:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_told_outside_the_sample_and_a_dead_collector_holds_up_nobody() {
    let (mut world, collector) = traced("sample = 0.0\n").await;
    let mona = answered(&mut world, "Mona", "my order?").await;
    assert!(collector.bytes().is_empty());

    let file = world.folder.path().join("rejoinder.toml");
    let text = std::fs::read_to_string(&file).expect("written above");
    let end = text.find("[traces]").expect("written above");
    std::fs::write(&file, format!("{}[traces]\nendpoint = \"http://127.0.0.1:1/v1/traces\"\n", &text[..end])).expect("a file");
    world.serve(&[]);
    world.write(&mona, "1234567").await;
    world.hears(&mona, &["Let me see.", "What is your order number?", "Order 1234567 has left us."]).await;
    let server = world.server.as_mut().expect("it runs");
    assert_eq!(server.terminate(), Some(0));
    assert_eq!(server.said().matches("traces are lost").count(), 1, "{}", server.said());
    world.no_violations().await;
}
