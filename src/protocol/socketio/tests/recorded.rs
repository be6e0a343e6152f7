//! What real clients put on the wire, recorded in `tests/vectors`.
//! Knows nothing of what the events mean.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::Value;

use super::*;

const DOTNET_CLIENT: &str = include_str!("../../../../tests/vectors/dotnet-client.json");
const GUIDES_EVENTS: &str = include_str!("../../../../tests/vectors/hubtel-events.json");

#[test]
fn the_dotnet_client_is_understood_to_the_letter() {
    let recorded: Value = serde_json::from_str(DOTNET_CLIENT).unwrap();
    let packets = recorded["packets"].as_array().unwrap();
    assert!(packets.len() > 20);
    for row in packets {
        let name = row["name"].as_str().unwrap();
        let mut decoder = Decoder::new(Limits::default());
        let message = row["wire"].as_str().unwrap().strip_prefix('4').unwrap();
        let mut decoded = decoder.decode(text(message)).unwrap();
        let mut sent = Vec::new();
        for encoded in row["binary_base64"].as_array().unwrap() {
            assert_eq!(decoded, None, "{name}");
            sent.push(Bytes::from(
                BASE64_STANDARD.decode(encoded.as_str().unwrap()).unwrap(),
            ));
            decoded = decoder
                .decode(TransportMessage::Binary(sent[sent.len() - 1].clone()))
                .unwrap();
        }
        let (namespace, id, event, args, blobs) = match decoded.unwrap() {
            Packet::Connect { namespace, .. } => (namespace, None, None, Bytes::new(), Vec::new()),
            Packet::Event {
                namespace,
                ack,
                content,
            } => (
                namespace,
                ack,
                Some(content.name),
                content.args,
                content.blobs,
            ),
            Packet::Ack {
                namespace,
                id,
                args,
                blobs,
            } => (namespace, Some(id), None, args, blobs),
            Packet::Disconnect { .. } => panic!("{name}: it never sends one"),
        };
        assert_eq!(*namespace, *row["namespace"].as_str().unwrap(), "{name}");
        assert_eq!(id, row["packet_id"].as_u64(), "{name}");
        assert_eq!(event.as_deref(), row["event"].as_str(), "{name}");
        if let Some(expected) = row.get("args") {
            let args = format!("[{}]", str::from_utf8(&args).unwrap());
            assert!(message.ends_with(&args[1..]), "{name}: kept byte for byte");
            assert_eq!(
                serde_json::from_str::<Value>(&args).unwrap(),
                *expected,
                "{name}"
            );
        }
        assert_eq!(blobs, sent, "{name}");
    }
}

#[test]
fn the_guides_events_arrive_as_they_were_sent() {
    let recorded: Value = serde_json::from_str(GUIDES_EVENTS).unwrap();
    let rows = recorded["rows"].as_array().unwrap();
    assert!(rows.len() > 10);
    for row in rows {
        let (name, args) = (&row["event"], row["args"].as_array().unwrap());
        let elements: Vec<Value> = [name].into_iter().chain(args).cloned().collect();
        let message = format!("42{}", Value::from(elements));
        let packet = read(&message).unwrap().unwrap();
        assert_eq!(written(&packet), [text(&message[1..])], "{name}");
    }
}
