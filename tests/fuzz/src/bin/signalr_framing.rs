//! SignalR's records: any handshake, and separators or lengths behind it, with limits that are soon reached.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let [choice, record_max, stream @ ..] = data {
        fuzz::signalr_stream(*choice, 32 + usize::from(*record_max), stream);
    }
});
