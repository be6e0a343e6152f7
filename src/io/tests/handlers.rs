//! What handlers get, when they run, and what becomes of their failures.

use std::{
    cell::RefCell,
    rc::{Rc, Weak},
    time::Duration,
};

use dondo_actors::{error::CloseReason, session::Member};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::{sync::mpsc, task::yield_now, time::sleep};

use super::world::{World, run, settle};
use crate::io::{
    AckError, Arguments, Auth, Data, Error, EventName, Namespace, OrFail, PackSocket, Socket,
};

#[derive(Serialize, Deserialize)]
struct Say {
    room: String,
    text: String,
}

#[test]
fn the_example_of_the_architecture_works_as_it_is_written() {
    run(async {
        let chat = Namespace::new("/chat")
            .on_connect(async |socket: Socket| {
                socket.join("lobby").await?;
                Ok(())
            })
            .on("say", async |socket: Socket, Data(say): Data<Say>| {
                socket.to(&say.room).emit("said", &say)?.await?;
                Ok("delivered")
            });
        let world = World::of([chat]);
        let a = world.client_in("/chat", "").await;
        let b = world.client_in("/chat", "").await;
        let say = r#"{"room":"lobby","text":"hi"}"#;
        assert_eq!(a.ask("say", say).await, "delivered");
        assert_eq!(
            b.events(),
            [json!(["said", {"room": "lobby", "text": "hi"}])]
        );
        assert!(a.events().is_empty());
    });
}

#[test]
fn events_wait_until_the_connect_handlers_return_and_then_come_in_order() {
    run(async {
        let namespace = Namespace::new("/")
            .on_connect(async |socket: Socket| {
                sleep(Duration::from_secs(5)).await;
                socket.on(
                    "n",
                    async |s: Socket, Data(n): Data<u8>| Ok(s.emit("n", n)?),
                );
            })
            .on_connect(async |s: Socket| Ok(s.emit("second", ())?));
        let world = World::of([namespace]);
        let client = world.client().await;
        for n in 0..3 {
            client.emit("n", &n.to_string());
        }
        settle().await;
        assert!(client.events().is_empty());
        sleep(Duration::from_secs(5)).await;
        let expected = [
            json!(["second"]),
            json!(["n", 0]),
            json!(["n", 1]),
            json!(["n", 2]),
        ];
        assert_eq!(client.events(), expected);
    });
}

#[test]
fn an_error_of_a_connect_handler_puts_the_client_out() {
    run(async {
        #[derive(Deserialize)]
        struct Token {
            token: String,
        }
        let namespace = Namespace::new("/").on_connect(async |Auth(auth): Auth<Token>| {
            match auth.token == "let me in" {
                true => Ok(()),
                false => Err(Error::new("unauthorized", "no")),
            }
        });
        let world = World::of([namespace]);
        let kinds = async |auth| {
            let client = world.stranger();
            client.wire(&format!("0{auth}"));
            settle().await;
            let packets = client.packets().into_iter();
            packets.map(|packet| packet.kind).collect::<String>()
        };
        assert_eq!(kinds(r#"{"token":1}"#).await, "01");
        assert_eq!(kinds("").await, "01");
        assert_eq!(kinds(r#"{"token":"open"}"#).await, "01");
        assert_eq!(kinds(r#"{"token":"let me in"}"#).await, "0");
    });
}

#[test]
fn handlers_start_in_order_and_run_to_their_first_wait() {
    run(async {
        let namespace = Namespace::new("/").on("x", async |s: Socket, Data(n): Data<u8>| {
            s.emit("began", n)?;
            if n == 0 {
                sleep(Duration::from_secs(1)).await;
            }
            s.emit("ended", n)?;
            Ok(())
        });
        let world = World::of([namespace]);
        let client = world.client().await;
        client.emit("x", "0");
        client.emit("x", "1");
        settle().await;
        assert_eq!(client.names(), ["began", "began", "ended"]);
        sleep(Duration::from_secs(1)).await;
        assert_eq!(client.names(), ["ended"]);
    });
}

#[test]
fn a_failing_or_panicking_handler_is_an_internal_failure_without_details() {
    run(async {
        let namespace = Namespace::new("/")
            .on("fail", async || {
                Err(secret())?;
                Ok(())
            })
            .on("fail later", async || {
                yield_now().await;
                Err(secret())?;
                Ok(())
            })
            .on("panic", |Data(at_once): Data<bool>| {
                assert!(!at_once, "secret");
                async {
                    yield_now().await;
                    if true {
                        panic!("secret");
                    }
                }
            })
            .on("fine", async || Ok(1));
        let world = World::of([namespace]);
        let client = world.client().await;
        for (event, args) in [
            ("fail", ""),
            ("fail later", ""),
            ("panic", "true"),
            ("panic", "false"),
        ] {
            let ack = client.ask(event, args).await;
            assert_eq!(ack["ok"], false);
            assert_eq!(ack["event"], event);
            assert_eq!(ack["code"], "internal");
            assert!(!ack.to_string().contains("secret"));
            client.emit(event, args);
        }
        settle().await;
        assert!(client.packets().is_empty());
        assert_eq!(client.ask("fine", "").await, 1);
    });
}

/// What an application refuses came to the client as `internal`.
#[test]
fn an_error_of_the_applications_own_is_the_ack_with_its_code_its_words_and_its_data() {
    run(async {
        let namespace = Namespace::new("/")
            .on("full", async || {
                Err::<(), _>(Error::new("room_full", "two play here").with_data(json!({"most": 2})))
            })
            .on("missing", async || {
                None::<u8>.or_fail("missing_room", "join first")
            });
        let world = World::of([namespace]);
        let client = world.client().await;
        let full = json!({
            "ok": false, "event": "full", "code": "room_full", "message": "two play here", "data": {"most": 2}
        });
        assert_eq!(client.ask("full", "").await, full);
        assert_eq!(client.code("missing", "").await, "missing_room");
    });
}

#[test]
fn an_ack_is_never_left_open() {
    run(async {
        let namespace = Namespace::new("/")
            .on("silent", async || {})
            .on("unit", async || Ok(()));
        let world = World::of([namespace]);
        let client = world.client().await;
        assert_eq!(client.code("nobody", "1").await, "unknown_event");
        for event in ["silent", "unit"] {
            client.wire(&format!(r#"27["{event}"]"#));
            settle().await;
            let packets = client.packets();
            assert_eq!((packets.len(), packets[0].kind), (1, '3'), "{event}");
            assert_eq!(packets[0].json, json!([]));
        }
        client.emit("nobody", "1");
        settle().await;
        assert!(client.packets().is_empty());
        assert_eq!(client.ended(), None);
    });
}

#[test]
fn on_any_sees_every_event_before_its_handlers_do_and_the_namespaces_come_before_the_sockets() {
    run(async {
        let namespace = Namespace::new("/")
            .on_connect(async |socket: Socket| {
                socket.on("x", async |s: Socket| Ok(s.emit("second", ())?));
                socket.on_any(async |s: Socket, EventName(name): EventName| {
                    Ok(s.emit("any of the socket", &*name)?)
                });
            })
            .on("x", async |s: Socket| Ok(s.emit("first", ())?))
            .on_any(async |s: Socket, EventName(name): EventName| Ok(s.emit("any", &*name)?));
        let world = World::of([namespace]);
        let client = world.client().await;
        client.emit("x", "");
        client.emit("y", "");
        settle().await;
        let names = [
            "any",
            "any of the socket",
            "first",
            "second",
            "any",
            "any of the socket",
        ];
        assert_eq!(client.names(), names);
    });
}

/// Fails if one who only looks on, and panics at once or later, is the end of an event, or of others who look on.
#[test]
fn an_observer_that_panics_is_its_own_end() {
    run(async {
        let namespace = Namespace::new("/")
            .on("x", async |s: Socket| Ok(s.emit("handled", ())?))
            .on_any(async || -> crate::Result { panic!("at once") })
            .on_any(async || -> crate::Result {
                yield_now().await;
                panic!("later")
            })
            .on_any(async |s: Socket| {
                yield_now().await;
                yield_now().await;
                Ok(s.emit("seen", ())?)
            });
        let world = World::of([namespace]);
        let client = world.client().await;
        client.emit("x", "");
        settle().await;
        assert_eq!(client.names(), ["handled", "seen"]);
    });
}

#[test]
fn a_fallback_has_what_nobody_handles_and_once_runs_once_and_off_takes_a_handler_away() {
    run(async {
        let namespace = Namespace::new("/")
            .on_connect(async |socket: Socket| {
                socket.once("one", async || Ok("once"));
                let x = socket.on("x", async || Ok("x"));
                socket.on("stop", async move |s: Socket| Ok((s.off(x), s.off(x))));
            })
            .fallback(async |EventName(name): EventName, all: Arguments| {
                Ok((&*name == "one", all))
            });
        let world = World::of([namespace]);
        let client = world.client().await;
        assert_eq!(client.ask("one", "").await, "once");
        assert_eq!(client.ask("one", "").await, true);
        assert_eq!(client.ask("x", "").await, "x");
        assert_eq!(client.ask("stop", "").await, true);
        assert_eq!(client.ask("x", "").await, false);
    });
}

#[test]
fn a_client_is_asked_and_its_answer_its_silence_or_its_end_is_told() {
    run(async {
        let (results, mut told) = mpsc::channel(8);
        let tell = async move |s: Socket| {
            let asked = s
                .timeout(Duration::from_secs(1))
                .emit_with_ack("question", (1, 2));
            let text = match asked.await {
                Ok::<(u8, String), _>((_, answer)) => answer,
                Err(AckError::TimedOut) => "timed out".to_owned(),
                Err(AckError::Disconnected) => "gone".to_owned(),
                Err(other) => other.to_string(),
            };
            results.try_send(text).unwrap();
        };
        let namespace = Namespace::new("/").on("start", tell);
        let world = World::of([namespace]);
        let client = world.client().await;
        client.emit("start", "");
        settle().await;
        let question = client.packets().remove(0);
        assert_eq!(question.json, json!(["question", 1, 2]));
        client.wire(&format!("3{}[0,\"answer\"]", question.number.unwrap()));
        assert_eq!(told.recv().await.unwrap(), "answer");
        client.emit("start", "");
        assert_eq!(told.recv().await.unwrap(), "timed out");
        client.emit("start", "");
        settle().await;
        client.hang_up().await;
        assert_eq!(told.recv().await.unwrap(), "gone");
    });
}

#[test]
fn the_end_is_told_once_with_the_rooms_still_there_and_handlers_that_hold_their_socket_are_let_go()
{
    thread_local! {
        static LAST: RefCell<Weak<Member>> = const { RefCell::new(Weak::new()) };
    }
    run(async {
        let (sender, mut told) = mpsc::channel(8);
        let (first, second) = (sender.clone(), sender.clone());
        let namespace = Namespace::new("/")
            .on_connect(async move |socket: Socket| {
                let (held, last) = (socket.clone(), sender.clone());
                socket.on("x", async move || Ok(held.emit("x", ())?));
                socket.on_disconnect(async move |socket: Socket, reason: CloseReason| {
                    LAST.set(Rc::downgrade(socket.member()));
                    last.try_send(format!("own: {reason}")).unwrap();
                });
                socket.join(["r", "q"]).await?;
                Ok(())
            })
            .on_disconnect(async move |reason: CloseReason| {
                second.try_send(format!("gone: {reason}")).unwrap();
            })
            .on_disconnecting(async move |socket: Socket| {
                first
                    .try_send(format!("in {} rooms", socket.rooms().len()))
                    .unwrap();
            });
        let world = World::of([namespace]);
        world.client().await.hang_up().await;
        for expected in [
            "in 2 rooms",
            "gone: transport close",
            "own: transport close",
        ] {
            assert_eq!(told.recv().await.unwrap(), expected);
        }
        settle().await;
        assert!(LAST.take().upgrade().is_none());
        assert!(told.try_recv().is_err());
    });
}

fn secret() -> std::io::Error {
    std::io::Error::other("secret")
}
