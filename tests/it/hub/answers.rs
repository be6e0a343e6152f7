//! Contract 4.1 and 4.3 over sockets: echo, acks, failures with their codes, and order.
//! Knows no setting but the defaults; each setting is tried elsewhere.

use serde_json::json;

use super::{by, code, holds, join, join_room, own};
use crate::support::{Client, Hub, faults};

#[test]
fn a_sender_gets_its_own_messages() {
    let hub = Hub::start();
    let mut client = Client::connect(&hub);
    join(&mut client, "lobby");
    join_room(&mut client, "r", None);
    client.emit("lobby", &[json!("to the channel")]);
    client.emit("notify-room", &[json!("to the room"), json!("r")]);
    own(&mut client, "lobby");
    let ack = client.ask("notify-room", &[json!({"roomId": "r", "message": "again"})]);
    assert_eq!(ack["ok"], true);
}

#[test]
fn every_failure_has_its_code_in_the_ack() {
    let hub = Hub::start();
    let (mut owner, mut client) = (Client::connect(&hub), Client::connect(&hub));
    let private = json!({"data": {"roomId": "private", "access": "invite", "capacity": 1}});
    owner.ask("join-room", &[private]);
    owner.ask("join-room", &[json!({"roomId": "full", "capacity": 1})]);
    for (event, args, expected) in [
        ("join-channel", json!([true]), "bad_payload"),
        ("lobby", json!([]), "bad_payload"),
        ("join-channel", json!([]), "missing_channel"),
        ("join-room", json!([]), "missing_room"),
        ("join-channel", json!([" x"]), "invalid_name"),
        ("join-channel", json!(["ping"]), "reserved_name"),
        ("join-room", json!(["full"]), "room_full"),
        ("join-room", json!(["private"]), "not_invited"),
        ("notify-room", json!(["x", "private"]), "forbidden"),
        (
            "kick-room",
            json!([{"roomId": "full", "kick": ["x"]}]),
            "forbidden",
        ),
    ] {
        let ack = client.ask(event, args.as_array().unwrap());
        assert_eq!(code(&ack), expected, "{event} {args}");
        assert_eq!(ack["event"], event);
    }
    for number in 0..257 {
        let ack = client.ask("join-channel", &[json!(number)]);
        match number {
            256 => assert_eq!(code(&ack), "limit_reached"),
            _ => assert_eq!(ack["ok"], true, "{number}"),
        }
    }
}

#[test]
fn a_crash_of_the_hub_is_an_internal_failure_without_details_and_the_client_stays() {
    let hub = Hub::built(|_| {}, faults::faulty);
    let mut client = Client::connect(&hub);
    join(&mut client, "lobby");
    let ack = client.ask("lobby", &[json!(faults::PANICS)]);
    assert_eq!(code(&ack), "internal");
    assert!(!ack.to_string().contains("told to"), "{ack}");
    client.emit("lobby", &[json!(faults::PANICS)]);
    let fault = client.event("hub-error");
    assert!(
        holds(
            &fault[0],
            &json!({"ok": false, "event": "lobby", "code": "internal"})
        ),
        "{fault:?}"
    );
    client.emit("lobby", &[json!("next")]);
    assert_eq!(own(&mut client, "lobby")["data"]["message"], "next");
}

#[test]
fn a_failure_is_told_in_the_ack_or_as_hub_error_and_never_both() {
    let hub = Hub::start();
    let mut client = Client::connect(&hub);
    assert_eq!(code(&client.ask("join-channel", &[])), "missing_channel");
    client.no_event("hub-error");
    client.emit("join-channel", &[]);
    let fault = client.event("hub-error");
    assert_eq!(fault.len(), 1);
    assert!(holds(
        &fault[0],
        &json!({"ok": false, "event": "join-channel", "code": "missing_channel"})
    ));
    assert_eq!(
        client.ask("join-channel", &[json!("lobby")])["ok"],
        true,
        "the connection stays"
    );
}

#[test]
fn what_one_client_sends_to_one_target_arrives_in_that_order_at_everyone() {
    let hub = Hub::start();
    let (mut sender, mut member) = (Client::connect(&hub), Client::connect(&hub));
    for client in [&mut sender, &mut member] {
        join(client, "lobby");
        join_room(client, "r", Some("lobby"));
    }
    for number in 0..300 {
        sender.emit("lobby", &[json!(number)]);
        sender.emit("notify-room", &[json!({"roomId": "r", "message": number})]);
    }
    for number in 0..300 {
        for event in ["lobby", "notify-room"] {
            assert_eq!(
                by(&mut member, event, &sender.id)["data"]["message"],
                number
            );
            assert_eq!(own(&mut sender, event)["data"]["message"], number);
        }
    }
}
