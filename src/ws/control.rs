//! Control frames of WebSocket: what a client's say, and ours as bytes (RFC 6455, 5.5).
//! Knows no connection: whether and when to answer is up to whoever reads it.

use std::str;

use bytes::Bytes;

use super::header::{CONTROL_MAX, FIN, FrameFault};

/// A close frame without a code.
pub(crate) const EMPTY_CLOSE: Bytes = Bytes::from_static(&[0x88, 0]);

/// A close frame with a code and no reason.
pub(crate) fn close_frame(code: u16) -> Bytes {
    control_frame(8, &code.to_be_bytes())
}

/// The answer to a ping, with the data of the ping.
pub(crate) fn pong_frame(data: &[u8]) -> Bytes {
    control_frame(10, data)
}

/// The code in the payload of a client's close, if it has one.
pub(super) fn close_code(payload: &[u8]) -> Result<Option<u16>, FrameFault> {
    if payload.is_empty() {
        return Ok(None);
    }
    let Some((code, reason)) = payload.split_first_chunk() else {
        return Err(FrameFault::protocol("half a close code"));
    };
    let code = u16::from_be_bytes(*code);
    // RFC 6455, 7.4, and the codes registered since.
    if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
        return Err(FrameFault::protocol("a close code that must not be sent"));
    }
    match str::from_utf8(reason) {
        Ok(_) => Ok(Some(code)),
        Err(_) => Err(FrameFault::NOT_UTF8),
    }
}

/// Data over 125 bytes is cut: none of ours is that long, and a ping's cannot be.
pub(super) fn control_frame(opcode: u8, data: &[u8]) -> Bytes {
    let data = &data[..data.len().min(CONTROL_MAX)];
    let mut frame = vec![FIN | opcode, data.len() as u8];
    frame.extend_from_slice(data);
    frame.into()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn a_close_is_judged_by_its_code_and_reason() {
        for (payload, expected) in [
            (&b""[..], Ok(None)),
            (&[3, 0xe8], Ok(Some(1000))),
            (b"\x03\xe9bye \xc3\xa9", Ok(Some(1001))),
            (&[0x0b, 0xb8], Ok(Some(3000))),
            (&[0x13, 0x87], Ok(Some(4999))),
            (&[3], Err(1002)),
            (&[0, 0], Err(1002)),
            (&[3, 0xe7], Err(1002)),
            (&[3, 0xec], Err(1002)),
            (&[3, 0xed], Err(1002)),
            (&[3, 0xee], Err(1002)),
            (&[3, 0xf7], Err(1002)),
            (&[0x07, 0xd0], Err(1002)),
            (&[0x13, 0x88], Err(1002)),
            (&[0xff, 0xff], Err(1002)),
            (&[3, 0xe8, 0xff], Err(1007)),
            (&[3, 0xe8, 0xe2, 0x82], Err(1007)),
        ] {
            let read = close_code(payload).map_err(|fault| fault.code);
            assert_eq!(read, expected, "{payload:?}");
        }
    }

    #[test]
    fn our_control_frames_are_whole_unmasked_and_short() {
        assert_eq!(close_frame(1001), &[0x88, 2, 3, 0xe9][..]);
        assert_eq!(pong_frame(b""), &[0x8a, 0][..]);
        assert_eq!(pong_frame(b"ab"), &b"\x8a\x02ab"[..]);
        assert_eq!(pong_frame(&[7; 200])[..2], [0x8a, 125]);
        assert_eq!(EMPTY_CLOSE, &[0x88, 0][..]);
    }
}
