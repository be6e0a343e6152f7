//! Members of every protocol in one room see one order. What a crash or the way down costs them: `whole.rs`.

use std::thread;

use serde_json::{Value, json};

use crate::support::{Client, EventReader, Hub, PlainClient};

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
