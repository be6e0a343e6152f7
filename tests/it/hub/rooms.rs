//! Contract 3 and 3.1 over sockets: rooms with and without a channel, what they hold, and which addresses are one.
//! Knows nothing of private rooms.

use serde_json::{Value, json};

use super::{by, code, holds, join, join_room, own};
use crate::support::{Client, Hub};

fn address(room: &str, channel: Option<&str>) -> Value {
    json!({"message": "hi", "roomId": room, "roomChannel": channel})
}

#[test]
fn a_join_makes_the_room_and_reaches_its_members_and_then_presence_does() {
    let hub = Hub::start();
    let (mut old, mut new) = (Client::connect(&hub), Client::connect(&hub));
    join_room(&mut old, "r", None);
    old.event("room-online-users");
    let ack = new.ask("join-room", &[json!("r")]);
    let expected = json!({"ok": true, "event": "join-room", "room": "r", "clientId": new.id,
        "onlineUsers": 2, "already": false, "created": false, "access": "open", "owner": old.id,
        "users": [{"clientId": old.id, "userName": null}, {"clientId": new.id, "userName": null}]});
    assert_eq!(ack, expected);
    let id = new.id.clone();
    for client in [&mut old, &mut new] {
        let joined = by(client, "join-room", &id);
        assert!(
            holds(&joined["data"], &json!({"roomId": "r", "onlineUsers": 2})),
            "{joined}"
        );
        assert_eq!(
            client.event("room-online-users")[0]["data"]["onlineUsers"],
            2
        );
    }
}

#[test]
fn a_room_must_be_named() {
    let hub = Hub::start();
    let mut client = Client::connect(&hub);
    for event in ["join-room", "leave-room", "notify-room"] {
        assert_eq!(
            code(&client.ask(event, &[json!({"data": {"message": "x"}})])),
            "missing_room"
        );
    }
}

#[test]
fn being_in_the_channel_of_a_room_is_not_required() {
    let hub = Hub::start();
    let mut client = Client::connect(&hub);
    join_room(&mut client, "r", Some("never joined"));
    let ack = client.ask("notify-room", &[address("r", Some("never joined"))]);
    assert_eq!(ack["recipients"], 1);
}

#[test]
fn a_notify_keeps_its_event_name_and_reaches_members_and_sender_once() {
    let hub = Hub::start();
    let (mut one, mut two) = (Client::connect(&hub), Client::connect(&hub));
    join_room(&mut one, "r", None);
    join_room(&mut one, "r", Some("a"));
    join_room(&mut two, "r", None);
    let ack = one.ask("notify-room", &[address("r", None)]);
    let expected = json!({"ok": true, "event": "notify-room", "room": "r", "clientId": one.id, "recipients": 2});
    assert_eq!(ack, expected);
    let seen = own(&mut one, "notify-room");
    assert_eq!(
        seen["data"],
        json!({"message": "hi", "roomId": "r", "roomChannel": null})
    );
    assert_eq!(by(&mut two, "notify-room", &one.id), seen);
    one.no_event("notify-room");
}

#[test]
fn addresses_match_when_ids_are_equal_and_channels_are_equal_or_either_is_none() {
    let hub = Hub::start();
    let mut clients = [
        Client::connect(&hub),
        Client::connect(&hub),
        Client::connect(&hub),
    ];
    let seats = [None, Some("a"), Some("b")];
    for (client, seat) in clients.iter_mut().zip(seats) {
        join_room(client, "r", seat);
    }
    let mut stranger = Client::connect(&hub);
    for (channel, heard) in [
        (None, [true, true, true]),
        (Some("a"), [true, true, false]),
        (Some("b"), [true, false, true]),
        (Some("c"), [true, false, false]),
    ] {
        let ack = stranger.ask("notify-room", &[address("r", channel)]);
        let count = heard.iter().filter(|heard| **heard).count();
        assert_eq!(ack["recipients"], count, "{channel:?}");
        for (client, heard) in clients.iter_mut().zip(heard) {
            if heard {
                let seen = by(client, "notify-room", &stranger.id);
                assert_eq!(seen["data"]["roomChannel"], json!(channel));
            }
        }
    }
    clients
        .iter_mut()
        .for_each(|client| client.no_event("notify-room"));
    assert_eq!(
        stranger.ask("notify-room", &[address("other", None)])["recipients"],
        0
    );
}

#[test]
fn counts_and_lists_follow_the_same_rule() {
    let hub = Hub::start();
    let (mut none, mut a, mut b) = (
        Client::connect(&hub),
        Client::connect(&hub),
        Client::connect(&hub),
    );
    join_room(&mut a, "r", Some("a"));
    join_room(&mut b, "r", Some("b"));
    let ack = none.ask("join-room", &[address("r", None)]);
    assert_eq!(ack["onlineUsers"], 3);
    let listed = none.event("room-online-users");
    assert_eq!(listed[0]["data"]["users"].as_array().unwrap().len(), 3);
    let mut late = Client::connect(&hub);
    assert_eq!(
        late.ask("join-room", &[address("r", Some("a"))])["onlineUsers"],
        3
    );
    let listed = late.event("room-online-users");
    let ids = listed[0]["data"]["users"].as_array().unwrap().iter();
    let ids: Vec<_> = ids.map(|user| user["clientId"].clone()).collect();
    assert_eq!(ids, [json!(a.id), json!(none.id), json!(late.id)]);
}

#[test]
fn leave_room_without_a_channel_drops_every_seat_and_lists_them() {
    let hub = Hub::start();
    let (mut stayer, mut leaver) = (Client::connect(&hub), Client::connect(&hub));
    join_room(&mut stayer, "r", None);
    for channel in [None, Some("a"), Some("b")] {
        join_room(&mut leaver, "r", channel);
    }
    let ack = leaver.ask("leave-room", &[json!("r")]);
    let mut left = ack["left"].as_array().unwrap().clone();
    left.sort_by_key(|seat| seat["channel"].to_string());
    let seat = |channel: Option<&str>| json!({"room": "r", "channel": channel, "onlineUsers": 1});
    assert_eq!(left, [seat(Some("a")), seat(Some("b")), seat(None)]);
    let mut told: Vec<_> = (0..3)
        .map(|_| by(&mut stayer, "leave-room", &leaver.id))
        .collect();
    told.sort_by_key(|event| event["data"]["roomChannel"].to_string());
    let channels: Vec<_> = told
        .iter()
        .map(|event| event["data"]["roomChannel"].clone())
        .collect();
    assert_eq!(channels, [json!("a"), json!("b"), Value::Null]);
    assert!(told.iter().all(|event| event["data"]["reason"] == "leave"));
    let again = leaver.ask("leave-room", &[json!("r")]);
    assert!(
        holds(&again, &json!({"ok": true, "already": true, "left": []})),
        "{again}"
    );
}

#[test]
fn leave_room_with_a_channel_drops_that_seat_and_the_one_in_none() {
    let hub = Hub::start();
    let mut client = Client::connect(&hub);
    for channel in [None, Some("a"), Some("b")] {
        join_room(&mut client, "r", channel);
    }
    let ack = client.ask("leave-room", &[address("r", Some("a"))]);
    assert_eq!(ack["left"].as_array().unwrap().len(), 2, "{ack}");
    assert_eq!(
        client.ask("notify-room", &[address("r", Some("b"))])["recipients"],
        1
    );
    assert_eq!(
        client.ask("notify-room", &[address("r", Some("a"))])["recipients"],
        0
    );
}

#[test]
fn those_who_stay_in_a_room_are_told_of_the_leave_and_who_is_left() {
    let hub = Hub::start();
    let (mut stayer, mut leaver) = (Client::connect(&hub), Client::connect(&hub));
    join_room(&mut stayer, "r", None);
    join_room(&mut leaver, "r", None);
    leaver.emit("leave-room", &[json!("r")]);
    let left = by(&mut stayer, "leave-room", &leaver.id);
    assert!(
        holds(&left["data"], &json!({"onlineUsers": 1, "reason": "leave"})),
        "{left}"
    );
    loop {
        let there = stayer.event("room-online-users");
        if there[0]["data"]["onlineUsers"] == 1 {
            assert_eq!(
                there[0]["data"]["users"],
                json!([{"clientId": stayer.id, "userName": null}])
            );
            break;
        }
    }
    leaver.no_event("leave-room");
}

#[test]
fn a_room_for_two_refuses_the_third_and_is_free_again_after_a_leave_or_a_disconnect() {
    let hub = Hub::start();
    let wish = |seats: u32| json!({"data": {"roomId": "two", "capacity": seats}});
    let (mut one, mut two, mut three) = (
        Client::connect(&hub),
        Client::connect(&hub),
        Client::connect(&hub),
    );
    assert_eq!(one.ask("join-room", &[wish(2)])["capacity"], 2);
    let ack = two.ask("join-room", &[wish(50)]);
    assert_eq!(ack["capacity"], 2, "a later wish is ignored");
    assert_eq!(code(&three.ask("join-room", &[wish(50)])), "room_full");
    two.ask("leave-room", &[json!("two")]);
    assert_eq!(three.ask("join-room", &[json!("two")])["ok"], true);
    assert_eq!(code(&two.ask("join-room", &[json!("two")])), "room_full");
    let id = three.id.clone();
    drop(three);
    by(&mut one, "leave-room", &id);
    assert_eq!(two.ask("join-room", &[json!("two")])["ok"], true);
    one.ask("leave-room", &[json!("two")]);
    two.ask("leave-room", &[json!("two")]);
    assert_eq!(
        one.ask("join-room", &[wish(5)])["capacity"],
        5,
        "the capacity went with the room"
    );
}

#[test]
fn a_capacity_counts_the_seats_that_match_the_joiners_address() {
    let hub = Hub::start();
    let (mut a, mut b, mut none) = (
        Client::connect(&hub),
        Client::connect(&hub),
        Client::connect(&hub),
    );
    let wish = json!({"data": {"roomId": "r", "roomChannel": "a", "capacity": 1}});
    assert_eq!(a.ask("join-room", &[wish])["ok"], true);
    assert_eq!(b.ask("join-room", &[address("r", Some("b"))])["ok"], true);
    assert_eq!(
        code(&none.ask("join-room", &[address("r", None)])),
        "room_full"
    );
}

#[test]
fn a_room_in_one_channel_is_found_by_those_who_name_none_in_whatever_order_they_come() {
    for first in [None, Some("a")] {
        let hub = Hub::start();
        let (mut one, mut two) = (Client::connect(&hub), Client::connect(&hub));
        let second = if first.is_none() { Some("a") } else { None };
        join_room(&mut one, "r", first);
        join_room(&mut two, "r", second);
        for (speaker, channel) in [(&mut one, first), (&mut two, second)] {
            assert_eq!(
                speaker.ask("notify-room", &[address("r", channel)])["recipients"],
                2
            );
        }
    }
}

#[test]
fn a_room_goes_to_the_only_channel_joined_in_both_guides() {
    let hub = Hub::start();
    let (mut one, mut two) = (Client::connect(&hub), Client::connect(&hub));
    join(&mut one, "lobby");
    assert_eq!(one.ask("join-room", &[json!("r")])["channel"], "lobby");
    join_room(&mut two, "r", Some("lobby"));
    assert_eq!(
        two.ask("notify-room", &[address("r", Some("lobby"))])["recipients"],
        2
    );
}
