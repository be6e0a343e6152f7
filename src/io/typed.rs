//! Typed events: a struct that knows its event's name and what it is answered with, and enums of such.
//! Knows no wire: a typed event is data like others, but that a tuple struct is several arguments.

mod hearing;
mod saying;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{DeserializeOwned, Visitor},
};

pub use self::{
    hearing::{AnswersEvent, AnswersEvents, EventAnswer, EventParameters},
    saying::EmitEvents,
};
use super::{context::EventContext, error::Result, shape::EVENT};

/// An event by its type: `#[derive(Event)]` with `#[event("say", ack = Delivered)]`. It is heard by
/// [`Namespace::on_event`](crate::Namespace::on_event) where it is `Deserialize`, and said by `emit_event` where it is `Serialize`.
///
/// A struct with fields is one argument, an object; a tuple struct of several fields is as many arguments, of one field that
/// one; a unit struct is none.
///
/// ```
/// use dondo::{Event, Namespace, Socket};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Deserialize, Event)]
/// #[event("say", ack = Delivered)]
/// struct Say {
///     room: String,
///     text: String,
/// }
///
/// #[derive(Serialize)]
/// struct Delivered {
///     seen: usize,
/// }
///
/// /// Who it was, and what.
/// #[derive(Serialize, Event)]
/// #[event("said")]
/// struct Said(String, String);
///
/// let chat = Namespace::new("/chat").on_event(async |say: Say, socket: Socket| {
///     let said = Said(socket.id().to_string(), say.text);
///     let told = socket.to(&say.room).emit_event(said)?.await?;
///     Ok(Delivered { seen: told.recipients })
/// });
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no event",
    note = "an event is a struct with `#[derive(dondo::Event)]` and its name: `#[event(\"say\")]`"
)]
pub trait Event: Sized {
    /// The event's name.
    const NAME: &'static str;

    #[doc(hidden)]
    const ARGUMENTS: EventArguments = EventArguments::One;

    /// What it is answered with: `ack = …`, or `()`.
    type Ack;

    /// The answer to this event, in a handler of several: see [`Namespace::on_events`](crate::Namespace::on_events).
    fn answer(ack: Self::Ack) -> EventAnswer
    where
        Self::Ack: Serialize,
    {
        EventAnswer::new(Self::NAME, &ack)
    }
}

/// One of several events: an enum with `#[derive(Events)]`, each of whose variants holds an [`Event`]. A single event is one of one.
///
/// ```
/// # use dondo::{Event, Events, NamespaceHandle};
/// # use serde::Serialize;
/// # #[derive(Serialize, Event)]
/// # #[event("said")]
/// # struct Said(String);
/// # #[derive(Serialize, Event)]
/// # #[event("moved")]
/// # struct Moved(u32, u32);
/// /// All that a client of this namespace hears.
/// #[derive(Events)]
/// enum ToClient {
///     Said(Said),
///     Moved(Moved),
/// }
///
/// fn tell(chat: &NamespaceHandle, what: ToClient) -> dondo::Result {
///     chat.to("lobby").emit_event(what)?;
///     Ok(())
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no event",
    label = "no typed event, nor an enum of such",
    note = "an event is a struct with `#[derive(dondo::Event)]` and its name: `#[event(\"say\")]`; several are an enum with \
            `#[derive(dondo::Events)]`"
)]
pub trait Events: Sized {
    #[doc(hidden)]
    type OneOf;

    #[doc(hidden)]
    fn into_one(self) -> Self::OneOf;

    #[doc(hidden)]
    fn from_one(one: Self::OneOf) -> Self;
}

#[diagnostic::do_not_recommend]
impl<E: Event> Events for E {
    type OneOf = OneOf<E, Never>;

    fn into_one(self) -> Self::OneOf {
        OneOf::This(self)
    }

    fn from_one(one: Self::OneOf) -> Self {
        match one {
            OneOf::This(event) => event,
            OneOf::Other(never) => match never {},
        }
    }
}

/// How many arguments an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventArguments {
    /// `[]`
    None,
    /// `[event]`
    One,
    /// `[event.0, event.1, …]`
    Several,
}

/// A list of events, one of which is there: what traits for enums of events are implemented for.
#[derive(Clone, Debug)]
pub enum OneOf<E, Others> {
    /// The first of the list.
    This(E),
    /// One of the others.
    Other(Others),
}

/// The end of a list of events.
#[derive(Clone, Debug)]
pub enum Never {}

/// Refuses a list in which two events have one name, when it is compiled.
pub const fn assert_distinct(names: &[&str]) {
    let mut one = 0;
    while one < names.len() {
        let mut other = 0;
        while other < one {
            assert!(
                !is_same(names[one].as_bytes(), names[other].as_bytes()),
                "two events of an enum have one name"
            );
            other += 1;
        }
        one += 1;
    }
}

const fn is_same(one: &[u8], other: &[u8]) -> bool {
    let mut place = 0;
    while place < one.len() && place < other.len() && one[place] == other[place] {
        place += 1;
    }
    place == one.len() && place == other.len()
}

/// A list whose events can be heard.
pub trait HeardEvents: Sized {
    #[doc(hidden)]
    fn names() -> Vec<&'static str>;

    #[doc(hidden)]
    fn read(name: &str, context: &mut EventContext) -> Result<Self>;
}

impl<E: Event + DeserializeOwned, Others: HeardEvents> HeardEvents for OneOf<E, Others> {
    fn names() -> Vec<&'static str> {
        let mut names = Others::names();
        names.insert(0, E::NAME);
        names
    }

    fn read(name: &str, context: &mut EventContext) -> Result<Self> {
        if name != E::NAME {
            return Others::read(name, context).map(Self::Other);
        }
        let EventData(event) = context.next_data()?;
        Ok(Self::This(event))
    }
}

impl HeardEvents for Never {
    fn names() -> Vec<&'static str> {
        Vec::new()
    }

    fn read(name: &str, _: &mut EventContext) -> Result<Self> {
        let text = format_args!("the event {name:?} is none of its handler's");
        Err(super::Error::internal(text))
    }
}

/// A list whose events can be said.
pub trait SaidEvents: Serialize {
    #[doc(hidden)]
    fn name(&self) -> &'static str;
}

impl<E: Event + Serialize, Others: SaidEvents> SaidEvents for OneOf<E, Others> {
    fn name(&self) -> &'static str {
        match self {
            Self::This(_) => E::NAME,
            Self::Other(others) => others.name(),
        }
    }
}

impl SaidEvents for Never {
    fn name(&self) -> &'static str {
        match *self {}
    }
}

impl<E: Serialize, Others: Serialize> Serialize for OneOf<E, Others> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::This(event) => serializer.serialize_newtype_struct(EVENT, event),
            Self::Other(others) => others.serialize(serializer),
        }
    }
}

impl Serialize for Never {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        match *self {}
    }
}

/// An event as it is read from arguments.
struct EventData<E>(E);

impl<'de, E: Deserialize<'de>> Deserialize<'de> for EventData<E> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Inner<E>(std::marker::PhantomData<E>);

        impl<'de, E: Deserialize<'de>> Visitor<'de> for Inner<E> {
            type Value = E;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("the arguments of an event")
            }

            fn visit_newtype_struct<D: Deserializer<'de>>(
                self,
                deserializer: D,
            ) -> Result<E, D::Error> {
                E::deserialize(deserializer)
            }
        }

        let inner = Inner(std::marker::PhantomData);
        let event = deserializer.deserialize_newtype_struct(EVENT, inner)?;
        Ok(Self(event))
    }
}
