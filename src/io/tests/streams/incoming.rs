//! Streams of items that clients send.

use std::{cell::Cell, time::Duration};

use serde_json::{Value, json};
use tokio::time::sleep;

use super::{
    super::world::{World, run, settle},
    call, complete, item, settled, stream, told, upload,
};
use crate::io::{Data, Incoming, Items, Namespace, Result};

thread_local! {
    static LAST: Cell<Option<String>> = const { Cell::new(None) };
}

fn namespace() -> Namespace {
    Namespace::new("/")
        .on("plain", async || Ok(1))
        .on("sum", async |mut numbers: Incoming<i64>| {
            let mut sum = 0;
            while let Some(number) = numbers.next().await {
                sum += number.inspect_err(|error| LAST.set(Some(error.code().to_owned())))?;
            }
            Ok(sum)
        })
        .on(
            "zip",
            async |mut left: Incoming<u8>,
                   Data(word): Data<String>,
                   mut right: Incoming<String>| {
                let mut pairs = vec![word];
                while let (Some(left), Some(right)) = (left.next().await, right.next().await) {
                    pairs.push(format!("{}{}", left?, right?));
                }
                Ok(pairs)
            },
        )
        .on("first", async |mut numbers: Incoming<(u8, u8)>| {
            let first = numbers.next().await;
            first.transpose()
        })
        .on("slow", async |mut numbers: Incoming<u8>| {
            while numbers.next().await.is_some() {
                sleep(Duration::from_secs(1)).await;
            }
            Ok("done")
        })
        .on("panics", async |_numbers: Incoming<u8>| -> Result {
            panic!("planted")
        })
        .on("echo", async |numbers: Incoming<Value>| Items::new(numbers))
}

/// Fails if items are lost or mixed up, or come to another parameter than their stream's.
#[test]
fn items_come_in_order_to_the_parameter_that_their_stream_is() {
    run(async {
        let world = World::of([namespace()]);
        let client = world.hub_client().await;
        upload(&client, "1", "sum", &["2"]);
        for number in 1..=100 {
            item(&client, "2", json!(number));
            settle().await;
        }
        assert_eq!(told(&client, "1"), [] as [Value; 0]);
        complete(&client, "2");
        assert_eq!(settled(&client, "1").await, [json!({"end": 5050})]);
        let streams = json!({"streamIds": ["r", "l"]});
        call(&client, 1, "3", "zip", json!(["w"]), streams);
        item(&client, "l", json!("a"));
        item(&client, "r", json!(1));
        item(&client, "r", json!(2));
        item(&client, "l", json!("b"));
        complete(&client, "r");
        complete(&client, "l");
        let expected = json!({"end": ["w", "1a", "2b"]});
        assert_eq!(settled(&client, "3").await, [expected]);
        // Both ways.
        call(
            &client,
            4,
            "4",
            "echo",
            json!([]),
            json!({"streamIds": ["5"]}),
        );
        item(&client, "5", json!({"a": [1]}));
        assert_eq!(settled(&client, "4").await, [json!({"a": [1]})]);
        complete(&client, "5");
        assert_eq!(settled(&client, "4").await, [json!({"end": null})]);
    });
}

/// Fails if more than so many items wait for a handler, or its client is not read again.
#[test]
fn who_sends_faster_than_the_handler_takes_is_not_read() {
    run(async {
        let world = World::of([namespace()]);
        let client = world.hub_client().await;
        upload(&client, "1", "slow", &["2"]);
        upload(&client, "3", "slow", &["4"]);
        settle().await;
        let mut sent = 0;
        while client.is_read() {
            item(&client, "2", json!(1));
            sent += 1;
            settle().await;
        }
        // One is in the handler, ten wait.
        assert_eq!(sent, 11);
        // What has come already is not lost, and a second full stream changes nothing.
        for _ in 0..20 {
            item(&client, "2", json!(1));
            item(&client, "4", json!(1));
        }
        settle().await;
        sleep(Duration::from_secs(20)).await;
        assert!(!client.is_read());
        sleep(Duration::from_secs(2)).await;
        assert!(client.is_read());
        complete(&client, "2");
        sleep(Duration::from_secs(9)).await;
        assert_eq!(told(&client, "1"), [json!({"end": "done"})]);
    });
}

/// Fails if a handler goes on waiting for a client that says why it stops, or is gone, or sends what is no item of this stream.
#[test]
fn an_end_that_comes_too_early_is_the_last_item() {
    run(async {
        let world = World::of([namespace()]);
        let client = world.hub_client().await;
        upload(&client, "1", "sum", &["2"]);
        item(&client, "2", json!(1));
        client.say(r#"{"type":3,"invocationId":"2","error":"no more"}"#);
        let why = "An unexpected error occurred invoking 'sum' on the server. HubException: client_error: no more";
        assert_eq!(settled(&client, "1").await, [json!({"end": why})]);
        upload(&client, "1", "sum", &["2"]);
        item(&client, "2", json!("x"));
        settle().await;
        assert_eq!(LAST.take().as_deref(), Some("bad_payload"));
        client.told();
        upload(&client, "1", "sum", &["2"]);
        item(&client, "2", json!(1));
        settle().await;
        assert_eq!(LAST.take(), None);
        client.hang_up().await;
        assert_eq!(LAST.take().as_deref(), Some("disconnected"));
    });
}

/// Fails if items that nobody takes hold their client up, or a handler that panics holds its streams.
#[test]
fn what_nobody_takes_is_ignored() {
    run(async {
        let world = World::of([namespace()]);
        let client = world.hub_client().await;
        upload(&client, "1", "first", &["2"]);
        item(&client, "2", json!([3, 4]));
        assert_eq!(settled(&client, "1").await, [json!({"end": [3, 4]})]);
        upload(&client, "1", "panics", &["3"]);
        settle().await;
        client.told();
        for _ in 0..50 {
            for stream in ["2", "3", "unknown"] {
                item(&client, stream, json!(1));
            }
            settle().await;
            assert!(client.is_read());
        }
        complete(&client, "2");
        // Full when it is dropped.
        upload(&client, "1", "slow", &["4"]);
        settle().await;
        for _ in 0..15 {
            item(&client, "4", json!(1));
        }
        settle().await;
        assert!(!client.is_read());
        client.hang_up().await;
        sleep(Duration::from_secs(20)).await;
    });
}

/// Fails if a handler runs with less or more than it takes, or whoever cannot send streams waits for ever.
#[test]
fn who_sends_other_streams_than_are_taken_hears_so() {
    run(async {
        let world = World::of([namespace()]);
        let client = world.hub_client().await;
        for (event, sent, taken) in [("sum", 0, 1), ("sum", 2, 1), ("plain", 1, 0), ("zip", 1, 2)] {
            upload(&client, "1", event, &["2", "3"][..sent]);
            let why = format!(
                "An unexpected error occurred invoking '{event}' on the server. HubException: Client sent {sent} stream(s), Hub method expects {taken}."
            );
            assert_eq!(settled(&client, "1").await, [json!({"end": why})]);
        }
        stream(&client, "1", "echo", json!([]));
        let told = settled(&client, "1").await;
        assert!(told[0]["end"].to_string().contains("expects 1"), "{told:?}");
        let other = world.client().await;
        assert_eq!(other.code("sum", "").await, "wrong_streams");
    });
}

/// Fails if a client may have any number of streams open, or two of one name, or is not read because it has some.
#[test]
fn so_many_streams_come_at_once() {
    run(async {
        let world = World::of([namespace()]);
        let client = world.hub_client().await;
        let why = "limit_reached: as many streams are open as may be, or another one has its name";
        let refused = async |name| {
            upload(&client, "1", "sum", &[name]);
            let told = settled(&client, "1").await;
            assert!(told[0]["end"].as_str().unwrap().ends_with(why), "{told:?}");
        };
        for id in 0..128 {
            upload(&client, "1", "sum", &[&id.to_string()]);
            settle().await;
            assert!(client.is_read(), "{id}");
        }
        assert_eq!(told(&client, "1"), [] as [Value; 0]);
        refused("x").await;
        complete(&client, "0");
        settle().await;
        client.told();
        refused("1").await;
        item(&client, "127", json!(7));
        complete(&client, "127");
        assert_eq!(settled(&client, "1").await, [json!({"end": 7})]);
    });
}
