//! The right `presence`: who lacks it hears what is said, and is told of nobody but itself, over every protocol.

use std::time::Duration;

use dondo::config::OnlineUsers;
use serde_json::{Value, json};

use super::{Issuer, ada, connect, hub};
use crate::support::chat_hub::{HANDSHAKE, records};
use crate::support::{Client, EventReader, PlainClient, WebSocket};

fn desk(more: Value) -> Value {
    let mut data = json!({"roomId": "desk", "roomChannel": "closed"});
    for (name, value) in more.as_object().unwrap() {
        data[name] = value.clone();
    }
    json!({ "data": data })
}

/// Waits until `client` was told that so many are online.
fn online(client: &mut Client, event: &str, count: u64) {
    while client.event(event)[0]["data"]["onlineUsers"] != count {}
}

/// Fails if a client whose token says nothing of a channel's presence is told of others in an event or an ack, hears no message any
/// more, or counts for others as if it were not there.
#[test]
fn who_may_not_know_who_is_there_is_told_of_itself() {
    let mut issuer = Issuer::start();
    let (hub, _folder) = hub("presence", |settings| {
        settings.hub.presence.interval = Duration::from_millis(1);
    });
    let token = issuer.sign("HS256", &ada(json!({"dondo": {"presence": ["open-*"]}})));
    let mut guest = Client::connect(&hub);
    guest.ask("join-channel", &[json!("closed")]);
    guest.ask("join-room", &[desk(json!({}))]);
    let mut watcher = connect(&hub, &token);
    let own = watcher.ask("join-channel", &[json!("closed")]);
    assert_eq!((&own["ok"], &own["onlineUsers"]), (&json!(true), &json!(1)));
    let users = json!([{"clientId": own["clientId"], "userName": "Ada L.", "verified": true}]);
    assert_eq!(own["users"], users);
    let joined = watcher.event("join-channel");
    assert_eq!(joined[0]["data"]["onlineUsers"], 1);
    let own = watcher.ask("join-room", &[desk(json!({}))]);
    assert_eq!(
        (&own["onlineUsers"], &own["users"], &own["owner"]),
        (&json!(1), &users, &Value::Null)
    );
    assert_eq!(watcher.event("join-room")[0]["data"]["onlineUsers"], 1);

    let mut other = Client::connect(&hub);
    let seen = other.ask("join-channel", &[json!("closed")]);
    assert_eq!(seen["onlineUsers"], 3, "it is there for others");
    other.ask("join-room", &[desk(json!({}))]);
    online(&mut guest, "online-users", 3);
    online(&mut guest, "room-online-users", 3);
    other.ask("leave-room", &[desk(json!({}))]);
    online(&mut guest, "room-online-users", 2);
    other.ask("closed", &[json!("to the channel")]);
    guest.ask("notify-room", &[desk(json!({"message": "to the room"}))]);
    assert_eq!(
        watcher.event("closed")[0]["data"]["message"],
        "to the channel"
    );
    let said = watcher.event("notify-room");
    assert_eq!(said[0]["data"]["message"], "to the room");
    assert_eq!(watcher.ask("closed", &[json!("hi")])["recipients"], 1);
    assert_eq!(watcher.event("closed")[0]["data"]["message"], "hi");
    assert_eq!(watcher.arrived(), []);
    let left = watcher.ask("leave-channel", &[json!("closed")]);
    assert_eq!(
        (&left["onlineUsers"], &left["already"]),
        (&json!(0), &json!(false))
    );

    // Where it may know, it does.
    watcher.ask("join-channel", &[json!("open-1")]);
    watcher.event("join-channel");
    other.ask("join-channel", &[json!("open-1")]);
    let joined = watcher.event("join-channel");
    assert_eq!(joined[0]["data"]["onlineUsers"], 2);
}

/// Fails if who may know of one channel alone is told of the others with it, or not told of that one where each channel is told of
/// by itself.
#[test]
fn who_is_in_other_channels_is_for_those_who_may_know_of_all() {
    let mut issuer = Issuer::start();
    for each in [OnlineUsers::All, OnlineUsers::Channel] {
        let (hub, _folder) = hub("presence-all", |settings| {
            settings.hub.presence.interval = Duration::from_millis(1);
            settings.hub.presence.online_users = each;
        });
        let mut of = |dondo: Value| {
            let token = issuer.sign("HS256", &ada(json!({ "dondo": dondo })));
            connect(&hub, &token)
        };
        let mut some = of(json!({"presence": [{"channel": "open"}]}));
        let mut all = of(json!({"presence": ["*"]}));
        for client in [&mut some, &mut all] {
            client.ask("join-channel", &[json!("closed")]);
            client.ask("join-channel", &[json!("open")]);
        }
        online(&mut all, "online-users", 2);
        let mut other = Client::connect(&hub);
        other.ask("join-channel", &[json!("closed")]);
        other.ask("join-channel", &[json!("open")]);
        online(&mut all, "online-users", 3);
        other.ask("open", &[json!("last")]);
        some.event("open");
        let told = some.arrived();
        let told = told.iter().filter(|(name, _)| name == "online-users");
        let told: Vec<&Value> = told.map(|(_, args)| &args[0]["data"]).collect();
        if each == OnlineUsers::All {
            assert!(told.is_empty(), "{told:?}");
        } else {
            assert!(!told.is_empty());
            assert!(
                told.iter().all(|data| data["roomChannel"] == "open"),
                "{told:?}"
            );
        }
    }
}

/// Fails if a protocol tells of others whom a token does not allow to know of.
#[test]
fn who_may_not_know_is_told_of_nobody_over_every_protocol() {
    let mut issuer = Issuer::start();
    let (hub, _folder) = hub("presence-protocols", |settings| {
        settings.hub.presence.interval = Duration::from_millis(1);
    });
    let token = issuer.sign("HS256", &ada(json!({"dondo": {"presence": []}})));
    let mut guest = Client::connect(&hub);
    guest.ask("join-channel", &[json!("closed")]);
    let mut plain = WebSocket::open(&hub, "/ws");
    plain.text(&json!({"type": "connect", "auth": {"token": token}}).to_string());
    let mut plain = PlainClient::welcomed(plain);
    assert_eq!(plain.ask("join-channel", json!("closed"))["onlineUsers"], 1);
    let mut stream = EventReader::open(
        &hub,
        &format!("/events?channel=closed&access_token={token}"),
    );
    assert_eq!(stream.event("ack").json()["onlineUsers"], 1);
    let (_, mut signalr) =
        WebSocket::handshake(&hub, &format!("/chatHub?access_token={token}"), &[]);
    signalr.text(HANDSHAKE);
    let call =
        json!({"type": 1, "invocationId": "1", "target": "JoinRoom", "arguments": ["closed"]});
    signalr.text(&format!("{call}\u{1e}"));
    let mut told = Vec::new();
    let mut until = |is_last: &dyn Fn(&Value) -> bool| {
        loop {
            let came = records(&signalr.next_text());
            let is_over = came.iter().any(is_last);
            told.extend(came);
            if is_over {
                break std::mem::take(&mut told);
            }
        }
    };
    until(&|record| record["type"] == 3);

    let mut other = Client::connect(&hub);
    other.ask("join-channel", &[json!("closed")]);
    online(&mut guest, "online-users", 5);
    drop(other);
    online(&mut guest, "online-users", 4);
    guest.ask("closed", &[json!("last")]);

    let own = json!(plain.id);
    loop {
        let message = plain.message();
        if message["event"] == "closed" {
            break;
        }
        assert_eq!(
            (&message["event"], &message["payload"]["clientId"]),
            (&json!("join-channel"), &own),
            "{message}"
        );
    }
    loop {
        let record = stream.record().unwrap();
        let event = record.event.clone().unwrap_or_default();
        if event == "closed" {
            break;
        }
        let is_own = event == "join-channel" && record.json()["data"]["onlineUsers"] == 1;
        assert!(is_own || record.comment || event.is_empty(), "{event}");
    }
    let is_said =
        |record: &Value| record["target"] == "ReceiveMessage" && record["arguments"][1] == "last";
    for record in until(&is_said) {
        let is_system = record["arguments"][0] == "System";
        assert!(record["target"] != "online-users" && !is_system, "{record}");
    }
}
