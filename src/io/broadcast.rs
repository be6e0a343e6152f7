//! Whom something is said to, by a client or by the server itself: rooms, accounts, single clients, all but some of these.
//! Knows no wire; each address becomes one letter of the core, whatever the number of members.

use std::{collections::BTreeSet, future::Future, sync::Arc, time::Duration};

use dondo_actors::{
    error::{Fault, NotifyError as DeliveryError},
    id::{MemberId as SocketId, RoomKey},
    letter::{Content, Manner},
    message::{NotifyAnswer, Selection},
    ports::LocalFuture,
    session::NotifyRequest,
};
use futures_util::{FutureExt, TryFutureExt, future::try_join_all};
use serde::{Serialize, de::DeserializeOwned};
use tokio::time::timeout;

use super::{
    NamespaceHandle, PackSocket, Socket,
    acks::{Acks, RemoteAcks},
    arguments,
    emitter::may_say,
    error::EmitError,
    eventual::{Delivered, Delivery, RemoteDelivery},
    speaker::Speaker,
    targets::{IntoTargets, Target},
};

/// Who speaks where nobody does that is connected, as the hub's own events have it.
const SERVER: &str = "server";

/// An address under construction, and who speaks: a [`Socket`], or nobody that is connected, from a [`NamespaceHandle`]. Without
/// any `to` it is everybody in the namespace.
#[must_use = "nothing is said before emit"]
#[derive(Clone, Debug)]
pub struct Broadcast<S> {
    from: S,
    /// None: everybody.
    rooms: Option<Vec<RoomKey>>,
    accounts: Vec<Arc<str>>,
    clients: BTreeSet<SocketId>,
    except: Excepted,
    /// The speaker hears it, where it is one of those addressed.
    echo: bool,
    volatile: bool,
    uncompressed: bool,
    latest: Option<Arc<str>>,
}

/// Who does not hear it.
#[derive(Clone, Debug, Default)]
struct Excepted {
    rooms: Vec<RoomKey>,
    accounts: Vec<Arc<str>>,
    clients: Vec<SocketId>,
}

impl<S> Broadcast<S> {
    pub(super) fn new(from: S, echo: bool) -> Self {
        Self {
            from,
            rooms: None,
            accounts: Vec::new(),
            clients: BTreeSet::new(),
            except: Excepted::default(),
            echo,
            volatile: false,
            uncompressed: false,
            latest: None,
        }
    }

    /// Also to these: to nobody where the list is empty. Who is named by its id is meant whatever is
    /// excepted, and even if it speaks. Whoever is meant in several ways hears it once. An account's other clients hear what
    /// one of them says to it, and so does that one by `within`.
    ///
    /// It is one letter, whatever the number of rooms and accounts; each worker looks up who of these it serves.
    #[doc(alias = "in")]
    pub fn to(mut self, targets: impl IntoTargets) -> Self {
        let rooms = self.rooms.get_or_insert_default();
        for target in targets.into_targets() {
            match target {
                Target::Room(room) => rooms.push(RoomKey::plain(room)),
                Target::Account(account) => self.accounts.push(account),
                Target::Client(id) => {
                    self.clients.insert(id);
                }
            }
        }
        self
    }

    /// For those alone for whom nothing else waits, and kept for nobody: who reads slowly misses some. For what is outdated soon,
    /// as a position that moves. What asks for answers is not volatile. It goes past the scripts of
    /// rooms.
    pub fn volatile(self) -> Self {
        Self {
            volatile: true,
            ..self
        }
    }

    /// Whether it may be compressed on its way, as it may if nothing is said. Long answers to polls are, for those who ask for it
    /// (the setting `engine.http_compression`): with `false`, an answer that has this in it goes as it is, and whatever else is in it. For
    /// what is secret beside words of others, whose length would tell of it, and for what is small already. WebSockets are never
    /// compressed.
    pub fn compress(self, compress: bool) -> Self {
        Self {
            uncompressed: !compress,
            ..self
        }
    }

    /// For what supersedes what was said before, as a position or a score: where a letter of this key waits for a client that reads
    /// slowly, the new one replaces it, in what memory it takes as in what is sent. Whoever keeps up hears each.
    ///
    /// It is told in its order, behind all that was said before it: it never overtakes. Of a key the one that waits longest stays
    /// where it is, unless it is the last of all that waits; of those behind it the newest alone is kept. So a slow reader hears of
    /// each key, however often that changes. A key is a name in its namespace. Looked for are the last 256 letters that wait for the
    /// client, and all of them where it would else be closed because too many wait: as long as twice the number of its keys, and what
    /// else waits, are together no more than half of what may wait (the settings `delivery.outbox_*`), it is not closed for them.
    /// The log has all of them, who was counted as a recipient may hear of a newer one instead, and handlers of
    /// [`Namespace::on_any_outgoing`](super::Namespace::on_any_outgoing) see each. What is volatile, or asks for answers, replaces nothing.
    ///
    /// ```no_run
    /// # use dondo::{NamespaceHandle, Result};
    /// fn moved(game: &NamespaceHandle, player: &str, at: (f32, f32)) -> Result {
    ///     game.to("arena").latest(player).emit("moved", (player, at))?;
    ///     Ok(())
    /// }
    /// ```
    pub fn latest(self, key: &str) -> Self {
        Self {
            latest: Some(key.into()),
            ..self
        }
    }

    fn manner(&self, namespace: &NamespaceHandle) -> Manner {
        let latest = self.latest.as_deref().filter(|_| !self.volatile);
        Manner {
            volatile: self.volatile,
            uncompressed: self.uncompressed,
            latest: latest.map(|key| namespace.hub().latest_key(namespace.name(), key)),
        }
    }

    /// But not to the members of these rooms, the clients of these accounts, or these clients.
    pub fn except(mut self, targets: impl IntoTargets) -> Self {
        for target in targets.into_targets() {
            match target {
                Target::Room(room) => self.except.rooms.push(RoomKey::plain(room)),
                Target::Account(account) => self.except.accounts.push(account),
                Target::Client(id) => self.except.clients.push(id),
            }
        }
        self
    }

    /// It is about no rooms and accounts at all: there was a `to`, and it named clients alone, or nobody.
    fn is_of_clients_alone(&self) -> bool {
        self.rooms.as_deref() == Some(&[]) && self.accounts.is_empty()
    }

    /// It is about rooms alone.
    fn is_of_rooms_alone(&self) -> bool {
        let Excepted {
            accounts, clients, ..
        } = &self.except;
        self.accounts.is_empty() && accounts.is_empty() && clients.is_empty()
    }
}

impl<S: Speaker> Broadcast<S> {
    pub(super) fn namespace(&self) -> NamespaceHandle {
        self.from.its_namespace()
    }

    /// Those addressed, each in one of these: those of the rooms and accounts, or everybody, and each who is named by id.
    pub(super) fn selections(&self) -> Vec<Selection> {
        let of_many = (!self.is_of_clients_alone()).then(|| self.of_many());
        // Not among the many, whatever is excepted of those.
        let of_clients = self.clients.iter().map(|id| Selection {
            only: Some(id.clone()),
            ..Selection::default()
        });
        of_many.into_iter().chain(of_clients).collect()
    }

    /// Those who are named by no id.
    fn of_many(&self) -> Selection {
        let speaker = self.from.its_id().filter(|_| !self.echo);
        let except = self.except.clients.iter().chain(&self.clients).cloned();
        Selection {
            rooms: self.rooms.clone(),
            under: None,
            accounts: self.accounts.clone(),
            except_rooms: self.except.rooms.clone(),
            except_accounts: self.except.accounts.clone(),
            except: except.chain(speaker).collect(),
            only: None,
        }
    }
}

impl<S: Speaker> Broadcast<S> {
    /// The selections, in the namespace or in each child of a parent.
    pub(super) fn selected(&self) -> Vec<(NamespaceHandle, Selection)> {
        let namespaces = self.namespace().children().into_iter();
        let all = namespaces.flat_map(|namespace| {
            let selections = self.selections().into_iter();
            selections.map(move |selection| (namespace.clone(), selection))
        });
        all.collect()
    }
}

impl Broadcast<NamespaceHandle> {
    /// Says it, now, from any thread. What is emitted through one namespace arrives in that order. A loop waits for a delivery now
    /// and then: 16,384 letters of handles of a hub, or 64 MiB of them, may wait to be handed on by the workers, and one more is
    /// [`EmitError::Full`]. One to a parent is a letter to each of its children, and goes to all or to none. Arguments are as for
    /// [`Socket::emit`].
    ///
    /// # Errors
    /// It cannot be made an event, or too much of what handles said waits.
    pub fn emit(self, event: &str, data: impl Serialize) -> Result<RemoteDelivery, EmitError> {
        let content = arguments::content(event, &data)?;
        let hub = self.from.hub();
        hub.has_room().map_err(|_| EmitError::Full)?;
        let letters = self.selected().into_iter();
        let letters: Vec<_> = letters
            .map(|(namespace, selection)| {
                let (name, from) = (namespace.name(), SocketId::new(SERVER));
                let manner = self.manner(&namespace);
                let patience = hub.courier_patience(name);
                let letter = hub.broadcast(name, from, selection, content.clone(), manner);
                delivered(letter, patience)
            })
            .collect();
        Ok(RemoteDelivery::new(async move {
            let mut all = Delivered::default();
            for delivered in try_join_all(letters).await? {
                all += delivered;
            }
            Ok(all)
        }))
    }

    /// Says it, now, and waits for the answers of those who hear it, each for `limit`, a day at most.
    ///
    /// A hub has 1,024 places for what is asked of many and waits for answers; sockets may take 768 of them, so 256 are always the
    /// handles'. A place is free again when everybody has answered, the time is over, or the [`RemoteAcks`] are dropped. Answers that are
    /// not taken hold 64 MiB at most for all handles; whoever answers beyond counts as silent. Who asks on behalf of a client asks by its
    /// [`Socket`], whose places are its own, and which is read while a handler waits: its own answer may be one of those.
    ///
    /// # Errors
    /// It cannot be made an event, too much of what handles said waits, or all places are taken: [`EmitError::TooManyAsked`].
    pub fn emit_with_ack<T: DeserializeOwned>(
        self,
        event: &str,
        data: impl Serialize,
        limit: Duration,
    ) -> Result<RemoteAcks<T>, EmitError> {
        let content = arguments::content(event, &data)?;
        let hub = self.from.hub();
        hub.has_room().map_err(|_| EmitError::Full)?;
        let place = hub.ask_place(limit).map_err(EmitError::TooManyAsked)?;
        let selected = self.selected().into_iter();
        let asked = selected.map(|(namespace, selection)| {
            let (from, name) = (SocketId::new(SERVER), namespace.name());
            let manner = self.manner(&namespace);
            let (asked, place) = (content.clone(), place.clone());
            let asked = hub.ask_members(name, from, selection, asked, place, manner);
            Box::pin(asked) as _
        });
        Ok(RemoteAcks::new(asked.collect()))
    }
}

impl Broadcast<Socket> {
    /// Says it, now: queued behind what this socket said before. Arguments are as for [`Socket::emit`].
    ///
    /// # Errors
    /// It cannot be made an event, the client that speaks is gone, or too much of what it said waits.
    pub fn emit(self, event: &str, data: impl Serialize) -> Result<Delivery, EmitError> {
        let content = arguments::content(event, &data)?;
        may_say(self.from.member())?;
        if self.volatile {
            return Ok(self.emit_volatile(&content));
        }
        let member = self.from.member();
        let manner = self.manner(&self.namespace());
        let mut letters: Vec<LocalFuture<Result<Delivered, DeliveryError>>> = Vec::new();
        for id in &self.clients {
            let recipients = |there: bool| Delivered {
                recipients: usize::from(there),
            };
            let send_to_member = member.send_to_member(id.clone(), content.clone(), manner);
            letters.push(Box::pin(send_to_member.map_ok(recipients)));
        }
        let of_rooms_alone = self.clients.is_empty() && self.is_of_rooms_alone();
        match self.rooms.as_deref() {
            _ if self.is_of_clients_alone() => {}
            Some([room]) if of_rooms_alone && self.except.rooms.is_empty() => {
                let request = NotifyRequest {
                    room: room.clone(),
                    tag: None,
                    echo: self.echo,
                    seat_needed: false,
                };
                let letter = member.notify_as(request, content, manner);
                if letters.is_empty() {
                    return Ok(Delivery::new(letter.map_ok(|answer| said(&answer))));
                }
                letters.push(Box::pin(letter.map_ok(|answer| said(&answer))));
            }
            _ => {
                let letter = member.broadcast_selected(self.of_many(), content, manner);
                letters.push(Box::pin(letter.map_ok(|answer| said(&answer))));
            }
        }
        Ok(Delivery::new(async move {
            let mut all = Delivered::default();
            for letter in letters {
                all += letter.await?;
            }
            Ok(all)
        }))
    }

    fn emit_volatile(self, content: &Content) -> Delivery {
        let member = self.from.member();
        let manner = self.manner(&self.namespace());
        let letters: Vec<_> = self
            .selections()
            .into_iter()
            .map(|selection| member.broadcast_selected(selection, content.clone(), manner))
            .collect();
        Delivery::new(async move {
            let mut all = Delivered::default();
            for letter in letters {
                all += said(&letter.await?);
            }
            Ok(all)
        })
    }

    /// Says it, now, queued behind what this socket said before, and waits for the answers of those who hear it, each for
    /// `limit`, a day at most; and no longer than the client that speaks is there: who has not answered when it goes is silent.
    ///
    /// Of a hub's 1,024 places for what is asked of many and waits for answers, one socket may have 32, the sockets of one account 128,
    /// those of one address as many where addresses have limits (the setting `limits.address-bytes-max`), and all sockets together 768.
    /// A place is free again when everybody has answered, the time is over, the [`Acks`] are dropped, or the client is gone. Answers that
    /// are not taken hold a quarter of what it may hold (the setting `session-bytes-max`); whoever answers beyond counts as silent.
    ///
    /// # Errors
    /// It cannot be made an event, the client that speaks is gone, too much of what it said waits, or all places are taken of which it
    /// may have one: [`EmitError::TooManyAsked`] says whose.
    pub fn emit_with_ack<T: DeserializeOwned>(
        self,
        event: &str,
        data: impl Serialize,
        limit: Duration,
    ) -> Result<Acks<T>, EmitError> {
        let content = arguments::content(event, &data)?;
        let member = self.from.member();
        may_say(member)?;
        let place = member.ask_place(limit).map_err(EmitError::TooManyAsked)?;
        let selections = self.selections().into_iter();
        let manner = self.manner(&self.namespace());
        let asked = selections.map(|selection| {
            Box::pin(member.ask_members(selection, content.clone(), place.clone(), manner)) as _
        });
        Ok(Acks::new(asked.collect()))
    }
}

/// Waits until the workers have handed it on. Who does nothing for so long is given up; the others have it.
async fn delivered(
    letter: impl Future<Output = Result<NotifyAnswer, DeliveryError>>,
    patience: Duration,
) -> Result<Delivered, DeliveryError> {
    let answer = letter.await?;
    match timeout(patience, answer.receipt.settled()).await {
        Ok(None) => Err(DeliveryError::Internal(Fault::Crashed)),
        Ok(Some(recipients)) => Ok(Delivered { recipients }),
        Err(_) => Ok(said(&answer)),
    }
}

/// Only couriers know who is in several rooms: they have said so by now.
fn said(answer: &NotifyAnswer) -> Delivered {
    let handed_on = answer.receipt.settled().now_or_never().flatten();
    Delivered {
        recipients: handed_on.unwrap_or(answer.recipients),
    }
}
