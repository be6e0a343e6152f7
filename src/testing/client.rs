//! What a test does as a client, and what it expects of the hub.

use std::{fmt, panic::Location, rc::Rc};

use dondo_actors::letter::Content;
use serde::{Serialize, de::DeserializeOwned};

use super::{connection::TestConnection, error::TestError, settled::Settled};
use crate::{
    DisconnectReason, SocketId,
    io::{Arguments, answer, content},
};

/// A client of a [`TestHub`](super::TestHub), in one namespace. It reads at once whatever it is told and answers heartbeats, as
/// stock clients do. Dropped, its connection is lost.
pub struct TestClient {
    id: SocketId,
    connection: Rc<TestConnection>,
}

impl TestClient {
    pub(super) fn new(id: SocketId, connection: Rc<TestConnection>) -> Self {
        Self { id, connection }
    }

    /// The id of its socket.
    pub fn id(&self) -> &SocketId {
        &self.id
    }

    /// Emits an event at the call; awaited, nothing moves any more.
    ///
    /// # Panics
    /// The client is not connected any more, or the data cannot be written.
    #[track_caller]
    pub fn emit(&self, event: &str, data: impl Serialize) -> Settled<()> {
        self.connection.emit(&self.written(event, &data));
        Settled::then(async {})
    }

    /// Emits an event at the call, and takes its ack: of a tuple so many arguments, of `()` none, else one. A failure is the
    /// `{ ok: false, code, message, data? }` that a handler's error comes to.
    ///
    /// # Panics
    /// As [`TestClient::emit`]; and when it is awaited and no ack has come, or another one. Where a handler takes its time, it is
    /// awaited behind [`TestHub::advance`](super::TestHub::advance).
    #[track_caller]
    pub fn emit_with_ack<T: DeserializeOwned>(
        &self,
        event: &str,
        data: impl Serialize,
    ) -> Settled<Result<T, TestError>> {
        let (at, connection) = (Location::caller(), self.connection.clone());
        let number = connection.emit_asking(&self.written(event, &data));
        let event = event.to_owned();
        Settled::then(async move {
            connection.check();
            let Some(answer) = connection.ack(number) else {
                panic!("{at}: expected the ack of {event:?}; {}", connection.came());
            };
            match TestError::in_ack(&answer) {
                Some(error) => Err(error),
                None => Ok(read(at, &format!("the ack of {event:?}"), &answer)),
            }
        })
    }

    /// Reads on to the next event of this name, and takes its data: of a tuple so many arguments, of `()` none, else one. What it
    /// passes over is not found again, so what is expected in turn came in that order.
    ///
    /// # Panics
    /// There is none, or with other data: the panic tells all that came since the last one that was expected.
    #[must_use = "nothing is looked for before it is awaited"]
    #[track_caller]
    pub fn expect<T: DeserializeOwned>(&self, event: &str) -> Settled<T> {
        let (at, connection, event) = (
            Location::caller(),
            self.connection.clone(),
            event.to_owned(),
        );
        Settled::then(async move {
            connection.check();
            match connection.next(&event) {
                Some(data) => read(at, &format!("{event:?}"), &data),
                None => panic!("{at}: expected {event:?}; {}", connection.came()),
            }
        })
    }

    /// Nothing came that was not read.
    ///
    /// # Panics
    /// Something did: the panic tells all of it.
    #[must_use = "nothing is looked for before it is awaited"]
    #[track_caller]
    pub fn expect_nothing(&self) -> Settled<()> {
        let (at, connection) = (Location::caller(), self.connection.clone());
        Settled::then(async move {
            connection.check();
            assert!(
                !connection.has_events(),
                "{at}: expected nothing; {}",
                connection.came()
            );
        })
    }

    /// The client was disconnected, or its namespace put it out; why.
    ///
    /// # Panics
    /// It is connected: the panic tells all that came since the last event that was expected.
    #[must_use = "nothing is looked for before it is awaited"]
    #[track_caller]
    pub fn expect_disconnect(&self) -> Settled<DisconnectReason> {
        let (at, connection) = (Location::caller(), self.connection.clone());
        Settled::then(async move {
            connection.check();
            match connection.ended() {
                Some(reason) => reason,
                None => panic!("{at}: expected a disconnect; {}", connection.came()),
            }
        })
    }

    /// Passes over all that came.
    #[must_use = "nothing is passed over before it is awaited"]
    pub fn skip(&self) -> Settled<()> {
        let connection = self.connection.clone();
        Settled::then(async move {
            connection.check();
            connection.forget_events();
        })
    }

    /// From now on answers each event of this name for which an ack is asked, with what `answering` makes of its data. Other
    /// events are left without an answer. What it answers it can expect, too.
    ///
    /// # Panics
    /// The next expectation panics where the data are others, or `answering` did.
    #[track_caller]
    pub fn answer<T: DeserializeOwned, R: Serialize>(
        &self,
        event: &str,
        mut answering: impl FnMut(T) -> R + 'static,
    ) {
        let (at, name) = (Location::caller(), event.to_owned());
        let answering = move |data: &Arguments| {
            let said = answering(read(at, &format!("{name:?}"), data));
            match answer(&said) {
                Ok(answer) => answer,
                Err(error) => panic!("{at}: {name:?} cannot be answered: {error}"),
            }
        };
        self.connection.answer(event, Box::new(answering));
    }

    /// From now on reads nothing, heartbeats neither.
    pub fn stall(&self) {
        self.connection.stall(true);
    }

    /// Reads again.
    pub fn resume(&self) -> Settled<()> {
        self.connection.stall(false);
        Settled::then(async {})
    }

    /// Leaves its namespace, as a stock client's `disconnect` does.
    pub fn disconnect(&self) -> Settled<()> {
        self.connection.leave();
        Settled::then(async {})
    }

    /// Its connection is lost, with what the hub has not read yet.
    pub fn cut(&self) -> Settled<()> {
        self.connection.cut();
        Settled::then(async {})
    }

    #[track_caller]
    fn written(&self, event: &str, data: &impl Serialize) -> Content {
        if let Some(reason) = self.connection.ended() {
            panic!("{event:?} is emitted by a client that is disconnected: {reason:?}");
        }
        match content(event, data) {
            Ok(content) => content,
            Err(error) => panic!("{event:?} cannot be emitted: {error}"),
        }
    }
}

impl Drop for TestClient {
    fn drop(&mut self) {
        if self.connection.ended().is_none() {
            self.connection.cut();
        }
    }
}

impl fmt::Debug for TestClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut client = f.debug_struct("TestClient");
        client.field("id", &self.id).finish_non_exhaustive()
    }
}

fn read<T: DeserializeOwned>(at: &Location<'_>, what: &str, data: &Arguments) -> T {
    match data.read(0) {
        Ok((data, _)) => data,
        Err(error) => panic!(
            "{at}: {what} came with other data than was expected: {error}: [{}]",
            String::from_utf8_lossy(data.text())
        ),
    }
}
