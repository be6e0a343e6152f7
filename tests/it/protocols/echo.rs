//! The echo of a tutorial's server, whose client's frames are answered as it expects.

use std::io::{Read, Write};

use dondo::config::Settings;

use crate::support::{Form, Frame, Hub, WebSocket, http, in_both_forms, masked};

in_both_forms!(
    a_text_comes_back_behind_its_words_and_binary_data_as_it_is,
    a_plain_request_is_told_what_to_ask,
    it_is_off_by_default,
    its_sessions_count_as_others_do,
    a_tutorials_console_client_has_what_it_waits_for,
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

/// Byte by byte what a console client of .NET's own WebSocket sends: each line as one masked text, after it a read of one
/// message into a kilobyte, unasked pongs in between, and at the end a close of 1000 with a reason.
///
/// Fails if the answer to its handshake has a line that it refuses, if an answer does not fit into its one read, if a pong is
/// answered, or if its close is not answered before the connection ends.
fn a_tutorials_console_client_has_what_it_waits_for(form: Form) {
    let hub = echoing(form, |_| {});
    let mut stream = http::connect(&hub);
    let head = format!(
        "GET /echo HTTP/1.1\r\nHost: localhost:{}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        hub.address().port()
    );
    stream.write_all(head.as_bytes()).unwrap();
    let answer = http::read_head(&mut stream);
    assert_eq!(answer.status, 101);
    for (name, value) in [
        ("Connection", Some("upgrade")),
        ("Upgrade", Some("websocket")),
        ("Sec-WebSocket-Accept", Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")),
        ("Sec-WebSocket-Protocol", None),
        ("Sec-WebSocket-Extensions", None),
    ] {
        let found = answer.header(name).map(|found| match name {
            "Sec-WebSocket-Accept" => found.to_owned(),
            _ => found.to_ascii_lowercase(),
        });
        assert_eq!(found.as_deref(), value, "{name}");
    }
    // As it reads: what has come, up to a kilobyte, is the message.
    let expect = |stream: &mut std::net::TcpStream, bytes: &[u8]| {
        let mut read = vec![0; bytes.len()];
        stream.read_exact(&mut read).unwrap();
        assert_eq!(read, bytes);
    };
    for line in [
        "hello",
        "",
        "Hello, World! 123",
        "grüß dich 😀",
        &"x".repeat(100),
    ] {
        stream.write_all(&masked(0x81, line.as_bytes())).unwrap();
        let text = format!("Server Response: {line}");
        expect(
            &mut stream,
            &[&[0x81, text.len() as u8], text.as_bytes()].concat(),
        );
        stream.write_all(&masked(0x8a, b"")).unwrap();
    }
    let line = "y".repeat(1000);
    stream.write_all(&masked(0x81, line.as_bytes())).unwrap();
    let text = format!("Server Response: {line}");
    let length = u16::try_from(text.len()).unwrap().to_be_bytes();
    expect(
        &mut stream,
        &[&[0x81, 126], &length[..], text.as_bytes()].concat(),
    );
    let goodbye = [
        &1000_u16.to_be_bytes()[..],
        b"Connection closed by the client.",
    ]
    .concat();
    stream.write_all(&masked(0x88, &goodbye)).unwrap();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).unwrap();
    assert_eq!((rest[0], &rest[2..4]), (0x88, &goodbye[..2]), "{rest:?}");
    assert_eq!(rest.len(), 2 + usize::from(rest[1]), "nothing behind it");
    hub.wait_for("dondo_sessions_alive", 0);
}
