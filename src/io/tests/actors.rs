//! A host's actor as the handler of an event.

use std::time::Duration;

use actix::{Actor, ActorContext, ActorFutureExt, AsyncContext, Context, Handler, WrapFuture};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::world::{World, run, settle};
use crate::io::{
    Auth, Connecting, Error, Namespace, Received, Result, actor, actor::actor_with_places,
    actor_places::ActorPlaceLimits,
};

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
        let two = ActorPlaceLimits {
            all: 2,
            ..ActorPlaceLimits::DEFAULT
        };
        let handler = actor_with_places(adder.recipient(), two);
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

/// Fails if the events of one client, account or address that wait for an actor leave no place to those of others, if the words do
/// not say whose they are, or if places that the actor has given back are not free.
#[test]
fn what_waits_for_an_actor_of_one_client_account_or_address_leaves_places_to_others() {
    run(async {
        let adder = Adder(0).start();
        let handler = actor_with_places(
            adder.recipient(),
            ActorPlaceLimits {
                all: 12,
                share: 4,
                client: 2,
            },
        );
        let root = Namespace::new("/")
            .middleware(async |client: Connecting, Auth(login): Auth<Value>| {
                if let Some(name) = login["name"].as_str() {
                    client.login(name.to_owned());
                }
                Ok(())
            })
            .on("add", handler);
        let world = World::of([root]);
        let busy = world.client_at("10.0.0.9", "").await;
        busy.ask("add", "60").await;
        let refused = async |address: &str, auth: &str, whose: &str| {
            for _ in 0..3 {
                let client = world.client_at(address, auth).await;
                for _ in 0..2 {
                    client.emit("add", "1");
                }
                settle().await;
                let answer = client.ask("add", "1").await;
                assert_eq!(answer["code"], "overloaded", "{address} {auth}");
                let words = answer["message"].as_str().unwrap();
                if words.contains(whose) {
                    return client;
                }
                assert!(words.contains("of this client"), "{words}");
                client.hang_up().await;
            }
            panic!("the share of {address} {auth} has no end");
        };
        // Of IPv6 a network is one address; an account has one share, wherever its clients are.
        let of_address = refused("2001:db8::1", "", "of this address").await;
        let same = world.client_at("2001:db8::2", "").await;
        assert_eq!(same.code("add", "1").await, "overloaded");
        let of_account = refused("10.0.0.1", r#"{"name":"ama"}"#, "of this account").await;
        let same = world.client_at("10.0.0.2", r#"{"name":"ama"}"#).await;
        assert_eq!(same.code("add", "1").await, "overloaded");
        let other = world.client_at("10.0.0.3", r#"{"name":"kofi"}"#).await;
        assert_eq!(other.ask("add", "1").await, json!(null), "it has a place");
        sleep(Duration::from_secs(61)).await;
        for client in [of_address, of_account, other] {
            assert!(client.ask("add", "1").await.as_u64() > Some(60));
        }
    });
}
