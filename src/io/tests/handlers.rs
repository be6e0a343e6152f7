//! What handlers get, when they run, and what becomes of their failures.

use std::{
    cell::RefCell,
    rc::{Rc, Weak},
    sync::{Arc, OnceLock},
    time::Duration,
};

use bytes::Bytes;
use dondo_actors::session::Member;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::world::{World, run, settle};
use crate::io::{Ack, AckError, AlreadyHandled, Blob, Data, Event, PackSocket, Socket};

#[derive(Serialize, Deserialize)]
struct Say {
    room: String,
    text: String,
}

#[test]
fn the_example_of_the_architecture_works_as_it_is_written() {
    run(async {
        let world = World::bare(&["/chat"]);
        let io = world.io.clone();
        io.of("/chat")
            .unwrap()
            .on_connect(|socket: Socket| async move {
                socket.join("lobby").await?;
                socket.on(
                    "say",
                    |s: Socket, Data(say): Data<Say>, ack: Ack| async move {
                        s.to(&say.room).emit("said", &say).await?;
                        ack.ok(&"delivered")
                    },
                );
                Ok(())
            })
            .unwrap();
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
fn an_unknown_namespace_and_a_second_connect_handler_are_refused() {
    run(async {
        let world = World::bare(&["/"]);
        let unknown = world.io.of("/x").err().unwrap();
        assert!(unknown.to_string().contains("/x"));
        let root = world.io.of("/").unwrap();
        assert_eq!(root.on_connect(|_| async { Ok(()) }), Ok(()));
        let second = root.on_connect(|_| async { Ok(()) });
        assert_eq!(second, Err(AlreadyHandled("/".into())));
    });
}

#[test]
fn events_wait_until_the_connect_handler_returns_and_then_come_in_order() {
    run(async {
        let world = World::bare(&["/"]);
        let root = world.io.of("/").unwrap();
        root.on_connect(|socket: Socket| async move {
            tokio::time::sleep(Duration::from_secs(5)).await;
            socket.on("n", |s: Socket, Data(n): Data<u8>| async move {
                s.emit("n", &n)
            });
            Ok(())
        })
        .unwrap();
        let client = world.client().await;
        for n in 0..3 {
            client.emit("n", &n.to_string());
        }
        settle().await;
        assert!(client.events().is_empty());
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert_eq!(
            client.events(),
            [json!(["n", 0]), json!(["n", 1]), json!(["n", 2])]
        );
    });
}

#[test]
fn a_refusal_puts_the_client_out() {
    run(async {
        let world = World::bare(&["/"]);
        let root = world.io.of("/").unwrap();
        #[derive(Deserialize)]
        struct Auth {
            token: String,
        }
        root.on_connect(|socket: Socket| async move {
            let Auth { token } = socket.auth()?;
            match token == "let me in" {
                true => Ok(()),
                false => Err("no".into()),
            }
        })
        .unwrap();
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
        let world = World::bare(&["/"]);
        let root = world.io.of("/").unwrap();
        root.on_connect(|socket: Socket| async move {
            socket.on("x", |s: Socket, Data(n): Data<u8>| async move {
                s.emit("began", &n)?;
                if n == 0 {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
                s.emit("ended", &n)
            });
            Ok(())
        })
        .unwrap();
        let client = world.client().await;
        client.emit("x", "0");
        client.emit("x", "1");
        settle().await;
        assert_eq!(client.names(), ["began", "began", "ended"]);
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(client.names(), ["ended"]);
    });
}

#[test]
fn each_data_takes_the_next_argument_and_a_wrong_one_is_bad_payload() {
    run(async {
        let world = World::bare(&["/"]);
        let root = world.io.of("/").unwrap();
        root.on_connect(|socket: Socket| async move {
            socket.on(
                "pair",
                |Data(a): Data<u8>, Data(b): Data<Option<String>>, ack: Ack| async move {
                    ack.ok(&(a, b))
                },
            );
            Ok(())
        })
        .unwrap();
        let client = world.client().await;
        assert_eq!(client.ask("pair", r#"7,"x""#).await, 7);
        assert_eq!(client.ask("pair", "7").await, 7);
        assert_eq!(client.code("pair", r#""x""#).await, "bad_payload");
        client.emit("pair", r#""x""#);
        settle().await;
        assert!(client.packets().is_empty());
    });
}

/// What JavaScript writes and Rust has no value for.
#[test]
fn half_a_surrogate_and_a_number_beyond_all_are_bad_payload_to_a_typed_handler() {
    run(async {
        let world = World::bare(&["/"]);
        let root = world.io.of("/").unwrap();
        root.on_connect(|socket: Socket| async move {
            socket.on("text", |Data(text): Data<String>, ack: Ack| async move {
                ack.ok(&text)
            });
            socket.on("number", |Data(number): Data<f64>, ack: Ack| async move {
                ack.ok(&number)
            });
            Ok(())
        })
        .unwrap();
        let client = world.client().await;
        assert_eq!(client.code("text", r#""a\ud800b""#).await, "bad_payload");
        assert_eq!(client.ask("text", r#""a\u00e4b""#).await, "a\u{e4}b");
        assert_eq!(client.code("number", "1e400").await, "bad_payload");
        assert_eq!(client.ask("number", "1e300").await, 1e300);
    });
}

#[test]
fn a_failing_or_panicking_handler_is_an_internal_failure_without_details() {
    run(async {
        let world = World::bare(&["/"]);
        let root = world.io.of("/").unwrap();
        root.on_connect(|socket: Socket| async move {
            socket.on("fail", || async { Err::<(), _>("secret") });
            socket.on("fail later", || async {
                tokio::task::yield_now().await;
                Err::<(), _>("secret")
            });
            socket.on("panic", |Data(at_once): Data<bool>| {
                assert!(!at_once, "secret");
                async {
                    tokio::task::yield_now().await;
                    if true {
                        panic!("secret");
                    }
                }
            });
            socket.on("fine", |ack: Ack| async move { ack.ok(&1) });
            Ok(())
        })
        .unwrap();
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

#[test]
fn an_event_without_handler_and_a_dropped_ack_send_nothing() {
    run(async {
        let world = World::bare(&["/"]);
        let root = world.io.of("/").unwrap();
        root.on_connect(|socket: Socket| async move {
            socket.on("drop", |ack: Ack| async move { drop(ack) });
            Ok(())
        })
        .unwrap();
        let client = world.client().await;
        assert!(client.ask("nobody", "1").await.is_null());
        assert!(client.ask("drop", "1").await.is_null());
        assert!(client.packets().is_empty());
        assert_eq!(client.ended(), None);
    });
}

#[test]
fn on_any_sees_every_event_before_its_handler_does() {
    run(async {
        let world = World::bare(&["/"]);
        let root = world.io.of("/").unwrap();
        root.on_connect(|socket: Socket| async move {
            socket.on("x", |s: Socket| async move { s.emit("own", &()) });
            socket.on_any(|s: Socket, event: Event| async move { s.emit("any", &*event.name) });
            Ok(())
        })
        .unwrap();
        let client = world.client().await;
        client.emit("x", "");
        client.emit("y", "");
        settle().await;
        assert_eq!(
            client.events(),
            [json!(["any", "x"]), json!(["own"]), json!(["any", "y"])]
        );
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
        let world = World::bare(&["/"]);
        let root = world.io.of("/").unwrap();
        root.on_connect(|socket: Socket| async move {
            socket.on(
                "picture",
                |s: Socket, Data(sent): Data<Picture>| async move {
                    let more = Blob(Bytes::from_static(b"more"));
                    s.emit("back", &(sent, more))
                },
            );
            Ok(())
        })
        .unwrap();
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

#[test]
fn a_client_is_asked_and_its_answer_its_silence_or_its_end_is_told() {
    run(async {
        let world = World::bare(&["/"]);
        let root = world.io.of("/").unwrap();
        let results: Arc<OnceLock<tokio::sync::mpsc::Sender<String>>> = Arc::default();
        let (sender, mut receiver) = tokio::sync::mpsc::channel(8);
        results.set(sender).unwrap();
        root.on_connect(move |socket: Socket| {
            let results = results.clone();
            async move {
                socket.on("start", move |s: Socket| {
                    let results = results.clone();
                    async move {
                        let limit = Duration::from_secs(1);
                        let answer = s.emit_with_ack("question", &(1, 2), limit).await;
                        let text = match answer {
                            Ok(answer) => answer.at::<String>(1).unwrap(),
                            Err(AckError::TimedOut) => "timed out".into(),
                            Err(AckError::Disconnected) => "gone".into(),
                            Err(other) => other.to_string(),
                        };
                        results.get().unwrap().try_send(text).unwrap();
                    }
                });
                Ok(())
            }
        })
        .unwrap();
        let client = world.client().await;
        client.emit("start", "");
        settle().await;
        let question = client.packets().remove(0);
        assert_eq!(question.json, json!(["question", 1, 2]));
        client.wire(&format!("3{}[0,\"answer\"]", question.number.unwrap()));
        assert_eq!(receiver.recv().await.unwrap(), "answer");
        client.emit("start", "");
        assert_eq!(receiver.recv().await.unwrap(), "timed out");
        client.emit("start", "");
        settle().await;
        client.hang_up().await;
        assert_eq!(receiver.recv().await.unwrap(), "gone");
    });
}

#[test]
fn on_disconnect_runs_once_and_handlers_that_hold_their_socket_are_let_go() {
    thread_local! {
        static LAST: RefCell<Weak<Member>> = const { RefCell::new(Weak::new()) };
    }
    run(async {
        let world = World::bare(&["/"]);
        let root = world.io.of("/").unwrap();
        let (sender, mut receiver) = tokio::sync::mpsc::channel(8);
        root.on_connect(move |socket: Socket| {
            let sender = sender.clone();
            async move {
                let held = socket.clone();
                socket.on("x", move || {
                    let held = held.clone();
                    async move { held.emit("x", &()) }
                });
                socket.on_disconnect(move |socket, reason| async move {
                    LAST.set(Rc::downgrade(socket.member()));
                    sender.try_send(reason.as_str()).unwrap();
                });
                Ok(())
            }
        })
        .unwrap();
        world.client().await.hang_up().await;
        assert_eq!(receiver.recv().await.unwrap(), "transport close");
        settle().await;
        assert!(LAST.take().upgrade().is_none());
        assert!(receiver.try_recv().is_err());
    });
}
