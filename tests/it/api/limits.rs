//! Slow mode and capacity of one channel, set while clients are there.

use serde_json::{Value, json};

use super::{ORDERS, READER, ask_at, bearer, get, hub_with, member_of, post};
use crate::support::Client;

/// Fails if what is set does not hold at once, holds for another channel, puts out who is in, or cannot be taken back.
#[test]
fn limits_of_a_channel_hold_at_once_and_until_they_are_reset() {
    let hub = hub_with(
        |settings| {
            settings.hub.channel_capacity = vec![dondo::config::ChannelCapacity::new("*", 2)];
        },
        |builder| builder,
    );
    let set = |body: Value| post(&hub, "limits", &body);
    let in_force = |slow_mode: Value, capacity: Value| json!({"ok": true, "channel": "lobby", "slowMode": slow_mode, "capacity": capacity});
    assert_eq!(
        set(json!({"channel": "lobby"})),
        in_force(Value::Null, json!(2))
    );
    let mut one = member_of(&hub, "lobby");
    let _two = member_of(&hub, "lobby");
    let told = set(json!({"channel": "lobby", "slowMode": "1h", "capacity": 1}));
    assert_eq!(told, in_force(json!("1h"), json!(1)));
    assert_eq!(one.ask("lobby", &[json!("first")])["ok"], true);
    assert_eq!(one.ask("lobby", &[json!("second")])["code"], "slow_mode");
    assert_eq!(one.ask("other", &[json!("first")])["ok"], true);
    assert_eq!(one.ask("other", &[json!("second")])["ok"], true);
    let mut three = Client::connect(&hub);
    let mut join = || three.ask("join-channel", &[json!("lobby")]);
    let full = join();
    assert_eq!(full["code"], "channel_full", "{full}");
    assert!(
        full["message"].as_str().unwrap().contains("1 member"),
        "{full}"
    );
    // A change leaves what it does not name.
    let told = set(json!({"channel": "lobby", "capacity": null}));
    assert_eq!(told, in_force(json!("1h"), Value::Null));
    assert_eq!(join()["ok"], true);
    assert_eq!(one.ask("lobby", &[json!("third")])["code"], "slow_mode");
    let told = set(json!({"channel": "lobby", "reset": true}));
    assert_eq!(told, in_force(Value::Null, json!(2)));
    assert_eq!(one.ask("lobby", &[json!("fourth")])["ok"], true);
}

/// Fails if a key sets limits where it has no right to.
#[test]
fn a_key_sets_limits_in_its_channels_alone() {
    let hub = super::hub();
    for (secret, channel, status) in [
        (ORDERS, "orders-1", 200),
        (ORDERS, "lobby", 403),
        (READER, "orders-1", 403),
    ] {
        let key = bearer(secret);
        let headers = [("Authorization", key.as_str())];
        let body = json!({"channel": channel, "capacity": 1});
        let (answered, said) = ask_at(hub.operators(), "POST", "limits", &headers, &body);
        assert_eq!(answered, status, "{channel}: {said}");
    }
}

/// Fails if a list lacks what is set, has what is not or not any more, ends before its end, or shows a key what it may not change.
#[test]
fn what_is_set_is_listed() {
    let hub = super::hub();
    for channel in ["orders-2", "lobby", "orders-1"] {
        post(&hub, "limits", &json!({"channel": channel, "capacity": 5}));
    }
    let limits = |channel: &str| json!({"channel": channel, "slowMode": null, "capacity": 5});
    let first = get(&hub, "limits?limit=2");
    assert_eq!(
        first["limits"],
        json!([limits("lobby"), limits("orders-1")])
    );
    assert_eq!(first["next"], "orders-1");
    let last = json!({"namespace": "/", "limits": [limits("orders-2")], "next": null});
    assert_eq!(get(&hub, "limits?after=orders-1"), last);
    assert_eq!(get(&hub, "limits?count=true")["count"], 3);
    let key = bearer(ORDERS);
    let headers = [("Authorization", key.as_str())];
    let (_, own) = ask_at(hub.operators(), "GET", "limits", &headers, &Value::Null);
    let own: Vec<&Value> = own["limits"].as_array().unwrap().iter().collect();
    assert_eq!(own, [&limits("orders-1"), &limits("orders-2")]);
    post(&hub, "limits", &json!({"channel": "lobby", "reset": true}));
    assert_eq!(get(&hub, "limits?count=true")["count"], 2);

    assert_eq!(
        get(&hub, "tokens/revoked"),
        json!({"tokens": [], "next": null})
    );
    for id in ["b", "a"] {
        post(&hub, "tokens/revoke", &json!({"id": id, "for": "1h"}));
    }
    let page = get(&hub, "tokens/revoked?limit=1");
    assert_eq!(
        (&page["tokens"][0]["id"], &page["next"]),
        (&json!("a"), &json!("a"))
    );
    assert!(page["tokens"][0]["until"].is_string());
    let page = get(&hub, "tokens/revoked?after=a");
    assert_eq!(
        (&page["tokens"][0]["id"], &page["next"]),
        (&json!("b"), &Value::Null)
    );
    assert_eq!(get(&hub, "tokens/revoked?count=true")["count"], 2);
    let (status, _) = ask_at(
        hub.operators(),
        "GET",
        "tokens/revoked",
        &headers,
        &Value::Null,
    );
    assert_eq!(status, 403);
}
