//! The frames of a WebSocket.
#![no_main]

use bytes::BytesMut;
use dondo::decoders::WebSocketFrames;
use fuzz::pieces;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((choice, stream)) = data.split_first() else {
        return;
    };
    let message_max = 64 << (choice & 7);
    let listen = |choice| {
        let mut frames = WebSocketFrames::new(message_max);
        let (mut input, mut heard) = (BytesMut::new(), Vec::new());
        for piece in pieces(stream, choice) {
            input.extend_from_slice(&piece);
            loop {
                match frames.take(&mut input) {
                    Ok(None) => break,
                    Ok(Some(event)) => heard.push(event),
                    Err(fault) => return (heard, Some(fault)),
                }
                assert!(2 * heard.len() <= stream.len(), "more events than headers");
            }
            assert!(input.len() <= 130, "{} bytes are left", input.len());
            assert!(
                frames.pending_bytes() <= message_max,
                "more is held than a message"
            );
        }
        (heard, None)
    };
    assert_eq!(listen(0), listen(choice >> 3), "one piece, many pieces");
});
