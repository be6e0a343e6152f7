//! The client of a test: it takes from its session's outbox, as fast as it is told to, and keeps what it took.

use std::{
    cell::{Cell, RefCell},
    future::poll_fn,
    rc::Rc,
    time::Duration,
};

use bytes::Bytes;
use tokio::{sync::Notify, time::Instant};

use super::wire;
use crate::{
    error::CloseReason,
    letter::TransportMessage,
    outbox::Taken,
    session::{Member, SessionRef},
};

/// How fast a probe takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// At once, everything.
    Eager,
    /// One frame, then it rests for this time.
    Slow(Duration),
    /// Nothing.
    Never,
}

/// A client with one session.
#[derive(Clone)]
pub(crate) struct Probe {
    /// Its session.
    pub(crate) session: SessionRef,
    reader: Rc<Reader>,
}

struct Reader {
    reading: Cell<Reading>,
    deaf: Cell<bool>,
    pinged: Cell<Instant>,
    bell: Notify,
    took: RefCell<Vec<String>>,
    ended: Cell<Option<CloseReason>>,
}

impl Probe {
    /// Begins to read what a session's client gets, on the session's thread.
    pub(super) fn start(session: SessionRef) -> Self {
        let reader = Rc::new(Reader {
            reading: Cell::new(Reading::Eager),
            deaf: Cell::new(false),
            pinged: Cell::new(Instant::now()),
            bell: Notify::new(),
            took: RefCell::default(),
            ended: Cell::new(None),
        });
        tokio::task::spawn_local(reader.clone().read(session.clone()));
        Self { session, reader }
    }

    /// Says something in the test's wire format.
    pub(crate) fn say(&self, text: &str) {
        self.session
            .heard(TransportMessage::Text(Bytes::copy_from_slice(
                text.as_bytes(),
            )));
    }

    /// Connects to a namespace (`/`, or `/ telling` for letters with their tokens). Takes the answer from what it read.
    pub(crate) async fn connect(&self, namespace: &str) -> Rc<Member> {
        let member = self.try_connect(namespace).await;
        member.unwrap_or_else(|| panic!("no answer to a connect: {:?}", self.peek()))
    }

    /// As [`Probe::connect`]; `None` if the session ends instead.
    pub(crate) async fn try_connect(&self, namespace: &str) -> Option<Rc<Member>> {
        self.say(&format!("connect {namespace}"));
        let (namespace, _) = namespace.split_once(' ').unwrap_or((namespace, ""));
        let answer = format!("connected {namespace} ");
        for _ in 0..10_000 {
            tokio::time::sleep(Duration::from_millis(1)).await;
            let mut took = self.reader.took.borrow_mut();
            if let Some(at) = took.iter().position(|text| text.starts_with(&answer)) {
                let id = took.remove(at)[answer.len()..].to_owned();
                return wire::member(&id);
            }
            if self.ended().is_some() {
                break;
            }
        }
        None
    }

    /// From now on it takes as fast as this.
    pub(crate) fn reads(&self, reading: Reading) {
        self.reader.reading.set(reading);
        self.reader.bell.notify_one();
        self.session.outbox.nudge();
    }

    /// From now on it answers no heartbeat, or does again.
    pub(crate) fn deaf(&self, deaf: bool) {
        self.reader.deaf.set(deaf);
    }

    /// How long ago it got a heartbeat, or began.
    pub(crate) fn unpinged(&self) -> Duration {
        self.reader.pinged.get().elapsed()
    }

    /// The transport is lost.
    pub(crate) fn hang_up(&self) {
        self.session.close(CloseReason::TransportClose);
    }

    /// What it took since the last call.
    pub(crate) fn take(&self) -> Vec<String> {
        self.reader.took.take()
    }

    /// What it took, which stays.
    pub(crate) fn peek(&self) -> Vec<String> {
        self.reader.took.borrow().clone()
    }

    /// Why its outbox ended, once it has.
    pub(crate) fn ended(&self) -> Option<CloseReason> {
        self.session.outbox.ended()
    }

    /// Why, once the probe has read the end.
    pub(crate) fn read_end(&self) -> Option<CloseReason> {
        self.reader.ended.get()
    }
}

impl Reader {
    async fn read(self: Rc<Self>, session: SessionRef) {
        loop {
            let max = match self.reading.get() {
                Reading::Eager => usize::MAX,
                Reading::Slow(rest) => {
                    tokio::time::sleep(rest).await;
                    1
                }
                Reading::Never => {
                    let cut = poll_fn(|cx| session.outbox.poll_cut(cx));
                    let bell = std::pin::pin!(self.bell.notified());
                    let cut = std::pin::pin!(cut);
                    if let futures_util::future::Either::Left((reason, _)) =
                        futures_util::future::select(cut, bell).await
                    {
                        return self.ended.set(Some(reason));
                    }
                    continue;
                }
            };
            let mut parts = Vec::new();
            match poll_fn(|cx| session.outbox.poll_take(cx, max, usize::MAX, &mut parts)).await {
                Taken::Some { ping } => {
                    if ping {
                        self.pinged.set(Instant::now());
                    }
                    if ping && !self.deaf.get() {
                        session.pong();
                    }
                    let bytes = parts.iter().map(|part| part.frame.len()).sum();
                    session.outbox.wrote(bytes, true);
                    let texts = parts
                        .iter()
                        .map(|part| String::from_utf8_lossy(&part.payload()).into_owned());
                    self.took.borrow_mut().extend(texts);
                }
                Taken::Nudged => {}
                Taken::Ended(reason) => return self.ended.set(Some(reason)),
            }
        }
    }
}
