//! Where the core meets a script: its futures are polled at once, and its panics end here.

use std::{
    collections::VecDeque,
    panic::AssertUnwindSafe,
    rc::Rc,
    sync::Arc,
    task::{Context as TaskContext, Waker},
};

use bytes::Bytes;
use futures_util::FutureExt;

use crate::{
    flow::InboundUnit,
    notice::cause,
    ports::{AckHandle, Event, LocalFuture, Script},
};

use super::{Member, PutOut, Session, Waiting};

/// Lets the script have the member, then its events.
pub(super) fn open(
    script: Arc<dyn Script>,
    member: Rc<Member>,
    auth: Option<Bytes>,
    held: Waiting,
    session: actix::Addr<Session>,
) {
    run(Box::pin(async move {
        let opening = AssertUnwindSafe(async { script.connected(member.clone(), auth).await });
        let failure = match opening.catch_unwind().await {
            Ok(Ok(())) => None,
            Ok(Err(refusal)) => Some(refusal.message),
            Err(payload) => {
                std::mem::forget(payload);
                Some("its connect handler panicked".to_owned())
            }
        };
        if let Some(why) = failure {
            let namespace = member.namespace();
            cause::PUT_OUT.tell(
                member.peer(),
                None,
                format_args!("a member of {namespace} is put out: {why}"),
            );
            return session.do_send(PutOut(member.namespace().clone()));
        }
        loop {
            let next = held.borrow_mut().as_mut().and_then(VecDeque::pop_front);
            let Some((event, unit)) = next else { break };
            dispatch(&script, &member, event, unit);
        }
        *held.borrow_mut() = None;
    }));
}

pub(super) fn dispatch(
    script: &Arc<dyn Script>,
    member: &Rc<Member>,
    event: Event,
    unit: InboundUnit,
) {
    let open = event.ack.as_ref().map(AckHandle::twin);
    let name = event.content.name.clone();
    let (script, member) = (script.clone(), member.clone());
    run(Box::pin(async move {
        let _unit = unit;
        // The script's own code, before its future exists, may panic too.
        let handling = AssertUnwindSafe(async { script.event(member.clone(), event).await });
        if let Err(payload) = handling.catch_unwind().await {
            std::mem::forget(payload);
            let namespace = member.namespace();
            cause::HANDLER_PANICKED.tell(
                member.peer(),
                None,
                format_args!("a handler in {namespace} panicked; its session goes on"),
            );
            // One who has its answer already is told nothing more.
            if open.as_ref().is_none_or(AckHandle::is_open) {
                script.crashed(member, &name, open);
            }
        }
    }));
}

/// Polls a future at once, and leaves what is not done then to the thread.
fn run(mut future: LocalFuture<()>) {
    let mut cx = TaskContext::from_waker(Waker::noop());
    if future.as_mut().poll(&mut cx).is_pending() {
        actix_rt::spawn(future);
    }
}
