//! Answers to events. An event that asks for an answer always gets one: what its first handler to answer says, or else an
//! empty one when the last of them is done and nobody holds its [`Ack`] any more.

use std::{cell::Cell, rc::Rc};

use bytes::Bytes;
use dondo_actors::{
    ports::{Answer, ItemsAs},
    session::{AckHandle, TooManyStreams},
};
use futures_util::StreamExt;
use serde::Serialize;

use super::{
    arguments,
    error::{EmitError, Error, FAILED},
    items::Items,
};
use crate::failures::UNKNOWN_EVENT;

/// Answers an event, early or later than its handler returns. The first answer is sent, later ones go nowhere. Clones
/// answer the same event, and stay on its thread.
#[derive(Clone, Debug)]
pub struct Ack(Option<Rc<AckState>>);

#[derive(Debug)]
struct AckState {
    handle: AckHandle,
    /// Handlers that have begun and have not come to an end: one that panics never does, and is answered for elsewhere.
    under_way: Cell<usize>,
    withheld: Cell<bool>,
}

impl Drop for AckState {
    fn drop(&mut self) {
        if self.under_way.get() == 0 && !self.withheld.get() {
            self.handle.answer(&text(Bytes::new()));
        }
    }
}

impl Ack {
    pub(super) fn new(handle: Option<AckHandle>) -> Self {
        Self(handle.map(|handle| {
            Rc::new(AckState {
                handle,
                under_way: Cell::default(),
                withheld: Cell::default(),
            })
        }))
    }

    /// Whether the client waits for an answer that was not given yet.
    pub fn is_wanted(&self) -> bool {
        self.0.as_ref().is_some_and(|state| state.handle.is_open())
    }

    /// Answers with `data`: a tuple or an array of fixed length is several arguments, `()` none, anything else one. So is what a
    /// handler returns: `Ok([3, 4])` calls the client's `ack(3, 4)`.
    ///
    /// # Errors
    /// The data cannot be written as JSON; the event can still be answered.
    pub fn send(self, data: impl Serialize) -> Result<(), EmitError> {
        let answer = arguments::answer(&data)?;
        self.answer(&answer);
        Ok(())
    }

    /// Gives no answer at all, for a client that shall try again, as stock clients with `retries` do.
    pub fn withhold(self) {
        if let Some(state) = &self.0 {
            state.withheld.set(true);
        }
    }

    /// Answers with the failure object that all parts of the hub use: `{ ok: false, event, code, message, data? }`.
    /// `false`: nobody waits.
    pub(super) fn fail(&self, event: &str, error: &Error) -> bool {
        self.text(failure(event, error))
    }

    /// Answers with one argument that is JSON text already. `false`: nobody waits.
    pub(super) fn text(&self, args: Bytes) -> bool {
        self.answer(&text(args))
    }

    /// How the client takes an answer in items, if it waits for an answer.
    pub(super) fn taken(&self) -> Option<ItemsAs> {
        self.0.as_ref().map(|state| state.handle.taken())
    }

    /// Answers with items, whose failures are for `failed` to tell. The items of an event without an ack are for nobody.
    pub(super) fn items(
        &self,
        items: Items,
        failed: impl Fn(Error) -> Bytes + 'static,
    ) -> Result<(), Error> {
        let Some(state) = &self.0 else {
            return Ok(());
        };
        let crashed = text(failed(Error::new("internal", FAILED)));
        let items = match state.handle.taken() {
            ItemsAs::Items => items,
            ItemsAs::Answer | ItemsAs::Refused => items.into_one(),
        };
        let items = items
            .0
            .map(move |item| item.map_err(|error| text(failed(error))));
        let begun = state.handle.answer_items(Box::pin(items), crashed);
        begun.map(drop).map_err(|TooManyStreams| {
            Error::new("limit_reached", "as many streams are open as may be")
        })
    }

    pub(super) fn answer(&self, answer: &Answer) -> bool {
        let state = self.0.as_ref();
        state.is_some_and(|state| state.handle.answer(answer))
    }

    pub(super) fn handler_begins(&self) {
        if let Some(state) = &self.0 {
            state.under_way.update(|handlers| handlers + 1);
        }
    }

    pub(super) fn handler_ended(&self) {
        if let Some(state) = &self.0 {
            state.under_way.update(|handlers| handlers - 1);
        }
    }
}

fn text(args: Bytes) -> Answer {
    Answer {
        args,
        blobs: Vec::new(),
    }
}

/// The failure object for an event that nothing handles.
pub(crate) fn unknown_event(event: &str) -> Bytes {
    let (code, message) = UNKNOWN_EVENT;
    failure(event, &Error::new(code, message))
}

/// The failure object.
pub(super) fn failure(event: &str, error: &Error) -> Bytes {
    let mut object = serde_json::json!({
        "ok": false, "event": event, "code": error.code(), "message": error.message()
    });
    if let Some(data) = error
        .data()
        .and_then(|data| serde_json::from_str(data).ok())
    {
        object["data"] = data;
    }
    object.to_string().into()
}
