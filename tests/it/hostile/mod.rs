//! Bad input of every kind against the program itself, with two neighbours chatting throughout: only the connection that
//! did it is closed, in the documented way, and memory stays bounded. The rows are those of the field's advisories.

mod floods;
mod frames;
mod half_packets;
mod headers;
mod origins;
mod packets;
mod polling;
mod upgrades;

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{JoinHandle, spawn};
use std::time::Duration;

use serde_json::json;

use crate::support::{Client, Frame, Hub, WebSocket, system};

const MEGABYTE: u64 = 1 << 20;
/// Where a session begins on a WebSocket.
const DIRECT: &str = "/socket.io/?EIO=4&transport=websocket";
const POLLING: &str = "/socket.io/?EIO=4&transport=polling";
const SESSIONS: &str = "dondo_sessions_alive";

/// The program under attack, and its neighbours' chat.
struct Siege {
    hub: Hub,
    /// Neighbours that came too late for a short time limit, before those that are there.
    late: u64,
    memory: u64,
    over: Sender<()>,
    chat: JoinHandle<usize>,
}

impl Siege {
    fn begin(flags: &[&str]) -> Self {
        let hub = Hub::program(flags);
        let mut late = 0;
        let pair = [0, 1].map(|_| {
            let (mut client, before) = Client::connect_in_time(&hub);
            late += before;
            let answer = client.ask("join-channel", &[json!("neighbours")]);
            assert_eq!(answer["ok"], true, "{answer}");
            client
        });
        let (over, until) = channel();
        let chat = spawn(move || chat(pair, &until));
        let memory = system::memory(hub.process());
        Self {
            hub,
            late,
            memory,
            over,
            chat,
        }
    }

    /// Nobody but the neighbours is left, they missed nothing, and memory has grown by less than `growth` bytes.
    fn end(self, growth: u64) {
        self.hub.wait_for(SESSIONS, 2);
        self.hub.wait_for("dondo_outbox_bytes", 0);
        self.memory_is_bounded(growth);
        drop(self.over);
        let messages = self.chat.join().expect("the neighbours got every message");
        assert!(messages > 0);
    }

    fn memory_is_bounded(&self, growth: u64) {
        let now = system::memory(self.hub.process());
        assert!(
            now < self.memory + growth,
            "memory grew from {} to {now} bytes",
            self.memory
        );
        assert!(!self.chat.is_finished(), "the neighbours missed a message");
    }
}

fn chat([mut one, mut other]: [Client; 2], until: &Receiver<()>) -> usize {
    let mut messages = 0;
    loop {
        one.emit("neighbours", &[json!(messages)]);
        for client in [&mut one, &mut other] {
            let got = client.event("neighbours");
            assert_eq!(got[0]["data"]["message"], messages);
        }
        messages += 1;
        // The pause leaves the machine to the attack.
        let pause = Duration::from_millis(5);
        if until.recv_timeout(pause) != Err(RecvTimeoutError::Timeout) {
            return messages;
        }
    }
}

/// What becomes of a WebSocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// A close frame, with this code if with any, and the end of the connection.
    Closed(Option<u16>),
    /// The connection goes on.
    Stays,
}

/// Closed as for any wrong packet: by a close frame without a code.
const CLOSED: Fate = Fate::Closed(None);
const PROTOCOL_ERROR: Fate = Fate::Closed(Some(1002));
const NOT_UTF8: Fate = Fate::Closed(Some(1007));
const TOO_BIG: Fate = Fate::Closed(Some(1009));

/// Asks something that any member may, and sees whether an answer or the end comes.
fn fate(socket: &mut WebSocket) -> Fate {
    socket.text("42987654321[\"leave-room\",\"nowhere\"]");
    let mut close = None;
    loop {
        match socket.next() {
            Frame::Text(text) if text == "2" => socket.text("3"),
            Frame::Text(text) if text.starts_with("43987654321[") => return Fate::Stays,
            Frame::Close(code) => close = Some(code),
            Frame::End => {
                return Fate::Closed(close.expect("a close frame goes before the end"));
            }
            _ => {}
        }
    }
}

/// A WebSocket that has joined `/`.
fn member(hub: &Hub) -> WebSocket {
    Client::connect(hub).socket
}

/// A WebSocket that has seen the open packet and joined nothing.
fn stranger(hub: &Hub) -> WebSocket {
    let mut socket = WebSocket::open(hub, DIRECT);
    assert!(socket.next_text().starts_with("0{"));
    socket
}
