//! Whom something is said to, by a client or by the server itself: rooms, all but some rooms, single clients.
//! Knows no wire; each address becomes one letter of the core, whatever the number of members.

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

use super::{
    NamespaceHandle, PackSocket, Socket, arguments,
    error::{DeliveryError, EmitError},
    eventual::{Delivery, RemoteDelivery},
    targets::{IntoRooms, IntoTargets, Target},
};

/// Who speaks where nobody does that is connected, as the hub's own events have it.
const SERVER: &str = "server";

/// An address under construction, and who speaks: a [`Socket`], or nobody that is connected, from a [`NamespaceHandle`]. Without
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

    /// But not to the members of these rooms.
    pub fn except(mut self, rooms: impl IntoRooms) -> Self {
        let rooms = rooms.into_rooms().into_iter();
        self.except.extend(rooms.map(RoomKey::plain));
        self
    }
}

impl Broadcast<NamespaceHandle> {
    /// Also to the members of these rooms. Who is in several hears it once.
    pub fn to(mut self, rooms: impl IntoRooms) -> Self {
        let rooms = rooms.into_rooms().into_iter();
        self.rooms.extend(rooms.map(RoomKey::plain));
        self
    }

    /// Says it, now, from any thread. What is emitted through one namespace arrives in that order. Nothing bounds what waits:
    /// a loop waits for each delivery before the next.
    ///
    /// # Errors
    /// It cannot be made an event.
    pub fn emit(self, event: &str, data: impl Serialize) -> Result<RemoteDelivery, EmitError> {
        let content = arguments::content(event, &data)?;
        Ok(RemoteDelivery::new(self.queue(content)))
    }

    fn queue(
        self,
        content: Content,
    ) -> impl Future<Output = Result<(), DeliveryError>> + Send + use<> {
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
                Ok(None) => Err(NotifyError::Internal(Fault::Crashed)),
                Ok(Some(_)) | Err(_) => Ok(()),
            }
        }
    }
}

impl Broadcast<Socket> {
    /// Also to these. Members of several rooms hear it once; one who is named by id as well hears it twice.
    pub fn to(mut self, targets: impl IntoTargets) -> Self {
        for target in targets.into_targets() {
            match target {
                Target::Room(room) => self.rooms.push(RoomKey::plain(room)),
                Target::Client(id) => self.clients.push(id),
            }
        }
        self
    }

    /// Says it, now: queued behind what this socket said before.
    ///
    /// # Errors
    /// It cannot be made an event.
    pub fn emit(self, event: &str, data: impl Serialize) -> Result<Delivery, EmitError> {
        let content = arguments::content(event, &data)?;
        let Self {
            from,
            echo,
            rooms,
            clients,
            except,
        } = self;
        let member = from.member();
        let mut letters: Vec<LocalFuture<Result<(), DeliveryError>>> = Vec::new();
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
                if letters.is_empty() {
                    return Ok(Delivery::new(letter.map(said)));
                }
                letters.push(Box::pin(letter.map(said)));
            }
            _ => {
                let rooms = (!rooms.is_empty()).then_some(rooms);
                let letter = member.broadcast(rooms, except, echo, content);
                letters.push(Box::pin(letter.map(said)));
            }
        }
        Ok(Delivery::new(async move {
            for letter in letters {
                letter.await?;
            }
            Ok(())
        }))
    }
}

fn said<T>(answer: Result<T, NotifyError>) -> Result<(), DeliveryError> {
    answer.map(drop)
}
