//! Tests of decoder and encoder together, as data: what the other files here share.
//! Knows nothing that a caller of the two could not know.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod attacks;
mod recorded;
mod rows;

use bytes::Bytes;
use dondo_actors::letter::{Content, Frame, TransportMessage};

use super::{Decoder, Packet, Violation, encode};
use crate::protocol::Limits;

type Decoded = Result<Option<Packet>, Violation>;

fn text(text: &str) -> TransportMessage {
    TransportMessage::Text(Bytes::copy_from_slice(text.as_bytes()))
}

fn blob(bytes: &'static [u8]) -> TransportMessage {
    TransportMessage::Binary(Bytes::from_static(bytes))
}

/// What the message means to a new connection, its Engine.IO digit included.
fn read(message: &str) -> Decoded {
    Decoder::new(Limits::default()).decode(text(message.strip_prefix('4').unwrap()))
}

/// As `read`, with attachments behind it; stops at the first violation.
fn read_all(message: &str, blobs: &[&'static [u8]]) -> Decoded {
    let mut decoder = Decoder::new(Limits::default());
    let mut last = decoder.decode(text(message.strip_prefix('4').unwrap()))?;
    for bytes in blobs {
        assert_eq!(
            last, None,
            "{message} was whole before its attachments came"
        );
        last = decoder.decode(blob(bytes))?;
    }
    Ok(last)
}

fn code(decoded: Decoded) -> &'static str {
    match decoded {
        Ok(packet) => panic!("accepted as {packet:?}"),
        Err(violation) => {
            assert!(!violation.to_string().is_empty());
            violation.code()
        }
    }
}

fn event(
    namespace: &str,
    ack: Option<u64>,
    name: &str,
    args: &str,
    blobs: &[&'static [u8]],
) -> Packet {
    Packet::Event {
        namespace: namespace.into(),
        ack,
        content: Content {
            name: name.into(),
            args: Bytes::copy_from_slice(args.as_bytes()),
            blobs: blobs
                .iter()
                .map(|bytes| Bytes::from_static(bytes))
                .collect(),
        },
    }
}

fn ack(namespace: &str, id: u64, args: &str, blobs: &[&'static [u8]]) -> Packet {
    Packet::Ack {
        namespace: namespace.into(),
        id,
        args: Bytes::copy_from_slice(args.as_bytes()),
        blobs: blobs
            .iter()
            .map(|bytes| Bytes::from_static(bytes))
            .collect(),
    }
}

fn connect(namespace: &str, auth: Option<&'static str>) -> Packet {
    Packet::Connect {
        namespace: namespace.into(),
        auth: auth.map(Bytes::from),
    }
}

fn disconnect(namespace: &str) -> Packet {
    Packet::Disconnect {
        namespace: namespace.into(),
    }
}

/// What the encoder makes of the packet, as a client's messages: without the Engine.IO digit.
fn written(packet: &Packet) -> Vec<TransportMessage> {
    let messages = |frame: Frame| {
        frame
            .parts()
            .map(|part| match part.binary {
                true => TransportMessage::Binary(part.payload()),
                false => TransportMessage::Text(part.payload().slice(1..)),
            })
            .collect()
    };
    match packet {
        Packet::Connect { namespace, auth } => {
            let auth = str::from_utf8(auth.as_deref().unwrap_or_default()).unwrap();
            vec![text(&format!("0{namespace},{auth}"))]
        }
        Packet::Disconnect { namespace } => messages(encode::disconnected(namespace)),
        Packet::Event {
            namespace,
            ack,
            content,
        } => messages(encode::event(namespace, content, *ack)),
        Packet::Ack {
            namespace,
            id,
            args,
            blobs,
        } => messages(encode::ack(namespace, *id, args, blobs)),
    }
}
