//! A client of plain WebSockets (`dondo.1`), made from its page alone.

use std::collections::VecDeque;

use serde_json::{Value, json};

use super::{Frame, Hub, WebSocket};

pub struct PlainClient {
    pub socket: WebSocket,
    pub id: String,
    asked: u64,
    events: VecDeque<Value>,
    /// Attachments in the order of their arrival.
    pub blobs: Vec<Vec<u8>>,
}

impl PlainClient {
    pub fn connect(hub: &Hub) -> Self {
        Self::over(WebSocket::open(hub, "/ws"))
    }

    /// On a WebSocket that has been opened and not read from.
    pub fn over(mut socket: WebSocket) -> Self {
        socket.text(r#"{"type":"connect"}"#);
        Self::welcomed(socket)
    }

    /// On a WebSocket over which its `connect` was sent.
    pub fn welcomed(socket: WebSocket) -> Self {
        let mut client = Self {
            socket,
            id: String::new(),
            asked: 0,
            events: VecDeque::new(),
            blobs: Vec::new(),
        };
        let welcome = client.message();
        assert_eq!(
            (&welcome["type"], &welcome["protocol"]),
            (&json!("welcome"), &json!("dondo.1"))
        );
        client.id = welcome["clientId"].as_str().unwrap().to_owned();
        client
    }

    /// Sends an event and waits for its answer.
    pub fn ask(&mut self, event: &str, payload: Value) -> Value {
        self.asked += 1;
        let id = format!("no. {}", self.asked);
        let message = json!({"type": "event", "event": event, "payload": payload, "id": id});
        self.socket.text(&message.to_string());
        loop {
            let message = self.message();
            match message["type"].as_str() {
                Some("event") => self.events.push_back(message),
                Some("ack") if message["id"] == json!(id) => return message["payload"].clone(),
                _ => panic!("{message} before the answer to {event}"),
            }
        }
    }

    /// The next event of this name; those before it are dropped.
    pub fn event(&mut self, name: &str) -> Value {
        let event = self.event_or_end(name);
        event.unwrap_or_else(|end| panic!("{end:?} instead of {name}"))
    }

    /// The same, or how the connection ended before.
    pub fn event_or_end(&mut self, name: &str) -> Result<Value, Frame> {
        loop {
            let message = match self.events.pop_front() {
                Some(message) => message,
                None => self.message_or_end()?,
            };
            if message["event"] == json!(name) {
                return Ok(message);
            }
        }
    }

    /// The next message of the hub.
    pub fn message(&mut self) -> Value {
        let message = self.message_or_end();
        message.unwrap_or_else(|end| panic!("{end:?} instead of a message"))
    }

    fn message_or_end(&mut self) -> Result<Value, Frame> {
        loop {
            match self.socket.next() {
                Frame::Text(text) => return Ok(serde_json::from_str(&text).expect(&text)),
                Frame::Binary(blob) => self.blobs.push(blob),
                Frame::Ping(data) => self.socket.frame(0x8a, &data),
                end => return Err(end),
            }
        }
    }

    /// Waits for as many attachments in all.
    pub fn await_blobs(&mut self, count: usize) {
        while self.blobs.len() < count {
            match self.socket.next() {
                Frame::Binary(blob) => self.blobs.push(blob),
                other => panic!("{other:?} instead of an attachment"),
            }
        }
    }
}
