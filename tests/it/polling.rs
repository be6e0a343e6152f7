//! Long-polling as its stock clients need it.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{Client, Frame, Hub, LongPoll, PATIENCE, WebSocket, http, masked, system};

#[test]
fn an_answer_to_python_has_no_more_packets_than_it_takes_and_nothing_is_lost_by_that() {
    const MESSAGES: usize = 50;
    let hub = Hub::start();
    let open = http::get(&hub, "/socket.io/?EIO=4&transport=polling").text();
    let open: serde_json::Value = serde_json::from_str(&open[1..]).unwrap();
    let session = format!(
        "/socket.io/?EIO=4&transport=polling&sid={}",
        open["sid"].as_str().unwrap()
    );
    http::post(&hub, &session, "40\u{1e}420[\"join-channel\",\"lobby\"]");
    // Accepted is not handled: another worker's client may be quicker.
    let deadline = Instant::now() + PATIENCE;
    while !http::get(&hub, &session).text().contains("430[") {
        assert!(Instant::now() < deadline, "it is never in the channel");
    }
    let mut speaker = Client::connect(&hub);
    for number in 0..MESSAGES {
        let told = speaker.ask("lobby", &[json!(number.to_string())]);
        assert_eq!(told["recipients"], 1, "{told}");
    }
    let (mut heard, mut full) = (Vec::<usize>::new(), false);
    while heard.len() < MESSAGES {
        let agent = [("User-Agent", "python-requests/2.34")];
        let answer = http::request(&hub, "GET", &session, &agent, b"").text();
        let packets: Vec<&str> = answer.split('\u{1e}').collect();
        assert!(packets.len() <= 16, "{} packets", packets.len());
        full |= packets.len() >= 15;
        let messages = packets
            .iter()
            .filter(|packet| packet.starts_with("42[\"lobby\""));
        heard.extend(messages.map(|packet| {
            let event: serde_json::Value = serde_json::from_str(&packet[2..]).unwrap();
            event[1]["data"]["message"]
                .as_str()
                .unwrap()
                .parse::<usize>()
                .unwrap()
        }));
    }
    assert!(full, "an answer is worth its way");
    assert_eq!(heard, (0..MESSAGES).collect::<Vec<_>>());
}

#[test]
fn a_get_that_comes_after_the_close_it_was_sent_before_still_ends_in_order() {
    let hub = Hub::start();
    let deadline = Instant::now() + PATIENCE;
    while !ends_in_order(&hub) {
        assert!(Instant::now() < deadline, "no GET comes in time");
    }
}

/// False if it came too late: a session that its client closed is known for a second.
fn ends_in_order(hub: &Hub) -> bool {
    let open = http::get(hub, "/socket.io/?EIO=4&transport=polling").text();
    let open: serde_json::Value = serde_json::from_str(&open[1..]).unwrap();
    let session = format!(
        "/socket.io/?EIO=4&transport=polling&sid={}",
        open["sid"].as_str().unwrap()
    );
    let closed = Instant::now();
    assert_eq!(http::post(hub, &session, "1").text(), "ok");
    let late = http::get(hub, &session);
    if late.status == 400 && closed.elapsed() >= Duration::from_secs(1) {
        return false;
    }
    assert_eq!((late.status, late.text().as_str()), (200, "6"));
    assert_eq!(http::get(hub, &session).status, 400);
    true
}

#[test]
fn a_websocket_that_probes_without_reading_is_closed_and_its_session_goes_on() {
    let hub = Hub::start();
    let open = http::get(&hub, "/socket.io/?EIO=4&transport=polling").text();
    let open: serde_json::Value = serde_json::from_str(&open[1..]).unwrap();
    let sid = open["sid"].as_str().unwrap();
    let target = format!("/socket.io/?EIO=4&transport=websocket&sid={sid}");
    let mut socket = WebSocket::open(&hub, &target);
    socket.raw(&masked(0x81, b"2probe").repeat(2000));
    let mut answers = 0;
    while let Frame::Text(answer) = socket.next() {
        assert_eq!(answer, "3probe");
        answers += 1;
    }
    assert!(answers < 2000, "each of the probes was kept to be answered");
    let session = format!("/socket.io/?EIO=4&transport=polling&sid={sid}");
    assert_eq!(http::post(&hub, &session, "40").text(), "ok");
}

/// Fails if a session goes on of which an answer was lost on its way: its client would miss messages, and nobody would say so.
#[test]
fn an_answer_that_breaks_off_ends_its_session() {
    let hub = Hub::start();
    let mut speaker = Client::connect(&hub);
    let mut poll = LongPoll::connect(&hub);
    poll.say("42[\"join-channel\",\"trap\"]");
    while speaker.ask("trap", &[json!("?")])["recipients"] != 1 {}
    let told = speaker.ask("trap", &[json!("x".repeat(900_000))]);
    assert_eq!(told["recipients"], 1, "{told}");
    let mut reader = system::narrow(&hub);
    let target = poll.target("polling");
    write!(reader, "GET {target} HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    assert_eq!(http::read_head(&mut reader).status, 200);
    system::reset(reader);
    hub.wait_for("dondo_closes_total{reason=\"transport error\"}", 1);
    hub.wait_for("dondo_sessions_alive", 1);
}

/// Opens a session of long-polling that has joined `/`, and answers where its requests go.
fn polled(hub: &Hub) -> String {
    let open = http::get(hub, "/socket.io/?EIO=4&transport=polling").text();
    let open: serde_json::Value = serde_json::from_str(&open[1..]).unwrap();
    let sid = open["sid"].as_str().unwrap();
    let session = format!("/socket.io/?EIO=4&transport=polling&sid={sid}");
    assert_eq!(http::post(hub, &session, "40").text(), "ok");
    session
}

/// Fails if a request is lost, or answered as the last one of its connection, because one behind it was half there: as a
/// proxy has them that sends on without waiting for answers.
#[test]
fn requests_that_are_sent_behind_one_another_are_all_answered_over_their_connection() {
    const POSTS: usize = 20;
    let hub = Hub::start();
    let session = polled(&hub);
    let mut all = String::new();
    for number in 0..POSTS {
        let body = format!("42[\"nobody\",\"{}\"]", "x".repeat(97 * number));
        let head = format!("POST {session} HTTP/1.1\r\nHost: x\r\n");
        all += &match number % 3 {
            0 => format!(
                "{head}Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
                body.len()
            ),
            _ => format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()),
        };
    }
    // As nginx has it, with an address that is none to actix-http: what follows a body of chunks is a head as any other.
    all += "GET /healthz?\"q\" HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\n\r\n";
    let mut stream = http::connect(&hub);
    stream.write_all(all.as_bytes()).unwrap();
    for number in 0..POSTS {
        let answer = http::read(&mut stream);
        assert_eq!((answer.status, answer.text().as_str()), (200, "ok"));
        assert_eq!(answer.header("connection"), None, "{number}");
    }
    let last = http::read(&mut stream);
    assert_eq!((last.status, last.header("connection")), (200, None));
    assert_eq!(http::ask(&mut stream, "/healthz", &[]).status, 200);
}

/// Fails if whoever says that no more requests come loses the answers to those that wait.
#[test]
fn whoever_closes_its_half_behind_its_requests_has_all_answers() {
    let hub = Hub::start();
    for count in [1, 2, 3, 5, 20] {
        let mut stream = http::connect(&hub);
        let all = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n".repeat(count);
        stream.write_all(all.as_bytes()).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut answers = String::new();
        stream.read_to_string(&mut answers).unwrap();
        assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), count);
    }
}

/// Fails if frames that a client sends right behind its handshake, without waiting for the answer, are lost on their way to
/// its WebSocket.
#[test]
fn frames_right_behind_a_handshake_are_heard() {
    let hub = Hub::start();
    let mut stream = http::connect(&hub);
    let mut all = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n\
        GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        .to_vec();
    all.extend(masked(0x81, b"40"));
    stream.write_all(&all).unwrap();
    assert_eq!(http::read(&mut stream).status, 200);
    assert_eq!(http::read_head(&mut stream).status, 101);
    let mut heard = Vec::new();
    let joined = |heard: &[u8]| heard.windows(10).any(|bytes| bytes == b"40{\"sid\":\"");
    while !joined(&heard) {
        let mut bytes = [0; 512];
        let count = stream.read(&mut bytes).unwrap();
        assert!(count > 0, "{}", String::from_utf8_lossy(&heard));
        heard.extend_from_slice(&bytes[..count]);
    }
}
