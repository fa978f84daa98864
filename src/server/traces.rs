//! Spans on their way to a collector, by OTLP over HTTP: gathered, sent from a thread of their own, and lost rather than
//! waited for where the collector is slow or gone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use axum::body::Bytes;
use axum::http::{Request, Response};
use opentelemetry::trace::{SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{BatchSpanProcessor, SpanData, SpanProcessor as _};

use super::settings::Traces;
use crate::runtime::port::Entropy;
use crate::runtime::{Fact, Role, Span, Tracer};

const PATIENCE: Duration = Duration::from_secs(10);
/// The end of the process waits so long for what is still to be told.
const FLUSH: Duration = Duration::from_secs(5);
/// What a collector answers is a few bytes.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Why spans cannot go anywhere.
#[derive(Debug, thiserror::Error)]
#[error("traces cannot be sent to the `endpoint` of `[traces]`: {0}")]
pub struct TracesError(String);

/// Takes spans and sends them in batches. More than 2048 that wait are dropped.
#[derive(Debug)]
pub struct Exporter {
    processor: BatchSpanProcessor,
    scope: InstrumentationScope,
}

impl Exporter {
    /// Starts the thread that sends. To be called inside the tokio runtime that carries the requests.
    ///
    /// # Errors
    /// When the address is none, or no client can be made.
    pub fn start(settings: &Traces, entropy: &dyn Entropy) -> Result<Arc<Self>, TracesError> {
        let failed = |error: &dyn std::fmt::Display| TracesError(error.to_string());
        let http = reqwest::Client::builder().timeout(PATIENCE).redirect(reqwest::redirect::Policy::none()).no_proxy().build();
        let http = http.map_err(|error| failed(&error))?;
        let courier = Courier { http, runtime: tokio::runtime::Handle::current(), failing: AtomicBool::new(false) };
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(courier)
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(&settings.endpoint)
            .with_timeout(PATIENCE)
            .build()
            .map_err(|error| failed(&error))?;
        let mut processor = BatchSpanProcessor::builder(exporter).build();
        let told = [
            KeyValue::new("service.name", settings.service.clone()),
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
            KeyValue::new("service.instance.id", format!("{:016x}", entropy.next_u64())),
        ];
        processor.set_resource(&Resource::builder_empty().with_attributes(told).build());
        let scope = InstrumentationScope::builder("rejoinder").with_version(env!("CARGO_PKG_VERSION")).build();
        Ok(Arc::new(Self { processor, scope }))
    }

    /// Sends what waits, for a few seconds at most; nothing is taken any more.
    pub async fn finish(self: Arc<Self>) {
        let ended = tokio::task::spawn_blocking(move || self.processor.shutdown_with_timeout(FLUSH)).await;
        if !matches!(ended, Ok(Ok(()))) {
            tracing::warn!("the last traces were not delivered");
        }
    }
}

impl Tracer for Exporter {
    fn record(&self, span: Span) {
        let at = |us: i64| SystemTime::UNIX_EPOCH + Duration::from_micros(us.unsigned_abs());
        let context =
            SpanContext::new(TraceId::from(span.trace), SpanId::from(span.id), TraceFlags::SAMPLED, false, TraceState::default());
        self.processor.on_end(SpanData {
            span_context: context,
            parent_span_id: SpanId::from(span.parent),
            parent_span_is_remote: false,
            span_kind: match span.role {
                Role::Inside => SpanKind::Internal,
                Role::Server => SpanKind::Server,
                Role::Client => SpanKind::Client,
            },
            name: span.name.into(),
            start_time: at(span.begun_us),
            end_time: at(span.ended_us),
            attributes: span.facts.into_iter().map(|(name, fact)| attribute(name, fact)).collect(),
            dropped_attributes_count: 0,
            events: Default::default(),
            links: Default::default(),
            status: if span.failed { Status::error("") } else { Status::Unset },
            instrumentation_scope: self.scope.clone(),
        });
    }
}

fn attribute(name: &'static str, fact: Fact) -> KeyValue {
    let name = format!("rejoinder.{name}");
    match fact {
        Fact::Word(word) => KeyValue::new(name, word),
        Fact::Id(id) => KeyValue::new(name, id),
        Fact::Number(number) => KeyValue::new(name, number),
    }
}

/// Carries the exporter's requests; its thread belongs to no runtime, so that ours makes the calls.
#[derive(Debug)]
struct Courier {
    http: reqwest::Client,
    runtime: tokio::runtime::Handle,
    failing: AtomicBool,
}

#[async_trait]
impl HttpClient for Courier {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (parts, body) = request.into_parts();
        let call = self.http.request(parts.method, parts.uri.to_string()).headers(parts.headers).body(body);
        let answered = self.runtime.spawn(async move { answer(call).await }).await?;
        let why = match &answered {
            Ok(answer) if answer.status().is_success() => None,
            Ok(answer) => Some(format!("HTTP {}", answer.status().as_u16())),
            Err(error) => Some(error.to_string()),
        };
        // Once for each time that it begins, not for each batch.
        match (self.failing.swap(why.is_some(), Ordering::Relaxed), why) {
            (false, Some(why)) => {
                tracing::warn!("traces are lost: the collector at the `endpoint` of `[traces]` does not take them: {why}")
            }
            (true, None) => tracing::info!("the collector takes traces again"),
            _ => {}
        }
        Ok(answered?)
    }
}

async fn answer(call: reqwest::RequestBuilder) -> Result<Response<Bytes>, reqwest::Error> {
    let mut answer = call.send().await.map_err(reqwest::Error::without_url)?;
    let mut text = Vec::new();
    while let Some(piece) = answer.chunk().await.map_err(reqwest::Error::without_url)? {
        let room = ANSWER_BYTES_MAX.saturating_sub(text.len());
        text.extend_from_slice(piece.get(..room.min(piece.len())).unwrap_or_default());
        if room < piece.len() {
            break;
        }
    }
    let mut told = Response::new(Bytes::from(text));
    *told.status_mut() = answer.status();
    *told.headers_mut() = answer.headers().clone();
    Ok(told)
}
