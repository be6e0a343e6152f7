//! SignalR's messages in JSON, behind a handshake that asks for them.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let [choice, stream @ ..] = data {
        fuzz::signalr("json", *choice, stream);
    }
});
