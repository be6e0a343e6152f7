//! What a token allows, over every protocol: it is judged in one place.

use serde_json::{Value, json};

use super::{Issuer, ada, connect, hub};
use crate::support::{Client, EventReader, PlainClient, WebSocket};

/// Whether it is done; a failure has to be that the token does not allow it.
fn allowed(ack: &Value) -> bool {
    if ack["ok"] == true {
        return true;
    }
    assert_eq!(ack["code"], "forbidden", "{ack}");
    let message = ack["message"].as_str().unwrap();
    assert!(message.contains("the token does not allow"), "{ack}");
    false
}

fn rights() -> Value {
    json!({"dondo": {
        "join": ["orders-*", {"room": "desk", "channel": "orders-1"}],
        "send": ["orders-1", {"room": "desk"}],
        "history": [],
    }})
}

/// Fails if a right is not looked at, looked at for something else, or if a refusal changes something.
#[test]
fn a_token_allows_what_its_patterns_name() {
    let mut issuer = Issuer::start();
    let (hub, _folder) = hub("rights", |_| {});
    let token = issuer.sign("HS256", &ada(rights()));
    let mut client = connect(&hub, &token);
    let mut other = Client::connect(&hub);
    for (event, args, expected) in [
        ("join-channel", vec![json!("orders-1")], true),
        ("join-channel", vec![json!("orders-")], true),
        ("join-channel", vec![json!("orders")], false),
        ("join-channel", vec![json!("desk")], false),
        (
            "join-channel",
            vec![json!({"data": {"roomChannel": "orders-2", "history": 5}})],
            false,
        ),
        (
            "join-room",
            vec![json!({"data": {"roomId": "orders-1"}})],
            true,
        ),
        (
            "join-room",
            vec![json!({"data": {"roomId": "desk", "roomChannel": "orders-1"}})],
            true,
        ),
        (
            "join-room",
            vec![json!({"data": {"roomId": "desk", "roomChannel": "orders-2"}})],
            false,
        ),
        (
            "join-room",
            vec![json!({"data": {"roomId": "other", "roomChannel": "orders-1"}})],
            false,
        ),
        ("orders-1", vec![json!("hi")], true),
        ("orders-2", vec![json!("hi")], false),
        (
            "notify-room",
            vec![json!({"data": {"roomId": "desk", "roomChannel": "orders-1", "message": "hi"}})],
            true,
        ),
        (
            "notify-room",
            vec![json!({"data": {"roomId": "orders-1", "message": "hi"}})],
            true,
        ),
        (
            "notify-room",
            vec![json!({"data": {"roomId": "other", "message": "hi"}})],
            false,
        ),
        ("leave-channel", vec![json!("orders-1")], true),
    ] {
        let ack = client.ask(event, &args);
        assert_eq!(allowed(&ack), expected, "{event} {args:?}");
    }
    // Nobody is anywhere that was refused, and who has no token may do all that a guest may.
    for channel in ["orders", "desk", "orders-2"] {
        let ack = other.ask("join-channel", &[json!(channel)]);
        assert_eq!(ack["onlineUsers"], 1, "{ack}");
    }
    // Without an ack it is told all the same.
    client.emit("join-channel", &[json!("orders")]);
    assert_eq!(client.event("hub-error")[0]["code"], "forbidden");
}

/// Fails if a protocol lets through what a token does not allow.
#[test]
fn a_token_allows_the_same_over_every_protocol() {
    let mut issuer = Issuer::start();
    let (hub, _folder) = hub("everywhere", |_| {});
    let token = issuer.sign("HS256", &ada(rights()));
    let mut plain = WebSocket::open(&hub, "/ws");
    plain.text(&json!({"type": "connect", "auth": {"token": token}}).to_string());
    let mut plain = PlainClient::welcomed(plain);
    assert!(allowed(&plain.ask("join-channel", json!("orders-1"))));
    assert!(!allowed(&plain.ask("join-channel", json!("lobby"))));
    assert!(!allowed(&plain.ask("lobby", json!("hi"))));
    for (query, expected) in [
        ("channel=orders-1", [true].as_slice()),
        ("channel=lobby&channel=orders-2", &[false, true]),
        ("channel=orders-1&history=5", &[false]),
        ("channel=orders-1&room=desk", &[true, true]),
        ("room=desk", &[false]),
    ] {
        let target = format!("/events?{query}&access_token={token}");
        let mut stream = EventReader::open(&hub, &target);
        for expected in expected {
            assert_eq!(allowed(&stream.event("ack").json()), *expected, "{query}");
        }
    }
    // An EventSource that comes back says where it was, also where it may not be told of that.
    let target = format!("/events?channel=orders-1&access_token={token}&lastEventId=a-0");
    let joined = EventReader::open(&hub, &target).event("ack").json();
    assert_eq!(
        (&joined["ok"], &joined["replayed"], &joined["complete"]),
        (&json!(true), &json!(0), &json!(false))
    );
}
