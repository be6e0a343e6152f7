//! Typed events, both ways: what a client sends and gets for each form of a struct, and what becomes of its ack.

use std::time::Duration;

use bytes::Bytes;
use dondo_actors::id::MemberId;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::world::{Client, World, run, settle};
use crate::io::{Blob, Connecting, Event, Namespace, Result, Socket};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, dondo_derive::Event)]
#[event("say", ack = Seen)]
#[serde(rename_all = "camelCase")]
struct Say {
    room_name: String,
    #[serde(default, rename = "what")]
    text: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Seen {
    by: usize,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, dondo_derive::Event)]
#[event("move")]
struct Move(u8, Option<u8>);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, dondo_derive::Event)]
#[event("note")]
struct Note((u8, u8));

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, dondo_derive::Event)]
#[event("who", ack = (String, u8))]
struct Who;

#[derive(Debug, dondo_derive::Events)]
enum Any {
    Say(Say),
    Move(Move),
    Note(Note),
    Who(Who),
}

/// Says everything back as it was heard.
fn echo<E>(namespace: Namespace) -> Namespace
where
    E: Event<Ack = ()> + Serialize + DeserializeOwned + 'static,
{
    namespace.on_event(async |event: E, socket: Socket| Ok(socket.emit_event(event)?))
}

#[test]
fn fields_are_one_argument_a_tuple_struct_several_and_a_unit_struct_none_both_ways() {
    run(async {
        let namespace = Namespace::new("/")
            .on_event(async |say: Say, socket: Socket| {
                socket.emit_event(say.clone())?;
                Ok(Seen { by: say.text.len() })
            })
            .on_event(async |who: Who, socket: Socket| {
                socket.emit_event(who)?;
                Ok(("ama".to_owned(), 7))
            });
        let world = World::of([echo::<Note>(echo::<Move>(namespace))]);
        let client = world.client().await;
        let say = r#"{"roomName":"r","what":"hi"}"#;
        assert_eq!(client.ask("say", say).await, json!({"by": 2}));
        assert_eq!(client.ask("say", r#"{"roomName":"r"}"#).await["by"], 0);
        assert_eq!(client.ask("who", r#""ignored""#).await, "ama");
        for (event, args) in [("move", "3,4"), ("move", "3"), ("note", "[1,2]")] {
            assert_eq!(client.ask(event, args).await, Value::Null);
        }
        let expected = [
            json!(["say", {"roomName": "r", "what": "hi"}]),
            json!(["say", {"roomName": "r", "what": ""}]),
            json!(["who"]),
            json!(["move", 3, 4]),
            json!(["move", 3, null]),
            json!(["note", [1, 2]]),
        ];
        assert_eq!(client.events(), expected);
        for (event, args) in [
            ("say", "{}"),
            ("say", r#"{"room_name":"r"}"#),
            ("say", ""),
            ("move", "[3,4]"),
            ("move", "-1,4"),
            ("note", "1,2"),
        ] {
            assert_eq!(
                client.code(event, args).await,
                "bad_payload",
                "{event} {args}"
            );
        }
        assert!(client.events().is_empty());
    });
}

/// A handler of several took the event of one name for another's, or gave another's answer.
#[test]
fn each_event_of_an_enum_comes_as_its_variant_and_is_answered_as_itself() {
    run(async {
        let namespace = Namespace::new("/").on_events(async |event: Any, socket: Socket| {
            Ok(match event {
                Any::Say(say) => Say::answer(Seen { by: say.text.len() }),
                Any::Move(Move(1, _)) => Who::answer(("no".into(), 1)),
                Any::Move(_) => Move::answer(()),
                Any::Note(note) => {
                    socket.emit_event(Any::Note(note))?;
                    Note::answer(())
                }
                Any::Who(Who) => Who::answer(("kofi".into(), 2)),
            })
        });
        let world = World::of([namespace]);
        let client = world.client().await;
        let say = r#"{"roomName":"r","what":"hey"}"#;
        assert_eq!(client.ask("say", say).await, json!({"by": 3}));
        assert_eq!(client.ask("who", "").await, "kofi");
        assert_eq!(client.ask("note", "[1,2]").await, Value::Null);
        assert_eq!(client.events(), [json!(["note", [1, 2]])]);
        assert_eq!(client.ask("move", "2,2").await, Value::Null);
        assert_eq!(client.code("move", "1,2").await, "internal");
        assert_eq!(client.code("say", "7").await, "bad_payload");
        assert_eq!(client.code("other", "7").await, "unknown_event");
    });
}

/// The blobs of an event were lost where it was taken by its type.
#[test]
fn an_event_may_hold_blobs() {
    #[derive(Serialize, Deserialize, dondo_derive::Event)]
    #[event("picture")]
    struct Picture(String, Blob);

    run(async {
        let world = World::of([echo::<Picture>(Namespace::new("/"))]);
        let client = world.client().await;
        client.wire(r#"51-["picture","sea",{"_placeholder":true,"num":0}]"#);
        client.blob(b"blue");
        settle().await;
        let packets = client.packets();
        assert_eq!(packets[0].blobs, [Bytes::from_static(b"blue")]);
        assert_eq!(packets[0].json[1], "sea");
    });
}

#[derive(Debug, dondo_derive::Events)]
enum ToClient {
    Move(Move),
    Note(Note),
}

async fn heard(client: &Client) -> Vec<Value> {
    settle().await;
    client.events()
}

/// Answers all that a client was asked; how much that was.
async fn answer(client: &Client) -> usize {
    settle().await;
    let asked = client.packets().into_iter();
    let asked: Vec<_> = asked.filter_map(|packet| packet.number).collect();
    for number in &asked {
        client.wire(&format!("3{number}[\"esi\",0]"));
    }
    asked.len()
}

#[test]
fn every_emitter_says_a_typed_event() {
    run(async {
        let namespace = Namespace::new("/")
            .middleware(async |client: Connecting| Ok(client.emit_event(Note((0, 0)))?))
            .on("tell", async |socket: Socket| {
                let others = socket.broadcast();
                others.clone().emit_event(Move(1, Some(2)))?.await?;
                others.emit_event(ToClient::Note(Note((3, 4))))?.await?;
                Ok(())
            })
            .on("listen", async |socket: Socket| -> Result {
                socket.on_event(async |say: Say| Ok(Seen { by: say.text.len() }));
                Ok(())
            });
        let world = World::of([namespace]);
        let newcomer = world.stranger();
        newcomer.wire("0");
        assert_eq!(heard(&newcomer).await, [json!(["note", [0, 0]])]);

        let (a, b) = (world.client().await, world.client().await);
        a.emit("tell", "");
        let expected = [json!(["move", 1, 2]), json!(["note", [3, 4]])];
        assert_eq!(heard(&b).await, expected);

        let of = world.namespace("/");
        of.emit_event(ToClient::Move(Move(5, None))).unwrap();
        let id = MemberId::new(b.id.clone());
        of.to(&id).emit_event(Note((6, 6))).unwrap();
        let all = of.fetch_sockets().await.unwrap().sockets;
        let remote = all.iter().find(|socket| socket.id() == &id).unwrap();
        remote.emit_event(Move(7, None)).unwrap();
        let expected = [
            json!(["move", 5, null]),
            json!(["note", [6, 6]]),
            json!(["move", 7, null]),
        ];
        assert_eq!(heard(&b).await, expected);

        a.ask("listen", "").await;
        let say = r#"{"roomName":"r","what":"hey"}"#;
        assert_eq!(a.ask("say", say).await, json!({"by": 3}));
    });
}

/// An ack was read as another type than the event's own.
#[test]
fn every_emitter_reads_the_ack_of_a_typed_event() {
    const LIMIT: Duration = Duration::from_secs(1);
    run(async {
        let (results, mut told) = mpsc::channel::<Vec<(String, u8)>>(8);
        let namespace = Namespace::new("/").on("ask", async move |socket: Socket| -> Result {
            let alone = socket.emit_event_with_ack(Who);
            let timed = socket.timeout(LIMIT).emit_event_with_ack(Who);
            let others = socket.broadcast().emit_event_with_ack(Who, LIMIT)?;
            let mut all = vec![alone.await?, timed.await?];
            let others = others.all().await?.answers;
            for (_, answer) in others {
                all.push(answer?);
            }
            results.try_send(all).unwrap();
            Ok(())
        });
        let world = World::of([namespace]);
        let (a, b) = (world.client().await, world.client().await);
        a.emit("ask", "");
        assert_eq!((answer(&a).await, answer(&b).await), (2, 1));
        let answers = tokio::time::timeout(LIMIT * 60, told.recv()).await;
        let answers = answers.unwrap().unwrap();
        assert_eq!(answers.len(), 3);
        assert!(answers.iter().all(|(name, _)| name == "esi"));

        let of = world.namespace("/");
        let id = MemberId::new(b.id.clone());
        let all = of.fetch_sockets().await.unwrap().sockets;
        let remote = all.iter().find(|socket| socket.id() == &id).unwrap();
        let alone = remote.emit_event_with_ack(Who, LIMIT);
        assert_eq!(answer(&b).await, 1);
        assert_eq!(alone.await.unwrap().0, "esi");
        let all = of.to(&id).emit_event_with_ack(Who, LIMIT).unwrap();
        assert_eq!(answer(&b).await, 1);
        assert_eq!(
            all.all().await.unwrap().answers[0].1,
            Ok(("esi".to_owned(), 0))
        );
    });
}
