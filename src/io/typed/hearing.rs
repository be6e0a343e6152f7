//! Handlers of typed events, on the namespace's and on a socket's side: the first parameter says which events they are.

use std::sync::Arc;

use serde::Serialize;

use super::{
    super::{
        Error, ListenerId, Namespace, Socket,
        blocking_places::BlockingCaller,
        context::EventContext,
        error::Result,
        extract::{Extract, Needs},
        handler::{Extractors, Handler, HandlerOutcome, IntoOutcome},
    },
    Event, Events, HeardEvents, Never, OneOf,
};

/// The parameters of a handler of typed events: a tuple of an [`Event`], or an enum of [`Events`], and up to seven
/// [extractors](Extract).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the parameters of a handler of typed events",
    note = "the first is the event, a struct with `#[derive(dondo::Event)]`, or an enum of `#[derive(dondo::Events)]`; behind \
            it are up to seven extractors, as in other handlers"
)]
pub trait EventParameters: Sized + 'static {
    /// The first one: which events they are.
    type Events: Events;

    #[doc(hidden)]
    fn names() -> Vec<&'static str>;

    #[doc(hidden)]
    fn extract_all(context: &mut EventContext) -> Result<Self>;

    #[doc(hidden)]
    fn needs(needs: &mut Needs);
}

macro_rules! event_parameters {
    ($(($($argument:ident),*))*) => {$(
        impl<E, $($argument),*> EventParameters for (E, $($argument,)*)
        where
            E: Events<OneOf: HeardEvents> + 'static,
            $($argument: Extract<EventContext>,)*
        {
            type Events = E;

            fn names() -> Vec<&'static str> {
                E::OneOf::names()
            }

            fn extract_all(context: &mut EventContext) -> Result<Self> {
                let name = context.name.clone();
                let event = E::from_one(E::OneOf::read(&name, context)?);
                Ok((event, $($argument::extract(context)?,)*))
            }

            #[allow(unused_variables, reason = "an event alone needs nothing")]
            fn needs(needs: &mut Needs) {
                $($argument::needs(needs);)*
            }
        }
    )*};
}

event_parameters! {
    () (A1) (A1, A2) (A1, A2, A3) (A1, A2, A3, A4) (A1, A2, A3, A4, A5) (A1, A2, A3, A4, A5, A6)
    (A1, A2, A3, A4, A5, A6, A7)
}

/// What a handler of the event `E` may come to: a [`Result`] of its ack, or nothing where it has none.
#[diagnostic::on_unimplemented(
    message = "a handler of the event `{E}` cannot come to `{Self}`",
    note = "it comes to `dondo::Result` of what `#[event(…, ack = …)]` says, which is `Serialize`, or to `()` where that says \
            nothing; any other error turns into `dondo::Error` by `?`"
)]
pub trait AnswersEvent<E> {
    #[doc(hidden)]
    fn outcome(self) -> HandlerOutcome;
}

impl<E: Event<Ack = ()>> AnswersEvent<E> for () {
    fn outcome(self) -> HandlerOutcome {
        HandlerOutcome(Ok(None))
    }
}

#[diagnostic::do_not_recommend]
impl<T: Serialize, E: Event<Ack = T>> AnswersEvent<E> for Result<T> {
    fn outcome(self) -> HandlerOutcome {
        self.into_outcome()
    }
}

/// What a handler of several events may come to: a [`Result`] of an [`EventAnswer`], or nothing where none of them has an ack.
#[diagnostic::on_unimplemented(
    message = "a handler of the events `{E}` cannot come to `{Self}`",
    note = "it comes to `dondo::Result<EventAnswer>`, which `Say::answer(…)` gives for an event `Say`, or to `()` or \
            `dondo::Result` where none of the events has an ack; any other error turns into `dondo::Error` by `?`"
)]
pub trait AnswersEvents<E> {
    #[doc(hidden)]
    fn outcome(self, name: &str) -> HandlerOutcome;
}

impl<E: Events<OneOf: WithoutAcks>> AnswersEvents<E> for () {
    fn outcome(self, _: &str) -> HandlerOutcome {
        HandlerOutcome(Ok(None))
    }
}

#[diagnostic::do_not_recommend]
impl<E: Events, T: AnswerOf<E>> AnswersEvents<E> for Result<T> {
    fn outcome(self, name: &str) -> HandlerOutcome {
        match self {
            Ok(answer) => answer.to(name),
            Err(error) => HandlerOutcome(Err(error)),
        }
    }
}

/// What a handler of several events returns. One implementation of [`AnswersEvents`] for a `Result` lets the compiler find its error.
pub trait AnswerOf<E> {
    #[doc(hidden)]
    fn to(self, name: &str) -> HandlerOutcome;
}

impl<E: Events<OneOf: WithoutAcks>> AnswerOf<E> for () {
    fn to(self, _: &str) -> HandlerOutcome {
        HandlerOutcome(Ok(None))
    }
}

impl<E: Events> AnswerOf<E> for EventAnswer {
    fn to(self, name: &str) -> HandlerOutcome {
        match self.event == name {
            true => self.outcome,
            false => HandlerOutcome(Err(Error::internal(format_args!(
                "the handler of {name:?} gave the answer to {:?}",
                self.event
            )))),
        }
    }
}

/// A list of events none of which has an ack.
#[diagnostic::on_unimplemented(message = "some of the events have an ack")]
pub trait WithoutAcks {}

impl WithoutAcks for Never {}

impl<E: Event<Ack = ()>, Others: WithoutAcks> WithoutAcks for OneOf<E, Others> {}

/// The answer to one of several events: [`Event::answer`] makes it. An answer to another event than the one that came is
/// `internal` to the client and stands in the log.
#[derive(Debug)]
pub struct EventAnswer {
    event: &'static str,
    outcome: HandlerOutcome,
}

impl EventAnswer {
    pub(super) fn new(event: &'static str, ack: &impl Serialize) -> Self {
        Self {
            event,
            outcome: Ok::<_, Error>(ack).into_outcome(),
        }
    }
}

impl Namespace {
    /// Handles the event that its first parameter is, as [`Namespace::on`] does one by its name; the other parameters are extractors. It
    /// returns the event's ack. A client that sends another shape reads `bad_payload`.
    ///
    /// Who answers later keeps to [`Namespace::on`] with an [`Ack`](crate::Ack).
    ///
    /// ```
    /// # use dondo::{Event, Namespace, Socket};
    /// # use serde::Deserialize;
    /// /// Two arguments: `socket.emit("move", 3, 4)`.
    /// #[derive(Deserialize, Event)]
    /// #[event("move")]
    /// struct Move(u32, u32);
    ///
    /// let game = Namespace::new("/game").on_event(async |Move(x, y): Move, socket: Socket| {
    ///     socket.broadcast().emit("moved", (x, y))?;
    ///     Ok(())
    /// });
    /// ```
    pub fn on_event<A: EventParameters<Events: Event>>(
        self,
        handler: impl Handler<A, Outcome: AnswersEvent<A::Events>> + Send + Sync,
    ) -> Self {
        let name = <A::Events as Event>::NAME;
        self.on(name, TypedHandler::one(handler))
    }

    /// Handles each of the events of an enum, which a `match` takes apart: no event is forgotten. The answer to an event `Say` is
    /// [`Say::answer(…)`](Event::answer); where no event has an ack, the handler need not return anything.
    ///
    /// ```
    /// # use dondo::{Event, Events, Namespace, Socket};
    /// # use serde::Deserialize;
    /// # #[derive(Deserialize, Event)]
    /// # #[event("count", ack = usize)]
    /// # struct Count;
    /// # #[derive(Deserialize, Event)]
    /// # #[event("say")]
    /// # struct Say(String);
    /// #[derive(Events)]
    /// enum FromClient {
    ///     Count(Count),
    ///     Say(Say),
    /// }
    ///
    /// let chat = Namespace::new("/chat").on_events(async |event: FromClient, socket: Socket| {
    ///     Ok(match event {
    ///         FromClient::Count(_) => Count::answer(socket.namespace().count().await?),
    ///         FromClient::Say(Say(text)) => {
    ///             socket.broadcast().emit("said", text)?;
    ///             Say::answer(())
    ///         }
    ///     })
    /// });
    /// ```
    pub fn on_events<A: EventParameters>(
        self,
        handler: impl Handler<A, Outcome: AnswersEvents<A::Events>> + Send + Sync,
    ) -> Self {
        let handler = TypedHandler::several(handler);
        let names = A::names().into_iter();
        names.fold(self, |namespace, name| namespace.on(name, handler.clone()))
    }
}

impl Socket {
    /// As [`Socket::on`], for the event that the handler's first parameter is: see [`Namespace::on_event`].
    pub fn on_event<A: EventParameters<Events: Event>>(
        &self,
        handler: impl Handler<A, Outcome: AnswersEvent<A::Events>>,
    ) -> ListenerId {
        let name = <A::Events as Event>::NAME;
        self.on(name, TypedHandler::one(handler))
    }
}

/// A handler of typed events as one of events by name.
struct TypedHandler<H, O> {
    handler: Arc<H>,
    /// What it comes to, as the answer to the event of a name.
    outcome: fn(O, &str) -> HandlerOutcome,
}

impl<H, O> Clone for TypedHandler<H, O> {
    fn clone(&self) -> Self {
        Self {
            handler: self.handler.clone(),
            outcome: self.outcome,
        }
    }
}

impl<H, O> TypedHandler<H, O> {
    fn one<A: EventParameters>(handler: H) -> Self
    where
        H: Handler<A, Outcome = O>,
        O: AnswersEvent<A::Events>,
    {
        Self {
            handler: Arc::new(handler),
            outcome: |outcome, _| outcome.outcome(),
        }
    }

    fn several<A: EventParameters>(handler: H) -> Self
    where
        H: Handler<A, Outcome = O>,
        O: AnswersEvents<A::Events>,
    {
        Self {
            handler: Arc::new(handler),
            outcome: |outcome, name| outcome.outcome(name),
        }
    }
}

/// The parameters of a handler of typed events, and the name of the event.
struct TypedArguments<A> {
    name: Arc<str>,
    parameters: A,
}

impl<A: EventParameters> Extractors<EventContext> for TypedArguments<A> {
    fn extract_all(context: &mut EventContext) -> Result<Self> {
        Ok(Self {
            name: context.name.clone(),
            parameters: A::extract_all(context)?,
        })
    }

    fn needs(needs: &mut Needs) {
        A::needs(needs);
    }
}

impl<A, H, O> Handler<TypedArguments<A>> for TypedHandler<H, O>
where
    A: EventParameters,
    H: Handler<A, Outcome = O>,
    O: 'static,
{
    type Outcome = HandlerOutcome;

    fn call_in(
        self: Arc<Self>,
        arguments: TypedArguments<A>,
        caller: &dyn Fn() -> BlockingCaller,
    ) -> impl Future<Output = HandlerOutcome> + 'static {
        let TypedArguments { name, parameters } = arguments;
        let handled = self.handler.clone().call_in(parameters, caller);
        async move { (self.outcome)(handled.await, &name) }
    }
}
