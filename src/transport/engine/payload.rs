//! Bodies of Engine.IO 4 long-polling: packets joined by the separator 0x1E (wire reference 1.1).
//! Knows no HTTP: how long a body may be, and what to answer, is decided before and after.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{BufMut, Bytes, BytesMut};
use dondo_actors::letter::WsFrame;

use super::packet::{BadPacket, EnginePacket};
use crate::transport::body::{Body, SHARED_LEAST};

/// The packets of a body that a client posted, read one at a time as they are asked for.
///
/// Ends behind the first packet that is bad, and behind a close: what a client says after it has left is ignored (wire
/// reference 1.8). An empty body is one bad packet.
#[derive(Debug)]
pub(crate) struct Packets {
    /// What is not read yet; none at the end.
    rest: Option<Bytes>,
    /// Length of the whole body.
    total: usize,
}

/// Reads a body lazily: nothing is done before the first packet is taken.
pub(crate) fn decode(body: Bytes) -> Packets {
    Packets {
        total: body.len(),
        rest: Some(body),
    }
}

/// Joins outgoing messages to one body. A long text is not copied: a letter to a thousand clients on long-polling would
/// be copied a thousand times. Everything else is, into one allocation of its exact length.
///
/// The payload of a text part already begins with its packet type; a binary part becomes `b` and base64. No part at all
/// gives an empty body, which no client expects.
pub(crate) fn encode<'a>(parts: impl Iterator<Item = &'a WsFrame> + Clone) -> Body {
    let mut body = Body::default();
    let mut copied = BytesMut::with_capacity(copied_len(parts.clone()));
    for (index, part) in parts.enumerate() {
        if index > 0 {
            copied.put_u8(SEPARATOR);
        }
        let payload = part.payload();
        body.uncompressed |= part.uncompressed;
        if is_shared(part) {
            if !copied.is_empty() {
                body.push(copied.split().freeze());
            }
            body.shared += payload.len();
            body.push(payload);
        } else if part.binary {
            copied.put_u8(b'b');
            copied.put_slice(STANDARD.encode(&payload).as_bytes());
        } else {
            copied.put_slice(&payload);
        }
    }
    if !copied.is_empty() {
        body.push(copied.freeze());
    }
    body
}

impl Iterator for Packets {
    type Item = Result<EnginePacket, BadPacket>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut piece = self.rest.take()?;
        if let Some(end) = piece.iter().position(|&byte| byte == SEPARATOR) {
            self.rest = Some(piece.split_off(end + 1));
            piece.truncate(end);
        }
        let packet = self.read(piece);
        if matches!(packet, Err(_) | Ok(EnginePacket::Close)) {
            self.rest = None;
        }
        Some(packet)
    }
}

impl Packets {
    fn read(&self, piece: Bytes) -> Result<EnginePacket, BadPacket> {
        if std::str::from_utf8(&piece).is_err() {
            return Err(BadPacket::NotUtf8);
        }
        // A slice would keep the whole body in memory for as long as one small message of it is kept in a history.
        let piece = if piece.len() < self.total {
            Bytes::copy_from_slice(&piece)
        } else {
            piece
        };
        EnginePacket::from_text(piece)
    }
}

const SEPARATOR: u8 = 0x1e;

fn is_shared(part: &WsFrame) -> bool {
    !part.binary && part.frame.len() >= SHARED_LEAST
}

fn copied_len<'a>(parts: impl Iterator<Item = &'a WsFrame>) -> usize {
    let lengths = parts.map(|part| {
        let payload = part.frame.len() - usize::from(part.header);
        match part.binary {
            _ if is_shared(part) => 0,
            true => 1 + payload.div_ceil(3) * 4,
            false => payload,
        }
    });
    // One separator a part, less the one that does not stand at the end.
    lengths.map(|length| length + 1).sum::<usize>().max(1) - 1
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use dondo_actors::letter::TransportMessage;

    use super::*;

    fn text(text: &'static str) -> Result<EnginePacket, BadPacket> {
        Ok(EnginePacket::Message(TransportMessage::Text(
            Bytes::from_static(text.as_bytes()),
        )))
    }

    fn binary(data: &'static [u8]) -> Result<EnginePacket, BadPacket> {
        Ok(EnginePacket::Message(TransportMessage::Binary(
            Bytes::from_static(data),
        )))
    }

    fn whole(body: Body) -> Bytes {
        body.pieces().flatten().copied().collect()
    }

    fn part(payload: &'static [u8], binary: bool) -> WsFrame {
        let mut frame = vec![0xaa; 4];
        frame.extend_from_slice(payload);
        WsFrame {
            frame: frame.into(),
            header: 4,
            binary,
            uncompressed: false,
        }
    }

    #[test]
    fn a_body_is_split_at_each_separator() {
        for (body, packets) in [
            (&b"4hello"[..], vec![text("hello")]),
            (
                b"4a\x1e4b\x1e3",
                vec![text("a"), text("b"), Ok(EnginePacket::Pong)],
            ),
            (b"4\x1e4\xc3\xa9", vec![text(""), text("é")]),
            (b"451-[]\x1ebAQI=", vec![text("51-[]"), binary(&[1, 2])]),
            (b"b", vec![binary(b"")]),
        ] {
            let read: Vec<_> = decode(Bytes::from_static(body)).collect();
            assert_eq!(read, packets, "{body:?}");
        }
    }

    #[test]
    fn packets_before_a_bad_one_are_delivered_and_those_behind_it_are_not() {
        for (body, packets) in [
            (&b""[..], vec![Err(BadPacket::Empty)]),
            (b"\x1e", vec![Err(BadPacket::Empty)]),
            (b"4a\x1e", vec![text("a"), Err(BadPacket::Empty)]),
            (b"4a\x1e\x1e4b", vec![text("a"), Err(BadPacket::Empty)]),
            (b"\x1e4a", vec![Err(BadPacket::Empty)]),
            (
                b"4a\x1exyz\x1e4b",
                vec![text("a"), Err(BadPacket::UnknownType(b'x'))],
            ),
            (
                b"4a\x1e4\xff\x1e4b",
                vec![text("a"), Err(BadPacket::NotUtf8)],
            ),
            // A separator never lies inside a UTF-8 character, so a cut character is bad by itself.
            (b"4\xe2\x1e\x82\xac", vec![Err(BadPacket::NotUtf8)]),
            // An Engine.IO 3 body read as version 4.
            (b"1:4", vec![Ok(EnginePacket::Close)]),
        ] {
            let read: Vec<_> = decode(Bytes::from_static(body)).collect();
            assert_eq!(read, packets, "{body:?}");
        }
    }

    #[test]
    fn packets_behind_a_close_are_ignored() {
        let read: Vec<_> = decode(Bytes::from_static(b"4a\x1e1\x1e4b\x1exyz")).collect();
        assert_eq!(read, [text("a"), Ok(EnginePacket::Close)]);
    }

    #[test]
    fn a_megabyte_of_separators_ends_at_the_first() {
        let mut packets = decode(Bytes::from(vec![SEPARATOR; 1_000_000]));
        assert_eq!(packets.next(), Some(Err(BadPacket::Empty)));
        assert_eq!(packets.next(), None);
    }

    #[test]
    fn a_megabyte_of_tiny_packets_is_read_one_at_a_time() {
        let mut packets = decode(Bytes::from(b"6\x1e".repeat(500_000)));
        for left in [999_998, 999_996, 999_994] {
            assert_eq!(packets.next(), Some(Ok(EnginePacket::Noop)));
            assert_eq!(packets.rest.as_ref().map(Bytes::len), Some(left));
        }
        // The last separator stands at the end, where an empty packet follows it.
        assert_eq!(packets.by_ref().last(), Some(Err(BadPacket::Empty)));
    }

    #[test]
    fn a_message_does_not_keep_its_body_in_memory() {
        let body = Bytes::from(b"4keep\x1e6".to_vec());
        let mut packets = decode(body.clone());
        let kept = packets.next();
        drop(packets);
        assert!(body.is_unique(), "{kept:?} shares the body");
    }

    #[test]
    fn parts_are_joined_without_their_headers_at_exact_length() {
        let rows: [(&[WsFrame], &[u8]); 5] = [
            (&[], b""),
            (&[part(b"2", false)], b"2"),
            (&[part(b"", true)], b"b"),
            (
                &[part(b"42[\"\xc3\xa9\"]", false), part(b"6", false)],
                b"42[\"\xc3\xa9\"]\x1e6",
            ),
            (
                &[
                    part(b"451-[0]", false),
                    part(&[1], true),
                    part(&[1, 2, 3], true),
                ],
                b"451-[0]\x1ebAQ==\x1ebAQID",
            ),
        ];
        for (parts, body) in rows {
            assert_eq!(whole(encode(parts.iter())), body, "{body:?}");
            assert_eq!(copied_len(parts.iter()), body.len(), "{body:?}");
        }
    }

    /// Copied for each client, a letter of a megabyte to a hundred of them was a hundred megabytes.
    #[test]
    fn a_long_text_is_shared_and_all_else_stands_around_it() {
        let long = part(
            Box::leak(vec![b'x'; SHARED_LEAST].into_boxed_slice()),
            false,
        );
        let parts = [
            part(b"4a", false),
            part(b"4b", false),
            long.clone(),
            long.clone(),
            part(&[1], true),
        ];
        let body = encode(parts.iter());
        let shared = body
            .pieces()
            .filter(|piece| piece.as_ptr() == long.payload().as_ptr());
        assert_eq!(shared.count(), 2);
        assert_eq!(body.shared, 2 * SHARED_LEAST);
        assert_eq!(body.len() - body.shared, copied_len(parts.iter()));
        let text = String::from_utf8(whole(body).to_vec()).unwrap();
        let long = "x".repeat(SHARED_LEAST);
        assert_eq!(
            text.split('\x1e').collect::<Vec<_>>(),
            ["4a", "4b", &long, &long, "bAQ=="]
        );
    }

    #[test]
    fn what_is_encoded_is_read_back() {
        let parts = [part(b"4a", false), part(b"\x1e\xff", true)];
        let read: Vec<_> = decode(whole(encode(parts.iter()))).collect();
        assert_eq!(read, [text("a"), binary(b"\x1e\xff")]);
    }
}
