//! Private rooms: invitations, locks, kicks, owners (contract 3).

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
