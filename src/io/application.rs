//! What the core runs in a namespace: the host's handlers first, the namespace's pack for whatever has none.
//! Knows no pack by name.

mod fit;
mod observing;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    rc::Rc,
    sync::Arc,
};

use dondo_actors::{
    error::CloseReason,
    letter::Content,
    metrics::HandlerUnderWay,
    ports::{ItemsAs, LocalFuture, Refusal, polled_once},
    session::{self, AckHandle, Application, Member},
};
use futures_util::future::join_all;

use self::{fit::fit, observing::observe};
use super::{
    Socket,
    ack::{Ack, failure, unknown_event},
    admission::banned,
    arguments::Arguments,
    context::{ConnectContext, DisconnectContext, EventContext},
    credentials,
    error::{Error, FAILED, LogAs, Result},
    handler::{HandlerAnswer, HandlerOutcome, HandlerRef, HandlerStreams, start},
    incoming::SentStreams,
    namespace::{Handlers, ServedNamespace},
    pack::{PackEvent, PackSocket},
    socket::Heard,
};
use crate::{moderation::Moderation, notices};

/// One namespace's application.
pub(crate) struct IoApplication(pub(super) Arc<ServedNamespace>);

impl IoApplication {
    fn moderation(&self) -> Option<Arc<Moderation>> {
        self.0.states.find()
    }

    fn is_banned(&self, socket: &Socket) -> bool {
        let moderation = self.moderation();
        let ban = moderation.and_then(|all| banned(&all, socket.state(), socket.address()));
        ban.is_some()
    }

    /// Lets everybody have an event who handles it.
    fn handle(served: &ServedNamespace, context: EventContext) -> Option<LocalFuture<()>> {
        let state = context.socket.state().clone();
        let Handlers { any, events, .. } = &served.handlers;
        let shared = events.get(&*context.name).map(Vec::as_slice);
        let shared = shared.unwrap_or_default();
        let own = state.listeners_to(&context.name);
        let is_handled = !(shared.is_empty() && own.is_empty());
        let handlers = shared.iter().map(HandlerRef::from);
        let handlers = handlers.chain(own.iter().map(HandlerRef::from));
        let streams = handlers.clone().map(|handler| handler.streams);
        let streams = streams.fold(HandlerStreams::default(), HandlerStreams::and);
        let fits = !is_handled || fit(&context, streams);
        if fits && !own.is_empty() {
            // A call that none of them takes is none of theirs.
            state.listeners_run(&context.name);
        }
        let own_any = state.listeners(&Heard::Any);
        let mut rests = Vec::new();
        let observers = any.iter().map(HandlerRef::from);
        for observer in observers.chain(own_any.iter().map(HandlerRef::from)) {
            rests.extend(observe(observer, context.clone()));
        }
        if !fits {
            return together(rests);
        }
        let mut handlers = handlers.peekable();
        let mut context = Some(context);
        while let Some(handler) = handlers.next() {
            // The last one takes it: most events have one handler.
            let is_last = is_handled && handlers.peek().is_none();
            let given = if is_last {
                context.take()
            } else {
                context.clone()
            };
            rests.extend(given.and_then(|context| run(handler, context)));
        }
        rests.extend(context.and_then(|context| Self::unhandled(served, context)));
        together(rests)
    }

    /// An event that no handler has the name of.
    fn unhandled(served: &ServedNamespace, context: EventContext) -> Option<LocalFuture<()>> {
        if let Some(fallback) = &served.handlers.fallback {
            let fallback = HandlerRef::from(fallback);
            return match fit(&context, fallback.streams) {
                true => run(fallback, context),
                false => None,
            };
        }
        if served.pack.is_some() && !fit(&context, HandlerStreams::default()) {
            return None;
        }
        let EventContext {
            socket,
            name,
            arguments,
            ack,
            ..
        } = context;
        let Some(pack) = &served.pack else {
            ack.text(unknown_event(&name));
            return None;
        };
        // It always answers by itself.
        ack.clone().withhold();
        let event = PackEvent {
            name,
            arguments,
            ack,
        };
        pack.event(socket, event)
    }
}

/// What is left of several handlers, as one.
fn together(mut rests: Vec<LocalFuture<()>>) -> Option<LocalFuture<()>> {
    match rests.len() {
        0 | 1 => rests.pop(),
        _ => Some(Box::pin(async move {
            join_all(rests).await;
        })),
    }
}

/// Starts a handler; what is left of it, with what becomes of its outcome.
fn run(
    handler: HandlerRef<'_, EventContext>,
    mut context: EventContext,
) -> Option<LocalFuture<()>> {
    context.ack.handler_begins();
    match start(handler, &mut context) {
        Ok(outcome) => {
            ended(&context, outcome);
            None
        }
        Err(rest) => Some(Box::pin(async move {
            let HandlerOutcome(outcome) = rest.await;
            ended(&context, outcome);
        })),
    }
}

/// What the log says of an error, if anything.
fn tell_failure(socket: &Socket, name: &str, error: &Error) {
    match error.log() {
        LogAs::Nothing => {}
        LogAs::Failure(_) => {
            socket.tell_failure(format_args!("a handler for \"{}\"", shown(name)), error);
        }
        LogAs::Unreadable => notices::UNREADABLE.tell(
            socket.address(),
            None,
            format_args!(
                "\"{}\" has other arguments than its handler: {}",
                shown(name),
                shown(error.message())
            ),
        ),
    }
}

/// A handler came to its end.
fn ended(context: &EventContext, outcome: Result<Option<HandlerAnswer>>) {
    let EventContext {
        name, ack, socket, ..
    } = context;
    let outcome = outcome.and_then(|answer| match answer {
        Some(HandlerAnswer::One(answer)) if ack.taken() != Some(ItemsAs::Items) => {
            ack.answer(&answer);
            Ok(())
        }
        // Who asks for items is answered by the handler that has some.
        None | Some(HandlerAnswer::One(_)) => Ok(()),
        Some(HandlerAnswer::Items(items)) => {
            let (socket, name) = (socket.clone(), name.clone());
            ack.items(items, move |error| {
                tell_failure(&socket, &name, &error);
                failure(&name, &error)
            })
        }
    });
    if let Err(error) = outcome {
        ack.fail(name, &error);
        tell_failure(socket, name, &error);
    }
    ack.handler_ended();
}

impl Application for IoApplication {
    fn connected(&self, member: Rc<Member>) -> LocalFuture<std::result::Result<(), Refusal>> {
        let served = self.0.clone();
        let Some(socket) = Socket::of(member) else {
            return Box::pin(std::future::ready(Ok(())));
        };
        // A ban may have come behind its admission, and before it was there to be found and put out.
        if self.is_banned(&socket) {
            socket.close();
            return Box::pin(std::future::ready(Ok(())));
        }
        credentials::watch(&socket);
        Box::pin(async move {
            for handler in &served.handlers.connect {
                let mut context = ConnectContext {
                    socket: socket.clone(),
                };
                let outcome = match start(handler, &mut context) {
                    Ok(outcome) => outcome,
                    Err(rest) => rest.await.0,
                };
                outcome.map_err(|error| Refusal {
                    message: error.to_string(),
                    data: None,
                })?;
                // Its disconnect handlers have run: nothing is to be done for it any more.
                if !socket.is_connected() {
                    return Ok(());
                }
            }
            socket.opened();
            Ok(())
        })
    }

    fn event(&self, member: Rc<Member>, event: session::Event) -> Option<LocalFuture<()>> {
        let (name, arguments) = Arguments::of(event.content);
        let context = EventContext {
            socket: Socket::of(member)?,
            name,
            arguments,
            ack: Ack::new(event.ack),
            next: 0,
            streams: SentStreams::new(event.incoming),
        };
        if self.0.handlers.filters.is_empty() {
            return Self::handle(&self.0, context);
        }
        let served = self.0.clone();
        let turn = context.socket.turn();
        polled_once(Box::pin(async move {
            let turn = turn.await;
            for filter in &served.handlers.filters {
                let mut context = context.clone();
                context.ack.handler_begins();
                let outcome = match start(filter, &mut context) {
                    Ok(outcome) => outcome,
                    Err(rest) => rest.await.0,
                };
                let failed = outcome.is_err();
                // It lets through or refuses; the answer is the handlers'.
                ended(&context, outcome.map(|_| None));
                if failed {
                    return;
                }
            }
            // Who is gone meanwhile, or put out, is not heard any more.
            if !context.socket.member().is_heard() {
                return;
            }
            let rest = Self::handle(&served, context);
            drop(turn);
            if let Some(rest) = rest {
                rest.await;
            }
        }))
        .err()
    }

    fn observes(&self) -> bool {
        !self.0.handlers.outgoing.is_empty()
    }

    fn observed(&self, member: Rc<Member>, content: Content) -> Option<LocalFuture<()>> {
        let (name, arguments) = Arguments::of(content);
        let context = EventContext {
            socket: Socket::of(member)?,
            name,
            arguments,
            ack: Ack::new(None),
            next: 0,
            streams: SentStreams::default(),
        };
        let own = context.socket.state().listeners(&Heard::Outgoing);
        let shared = self.0.handlers.outgoing.iter().map(HandlerRef::from);
        let observers = shared.chain(own.iter().map(HandlerRef::from));
        let rests = observers.filter_map(|observer| observe(observer, context.clone()));
        together(rests.collect())
    }

    fn crashed(&self, member: Rc<Member>, name: &str, ack: Option<AckHandle>) {
        let handled =
            self.0.handlers.events.contains_key(name) || self.0.handlers.fallback.is_some();
        let pack = self.0.pack.as_ref().filter(|_| !handled);
        match Socket::of(member).zip(pack) {
            Some((socket, pack)) if !socket.state().has_listener(name) => {
                pack.crashed(&socket, name, ack);
            }
            _ => {
                let error = Error::new("internal", FAILED);
                Ack::new(ack).text(failure(name, &error));
            }
        }
    }

    fn disconnecting(&self, member: Rc<Member>, reason: CloseReason) {
        if let Some(socket) = Socket::of(member) {
            let context = DisconnectContext { socket, reason };
            for handler in &self.0.handlers.disconnecting {
                last(handler.into(), context.clone(), None);
            }
        }
    }

    fn disconnected(&self, member: Rc<Member>, reason: CloseReason) {
        let Some(socket) = Socket::of(member) else {
            return;
        };
        if let Some(moderation) = self.moderation() {
            moderation.mutes().gone(socket.id());
        }
        let own = socket.let_go();
        let kept = Rc::new(KeptToTheEnd(socket.clone()));
        let context = DisconnectContext { socket, reason };
        let handlers = self.0.handlers.disconnect.iter().map(HandlerRef::from);
        for handler in handlers.chain(own.iter().map(HandlerRef::from)) {
            last(handler, context.clone(), Some(kept.clone()));
        }
    }
}

/// What the host keeps with a client that is gone, until the last handler is done: it may hold the socket itself.
struct KeptToTheEnd(Socket);

impl Drop for KeptToTheEnd {
    fn drop(&mut self) {
        self.0.state().clear();
    }
}

/// Runs a handler that nobody waits for. One that panics is no other's end.
fn last(
    handler: HandlerRef<'_, DisconnectContext>,
    mut context: DisconnectContext,
    kept: Option<Rc<KeptToTheEnd>>,
) {
    let started = catch_unwind(AssertUnwindSafe(|| start(handler, &mut context)));
    let socket = context.socket;
    let namespace = socket.namespace();
    let under_way = HandlerUnderWay::new(namespace.hub().metrics());
    let tell = move |outcome: Result<_>| {
        if let Err(error) = outcome {
            let name = namespace.name();
            socket.tell_failure(format_args!("a disconnect handler in {name}"), &error);
        }
    };
    match started {
        Ok(Ok(outcome)) => tell(outcome),
        Ok(Err(rest)) => drop(actix_rt::spawn(async move {
            tell(rest.await.0);
            drop((kept, under_way));
        })),
        Err(panic) => {
            std::mem::forget(panic);
            tell(Err(Error::internal("it panicked")));
        }
    }
}

/// What a client wrote, for the log.
fn shown(text: &str) -> String {
    text.chars()
        .take(SHOWN_MAX)
        .flat_map(char::escape_debug)
        .collect()
}

/// Characters of a client's that the log shows at most.
const SHOWN_MAX: usize = 200;
