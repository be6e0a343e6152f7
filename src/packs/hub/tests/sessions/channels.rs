//! Channels: join, message, leave, disconnect, and what each is answered with.

use serde_json::json;

use super::{counts, forget, quiet, three};
use crate::io::tests::world::{World, run, settle};

#[test]
fn a_join_reaches_all_members_the_newcomer_too_and_its_ack_counts_them() {
    run(async {
        let (_world, a, b, c) = three(quiet()).await;
        let ack = a.ask("join-channel", r#""lobby""#).await;
        let expected = json!({"ok": true, "event": "join-channel", "channel": "lobby",
            "clientId": a.id, "onlineUsers": 1, "already": false,
            "users": [{"clientId": a.id, "userName": null}]});
        assert_eq!(ack, expected);
        let ack = b.done("join-channel", r#"null,"lobby""#).await;
        assert_eq!(ack["users"][1]["clientId"], *b.id);
        let told = a.heard("join-channel");
        assert_eq!(told.len(), 2);
        assert_eq!(told[1]["clientId"], *b.id);
        assert_eq!(told[1]["data"]["onlineUsers"], 2);
        assert_eq!(told[1]["data"]["roomChannel"], "lobby");
        assert_eq!(told[1]["data"].get("reason"), None);
        assert_eq!(b.heard("join-channel"), [told[1].clone()]);
        assert!(c.events().is_empty());
    });
}

#[test]
fn joining_again_is_answered_and_told_to_nobody() {
    run(async {
        let (_world, a, b, _) = three(quiet()).await;
        a.done("join-channel", r#""c""#).await;
        b.done("join-channel", r#""c""#).await;
        forget(&[&a, &b]).await;
        let ack = b.done("join-channel", r#""c""#).await;
        assert_eq!(ack["already"], true);
        assert_eq!(ack["onlineUsers"], 2);
        assert_eq!(counts(&[&a, &b], "join-channel").await, [0, 0]);
    });
}

/// Fails if somebody who has a seat without a name, or under another one, cannot give it one; or if a name is lost by a join
/// or a message that says none.
#[test]
fn joining_again_under_a_name_names_the_seat() {
    run(async {
        let (_world, a, b, _) = three(quiet()).await;
        b.done("join-channel", r#""c""#).await;
        for (user, shown) in [
            ("null", json!(null)),
            (r#""Yaa""#, json!("Yaa")),
            ("null", json!("Yaa")),
            (r#""Esi""#, json!("Esi")),
        ] {
            let join = format!(r#"{{"roomChannel":"c","source":{{"userName":{user}}}}}"#);
            let ack = a.done("join-channel", &join).await;
            assert_eq!(ack["users"][1]["userName"], shown, "{user}");
            assert_eq!(ack["onlineUsers"], 2);
        }
        assert_eq!(counts(&[&b], "join-channel").await, [2]);
        a.hang_up().await;
        let told = b.heard("leave-channel");
        assert_eq!(told.len(), 1);
        assert_eq!(told[0]["source"]["userName"], "Esi");
    });
}

/// SignalR's clients join without a name and say it when they speak. Fails if the others never have it, if a message renames a
/// seat that has a name, or if one makes a seat.
#[test]
fn the_first_name_in_a_channels_messages_names_a_seat_that_has_none() {
    run(async {
        let (_world, a, b, outsider) = three(quiet()).await;
        a.done("join-channel", r#""c""#).await;
        forget(&[&a]).await;
        let said = |user: &str| format!(r#"{{"message":"hi","source":{{"userName":{user}}}}}"#);
        for user in ["null", r#""Yaa""#, r#""Esi""#] {
            assert_eq!(a.done("c", &said(user)).await["recipients"], 1);
        }
        assert_eq!(outsider.done("c", &said(r#""Out""#)).await["recipients"], 1);
        assert_eq!(counts(&[&a], "join-channel").await, [0]);
        let users = &b.done("join-channel", r#""c""#).await["users"];
        let expected =
            json!([{"clientId": a.id, "userName": "Yaa"}, {"clientId": b.id, "userName": null}]);
        assert_eq!(*users, expected);
    });
}

#[test]
fn any_other_event_is_a_message_to_the_channel_of_its_name_member_or_not() {
    run(async {
        let (_world, a, b, outsider) = three(quiet()).await;
        a.done("join-channel", r#""c""#).await;
        b.done("join-channel", r#""c""#).await;
        forget(&[&a, &b]).await;
        let ack = a.ask("c", r#""hello""#).await;
        let expected =
            json!({"ok": true, "event": "c", "channel": "c", "clientId": a.id, "recipients": 2});
        assert_eq!(ack, expected);
        assert_eq!(outsider.done("c", "7").await["recipients"], 2);
        let heard = b.heard("c");
        assert_eq!(heard[0]["data"]["message"], "hello");
        assert_eq!(heard[1]["data"]["message"], 7);
        assert_eq!(heard[1]["clientId"], *outsider.id);
        assert_eq!(a.heard("c"), heard);
        assert!(outsider.events().is_empty());
    });
}

#[test]
fn a_message_to_nobody_is_no_error_and_makes_nothing() {
    run(async {
        let world = World::hub(quiet());
        let client = world.client().await;
        assert_eq!(client.done("hi", r#"".net core""#).await["recipients"], 0);
        client.emit("hi", r#"".net core""#);
        settle().await;
        assert!(client.packets().is_empty());
    });
}

#[test]
fn blobs_in_a_message_reach_the_members_whole() {
    run(async {
        let (_world, a, b, _) = three(quiet()).await;
        b.done("join-channel", r#""c""#).await;
        forget(&[&b]).await;
        a.wire(r#"51-["c",{"data":{"message":{"_placeholder":true,"num":0}}}]"#);
        a.blob(b"\x00\x01");
        settle().await;
        let packets = b.packets();
        assert_eq!(packets.len(), 1);
        assert_eq!(packets[0].blobs, [&b"\x00\x01"[..]]);
        assert_eq!(packets[0].json[1]["data"]["message"]["_placeholder"], true);
    });
}

#[test]
fn a_leave_reaches_those_who_stay_and_not_the_leaver() {
    run(async {
        let (_world, a, b, _) = three(quiet()).await;
        a.done("join-channel", r#""c""#).await;
        b.done("join-channel", r#""c""#).await;
        forget(&[&a, &b]).await;
        let ack = b.ask("leave-channel", "").await;
        let expected = json!({"ok": true, "event": "leave-channel", "channel": "c",
            "clientId": b.id, "onlineUsers": 1, "already": false});
        assert_eq!(ack, expected);
        let told = a.heard("leave-channel");
        assert_eq!(told.len(), 1);
        assert_eq!(told[0]["data"]["reason"], "leave");
        assert_eq!(told[0]["data"]["onlineUsers"], 1);
        assert!(b.events().is_empty());
        assert_eq!(b.done("leave-channel", r#""c""#).await["already"], true);
        assert_eq!(counts(&[&a, &b], "leave-channel").await, [0, 0]);
    });
}

#[test]
fn leaving_a_channel_leaves_its_rooms_and_no_others() {
    run(async {
        let (_world, a, b, _) = three(quiet()).await;
        for client in [&a, &b] {
            client.done("join-channel", r#""c""#).await;
            client
                .done("join-room", r#"{"roomId":"in","source":{"channel":"c"}}"#)
                .await;
            client
                .done("join-room", r#"{"roomId":"in","roomChannel":"d"}"#)
                .await;
            client
                .done("join-room", r#"{"roomId":"out","roomChannel":"d"}"#)
                .await;
        }
        forget(&[&a, &b]).await;
        a.done("leave-channel", r#"{"roomChannel":"c"}"#).await;
        let events = b.events();
        let rooms: Vec<_> = events
            .iter()
            .filter(|event| event[0] == "leave-room")
            .collect();
        assert_eq!(rooms.len(), 1);
        assert_eq!(rooms[0][1]["data"]["roomId"], "in");
        assert_eq!(rooms[0][1]["data"]["roomChannel"], "c");
        assert_eq!(rooms[0][1]["data"]["reason"], "leave");
        assert_eq!(
            events
                .iter()
                .filter(|event| event[0] == "leave-channel")
                .count(),
            1
        );
        let say = |room, channel| {
            format!(r#"{{"message":"m","roomId":"{room}","roomChannel":"{channel}"}}"#)
        };
        for (room, channel, heard) in [("in", "c", 0), ("in", "d", 1), ("out", "d", 1)] {
            b.done("notify-room", &say(room, channel)).await;
            assert_eq!(
                counts(&[&a], "notify-room").await,
                [heard],
                "{room} {channel}"
            );
        }
    });
}

#[test]
fn a_lost_client_leaves_everything_once_with_its_own_source_and_the_reason() {
    run(async {
        let (_world, a, b, _) = three(quiet()).await;
        let source = r#""source":{"userName":"Ann","appName":"app"}"#;
        for client in [&a, &b] {
            client
                .done(
                    "join-channel",
                    &format!(r#"{{"roomChannel":"c",{source}}}"#),
                )
                .await;
            client
                .done("join-room", &format!(r#"{{"roomId":"r",{source}}}"#))
                .await;
            client
                .done("join-room", r#"{"roomId":"r","roomChannel":"d"}"#)
                .await;
        }
        forget(&[&a, &b]).await;
        let id = b.id.clone();
        b.hang_up().await;
        let events = a.events();
        let told = |name: &str| -> Vec<_> {
            let of_name = events.iter().filter(|event| event[0] == name);
            of_name.map(|event| event[1].clone()).collect()
        };
        let channel = told("leave-channel");
        assert_eq!(channel.len(), 1);
        assert_eq!(channel[0]["clientId"], *id);
        assert_eq!(channel[0]["source"]["userName"], "Ann");
        assert_eq!(channel[0]["source"]["appName"], "app");
        let rooms = told("leave-room");
        let channels: Vec<_> = rooms
            .iter()
            .map(|room| &room["data"]["roomChannel"])
            .collect();
        assert_eq!(channels, ["c", "d"]);
        for leave in channel.iter().chain(&rooms) {
            assert_eq!(leave["data"]["reason"], "disconnect");
            assert_eq!(leave["data"]["onlineUsers"], 1);
        }
    });
}

#[test]
fn one_senders_messages_arrive_in_order_across_channels_and_rooms() {
    run(async {
        let (_world, a, b, _) = three(quiet()).await;
        b.done("join-channel", r#""c""#).await;
        b.done("join-room", r#""r""#).await;
        forget(&[&b]).await;
        for n in 0..20 {
            a.emit("c", &format!("{}", 2 * n));
            a.emit("notify-room", &format!("{},\"r\"", 2 * n + 1));
        }
        settle().await;
        let heard: Vec<_> = b
            .events()
            .into_iter()
            .filter(|event| event[0] == "c" || event[0] == "notify-room")
            .map(|event| event[1]["data"]["message"].as_u64().unwrap())
            .collect();
        assert_eq!(heard, (0..40).collect::<Vec<_>>());
    });
}

#[test]
fn messages_sent_right_after_a_join_reach_the_joiner() {
    run(async {
        let world = World::hub(quiet());
        let client = world.client().await;
        client.emit("join-channel", r#""c""#);
        client.emit("c", "1");
        client.emit("leave-channel", r#""c""#);
        client.emit("c", "2");
        settle().await;
        let heard = client.heard("c");
        assert_eq!(heard.len(), 1);
        assert_eq!(heard[0]["data"]["message"], 1);
    });
}
