//! A WebSocket with framings that are not Engine.IO's: the connection is to know none.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::cell::RefCell;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;

use actix::{Actor, Context as ActorContext, Handler};
use dondo_actors::account::{MemoryAccount, SessionAccount};
use dondo_actors::flow::InboundCredit;
use dondo_actors::letter::{Frame, TransportMessage};
use dondo_actors::mailbox::Mailbox;
use dondo_actors::message::ToSession;
use dondo_actors::outbox::OutboxLimits;
use dondo_actors::session::SessionRef;
use futures_util::task::noop_waker_ref;

use super::*;
use crate::ws::EMPTY_CLOSE;
use crate::ws::text_frame;

/// Notes what a session is told.
struct Session(Rc<RefCell<Vec<String>>>);

impl Actor for Session {
    type Context = ActorContext<Self>;
}

impl Handler<ToSession> for Session {
    type Result = ();

    fn handle(&mut self, word: ToSession, _: &mut Self::Context) {
        self.0.borrow_mut().push(match word {
            ToSession::FromClient(from) => String::from_utf8_lossy(from.wire.bytes()).into_owned(),
            ToSession::Noise { pong: true, .. } => "a pong".to_owned(),
            ToSession::Noise { .. } => "noise".to_owned(),
            ToSession::Close(reason) => format!("{reason:?}"),
            _ => "something else".to_owned(),
        });
    }
}

/// Messages as they are, and WebSocket's own heartbeat.
struct Plain(SessionRef);

impl Framing for Plain {
    fn session(&self) -> &SessionRef {
        &self.0
    }

    fn peer(&self) -> Option<IpAddr> {
        None
    }

    fn receive(&mut self, message: TransportMessage) -> FromPeer {
        match message.bytes().as_ref() {
            b"hello" => FromPeer::Reply(text_frame([b"welcome".as_slice()]).frame),
            b"bye" => FromPeer::Close(CloseReason::TransportClose),
            _ => FromPeer::Message(message),
        }
    }

    fn ping(&self) -> Bytes {
        Bytes::from_static(&[0x89, 0])
    }

    fn pong(&mut self) -> FromPeer {
        FromPeer::Pong
    }
}

struct Fixture {
    websocket: WebSocketConnection<Plain>,
    told: Rc<RefCell<Vec<String>>>,
    outbox: Arc<Outbox>,
}

impl Fixture {
    fn new() -> Self {
        let told = Rc::default();
        let mailbox = Mailbox::start(|_| Session(Rc::clone(&told)).start());
        let memory = MemoryAccount::new(1 << 30, 1 << 30);
        let account = SessionAccount::new(memory, None, 1 << 20);
        let limits = OutboxLimits {
            bytes_max: 1 << 20,
            count_max: 100,
            stall_timeout: Duration::from_secs(10),
        };
        let outbox = Outbox::new(limits, account.clone());
        let session = SessionRef {
            mailbox,
            outbox: outbox.clone(),
            credit: InboundCredit::new(100, 1 << 20, account),
            ping_timeout: Duration::from_secs(20),
        };
        Self {
            websocket: WebSocketConnection::new(Plain(session), 1 << 20, None),
            told,
            outbox,
        }
    }

    fn read(&mut self, frames: &[u8]) {
        let mut cx = Context::from_waker(noop_waker_ref());
        self.websocket.read(&mut cx, &mut BytesMut::from(frames));
    }

    /// What is to be written.
    fn written(&mut self) -> Vec<Bytes> {
        let mut cx = Context::from_waker(noop_waker_ref());
        let mut queue = VecDeque::new();
        let _ = self.websocket.poll_out(&mut cx, &mut queue);
        queue.into()
    }

    /// What the session was told, once it has been.
    async fn told(&self, count: usize) -> Vec<String> {
        while self.told.borrow().len() < count {
            tokio::task::yield_now().await;
        }
        self.told.take()
    }
}

/// A client's frame; its mask changes nothing.
fn client(first: u8, payload: &[u8]) -> Vec<u8> {
    let header = [first, 0x80 | payload.len() as u8, 0, 0, 0, 0];
    [header.as_slice(), payload].concat()
}

/// The fault: a byte of Engine.IO in the connection, or a pong of WebSocket that nobody is told of.
#[actix_web::test]
async fn messages_and_the_heartbeat_are_the_framings() {
    let mut fixture = Fixture::new();
    fixture.read(&client(0x81, b"2probe"));
    fixture.read(&client(0x8a, b""));
    fixture.read(&client(0x81, b"hello"));
    fixture.outbox.ping();
    assert_eq!(fixture.told(2).await, ["2probe", "a pong"]);
    let written = fixture.written();
    assert_eq!(written, [&b"\x81\x07welcome"[..], &[0x89, 0]]);
    fixture.read(&client(0x81, b"bye"));
    assert_eq!(fixture.told(1).await, ["TransportClose"]);
    assert_eq!(fixture.written(), [EMPTY_CLOSE]);
}

/// The fault: a copy of each letter for each of its clients.
#[actix_web::test]
async fn a_frame_is_written_as_it_was_made() {
    let mut fixture = Fixture::new();
    let frame = text_frame([b"said".as_slice()]);
    fixture
        .outbox
        .push(Frame::single(frame.clone()), false)
        .unwrap();
    let written = fixture.written();
    assert_eq!(written.len(), 1);
    assert_eq!(written[0].as_ptr(), frame.frame.as_ptr());
}

/// The fault: a peer that never reads has as many answers in memory as it asks for.
#[actix_web::test]
async fn answers_of_a_framing_are_bounded_by_the_connection() {
    let mut fixture = Fixture::new();
    fixture.read(&client(0x81, b"hello").repeat(1_000));
    assert_eq!(fixture.written().len(), UNCREDITED_MAX + 1);
    assert_eq!(fixture.told(1).await, ["TransportError"]);
}
