//! Contract 2.2 over sockets: one object in normal form, the same for all who get it.
//! Knows no form of a payload but those that show something here.

use dondo::{Auth, Connecting, Namespace};
use serde_json::{Value, json};

use super::{by, guide, holds, join, join_room, own};
use crate::support::{Client, Hub};

#[test]
fn all_recipients_get_the_same_one_object_with_every_known_field() {
    let hub = Hub::start();
    let (mut sender, mut member) = (Client::connect(&hub), Client::connect(&hub));
    join(&mut sender, "lobby");
    join(&mut member, "lobby");
    sender.emit("lobby", &[json!("hi"), json!("second"), json!("third")]);
    let mut seen = own(&mut sender, "lobby");
    assert_eq!(by(&mut member, "lobby", &sender.id), seen);
    let time = seen["time"].take();
    let time = time.as_str().unwrap();
    assert!(
        time.ends_with('Z') && time.contains('T'),
        "{time} is ISO 8601 in UTC"
    );
    let source = json!({"platform": null, "appName": null, "appVersion": null, "clientId": sender.id,
        "userName": null, "channel": "lobby"});
    let expected = json!({"data": {"message": "hi", "roomId": null, "roomChannel": "lobby"}, "time": null,
        "clientId": sender.id, "source": source});
    assert_eq!(seen, expected);
}

#[test]
fn a_guide_payload_comes_back_deeply_equal_with_its_unknown_fields() {
    let hub = Hub::start();
    let mut client = Client::connect(&hub);
    join(&mut client, "lobby");
    let mut sent = guide(&client, "hi", None, Some("lobby"));
    sent["id"] = json!("kept");
    sent["data"]["mood"] = json!({"a": [1, null]});
    sent["source"]["device"] = json!("phone");
    client.emit("lobby", std::slice::from_ref(&sent));
    assert_eq!(client.event("lobby"), [sent]);
}

#[test]
fn nobody_can_speak_as_another() {
    let hub = Hub::start();
    let (mut sender, other) = (Client::connect(&hub), Client::connect(&hub));
    join(&mut sender, "lobby");
    let forged = guide(&other, "it is me", None, Some("lobby"));
    sender.emit("lobby", &[forged]);
    let seen = sender.event("lobby")[0].clone();
    assert_eq!(seen["clientId"], *sender.id);
    assert_eq!(seen["source"]["clientId"], *sender.id);
}

#[test]
fn plus_is_on_join_and_leave_events_and_counts_the_address_of_the_letter() {
    let hub = Hub::start();
    let (mut one, mut two) = (Client::connect(&hub), Client::connect(&hub));
    join(&mut one, "lobby");
    join_room(&mut one, "r", Some("a"));
    two.ask("join-room", &[json!({"roomId": "r", "roomChannel": "b"})]);
    assert_eq!(own(&mut two, "join-room")["data"]["onlineUsers"], 1);
    two.ask("join-channel", &[json!("lobby")]);
    let joined = own(&mut two, "join-channel");
    assert_eq!(joined["data"]["onlineUsers"], 2);
    assert_eq!(joined["data"].get("reason"), None);
    two.emit("lobby", &[json!("hi")]);
    let message = own(&mut two, "lobby");
    assert_eq!(
        (
            message["data"].get("onlineUsers"),
            message["data"].get("reason")
        ),
        (None, None)
    );
    two.emit("leave-channel", &[json!("lobby")]);
    let left = by(&mut one, "leave-channel", &two.id);
    assert!(
        holds(&left["data"], &json!({"onlineUsers": 1, "reason": "leave"})),
        "{left}"
    );
}

/// Lets in whoever gives a name, by that name.
async fn by_name(client: Connecting, Auth(auth): Auth<Value>) {
    if let Some(name) = auth["name"].as_str() {
        client.login(name.to_owned());
    }
}

#[test]
fn with_somebody_logged_in_the_accounts_name_replaces_the_clients_word() {
    let root = Namespace::hub("/").middleware(by_name);
    let hub = Hub::built(|_| {}, |builder| builder.namespace(root));
    let mut ada = Client::connect_with(&hub, "/", "", "{\"name\":\"Ada\"}");
    let mut guest = Client::connect(&hub);
    for client in [&mut ada, &mut guest] {
        join(client, "lobby");
        let sent = guide(client, "hi", None, Some("lobby"));
        client.emit("lobby", &[sent]);
    }
    assert_eq!(own(&mut ada, "lobby")["source"]["userName"], "Ada");
    assert_eq!(own(&mut guest, "lobby")["source"]["userName"], "John Doe");
}
