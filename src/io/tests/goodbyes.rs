//! What happens around a client's end: who is told, what still goes out, what is let go of.

use std::{
    cell::RefCell,
    rc::{Rc, Weak},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use dondo_actors::session::Member;
use tokio::{sync::mpsc, time::sleep};

use crate::{
    Builder, Dondo, SocketId,
    io::{Ack, AckError, Data, Namespace, PackSocket, Socket},
    testing::{TestClient, TestHub},
};

use super::world::{World, run, settle};

fn serving<const N: usize>(namespaces: [Namespace; N]) -> Builder {
    namespaces
        .into_iter()
        .fold(Dondo::builder(), Builder::namespace)
}

async fn come(hub: &TestHub, namespace: &str) -> TestClient {
    hub.client(namespace).connect().await.unwrap()
}

/// Node's own example of `disconnecting` told nobody, and who counted the others counted the one that left.
#[test]
fn who_goes_says_goodbye_to_its_rooms_and_is_not_counted_any_more() {
    let (told, mut counts) = mpsc::channel(4);
    let namespace = Namespace::new("/")
        .on_connect(async |s: Socket| Ok(s.join("r").await?))
        .on_disconnecting(async |s: Socket| {
            s.to(s.rooms().into_iter().collect::<Vec<_>>())
                .emit("goodbye", s.id())?;
            Ok(())
        })
        .on_disconnect(async move |s: Socket| {
            let _ = told.try_send(s.namespace().count().await?);
            Ok(())
        });
    TestHub::run(serving([namespace]), async move |hub| {
        let (stays, goes) = (come(&hub, "/").await, come(&hub, "/").await);
        goes.cut().await;
        assert_eq!(&stays.expect::<SocketId>("goodbye").await, goes.id());
        assert_eq!(counts.recv().await, Some(1));
    });
}

thread_local! {
    static HELD: RefCell<Vec<Socket>> = const { RefCell::new(Vec::new()) };
}

/// Fails if a socket that is held says of a client that is gone that it is there, or of one that is there that it is gone.
#[test]
fn a_socket_that_somebody_holds_says_whether_its_client_is_there() {
    run(async {
        let hold = async |s: Socket| {
            HELD.with_borrow_mut(|held| held.push(s));
            Ok(())
        };
        let world = World::of([Namespace::new("/").on_connect(hold)]);
        let lost = world.client().await;
        let leaves = world.client().await;
        let _stays = world.client().await;
        let there = || HELD.with_borrow(|held| [0, 1, 2].map(|at| held[at].is_connected()));
        assert_eq!(there(), [true, true, true]);
        lost.hang_up().await;
        assert_eq!(there(), [false, true, true]);
        leaves.wire("1");
        settle().await;
        assert_eq!(there(), [false, false, true]);
        drop(HELD.take());
    });
}

/// One that panicked was the end of the others, and of what they would have tidied up.
#[test]
fn a_disconnect_handler_that_panics_takes_no_other_along() {
    let (told, mut ends) = mpsc::channel(4);
    let panics = async || {
        if true {
            panic!("secret");
        }
    };
    let namespace = Namespace::new("/")
        .on_disconnecting(panics)
        .on_disconnect(panics)
        .on_disconnect(async move || {
            let _ = told.try_send(());
        });
    TestHub::run(serving([namespace]), async move |hub| {
        come(&hub, "/").await.cut().await;
        assert_eq!(ends.recv().await, Some(()));
    });
}

/// Each connection left its member behind for good.
#[test]
fn a_client_that_keeps_its_own_socket_or_an_ack_is_let_go_of_when_it_is_gone() {
    thread_local! {
        static LAST: RefCell<Weak<Member>> = const { RefCell::new(Weak::new()) };
    }
    let namespace = Namespace::new("/")
        .on("keep", async |s: Socket, ack: Ack| {
            LAST.set(Rc::downgrade(s.member()));
            s.insert((s.clone(), ack));
        })
        .on_disconnect(async |s: Socket| {
            sleep(Duration::from_secs(1)).await;
            assert!(s.insert(0_u8).is_none());
        });
    TestHub::run(serving([namespace]), async |hub| {
        let client = come(&hub, "/").await;
        drop(client.emit_with_ack::<()>("keep", ()));
        hub.settle().await;
        assert!(LAST.with_borrow(|last| last.upgrade().is_some()));
        client.cut().await;
        hub.advance(Duration::from_secs(2)).await;
        assert!(LAST.take().upgrade().is_none());
    });
}

/// What a disconnect handler had tidied up was put back by one that began after it.
#[test]
fn nothing_begins_for_a_client_whose_disconnect_handlers_have_run() {
    let begun = Arc::new(AtomicUsize::new(0));
    let (late, event) = (begun.clone(), begun.clone());
    let namespace = Namespace::new("/")
        .on_connect(async || sleep(Duration::from_secs(1)).await)
        .on_connect(async move || {
            late.fetch_add(1, Relaxed);
        })
        .event_middleware(async || sleep(Duration::from_secs(1)).await)
        .on("x", async move || {
            event.fetch_add(1, Relaxed);
        });
    TestHub::run(serving([namespace]), async |hub| {
        let early = come(&hub, "/").await;
        early.emit("x", ()).await;
        early.cut().await;
        let settled = come(&hub, "/").await;
        hub.advance(Duration::from_secs(2)).await;
        assert_eq!(begun.swap(0, Relaxed), 1);
        settled.emit("x", ()).await;
        settled.cut().await;
        hub.advance(Duration::from_secs(2)).await;
        assert_eq!(begun.load(Relaxed), 0);
    });
}

/// It waited for ever, and the member with it.
#[test]
fn who_is_gone_is_not_asked_and_joins_nothing() {
    let (told, mut answers) = mpsc::channel(4);
    let namespace = Namespace::new("/").on("later", async move |s: Socket, Data(()): Data<()>| {
        sleep(Duration::from_secs(1)).await;
        let answer = s.emit_with_ack::<u8>("question", ()).await;
        let _ = told.try_send((answer, s.join("r").await.is_err(), s.rooms().len()));
    });
    TestHub::run(serving([namespace]), async move |hub| {
        let client = come(&hub, "/").await;
        client.emit("later", ()).await;
        client.cut().await;
        let expected = (Err(AckError::Disconnected), true, 0);
        assert_eq!(answers.recv().await, Some(expected));
    });
}

/// Fails if a client that its handler put out is there for that handler, hears what is said afterwards, or joins something; or if its
/// goodbye is not heard.
#[test]
fn who_is_put_out_is_told_nothing_more_joins_nothing_and_says_goodbye() {
    for close in [false, true] {
        let (told, mut found) = mpsc::channel(4);
        let namespace = Namespace::new("/")
            .on_connect(async |s: Socket| Ok(s.join("r").await?))
            .on_disconnecting(async |s: Socket| {
                s.to("r").emit("goodbye", s.id())?;
                Ok(())
            })
            .on("out", async move |s: Socket| {
                s.emit("before", ())?;
                match close {
                    true => s.close(),
                    false => s.disconnect(),
                }
                let is_said = [
                    s.emit("after", ()).is_ok(),
                    s.volatile().emit("after", ()).is_ok(),
                    s.within("r").emit("after", ()).is_ok(),
                    s.to(s.id().clone()).emit("after", ()).is_ok(),
                ];
                let (joining, asking) = (s.join("s"), s.emit_with_ack::<u8>("after", ()));
                let is_there = (s.is_connected(), s.in_room("s"), joining.await.is_ok());
                let _ = told.try_send((is_said, is_there, asking.await));
                Ok(())
            });
        TestHub::run(serving([namespace]), async move |hub| {
            let (stays, goes) = (come(&hub, "/").await, come(&hub, "/").await);
            goes.emit("out", ()).await;
            let nothing = ([false; 4], (false, false, false));
            let (is_said, is_there, asked) = found.recv().await.unwrap();
            assert_eq!((is_said, is_there), nothing, "close: {close}");
            assert_eq!(asked, Err(AckError::Disconnected));
            goes.expect::<()>("before").await;
            goes.expect_nothing().await;
            let _ = goes.expect_disconnect().await;
            assert_eq!(&stays.expect::<SocketId>("goodbye").await, goes.id());
            stays.expect_nothing().await;
        });
    }
}

/// Events that a client sent before it knew that it was put out were handled, with and without middlewares that wait.
#[test]
fn who_is_put_out_is_heard_no_more() {
    for close in [false, true] {
        let heard = Arc::new(AtomicUsize::new(0));
        let count = heard.clone();
        let quiet = Namespace::new("/")
            .on("out", async move |s: Socket| match close {
                true => s.close(),
                false => s.disconnect(),
            })
            .on("count", async move || {
                count.fetch_add(1, Relaxed);
            });
        let count = heard.clone();
        let slow = Namespace::new("/slow")
            .event_middleware(async || tokio::task::yield_now().await)
            .on("out", async |s: Socket| s.disconnect())
            .on("count", async move || {
                count.fetch_add(1, Relaxed);
            });
        TestHub::run(serving([quiet, slow]), async |hub| {
            for name in ["/", "/slow"] {
                let client = come(&hub, name).await;
                // All three before the hub has read one.
                drop(client.emit("count", ()));
                drop(client.emit("out", ()));
                client.emit("count", ()).await;
                assert_eq!(heard.swap(0, Relaxed), 1, "{name}, close: {close}");
            }
        });
    }
}
