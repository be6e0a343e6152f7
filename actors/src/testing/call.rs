//! What a test does to an actor from outside, on the actor's thread. Knows no actor.

use std::{any::Any, time::Duration};

use actix::{Actor, AsyncContext, Context, fut::wrap_future};
use tokio::sync::oneshot;

use crate::ports::LocalFuture;

type Run = dyn FnOnce(&mut dyn Any) -> Option<LocalFuture<()>> + Send;

/// Runs on an actor, which then hears nothing until the future is ready that comes of it.
pub struct Call(Box<Run>);

impl Call {
    /// Lets an actor stand still for a time.
    pub(crate) fn stand_still(time: Duration) -> Self {
        Self(Box::new(move |_| Some(Box::pin(tokio::time::sleep(time)))))
    }

    /// Kills an actor for good, as when its thread dies: no guard is around the future.
    pub(crate) fn die() -> Self {
        Self(Box::new(|_| {
            Some(Box::pin(async { panic!("planted: an actor dies") }))
        }))
    }

    /// A handler that panics.
    pub(crate) fn panic() -> Self {
        Self(Box::new(|_| panic!("planted: a handler panics")))
    }

    /// Asks an actor of this type, and of no other.
    pub(super) fn ask<A: 'static, T: Send + 'static>(
        question: fn(&A) -> T,
    ) -> (Self, oneshot::Receiver<T>) {
        let (sender, answer) = oneshot::channel();
        let ask = move |actor: &mut dyn Any| {
            let actor: Option<&A> = actor.downcast_ref();
            let _ = sender.send(question(actor.expect("the actor of this mailbox")));
            None
        };
        (Self(Box::new(ask)), answer)
    }

    pub(crate) fn run<A: Actor<Context = Context<A>>>(
        self,
        actor: &mut dyn Any,
        ctx: &mut Context<A>,
    ) {
        if let Some(wait) = (self.0)(actor) {
            ctx.wait(wrap_future(wait));
        }
    }
}
