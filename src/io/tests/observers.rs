//! Handlers that look on at what goes to clients.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use tokio::time::sleep;

use super::world::{World, run, settle};
use crate::io::{Arguments, Data, EventName, Extension, Namespace, NamespaceHandle, Socket};

/// What was observed to go to one client.
type Seen = std::rc::Rc<std::cell::RefCell<Vec<Value>>>;

fn see(seen: &Seen, name: &EventName, arguments: &Arguments) {
    let arguments: Vec<Value> = arguments.rest(0).unwrap();
    seen.borrow_mut().push(json!([&*name.0, arguments]));
}

/// Fails if an observer misses something that a client hears, sees it in another order or hears of what does not go there, such as
/// answers; and if it is asked where nobody has asked for it.
#[test]
fn on_any_outgoing_sees_what_a_client_hears_alone_and_with_others_in_that_order() {
    static BY_ALL: AtomicUsize = AtomicUsize::new(0);
    run(async {
        let namespace = Namespace::new("/")
            .on_any_outgoing(async |_: Socket| {
                BY_ALL.fetch_add(1, Ordering::Relaxed);
                Ok(())
            })
            .on("look", async |s: Socket| {
                let seen = Seen::default();
                s.insert(seen.clone());
                s.on_any_outgoing(async move |name: EventName, all: Arguments| {
                    see(&seen, &name, &all);
                    Ok(())
                });
                s.join("r").await?;
                s.emit("alone", (1, "two"))?;
                drop(s.emit_with_ack::<Value>("asked", 3));
                Ok(())
            })
            .on("say", async |s: Socket, nsp: NamespaceHandle| {
                s.within("r").emit("room", 4)?.await?;
                nsp.emit("all", ())?.await?;
                s.to("r").emit("others", 5)?;
                // Dropped: others wait before it.
                s.volatile().emit("soon", 6)?;
                Ok(())
            })
            .on("seen", async |Extension(seen): Extension<Seen>| {
                Ok(seen.borrow().clone())
            });
        let world = World::of([namespace]);
        let (a, b) = (world.client().await, world.client().await);
        a.ask("look", "").await;
        a.ask("say", "").await;
        settle().await;
        let heard = a.events();
        let seen = a.ask("seen", "").await;
        let names = ["alone", "asked", "room", "all"];
        let of_seen = seen.as_array().unwrap().iter();
        assert_eq!(Vec::from_iter(of_seen.map(|one| one[0].clone())), names);
        assert_eq!(
            Vec::from_iter(heard.iter().map(|one| one[0].clone())),
            names
        );
        assert_eq!(seen[0], json!(["alone", [1, "two"]]));
        assert_eq!(b.names(), ["all"]);
        assert_eq!(BY_ALL.load(Ordering::Relaxed), names.len() + 1);
    });
}

/// Fails if two observers that speak in their rooms speak for ever, before their first wait or behind it, or if one that panics
/// costs the client more than that event.
#[test]
fn what_an_observer_says_is_not_observed() {
    static RUNS: AtomicUsize = AtomicUsize::new(0);
    run(async {
        let namespace = Namespace::new("/")
            .on_connect(async |s: Socket| Ok(s.join("r").await?))
            .on_any_outgoing(async |s: Socket, nsp: NamespaceHandle, name: EventName| {
                RUNS.fetch_add(1, Ordering::Relaxed);
                assert_ne!(&*name.0, "bad", "planted");
                s.emit("echo", ())?;
                sleep(std::time::Duration::from_millis(1)).await;
                s.within("r").emit("echo", ())?;
                nsp.emit("echo", ())?;
                Ok(())
            })
            .on("say", async |s: Socket, Data(name): Data<String>| {
                s.within("r").emit(&name, ())?;
                Ok(())
            });
        let world = World::of([namespace]);
        let (a, b) = (world.client().await, world.client().await);
        a.ask("say", r#""bad""#).await;
        a.ask("say", r#""good""#).await;
        settle().await;
        assert_eq!(RUNS.load(Ordering::Relaxed), 4);
        for client in [&a, &b] {
            assert_eq!(client.heard("echo").len(), 5);
        }
    });
}
