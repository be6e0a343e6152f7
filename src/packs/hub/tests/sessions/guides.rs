//! Every row of the guides' vectors, sent by a client and compared with what the members get.

use serde_json::Value;

use super::forget;
use crate::{
    config::HubSettings,
    io::tests::world::{Client, World, run, settle},
};

const VECTORS: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/vectors/hubtel-events.json"
));

#[test]
fn what_the_guides_send_arrives_as_they_promise() {
    let vectors: Value = serde_json::from_str(VECTORS).unwrap();
    let rows = vectors["rows"].as_array().unwrap();
    assert!(rows.len() >= 18);
    for row in rows.clone() {
        run(check(row));
    }
}

async fn check(row: Value) {
    let what = format!("{} ({})", row["name"], row["guide"]);
    let world = World::hub(HubSettings::default());
    let (sender, watcher) = (world.client().await, world.client().await);
    let row: Value = serde_json::from_str(&row.to_string().replace("SELF", &sender.id)).unwrap();
    for client in [&sender, &watcher] {
        for channel in row["before"]["channels"].as_array().into_iter().flatten() {
            client.done("join-channel", &channel.to_string()).await;
        }
        for room in row["before"]["rooms"].as_array().into_iter().flatten() {
            join_room(client, &room["room"], &room["channel"]).await;
        }
    }
    let event = row["event"].as_str().unwrap();
    let target = &row["delivered_args"][0]["data"];
    match event {
        "join-channel" => {
            watcher
                .done(event, &target["roomChannel"].to_string())
                .await;
        }
        "join-room" => join_room(&watcher, &target["roomId"], &target["roomChannel"]).await,
        _ => {}
    }
    forget(&[&sender, &watcher]).await;
    let args: Vec<String> = row["args"]
        .as_array()
        .unwrap()
        .iter()
        .map(Value::to_string)
        .collect();
    sender.emit(event, &args.join(","));
    settle().await;
    for (client, who) in [(&sender, "sender"), (&watcher, "watcher")] {
        let delivered = row["delivered_event"].as_str().unwrap();
        let events = client.events().into_iter();
        let heard: Vec<Value> = events.filter(|event| event[0] == delivered).collect();
        let stays = row["delivered_to"]
            .as_str()
            .unwrap()
            .contains("those who stay");
        if who == "sender" && stays {
            assert!(heard.is_empty(), "{what}: {heard:?}");
            continue;
        }
        assert_eq!(heard.len(), 1, "{what}, {who}: {heard:?}");
        let got = &heard[0].as_array().unwrap()[1..];
        let expected = row["delivered_args"].as_array().unwrap();
        match row["exact"].as_bool().unwrap() {
            true => assert_eq!(got, expected.as_slice(), "{what}, {who}"),
            false => {
                assert_eq!(got.len(), expected.len(), "{what}, {who}");
                assert!(within(&expected[0], &got[0]), "{what}, {who}: {}", got[0]);
                let counted = got[0]["data"]["onlineUsers"].is_u64();
                assert_eq!(counted, event != "notify-room", "{what}, {who}");
            }
        }
    }
}

async fn join_room(client: &Client, room: &Value, channel: &Value) {
    let payload = serde_json::json!({"data": {"roomId": room, "roomChannel": channel}});
    client.done("join-room", &payload.to_string()).await;
}

/// Whether all of `expected` stands in `got`; objects of `got` may have more fields.
fn within(expected: &Value, got: &Value) -> bool {
    match (expected, got) {
        (Value::Object(expected), Value::Object(got)) => expected
            .iter()
            .all(|(key, value)| got.get(key).is_some_and(|got| within(value, got))),
        (expected, got) => expected == got,
    }
}

#[test]
fn a_dotnet_client_gets_the_guides_classes_and_a_message_is_encoded_at_most_twice() {
    run(async {
        let world = World::hub(super::quiet());
        let plain = world.client().await;
        let dialect = r#"{"dialect":"dotnet"}"#;
        let mut others = Vec::new();
        for _ in 0..3 {
            others.push(world.client_in("/", dialect).await);
            others.push(world.client().await);
        }
        plain.done("join-channel", r#""c""#).await;
        for other in &others {
            other.done("join-channel", r#""c""#).await;
        }
        forget(&others.iter().chain([&plain]).collect::<Vec<_>>()).await;
        let counts = || {
            let read = |form: &std::sync::Arc<std::sync::atomic::AtomicUsize>| {
                form.load(std::sync::atomic::Ordering::Relaxed)
            };
            [read(&world.encoded[0]), read(&world.encoded[1])]
        };
        let before = counts();
        plain.emit("c", r#"{"data":{"message":"hi"}}"#);
        settle().await;
        let after = counts();
        assert_eq!([after[0] - before[0], after[1] - before[1]], [1, 1]);
        let dotnet = others[0].heard("c").remove(0);
        assert_eq!(dotnet["Data"]["Message"], "hi");
        assert_eq!(dotnet["Data"]["RoomChannel"], "c");
        assert_eq!(dotnet["ClientId"], *plain.id);
        assert_eq!(others[1].heard("c").remove(0)["data"]["message"], "hi");
    });
}
