//! Private rooms: invitations, locks, kicks, owners (contract 3).

use serde_json::json;

use super::{counts, forget, quiet, three};
use crate::{
    config::{DefaultAccess, HubSettings},
    io::tests::world::run,
};

const MAKE: &str = r#"{"data":{"roomId":"r","access":"invite"}}"#;

#[test]
fn a_room_by_invitation_takes_the_invited_only() {
    run(async {
        let (_world, owner, guest, stranger) = three(quiet()).await;
        let make = format!(
            r#"{{"data":{{"roomId":"r","access":"invite","invite":["{}"]}}}}"#,
            guest.id
        );
        owner.done("join-room", &make).await;
        guest.done("join-room", r#""r""#).await;
        assert_eq!(stranger.code("join-room", r#""r""#).await, "not_invited");
        assert_eq!(
            stranger.code("notify-room", r#""x","r""#).await,
            "forbidden"
        );
        forget(&[&owner, &guest]).await;
        guest.done("notify-room", r#""x","r""#).await;
        assert_eq!(counts(&[&owner, &stranger], "notify-room").await, [1, 0]);
    });
}

#[test]
fn an_owner_invites_and_all_members_are_told() {
    run(async {
        let (_world, owner, guest, other) = three(quiet()).await;
        owner.done("join-room", MAKE).await;
        forget(&[&owner]).await;
        let invite = format!(r#"{{"data":{{"roomId":"r","invite":["{}"]}}}}"#, guest.id);
        assert_eq!(other.code("invite-room", &invite).await, "forbidden");
        let ack = owner.done("invite-room", &invite).await;
        assert_eq!(ack["room"], "r");
        let told = owner.heard("invite-room");
        assert_eq!(told.len(), 1);
        assert_eq!(told[0]["data"]["invite"][0], *guest.id);
        guest.done("join-room", r#""r""#).await;
        assert_eq!(guest.code("invite-room", &invite).await, "forbidden");
    });
}

#[test]
fn an_owner_sends_a_member_out_who_cannot_come_back() {
    run(async {
        let (_world, owner, guest, other) = three(quiet()).await;
        let make = format!(
            r#"{{"data":{{"roomId":"r","access":"invite","invite":["{}","{}"]}}}}"#,
            guest.id, other.id
        );
        owner.done("join-room", &make).await;
        guest.done("join-room", r#""r""#).await;
        other.done("join-room", r#""r""#).await;
        forget(&[&owner, &guest, &other]).await;
        let kick = format!(r#"{{"data":{{"roomId":"r","kick":["{}"]}}}}"#, guest.id);
        assert_eq!(guest.code("kick-room", &kick).await, "forbidden");
        owner.done("kick-room", &kick).await;
        assert_eq!(guest.names(), ["kick-room"]);
        let told = other.heard("leave-room");
        assert_eq!(told.len(), 1);
        assert_eq!(told[0]["clientId"], *guest.id);
        assert_eq!(told[0]["data"]["reason"], "kick");
        assert_eq!(guest.code("join-room", r#""r""#).await, "not_invited");
        assert_eq!(guest.code("notify-room", r#""x","r""#).await, "forbidden");
    });
}

#[test]
fn a_locked_room_takes_nobody_until_it_is_opened() {
    run(async {
        let (_world, owner, guest, _) = three(quiet()).await;
        owner.done("join-room", r#""r""#).await;
        forget(&[&owner]).await;
        owner.done("lock-room", r#""r""#).await;
        assert_eq!(counts(&[&owner], "lock-room").await, [1]);
        assert_eq!(guest.code("join-room", r#""r""#).await, "forbidden");
        assert_eq!(guest.code("notify-room", r#""x","r""#).await, "forbidden");
        owner
            .done("lock-room", r#"{"data":{"roomId":"r","locked":false}}"#)
            .await;
        guest.done("join-room", r#""r""#).await;
        assert_eq!(guest.code("lock-room", r#""r""#).await, "forbidden");
    });
}

#[test]
fn an_owner_who_leaves_hands_over_to_the_longest_seated() {
    run(async {
        let (_world, owner, heir, last) = three(quiet()).await;
        for client in [&owner, &heir, &last] {
            client.done("join-room", r#""r""#).await;
        }
        owner.hang_up().await;
        assert_eq!(last.code("lock-room", r#""r""#).await, "forbidden");
        heir.done("lock-room", r#""r""#).await;
    });
}

#[test]
fn rooms_by_token_are_forbidden_while_no_key_is_configured() {
    run(async {
        let (_world, a, _, _) = three(quiet()).await;
        let join = r#"{"data":{"roomId":"r","access":"token","token":"t"}}"#;
        let ack = a.ask("join-room", join).await;
        assert_eq!(ack["code"], "forbidden");
        assert!(ack["message"].as_str().unwrap().contains("key"));
        assert!(a.events().is_empty());
    });
}

#[test]
fn the_default_access_is_a_setting_that_the_maker_overrules() {
    run(async {
        let settings = HubSettings {
            rooms_default_access: DefaultAccess::Invite,
            ..quiet()
        };
        let (_world, owner, guest, _) = three(settings).await;
        owner.done("join-room", r#""r""#).await;
        assert_eq!(guest.code("join-room", r#""r""#).await, "not_invited");
        owner
            .done("join-room", r#"{"data":{"roomId":"s","access":"open"}}"#)
            .await;
        guest.done("join-room", r#""s""#).await;
    });
}

#[test]
fn commands_that_name_nobody_or_too_many_or_nonsense_are_refused() {
    run(async {
        let (_world, owner, _, _) = three(quiet()).await;
        owner.done("join-room", r#""r""#).await;
        let many = vec!["x"; 257];
        let many = serde_json::json!({"data": {"roomId": "r", "kick": many}}).to_string();
        for (event, args, code) in [
            ("invite-room", r#""r""#, "bad_payload"),
            (
                "kick-room",
                r#"{"data":{"roomId":"r","kick":[]}}"#,
                "bad_payload",
            ),
            (
                "kick-room",
                r#"{"data":{"roomId":"r","kick":"x"}}"#,
                "bad_payload",
            ),
            ("kick-room", &many, "limit_reached"),
            ("kick-room", r#"{"data":{"kick":["x"]}}"#, "missing_room"),
            (
                "invite-room",
                r#"{"data":{"roomId":"r","invite":[" "]}}"#,
                "invalid_name",
            ),
            (
                "lock-room",
                r#"{"data":{"roomId":"r","locked":1}}"#,
                "bad_payload",
            ),
        ] {
            assert_eq!(owner.code(event, args).await, code, "{event}");
        }
    });
}

#[test]
fn who_makes_a_room_in_a_channel_of_its_own_has_no_say_in_that_of_another_channel() {
    run(async {
        let (_world, maker, attacker, guest) = three(quiet()).await;
        let board = |channel: &str| format!(r#"{{"roomId":"board","roomChannel":"{channel}"}}"#);
        attacker.done("join-room", &board("own")).await;
        let ack = maker.done("join-room", &board("sales")).await;
        assert_eq!(
            (&ack["created"], &ack["owner"]),
            (&json!(true), &json!(maker.id))
        );
        for (event, field, value) in [
            ("lock-room", "locked", json!(true)),
            ("kick-room", "kick", json!([maker.id])),
            ("invite-room", "invite", json!(["x"])),
        ] {
            let mut data = json!({"roomId": "board", "roomChannel": "sales"});
            data[field] = value;
            let at_sales = json!({"data": data}).to_string();
            assert_eq!(
                attacker.code(event, &at_sales).await,
                "forbidden",
                "{event}"
            );
            data["roomChannel"] = json!("own");
            attacker
                .done(event, &json!({"data": data}).to_string())
                .await;
        }
        let ack = guest.done("join-room", &board("sales")).await;
        assert_eq!(
            (&ack["created"], &ack["onlineUsers"]),
            (&json!(false), &json!(2))
        );
        assert_eq!(guest.code("join-room", &board("own")).await, "forbidden");
        let kick = format!(r#"{{"roomId":"board","kick":["{}"]}}"#, guest.id);
        forget(&[&maker, &guest]).await;
        let ack = maker.done("kick-room", &kick).await;
        assert_eq!(ack["channel"], "sales", "its only address is what it means");
        assert_eq!(counts(&[&guest], "kick-room").await, [1]);
    });
}

#[test]
fn privacy_that_cannot_be_had_is_refused_and_that_of_all_channels_is_told() {
    run(async {
        let (_world, a, b, c) = three(quiet()).await;
        let private = r#"{"data":{"roomId":"r","access":"invite"}}"#;
        let in_channel = r#"{"data":{"roomId":"r","roomChannel":"c","access":"invite"}}"#;
        a.done("join-room", r#"{"roomId":"r","roomChannel":"c"}"#)
            .await;
        assert_eq!(b.code("join-room", in_channel).await, "room_exists");
        assert_eq!(b.code("join-room", private).await, "room_exists");
        a.done("leave-room", r#""r""#).await;
        let ack = b.done("join-room", private).await;
        assert_eq!(
            (&ack["access"], &ack["allChannels"]),
            (&json!("invite"), &json!(true))
        );
        assert_eq!(a.code("join-room", in_channel).await, "not_invited");
        let invite = format!(r#"{{"roomId":"r","invite":["{}"]}}"#, a.id);
        b.done("invite-room", &invite).await;
        let ack = a.done("join-room", in_channel).await;
        assert_eq!(
            (&ack["access"], &ack["allChannels"]),
            (&json!("invite"), &json!(true))
        );
        let ack = c
            .ask(
                "notify-room",
                r#"{"message":"m","roomId":"r","roomChannel":"d"}"#,
            )
            .await;
        assert_eq!(ack["code"], "forbidden");
    });
}

#[test]
fn one_who_is_sent_out_of_one_channels_room_keeps_its_others() {
    run(async {
        let (_world, owner, guest, _) = three(quiet()).await;
        let room = |channel: &str| format!(r#"{{"roomId":"r","roomChannel":"{channel}"}}"#);
        owner.done("join-room", &room("c")).await;
        for channel in ["c", "d"] {
            guest.done("join-channel", &format!("\"{channel}\"")).await;
            guest.done("join-room", &room(channel)).await;
        }
        let kick = format!(
            r#"{{"roomId":"r","roomChannel":"c","kick":["{}"]}}"#,
            guest.id
        );
        owner.done("kick-room", &kick).await;
        forget(&[&guest]).await;
        for (channel, heard) in [("c", 0), ("d", 1)] {
            let say = format!(r#"{{"message":"m","roomId":"r","roomChannel":"{channel}"}}"#);
            owner.done("notify-room", &say).await;
            assert_eq!(counts(&[&guest], "notify-room").await, [heard], "{channel}");
        }
        // Its session knows what it still has: leaving the channel leaves that room.
        owner.done("join-room", &room("d")).await;
        forget(&[&owner]).await;
        guest.done("leave-channel", r#""d""#).await;
        assert_eq!(counts(&[&owner], "leave-room").await, [1]);
    });
}

#[test]
fn a_kick_of_nobody_is_answered_and_told_to_nobody() {
    run(async {
        let (_world, owner, guest, _) = three(quiet()).await;
        owner.done("join-room", r#""r""#).await;
        guest.done("join-room", r#""r""#).await;
        forget(&[&owner, &guest]).await;
        let ids: Vec<String> = (0..256).map(|number| format!("nobody{number}")).collect();
        let kick = json!({"data": {"roomId": "r", "kick": ids}}).to_string();
        owner.done("kick-room", &kick).await;
        assert!(owner.events().is_empty() && guest.events().is_empty());
    });
}

#[test]
fn invitations_beyond_those_of_a_room_or_of_one_client_are_refused() {
    run(async {
        let (_world, owner, _, _) = three(quiet()).await;
        let guests = |first: usize| -> Vec<String> {
            (first..first + 200).map(|n| format!("{n:0>200}")).collect()
        };
        let make = |room: usize| {
            json!({"data": {"roomId": room, "access": "invite", "invite": guests(0)}}).to_string()
        };
        owner.done("join-room", &make(0)).await;
        assert_eq!(owner.code("join-room", &make(1)).await, "limit_reached");
        let more = json!({"data": {"roomId": 0, "invite": guests(200)}}).to_string();
        assert_eq!(owner.code("invite-room", &more).await, "limit_reached");
        owner.done("leave-room", "0").await;
        owner.done("join-room", &make(1)).await;
    });
}
