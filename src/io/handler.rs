//! What a handler is: an async function of extractors, and what it may come to.
//! Knows no event and no socket: contexts do, and give each extractor what it takes.

use std::{pin::Pin, rc::Rc, sync::Arc};

use dondo_actors::ports::{Answer, polled_once};
use serde::Serialize;

use super::{
    arguments,
    context::{AdmissionContext, ConnectContext, DisconnectContext, EventContext},
    error::Result,
    extract::{Extract, Needs},
};

/// What a handler came to.
#[derive(Debug)]
pub struct HandlerOutcome(pub(super) Result<Option<Answer>>);

/// A handler that is under way; it stays on its thread.
pub(super) type Running = Pin<Box<dyn Future<Output = HandlerOutcome>>>;

/// What a handler for a context may come to: nothing, or a [`Result`] whose error the client reads, as far as it is for it.
/// What the handler of an event comes to is its answer.
#[diagnostic::on_unimplemented(
    message = "a handler cannot come to `{Self}` here",
    note = "it comes to `()` or to `dondo::Result<T>`: any other error turns into `dondo::Error` by `?`",
    note = "the `T` of an event's handler is `Serialize` and the answer to the event; elsewhere it is `()`"
)]
pub trait IntoOutcome<C> {
    /// The outcome.
    fn into_outcome(self) -> HandlerOutcome;
}

impl<C> IntoOutcome<C> for () {
    fn into_outcome(self) -> HandlerOutcome {
        HandlerOutcome(Ok(None))
    }
}

#[diagnostic::do_not_recommend]
impl<T: Serialize> IntoOutcome<EventContext> for Result<T> {
    fn into_outcome(self) -> HandlerOutcome {
        let answer = self.and_then(|data| Ok(arguments::answer(&data)?));
        // Who has nothing to say leaves the answer to others.
        HandlerOutcome(answer.map(|answer| Some(answer).filter(|answer| !answer.args.is_empty())))
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

of_nothing!(AdmissionContext, ConnectContext, DisconnectContext);

/// An async function or closure of up to eight extractors, for the context `C`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no handler here",
    note = "a handler is an async function or closure of up to eight extractors, such as `Socket` and `Data<T>`, and comes to \
            `()` or to `dondo::Result<T>`",
    note = "which extractors there are, and where, stands at `dondo::Extract`"
)]
pub trait Handler<C, Args>: 'static {
    /// Takes its arguments and starts; the future is the rest.
    #[doc(hidden)]
    fn call(self: &Arc<Self>, context: &mut C) -> Result<Running>;

    /// What its extractors need to be kept or given.
    #[doc(hidden)]
    fn needs(needs: &mut Needs);
}

macro_rules! handlers {
    ($(($($argument:ident),*))*) => {$(
        #[diagnostic::do_not_recommend]
        impl<F, C, R, $($argument),*> Handler<C, ($($argument,)*)> for F
        where
            F: AsyncFn($($argument),*) -> R + 'static,
            R: IntoOutcome<C>,
            $($argument: Extract<C>,)*
        {
            #[allow(unused_variables, non_snake_case, reason = "a handler without arguments takes nothing from the context")]
            fn call(self: &Arc<Self>, context: &mut C) -> Result<Running> {
                let handler = self.clone();
                $(let $argument = $argument::extract(context)?;)*
                Ok(Box::pin(async move { handler($($argument),*).await.into_outcome() }))
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

/// A handler as a namespace keeps it, shared by the worker threads.
pub(super) type Shared<C> = Box<dyn Fn(&mut C) -> Result<Running> + Send + Sync>;

/// A handler as a socket keeps it, on its thread.
pub(super) type Local<C> = Rc<dyn Fn(&mut C) -> Result<Running>>;

pub(super) fn shared<C: 'static, A, H>(handler: H) -> Shared<C>
where
    H: Handler<C, A> + Send + Sync,
{
    let handler = Arc::new(handler);
    Box::new(move |context| handler.call(context))
}

pub(super) fn local<C: 'static, A, H: Handler<C, A>>(handler: H) -> Local<C> {
    let handler = Arc::new(handler);
    Rc::new(move |context| handler.call(context))
}

/// Starts a handler and runs it to its first wait: what it came to, or the rest.
pub(super) fn start<C>(
    handler: &(impl Fn(&mut C) -> Result<Running> + ?Sized),
    context: &mut C,
) -> std::result::Result<Result<Option<Answer>>, Running> {
    match handler(context).map(polled_once) {
        Ok(Ok(HandlerOutcome(outcome))) => Ok(outcome),
        Ok(Err(rest)) => Err(rest),
        Err(error) => Ok(Err(error)),
    }
}
