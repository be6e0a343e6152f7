//! Handlers that only look on: at what comes from a client, and at what goes to one.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    thread,
};

use dondo_actors::{notice::cause, ports::LocalFuture};
use futures_util::FutureExt;

use super::{
    super::{
        context::EventContext,
        error::Result,
        handler::{HandlerAnswer, HandlerOutcome, HandlerRef, start},
    },
    shown, tell_failure,
};

/// Starts a handler that only looks on: what it comes to is no answer, and one that panics is no other's end.
pub(super) fn observe(
    handler: HandlerRef<'_, EventContext>,
    mut context: EventContext,
) -> Option<LocalFuture<()>> {
    match catch_unwind(AssertUnwindSafe(|| start(handler, &mut context))) {
        Ok(Ok(outcome)) => has_observed(&context, Ok(outcome)),
        Ok(Err(rest)) => {
            return Some(Box::pin(async move {
                let outcome = AssertUnwindSafe(rest).catch_unwind().await;
                has_observed(&context, outcome.map(|HandlerOutcome(outcome)| outcome));
            }));
        }
        Err(panic) => has_observed(&context, Err(panic)),
    }
    None
}

fn has_observed(context: &EventContext, outcome: thread::Result<Result<Option<HandlerAnswer>>>) {
    let EventContext { socket, name, .. } = context;
    match outcome {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tell_failure(socket, name, &error),
        Err(panic) => {
            // What it holds may panic, too.
            std::mem::forget(panic);
            let (namespace, name) = (socket.namespace(), shown(name));
            cause::HANDLER_PANICKED.tell(
                socket.address(),
                None,
                format_args!(
                    "an observer of \"{name}\" in {} panicked; its session goes on",
                    namespace.name()
                ),
            );
        }
    }
}
