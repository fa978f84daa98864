//! In: calls under `/open_api/v1.3/`. Out: TikTok's answers, with HTTP 200 for every API error.
//! Does not know: who calls.
//! The order of checks: token, fields, the token's account, pace, conversation, window and count, media.

mod accounts;
mod answer;
mod ask;
mod authorise;
mod automatic;
mod hooks;
mod lists;
mod media;
mod send;

use axum::Router;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Path, Request, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, get};

use crate::calendar::Moment;

use super::Simulator;
use super::cut::Cut;
use super::fault::{Fault, FaultKind, Site};
use super::judge::Breach;
use super::world::{Call, DeliveryState, World};

use answer::{Answer, ApiError, ask_wrong};
use ask::Ask;

pub(super) use accounts::REFRESH_LIFE_MS;
pub(super) use authorise::CODE_LIFE_MS;
pub(super) use media::{MEDIA_LIFE_MS, file};

const BASE: &str = "/open_api/v1.3";
/// Bodies above this are refused by HTTP, before anything is understood.
const BODY_MAX: usize = 8 * 1024 * 1024;
const NOT_FOUND: &str = "404 page not found";
/// An answer waits no longer than this for its echo.
const ECHO_WAIT_MS: i64 = 3_000;

pub(super) fn router() -> Router<Simulator> {
    Router::new()
        .route("/open_api/v1.3/{*rest}", any(call))
        .route("/v2/auth/authorize", get(authorise::page))
        .route("/v2/auth/authorize/", get(authorise::page))
        .route("/sim/v1/media/{id}", get(download))
        .layer(DefaultBodyLimit::disable())
}

/// One call in progress.
struct Cx<'a> {
    world: &'a mut World,
    now: Moment,
    call: u64,
    too_fast: bool,
    /// A fault lets the call be judged but not done.
    dry: bool,
    /// When an echo by default is due.
    echo_due: Moment,
    echo_first: bool,
    /// The delivery to be tried before the answer leaves.
    wait_for: Option<u64>,
    token_life_ms: i64,
}

type Endpoint = fn(&mut Cx<'_>, &Ask) -> Answer;

fn endpoint(method: &Method, path: &str) -> Option<Endpoint> {
    let found: Endpoint = match (method.as_str(), path) {
        ("POST", "/business/message/send/") => send::send,
        ("POST", "/business/message/media/upload/") => media::upload,
        ("POST", "/business/message/media/download/") => media::download,
        ("GET", "/business/message/conversation/list/") => lists::conversations,
        ("GET", "/business/message/content/list/") => lists::contents,
        ("GET", "/business/message/capabilities/get/") => lists::capabilities,
        ("POST", "/business/message/auto_message/create/") => automatic::create,
        ("POST", "/business/message/auto_message/update/") => automatic::update,
        ("POST", "/business/message/auto_message/status/update/") => automatic::status,
        ("POST", "/business/message/auto_message/delete/") => automatic::delete,
        ("POST", "/business/message/auto_message/sort/") => automatic::sort,
        ("GET" | "POST", "/business/message/auto_message/get/") => automatic::get,
        ("POST", "/business/message/direct_reply/update/") => automatic::direct_reply_update,
        ("GET", "/business/message/direct_reply/get/") => automatic::direct_reply_get,
        ("POST", "/business/webhook/update/") => hooks::update,
        ("GET", "/business/webhook/list/") => hooks::list,
        ("POST", "/business/webhook/delete/") => hooks::delete,
        ("POST", "/tt_user/oauth2/token/") => accounts::token,
        ("POST", "/tt_user/oauth2/refresh_token/") => accounts::refresh,
        ("POST", "/tt_user/oauth2/revoke/") => accounts::revoke,
        ("POST", "/tt_user/token_info/get/") => accounts::token_info,
        ("GET", "/business/get/") => accounts::profile,
        _ => return None,
    };
    Some(found)
}

async fn call(State(simulator): State<Simulator>, request: Request) -> Response {
    let knife = request.extensions().get::<ConnectInfo<Cut>>().map(|info| info.0.clone());
    let path = request.uri().path().to_owned();
    let path = path.strip_prefix(BASE).unwrap_or_default();
    let method = request.method().clone();
    let Some(endpoint) = endpoint(&method, path) else {
        let (n, _) = arrive(&simulator, &method, path, false);
        simulator.with(|world, _| ended(world, n, Some(404), None));
        return (StatusCode::NOT_FOUND, NOT_FOUND).into_response();
    };
    let (n, too_fast) = arrive(&simulator, &method, path, true);
    let ask = match ask::read(request, BODY_MAX).await {
        Ok(ask) => ask,
        Err(status) => {
            simulator.with(|world, _| ended(world, n, Some(status.as_u16()), None));
            return status.into_response();
        }
    };
    let (fault, outcome, wait_for) = simulator.with(|world, now| {
        let fault = world.faults.take(Site::Call, path);
        let done = fault.as_ref().is_none_or(|fault| does_its_work(world, fault));
        let (echo_first, echo_due) = simulator.shared.options.echo_due(now);
        let token_life_ms = simulator.shared.options.token_life_ms;
        let mut cx = Cx { world, now, call: n, too_fast, dry: !done, echo_due, echo_first, wait_for: None, token_life_ms };
        let outcome = ask_wrong(&ask).and_then(|()| endpoint(&mut cx, &ask));
        let wait_for = cx.wait_for;
        if let Some(record) = world.calls.get_mut(n) {
            record.fault = fault.as_ref().map(|fault| fault.kind);
        }
        (fault, outcome, wait_for)
    });
    if let Some(delivery) = wait_for {
        until_tried(&simulator, delivery).await;
    }
    match fault {
        None => plain(&simulator, n, outcome),
        Some(fault) => struck(&simulator, n, outcome, fault, knife).await,
    }
}

/// Notes a call: its number, and whether the app calls too often.
fn arrive(simulator: &Simulator, method: &Method, path: &str, counts: bool) -> (u64, bool) {
    let monotonic = simulator.shared.options.clock.monotonic();
    let allowed = simulator.shared.options.calls_per_second;
    simulator.with(|world, now| {
        let in_second = if counts { world.pace.arrive(monotonic) } else { 0 };
        let n = world.calls.push(|n| Call {
            n,
            at: now,
            method: method.as_str().chars().take(16).collect(),
            path: path.chars().take(120).collect(),
            status: None,
            code: None,
            message: None,
            what: None,
            conversation: None,
            message_id: None,
            fault: None,
            in_second,
        });
        let too_fast = in_second > allowed;
        if too_fast {
            let why = format!("{in_second} calls of the app within one second, {allowed} are allowed");
            world.violate(now, Breach::Rate, why, None, n);
        }
        (n, too_fast)
    })
}

fn does_its_work(world: &mut World, fault: &Fault) -> bool {
    match fault.kind {
        FaultKind::Slow => true,
        FaultKind::Code => fault.stored.unwrap_or(false),
        _ => fault.stored.unwrap_or_else(|| world.rng.coin()),
    }
}

fn ended(world: &mut World, n: u64, status: Option<u16>, code: Option<(i64, &str)>) {
    let mut at = None;
    if let Some(record) = world.calls.get_mut(n) {
        record.status = status;
        record.code = code.map(|(code, _)| code);
        record.message = code.map(|(_, message)| message.to_owned());
        at = Some(record.at);
    }
    if let Some(at) = at {
        world.note(at, "call", None);
    }
}

fn plain(simulator: &Simulator, n: u64, outcome: Answer) -> Response {
    simulator.with(|world, now| {
        let code = outcome.as_ref().err().map_or((0, "OK"), |error| (error.code, error.message.as_str()));
        ended(world, n, Some(200), Some(code));
        answer::response(world, now, &outcome)
    })
}

/// Until the delivery was tried once, it will not be tried, or three seconds are over.
async fn until_tried(simulator: &Simulator, delivery: u64) {
    let mut changed = simulator.shared.changed.subscribe();
    let clock = &simulator.shared.options.clock;
    let tried = async {
        while simulator.with(|world, _| {
            let record = world.deliveries.get(delivery);
            record.is_some_and(|record| record.tries.is_empty() && record.state == DeliveryState::Waiting)
        }) {
            if changed.changed().await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = tried => {}
        () = clock.sleep_until(clock.now().plus_ms(ECHO_WAIT_MS)) => {}
        () = closing(simulator) => {}
    }
}

async fn closing(simulator: &Simulator) {
    let _ = simulator.shared.closing.subscribe().wait_for(|closing| *closing).await;
}

async fn struck(simulator: &Simulator, n: u64, outcome: Answer, fault: Fault, knife: Option<Cut>) -> Response {
    let clock = &simulator.shared.options.clock;
    let wait = async |ms: i64| {
        tokio::select! {
            () = clock.sleep_until(clock.now().plus_ms(ms)) => {}
            () = closing(simulator) => {}
        }
    };
    match fault.kind {
        FaultKind::Code => {
            let code = fault.code.unwrap_or(40100);
            let message = fault.message.unwrap_or_else(|| answer::text_of(code).to_owned());
            plain(simulator, n, Err(ApiError { code, message }))
        }
        FaultKind::Http => {
            let status = fault.status.and_then(|status| StatusCode::from_u16(status).ok()).unwrap_or(StatusCode::BAD_GATEWAY);
            simulator.with(|world, _| ended(world, n, Some(status.as_u16()), None));
            (status, [(header::CONTENT_TYPE, "text/html")], format!("<html><h1>{status}</h1></html>")).into_response()
        }
        FaultKind::Slow => {
            wait(fault.ms.unwrap_or(2_000)).await;
            plain(simulator, n, outcome)
        }
        FaultKind::HalfJson => simulator.with(|world, now| {
            ended(world, n, Some(200), None);
            answer::half(world, now, &outcome)
        }),
        FaultKind::Timeout => {
            simulator.with(|world, _| ended(world, n, None, None));
            wait(fault.ms.unwrap_or(60_000)).await;
            broken_off(knife)
        }
        _ => {
            simulator.with(|world, _| ended(world, n, None, None));
            broken_off(knife)
        }
    }
}

/// Cuts the connection; where it cannot be reached (the router is served by somebody else), the body breaks off at once.
fn broken_off(knife: Option<Cut>) -> Response {
    if let Some(knife) = knife {
        knife.cut();
    }
    let error = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
    let body = futures_util::stream::once(std::future::ready(Err::<bytes::Bytes, _>(error)));
    Response::new(axum::body::Body::from_stream(body))
}

/// The address that media/download gives: needs the header `x-user: <access token>`.
async fn download(State(simulator): State<Simulator>, Path(id): Path<String>, request: Request) -> Response {
    let user = request.headers().get("x-user").and_then(|value| value.to_str().ok()).map(str::to_owned);
    simulator.with(|world, now| media::fetch(world, now, &id, user.as_deref()))
}
