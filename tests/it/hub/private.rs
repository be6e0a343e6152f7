//! Contract 3 over sockets: private rooms, their owners, and what owners may do.
//! Knows no room that is open to all, but to compare.

use serde_json::{Value, json};

use super::{by, code, holds, own};
use crate::support::{Client, Hub};

fn by_invitation(maker: &mut Client, guests: &[&str]) {
    let data = json!({"data": {"roomId": "r", "access": "invite", "invite": guests}});
    assert_eq!(maker.ask("join-room", &[data])["ok"], true);
    own(maker, "join-room");
}

fn to_room(field: &str, value: Value) -> [Value; 1] {
    let mut data = json!({"roomId": "r"});
    data[field] = value;
    [json!({"data": data})]
}

#[test]
fn a_room_by_invitation_takes_the_invited_only_and_hides_from_others() {
    let hub = Hub::start();
    let (mut owner, mut guest, mut other) = (
        Client::connect(&hub),
        Client::connect(&hub),
        Client::connect(&hub),
    );
    by_invitation(&mut owner, &[&guest.id.clone()]);
    assert_eq!(code(&other.ask("join-room", &[json!("r")])), "not_invited");
    assert_eq!(guest.ask("join-room", &[json!("r")])["ok"], true);
    assert_eq!(
        code(&other.ask("notify-room", &[json!("psst"), json!("r")])),
        "forbidden"
    );
    assert_eq!(
        guest.ask("notify-room", &[json!("hi"), json!("r")])["recipients"],
        2
    );
    for event in ["room-online-users", "join-room", "notify-room"] {
        other.no_event(event);
    }
}

#[test]
fn an_owner_invites_and_the_members_are_told() {
    let hub = Hub::start();
    let (mut owner, mut guest) = (Client::connect(&hub), Client::connect(&hub));
    by_invitation(&mut owner, &[]);
    assert_eq!(code(&guest.ask("join-room", &[json!("r")])), "not_invited");
    let invitation = to_room("invite", json!([guest.id]));
    assert_eq!(code(&guest.ask("invite-room", &invitation)), "forbidden");
    assert_eq!(owner.ask("invite-room", &invitation)["ok"], true);
    assert_eq!(
        own(&mut owner, "invite-room")["data"]["invite"],
        json!([guest.id])
    );
    assert_eq!(guest.ask("join-room", &[json!("r")])["ok"], true);
}

#[test]
fn an_owner_sends_a_member_out_and_the_invitation_ends() {
    let hub = Hub::start();
    let (mut owner, mut guest) = (Client::connect(&hub), Client::connect(&hub));
    by_invitation(&mut owner, &[&guest.id.clone()]);
    guest.ask("join-room", &[json!("r")]);
    let out = to_room("kick", json!([guest.id]));
    assert_eq!(code(&guest.ask("kick-room", &out)), "forbidden");
    assert_eq!(owner.ask("kick-room", &out)["ok"], true);
    for client in [&mut owner, &mut guest] {
        assert_eq!(client.event("kick-room").len(), 1);
    }
    let left = by(&mut owner, "leave-room", &guest.id);
    assert!(
        holds(&left["data"], &json!({"reason": "kick", "onlineUsers": 1})),
        "{left}"
    );
    assert_eq!(code(&guest.ask("join-room", &[json!("r")])), "not_invited");
}

#[test]
fn a_locked_room_takes_nobody_until_it_is_opened() {
    let hub = Hub::start();
    let (mut owner, mut other) = (Client::connect(&hub), Client::connect(&hub));
    owner.ask("join-room", &[json!("r")]);
    assert_eq!(owner.ask("lock-room", &[json!("r")])["ok"], true);
    own(&mut owner, "lock-room");
    assert_eq!(code(&other.ask("join-room", &[json!("r")])), "forbidden");
    assert_eq!(
        owner.ask("lock-room", &to_room("locked", json!(false)))["ok"],
        true
    );
    assert_eq!(other.ask("join-room", &[json!("r")])["ok"], true);
    assert_eq!(code(&other.ask("lock-room", &[json!("r")])), "forbidden");
}

#[test]
fn an_owner_who_leaves_hands_over_to_the_longest_seated_member() {
    let hub = Hub::start();
    let (mut first, mut second, mut third) = (
        Client::connect(&hub),
        Client::connect(&hub),
        Client::connect(&hub),
    );
    for client in [&mut first, &mut second, &mut third] {
        client.ask("join-room", &[json!("r")]);
    }
    assert_eq!(code(&second.ask("lock-room", &[json!("r")])), "forbidden");
    first.ask("leave-room", &[json!("r")]);
    assert_eq!(code(&third.ask("lock-room", &[json!("r")])), "forbidden");
    assert_eq!(second.ask("lock-room", &[json!("r")])["ok"], true);
}

#[test]
fn access_belongs_to_the_room_until_it_is_empty() {
    let hub = Hub::start();
    let (mut owner, mut other) = (Client::connect(&hub), Client::connect(&hub));
    by_invitation(&mut owner, &[]);
    owner.ask("leave-room", &[json!("r")]);
    assert_eq!(other.ask("join-room", &[json!("r")])["ok"], true);
    let late = json!({"data": {"roomId": "r", "access": "invite"}});
    assert_eq!(
        code(&owner.ask("join-room", &[late])),
        "room_exists",
        "the room is open already, and nobody may believe that it is private"
    );
}

#[test]
fn rooms_by_token_are_forbidden_while_no_key_is_configured() {
    let hub = Hub::start();
    let mut client = Client::connect(&hub);
    let wish = json!({"data": {"roomId": "r", "access": "token", "token": "t"}});
    assert_eq!(code(&client.ask("join-room", &[wish])), "forbidden");
}
