//! A client before it is let in, in the hands of somebody who keeps it for longer.

use std::{cell::RefCell, future::pending, sync::Arc, time::Duration};

use dondo_actors::ports::SystemClock;
use serde_json::json;
use tokio::{task::yield_now, time::sleep};

use super::{
    log::lines,
    world::{World, run, settle},
};
use crate::{
    accounts::AccountBounds,
    io::{Auth, Connecting, EmitError, Error, Extension, Identity, Namespace, Result},
    moderation::Moderation,
};

thread_local! {
    static KEPT: RefCell<Vec<Connecting>> = const { RefCell::new(Vec::new()) };
}

#[derive(serde::Deserialize)]
struct Login {
    word: String,
}

/// Fails if a middleware's loop that says something fills the memory until the time of the admission is over, or if a client is
/// closed for what was taken, or hears less of it.
#[test]
fn what_a_middleware_says_is_bounded_as_what_waits_for_a_client() {
    run(async {
        let large = "x".repeat(1000);
        let said = async move |client: Connecting, Auth(Login { word }): Auth<Login>| {
            let mut said = 0_u64;
            let refused = loop {
                let told = match &*word {
                    "large" => client.emit("early", &large),
                    _ => client.emit("early", ()),
                };
                match told {
                    Ok(()) => said += 1,
                    Err(refused) => break refused,
                }
                if said > 100_000 {
                    return Err(Error::new("unbounded", "nothing bounds it"));
                }
                if said.is_multiple_of(100) {
                    yield_now().await;
                }
            };
            assert_eq!(refused, EmitError::Full);
            client.insert(said);
            Ok(())
        };
        let said_it = async |Extension(said): Extension<u64>| Result::Ok(said);
        let namespace = Namespace::new("/").middleware(said).on("said", said_it);
        let world = World::of([namespace]);
        for (word, most) in [("large", (1 << 21) / 1000), ("small", 1 << 14)] {
            let client = world.stranger();
            client.wire(&format!("0{{\"word\":{word:?}}}"));
            settle().await;
            let packets = client.packets();
            let count = |kind| packets.iter().filter(|packet| packet.kind == kind).count();
            assert_eq!(count('0'), 1, "{:?}", client.ended());
            let heard = count('2');
            assert!((most / 3..=most / 2).contains(&heard), "{heard} of {most}");
            assert_eq!(client.ask("said", "").await, json!(heard));
            assert_eq!(client.ended(), None);
        }
    });
}

/// Fails if a client that was let in, and then came into no namespace, keeps its place among those of its account because somebody keeps
/// its `Connecting`; or if one that is in gives its place to another.
#[test]
fn a_place_among_an_accounts_clients_is_not_with_whoever_keeps_a_connecting() {
    run(async {
        let bounds = AccountBounds {
            sessions_max: Some(1),
            ..AccountBounds::default()
        };
        let moderation = Moderation::new(Arc::new(SystemClock), bounds);
        let admit = async |client: Connecting| {
            client.login("ama".to_owned());
            KEPT.with_borrow_mut(|kept| kept.push(client));
            Ok(())
        };
        let rooms = Namespace::new("/rooms/{room}")
            .middleware(admit)
            .children_max(1);
        let world = World::moderated([rooms], (moderation.clone(), None), |middlewares| {
            middlewares
        });
        let ama = "ama".into();
        let enter = |name: &str| moderation.accounts().enter(&ama, &name.into(), false);
        let first = world.client_in("/rooms/1", "").await;
        assert!(enter("/rooms/1").is_err());
        let stranger = world.stranger();
        for _ in 0..2 {
            stranger.wire("0/rooms/2,");
            settle().await;
            let refused = stranger.packets().remove(0);
            assert_eq!(refused.json["message"], "Too many namespaces");
        }
        assert!(enter("/rooms/2").is_ok());
        assert_eq!(KEPT.with_borrow(Vec::len), 3);
        assert!(enter("/rooms/1").is_err(), "who is in has its place");
        first.hang_up().await;
        assert!(enter("/rooms/1").is_ok());
        drop(KEPT.take());
    });
}

/// Lets in who says `come`, and keeps everybody.
fn namespace() -> Namespace {
    let admit = async |client: Connecting, Auth(login): Auth<Login>| {
        client.emit("early", ())?;
        client.login("ama".to_owned());
        client.insert(1_u8);
        KEPT.with_borrow_mut(|kept| kept.push(client));
        match &*login.word {
            "come" => Ok(()),
            "panic" => panic!("the middleware's"),
            "wait" => pending().await,
            _ => Err(Error::new("unauthorized", "no")),
        }
    };
    let what = async |Identity(user): Identity<String>, Extension(kept): Extension<u8>| {
        Result::Ok(format!("{user} {kept}"))
    };
    Namespace::new("/kept").middleware(admit).on("what", what)
}

/// Fails if who keeps a client beyond its admission, however that ended, can still say something that nobody ever hears, or make it
/// somebody whom neither its limits nor its bans are of.
#[test]
fn when_it_is_decided_a_client_is_neither_told_nor_logged_in_through_what_asked_for_it() {
    let said = lines();
    run(async {
        let world = World::of([namespace()]);
        let client = world.client_in("/kept", r#"{"word":"come"}"#).await;
        let mut strangers = Vec::new();
        for word in ["go", "panic", "wait", "wait"] {
            let stranger = world.stranger();
            stranger.wire(&format!("0/kept,{{\"word\":{word:?}}}"));
            strangers.push(stranger);
            settle().await;
        }
        let kept = KEPT.take();
        assert_eq!(kept.len(), 5);
        let waits = [3, 4].map(|at| kept[at].emit("meanwhile", ()));
        assert_eq!(waits, [Ok(()), Ok(())]);
        strangers.pop().unwrap().hang_up().await;
        assert_eq!(kept[4].emit("late", ()), Err(EmitError::Decided));
        assert_eq!(kept[3].emit("meanwhile", ()), Ok(()));
        // The time of the admission is over.
        sleep(Duration::from_secs(11)).await;
        for one in &kept {
            assert_eq!(one.emit("late", ()), Err(EmitError::Decided));
        }
        // Once a second: the lines of other tests may come first.
        let line = loop {
            kept[0].login("kofi".to_owned());
            assert!(kept[0].insert(2_u8).is_none());
            let is_ours = |line: &String| line.contains("Connecting::") && line.contains("/kept");
            if let Some(line) = said.try_iter().find(is_ours) {
                break line;
            }
            settle().await;
        };
        assert!(line.starts_with("WARN "), "{line}");
        assert_eq!(client.ask("what", "").await, "ama 1");
    });
}
