//! What floods of SignalR's words cost, and whom.

use std::io::{ErrorKind, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use super::{HANDSHAKE, RS};
use crate::support::{Client, Hub, PATIENCE, WebSocket, http, masked};

/// Fails if connections that were negotiated are no sessions of their address, or stay when they get no transport.
#[test]
fn negotiation_takes_places_and_gives_them_back() {
    // None of these ends before the last is asked for.
    let hub = Hub::with(|config| config.limits.sessions_max = 20);
    let statuses = (0..30).map(|_| negotiated(&hub)).collect::<Vec<u16>>();
    assert_eq!(statuses, [[200; 20].as_slice(), &[503; 10]].concat());
    let hub = Hub::with(|config| {
        config.limits.sessions_max = 1;
        config.engine.connect_timeout = Duration::from_millis(100);
    });
    let deadline = Instant::now() + PATIENCE;
    for _ in 0..2 {
        // What counts it goes a moment before its place does.
        while negotiated(&hub) != 200 {
            assert!(Instant::now() < deadline, "the place is not given back");
        }
        hub.wait_for("dondo_sessions_alive", 0);
        hub.wait_for(
            "dondo_sessions{protocol=\"signalr\",state=\"negotiated\"}",
            0,
        );
    }
}

fn negotiated(hub: &Hub) -> u16 {
    http::request(hub, "POST", "/chatHub/negotiate", &[], b"").status
}

/// Fails if who calls what there is not as fast as it can, and reads no answers, is served before others, is read on when its
/// answers fill what may wait for it, or is closed for it.
#[test]
fn calls_of_unknown_methods_at_full_speed_leave_the_neighbour_alone() {
    let hub = Hub::with(|config| {
        config.workers = 1;
        config.insecure.no_rate_limits = true;
        // It takes nothing, and is to be there as long as this looks on.
        config.delivery.stall_timeout = Some(8 * PATIENCE);
    });
    let mut neighbour = Client::connect(&hub);
    let mut hostile = WebSocket::open(&hub, "/chatHub");
    hostile.text(HANDSHAKE);
    let call = json!({"type": 1, "invocationId": "1", "target": "x".repeat(1000), "arguments": []});
    let many = format!("{call}{RS}").repeat(100);
    let enough = Arc::new(AtomicBool::new(false));
    let writer = std::thread::spawn({
        let (mut stream, enough) = (hostile.stream.try_clone().unwrap(), enough.clone());
        let limit = Some(Duration::from_millis(200));
        stream.set_write_timeout(limit).unwrap();
        move || {
            let frame = masked(0x81, many.as_bytes());
            let mut written = 0;
            while !enough.load(Ordering::Relaxed) {
                match stream.write(&frame[written..]) {
                    Ok(more) => written = (written + more) % frame.len(),
                    // It is not read any more.
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    Err(error) => return Some(error),
                }
            }
            None
        }
    });
    let (mut most, mut turns) = (0, 0);
    // Only a standstill takes so long.
    let deadline = Instant::now() + 4 * PATIENCE;
    while turns < 5 {
        let answer = neighbour.ask("join-channel", &[json!("a")]);
        assert_eq!(answer["ok"], true);
        neighbour.ask("leave-channel", &[json!("a")]);
        let held = hub.metric("dondo_bytes");
        most = most.max(held);
        // The kernel takes the first answers; those that count wait here.
        turns += u32::from(held > 4 << 20);
        assert!(Instant::now() < deadline, "its answers never wait: {most}");
    }
    enough.store(true, Ordering::Relaxed);
    let cut = writer.join().unwrap();
    assert!(cut.is_none(), "{cut:?}");
    assert_eq!(hub.metric("dondo_sessions_alive"), 2);
    // Half of what may wait for it, what it was answered in one turn, and the neighbour's.
    assert!(most < 12 << 20, "{most}");
}
