//! The only door into a supervised actor: a panic is caught, and the actor starts anew with its mailbox kept. Its state is
//! as before the command, because what may panic is decided before anything is changed. `actix::Supervisor` alone does
//! not survive a panic (decision 0002).

use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
};

use crate::{
    crash_book::{CrashCost, said},
    error::Fault,
    flow::give_way,
    mailbox::{Mailbox, WeakMailbox, Word},
    notice::cause,
};
use actix::{
    Actor, ActorContext, ActorFuture, ActorFutureExt, Context, Handler, Supervised, Supervisor,
    fut::wrap_future,
};
use futures_util::FutureExt;

mod crashes;

pub use self::crashes::{CRASH_WINDOW, CRASHES_MAX, Crashes, QUARANTINE};

#[cfg(panic = "abort")]
compile_error!("dondo needs panic = \"unwind\": its rooms survive a crash by catching the panic");

/// A supervised actor, as its [`Guard`] has it. It is no actor of actix itself, so that nothing can be written for it that
/// does not come through the guard.
pub trait Guarded: Sized + Unpin + 'static {
    /// What it hears.
    type Word: Word;

    /// What it is called in the log.
    fn title(&self) -> String;

    /// Its crash record.
    fn crashes(&mut self) -> &mut Crashes;

    /// Hears a word.
    fn hear(&mut self, word: Self::Word, ctx: &mut GuardedContext<Self>);

    /// Starts, also after a crash: by then its timers and whatever it waited for are gone.
    fn started(&mut self, ctx: &mut GuardedContext<Self>);

    /// Sets right, after a crash, what went with its timers and with what it waited for.
    fn restarting(&mut self);
}

/// A context in which an actor is under guard.
pub type GuardedContext<A> = Context<Guard<A>>;

/// The only door to a supervised actor: its one handler, its start, its timers and the futures it waits for.
pub struct Guard<A>(A);

impl<A: Guarded> Guard<A> {
    /// Starts an actor, which is made with the way to itself.
    pub fn start(make: impl FnOnce(WeakMailbox<A::Word>) -> A + 'static) -> Mailbox<A::Word> {
        Mailbox::start(|this| Supervisor::start(move |_| Self(make(this))))
    }

    /// Lets something run on the actor. After a panic it restarts with the state that it has, and its mailbox.
    pub(crate) fn enter(
        &mut self,
        ctx: &mut GuardedContext<A>,
        run: impl FnOnce(&mut A, &mut GuardedContext<A>),
    ) {
        self.0.crashes().turn.begins();
        let _ = caught(&mut self.0, ctx, run);
        if self.0.crashes().turn.ends() {
            give_way(self, ctx);
        }
    }
}

/// A future that an actor waits for, and what the actor does then.
pub(crate) fn then<A: Guarded, F: Future + 'static>(
    future: F,
    next: impl FnOnce(&mut A, F::Output, &mut GuardedContext<A>) + 'static,
) -> impl ActorFuture<Guard<A>, Output = ()> + 'static {
    let future = wrap_future::<_, Guard<A>>(AssertUnwindSafe(future).catch_unwind());
    future.map(|done, guard, ctx| {
        guard.enter(ctx, |actor, ctx| match done {
            Ok(output) => next(actor, output, ctx),
            Err(payload) => resume_unwind(payload),
        });
    })
}

impl<A: Guarded> Actor for Guard<A> {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.enter(ctx, A::started);
    }
}

impl<A: Guarded> Supervised for Guard<A> {
    fn restarting(&mut self, ctx: &mut Self::Context) {
        self.enter(ctx, |actor, _| actor.restarting());
    }
}

impl<A: Guarded> Handler<A::Word> for Guard<A> {
    type Result = ();

    fn handle(&mut self, word: A::Word, ctx: &mut Self::Context) {
        self.enter(ctx, |actor, ctx| actor.hear(word, ctx));
    }
}

/// Runs a part of what an actor does that stands or falls by itself; nothing in quarantine. After a panic the actor
/// restarts, with the state that it has, when it is done with the rest.
pub(crate) fn guard<A: Guarded, T>(
    actor: &mut A,
    ctx: &mut GuardedContext<A>,
    part: impl FnOnce(&mut A) -> T,
) -> Result<T, Fault> {
    if actor.crashes().quarantined() {
        return Err(Fault::Quarantined);
    }
    guard_always(actor, ctx, part)
}

/// As [`guard`], in quarantine too: for leaves, without which a seat would stay for ever.
pub(crate) fn guard_always<A: Guarded, T>(
    actor: &mut A,
    ctx: &mut GuardedContext<A>,
    part: impl FnOnce(&mut A) -> T,
) -> Result<T, Fault> {
    caught(actor, ctx, |actor, _| part(actor))
}

fn caught<A: Guarded, T>(
    actor: &mut A,
    ctx: &mut GuardedContext<A>,
    run: impl FnOnce(&mut A, &mut GuardedContext<A>) -> T,
) -> Result<T, Fault> {
    match catch_unwind(AssertUnwindSafe(|| run(actor, ctx))) {
        Ok(done) => Ok(done),
        Err(payload) => {
            let cause = said(&*payload).to_owned();
            // The payload's own drop might panic again, this time outside of any catch.
            std::mem::forget(payload);
            let quarantined = actor.crashes().count();
            let title = actor.title();
            cause::ACTOR_CRASHED.tell(
                None,
                None,
                format_args!(
                    "{title} crashed on a message; the message is dropped, everything else is kept"
                ),
            );
            if quarantined {
                let (window, pause) = (CRASH_WINDOW.as_secs(), QUARANTINE.as_secs());
                cause::QUARANTINED.tell(
                    None,
                    None,
                    format_args!(
                        "{title} crashed more than {CRASHES_MAX} times in {window} s: it takes nothing for {pause} s"
                    ),
                );
            }
            actor.crashes().count_crash(CrashCost::Restart, &cause);
            ctx.stop();
            Err(Fault::Crashed)
        }
    }
}

/// Runs what is the application's and not the core's: a panic costs what it would have made, and nothing else.
pub(crate) fn shielded<T>(crashes: &Crashes, make: impl FnOnce() -> T) -> Option<T> {
    match catch_unwind(AssertUnwindSafe(make)) {
        Ok(made) => Some(made),
        Err(payload) => {
            crashes.count_crash(CrashCost::Piece, said(&*payload));
            std::mem::forget(payload);
            cause::ACTOR_CRASHED.tell(
                None,
                None,
                format_args!(
                    "an event could not be rendered; it is dropped, everything else is kept"
                ),
            );
            None
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::{
        future::{pending, ready},
        sync::Arc,
        time::Duration,
    };

    use actix::AsyncContext;

    use tokio::time::timeout;

    use super::*;
    use crate::{crash_book::CrashedPart, mailbox::Reply, metrics::Metrics};

    const PATIENCE: Duration = Duration::from_secs(60);

    /// Where an actor panics.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum Where {
        Hearing,
        Waiting,
        AfterWaiting,
        InATimer,
        Nowhere,
    }

    enum ToFragile {
        Break(Where),
        Count(Reply<(u32, u32)>),
    }

    impl actix::Message for ToFragile {
        type Result = ();
    }

    impl Word for ToFragile {}

    struct Fragile {
        crashes: Crashes,
        count: u32,
        starts: u32,
    }

    fn broken() {
        resume_unwind(Box::new("it is broken"));
    }

    impl Guarded for Fragile {
        type Word = ToFragile;

        fn title(&self) -> String {
            "a fragile actor".into()
        }

        fn crashes(&mut self) -> &mut Crashes {
            &mut self.crashes
        }

        fn hear(&mut self, word: ToFragile, ctx: &mut GuardedContext<Self>) {
            let place = match word {
                ToFragile::Break(place) => place,
                ToFragile::Count(reply) => return reply.send((self.count, self.starts)),
            };
            self.count += 1;
            match place {
                Where::Hearing => broken(),
                Where::Waiting => ctx.wait(then(async { broken() }, |_: &mut Self, (), _| {})),
                Where::AfterWaiting => ctx.wait(then(ready(()), |_: &mut Self, (), _| broken())),
                Where::InATimer => {
                    ctx.run_later(Duration::ZERO, |guard, ctx| {
                        guard.enter(ctx, |_, _| broken());
                    });
                }
                Where::Nowhere => drop(ctx.spawn(then(pending(), |_: &mut Self, (), _| {}))),
            }
        }

        fn started(&mut self, _: &mut GuardedContext<Self>) {
            self.starts += 1;
        }

        fn restarting(&mut self) {}
    }

    #[actix_rt::test]
    async fn an_actor_starts_anew_wherever_it_panics_and_hears_what_comes_next() {
        for (place, starts) in [
            (Where::Hearing, 2),
            (Where::Waiting, 2),
            (Where::AfterWaiting, 2),
            (Where::InATimer, 2),
            (Where::Nowhere, 1),
        ] {
            let metrics = Arc::new(Metrics::default());
            let crashes = Crashes::new(CrashedPart::Hub, metrics.clone());
            let mailbox = Guard::start(|_| Fragile {
                crashes,
                count: 0,
                starts: 0,
            });
            mailbox.send(ToFragile::Break(place));
            let started = async {
                loop {
                    let (reply, answer) = Reply::new();
                    mailbox.send(ToFragile::Count(reply));
                    let (count, seen) = answer.await.unwrap();
                    assert_eq!(count, 1, "what was changed before stays: {place:?}");
                    if seen == starts {
                        break;
                    }
                }
            };
            timeout(PATIENCE, started).await.unwrap();
            let crashed = u64::from(place != Where::Nowhere);
            assert_eq!(Metrics::read(&metrics.crashes), crashed, "{place:?}");
            let pages = metrics.crash_book.read();
            let told = pages.parts.iter();
            let told: Vec<_> = told.map(|part| (part.restarts, &*part.cause)).collect();
            let wanted = [(1, "it is broken")];
            assert_eq!(told, wanted[..usize::from(crashed == 1)], "{place:?}");
        }
    }
}
