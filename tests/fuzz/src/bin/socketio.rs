//! Packets of Socket.IO and their attachments.
#![no_main]

use fuzz::{BLOBS_MAX, Session, conversation, messages};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((choice, wire)) = data.split_first() else {
        return;
    };
    let bytes_max = 64 << (choice & 7);
    let talk = || {
        let protocol = dondo::decoders::socketio(BLOBS_MAX, bytes_max);
        conversation(&mut Session::new(protocol, bytes_max), messages(wire))
    };
    assert_eq!(talk(), talk(), "the same twice");
});
