//! Answers that come in items. Clients that ask for a stream have them one by one, all others in one list.

use std::{fmt, pin::Pin};

use dondo_actors::ports::Answer;
use futures_util::{Stream, StreamExt, stream};
use serde::Serialize;

use super::{
    arguments::{self, FORGED},
    blob,
    error::{Error, Result},
};

/// The answer to an event in items, as a stream of the host's makes them.
///
/// A client of SignalR that calls the event for a stream has each when it is there. The stream is polled on when the item before
/// is in the client's outbox and at most half of that waits, so it goes no faster than its client reads. It is dropped when
/// the client cancels it, or is gone; an error, or a panic, ends it, and the client hears of that. Beside 128 such streams
/// of one client no more begin.
///
/// A client of Socket.IO that asks for an ack has the list of them, when they have ended: 1,000 items of 256 KiB together are a
/// list at most, more are the error `too_many_items`. Without an ack nobody polls them.
///
/// ```
/// use dondo::{Data, Items, Namespace, Result};
/// use futures_util::{StreamExt, stream};
///
/// let hub = Namespace::new("/counts")
///     .on("count", async |Data(to): Data<u32>| Items::new(stream::iter(0..to).map(Result::Ok)));
/// ```
#[must_use = "nobody has them but who is answered with them"]
pub struct Items(pub(super) Pin<Box<dyn Stream<Item = Result<Answer>>>>);

/// Items of a list at most.
const LIST_ITEMS_MAX: usize = 1000;

/// Bytes of a list at most, blobs among them.
const LIST_BYTES_MAX: usize = 256 * 1024;

impl Items {
    /// Of a stream, each of whose items is one argument. It stays on its session's thread.
    pub fn new<T: Serialize + 'static>(items: impl Stream<Item = Result<T>> + 'static) -> Self {
        let written = |item: Result<T>| Ok(arguments::answer(&(item?,))?);
        Self(Box::pin(items.map(written)))
    }

    /// The list of them, as the one item.
    pub(super) fn into_one(self) -> Self {
        Self(Box::pin(stream::once(list(self.0))))
    }
}

async fn list(mut items: Pin<Box<dyn Stream<Item = Result<Answer>>>>) -> Result<Answer> {
    let (mut text, mut blobs) = (vec![b'['], Vec::new());
    let (mut count, mut bytes) = (0, 0);
    // In an item without blobs it is data, and in the list would be one.
    let mut looks_like_blobs = false;
    while let Some(item) = items.next().await {
        let item = item?;
        count += 1;
        bytes += item.args.len() + item.blobs.iter().map(bytes::Bytes::len).sum::<usize>();
        if count > LIST_ITEMS_MAX || bytes > LIST_BYTES_MAX {
            return Err(Error::new(
                "too_many_items",
                "they are more than 1000, or than 256 KiB together",
            ));
        }
        if count > 1 {
            text.push(b',');
        }
        match item.blobs.is_empty() {
            true => {
                looks_like_blobs |= blob::seen(&item.args) != Some(0);
                text.extend_from_slice(&item.args);
            }
            false => text.extend(blob::renumbered(&item.args, blobs.len())),
        }
        blobs.extend(item.blobs);
    }
    text.push(b']');
    if looks_like_blobs && !blobs.is_empty() {
        return Err(Error::internal(FORGED));
    }
    Ok(Answer {
        args: text.into(),
        blobs,
    })
}

impl fmt::Debug for Items {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Items")
    }
}
