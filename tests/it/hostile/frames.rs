//! Frames that break the rules of WebSocket, or are far too many or too long.

use std::io::Write;
use std::time::Duration;

use super::{DIRECT, Fate, MEGABYTE, NOT_UTF8, PROTOCOL_ERROR, Siege, TOO_BIG, fate, member};
use crate::support::{Frame, WebSocket, http};

/// A masked frame of any opcode and length field; the mask is zero, so the payload is as written.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        short @ 0..=125 => bytes.push(0x80 | short as u8),
        medium @ 126..=0xffff => {
            bytes.push(0xfe);
            bytes.extend((medium as u16).to_be_bytes());
        }
        long => {
            bytes.push(0xff);
            bytes.extend((long as u64).to_be_bytes());
        }
    }
    bytes.extend([0; 4]);
    bytes.extend(payload);
    bytes
}

/// The header of a frame that declares any length.
fn declared(first: u8, length: u64) -> Vec<u8> {
    let mut bytes = vec![first, 0xff];
    bytes.extend(length.to_be_bytes());
    bytes.extend([0; 4]);
    bytes
}

/// An event of so many bytes.
fn event(length: usize) -> Vec<u8> {
    let (head, tail) = ("42[\"void\",\"", "\"]");
    let filler = "x".repeat(length - head.len() - tail.len());
    format!("{head}{filler}{tail}").into_bytes()
}

fn in_pieces(payload: &[u8], size: usize) -> Vec<u8> {
    let pieces: Vec<&[u8]> = payload.chunks(size).collect();
    let last = pieces.len() - 1;
    let frames = pieces.iter().enumerate().map(|(at, piece)| {
        let opcode = if at == 0 { 1 } else { 0 };
        frame(if at == last { 0x80 | opcode } else { opcode }, piece)
    });
    frames.flatten().collect()
}

fn rows() -> Vec<(&'static str, Vec<u8>, Fate)> {
    let limit = 1_000_000;
    vec![
        ("unmasked", vec![0x81, 2, b'4', b'1'], PROTOCOL_ERROR),
        ("RSV1, as if compressed", frame(0xc1, b"3"), PROTOCOL_ERROR),
        ("RSV2", frame(0xa1, b"3"), PROTOCOL_ERROR),
        ("RSV3", frame(0x91, b"3"), PROTOCOL_ERROR),
        ("an unknown opcode", frame(0x83, b"3"), PROTOCOL_ERROR),
        (
            "an unknown control opcode",
            frame(0x8b, b""),
            PROTOCOL_ERROR,
        ),
        ("a fragmented ping", frame(0x09, b""), PROTOCOL_ERROR),
        (
            "a ping of 126 bytes",
            frame(0x89, &[0; 126]),
            PROTOCOL_ERROR,
        ),
        (
            "a ping of 2^40 bytes",
            declared(0x89, 1 << 40),
            PROTOCOL_ERROR,
        ),
        (
            "a continuation of nothing",
            frame(0x80, b"3"),
            PROTOCOL_ERROR,
        ),
        (
            "a message inside a message",
            [frame(0x01, b"3"), frame(0x81, b"3")].concat(),
            PROTOCOL_ERROR,
        ),
        (
            "a length that is not minimal",
            vec![0x81, 0xfe, 0, 1, 0, 0, 0, 0, b'3'],
            PROTOCOL_ERROR,
        ),
        (
            "a length with the top bit",
            declared(0x81, 0x8000_0000_0000_0001),
            PROTOCOL_ERROR,
        ),
        (
            "the greatest length",
            declared(0x81, u64::MAX),
            PROTOCOL_ERROR,
        ),
        ("2^63 - 1 bytes", declared(0x82, u64::MAX >> 1), TOO_BIG),
        ("2^40 bytes", declared(0x82, 1 << 40), TOO_BIG),
        ("400 MB declared", declared(0x82, 400_000_000), TOO_BIG),
        (
            "one byte over the limit",
            frame(0x81, &event(limit + 1)),
            TOO_BIG,
        ),
        ("the limit itself", frame(0x81, &event(limit)), Fate::Stays),
        (
            "the limit itself in pieces",
            in_pieces(&event(limit), 997),
            Fate::Stays,
        ),
        (
            "over the limit in pieces",
            in_pieces(&event(limit + 1), 997),
            TOO_BIG,
        ),
        (
            "131,000 fragments of one byte",
            in_pieces(&event(131_000), 1),
            Fate::Stays,
        ),
        (
            "a continuation that declares more than is left",
            [frame(0x01, b"42"), declared(0x80, 999_999)].concat(),
            TOO_BIG,
        ),
        (
            "text that is not UTF-8",
            frame(0x81, b"42[\"\xff\"]"),
            NOT_UTF8,
        ),
        (
            "a character cut between fragments",
            [frame(0x01, b"42[\"void\",\"\xc3"), frame(0x80, b"\xa9\"]")].concat(),
            Fate::Stays,
        ),
        (
            "half a character",
            [frame(0x01, b"42[\"void\",\"\xc3"), frame(0x80, b"\"]")].concat(),
            NOT_UTF8,
        ),
        ("a close of one byte", frame(0x88, &[3]), PROTOCOL_ERROR),
        (
            "a close with a code that may not be sent",
            frame(0x88, &1005_u16.to_be_bytes()),
            PROTOCOL_ERROR,
        ),
        (
            "a close whose reason is not UTF-8",
            frame(0x88, &[0x03, 0xe8, 0xff]),
            NOT_UTF8,
        ),
        (
            "pings between fragments",
            [
                frame(0x01, b"42[\"void\""),
                frame(0x89, b"p"),
                frame(0x8a, b""),
                frame(0x80, b",1]"),
            ]
            .concat(),
            Fate::Stays,
        ),
    ]
}

#[test]
fn a_frame_against_the_rules_closes_its_own_connection_with_its_code() {
    let siege = Siege::begin(&[]);
    for (what, bytes, expected) in rows() {
        let mut socket = member(&siege.hub);
        socket.raw(&bytes);
        assert_eq!(fate(&mut socket), expected, "{what}");
    }
    siege.end(48 * MEGABYTE);
}

#[test]
fn a_frame_that_comes_with_the_handshake_is_judged_like_any_other() {
    let siege = Siege::begin(&[]);
    let request = format!(
        "GET {DIRECT} HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
        siege.hub.address()
    );
    for (what, bytes, expected) in rows() {
        if expected == Fate::Stays || bytes.len() > 100_000 {
            continue;
        }
        let mut stream = http::connect(&siege.hub);
        let all = [request.as_bytes(), &frame(0x81, b"40"), &bytes].concat();
        stream.write_all(&all).unwrap();
        assert_eq!(http::read(&mut stream).status, 101, "{what}");
        let mut socket = WebSocket::on(stream);
        assert_eq!(fate(&mut socket), expected, "{what}");
    }
    siege.end(48 * MEGABYTE);
}

#[test]
fn four_hundred_megabytes_in_one_frame_are_refused_at_the_header_though_they_are_sent() {
    let siege = Siege::begin(&[]);
    let mut socket = member(&siege.hub);
    socket.raw(&declared(0x82, 400_000_000));
    let chunk = vec![0; 1 << 20];
    let mut stream = socket.stream.try_clone().unwrap();
    stream
        .set_write_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    for _ in 0..400 {
        if stream.write_all(&chunk).is_err() {
            break;
        }
        siege.memory_is_bounded(16 * MEGABYTE);
    }
    drop((stream, socket));
    siege.end(16 * MEGABYTE);
}

#[test]
fn tiny_fragments_without_an_end_on_many_sockets_hold_their_bytes_and_little_more() {
    let siege = Siege::begin(&[]);
    let endless: Vec<u8> = in_pieces(&[b'x'; 131_001], 1);
    // All but the last fragment, which would have ended the message.
    let endless = &endless[..endless.len() - 7];
    let mut sockets: Vec<WebSocket> = (0..16).map(|_| member(&siege.hub)).collect();
    for socket in &mut sockets {
        socket.raw(endless);
    }
    for socket in &mut sockets {
        // The pong tells that all of it was read.
        socket.frame(0x89, b"read?");
        while socket.next() != Frame::Pong(b"read?".to_vec()) {}
    }
    siege.memory_is_bounded(16 * MEGABYTE);
    for socket in &mut sockets {
        socket.raw(&frame(0x80, b"!"));
        assert_eq!(fate(socket), super::CLOSED, "it was no packet");
    }
    siege.end(16 * MEGABYTE);
}

#[test]
fn what_a_pong_and_a_close_carry_is_what_was_received_and_no_more() {
    let siege = Siege::begin(&[]);
    for length in [0, 1, 124, 125] {
        let data: Vec<u8> = (0..length).collect();
        let mut socket = member(&siege.hub);
        socket.frame(0x89, &data);
        assert_eq!(socket.next(), Frame::Pong(data));
        socket.frame(0x88, &[0x0f, 0xa0]);
        assert_eq!(socket.next(), Frame::Close(Some(4000)));
        assert_eq!(socket.next(), Frame::End);
    }
    siege.end(16 * MEGABYTE);
}
