//! Streams of items that clients send with their events.

use std::{
    cell::RefCell,
    collections::VecDeque,
    fmt,
    marker::PhantomData,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use dondo_actors::session::{IncomingItems, ItemsFault};
use futures_util::{Stream, StreamExt};
use serde::de::DeserializeOwned;

use super::{
    arguments::Arguments,
    error::{Error, Result},
};

/// A stream of items that the client sends with its event: the parameter of an event's handler. A client of SignalR has to send as many
/// streams as the handlers of the event take, in their order; one of Socket.IO can send none, and reads `wrong_streams`.
///
/// Ten items wait for the handler; with as many the client is not read any further until it takes one. They end with the client's
/// completion. Its error is the last item, `client_error`, as is `disconnected` where it is gone. An item that is
/// no `T` is the error `bad_payload`, and the next one may be good. Whoever drops the stream ignores what comes.
///
/// ```
/// use dondo::{Incoming, Namespace};
///
/// let hub = Namespace::new("/sums").on("add", async |mut numbers: Incoming<f64>| {
///     let mut sum = 0.0;
///     while let Some(number) = numbers.next().await {
///         sum += number?;
///     }
///     Ok(sum)
/// });
/// ```
pub struct Incoming<T>(IncomingItems, PhantomData<fn() -> T>);

impl<T: DeserializeOwned> Incoming<T> {
    pub(super) fn new(items: IncomingItems) -> Self {
        Self(items, PhantomData)
    }

    /// The next item, or `None` behind the last one.
    ///
    /// # Errors
    /// It is no `T`, or the stream ends too early.
    pub async fn next(&mut self) -> Option<Result<T>> {
        StreamExt::next(self).await
    }
}

impl<T: DeserializeOwned> Stream for Incoming<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let item = std::task::ready!(self.0.poll_next_unpin(cx));
        Poll::Ready(item.map(|item| match item {
            Ok(item) => Ok(Arguments::from(item).at(0)?),
            Err(fault) => Err(error(fault)),
        }))
    }
}

fn error(fault: ItemsFault) -> Error {
    match fault {
        ItemsFault::Client(words) => Error::new("client_error", words),
        ItemsFault::Ended => Error::new("disconnected", "the client is gone"),
        ItemsFault::Refused => {
            let text = "as many streams are open as may be, or another one has its name";
            Error::new("limit_reached", text)
        }
    }
}

impl<T> fmt::Debug for Incoming<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Incoming").field(&self.0).finish()
    }
}

/// The streams of an event, for the extractors of all its handlers.
#[derive(Clone, Debug, Default)]
pub(super) struct SentStreams(Option<Rc<RefCell<VecDeque<IncomingItems>>>>);

impl SentStreams {
    pub(super) fn new(streams: Vec<IncomingItems>) -> Self {
        let some = Some(streams).filter(|streams| !streams.is_empty());
        Self(some.map(|streams| Rc::new(RefCell::new(streams.into()))))
    }

    pub(super) fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |streams| streams.borrow().len())
    }

    pub(super) fn next(&self) -> Option<IncomingItems> {
        self.0.as_ref()?.borrow_mut().pop_front()
    }
}
