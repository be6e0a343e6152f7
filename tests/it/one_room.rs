//! One room, all protocols: what is said in it is the same for all, in the same order.

use std::time::Duration;

use serde_json::Value;

use crate::support::{Application, Hub};

/// Of all writers together.
const MESSAGES: usize = 10_000;

/// Fails if a member of any protocol or transport misses a message, has one twice, or sees two in another order than the
/// others, while clients of each kind join, leave and are cut beside it.
#[test]
fn members_of_all_protocols_see_ten_thousand_messages_in_one_order() {
    let hub = Hub::with(|config| {
        config.workers = 2;
        config.insecure.no_rate_limits = true;
        // What is looked at is order, not the patience of clients on a busy machine.
        config.engine.ping_timeout = Duration::from_secs(600);
    });
    let mut clients = Application::node("one_room.js", &[&hub.url(), &MESSAGES.to_string()]);
    let said: Value = serde_json::from_str(&clients.line().unwrap()).unwrap();
    let members = said["members"].as_object().unwrap();
    // Three of Socket.IO, six of SignalR, a plain WebSocket and an event stream.
    assert_eq!(members.len(), 11);
    let first = members.values().next().unwrap();
    for (kind, member) in members {
        assert_eq!(member["seen"], MESSAGES, "{kind}");
        assert_eq!(member["hash"], first["hash"], "{kind}");
    }
    for (kind, times) in said["disturbed"].as_object().unwrap() {
        for how in ["left", "cut"] {
            assert!(times[how].as_u64() > Some(0), "{kind}: none {how}");
        }
    }
}
