//! Handlers that look on at what goes to clients.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::time::sleep;

use super::world::{World, run, settle};
use crate::io::{
    Arguments, Data, EventName, Extension, Namespace, NamespaceHandle, Result, RoomContext,
    RoomNotice, RoomScript, Socket, blocking,
};

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
                sleep(Duration::from_millis(1)).await;
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

/// Of one test: an observer that is observed says no more than so much.
const ENOUGH: usize = 100;

/// Fails if what an observer says from a thread of the pool is observed: with two clients each letter would make two more.
#[test]
fn what_an_observer_says_from_another_thread_is_not_observed() {
    static RUNS: AtomicUsize = AtomicUsize::new(0);
    run(async {
        let look = blocking(|nsp: NamespaceHandle| {
            if RUNS.fetch_add(1, Ordering::SeqCst) < ENOUGH {
                nsp.emit("echo", ())?;
            }
            Ok(())
        });
        let namespace = Namespace::new("/").on_any_outgoing(look).on(
            "say",
            blocking(|nsp: NamespaceHandle| {
                nsp.emit("said", ())?;
                Ok(())
            }),
        );
        let world = World::of([namespace]);
        let (a, b) = (world.client().await, world.client().await);
        for said in 1..=2 {
            a.ask("say", "").await;
            settle().await;
            // That of another is, also where its thread has just done an observer's.
            assert_eq!(RUNS.load(Ordering::SeqCst), 2 * said);
        }
        for client in [&a, &b] {
            assert_eq!(client.heard("echo").len(), 4);
        }
    });
}

/// Fails if what an observer asks of a client is observed when that client's session says it, which is later.
#[test]
fn what_an_observer_asks_from_afar_is_not_observed() {
    static RUNS: AtomicUsize = AtomicUsize::new(0);
    run(async {
        let namespace = Namespace::new("/")
            .on_any_outgoing(async |s: Socket| {
                if RUNS.fetch_add(1, Ordering::SeqCst) < ENOUGH {
                    let minute = Duration::from_secs(60);
                    drop(s.remote().emit_with_ack::<Value>("echo", (), minute));
                }
                Ok(())
            })
            .on("ask", async |s: Socket| {
                drop(
                    s.remote()
                        .emit_with_ack::<Value>("asked", (), Duration::from_secs(60)),
                );
                Ok(())
            });
        let world = World::of([namespace]);
        let client = world.client().await;
        for asked in 1..=2 {
            client.ask("ask", "").await;
            settle().await;
            assert_eq!(RUNS.load(Ordering::SeqCst), asked);
        }
        assert_eq!(client.names(), ["asked", "echo", "asked", "echo"]);
    });
}

/// Says something else than is said.
struct Louder;

impl RoomScript for Louder {
    type State = ();
    type Message = ();
    type Reply = ();

    fn notifying(&self, (): &mut (), _: &RoomContext<'_, Self>, notice: &mut RoomNotice) -> Result {
        let louder = format!("{}!", notice.event());
        Ok(notice.replace(&louder, ())?)
    }
}

/// Fails if what an observer says is observed because a script has altered it.
#[test]
fn what_an_observer_says_and_a_script_alters_is_not_observed() {
    static RUNS: AtomicUsize = AtomicUsize::new(0);
    run(async {
        let namespace = Namespace::new("/")
            .room_script("loud", Louder)
            .on_connect(async |s: Socket| Ok(s.join("loud").await?))
            .on_any_outgoing(async |s: Socket| {
                if RUNS.fetch_add(1, Ordering::SeqCst) < ENOUGH {
                    s.within("loud").emit("echo", ())?;
                }
                Ok(())
            })
            .on("say", async |s: Socket| {
                s.within("loud").emit("said", ())?;
                Ok(())
            });
        let world = World::of([namespace]);
        let client = world.client().await;
        client.ask("say", "").await;
        settle().await;
        assert_eq!(client.names(), ["said!", "echo!"]);
        assert_eq!(RUNS.load(Ordering::SeqCst), 1);
    });
}
