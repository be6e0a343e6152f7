//! `examples/guide.rs`: a guide's own greetings beside the hub.

use rustix::process::Signal;
use serde_json::json;

use super::{KINDS, enter};
use crate::support::{Hub, WebSocket};

#[test]
fn the_guides_greetings_are_answered_as_its_comments_say_and_to_their_sender_alone() {
    for kinds in KINDS {
        let hub = Hub::example("guide", &[]);
        let [mut ama, mut kofi, _] = kinds.map(|kind| enter(&hub, kind, "/"));
        ama.emit("hi", &[json!("socket.io")]);
        assert_eq!(ama.event("hi"), [json!("hi client")]);
        ama.emit(
            "register",
            &[json!("source"), json!({"id": 123, "name": "bob"})],
        );
        let test = [json!("ok"), json!({"id": 1, "name": "tom"})];
        assert_eq!(ama.event("test"), test);
        ama.ask("join-channel", &[json!("lobby")]);
        kofi.ask("join-channel", &[json!("lobby")]);
        ama.ask("lobby", &[json!("behind all that")]);
        kofi.event("lobby");
        let arrived = kofi.arrived();
        let greeted = |event: &str| ["hi", "test"].contains(&event);
        assert!(!arrived.iter().any(|(event, _)| greeted(event)));
    }
}

/// Fails if `Server::run` ends before its clients were told, never, or in disorder.
#[test]
fn at_sigterm_a_server_of_the_library_tells_its_clients_and_ends_in_order() {
    let mut hub = Hub::example("guide", &[]);
    let mut client = WebSocket::open(&hub, "/socket.io/?EIO=4&transport=websocket");
    assert!(client.next_text().starts_with('0'));
    hub.signal(Signal::TERM);
    assert_eq!(client.closed(), Some(1001));
    assert!(hub.ended().0.success());
}

#[test]
fn beside_the_guides_greetings_the_hub_has_its_channels() {
    for kinds in KINDS {
        let hub = Hub::example("guide", &[]);
        let mut robots = kinds.map(|kind| enter(&hub, kind, "/"));
        for robot in &mut robots {
            let joined = robot.ask("join-channel", &[json!("lobby")]);
            assert_eq!(joined["ok"], true, "{joined}");
        }
        let said = robots[0].ask("lobby", &[json!("akwaaba")]);
        assert_eq!(said["recipients"], 3, "{said}");
        for robot in &mut robots {
            assert_eq!(robot.letter("lobby")["data"]["message"], "akwaaba");
        }
        let taken = robots[0].ask("join-channel", &[json!("hi")]);
        assert_eq!(taken["code"], "reserved_name", "{taken}");
    }
}
