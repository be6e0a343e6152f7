//! Members of every protocol in one room: one order, also where a room crashes, and the way down.

use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Client, EventReader, Hub, PlainClient, faults};

const EACH: usize = 500;

/// What was said, from a payload in normal form.
fn text(payload: &Value) -> String {
    let text = payload["data"]["message"].as_str();
    text.unwrap_or_else(|| panic!("no message in {payload}"))
        .to_owned()
}

/// Fails if two members see two orders, or one of them not all of it.
#[test]
fn a_room_of_all_protocols_has_one_order() {
    let hub = Hub::with(|config| config.workers = 2);
    let mut stock: Vec<_> = (0..3).map(|_| Client::connect(&hub)).collect();
    let mut plain: Vec<_> = (0..3).map(|_| PlainClient::connect(&hub)).collect();
    let mut streams: Vec<_> = (0..3)
        .map(|_| EventReader::open(&hub, "/events?channel=lobby"))
        .collect();
    for client in &mut stock {
        assert_eq!(client.ask("join-channel", &[json!("lobby")])["ok"], true);
    }
    for client in &mut plain {
        assert_eq!(client.ask("join-channel", json!("lobby"))["ok"], true);
    }
    for stream in &mut streams {
        assert_eq!(stream.event("ack").json()["ok"], true);
    }
    let all = EACH * 4;
    let mut heard: Vec<Vec<String>> = Vec::new();
    thread::scope(|scope| {
        let mut members = Vec::new();
        for (number, mut client) in stock.into_iter().enumerate() {
            members.push(scope.spawn(move || {
                if number < 2 {
                    for message in 0..EACH {
                        client.emit("lobby", &[json!(format!("stock {number} {message}"))]);
                    }
                }
                let texts = (0..all).map(|_| text(&client.event("lobby")[0]));
                texts.collect()
            }));
        }
        for (number, mut client) in plain.into_iter().enumerate() {
            members.push(scope.spawn(move || {
                if number < 2 {
                    for message in 0..EACH {
                        let said = json!(format!("plain {number} {message}"));
                        let message = json!({"type": "event", "event": "lobby", "payload": said});
                        client.socket.text(&message.to_string());
                    }
                }
                let texts = (0..all).map(|_| text(&client.event("lobby")["payload"]));
                texts.collect()
            }));
        }
        for mut stream in streams {
            members.push(scope.spawn(move || {
                let texts = (0..all).map(|_| text(&stream.event("lobby").json()));
                texts.collect()
            }));
        }
        heard = members
            .into_iter()
            .map(|member| member.join().unwrap())
            .collect();
    });
    let first = &heard[0];
    assert_eq!(first.len(), all);
    for other in &heard {
        assert_eq!(first, other);
    }
    // Each sender's own order is kept.
    for sender in ["stock 0", "stock 1", "plain 0", "plain 1"] {
        let own = first.iter().filter_map(|text| text.strip_prefix(sender));
        let numbers: Vec<usize> = own.map(|number| number.trim().parse().unwrap()).collect();
        assert!(
            numbers.is_sorted() && numbers.len() == EACH,
            "{sender}: {numbers:?}"
        );
    }
}

/// Fails if a crash costs anybody but its sender anything, whatever they speak.
#[test]
fn a_room_that_crashes_goes_on_with_members_of_all_protocols() {
    let hub = Hub::built(|_| {}, faults::faulty);
    let (mut stock, mut plain) = (Client::connect(&hub), PlainClient::connect(&hub));
    let mut stream = EventReader::open(&hub, "/events?room=r");
    stream.event("ack");
    let room = json!({"data": {"roomId": "r"}});
    assert_eq!(
        stock.ask("join-room", std::slice::from_ref(&room))["ok"],
        true
    );
    assert_eq!(plain.ask("join-room", room)["ok"], true);
    let poison = json!({"data": {"roomId": "r", "message": faults::PANICS}});
    let refused = plain.ask("notify-room", poison.clone());
    assert_eq!(
        (&refused["ok"], &refused["code"]),
        (&json!(false), &json!("internal"))
    );
    hub.wait_for("dondo_crashes_total", 1);
    let sound = json!({"data": {"roomId": "r", "message": "sound"}});
    assert_eq!(plain.ask("notify-room", sound)["recipients"], 3);
    assert_eq!(text(&stock.event("notify-room")[0]), "sound");
    assert_eq!(text(&plain.event("notify-room")["payload"]), "sound");
    assert_eq!(text(&stream.event("notify-room").json()), "sound");
}

/// Fails if a shutdown waits for a protocol, or one of its clients is not told to come back.
#[test]
fn a_shutdown_tells_the_members_of_all_protocols() {
    let mut hub = Hub::with(|config| config.grace = Duration::from_millis(100));
    let mut stock = Client::connect(&hub);
    let mut plain = PlainClient::connect(&hub);
    let mut stream = EventReader::open(&hub, "/events?channel=lobby");
    stream.event("ack");
    hub.stop();
    assert_eq!(stock.socket.closed(), Some(1001));
    assert_eq!(plain.socket.closed(), Some(1001));
    let mut last = None;
    while let Some(record) = stream.record() {
        last = Some(record);
    }
    assert_eq!(last.unwrap().retry, Some(3100));
}
