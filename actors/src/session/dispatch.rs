//! Where the core meets an application: its futures are polled at once, and its panics end here.

use std::{
    any::Any,
    collections::VecDeque,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    rc::Rc,
    sync::Arc,
};

use futures_util::{FutureExt, future::join};

use crate::{
    flow::InboundUnit,
    lifecycle::Lifecycle,
    mailbox::WeakMailbox,
    message::{Observed, ToSession},
    metrics::HandlerUnderWay,
    notice::cause,
    observing::{ObserverRest, observing},
    ports::{LocalFuture, polled_once},
};

use super::{AckHandle, Application, Event, HeldEvents, Member};

/// Characters of an event's name that the log shows.
const NAME_SHOWN_MAX: usize = 100;

/// Lets the application have the member, then its events.
pub(super) fn open(
    application: Arc<dyn Application>,
    member: Rc<Member>,
    held: HeldEvents,
    session: WeakMailbox<ToSession>,
) {
    let lifecycle = member.hub().lifecycle();
    lifecycle.tell(|| Lifecycle::Connected {
        namespace: member.namespace().clone(),
        id: member.id().clone(),
    });
    if application.observes() {
        member.observe();
    }
    let opened = polled_once(Box::pin(async move {
        let opening = AssertUnwindSafe(async { application.connected(member.clone()).await });
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
            return session.send(ToSession::Disconnect {
                local_id: member.local_id(),
                close: false,
                why: None,
            });
        }
        loop {
            let next = held.borrow_mut().as_mut().and_then(VecDeque::pop_front);
            let Some((event, unit)) = next.filter(|_| member.is_heard()) else {
                break;
            };
            dispatch(&application, &member, event, unit);
        }
        *held.borrow_mut() = None;
    }));
    if let Err(rest) = opened {
        actix_rt::spawn(rest);
    }
}

pub(super) fn dispatch(
    application: &Arc<dyn Application>,
    member: &Rc<Member>,
    event: Event,
    unit: InboundUnit,
) {
    let ack = event.ack.clone();
    let name = event.content.name.clone();
    let crashed = || {
        let (served, whose) = (application.clone(), member.clone());
        move |payload| crashed(&*served, whose, &name, ack, payload)
    };
    run(member, unit, crashed, || {
        application.event(member.clone(), event)
    });
}

/// Lets the application see what went to the member. One who only looks on crashes nothing.
pub(super) fn observe(application: &Arc<dyn Application>, member: &Rc<Member>, observed: Observed) {
    let Observed { content, place, .. } = observed;
    let (name, whose) = (content.name.clone(), member.clone());
    let crashed = || move |payload| whose.handler_panicked(Named("an observer", &name), payload);
    run(member, place, crashed, || {
        let rest = observing(|| application.observed(member.clone(), content))?;
        Some(Box::pin(ObserverRest(rest)))
    });
}

/// Runs what an application does for a member, to its first wait, and what is left of it in a task. `held` is let go of when all is done.
/// What is to be done if it panics is made where that is still to come, or has: most events are handled at once.
fn run<C: FnOnce(Box<dyn Any + Send>) + 'static>(
    member: &Rc<Member>,
    held: impl Sized + 'static,
    crashed: impl FnOnce() -> C,
    start: impl FnOnce() -> Option<LocalFuture<()>>,
) {
    member.handler_begins();
    let polled = catch_unwind(AssertUnwindSafe(start));
    let drive = member.handler_was_polled();
    match polled {
        Ok(Some(rest)) => {
            let crashed = crashed();
            let held = (held, HandlerUnderWay::new(member.hub().metrics()));
            let handled = async move {
                let _held = held;
                if let Err(payload) = AssertUnwindSafe(rest).catch_unwind().await {
                    crashed(payload);
                }
            };
            match drive {
                Some(drive) => drop(actix_rt::spawn(join(drive, handled))),
                None => drop(actix_rt::spawn(handled)),
            }
            return;
        }
        Ok(None) => {}
        Err(payload) => crashed()(payload),
    }
    if let Some(drive) = drive {
        actix_rt::spawn(drive);
    }
}

/// Who handles an event, for the log. The name may be a client's.
struct Named<'a>(&'static str, &'a str);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(who, name) = self;
        match name.char_indices().nth(NAME_SHOWN_MAX) {
            Some((end, _)) => write!(f, "{who} of {:?}…", &name[..end]),
            None => write!(f, "{who} of {name:?}"),
        }
    }
}

/// A host's code may panic here, too: with it would go the session, or what drives the member's queue.
#[cold]
fn crashed(
    application: &dyn Application,
    member: Rc<Member>,
    name: &str,
    ack: Option<AckHandle>,
    payload: Box<dyn Any + Send>,
) {
    member.handler_panicked(Named("a handler", name), payload);
    // One who has its answer already is told nothing more.
    if ack.as_ref().is_none_or(AckHandle::is_open) {
        let telling = AssertUnwindSafe(|| application.crashed(member, name, ack));
        if let Err(payload) = catch_unwind(telling) {
            std::mem::forget(payload);
        }
    }
}
