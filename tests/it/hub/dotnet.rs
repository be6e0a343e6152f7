//! The recorded .NET sessions, each played step by step and then chatting with a client after the JavaScript guide.
//! Knows nothing of how the bytes are played.

use std::time::Duration;

use serde_json::{Value, json};

use super::recorded::{DotNet, packet, session};
use super::{by, guide, holds, join, join_room};
use crate::support::{Client, Hub};

const CHANNEL: &str = "channelId";
const ROOM: &str = "roomName";

fn as_recorded(text: &str) -> String {
    text.to_owned()
}

#[test]
fn the_default_dotnet_session_upgrades_without_a_probe_and_chats() {
    let hub = Hub::with(|config| config.engine.ping_interval = Duration::from_millis(300));
    let session = session("default options: polling, then WebSocket without a probe");
    let corrected = |text: &str| text.replace("25000", "300");
    let dotnet = DotNet::play(&hub, &session, corrected);
    chat(&hub, "/", dotnet).close();
}

#[test]
fn the_dotnet_session_over_websocket_only_chats() {
    let hub = Hub::start();
    let dotnet = DotNet::play(&hub, &session("WebSocket only"), as_recorded);
    chat(&hub, "/", dotnet).close();
}

#[test]
fn the_dotnet_session_over_polling_only_chats() {
    let hub = Hub::start();
    let dotnet = DotNet::play(&hub, &session("polling only"), as_recorded);
    chat(&hub, "/", dotnet);
}

#[test]
fn the_dotnet_session_with_query_headers_auth_and_namespace_chats() {
    let hub = Hub::with(|config| config.namespaces.push("/chat".into()));
    let dotnet = DotNet::play(
        &hub,
        &session("query, headers, auth and a namespace"),
        as_recorded,
    );
    assert_eq!(dotnet.namespace, "/chat,");
    chat(&hub, "/chat", dotnet).close();
}

/// The .NET client and a JavaScript client in one channel and one room of it.
fn chat(hub: &Hub, namespace: &str, mut dotnet: DotNet) -> DotNet {
    let mut script = Client::connect_to(hub, namespace, "");
    join(&mut script, CHANNEL);
    join_room(&mut script, ROOM, Some(CHANNEL));

    say(&mut dotnet, "join-channel");
    let joined = both(&mut script, &mut dotnet, "join-channel");
    let source = json!({"platform": "Web", "userName": "NRTC", "channel": CHANNEL});
    let expected = json!({"data": {"message": "", "roomId": null, "roomChannel": CHANNEL, "onlineUsers": 2},
        "clientId": dotnet.id, "source": source, "time": "2021-09-01T12:00:00.1234567+00:00"});
    assert!(holds(&joined, &expected), "{joined}");

    say(&mut dotnet, "channel message");
    let message = both(&mut script, &mut dotnet, CHANNEL);
    let data = json!({"message": "This is a message", "roomId": null, "roomChannel": CHANNEL});
    assert_eq!(message["data"], data);

    let sent = guide(&script, "from the browser", None, Some(CHANNEL));
    script.emit(CHANNEL, std::slice::from_ref(&sent));
    assert_eq!(script.event(CHANNEL), std::slice::from_ref(&sent));
    assert_eq!(dotnet.event(CHANNEL), [sent]);

    say(&mut dotnet, "join-room");
    let joined = both(&mut script, &mut dotnet, "join-room");
    let data = json!({"roomId": ROOM, "roomChannel": CHANNEL, "onlineUsers": 2});
    assert!(holds(&joined["data"], &data), "{joined}");
    let there = dotnet.event("room-online-users");
    assert_eq!(there[0]["data"]["onlineUsers"], 2);

    say(&mut dotnet, "notify-room");
    let message = both(&mut script, &mut dotnet, "notify-room");
    let text = "This message is going to all clients in roomId";
    assert_eq!(
        message["data"],
        json!({"message": text, "roomId": ROOM, "roomChannel": CHANNEL})
    );

    let sent = guide(&script, "to the room", Some(ROOM), Some(CHANNEL));
    script.emit("notify-room", std::slice::from_ref(&sent));
    assert_eq!(script.event("notify-room"), std::slice::from_ref(&sent));
    assert_eq!(dotnet.event("notify-room"), [sent]);

    say(&mut dotnet, "leave-room");
    let left = by(&mut script, "leave-room", &dotnet.id);
    let data = json!({"roomId": ROOM, "roomChannel": CHANNEL, "onlineUsers": 1, "reason": "leave"});
    assert!(holds(&left["data"], &data), "{left}");
    say(&mut dotnet, "leave-channel");
    let left = by(&mut script, "leave-channel", &dotnet.id);
    assert!(
        holds(&left["data"], &json!({"onlineUsers": 1, "reason": "leave"})),
        "{left}"
    );
    dotnet
}

/// A recorded packet, in the client's namespace and to the channel of this chat.
fn say(dotnet: &mut DotNet, name: &str) {
    let wire = packet(name)["wire"]
        .as_str()
        .unwrap()
        .replace("some-channel-id", CHANNEL);
    let wire = wire.replacen("42[", &format!("42{}[", dotnet.namespace), 1);
    dotnet.say(&wire, &[]);
}

/// What both get is the same.
fn both(script: &mut Client, dotnet: &mut DotNet, event: &str) -> Value {
    let seen = by(script, event, &dotnet.id);
    assert_eq!(dotnet.event(event), std::slice::from_ref(&seen), "{event}");
    seen
}
