//! Which handlers may look on at what goes to clients: those of whose words it is known that they are theirs.

use super::handler::Handler;

/// A [`Handler`] that may look on at what goes to clients: what it says is known as its own while it runs. An
/// [`actor`](super::actor()) runs where nobody knows that.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot look on at what goes to clients",
    note = "an observer is an async function or closure, or a function of `dondo::blocking`, of up to eight parameters: which there \
            are, and where, stands at `dondo::Extract`",
    note = "a `dondo::actor` is none: what it says would be observed again, and so on; an async closure may tell it what it is to know"
)]
pub trait Observer<Args>: Handler<Args> {}

macro_rules! observers {
    ($(($($argument:ident),*))*) => {$(
        impl<F, R, $($argument),*> Observer<($($argument,)*)> for F
        where
            F: AsyncFn($($argument),*) -> R + 'static,
            R: 'static,
            $($argument: 'static,)*
        {
        }
    )*};
}

observers! {
    () (A1) (A1, A2) (A1, A2, A3) (A1, A2, A3, A4) (A1, A2, A3, A4, A5) (A1, A2, A3, A4, A5, A6)
    (A1, A2, A3, A4, A5, A6, A7) (A1, A2, A3, A4, A5, A6, A7, A8)
}
