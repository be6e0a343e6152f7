//! Handlers that block: on a thread of their own.

use std::sync::Arc;

use dondo_actors::observing::Observing;

use super::{
    blocking_function::{BlockingFunction, BlockingOutcome},
    blocking_places::BlockingCaller,
    error::{Error, Result},
    handler::Handler,
    observer::Observer,
};

/// Makes a handler of a function that blocks, or computes for long: it runs on a thread of tokio's pool, and nobody waits for it but
/// the event's own ack. Its parameters are extractors that may go there: not [`Socket`](super::Socket), nor
/// [`Ack`](super::Ack).
///
/// So many run at once that nobody waits for what others block: 4 of one client in a namespace, 8 of all clients of an account, and
/// 16 of all clients of a worker. Those without an account, and those that are not in yet, have the 8 of their address, which of
/// IPv6 is its network of 64 bits. The others wait in order, and hold no thread; the rest of the worker's pool is the host's, as for
/// [`web::block`](actix_web::web::block), by which a login blocks, too. On machines with more than 16 processors, whose
/// workers have fewer threads each, it is half of actix-web's default pool, half of that, and half again. A host that gives its
/// workers other pools (`worker_max_blocking_threads`) leaves more than 16 threads.
///
/// What has begun runs to its end, also where the client goes; what has not begun when its client goes does not begin, but for
/// handlers of its end.
///
/// ```
/// use dondo::{Data, Namespace, State, blocking};
///
/// struct Archive;
///
/// impl Archive {
///     fn search(&self, words: &str) -> std::io::Result<Vec<String>> {
///         # Ok(vec![words.to_owned()])
///     }
/// }
///
/// let root = Namespace::new("/").on(
///     "search",
///     blocking(|Data(words): Data<String>, archive: State<Archive>| Ok(archive.search(&words)?)),
/// );
/// ```
pub fn blocking<F, Args>(function: F) -> Blocking<F, Args>
where
    F: BlockingFunction<Args, Outcome: BlockingOutcome>,
{
    Blocking(Arc::new(function), std::marker::PhantomData)
}

/// A handler that [`blocking`] made.
pub struct Blocking<F, Args>(Arc<F>, std::marker::PhantomData<fn() -> Args>);

impl<F, Args> std::fmt::Debug for Blocking<F, Args> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Blocking")
    }
}

/// Runs it on a thread of the pool when there is a place.
async fn run<T: Send + 'static>(
    caller: BlockingCaller,
    function: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let Some(place) = caller.place().await else {
        return Err(Error::new("disconnected", "the client is gone"));
    };
    let done = tokio::task::spawn_blocking(move || {
        // It goes on where nobody waits for it any more.
        let _place = place;
        function()
    });
    match done.await {
        Ok(outcome) => outcome,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(error) => Err(Error::internal(error)),
        },
    }
}

impl<F, Args> Handler<Args> for Blocking<F, Args>
where
    F: BlockingFunction<Args, Outcome: BlockingOutcome>,
    Args: Send + 'static,
{
    type Outcome = Result<<F::Outcome as BlockingOutcome>::Value>;

    fn call_in(
        self: Arc<Self>,
        arguments: Args,
        caller: &dyn Fn() -> BlockingCaller,
    ) -> impl Future<Output = Self::Outcome> + 'static {
        let function = self.0.clone();
        let observing = Observing::now();
        run(caller(), move || {
            observing.run(|| function.run(arguments).into_result())
        })
    }
}

impl<F, Args> Observer<Args> for Blocking<F, Args>
where
    F: BlockingFunction<Args, Outcome: BlockingOutcome>,
    Args: Send + 'static,
{
}
