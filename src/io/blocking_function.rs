//! What a function that blocks is: its parameters, and what it may come to.

use super::error::{Error, Result};

/// A function or closure for [`blocking`](super::blocking()), not an async one, of up to eight [extractors](super::Extract) that may
/// go to another thread.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no function for `dondo::blocking`",
    note = "a function of `dondo::blocking` runs on a thread of its own, where no socket and no ack may go: it is a function or closure \
            of up to eight parameters that are `Send`, and so is what it holds, which is `Sync`, too"
)]
pub trait BlockingFunction<Args>: Send + Sync + 'static {
    /// What it comes to.
    type Outcome;

    #[doc(hidden)]
    fn run(&self, arguments: Args) -> Self::Outcome;
}

/// What a function for [`blocking`](super::blocking()) may come to: a [`Result`] of something that may leave its thread.
#[diagnostic::on_unimplemented(
    message = "a function of `dondo::blocking` cannot come to `{Self}`",
    note = "it comes to `dondo::Result<T>`, like `Ok(())`; an error turns into `dondo::Error` by `?`, and a text or a `Box<dyn Error>`, \
            which are none, by `map_err(dondo::Error::internal)`",
    note = "it is no async function: while it runs it has its thread"
)]
pub trait BlockingOutcome {
    /// What it is if it does not fail.
    type Value: Send + 'static;

    #[doc(hidden)]
    fn into_result(self) -> Result<Self::Value>;
}

#[diagnostic::do_not_recommend]
impl<T: Send + 'static> BlockingOutcome for Result<T, Error> {
    type Value = T;

    fn into_result(self) -> Result<T> {
        self
    }
}

macro_rules! blocking_functions {
    ($(($($argument:ident),*))*) => {$(
        #[diagnostic::do_not_recommend]
        impl<F, R, $($argument),*> BlockingFunction<($($argument,)*)> for F
        where
            F: Fn($($argument),*) -> R + Send + Sync + 'static,
            $($argument: Send + 'static,)*
        {
            type Outcome = R;

            #[allow(non_snake_case, reason = "the arguments have the names of their types")]
            fn run(&self, arguments: ($($argument,)*)) -> R {
                let ($($argument,)*) = arguments;
                self($($argument),*)
            }
        }
    )*};
}

blocking_functions! {
    () (A1) (A1, A2) (A1, A2, A3) (A1, A2, A3, A4) (A1, A2, A3, A4, A5) (A1, A2, A3, A4, A5, A6)
    (A1, A2, A3, A4, A5, A6, A7) (A1, A2, A3, A4, A5, A6, A7, A8)
}
