//! A host's own actor as the handler of an event.

use std::{fmt, sync::Arc};

use actix::{Message, Recipient};

use super::{
    Data, Handler, RemoteSocket,
    actor_places::{ActorPlace, ActorPlaceLimits, ActorPlaces},
    blocking_places::BlockingCaller,
    error::{Error, Result},
};

/// Makes a handler of an actor of the host's own, wherever it runs: it hears of each event as a [`Received`], and what it returns
/// is the ack; where it is gone, the ack is the error `internal`.
///
/// Of the events that wait for it 64 may be of one client, 256 of the clients of one account, as many of those of one address (where
/// addresses have limits), and 1,024 of all clients of a handler: one more is answered with the error `overloaded`, whose words say
/// whose are too many. An event waits until the actor has let go of its [`Received`], also where its client has gone.
///
/// ```
/// use actix::{Actor, Context, Handler};
/// use dondo::{Namespace, Received, Result, actor};
///
/// #[derive(Default)]
/// struct Counter(u64);
///
/// impl Actor for Counter {
///     type Context = Context<Self>;
/// }
///
/// impl Handler<Received<u64, u64>> for Counter {
///     type Result = Result<u64>;
///
///     fn handle(&mut self, add: Received<u64, u64>, _: &mut Context<Self>) -> Result<u64> {
///         self.0 += add.data;
///         Ok(self.0)
///     }
/// }
///
/// # actix::System::new().block_on(async {
/// let counter = Counter::default().start();
/// let root = Namespace::new("/").on("add", actor(counter.recipient()));
/// # });
/// ```
pub fn actor<T, R>(to: Recipient<Received<T, R>>) -> ToActor<T, R>
where
    T: Send,
    R: Send + 'static,
{
    actor_with_places(to, ActorPlaceLimits::DEFAULT)
}

pub(super) fn actor_with_places<T, R>(
    to: Recipient<Received<T, R>>,
    limits: ActorPlaceLimits,
) -> ToActor<T, R>
where
    T: Send,
    R: Send + 'static,
{
    let places = ActorPlaces::new(limits);
    ToActor { to, places }
}

/// An event, as an actor hears of it from [`actor`]. It returns a `Result<R>`, the ack.
pub struct Received<T, R = ()> {
    /// The event's arguments, as [`Data`] has them.
    pub data: T,
    /// Who sent it.
    pub socket: RemoteSocket,
    /// Its place before the actor.
    _place: ActorPlace,
    _answer: std::marker::PhantomData<fn() -> R>,
}

impl<T, R: 'static> Message for Received<T, R> {
    type Result = Result<R>;
}

/// Shows no payload.
impl<T, R> fmt::Debug for Received<T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Received").field(&self.socket).finish()
    }
}

/// A handler that [`actor`] made.
pub struct ToActor<T: Send, R: Send + 'static> {
    to: Recipient<Received<T, R>>,
    places: ActorPlaces,
}

impl<T: Send, R: Send> fmt::Debug for ToActor<T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ToActor")
    }
}

impl<T, R> Handler<(Data<T>, RemoteSocket)> for ToActor<T, R>
where
    T: Send + 'static,
    R: Send + 'static,
{
    type Outcome = Result<R>;

    #[allow(
        clippy::manual_async_fn,
        reason = "the future of an async fn would hold the caller, and not be static"
    )]
    fn call_in(
        self: Arc<Self>,
        (Data(data), socket): (Data<T>, RemoteSocket),
        _: &dyn Fn() -> BlockingCaller,
    ) -> impl Future<Output = Result<R>> + 'static {
        async move {
            let place = self.places.take(&socket);
            let received = Received {
                data,
                socket,
                _place: place.map_err(|whose| Error::new("overloaded", whose))?,
                _answer: std::marker::PhantomData,
            };
            // It queues however full the actor's mailbox is: the place is the bound.
            let answer = self.to.send(received).await;
            answer.unwrap_or_else(|gone| {
                Err(Error::internal(format_args!("the actor is gone: {gone}")))
            })
        }
    }
}
