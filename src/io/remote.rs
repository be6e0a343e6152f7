//! Sockets from afar: who is connected, and what can be done with them from any thread. What is asked goes at the call, but
//! for pages, which are fetched when they are awaited.

use std::{
    future::{Future, IntoFuture},
    net::IpAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use dondo_actors::{
    error::{AskError, Fault},
    hub::{HubHandle, JointRequest, PAGE_MAX},
    id::{LocalId, MemberId as SocketId, RoomKey},
    message::{ChangeCount, MemberChange, MemberInfo, MemberPage, Selection},
    ports::Answer,
};
use futures_util::future::{JoinAll, join_all, ready};
use serde::{Serialize, de::DeserializeOwned};

use super::{
    NamespaceHandle,
    arguments::{self, Arguments},
    broadcast::Broadcast,
    error::{AckError, EmitError},
    eventual::RemoteDelivery,
    speaker::Speaker,
    targets::{IntoRooms, RoomName},
};

/// Sockets that are on a page if nothing else is said.
const PAGE: usize = 100;

/// What some sockets were made to do, on its way: to how many, where it is awaited; ready when each of them has done it. What is said afterwards finds them so.
/// It goes on if this is dropped, for all of them. A hub has 1024 of these, of [`Counting`]s and of pages that are fetched under way at
/// most, however many each is about: one more is [`Fault::Full`], and nothing of it is done.
#[derive(Debug)]
pub struct Operation(Eventual<Result<ChangeCount, Fault>>);

/// How many sockets there are: await it. A hub has so many under way as is said of an [`Operation`]: one more is [`Fault::Full`].
#[must_use = "how many there are is what awaiting it comes to"]
#[derive(Debug)]
pub struct Counting(Eventual<Result<usize, Fault>>);

/// A client's answer to something that was said from afar.
#[derive(Debug)]
#[must_use = "who does not wait for the answer need not ask for it: emit does not"]
pub struct RemoteAck<T>(
    Eventual<Result<Answer, AckError>>,
    std::marker::PhantomData<fn() -> T>,
);

/// A future from any thread.
struct Eventual<T>(Pin<Box<dyn Future<Output = T> + Send>>);

impl<T> std::fmt::Debug for Eventual<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("..")
    }
}

impl<T> Future for Eventual<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        self.0.as_mut().poll(cx)
    }
}

impl Future for Operation {
    type Output = Result<ChangeCount, Fault>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx)
    }
}

impl Future for Counting {
    type Output = Result<usize, Fault>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx)
    }
}

impl<T: DeserializeOwned> Future for RemoteAck<T> {
    type Output = Result<T, AckError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let answer = std::task::ready!(Pin::new(&mut self.0).poll(cx));
        let read = |answer| Arguments::from(answer).read(0);
        let read = answer.and_then(|answer| read(answer).map_err(AckError::Unreadable));
        Poll::Ready(read.map(|(value, _)| value))
    }
}

/// Asks each now; for the hub all of it is one request.
fn asked<F: Future>(
    hub: &HubHandle,
    selected: Vec<(NamespaceHandle, Selection)>,
    ask: impl Fn(&JointRequest<'_>, &str, Selection) -> F,
) -> JoinAll<F> {
    let request = hub.joint_request();
    let asked = selected.into_iter();
    let asked: Vec<F> = asked
        .map(|(namespace, selection)| ask(&request, namespace.name(), selection))
        .collect();
    join_all(asked)
}

impl<S: Speaker> Broadcast<S> {
    /// How many there are; one message for each worker, however many they are.
    pub fn count(self) -> Counting {
        let counts = asked(
            self.namespace().hub(),
            self.selected(),
            |request, name, selection| request.count(name, selection),
        );
        Counting(Eventual(Box::pin(
            async move { counts.await.into_iter().sum() },
        )))
    }

    /// Who they are: the first page, or the one behind [`FetchSockets::after`].
    pub fn fetch_sockets(self) -> FetchSockets {
        FetchSockets {
            selected: self.selected(),
            after: None,
            limit: PAGE,
        }
    }

    /// Makes them join rooms.
    pub fn sockets_join(self, rooms: impl IntoRooms) -> Operation {
        let rooms = rooms.into_rooms().into_iter();
        self.change(&MemberChange::Join(rooms.map(RoomKey::plain).collect()))
    }

    /// Makes them leave rooms.
    pub fn sockets_leave(self, rooms: impl IntoRooms) -> Operation {
        let rooms = rooms.into_rooms().into_iter();
        self.change(&MemberChange::Leave(rooms.map(RoomKey::plain).collect()))
    }

    /// Puts them out of the namespace. Stock clients do not come back by themselves.
    pub fn disconnect_sockets(self) -> Operation {
        self.change(&MemberChange::Disconnect)
    }

    /// As [`Broadcast::disconnect_sockets`], and closes their connections, with all namespaces that they are in.
    pub fn close_sockets(self) -> Operation {
        self.change(&MemberChange::Close)
    }

    fn change(self, change: &MemberChange) -> Operation {
        let changes = asked(
            self.namespace().hub(),
            self.selected(),
            |request, name, selection| request.change(name, selection, change.clone()),
        );
        Operation(Eventual(Box::pin(async move {
            let mut all = ChangeCount::default();
            for changed in changes.await {
                let ChangeCount { done, failed } = changed?;
                all.done += done;
                all.failed += failed;
            }
            Ok(all)
        })))
    }
}

/// A page of sockets that is to be fetched: await it. A hub has so many under way as is said of an [`Operation`]: one more is
/// [`Fault::Full`].
#[derive(Clone, Debug)]
#[must_use = "nothing is fetched before it is awaited"]
pub struct FetchSockets {
    selected: Vec<(NamespaceHandle, Selection)>,
    after: Option<SocketCursor>,
    limit: usize,
}

/// Where a page ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SocketCursor(LocalId);

/// Some of the sockets, in the order in which they came in.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SocketPage {
    /// They. There may be fewer than asked for where more follow.
    pub sockets: Vec<RemoteSocket>,
    /// Where the next page begins; none: this is the last one.
    pub next: Option<SocketCursor>,
}

impl FetchSockets {
    /// The page behind another one. Who came in meanwhile is on a later page.
    pub fn after(mut self, cursor: SocketCursor) -> Self {
        self.after = Some(cursor);
        self
    }

    /// At most so many on it, whoever is addressed: 100 if not said, 1000 at most, and one at least.
    pub fn limit(mut self, sockets: usize) -> Self {
        self.limit = sockets;
        self
    }
}

impl IntoFuture for FetchSockets {
    type Output = Result<SocketPage, Fault>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        let Self {
            selected,
            after,
            limit,
        } = self;
        let Some((any, _)) = selected.first().cloned() else {
            let (sockets, next) = (Vec::new(), None);
            return Box::pin(ready(Ok(SocketPage { sockets, next })));
        };
        let limit = limit.clamp(1, PAGE_MAX);
        let place = after.map(|SocketCursor(place)| place);
        let pages = asked(any.hub(), selected, |request, name, selection| {
            request.list(name, selection, place, limit)
        });
        Box::pin(async move {
            let pages = pages.await.into_iter();
            let pages: Vec<MemberPage> = pages.collect::<Result<_, _>>()?;
            let MemberPage { members, next } = MemberPage::merge(pages, limit);
            let sockets = members.into_iter().map(|info| {
                let namespace = any.child(info.namespace.clone());
                RemoteSocket { info, namespace }
            });
            let page = SocketPage {
                sockets: sockets.collect(),
                next: next.map(SocketCursor),
            };
            Ok(page)
        })
    }
}

/// A socket as it was when it was fetched, or when [`Socket::remote`](super::Socket::remote) was called, wherever it is served.
#[derive(Clone, Debug)]
pub struct RemoteSocket {
    pub(super) info: MemberInfo,
    pub(super) namespace: NamespaceHandle,
}

impl RemoteSocket {
    /// Its id.
    pub fn id(&self) -> &SocketId {
        &self.info.id
    }

    /// The name of the account that was logged in, if any.
    pub fn account(&self) -> Option<&Arc<str>> {
        self.info.account.as_ref()
    }

    /// Its address.
    pub fn address(&self) -> Option<IpAddr> {
        self.info.address
    }

    /// The rooms that it was in.
    pub fn rooms(&self) -> impl Iterator<Item = RoomName> {
        self.info.rooms.iter().map(RoomName::from)
    }

    /// What [`Socket::set_data`](super::Socket::set_data) said of it; nothing reads as `null`.
    ///
    /// # Errors
    /// It is not what is read.
    pub fn data<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        let text = self.info.data.as_deref().unwrap_or(b"null");
        serde_json::from_slice(text)
    }

    /// Says something to it, if it is still there: arguments are as for [`Socket::emit`](super::Socket::emit).
    ///
    /// # Errors
    /// As [`Broadcast::emit`].
    pub fn emit(&self, event: &str, data: impl Serialize) -> Result<RemoteDelivery, EmitError> {
        self.alone().emit(event, data)
    }

    /// Says something to it, and waits for its answer for `limit`, a day at most. Where the [`RemoteAck`] is dropped it is said all
    /// the same, and nobody waits.
    ///
    /// What is asked so counts as what handles say until its worker has it: see [`Broadcast::emit`], and [`EmitError::Full`] in
    /// [`AckError::Emit`]. A hub waits for 16,384 such answers at most, and for 1,024 of one client; one more is [`Fault::Full`] in
    /// [`AckError::Internal`], or [`AckError::TooMany`].
    pub fn emit_with_ack<T: DeserializeOwned>(
        &self,
        event: &str,
        data: impl Serialize,
        limit: Duration,
    ) -> RemoteAck<T> {
        let namespace = &self.namespace;
        let hub = namespace.hub();
        let content = arguments::content(event, &data);
        let content = content.and_then(|content| {
            hub.has_room()
                .map_or(Err(EmitError::Full), |()| Ok(content))
        });
        let asked = content.map(|content| {
            let id = self.id().clone();
            hub.ask_member(namespace.name(), id, content, limit)
        });
        let answer = async move {
            asked?.await.map_err(|error| match error {
                AskError::Ended => AckError::Disconnected,
                AskError::TooManyAcks => AckError::TooMany,
                AskError::TimedOut => AckError::TimedOut,
                AskError::Internal(fault) => AckError::Internal(fault),
                _ => AckError::Disconnected,
            })
        };
        RemoteAck(Eventual(Box::pin(answer)), std::marker::PhantomData)
    }

    /// Makes it join rooms.
    pub fn join(&self, rooms: impl IntoRooms) -> Operation {
        self.alone().sockets_join(rooms)
    }

    /// Makes it leave rooms.
    pub fn leave(&self, rooms: impl IntoRooms) -> Operation {
        self.alone().sockets_leave(rooms)
    }

    /// Puts it out of the namespace.
    pub fn disconnect(&self) -> Operation {
        self.alone().disconnect_sockets()
    }

    /// Closes its connection.
    pub fn close(&self) -> Operation {
        self.alone().close_sockets()
    }

    fn alone(&self) -> Broadcast<NamespaceHandle> {
        self.namespace.to(self.id())
    }
}
