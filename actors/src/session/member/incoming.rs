//! Streams of items that a client sends with its events. Who does not take them holds their client up: its session is not read
//! while one of its streams is full.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, VecDeque},
    fmt,
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use futures_util::Stream;

use super::{Member, answering::STREAMS_MAX};
use crate::{
    flow::{InboundLoan, InboundUnit},
    ports::Answer,
};

/// Items of a stream that wait to be taken; those that have come already are beside them, each with its unit.
const ITEMS_MAX: usize = 10;

/// Why a stream of the client's ended too early.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ItemsFault {
    /// The client says so, in these words.
    Client(String),
    /// The client is gone.
    Ended,
    /// As many of its streams are under way as may be, or another one has this one's name.
    Refused,
}

/// Those of one member.
#[derive(Default)]
pub(super) struct IncomingStreams {
    open: RefCell<BTreeMap<Arc<str>, Rc<RefCell<Buffer>>>>,
    /// How many are full.
    full: Cell<usize>,
}

#[derive(Default)]
struct Buffer {
    items: VecDeque<(Answer, InboundUnit)>,
    end: Option<Option<ItemsFault>>,
    /// While a handler waits for its client, the client's next messages are read.
    taker: Option<(Waker, InboundLoan)>,
}

impl Buffer {
    fn end(&mut self, why: Option<ItemsFault>) -> Option<(Waker, InboundLoan)> {
        self.end.get_or_insert(why);
        self.taker.take()
    }
}

/// A stream that a client sends; the last item is a fault, if it ends by one. When it is dropped, further items are ignored.
pub struct IncomingItems {
    member: Rc<Member>,
    name: Arc<str>,
    buffer: Rc<RefCell<Buffer>>,
}

impl fmt::Debug for IncomingItems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IncomingItems")
            .field("waiting", &self.buffer.borrow().items.len())
            .finish_non_exhaustive()
    }
}

impl Member {
    pub(in crate::session) fn open_incoming(self: &Rc<Self>, name: Arc<str>) -> IncomingItems {
        let mut open = self.streams().incoming.open.borrow_mut();
        let buffer = Rc::<RefCell<Buffer>>::default();
        if open.len() >= STREAMS_MAX || open.contains_key(&name) {
            buffer.borrow_mut().end(Some(ItemsFault::Refused));
        } else {
            open.insert(name.clone(), buffer.clone());
        }
        IncomingItems {
            member: self.clone(),
            name,
            buffer,
        }
    }

    /// Of a stream that nobody takes, or that there is not, it is ignored.
    pub(in crate::session) fn item_came(&self, stream: &str, item: Answer, unit: InboundUnit) {
        let Some(streams) = self.streams.get() else {
            return;
        };
        let Some(buffer) = streams.incoming.open.borrow().get(stream).cloned() else {
            return;
        };
        let mut buffer = buffer.borrow_mut();
        buffer.items.push_back((item, unit));
        if buffer.items.len() == ITEMS_MAX {
            self.stream_filled();
        }
        let taker = buffer.taker.take();
        drop(buffer);
        wake_taker(taker);
    }

    pub(in crate::session) fn items_ended(&self, stream: &str, error: Option<String>) {
        let streams = self.streams.get();
        let ended = streams.and_then(|all| all.incoming.open.borrow_mut().remove(stream));
        let taker = ended.and_then(|ended| ended.borrow_mut().end(error.map(ItemsFault::Client)));
        wake_taker(taker);
    }

    pub(super) fn end_incoming(&self) {
        for ended in self.streams().incoming.open.take().into_values() {
            let taker = ended.borrow_mut().end(Some(ItemsFault::Ended));
            wake_taker(taker);
        }
    }

    fn stream_filled(&self) {
        let full = &self.streams().incoming.full;
        if full.replace(full.get() + 1) == 0 {
            self.parts.credit.pause();
        }
    }

    fn stream_has_room(&self) {
        let full = &self.streams().incoming.full;
        full.set(full.get() - 1);
        if full.get() == 0 {
            self.parts.credit.resume();
        }
    }
}

fn wake_taker(taker: Option<(Waker, InboundLoan)>) {
    if let Some((taker, loan)) = taker {
        drop(loan);
        taker.wake();
    }
}

impl Stream for IncomingItems {
    type Item = Result<Answer, ItemsFault>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut buffer = self.buffer.borrow_mut();
        let Some((item, unit)) = buffer.items.pop_front() else {
            return match &mut buffer.end {
                Some(why) => Poll::Ready(why.take().map(Err)),
                None => {
                    match &mut buffer.taker {
                        Some((taker, _)) => taker.clone_from(cx.waker()),
                        none => {
                            let loan = self.member.parts.credit.lend();
                            *none = Some((cx.waker().clone(), loan));
                        }
                    }
                    Poll::Pending
                }
            };
        };
        if buffer.items.len() == ITEMS_MAX - 1 {
            self.member.stream_has_room();
        }
        drop(unit);
        Poll::Ready(Some(Ok(item)))
    }
}

impl Drop for IncomingItems {
    fn drop(&mut self) {
        let is_own = |open: &Rc<RefCell<Buffer>>| Rc::ptr_eq(open, &self.buffer);
        let mut open = self.member.streams().incoming.open.borrow_mut();
        if open.get(&self.name).is_some_and(is_own) {
            open.remove(&self.name);
        }
        let mut buffer = self.buffer.borrow_mut();
        if buffer.items.len() >= ITEMS_MAX {
            self.member.stream_has_room();
        }
        buffer.taker = None;
    }
}
