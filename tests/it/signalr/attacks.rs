//! What floods of SignalR's words cost, and whom.

use std::io::Write;
use std::time::{Duration, Instant};

use serde_json::json;

use super::{HANDSHAKE, RS, negotiate};
use crate::support::{Client, Hub, WebSocket, http, masked};

/// Fails if connections that were negotiated and get no transport stay, or are no sessions of their address.
#[test]
fn negotiation_takes_places_and_gives_them_back() {
    let hub = Hub::with(|config| {
        config.limits.sessions_max = 20;
        config.engine.connect_timeout = Duration::from_millis(500);
    });
    let statuses: Vec<u16> = (0..30)
        .map(|_| http::request(&hub, "POST", "/chatHub/negotiate", &[], b"").status)
        .collect();
    assert_eq!(statuses[..20], [200; 20]);
    assert!(statuses[20..].contains(&503), "{statuses:?}");
    hub.wait_for("dondo_sessions_alive", 0);
    hub.wait_for(
        "dondo_sessions{protocol=\"signalr\",state=\"negotiated\"}",
        0,
    );
    negotiate(&hub);
}

/// Fails if who calls what there is not as fast as it can is served before others, or fills memory with its answers.
#[test]
fn calls_of_unknown_methods_at_full_speed_leave_the_neighbour_alone() {
    let hub = Hub::with(|config| {
        config.workers = 1;
        config.rate_limits = false;
    });
    let mut neighbour = Client::connect(&hub);
    let mut hostile = WebSocket::open(&hub, "/chatHub");
    hostile.text(HANDSHAKE);
    let call = json!({"type": 1, "invocationId": "1", "target": "x".repeat(1000), "arguments": []});
    let many = format!("{call}{RS}").repeat(100);
    let writer = std::thread::spawn({
        let mut stream = hostile.stream.try_clone().unwrap();
        let limit = Some(Duration::from_millis(200));
        stream.set_write_timeout(limit).unwrap();
        move || {
            // It reads nothing: sooner or later nothing more is taken of it.
            let end = Instant::now() + Duration::from_secs(3);
            let frame = masked(0x81, many.as_bytes());
            while Instant::now() < end && stream.write_all(&frame).is_ok() {}
        }
    });
    for _ in 0..50 {
        let answer = neighbour.ask("join-channel", &[json!("a")]);
        assert_eq!(answer["ok"], true);
        neighbour.ask("leave-channel", &[json!("a")]);
    }
    writer.join().unwrap();
    // With half of what may wait for it, it is not read any more.
    let held = hub.metric("dondo_bytes");
    assert!(held < 12 << 20, "{held}");
}
