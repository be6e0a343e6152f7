//! A session on long-polling, by hand: one request a connection.

use std::net::TcpStream;
use std::time::Instant;

use super::http::{self, Answer};
use super::{Hub, PATIENCE, WebSocket};

/// The separator of packets in a body.
pub const SEPARATOR: &str = "\x1e";
/// What a request for a session that is no more gets.
pub const UNKNOWN: &str = r#"{"code":1,"message":"Session ID unknown"}"#;

pub struct Polling<'a> {
    pub hub: &'a Hub,
    pub sid: String,
    pub path: String,
}

impl<'a> Polling<'a> {
    pub fn open(hub: &'a Hub, path: &str) -> Self {
        let answer = http::get(hub, &format!("{path}?EIO=4&transport=polling"));
        assert_eq!(answer.status, 200, "{}", answer.text());
        Self {
            hub,
            sid: sid(&answer.text()),
            path: path.to_owned(),
        }
    }

    /// The target of its requests.
    pub fn target(&self) -> String {
        format!("{}?EIO=4&transport=polling&sid={}", self.path, self.sid)
    }

    pub fn get(&self) -> Answer {
        http::get(self.hub, &self.target())
    }

    /// The body of a GET that must be answered with packets.
    pub fn read(&self) -> String {
        body(&self.get())
    }

    /// Sends a GET and comes back once it waits.
    pub fn wait(&self) -> TcpStream {
        let waiting = http::send(self.hub, "GET", &self.target(), &[], b"");
        self.settle();
        waiting
    }

    /// As [`Hub::settle`].
    pub fn settle(&self) {
        self.hub.settle();
    }

    pub fn post(&self, body: &str) -> Answer {
        http::post(self.hub, &self.target(), body)
    }

    /// A POST that must be accepted.
    pub fn say(&self, body: &str) {
        let answer = self.post(body);
        assert_eq!(
            (answer.status, answer.text().as_str()),
            (200, "ok"),
            "{body:?}"
        );
    }

    /// Sends the beginning of a POST of `length` bytes and comes back once it is being read.
    pub fn begin_post(&self, length: usize, beginning: &str) -> TcpStream {
        let length = length.to_string();
        let headers = [("Content-Length", length.as_str())];
        let posting = http::send(
            self.hub,
            "POST",
            &self.target(),
            &headers,
            beginning.as_bytes(),
        );
        self.settle();
        posting
    }

    /// A WebSocket that asks to take the session over.
    pub fn upgrading(&self) -> WebSocket {
        WebSocket::open(self.hub, &self.upgrade_target())
    }

    pub fn upgrade_target(&self) -> String {
        format!("{}?EIO=4&transport=websocket&sid={}", self.path, self.sid)
    }

    /// Moves to a WebSocket as stock clients do.
    pub fn upgrade(&self) -> WebSocket {
        let mut socket = self.upgrading();
        socket.text("2probe");
        assert_eq!(socket.next_text(), "3probe");
        socket.text("5");
        self.hub.wait_for("dondo_sessions{state=\"websocket\"}", 1);
        socket
    }

    /// The session is no more, for the reason named: its next request gets code 1. Counts on no other session having
    /// ended for this reason.
    pub fn is_gone(&self, reason: &str) {
        self.hub
            .wait_for(&format!("dondo_closes_total{{reason=\"{reason}\"}}"), 1);
        self.is_gone_already();
    }

    /// The session has ended: its next request gets code 1.
    pub fn is_gone_already(&self) {
        let deadline = Instant::now() + PATIENCE;
        // The end is counted a moment before the id is struck out.
        loop {
            let answer = self.post("4anyone?");
            if answer.status == 400 {
                assert_eq!(answer.text(), UNKNOWN);
                return;
            }
            assert!(Instant::now() < deadline, "the session answers {answer:?}");
        }
    }

    /// The session goes on: it says something back. Nothing else may be waiting for it.
    pub fn is_alive(&self) {
        self.say("4still here");
        assert_eq!(self.read(), "4still here");
    }
}

/// The body of an answer that must hold packets.
pub fn body(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.text()
}

/// The session's id in an open packet.
pub fn sid(open: &str) -> String {
    let (_, rest) = open
        .split_once("\"sid\":\"")
        .unwrap_or_else(|| panic!("no open packet: {open}"));
    rest.split_once('"').unwrap().0.to_owned()
}
