//! A host's actor as the handler of an event.

use std::time::Duration;

use actix::{Actor, ActorContext, ActorFutureExt, AsyncContext, Context, Handler, WrapFuture};
use serde_json::json;
use tokio::time::sleep;

use super::world::{World, run, settle};
use crate::io::{Error, Namespace, Received, Result, actor, actor::actor_with_places};

/// Adds up what it is told; 0 is an error, 13 is its end, and 60 takes it a minute.
struct Adder(u64);

impl Actor for Adder {
    type Context = Context<Self>;
}

impl Handler<Received<u64, (u64, String)>> for Adder {
    type Result = Result<(u64, String)>;

    fn handle(
        &mut self,
        Received { data, socket, .. }: Received<u64, (u64, String)>,
        ctx: &mut Context<Self>,
    ) -> Self::Result {
        match data {
            0 => return Err(Error::new("nothing", "say more")),
            13 => ctx.stop(),
            60 => ctx.wait(
                sleep(Duration::from_secs(60))
                    .into_actor(self)
                    .map(|_, _, _| ()),
            ),
            _ => {}
        }
        self.0 += data;
        socket.emit("added", data)?;
        Ok((self.0, socket.id().to_string()))
    }
}

/// Would fail if what the actor returns were not the ack, or if it could not say something to who asked.
#[test]
fn what_an_actor_returns_is_the_ack_and_it_may_emit() {
    run(async {
        let adder = Adder(0).start();
        let world = World::of([Namespace::new("/").on("add", actor(adder.recipient()))]);
        let client = world.client().await;
        assert_eq!(client.ask("add", "2").await, 2);
        assert_eq!(client.ask("add", "3").await, 5);
        assert_eq!(client.events(), [json!(["added", 2]), json!(["added", 3])]);
        assert_eq!(client.code("add", "0").await, "nothing");
        assert_eq!(client.code("add", r#""x""#).await, "bad_payload");
        client.ask("add", "13").await;
        assert_eq!(client.code("add", "1").await, "internal", "it is gone");
    });
}

/// Would fail if an actor that comes to nothing were sent more and more, or stayed full when it goes on.
#[test]
fn what_waits_for_an_actor_is_bounded_and_the_rest_is_refused() {
    run(async {
        let adder = Adder(0).start();
        let handler = actor_with_places(adder.recipient(), 2);
        let world = World::of([Namespace::new("/").on("add", handler)]);
        let client = world.client().await;
        client.ask("add", "60").await;
        client.emit("add", "1");
        client.emit("add", "2");
        settle().await;
        assert_eq!(client.code("add", "4").await, "overloaded");
        sleep(Duration::from_secs(61)).await;
        assert_eq!(client.ask("add", "8").await, 71);
    });
}
