//! Readers within TLS that stop reading: what waits for them waits where it is counted.

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::clients::{Kind, Robot};
use crate::support::{Hub, PATIENCE, http, masked, system, tls};

const MEGABYTE: u64 = 1 << 20;
const OUTBOX: &str = "dondo_outbox_bytes";
/// Who reads nothing answers no ping: it is not to be cut for that.
const NO_PINGS: [&str; 4] = [
    "--engine.ping-interval",
    "1h",
    "--engine.ping-timeout",
    "1h",
];

/// A member of `trap` that reads nothing more.
fn deaf(hub: &Hub) -> tls::TlsConnection {
    let mut deaf = tls::over(system::narrow(hub));
    let target = "/socket.io/?EIO=4&transport=websocket";
    let headers = [
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("Sec-WebSocket-Version", "13"),
    ];
    assert_eq!(http::ask(&mut deaf, target, &headers).status, 101);
    deaf.write_all(&masked(0x81, b"40")).unwrap();
    deaf.write_all(&masked(0x81, br#"420["join-channel","trap"]"#))
        .unwrap();
    // It is a member once that is answered.
    let (mut said, mut piece) = (Vec::new(), [0; 1024]);
    while !said.windows(4).any(|window| window == b"430[") {
        let count = deaf.read(&mut piece).expect("the answer comes");
        assert!(count > 0);
        said.extend_from_slice(&piece[..count]);
    }
    deaf
}

fn sender(hub: &Hub) -> Robot {
    let mut sender = Robot::start(hub, Kind::JsWebSocket);
    sender.tell("connect", &[]);
    sender.event("$connect");
    sender
}

/// Sends letters to `trap` until `is_enough`.
fn fill(sender: &mut Robot, is_enough: impl Fn() -> bool) {
    let text = "x".repeat(50_000);
    let deadline = Instant::now() + PATIENCE;
    while !is_enough() {
        assert!(Instant::now() < deadline, "it is never enough");
        sender.ask("trap", &[json!(text)]);
    }
}

/// Fails if TLS takes what its reader does not: then no outbox fills, nobody is cut, and memory grows.
#[test]
fn a_reader_that_stops_is_cut_at_its_limit_and_memory_is_bounded() {
    let limits = ["--workers", "1", "--delivery.outbox-bytes-max", "3MB"];
    let flags = [
        &tls::flags()[..],
        &limits,
        &["--delivery.stall-timeout", "600s"],
        &NO_PINGS,
    ]
    .concat();
    let hub = Hub::program(&flags);
    let mut sender = sender(&hub);
    let before = system::memory(hub.process());
    let deaf: Vec<_> = (0..8).map(|_| deaf(&hub)).collect();
    hub.wait_for("dondo_sessions_alive", 9);
    // What is sent to eight of them is one letter in eight outboxes.
    fill(&mut sender, || {
        hub.metric("dondo_closes_total{reason=\"outbox full\"}") == 8
    });
    for client in &deaf {
        system::wait_until_cut(hub.address(), client.sock.local_addr().unwrap());
    }
    hub.wait_for(OUTBOX, 0);
    hub.wait_for("dondo_sessions_alive", 1);
    let grown = system::memory(hub.process()).saturating_sub(before);
    assert!(grown < 32 * MEGABYTE, "{grown}");
}

/// Fails if a stall is not seen beneath TLS.
#[test]
fn a_reader_that_takes_nothing_is_cut_by_the_stall_timer() {
    let stall = ["--workers", "1", "--delivery.stall-timeout", "2s"];
    let hub = Hub::program(&[&tls::flags()[..], &stall].concat());
    let mut sender = sender(&hub);
    let deaf = deaf(&hub);
    hub.wait_for("dondo_sessions_alive", 2);
    let stalled = "dondo_closes_total{reason=\"stalled\"}";
    // Its time has begun with the first letter that it did not take, and may be over before there are more.
    fill(&mut sender, || {
        hub.metric(OUTBOX) > 1_000_000 || hub.metric(stalled) == 1
    });
    hub.wait_for(stalled, 1);
    system::wait_until_cut(hub.address(), deaf.sock.local_addr().unwrap());
    hub.wait_for(OUTBOX, 0);
}

/// Fails if what TLS holds of the last letter is forgotten there until somebody says more: the kernel takes a part of it, and no
/// outbox has the rest.
#[test]
fn who_reads_late_gets_all_to_the_last_byte() {
    let hub = Hub::program(&[&tls::flags()[..], &["--workers", "1"], &NO_PINGS].concat());
    let mut sender = sender(&hub);
    let text = "x".repeat(12_000);
    let mut first = deaf(&hub);
    hub.wait_for("dondo_sessions_alive", 2);
    let mut fits = 0;
    while hub.metric(OUTBOX) == 0 {
        sender.ask("trap", &[json!(text)]);
        fits += 1;
    }
    read_letters(&mut first, fits);
    drop(first);
    hub.wait_for("dondo_sessions_alive", 1);
    for count in fits.saturating_sub(4)..fits + 1 {
        let mut late = deaf(&hub);
        hub.wait_for("dondo_sessions_alive", 2);
        for _ in 0..count {
            sender.ask("trap", &[json!(text)]);
        }
        read_letters(&mut late, count);
        drop(late);
        hub.wait_for("dondo_sessions_alive", 1);
    }
}

/// Reads so many letters of `trap`, to their ends.
fn read_letters(late: &mut tls::TlsConnection, count: usize) {
    let (mut read, mut piece) = (Vec::new(), [0; 16 * 1024]);
    while read.iter().filter(|byte| **byte == b'x').count() < count * 12_000 {
        let more = late.read(&mut piece).expect("all of it comes");
        assert!(more > 0);
        read.extend_from_slice(&piece[..more]);
    }
}

/// Fails if an answer within TLS that nobody reads has no time.
#[test]
fn an_answer_that_is_not_read_is_cut() {
    let hub = Hub::with_tls(|config| {
        config.workers = 1;
        config.delivery.stall_timeout = Some(Duration::from_secs(2));
    });
    let mut client = tls::over(system::narrow(&hub));
    let mut asked = String::new();
    for _ in 0..400 {
        asked += "GET /chat.js HTTP/1.1\r\nHost: x\r\n\r\n";
    }
    client.write_all(asked.as_bytes()).unwrap();
    system::wait_until_cut(hub.address(), client.sock.local_addr().unwrap());
    let slow: Vec<_> = hub.doors().sockets().slow().collect();
    assert!(slow.contains(&("answer not read", 1)), "{slow:?}");
}
