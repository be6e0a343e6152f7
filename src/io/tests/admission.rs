//! A client before it is let in, in the hands of somebody who keeps it for longer.

use std::{cell::RefCell, future::pending, time::Duration};

use tokio::time::sleep;

use super::{
    log::lines,
    world::{World, run, settle},
};
use crate::io::{Auth, Connecting, EmitError, Error, Extension, Identity, Namespace, Result};

thread_local! {
    static KEPT: RefCell<Vec<Connecting>> = const { RefCell::new(Vec::new()) };
}

#[derive(serde::Deserialize)]
struct Login {
    word: String,
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
