//! A member of a room in any protocol, over any transport: it comes in, says something, hears, and is told that it is over.

use std::collections::VecDeque;
use std::io::Write;

use serde_json::{Value, json};

use crate::support::chat_hub::{HubClient, HubTransport};
use crate::support::{
    Client, EventReader, Frame, Hub, LongPoll, PlainClient, WebSocket, http, system,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    StockWebSocket,
    StockPolling,
    HubWebSocket,
    HubPacked,
    HubEvents,
    HubPolling,
    Plain,
    EventStream,
}

impl Kind {
    pub(super) const ALL: [Self; 8] = [
        Self::StockWebSocket,
        Self::StockPolling,
        Self::HubWebSocket,
        Self::HubPacked,
        Self::HubEvents,
        Self::HubPolling,
        Self::Plain,
        Self::EventStream,
    ];

    /// An event stream's reader only listens.
    pub(super) fn speaks(self) -> bool {
        self != Self::EventStream
    }
}

/// Where it is: the channel, and the room `r` in it if it has a seat there.
pub(super) struct Member {
    pub(super) kind: Kind,
    channel: String,
    link: Link,
}

enum Link {
    Stock(Client),
    StockPolling(Poller),
    Hub(HubClient),
    Plain(PlainClient),
    EventStream(EventReader),
}

/// How a connection ended, in the words of its protocol.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Ending {
    /// The code of a close frame, or the status of the answer to a poll.
    pub(super) code: Option<u16>,
    /// SignalR's word, where it has one.
    pub(super) allow_reconnect: Option<bool>,
    /// An event stream's word: after so many milliseconds.
    pub(super) retry: Option<u64>,
}

impl Member {
    /// One that is in the channel, and has a seat in its room `r`.
    pub(super) fn enter(hub: &Hub, kind: Kind, channel: &str) -> Self {
        Self::enter_over(hub, kind, channel, true, false)
    }

    /// One that is in the channel alone. If it is `slow`, its kernel takes as little as it can.
    pub(super) fn enter_channel(hub: &Hub, kind: Kind, channel: &str, slow: bool) -> Self {
        Self::enter_over(hub, kind, channel, false, slow)
    }

    fn enter_over(hub: &Hub, kind: Kind, channel: &str, seated: bool, slow: bool) -> Self {
        let mut down = match slow {
            true => system::narrow(hub),
            false => http::connect(hub),
        };
        let transport = match kind {
            Kind::HubPacked => HubTransport::Packed,
            Kind::HubEvents => HubTransport::Events,
            Kind::HubPolling => HubTransport::Polling,
            _ => HubTransport::WebSocket,
        };
        let link = match kind {
            Kind::StockWebSocket => {
                let target = "/socket.io/?EIO=4&transport=websocket";
                Link::Stock(Client::over(WebSocket::over(down, target), "/"))
            }
            Kind::StockPolling => Link::StockPolling(Poller::new(LongPoll::connect(hub))),
            Kind::Plain => Link::Plain(PlainClient::over(WebSocket::over(down, "/ws"))),
            Kind::EventStream => {
                let room = if seated { "&room=r" } else { "" };
                let head = format!(
                    "GET /events?channel={channel}{room} HTTP/1.1\r\nHost: {}\r\n\r\n",
                    hub.address()
                );
                down.write_all(head.as_bytes()).unwrap();
                assert_eq!(http::read_head(&mut down).status, 200);
                let mut stream = EventReader::on(down);
                for _ in 0..1 + usize::from(seated) {
                    assert_eq!(stream.event("ack").json()["ok"], true);
                }
                Link::EventStream(stream)
            }
            _ => Link::Hub(HubClient::connect(hub, transport, down)),
        };
        let mut member = Self {
            kind,
            channel: channel.to_owned(),
            link,
        };
        if kind.speaks() {
            member
                .ask("join-channel", &json!({"roomChannel": channel}))
                .unwrap();
            if seated {
                member.ask("join-room", &seat(channel)).unwrap();
            }
        }
        member
    }

    /// Asks for an event of the hub with this data; the error if it failed.
    fn ask(&mut self, event: &str, data: &Value) -> Result<(), String> {
        let payload = json!({ "data": data });
        let answer = match &mut self.link {
            Link::Stock(client) => client.ask(event, &[payload]),
            Link::StockPolling(poller) => poller.ask(event, &payload),
            Link::Plain(client) => client.ask(event, payload),
            Link::Hub(client) => return client.call(event, &[&payload.to_string()]),
            Link::EventStream(_) => panic!("it only listens"),
        };
        match answer["ok"] == true {
            true => Ok(()),
            false => Err(answer.to_string()),
        }
    }

    /// Says something to its channel, and waits until that is said; the error if it was not.
    pub(super) fn say(&mut self, text: &str) -> Result<(), String> {
        let channel = self.channel.clone();
        match &mut self.link {
            Link::Hub(client) => client.call("SendMessage", &[&channel, "somebody", text]),
            _ => self.ask(&channel, &json!({ "message": text })),
        }
    }

    /// The next message of its channel; none if its connection ended before.
    pub(super) fn try_hear(&mut self) -> Option<String> {
        let payload = match &mut self.link {
            Link::Stock(client) => client.event_or_end(&self.channel).ok()?.remove(0),
            Link::StockPolling(poller) => poller.event(&self.channel)?,
            Link::Hub(client) => return client.message().map(|(_, text)| text),
            Link::Plain(client) => client.event_or_end(&self.channel).ok()?["payload"].take(),
            Link::EventStream(stream) => loop {
                let record = stream.record()?;
                if record.event.as_deref() == Some(&self.channel) {
                    break record.json();
                }
            },
        };
        Some(payload["data"]["message"].as_str().unwrap().to_owned())
    }

    pub(super) fn hear(&mut self) -> String {
        let heard = self.try_hear();
        heard.unwrap_or_else(|| panic!("{:?} is cut off", self.kind))
    }

    /// One that polls has a poll under way, as its library always has.
    pub(super) fn listen(&mut self) {
        match &mut self.link {
            Link::StockPolling(poller) => poller.poll.ask_for_more(),
            Link::Hub(client) => client.ask_for_more(),
            _ => {}
        }
    }

    /// Reads to the end of its connection: how it ended.
    pub(super) fn ending(&mut self) -> Ending {
        let (mut code, mut allow_reconnect, mut retry) = (None, None, None);
        match &mut self.link {
            Link::Stock(Client { socket, .. }) | Link::Plain(PlainClient { socket, .. }) => loop {
                match socket.next() {
                    Frame::Close(with) => code = with,
                    Frame::End => break,
                    _ => {}
                }
            },
            Link::StockPolling(poller) => {
                // A poll that is dropped is followed by another one, as stock clients do.
                while poller.poll.next_or_end().is_some() || poller.poll.ended.is_none() {}
                code = poller.poll.ended;
            }
            Link::Hub(client) => {
                while let Some(record) = client.record() {
                    if record["type"] == 7 {
                        allow_reconnect = Some(record["allowReconnect"] == true);
                    }
                }
                code = client.ended;
            }
            Link::EventStream(stream) => {
                while let Some(record) = stream.record() {
                    retry = record.retry.or(retry);
                }
            }
        }
        Ending {
            code,
            allow_reconnect,
            retry,
        }
    }
}

/// A seat in the room `r`, and how many it has.
pub(super) fn seat(channel: &str) -> Value {
    json!({"roomId": "r", "roomChannel": channel, "capacity": SEATS})
}

/// One more than the members of all kinds and a newcomer.
pub(super) const SEATS: usize = Kind::ALL.len() + 1;

/// Events and answers of Socket.IO over polling, sorted.
struct Poller {
    poll: LongPoll,
    asked: usize,
    events: VecDeque<(String, Value)>,
}

impl Poller {
    fn new(poll: LongPoll) -> Self {
        Self {
            poll,
            asked: 0,
            events: VecDeque::new(),
        }
    }

    fn ask(&mut self, event: &str, payload: &Value) -> Value {
        self.asked += 1;
        let answer = format!("43{}[", self.asked);
        self.poll
            .say(&format!("42{}{}", self.asked, json!([event, payload])));
        loop {
            let packet = self.poll.next();
            if let Some(args) = packet.strip_prefix(&answer) {
                let args: Vec<Value> = serde_json::from_str(&format!("[{args}")).unwrap();
                return args.into_iter().next().unwrap_or_default();
            }
            self.sort(&packet);
        }
    }

    fn sort(&mut self, packet: &str) {
        let args = packet.strip_prefix("42").expect(packet);
        let (name, payload) = serde_json::from_str(args).expect(packet);
        self.events.push_back((name, payload));
    }

    /// The next event of this name; those before it are dropped. None at the end of the session.
    fn event(&mut self, name: &str) -> Option<Value> {
        loop {
            while let Some((event, payload)) = self.events.pop_front() {
                if event == name {
                    return Some(payload);
                }
            }
            let packet = self.poll.next_or_end()?;
            self.sort(&packet);
        }
    }
}
