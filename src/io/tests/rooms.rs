//! Whom what is said reaches, and in which order.

use dondo_actors::id::MemberId;
use serde_json::json;

use super::world::{Client, World, run, settle};
use crate::io::{Ack, Data, Error, Socket, Target};

/// A world whose clients steer their own socket.
fn world(namespaces: &[&str]) -> World {
    let world = World::bare(namespaces);
    for namespace in namespaces {
        let of = world.io.of(namespace).unwrap();
        of.on_connect(|socket: Socket| async move {
            socket.on(
                "join",
                |s: Socket, Data(room): Data<String>, ack: Ack| async move {
                    s.join(room).await?;
                    ack.ok(&s.rooms())
                },
            );
            socket.on(
                "leave",
                |s: Socket, Data(room): Data<String>, ack: Ack| async move {
                    s.leave(room).await;
                    ack.ok(&s.rooms())
                },
            );
            socket.on(
                "to",
                |s: Socket, Data(rooms): Data<Vec<String>>| async move {
                    let first = s.to(&rooms[0]);
                    let all = rooms[1..].iter().fold(first, |to, room| to.to(room));
                    all.emit("m", &rooms).await
                },
            );
            socket.on("within", |s: Socket, Data(room): Data<String>| async move {
                s.within(room).emit("m", &()).await
            });
            socket.on("except", |s: Socket, Data(room): Data<String>| async move {
                s.except(room).emit("m", &()).await
            });
            socket.on("all", |s: Socket| async move {
                s.broadcast().emit("m", &()).await
            });
            socket.on("client", |s: Socket, Data(id): Data<String>| async move {
                s.to(MemberId::new(id)).emit("m", &()).await
            });
            Ok(())
        })
        .unwrap();
    }
    world
}

/// How many of the events `m` each got.
fn counts(clients: &[&Client]) -> Vec<usize> {
    clients
        .iter()
        .map(|client| client.heard("m").len())
        .collect()
}

/// What the server says through a namespace reaches its own rooms only, in the order said; who waits for it is told.
#[test]
fn a_namespace_says_something_without_a_socket() {
    run(async {
        let world = world(&["/", "/other"]);
        let (a, b) = (world.client().await, world.client().await);
        a.ask("join", r#""r""#).await;
        b.ask("join", r#""r""#).await;
        b.ask("join", r#""q""#).await;
        let (all, of) = ([&a, &b], world.io.of("/").unwrap());
        for (said, expected) in [
            (of.broadcast(), [1, 1]),
            (of.to("r").to("q"), [1, 1]),
            (of.to("q"), [0, 1]),
            (of.to("r").except("q"), [1, 0]),
            (of.except("r"), [0, 0]),
            (world.io.of("/other").unwrap().broadcast(), [0, 0]),
        ] {
            said.emit("m", &()).await.unwrap();
            settle().await;
            assert_eq!(counts(&all), expected);
        }
        drop(of.to("r").emit("m", &1));
        drop(of.broadcast().emit("m", &2));
        settle().await;
        assert_eq!(a.heard("m"), [json!(1), json!(2)]);
        let reserved = of.broadcast().emit("disconnect", &()).await;
        assert!(matches!(reserved, Err(Error::Content(_))), "{reserved:?}");
    });
}

#[test]
fn an_address_reaches_its_members_once_and_not_the_sender() {
    run(async {
        let world = world(&["/"]);
        let (a, b, c) = (
            world.client().await,
            world.client().await,
            world.client().await,
        );
        assert_eq!(a.ask("join", r#""r""#).await, json!(["r"]));
        b.ask("join", r#""r""#).await;
        b.ask("join", r#""q""#).await;
        let all = [&a, &b, &c];
        for (event, args, expected) in [
            ("to", r#"["r"]"#, [0, 1, 0]),
            ("to", r#"["r","q"]"#, [0, 1, 0]),
            ("to", r#"["nobody"]"#, [0, 0, 0]),
            ("within", r#""r""#, [1, 1, 0]),
            ("except", r#""q""#, [0, 0, 1]),
            ("all", "", [0, 1, 1]),
        ] {
            a.emit(event, args);
            settle().await;
            assert_eq!(counts(&all), expected, "{event} {args}");
        }
        assert_eq!(b.ask("leave", r#""r""#).await, json!(["q"]));
        a.emit("to", r#"["r"]"#);
        settle().await;
        assert_eq!(counts(&all), [0, 0, 0]);
    });
}

#[test]
fn a_client_is_reached_by_its_id_and_not_by_a_room_of_that_name() {
    run(async {
        let world = world(&["/"]);
        let (a, b, spy) = (
            world.client().await,
            world.client().await,
            world.client().await,
        );
        spy.ask("join", &format!("{:?}", b.id)).await;
        a.emit("client", &format!("{:?}", b.id));
        settle().await;
        assert_eq!(counts(&[&a, &b, &spy]), [0, 1, 0]);
        assert_ne!(Target::from("x"), Target::from(MemberId::new("x")));
    });
}

#[test]
fn the_same_room_name_in_two_namespaces_is_two_rooms() {
    run(async {
        let world = world(&["/", "/news"]);
        let (a, b) = (world.client().await, world.client_in("/news", "").await);
        a.ask("join", r#""r""#).await;
        b.ask("join", r#""r""#).await;
        a.emit("within", r#""r""#);
        settle().await;
        assert_eq!(counts(&[&a, &b]), [1, 0]);
    });
}

#[test]
fn what_one_socket_says_arrives_in_its_order_whichever_way_it_goes() {
    run(async {
        let world = World::bare(&["/"]);
        let root = world.io.of("/").unwrap();
        root.on_connect(|socket: Socket| async move {
            socket.join("r").await?;
            socket.on("go", |s: Socket, Data(id): Data<String>| async move {
                let id = MemberId::new(id);
                // None is waited for: the order is that of the calls.
                for n in 0..50_u8 {
                    drop(s.within("r").emit("n", &(4 * n)));
                    drop(s.to(&id).emit("n", &(4 * n + 1)));
                    drop(s.broadcast().emit("n", &(4 * n + 2)));
                    drop(s.join(format!("new {n}")));
                    drop(s.to("r").to("q").emit("n", &(4 * n + 3)));
                }
            });
            Ok(())
        })
        .unwrap();
        let (a, b) = (world.client().await, world.client().await);
        a.emit("go", &format!("{:?}", b.id));
        settle().await;
        settle().await;
        assert_eq!(b.heard("n"), (0..200).collect::<Vec<_>>());
    });
}
