//! Rows of SignalR's wire that the other tests of it do not show.

use std::sync::Arc;
use std::time::Duration;

use dondo::Namespace;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::wire::{call, completion, opened_at};
use super::{HANDSHAKE, RS, negotiate, records};
use crate::support::{Chunks, Form, Frame, Hub, WebSocket, http, in_both_forms};

in_both_forms!(
    a_goodbye_answers_the_poll_that_waits_with_204,
    a_poll_with_nothing_to_say_is_answered_in_time,
    polls_have_the_content_type_of_their_format_and_are_never_kept,
    messagepack_is_refused_on_an_event_stream,
    parameters_that_mean_nothing_here_are_ignored,
    who_waits_for_the_answer_to_its_handshake_is_not_pinged,
    frames_that_are_at_fault_end_with_last_words_and_a_close_frame,
    a_post_that_is_at_fault_ends_with_last_words_over_both_transports,
);

const PACKED_HANDSHAKE: &[u8] = b"{\"protocol\":\"messagepack\",\"version\":1}\x1e";

fn get(hub: &Hub, target: &str) -> http::Answer {
    http::get(hub, target)
}

fn post(hub: &Hub, target: &str, body: &[u8]) -> u16 {
    http::request(hub, "POST", target, &[], body).status
}

/// A connection that polls and has shaken hands.
fn polling(hub: &Hub, handshake: &[u8]) -> String {
    let target = format!("/chatHub?id={}", negotiate(hub).1);
    let first = get(hub, &target);
    assert_eq!((first.status, first.body.len()), (200, 0));
    assert_eq!(post(hub, &target, handshake), 200);
    target
}

/// Fails if a fragment is taken for a record.
#[test]
fn a_record_may_come_in_fragments_of_a_websocket_message() {
    let hub = Hub::start();
    let mut socket = WebSocket::open(&hub, "/chatHub");
    let (begin, end) = HANDSHAKE.split_at(7);
    socket.frame(0x01, begin.as_bytes());
    socket.frame(0x80, end.as_bytes());
    assert_eq!(socket.next_text(), format!("{{}}{RS}"));
    let join = call("1", "JoinRoom", json!(["r"]));
    for (at, byte) in join.bytes().enumerate() {
        let first = if at == 0 { 0x01 } else { 0 };
        let last = if at + 1 == join.len() { 0x80 } else { 0 };
        socket.frame(first | last, &[byte]);
    }
    assert_eq!(
        completion(&mut socket, "1"),
        json!({"type": 3, "invocationId": "1"})
    );
}

/// Fails if a client is closed for words of a stateful reconnect, of a later version, or of a call that nobody waits for.
#[test]
fn words_that_mean_nothing_here_cost_nothing() {
    let hub = Hub::start();
    let mut socket = opened_at(&hub, "/chatHub");
    for words in [
        r#"{"type":8,"sequenceId":5}"#,
        r#"{"type":9,"sequenceId":1}"#,
        r#"{"type":42,"anything":[1]}"#,
        r#"{"type":3,"invocationId":"nobody's","result":1}"#,
        r#"{"type":2,"invocationId":"nobody's","item":1}"#,
        r#"{"type":5,"invocationId":"nobody's"}"#,
        r#"{"type":6}"#,
    ] {
        socket.text(&format!("{words}{RS}"));
    }
    socket.text(&call("1", "JoinRoom", json!(["r"])));
    assert_eq!(
        completion(&mut socket, "1"),
        json!({"type": 3, "invocationId": "1"})
    );
}

/// Fails if a client that has gone is left with a poll, or what it says last is an error of the server's.
fn a_goodbye_answers_the_poll_that_waits_with_204(form: Form) {
    let hub = form.built(|config| config.workers = 1, |builder| builder);
    let target = polling(&hub, HANDSHAKE.as_bytes());
    assert_eq!(get(&hub, &target).text(), format!("{{}}{RS}"));
    let mut waiting = http::send(&hub, "GET", &target, &[], b"");
    hub.settle();
    let gone = http::request(&hub, "DELETE", &target, &[], b"");
    assert_eq!((gone.status, gone.body.len()), (202, 0));
    assert_eq!(http::read(&mut waiting).status, 204);
    let late = post(&hub, &target, format!("{{\"type\":7}}{RS}").as_bytes());
    assert!([200, 404].contains(&late), "{late}");
}

/// Fails if a poll waits for longer than its client does.
fn a_poll_with_nothing_to_say_is_answered_in_time(form: Form) {
    let soon = |config: &mut dondo::config::Settings| {
        config.engine.ping_interval = Duration::from_millis(100);
    };
    let hub = form.built(soon, |builder| builder);
    let target = polling(&hub, HANDSHAKE.as_bytes());
    let mut seen = Vec::new();
    while seen.len() < 3 {
        let answer = get(&hub, &target);
        assert_eq!(answer.status, 200);
        seen.extend(records(&answer.text()));
    }
    let ping = json!({"type": 6});
    assert_eq!(seen[..3], [json!({}), ping.clone(), ping]);
}

/// Fails if a proxy may keep what one client was told, or a client reads bytes as text.
fn polls_have_the_content_type_of_their_format_and_are_never_kept(form: Form) {
    let hub = form.built(|_| {}, |builder| builder);
    for (handshake, kind, told) in [
        (HANDSHAKE.as_bytes(), "text/plain", &b"{}\x1e"[..]),
        (PACKED_HANDSHAKE, "application/octet-stream", b"{}\x1e"),
    ] {
        let target = polling(&hub, handshake);
        let answer = get(&hub, &target);
        assert_eq!(answer.body, told);
        assert_eq!(answer.header("Content-Type"), Some(kind));
        assert!(answer.header("Cache-Control").unwrap().contains("no-store"));
    }
}

/// Fails if bytes are written where there can be text alone, or the client is not told why it is closed.
fn messagepack_is_refused_on_an_event_stream(form: Form) {
    let hub = form.built(|_| {}, |builder| builder);
    let target = format!("/chatHub?id={}", negotiate(&hub).1);
    let headers = [("Accept", "text/event-stream")];
    let mut stream = http::send(&hub, "GET", &target, &headers, b"");
    assert_eq!(http::read_head(&mut stream).status, 200);
    let mut stream = Chunks::of(stream);
    assert_eq!(stream.until("\r\n\r\n"), ":\r\n\r\n");
    assert_eq!(post(&hub, &target, PACKED_HANDSHAKE), 400);
    let told = stream.until("\r\n\r\n");
    let words = "Cannot use the 'messagepack' protocol on the current transport. \
                 The transport does not support 'Binary' transfer format.";
    let error = json!({ "error": words });
    assert_eq!(told, format!("data: {error}{RS}\r\n\r\n"));
    assert_eq!(stream.next_until("\r\n\r\n"), None);
    hub.wait_for("dondo_sessions_alive", 0);
}

/// Fails if a client that says more than this version knows is refused, or is promised what is not there.
fn parameters_that_mean_nothing_here_are_ignored(form: Form) {
    let hub = form.built(|_| {}, |builder| builder);
    let mut socket = WebSocket::open(&hub, "/chatHub?connectionId=none&_=1&access_token=a%20b");
    socket.text(HANDSHAKE);
    assert_eq!(socket.next_text(), format!("{{}}{RS}"));
    let asked = "/chatHub/negotiate?negotiateVersion=1&useStatefulReconnect=true";
    let answer = http::request(&hub, "POST", asked, &[("Content-Type", "x/y")], b"");
    let answer: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(answer["negotiateVersion"], 1);
    // A client takes this for a promise, and for the other SignalR.
    for field in ["useStatefulReconnect", "ProtocolVersion", "error"] {
        assert_eq!(answer.get(field), None, "{field}");
    }
}

/// Fails if a ping comes before the answer to a handshake that a middleware makes wait: stock clients close at that.
fn who_waits_for_the_answer_to_its_handshake_is_not_pinged(form: Form) {
    let gate = Arc::new(Semaphore::new(0));
    let waits = gate.clone();
    let often = |config: &mut dondo::config::Settings| {
        config.workers = 1;
        config.engine.ping_interval = Duration::from_millis(50);
    };
    let hub = form.built(often, |builder| {
        let root = Namespace::hub("/").middleware(async move || {
            // Closed is open to all.
            let _ = waits.acquire().await;
            Ok(())
        });
        builder
            .namespace(root)
            .namespace(Namespace::new("/open"))
            .signalr("/open", "/open")
    });
    let mut socket = WebSocket::open(&hub, "/chatHub");
    socket.text(HANDSHAKE);
    let mut poll = {
        let target = polling(&hub, HANDSHAKE.as_bytes());
        http::send(&hub, "GET", &target, &[], b"")
    };
    let target = format!("/chatHub?id={}", negotiate(&hub).1);
    let events = [("Accept", "text/event-stream")];
    let mut stream = http::send(&hub, "GET", &target, &events, b"");
    assert_eq!(http::read_head(&mut stream).status, 200);
    let mut stream = Chunks::of(stream);
    assert_eq!(stream.until("\r\n\r\n"), ":\r\n\r\n");
    assert_eq!(post(&hub, &target, HANDSHAKE.as_bytes()), 200);
    // Theirs have come as often as these.
    let mut pinged = opened_at(&hub, "/open");
    for _ in 0..3 {
        assert_eq!(pinged.next_text(), format!("{{\"type\":6}}{RS}"));
    }
    gate.close();
    assert_eq!(socket.next_text(), format!("{{}}{RS}"));
    assert_eq!(http::read(&mut poll).text(), format!("{{}}{RS}"));
    let event = stream.until("\r\n\r\n");
    assert_eq!(event, format!("data: {{}}{RS}\r\n\r\n"));
    // From then on as all are.
    assert_eq!(socket.next_text(), format!("{{\"type\":6}}{RS}"));
}

const CLOSED: &str = "{\"type\":7,\"error\":\"Connection closed with an error.\"}\u{1e}";
const NO_HANDSHAKE: &str =
    "{\"error\":\"An unexpected error occurred during connection handshake.\"}\u{1e}";

/// Fails if a client whose one frame is too long, or none that there is, reads a code that SignalR has no words for.
fn frames_that_are_at_fault_end_with_last_words_and_a_close_frame(form: Form) {
    let hub = form.built(
        |config| config.engine.max_payload = 10_000,
        |builder| builder,
    );
    let long = "x".repeat(20_000);
    for (first, payload, code) in [
        (0x81, long.as_bytes(), 1009),
        (0x83, b"x", 1002),
        (0x81, b"\xff\x1e", 1007),
    ] {
        for (handshake, words) in [(true, CLOSED), (false, NO_HANDSHAKE)] {
            let mut socket = match handshake {
                true => opened_at(&hub, "/chatHub"),
                false => WebSocket::open(&hub, "/chatHub"),
            };
            socket.frame(first, payload);
            assert_eq!(socket.next_text(), words, "{code}");
            assert_eq!(socket.next(), Frame::Close(Some(code)), "{words}");
        }
    }
    let mut socket = WebSocket::open(&hub, "/chatHub");
    socket.binary(PACKED_HANDSHAKE);
    assert_eq!(socket.next(), Frame::Binary(b"{}\x1e".to_vec()));
    socket.frame(0x82, long.as_bytes());
    let Frame::Binary(words) = socket.next() else {
        panic!("no binary frame");
    };
    // A length, then an array of three that is a Close.
    assert_eq!(words[1..3], [0x93, 7]);
    assert_eq!(socket.next(), Frame::Close(Some(1009)));
}

/// Fails if who polls finds its connection gone without a word, because no poll of it waited when its POST was at fault.
fn a_post_that_is_at_fault_ends_with_last_words_over_both_transports(form: Form) {
    let hub = form.built(
        |config| config.engine.max_payload = 10_000,
        |builder| builder,
    );
    let long = "x".repeat(20_000);
    for (body, status) in [(&long[..], 413), ("no end", 400), ("\u{1e}", 200)] {
        let target = polling(&hub, HANDSHAKE.as_bytes());
        assert_eq!(get(&hub, &target).text(), format!("{{}}{RS}"));
        assert_eq!(post(&hub, &target, body.as_bytes()), status);
        let told = get(&hub, &target);
        assert_eq!((told.status, &told.text()[..]), (200, CLOSED), "{status}");
        assert_eq!(get(&hub, &target).status, 204);
        assert_eq!(get(&hub, &target).status, 404);
    }
    for (body, status) in [(&long[..], 413), ("no end", 400), ("\u{1e}", 200)] {
        let target = format!("/chatHub?id={}", negotiate(&hub).1);
        assert_eq!(get(&hub, &target).status, 200);
        assert_eq!(post(&hub, &target, body.as_bytes()), status);
        let told = get(&hub, &target);
        assert_eq!((told.status, &told.text()[..]), (200, NO_HANDSHAKE));
    }
    for (handshake, words) in [(true, CLOSED), (false, NO_HANDSHAKE)] {
        let target = format!("/chatHub?id={}", negotiate(&hub).1);
        let headers = [("Accept", "text/event-stream")];
        let mut stream = http::send(&hub, "GET", &target, &headers, b"");
        assert_eq!(http::read_head(&mut stream).status, 200);
        let mut stream = Chunks::of(stream);
        assert_eq!(stream.until("\r\n\r\n"), ":\r\n\r\n");
        if handshake {
            assert_eq!(post(&hub, &target, HANDSHAKE.as_bytes()), 200);
            let event = stream.until("\r\n\r\n");
            assert_eq!(event, format!("data: {{}}{RS}\r\n\r\n"));
        }
        assert_eq!(post(&hub, &target, b"no end"), 400);
        assert_eq!(stream.until("\r\n\r\n"), format!("data: {words}\r\n\r\n"));
    }
}
