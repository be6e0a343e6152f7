//! Whom what is said reaches, and in which order.

use dondo_actors::id::{MemberId, MemberId as SocketId};
use serde_json::json;

use super::world::{Client, World, run, settle};
use crate::io::{Data, EmitError, Namespace, Rest, RoomName, Socket, Target};

/// A world whose clients steer their own socket.
fn world(namespaces: &[&str]) -> World {
    World::of(namespaces.iter().map(|name| {
        Namespace::new(*name)
            .on("join", async |s: Socket, Data(room): Data<RoomName>| {
                s.join(&room).await?;
                Ok(s.rooms())
            })
            .on("leave", async |s: Socket, Data(room): Data<RoomName>| {
                s.leave(room).await;
                Ok(s.rooms())
            })
            .on("to", async |s: Socket, Data(rooms): Data<Vec<String>>| {
                s.to(&rooms).emit("m", &rooms)?.await?;
                Ok(())
            })
            .on("within", async |s: Socket, Data(room): Data<String>| {
                s.within(room).emit("m", ())?.await?;
                Ok(())
            })
            .on("except", async |s: Socket, Data(room): Data<String>| {
                s.except(room).emit("m", ())?.await?;
                Ok(())
            })
            .on("all", async |s: Socket| {
                s.broadcast().emit("m", ())?.await?;
                Ok(())
            })
            .on("client", async |s: Socket, Data(id): Data<SocketId>| {
                s.to(id).emit("m", ())?.await?;
                Ok(())
            })
            .on(
                "clients",
                async |s: Socket, Data(ids): Data<Vec<SocketId>>| {
                    s.to(&ids).emit("m", ())?.await?;
                    Ok(())
                },
            )
    }))
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
        let (all, of) = ([&a, &b], world.namespace("/"));
        for (said, expected) in [
            (of.broadcast(), [1, 1]),
            (of.to("r").to("q"), [1, 1]),
            (of.to(["r", "q"]), [1, 1]),
            (of.to("q"), [0, 1]),
            (of.to("r").except("q"), [1, 0]),
            (of.except("r"), [0, 0]),
            (world.namespace("/other").broadcast(), [0, 0]),
        ] {
            said.emit("m", ()).unwrap().await.unwrap();
            settle().await;
            assert_eq!(counts(&all), expected);
        }
        of.to("r").emit("m", 1).unwrap();
        of.emit("m", 2).unwrap();
        settle().await;
        assert_eq!(a.heard("m"), [json!(1), json!(2)]);
        let reserved = of.emit("disconnect", ()).map(drop);
        assert_eq!(reserved, Err(EmitError::ReservedName("disconnect".into())));
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
        let c = world.client().await;
        a.emit("clients", &format!("[{:?},{:?},{:?}]", b.id, c.id, b.id));
        settle().await;
        assert_eq!(counts(&[&a, &b, &spy, &c]), [0, 1, 0, 1]);
        // Who names itself is meant, as whoever is.
        a.emit("client", &format!("{:?}", a.id));
        settle().await;
        assert_eq!(counts(&[&a, &b, &spy, &c]), [1, 0, 0, 0]);
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
        let namespace = Namespace::new("/")
            .on_connect(async |socket: Socket| Ok(socket.join("r").await?))
            .on("go", async |s: Socket, Data(id): Data<SocketId>| {
                // None is waited for: the order is that of the calls.
                for n in 0..50_u8 {
                    s.within("r").emit("n", 4 * n)?;
                    s.to(&id).emit("n", 4 * n + 1)?;
                    s.broadcast().emit("n", 4 * n + 2)?;
                    s.join(format!("new {n}"));
                    s.to(["r", "q"]).emit("n", 4 * n + 3)?;
                }
                Ok(())
            });
        let world = World::of([namespace]);
        let (a, b) = (world.client().await, world.client().await);
        a.emit("go", &format!("{:?}", b.id));
        settle().await;
        settle().await;
        assert_eq!(b.heard("n"), (0..200).collect::<Vec<_>>());
    });
}

/// A room that was joined by a number came back as text, or was another one than that of the same text.
#[test]
fn a_room_is_named_by_a_number_as_well_and_its_name_comes_back_as_it_was_sent() {
    run(async {
        let namespace =
            Namespace::new("/").on("join", async |s: Socket, Data(room): Data<RoomName>| {
                s.join(&room).await?;
                Ok((room, s.in_room("3946")))
            });
        let world = World::of([namespace]);
        let client = world.client().await;
        for sent in ["3946", r#""3946""#, r#""lobby""#] {
            let name = client.ask("join", sent).await;
            assert_eq!(name.to_string(), sent);
        }
        assert_eq!(client.code("join", "1.5").await, "bad_payload");
    });
}

/// An empty list of rooms was everybody.
#[test]
fn to_nobody_is_nobody_and_a_delivery_tells_how_many_heard_it() {
    run(async {
        let namespace = Namespace::new("/")
            .on("join", async |s: Socket, Data(room): Data<i64>| {
                s.join(room).await?;
                Ok(())
            })
            .on("tell", async |s: Socket, Rest(rooms): Rest<RoomName>| {
                Ok(s.to(rooms).emit("m", ())?.await?.recipients)
            })
            .on("client", async |s: Socket, Data(id): Data<SocketId>| {
                Ok(s.to(id).emit("m", ())?.await?.recipients)
            })
            .on("elsewhere", async |s: Socket, Data(name): Data<String>| {
                let of = s.namespace().of(&name)?;
                Ok(of.emit("m", ())?.await?.recipients)
            });
        let world = World::of([namespace, Namespace::new("/other")]);
        let (a, b) = (world.client().await, world.client().await);
        let _other = world.client_in("/other", "").await;
        for client in [&a, &b] {
            client.ask("join", "1").await;
        }
        b.ask("join", "2").await;
        for (event, args, expected) in [
            ("tell", "".to_owned(), 0),
            ("tell", "1".to_owned(), 1),
            ("tell", r#"1,"2""#.to_owned(), 1),
            ("tell", "3".to_owned(), 0),
            ("client", format!("{:?}", b.id), 1),
            ("client", r#""gone""#.to_owned(), 0),
            ("elsewhere", r#""/""#.to_owned(), 2),
            ("elsewhere", r#""/other""#.to_owned(), 1),
        ] {
            assert_eq!(a.ask(event, &args).await, expected, "{event} {args}");
        }
        assert_eq!(a.code("elsewhere", r#""/none""#).await, "unknown_namespace");
    });
}

/// What is volatile waits behind other things, is kept for later, or is dropped although its reader keeps up.
#[test]
fn what_is_volatile_is_for_those_for_whom_nothing_waits() {
    run(async {
        let namespace = Namespace::new("/")
            .on_connect(async |s: Socket| {
                s.join("r").await?;
                Ok(())
            })
            .on("move", async |s: Socket, Data(n): Data<u64>| {
                s.to("r").volatile().emit("moved", n)?;
                Ok(())
            })
            .on("me", async |s: Socket, Data(n): Data<u64>| {
                s.volatile().emit("moved", n)?;
                Ok(())
            });
        let world = World::of([namespace]);
        let (a, b, c) = (
            world.client().await,
            world.client().await,
            world.client().await,
        );
        let all = world.namespace("/");
        let to_b = all.to(MemberId::new(&*b.id)).emit("first", ());
        assert_eq!(to_b.unwrap().await.unwrap().recipients, 1);
        a.emit("move", "1");
        settle().await;
        a.emit("move", "2");
        settle().await;
        assert_eq!(b.names(), ["first"]);
        assert_eq!(c.heard("moved"), [json!(1)]);
        // They keep up now.
        let told = all.to("r").volatile().emit("moved", 3).unwrap().await;
        assert_eq!(told.unwrap().recipients, 3);
        let told = all.broadcast().volatile().emit("moved", 4).unwrap().await;
        assert_eq!(told.unwrap().recipients, 0);
        for client in [&a, &b, &c] {
            assert_eq!(client.heard("moved"), [json!(3)]);
        }
        b.emit("me", "5");
        settle().await;
        b.emit("me", "6");
        settle().await;
        assert_eq!(b.heard("moved"), [json!(5)]);
    });
}
