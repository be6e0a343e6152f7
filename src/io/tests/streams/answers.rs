//! Answers that come in items.

use std::{cell::Cell, time::Duration};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream as of};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::{
    super::world::{HubClient, World, run, settle},
    call, settled, stream, told,
};
use crate::io::{Blob, Data, Error, Items, Namespace, Result, Socket};

thread_local! {
    static POLLED: Cell<usize> = const { Cell::new(0) };
    static DROPPED: Cell<usize> = const { Cell::new(0) };
}

struct Counted;

impl Drop for Counted {
    fn drop(&mut self) {
        DROPPED.set(DROPPED.get() + 1);
    }
}

/// Numbers without an end, one after each pause; counts how many were asked for, and the streams that were dropped.
fn numbers(pause: Duration) -> impl Stream<Item = Result<usize>> {
    of::unfold((0, Counted), move |(number, counted)| async move {
        if !pause.is_zero() {
            sleep(pause).await;
        }
        POLLED.set(POLLED.get() + 1);
        Some((Ok(number), (number + 1, counted)))
    })
}

fn namespace() -> Namespace {
    Namespace::new("/")
        .on("plain", async || Ok(1))
        .on("count", async |Data(to): Data<u32>| {
            Items::new(of::iter(0..to).map(Result::Ok))
        })
        .on("clock", async || Ok(Items::new(numbers(SECOND))))
        .on("late", async || {
            sleep(SECOND).await;
            Ok(Items::new(numbers(Duration::ZERO)))
        })
        .on("endless", async || Items::new(numbers(Duration::ZERO)))
        .on("pairs", async || {
            Items::new(of::iter([Ok((1, "a")), Ok((2, "b"))]))
        })
        .on("fails", async || {
            let full = || Error::new("room_full", "2 are in");
            Items::new(of::iter([Ok(1), Err(full()), Ok(2)]))
        })
        .on("panics", async || {
            Items::new(of::iter(0..3).map(|item| match item {
                2 => panic!("planted: a stream panics"),
                item => Ok(item),
            }))
        })
        .on("blobs", async || {
            let blob = |byte| Ok((byte, Blob(Bytes::copy_from_slice(&[byte]))));
            Items::new(of::iter([blob(1), blob(2)]))
        })
}

const SECOND: Duration = Duration::from_secs(1);
const FAILED: &str = "An error occurred on the server while streaming results.";

fn cancel(client: &HubClient, id: &str) {
    client.say(&json!({"type": 5, "invocationId": id}).to_string());
}

/// Fails if items wait for the last one, or an item that is a tuple is taken for several.
#[test]
fn items_come_when_they_are_there_and_then_the_end() {
    run(async {
        let world = World::of([namespace()]);
        let client = world.hub_client().await;
        stream(&client, "a", "count", json!([3]));
        let end = json!({"end": null});
        let expected = [json!(0), json!(1), json!(2), end.clone()];
        assert_eq!(settled(&client, "a").await, expected);
        stream(&client, "a", "pairs", json!([]));
        let expected = [json!([1, "a"]), json!([2, "b"]), end.clone()];
        assert_eq!(settled(&client, "a").await, expected);
        stream(&client, "a", "clock", json!([]));
        for number in 0..3 {
            assert_eq!(settled(&client, "a").await, [] as [Value; 0]);
            sleep(SECOND).await;
            assert_eq!(told(&client, "a"), [json!(number)]);
        }
    });
}

/// Fails if a cancel is another stream's, does not drop the stream, or leaves the call open.
#[test]
fn a_client_that_cancels_is_told_the_end_and_the_stream_is_dropped() {
    run(async {
        let world = World::of([namespace()]);
        let client = world.hub_client().await;
        stream(&client, "1", "clock", json!([]));
        stream(&client, "2", "clock", json!([]));
        settle().await;
        cancel(&client, "1");
        assert_eq!(settled(&client, "1").await, [json!({"end": null})]);
        assert_eq!(DROPPED.get(), 1);
        cancel(&client, "1");
        sleep(SECOND).await;
        assert_eq!(told(&client, "2"), [json!(0)]);
        // Before there is any item, and before there is the stream.
        stream(&client, "3", "late", json!([]));
        settle().await;
        cancel(&client, "3");
        cancel(&client, "2");
        settle().await;
        client.told();
        sleep(SECOND).await;
        assert_eq!(told(&client, "3"), [json!({"end": null})]);
        assert_eq!((POLLED.get(), DROPPED.get()), (1, 3));
    });
}

/// Fails if a stream is polled however little its client reads, or never again.
#[test]
fn a_stream_goes_no_faster_than_its_client_reads() {
    run(async {
        let world = World::of([namespace()]);
        let client = world.hub_client().await;
        for id in ["1", "2"] {
            stream(&client, id, "endless", json!([]));
        }
        settle().await;
        let half = (1 << 14) / 2;
        let waiting = POLLED.get();
        assert!((half..half + 5).contains(&waiting), "{waiting}");
        sleep(Duration::from_secs(60)).await;
        assert_eq!(POLLED.get(), waiting);
        assert!(client.session.outbox.ended().is_none());
        // Both have their turns.
        let items = client.told();
        let first = items
            .iter()
            .filter(|item| item.contains(r#""invocationId":"1""#));
        assert!((half / 3..half).contains(&first.count()));
        settle().await;
        assert!(POLLED.get() > waiting + half);
    });
}

/// Fails if the stream of a client that is gone is polled on, or kept.
#[test]
fn a_stream_ends_with_its_client() {
    run(async {
        let world = World::of([namespace()]);
        let (client, lister) = (world.hub_client().await, world.client().await);
        stream(&client, "1", "clock", json!([]));
        stream(&client, "2", "endless", json!([]));
        lister.ask("clock", "").await;
        settle().await;
        client.hang_up().await;
        lister.hang_up().await;
        assert_eq!(DROPPED.get(), 3);
        let polled = POLLED.get();
        sleep(Duration::from_secs(5)).await;
        assert_eq!(POLLED.get(), polled);
    });
}

/// Fails if an error or a panic leaves a call open, costs the session, or is told to others than it is for.
#[test]
fn a_stream_that_fails_or_panics_ends_with_an_error() {
    run(async {
        let world = World::of([namespace()]);
        let client = world.hub_client().await;
        stream(&client, "1", "fails", json!([]));
        let why = format!("{FAILED} HubException: room_full: 2 are in");
        assert_eq!(settled(&client, "1").await, [json!(1), json!({"end": why})]);
        stream(&client, "1", "panics", json!([]));
        let expected = [json!(0), json!(1), json!({"end": FAILED})];
        assert_eq!(settled(&client, "1").await, expected);
        let lister = world.client().await;
        assert_eq!(lister.code("fails", "").await, "room_full");
        assert_eq!(lister.code("panics", "").await, "internal");
        call(&client, 1, "2", "plain", json!([]), Value::Null);
        assert_eq!(settled(&client, "2").await, [json!({"end": 1})]);
    });
}

/// Fails if a handler runs that is called for what it does not give.
#[test]
fn who_asks_for_the_other_kind_of_answer_hears_so() {
    run(async {
        let world = World::of([namespace()]);
        let client = world.hub_client().await;
        for (kind, event, error) in [
            (
                1,
                "endless",
                "The client attempted to invoke the streaming 'endless' method with a non-streaming invocation.",
            ),
            (
                4,
                "plain",
                "The client attempted to invoke the non-streaming 'plain' method with a streaming invocation.",
            ),
            (
                4,
                "nobody",
                "Failed to invoke 'nobody' due to an error on the server. HubException: Method does not exist.",
            ),
        ] {
            call(&client, kind, "1", event, json!([]), Value::Null);
            assert_eq!(settled(&client, "1").await, [json!({"end": error})]);
        }
        assert_eq!(POLLED.get(), 0);
    });
}

/// Fails if a listener that was to run once is used up by a call that it does not run for.
#[test]
fn a_call_of_the_wrong_kind_leaves_a_listener_that_runs_once() {
    run(async {
        let namespace = namespace().on_connect(async |socket: Socket| {
            socket.once("once", async || Ok("ran"));
        });
        let world = World::of([namespace]);
        let client = world.hub_client().await;
        let error = "The client attempted to invoke the non-streaming 'once' method with a streaming invocation.";
        call(&client, 4, "1", "once", json!([]), Value::Null);
        assert_eq!(settled(&client, "1").await, [json!({"end": error})]);
        call(&client, 1, "2", "once", json!([]), Value::Null);
        assert_eq!(settled(&client, "2").await, [json!({"end": "ran"})]);
        call(&client, 1, "3", "once", json!([]), Value::Null);
        let error = "Failed to invoke 'once' due to an error on the server. HubException: Method does not exist.";
        assert_eq!(settled(&client, "3").await, [json!({"end": error})]);
    });
}

/// Fails if streams hold up what their client says, or one client may have any number of them.
#[test]
fn so_many_streams_are_open_at_once_and_their_client_is_read() {
    run(async {
        let world = World::of([namespace()]);
        let client = world.hub_client().await;
        for id in 0..128 {
            assert!(client.is_read());
            stream(&client, &id.to_string(), "clock", json!([]));
            settle().await;
        }
        assert_eq!(client.told(), [] as [String; 0]);
        stream(&client, "x", "count", json!([1]));
        let why = "An unexpected error occurred invoking 'count' on the server. HubException: limit_reached: as many streams are open as may be";
        assert_eq!(settled(&client, "x").await, [json!({"end": why})]);
        cancel(&client, "0");
        settled(&client, "0").await;
        stream(&client, "x", "count", json!([1]));
        let expected = [json!(0), json!({"end": null})];
        assert_eq!(settled(&client, "x").await, expected);
    });
}

/// Fails if a client without streams waits for ever, has a list of any size, or the wrong blobs.
#[test]
fn a_client_of_socketio_has_the_list_of_them_up_to_a_limit() {
    run(async {
        let world = World::of([namespace()]);
        let client = world.client().await;
        assert_eq!(client.ask("count", "0").await, json!([]));
        assert_eq!(client.ask("pairs", "").await, json!([[1, "a"], [2, "b"]]));
        let thousand: Vec<u32> = (0..1000).collect();
        assert_eq!(client.ask("count", "1000").await, json!(thousand));
        assert_eq!(client.code("count", "1001").await, "too_many_items");
        assert_eq!(client.code("endless", "").await, "too_many_items");
        let polled = POLLED.get();
        client.emit("endless", "");
        client.wire(r#"27["blobs"]"#);
        settle().await;
        assert_eq!(POLLED.get(), polled);
        let answer = client.packets().remove(0);
        let placeholder = |num| json!({"_placeholder": true, "num": num});
        let items = json!([[[1, placeholder(0)], [2, placeholder(1)]]]);
        assert_eq!((answer.number, answer.json), (Some(7), items));
        assert_eq!(answer.blobs, [&[1][..], &[2]]);
    });
}
