//! Rooms and their addresses: with a channel and without (contract 3.1), capacity, leaves.

use serde_json::json;

use super::{counts, forget, quiet, three};
use crate::io::tests::world::{Client, run};

async fn join(client: &Client, room: &str, channel: Option<&str>) {
    client
        .done("join-room", &address(room, channel).to_string())
        .await;
}

fn address(room: &str, channel: Option<&str>) -> serde_json::Value {
    json!({"data": {"message": "m", "roomId": room, "roomChannel": channel}})
}

#[test]
fn a_join_tells_the_members_then_lists_them() {
    run(async {
        let (_world, a, b, _) = three(quiet()).await;
        let ack = a
            .ask("join-room", r#"{"roomId":"r","source":{"userName":"Ann"}}"#)
            .await;
        let expected = json!({"ok": true, "event": "join-room", "room": "r",
            "clientId": a.id, "onlineUsers": 1, "already": false, "created": true,
            "access": "open", "owner": a.id, "users": [{"clientId": a.id, "userName": "Ann"}]});
        assert_eq!(ack, expected);
        forget(&[&a]).await;
        join(&b, "r", None).await;
        assert_eq!(b.names()[..2], ["join-room", "room-online-users"]);
        assert_eq!(counts(&[&a], "join-room").await, [1]);
    });
}

#[test]
fn addresses_match_when_ids_are_equal_and_channels_equal_or_none() {
    run(async {
        let (_world, in_a, in_b, in_none) = three(quiet()).await;
        join(&in_a, "r", Some("a")).await;
        join(&in_b, "r", Some("b")).await;
        join(&in_none, "r", None).await;
        let all = [&in_a, &in_b, &in_none];
        forget(&all).await;
        for (channel, expected) in [
            (Some("a"), [1, 0, 1]),
            (Some("b"), [0, 1, 1]),
            (None, [1, 1, 1]),
            (Some("x"), [0, 0, 1]),
        ] {
            let ack = in_none
                .done("notify-room", &address("r", channel).to_string())
                .await;
            assert_eq!(counts(&all, "notify-room").await, expected, "{channel:?}");
            assert_eq!(ack["recipients"], expected.iter().sum::<usize>());
        }
    });
}

#[test]
fn a_member_under_two_addresses_hears_once() {
    run(async {
        let (_world, a, b, _) = three(quiet()).await;
        join(&a, "r", Some("a")).await;
        join(&a, "r", None).await;
        join(&b, "r", None).await;
        forget(&[&a, &b]).await;
        let ack = b.done("notify-room", &address("r", None).to_string()).await;
        assert_eq!(ack["recipients"], 2);
        assert_eq!(counts(&[&a, &b], "notify-room").await, [1, 1]);
    });
}

#[test]
fn a_room_belongs_to_the_senders_only_channel_unless_another_is_named() {
    run(async {
        let (_world, a, _, _) = three(quiet()).await;
        a.done("join-channel", r#""c""#).await;
        assert_eq!(a.done("join-room", r#""r""#).await["channel"], "c");
        a.done("join-channel", r#""d""#).await;
        assert_eq!(a.done("join-room", r#""s""#).await.get("channel"), None);
    });
}

#[test]
fn leave_room_without_a_channel_drops_every_seat_and_lists_them() {
    run(async {
        let (_world, a, b, _) = three(quiet()).await;
        for channel in [None, Some("a"), Some("b")] {
            join(&a, "r", channel).await;
            join(&b, "r", channel).await;
        }
        forget(&[&a, &b]).await;
        let ack = a.ask("leave-room", r#""r""#).await;
        let seat =
            |channel: Option<&str>| json!({"room": "r", "channel": channel, "onlineUsers": 1});
        let expected = json!({"ok": true, "event": "leave-room", "room": "r", "clientId": a.id,
            "onlineUsers": 1, "already": false, "left": [seat(None), seat(Some("a")), seat(Some("b"))]});
        assert_eq!(ack, expected);
        let told = b.heard("leave-room");
        let channels: Vec<_> = told
            .iter()
            .map(|leave| &leave["data"]["roomChannel"])
            .collect();
        assert_eq!(channels, [&json!(null), &json!("a"), &json!("b")]);
        assert!(told.iter().all(|leave| leave["data"]["reason"] == "leave"));
        let again = a.done("leave-room", r#""r""#).await;
        assert_eq!(
            (&again["already"], &again["left"]),
            (&json!(true), &json!([]))
        );
    });
}

#[test]
fn leave_room_with_a_channel_drops_that_and_none() {
    run(async {
        let (_world, a, _, _) = three(quiet()).await;
        for channel in [None, Some("a"), Some("b")] {
            join(&a, "r", channel).await;
        }
        let ack = a
            .done("leave-room", &address("r", Some("a")).to_string())
            .await;
        let left: Vec<_> = ack["left"]
            .as_array()
            .unwrap()
            .iter()
            .map(|seat| &seat["channel"])
            .collect();
        assert_eq!(left, [&json!(null), &json!("a")]);
        forget(&[&a]).await;
        a.done("notify-room", &address("r", Some("b")).to_string())
            .await;
        assert_eq!(counts(&[&a], "notify-room").await, [1]);
    });
}

#[test]
fn a_room_for_two_refuses_the_third_and_is_free_again_after_a_leave_or_a_disconnect() {
    run(async {
        let (world, a, b, c) = three(quiet()).await;
        let ask = r#"{"data":{"roomId":"duo","capacity":2}}"#;
        assert_eq!(a.done("join-room", ask).await["capacity"], 2);
        let other = r#"{"data":{"roomId":"duo","capacity":9}}"#;
        assert_eq!(b.done("join-room", other).await["capacity"], 2);
        assert_eq!(c.code("join-room", r#""duo""#).await, "room_full");
        b.done("leave-room", r#""duo""#).await;
        c.done("join-room", r#""duo""#).await;
        assert_eq!(b.code("join-room", r#""duo""#).await, "room_full");
        c.hang_up().await;
        b.done("join-room", r#""duo""#).await;
        drop(world);
    });
}

#[test]
fn a_room_named_like_a_channel_or_a_socket_id_hears_nothing_of_theirs() {
    run(async {
        let (_world, a, b, spy) = three(quiet()).await;
        a.done("join-channel", r#""c""#).await;
        join(&spy, "c", None).await;
        join(&spy, &b.id, None).await;
        forget(&[&spy]).await;
        a.done("c", "1").await;
        assert!(spy.events().is_empty());
    });
}

#[test]
fn a_long_leave_is_told_in_full_of_one_seat_and_in_short_of_many() {
    run(async {
        let (_world, a, b, _) = three(quiet()).await;
        for number in 0..40 {
            for client in [&a, &b] {
                join(client, "r", Some(&number.to_string())).await;
            }
        }
        join(&a, "alone", None).await;
        join(&b, "alone", None).await;
        forget(&[&a, &b]).await;
        let long = |room: &str| {
            let source = json!({"userName": "Ann", "x": "x".repeat(100_000)});
            json!({"data": {"roomId": room, "message": "y".repeat(100_000)}, "source": source})
                .to_string()
        };
        a.done("leave-room", &long("r")).await;
        let told = b.heard("leave-room");
        assert_eq!(told.len(), 40);
        let bytes: usize = told.iter().map(|leave| leave.to_string().len()).sum();
        assert!(bytes < 40 * 1000, "{bytes} bytes for one leave");
        for leave in &told {
            assert_eq!(leave["source"]["userName"], "Ann");
            assert_eq!(leave["clientId"], *a.id);
            assert_eq!(leave["data"]["reason"], "leave");
        }
        a.done("leave-room", &long("alone")).await;
        let told = b.heard("leave-room");
        assert_eq!(told[0]["data"]["message"].as_str().unwrap().len(), 100_000);
    });
}
