//! Contract 2.4 over sockets: which target a request means, read off the ack.
//! Knows no event beyond its name.

use serde_json::{Value, json};

use super::{join, join_room};
use crate::support::{Client, Hub};

/// A client in these channels; each request gets a new one.
fn asked(hub: &Hub, channels: &[&str], event: &str, args: &Value) -> (Value, Value) {
    let mut client = Client::connect(hub);
    channels
        .iter()
        .for_each(|channel| join(&mut client, channel));
    let ack = client.ask(event, args.as_array().unwrap());
    assert_eq!(ack["ok"], true, "{event} {args}: {ack}");
    (ack["channel"].clone(), ack["room"].clone())
}

#[test]
fn a_channel_is_named_by_data_then_the_second_argument_then_the_bare_name_then_source() {
    let hub = Hub::start();
    for event in ["join-channel", "leave-channel"] {
        for (args, expected) in [
            (
                json!([{"data": {"roomChannel": "d"}, "source": {"channel": "s"}}, "2"]),
                "d",
            ),
            (
                json!([{"data": {"channel": "alias"}, "source": {"channel": "s"}}, "2"]),
                "alias",
            ),
            (json!([{"data": {}, "source": {"channel": "s"}}, "2"]), "2"),
            (json!(["bare", "2"]), "2"),
            (json!(["bare"]), "bare"),
            (json!([{"data": {}, "source": {"channel": "s"}}]), "s"),
        ] {
            assert_eq!(
                asked(&hub, &[], event, &args).0,
                *expected,
                "{event} {args}"
            );
        }
    }
    assert_eq!(
        asked(&hub, &["only"], "leave-channel", &json!([])).0,
        "only"
    );
}

#[test]
fn a_message_goes_to_the_channel_of_its_event_whatever_else_it_names() {
    let hub = Hub::start();
    let args = json!([{"data": {"roomChannel": "d"}, "source": {"channel": "s"}}, "2"]);
    assert_eq!(asked(&hub, &[], "lobby", &args).0, "lobby");
}

#[test]
fn a_room_is_named_by_data_then_the_second_argument_then_the_bare_name_then_source() {
    let hub = Hub::start();
    for event in ["join-room", "leave-room", "notify-room"] {
        for (args, expected) in [
            (
                json!([{"data": {"roomId": "d", "room": "alias"}, "source": {"room": "s"}}, "2"]),
                "d",
            ),
            (
                json!([{"data": {"Room": "alias"}, "source": {"room": "s"}}, "2"]),
                "alias",
            ),
            (
                json!([{"data": {"message": ""}, "source": {"room": "s"}}, "2"]),
                "2",
            ),
            (
                json!([{"data": {"message": ""}, "source": {"Room": "s"}}]),
                "s",
            ),
            (json!([{"roomId": "flat"}]), "flat"),
        ] {
            assert_eq!(
                asked(&hub, &[], event, &args).1,
                *expected,
                "{event} {args}"
            );
        }
    }
    for event in ["join-room", "leave-room"] {
        assert_eq!(asked(&hub, &[], event, &json!(["bare"])).1, "bare");
    }
    let mut client = Client::connect(&hub);
    assert_eq!(
        client.ask("notify-room", &[json!("text")])["code"],
        "missing_room"
    );
    assert_eq!(
        client.ask("notify-room", &[json!("text"), json!("r")])["room"],
        "r"
    );
}

#[test]
fn a_rooms_channel_is_named_by_data_then_source_then_the_only_joined_one() {
    let hub = Hub::start();
    let all = json!([{"data": {"roomId": "r", "roomChannel": "d"}, "source": {"channel": "s"}}]);
    let source = json!([{"data": {"roomId": "r"}, "source": {"channel": "s"}}]);
    let none = json!([{"data": {"roomId": "r"}}]);
    for event in ["join-room", "notify-room"] {
        assert_eq!(asked(&hub, &["j"], event, &all).0, "d");
        assert_eq!(asked(&hub, &["j"], event, &source).0, "s");
        assert_eq!(asked(&hub, &["j"], event, &none).0, "j");
        assert_eq!(asked(&hub, &["j", "k"], event, &none).0, Value::Null);
        assert_eq!(asked(&hub, &[], event, &none).0, Value::Null);
    }
}

#[test]
fn leave_room_is_not_narrowed_to_the_only_joined_channel() {
    let hub = Hub::start();
    let mut client = Client::connect(&hub);
    join_room(&mut client, "r", Some("other"));
    join(&mut client, "lobby");
    let ack = client.ask("leave-room", &[json!("r")]);
    assert_eq!(
        ack["left"],
        json!([{"room": "r", "channel": "other", "onlineUsers": 0}])
    );
}
