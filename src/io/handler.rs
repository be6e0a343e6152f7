//! What a handler is: an async function of extractors, and what it may come to.
//! Knows no event and no socket: contexts do, and give each extractor what it takes.

use std::{pin::Pin, rc::Rc, sync::Arc};

use dondo_actors::ports::{Answer, polled_once};
use serde::Serialize;

use super::{
    arguments,
    blocking_places::BlockingCaller,
    context::{
        AdmissionContext, ConnectContext, Context, DisconnectContext, EngineContext, EventContext,
        LookupContext,
    },
    error::{OrFail, Result},
    extract::{Extract, Needs},
    items::Items,
    watchdog::{HandlerLabel, WatchedHandler},
};

/// What a handler came to.
#[derive(Debug)]
pub struct HandlerOutcome(pub(super) Result<Option<HandlerAnswer>>);

/// What a handler answers its event with.
#[derive(Debug)]
pub(super) enum HandlerAnswer {
    One(Answer),
    Items(Items),
}

/// A handler that is under way; it stays on its thread.
pub(super) type Running = Pin<Box<dyn Future<Output = HandlerOutcome>>>;

/// What a handler for a context may come to: nothing, or a [`Result`] whose error the client reads, as far as it is for it.
/// What the handler of an event comes to is its answer: of a tuple or an array of fixed length as many arguments as it has, as
/// for [`Ack::send`](super::Ack::send).
#[diagnostic::on_unimplemented(
    message = "a handler cannot come to `{Self}` here",
    note = "it comes to `()` or to `dondo::Result<T>`: any other error turns into `dondo::Error` by `?`, and a text or a \
            `Box<dyn Error>`, which are none, by `map_err(dondo::Error::internal)`",
    note = "the `T` of an event's handler is `Serialize` and the answer to the event, or `dondo::Items`, which is a stream of such; \
            what `when` asks comes to a `bool`; elsewhere it is `()`"
)]
pub trait IntoOutcome<C> {
    #[doc(hidden)]
    const IS_ITEMS: bool = false;

    /// The outcome.
    fn into_outcome(self) -> HandlerOutcome;
}

impl<C> IntoOutcome<C> for () {
    fn into_outcome(self) -> HandlerOutcome {
        HandlerOutcome(Ok(None))
    }
}

impl<C> IntoOutcome<C> for HandlerOutcome {
    fn into_outcome(self) -> HandlerOutcome {
        self
    }
}

#[diagnostic::do_not_recommend]
impl<T: IntoAnswer> IntoOutcome<EventContext> for Result<T> {
    const IS_ITEMS: bool = T::IS_ITEMS;

    fn into_outcome(self) -> HandlerOutcome {
        match self {
            Ok(answer) => answer.into_answer(),
            Err(error) => HandlerOutcome(Err(error)),
        }
    }
}

impl IntoOutcome<EventContext> for Items {
    const IS_ITEMS: bool = true;

    fn into_outcome(self) -> HandlerOutcome {
        self.into_answer()
    }
}

/// What a handler answers an event with: anything that is `Serialize`, or [`Items`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the answer to an event",
    note = "an answer is `Serialize`, or `dondo::Items`"
)]
pub trait IntoAnswer {
    #[doc(hidden)]
    const IS_ITEMS: bool = false;

    #[doc(hidden)]
    fn into_answer(self) -> HandlerOutcome;
}

#[diagnostic::do_not_recommend]
impl<T: Serialize> IntoAnswer for T {
    fn into_answer(self) -> HandlerOutcome {
        HandlerOutcome(match arguments::answer(&self) {
            // Who has nothing to say leaves the answer to others.
            Ok(answer) if answer.args.is_empty() => Ok(None),
            Ok(answer) => Ok(Some(HandlerAnswer::One(answer))),
            Err(error) => Err(error.into()),
        })
    }
}

impl IntoAnswer for Items {
    const IS_ITEMS: bool = true;

    fn into_answer(self) -> HandlerOutcome {
        HandlerOutcome(Ok(Some(HandlerAnswer::Items(self))))
    }
}

impl IntoOutcome<LookupContext> for bool {
    fn into_outcome(self) -> HandlerOutcome {
        let there = self.then_some(None);
        HandlerOutcome(there.or_fail("no_namespace", "it is not there"))
    }
}

#[diagnostic::do_not_recommend]
impl IntoOutcome<LookupContext> for Result<bool> {
    fn into_outcome(self) -> HandlerOutcome {
        match self {
            Ok(there) => there.into_outcome(),
            Err(error) => HandlerOutcome(Err(error)),
        }
    }
}

macro_rules! of_nothing {
    ($($context:ty),*) => {$(
        #[diagnostic::do_not_recommend]
        impl IntoOutcome<$context> for Result<()> {
            fn into_outcome(self) -> HandlerOutcome {
                HandlerOutcome(self.map(|()| None))
            }
        }
    )*};
}

of_nothing!(
    AdmissionContext,
    ConnectContext,
    DisconnectContext,
    EngineContext
);

/// An async function or closure of up to eight [extractors](Extract). What a [`Namespace`](super::Namespace) keeps is shared by the
/// worker threads, so the closure is `Send` and `Sync`; what it does for one client stays on one thread, and need be neither.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no handler",
    note = "a handler is an async function or closure, of up to eight parameters: which \
            there are, and where, stands at `dondo::Extract`"
)]
pub trait Handler<Args>: 'static {
    /// What it comes to.
    type Outcome: 'static;

    #[doc(hidden)]
    fn call_in(
        self: Arc<Self>,
        arguments: Args,
        caller: &dyn Fn() -> BlockingCaller,
    ) -> impl Future<Output = Self::Outcome> + 'static;
}

/// All the parameters of a handler for the context `C`: a tuple of up to eight [extractors](Extract).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the parameters of a handler of this kind"
)]
pub trait Extractors<C>: Sized + 'static {
    #[doc(hidden)]
    fn extract_all(context: &mut C) -> Result<Self>;

    #[doc(hidden)]
    fn needs(needs: &mut Needs);
}

macro_rules! handlers {
    ($(($($argument:ident),*))*) => {$(
        impl<F, R, $($argument),*> Handler<($($argument,)*)> for F
        where
            F: AsyncFn($($argument),*) -> R + 'static,
            R: 'static,
            $($argument: 'static,)*
        {
            type Outcome = R;

            #[allow(non_snake_case, reason = "the arguments have the names of their types")]
            fn call_in(
                self: Arc<Self>,
                arguments: ($($argument,)*),
                _: &dyn Fn() -> BlockingCaller,
            ) -> impl Future<Output = R> + 'static {
                let ($($argument,)*) = arguments;
                async move { self($($argument),*).await }
            }
        }

        impl<C, $($argument: Extract<C>),*> Extractors<C> for ($($argument,)*) {
            #[allow(unused_variables, clippy::unused_unit, reason = "a handler without arguments takes nothing")]
            fn extract_all(context: &mut C) -> Result<Self> {
                Ok(($($argument::extract(context)?,)*))
            }

            #[allow(unused_variables, reason = "a handler without arguments needs nothing")]
            fn needs(needs: &mut Needs) {
                $($argument::needs(needs);)*
            }
        }
    )*};
}

handlers! {
    () (A1) (A1, A2) (A1, A2, A3) (A1, A2, A3, A4) (A1, A2, A3, A4, A5) (A1, A2, A3, A4, A5, A6)
    (A1, A2, A3, A4, A5, A6, A7) (A1, A2, A3, A4, A5, A6, A7, A8)
}

type LocalCall<C> = dyn Fn(&mut C) -> Result<Running>;
type SharedCall<C> = dyn Fn(&mut C) -> Result<Running> + Send + Sync;

/// What of an event comes in items where a handler has it.
#[derive(Clone, Copy, Default)]
pub(super) struct HandlerStreams {
    /// Streams of the client's that it takes.
    pub(super) taken: usize,
    /// Its answer does.
    pub(super) answers: bool,
}

impl HandlerStreams {
    fn of<C, A: Extractors<C>, O: IntoOutcome<C>>() -> Self {
        let mut needs = Needs::default();
        A::needs(&mut needs);
        Self {
            taken: needs.incoming,
            answers: O::IS_ITEMS,
        }
    }

    /// Those of several handlers of one event.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            taken: self.taken + other.taken,
            answers: self.answers || other.answers,
        }
    }
}

/// A handler as a namespace keeps it, shared by the worker threads.
pub(super) struct Shared<C> {
    label: HandlerLabel,
    streams: HandlerStreams,
    call: Box<SharedCall<C>>,
}

impl Shared<EngineContext> {
    /// As what runs when a client has come in.
    pub(super) fn on_connect(self) -> Shared<ConnectContext> {
        let Self {
            label,
            streams,
            call,
        } = self;
        let call = Box::new(move |context: &mut ConnectContext| {
            let socket = context.socket.clone();
            call(&mut EngineContext { socket })
        });
        Shared {
            label,
            streams,
            call,
        }
    }
}

/// A handler as a socket keeps it, on its thread.
pub(super) struct Local<C> {
    label: HandlerLabel,
    streams: HandlerStreams,
    call: Rc<LocalCall<C>>,
}

impl<C> Clone for Local<C> {
    fn clone(&self) -> Self {
        Self {
            label: self.label,
            streams: self.streams,
            call: self.call.clone(),
        }
    }
}

/// A handler, whoever keeps it.
pub(super) struct HandlerRef<'a, C> {
    label: HandlerLabel,
    pub(super) streams: HandlerStreams,
    call: &'a LocalCall<C>,
}

impl<'a, C> From<&'a Shared<C>> for HandlerRef<'a, C> {
    fn from(shared: &'a Shared<C>) -> Self {
        Self {
            label: shared.label,
            streams: shared.streams,
            call: &*shared.call,
        }
    }
}

impl<'a, C> From<&'a Local<C>> for HandlerRef<'a, C> {
    fn from(local: &'a Local<C>) -> Self {
        Self {
            label: local.label,
            streams: local.streams,
            call: &*local.call,
        }
    }
}

pub(super) fn shared<C, A, H>(label: HandlerLabel, handler: H) -> Shared<C>
where
    C: Context,
    A: Extractors<C>,
    H: Handler<A, Outcome: IntoOutcome<C>> + Send + Sync,
{
    let handler = Arc::new(handler);
    let call = Box::new(move |context: &mut C| called(&handler, context));
    Shared {
        label,
        streams: HandlerStreams::of::<C, A, H::Outcome>(),
        call,
    }
}

pub(super) fn local<C, A, H>(label: HandlerLabel, handler: H) -> Local<C>
where
    C: Context,
    A: Extractors<C>,
    H: Handler<A, Outcome: IntoOutcome<C>>,
{
    let handler = Arc::new(handler);
    let call = Rc::new(move |context: &mut C| called(&handler, context));
    Local {
        label,
        streams: HandlerStreams::of::<C, A, H::Outcome>(),
        call,
    }
}

fn called<C, A, H>(handler: &Arc<H>, context: &mut C) -> Result<Running>
where
    C: Context,
    A: Extractors<C>,
    H: Handler<A, Outcome: IntoOutcome<C>>,
{
    let arguments = A::extract_all(context)?;
    let handled = handler
        .clone()
        .call_in(arguments, &|| context.blocking_caller());
    Ok(Box::pin(async move { handled.await.into_outcome() }))
}

/// What is left of a handler that has to wait.
pub(super) type HandlerRest = WatchedHandler<Running>;

/// Starts a handler and runs it to its first wait: what it came to, or the rest.
pub(super) fn start<'a, C: 'a>(
    handler: impl Into<HandlerRef<'a, C>>,
    context: &mut C,
) -> std::result::Result<Result<Option<HandlerAnswer>>, HandlerRest> {
    let HandlerRef { label, call, .. } = handler.into();
    match label.watch(|| call(context).map(polled_once)) {
        Ok(Ok(HandlerOutcome(outcome))) => Ok(outcome),
        Ok(Err(future)) => Err(WatchedHandler { label, future }),
        Err(error) => Ok(Err(error)),
    }
}
