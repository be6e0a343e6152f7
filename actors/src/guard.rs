//! The only door into a supervised actor: a panic is caught, the state goes back to before the message, and the actor
//! starts anew with its mailbox kept. `actix::Supervisor` alone does not survive a panic (decision 0002).

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use actix::{Actor, ActorContext, Context};
use tokio::time::Instant;

use crate::{
    error::Fault,
    fault::{self, Safeguard},
    flow::{Turn, give_way},
    metrics::Metrics,
    notice::cause,
};

#[cfg(panic = "abort")]
compile_error!("dondo needs panic = \"unwind\": its rooms survive a crash by catching the panic");

/// More crashes than this within [`CRASH_WINDOW`] put an actor into quarantine.
pub const CRASHES_MAX: usize = 5;
/// See [`CRASHES_MAX`].
pub const CRASH_WINDOW: Duration = Duration::from_secs(10);
/// How long a quarantined actor takes nothing.
pub const QUARANTINE: Duration = Duration::from_secs(30);

/// An actor whose handlers run under [`guard`].
pub trait Guarded: Actor<Context = Context<Self>> {
    /// What it is called in the log.
    fn title(&self) -> String;

    /// Its crash record.
    fn crashes(&mut self) -> &mut Crashes;

    /// Keeps what the message changed.
    fn commit(&mut self);

    /// Takes back what the message changed.
    fn rollback(&mut self);
}

/// When an actor crashed lately, and how busy it is.
#[derive(Debug)]
pub struct Crashes {
    metrics: Arc<Metrics>,
    recent: VecDeque<Instant>,
    quarantined_until: Option<Instant>,
    turn: Turn,
}

impl Crashes {
    /// No crash yet.
    pub fn new(metrics: Arc<Metrics>) -> Self {
        Self {
            metrics,
            recent: VecDeque::new(),
            quarantined_until: None,
            turn: Turn::default(),
        }
    }

    /// Whether nothing is to be taken now.
    pub fn quarantined(&mut self) -> bool {
        match self.quarantined_until {
            Some(until) if Instant::now() < until => true,
            Some(_) => {
                self.quarantined_until = None;
                false
            }
            None => false,
        }
    }

    /// Whether others have run since the actor's message before this one.
    pub fn turn_is_fresh(&self) -> bool {
        self.turn.is_fresh()
    }

    /// What is about to be handled may be long: its time counts in the actor's turn from the first message.
    pub(crate) fn count_time(&mut self) {
        self.turn.counts();
    }

    fn count(&mut self) -> bool {
        let now = Instant::now();
        self.recent.push_back(now);
        while self
            .recent
            .front()
            .is_some_and(|&first| now - first > CRASH_WINDOW)
        {
            self.recent.pop_front();
        }
        let too_many = self.recent.len() > CRASHES_MAX;
        if too_many {
            self.quarantined_until = Some(now + QUARANTINE);
            self.recent.clear();
        }
        too_many
    }
}

/// Runs one message. What it changed is kept, or, after a panic, taken back, and the actor restarts.
/// Effects must be sent by the caller after this has returned `Ok`: none leaves before the state is committed.
pub fn guard<A, T>(
    actor: &mut A,
    ctx: &mut Context<A>,
    message: impl FnOnce(&mut A) -> T,
) -> Result<T, Fault>
where
    A: Guarded + actix::Supervised,
{
    if actor.crashes().quarantined() {
        return Err(Fault::Quarantined);
    }
    guard_always(actor, ctx, message)
}

/// As [`guard`], in quarantine too: for leaves, without which a seat would stay for ever.
pub fn guard_always<A, T>(
    actor: &mut A,
    ctx: &mut Context<A>,
    message: impl FnOnce(&mut A) -> T,
) -> Result<T, Fault>
where
    A: Guarded + actix::Supervised,
{
    actor.crashes().turn.begins();
    let done = caught(actor, ctx, message);
    if actor.crashes().turn.ends() {
        give_way(actor, ctx);
    }
    done
}

fn caught<A, T>(
    actor: &mut A,
    ctx: &mut Context<A>,
    message: impl FnOnce(&mut A) -> T,
) -> Result<T, Fault>
where
    A: Guarded + actix::Supervised,
{
    if !fault::stands(Safeguard::Guard) {
        let done = message(actor);
        actor.commit();
        return Ok(done);
    }
    match catch_unwind(AssertUnwindSafe(|| message(actor))) {
        Ok(done) => {
            actor.commit();
            Ok(done)
        }
        Err(payload) => {
            // The payload's own drop might panic again, this time outside of any catch.
            std::mem::forget(payload);
            if fault::stands(Safeguard::Undo) {
                actor.rollback();
            } else {
                actor.commit();
            }
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
            Metrics::add(&actor.crashes().metrics.crashes, 1);
            ctx.stop();
            Err(Fault::Crashed)
        }
    }
}
