//! Namespaces by pattern: whose child a name is, what children share and what they do not, and when they end.

use dondo_actors::message::ChangeCount;
use serde::Deserialize;
use serde_json::{Value, json};

use super::world::{Client, World, run, settle};
use crate::io::{
    Auth, Connecting, Data, Error, Namespace, NamespaceHandle, Path, Socket, State, States,
};

/// Children that say whose they are, and say things in their rooms.
fn orders() -> Namespace {
    Namespace::new("/orders/{order}")
        .on_connect(async |socket: Socket| {
            socket.join("r").await?;
            Ok(())
        })
        .on(
            "which",
            async |Path(order): Path<u64>, nsp: NamespaceHandle| {
                Ok([(order, nsp.name().to_owned())])
            },
        )
        .on("to", async |socket: Socket, Data(text): Data<String>| {
            socket.to("r").emit("said", text)?;
            Ok(())
        })
}

/// What a client in no namespace hears when it asks for one.
async fn refusal(client: &Client, namespace: &str, auth: &str) -> Value {
    client.wire(&format!("0{namespace},{auth}"));
    settle().await;
    let packets = client.packets();
    assert_eq!(packets.len(), 1, "{packets:?}");
    assert_eq!(packets[0].kind, '4', "{packets:?}");
    packets[0].json["message"].clone()
}

/// Children that share rooms, a capture that is not read, or a name that is taken for a child's that is none.
#[test]
fn a_name_that_matches_is_a_child_with_its_captures_and_rooms_of_its_own() {
    run(async {
        let world = World::of([
            orders(),
            Namespace::new("/orders/7").on("which", async || Ok(0)),
        ]);
        let a = world.client_in("/orders/1", "").await;
        let b = world.client_in("/orders/1", "").await;
        let other = world.client_in("/orders/2", "").await;
        let named = world.client_in("/orders/7", "").await;
        let which = a.ask("which", "").await;
        assert_eq!(which, json!([1, "/orders/1"]));
        assert_eq!(named.ask("which", "").await, json!(0));
        a.emit("to", r#""hi""#);
        settle().await;
        assert_eq!(
            [&a, &b, &other].map(|client| client.heard("said").len()),
            [0, 1, 0]
        );
        let long = format!("/orders/{}", "x".repeat(256));
        let control = "/orders/1\u{1b}[2J";
        for name in [
            "/orders",
            "/orders/",
            "/orders/1/2",
            "/orders/{order}",
            "/orders/%31",
            control,
            &long,
        ] {
            let stranger = world.stranger();
            assert_eq!(
                refusal(&stranger, name, "").await,
                "Invalid namespace",
                "{name}"
            );
        }
        // What cannot be read of the name is the event's failure.
        let word = world.client_in("/orders/x", "").await;
        assert_eq!(word.code("which", "").await, "bad_payload");
    });
}

/// A child that outlives its last member, or ends before; a place that is not given back.
#[test]
fn a_child_ends_with_its_last_member_and_its_place_is_free_again() {
    run(async {
        let world = World::of([orders().children_max(2)]);
        let parent = world.namespace("/orders/{order}");
        let a = world.client_in("/orders/1", "").await;
        let b = world.client_in("/orders/1", "").await;
        let c = world.client_in("/orders/2", "").await;
        assert_eq!(parent.children().len(), 2);
        let full = refusal(&world.stranger(), "/orders/3", "").await;
        assert_eq!(full, "Too many namespaces");
        a.hang_up().await;
        assert_eq!(parent.children().len(), 2);
        b.hang_up().await;
        assert_eq!(parent.children().len(), 1);
        // It has the place of the one that ended, and nothing of it.
        let d = world.client_in("/orders/3", "").await;
        d.wire("1/orders/3,");
        settle().await;
        assert_eq!(parent.children().len(), 1);
        let again = world.client_in("/orders/1", "").await;
        assert_eq!(world.namespace("/orders/1").count().await, Ok(1));
        drop((c, again));
    });
}

/// A child that goes although it was to stay.
#[test]
fn a_parent_may_keep_its_children() {
    run(async {
        let world = World::of([orders().keep_empty().children_max(1)]);
        world.client_in("/orders/1", "").await.hang_up().await;
        assert_eq!(world.namespace("/orders/{order}").children().len(), 1);
        let full = refusal(&world.stranger(), "/orders/2", "").await;
        assert_eq!(full, "Too many namespaces");
        world.client_in("/orders/1", "").await;
    });
}

/// A client that makes as many namespaces as it likes.
#[test]
fn one_client_is_in_so_many_children_at_most() {
    run(async {
        let world = World::of([orders(), Namespace::new("/")]);
        let client = world.client().await;
        for order in 0..64 {
            client.wire(&format!("0/orders/{order},"));
            settle().await;
            assert_eq!(client.packets()[0].kind, '0', "{order}");
        }
        let full = refusal(&client, "/orders/64", "").await;
        assert_eq!(full, "Too many namespaces");
        client.wire("1/orders/0,");
        client.wire("0/orders/64,");
        settle().await;
        assert_eq!(client.packets()[0].kind, '0');
    });
}

#[derive(Deserialize)]
struct Key {
    key: String,
}

/// A predicate that is not asked, whose failure lets somebody in, or after which no other pattern is tried.
#[test]
fn a_predicate_says_whether_there_is_a_child_and_the_next_pattern_is_tried() {
    run(async {
        let known = Namespace::new("/{tenant}")
            .when(
                async |Path(tenant): Path<String>,
                       Auth(key): Auth<Key>,
                       State(known): State<Vec<String>>| {
                    tokio::task::yield_now().await;
                    known.contains(&tenant) && key.key == "a"
                },
            )
            .middleware(async |client: Connecting| match client.namespace() {
                "/b" => Err(Error::new("closed", "come back tomorrow")),
                _ => Ok(()),
            })
            .on("which", async || Ok("known"));
        let any = Namespace::new("/{name:[a-m]}").on("which", async || Ok("any"));
        let mut states = States::default();
        states.add(std::sync::Arc::new(vec![
            "a".to_owned(),
            "b".to_owned(),
            "z".to_owned(),
        ]));
        let world = World::start([known, any], states, None);
        let which =
            async |name: &str, auth: &str| world.client_in(name, auth).await.ask("which", "").await;
        assert_eq!(which("/a", r#"{"key":"a"}"#).await, "known");
        assert_eq!(which("/a", r#"{"key":"b"}"#).await, "any");
        // What it is asked with cannot be read: there is no such namespace for this client.
        assert_eq!(which("/a", r#"{"key":1}"#).await, "any");
        assert_eq!(which("/c", r#"{"key":"a"}"#).await, "any");
        let stranger = world.stranger();
        for (name, auth, expected) in [
            ("/z", r#"{"key":"b"}"#, "Invalid namespace"),
            ("/y", r#"{"key":"a"}"#, "Invalid namespace"),
            ("/b", r#"{"key":"a"}"#, "come back tomorrow"),
        ] {
            assert_eq!(refusal(&stranger, name, auth).await, expected, "{name}");
        }
    });
}

/// A broadcast of a parent that misses a child or its rooms, a list that shows a socket in another one's namespace, pages that
/// leave somebody out.
#[test]
fn a_parent_is_all_its_children() {
    run(async {
        let world = World::of([orders(), Namespace::new("/")]);
        let aside = world.client().await;
        let mut all = Vec::new();
        for order in [1, 2, 1, 3] {
            all.push(world.client_in(&format!("/orders/{order}"), "").await);
        }
        let parent = world.namespace("/").of("/orders/{order}").unwrap();
        let delivered = parent.to("r").emit("all", 1).unwrap().await.unwrap();
        assert_eq!(delivered.recipients, 4);
        settle().await;
        assert!(all.iter().all(|client| client.heard("all") == [json!(1)]));
        assert_eq!(aside.heard("all").len(), 0);
        assert_eq!(parent.count().await, Ok(4));
        let mut page = parent.fetch_sockets().limit(3).await.unwrap();
        let mut sockets = std::mem::take(&mut page.sockets);
        assert_eq!(sockets.len(), 3);
        page = parent
            .fetch_sockets()
            .limit(3)
            .after(page.next.unwrap())
            .await
            .unwrap();
        sockets.extend(page.sockets);
        let ids: Vec<_> = sockets
            .iter()
            .map(|socket| socket.id().to_string())
            .collect();
        let expected: Vec<_> = all.iter().map(|client| client.id.clone()).collect();
        assert_eq!(ids, expected);
        sockets[3].emit("you", ()).unwrap().await.unwrap();
        settle().await;
        let heard: Vec<usize> = all.iter().map(|client| client.heard("you").len()).collect();
        assert_eq!(heard, [0, 0, 0, 1]);
        let moved = parent.sockets_join("late").await.unwrap();
        let ChangeCount { done, failed } = moved;
        assert_eq!((done, failed), (4, 0));
        let late = parent.to("late").except("r").count().await;
        assert_eq!((late, parent.to("late").count().await), (Ok(0), Ok(4)));
        parent.disconnect_sockets().await.unwrap();
        settle().await;
        assert_eq!((parent.children().len(), parent.count().await), (0, Ok(0)));
        assert!(world.namespace("/").of("/orders/9").is_ok());
        assert!(world.namespace("/").of("/order/9").is_err());
    });
}

/// What is said in a namespace that nobody is in is an error, or makes it.
#[test]
fn what_is_said_to_a_child_that_is_not_there_is_heard_by_nobody() {
    run(async {
        let world = World::of([orders()]);
        let nowhere = world.namespace("/orders/9");
        let delivered = nowhere.emit("all", ()).unwrap().await.unwrap();
        assert_eq!(delivered.recipients, 0);
        assert_eq!(nowhere.count().await, Ok(0));
        let acks = nowhere
            .broadcast()
            .emit_with_ack::<Value>("all", (), std::time::Duration::MAX);
        assert!(acks.unwrap().all().await.unwrap().answers.is_empty());
        assert!(world.namespace("/orders/{order}").children().is_empty());
    });
}

/// Fails if a parent of more children than a hub has places for requests can be neither counted nor emptied, or if what nobody
/// waits for is done in some of them alone.
#[test]
fn a_parent_of_many_children_is_asked_at_once_and_as_one() {
    run(async {
        let world = World::of([orders()]);
        let clients: Vec<Client> = (0..17).map(|_| world.stranger()).collect();
        for (client, orders) in clients.iter().zip((0..).step_by(64)) {
            for order in orders..orders + 64 {
                client.wire(&format!("0/orders/{order},"));
            }
            settle().await;
            let connected = client.packets().into_iter();
            let connected = connected.filter(|packet| packet.kind == '0');
            assert_eq!(connected.count(), 64);
        }
        let parent = world.namespace("/orders/{order}");
        let counts = tokio::join!(parent.count(), parent.count());
        assert_eq!(counts, (Ok(17 * 64), Ok(17 * 64)));
        let first = parent.fetch_sockets().limit(usize::MAX).await.unwrap();
        let rest = parent.fetch_sockets().after(first.next.unwrap());
        let rest = rest.limit(usize::MAX).await.unwrap();
        let pages = [&first, &rest].map(|page| page.sockets.len());
        assert_eq!((pages, rest.next), ([1000, 88], None));
        drop(parent.sockets_join("late"));
        settle().await;
        assert_eq!(parent.to("late").count().await, Ok(17 * 64));
        drop(parent.close_sockets());
        settle().await;
        assert_eq!(parent.count().await, Ok(0));
    });
}
