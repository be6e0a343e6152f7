//! SignalR's messages in MessagePack. They are framed here, at each byte that begins no value: a fuzzer does not count lengths.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((choice, records)) = data.split_first() else {
        return;
    };
    let mut stream = Vec::new();
    for record in records.split(|byte| *byte == 0xc1) {
        put_length(&mut stream, record.len());
        stream.extend_from_slice(record);
    }
    fuzz::signalr("messagepack", *choice, &stream);
});

fn put_length(stream: &mut Vec<u8>, mut length: usize) {
    while length > 0x7f {
        stream.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    stream.push(length as u8);
}
