//! Streams of items both ways, through real sessions: what bounds them, and what ends them.

mod answers;
mod incoming;

use serde_json::{Value, json};

use super::world::{HubClient, settle};

/// A call of an event; `more` are further fields.
fn call(client: &HubClient, kind: u8, id: &str, event: &str, args: Value, more: Value) {
    let mut record = json!({"type": kind, "invocationId": id, "target": event, "arguments": args});
    let fields = record.as_object_mut().unwrap();
    fields.extend(more.as_object().cloned().unwrap_or_default());
    client.say(&record.to_string());
}

/// Calls for a stream.
fn stream(client: &HubClient, id: &str, event: &str, args: Value) {
    call(client, 4, id, event, args, Value::Null);
}

/// Calls an event with streams of the client's.
fn upload(client: &HubClient, id: &str, event: &str, streams: &[&str]) {
    call(
        client,
        1,
        id,
        event,
        json!([]),
        json!({"streamIds": streams}),
    );
}

fn item(client: &HubClient, stream: &str, item: Value) {
    client.say(&json!({"type": 2, "invocationId": stream, "item": item}).to_string());
}

fn complete(client: &HubClient, stream: &str) {
    client.say(&json!({"type": 3, "invocationId": stream}).to_string());
}

/// What a client was told, without what its type and ids are: items, and completions as errors or results.
fn told(client: &HubClient, id: &str) -> Vec<Value> {
    let records = client.told().into_iter().map(|record| {
        let record: Value = serde_json::from_str(&record).unwrap();
        assert_eq!(record["invocationId"], id, "{record}");
        record
    });
    let told = records.map(|record| match record["type"].as_u64() {
        Some(2) => record["item"].clone(),
        Some(3) => json!({"end": record.get("error").or(record.get("result"))}),
        _ => record,
    });
    told.collect()
}

async fn settled(client: &HubClient, id: &str) -> Vec<Value> {
    settle().await;
    told(client, id)
}
