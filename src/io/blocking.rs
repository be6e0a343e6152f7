//! Handlers that block: on a thread of their own.

use std::sync::Arc;

use super::{
    error::{Error, Result},
    handler::Handler,
};

/// Makes a handler of a function that blocks, or computes for long: it runs on a thread of tokio's pool, and nobody waits for it but
/// the event's own ack. Its parameters are extractors that may go there: not [`Socket`](super::Socket), nor
/// [`Ack`](super::Ack). It runs to its end also where the client goes.
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
pub fn blocking<F, Args>(function: F) -> Blocking<F, Args> {
    Blocking(Arc::new(function), std::marker::PhantomData)
}

/// A handler that [`blocking`] made.
pub struct Blocking<F, Args>(Arc<F>, std::marker::PhantomData<fn() -> Args>);

impl<F, Args> std::fmt::Debug for Blocking<F, Args> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Blocking")
    }
}

macro_rules! blocking_handlers {
    ($(($($argument:ident),*))*) => {$(
        impl<F, T, $($argument),*> Handler<($($argument,)*)> for Blocking<F, ($($argument,)*)>
        where
            F: Fn($($argument),*) -> Result<T> + Send + Sync + 'static,
            T: Send + 'static,
            $($argument: Send + 'static,)*
        {
            type Outcome = Result<T>;

            #[allow(non_snake_case, reason = "the arguments have the names of their types")]
            async fn call(self: Arc<Self>, arguments: ($($argument,)*)) -> Result<T> {
                let function = self.0.clone();
                let ($($argument,)*) = arguments;
                let done = tokio::task::spawn_blocking(move || function($($argument),*));
                match done.await {
                    Ok(outcome) => outcome,
                    Err(error) => match error.try_into_panic() {
                        Ok(panic) => std::panic::resume_unwind(panic),
                        Err(error) => Err(Error::internal(error)),
                    },
                }
            }
        }
    )*};
}

blocking_handlers! {
    () (A1) (A1, A2) (A1, A2, A3) (A1, A2, A3, A4) (A1, A2, A3, A4, A5) (A1, A2, A3, A4, A5, A6)
    (A1, A2, A3, A4, A5, A6, A7) (A1, A2, A3, A4, A5, A6, A7, A8)
}
