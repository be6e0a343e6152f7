//! Legal things, far too often: handshakes, pings, pongs, joins, questions whose answers nobody reads, resets.

use std::io::{ErrorKind, Write};
use std::time::{Duration, Instant};

use serde_json::json;

use super::{DIRECT, Fate, MEGABYTE, POLLING, SESSIONS, Siege, fate, member};
use crate::support::{Client, Frame, PATIENCE, WebSocket, http, system};

/// Writes the same bytes again and again until the server takes no more or the count is reached. `written` of them were
/// written before: who writes on behind a server that only paused must not begin in the middle of a frame.
fn pour(socket: &mut WebSocket, bytes: &[u8], count: usize, written: &mut usize) {
    let stream = &mut socket.stream;
    stream
        .set_write_timeout(Some(Duration::from_secs(2)))
        .unwrap();
    for _ in 0..count {
        while *written < bytes.len() {
            match stream.write(&bytes[*written..]) {
                Ok(more) => *written += more,
                Err(error) => {
                    let full = matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut);
                    let ended = matches!(
                        error.kind(),
                        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe
                    );
                    assert!(full || ended, "{error}");
                    return;
                }
            }
        }
        *written = 0;
    }
}

#[test]
fn thousands_of_handshakes_that_are_never_polled_are_forgotten() {
    let siege = Siege::begin(&[
        "--engine.ping-interval",
        "1s",
        // The neighbours must answer theirs, whatever keeps them from it.
        "--engine.ping-timeout",
        "10s",
        "--engine.connect-timeout",
        "60s",
    ]);
    for _ in 0..10 {
        let mut stream = http::connect(&siege.hub);
        for _ in 0..500 {
            assert_eq!(http::ask(&mut stream, POLLING, &[]).status, 200);
        }
    }
    siege
        .hub
        .wait_for("dondo_closes_total{reason=\"ping timeout\"}", 5000);
    siege.hub.wait_for("dondo_sessions{state=\"polling\"}", 0);
    siege.end(96 * MEGABYTE);
}

#[test]
fn one_connection_cannot_fill_the_hub_with_handshakes() {
    // None of its sessions ends before the last was asked for.
    let siege = Siege::begin(&["--engine.connect-timeout", "60s"]);
    let mut stream = http::connect(&siege.hub);
    let request = format!("GET {POLLING} HTTP/1.1\r\nHost: x\r\n\r\n");
    let mut reader = stream.try_clone().unwrap();
    let writer = std::thread::spawn(move || {
        // All in one go, until the server closes.
        let many = request.repeat(100);
        (0..100).all(|_| stream.write_all(many.as_bytes()).is_ok())
    });
    let mut opened = 0;
    while let Ok(answer) = http::try_read(&mut reader) {
        match answer.status {
            200 => opened += 1,
            503 => break,
            other => panic!("{other}"),
        }
    }
    assert_eq!(opened, 1000);
    drop(reader);
    writer.join().unwrap();
    siege.memory_is_bounded(64 * MEGABYTE);
}

#[test]
fn a_session_that_never_joined_is_forgotten_with_its_end() {
    let siege = Siege::begin(&["--connect-timeout", "500ms"]);
    for _ in 0..50 {
        assert_eq!(http::get(&siege.hub, POLLING).status, 200);
    }
    let closed = 50 + siege.late;
    siege
        .hub
        .wait_for("dondo_closes_total{reason=\"connect timeout\"}", closed);
    siege.hub.wait_for("dondo_sessions{state=\"polling\"}", 0);
    siege.end(32 * MEGABYTE);
}

#[test]
fn sessions_that_never_join_are_closed_by_their_connect_timeout() {
    let siege = Siege::begin(&["--engine.connect-timeout", "500ms"]);
    let mut sockets: Vec<WebSocket> = (0..200)
        .map(|_| WebSocket::open(&siege.hub, DIRECT))
        .collect();
    for socket in &mut sockets {
        assert_eq!(socket.closed(), None);
    }
    let closed = 200 + siege.late;
    siege
        .hub
        .wait_for("dondo_closes_total{reason=\"connect timeout\"}", closed);
    siege.end(32 * MEGABYTE);
}

#[test]
fn a_flood_of_pings_is_answered_at_most_and_holds_nothing() {
    let siege = Siege::begin(&["--insecure.no-rate-limits", "on"]);
    let ping = [b"\x89\xfd\0\0\0\0".as_slice(), &[b'p'; 125]]
        .concat()
        .repeat(1000);
    // One who reads no pong.
    let mut deaf = Client::over(WebSocket::over(system::narrow(&siege.hub), DIRECT), "/").socket;
    pour(&mut deaf, &ping, 300, &mut 0);
    siege.memory_is_bounded(16 * MEGABYTE);
    drop(deaf);
    // One who does: the last ping is answered, whatever was answered before.
    let mut socket = member(&siege.hub);
    let mut writer = socket.stream.try_clone().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for _ in 0..100 {
                writer.write_all(&ping).unwrap();
            }
            writer.write_all(b"\x89\x84\0\0\0\0last").unwrap();
        });
        while socket.next() != Frame::Pong(b"last".to_vec()) {}
    });
    assert_eq!(fate(&mut socket), Fate::Stays);
    drop(socket);
    siege.end(16 * MEGABYTE);
}

#[test]
fn a_flood_of_pongs_holds_nothing() {
    let siege = Siege::begin(&["--insecure.no-rate-limits", "on"]);
    for pong in [&b"\x8a\x80\0\0\0\0"[..], &b"\x81\x81\0\0\0\x003"[..]] {
        let mut socket = member(&siege.hub);
        let many = pong.repeat(1000);
        for _ in 0..200 {
            socket.raw(&many);
        }
        assert_eq!(fate(&mut socket), Fate::Stays);
        siege.memory_is_bounded(16 * MEGABYTE);
    }
    siege.end(16 * MEGABYTE);
}

const STALLED: &str = "dondo_closes_total{reason=\"stalled\"}";

#[test]
fn one_who_asks_for_answers_and_reads_none_is_cut() {
    let siege = Siege::begin(&["--delivery.stall-timeout", "5s"]);
    let narrow = WebSocket::over(system::narrow(&siege.hub), DIRECT);
    let mut greedy = Client::over(narrow, "/").socket;
    let client = greedy.stream.local_addr().unwrap();
    let question = b"421[\"leave-room\",\"nowhere\"]";
    let mut frame = vec![0x81, 0x80 | question.len() as u8, 0, 0, 0, 0];
    frame.extend(question);
    let many = frame.repeat(1000);
    let (deadline, mut written) = (Instant::now() + PATIENCE, 0);
    // Until it is cut: that the hub takes nothing for a while may be the machine's doing.
    while siege.hub.metric(STALLED) == 0 {
        pour(&mut greedy, &many, 50, &mut written);
        siege.memory_is_bounded(48 * MEGABYTE);
        assert!(Instant::now() < deadline, "it is not cut");
    }
    system::wait_until_cut(siege.hub.address(), client);
    assert_eq!(siege.hub.metric(STALLED), 1);
    siege.end(48 * MEGABYTE);
}

#[test]
fn one_socket_joins_no_more_rooms_than_it_may_however_often_it_asks() {
    let siege = Siege::begin(&["--presence.online-users", "off"]);
    let mut client = Client::connect(&siege.hub);
    let rooms = 20_000;
    let mut writer = client.socket.stream.try_clone().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for some in 0..rooms / 1000 {
                let mut bytes = Vec::new();
                for id in some * 1000..(some + 1) * 1000 {
                    let packet = format!("42{id}[\"join-room\",\"r{id}\"]");
                    bytes.extend([0x81, 0x80 | packet.len() as u8, 0, 0, 0, 0]);
                    bytes.extend(packet.as_bytes());
                }
                writer.write_all(&bytes).unwrap();
            }
        });
        let (mut taken, mut refused) = (0, 0);
        while taken + refused < rooms {
            let packet = client.socket.next_text();
            if packet.starts_with("43") {
                if packet.contains("\"ok\":true") {
                    taken += 1;
                } else {
                    assert!(packet.contains("\"code\":\"limit_reached\""), "{packet}");
                    refused += 1;
                }
            }
        }
        assert_eq!((taken, refused), (256, rooms - 256));
    });
    assert_eq!(siege.hub.metric("dondo_rooms"), 256 + 1);
    // The same room over and over is one seat.
    let mut again = Client::connect(&siege.hub);
    assert_eq!(again.ask("join-room", &[json!("again")])["already"], false);
    for _ in 0..2000 {
        let answer = again.ask("join-room", &[json!("again")]);
        assert_eq!(
            (&answer["already"], &answer["onlineUsers"]),
            (&json!(true), &json!(1))
        );
    }
    // Channels have a limit of their own.
    let channels = (0..300).map(|name| again.ask("join-channel", &[json!(format!("c{name}"))]));
    let taken = channels.filter(|answer| answer["ok"] == true).count();
    assert_eq!(taken, 256);
    drop((client, again));
    siege.hub.wait_for("dondo_rooms", 1);
    siege.end(64 * MEGABYTE);
}

#[test]
fn a_storm_of_resets_at_every_stage_leaves_nothing_behind() {
    let siege = Siege::begin(&[]);
    let files = system::open_files(siege.hub.process());
    for round in 0..400 {
        match round % 4 {
            0 => system::reset(http::connect(&siege.hub)),
            1 => system::reset(http::send(&siege.hub, "GET", DIRECT, &[], b"")),
            2 => system::reset(WebSocket::open(&siege.hub, DIRECT).stream),
            _ => {
                let mut client = Client::connect(&siege.hub);
                client.emit("join-room", &[json!("r")]);
                client.emit("notify-room", &[json!("x".repeat(10_000)), json!("r")]);
                system::reset(client.socket.stream);
            }
        }
    }
    siege.hub.wait_for(SESSIONS, 2);
    siege.hub.wait_for("dondo_rooms", 1);
    system::wait_for_files(siege.hub.process(), files + 2);
    siege.end(32 * MEGABYTE);
}

#[test]
fn requests_without_end_whose_answers_nobody_reads_are_not_answered_into_memory() {
    let siege = Siege::begin(&[]);
    let mut stream = http::connect(&siege.hub);
    let requests = b"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n".repeat(1000);
    stream
        .set_write_timeout(Some(Duration::from_secs(2)))
        .unwrap();
    // The kernels on both sides take some; then nobody does.
    let taken = (0..2000).take_while(|_| stream.write_all(&requests).is_ok());
    let taken = taken.count();
    assert!(taken < 1000, "{taken} thousand requests were taken");
    siege.end(48 * MEGABYTE);
}
