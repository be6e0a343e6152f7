//! What operators see: numbers, health, and what a look at them costs.

use std::io::Write;
use std::net::TcpStream;
use std::time::Instant;

use actix_web::App;
use actix_web::test::{TestRequest, call_and_read_body, call_service, init_service};
use dondo::config::{OnlineUsers, Settings};
use dondo::{Dondo, Lifecycle};
use futures_util::StreamExt;
use serde_json::{Value, json};

use crate::support::{Client, Hub, LongPoll, PATIENCE, faults, http};

const POLL: &str = "/socket.io/?EIO=4&transport=polling";

#[actix_web::test]
async fn a_scrape_counts_the_sessions() {
    let dondo = Dondo::builder().build().unwrap();
    let app = init_service(
        App::new()
            .configure(dondo.configure_observation())
            .configure(dondo.configure()),
    )
    .await;
    // The first session starts the courier of this thread.
    let open = || TestRequest::get().uri(POLL).to_request();
    assert_eq!(call_service(&app, open()).await.status(), 200);
    for sessions in [0, 100] {
        for _ in 0..sessions {
            assert_eq!(call_service(&app, open()).await.status(), 200);
        }
        let scrape = TestRequest::get().uri("/metrics").to_request();
        let text = String::from_utf8(call_and_read_body(&app, scrape).await.to_vec()).unwrap();
        let polling = format!(
            "dondo_sessions{{protocol=\"socket.io\",state=\"polling\"}} {}",
            sessions + 1
        );
        assert!(text.contains(&polling), "{text}");
    }
}

/// Fails if a connection is refused untold, or without saying whose it was and why.
#[actix_web::test]
async fn a_refused_connection_is_told_with_its_address_and_why() {
    let dondo = Dondo::builder().build().unwrap();
    let mut events = dondo.lifecycle();
    let app = init_service(App::new().configure(dondo.configure())).await;
    let request = TestRequest::get().uri("/socket.io/?EIO=9&transport=polling");
    let request = request
        .peer_addr("10.0.0.1:9".parse().unwrap())
        .to_request();
    assert_eq!(call_service(&app, request).await.status(), 400);
    let told = events.next().await;
    assert!(
        matches!(&told, Some(Lifecycle::Refused { address: Some(address), namespace: None, why, .. })
            if address.to_string() == "10.0.0.1" && **why == *"unsupported version"),
        "{told:?}"
    );
}

fn readiness(hub: &Hub) -> (u16, Value) {
    let answer = http::get_at(hub.operators(), "/readyz");
    (answer.status, serde_json::from_slice(&answer.body).unwrap())
}

/// Asks operators' `/readyz` until its detail is as wanted; the detail and its status.
fn readiness_when(hub: &Hub, wanted: impl Fn(&Value) -> bool) -> (u16, Value) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let (status, detail) = readiness(hub);
        if wanted(&detail) {
            return (status, detail);
        }
        assert!(Instant::now() < deadline, "{detail}");
        std::thread::yield_now();
    }
}

/// Asks until the status is this; the answer. A thread that a busy machine holds up makes a hub unready for a moment.
fn answer_with(status: u16, ask: impl Fn() -> http::Answer) -> http::Answer {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let answer = ask();
        if answer.status == status {
            return answer;
        }
        assert!(Instant::now() < deadline, "never {status}: {answer:?}");
        std::thread::yield_now();
    }
}

fn wait_for_status(hub: &Hub, target: &str, status: u16) {
    answer_with(status, || http::get(hub, target));
}

#[test]
fn the_program_takes_as_many_open_files_as_it_may() {
    let hub = Hub::program_that_may_raise_files(300, 500);
    assert_eq!(hub.metric("dondo_open_files_max"), 500);
}

#[test]
fn a_letter_to_three_counts_as_one_letter_and_three_deliveries() {
    let hub = Hub::with(|config| config.hub.presence.online_users = OnlineUsers::Off);
    let mut members: Vec<_> = (0..3).map(|_| Client::connect(&hub)).collect();
    for number in 0..3 {
        let joined = members[number].ask("join-channel", &[json!("lobby")]);
        assert_eq!(joined["ok"], true, "{joined}");
        // Each join is told to all who are there by then.
        members[..=number]
            .iter_mut()
            .for_each(|member| drop(member.event("join-channel")));
    }
    let counts =
        || ["letters", "deliveries"].map(|what| hub.metric(&format!("dondo_{what}_total")));
    let [letters, deliveries] = counts();
    let told = members[0].ask("lobby", &[json!("hi")]);
    assert_eq!(told["recipients"], 3, "{told}");
    members
        .iter_mut()
        .for_each(|member| drop(member.event("lobby")));
    assert_eq!(counts(), [letters + 1, deliveries + 3]);
}

#[test]
fn numbers_are_for_operators_and_health_for_both() {
    let hub = Hub::start();
    assert_eq!(http::get(&hub, "/metrics").status, 404);
    for (address, target) in [
        (hub.address(), "/healthz"),
        (hub.address(), "/readyz"),
        (hub.operators(), "/healthz"),
        (hub.operators(), "/readyz"),
        (hub.operators(), "/metrics"),
    ] {
        let answer = answer_with(200, || http::get_at(address, target));
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{target}");
        assert!(!answer.body.is_empty(), "{target}");
        let head = answer_with(200, || http::request_at(address, "HEAD", target));
        assert_eq!(head.header("content-type"), answer.header("content-type"));
    }
    assert_eq!(http::get(&hub, "/healthz").text(), "ok\n");
    let ready = answer_with(200, || http::get(&hub, "/readyz"));
    assert_eq!(ready.text(), "ready\n");
}

#[test]
fn a_blocked_room_thread_makes_the_hub_not_ready_and_is_named() {
    let change = |config: &mut Settings| {
        config.namespaces = vec!["/".into(), "/other".into()];
        config.room_threads = 2;
    };
    let hub = Hub::built(change, faults::faulty);
    wait_for_status(&hub, "/readyz", 200);
    let mut client = Client::connect(&hub);
    let marked = json!({
        "data": { "roomChannel": "ice" }, "source": { "userName": faults::BLOCKS }
    });
    client.emit("join-channel", &[marked]);
    // Until it is this thread, and no other that a busy machine held up.
    let (status, detail) = readiness_when(&hub, |detail| {
        let lag = |number: usize| &detail["namespaces"][number]["lag_ms"];
        detail["ready"] == false && lag(0).is_null() && lag(1).is_number()
    });
    let scrape = http::get_at(hub.operators(), "/metrics").text();
    let lag = "\ndondo_room_lag_seconds{namespace=\"/\"} 0.5\n";
    assert!(scrape.contains(lag), "{scrape}");
    assert_eq!(status, 503);
    assert_eq!(detail["overloaded"], false, "{detail}");
    assert_eq!(
        (
            &detail["namespaces"][0]["name"],
            &detail["namespaces"][0]["lag_ms"]
        ),
        (&json!("/"), &Value::Null)
    );
    assert!(detail["namespaces"][1]["lag_ms"].is_number(), "{detail}");
    assert!(
        detail["reasons"][0]
            .as_str()
            .unwrap()
            .contains("namespace / "),
        "{detail}"
    );
    let answer = http::get(&hub, "/readyz");
    assert_eq!(
        (answer.status, answer.text().as_str()),
        (503, "not ready\n")
    );
    assert_eq!(http::get(&hub, "/healthz").status, 200);
    // It comes back by itself.
    wait_for_status(&hub, "/readyz", 200);
}

#[test]
fn operators_are_served_while_every_worker_is_blocked() {
    let hub = Hub::built(|config| config.workers = 1, faults::with_a_blocking_handler);
    let mut client = Client::connect(&hub);
    client.emit("block", &[json!(12)]);
    // Only somebody who is served elsewhere sees this while it lasts.
    let blocked =
        |detail: &Value| detail["ready"] == false && detail["couriers"][0]["lag_ms"].is_null();
    let (status, detail) = readiness_when(&hub, blocked);
    assert_eq!(status, 503);
    assert!(detail["couriers"][0].is_object(), "{detail}");
    readiness_when(&hub, |detail| detail["ready"] == true);
}

#[test]
fn a_hub_that_shuts_down_is_not_ready_on_either_listener() {
    let mut hub = Hub::with(|config| config.grace = PATIENCE);
    let mut client = Client::connect(&hub);
    let mut silent = LongPoll::open(&hub);
    silent.say("40");
    while hub.metric("dondo_outbox_bytes") == 0 {}
    let (address, operators, poll) = (hub.address(), hub.operators(), silent.target("polling"));
    std::thread::scope(|scope| {
        scope.spawn(|| hub.stop());
        // One is told at the beginning; the hub waits for the other, for whom something is left.
        client.socket.closed();
        assert_eq!(http::get_at(address, "/readyz").status, 503);
        assert_eq!(http::get_at(address, "/healthz").status, 200);
        let answer = http::get_at(operators, "/readyz");
        let detail: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!((answer.status, &detail["draining"]), (503, &json!(true)));
        // It takes that, and asks once more: then it is known to know.
        for _ in 0..2 {
            if let Ok(mut stream) = TcpStream::connect(address) {
                // The hub may end at any moment from the first on.
                let _ = write!(stream, "GET {poll} HTTP/1.1\r\nHost: {address}\r\n\r\n");
                let _ = http::try_read(&mut stream);
            }
        }
    });
}
