//! Presence events: what they say, to whom, and how often (contract 4.2).

use std::time::Duration;

use super::{counts, forget, three};
use crate::{
    config::{HubSettings, OnlineUsers},
    io::tests::world::run,
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
