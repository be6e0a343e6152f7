//! A client in a namespace, as a host's handlers hold it.
//! Stays on its session's thread; knows nothing of the wire.

use std::{
    any::Any,
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    future::Future,
    net::IpAddr,
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use dondo_actors::{
    error::CloseReason,
    id::{Kind, MemberId, RoomKey},
    ports::LocalFuture,
    session::{JoinRequest, Member, MemberError},
    state::audience::LeaveScope,
};
use serde::{Serialize, de::DeserializeOwned};

use super::{
    OnEvent,
    arguments::{self, Arguments, BadArguments},
    broadcast::{Broadcast, Target},
    error::{AckError, Error},
    handler::{Ack, Handler, kept},
};

/// A handle; clones are the same client.
#[derive(Clone)]
pub struct Socket {
    member: Rc<Member>,
    kit: Rc<SocketState>,
}

impl std::fmt::Debug for Socket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Socket").field(&self.member).finish()
    }
}

/// What a host keeps with one client.
#[derive(Default)]
struct SocketState {
    auth: Option<Bytes>,
    handlers: RefCell<BTreeMap<Arc<str>, OnEvent>>,
    any: RefCell<Option<OnEvent>>,
    disconnect: RefCell<Option<OnDisconnect>>,
    reserved: RefCell<Rc<BTreeSet<Arc<str>>>>,
}

type OnDisconnect = Box<dyn FnOnce(Socket, CloseReason) -> LocalFuture<()>>;

impl Socket {
    /// The client's public id in this namespace.
    pub fn id(&self) -> &MemberId {
        self.member.id()
    }

    /// The namespace.
    pub fn namespace(&self) -> &Arc<str> {
        self.member.namespace()
    }

    /// The client's address, for the log.
    pub(super) fn peer(&self) -> Option<IpAddr> {
        self.member.peer()
    }

    /// Who is logged in, if anybody.
    pub fn account(&self) -> Option<&Arc<str>> {
        self.member.identity().account.as_ref()
    }

    /// What the client sent with its CONNECT; nothing reads as `null`.
    pub fn auth<T: DeserializeOwned>(&self) -> Result<T, BadArguments> {
        let text = self.kit.auth.as_deref().unwrap_or(b"null");
        serde_json::from_slice(text).map_err(|error| BadArguments(error.to_string()))
    }

    /// Handles an event, in place of the namespace's pack. A second handler for the same event replaces the first.
    /// Handlers start in the order in which events came and run to their first wait before the next one starts.
    pub fn on<Args, H: Handler<Args>>(&self, event: &str, handler: H) {
        if !self.member.has_ended() {
            self.kit
                .handlers
                .borrow_mut()
                .insert(event.into(), kept(handler));
        }
    }

    /// Sees every event, before the event's own handler or the pack has it.
    pub fn on_any<Args, H: Handler<Args>>(&self, handler: H) {
        if !self.member.has_ended() {
            *self.kit.any.borrow_mut() = Some(kept(handler));
        }
    }

    /// Runs once when the client is gone, whatever the cause. Nothing can be said through this socket any more.
    pub fn on_disconnect<F, Fut>(&self, handler: F)
    where
        F: FnOnce(Self, CloseReason) -> Fut + 'static,
        Fut: Future<Output = ()> + 'static,
    {
        if !self.member.has_ended() {
            let handler: OnDisconnect =
                Box::new(move |socket, reason| Box::pin(handler(socket, reason)));
            *self.kit.disconnect.borrow_mut() = Some(handler);
        }
    }

    /// Says something to this client. A tuple is several arguments, `()` none, anything else one; a
    /// [`Blob`](super::Blob) anywhere in it travels as an attachment.
    pub fn emit<T: Serialize + ?Sized>(&self, event: &str, data: &T) -> Result<(), Error> {
        let content = arguments::content(event, data)?;
        self.member.emit(&content, false);
        Ok(())
    }

    /// Says something to this client, now, and waits for its answer for at most `limit`.
    pub fn emit_with_ack<T: Serialize + ?Sized>(
        &self,
        event: &str,
        data: &T,
        limit: Duration,
    ) -> impl Future<Output = Result<Arguments, AckError>> + use<T> {
        let asked = match arguments::content(event, data) {
            Ok(content) => self.member.ask(&content).map_err(of_member),
            Err(error) => Err(AckError::Content(error)),
        };
        let asked = asked.map(|answer| -> LocalFuture<_> { Box::pin(answer) });
        async move {
            match tokio::time::timeout(limit, asked?).await {
                Ok(answer) => answer.map(Arguments::from).map_err(of_member),
                Err(_) => Err(AckError::TimedOut),
            }
        }
    }

    /// Enters a room of this namespace, made if need be. Queued behind what was said before.
    pub fn join(&self, room: impl Into<Arc<str>>) -> impl Future<Output = Result<(), Error>> {
        let joining = self
            .member
            .join(JoinRequest::plain(RoomKey::plain(room.into())));
        async move { joining.await.map(drop).map_err(Error::Join) }
    }

    /// Leaves a room.
    pub fn leave(&self, room: impl Into<Arc<str>>) -> impl Future<Output = ()> {
        let leaving = self
            .member
            .leave(RoomKey::plain(room.into()), LeaveScope::All, None);
        async move { drop(leaving.await) }
    }

    /// The rooms that this client is in, or will be when what was asked for is done.
    pub fn rooms(&self) -> Vec<String> {
        let rooms = self.member.rooms(Kind::Plain).into_iter();
        rooms.map(|(key, _)| key.name.to_string()).collect()
    }

    /// The others in a room, or another client by its id. Further [`Broadcast::to`] add more.
    pub fn to(&self, target: impl Into<Target>) -> Broadcast<Self> {
        self.broadcast().to(target)
    }

    /// As [`Socket::to`], with this client itself where it is one of those addressed.
    pub fn within(&self, target: impl Into<Target>) -> Broadcast<Self> {
        Broadcast::new(self.clone(), true).to(target)
    }

    /// Everybody else in the namespace.
    pub fn broadcast(&self) -> Broadcast<Self> {
        Broadcast::new(self.clone(), false)
    }

    /// Everybody else in the namespace who is not in this room.
    pub fn except(&self, room: impl Into<Arc<str>>) -> Broadcast<Self> {
        self.broadcast().except(room)
    }

    /// A client that comes in.
    pub(super) fn new(member: Rc<Member>, auth: Option<Bytes>) -> Self {
        let kit = Rc::new(SocketState {
            auth,
            ..SocketState::default()
        });
        member.extend(kit.clone());
        Self { member, kit }
    }

    /// The socket of a member that has come in.
    pub(super) fn of(member: Rc<Member>) -> Option<Self> {
        let extension: Rc<dyn Any> = member.extension()?;
        let kit = extension.downcast().ok()?;
        Some(Self { member, kit })
    }

    pub(super) fn handler(&self, event: &str) -> Option<OnEvent> {
        self.kit.handlers.borrow().get(event).cloned()
    }

    pub(super) fn any(&self) -> Option<OnEvent> {
        self.kit.any.borrow().clone()
    }

    /// The connect handler is done.
    pub(super) fn opened(&self) {
        let names = self.kit.handlers.borrow().keys().cloned().collect();
        *self.kit.reserved.borrow_mut() = Rc::new(names);
    }

    /// Lets go of the handlers, which may hold this socket, and answers the last one to run.
    pub(super) fn close(&self) -> Option<OnDisconnect> {
        self.kit.handlers.take();
        self.kit.any.take();
        self.kit.disconnect.take()
    }
}

/// What a pack has beyond the public face.
pub(crate) trait PackSocket {
    /// The member behind the socket.
    fn member(&self) -> &Rc<Member>;

    /// Event names that had a handler when the client had come in: no channel can have them.
    fn reserved(&self) -> Rc<BTreeSet<Arc<str>>>;

    /// Answers an event with one argument that is JSON text already. `false`: nobody waits.
    fn answer(&self, ack: &Ack, args: Bytes) -> bool;
}

impl PackSocket for Socket {
    fn member(&self) -> &Rc<Member> {
        &self.member
    }

    fn reserved(&self) -> Rc<BTreeSet<Arc<str>>> {
        self.kit.reserved.borrow().clone()
    }

    fn answer(&self, ack: &Ack, args: Bytes) -> bool {
        ack.text(args)
    }
}

fn of_member(error: MemberError) -> AckError {
    match error {
        MemberError::TooManyAcks => AckError::TooMany,
        MemberError::Ended => AckError::Disconnected,
    }
}
