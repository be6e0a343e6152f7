//! A Socket.IO 5 client over long-polling by hand, with one kept connection for its GETs and one for its POSTs.
//! Hands out packets as they are; a caller may send and poll from two threads.

use std::collections::VecDeque;
use std::io::Write;
use std::net::{SocketAddr, TcpStream};

use super::{Hub, http};

pub struct LongPoll {
    pub sid: String,
    pub id: String,
    host: SocketAddr,
    down: TcpStream,
    up: TcpStream,
    packets: VecDeque<String>,
    /// A GET was sent whose answer nobody has read.
    waits: bool,
    /// The status of the answer that ended it.
    pub ended: Option<u16>,
}

impl LongPoll {
    /// Opens a session and joins `/`.
    pub fn connect(hub: &Hub) -> Self {
        let mut poll = Self::open(hub);
        poll.say("40");
        let answer = poll.next();
        let id = answer.strip_prefix("40{\"sid\":\"").expect(&answer);
        poll.id = id.trim_end_matches("\"}").to_owned();
        poll
    }

    /// Opens a session and joins nothing.
    pub fn open(hub: &Hub) -> Self {
        let mut poll = Self {
            sid: String::new(),
            id: String::new(),
            host: hub.address(),
            down: http::connect(hub),
            up: http::connect(hub),
            packets: VecDeque::new(),
            waits: false,
            ended: None,
        };
        let open = poll.next();
        let sid = open.strip_prefix("0{\"sid\":\"").expect(&open);
        poll.sid = sid.split('"').next().unwrap().to_owned();
        poll
    }

    /// What its requests name, and an upgrading WebSocket with `transport=websocket`.
    pub fn target(&self, transport: &str) -> String {
        let sid = match self.sid.as_str() {
            "" => String::new(),
            sid => format!("&sid={sid}"),
        };
        format!("/socket.io/?EIO=4&transport={transport}{sid}")
    }

    /// Sends a GET and does not wait for its answer.
    pub fn ask_for_more(&mut self) {
        self.waits = true;
        let head = format!(
            "GET {} HTTP/1.1\r\nHost: {}\r\n\r\n",
            self.target("polling"),
            self.host
        );
        if http::is_closed(&self.down) {
            self.down = http::connect_at(self.host);
        }
        // A connection that is cut is told by what is read from it.
        let _ = self.down.write_all(head.as_bytes());
    }

    /// The packets of one GET.
    pub fn poll(&mut self) -> Vec<String> {
        if !self.packets.is_empty() {
            return self.packets.drain(..).collect();
        }
        let packets = self.poll_or_end();
        packets.unwrap_or_else(|| panic!("the session is over: {:?}", self.ended))
    }

    /// The next packet, pings answered on the way.
    pub fn next(&mut self) -> String {
        let packet = self.next_or_end();
        packet.unwrap_or_else(|| panic!("the session is over: {:?}", self.ended))
    }

    /// The same; none if a poll is not answered with packets: then `ended` has its status, if there was one.
    pub fn next_or_end(&mut self) -> Option<String> {
        loop {
            if self.packets.is_empty() {
                self.packets = self.poll_or_end()?.into();
            }
            match self.packets.pop_front().unwrap() {
                ping if ping == "2" => self.say("3"),
                packet => return Some(packet),
            }
        }
    }

    fn poll_or_end(&mut self) -> Option<Vec<String>> {
        if !self.waits {
            self.ask_for_more();
        }
        self.waits = false;
        let answer = http::try_read(&mut self.down).ok()?;
        if answer.header("Connection") == Some("close") {
            self.down = http::connect_at(self.host);
        }
        if answer.status != 200 {
            self.ended = Some(answer.status);
            return None;
        }
        Some(answer.text().split('\x1e').map(str::to_owned).collect())
    }

    /// Sends one POST, with as many packets as the caller joined.
    pub fn say(&mut self, body: &str) {
        let answer = self.post(body);
        assert_eq!(
            (answer.status, answer.text().as_str()),
            (200, "ok"),
            "{}",
            answer.text()
        );
    }

    /// The same, whatever the answer is.
    pub fn post(&mut self, body: &str) -> http::Answer {
        let head = format!(
            "POST {} HTTP/1.1\r\nHost: {}\r\nContent-Type: text/plain;charset=UTF-8\r\nContent-Length: {}\r\n\r\n{body}",
            self.target("polling"),
            self.host,
            body.len()
        );
        if http::is_closed(&self.up) {
            // The server keeps a connection for a while only; all clients open another one then.
            self.up = http::connect_at(self.host);
        }
        self.up.write_all(head.as_bytes()).unwrap();
        http::read(&mut self.up)
    }
}
