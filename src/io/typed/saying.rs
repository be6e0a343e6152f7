//! Typed events on the side of whoever says them: the name and the ack are those of the event.

use std::time::Duration;

use serde::{Serialize, de::DeserializeOwned};

use super::{
    super::{
        AckFuture, Acks, Broadcast, Connecting, Delivery, EmitError, Emitter, NamespaceHandle,
        RemoteAck, RemoteAcks, RemoteDelivery, RemoteSocket, Socket,
    },
    Event, Events, SaidEvents,
};

/// What can be emitted: an [`Event`], or an enum of [`Events`], each of them `Serialize`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be emitted as an event",
    note = "it is a struct with `#[derive(dondo::Event)]`, or an enum of such with `#[derive(dondo::Events)]`, and `Serialize`"
)]
pub trait EmitEvents: Events<OneOf: SaidEvents> {}

impl<E: Events<OneOf: SaidEvents>> EmitEvents for E {}

impl Connecting {
    /// As [`Connecting::emit`], an event by its type.
    ///
    /// # Errors
    /// As [`Connecting::emit`].
    pub fn emit_event(&self, event: impl EmitEvents) -> Result<(), EmitError> {
        let event = event.into_one();
        self.emit(event.name(), &event)
    }
}

impl Socket {
    /// As [`Socket::emit`], an event by its type, or one of an enum of [`Events`](crate::Events).
    ///
    /// # Errors
    /// As [`Socket::emit`].
    pub fn emit_event(&self, event: impl EmitEvents) -> Result<(), EmitError> {
        let event = event.into_one();
        self.emit(event.name(), &event)
    }

    /// As [`Socket::emit_with_ack`], an event by its type: the future is its [`Event::Ack`].
    ///
    /// ```
    /// # use dondo::{Event, Result, Socket};
    /// # use serde::{Deserialize, Serialize};
    /// #[derive(Serialize, Event)]
    /// #[event("who", ack = Name)]
    /// struct Who;
    ///
    /// #[derive(Deserialize)]
    /// struct Name {
    ///     first: String,
    /// }
    ///
    /// async fn greet(socket: Socket) -> Result<String> {
    ///     let name = socket.emit_event_with_ack(Who).await?;
    ///     Ok(format!("welcome, {}", name.first))
    /// }
    /// ```
    pub fn emit_event_with_ack<E>(&self, event: E) -> AckFuture<E::Ack>
    where
        E: Event<Ack: DeserializeOwned> + Serialize,
    {
        self.emit_with_ack(E::NAME, event.into_one())
    }
}

impl Emitter<'_> {
    /// As [`Emitter::emit_with_ack`], an event by its type: see [`Socket::emit_event_with_ack`].
    pub fn emit_event_with_ack<E>(self, event: E) -> AckFuture<E::Ack>
    where
        E: Event<Ack: DeserializeOwned> + Serialize,
    {
        self.emit_with_ack(E::NAME, event.into_one())
    }
}

impl Broadcast<Socket> {
    /// As [`Broadcast::emit`], an event by its type, or one of an enum of [`Events`](crate::Events).
    ///
    /// # Errors
    /// As [`Broadcast::emit`].
    pub fn emit_event(self, event: impl EmitEvents) -> Result<Delivery, EmitError> {
        let event = event.into_one();
        self.emit(event.name(), &event)
    }

    /// As [`Broadcast::emit_with_ack`], an event by its type: the answers are its [`Event::Ack`].
    ///
    /// # Errors
    /// As [`Broadcast::emit_with_ack`].
    pub fn emit_event_with_ack<E>(
        self,
        event: E,
        limit: Duration,
    ) -> Result<Acks<E::Ack>, EmitError>
    where
        E: Event<Ack: DeserializeOwned> + Serialize,
    {
        self.emit_with_ack(E::NAME, event.into_one(), limit)
    }
}

impl Broadcast<NamespaceHandle> {
    /// As [`Broadcast::emit`], an event by its type, or one of an enum of [`Events`](crate::Events).
    ///
    /// # Errors
    /// As [`Broadcast::emit`].
    pub fn emit_event(self, event: impl EmitEvents) -> Result<RemoteDelivery, EmitError> {
        let event = event.into_one();
        self.emit(event.name(), &event)
    }

    /// As [`Broadcast::emit_with_ack`], an event by its type: the answers are its [`Event::Ack`].
    ///
    /// # Errors
    /// As [`Broadcast::emit_with_ack`].
    pub fn emit_event_with_ack<E>(
        self,
        event: E,
        limit: Duration,
    ) -> Result<RemoteAcks<E::Ack>, EmitError>
    where
        E: Event<Ack: DeserializeOwned> + Serialize,
    {
        self.emit_with_ack(E::NAME, event.into_one(), limit)
    }
}

impl NamespaceHandle {
    /// As [`NamespaceHandle::emit`], an event by its type, or one of an enum of [`Events`](crate::Events).
    ///
    /// # Errors
    /// As [`NamespaceHandle::emit`].
    pub fn emit_event(&self, event: impl EmitEvents) -> Result<RemoteDelivery, EmitError> {
        self.broadcast().emit_event(event)
    }
}

impl RemoteSocket {
    /// As [`RemoteSocket::emit`], an event by its type, or one of an enum of [`Events`](crate::Events).
    ///
    /// # Errors
    /// As [`RemoteSocket::emit`].
    pub fn emit_event(&self, event: impl EmitEvents) -> Result<RemoteDelivery, EmitError> {
        let event = event.into_one();
        self.emit(event.name(), &event)
    }

    /// As [`RemoteSocket::emit_with_ack`], an event by its type: see [`Socket::emit_event_with_ack`].
    pub fn emit_event_with_ack<E>(&self, event: E, limit: Duration) -> RemoteAck<E::Ack>
    where
        E: Event<Ack: DeserializeOwned> + Serialize,
    {
        self.emit_with_ack(E::NAME, event.into_one(), limit)
    }
}
