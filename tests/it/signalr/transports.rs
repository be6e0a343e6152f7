//! Negotiation, transports and their statuses, by hand.

use serde_json::{Value, json};

use super::wire::call;
use super::{HANDSHAKE, RS, negotiate, records};
use crate::drain::drain;
use crate::support::{Chunks, Form, Frame, Hub, WebSocket, http, in_both_forms};

in_both_forms!(
    negotiation_tells_an_id_for_others_and_a_token_for_itself,
    a_request_out_of_order_has_the_status_that_asp_net_gives,
    a_connection_takes_one_transport_and_keeps_it,
    a_poll_takes_what_waits_and_a_newer_one_ends_it,
    a_goodbye_ends_a_connection_that_polls,
    a_stream_that_its_client_drops_is_the_end_of_its_connection,
    events_begin_at_once_and_end_with_the_session,
    a_page_elsewhere_is_let_in_by_the_list_of_origins_alone,
    who_goes_is_told_to_come_back_when_the_server_stops,
);

pub(super) fn hub(form: Form) -> Hub {
    form.built(|_| {}, |builder| builder)
}

pub(super) fn ask(hub: &Hub, method: &str, target: &str, body: &str) -> (u16, String) {
    let answer = http::request(hub, method, target, &[], body.as_bytes());
    (answer.status, answer.text())
}

fn negotiation_tells_an_id_for_others_and_a_token_for_itself(form: Form) {
    let hub = hub(form);
    for (query, version, has_token) in [
        ("", 0, false),
        ("?negotiateVersion=0", 0, false),
        ("?negotiateVersion=1", 1, true),
        ("?negotiateVersion=7&access_token=x&_=1", 1, true),
    ] {
        let (status, body) = ask(&hub, "POST", &format!("/chatHub/negotiate{query}"), "");
        assert_eq!(status, 200);
        let answer: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(answer["negotiateVersion"], version, "{query}");
        assert_eq!(
            answer.get("connectionToken").is_some(),
            has_token,
            "{query}"
        );
        let id = answer["connectionId"].as_str().unwrap();
        assert!(id.len() >= 20, "{id}");
        assert_ne!(answer["connectionToken"], answer["connectionId"]);
        let transports: Vec<_> = answer["availableTransports"]
            .as_array()
            .unwrap()
            .iter()
            .collect();
        let names = ["WebSockets", "ServerSentEvents", "LongPolling"];
        assert!(
            transports
                .iter()
                .zip(names)
                .all(|(found, name)| found["transport"] == name)
        );
        assert_eq!(transports[1]["transferFormats"], json!(["Text"]));
    }
    let (status, body) = ask(&hub, "POST", "/chatHub/negotiate?negotiateVersion=x", "");
    assert_eq!(status, 200);
    assert!(body.starts_with(r#"{"error":""#), "{body}");
}

/// Fails if others' id is enough to speak for a connection, too.
fn a_request_out_of_order_has_the_status_that_asp_net_gives(form: Form) {
    let hub = hub(form);
    for (method, target, status, text) in [
        (
            "GET",
            "/chatHub/negotiate",
            405,
            "What is served here takes POST",
        ),
        (
            "PUT",
            "/chatHub",
            405,
            "What is served here takes GET, POST, DELETE",
        ),
        ("GET", "/chatHub", 400, "Connection ID required"),
        ("POST", "/chatHub", 400, "Connection ID required"),
        ("DELETE", "/chatHub", 400, "Connection ID required"),
        (
            "GET",
            "/chatHub?id=nobody",
            404,
            "No Connection with that ID",
        ),
        (
            "POST",
            "/chatHub?id=nobody",
            404,
            "No Connection with that ID",
        ),
        (
            "DELETE",
            "/chatHub?id=nobody",
            404,
            "No Connection with that ID",
        ),
        ("GET", "/chatHub/elsewhere", 404, ""),
        // A route of ASP.NET's has no case.
        ("GET", "/chathub", 400, "Connection ID required"),
        (
            "PUT",
            "/CHATHUB/Negotiate",
            405,
            "What is served here takes POST",
        ),
    ] {
        assert_eq!(
            ask(&hub, method, target, ""),
            (status, text.to_owned()),
            "{method} {target}"
        );
    }
    let answer = http::request(&hub, "GET", "/chatHub/negotiate", &[], b"");
    assert_eq!(answer.header("allow"), Some("POST"));
    // Last, as it has fifteen seconds to shake hands.
    let (id, token) = negotiate(&hub);
    let of_others = ask(&hub, "GET", &format!("/chatHub?id={id}"), "");
    assert_eq!(of_others.0, 404);
    assert_eq!(
        ask(&hub, "POST", &format!("/chatHub?id={token}"), HANDSHAKE).0,
        405
    );
    assert_eq!(
        ask(&hub, "DELETE", &format!("/chatHub?id={token}"), "").0,
        400
    );
    hub.wait_for(
        "dondo_sessions{protocol=\"signalr\",state=\"negotiated\"}",
        1,
    );
}

fn a_connection_takes_one_transport_and_keeps_it(form: Form) {
    let hub = hub(form);
    let target = format!("/chatHub?id={}", negotiate(&hub).1);
    let mut socket = WebSocket::open(&hub, &target);
    assert_eq!(WebSocket::handshake(&hub, &target, &[]).0.status, 409);
    assert_eq!(ask(&hub, "GET", &target, "").0, 400);
    let events = [("Accept", "text/event-stream")];
    assert_eq!(
        http::request(&hub, "GET", &target, &events, b"").status,
        400
    );
    assert_eq!(ask(&hub, "POST", &target, HANDSHAKE).0, 405);
    assert_eq!(ask(&hub, "DELETE", &target, "").0, 400);
    socket.text(HANDSHAKE);
    assert_eq!(socket.next_text(), format!("{{}}{RS}"));
}

fn a_poll_takes_what_waits_and_a_newer_one_ends_it(form: Form) {
    let hub = form.built(|config| config.workers = 1, |builder| builder);
    let target = format!("/chatHub?id={}", negotiate(&hub).1);
    assert_eq!(ask(&hub, "GET", &target, ""), (200, String::new()));
    let mut first = http::send(&hub, "GET", &target, &[], b"");
    hub.settle();
    let mut second = http::send(&hub, "GET", &target, &[], b"");
    assert_eq!(http::read(&mut first).status, 204);
    assert_eq!(ask(&hub, "POST", &target, HANDSHAKE), (200, String::new()));
    let answer = http::read(&mut second);
    assert_eq!((answer.status, answer.text()), (200, format!("{{}}{RS}")));
    // Several records in one POST are all heard.
    let calls = call("a", "JoinRoom", json!(["r"])) + &call("b", "LeaveRoom", json!(["r"]));
    assert_eq!(ask(&hub, "POST", &target, &calls), (200, String::new()));
    let mut ended = Vec::new();
    while ended.len() < 2 {
        let (status, text) = ask(&hub, "GET", &target, "");
        assert_eq!(status, 200);
        let mut told = records(&text);
        told.retain(|record| record["type"] == 3);
        ended.extend(
            told.into_iter()
                .map(|record| record["invocationId"].clone()),
        );
    }
    assert_eq!(ended, ["a", "b"]);
}

/// Fails if a client that drops its stream, which is all the goodbye it has, is kept until it was silent for too long.
fn a_stream_that_its_client_drops_is_the_end_of_its_connection(form: Form) {
    let hub = hub(form);
    let target = format!("/chatHub?id={}", negotiate(&hub).1);
    let headers = [("Accept", "text/event-stream")];
    let mut stream = http::send(&hub, "GET", &target, &headers, b"");
    assert_eq!(http::read_head(&mut stream).status, 200);
    assert_eq!(ask(&hub, "POST", &target, HANDSHAKE).0, 200);
    let mut stream = Chunks::of(stream);
    stream.until(&format!("data: {{}}{RS}\r\n\r\n"));
    drop(stream);
    hub.wait_for("dondo_closes_total{reason=\"transport close\"}", 1);
    hub.wait_for("dondo_sessions_alive", 0);
}

fn a_goodbye_ends_a_connection_that_polls(form: Form) {
    let hub = hub(form);
    let target = format!("/chatHub?id={}", negotiate(&hub).1);
    assert_eq!(ask(&hub, "GET", &target, "").0, 200);
    assert_eq!(ask(&hub, "POST", &target, HANDSHAKE).0, 200);
    assert_eq!(ask(&hub, "DELETE", &target, ""), (202, String::new()));
    hub.wait_for("dondo_sessions_alive", 0);
}

fn events_begin_at_once_and_end_with_the_session(form: Form) {
    let hub = hub(form);
    let target = format!("/chatHub?id={}", negotiate(&hub).1);
    let headers = [("Accept", "text/event-stream")];
    let mut stream = http::send(&hub, "GET", &target, &headers, b"");
    let head = http::read_head(&mut stream);
    assert_eq!(head.status, 200);
    assert_eq!(head.header("Content-Type"), Some("text/event-stream"));
    assert_eq!(head.header("X-Accel-Buffering"), Some("no"));
    let mut stream = Chunks::of(stream);
    assert_eq!(stream.until("\r\n\r\n"), ":\r\n\r\n");
    assert_eq!(ask(&hub, "POST", &target, HANDSHAKE).0, 200);
    assert_eq!(stream.until("\r\n\r\n"), format!("data: {{}}{RS}\r\n\r\n"));
    // Line ends of a client's JSON would be the event's.
    let call =
        "{\"type\":1,\"target\":\"SendMessage\",\"arguments\":[\"r\",\"u\",{\"a\":\n1}]}\u{1e}";
    assert_eq!(ask(&hub, "POST", &target, call).0, 200);
    loop {
        let event = stream.until("\r\n\r\n");
        assert!(event.starts_with("data: {"), "{event}");
        if event.contains("\"u\",{\"a\": 1}") {
            break;
        }
    }
    let bad = "{\"type\":1,\"target\":7}\u{1e}";
    ask(&hub, "POST", &target, bad);
    let last = loop {
        let event = stream.until("\r\n\r\n");
        if event.contains("\"type\":7") {
            break event;
        }
    };
    assert!(last.contains("Connection closed with an error."), "{last}");
    hub.wait_for("dondo_sessions_alive", 0);
}

fn a_page_elsewhere_is_let_in_by_the_list_of_origins_alone(form: Form) {
    let listed = |config: &mut dondo::config::Settings| {
        config.origins = "https://app.example".parse().unwrap();
    };
    let hub = form.built(listed, |builder| builder);
    let app = [("Origin", "https://app.example")];
    let answer = http::request(
        &hub,
        "POST",
        "/chatHub/negotiate?negotiateVersion=1",
        &app,
        b"",
    );
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.header("Access-Control-Allow-Origin"),
        Some("https://app.example")
    );
    assert_eq!(
        answer.header("Access-Control-Allow-Credentials"),
        Some("true")
    );
    let asked = [
        app[0],
        (
            "Access-Control-Request-Headers",
            "x-requested-with,x-signalr-user-agent",
        ),
    ];
    let answer = http::request(&hub, "OPTIONS", "/chatHub/negotiate", &asked, b"");
    assert_eq!(answer.status, 204);
    assert_eq!(
        answer.header("Access-Control-Allow-Headers"),
        Some("x-requested-with,x-signalr-user-agent")
    );
    assert!(
        answer
            .header("Access-Control-Allow-Methods")
            .unwrap()
            .contains("DELETE")
    );
    let evil = [("Origin", "https://evil.example")];
    assert_eq!(
        http::request(&hub, "POST", "/chatHub/negotiate", &evil, b"").status,
        403
    );
    assert_eq!(WebSocket::handshake(&hub, "/chatHub", &evil).0.status, 403);
    let (_, token) = negotiate(&hub);
    let target = format!("/chatHub?id={token}");
    assert_eq!(WebSocket::handshake(&hub, &target, &evil).0.status, 403);
}

fn who_goes_is_told_to_come_back_when_the_server_stops(form: Form) {
    let hub = hub(form);
    let mut socket = WebSocket::open(&hub, "/chatHub");
    socket.text(HANDSHAKE);
    assert_eq!(socket.next_text(), format!("{{}}{RS}"));
    drain(&hub);
    assert_eq!(
        socket.next_text(),
        format!("{{\"type\":7,\"allowReconnect\":true}}{RS}")
    );
    assert_eq!(socket.next(), Frame::Close(Some(1001)));
}
