//! The decoder as its drivers see it: client frames in, events and faults out, however the bytes are cut.
//! Nothing here opens a socket; what is random is seeded.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;

use actix_http::test::TestRequest;
use actix_http::ws::{HandshakeError, verify_handshake};

use super::*;

const MESSAGE_MAX: usize = 1_000_000;
const LEFT_MAX: usize = 130;

/// A client's frame: first byte as given, minimal length, masked.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [0x37, 0xfa, 0x21, 0x3d];
    let mut bytes = vec![first];
    match payload.len() {
        length @ 0..126 => bytes.push(0x80 | length as u8),
        length @ 126..65_536 => {
            bytes.push(0xfe);
            bytes.extend_from_slice(&(length as u16).to_be_bytes());
        }
        length => {
            bytes.push(0xff);
            bytes.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    bytes.extend_from_slice(&mask);
    append_unmasked(&mut bytes, payload, mask);
    bytes
}

fn text(text: &str) -> WsEvent {
    WsEvent::Message(TransportMessage::Text(Bytes::copy_from_slice(
        text.as_bytes(),
    )))
}

fn binary(data: &[u8]) -> WsEvent {
    WsEvent::Message(TransportMessage::Binary(Bytes::copy_from_slice(data)))
}

/// What a driver does with one read: feed until none or a fault.
fn read(decoder: &mut WsDecoder, input: &mut BytesMut, events: &mut Vec<WsEvent>) -> Option<u16> {
    loop {
        match decoder.feed(input) {
            Ok(Some(event)) => events.push(event),
            Ok(None) => return None,
            Err(fault) => return Some(fault.code),
        }
    }
}

/// Feeds all bytes in pieces of the lengths given, the rest at the end; events and the code of the fault, if any.
fn run(bytes: &[u8], cuts: impl IntoIterator<Item = usize>) -> (Vec<WsEvent>, Option<u16>) {
    let mut decoder = WsDecoder::new(MESSAGE_MAX);
    let (mut input, mut events) = (BytesMut::new(), Vec::new());
    let mut rest = bytes;
    for cut in cuts.into_iter().chain([usize::MAX]) {
        let (piece, behind) = rest.split_at(cut.min(rest.len()));
        rest = behind;
        input.extend_from_slice(piece);
        let fault = read(&mut decoder, &mut input, &mut events);
        if fault.is_some() {
            return (events, fault);
        }
        assert!(input.len() <= LEFT_MAX, "{} bytes left", input.len());
    }
    (events, None)
}

/// A small generator (xorshift), so that a seed means the same everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}

#[test]
fn frames_become_events() {
    let rows: [(&[Vec<u8>], &[WsEvent]); 9] = [
        (&[frame(0x81, "42[\"é\"]".as_bytes())], &[text("42[\"é\"]")]),
        (&[frame(0x81, b"")], &[text("")]),
        (&[frame(0x82, b"")], &[binary(b"")]),
        (&[frame(0x82, &[0xff; 70_000])], &[binary(&[0xff; 70_000])]),
        (
            &[frame(0x89, b""), frame(0x89, &[9; 125])],
            &[
                WsEvent::Ping(Bytes::new()),
                WsEvent::Ping(vec![9; 125].into()),
            ],
        ),
        (&[frame(0x8a, b"x")], &[WsEvent::Pong]),
        (
            &[frame(0x01, b"ab"), frame(0x89, b"p"), frame(0x80, b"cd")],
            &[WsEvent::Ping(Bytes::from_static(b"p")), text("abcd")],
        ),
        (
            &[frame(0x02, b""), frame(0x00, b""), frame(0x80, b"")],
            &[WsEvent::Noise, WsEvent::Noise, binary(b"")],
        ),
        (
            &[frame(0x88, b"\x03\xe8bye")],
            &[WsEvent::Close(Some(1000))],
        ),
    ];
    for (frames, events) in rows {
        let (told, fault) = run(&frames.concat(), []);
        assert_eq!((told.as_slice(), fault), (events, None));
    }
}

#[test]
fn fragments_cut_inside_a_character_are_joined_before_the_text_is_checked() {
    // 8192-byte fragments, as the .NET client sends them; each cut falls inside a three-byte character.
    let message = "€".repeat(10_000);
    let mut pieces: Vec<&[u8]> = message.as_bytes().chunks(8192).collect();
    let last = pieces.pop().unwrap();
    let mut bytes = Vec::new();
    for (index, piece) in pieces.into_iter().enumerate() {
        assert!(str::from_utf8(piece).is_err());
        bytes.extend(frame(if index == 0 { 0x01 } else { 0x00 }, piece));
    }
    bytes.extend(frame(0x80, last));
    assert_eq!(run(&bytes, []), (vec![text(&message)], None));
}

#[test]
fn text_that_is_not_utf8_is_1007_and_binary_may_be_anything() {
    for bad in [&b"\xff"[..], b"a\xc3", b"\xed\xa0\x80", b"\xc0\x80"] {
        assert_eq!(run(&frame(0x81, bad), []), (vec![], Some(1007)));
        let fragments = [frame(0x01, bad), frame(0x80, b"")].concat();
        assert_eq!(run(&fragments, []), (vec![], Some(1007)));
        assert_eq!(run(&frame(0x82, bad), []), (vec![binary(bad)], None));
    }
}

#[test]
fn events_before_a_fault_are_delivered_and_nothing_behind_it_counts() {
    let mut bytes = frame(0x81, b"4a");
    bytes.extend(frame(0xc1, b"compressed"));
    bytes.extend(frame(0x81, b"4b"));
    let mut decoder = WsDecoder::new(MESSAGE_MAX);
    let (mut input, mut events) = (BytesMut::from(&bytes[..]), Vec::new());
    assert_eq!(read(&mut decoder, &mut input, &mut events), Some(1002));
    assert_eq!(events, [text("4a")]);
    assert!(input.is_empty());
    input.extend_from_slice(&frame(0x81, b"4c"));
    assert_eq!(decoder.feed(&mut input), Ok(None));
    assert!(input.is_empty());
}

#[test]
fn nothing_behind_a_close_counts() {
    let bytes = [
        frame(0x01, b"half"),
        frame(0x88, b""),
        frame(0x80, b"late"),
        vec![0xff; 50],
    ];
    assert_eq!(run(&bytes.concat(), []), (vec![WsEvent::Close(None)], None));
}

#[test]
fn the_limit_itself_is_accepted_and_one_byte_more_is_1009_at_the_header() {
    let full = vec![b'4'; MESSAGE_MAX];
    let (events, fault) = run(&frame(0x82, &full), []);
    assert_eq!((events, fault), (vec![binary(&full)], None));

    let over = frame(0x82, &vec![0; MESSAGE_MAX + 1]);
    // Ten bytes declare the length; neither mask nor payload need arrive.
    assert_eq!(run(&over[..10], []), (vec![], Some(1009)));

    let two = [frame(0x02, &full[1..]), frame(0x80, b"44")].concat();
    let header = two.len() - 6;
    assert_eq!(run(&two[..header], []), (vec![], Some(1009)));
    let two = [frame(0x02, &full[1..]), frame(0x80, b"4")].concat();
    assert_eq!(run(&two, []), (vec![binary(&full)], None));
}

#[test]
fn no_memory_is_reserved_for_what_is_only_declared() {
    let mut decoder = WsDecoder::new(MESSAGE_MAX);
    let bytes = frame(0x82, &vec![1; MESSAGE_MAX]);
    let mut input = BytesMut::from(&bytes[..14 + 10]);
    assert_eq!(decoder.feed(&mut input), Ok(None));
    assert_eq!(decoder.pending_bytes(), 10);
    assert!(input.capacity() < 100 && input.is_empty());
}

#[test]
fn between_messages_and_after_a_fault_no_memory_is_held() {
    for last in [frame(0x80, b"c"), frame(0x88, b""), frame(0xc0, b"")] {
        let mut decoder = WsDecoder::new(MESSAGE_MAX);
        let mut events = Vec::new();
        let mut input = BytesMut::from(&frame(0x01, &[b'a'; 5_000])[..]);
        assert_eq!(read(&mut decoder, &mut input, &mut events), None);
        assert_eq!(decoder.pending_bytes(), 5_000);
        input.extend_from_slice(&last);
        read(&mut decoder, &mut input, &mut events);
        assert_eq!(decoder.pending_bytes(), 0, "{last:?}");
    }
}

#[test]
fn a_message_does_not_share_the_read_buffer() {
    let mut decoder = WsDecoder::new(MESSAGE_MAX);
    let mut input = BytesMut::with_capacity(8192);
    input.extend_from_slice(&frame(0x81, b"4a"));
    let place = input.as_ptr();
    let kept = decoder.feed(&mut input);
    assert_eq!(kept, Ok(Some(text("4a"))));
    // With the message still alive, the buffer gets its whole room back without a new allocation.
    input.reserve(8192);
    assert_eq!(input.as_ptr(), place);
}

#[test]
fn a_finished_message_keeps_no_spare_room() {
    // Three pieces double the room to four times the first; the message then ends short of it.
    let pieces = [(0x02, 1_000), (0x00, 1_000), (0x00, 1), (0x80, 1)];
    let bytes: Vec<u8> = pieces
        .into_iter()
        .flat_map(|(first, length)| frame(first, &vec![7; length]))
        .collect();
    let (mut events, _) = run(&bytes, []);
    let Some(WsEvent::Message(TransportMessage::Binary(message))) = events.pop() else {
        panic!("{events:?}");
    };
    assert_eq!(message.try_into_mut().unwrap().capacity(), 2_002);
}

#[test]
fn tiny_fragments_copy_the_message_a_few_times_and_not_each_time() {
    let mut decoder = WsDecoder::new(MESSAGE_MAX);
    let (mut events, mut sizes) = (Vec::new(), BTreeSet::new());
    let mut input = BytesMut::from(&frame(0x02, b"x")[..]);
    for _ in 0..131_000 {
        input.extend_from_slice(&frame(0x00, b"x"));
        assert_eq!(read(&mut decoder, &mut input, &mut events), None);
        sizes.insert(decoder.pending_bytes());
    }
    assert!(sizes.len() < 20, "{} sizes of the buffer", sizes.len());
    assert!(decoder.pending_bytes() < 2 * 131_001);
    input.extend_from_slice(&frame(0x80, b""));
    assert_eq!(read(&mut decoder, &mut input, &mut events), None);
    assert_eq!(events, [binary(&[b'x'; 131_001])]);
}

#[test]
fn fragments_never_hold_more_than_the_limit() {
    let mut decoder = WsDecoder::new(1_000);
    let mut events = Vec::new();
    let mut input = BytesMut::from(&frame(0x02, &[0; 600])[..]);
    for _ in 0..400 {
        assert_eq!(read(&mut decoder, &mut input, &mut events), None);
        assert!(decoder.pending_bytes() <= 1_000);
        input.extend_from_slice(&frame(0x00, b"x"));
    }
    input.extend_from_slice(&frame(0x00, b"x"));
    assert_eq!(read(&mut decoder, &mut input, &mut events), Some(1009));
}

/// They were read for nothing, as many as came: the caller counts what it is told of.
#[test]
fn empty_fragments_add_nothing_and_each_is_told() {
    let mut decoder = WsDecoder::new(MESSAGE_MAX);
    let mut events = Vec::new();
    let mut input = BytesMut::from(&frame(0x01, b"")[..]);
    input.extend_from_slice(&frame(0x00, b"").repeat(100_000));
    assert_eq!(read(&mut decoder, &mut input, &mut events), None);
    assert_eq!((decoder.pending_bytes(), input.len()), (0, 0));
    input.extend_from_slice(&frame(0x80, b"end"));
    assert_eq!(read(&mut decoder, &mut input, &mut events), None);
    assert_eq!(events.pop(), Some(text("end")));
    assert_eq!(events, vec![WsEvent::Noise; 100_001]);
}

#[test]
fn however_the_stream_is_cut_the_events_are_the_same() {
    for seed in 1..=60 {
        let mut random = Random(seed);
        let mut bytes = Vec::new();
        let mut expected = Vec::new();
        for _ in 0..random.below(12) {
            let size = [5, 130, 300, 70_000][random.below(4)];
            let payload: Vec<u8> = (0..random.below(size)).map(|place| place as u8).collect();
            let mut rest = payload.as_slice();
            let mut first = 0x02;
            for _ in 0..random.below(4) {
                let (piece, behind) = rest.split_at(random.below(rest.len() + 1));
                rest = behind;
                bytes.extend(frame(first, piece));
                first = 0x00;
                if piece.is_empty() {
                    expected.push(WsEvent::Noise);
                }
                if random.below(2) == 0 {
                    bytes.extend(frame(0x89, &piece[..piece.len().min(125)]));
                    let ping = Bytes::copy_from_slice(&piece[..piece.len().min(125)]);
                    expected.push(WsEvent::Ping(ping));
                }
            }
            bytes.extend(frame(0x80 | first, rest));
            expected.push(binary(&payload));
        }
        assert_eq!(run(&bytes, []), (expected.clone(), None), "seed {seed}");
        let longest = [2, 20, 5_000][random.below(3)];
        let cuts = std::iter::repeat_with(|| random.below(longest)).take(bytes.len());
        assert_eq!(run(&bytes, cuts), (expected, None), "seed {seed}");
    }
}

#[test]
fn garbage_gives_the_same_fault_whole_or_byte_by_byte() {
    let (mut faults, mut events) = (0, 0);
    for seed in 1..=20_000 {
        let mut random = Random(seed);
        let mut bytes: Vec<u8> = (0..random.below(200))
            .map(|_| random.below(256) as u8)
            .collect();
        // Half of it begins like a frame, so that it gets past the first rules.
        if let [first, second, ..] = bytes.as_mut_slice()
            && seed % 2 == 0
        {
            *first &= 0x83;
            *second = 0x80 | (*second % 20);
        }
        let whole = run(&bytes, []);
        let pieces = run(&bytes, vec![1; bytes.len()]);
        assert_eq!(whole, pieces, "seed {seed}");
        faults += usize::from(whole.1.is_some());
        events += whole.0.len();
    }
    assert!(faults > 10_000 && events > 1_000, "{faults} {events}");
}

/// The drivers leave the handshake to actix-http; older versions of it check neither key nor version.
#[test]
fn the_handshake_of_actix_http_refuses_bad_keys_and_other_versions() {
    let good = "dGhlIHNhbXBsZSBub25jZQ==";
    for (key, version, expected) in [
        (Some(good), Some("13"), Ok(())),
        (
            Some("abc"),
            Some("13"),
            Err(HandshakeError::BadWebsocketKey),
        ),
        (Some(""), Some("13"), Err(HandshakeError::BadWebsocketKey)),
        (
            Some("dGhlIHNhbXBsZSBub25jZTE="),
            Some("13"),
            Err(HandshakeError::BadWebsocketKey),
        ),
        (
            Some("!!!!IHNhbXBsZSBub25jZQ=="),
            Some("13"),
            Err(HandshakeError::BadWebsocketKey),
        ),
        (None, Some("13"), Err(HandshakeError::BadWebsocketKey)),
        (
            Some(good),
            Some("8"),
            Err(HandshakeError::UnsupportedVersion),
        ),
        (Some(good), None, Err(HandshakeError::NoVersionHeader)),
    ] {
        let mut request = TestRequest::default();
        request.insert_header(("upgrade", "websocket"));
        request.insert_header(("connection", "upgrade"));
        if let Some(version) = version {
            request.insert_header(("sec-websocket-version", version));
        }
        if let Some(key) = key {
            request.insert_header(("sec-websocket-key", key));
        }
        let request = request.finish();
        assert_eq!(
            verify_handshake(request.head()),
            expected,
            "{key:?} {version:?}"
        );
    }
}
