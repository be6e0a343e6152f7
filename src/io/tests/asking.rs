//! Handlers and hosts that ask many at once, or say much: how far that goes, and who is told.

use std::time::Duration;

use serde_json::json;

use super::world::{World, run, settle};
use crate::io::{EmitError, Namespace, Socket};
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
