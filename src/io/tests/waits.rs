//! Handlers that wait, and acks that several hold.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use futures_util::FutureExt as _;
use serde_json::json;
use tokio::{task::yield_now, time::sleep};

use super::world::{World, run, settle};
use crate::io::{Ack, AckError, Data, EmitError, Error, Namespace, Socket};

#[test]
fn on_any_and_its_handler_both_go_on_after_a_wait_whichever_waits() {
    run(async {
        let namespace = Namespace::new("/")
            .on(
                "x",
                async |s: Socket, Data((_, waits)): Data<(bool, bool)>| {
                    if waits {
                        yield_now().await;
                    }
                    s.emit("own", ())?;
                    Ok(())
                },
            )
            .on_any(async |s: Socket, Data((waits, _)): Data<(bool, bool)>| {
                if waits {
                    yield_now().await;
                }
                s.emit("any", ())?;
                Ok(())
            });
        let world = World::of([namespace]);
        let client = world.client().await;
        for who_waits in ["false,false", "true,false", "false,true", "true,true"] {
            client.emit("x", who_waits);
            settle().await;
            let mut events = client.events();
            events.sort_by_key(ToString::to_string);
            assert_eq!(events, [json!(["any"]), json!(["own"])], "{who_waits}");
        }
    });
}

#[test]
fn of_the_clones_of_an_ack_one_answers() {
    run(async {
        let namespace = Namespace::new("/").on("x", async |first: Ack, second: Ack| {
            assert!(second.is_wanted());
            first.send(1)?;
            assert!(!second.is_wanted());
            second.send(2)?;
            Ok(3)
        });
        let world = World::of([namespace]);
        let client = world.client().await;
        assert_eq!(client.ask("x", "").await, 1);
        settle().await;
        assert!(client.packets().is_empty());
    });
}

/// Fails if a client that never answers makes its server wait for more answers than it keeps places for, if the error does not
/// say that this is why, or if a place is not given back by whoever stops waiting.
#[test]
fn a_client_owes_so_many_answers_and_no_more() {
    run(async {
        let namespace = Namespace::new("/").on("x", async |s: Socket| {
            let ask = || s.emit_with_ack::<u8>("question", ());
            let mut asked = Vec::new();
            for _ in 0..1024 {
                let mut answer = Box::pin(ask());
                assert!(answer.as_mut().now_or_never().is_none());
                asked.push(answer);
            }
            let refused = ask().await.unwrap_err();
            asked.pop();
            let waits = ask().now_or_never().is_none();
            let is_that = refused == AckError::TooMany;
            Ok(json!([is_that, refused.to_string(), waits]))
        });
        let world = World::of([namespace]);
        let client = world.client().await;
        let told = client.ask("x", "").await;
        let says = "the client owes too many answers already";
        assert_eq!(told, json!([true, says, true]));
    });
}

/// Fails if what is asked of a socket's own client is not bounded as what is said to it, so that a loop that waits for no answer
/// fills the memory.
#[test]
fn a_loop_that_asks_and_waits_for_nothing_is_told() {
    run(async {
        let text = "x".repeat(1000);
        let went = Arc::new(AtomicUsize::new(0));
        let said = went.clone();
        let handler = async move |s: Socket, Data(how): Data<String>| {
            let mut asked = 0;
            let limit = Duration::from_secs(9);
            let refused = loop {
                let refused = match &*how {
                    "emit" => s.emit("question", &text).err().map(AckError::from),
                    how => {
                        let asked = match how {
                            "ask" => s.emit_with_ack::<u8>("question", &text),
                            _ => s.timeout(limit).emit_with_ack("question", &text),
                        };
                        asked.now_or_never().and_then(Result::err)
                    }
                };
                match refused {
                    None => asked += 1,
                    Some(refused) => break refused,
                }
                assert!(asked < 10_000, "nothing bounds it");
            };
            assert_eq!(refused, AckError::Emit(EmitError::Full));
            said.store(asked, Relaxed);
        };
        let world = World::of([Namespace::new("/").on("x", handler)]);
        for how in ["emit", "ask", "ask for some time"] {
            let client = world.client().await;
            client.emit("x", &format!("{how:?}"));
            settle().await;
            // As much as may wait for a client.
            let most = (1 << 21) / 1000;
            let went = went.swap(0, Relaxed);
            assert!((most * 9 / 10..=most).contains(&went), "{how}: {went}");
        }
    });
}

/// An ack that is kept answers later; an empty one would have come when its handler returned.
#[test]
fn an_ack_that_somebody_holds_is_answered_when_he_does_or_lets_it_go() {
    run(async {
        let namespace = Namespace::new("/")
            .on("later", async |ack: Ack, Data(answers): Data<bool>| {
                actix_rt::spawn(async move {
                    sleep(Duration::from_secs(1)).await;
                    if answers {
                        ack.send("late").unwrap();
                    }
                });
            })
            .on("never", async |ack: Ack| ack.withhold());
        let world = World::of([namespace]);
        let client = world.client().await;
        for (args, answer) in [("true", json!(["late"])), ("false", json!([]))] {
            client.ask("later", args).await;
            assert!(client.packets().is_empty());
            sleep(Duration::from_secs(1)).await;
            let packets = client.packets();
            assert_eq!((packets.len(), &packets[0].json), (1, &answer));
        }
        client.ask("never", "").await;
        sleep(Duration::from_secs(2)).await;
        assert!(client.packets().is_empty());
    });
}

/// A later event would overtake one whose middleware waits, or run though it was refused.
#[test]
fn a_sockets_events_go_through_its_middlewares_one_by_one_and_others_do_not_wait() {
    run(async {
        let namespace = Namespace::new("/")
            .event_middleware(async |Data(n): Data<u64>| {
                sleep(Duration::from_secs(n)).await;
                match n {
                    3 => Err(Error::new("too_long", "three seconds are too long")),
                    _ => Ok(()),
                }
            })
            .on("x", async |s: Socket, Data(n): Data<u64>| {
                s.emit("x", n)?;
                Ok(n)
            });
        let world = World::of([namespace]);
        let (client, other) = (world.client().await, world.client().await);
        client.emit("x", "2");
        client.emit("x", "0");
        other.emit("x", "0");
        settle().await;
        assert_eq!((client.names().len(), other.names().len()), (0, 1));
        sleep(Duration::from_secs(2)).await;
        assert_eq!(client.heard("x"), [json!(2), json!(0)]);
        client.ask("x", "3").await;
        client.emit("x", "0");
        sleep(Duration::from_secs(3)).await;
        let packets = client.packets();
        assert_eq!(packets[0].json[0]["code"], "too_long");
        assert_eq!(packets[1].json, json!(["x", 0]));
        assert_eq!(packets.len(), 2);
    });
}

/// Who only looked on took the answer of the event's own handler.
#[test]
fn what_looks_on_or_lets_through_does_not_answer() {
    run(async {
        let namespace = Namespace::new("/")
            .on_any(async |Data(_): Data<String>| Ok("any"))
            .event_middleware(async || Ok("middleware"))
            .on("x", async || Ok("own"));
        let world = World::of([namespace]);
        let client = world.client().await;
        assert_eq!(client.ask("x", "1").await, "own");
        assert_eq!(client.ask("x", r#""text""#).await, "own");
    });
}
