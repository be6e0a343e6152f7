//! Messages as the server sends them: one whole frame each, final and unmasked (RFC 6455, 5.2).
//! Long-polling takes the payload behind the header.

use bytes::Bytes;
use dondo_actors::letter::WsFrame;

/// A text frame whose payload is `pieces` joined; together they must be valid UTF-8.
///
/// Allocates once, exactly what the frame needs: it lives as long as its slowest reader.
pub(crate) fn text_frame<'a>(
    pieces: impl IntoIterator<Item = &'a [u8], IntoIter: Clone>,
) -> WsFrame {
    part(FINAL_TEXT, pieces.into_iter())
}

/// A binary frame that holds `data`; allocates once, as [`text_frame`] does.
pub(crate) fn binary_frame(data: &[u8]) -> WsFrame {
    part(FINAL_BINARY, std::iter::once(data))
}

const FINAL_TEXT: u8 = 0x81;
const FINAL_BINARY: u8 = 0x82;
/// The length byte that says: the length follows in two bytes.
const LENGTH_IN_TWO: u8 = 126;
/// The length byte that says: the length follows in eight bytes.
const LENGTH_IN_EIGHT: u8 = 127;

fn part<'a>(first_byte: u8, pieces: impl Iterator<Item = &'a [u8]> + Clone) -> WsFrame {
    let payload: usize = pieces.clone().map(<[u8]>::len).sum();
    let header: u8 = match payload {
        0..126 => 2,
        126..0x1_0000 => 4,
        _ => 10,
    };
    let mut frame = Vec::with_capacity(usize::from(header) + payload);
    frame.push(first_byte);
    // The header's size was chosen by the length, so no cast below loses a bit.
    match header {
        2 => frame.push(payload as u8),
        4 => {
            frame.push(LENGTH_IN_TWO);
            frame.extend_from_slice(&(payload as u16).to_be_bytes());
        }
        _ => {
            frame.push(LENGTH_IN_EIGHT);
            frame.extend_from_slice(&(payload as u64).to_be_bytes());
        }
    }
    for piece in pieces {
        frame.extend_from_slice(piece);
    }
    WsFrame {
        frame: Bytes::from(frame),
        header,
        binary: first_byte == FINAL_BINARY,
        uncompressed: false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn the_header_is_the_shortest_that_holds_the_length() {
        for (payload, header) in [
            (0, vec![0x82, 0]),
            (125, vec![0x82, 125]),
            (126, vec![0x82, 126, 0, 126]),
            (65_535, vec![0x82, 126, 0xff, 0xff]),
            (65_536, vec![0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
        ] {
            let data = vec![7; payload];
            let part = binary_frame(&data);
            assert_eq!(usize::from(part.header), header.len(), "{payload}");
            assert_eq!(part.frame[..header.len()], header, "{payload}");
            assert_eq!(part.payload(), data, "{payload}");
            assert!(part.binary);
        }
    }

    #[test]
    fn a_text_frame_joins_its_pieces() {
        let part = text_frame([b"42".as_slice(), b"[\"", "é".as_bytes(), b"\"]"]);
        assert_eq!(&part.frame[..], b"\x81\x0842[\"\xc3\xa9\"]");
        assert!(!part.binary);
    }

    #[test]
    fn a_frame_holds_no_spare_capacity() {
        let frame = text_frame([b"4".as_slice(), b"2[\"x\"]"]).frame;
        let length = frame.len();
        assert_eq!(Vec::from(frame).capacity(), length);
    }
}
