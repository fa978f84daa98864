//! What only a real connection can show: cuts, the whole way of a webhook, the end.

use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::super::{AccountOptions, Fault, FaultKind};
use super::*;

struct Live {
    sim: Simulator,
    base: String,
    stop: oneshot::Sender<()>,
    served: tokio::task::JoinHandle<std::io::Result<()>>,
}

async fn live() -> Live {
    let (_, mut options) = frozen();
    options.accounts = vec![AccountOptions { access_token: Some("act.known".into()), ..AccountOptions::default() }];
    let sim = Simulator::new(options);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let (stop, stopped) = oneshot::channel();
    let running = sim.clone();
    let served = tokio::spawn(async move {
        running
            .serve(listener, async {
                let _ = stopped.await;
            })
            .await
    });
    Live { sim, base, stop, served }
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().retry(reqwest::retry::never()).timeout(Duration::from_secs(5)).build().unwrap()
}

#[tokio::test]
async fn a_webhook_goes_over_the_wire_and_the_server_ends_cleanly() {
    let live = live().await;
    let (told, mut heard) = tokio::sync::mpsc::channel(4);
    let receiver = axum::Router::new().route(
        "/hook",
        axum::routing::post(async move |headers: HeaderMap, body: Bytes| {
            told.send((headers, body)).await.unwrap();
        }),
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/hook", listener.local_addr().unwrap());
    let receiving = tokio::spawn(async move { axum::serve(listener, receiver).await });
    let register = json!({
        "app_id": "7364323437050855441", "secret": "simulated-secret",
        "event_type": "DIRECT_MESSAGE", "callback_url": address,
    });
    let path = format!("{}/open_api/v1.3/business/webhook/update/", live.base);
    let answer: Value = client().post(path).json(&register).send().await.unwrap().json().await.unwrap();
    assert_eq!(answer["code"], 0);
    let customer = live.sim.add_customer(NewCustomer::default()).unwrap().handle;
    live.sim.write(Write { customer, text: Some("hi".into()), ..Write::default() }).unwrap();
    let (headers, body) = heard.recv().await.unwrap();
    let (t, _) = headers["tiktok-signature"].to_str().unwrap().split_once(',').unwrap();
    let seconds = t.strip_prefix("t=").unwrap().parse().unwrap();
    let expected = super::super::sign::header("simulated-secret", seconds, &body);
    assert_eq!(headers["tiktok-signature"], expected.as_str());
    assert_eq!(headers["content-type"], "application/json");
    live.stop.send(()).unwrap();
    live.served.await.unwrap().unwrap();
    receiving.abort();
}

#[tokio::test]
async fn connections_are_cut() {
    let live = live().await;
    let path = format!("{}/open_api/v1.3/business/get/?business_id=-000kRb5x_d9QwZ2mNfT7uLh1sVgYc3JpEa", live.base);
    let call = || client().get(&path).header("access-token", "act.known").send();
    assert_eq!(call().await.unwrap().status(), 200);
    live.sim.fault(Fault::of(FaultKind::Reset)).unwrap();
    let error = call().await.unwrap_err();
    assert!(error.is_request() && !error.is_timeout(), "{error:?}");
    live.sim.fault(Fault::of(FaultKind::Timeout)).unwrap();
    let call = tokio::spawn(call());
    while live.sim.calls(0).len() < 3 {
        tokio::task::yield_now().await;
    }
    live.stop.send(()).unwrap();
    assert!(call.await.unwrap().is_err(), "the end cuts whoever still waits");
    live.served.await.unwrap().unwrap();
}
