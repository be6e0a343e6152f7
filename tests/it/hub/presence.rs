//! Contract 4.2 over sockets: online-users and room-online-users, whom they go to and how often.
//! Waits for last states, never for time to pass.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{guide, holds, join, join_room};
use crate::support::{Client, Hub};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Takes presence events until one says so many; how many came.
fn until(client: &mut Client, event: &str, online: usize) -> (Value, usize) {
    for count in 1.. {
        let args = client.event(event);
        assert_eq!(args.len(), 1);
        if args[0]["data"]["onlineUsers"] == online {
            return (args[0].clone(), count);
        }
    }
    unreachable!()
}

#[test]
fn online_users_is_a_message_of_the_server_to_everybody_in_any_channel() {
    let hub = Hub::start();
    let (mut a, mut b, mut outside) = (
        Client::connect(&hub),
        Client::connect(&hub),
        Client::connect(&hub),
    );
    join(&mut a, "a");
    join(&mut b, "b");
    let (told, _) = until(&mut a, "online-users", 2);
    let expected = json!({"clientId": "server", "data": {"roomId": null, "roomChannel": "b",
        "onlineUsers": 2, "channels": {"a": 1, "b": 1}},
        "source": {"platform": "server", "clientId": "server", "appName": "dondo",
            "appVersion": env!("CARGO_PKG_VERSION")}});
    assert!(holds(&told, &expected), "{told}");
    assert!(
        told["data"]["message"]
            .as_str()
            .is_some_and(|line| !line.is_empty())
    );
    outside.no_event("online-users");
}

#[test]
fn distinct_clients_are_counted_not_memberships() {
    let hub = Hub::start();
    let mut client = Client::connect(&hub);
    join(&mut client, "a");
    join(&mut client, "b");
    let counted = |told: &Value| told["data"]["channels"] == json!({"a": 1, "b": 1});
    loop {
        let told = client.event("online-users");
        assert_eq!(told[0]["data"]["onlineUsers"], 1);
        if counted(&told[0]) {
            break;
        }
    }
}

#[test]
fn at_most_100_channels_are_listed_the_changed_one_first_then_the_largest() {
    let hub = Hub::start();
    let (mut many, mut other) = (Client::connect(&hub), Client::connect(&hub));
    for number in 0..120 {
        join(&mut many, &format!("z{number}"));
    }
    join(&mut many, "zz");
    join(&mut other, "zz");
    join(&mut other, "a");
    loop {
        let told = other.event("online-users");
        let data = &told[0]["data"];
        if data["channels"]["a"] == 1 {
            assert_eq!(data["channels"].as_object().unwrap().len(), 100);
            assert_eq!(data["truncated"], true);
            assert_eq!(
                data["channels"]["zz"], 2,
                "the largest is among them: {data}"
            );
            break;
        }
    }
}

#[test]
fn the_newcomer_is_told_at_once_and_the_others_later() {
    let hub = Hub::with(|config| config.hub.presence.interval = DAY);
    let (mut old, mut new) = (Client::connect(&hub), Client::connect(&hub));
    join(&mut old, "lobby");
    until(&mut old, "online-users", 1);
    join(&mut new, "lobby");
    until(&mut new, "online-users", 2);
    join_room(&mut old, "r", None);
    until(&mut old, "room-online-users", 1);
    join_room(&mut new, "r", None);
    until(&mut new, "room-online-users", 2);
    old.no_event("online-users");
    old.no_event("room-online-users");
}

#[test]
fn a_burst_of_joins_is_told_at_most_once_an_interval_and_ends_with_the_last_state() {
    const INTERVAL: Duration = Duration::from_millis(250);
    let hub = Hub::start();
    let mut old = Client::connect(&hub);
    join(&mut old, "lobby");
    let began = Instant::now();
    let mut crowd: Vec<_> = (0..30).map(|_| Client::connect(&hub)).collect();
    crowd
        .iter_mut()
        .for_each(|client| client.emit("join-channel", &[json!("lobby")]));
    let (_, count) = until(&mut old, "online-users", 31);
    let most = began.elapsed().as_millis() / INTERVAL.as_millis() + 2;
    assert!(
        count as u128 <= most,
        "{count} events in {:?}",
        began.elapsed()
    );
}

#[test]
fn leaves_and_disconnects_are_told_as_joins_are() {
    let hub = Hub::start();
    let (mut stayer, mut leaver, mut lost) = (
        Client::connect(&hub),
        Client::connect(&hub),
        Client::connect(&hub),
    );
    for client in [&mut stayer, &mut leaver, &mut lost] {
        join(client, "lobby");
        join_room(client, "r", None);
    }
    until(&mut stayer, "online-users", 3);
    until(&mut stayer, "room-online-users", 3);
    leaver.emit("leave-channel", &[json!("lobby")]);
    leaver.emit("leave-room", &[json!("r")]);
    until(&mut stayer, "online-users", 2);
    drop(lost);
    until(&mut stayer, "online-users", 1);
    until(&mut stayer, "room-online-users", 1);
}

#[test]
fn room_online_users_lists_members_and_their_names_to_the_room_alone() {
    let hub = Hub::start();
    let (mut one, mut two, mut outside) = (
        Client::connect(&hub),
        Client::connect(&hub),
        Client::connect(&hub),
    );
    join(&mut outside, "c");
    let sent = guide(&one, "", Some("r"), Some("c"));
    one.ask("join-room", &[sent]);
    two.ask("join-room", &[json!({"roomId": "r", "roomChannel": "c"})]);
    let (told, _) = until(&mut one, "room-online-users", 2);
    let users = json!([{"clientId": one.id, "userName": "John Doe"}, {"clientId": two.id, "userName": null}]);
    let expected =
        json!({"clientId": "server", "data": {"roomId": "r", "roomChannel": "c", "users": users}});
    assert!(holds(&told, &expected), "{told}");
    outside.no_event("room-online-users");
}

#[test]
fn a_room_lists_at_most_100_of_its_members_and_no_more_than_fit_4_kb() {
    let hub = Hub::start();
    let mut crowd: Vec<_> = (0..101).map(|_| Client::connect(&hub)).collect();
    crowd
        .iter_mut()
        .for_each(|client| client.emit("join-room", &[json!("r")]));
    let (told, _) = until(&mut crowd[0], "room-online-users", 101);
    let listed = told["data"]["users"].as_array().unwrap().len();
    assert!((60..=100).contains(&listed), "{listed}");
    assert_eq!(told["data"]["truncated"], true);
    assert!(told.to_string().len() <= 4096);
}
