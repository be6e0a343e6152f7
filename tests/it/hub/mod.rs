//! The hub pack's contract over real sockets: the guides' calls, the recorded .NET client, and each decision by itself.
//! Knows no code of the pack.

mod answers;
mod channels;
mod dotnet;
mod dotnet_rows;
mod file;
mod fixtures;
mod flags;
mod forms;
mod limits;
mod live;
mod names;
mod namespaces;
mod normal;
mod packets;
mod presence;
mod private;
pub mod program;
mod rates;
mod recorded;
mod refused;
mod rooms;
mod settings;
mod sighup;
mod switches;
mod targets;

use serde_json::{Value, json};

use crate::support::Client;

/// The JavaScript guide's payload.
fn guide(client: &Client, message: &str, room: Option<&str>, channel: Option<&str>) -> Value {
    json!({
        "data": {"message": message, "roomId": room, "roomChannel": channel},
        "time": "2021-09-01T12:00:00.000Z",
        "clientId": client.id,
        "source": {
            "platform": "web",
            "appName": "Sample App Name",
            "appVersion": "1.0.0",
            "clientId": client.id,
            "userName": "John Doe",
            "channel": channel,
        },
    })
}

/// Joins a channel and takes its own join event out of the way.
fn join(client: &mut Client, channel: &str) {
    let ack = client.ask("join-channel", &[json!(channel)]);
    assert_eq!(ack["ok"], true, "{ack}");
    own(client, "join-channel");
}

/// Joins a room, in a channel or in none, and takes its own join event out of the way.
fn join_room(client: &mut Client, room: &str, channel: Option<&str>) {
    let ack = client.ask(
        "join-room",
        &[json!({"roomId": room, "roomChannel": channel})],
    );
    assert_eq!(ack["ok"], true, "{ack}");
    own(client, "join-room");
}

/// Waits for the event of this name that the client itself caused.
fn own(client: &mut Client, event: &str) -> Value {
    let id = client.id.clone();
    by(client, event, &id)
}

/// Waits for the event of this name that the client `id` caused; others of the name are taken out of the way.
fn by(client: &mut Client, event: &str, id: &str) -> Value {
    loop {
        let args = client.event(event);
        assert_eq!(args.len(), 1, "nothing stands behind the object: {args:?}");
        if args[0]["clientId"] == *id {
            return args[0].clone();
        }
    }
}

/// Whether every field of `expected` stands in `actual`.
fn holds(actual: &Value, expected: &Value) -> bool {
    match (actual, expected) {
        (Value::Object(actual), Value::Object(expected)) => expected
            .iter()
            .all(|(key, value)| actual.get(key).is_some_and(|actual| holds(actual, value))),
        _ => actual == expected,
    }
}

/// The code of a failure that was acked.
fn code(ack: &Value) -> &str {
    assert_eq!(ack["ok"], false, "{ack}");
    assert!(
        ack["message"].as_str().is_some_and(|text| !text.is_empty()),
        "{ack}"
    );
    ack["code"].as_str().unwrap()
}
