//! What is refused, how it is told, and what a host's own handlers change.

use super::{counts, quiet, three};
use crate::io::{
    Namespace, Socket,
    tests::world::{CLOCK_PANICS, World, run, settle},
};

#[test]
fn every_refusal_has_its_code() {
    run(async {
        let (_world, a, _, _) = three(quiet()).await;
        let deep = format!("{}{}", "[".repeat(129), "]".repeat(129));
        for (event, args, code) in [
            ("join-channel", "true", "bad_payload"),
            ("join-channel", r#""{oops""#, "bad_payload"),
            ("join-channel", "", "missing_channel"),
            ("leave-channel", "", "missing_channel"),
            ("join-channel", "1.5", "invalid_name"),
            ("join-channel", r#""disconnect""#, "reserved_name"),
            ("join-channel", r#""hub-error""#, "reserved_name"),
            ("online-users", "1", "reserved_name"),
            ("reconnect", "1", "reserved_name"),
            ("join-room", "", "missing_room"),
            ("leave-room", "", "missing_room"),
            ("notify-room", r#""text""#, "missing_room"),
            ("notify-room", "", "bad_payload"),
            ("c", "", "bad_payload"),
            ("c", "null", "bad_payload"),
            ("c", &deep, "bad_payload"),
            (
                "join-room",
                r#"{"data":{"roomId":"r","capacity":0}}"#,
                "bad_payload",
            ),
            (" c", "1", "invalid_name"),
        ] {
            assert_eq!(a.code(event, args).await, code, "{event} {args}");
        }
        assert_eq!(a.ended(), None);
    });
}

#[test]
fn a_fault_is_told_in_the_ack_or_as_hub_error_and_never_both() {
    run(async {
        let (_world, a, b, _) = three(quiet()).await;
        a.code("join-channel", "true").await;
        assert!(a.packets().is_empty());
        a.emit("join-channel", "true");
        settle().await;
        let errors = a.heard("hub-error");
        assert_eq!(errors.len(), 1);
        assert_eq!(errors[0]["event"], "join-channel");
        assert_eq!(errors[0]["code"], "bad_payload");
        assert!(b.packets().is_empty());
    });
}

#[test]
fn a_success_without_ack_is_silent() {
    run(async {
        let (_world, a, _, _) = three(quiet()).await;
        a.emit("leave-room", r#""r""#);
        a.emit("c", "1");
        settle().await;
        assert!(a.packets().is_empty());
    });
}

#[test]
fn a_hosts_handler_wins_over_the_pack_and_its_event_is_no_channel() {
    run(async {
        let namespace = Namespace::hub("/")
            .on_connect(async |socket: Socket| {
                socket.on("mine", async |s: Socket| {
                    s.on("later", async || Ok("handled"));
                    Ok("handled")
                });
            })
            .on("always", async || Ok("handled"));
        let world = World::packed(quiet(), namespace);
        let a = world.client().await;
        assert_eq!(a.code("join-channel", r#""mine""#).await, "reserved_name");
        assert_eq!(a.code("join-channel", r#""always""#).await, "reserved_name");
        let room = r#"{"roomId":"r","roomChannel":"mine"}"#;
        assert_eq!(a.code("join-room", room).await, "reserved_name");
        assert_eq!(a.ask("mine", "1").await, "handled");
        // Reserved is what had a handler when the client connected.
        a.done("join-channel", r#""later""#).await;
        assert_eq!(a.ask("later", "1").await, "handled");
        a.packets();
        a.done("other", "1").await;
        assert_eq!(counts(&[&a], "later").await, [0]);
    });
}

#[test]
fn a_panicking_handler_of_the_host_is_no_hub_error() {
    run(async {
        let boom = async || {
            if true {
                panic!("secret");
            }
        };
        let namespace = Namespace::hub("/").on("boom", boom);
        let world = World::packed(quiet(), namespace);
        let a = world.client().await;
        assert_eq!(a.code("boom", "").await, "internal");
        a.emit("boom", "");
        settle().await;
        assert!(a.packets().is_empty());
        a.done("join-channel", r#""c""#).await;
    });
}

#[test]
fn a_panic_in_the_pack_is_an_internal_fault_of_that_event_alone() {
    run(async {
        let (_world, a, _, _) = three(quiet()).await;
        CLOCK_PANICS.set(true);
        let with_ack = a.ask("c", "1").await;
        a.emit("c", "1");
        settle().await;
        CLOCK_PANICS.set(false);
        assert_eq!(with_ack["code"], "internal");
        let errors = a.heard("hub-error");
        assert_eq!(errors.len(), 1);
        assert_eq!(errors[0]["event"], "c");
        assert_eq!(errors[0]["code"], "internal");
        assert!(!format!("{with_ack}{errors:?}").contains("secret"));
        a.done("c", "1").await;
    });
}

#[test]
fn plain_rooms_of_the_host_and_rooms_of_the_pack_do_not_meet() {
    run(async {
        let namespace = Namespace::hub("/")
            .on_connect(async |socket: Socket| Ok(socket.join("r").await?))
            .on("plain", async |s: Socket| {
                s.within("r").emit("plain", ())?.await?;
                Ok(())
            });
        let world = World::packed(quiet(), namespace);
        let (a, b) = (world.client().await, world.client().await);
        a.done("join-room", r#""r""#).await;
        assert_eq!(a.done("notify-room", r#"1,"r""#).await["recipients"], 1);
        assert_eq!(counts(&[&b], "notify-room").await, [0]);
        a.emit("plain", "");
        assert_eq!(counts(&[&a, &b], "plain").await, [1, 1]);
    });
}
