//! Scripts of rooms, as their clients and their host see them. What a hook may do at all is tested in the core.

mod told;

use std::{collections::BTreeMap, time::Duration};

use serde_json::json;

use self::told::{Do, Silent, Staying, Told, world};
use super::world::{World, run, settle};
use crate::io::{Namespace, Socket};

/// Fails if a script's refusal does not stop the join, or the client reads another code, or none of its data.
#[test]
fn a_join_that_a_script_vetoes_is_the_clients_error() {
    run(async {
        let world = world();
        let a = world.client().await;
        let refused = a.ask("join", r#""told:closed""#).await;
        assert_eq!(
            refused,
            json!({"ok": false, "event": "join", "code": "closed", "message": "come back tomorrow", "data": {"at": 9}})
        );
        assert_eq!(a.ask("rooms", "").await, json!([]));
        let gone = a.code("do", r#""told:closed","Calls""#).await;
        assert_eq!(gone, "unknown_room", "it was never made, or is gone");
    });
}

/// Fails if who joins does not hear what its join led to, or what a script says of a join is not as it altered that.
#[test]
fn a_script_alters_a_join_and_tells_of_it() {
    run(async {
        let world = world();
        let [a, b, c] = [(); 3].map(|()| world.client());
        let (a, b, c) = (a.await, b.await, c.await);
        for one in [&a, &b] {
            assert_eq!(one.ask("join", r#""told:x""#).await, "in");
        }
        assert_eq!(c.code("join", r#""told:x""#).await, "room_full");
        assert_eq!(
            a.events(),
            [json!(["joined", a.id, 1]), json!(["joined", b.id, 2])]
        );
        assert_eq!(b.events(), [json!(["joined", b.id, 2])]);
        b.ask("leave", r#""told:x""#).await;
        assert_eq!(a.events(), [json!(["left", b.id])]);
        assert_eq!(
            a.ask("do", r#""told:x","Calls""#).await,
            json!([
                "open told:x",
                "joined somebody",
                "joined somebody",
                "left leave"
            ])
        );
    });
}

/// Fails if a letter that a script vetoes is heard, or its sender is not told why; or one is heard as it was before the script altered
/// it, or without its attachments.
#[test]
fn a_script_vetoes_and_alters_what_is_said() {
    run(async {
        let world = world();
        let (a, b) = (world.client().await, world.client().await);
        for one in [&a, &b] {
            one.ask("join", r#""told:x""#).await;
        }
        a.events();
        b.events();
        assert_eq!(a.code("say", r#""told:x","rude","!""#).await, "rude");
        assert_eq!(a.ask("say", r#""told:x","hi",1"#).await, 1);
        a.wire(r#"51-2["say","told:x","blob",{"_placeholder":true,"num":0}]"#);
        a.blob(b"abc");
        settle().await;
        let packets = b.packets();
        assert_eq!(packets[0].json, json!(["hi again", a.id, 1]));
        assert_eq!(packets[1].json[0], "blob again");
        assert_eq!(packets[1].blobs, [b"abc".as_slice()]);
        assert_eq!(packets.len(), 2);
        assert!(a.events().is_empty());
    });
}

/// Fails if another script runs than the first that matches, if what stands for a parameter is not known, or if a host asks a script
/// of another type; or if a question makes a room.
#[test]
fn patterns_say_which_script_a_room_has() {
    run(async {
        let world = world();
        let a = world.client().await;
        a.ask("join", r#""told:x:y""#).await;
        a.ask("join", r#""told:never""#).await;
        let names = [
            "told:x:y",
            "told:never",
            "silent:1",
            "silent:one",
            "told:",
            "plain",
        ];
        let has = names.map(|name| {
            let room = world.namespace("/").room(name);
            [
                room.script::<Told>().is_ok(),
                room.script::<Silent>().is_ok(),
            ]
        });
        let (told, silent, none) = ([true, false], [false, true], [false, false]);
        assert_eq!(has, [told, told, silent, none, none, none]);
        let room = a.ask("do", r#""told:x:y","Room""#).await;
        assert_eq!(room, json!(["told:x:y", "Some(\"x:y\")", a.id]));
        assert_eq!(a.code("do", r#""plain","Room""#).await, "unknown_room");
        assert_eq!(a.code("do", r#""told:z","Room""#).await, "unknown_room");
        a.ask("join", r#""silent:7""#).await;
        let silent = world.namespace("/").room("silent:7");
        let silent = silent.script::<Silent>().unwrap();
        assert_eq!(silent.ask(()).await.unwrap_err().code(), "unsupported");
    });
}

/// Fails if an error or a panic leaves something of its call, or the client reads what is not for it.
#[test]
fn a_call_that_fails_has_not_happened() {
    run(async {
        let world = world();
        let a = world.client().await;
        a.ask("join", r#""told:x""#).await;
        a.events();
        let refused = a.ask("do", r#""told:x","Fail""#).await;
        assert_eq!(
            (&refused["code"], &refused["data"]),
            (&json!("no"), &json!([1, 2]))
        );
        for failure in ["Panic", "Overrun"] {
            let failed = a.code("do", &format!(r#""told:x","{failure}""#)).await;
            assert_eq!(failed, "internal");
        }
        // A message of another type, too.
        let hub = world.namespace("/");
        let asked = hub.room("told:x");
        let map = BTreeMap::from([(vec![1], 1)]);
        let asked = asked.script::<Told>().unwrap().ask(Do::Unwritable(map));
        assert_eq!(asked.await.unwrap_err().code(), "internal");
        assert!(a.events().is_empty());
        let calls = a.ask("do", r#""told:x","Calls""#).await;
        assert_eq!(calls, json!(["open told:x", "joined somebody"]));
    });
}

/// Fails if what a script asks of its room does not happen, or to others.
#[test]
fn a_script_speaks_sends_out_transfers_and_closes() {
    run(async {
        let world = world();
        let (a, b) = (world.client().await, world.client().await);
        for one in [&a, &b] {
            one.ask("join", r#""told:x""#).await;
        }
        a.events();
        b.events();
        a.ask("do", r#""told:x",{"Emit":["1","2"]}"#).await;
        a.ask("do", &format!(r#""told:x",{{"EmitTo":["{}","3"]}}"#, b.id))
            .await;
        assert_eq!(a.heard("emitted"), ["1", "2"]);
        assert_eq!(b.heard("emitted"), ["1", "2", "3"]);
        a.ask(
            "do",
            &format!(r#""told:x",{{"Transfer":["{}","told:y"]}}"#, b.id),
        )
        .await;
        settle().await;
        assert_eq!(b.ask("rooms", "").await, json!(["told:y"]));
        assert_eq!(b.events(), [json!(["joined", b.id, 1])]);
        assert_eq!(a.events(), [json!(["left", b.id])]);
        b.ask("do", &format!(r#""told:y",{{"Kick":"{}"}}"#, b.id))
            .await;
        assert_eq!(b.ask("rooms", "").await, json!([]));
        a.ask("do", r#""told:x","Close""#).await;
        settle().await;
        assert_eq!(a.ask("rooms", "").await, json!([]));
        assert!(a.events().is_empty());
        a.ask("join", r#""told:x""#).await;
        let calls = a.ask("do", r#""told:x","Calls""#).await;
        assert_eq!(calls, json!(["open told:x", "joined somebody"]));
    });
}

/// Fails if a timer's message does not come at its time, or comes though it was taken back.
#[test]
fn a_script_hears_later_what_it_has_asked_for() {
    run(async {
        let world = world();
        let a = world.client().await;
        a.ask("join", r#""told:x""#).await;
        a.events();
        for text in ["late", "never"] {
            let later = format!(r#""told:x",{{"Later":[{{"Emit":["{text}"]}},2000]}}"#);
            a.ask("do", &later).await;
        }
        a.ask("do", r#""told:x","Cancel""#).await;
        tokio::time::sleep(Duration::from_millis(1900)).await;
        assert!(a.events().is_empty());
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(a.events(), [json!(["emitted", "late"])]);
    });
}

/// Fails if the state of a room that is kept is gone with its members, or that of another is not.
#[test]
fn a_room_is_kept_empty_where_its_script_says_so() {
    run(async {
        let world = world();
        let a = world.client().await;
        for room in [r#""kept""#, r#""silent:1""#] {
            for _ in 0..3 {
                a.ask("join", room).await;
                a.ask("leave", room).await;
            }
        }
        let hub = world.namespace("/");
        let kept = hub.room("kept").script::<Staying>().unwrap();
        // Not by this thread's runtime: from any.
        let asked = std::thread::spawn(move || kept.ask(())).join().unwrap();
        assert_eq!(asked.await.unwrap(), 3);
        let silent = hub.room("silent:1").script::<Silent>().unwrap();
        assert_eq!(silent.ask(()).await.unwrap_err().code(), "unknown_room");
    });
}

/// Fails if a namespace of the hub pack runs a script in the pack's rooms, or none in the host's own.
#[test]
fn beside_the_hubs_channels_a_script_has_the_hosts_own_rooms() {
    run(async {
        let namespace =
            Namespace::hub("/")
                .room_script("{any}", Told)
                .on("join", async |socket: Socket| {
                    socket.join("lobby").await?;
                    Ok("in")
                });
        let world = World::packed(Default::default(), namespace);
        let a = world.client().await;
        a.done("join-channel", r#""lobby""#).await;
        assert!(!a.names().contains(&"joined".to_owned()));
        a.ask("join", "").await;
        assert_eq!(a.heard("joined"), [json!(a.id)]);
    });
}
