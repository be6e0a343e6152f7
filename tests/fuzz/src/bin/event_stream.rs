//! The query of an event stream, and the header with which an EventSource comes back.
#![no_main]

use bytes::Bytes;
use dondo::decoders::event_stream;
use dondo_actors::{
    id::Token,
    letter::TransportMessage,
    ports::{Answer, ClientPacket},
};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    let mut parts = data.splitn(2, |byte| *byte == 0xff);
    let query = parts.next().unwrap_or_default();
    let header = parts
        .next()
        .and_then(|header| std::str::from_utf8(header).ok());
    let Ok((mut protocol, joins)) = event_stream(query, header) else {
        return;
    };
    assert!((1..=32).contains(&joins), "{joins} joins");
    assert!(protocol.opens().is_some());
    let nudge = || TransportMessage::Text(Bytes::new());
    for join in 0..joins {
        let said = protocol.decode(nudge()).expect("no violation");
        let Some(ClientPacket::Event { ack, content, .. }) = said else {
            panic!("join {join} of {joins} is {said:?}");
        };
        assert_eq!(ack, Some(0));
        assert!(content.len() <= 16 * data.len() + 256, "it grew");
        let args: Value = serde_json::from_slice(&content.args).expect("one argument");
        let data = &args["data"];
        let name = match &*content.name {
            "join-channel" => &data["roomChannel"],
            "join-room" => &data["roomId"],
            other => panic!("it says {other}"),
        };
        assert!(name.is_string());
        match &data["since"] {
            Value::Null => assert!(data["history"].as_u64().is_some_and(|count| count <= 100)),
            Value::String(since) => assert!(Token::parse(since).is_some()),
            other => panic!("since {other}"),
        }
        let last = join + 1 == joins;
        let told = protocol.ack("/", 0, &answer(data)).first.payload();
        assert_eq!(told.starts_with(b": joined\n"), last);
        assert_eq!(
            told.windows(4).any(|at| at == b"id: "),
            last && data["since"].is_string()
        );
    }
    assert_eq!(protocol.decode(nudge()), Ok(None), "a join too many");
});

/// The answer of a hub that stands where the client says that it was.
fn answer(data: &Value) -> Answer {
    let joined = serde_json::json!({"ok": true, "position": data["since"]});
    Answer {
        args: joined.to_string().into(),
        blobs: Vec::new(),
    }
}
