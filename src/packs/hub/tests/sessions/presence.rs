//! Presence events: what they say, to whom, and how often (contract 4.2).

use std::time::Duration;

use serde_json::Value;

use super::{counts, forget, three};
use crate::{
    config::{HubSettings, OnlineUsers},
    io::tests::world::{Client, run},
};

async fn pass(milliseconds: u64) {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
}

#[test]
fn online_users_goes_to_everybody_in_any_channel_as_a_message_of_the_server() {
    run(async {
        let (_world, a, b, outsider) = three(HubSettings::default()).await;
        a.done("join-channel", r#""x""#).await;
        pass(300).await;
        forget(&[&a]).await;
        b.done("join-channel", r#""y""#).await;
        let told = a.heard("online-users").remove(0);
        assert_eq!(told["clientId"], "server");
        assert_eq!(told["source"]["platform"], "server");
        assert_eq!(told["source"]["appName"], "dondo");
        assert_eq!(told["data"]["onlineUsers"], 2);
        assert_eq!(
            told["data"]["channels"],
            serde_json::json!({"x": 1, "y": 1})
        );
        assert_eq!(told["data"]["roomChannel"], "y");
        assert_eq!(b.heard("online-users"), [told]);
        assert!(outsider.events().is_empty());
    });
}

/// Fails if those in a room are not told that a member has another name now.
#[test]
fn a_new_name_in_a_room_is_told_its_members() {
    run(async {
        let (_world, a, b, _) = three(HubSettings::default()).await;
        a.done("join-room", r#""r""#).await;
        b.done("join-room", r#""r""#).await;
        pass(300).await;
        forget(&[&a, &b]).await;
        let join = r#"{"roomId":"r","source":{"userName":"Yaa"}}"#;
        assert_eq!(b.done("join-room", join).await["already"], true);
        pass(300).await;
        let told = a.heard("room-online-users").remove(0);
        assert_eq!(told["data"]["users"][1]["userName"], "Yaa");
        assert_eq!(told["data"]["onlineUsers"], 2);
        assert_eq!(counts(&[&a, &b], "join-room").await, [0, 0]);
    });
}

#[test]
fn a_burst_tells_each_newcomer_at_once_and_the_others_once_with_the_last_state() {
    run(async {
        let (_world, a, b, c) = three(HubSettings::default()).await;
        a.done("join-channel", r#""x""#).await;
        b.done("join-channel", r#""x""#).await;
        c.done("join-channel", r#""x""#).await;
        assert_eq!(counts(&[&a, &b, &c], "online-users").await, [1, 1, 1]);
        pass(200).await;
        assert_eq!(counts(&[&a, &b, &c], "online-users").await, [0, 0, 0]);
        pass(100).await;
        let last = a.heard("online-users");
        assert_eq!(last.len(), 1);
        assert_eq!(last[0]["data"]["onlineUsers"], 3);
        assert_eq!(counts(&[&b, &c], "online-users").await, [1, 1]);
        pass(1000).await;
        assert_eq!(counts(&[&a, &b, &c], "online-users").await, [0, 0, 0]);
    });
}

#[test]
fn a_leave_and_a_disconnect_are_told_as_joins_are() {
    run(async {
        let (_world, a, b, c) = three(HubSettings::default()).await;
        for client in [&a, &b, &c] {
            client.done("join-channel", r#""x""#).await;
        }
        pass(300).await;
        forget(&[&a]).await;
        b.done("leave-channel", r#""x""#).await;
        c.hang_up().await;
        pass(300).await;
        assert_eq!(
            a.heard("online-users").last().unwrap()["data"]["onlineUsers"],
            1
        );
    });
}

#[test]
fn online_users_can_go_to_the_changed_channel_only_or_to_nobody() {
    run(async {
        for (scope, expected) in [(OnlineUsers::Channel, [0, 1]), (OnlineUsers::Off, [0, 0])] {
            let mut settings = HubSettings::default();
            settings.presence.online_users = scope;
            let (_world, a, b, _) = three(settings).await;
            a.done("join-channel", r#""x""#).await;
            pass(300).await;
            forget(&[&a]).await;
            b.done("join-channel", r#""y""#).await;
            assert_eq!(counts(&[&a, &b], "online-users").await, expected);
        }
    });
}

#[test]
fn the_interval_is_a_setting_and_grows_with_the_recipients() {
    run(async {
        let mut settings = HubSettings::default();
        settings.presence.interval = Duration::from_millis(10);
        settings.presence.deliveries_per_s = 2;
        let (_world, a, b, _) = three(settings).await;
        a.done("join-channel", r#""x""#).await;
        b.done("join-channel", r#""x""#).await;
        forget(&[&a]).await;
        // Two recipients, two deliveries a second: one event a second.
        pass(900).await;
        assert_eq!(counts(&[&a], "online-users").await, [0]);
        pass(200).await;
        assert_eq!(counts(&[&a], "online-users").await, [1]);
    });
}

#[test]
fn room_online_users_lists_the_members_of_the_address_to_them() {
    run(async {
        let (_world, a, b, outsider) = three(HubSettings::default()).await;
        let join = |name: &str| {
            format!(
                r#"{{"data":{{"roomId":"r","roomChannel":"c"}},"source":{{"userName":"{name}"}}}}"#
            )
        };
        a.done("join-room", &join("Ann")).await;
        pass(300).await;
        forget(&[&a]).await;
        b.done("join-room", &join("Bob")).await;
        let told = a.heard("room-online-users").remove(0);
        assert_eq!(told["data"]["roomId"], "r");
        assert_eq!(told["data"]["roomChannel"], "c");
        assert_eq!(told["data"]["onlineUsers"], 2);
        let users = serde_json::json!([{"clientId": a.id, "userName": "Ann"}, {"clientId": b.id, "userName": "Bob"}]);
        assert_eq!(told["data"]["users"], users);
        pass(300).await;
        forget(&[&a, &b]).await;
        b.done("leave-room", r#""r""#).await;
        assert_eq!(a.heard("room-online-users")[0]["data"]["onlineUsers"], 1);
        assert_eq!(counts(&[&b, &outsider], "room-online-users").await, [0, 0]);
    });
}

#[test]
fn above_a_setting_only_the_newcomer_gets_join_events_and_nobody_leave_events() {
    run(async {
        let mut settings = super::quiet();
        settings.presence.join_events_up_to = 2;
        let (_world, a, b, c) = three(settings).await;
        a.done("join-channel", r#""x""#).await;
        b.done("join-channel", r#""x""#).await;
        assert_eq!(counts(&[&a, &b], "join-channel").await, [2, 1]);
        c.done("join-channel", r#""x""#).await;
        assert_eq!(counts(&[&a, &b, &c], "join-channel").await, [0, 0, 1]);
    });
}

/// `client` joins and leaves so many rooms or channels that nobody has been in before, as fast as it may; the presence
/// events that `watcher` got meanwhile.
async fn flap(client: &Client, names: usize, room: bool, watcher: &Client) -> Vec<Value> {
    let event = if room {
        "room-online-users"
    } else {
        "online-users"
    };
    let mut told = Vec::new();
    for number in 0..names {
        let (join, leave, what) = match room {
            true => (
                "join-room",
                "leave-room",
                format!(r#"{{"roomId":"r","roomChannel":"{number:x>200}"}}"#),
            ),
            false => (
                "join-channel",
                "leave-channel",
                format!(r#""{number:x>200}""#),
            ),
        };
        client.emit(join, &what);
        client.emit(leave, &what);
        if number % 50 == 49 {
            pass(1).await;
            client.packets();
            told.extend(watcher.heard(event));
        }
    }
    told
}

#[test]
fn ever_new_channels_of_one_client_cause_no_more_events_than_the_pace_allows() {
    run(async {
        let (_world, attacker, honest, _) = three(HubSettings::default()).await;
        honest.done("join-channel", r#""x""#).await;
        pass(300).await;
        forget(&[&honest]).await;
        let mut told = flap(&attacker, 2000, false, &honest).await;
        pass(1000).await;
        told.extend(honest.heard("online-users"));
        assert!((1..6).contains(&told.len()), "{} events", told.len());
        assert!(told.iter().all(|event| event.to_string().len() <= 4096));
        let last = told.last().unwrap();
        assert_eq!(last["data"]["channels"], serde_json::json!({"x": 1}));
        pass(2000).await;
        assert_eq!(counts(&[&honest], "online-users").await, [0]);
    });
}

#[test]
fn ever_new_channels_of_a_room_do_not_flood_a_member_who_names_none() {
    run(async {
        let (_world, attacker, honest, _) = three(super::quiet()).await;
        honest.done("join-room", r#""r""#).await;
        pass(300).await;
        forget(&[&honest]).await;
        let told = flap(&attacker, 2000, true, &honest).await.len();
        let passed = 2000 / 50;
        // Room for a burst of an interval, and for what the time that passed allows.
        let allowed = (250 + passed) * 10_000 / 16 / 1000 + 1;
        assert!(
            (1..=allowed).contains(&told),
            "{told} events, {allowed} allowed"
        );
        // What waits is told or forgotten soon, and the room's presence is served as before.
        pass(2000).await;
        forget(&[&honest]).await;
        attacker.done("join-room", r#""r""#).await;
        assert_eq!(counts(&[&honest], "room-online-users").await, [1]);
    });
}

#[test]
fn a_room_that_empties_does_not_touch_the_pace_of_the_channel_of_its_name() {
    run(async {
        let mut settings = HubSettings::default();
        settings.presence.online_users = OnlineUsers::Channel;
        let (_world, a, b, c) = three(settings).await;
        a.done("join-channel", r#""x""#).await;
        b.done("join-channel", r#""x""#).await;
        c.done("join-room", r#""x""#).await;
        c.done("leave-room", r#""x""#).await;
        forget(&[&a]).await;
        pass(300).await;
        let last = a.heard("online-users");
        assert_eq!(last.len(), 1);
        assert_eq!(last[0]["data"]["onlineUsers"], 2);
    });
}

#[test]
fn a_crowd_that_joins_a_room_is_told_in_one_event_behind_each_ones_own() {
    run(async {
        let (world, a, b, _) = three(super::quiet()).await;
        a.done("join-room", r#""r""#).await;
        b.done("join-room", r#""r""#).await;
        forget(&[&a, &b]).await;
        let mut crowd = Vec::new();
        for _ in 0..20 {
            crowd.push(world.client().await);
        }
        let before = world.encoded[0].load(std::sync::atomic::Ordering::Relaxed);
        for client in &crowd {
            client.emit("join-room", r#""r""#);
        }
        pass(600).await;
        assert_eq!(counts(&[&a, &b], "room-online-users").await, [1, 1]);
        let after = world.encoded[0].load(std::sync::atomic::Ordering::Relaxed);
        // A join event for each, each newcomer's own list, and one list for all: the first to come may be that one.
        let most = 2 * crowd.len() + 2;
        assert!(after - before <= most, "{} were made", after - before);
    });
}
