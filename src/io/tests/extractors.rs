//! What handlers take from an event, from the application and from the client.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::world::{World, run, settle};
use crate::io::{Blob, Data, Extension, Namespace, Socket, State, States};

#[test]
fn a_tuple_takes_several_arguments_and_each_data_goes_on_behind_the_one_before() {
    type Pair = (u8, Option<String>);
    run(async {
        let namespace = Namespace::new("/")
            .on("pair", async |Data(pair): Data<Pair>| Ok(pair))
            .on(
                "one by one",
                async |Data(a): Data<u8>, Data(b): Data<Option<String>>| Ok((a, b)),
            )
            .on(
                "mixed",
                async |Data((a, b)): Data<(u8, u8)>, Data(c): Data<u8>| Ok(a + b + c),
            )
            .on("none", async |Data(()): Data<()>, Data(a): Data<u8>| Ok(a))
            .on("list", async |Data((list,)): Data<(Pair,)>| Ok(list.0));
        let world = World::of([namespace]);
        let client = world.client().await;
        for event in ["pair", "one by one"] {
            assert_eq!(client.ask(event, r#"7,"x""#).await, 7);
            assert_eq!(client.ask(event, "7").await, 7);
            assert_eq!(client.code(event, r#""x""#).await, "bad_payload");
            assert_eq!(client.code(event, r#"7,8"#).await, "bad_payload");
        }
        assert_eq!(client.ask("mixed", "1,2,3").await, 6);
        assert_eq!(client.code("mixed", "1,2").await, "bad_payload");
        assert_eq!(client.ask("none", "5").await, 5);
        assert_eq!(client.ask("list", r#"[9,null]"#).await, 9);
        client.emit("pair", r#""x""#);
        settle().await;
        assert!(client.packets().is_empty());
    });
}

/// What JavaScript writes and Rust has no value for.
#[test]
fn half_a_surrogate_and_a_number_beyond_all_are_bad_payload_to_a_typed_handler() {
    run(async {
        let namespace = Namespace::new("/")
            .on("text", async |Data(text): Data<String>| Ok(text))
            .on("number", async |Data(number): Data<f64>| Ok(number));
        let world = World::of([namespace]);
        let client = world.client().await;
        assert_eq!(client.code("text", r#""a\ud800b""#).await, "bad_payload");
        assert_eq!(client.ask("text", r#""a\u00e4b""#).await, "a\u{e4}b");
        assert_eq!(client.code("number", "1e400").await, "bad_payload");
        assert_eq!(client.ask("number", "1e300").await, 1e300);
    });
}

/// What the application gives, and what it keeps with a client, came to no handler.
#[test]
fn handlers_take_what_the_application_gave_and_what_it_kept_with_the_client() {
    #[derive(Clone)]
    struct Nickname(String);
    run(async {
        let namespace = Namespace::new("/")
            .on("nickname", async |s: Socket, Data(name): Data<String>| {
                s.insert(Nickname(name));
            })
            .on(
                "greet",
                async |Extension(Nickname(name)): Extension<Nickname>, word: State<String>| {
                    Ok(format!("{} {name}", *word))
                },
            )
            .on("maybe", async |name: Option<Extension<Nickname>>| {
                Ok(name.is_some())
            });
        let mut states = States::default();
        states.add(std::sync::Arc::new("akwaaba".to_owned()));
        let world = World::with(states, namespace);
        let (client, other) = (world.client().await, world.client().await);
        assert_eq!(client.ask("maybe", "").await, false);
        assert_eq!(client.code("greet", "").await, "internal");
        client.ask("nickname", r#""Ama""#).await;
        assert_eq!(client.ask("greet", "").await, "akwaaba Ama");
        assert_eq!(client.ask("maybe", "").await, true);
        assert_eq!(other.ask("maybe", "").await, false);
    });
}

#[test]
fn blobs_travel_both_ways_anywhere_in_the_data() {
    #[derive(Serialize, Deserialize)]
    struct Picture {
        title: String,
        pixels: Blob,
    }
    run(async {
        let namespace =
            Namespace::new("/").on("picture", async |s: Socket, Data(sent): Data<Picture>| {
                let more = Blob(Bytes::from_static(b"more"));
                s.emit("back", (sent, more))?;
                Ok(())
            });
        let world = World::of([namespace]);
        let client = world.client().await;
        client.wire(r#"51-["picture",{"title":"t","pixels":{"_placeholder":true,"num":0}}]"#);
        client.blob(b"\x01\x02");
        settle().await;
        let packets = client.packets();
        assert_eq!(packets.len(), 1);
        assert_eq!(packets[0].kind, '5');
        assert_eq!(packets[0].blobs, [&b"\x01\x02"[..], b"more"]);
        assert_eq!(packets[0].json[1]["pixels"]["num"], 0);
        assert_eq!(packets[0].json[2]["num"], 1);
    });
}

/// A client could make whatever the application keeps unsendable, for everybody.
#[test]
fn nothing_that_a_client_writes_is_taken_for_a_lost_attachment() {
    run(async {
        let namespace =
            Namespace::new("/").on("say", async |Data(any): Data<serde_json::Value>| Ok(any));
        let world = World::of([namespace]);
        let client = world.client().await;
        let sly = r#"{"_read_without_its_blob":true}"#;
        assert_eq!(client.ask("say", sly).await.to_string(), sly);
    });
}

/// One attachment that was named a hundred times came back a hundred times, to each member of a room.
#[test]
fn an_attachment_that_is_named_twice_is_sent_on_once() {
    run(async {
        let namespace =
            Namespace::new("/").on("v", async |s: Socket, Data(blobs): Data<Vec<Blob>>| {
                s.emit("v", blobs)?;
                Ok(())
            });
        let world = World::of([namespace]);
        let client = world.client().await;
        let named = r#"{"_placeholder":true,"num":0}"#;
        client.wire(&format!(r#"51-["v",[{named},{named}]]"#));
        client.blob(b"once");
        settle().await;
        let packet = client.packets().remove(0);
        assert_eq!(packet.blobs, [&b"once"[..]]);
        assert_eq!(packet.json[1][1]["num"], 0);
    });
}
