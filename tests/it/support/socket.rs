//! A Socket.IO 5 client over a WebSocket by hand: connects, emits, and sorts what arrives.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Frame, Hub, PATIENCE, QUIET, WebSocket};

pub struct Client {
    pub socket: WebSocket,
    pub id: String,
    namespace: String,
    acks: u64,
    events: VecDeque<(String, Vec<Value>)>,
    answers: VecDeque<(u64, Vec<Value>)>,
    /// Attachments in the order of their arrival.
    pub blobs: Vec<Vec<u8>>,
}

impl Client {
    pub fn connect(hub: &Hub) -> Self {
        Self::connect_to(hub, "/", "")
    }

    /// `more` is appended to the query, as in `&dialect=dotnet`.
    pub fn connect_to(hub: &Hub, namespace: &str, more: &str) -> Self {
        Self::connect_with(hub, namespace, more, "")
    }

    /// `auth` is the text behind the CONNECT, as in `{"token":"abc"}`.
    pub fn connect_with(hub: &Hub, namespace: &str, more: &str, auth: &str) -> Self {
        let socket = WebSocket::open(hub, &format!("/socket.io/?EIO=4&transport=websocket{more}"));
        Self::on(socket, namespace, auth)
    }

    /// On a WebSocket that has been opened and not read from.
    pub fn over(socket: WebSocket, namespace: &str) -> Self {
        Self::on(socket, namespace, "")
    }

    /// The same with a text behind its CONNECT.
    pub fn over_with(socket: WebSocket, auth: &str) -> Self {
        Self::on(socket, "/", auth)
    }

    /// Where a connection has little time to come in: a busy machine may keep one from it, and another comes then. How many
    /// were too late is told beside.
    pub fn connect_in_time(hub: &Hub) -> (Self, u64) {
        let deadline = Instant::now() + PATIENCE;
        let mut late = 0;
        loop {
            let mut socket = WebSocket::open(hub, "/socket.io/?EIO=4&transport=websocket");
            assert!(socket.next_text().starts_with("0{"));
            socket.text("40");
            let mut answer = socket.next();
            while answer == Frame::Text("2".to_owned()) {
                socket.text("3");
                answer = socket.next();
            }
            match answer {
                Frame::Text(answer) => {
                    return (Self::answered(socket, String::new(), &answer), late);
                }
                Frame::Close(None) | Frame::End => late += 1,
                other => panic!("{other:?} instead of an answer"),
            }
            assert!(Instant::now() < deadline, "{late} were too late");
        }
    }

    fn on(mut socket: WebSocket, namespace: &str, auth: &str) -> Self {
        assert!(socket.next_text().starts_with("0{"));
        let address = if namespace == "/" {
            String::new()
        } else {
            format!("{namespace},")
        };
        socket.text(&format!("40{address}{auth}"));
        let answer = socket.next_text();
        Self::answered(socket, address, &answer)
    }

    fn answered(socket: WebSocket, address: String, answer: &str) -> Self {
        let body = answer
            .strip_prefix(&format!("40{address}"))
            .unwrap_or_else(|| panic!("refused: {answer}"));
        let body: Value = serde_json::from_str(body).unwrap();
        let id = body["sid"].as_str().unwrap().to_owned();
        let (events, answers) = (VecDeque::new(), VecDeque::new());
        Self {
            socket,
            id,
            namespace: address,
            acks: 0,
            events,
            answers,
            blobs: Vec::new(),
        }
    }

    pub fn emit(&mut self, event: &str, args: &[Value]) {
        let packet = self.packet("", event, args);
        self.socket.text(&packet);
    }

    /// Emits and waits for the answer's first argument.
    pub fn ask(&mut self, event: &str, args: &[Value]) -> Value {
        let id = self.acks;
        self.acks += 1;
        let packet = self.packet(&id.to_string(), event, args);
        self.socket.text(&packet);
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = self
                .answers
                .iter()
                .position(|(answered, _)| *answered == id)
            {
                let (_, args) = self.answers.remove(at).unwrap();
                return args.into_iter().next().unwrap_or(Value::Null);
            }
            assert!(self.read(deadline), "no answer to {event}");
        }
    }

    fn packet(&self, id: &str, event: &str, args: &[Value]) -> String {
        let mut all = vec![json!(event)];
        all.extend_from_slice(args);
        format!("42{}{id}{}", self.namespace, Value::Array(all))
    }

    /// The next event of this name within `limit`; others stay for later.
    pub fn event_within(&mut self, name: &str, limit: Duration) -> Option<Vec<Value>> {
        let deadline = Instant::now() + limit;
        loop {
            if let Some(at) = self.events.iter().position(|(event, _)| event == name) {
                return Some(self.events.remove(at).unwrap().1);
            }
            if !self.read(deadline) {
                return None;
            }
        }
    }

    /// The next event of this name; others stay for later.
    pub fn event(&mut self, name: &str) -> Vec<Value> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = self.events.iter().position(|(event, _)| event == name) {
                return self.events.remove(at).unwrap().1;
            }
            assert!(
                self.read(deadline),
                "no {name}; there are {:?}",
                self.events
            );
        }
    }

    /// The next event of this name; others stay for later. Or how the connection ended before.
    pub fn event_or_end(&mut self, name: &str) -> Result<Vec<Value>, Frame> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = self.events.iter().position(|(event, _)| event == name) {
                return Ok(self.events.remove(at).unwrap().1);
            }
            assert!(self.read_on(deadline)?, "no {name}");
        }
    }

    /// Waits for as many attachments in all.
    pub fn await_blobs(&mut self, count: usize) {
        let deadline = Instant::now() + PATIENCE;
        while self.blobs.len() < count {
            assert!(self.read(deadline), "{count} attachments were expected");
        }
    }

    /// Everything that has arrived before the last answer.
    pub fn arrived(&mut self) -> Vec<(String, Vec<Value>)> {
        self.events.drain(..).collect()
    }

    /// Everything that arrives until nothing has for a while.
    pub fn drain(&mut self) -> Vec<(String, Vec<Value>)> {
        while self.read(Instant::now() + QUIET) {}
        self.events.drain(..).collect()
    }

    /// Nothing of this name arrives before the answer to a last question, nor for a while after it.
    pub fn no_event(&mut self, name: &str) {
        self.ask("leave-room", &[json!("nowhere")]);
        while self.read(Instant::now() + QUIET) {}
        let unwanted = self.events.iter().find(|(event, _)| event == name);
        assert!(unwanted.is_none(), "{unwanted:?} should not have come");
    }

    /// Reads one packet; `false` when none comes until the deadline.
    fn read(&mut self, deadline: Instant) -> bool {
        let read = self.read_on(deadline);
        read.unwrap_or_else(|end| panic!("the connection ended: {end:?}"))
    }

    /// The same, or how the connection ended.
    fn read_on(&mut self, deadline: Instant) -> Result<bool, Frame> {
        let left = deadline.saturating_duration_since(Instant::now());
        match self.socket.next_within(left.max(Duration::from_millis(1))) {
            None => return Ok(false),
            Some(Frame::Text(text)) if text == "2" => self.socket.text("3"),
            Some(Frame::Text(text)) => self.sort(&text),
            Some(Frame::Binary(data)) => self.blobs.push(data),
            Some(end) => return Err(end),
        }
        Ok(true)
    }

    fn sort(&mut self, text: &str) {
        let (kind, rest) = text.split_at(2);
        let rest = if kind == "45" || kind == "46" {
            rest.split_once('-').unwrap().1
        } else {
            rest
        };
        let rest = rest
            .strip_prefix(&self.namespace)
            .unwrap_or_else(|| panic!("another namespace: {text}"));
        let body = rest
            .find('[')
            .unwrap_or_else(|| panic!("no arguments in {text}"));
        let mut args: Vec<Value> = serde_json::from_str(&rest[body..]).unwrap();
        match kind {
            "42" | "45" => {
                let name = args.remove(0).as_str().unwrap().to_owned();
                self.events.push_back((name, args));
            }
            "43" | "46" => self
                .answers
                .push_back((rest[..body].parse().unwrap(), args)),
            _ => panic!("unexpected {text}"),
        }
    }
}
