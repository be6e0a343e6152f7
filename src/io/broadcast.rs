//! Whom something is said to, by a client or by the server itself: rooms, all but some rooms, single clients.
//! Knows no wire; each address becomes one letter of the core, whatever the number of members.

use std::{future::Future, sync::Arc};

use dondo_actors::{
    error::{Fault, NotifyError},
    id::{MemberId, RoomKey},
    letter::{Content, Draft, EncodingId},
    mailbox::Reply,
    message,
    ports::LocalFuture,
    session::NotifyRequest,
};
use futures_util::FutureExt;
use serde::Serialize;
use tokio::time::timeout;

use super::{Namespace, PackSocket, Socket, arguments, error::Error};

/// Who speaks where nobody does that is connected, as the hub's own events have it.
const SERVER: &str = "server";

/// A room by its name, or a client by its id. Two spaces: a room named like a client's id gets nothing of his.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Target {
    /// The members of a room.
    Room(Arc<str>),
    /// One client.
    Client(MemberId),
}

macro_rules! room_names {
    ($($name:ty),*) => {$(
        impl From<$name> for Target {
            fn from(room: $name) -> Self {
                Self::Room(Arc::from(room.as_ref() as &str))
            }
        }
    )*};
}

room_names!(&str, &String, String, &Arc<str>, Arc<str>);

impl From<MemberId> for Target {
    fn from(id: MemberId) -> Self {
        Self::Client(id)
    }
}

impl From<&MemberId> for Target {
    fn from(id: &MemberId) -> Self {
        Self::Client(id.clone())
    }
}

/// An address under construction, and who speaks: a [`Socket`], or nobody that is connected, from a [`Namespace`]. Without
/// any `to` it is everybody in the namespace.
#[must_use = "nothing is said before emit"]
#[derive(Clone, Debug)]
pub struct Broadcast<S> {
    from: S,
    rooms: Vec<RoomKey>,
    clients: Vec<MemberId>,
    except: Vec<RoomKey>,
    /// The speaker hears it, where it is one of those addressed.
    echo: bool,
}

impl<S> Broadcast<S> {
    pub(super) fn new(from: S, echo: bool) -> Self {
        Self {
            from,
            rooms: Vec::new(),
            clients: Vec::new(),
            except: Vec::new(),
            echo,
        }
    }

    /// But not to the members of this room.
    pub fn except(mut self, room: impl Into<Arc<str>>) -> Self {
        self.except.push(RoomKey::plain(room.into()));
        self
    }
}

impl Broadcast<Namespace> {
    /// Also to the members of this room. Who is in several hears it once.
    pub fn to(mut self, room: impl Into<Arc<str>>) -> Self {
        self.rooms.push(RoomKey::plain(room.into()));
        self
    }

    /// Says it, now, from any thread. What is emitted through one namespace arrives in that order. The future ends when the
    /// workers have handed it on; it waits within a tokio runtime. Nothing else bounds what waits: wait for it before the next.
    pub fn emit<T: Serialize + ?Sized>(
        self,
        event: &str,
        data: &T,
    ) -> impl Future<Output = Result<(), Error>> + Send + use<T> {
        let queued = arguments::content(event, data).map(|content| self.queue(content));
        async move { queued?.await }
    }

    fn queue(self, content: Content) -> impl Future<Output = Result<(), Error>> + Send + use<> {
        let (name, hub) = (self.from.name(), self.from.hub());
        let encodings = hub.encodings();
        let draft = Draft::new(content, encodings);
        let prepared = draft.prepare(EncodingId::FIRST, encodings, name);
        let (reply, answer) = Reply::new();
        // Where rooms are being started anew there is none: the reply that is dropped says so.
        if let (Ok(()), Some(home)) = (&prepared, hub.namespace(name)) {
            home.send(Box::new(message::Broadcast {
                from: MemberId::new(SERVER),
                rooms: (!self.rooms.is_empty()).then_some(self.rooms),
                except_rooms: self.except,
                except: None,
                draft,
                reply,
            }));
        }
        let patience = hub
            .namespace_config(name)
            .map(|config| config.settings.courier_patience);
        async move {
            prepared.map_err(|error| NotifyError::Encode(error.to_string()))?;
            let gone = |_| NotifyError::Internal(Fault::Gone);
            let said = answer.await.map_err(gone)??;
            let handed_on = said.receipt.settled();
            // Who does nothing for so long is given up; the others have it.
            match timeout(patience.unwrap_or_default(), handed_on).await {
                Ok(None) => Err(NotifyError::Internal(Fault::Crashed).into()),
                Ok(Some(_)) | Err(_) => Ok(()),
            }
        }
    }
}

impl Broadcast<Socket> {
    /// Also to these. Members of several rooms hear it once; one who is named by id as well hears it twice.
    pub fn to(mut self, target: impl Into<Target>) -> Self {
        match target.into() {
            Target::Room(room) => self.rooms.push(RoomKey::plain(room)),
            Target::Client(id) => self.clients.push(id),
        }
        self
    }

    /// Says it, now: queued behind what this socket said before. The future ends when the workers have handed it on;
    /// a client that is gone by then is no error.
    pub fn emit<T: Serialize + ?Sized>(
        self,
        event: &str,
        data: &T,
    ) -> impl Future<Output = Result<(), Error>> + use<T> {
        let Self {
            from,
            echo,
            rooms,
            clients,
            except,
        } = self;
        let member = from.member();
        let letters = arguments::content(event, data).map(|content| {
            let mut letters: Vec<LocalFuture<Result<(), Error>>> = Vec::new();
            for id in clients {
                let send_to_member = member.send_to_member(id, content.clone());
                letters.push(Box::pin(send_to_member.map(said)));
            }
            let only_clients = rooms.is_empty() && !letters.is_empty();
            match rooms.as_slice() {
                [] if only_clients => {}
                [room] if except.is_empty() => {
                    let request = NotifyRequest {
                        room: room.clone(),
                        tag: None,
                        echo,
                        seat_needed: false,
                    };
                    let letter = member.notify(request, content);
                    letters.push(Box::pin(letter.map(said)));
                }
                _ => {
                    let rooms = (!rooms.is_empty()).then_some(rooms);
                    let letter = member.broadcast(rooms, except, echo, content);
                    letters.push(Box::pin(letter.map(said)));
                }
            }
            letters
        });
        async move {
            for letter in letters? {
                letter.await?;
            }
            Ok(())
        }
    }
}

fn said<T>(answer: Result<T, NotifyError>) -> Result<(), Error> {
    answer.map(drop).map_err(Error::Notify)
}
