//! Engine.IO's long-polling bodies, its packets, and its query.
#![no_main]

use bytes::Bytes;
use dondo::decoders::{engine_body, engine_packet, engine_packets, engine_query};
use dondo_actors::letter::{TransportMessage, WsFrame};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let packets: Vec<_> = engine_packets(Bytes::copy_from_slice(data)).collect();
    let pieces: Vec<_> = data.split(|byte| *byte == SEPARATOR).collect();
    assert!(!packets.is_empty() && packets.len() <= pieces.len());
    let mut frames = Vec::new();
    for (packet, piece) in packets.iter().zip(&pieces) {
        if std::str::from_utf8(piece).is_ok() {
            let alone = engine_packet(TransportMessage::Text(Bytes::copy_from_slice(piece)));
            assert_eq!(*packet, alone, "alone and in a body");
        }
        if let (Some(message), _) = packet {
            assert!(message.bytes().len() < piece.len());
            frames.push(match message {
                TransportMessage::Text(text) => bare(&[b"4", &text[..]].concat(), false),
                TransportMessage::Binary(blob) => bare(blob, true),
            });
        }
    }
    if !frames.is_empty() {
        let again = engine_packets(engine_body(&frames));
        let messages = packets.into_iter().filter(|(message, _)| message.is_some());
        assert!(again.eq(messages), "what is written is read again");
    }
    if let Ok(query) = std::str::from_utf8(data) {
        let read = engine_query(query);
        assert!(
            read[2].as_deref() != Some(""),
            "an empty session id is none"
        );
        let length: usize = read.iter().flatten().map(String::len).sum();
        assert!(length <= 3 * query.len(), "it grew");
    }
});

const SEPARATOR: u8 = 0x1e;

fn bare(payload: &[u8], binary: bool) -> WsFrame {
    WsFrame {
        frame: Bytes::copy_from_slice(payload),
        header: 0,
        binary,
        uncompressed: false,
    }
}
