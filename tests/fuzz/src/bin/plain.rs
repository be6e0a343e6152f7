//! Messages of `dondo.1` and their attachments.
#![no_main]

use bytes::Bytes;
use dondo_actors::letter::TransportMessage;
use fuzz::{BLOBS_MAX, Session, conversation, messages};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((choice, wire)) = data.split_first() else {
        return;
    };
    let bytes_max = 64 << (choice & 7);
    let talk = || {
        let protocol = dondo::decoders::plain(BLOBS_MAX, bytes_max);
        let mut session = Session::new(protocol, bytes_max);
        let connect = TransportMessage::Text(Bytes::from_static(br#"{"type":"connect"}"#));
        // Sessions that say nothing without it are of little interest; the others find their own.
        let connect = (choice & 8 == 0).then_some(connect);
        conversation(&mut session, connect.into_iter().chain(messages(wire)))
    };
    assert_eq!(talk(), talk(), "the same twice");
});
