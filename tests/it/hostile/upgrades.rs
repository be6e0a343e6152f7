//! Connections that break in the middle of an upgrade, or upgrade what is not theirs.

use std::io::Write;

use super::{CLOSED, DIRECT, Fate, MEGABYTE, Siege, fate, member};
use crate::support::{Frame, LongPoll, WebSocket, http, system};

fn answers(poll: &mut LongPoll) {
    poll.say("427[\"leave-room\",\"nowhere\"]");
    while !poll.next().starts_with("437[") {}
}

/// The probe's place is free again once the server has noticed the loss of the one before.
fn probe(siege: &Siege, poll: &LongPoll) -> WebSocket {
    loop {
        let mut socket = WebSocket::open(&siege.hub, &poll.target("websocket"));
        socket.text("2probe");
        match socket.next() {
            Frame::Text(text) if text == "3probe" => return socket,
            Frame::Close(_) | Frame::End => {}
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_reset_at_any_moment_of_an_upgrade_leaves_the_session_on_polling() {
    let siege = Siege::begin(&[]);
    let mut poll = LongPoll::connect(&siege.hub);
    // Right behind the request, and before the answer.
    let request = format!(
        "GET {} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        poll.target("websocket")
    );
    for _ in 0..20 {
        let mut stream = http::connect(&siege.hub);
        stream.write_all(request.as_bytes()).unwrap();
        system::reset(stream);
    }
    answers(&mut poll);
    // Between the 101 and the first frame.
    for _ in 0..20 {
        let mut stream = http::connect(&siege.hub);
        stream.write_all(request.as_bytes()).unwrap();
        assert_eq!(http::read(&mut stream).status, 101);
        system::reset(stream);
    }
    answers(&mut poll);
    // Behind the probe, and inside a frame.
    for _ in 0..20 {
        let mut socket = probe(&siege, &poll);
        socket.raw(&[0x81, 0xfe]);
        system::reset(socket.stream);
    }
    answers(&mut poll);
    // In good order it still works, and what was said is not lost.
    let mut socket = probe(&siege, &poll);
    socket.text("5");
    assert_eq!(fate(&mut socket), Fate::Stays);
    // A reset behind the upgrade ends the session.
    system::reset(socket.stream);
    siege.end(16 * MEGABYTE);
}

#[test]
fn a_probe_that_says_something_else_is_closed_and_the_session_goes_on() {
    let siege = Siege::begin(&[]);
    let mut poll = LongPoll::connect(&siege.hub);
    let rows: [&[u8]; 9] = [
        b"4hello",
        b"2",
        b"2other",
        b"3probe",
        b"6",
        b"1",
        b"",
        b"x",
        b"42[\"void\"]",
    ];
    for first in rows {
        let mut socket = loop {
            let mut socket = WebSocket::open(&siege.hub, &poll.target("websocket"));
            // A pong tells that the place was free; a surplus one is closed at once.
            socket.frame(0x89, b"?");
            if socket.next() == Frame::Pong(b"?".to_vec()) {
                break socket;
            }
        };
        socket.frame(0x81, first);
        assert_eq!(socket.next(), Frame::Close(None), "{first:?}");
        assert_eq!(socket.next(), Frame::End, "{first:?}");
        answers(&mut poll);
    }
    // A frame against the rules at the moment of the upgrade.
    for bytes in [
        &[0xc1_u8, 0x80, 0, 0, 0, 0][..],
        &[0x81, 1, b'5'],
        &[0x8f, 0x80],
    ] {
        let mut socket = probe(&siege, &poll);
        socket.raw(bytes);
        assert_eq!(socket.closed(), Some(1002), "{bytes:?}");
        answers(&mut poll);
    }
    poll.say("1");
    siege.end(16 * MEGABYTE);
}

#[test]
fn a_second_upgrade_is_closed_and_takes_nothing_over() {
    // The first one is there as long as the others come.
    let siege = Siege::begin(&["--engine.upgrade-timeout", "10m"]);
    let mut poll = LongPoll::connect(&siege.hub);
    let mut first = probe(&siege, &poll);
    for _ in 0..50 {
        let mut second = WebSocket::open(&siege.hub, &poll.target("websocket"));
        second.text("5");
        assert_eq!(second.next(), Frame::Close(None));
    }
    answers(&mut poll);
    first.text("5");
    assert_eq!(fate(&mut first), Fate::Stays);
    for _ in 0..50 {
        let mut second = WebSocket::open(&siege.hub, &poll.target("websocket"));
        assert_eq!(second.next(), Frame::Close(None));
    }
    let answer = http::get(&siege.hub, &poll.target("polling"));
    assert_eq!(answer.text(), r#"{"code":3,"message":"Bad request"}"#);
    assert_eq!(fate(&mut first), Fate::Stays);
    drop(first);
    siege.end(16 * MEGABYTE);
}

#[test]
fn a_websocket_session_cannot_be_polled_or_upgraded() {
    let siege = Siege::begin(&[]);
    let mut socket = WebSocket::open(&siege.hub, DIRECT);
    let open = socket.next_text();
    let sid = open.split('"').nth(3).unwrap();
    for method in ["GET", "POST"] {
        let target = format!("/socket.io/?EIO=4&transport=polling&sid={sid}");
        let answer = http::request(&siege.hub, method, &target, &[], b"");
        assert_eq!(answer.text(), r#"{"code":3,"message":"Bad request"}"#);
    }
    let mut second = WebSocket::open(&siege.hub, &format!("{DIRECT}&sid={sid}"));
    assert_eq!(second.next(), Frame::Close(None));
    socket.text("40");
    assert!(socket.next_text().starts_with("40{"));
    assert_eq!(fate(&mut socket), Fate::Stays);
    // The engine's close ends it at once.
    socket.text("1");
    assert_eq!(fate(&mut socket), CLOSED);
    drop(member(&siege.hub));
    siege.end(16 * MEGABYTE);
}

#[test]
fn an_upgrade_that_is_never_finished_ends_in_its_time_and_the_session_goes_on() {
    let siege = Siege::begin(&["--engine.upgrade-timeout", "300ms"]);
    let mut poll = LongPoll::connect(&siege.hub);
    let mut silent = WebSocket::open(&siege.hub, &poll.target("websocket"));
    assert!(matches!(silent.next(), Frame::Close(_) | Frame::End));
    let mut probing = probe(&siege, &poll);
    assert!(matches!(probing.next(), Frame::Close(_) | Frame::End));
    answers(&mut poll);
    poll.say("1");
    siege.end(16 * MEGABYTE);
}
