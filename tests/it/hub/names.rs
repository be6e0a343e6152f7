//! Contract 2.3 and 3.2 over sockets: what is a name, what no channel may be called, and that spaces do not meet.
//! Knows the lists of names from the contract, not from the code.

use dondo::{Namespace, Socket};
use serde_json::json;

use super::{code, join, join_room, own};
use crate::support::{Client, Hub};

const HUB_EVENTS: [&str; 11] = [
    "join-channel",
    "leave-channel",
    "join-room",
    "leave-room",
    "notify-room",
    "invite-room",
    "kick-room",
    "lock-room",
    "online-users",
    "room-online-users",
    "hub-error",
];
const REFUSED: [&str; 6] = [
    "connect",
    "connect_error",
    "disconnect",
    "disconnecting",
    "newListener",
    "removeListener",
];
const KEPT: [&str; 10] = [
    "error",
    "ping",
    "pong",
    "connecting",
    "connect_timeout",
    "reconnect",
    "reconnect_attempt",
    "reconnecting",
    "reconnect_error",
    "reconnect_failed",
];

#[test]
fn a_name_that_breaks_a_rule_is_invalid_as_channel_and_as_room() {
    let hub = Hub::start();
    let mut client = Client::connect(&hub);
    let long = "é".repeat(129);
    for name in [
        json!(" a"),
        json!("a\t"),
        json!("a\u{7}b"),
        json!("a\u{200b}b"),
        json!(long),
        json!(1e300),
        json!(0.5),
    ] {
        for event in ["join-channel", "leave-channel", "join-room", "leave-room"] {
            let ack = client.ask(event, std::slice::from_ref(&name));
            assert_eq!(code(&ack), "invalid_name", "{event} {name}");
        }
    }
    assert_eq!(code(&client.ask(" a", &[json!("hi")])), "invalid_name");
    for name in [
        json!("some room"),
        json!("é".repeat(128)),
        json!(-3946),
        json!("__proto__"),
    ] {
        let ack = client.ask("join-channel", std::slice::from_ref(&name));
        assert_eq!(ack["ok"], true, "{name}: {ack}");
    }
}

#[test]
fn names_are_compared_byte_for_byte_and_an_integer_is_its_decimal_string() {
    let hub = Hub::start();
    let (mut one, mut two) = (Client::connect(&hub), Client::connect(&hub));
    one.ask("join-channel", &[json!(3946)]);
    join(&mut two, "Lobby");
    assert_eq!(two.ask("3946", &[json!("hi")])["recipients"], 1);
    assert_eq!(two.ask("lobby", &[json!("hi")])["recipients"], 0);
    assert_eq!(two.ask("Lobby", &[json!("hi")])["recipients"], 1);
}

#[test]
fn channels_rooms_and_socket_ids_are_three_spaces() {
    let hub = Hub::start();
    let (mut victim, mut thief) = (Client::connect(&hub), Client::connect(&hub));
    join(&mut victim, "same");
    let id = victim.id.clone();
    join_room(&mut thief, "same", None);
    join_room(&mut thief, &id, None);
    join(&mut thief, &id);
    assert_eq!(
        victim.ask("same", &[json!("to the channel")])["recipients"],
        1
    );
    assert_eq!(
        own(&mut victim, "same")["data"]["message"],
        "to the channel"
    );
    let ack = victim.ask(&id, &[json!("to the channel of that name")]);
    assert_eq!(
        ack["recipients"], 1,
        "the channel named like the victim holds the thief"
    );
    victim.no_event(&id);
    thief.no_event("same");
}

#[test]
fn reserved_names_are_never_channels_but_may_be_rooms() {
    let hub = Hub::start();
    let mut client = Client::connect(&hub);
    for name in HUB_EVENTS.into_iter().chain(REFUSED).chain(KEPT) {
        let ack = client.ask("join-channel", &[json!(name)]);
        assert_eq!(code(&ack), "reserved_name", "{name}");
        let ack = client.ask("join-room", &[json!({"roomId": "r", "roomChannel": name})]);
        assert_eq!(code(&ack), "reserved_name", "{name}");
        let ack = client.ask("join-room", &[json!(name)]);
        assert_eq!((&ack["ok"], &ack["room"]), (&json!(true), &json!(name)));
    }
    for name in KEPT
        .into_iter()
        .chain(["online-users", "room-online-users", "hub-error"])
    {
        let ack = client.ask(name, &[json!("hi")]);
        assert_eq!(code(&ack), "reserved_name", "emitting {name}");
    }
}

#[test]
fn an_event_that_only_a_hand_made_client_can_send_closes_its_connection() {
    let hub = Hub::start();
    for (count, name) in (1..).zip(REFUSED) {
        let mut client = Client::connect(&hub);
        client.emit(name, &[json!("hi")]);
        client.socket.closed();
        hub.wait_for("dondo_closes_total{reason=\"forced close\"}", count);
    }
}

#[test]
fn events_with_a_handler_of_the_host_are_no_channels() {
    let hi = async |socket: Socket| Ok(socket.emit("hi", "hi client")?);
    let root = Namespace::hub("/").on("hi", hi);
    let hub = Hub::built(|_| {}, |builder| builder.namespace(root));
    let mut client = Client::connect(&hub);
    assert_eq!(
        code(&client.ask("join-channel", &[json!("hi")])),
        "reserved_name"
    );
    client.emit("hi", &[json!("socket.io")]);
    assert_eq!(client.event("hi"), [json!("hi client")]);
    join(&mut client, "lobby");
}
