//! A client in a namespace, as a host's handlers hold it.
//! Stays on its session's thread; knows nothing of the wire.

mod state;

use std::{
    any::Any,
    collections::BTreeSet,
    net::IpAddr,
    rc::{Rc, Weak},
    sync::Arc,
    time::Duration,
};

use dondo_actors::{
    id::{Kind, MemberId as SocketId, RoomKey},
    session::{JoinRequest, Member},
    state::{audience::LeaveScope, room::RoomOptions},
};
use serde::{Serialize, de::DeserializeOwned};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use self::state::Listener;
pub(super) use self::state::{Expiry, Heard, SocketState};
use super::{
    NamespaceHandle, RemoteSocket, arguments,
    blocking_places::BlockingCaller,
    broadcast::Broadcast,
    context::{DisconnectContext, EventContext},
    emitter::{Emitter, VolatileEmitter, may_tell},
    error::{EmitError, Error},
    eventual::{AckFuture, Joining, Leaving},
    handler::{Extractors, Handler, IntoOutcome, Local, local},
    observer::Observer,
    shares::ShareKey,
    targets::{IntoRooms, IntoTargets, RoomName},
    watchdog::HandlerLabel,
};

/// A client in a namespace. Clones are the same client. It stays on its thread, and so do the futures that it makes: they are not
/// `Send`, and run there by `actix_web::rt::spawn`. For other threads there are [`Socket::remote`] and [`Socket::namespace`].
#[derive(Clone)]
pub struct Socket {
    member: Rc<Member>,
    state: Rc<SocketState>,
}

impl std::fmt::Debug for Socket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Socket").field(&self.member).finish()
    }
}

/// Names a handler of one socket, for [`Socket::off`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListenerId(u64);

impl Socket {
    /// The client's public id in this namespace: nobody can guess it, and it is another one after a reconnect.
    pub fn id(&self) -> &SocketId {
        self.member.id()
    }

    /// The namespace, from any thread. What is said through it is in no order with what this socket says.
    pub fn namespace(&self) -> NamespaceHandle {
        NamespaceHandle::new(self.member.hub().clone(), self.state.served.clone())
    }

    /// The client as it is now, for any thread.
    pub fn remote(&self) -> RemoteSocket {
        RemoteSocket {
            info: self.member.describe(),
            namespace: self.namespace(),
        }
    }

    /// The client's address; behind a trusted proxy the one that the proxy tells.
    pub fn address(&self) -> Option<IpAddr> {
        self.member.peer()
    }

    /// The name of the account that is logged in, if any.
    pub fn account(&self) -> Option<&Arc<str>> {
        self.member.identity().account.as_ref()
    }

    /// Whether the client is still there, and was not put out by [`Socket::disconnect`].
    pub fn is_connected(&self) -> bool {
        self.member.is_heard()
    }

    /// Keeps a value with this client, for [`Extension`](super::Extension): one of a type, until its last disconnect handler is done.
    /// Answers the one before.
    pub fn insert<T: 'static>(&self, value: T) -> Option<Rc<T>> {
        self.state.insert(value)
    }

    /// Handles an event of this client, after the namespace's own handlers of that name and in place of the hub's channels.
    /// Several may have one name. All are let go of when the client is gone, also where they hold their socket.
    pub fn on<A: Extractors<EventContext>>(
        &self,
        event: &str,
        handler: impl Handler<A, Outcome: IntoOutcome<EventContext>>,
    ) -> ListenerId {
        self.listen(
            Heard::Event(event.into()),
            false,
            local(self.label(&format!("{event:?}")), handler),
        )
    }

    /// As [`Socket::on`], for the next such event alone.
    pub fn once<A: Extractors<EventContext>>(
        &self,
        event: &str,
        handler: impl Handler<A, Outcome: IntoOutcome<EventContext>>,
    ) -> ListenerId {
        self.listen(
            Heard::Event(event.into()),
            true,
            local(self.label(&format!("{event:?}")), handler),
        )
    }

    /// Sees every event of this client, before its own handlers have it.
    pub fn on_any<A: Extractors<EventContext>>(
        &self,
        handler: impl Handler<A, Outcome: IntoOutcome<EventContext>>,
    ) -> ListenerId {
        self.listen(Heard::Any, false, local(self.label("on_any"), handler))
    }

    /// Sees every event that goes to this client from now on: see
    /// [`Namespace::on_any_outgoing`](super::Namespace::on_any_outgoing).
    pub fn on_any_outgoing<A: Extractors<EventContext>>(
        &self,
        handler: impl Observer<A, Outcome: IntoOutcome<EventContext>>,
    ) -> ListenerId {
        self.member.observe();
        self.listen(
            Heard::Outgoing,
            false,
            local(self.label("on_any_outgoing"), handler),
        )
    }

    /// Runs when this client is gone, whatever the cause, after the namespace's own.
    pub fn on_disconnect<A: Extractors<DisconnectContext>>(
        &self,
        handler: impl Handler<A, Outcome: IntoOutcome<DisconnectContext>>,
    ) {
        if !self.member.has_ended() {
            let handler = local(self.label("on_disconnect"), handler);
            self.state.more(|more| more.disconnect.push(handler));
        }
    }

    /// Takes a handler of this socket away. `false`: it is not there any more.
    pub fn off(&self, listener: ListenerId) -> bool {
        // Dropped when nothing is borrowed any more: what it holds may come back here as it goes.
        let gone = self.state.more(|more| more.remove(listener.0));
        gone.is_some()
    }

    fn label(&self, what: &str) -> HandlerLabel {
        HandlerLabel::new(&self.state.served.title, what)
    }

    fn listen(&self, event: Heard, once: bool, handler: Local<EventContext>) -> ListenerId {
        let is_there = !self.member.has_ended();
        let mut handler = Some(handler);
        let id = self.state.more(|more| {
            more.listeners_made += 1;
            let id = more.listeners_made;
            if let Some(handler) = handler.take_if(|_| is_there) {
                let listener = Listener { id, once, handler };
                more.listeners.entry(event).or_default().push(listener);
            }
            id
        });
        ListenerId(id)
    }

    /// Says something to this client. A tuple is several arguments, and so is an array of fixed length, which serde cannot tell from
    /// one: `[1, 2]` is two, `vec![1, 2]` and `([1, 2],)` are one. `()` is none, anything else one; a [`Blob`](super::Blob) anywhere
    /// in it travels as an attachment.
    ///
    /// # Errors
    /// It cannot be made an event, the client is gone or put out, or too much of what this socket said waits: a loop gives way now
    /// and then.
    pub fn emit(&self, event: &str, data: impl Serialize) -> Result<(), EmitError> {
        let content = arguments::content(event, &data)?;
        may_tell(&self.member)?;
        self.member.emit(&content, false);
        Ok(())
    }

    /// For what is outdated soon: what is said goes out if nothing else waits for this client, and is dropped if it reads slowly.
    pub fn volatile(&self) -> VolatileEmitter<'_> {
        VolatileEmitter(&self.member)
    }

    /// Puts this client out of the namespace, behind what was said before. None of its events is handled any more; it is told
    /// nothing more and joins nothing, and says nothing to others but in `on_disconnecting`. A stock client does not come back by
    /// itself.
    pub fn disconnect(&self) {
        self.member.disconnect();
    }

    /// As [`Socket::disconnect`], and closes its connection, with all namespaces that it is in.
    pub fn close(&self) {
        self.member.close();
    }

    /// What others see of this client: [`RemoteSocket::data`](super::RemoteSocket::data) reads it. The last one said stands.
    ///
    /// # Errors
    /// It cannot be written as JSON.
    pub fn set_data(&self, data: impl Serialize) -> Result<(), EmitError> {
        let text = serde_json::to_vec(&data);
        let text = text.map_err(|error| EmitError::Unwritable(error.to_string()))?;
        self.member.set_data(Some(text.into()));
        Ok(())
    }

    /// Says something to this client, now; the future is its answer, however long that takes, while the client is there:
    /// [`Socket::timeout`] has a limit. Of several arguments a tuple takes as many as it has, else the first is read. What is said so
    /// is bounded as what [`Socket::emit`] says, whether its answer is waited for or not: [`EmitError::Full`] in
    /// [`AckError::Emit`](crate::AckError::Emit).
    pub fn emit_with_ack<T: DeserializeOwned>(
        &self,
        event: &str,
        data: impl Serialize,
    ) -> AckFuture<T> {
        AckFuture::ask(&self.member, event, &data, None)
    }

    /// How long an answer is waited for.
    pub fn timeout(&self, limit: Duration) -> Emitter<'_> {
        Emitter::new(&self.member, limit)
    }

    /// Enters rooms of this namespace, made if need be: queued now, behind what was said before.
    pub fn join(&self, rooms: impl IntoRooms) -> Joining {
        let rooms = rooms.into_rooms();
        Joining::all(rooms.into_iter().map(|room| {
            let request = JoinRequest::plain(RoomKey::plain(room));
            self.member.join(request)
        }))
    }

    /// As [`Socket::join`], of a room for so many: whoever makes it says how many it holds, until it is empty again. A later number
    /// has no effect, and those who join without one are counted too. One too many is [`JoinError::Full`](crate::JoinError::Full).
    pub fn join_up_to(&self, capacity: usize, room: impl Into<RoomName>) -> Joining {
        let room: RoomName = room.into();
        let options = RoomOptions {
            capacity: Some(capacity),
            ..RoomOptions::default()
        };
        Joining::all(std::iter::once(self.member.join(JoinRequest {
            options,
            ..JoinRequest::plain(RoomKey::plain(room))
        })))
    }

    /// Leaves rooms: queued now.
    pub fn leave(&self, rooms: impl IntoRooms) -> Leaving {
        let rooms = rooms.into_rooms();
        Leaving::all(rooms.into_iter().map(|room| {
            let key = RoomKey::plain(room);
            self.member.leave(key, LeaveScope::All, None)
        }))
    }

    /// The rooms that this client is in, or will be when what was asked for is done.
    pub fn rooms(&self) -> BTreeSet<RoomName> {
        let rooms = self.member.rooms(Kind::Plain).into_iter();
        rooms.map(|(key, _)| key.name.into()).collect()
    }

    /// Whether this client is in a room, or will be when what was asked for is done.
    pub fn in_room(&self, room: impl Into<RoomName>) -> bool {
        let room: RoomName = room.into();
        let key = RoomKey::plain(room);
        self.member.tags(&key).is_some()
    }

    /// The others in rooms, or other clients by their ids: see [`IntoTargets`]. Further [`Broadcast::to`] add more.
    #[doc(alias = "in")]
    pub fn to(&self, targets: impl IntoTargets) -> Broadcast<Self> {
        self.broadcast().to(targets)
    }

    /// As [`Socket::to`], with this client itself where it is one of those addressed.
    pub fn within(&self, targets: impl IntoTargets) -> Broadcast<Self> {
        Broadcast::new(self.clone(), true).to(targets)
    }

    /// Everybody else in the namespace.
    pub fn broadcast(&self) -> Broadcast<Self> {
        Broadcast::new(self.clone(), false)
    }

    /// Everybody else in the namespace, but not the members of these rooms, the clients of these accounts, or these clients.
    pub fn except(&self, targets: impl IntoTargets) -> Broadcast<Self> {
        self.broadcast().except(targets)
    }

    /// The socket of a member that the namespace's middlewares have let in.
    pub(super) fn of(member: Rc<Member>) -> Option<Self> {
        let extension: Rc<dyn Any> = member.extension()?;
        let state = extension.downcast().ok()?;
        Some(Self { member, state })
    }

    pub(super) fn state(&self) -> &Rc<SocketState> {
        &self.state
    }

    pub(super) fn of_core(&self) -> &Rc<Member> {
        &self.member
    }

    /// For whoever waits and is not to keep it.
    pub(super) fn weak(&self) -> (Weak<Member>, Weak<SocketState>) {
        (Rc::downgrade(&self.member), Rc::downgrade(&self.state))
    }

    pub(super) fn of_weak(member: &Weak<Member>, state: &Weak<SocketState>) -> Option<Self> {
        let (member, state) = (member.upgrade()?, state.upgrade()?);
        Some(Self { member, state })
    }

    /// The connect handlers are done.
    pub(super) fn opened(&self) {
        if let Some(more) = self.state.more.borrow_mut().as_mut() {
            more.reserved = more
                .listeners
                .keys()
                .filter_map(Heard::name)
                .cloned()
                .collect();
        }
    }

    /// Comes when every event before this one is through its middlewares; the next one's comes when it is dropped.
    pub(super) fn turn(&self) -> impl Future<Output = Option<OwnedSemaphorePermit>> + use<> {
        let turns = self.state.more(|more| {
            let turns = more
                .turns
                .get_or_insert_with(|| Arc::new(Semaphore::new(1)));
            turns.clone()
        });
        async move { turns.acquire_owned().await.ok() }
    }

    /// Who calls a function that blocks for this client.
    pub(super) fn blocking_caller(&self) -> BlockingCaller {
        let share = match self.account() {
            Some(account) => ShareKey::account(account.clone()),
            None => ShareKey::address(self.address()),
        };
        let caller = self.state.blocking_caller(share);
        match self.member.has_ended() {
            false => caller,
            true => caller.gone(),
        }
    }

    /// Lets go of the handlers, which may hold this socket, and answers the last ones to run.
    pub(super) fn let_go(&self) -> Vec<Local<DisconnectContext>> {
        let (last, _listeners, _blocking) = self.state.more(|more| {
            (
                std::mem::take(&mut more.disconnect),
                std::mem::take(&mut more.listeners),
                more.blocking.take(),
            )
        });
        last
    }
}

/// How a handler of a socket fails where its own error has no reader.
impl Socket {
    pub(super) fn tell_failure(&self, what: std::fmt::Arguments<'_>, error: &Error) {
        crate::notices::HANDLER_FAILED.tell(
            self.address(),
            None,
            format_args!("{what} failed: {error}"),
        );
    }
}
