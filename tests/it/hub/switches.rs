//! The hub pack's settings (contract 6), each changed: what is different then.
//! Knows the defaults only where they show the difference; they have tests of their own.

use std::time::{Duration, Instant};

use dondo::config::{DefaultAccess, HubSettings, OnlineUsers, RoomScope};
use serde_json::{Value, json};

use super::{by, code, guide, holds, join, join_room, own};
use crate::support::{Client, Hub};

fn hub(change: impl FnOnce(&mut HubSettings)) -> Hub {
    Hub::with(|config| change(&mut config.hub))
}

fn address(room: &str, channel: Option<&str>) -> Value {
    json!({"message": "hi", "roomId": room, "roomChannel": channel})
}

#[test]
fn without_echo_messages_skip_their_sender_and_join_events_do_not() {
    let hub = hub(|hub| hub.echo = false);
    let (mut sender, mut member) = (Client::connect(&hub), Client::connect(&hub));
    for client in [&mut sender, &mut member] {
        join(client, "lobby");
        join_room(client, "r", None);
    }
    assert_eq!(sender.ask("lobby", &[json!("hi")])["recipients"], 1);
    assert_eq!(
        sender.ask("notify-room", &[json!("hi"), json!("r")])["recipients"],
        1
    );
    by(&mut member, "lobby", &sender.id);
    sender.no_event("lobby");
    sender.no_event("notify-room");
}

#[test]
fn the_longest_name_is_a_setting() {
    let hub = hub(|hub| hub.name_bytes_max = 4);
    let mut client = Client::connect(&hub);
    join(&mut client, "four");
    assert_eq!(
        code(&client.ask("join-channel", &[json!("fives")])),
        "invalid_name"
    );
    assert_eq!(
        code(&client.ask("join-room", &[json!("fives")])),
        "invalid_name"
    );
}

#[test]
fn the_channels_of_one_client_are_limited() {
    let hub = hub(|hub| hub.channels_max = 2);
    let mut client = Client::connect(&hub);
    join(&mut client, "a");
    join(&mut client, "b");
    assert_eq!(
        code(&client.ask("join-channel", &[json!("c")])),
        "limit_reached"
    );
    join_room(&mut client, "r", None);
    client.ask("leave-channel", &[json!("a")]);
    join(&mut client, "c");
}

#[test]
fn the_rooms_of_one_client_are_limited() {
    let hub = hub(|hub| hub.rooms_max = 1);
    let mut client = Client::connect(&hub);
    join_room(&mut client, "r", None);
    assert_eq!(
        code(&client.ask("join-room", &[json!("s")])),
        "limit_reached"
    );
    join(&mut client, "lobby");
}

#[test]
fn with_a_flat_scope_channels_do_not_tell_rooms_apart() {
    let hub = hub(|hub| hub.room_scope = RoomScope::Flat);
    let (mut one, mut two) = (Client::connect(&hub), Client::connect(&hub));
    join_room(&mut one, "r", Some("a"));
    join_room(&mut two, "r", Some("b"));
    assert_eq!(
        one.ask("notify-room", &[address("r", Some("a"))])["recipients"],
        2
    );
}

#[test]
fn with_a_strict_scope_a_room_needs_a_channel() {
    let hub = hub(|hub| hub.room_scope = RoomScope::Strict);
    let (mut one, mut two) = (Client::connect(&hub), Client::connect(&hub));
    for event in ["join-room", "notify-room"] {
        assert_eq!(
            code(&one.ask(event, &[address("r", None)])),
            "missing_channel",
            "{event}"
        );
    }
    join_room(&mut one, "r", Some("a"));
    join_room(&mut two, "r", Some("b"));
    assert_eq!(
        one.ask("notify-room", &[address("r", Some("a"))])["recipients"],
        1
    );
}

#[test]
fn kept_client_ids_are_the_clients_word() {
    let hub = Hub::with(|config| config.insecure.keep_client_id = true);
    let mut client = Client::connect(&hub);
    join(&mut client, "lobby");
    let mut sent = guide(&client, "hi", None, Some("lobby"));
    sent["clientId"] = json!("my own");
    client.emit("lobby", &[sent]);
    assert_eq!(client.event("lobby")[0]["clientId"], "my own");
}

#[test]
fn strict_targets_refuse_a_request_that_names_two() {
    let hub = hub(|hub| hub.strict_targets = true);
    let mut client = Client::connect(&hub);
    let two = [
        json!({"data": {"roomChannel": "a", "roomId": "r"}}),
        json!("b"),
    ];
    for event in [
        "join-channel",
        "leave-channel",
        "join-room",
        "leave-room",
        "notify-room",
        "a",
    ] {
        assert_eq!(code(&client.ask(event, &two)), "target_mismatch", "{event}");
    }
    let one = [json!({"data": {"roomChannel": "a"}}), json!("a")];
    assert_eq!(client.ask("join-channel", &one)["ok"], true);
}

#[test]
fn where_a_join_is_required_strangers_may_not_send() {
    let hub = hub(|hub| hub.require_join_to_send = true);
    let (mut member, mut stranger) = (Client::connect(&hub), Client::connect(&hub));
    join(&mut member, "lobby");
    join_room(&mut member, "r", None);
    assert_eq!(code(&stranger.ask("lobby", &[json!("hi")])), "not_member");
    assert_eq!(
        code(&stranger.ask("notify-room", &[json!("hi"), json!("r")])),
        "not_member"
    );
    assert_eq!(member.ask("lobby", &[json!("hi")])["recipients"], 1);
}

#[test]
fn where_a_channel_is_required_its_members_alone_join_its_rooms() {
    let hub = hub(|hub| hub.require_channel_for_room = true);
    let mut client = Client::connect(&hub);
    assert_eq!(
        code(&client.ask("join-room", &[address("r", None)])),
        "missing_channel"
    );
    assert_eq!(
        code(&client.ask("join-room", &[address("r", Some("a"))])),
        "not_member"
    );
    join(&mut client, "a");
    join_room(&mut client, "r", Some("a"));
}

#[test]
fn rooms_can_be_by_invitation_unless_their_maker_says_otherwise() {
    let hub = hub(|hub| hub.rooms_default_access = DefaultAccess::Invite);
    let (mut owner, mut other) = (Client::connect(&hub), Client::connect(&hub));
    owner.ask("join-room", &[json!("r")]);
    assert_eq!(code(&other.ask("join-room", &[json!("r")])), "not_invited");
    owner.ask("join-room", &[json!({"roomId": "s", "access": "open"})]);
    join_room(&mut other, "s", None);
}

#[test]
fn a_longer_interval_keeps_presence_events_back() {
    let hub = hub(|hub| hub.presence.interval = Duration::from_secs(3600));
    let (mut old, mut new) = (Client::connect(&hub), Client::connect(&hub));
    join(&mut old, "lobby");
    old.event("online-users");
    join(&mut new, "lobby");
    new.event("online-users");
    old.no_event("online-users");
}

#[test]
fn the_interval_grows_where_presence_would_be_too_many_deliveries() {
    let hub = hub(|hub| {
        hub.presence.interval = Duration::from_millis(1);
        hub.presence.deliveries_per_s = 1;
    });
    let (mut old, mut new) = (Client::connect(&hub), Client::connect(&hub));
    // Before the first of both events: a slow machine only makes the time longer.
    let began = Instant::now();
    join(&mut old, "lobby");
    join(&mut new, "lobby");
    while old.event("online-users")[0]["data"]["onlineUsers"] != 2 {}
    assert!(
        began.elapsed() > Duration::from_millis(1200),
        "{:?} for two recipients",
        began.elapsed()
    );
}

#[test]
fn online_users_can_go_to_the_changed_channel_only() {
    let hub = hub(|hub| hub.presence.online_users = OnlineUsers::Channel);
    let (mut a, mut b) = (Client::connect(&hub), Client::connect(&hub));
    join(&mut a, "a");
    a.event("online-users");
    join(&mut b, "b");
    let told = b.event("online-users");
    assert!(
        holds(&told[0]["data"], &json!({"roomChannel": "b"})),
        "{told:?}"
    );
    a.no_event("online-users");
}

#[test]
fn online_users_can_be_off() {
    let hub = hub(|hub| hub.presence.online_users = OnlineUsers::Off);
    let mut client = Client::connect(&hub);
    join(&mut client, "a");
    join_room(&mut client, "r", None);
    client.event("room-online-users");
    client.no_event("online-users");
}

#[test]
fn above_the_limit_of_join_events_only_the_newcomer_is_told_and_presence_informs_the_rest() {
    let hub = hub(|hub| hub.presence.join_events_up_to = 1);
    let (mut old, mut new) = (Client::connect(&hub), Client::connect(&hub));
    for client in [&mut old, &mut new] {
        join(client, "lobby");
        join_room(client, "r", None);
    }
    while old.event("online-users")[0]["data"]["onlineUsers"] != 2 {}
    while old.event("room-online-users")[0]["data"]["onlineUsers"] != 2 {}
    new.ask("leave-room", &[json!("r")]);
    while old.event("room-online-users")[0]["data"]["onlineUsers"] != 1 {}
    for event in ["join-channel", "join-room"] {
        old.no_event(event);
    }
    new.ask("join-room", &[json!("r")]);
    assert_eq!(own(&mut new, "join-room")["data"]["onlineUsers"], 2);
}
