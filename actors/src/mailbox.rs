//! How actors send to each other: a way is typed by what may be said there, not by who hears it.
//! In tests every hop can be delayed by a seeded time; as in actix, what is sent to one actor arrives
//! in the order in which it was sent.

use std::sync::{Arc, Weak};

use actix::{Actor, Addr, Handler, Message, Recipient, dev::ToEnvelope};

use crate::answers::Answers;

/// What an actor hears: one enum each. Nothing is answered but by a [`Reply`].
pub trait Word: Message<Result = ()> + Send + 'static {}

/// The way to an actor; keeps it alive. One pointer, and a clone allocates nothing: of actix's own `Recipient` and `Addr`
/// neither is true, and each member holds several.
pub struct Mailbox<W: Word>(Arc<Line<W>>);

/// The way to an actor that somebody else keeps alive.
pub struct WeakMailbox<W: Word>(Weak<Line<W>>);

struct Line<W: Word> {
    to: Recipient<W>,
    /// The queue before the mailbox, where tests delay hops.
    #[cfg(test)]
    lane: u64,
}

impl<W: Word> Mailbox<W> {
    /// The way to the actor that `start` starts, with the way to itself: of use once this has returned.
    pub fn start<A>(start: impl FnOnce(WeakMailbox<W>) -> Addr<A>) -> Self
    where
        A: Actor + Handler<W>,
        A::Context: ToEnvelope<A, W>,
    {
        Self(Arc::new_cyclic(|line| Line {
            to: start(WeakMailbox(line.clone())).recipient(),
            #[cfg(test)]
            lane: crate::testing::hops::next_lane(),
        }))
    }

    /// Whether the actor lives.
    pub fn connected(&self) -> bool {
        self.0.to.connected()
    }

    /// The same way, which does not keep the actor alive.
    pub fn downgrade(&self) -> WeakMailbox<W> {
        WeakMailbox(Arc::downgrade(&self.0))
    }

    /// Sends. Mailboxes have no bound of their own: what a client can cause is bounded before it gets here, by its
    /// session's credit and by the few answers that a member may wait for; what a room owes its couriers by theirs.
    pub fn send(&self, word: impl Into<W>) {
        let word = word.into();
        #[cfg(test)]
        if crate::testing::hops::held() {
            let line = self.0.clone();
            let lane = line.lane;
            return crate::testing::hops::carry(lane, Box::new(move || line.to.do_send(word)));
        }
        self.0.to.do_send(word);
    }

    /// As [`Mailbox::send`], past what is on its way.
    #[cfg(test)]
    pub(crate) fn send_at_once(&self, word: impl Into<W>) {
        self.0.to.do_send(word.into());
    }
}

impl<W: Word> WeakMailbox<W> {
    /// The strong way, while somebody else keeps the actor alive.
    pub fn upgrade(&self) -> Option<Mailbox<W>> {
        self.0.upgrade().map(Mailbox)
    }

    /// As [`Mailbox::send`]; nothing happens if nobody keeps the actor alive any more.
    pub fn send(&self, word: impl Into<W>) {
        if let Some(mailbox) = self.upgrade() {
            mailbox.send(word);
        }
    }
}

impl<W: Word> Clone for Mailbox<W> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<W: Word> Clone for WeakMailbox<W> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// Answers one message, once. Dropped without an answer, the asker reads that the actor is gone.
pub struct Reply<T> {
    to: tokio::sync::oneshot::Sender<T>,
    /// The thread that asked.
    home: Option<Answers>,
}

impl<T: Send + 'static> Reply<T> {
    /// A reply and the place where it arrives.
    pub fn new() -> (Self, tokio::sync::oneshot::Receiver<T>) {
        let (to, receiver) = tokio::sync::oneshot::channel();
        let home = Answers::here();
        (Self { to, home }, receiver)
    }

    /// Sends the answer. Whether anybody still waits for it does not matter.
    pub fn send(self, answer: T) {
        let Self { to, home } = self;
        let answer = move || drop(to.send(answer));
        #[cfg(test)]
        if crate::testing::hops::held() {
            let lane = crate::testing::hops::next_lane();
            return crate::testing::hops::carry(lane, Box::new(answer));
        }
        Answers::give(home.as_ref(), answer);
    }

    /// Comes when nobody waits for the answer any more.
    pub(crate) async fn unwanted(&mut self) {
        self.to.closed().await;
    }

    /// Where the thread that asked hears answers.
    pub(crate) fn home(&self) -> Option<Answers> {
        self.home.clone()
    }
}

#[cfg(test)]
mod tests {
    use actix::Context;

    use super::*;

    struct Ping(Reply<()>);

    impl Message for Ping {
        type Result = ();
    }

    impl Word for Ping {}

    struct Answers;

    impl Actor for Answers {
        type Context = Context<Self>;
    }

    impl Handler<Ping> for Answers {
        type Result = ();

        fn handle(&mut self, ping: Ping, _: &mut Self::Context) {
            ping.0.send(());
        }
    }

    #[actix_rt::test]
    async fn a_weak_way_ends_with_the_last_strong_one_and_what_was_sent_arrives() {
        let mailbox: Mailbox<Ping> = Mailbox::start(|_| Answers.start());
        let weak = mailbox.downgrade();
        let (reply, answer) = Reply::new();
        weak.send(Ping(reply));
        drop(mailbox);
        assert!(weak.upgrade().is_none());
        assert_eq!(answer.await, Ok(()));
        let (reply, answer) = Reply::new();
        weak.send(Ping(reply));
        assert!(answer.await.is_err());
    }

    /// Each connection holds several.
    #[test]
    fn every_way_is_one_pointer() {
        let thin = size_of::<usize>();
        assert_eq!(size_of::<Mailbox<Ping>>(), thin);
        assert_eq!(size_of::<WeakMailbox<Ping>>(), thin);
        assert_eq!(size_of::<crate::message::CourierRef>(), thin);
    }
}
