//! A client's end of a session, where else a WebSocket is: one task writes what the client says as the session takes it, one
//! reads what it is told. Packets go through the hub's own encoder and decoder.

use std::{
    any::Any,
    cell::{Cell, RefCell},
    collections::{BTreeMap, VecDeque},
    fmt::Write,
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::pin,
    rc::Rc,
    sync::Arc,
};

use dondo_actors::{
    error::CloseReason,
    letter::{Content, EncodingId, Frame, TransportMessage},
    outbox::Taken,
    ports::{Answer, ClientPacket, Protocol},
    session::SessionRef,
};
use futures_util::future::{Either, select};
use serde::Deserialize;
use tokio::{sync::Notify, task::spawn_local};

use super::error::TestError;
use crate::{
    Bytes, SocketId,
    io::Arguments,
    protocol::{Limits, socketio::SocketIo},
};

type Answering = Box<dyn FnMut(&Arguments) -> Answer>;

pub(super) struct TestConnection {
    session: SessionRef,
    namespace: Arc<str>,
    protocol: SocketIo,
    to_write: RefCell<VecDeque<TransportMessage>>,
    /// Something is to be written, or has ended.
    writes: Notify,
    stalled: Cell<bool>,
    /// Whether it reads has changed.
    reads: Notify,
    inbox: RefCell<Inbox>,
    /// The CONNECT is answered, or the session has ended.
    decided: Notify,
    answers: RefCell<BTreeMap<String, Answering>>,
    asked: Cell<u64>,
    ended: Cell<Option<CloseReason>>,
    /// What a closure of the test, or the reading of a packet, panicked with.
    crashed: RefCell<Option<Box<dyn Any + Send>>>,
}

#[derive(Default)]
struct Inbox {
    connected: Option<Result<SocketId, TestError>>,
    /// Not read yet.
    events: VecDeque<Content>,
    acks: BTreeMap<u64, Answer>,
}

#[derive(Deserialize)]
struct ConnectPacket {
    sid: String,
}

impl TestConnection {
    /// Begins to read and to write, and asks to be let into a namespace.
    pub(super) fn start(session: SessionRef, namespace: &str, auth: &str) -> Rc<Self> {
        let connection = Rc::new(Self {
            session,
            namespace: namespace.into(),
            protocol: protocol(),
            to_write: RefCell::default(),
            writes: Notify::new(),
            stalled: Cell::new(false),
            reads: Notify::new(),
            inbox: RefCell::default(),
            decided: Notify::new(),
            answers: RefCell::default(),
            asked: Cell::new(0),
            ended: Cell::new(None),
            crashed: RefCell::default(),
        });
        connection.write_text(&format!("0{}{auth}", connection.address()));
        spawn_local(connection.clone().read());
        spawn_local(connection.clone().write());
        connection
    }

    /// The namespace at the head of a packet.
    fn address(&self) -> String {
        match &*self.namespace {
            "/" => String::new(),
            namespace => format!("{namespace},"),
        }
    }

    /// The answer to its CONNECT.
    pub(super) async fn connected(&self) -> Result<SocketId, TestError> {
        loop {
            if let Some(connected) = self.inbox.borrow_mut().connected.take() {
                return connected;
            }
            if let Some(reason) = self.ended.get() {
                return Err(TestError::ended(reason));
            }
            self.decided.notified().await;
        }
    }

    pub(super) fn emit(&self, content: &Content) {
        self.write_frame(self.protocol.event(&self.namespace, content, None));
    }

    /// The number of the ack that is asked for.
    pub(super) fn emit_asking(&self, content: &Content) -> u64 {
        let number = self.asked.replace(self.asked.get() + 1);
        self.write_frame(self.protocol.event(&self.namespace, content, Some(number)));
        number
    }

    /// Leaves the namespace.
    pub(super) fn leave(&self) {
        self.write_text(&format!("1{}", self.address()));
        self.end(CloseReason::ClientLeft);
    }

    /// The connection is lost, with all that was not written yet.
    pub(super) fn cut(&self) {
        self.to_write.borrow_mut().clear();
        self.session.close(CloseReason::TransportClose);
        self.end(CloseReason::TransportClose);
    }

    pub(super) fn stall(&self, stalled: bool) {
        self.stalled.set(stalled);
        self.reads.notify_one();
    }

    pub(super) fn answer(&self, event: &str, answering: Answering) {
        self.answers
            .borrow_mut()
            .insert(event.to_owned(), answering);
    }

    /// Why it is connected no more.
    pub(super) fn ended(&self) -> Option<CloseReason> {
        self.ended.get()
    }

    /// The next event of a name; what came before it is passed over, and what did not come leaves all as it was.
    pub(super) fn next(&self, event: &str) -> Option<Arguments> {
        let events = &mut self.inbox.borrow_mut().events;
        let at = events.iter().position(|content| &*content.name == event)?;
        events.drain(..=at).next_back().map(Arguments::from)
    }

    pub(super) fn has_events(&self) -> bool {
        !self.inbox.borrow().events.is_empty()
    }

    pub(super) fn forget_events(&self) {
        self.inbox.borrow_mut().events.clear();
    }

    pub(super) fn ack(&self, number: u64) -> Option<Arguments> {
        let answer = self.inbox.borrow_mut().acks.remove(&number);
        answer.map(Arguments::from)
    }

    /// All that was not read, in order.
    pub(super) fn came(&self) -> String {
        let mut came = String::from("what came since: ");
        let inbox = self.inbox.borrow();
        for (at, Content { name, args, .. }) in inbox.events.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            let args = String::from_utf8_lossy(args);
            let _ = write!(came, "{comma}{name:?} [{args}]");
        }
        if inbox.events.is_empty() {
            came.push_str("nothing");
        }
        if let Some(reason) = self.ended.get() {
            let _ = write!(came, "; then the client was disconnected: {reason:?}");
        }
        came
    }

    /// Goes on with a panic of the tasks, which else nobody hears.
    pub(super) fn check(&self) {
        if let Some(crashed) = self.crashed.take() {
            resume_unwind(crashed);
        }
    }

    fn end(&self, reason: CloseReason) {
        self.ended.set(self.ended.get().or(Some(reason)));
        self.decided.notify_one();
        self.writes.notify_one();
    }

    fn write_text(&self, text: &str) {
        let text = text.as_bytes().to_vec().into();
        self.push(TransportMessage::Text(text));
    }

    fn write_frame(&self, frame: Frame) {
        let rest = frame.rest.iter().flat_map(|rest| rest.iter());
        for part in std::iter::once(&frame.first).chain(rest) {
            self.push(match part.binary {
                true => TransportMessage::Binary(part.payload()),
                // Without Engine.IO's digit.
                false => TransportMessage::Text(part.payload().slice(1..)),
            });
        }
    }

    fn push(&self, message: TransportMessage) {
        self.to_write.borrow_mut().push_back(message);
        self.writes.notify_one();
    }

    async fn write(self: Rc<Self>) {
        let session = &self.session;
        loop {
            let next = self.to_write.borrow_mut().pop_front();
            match next {
                Some(message) => {
                    poll_fn(|cx| session.poll_ready(cx)).await;
                    session.heard(message);
                }
                None if session.outbox.ended().is_some() => return,
                None => self.writes.notified().await,
            }
        }
    }

    async fn read(self: Rc<Self>) {
        let session = &self.session;
        let mut protocol = protocol();
        let mut parts = Vec::new();
        loop {
            let taken = poll_fn(|cx| match self.stalled.get() {
                true => session.outbox.poll_cut(cx).map(Taken::Ended),
                false => {
                    let outbox = &session.outbox;
                    outbox.poll_take(cx, usize::MAX, usize::MAX, &mut parts)
                }
            });
            match select(pin!(taken), pin!(self.reads.notified())).await {
                Either::Right(_) | Either::Left((Taken::Nudged, _)) => {}
                Either::Left((Taken::Some { ping }, _)) => {
                    if ping {
                        session.pong();
                    }
                    let bytes = parts.iter().map(|part| part.frame.len()).sum();
                    session.outbox.wrote(bytes, true);
                    for part in parts.drain(..) {
                        let heard = || self.heard(&mut protocol, part.binary, &part.payload());
                        if let Err(crashed) = catch_unwind(AssertUnwindSafe(heard)) {
                            *self.crashed.borrow_mut() = Some(crashed);
                        }
                    }
                }
                Either::Left((Taken::Ended(reason), _)) => return self.end(reason),
            }
        }
    }

    fn heard(&self, protocol: &mut SocketIo, binary: bool, payload: &Bytes) {
        let message = match binary {
            true => TransportMessage::Binary(payload.clone()),
            false => TransportMessage::Text(payload.slice(1..)),
        };
        // No packet of a client, and so none that the decoder knows.
        if !binary && payload.starts_with(b"44") {
            let json = payload.iter().position(|byte| *byte == b'{');
            let json = &payload[json.unwrap_or(payload.len())..];
            return match TestError::in_connect_error(json) {
                Ok(error) => self.decide(Err(error)),
                Err(error) => panic!("a CONNECT_ERROR is no JSON: {error}"),
            };
        }
        match protocol.decode(message) {
            Ok(
                None
                | Some(
                    ClientPacket::Reply(_)
                    | ClientPacket::Item { .. }
                    | ClientPacket::ItemsEnd { .. }
                    | ClientPacket::Cancel { .. },
                ),
            ) => {}
            Ok(Some(ClientPacket::Connect { auth, .. })) => {
                match serde_json::from_slice(&auth.unwrap_or_default()) {
                    Ok(ConnectPacket { sid }) => self.decide(Ok(SocketId::new(sid))),
                    Err(error) => panic!("a CONNECT is no JSON: {error}"),
                }
            }
            Ok(Some(ClientPacket::Disconnect { .. })) => self.end(CloseReason::ForcedClose),
            Ok(Some(ClientPacket::Event { ack, content, .. })) => self.event(ack, content),
            Ok(Some(ClientPacket::Ack { id, answer, .. })) => {
                self.inbox.borrow_mut().acks.insert(id, answer);
            }
            Err(violation) => panic!("the hub sent what is no packet: {}", violation.why),
        }
    }

    fn decide(&self, connected: Result<SocketId, TestError>) {
        self.inbox.borrow_mut().connected = Some(connected);
        self.decided.notify_one();
    }

    fn event(&self, ack: Option<u64>, content: Content) {
        self.inbox.borrow_mut().events.push_back(content.clone());
        let name = content.name.to_string();
        let answering = self.answers.borrow_mut().remove(&name);
        if let (Some(number), Some(mut answering)) = (ack, answering) {
            let answer = answering(&Arguments::from(content));
            self.write_frame(self.protocol.ack(&self.namespace, number, &answer));
            self.answers.borrow_mut().entry(name).or_insert(answering);
        }
    }
}

/// Without limits: the hub's are for what the hub reads.
fn protocol() -> SocketIo {
    let limits = Limits {
        attachments_max: usize::MAX,
        packet_bytes_max: usize::MAX,
    };
    SocketIo::new(limits, EncodingId::FIRST, None, false)
}
