//! What is done with sockets from elsewhere: by the host, or by one socket with others.

use std::{sync::atomic::Ordering, time::Duration};

use dondo_actors::{error::CloseReason, id::MemberId};
use futures_util::FutureExt;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::world::{Client, World, run, settle};
use crate::io::{Data, Namespace, NamespaceHandle, RoomName, Socket};

const LIMIT: Duration = Duration::from_secs(1);

/// Clients that join rooms and say what others see of them.
fn namespace() -> Namespace {
    Namespace::new("/")
        .on("join", async |s: Socket, Data(room): Data<RoomName>| {
            s.join(room).await?;
            Ok(())
        })
        .on("data", async |s: Socket, Data(data): Data<Value>| {
            s.set_data(data)?;
            Ok(())
        })
        .on("leave us", async |s: Socket, Data(close): Data<bool>| {
            s.emit("bye", ())?;
            match close {
                true => s.close(),
                false => s.disconnect(),
            }
            Ok(())
        })
}

async fn three(world: &World) -> [Client; 3] {
    let all = [
        world.client().await,
        world.client().await,
        world.client().await,
    ];
    all[0].ask("join", r#""r""#).await;
    all[1].ask("join", r#""r""#).await;
    all[1].ask("join", "7").await;
    all
}

async fn heard(all: &[Client; 3], name: &str) -> [usize; 3] {
    settle().await;
    [&all[0], &all[1], &all[2]].map(|client| client.heard(name).len())
}

async fn ids(of: &NamespaceHandle) -> Vec<String> {
    let page = of.fetch_sockets().await.unwrap();
    let sockets = page.sockets.iter();
    sockets.map(|socket| socket.id().to_string()).collect()
}

/// Pages that leave somebody out, count somebody twice, or show others' rooms.
#[test]
fn the_host_counts_and_lists_who_is_in_with_rooms_and_data() {
    run(async {
        let world = World::of([namespace()]);
        let all = three(&world).await;
        let of = world.namespace("/");
        all[2].ask("data", r#"{"nick":"Ama"}"#).await;
        assert_eq!(of.count().await, Ok(3));
        assert_eq!(of.to("r").count().await, Ok(2));
        let third = all[2].id.clone();
        let third = MemberId::new(third);
        // Who is named by his id and in the room is one.
        let second = MemberId::new(all[1].id.clone());
        assert_eq!(of.to("r").to(&third).to(&second).count().await, Ok(3));
        assert_eq!(of.to([&third, &third]).count().await, Ok(1));
        assert_eq!(of.except("r").count().await, Ok(1));
        let first = of.fetch_sockets().limit(2).await.unwrap();
        let rest = of.fetch_sockets().after(first.next.unwrap());
        let rest = rest.await.unwrap();
        assert_eq!((first.sockets.len(), rest.sockets.len()), (2, 1));
        assert!(rest.next.is_none());
        assert_eq!(ids(&of).await, [0, 1, 2].map(|n| all[n].id.clone()));
        let rooms: Vec<_> = first.sockets[1]
            .rooms()
            .map(|room| room.to_string())
            .collect();
        assert_eq!(rooms, ["7", "r"]);
        let data = rest.sockets[0].data::<Value>().unwrap();
        assert_eq!(data, json!({"nick": "Ama"}));
        assert_eq!(first.sockets[0].data::<Value>().unwrap(), Value::Null);
    });
}

/// Fails if those who are named by their ids are beyond what a page holds, or on no page, or on two.
#[test]
fn who_is_named_by_id_is_on_a_page_like_the_others() {
    run(async {
        let world = World::of([namespace()]);
        let mut all = Vec::new();
        for number in 0..7 {
            all.push(world.client().await);
            if number % 2 == 1 {
                all[number].ask("join", r#""r""#).await;
            }
        }
        let of = world.namespace("/");
        let named = [0, 3, 4, 6].map(|n| MemberId::new(all[n].id.clone()));
        for (limit, sizes) in [(0, vec![1; 6]), (2, vec![2, 2, 2]), (4, vec![4, 2])] {
            let fetch = of.to("r").to(&named[..]).fetch_sockets().limit(limit);
            let (mut next, mut seen, mut pages) = (Some(fetch.clone()), Vec::new(), Vec::new());
            while let Some(fetched) = next {
                let page = fetched.await.unwrap();
                pages.push(page.sockets.len());
                let sockets = page.sockets.iter();
                seen.extend(sockets.map(|socket| socket.id().to_string()));
                next = page.next.map(|next| fetch.clone().after(next));
            }
            assert_eq!(pages, sizes, "{limit}");
            let expected = [0, 1, 3, 4, 5, 6].map(|n| all[n].id.clone());
            assert_eq!(seen, expected, "{limit}");
        }
        let nobody = of.to([] as [RoomName; 0]).fetch_sockets().await.unwrap();
        assert!(nobody.sockets.is_empty() && nobody.next.is_none());
    });
}

/// What is said after a join from afar missed whom it had made join.
#[test]
fn the_host_makes_sockets_join_and_leave_and_what_it_says_next_finds_them_so() {
    run(async {
        let world = World::of([namespace()]);
        let all = three(&world).await;
        let of = world.namespace("/");
        let joined = of.to("r").sockets_join(["s", "t"]).await.unwrap();
        assert_eq!((joined.done, joined.failed), (2, 0));
        of.to(["s", "t"]).emit("m", ()).unwrap().await.unwrap();
        assert_eq!(heard(&all, "m").await, [1, 1, 0]);
        of.to("7").sockets_leave("s").await.unwrap();
        of.to("s").emit("m", ()).unwrap().await.unwrap();
        assert_eq!(heard(&all, "m").await, [1, 0, 0]);
        let socket = &of.fetch_sockets().await.unwrap().sockets[2];
        socket.join("s").await.unwrap();
        socket.emit("alone", 1).unwrap();
        of.to("s").emit("m", ()).unwrap().await.unwrap();
        assert_eq!(all[2].heard("alone"), [json!(1)]);
        assert_eq!(heard(&all, "m").await, [1, 0, 0]);
    });
}

/// Fails if what nobody waits for is done by the first of those who are named alone.
#[test]
fn an_operation_that_is_dropped_goes_on_for_all_of_them() {
    run(async {
        let world = World::of([namespace()]);
        let mut all = Vec::new();
        for _ in 0..100 {
            all.push(world.client().await);
        }
        let of = world.namespace("/");
        let ids: Vec<_> = all
            .iter()
            .map(|client| MemberId::new(client.id.clone()))
            .collect();
        drop(of.to(&ids).sockets_join("s"));
        settle().await;
        assert_eq!(of.to("s").count().await, Ok(100));
        drop(of.to(&ids).disconnect_sockets());
        settle().await;
        assert_eq!(of.count().await, Ok(0));
    });
}

#[test]
fn a_client_is_put_out_of_its_namespace_or_altogether_behind_what_was_said() {
    run(async {
        let world = World::of([namespace()]);
        let all = three(&world).await;
        let of = world.namespace("/");
        let kinds = |client: &Client| -> String {
            let packets = client.packets().into_iter();
            packets.map(|packet| packet.kind).collect()
        };
        all[0].emit("leave us", "false");
        all[1].emit("leave us", "true");
        settle().await;
        assert_eq!((kinds(&all[0]), kinds(&all[1])), ("21".into(), "21".into()));
        assert_eq!(all[0].ended(), None);
        assert!(all[1].ended().is_some());
        let put_out = of.disconnect_sockets().await.unwrap();
        assert_eq!(put_out.done, 1);
        settle().await;
        assert_eq!(kinds(&all[2]), "1");
        assert_eq!(of.count().await, Ok(0));
    });
}

/// Fails if clients that are closed from elsewhere keep their connection or another namespace on it, if those that are put out lose
/// theirs, or if somebody else is.
#[test]
fn clients_are_put_out_or_closed_from_elsewhere_and_the_others_stay() {
    run(async {
        let world = World::of([namespace(), Namespace::new("/other")]);
        let (all, other) = (three(&world).await, world.namespace("/other"));
        for client in &all {
            client.wire("0/other,");
            settle().await;
            client.packets();
        }
        let ids = [0, 1].map(|at| crate::SocketId::new(all[at].id.clone()));
        let of = world.namespace("/");
        assert_eq!(of.to(&ids[0]).disconnect_sockets().await.unwrap().done, 1);
        settle().await;
        assert_eq!((of.count().await, other.count().await), (Ok(2), Ok(3)));
        assert_eq!(all[0].ended(), None);
        assert_eq!(of.to(&ids[1]).close_sockets().await.unwrap().done, 1);
        settle().await;
        assert_eq!((of.count().await, other.count().await), (Ok(1), Ok(2)));
        assert_eq!(all[1].ended(), Some(CloseReason::ForcedClose));
        assert_eq!(of.close_sockets().await.unwrap().done, 1);
        settle().await;
        assert_eq!((of.count().await, other.count().await), (Ok(0), Ok(1)));
        assert!(all[2].ended().is_some());
        assert_eq!(all[0].ended(), None, "it is not in the namespace any more");
    });
}

/// A letter to many was encoded once for each, or its answers were another letter's.
#[test]
fn many_answer_one_letter_and_who_does_not_is_told() {
    run(async {
        let world = World::of([namespace().on("ask the others", async |s: Socket| {
            let all = s.broadcast().emit_with_ack::<u8>("question", "?", LIMIT)?;
            let all = all.all().await?;
            Ok((all.answers.len(), all.silent.len()))
        })]);
        let all = three(&world).await;
        let of = world.namespace("/");
        let answer = |client: &Client, data: &str| {
            let question = client.packets().remove(0);
            assert_eq!(question.json, json!(["question", "?"]));
            client.wire(&format!("3{}[{data}]", question.number.unwrap()));
        };
        let encoded = || world.encoded[0].load(Ordering::Relaxed);
        let before = encoded();
        let mut acks = of
            .broadcast()
            .emit_with_ack::<u8>("question", "?", LIMIT)
            .unwrap();
        settle().await;
        answer(&all[1], "5");
        let (id, value) = acks.next().await.unwrap().unwrap();
        assert_eq!((id.as_str(), value), (&*all[1].id, Ok(5)));
        answer(&all[0], r#""no number""#);
        let rest = acks.all().await.unwrap();
        assert_eq!(rest.silent.len(), 1);
        assert_eq!(rest.silent[0].as_str(), all[2].id);
        assert!(rest.answers[0].1.is_err());
        assert_eq!(encoded() - before, 1);
        all[2].packets();
        all[0].packets();
        all[0].wire(r#"29["ask the others"]"#);
        settle().await;
        answer(&all[1], "1");
        sleep(LIMIT).await;
        settle().await;
        assert_eq!(all[0].packets()[0].json, json!([1, 1]));
    });
}

#[test]
fn one_client_is_told_asked_and_moved_from_elsewhere() {
    run(async {
        let world = World::of([namespace()]);
        let all = three(&world).await;
        let of = world.namespace("/");
        let sockets = of.fetch_sockets().await.unwrap().sockets;
        let asked = sockets[0].emit_with_ack::<(u8, u8)>("question", (), LIMIT);
        settle().await;
        let question = all[0].packets().remove(0);
        all[0].wire(&format!("3{}[1,2]", question.number.unwrap()));
        assert_eq!(asked.await, Ok((1, 2)));
        sockets[0].emit("alone", 1).unwrap().await.unwrap();
        assert_eq!(all[0].heard("alone"), [json!(1)]);
        sockets[0].join("s").await.unwrap();
        assert_eq!(of.to("s").count().await, Ok(1));
        sockets[0].leave("s").await.unwrap();
        assert_eq!(of.to("s").count().await, Ok(0));
        let asked = sockets[1].emit_with_ack::<u8>("question", (), LIMIT);
        assert!(asked.await.unwrap_err().to_string().contains("in time"));
    });
}

/// Whoever gave up waiting for the first answer lost all of them.
#[test]
fn answers_are_still_there_for_who_stops_waiting_and_goes_on() {
    run(async {
        let world = World::of([namespace()]);
        let all = three(&world).await;
        let of = world.namespace("/");
        let acks = of.broadcast().emit_with_ack::<u8>("question", "?", LIMIT);
        let mut acks = acks.unwrap();
        drop(acks.next().now_or_never());
        settle().await;
        for client in &all {
            let question = client.packets().remove(0);
            client.wire(&format!("3{}[1]", question.number.unwrap()));
        }
        assert_eq!(acks.all().await.unwrap().answers.len(), 3);
    });
}

/// Fails if one that says nothing holds back what others answer, those who are named by their ids or the children of a parent.
#[test]
fn answers_are_told_as_they_come_whoever_is_silent() {
    run(async {
        let world = World::of([namespace(), Namespace::new("/orders/{order}")]);
        let named = three(&world).await;
        let ids = [0, 1, 2].map(|n| MemberId::new(named[n].id.clone()));
        let children = [
            world.client_in("/orders/1", "").await,
            world.client_in("/orders/2", "").await,
            world.client_in("/orders/3", "").await,
        ];
        let parent = world.namespace("/orders/{order}");
        for (clients, to) in [
            (&named, world.namespace("/").to(&ids[..])),
            (&children, parent.broadcast()),
        ] {
            for order in [[0, 1, 2], [2, 1, 0]] {
                let acks = to.clone().emit_with_ack::<usize>("question", "?", LIMIT);
                let mut acks = acks.unwrap();
                settle().await;
                let [first, second, silent] = order;
                for answers in [first, second] {
                    let client = &clients[answers];
                    let question = client.packets().remove(0);
                    client.answer(question.number.unwrap(), &answers.to_string());
                    settle().await;
                    let told = acks.next().now_or_never().expect("it is here already");
                    let (id, value) = told.unwrap().unwrap();
                    assert_eq!((id.as_str(), value), (&*client.id, Ok(answers)));
                }
                clients[silent].packets();
                let rest = acks.all().await.unwrap();
                assert_eq!(rest.silent.len(), 1);
                assert_eq!(rest.silent[0].as_str(), clients[silent].id);
            }
        }
    });
}
