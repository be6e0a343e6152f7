//! Handlers and their arguments: a handler is any function of extractors, and an event gives each what it takes.
//! Knows no pack: whether an event has a handler is looked up elsewhere.

use std::{fmt::Display, future::Future, rc::Rc, sync::Arc};

use bytes::Bytes;
use dondo_actors::{
    ports::{Answer, LocalFuture, polled_once},
    session::{self, AckHandle},
};
use serde::{Serialize, de::DeserializeOwned};

use super::{
    OnEvent, Socket,
    arguments::{self, Arguments, BadArguments},
    error::Error,
};
use crate::notices;

/// An event as it came, for handlers that look at it themselves.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Event {
    /// Its name.
    pub name: Arc<str>,
    /// What came with it.
    pub arguments: Arguments,
    /// Answers it.
    pub ack: Ack,
}

impl From<session::Event> for Event {
    fn from(event: session::Event) -> Self {
        Self {
            name: event.content.name.clone(),
            ack: Ack(event.ack),
            arguments: event.content.into(),
        }
    }
}

/// Answers an event. The first answer is sent, later ones go nowhere; dropped without one, nothing is sent.
#[derive(Clone, Debug)]
pub struct Ack(Option<AckHandle>);

impl Ack {
    /// Whether the client waits for an answer that was not given yet.
    pub fn is_open(&self) -> bool {
        self.0.as_ref().is_some_and(AckHandle::is_open)
    }

    /// Answers with `data`: a tuple is several arguments, anything else one.
    pub fn ok<T: Serialize + ?Sized>(self, data: &T) -> Result<(), Error> {
        let answer = arguments::answer(data)?;
        self.send(&answer);
        Ok(())
    }

    /// Answers with one argument that is JSON text already. `false`: nobody waits.
    pub(super) fn text(&self, args: Bytes) -> bool {
        self.send(&Answer {
            args,
            blobs: Vec::new(),
        })
    }

    /// Answers with the failure object that all parts of the hub use: `{ ok: false, event, code, message }`.
    pub(super) fn fail(&self, event: &str, code: &str, message: &str) -> bool {
        self.text(failure(event, code, message))
    }

    fn send(&self, answer: &Answer) -> bool {
        let handle = self.0.as_ref();
        handle.is_some_and(|handle| handle.answer(answer))
    }
}

/// What a handler's failure looks like to the client, without details.
pub(super) const FAILED: &str = "the server's handler failed";

pub(super) fn failure(event: &str, code: &str, message: &str) -> Bytes {
    let object = serde_json::json!({"ok": false, "event": event, "code": code, "message": message});
    object.to_string().into()
}

/// One argument of the event: the first [`Data`] of a handler takes the first, the next the second, and so on.
#[derive(Clone, Debug)]
pub struct Data<T>(pub T);

/// An event on its way into a handler.
#[derive(Debug)]
pub struct Incoming<'a> {
    /// Who sent it.
    pub socket: &'a Socket,
    /// What was sent.
    pub event: &'a Event,
    next: usize,
}

impl Incoming<'_> {
    /// The next argument that no extractor has taken.
    pub fn next_argument<T: DeserializeOwned>(&mut self) -> Result<T, BadArguments> {
        let index = self.next;
        self.next += 1;
        self.event.arguments.at(index)
    }
}

/// What a handler can have as a parameter.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a parameter of a handler",
    note = "parameters are `Socket`, `Data<T>` for the next argument, `Arguments`, `Event` and `Ack`"
)]
pub trait FromEvent: Sized {
    /// Takes it from the event.
    fn from_event(call: &mut Incoming<'_>) -> Result<Self, BadArguments>;
}

impl FromEvent for Socket {
    fn from_event(call: &mut Incoming<'_>) -> Result<Self, BadArguments> {
        Ok(call.socket.clone())
    }
}

impl FromEvent for Event {
    fn from_event(call: &mut Incoming<'_>) -> Result<Self, BadArguments> {
        Ok(call.event.clone())
    }
}

impl FromEvent for Ack {
    fn from_event(call: &mut Incoming<'_>) -> Result<Self, BadArguments> {
        Ok(call.event.ack.clone())
    }
}

impl<T: DeserializeOwned> FromEvent for Data<T> {
    fn from_event(call: &mut Incoming<'_>) -> Result<Self, BadArguments> {
        call.next_argument().map(Data)
    }
}

/// What a handler may come to: nothing, or a result whose error goes to the log and, without its text, to the ack. Any error that
/// can be shown will do, as [`Error`] or `Box<dyn std::error::Error>`; a closure that ends in `Ok(())` has to name its.
#[diagnostic::on_unimplemented(
    message = "a handler cannot come to `{Self}`",
    note = "it comes to `()` or to `Result<(), E>` with an `E` that is `Display`; data for the client go through `Ack::ok`"
)]
pub trait IntoOutcome {
    /// The error's text.
    fn failure(self) -> Option<String>;
}

impl IntoOutcome for () {
    fn failure(self) -> Option<String> {
        None
    }
}

impl<E: Display> IntoOutcome for Result<(), E> {
    fn failure(self) -> Option<String> {
        self.err().map(|error| error.to_string())
    }
}

/// An async function or closure of up to six extractors.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no handler",
    note = "a handler is async, has up to six parameters (`Socket`, `Data<T>`, `Arguments`, `Event`, `Ack`) and comes to `()` or \
            to `Result<(), E>` with an `E` that is `Display`"
)]
pub trait Handler<Args>: 'static {
    /// Takes its arguments and starts; the future is the rest, with the text of its failure.
    fn call(&self, call: &mut Incoming<'_>) -> Result<LocalFuture<Option<String>>, BadArguments>;
}

macro_rules! handlers {
    ($(($($argument:ident),*))*) => {$(
        impl<F, Fut, $($argument),*> Handler<($($argument,)*)> for F
        where
            F: Fn($($argument),*) -> Fut + 'static,
            Fut: Future<Output: IntoOutcome> + 'static,
            $($argument: FromEvent,)*
        {
            #[allow(unused_variables, reason = "a handler without arguments takes nothing from the call")]
            fn call(&self, call: &mut Incoming<'_>) -> Result<LocalFuture<Option<String>>, BadArguments> {
                let future = self($($argument::from_event(call)?),*);
                Ok(Box::pin(async move { future.await.failure() }))
            }
        }
    )*};
}

handlers! {
    () (A) (A, B) (A, B, C) (A, B, C, D) (A, B, C, D, E) (A, B, C, D, E, G)
}

/// The handler as a socket keeps it.
pub(super) fn kept<Args, H: Handler<Args>>(handler: H) -> OnEvent {
    Rc::new(move |socket, event| {
        let mut call = Incoming {
            socket: &socket,
            event: &event,
            next: 0,
        };
        let peer = socket.peer();
        let failed = move |event: &Event, error: String| {
            notices::HANDLER_FAILED.tell(
                peer,
                None,
                format_args!("a handler for {:?} failed: {error}", event.name),
            );
            event.ack.fail(&event.name, "internal", FAILED);
        };
        match handler.call(&mut call).map(polled_once) {
            Ok(Ok(None)) => None,
            Ok(Ok(Some(error))) => {
                failed(&event, error);
                None
            }
            Ok(Err(rest)) => Some(Box::pin(async move {
                if let Some(error) = rest.await {
                    failed(&event, error);
                }
            })),
            Err(unreadable) => {
                notices::UNREADABLE.tell(
                    peer,
                    None,
                    format_args!(
                        "{:?} has other arguments than its handler: {unreadable}",
                        event.name
                    ),
                );
                event.ack.fail(&event.name, "bad_payload", &unreadable.0);
                None
            }
        }
    })
}
