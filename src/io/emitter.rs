//! Whom something is said to: rooms, all but some rooms, single clients.
//! Knows no wire; each address becomes one letter of the core, whatever the number of members.

use std::{future::Future, rc::Rc, sync::Arc};

use dondo_actors::{
    error::NotifyError,
    id::{MemberId, RoomKey},
    message::NotifyAnswer,
    ports::LocalFuture,
    session::{Member, NotifyRequest},
};
use futures_util::FutureExt;
use serde::Serialize;

use super::{arguments, error::Error};

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

/// An address under construction; without any [`Emitter::to`] it is everybody in the namespace.
#[must_use = "nothing is said before emit"]
#[derive(Clone, Debug)]
pub struct Emitter {
    member: Rc<Member>,
    echo: bool,
    rooms: Vec<RoomKey>,
    clients: Vec<MemberId>,
    except: Vec<RoomKey>,
}

impl Emitter {
    pub(super) fn new(member: Rc<Member>, echo: bool) -> Self {
        Self {
            member,
            echo,
            rooms: Vec::new(),
            clients: Vec::new(),
            except: Vec::new(),
        }
    }

    /// Also to these. Members of several rooms hear it once; one who is named by id as well hears it twice.
    pub fn to(mut self, target: impl Into<Target>) -> Self {
        match target.into() {
            Target::Room(room) => self.rooms.push(RoomKey::plain(room)),
            Target::Client(id) => self.clients.push(id),
        }
        self
    }

    /// But not to the members of this room.
    pub fn except(mut self, room: impl Into<Arc<str>>) -> Self {
        self.except.push(RoomKey::plain(room.into()));
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
            member,
            echo,
            rooms,
            clients,
            except,
        } = self;
        let letters = arguments::content(event, data).map(|content| {
            let mut letters: Vec<LocalFuture<Result<(), Error>>> = Vec::new();
            for id in clients {
                let send_to_member = member.send_to_member(id, content.clone());
                letters.push(Box::pin(send_to_member.map(|_| Ok(()))));
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

fn said(answer: Result<NotifyAnswer, NotifyError>) -> Result<(), Error> {
    answer.map(drop).map_err(Error::Notify)
}
