//! The derives of dondo's typed events. `dondo` re-exports them: nobody names this crate.

mod event;
mod events;

use proc_macro::TokenStream;
use syn::{DeriveInput, Error, parse_macro_input};

/// A struct that is an event: its name, and what it is answered with.
///
/// ```text
/// #[derive(Deserialize, Event)]
/// #[event("say", ack = Delivered)]
/// struct Say {
///     text: String,
/// }
/// ```
///
/// Fields are one argument, an object. A tuple struct of several fields is so many arguments, one of one field that one. A unit
/// struct has none. How they are written and read is serde's.
#[proc_macro_derive(Event, attributes(event))]
pub fn derive_event(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    event::derived(&input)
        .unwrap_or_else(Error::into_compile_error)
        .into()
}

/// An enum of events: each variant holds one of another name.
///
/// ```text
/// #[derive(Events)]
/// enum FromClient {
///     Say(Say),
///     Move(Move),
/// }
/// ```
#[proc_macro_derive(Events)]
pub fn derive_events(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    events::derived(&input)
        .unwrap_or_else(Error::into_compile_error)
        .into()
}
