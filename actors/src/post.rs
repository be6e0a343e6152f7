//! How actors send to each other.
//! With the feature `testing` every hop can be delayed by a seeded time; as in actix, what is sent to one actor arrives
//! in the order in which it was sent.

use actix::{
    Actor, Addr, AsyncContext, Context, Handler, Message, Supervised, Supervisor, WeakAddr,
    WeakRecipient, dev::ToEnvelope,
};

/// The way to an actor; keeps it alive.
pub struct Post<A: Actor> {
    addr: Addr<A>,
    lane: Lane,
}

/// The way to an actor that somebody else keeps alive.
pub struct WeakPost<A: Actor> {
    addr: WeakAddr<A>,
    lane: Lane,
}

/// The way up: one kind of message, to somebody who is not named.
pub struct UpPost<M: Message + Send>
where
    M::Result: Send,
{
    to: WeakRecipient<M>,
    #[cfg(feature = "testing")]
    lane: Lane,
}

impl<A: Actor> Post<A> {
    /// The way to an actor that was just started. Clones share its lane: make one only.
    pub fn new(addr: Addr<A>) -> Self {
        Self {
            addr,
            lane: Lane::new(),
        }
    }

    /// Whether the actor lives.
    pub fn connected(&self) -> bool {
        self.addr.connected()
    }

    /// The same way, which does not keep the actor alive.
    pub fn downgrade(&self) -> WeakPost<A> {
        WeakPost {
            addr: self.addr.downgrade(),
            lane: self.lane,
        }
    }

    /// The plain address.
    pub fn addr(&self) -> &Addr<A> {
        &self.addr
    }

    /// Sends. Mailboxes have no bound of their own: what a client can cause is bounded before it gets here, by its
    /// session's credit and by the few answers that a member may wait for; what a room owes its couriers by theirs.
    pub fn control<M>(&self, message: M)
    where
        M: Message + Send + 'static,
        M::Result: Send,
        A: Handler<M>,
        A::Context: ToEnvelope<A, M>,
    {
        #[cfg(feature = "testing")]
        if crate::testing::hops::held() {
            let addr = self.addr.clone();
            return crate::testing::hops::carry(
                self.lane.0,
                Box::new(move || addr.do_send(message)),
            );
        }
        self.addr.do_send(message);
    }
}

impl<A: Supervised + Actor<Context = Context<A>>> Post<A> {
    /// Starts a supervised actor, which is made with the way to itself.
    pub fn start(make: impl FnOnce(WeakPost<A>) -> A + 'static) -> Self {
        let lane = Lane::new();
        let addr = Supervisor::start(move |ctx: &mut Context<A>| {
            let addr = ctx.address().downgrade();
            make(WeakPost { addr, lane })
        });
        Self { addr, lane }
    }
}

impl<A: Actor> WeakPost<A> {
    /// The way for those below: one kind of message, and no name.
    pub fn up<M>(&self) -> UpPost<M>
    where
        M: Message + Send + 'static,
        M::Result: Send,
        A: Handler<M>,
        A::Context: ToEnvelope<A, M>,
    {
        UpPost {
            to: self.addr.clone().recipient(),
            #[cfg(feature = "testing")]
            lane: self.lane,
        }
    }

    /// The strong address, while somebody else keeps the actor alive.
    pub fn upgrade(&self) -> Option<Post<A>> {
        self.addr.upgrade().map(|addr| Post {
            addr,
            lane: self.lane,
        })
    }
}

impl<M: Message + Send + 'static> UpPost<M>
where
    M::Result: Send,
{
    /// Sends without waiting; nothing happens if nobody is there any more.
    pub fn tell(&self, message: M) {
        let Some(to) = self.to.upgrade() else { return };
        #[cfg(feature = "testing")]
        if crate::testing::hops::held() {
            return crate::testing::hops::carry(self.lane.0, Box::new(move || to.do_send(message)));
        }
        to.do_send(message);
    }
}

impl<A: Actor> Clone for Post<A> {
    fn clone(&self) -> Self {
        Self {
            addr: self.addr.clone(),
            lane: self.lane,
        }
    }
}

impl<A: Actor> Clone for WeakPost<A> {
    fn clone(&self) -> Self {
        Self {
            addr: self.addr.clone(),
            lane: self.lane,
        }
    }
}

/// The queue before one actor's mailbox. A number only where tests delay hops.
#[derive(Clone, Copy)]
struct Lane(#[cfg(feature = "testing")] u64);

impl Lane {
    #[cfg(feature = "testing")]
    fn new() -> Self {
        Self(crate::testing::hops::next_lane())
    }

    #[cfg(not(feature = "testing"))]
    fn new() -> Self {
        Self()
    }
}

/// Answers one message, once. Dropped without an answer, the asker reads that the actor is gone.
pub struct Reply<T>(tokio::sync::oneshot::Sender<T>);

impl<T: Send + 'static> Reply<T> {
    /// A reply and the place where it arrives.
    pub fn new() -> (Self, tokio::sync::oneshot::Receiver<T>) {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        (Self(sender), receiver)
    }

    /// Sends the answer. Whether anybody still waits for it does not matter.
    pub fn send(self, answer: T) {
        #[cfg(feature = "testing")]
        if crate::testing::hops::held() {
            let lane = crate::testing::hops::next_lane();
            return crate::testing::hops::carry(lane, Box::new(move || drop(self.0.send(answer))));
        }
        let _ = self.0.send(answer);
    }
}
