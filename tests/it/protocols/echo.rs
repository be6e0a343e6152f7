//! The echo of a tutorial's server, whose client's frames are answered as it expects.

use dondo::config::Settings;

use crate::support::{Form, Frame, Hub, WebSocket, http, in_both_forms};

in_both_forms!(
    a_text_comes_back_behind_its_words_and_binary_data_as_it_is,
    a_plain_request_is_told_what_to_ask,
    it_is_off_by_default,
    its_sessions_count_as_others_do,
);

fn echoing(form: Form, change: impl FnOnce(&mut Settings)) -> Hub {
    let on = |config: &mut Settings| {
        config.endpoints.echo = Some("/echo/".to_owned());
        change(config);
    };
    form.built(on, |builder| builder)
}

/// Fails if a message is cut, mixed up with another, or a close is not answered.
fn a_text_comes_back_behind_its_words_and_binary_data_as_it_is(form: Form) {
    let hub = echoing(form, |_| {});
    let mut socket = WebSocket::open(&hub, "/echo");
    let long = "é".repeat(200_000);
    for text in ["hello", "", "exit", "{\"type\":\"connect\"}", &long] {
        socket.text(text);
        assert_eq!(socket.next_text(), format!("Server Response: {text}"));
    }
    for bytes in [&b"\x00\xff"[..], b""] {
        socket.binary(bytes);
        assert_eq!(socket.next(), Frame::Binary(bytes.to_vec()));
    }
    for number in 0..1000 {
        socket.text(&number.to_string());
    }
    for number in 0..1000 {
        assert_eq!(socket.next_text(), format!("Server Response: {number}"));
    }
    socket.frame(0x88, b"\x03\xe8Connection closed by the client.");
    assert_eq!(socket.closed(), Some(1000));
    let mut large = WebSocket::open(&hub, "/echo/");
    large.text(&"x".repeat(1_000_001));
    assert_eq!(large.closed(), Some(1009));
}

fn a_plain_request_is_told_what_to_ask(form: Form) {
    let hub = echoing(form, |_| {});
    let answer = http::get(&hub, "/echo");
    assert_eq!(answer.status, 400);
    assert!(answer.text().contains("WebSocket"), "{}", answer.text());
    assert_eq!(http::get(&hub, "/echo/below").status, 404);
}

fn it_is_off_by_default(form: Form) {
    let hub = form.built(|_| {}, |builder| builder);
    assert_eq!(WebSocket::handshake(&hub, "/echo", &[]).0.status, 404);
}

/// Fails if who may not have a session has an echo.
fn its_sessions_count_as_others_do(form: Form) {
    let hub = echoing(form, |config| config.limits.sessions_max = 1);
    let mut socket = WebSocket::open(&hub, "/echo");
    let (refused, _) = WebSocket::handshake(&hub, "/echo", &[]);
    assert_eq!(refused.status, 503);
    assert!(refused.header("Retry-After").is_some());
    let foreign = [("Origin", "https://elsewhere.example")];
    let (refused, _) = WebSocket::handshake(&hub, "/echo", &foreign);
    assert_eq!(refused.status, 403);
    socket.text("still here");
    assert_eq!(socket.next_text(), "Server Response: still here");
}
