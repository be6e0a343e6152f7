//! The recorded .NET client, played from its fixture with raw bytes: requests and frames as they were, nothing added.
//! Knows no event; a session that has been played goes on as the library would.

use std::collections::{BTreeMap, VecDeque};
use std::io::Write;
use std::net::TcpStream;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::support::{Frame, Hub, WebSocket, http};

const FIXTURE: &str = include_str!("../../vectors/dotnet-client.json");
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
/// Whole seconds that never change: the client's `t` repeats within a second.
const SECONDS: &str = "1630497600";

/// A part of the fixture: `sessions` or `packets`.
pub fn fixture(part: &str) -> Vec<Value> {
    let fixture: Value = serde_json::from_str(FIXTURE).unwrap();
    fixture[part].as_array().unwrap().clone()
}

pub fn session(name: &str) -> Value {
    let found = fixture("sessions")
        .into_iter()
        .find(|session| session["name"] == *name);
    found.unwrap_or_else(|| panic!("no recorded session {name}"))
}

pub fn packet(name: &str) -> Value {
    let found = fixture("packets")
        .into_iter()
        .find(|packet| packet["name"] == *name);
    found.unwrap_or_else(|| panic!("no recorded packet {name}"))
}

enum Line {
    Http { stream: TcpStream, owed: bool },
    Web(WebSocket),
}

/// A .NET client on its connections.
pub struct DotNet {
    /// Its socket id.
    pub id: String,
    /// `/chat,` or nothing, as it stands in packets.
    pub namespace: String,
    /// Attachments in the order of their arrival.
    pub blobs: Vec<Vec<u8>>,
    host: String,
    sid: String,
    more: Vec<String>,
    lines: BTreeMap<u64, Line>,
    heard: VecDeque<String>,
}

impl DotNet {
    /// Plays a session up to its end, or to the close of its WebSocket. `open` corrects the numbers of the recorded
    /// open packet to those of the hub.
    pub fn play(hub: &Hub, session: &Value, open: impl Fn(&str) -> String) -> Self {
        let mut client = Self {
            id: String::new(),
            namespace: String::new(),
            blobs: Vec::new(),
            host: hub.address().to_string(),
            sid: String::new(),
            more: Vec::new(),
            lines: BTreeMap::new(),
            heard: VecDeque::new(),
        };
        for step in session["steps"].as_array().unwrap() {
            let Some(connection) = step["connection"].as_u64() else {
                continue;
            };
            if !step["ws_close"].is_null() {
                break;
            }
            match step["by"].as_str().unwrap() {
                "client" => client.act(connection, step),
                _ => client.expect(connection, step, &open),
            }
        }
        client.settle_all();
        assert_eq!(client.id.len(), 20, "{} is the socket id", client.id);
        client
    }

    fn act(&mut self, connection: u64, step: &Value) {
        if let Some(text) = step["ws_text"].as_str() {
            self.settle(connection);
            let Some(Line::Web(socket)) = self.lines.get_mut(&connection) else {
                panic!("no WebSocket at {step}");
            };
            return socket.text(text);
        }
        let headers = step["headers"].as_array().unwrap().iter();
        let headers: Vec<&str> = headers.map(|header| header.as_str().unwrap()).collect();
        let body = step["body"].as_str().unwrap_or_default();
        let line = step["http"].as_str().unwrap();
        if body.starts_with("40/chat,") {
            self.namespace = "/chat,".to_owned();
        }
        if line.contains("transport=websocket") {
            // The library upgrades once its POST is answered: what is posted behind an upgrade is refused.
            self.settle_all();
        }
        self.request(connection, line, &headers, body);
    }

    /// Sends a request with these headers and no others but the length of its body.
    fn request(&mut self, connection: u64, line: &str, headers: &[&str], body: &str) {
        self.settle(connection);
        let mut head = format!("{}\r\n", self.filled(line));
        for header in headers {
            head += &format!("{}\r\n", self.filled(header));
            if header.starts_with("X-") && !self.more.iter().any(|known| known == header) {
                self.more.push((*header).to_owned());
            }
        }
        if line.starts_with("POST") && !head.contains("Content-Length") {
            head += &format!("Content-Length: {}\r\n", body.len());
        }
        let host = self.host.clone();
        let line = self.lines.entry(connection).or_insert_with(|| {
            let stream = TcpStream::connect(host).unwrap();
            stream
                .set_read_timeout(Some(crate::support::PATIENCE))
                .unwrap();
            Line::Http {
                stream,
                owed: false,
            }
        });
        let Line::Http { stream, owed } = line else {
            panic!("connection {connection} is a WebSocket by now");
        };
        stream
            .write_all(format!("{head}\r\n{body}").as_bytes())
            .unwrap();
        *owed = true;
    }

    fn expect(&mut self, connection: u64, step: &Value, open: &impl Fn(&str) -> String) {
        if let Some(text) = step["ws_text"].as_str() {
            let Some(Line::Web(socket)) = self.lines.get_mut(&connection) else {
                panic!("no WebSocket at {step}");
            };
            let said = loop {
                match socket.next() {
                    // A ping comes when its time is over, whatever else is due then.
                    Frame::Text(ping) if ping == "2" && text != "2" => socket.text("3"),
                    Frame::Text(said) => break said,
                    other => panic!("{other:?} at {step}"),
                }
            };
            return self.compare(&open(text), &said);
        }
        let answer = self.answer(connection).expect("an answer is owed");
        assert_eq!(answer.status, step["status"], "{step}");
        if let Some(body) = step["body"].as_str() {
            self.compare(&open(body), &answer.text());
        }
    }

    /// Reads the answer that a connection still owes, where the fixture passed over it.
    fn settle(&mut self, connection: u64) {
        if let Some(answer) = self.answer(connection)
            && answer.status == 200
        {
            let body = answer.text();
            if body.starts_with("0{") {
                let open: Value = serde_json::from_str(&body[1..]).unwrap();
                self.sid = open["sid"].as_str().unwrap().to_owned();
            } else if body != "ok" {
                self.keep(&body);
            }
        }
    }

    fn settle_all(&mut self) {
        let all: Vec<u64> = self.lines.keys().copied().collect();
        all.into_iter()
            .for_each(|connection| self.settle(connection));
    }

    fn answer(&mut self, connection: u64) -> Option<http::Answer> {
        let Some(Line::Http {
            stream,
            owed: owed @ true,
        }) = self.lines.get_mut(&connection)
        else {
            return None;
        };
        *owed = false;
        let answer = http::read(stream);
        assert!([101, 200].contains(&answer.status), "{answer:?}");
        if answer.status == 101 {
            let stream = stream.try_clone().unwrap();
            self.lines
                .insert(connection, Line::Web(WebSocket::on(stream)));
        } else {
            let kind = answer
                .header("content-type")
                .expect("a Content-Type, or the client throws");
            assert!(!kind.contains("octet-stream"), "{kind}");
            assert_eq!(answer.header("cache-control"), Some("no-store"));
        }
        Some(answer)
    }

    /// Compares with a recorded text; placeholders that are not known yet become so.
    fn compare(&mut self, recorded: &str, said: &str) {
        let mut expected = self.filled(recorded);
        for (name, value) in [("EIO_SID", &mut self.sid), ("SIO_SID", &mut self.id)] {
            if let Some(at) = expected.find(name) {
                let rest = &said[at.min(said.len())..];
                *value = rest.split('"').next().unwrap().to_owned();
                expected = expected.replace(name, value);
            }
        }
        assert_eq!(said, expected);
    }

    fn filled(&self, text: &str) -> String {
        let mut text = text.replace("HOST", &self.host).replace("SECONDS", SECONDS);
        text = text.replace("Key: KEY", &format!("Key: {KEY}"));
        for (name, value) in [("EIO_SID", &self.sid), ("SIO_SID", &self.id)] {
            if !value.is_empty() {
                text = text.replace(name, value);
            }
        }
        text
    }

    /// Sends a recorded packet: its text with the client's own id in it, then its attachments.
    pub fn say(&mut self, wire: &str, blobs: &[Vec<u8>]) {
        let wire = self.filled(wire);
        if let Some(socket) = self.web() {
            socket.text(&wire);
            return blobs.iter().for_each(|blob| socket.binary(blob));
        }
        self.post(&wire);
        let blobs: Vec<_> = blobs
            .iter()
            .map(|blob| format!("b{}", STANDARD.encode(blob)))
            .collect();
        if !blobs.is_empty() {
            self.post(&blobs.join("\u{1e}"));
        }
    }

    /// The next event of this name; others are dropped, pings answered.
    pub fn event(&mut self, name: &str) -> Vec<Value> {
        loop {
            let text = self.hear();
            let Some(rest) = text.strip_prefix("42").or_else(|| text.strip_prefix("45")) else {
                continue;
            };
            let rest = rest.split_once('[').unwrap().1;
            let mut args: Vec<Value> = serde_json::from_str(&format!("[{rest}")).unwrap();
            if args.remove(0) == *name {
                return args;
            }
        }
    }

    /// The next packet that is no ping.
    pub fn hear(&mut self) -> String {
        loop {
            while let Some(text) = self.heard.pop_front() {
                match (text.as_str(), text.strip_prefix('b')) {
                    ("2", _) if self.web().is_none() => self.post("3"),
                    ("2", _) => self.web().unwrap().text("3"),
                    (_, Some(blob)) => self.blobs.push(STANDARD.decode(blob).unwrap()),
                    _ => return text,
                }
            }
            if let Some(socket) = self.web() {
                match socket.next() {
                    Frame::Text(text) => self.heard.push_back(text),
                    Frame::Binary(data) => self.blobs.push(data),
                    other => panic!("{other:?} instead of a packet"),
                }
            } else {
                let headers = self.headers();
                let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
                let line = "GET /socket.io/?EIO=4&transport=polling&sid=EIO_SID&t=SECONDS HTTP/1.1";
                self.request(1, line, &headers, "");
                self.settle(1);
            }
        }
    }

    /// As DisconnectAsync does over a WebSocket: a close frame, and no `41` before it.
    pub fn close(mut self) {
        let socket = self.web().expect("a WebSocket");
        socket.frame(0x88, &1000_u16.to_be_bytes());
        assert_eq!(socket.closed(), Some(1000));
    }

    fn post(&mut self, body: &str) {
        let mut headers = self.headers();
        headers.push("Content-Type: text/plain; charset=utf-8".to_owned());
        let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
        let line = "POST /socket.io/?EIO=4&transport=polling&sid=EIO_SID&t=SECONDS HTTP/1.1";
        self.request(2, line, &headers, body);
        let answer = self.answer(2).expect("a POST is answered");
        assert_eq!((answer.status, answer.text().as_str()), (200, "ok"));
    }

    fn headers(&self) -> Vec<String> {
        let mut headers = vec!["Host: HOST".to_owned()];
        headers.extend(self.more.iter().cloned());
        headers
    }

    fn keep(&mut self, body: &str) {
        self.heard.extend(body.split('\u{1e}').map(str::to_owned));
    }

    fn web(&mut self) -> Option<&mut WebSocket> {
        self.lines.values_mut().find_map(|line| match line {
            Line::Web(socket) => Some(socket),
            Line::Http { .. } => None,
        })
    }
}
