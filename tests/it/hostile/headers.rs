//! Requests whose head is the attack: too long, too many lines, too slow, or with odd values of known headers.

use std::io::{ErrorKind, Read, Write};
use std::time::Duration;

use super::{DIRECT, Fate, MEGABYTE, POLLING, Siege, fate};
use crate::support::{WebSocket, http};

/// Sends a head as it is; the status of the answer, none if the connection is closed without one.
fn status(siege: &Siege, head: &[u8]) -> Option<u16> {
    let mut stream = http::connect(&siege.hub);
    // It may be refused before all of it was sent.
    let _ = stream.write_all(head);
    http::try_read(&mut stream).ok().map(|answer| answer.status)
}

fn request(target: &str, more: &str) -> Vec<u8> {
    format!("GET {target} HTTP/1.1\r\nHost: x\r\n{more}\r\n").into_bytes()
}

fn websocket(more: &str) -> String {
    format!(
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{more}"
    )
}

#[test]
fn a_head_that_is_too_large_is_refused_before_it_is_whole() {
    let siege = Siege::begin(&[]);
    let megabyte = "x".repeat(1 << 20);
    let commas = " ,".repeat(1 << 19);
    let lines: String = (0..2000)
        .map(|line| format!("X-{line}: {line}\r\n"))
        .collect();
    let rows = [
        (
            "one header of 1 MB",
            request(POLLING, &format!("X-Long: {megabyte}\r\n")),
        ),
        (
            "a header name of 1 MB",
            request(POLLING, &format!("{megabyte}: x\r\n")),
        ),
        (
            "a target of 1 MB",
            request(&format!("{POLLING}&x={megabyte}"), ""),
        ),
        ("2,000 headers", request(POLLING, &lines)),
        (
            "2,000 headers and an upgrade",
            request(DIRECT, &websocket(&lines)),
        ),
        (
            "1 MB of subprotocols",
            request(
                DIRECT,
                &websocket(&format!("Sec-WebSocket-Protocol: {commas}\r\n")),
            ),
        ),
        (
            "1 MB of extensions",
            request(
                DIRECT,
                &websocket(&format!("Sec-WebSocket-Extensions: {commas}\r\n")),
            ),
        ),
        (
            "a megabyte without an end of line",
            megabyte.clone().into_bytes(),
        ),
        (
            "a megabyte of ends of lines",
            "\r\n".repeat(1 << 19).into_bytes(),
        ),
    ];
    for (what, head) in rows {
        let status = status(&siege, &head);
        assert!(
            status.is_none_or(|status| (400..500).contains(&status)),
            "{what}: {status:?}"
        );
    }
    siege.end(32 * MEGABYTE);
}

#[test]
fn twenty_megabytes_of_header_in_small_pieces_are_cut_off_early() {
    let siege = Siege::begin(&[]);
    let mut stream = http::connect(&siege.hub);
    stream
        .write_all(format!("GET {DIRECT} HTTP/1.1\r\nX-Long: ").as_bytes())
        .unwrap();
    let piece = [b'x'; 64];
    let mut sent = 0;
    while sent < 20 << 20 && stream.write_all(&piece).is_ok() {
        sent += piece.len();
    }
    // What the two kernels hold between them is not the server's memory.
    assert!(sent < 16 << 20, "{sent} bytes were taken");
    siege.end(16 * MEGABYTE);
}

#[test]
fn a_head_that_never_ends_is_given_up() {
    let siege = Siege::begin(&["--engine.request-timeout", "2s"]);
    let mut streams: Vec<_> = (0..200)
        .map(|_| {
            let mut stream = http::connect(&siege.hub);
            stream
                .write_all(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")
                .unwrap();
            stream
        })
        .collect();
    for stream in &mut streams {
        stream
            .set_read_timeout(Some(Duration::from_secs(30)))
            .unwrap();
        let mut answer = Vec::new();
        if let Err(error) = stream.read_to_end(&mut answer) {
            // The first that is not given up fails the test: it must not wait for each of them.
            assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}");
        }
        assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 408"));
    }
    siege.end(32 * MEGABYTE);
}

#[test]
fn odd_extensions_are_not_taken_up_and_of_subprotocols_names_alone() {
    let siege = Siege::begin(&[]);
    let words = [
        "constructor",
        "__proto__",
        "toString, valueOf",
        "permessage-deflate; client_max_window_bits=99999999",
        "permessage-deflate; server_no_context_takeover; permessage-deflate",
        ", ,, ;;=\"",
    ];
    for word in words {
        for name in ["Sec-WebSocket-Extensions", "Sec-WebSocket-Protocol"] {
            let (answer, mut socket) = WebSocket::handshake(&siege.hub, DIRECT, &[(name, word)]);
            assert_eq!(answer.status, 101, "{name}: {word}");
            let first = word.split(',').next().filter(|word| {
                name == "Sec-WebSocket-Protocol" && !word.contains([';', ' ']) && !word.is_empty()
            });
            assert_eq!(answer.header(name), first, "{name}: {word}");
            assert!(socket.next_text().starts_with("0{"));
            socket.text("40");
            assert!(socket.next_text().starts_with("40{"));
            assert_eq!(fate(&mut socket), Fate::Stays);
        }
    }
    siege.end(16 * MEGABYTE);
}

#[test]
fn a_handshake_that_is_none_is_refused_in_plain_text() {
    let siege = Siege::begin(&[]);
    let rows: [(&str, &[(&str, &str)]); 9] = [
        ("no key", &[("Sec-WebSocket-Key", "")]),
        ("an old version", &[("Sec-WebSocket-Version", "8")]),
        ("no version", &[("Sec-WebSocket-Version", "")]),
        ("no word to upgrade", &[("Connection", "close")]),
        (
            "a body that is chunked",
            &[("Transfer-Encoding", "chunked")],
        ),
        ("a body with a length", &[("Content-Length", "8")]),
        ("another upgrade", &[("Upgrade", "h2c")]),
        ("an upgrade to two", &[("Upgrade", "websocket, foo")]),
        (
            "no origin at all allowed",
            &[("Origin", "http://evil.example")],
        ),
    ];
    for (what, headers) in rows {
        let (answer, _) = WebSocket::handshake(&siege.hub, DIRECT, headers);
        assert_eq!(answer.status, 400, "{what}: {}", answer.text());
    }
    for (target, message) in [
        ("/socket.io/?EIO=4", "Transport unknown"),
        ("/socket.io/?EIO=4&transport=", "Transport unknown"),
        ("/socket.io/?EIO=4&transport=foo", "Transport unknown"),
        (
            "/socket.io/?EIO=4&transport=websocket&transport=polling",
            "Bad request",
        ),
        ("/socket.io/?EIO=4&transport=__proto__", "Transport unknown"),
        (
            "/socket.io/?EIO=99&transport=websocket",
            "Unsupported protocol version",
        ),
        (
            "/socket.io/?EIO=4x&transport=websocket",
            "Unsupported protocol version",
        ),
        ("/socket.io/?EIO=4&transport=polling", "Bad request"),
        (
            "/socket.io/?EIO=4&transport=websocket&sid=__proto__",
            "Session ID unknown",
        ),
        (
            "/socket.io/?EIO=4&transport=websocket&sid=x",
            "Session ID unknown",
        ),
    ] {
        let (answer, _) = WebSocket::handshake(&siege.hub, target, &[]);
        assert_eq!(
            (answer.status, answer.text().as_str()),
            (400, message),
            "{target}"
        );
    }
    for (target, code) in [
        ("/socket.io/?EIO=4", 0),
        ("/socket.io/?EIO=4&transport=", 0),
        ("/socket.io/?EIO=4&transport=foo", 0),
        ("/socket.io/?EIO=99&transport=polling", 5),
        ("/socket.io/?EIO=4&transport=websocket", 3),
        ("/socket.io/?EIO=4&transport=polling&sid=constructor", 1),
        ("/socket.io/?EIO=4&transport=polling&sid=%00", 1),
    ] {
        let answer = http::get(&siege.hub, target);
        assert_eq!(answer.status, 400, "{target}");
        let begin = format!("{{\"code\":{code},");
        assert!(
            answer.text().starts_with(&begin),
            "{target}: {}",
            answer.text()
        );
    }
    siege.end(16 * MEGABYTE);
}
