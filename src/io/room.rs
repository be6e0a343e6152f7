//! A room by its name, from any thread: who is there now, and who comes and goes.

use dondo_actors::{id::RoomKey, message::PresenceChange};
use futures_util::Stream;

use super::{
    NamespaceHandle,
    remote::{Counting, FetchSockets},
    targets::RoomName,
};

/// A room, whether there is one or not: [`NamespaceHandle::room`] has it. Clones are the same room.
///
/// ```no_run
/// use dondo::{NamespaceHandle, PresenceChange};
/// use futures_util::StreamExt;
///
/// async fn keep_the_door(chat: NamespaceHandle) {
///     let mut lobby = chat.room("lobby").watch();
///     while let Some(change) = lobby.next().await {
///         match change {
///             PresenceChange::Snapshot(members) => println!("{} are there", members.len()),
///             PresenceChange::Joined(member) => println!("{} came", member.id),
///             PresenceChange::Left(id, reason) => println!("{id} went: {reason}"),
///             _ => {}
///         }
///     }
/// }
/// ```
#[derive(Clone, Debug)]
pub struct RoomHandle {
    pub(super) namespace: NamespaceHandle,
    pub(super) name: RoomName,
}

impl NamespaceHandle {
    /// A room of this namespace; of a parent, the rooms of that name in all its children.
    pub fn room(&self, name: impl Into<RoomName>) -> RoomHandle {
        RoomHandle {
            namespace: self.clone(),
            name: name.into(),
        }
    }
}

impl RoomHandle {
    /// Its name.
    pub fn name(&self) -> &RoomName {
        &self.name
    }

    /// Who is there, with accounts and data: awaited, it is a [`SocketPage`](super::SocketPage). Each who is on the page is asked.
    pub fn presence(&self) -> FetchSockets {
        self.namespace.to(&self.name).fetch_sockets()
    }

    /// How many are there; one message for each worker, however many they are.
    pub fn count(&self) -> Counting {
        self.namespace.to(&self.name).count()
    }

    /// Who is there, and from then on who comes and goes, in the room's order: see [`PresenceChange`]. It begins at the call, needs
    /// no runtime, and no such room is a room where nobody is. The room does not wait for its watchers: whoever has not taken 64
    /// changes has a new snapshot in place of what comes behind them. A hub has 1024 watchers at most. A parent's children have
    /// each their own room to watch, the parent none.
    ///
    /// An actor of the host's hears it, too:
    ///
    /// ```no_run
    /// use actix::{Actor, Context, StreamHandler};
    /// use dondo::{PresenceChange, RoomHandle};
    ///
    /// struct Door(RoomHandle);
    ///
    /// impl Actor for Door {
    ///     type Context = Context<Self>;
    ///
    ///     fn started(&mut self, ctx: &mut Self::Context) {
    ///         ctx.add_stream(self.0.watch());
    ///     }
    /// }
    ///
    /// impl StreamHandler<PresenceChange> for Door {
    ///     fn handle(&mut self, change: PresenceChange, _: &mut Self::Context) {
    ///         println!("{change:?}");
    ///     }
    /// }
    /// # use actix::AsyncContext;
    /// ```
    pub fn watch(&self) -> impl Stream<Item = PresenceChange> + Send + Unpin + use<> {
        let room = RoomKey::plain(self.name.as_str());
        let namespace = &self.namespace;
        namespace.hub().watch_room(namespace.name(), room)
    }
}
