//! How much is kept, how long, and what becomes of those who ask for much of it.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Target, join, say};
use crate::support::{Client, Hub};

#[test]
fn a_room_keeps_as_many_letters_as_it_is_told_and_says_when_there_were_more() {
    let hub = Hub::with(|settings| settings.history.count = 2);
    let mut speaker = Client::connect(&hub);
    join(&mut speaker, json!({"roomChannel": "lobby"}));
    let (first, _) = join(
        &mut Client::connect(&hub),
        json!({"roomChannel": "lobby", "history": 0}),
    );
    say(&mut speaker, Target::Channel, &["1", "2", "3"]);
    let ask = |data: Value| join(&mut Client::connect(&hub), data);
    let (ack, told) = ask(json!({"roomChannel": "lobby", "history": 3}));
    assert_eq!(
        (told, &ack["complete"]),
        (vec!["2".to_owned(), "3".to_owned()], &json!(false))
    );
    let (ack, told) = ask(json!({"roomChannel": "lobby", "history": 2}));
    assert_eq!((told.len(), &ack["complete"]), (2, &json!(true)));
    let (ack, told) = ask(json!({"roomChannel": "lobby", "since": first["position"]}));
    assert_eq!((told.len(), &ack["complete"]), (2, &json!(false)), "{ack}");
    let off = Hub::with(|settings| settings.history.count = 0);
    let mut speaker = Client::connect(&off);
    join(&mut speaker, json!({"roomChannel": "lobby"}));
    say(&mut speaker, Target::Channel, &["1"]);
    let (ack, told) = join(
        &mut Client::connect(&off),
        json!({"roomChannel": "lobby", "history": 9}),
    );
    assert!(told.is_empty() && ack["complete"] == false, "{ack}");
}

#[test]
fn letters_are_kept_as_long_as_is_said() {
    let short = Hub::with(|settings| settings.history.age = Duration::from_millis(1));
    let long = Hub::with(|_| {});
    for hub in [&short, &long] {
        let mut speaker = Client::connect(hub);
        join(&mut speaker, json!({"roomChannel": "lobby"}));
        say(&mut speaker, Target::Channel, &["1"]);
    }
    short.wait_for("dondo_bytes{what=\"history\"}", 0);
    for (hub, kept) in [(&short, 0), (&long, 1)] {
        let newcomer = &mut Client::connect(hub);
        let (ack, told) = join(newcomer, json!({"roomChannel": "lobby", "history": 9}));
        assert_eq!(
            (told.len(), &ack["complete"]),
            (kept, &json!(kept == 1)),
            "{ack}"
        );
    }
}

#[test]
fn all_rooms_together_keep_as_many_bytes_as_is_said() {
    let hub = Hub::with(|settings| settings.history.bytes = Some(10_000));
    let mut speaker = Client::connect(&hub);
    let long = "x".repeat(3000);
    for room in ["a", "b", "c", "d"] {
        join(&mut speaker, json!({ "roomId": room }));
        let data = json!({"roomId": room, "message": long});
        assert_eq!(
            speaker.ask("notify-room", &[json!({ "data": data })])["ok"],
            true
        );
    }
    assert!(hub.metric("dondo_bytes{what=\"history\"}") <= 10_000);
    let mut newcomer = Client::connect(&hub);
    let kept = ["a", "b", "c", "d"].map(|room| {
        join(&mut newcomer, json!({"roomId": room, "history": 1}))
            .1
            .len()
    });
    assert_eq!(
        kept[0], 0,
        "of those that keep as much, the oldest went first"
    );
    assert_eq!(kept[3], 1);
}

/// Twice as much as may wait for it at once: it was closed for what it had asked for.
#[test]
fn who_joins_many_channels_at_once_with_their_history_gets_all_of_it() {
    let hub = Hub::with(|settings| {
        settings.insecure.no_rate_limits = true;
        settings.delivery.outbox_bytes_max = Some(2_000_000);
        settings.engine.max_payload = 100_000;
    });
    let channels: Vec<String> = (0..20).map(|number| format!("c{number}")).collect();
    let mut speaker = Client::connect(&hub);
    let long = "x".repeat(2000);
    for channel in &channels {
        speaker.ask("join-channel", &[json!(channel)]);
        for _ in 0..100 {
            speaker.emit(channel, &[json!({"data": {"message": long}})]);
        }
        speaker.ask("leave-channel", &[json!(channel)]);
        speaker.arrived();
    }
    let mut newcomer = Client::connect(&hub);
    for channel in &channels {
        let data = json!({"data": {"roomChannel": channel, "history": 100}});
        newcomer.emit("join-channel", &[data]);
    }
    for channel in &channels {
        for _ in 0..100 {
            newcomer.event(channel);
        }
    }
}

#[test]
fn who_may_have_few_letters_waiting_is_told_few_and_that_there_are_more() {
    let hub = Hub::with(|settings| settings.delivery.outbox_count_max = 16);
    let mut speaker = Client::connect(&hub);
    join(&mut speaker, json!({"roomChannel": "lobby"}));
    for text in ["1", "2", "3", "4", "5"] {
        say(&mut speaker, Target::Channel, &[text]);
        speaker.event("lobby");
    }
    let newcomer = &mut Client::connect(&hub);
    let (ack, told) = join(newcomer, json!({"roomChannel": "lobby", "history": 5}));
    assert_eq!(told, ["2", "3", "4", "5"]);
    assert_eq!(ack["complete"], false, "{ack}");
}
