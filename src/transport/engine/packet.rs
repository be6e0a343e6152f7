//! Engine.IO 4 packets: from one message of a transport to what it means (wire reference 1.1).
//! Knows no session: whether a packet is allowed at this moment is decided by whoever reads it.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::{Buf as _, Bytes};
use dondo_actors::letter::TransportMessage;

/// One Engine.IO packet as a client sent it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum EnginePacket {
    /// `0`; ignored from a client.
    Open,
    /// `1`: the client leaves.
    Close,
    /// `2` and its data, which is `probe` on a WebSocket that asks to take over.
    Ping(Bytes),
    /// `3`; its data means nothing.
    Pong,
    /// `4` and a text, `b` and base64, or a binary frame.
    Message(TransportMessage),
    /// `5`: the client has moved to this WebSocket.
    Upgrade,
    /// `6`; ignored from a client.
    Noop,
}

/// Why something is no packet; it ends the session as a parse error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadPacket {
    /// Not even a type.
    Empty,
    /// The first byte is neither `0` to `6` nor `b`.
    UnknownType(u8),
    /// A text that is not UTF-8; possible in polling only.
    NotUtf8,
}

impl EnginePacket {
    /// Reads one WebSocket message. A binary frame is data only, and an empty one is legal.
    pub(crate) fn from_wire(wire: TransportMessage) -> Result<Self, BadPacket> {
        match wire {
            TransportMessage::Text(text) => Self::from_text(text),
            TransportMessage::Binary(_) => Ok(Self::Message(wire)),
        }
    }

    /// Reads one packet in text form, which is valid UTF-8; the same in a WebSocket text frame and in a polling body.
    pub(crate) fn from_text(mut text: Bytes) -> Result<Self, BadPacket> {
        // Taken off in place: a slice would have to share it.
        let kind = text.try_get_u8().map_err(|_| BadPacket::Empty)?;
        match kind {
            b'0' => Ok(Self::Open),
            b'1' => Ok(Self::Close),
            b'2' => Ok(Self::Ping(text)),
            b'3' => Ok(Self::Pong),
            b'4' => Ok(Self::Message(TransportMessage::Text(text))),
            b'5' => Ok(Self::Upgrade),
            b'6' => Ok(Self::Noop),
            b'b' => Ok(Self::Message(TransportMessage::Binary(decode_base64(
                &text,
            )))),
            other => Err(BadPacket::UnknownType(other)),
        }
    }
}

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Never fails, as in the reference: both alphabets count, other characters are skipped, the first `=` ends it.
fn decode_base64(text: &[u8]) -> Bytes {
    // What clients really send goes through here.
    if let Ok(data) = BASE64.decode(text) {
        return data.into();
    }
    let mut digits: Vec<u8> = text
        .iter()
        .take_while(|&&byte| byte != b'=')
        .filter_map(|&byte| match byte {
            b'-' => Some(b'+'),
            b'_' => Some(b'/'),
            b'+' | b'/' => Some(byte),
            _ => byte.is_ascii_alphanumeric().then_some(byte),
        })
        .collect();
    // Six bits left over are no byte.
    if digits.len() % 4 == 1 {
        digits.pop();
    }
    BASE64.decode(&digits).unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    fn read(text: &'static str) -> Result<EnginePacket, BadPacket> {
        EnginePacket::from_text(Bytes::from_static(text.as_bytes()))
    }

    fn message(text: &'static str) -> EnginePacket {
        EnginePacket::Message(TransportMessage::Text(Bytes::from_static(text.as_bytes())))
    }

    #[test]
    fn each_type_is_read_by_its_digit() {
        for (text, packet) in [
            ("0", EnginePacket::Open),
            ("0{\"sid\":\"x\"}", EnginePacket::Open),
            ("1", EnginePacket::Close),
            ("2", EnginePacket::Ping(Bytes::new())),
            ("2probe", EnginePacket::Ping(Bytes::from_static(b"probe"))),
            ("3", EnginePacket::Pong),
            ("3probe", EnginePacket::Pong),
            ("4", message("")),
            ("42[\"é😀\"]", message("2[\"é😀\"]")),
            ("5", EnginePacket::Upgrade),
            ("6", EnginePacket::Noop),
        ] {
            assert_eq!(read(text), Ok(packet), "{text}");
        }
    }

    #[test]
    fn an_empty_text_or_an_unknown_type_is_no_packet() {
        assert_eq!(read(""), Err(BadPacket::Empty));
        for text in ["7", "9x", "a", "B", " 4", "\0", "\u{1e}", "é", "-1"] {
            assert_eq!(
                read(text),
                Err(BadPacket::UnknownType(text.as_bytes()[0])),
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_binary_frame_is_data_only_even_if_empty_or_like_a_packet() {
        for data in [&b""[..], b"4hello", b"bAQID", b"\xff\x00"] {
            let wire = TransportMessage::Binary(Bytes::copy_from_slice(data));
            assert_eq!(
                EnginePacket::from_wire(wire.clone()),
                Ok(EnginePacket::Message(wire))
            );
        }
    }

    #[test]
    fn a_text_frame_that_begins_with_b_is_binary() {
        let wire = TransportMessage::Text(Bytes::from_static(b"bAQIDBA=="));
        let data = Bytes::from_static(&[1, 2, 3, 4]);
        assert_eq!(
            EnginePacket::from_wire(wire),
            Ok(EnginePacket::Message(TransportMessage::Binary(data)))
        );
    }

    /// Each row was seen in the decoder that the reference uses.
    #[test]
    fn base64_is_read_laxly() {
        for (text, data) in [
            ("b", &b""[..]),
            ("bYQ==", b"a"),
            ("bYQ", b"a"),
            ("bYR==", b"a"),
            ("bYQ==YWJj", b"a"),
            ("bY!W@J j\nZA==", b"abcd"),
            ("b-_-_", b"\xfb\xff\xbf"),
            ("b+/+/", b"\xfb\xff\xbf"),
            ("bé+/+/", b"\xfb\xff\xbf"),
            ("bYWJjZ", b"abc"),
            ("b=YWJj", b""),
            ("bYW=Jj", b"a"),
            ("bYWJj=ZGVm", b"abc"),
            ("bYWJjZGVmé=", b"abcdef"),
            ("bY", b""),
            ("b!!!!", b""),
        ] {
            let data = TransportMessage::Binary(Bytes::from_static(data));
            assert_eq!(read(text), Ok(EnginePacket::Message(data)), "{text:?}");
        }
    }
}
