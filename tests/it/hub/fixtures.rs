//! Every call of the two guides, row by row: what is emitted, who gets what.
//! Knows the fixture's words; what a row means is the fixture's matter.

use serde_json::{Value, json};

use super::{by, holds};
use crate::support::{Client, Hub};

const ROWS: &str = include_str!("../../vectors/hubtel-events.json");

#[test]
fn every_call_of_the_guides_reaches_whom_its_row_names_as_its_row_says() {
    let hub = Hub::start();
    let vectors: Value = serde_json::from_str(ROWS).unwrap();
    let rows = vectors["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 18);
    for row in rows {
        let title = format!("{} ({})", row["name"], row["guide"]);
        play(&hub, row, &title);
        hub.wait_for("dondo_members", 0);
        hub.wait_for("dondo_rooms", 0);
    }
}

fn play(hub: &Hub, row: &Value, title: &str) {
    let (mut sender, mut watcher) = (Client::connect(hub), Client::connect(hub));
    for client in [&mut watcher, &mut sender] {
        prepare(client, &row["before"], title);
    }
    let event = row["event"].as_str().unwrap();
    let expected = filled(&row["delivered_args"], &sender.id);
    assert_eq!(expected.len(), 1, "{title}");
    if event.starts_with("join-") {
        let ack = watcher.ask(event, &[json!({"data": expected[0]["data"]})]);
        assert_eq!(ack["ok"], true, "{title}: {ack}");
    }
    let ack = sender.ask(event, &filled(&row["args"], &sender.id));
    assert_eq!(ack["ok"], true, "{title}: {ack}");

    let delivered = row["delivered_event"].as_str().unwrap();
    let stays = row["delivered_to"]
        .as_str()
        .unwrap()
        .starts_with("those who stay");
    let id = sender.id.clone();
    check(row, &by(&mut watcher, delivered, &id), &expected[0], title);
    if stays {
        sender.no_event(delivered);
    } else {
        check(row, &by(&mut sender, delivered, &id), &expected[0], title);
    }
}

fn prepare(client: &mut Client, before: &Value, title: &str) {
    for channel in before["channels"].as_array().into_iter().flatten() {
        let ack = client.ask("join-channel", std::slice::from_ref(channel));
        assert_eq!(ack["ok"], true, "{title}: {ack}");
    }
    for room in before["rooms"].as_array().into_iter().flatten() {
        let data = json!({"data": {"roomId": room["room"], "roomChannel": room["channel"]}});
        let ack = client.ask("join-room", &[data]);
        assert_eq!(ack["ok"], true, "{title}: {ack}");
    }
}

fn check(row: &Value, actual: &Value, expected: &Value, title: &str) {
    if row["exact"] == true {
        assert_eq!(actual, expected, "{title}");
    } else {
        assert!(
            holds(actual, expected),
            "{title}: {actual}\nlacks\n{expected}"
        );
    }
}

/// The row's arguments with the sender's id in them.
fn filled(args: &Value, id: &str) -> Vec<Value> {
    serde_json::from_str(&args.to_string().replace("SELF", id)).unwrap()
}
