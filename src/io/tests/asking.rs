//! Handlers and hosts that ask many at once, or say much: how far that goes, and who is told.

use std::{future::pending, time::Duration};

use futures_util::FutureExt as _;
use serde_json::json;

use super::world::{World, run, settle};
use crate::io::{AckError, Data, EmitError, Namespace, Result, Socket};
use dondo_actors::error::AskShare;

const LIMIT: Duration = Duration::from_secs(24 * 60 * 60);

/// Fails if a client whose handler asks many, who never answer, takes the places of others or of the host, if its error is the
/// hub's own fault or does not say whose places are taken, or if it keeps them after it has gone.
#[test]
fn who_asks_too_many_at_once_is_told_whose_places_are_taken() {
    run(async {
        let world = World::of([Namespace::new("/").on("ask", async |s: Socket| {
            let all = s.broadcast().emit_with_ack::<u8>("question", (), LIMIT)?;
            Ok(all.all().await?.silent.len())
        })]);
        let (greedy, other, _mute) = (
            world.client().await,
            world.client().await,
            world.client().await,
        );
        for _ in 0..32 {
            assert_eq!(greedy.ask("ask", "").await, json!(null));
        }
        let refused = greedy.ask("ask", "").await;
        assert_eq!(refused["code"], "too_many_asked");
        let why = refused["message"].as_str().unwrap();
        assert!(why.contains("of this client"), "{why}");
        assert_eq!(other.ask("ask", "").await, json!(null));
        let of = world.namespace("/");
        let ask = || of.broadcast().emit_with_ack::<u8>("question", (), LIMIT);
        let mut held = Vec::new();
        let why = loop {
            match ask() {
                Ok(acks) => held.push(acks),
                Err(why) => break why,
            }
        };
        assert_eq!(held.len(), 1024 - 33);
        assert_eq!(why, EmitError::TooManyAsked(AskShare::Hub));
        drop(held);
        greedy.hang_up().await;
        settle().await;
        let mut held = Vec::new();
        while let Ok(acks) = ask() {
            held.push(acks);
        }
        assert_eq!(held.len(), 1024 - 1);
    });
}

/// Fails if answers to what a handler asks cannot come because of the handler's own event, whose bytes are all that its client may
/// have in handling: its own answer, or those of another one who asks; or if its client is read for what was answered.
#[test]
fn who_asks_many_on_a_large_event_is_read_for_the_answers() {
    run(async {
        let ask = async |s: Socket, Data(_): Data<String>| {
            let all = s.within("r").emit_with_ack::<u8>("question", (), LIMIT)?;
            let answers = all.all().await?.answers.len();
            s.emit("answers", answers)?;
            pending::<Result>().await
        };
        let join = async |s: Socket| {
            s.join("r").await?;
            Ok(())
        };
        let world = World::of([Namespace::new("/").on_connect(join).on("ask", ask)]);
        let clients = [world.client().await, world.client().await];
        let large = json!("x".repeat(1 << 20)).to_string();
        for client in &clients {
            client.emit("ask", &large);
            settle().await;
            assert!(client.is_read());
        }
        for client in &clients {
            let questions = client.packets();
            assert_eq!(questions.len(), 2);
            for question in questions {
                client.answer(question.number.unwrap(), "1");
            }
        }
        settle().await;
        for client in &clients {
            assert_eq!(client.heard("answers"), [json!(2)]);
            assert!(!client.is_read(), "its event is in handling yet");
        }
    });
}

/// Fails if what handles ask, and do not wait for, fills the memory: of many, or of one.
#[test]
fn what_handles_ask_is_bounded_as_what_they_say() {
    run(async {
        let world = World::of([Namespace::new("/")]);
        let _client = world.client().await;
        let of = world.namespace("/");
        let sockets = of.fetch_sockets().await.unwrap().sockets;
        let large = "x".repeat(1 << 20);
        let of_nobody = || {
            let asked = of.to("nobody").emit_with_ack::<u8>("x", &large, LIMIT);
            asked.map(drop)
        };
        let of_one = || {
            let asked = sockets[0].emit_with_ack::<u8>("x", &large, LIMIT);
            match asked.now_or_never() {
                None => Ok(()),
                Some(Err(AckError::Emit(refused))) => Err(refused),
                Some(other) => panic!("{other:?}"),
            }
        };
        let ways: [&dyn Fn() -> std::result::Result<(), EmitError>; 2] = [&of_nobody, &of_one];
        for way in ways {
            let mut said = 0;
            let refused = loop {
                match way() {
                    Ok(()) => said += 1,
                    Err(refused) => break refused,
                }
                assert!(said <= 64, "nothing bounds it");
            };
            assert_eq!((said, refused), (64, EmitError::Full));
            assert_eq!(of.emit("x", ()).err(), Some(EmitError::Full));
            settle().await;
            assert!(of.to("nobody").emit("x", ()).is_ok());
            settle().await;
        }
    });
}

/// Fails if a question to one client that nobody waits for any more keeps its place, or that of its client, until its time is over.
#[test]
fn a_question_from_afar_that_nobody_waits_for_holds_nothing() {
    run(async {
        let world = World::of([Namespace::new("/")]);
        let client = world.client().await;
        let sockets = world.namespace("/").fetch_sockets().await.unwrap().sockets;
        let ask = || sockets[0].emit_with_ack::<u8>("question", (), LIMIT);
        for _ in 0..3 {
            let asked: Vec<_> = (0..1000).map(|_| ask()).collect();
            settle().await;
            drop(asked);
            settle().await;
        }
        client.packets();
        let asked = ask();
        settle().await;
        let question = client.packets().remove(0);
        client.answer(question.number.unwrap(), "7");
        assert_eq!(asked.await, Ok(7));
    });
}

/// Fails if many who are named by their ids take a place each.
#[test]
fn what_is_asked_at_once_takes_one_place() {
    run(async {
        let world = World::of([Namespace::new("/")]);
        let of = world.namespace("/");
        let names: Vec<_> = (0..2000)
            .map(|n| crate::SocketId::new(n.to_string()))
            .collect();
        let acks = of.to(names).emit_with_ack::<u8>("question", (), LIMIT);
        assert_eq!(acks.unwrap().all().await.unwrap().silent, []);
    });
}

/// Fails if a host's loop that waits for nothing fills the memory, or goes on being refused when the workers have what it said.
#[test]
fn a_handles_loop_that_waits_for_nothing_is_told() {
    run(async {
        let world = World::of([Namespace::new("/")]);
        let client = world.client().await;
        let of = world.namespace("/");
        let mut said = 0;
        let refused = loop {
            match of.emit("x", said) {
                Ok(_) => said += 1,
                Err(refused) => break refused,
            }
            assert!(said <= 16_384, "nothing bounds it");
        };
        assert_eq!((said, refused), (16_384, EmitError::Full));
        settle().await;
        assert_eq!(client.heard("x").len(), 16_384);
        let told = of.emit("x", "again").unwrap();
        settle().await;
        assert_eq!(told.await.unwrap().recipients, 1);
        assert_eq!(client.heard("x").len(), 1);
    });
}
