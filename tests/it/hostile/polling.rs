//! Long-polling used against its rules: too much, too slowly, twice at once, or with other requests hidden inside.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use super::{MEGABYTE, POLLING, Siege};
use crate::support::{LongPoll, PATIENCE, http, system};

const UNKNOWN: &str = r#"{"code":1,"message":"Session ID unknown"}"#;

/// The session is no more, as soon as its thread has heard of it.
fn is_gone(siege: &Siege, poll: &LongPoll) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let answer = http::post(&siege.hub, &poll.target("polling"), "3");
        if (answer.status, answer.text().as_str()) == (400, UNKNOWN) {
            return;
        }
        assert!(Instant::now() < deadline, "{answer:?}");
    }
}

/// The session still is, and gets what it asks for.
fn is_well(poll: &mut LongPoll) {
    poll.say("427[\"leave-room\",\"nowhere\"]");
    while !poll.next().starts_with("437[") {}
}

#[test]
fn a_body_that_is_no_payload_ends_its_session_with_400() {
    let siege = Siege::begin(&[]);
    let separators = "\x1e".repeat(1_000_000);
    let rows: Vec<(&str, Vec<u8>)> = vec![
        ("a megabyte of separators", separators.into_bytes()),
        ("one separator", b"\x1e".to_vec()),
        ("a separator at the end", b"42[\"void\"]\x1e".to_vec()),
        ("a separator at the beginning", b"\x1e42[\"void\"]".to_vec()),
        ("nothing", Vec::new()),
        ("no packet type", b"x".to_vec()),
        ("bytes that are no UTF-8", b"4\xff\xfe".to_vec()),
        ("a ping", b"2".to_vec()),
        ("a probe", b"2probe".to_vec()),
    ];
    for (what, body) in &rows {
        let poll = LongPoll::connect(&siege.hub);
        let headers = [("Content-Type", "text/plain;charset=UTF-8")];
        let target = poll.target("polling");
        let answer = http::request(&siege.hub, "POST", &target, &headers, body);
        assert_eq!(answer.status, 400, "{what}");
        is_gone(&siege, &poll);
    }
    // These are packets for the engine, and none for Socket.IO: the session is closed, its last GET tells.
    let binary = format!("b{}", "=".repeat(999_999));
    for body in [binary, "4:42[]".repeat(100_000)] {
        let poll = LongPoll::connect(&siege.hub);
        let target = poll.target("polling");
        http::post(&siege.hub, &target, &body);
        let last = http::get(&siege.hub, &target);
        assert!(last.status == 400 || last.text().ends_with('1'), "{last:?}");
        is_gone(&siege, &poll);
    }
    siege.end(64 * MEGABYTE);
}

#[test]
fn a_body_over_the_limit_is_refused_and_its_session_goes_on() {
    let siege = Siege::begin(&[]);
    let mut poll = LongPoll::connect(&siege.hub);
    let target = poll.target("polling");
    let body = format!("42[\"void\",\"{}\"]", "x".repeat(1_000_001 - 13));
    assert_eq!(body.len(), 1_000_001);
    assert_eq!(http::post(&siege.hub, &target, &body).status, 413);
    is_well(&mut poll);
    // Declared only, and never sent.
    let mut stream = http::connect(&siege.hub);
    let head = format!("POST {target} HTTP/1.1\r\nHost: x\r\nContent-Length: 400000000\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    assert_eq!(http::read(&mut stream).status, 413);
    is_well(&mut poll);
    // Without a declared length, in chunks.
    let mut stream = http::connect(&siege.hub);
    let head = format!("POST {target} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let chunk = [b"10000\r\n".as_slice(), &[b'x'; 0x10000], b"\r\n"].concat();
    while stream.write_all(&chunk).is_ok() {
        siege.memory_is_bounded(32 * MEGABYTE);
        stream
            .set_read_timeout(Some(Duration::from_millis(1)))
            .unwrap();
        if stream.peek(&mut [0]).is_ok() {
            break;
        }
    }
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    assert_eq!(http::read(&mut stream).status, 413);
    is_well(&mut poll);
    poll.say(&format!("42[\"void\",\"{}\"]", "x".repeat(1_000_000 - 13)));
    is_well(&mut poll);
    poll.say("1");
    siege.end(32 * MEGABYTE);
}

#[test]
fn two_gets_at_once_end_the_session_and_both_are_answered() {
    let siege = Siege::begin(&[]);
    let mut poll = LongPoll::connect(&siege.hub);
    let target = poll.target("polling");
    let mut first = http::send(&siege.hub, "GET", &target, &[], b"");
    // The second must be second: the first waits once the worker has handled what it was sent.
    poll.say("3");
    let second = http::get(&siege.hub, &target);
    let first = http::read(&mut first);
    // Whichever of the two came in first waits and is ended.
    let mut told = [(first.status, first.text()), (second.status, second.text())];
    told.sort();
    assert_eq!(told, [(200, "1".to_owned()), (400, String::new())]);
    is_gone(&siege, &poll);
    siege.end(16 * MEGABYTE);
}

#[test]
fn two_posts_at_once_end_the_session() {
    let siege = Siege::begin(&[]);
    let poll = LongPoll::connect(&siege.hub);
    let target = poll.target("polling");
    let mut slow = http::connect(&siege.hub);
    let head = format!("POST {target} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n4");
    slow.write_all(head.as_bytes()).unwrap();
    let deadline = Instant::now() + PATIENCE;
    // Until the first has been seen, others are welcome.
    loop {
        let answer = http::post(&siege.hub, &target, "3");
        if answer.status == 400 {
            assert!(answer.text().is_empty() || answer.text() == UNKNOWN);
            break;
        }
        assert!(Instant::now() < deadline, "both are taken");
    }
    is_gone(&siege, &poll);
    drop(slow);
    siege.end(16 * MEGABYTE);
}

#[test]
fn a_binary_post_ends_the_session_and_other_methods_do_not() {
    let siege = Siege::begin(&[]);
    let mut poll = LongPoll::connect(&siege.hub);
    let target = poll.target("polling");
    for method in ["PUT", "DELETE", "PATCH", "OPTIONS", "BREW"] {
        let answer = http::request(&siege.hub, method, &target, &[], b"");
        assert_eq!(
            (answer.status, answer.text().as_str()),
            (500, ""),
            "{method}"
        );
    }
    is_well(&mut poll);
    let headers = [("Content-Type", "application/octet-stream")];
    let answer = http::request(&siege.hub, "POST", &target, &headers, b"\x01\x02");
    assert_eq!((answer.status, answer.text().as_str()), (400, ""));
    is_gone(&siege, &poll);
    siege.end(16 * MEGABYTE);
}

#[test]
fn bodies_that_come_too_slowly_end_with_their_sessions_and_hold_up_nobody() {
    let siege = Siege::begin(&[
        "--engine.ping-interval",
        "6s",
        // The neighbours must answer theirs, whatever keeps them from it.
        "--engine.ping-timeout",
        "10s",
    ]);
    let slow: Vec<_> = (0..100)
        .map(|_| {
            let poll = LongPoll::open(&siege.hub);
            let mut stream = http::connect(&siege.hub);
            let head = format!(
                "POST {} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n4",
                poll.target("polling")
            );
            stream.write_all(head.as_bytes()).unwrap();
            (poll, stream)
        })
        .collect();
    for (poll, mut stream) in slow {
        let _ = stream.write_all(b"2");
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        assert!(
            answer.is_empty() || answer.starts_with(b"HTTP/1.1 400"),
            "{}",
            String::from_utf8_lossy(&answer)
        );
        is_gone(&siege, &poll);
    }
    siege.end(48 * MEGABYTE);
}

#[test]
fn a_request_hidden_in_the_body_of_a_post_is_never_answered() {
    let siege = Siege::begin(&[]);
    let hidden = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    let chunked = format!("0\r\n\r\n{hidden}");
    let length = chunked.len();
    let rows = [
        (
            "length and encoding",
            format!("Content-Length: {length}\r\nTransfer-Encoding: chunked\r\n"),
        ),
        (
            "encoding and length",
            format!("Transfer-Encoding: chunked\r\nContent-Length: {length}\r\n"),
        ),
        (
            "two lengths",
            format!("Content-Length: 3\r\nContent-Length: {length}\r\n"),
        ),
        (
            "a list of lengths",
            format!("Content-Length: 3, {length}\r\n"),
        ),
        ("a negative length", "Content-Length: -1\r\n".to_owned()),
        (
            "a length with a sign",
            format!("Content-Length: +{length}\r\n"),
        ),
        (
            "a length beyond 64 bits",
            "Content-Length: 18446744073709551617\r\n".to_owned(),
        ),
        (
            "an unknown encoding",
            "Transfer-Encoding: xchunked\r\n".to_owned(),
        ),
        (
            "encodings of which chunked is not the last",
            "Transfer-Encoding: chunked, identity\r\n".to_owned(),
        ),
        (
            "two encodings",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n".to_owned(),
        ),
        (
            "a space before the colon",
            format!("Transfer-Encoding : chunked\r\nContent-Length: {length}\r\n"),
        ),
        (
            "a folded encoding",
            format!("Transfer-Encoding:\r\n chunked\r\nContent-Length: {length}\r\n"),
        ),
    ];
    for (what, header) in rows {
        let poll = LongPoll::open(&siege.hub);
        let mut stream = http::connect(&siege.hub);
        let head = format!(
            "POST {} HTTP/1.1\r\nHost: x\r\n{header}\r\n{chunked}",
            poll.target("polling")
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(1)))
            .unwrap();
        let mut answers = Vec::new();
        let _ = stream.read_to_end(&mut answers);
        let answers = String::from_utf8_lossy(&answers).into_owned();
        assert!(!answers.contains("ok\n"), "{what}: {answers}");
        assert!(
            answers.starts_with("HTTP/1.1 400") || answers.is_empty(),
            "{what}: {answers}"
        );
        let _ = http::post(&siege.hub, &poll.target("polling"), "1");
    }
    siege.end(16 * MEGABYTE);
}

#[test]
fn a_get_that_its_client_resets_ends_its_session() {
    // One worker looks at requests in the order in which they were sent.
    let siege = Siege::begin(&["--workers", "1"]);
    for _ in 0..50 {
        let poll = LongPoll::connect(&siege.hub);
        let stream = http::send(&siege.hub, "GET", &poll.target("polling"), &[], b"");
        // The GET waits by now, so the session must go with it.
        http::post(&siege.hub, &poll.target("polling"), "3");
        system::reset(stream);
        drop(poll);
    }
    assert_eq!(
        http::get(&siege.hub, POLLING.replace("polling", "foo").as_str()).status,
        400
    );
    siege.end(16 * MEGABYTE);
}
