//! The frames of WebSocket as bytes: a client's header and mask, and what can be wrong with them (RFC 6455, 5).
//! Knows no messages: what a frame adds to one is the decoder's business.

/// Why the connection must be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FrameFault {
    /// The close code: 1002, 1007 or 1009.
    pub(crate) code: u16,
    /// What was wrong, for the log.
    pub(crate) reason: &'static str,
}

/// The header of a client's frame.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// The message ends with this frame.
    pub(super) last: bool,
    pub(super) opcode: Opcode,
    /// Bytes of payload.
    pub(super) length: usize,
    pub(super) mask: Mask,
    /// Bytes of the header itself.
    pub(super) size: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opcode {
    Continue,
    Start(Kind),
    Control(Control),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Control {
    Close,
    Ping,
    Pong,
}

/// The longest payload of a control frame, in bytes.
pub(super) const CONTROL_MAX: usize = 125;

/// Of what kind a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Binary,
}

/// What each byte of a payload is combined with, in turn.
pub(super) type Mask = [u8; 4];

impl Header {
    /// Reads the header at the front of `input`, none while it is not whole. Each rule is applied as soon as the
    /// bytes it is about are there. `begun` says that a message waits for its next fragment, `room` how many bytes the
    /// message may still grow by.
    pub(super) fn read(input: &[u8], begun: bool, room: usize) -> Result<Option<Self>, FrameFault> {
        let [first, second, rest @ ..] = input else {
            return Ok(None);
        };
        let last = first & FIN != 0;
        if first & RESERVED_BITS != 0 {
            return Err(FrameFault::protocol("reserved bits without an extension"));
        }
        let opcode = Opcode::read(first & OPCODE, begun)?;
        if second & MASKED == 0 {
            return Err(FrameFault::protocol("a client's frame without a mask"));
        }
        let is_control = matches!(opcode, Opcode::Control(_));
        let short = second & LENGTH;
        if is_control && !last {
            return Err(FrameFault::protocol("a fragmented control frame"));
        }
        if is_control && usize::from(short) > CONTROL_MAX {
            return Err(FrameFault::protocol("a control frame over 125 bytes"));
        }
        let (length, least, rest) = match short {
            126 => match rest.split_first_chunk() {
                Some((length, rest)) => (u64::from(u16::from_be_bytes(*length)), 126, rest),
                None => return Ok(None),
            },
            127 => match rest.split_first_chunk() {
                Some((length, rest)) => (u64::from_be_bytes(*length), 1 << 16, rest),
                None => return Ok(None),
            },
            length => (u64::from(length), 0, rest),
        };
        if length < least || length > LENGTH_MAX {
            return Err(FrameFault::protocol(
                "a length that is not minimal or above 63 bits",
            ));
        }
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if !is_control && length > room {
            return Err(FrameFault::TOO_BIG);
        }
        Ok(rest.split_first_chunk().map(|(mask, payload)| Self {
            last,
            opcode,
            length,
            mask: *mask,
            size: input.len() - payload.len(),
        }))
    }
}

impl Opcode {
    fn read(number: u8, begun: bool) -> Result<Self, FrameFault> {
        match number {
            0 if !begun => Err(FrameFault::protocol("a continuation of no message")),
            1 | 2 if begun => Err(FrameFault::protocol(
                "a new message inside a fragmented one",
            )),
            0 => Ok(Self::Continue),
            1 => Ok(Self::Start(Kind::Text)),
            2 => Ok(Self::Start(Kind::Binary)),
            8 => Ok(Self::Control(Control::Close)),
            9 => Ok(Self::Control(Control::Ping)),
            10 => Ok(Self::Control(Control::Pong)),
            _ => Err(FrameFault::protocol("an unknown opcode")),
        }
    }
}

impl FrameFault {
    pub(super) const TOO_BIG: Self = Self {
        code: 1009,
        reason: "a message over max_payload",
    };

    pub(super) const NOT_UTF8: Self = Self {
        code: 1007,
        reason: "a text that is not UTF-8",
    };

    pub(super) const fn protocol(reason: &'static str) -> Self {
        Self { code: 1002, reason }
    }
}

/// Appends `payload` to `message` without its mask.
pub(super) fn append_unmasked(message: &mut Vec<u8>, payload: &[u8], mask: Mask) {
    let start = message.len();
    message.extend_from_slice(payload);
    // Sixteen at a time is what the compiler turns into one instruction.
    let wide: [u8; 16] = std::array::from_fn(|place| mask[place % mask.len()]);
    let mut blocks = message[start..].chunks_exact_mut(wide.len());
    for block in &mut blocks {
        unmask(block, &wide);
    }
    unmask(blocks.into_remainder(), &wide);
}

/// In the first byte: the message ends with this frame.
pub(super) const FIN: u8 = 0x80;
const RESERVED_BITS: u8 = 0x70;
const OPCODE: u8 = 0x0f;
const MASKED: u8 = 0x80;
const LENGTH: u8 = 0x7f;
/// The top bit of a 64-bit length must not be set.
const LENGTH_MAX: u64 = u64::MAX >> 1;

fn unmask(bytes: &mut [u8], mask: &[u8]) {
    for (byte, mask) in bytes.iter_mut().zip(mask) {
        *byte ^= mask;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    const ROOM: usize = 1_000_000;

    fn code(input: &[u8], begun: bool) -> Option<u16> {
        Header::read(input, begun, ROOM)
            .err()
            .map(|fault| fault.code)
    }

    #[test]
    fn a_header_that_breaks_a_rule_is_a_fault_before_it_is_whole() {
        for (what, begun, input, expected) in [
            ("RSV1, a compressed frame", false, &[0xc1, 0x80][..], 1002),
            ("RSV2", false, &[0xa1, 0x80], 1002),
            ("RSV3", false, &[0x91, 0x80], 1002),
            ("RSV1 in a ping", false, &[0xc9, 0x80], 1002),
            ("opcode 3", false, &[0x83, 0x80], 1002),
            ("opcode 7", false, &[0x87, 0x80], 1002),
            ("opcode 11", false, &[0x8b, 0x80], 1002),
            ("opcode 15", true, &[0x8f, 0x80], 1002),
            ("no mask", false, &[0x81, 0x05], 1002),
            ("no mask in a close", false, &[0x88, 0x00], 1002),
            ("continuation without a start", false, &[0x80, 0x81], 1002),
            ("the same, not last", false, &[0x00, 0x81], 1002),
            ("text inside a message", true, &[0x81, 0x81], 1002),
            ("binary inside a message", true, &[0x02, 0x81], 1002),
            ("fragmented ping", false, &[0x09, 0x81], 1002),
            ("fragmented close", true, &[0x08, 0x80], 1002),
            ("ping over 125 bytes", false, &[0x89, 0xfe], 1002),
            ("close over 125 bytes", false, &[0x88, 0xfe], 1002),
            ("pong over 125 bytes", false, &[0x8a, 0xff], 1002),
            ("125 in two bytes", false, &[0x82, 0xfe, 0, 125], 1002),
            ("0 in two bytes", false, &[0x82, 0xfe, 0, 0], 1002),
            (
                "65535 in eight bytes",
                false,
                &[0x82, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff],
                1002,
            ),
            (
                "top bit",
                false,
                &[0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 1],
                1002,
            ),
            (
                "all bits",
                false,
                &[0x82, 0xff, 255, 255, 255, 255, 255, 255, 255, 255],
                1002,
            ),
            (
                "2^63 - 1",
                false,
                &[0x82, 0xff, 0x7f, 255, 255, 255, 255, 255, 255, 255],
                1009,
            ),
            ("2^40", false, &[0x82, 0xff, 0, 0, 1, 0, 0, 0, 0, 0], 1009),
            (
                "one byte more than there is room for, in a continuation",
                true,
                &[0x80, 0xff, 0, 0, 0, 0, 0, 0x0f, 0x42, 0x41],
                1009,
            ),
        ] {
            assert_eq!(code(input, begun), Some(expected), "{what}");
            // Whatever is cut off, less of the header is either the same fault or not yet one.
            for end in 0..input.len() {
                let told = code(&input[..end], begun);
                assert!(told.is_none_or(|told| told == expected), "{what} at {end}");
            }
        }
    }

    #[test]
    fn a_header_is_whole_with_its_mask() {
        let start = |kind| Opcode::Start(kind);
        for (begun, input, last, opcode, length) in [
            (
                false,
                &[0x81, 0x80, 1, 2, 3, 4][..],
                true,
                start(Kind::Text),
                0,
            ),
            (
                false,
                &[0x02, 0xfd, 1, 2, 3, 4],
                false,
                start(Kind::Binary),
                125,
            ),
            (
                false,
                &[0x82, 0xfe, 0, 126, 1, 2, 3, 4],
                true,
                start(Kind::Binary),
                126,
            ),
            (
                false,
                &[0x81, 0xfe, 255, 255, 1, 2, 3, 4],
                true,
                start(Kind::Text),
                65_535,
            ),
            (
                false,
                &[0x81, 0xff, 0, 0, 0, 0, 0, 1, 0, 0, 1, 2, 3, 4],
                true,
                start(Kind::Text),
                65_536,
            ),
            (
                true,
                &[0x00, 0xff, 0, 0, 0, 0, 0, 0x0f, 0x42, 0x40, 1, 2, 3, 4],
                false,
                Opcode::Continue,
                ROOM,
            ),
            (
                true,
                &[0x89, 0xfd, 1, 2, 3, 4],
                true,
                Opcode::Control(Control::Ping),
                125,
            ),
        ] {
            for end in 0..input.len() {
                assert_eq!(
                    Header::read(&input[..end], begun, ROOM),
                    Ok(None),
                    "{input:?}"
                );
            }
            let mut longer = input.to_vec();
            longer.push(0xff);
            let header = Header {
                last,
                opcode,
                length,
                mask: [1, 2, 3, 4],
                size: input.len(),
            };
            assert_eq!(
                Header::read(&longer, begun, ROOM),
                Ok(Some(header)),
                "{input:?}"
            );
        }
    }

    #[test]
    fn each_byte_is_combined_with_its_turn_of_the_mask() {
        let mask = [0x11, 0x22, 0x44, 0x88];
        for length in 0..70 {
            let masked: Vec<u8> = (0..length)
                .map(|place| place ^ mask[usize::from(place) % 4])
                .collect();
            let mut message = vec![0xaa];
            append_unmasked(&mut message, &masked, mask);
            let plain: Vec<u8> = std::iter::once(0xaa).chain(0..length).collect();
            assert_eq!(message, plain);
        }
    }
}
