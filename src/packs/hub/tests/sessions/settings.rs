//! Each setting of the pack changes what it says it changes.

use super::{counts, forget, quiet, three, three_in};
use crate::{
    config::{HubSettings, InsecureSettings, RoomScope},
    io::tests::world::{World, run},
};

#[test]
fn without_echo_a_sender_does_not_hear_itself_nor_counts() {
    run(async {
        let (_world, a, b, _) = three(HubSettings {
            echo: false,
            ..quiet()
        })
        .await;
        for client in [&a, &b] {
            client.done("join-channel", r#""c""#).await;
            client.done("join-room", r#""r""#).await;
        }
        assert!(counts(&[&b], "join-channel").await[0] > 0);
        forget(&[&a, &b]).await;
        assert_eq!(a.done("c", "1").await["recipients"], 1);
        assert_eq!(counts(&[&a, &b], "c").await, [0, 1]);
        assert_eq!(a.done("notify-room", r#"1,"r""#).await["recipients"], 1);
        assert_eq!(counts(&[&a, &b], "notify-room").await, [0, 1]);
    });
}

#[test]
fn with_a_flat_scope_channels_do_not_tell_rooms_apart() {
    run(async {
        let settings = HubSettings {
            room_scope: RoomScope::Flat,
            ..quiet()
        };
        let (_world, a, b, c) = three(settings).await;
        let address = |channel: &str| {
            format!(r#"{{"data":{{"roomId":"r","roomChannel":"{channel}","message":"m"}}}}"#)
        };
        a.done("join-room", &address("x")).await;
        assert_eq!(b.done("join-room", &address("y")).await["onlineUsers"], 2);
        forget(&[&a, &b]).await;
        c.done("notify-room", &address("z")).await;
        assert_eq!(a.heard("notify-room")[0]["data"]["roomChannel"], "z");
        assert_eq!(counts(&[&b], "notify-room").await, [1]);
        b.done("leave-room", &address("z")).await;
        assert_eq!(counts(&[&a], "leave-room").await, [1]);
    });
}

#[test]
fn with_a_strict_scope_a_room_needs_a_channel_and_other_channels_are_other_rooms() {
    run(async {
        let settings = HubSettings {
            room_scope: RoomScope::Strict,
            ..quiet()
        };
        let (_world, a, b, _) = three(settings).await;
        for event in ["join-room", "leave-room"] {
            assert_eq!(a.code(event, r#""r""#).await, "missing_channel");
        }
        assert_eq!(a.code("notify-room", r#""m","r""#).await, "missing_channel");
        a.done("join-room", r#"{"roomId":"r","roomChannel":"x"}"#)
            .await;
        a.done("join-room", r#"{"roomId":"r","roomChannel":"y"}"#)
            .await;
        assert_eq!(
            b.done("join-room", r#"{"roomId":"r","roomChannel":"y"}"#)
                .await["onlineUsers"],
            2
        );
        let left = a
            .done("leave-room", r#"{"roomId":"r","roomChannel":"x"}"#)
            .await;
        assert_eq!(left["left"].as_array().unwrap().len(), 1);
        forget(&[&a]).await;
        b.done(
            "notify-room",
            r#"{"message":"m","roomId":"r","roomChannel":"y"}"#,
        )
        .await;
        assert_eq!(counts(&[&a], "notify-room").await, [1]);
    });
}

#[test]
fn strict_targets_refuse_two_names() {
    run(async {
        let args = r#"{"data":{"roomChannel":"a"}},"b""#;
        let (_world, lenient, _, _) = three(quiet()).await;
        assert_eq!(lenient.done("join-channel", args).await["channel"], "a");
        let (_world, strict, _, _) = three(HubSettings {
            strict_targets: true,
            ..quiet()
        })
        .await;
        assert_eq!(strict.code("join-channel", args).await, "target_mismatch");
    });
}

#[test]
fn require_join_to_send_keeps_strangers_out() {
    run(async {
        let settings = HubSettings {
            require_join_to_send: true,
            ..quiet()
        };
        let (_world, a, b, _) = three(settings).await;
        a.done("join-channel", r#""c""#).await;
        a.done("join-room", r#""r""#).await;
        assert_eq!(b.code("c", "1").await, "not_member");
        assert_eq!(b.code("notify-room", r#"1,"r""#).await, "not_member");
        assert_eq!(b.code("nobody is there", "1").await, "not_member");
        a.done("c", "1").await;
        a.done("notify-room", r#"1,"r""#).await;
    });
}

#[test]
fn require_channel_for_room_asks_for_the_rooms_channel() {
    run(async {
        let settings = HubSettings {
            require_channel_for_room: true,
            ..quiet()
        };
        let (_world, a, _, _) = three(settings).await;
        assert_eq!(a.code("join-room", r#""r""#).await, "missing_channel");
        let join = r#"{"roomId":"r","roomChannel":"c"}"#;
        assert_eq!(a.code("join-room", join).await, "not_member");
        a.emit("join-channel", r#""c""#);
        a.done("join-room", join).await;
    });
}

#[test]
fn client_ids_are_stamped_or_kept() {
    run(async {
        let said = r#"{"clientId":"other","source":{"clientId":"other"},"message":"m"}"#;
        for is_kept in [false, true] {
            let insecure = InsecureSettings {
                keep_client_id: is_kept,
                ..InsecureSettings::default()
            };
            let (_world, a, b, _) = three_in(World::relaxed(quiet(), &insecure)).await;
            b.done("join-channel", r#""c""#).await;
            forget(&[&b]).await;
            a.done("c", said).await;
            let heard = b.heard("c").remove(0);
            let id = match is_kept {
                false => a.id.clone(),
                true => "other".into(),
            };
            assert_eq!(heard["clientId"], *id);
            assert_eq!(heard["source"]["clientId"], *id);
        }
    });
}

#[test]
fn a_client_may_hold_so_many_channels_and_so_many_seats_in_rooms() {
    run(async {
        let settings = HubSettings {
            channels_max: 2,
            rooms_max: 2,
            ..quiet()
        };
        let (_world, a, _, _) = three(settings).await;
        a.done("join-channel", r#""1""#).await;
        a.done("join-channel", r#""2""#).await;
        assert_eq!(a.code("join-channel", r#""3""#).await, "limit_reached");
        a.done("join-channel", r#""2""#).await;
        a.done("leave-channel", r#""1""#).await;
        a.done("join-channel", r#""3""#).await;
        // One room under many channels is many seats.
        a.done("join-room", r#"{"roomId":"r","roomChannel":"x"}"#)
            .await;
        a.done("join-room", r#"{"roomId":"r","roomChannel":"y"}"#)
            .await;
        assert_eq!(
            a.code("join-room", r#"{"roomId":"r","roomChannel":"z"}"#)
                .await,
            "limit_reached"
        );
        a.done("join-room", r#"{"roomId":"r","roomChannel":"y"}"#)
            .await;
    });
}

#[test]
fn the_length_of_names_is_a_setting() {
    run(async {
        let (_world, a, _, _) = three(HubSettings {
            name_bytes_max: 3,
            ..quiet()
        })
        .await;
        a.done("join-channel", r#""abc""#).await;
        assert_eq!(a.code("join-channel", r#""abcd""#).await, "invalid_name");
        assert_eq!(a.code("abcd", "1").await, "invalid_name");
        assert_eq!(a.code("join-room", r#""abcd""#).await, "invalid_name");
    });
}
