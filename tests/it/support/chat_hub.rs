//! A client of SignalR's ChatHub by hand, over each transport, and the pieces of its wire that tests share.

use std::collections::VecDeque;
use std::io::Write;
use std::net::{SocketAddr, TcpStream};

use rmp::Marker;
use rmp::decode::{RmpRead, read_marker};
use rmp::encode::{write_array_len, write_map_len, write_str, write_uint};
use serde_json::{Map, Value, json};

use super::{Chunks, Frame, Hub, WebSocket, http};

/// What ends a record of JSON.
pub const RS: char = '\u{1e}';
pub const HANDSHAKE: &str = "{\"protocol\":\"json\",\"version\":1}\u{1e}";
const PACKED_HANDSHAKE: &str = "{\"protocol\":\"messagepack\",\"version\":1}\u{1e}";

/// A negotiated connection of version 1: its id, and its token.
pub fn negotiate(hub: &Hub) -> (String, String) {
    let answer = http::request(
        hub,
        "POST",
        "/chatHub/negotiate?negotiateVersion=1",
        &[],
        b"",
    );
    let answer: Value = serde_json::from_slice(&answer.body).unwrap();
    let text = |key: &str| answer[key].as_str().unwrap().to_owned();
    (text("connectionId"), text("connectionToken"))
}

/// The records of a text.
pub fn records(text: &str) -> Vec<Value> {
    let (text, rest) = text.rsplit_once(RS).unwrap();
    assert_eq!(rest, "");
    text.split(RS)
        .map(|record| {
            serde_json::from_str(record).unwrap_or_else(|error| panic!("{error}: {record}"))
        })
        .collect()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HubTransport {
    WebSocket,
    /// A WebSocket in MessagePack.
    Packed,
    Events,
    Polling,
}

pub struct HubClient {
    link: Link,
    told: VecDeque<Value>,
    calls: u64,
    /// The code of the close frame, or the status that ended its polls.
    pub ended: Option<u16>,
}

enum Link {
    Socket {
        socket: WebSocket,
        is_packed: bool,
    },
    Events {
        stream: Chunks,
        posts: Posts,
    },
    Polling {
        down: TcpStream,
        posts: Posts,
        /// A poll is under way.
        waits: bool,
    },
}

/// Where a client says something whose words come by another way.
struct Posts {
    address: SocketAddr,
    target: String,
}

impl Posts {
    fn post(&self, body: &str) -> u16 {
        let mut stream = http::send_at(self.address, "POST", &self.target, &[], body.as_bytes());
        http::read(&mut stream).status
    }
}

impl HubClient {
    /// Connects over `down`, which stands to the hub already, and shakes hands.
    pub fn connect(hub: &Hub, transport: HubTransport, mut down: TcpStream) -> Self {
        let is_packed = transport == HubTransport::Packed;
        let mut link = match transport {
            HubTransport::WebSocket | HubTransport::Packed => Link::Socket {
                socket: WebSocket::over(down, "/chatHub"),
                is_packed,
            },
            HubTransport::Events | HubTransport::Polling => {
                let posts = Posts {
                    address: hub.address(),
                    target: format!("/chatHub?id={}", negotiate(hub).1),
                };
                if transport == HubTransport::Events {
                    let accept = "Accept: text/event-stream\r\n";
                    get(&mut down, &posts, accept);
                    assert_eq!(http::read_head(&mut down).status, 200);
                    let stream = Chunks::of(down);
                    Link::Events { stream, posts }
                } else {
                    get(&mut down, &posts, "");
                    assert_eq!(http::read(&mut down).status, 200);
                    let waits = false;
                    Link::Polling { down, posts, waits }
                }
            }
        };
        match &mut link {
            Link::Socket { socket, .. } if is_packed => socket.text(PACKED_HANDSHAKE),
            Link::Socket { socket, .. } => socket.text(HANDSHAKE),
            Link::Events { posts, .. } | Link::Polling { posts, .. } => {
                assert_eq!(posts.post(HANDSHAKE), 200);
            }
        }
        let mut client = Self {
            link,
            told: VecDeque::new(),
            calls: 0,
            ended: None,
        };
        assert_eq!(client.record(), Some(json!({})), "{transport:?}");
        client
    }

    /// Calls a method and waits for its completion, or for the end of the connection.
    pub fn call(&mut self, method: &str, args: &[&str]) -> Result<(), String> {
        let id = self.send(method, args);
        let mut others = VecDeque::new();
        let completion = loop {
            let Some(record) = self.record() else {
                return Err("the connection ended".into());
            };
            if record["type"] == 3 && record["invocationId"] == id {
                break record;
            }
            others.push_back(record);
        };
        others.append(&mut self.told);
        self.told = others;
        match completion["error"].as_str() {
            Some(error) => Err(error.to_owned()),
            None => Ok(()),
        }
    }

    /// Calls a method and does not wait; the id of the call.
    pub fn send(&mut self, method: &str, args: &[&str]) -> String {
        self.calls += 1;
        let id = self.calls.to_string();
        let call = json!({"type": 1, "invocationId": id, "target": method, "arguments": args});
        let text = format!("{call}{RS}");
        match &mut self.link {
            Link::Socket { socket, is_packed } if *is_packed => {
                socket.binary(&packed_call(&id, method, args));
            }
            Link::Socket { socket, .. } => socket.text(&text),
            Link::Events { posts, .. } | Link::Polling { posts, .. } => {
                // What refuses it is for the wait that follows.
                let _ = posts.post(&text);
            }
        }
        id
    }

    /// The next message that is not the system's: who said it, and what. None at the end of the connection.
    pub fn message(&mut self) -> Option<(String, String)> {
        loop {
            let record = self.record()?;
            if record["target"] == "ReceiveMessage" && record["arguments"][0] != "System" {
                let text = |at: usize| record["arguments"][at].as_str().unwrap().to_owned();
                return Some((text(0), text(1)));
            }
        }
    }

    /// The next record; none at the end of the connection.
    pub fn record(&mut self) -> Option<Value> {
        while self.told.is_empty() {
            self.read()?;
        }
        self.told.pop_front()
    }

    /// Sends a poll and does not wait for its answer.
    pub fn ask_for_more(&mut self) {
        if let Link::Polling { down, posts, waits } = &mut self.link
            && !std::mem::replace(waits, true)
        {
            get(down, posts, "");
        }
    }

    fn read(&mut self) -> Option<()> {
        self.ask_for_more();
        match &mut self.link {
            Link::Socket { socket, is_packed } => match socket.next() {
                Frame::Text(text) => self.told.extend(records(&text)),
                // The handshake's answer is JSON in either format.
                Frame::Binary(bytes) if bytes.starts_with(b"{") => self
                    .told
                    .extend(records(std::str::from_utf8(&bytes).unwrap())),
                Frame::Binary(bytes) if *is_packed => self.told.extend(unpacked(&bytes)),
                Frame::Ping(data) => socket.frame(0x8a, &data),
                Frame::Close(code) => self.ended = code,
                Frame::End => return None,
                other => panic!("{other:?} instead of a record"),
            },
            Link::Events { stream, .. } => {
                let event = stream.next_until("\r\n\r\n")?;
                if let Some(data) = event.trim_end().strip_prefix("data: ") {
                    self.told.extend(records(data));
                }
            }
            Link::Polling { down, posts, waits } => {
                let answer = http::try_read(down).ok()?;
                if answer.header("Connection") == Some("close") {
                    *down = http::connect_at(posts.address);
                }
                *waits = false;
                match answer.status {
                    200 if answer.body.is_empty() => {}
                    200 => self.told.extend(records(&answer.text())),
                    status => {
                        self.ended = Some(status);
                        return None;
                    }
                }
            }
        }
        Some(())
    }
}

fn get(down: &mut TcpStream, posts: &Posts, more: &str) {
    let (address, target) = (posts.address, &posts.target);
    let head = format!("GET {target} HTTP/1.1\r\nHost: {address}\r\n{more}\r\n");
    // A connection that is cut is told by what is read from it.
    let _ = down.write_all(head.as_bytes());
}

fn packed_call(id: &str, method: &str, args: &[&str]) -> Vec<u8> {
    let mut body = Vec::new();
    write_array_len(&mut body, 5).unwrap();
    write_uint(&mut body, 1).unwrap();
    write_map_len(&mut body, 0).unwrap();
    write_str(&mut body, id).unwrap();
    write_str(&mut body, method).unwrap();
    write_array_len(&mut body, args.len() as u32).unwrap();
    for arg in args {
        write_str(&mut body, arg).unwrap();
    }
    let mut message = Vec::new();
    let mut left = body.len();
    while left > 0x7f {
        message.push(0x80 | (left & 0x7f) as u8);
        left >>= 7;
    }
    message.push(left as u8);
    message.extend(body);
    message
}

/// The messages of a binary frame, as they would be in JSON.
fn unpacked(mut bytes: &[u8]) -> Vec<Value> {
    let mut all = Vec::new();
    while !bytes.is_empty() {
        let (mut length, mut shift) = (0, 0);
        loop {
            let byte = bytes.read_u8().unwrap();
            length |= usize::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                break;
            }
        }
        let (mut body, rest) = bytes.split_at(length);
        bytes = rest;
        let list = value(&mut body);
        all.push(match list[0].as_u64() {
            Some(1) => json!({"type": 1, "target": list[3], "arguments": list[4]}),
            Some(3) if list[3] == 1 => {
                json!({"type": 3, "invocationId": list[2], "error": list[4]})
            }
            Some(3) => json!({"type": 3, "invocationId": list[2]}),
            Some(7) => json!({"type": 7, "allowReconnect": list[2]}),
            _ => json!({"type": list[0]}),
        });
    }
    all
}

fn value(from: &mut &[u8]) -> Value {
    let list = |from: &mut &[u8], count: usize| (0..count).map(|_| value(from)).collect();
    let map = |from: &mut &[u8], count: usize| {
        let mut map = Map::new();
        for _ in 0..count {
            let key = value(from);
            map.insert(key.as_str().unwrap().to_owned(), value(from));
        }
        Value::Object(map)
    };
    let text = |from: &mut &[u8], length: usize| {
        let (text, rest) = from.split_at(length);
        *from = rest;
        json!(std::str::from_utf8(text).unwrap())
    };
    match read_marker(from).unwrap() {
        Marker::Null => Value::Null,
        Marker::True => json!(true),
        Marker::False => json!(false),
        Marker::FixPos(number) => json!(number),
        Marker::FixNeg(number) => json!(number),
        Marker::U8 => json!(from.read_data_u8().unwrap()),
        Marker::U16 => json!(from.read_data_u16().unwrap()),
        Marker::U32 => json!(from.read_data_u32().unwrap()),
        Marker::U64 => json!(from.read_data_u64().unwrap()),
        Marker::F64 => json!(from.read_data_f64().unwrap()),
        Marker::FixStr(length) => text(from, length.into()),
        Marker::Str8 => {
            let length = from.read_data_u8().unwrap();
            text(from, length.into())
        }
        Marker::Str16 => {
            let length = from.read_data_u16().unwrap();
            text(from, length.into())
        }
        Marker::Str32 => {
            let length = from.read_data_u32().unwrap();
            text(from, length as usize)
        }
        Marker::FixArray(count) => list(from, count.into()),
        Marker::Array16 => {
            let count = from.read_data_u16().unwrap();
            list(from, count.into())
        }
        Marker::FixMap(count) => map(from, count.into()),
        Marker::Map16 => {
            let count = from.read_data_u16().unwrap();
            map(from, count.into())
        }
        other => panic!("{other:?} in what ChatHub says"),
    }
}
