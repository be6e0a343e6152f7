//! What can go wrong: one error for what handlers come to, and one for each question that a host asks.
//! Knows no wire: what of it a client may read is decided where it is sent.

mod ack;

use std::{borrow::Cow, error, fmt, io, sync::Arc};

use dondo_actors::error::{AskShare, JoinError, NotifyError as DeliveryError, RoomAskError, Veto};
use serde::Serialize;

pub use self::ack::AckError;

/// What a handler comes to that has nothing else to return.
pub type Result<T = (), E = Error> = std::result::Result<T, E>;

/// Why a handler, or a middleware, did not do what was asked of it. Every `std::error::Error` that is `Send` and `Sync` turns into one
/// by `?`: those of dondo that a client can do something about have a code, of others the client reads `internal` and the log the
/// text. A text, a `Box<dyn Error>` and an `anyhow::Error` are no such errors: [`Error::internal`] takes them. It is itself none, either.
///
/// ```
/// fn stock() -> Result<u32, Box<dyn std::error::Error>> {
///     Ok("7".parse()?)
/// }
///
/// fn left() -> dondo::Result<u32> {
///     let stock = stock().map_err(dondo::Error::internal)?;
///     stock.checked_sub(7).ok_or_else(|| dondo::Error::internal("the stock was counted wrong"))
/// }
/// # assert_eq!(left().unwrap(), 0);
/// ```
///
/// ```
/// use dondo::{Error, OrFail, Result};
///
/// fn seat(taken: Option<u8>) -> Result<u8> {
///     let seat = taken.or_fail("missing_room", "join a room first")?;
///     match seat {
///         0 => Err(Error::new("room_full", "two play here").with_data(2)),
///         seat => Ok(seat),
///     }
/// }
/// # assert_eq!(seat(Some(0)).unwrap_err().code(), "room_full");
/// # assert_eq!(seat(None).unwrap_err().code(), "missing_room");
/// ```
pub struct Error(Box<ErrorParts>);

struct ErrorParts {
    code: Cow<'static, str>,
    message: Cow<'static, str>,
    /// A JSON text.
    data: Option<String>,
    log: LogAs,
}

/// What the log says of an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum LogAs {
    /// Nothing: it is the client's.
    Nothing,
    /// The client sent other arguments than the handler takes.
    Unreadable,
    /// This text, which the client does not read.
    Failure(String),
}

/// What the client reads of an error that is not for it.
pub(super) const FAILED: &str = "the server's handler failed";

impl Error {
    /// An error for the client: a code for its program, words for whoever writes that.
    pub fn new(code: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(ErrorParts {
            code: code.into(),
            message: message.into(),
            data: None,
            log: LogAs::Nothing,
        }))
    }

    /// With further data for the client. Data that cannot be written as JSON are left out, and the log says so. Where a
    /// middleware refuses a client, that reads these alone as its error's `data`, as with Node's servers; without any it reads
    /// `{"code": …}`.
    #[must_use]
    pub fn with_data(mut self, data: impl Serialize) -> Self {
        match serde_json::to_string(&data) {
            Ok(data) => self.0.data = Some(data),
            Err(why) => {
                log::warn!(
                    "the data of the error {:?} cannot be written: {why}",
                    self.0.code
                );
            }
        }
        self
    }

    /// The code that the client reads.
    pub fn code(&self) -> &str {
        &self.0.code
    }

    /// The words that the client reads.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// An error whose text goes to the log alone: the client reads the code `internal`, and that the server's handler failed.
    pub fn internal(text: impl fmt::Display) -> Self {
        let mut error = Self::new("internal", FAILED);
        error.0.log = LogAs::Failure(text.to_string());
        error
    }

    /// A JSON text.
    pub(super) fn data(&self) -> Option<&str> {
        self.0.data.as_deref()
    }

    pub(super) fn log(&self) -> &LogAs {
        &self.0.log
    }

    /// What a room's script said.
    fn vetoed(veto: &Veto) -> Self {
        let mut error = Self::new(veto.code.to_string(), veto.message.to_string());
        error.0.data = veto.data.as_deref().map(str::to_owned);
        error
    }

    fn of(error: &(dyn error::Error + 'static)) -> Self {
        if let Some(bad) = error.downcast_ref::<BadArguments>() {
            let mut error = Self::new("bad_payload", bad.to_string());
            error.0.log = LogAs::Unreadable;
            return error;
        }
        if let Some(veto) = veto(error) {
            return Self::vetoed(veto);
        }
        match code(error) {
            Some(code) => Self::new(code, error.to_string()),
            None => Self::internal(error),
        }
    }
}

fn veto<'a>(error: &'a (dyn error::Error + 'static)) -> Option<&'a Veto> {
    let join = error.downcast_ref().and_then(|join| match join {
        JoinError::Vetoed(veto) => Some(veto),
        _ => None,
    });
    let delivery = error.downcast_ref().and_then(|delivery| match delivery {
        DeliveryError::Vetoed(veto) => Some(veto),
        _ => None,
    });
    let ask = error.downcast_ref().and_then(|ask| match ask {
        RoomAskError::Vetoed(veto) => Some(veto),
        _ => None,
    });
    join.or(delivery).or(ask).or(error.downcast_ref())
}

/// As whoever asked reads it.
impl From<Error> for Veto {
    fn from(error: Error) -> Self {
        Self {
            code: error.code().into(),
            message: error.message().into(),
            data: error.data().map(Into::into),
        }
    }
}

/// The code of an error that the client may read as it is.
fn code(error: &(dyn error::Error + 'static)) -> Option<&'static str> {
    if let Some(join) = error.downcast_ref::<JoinError>() {
        return match join {
            JoinError::Full { .. } => Some("room_full"),
            JoinError::AddressHigh => Some("limit_reached"),
            _ => None,
        };
    }
    if let Some(ack) = error.downcast_ref::<AckError>() {
        return match ack {
            AckError::TimedOut => Some("timed_out"),
            AckError::Disconnected => Some("disconnected"),
            _ => None,
        };
    }
    match error.downcast_ref() {
        Some(EmitError::Disconnected) => return Some("disconnected"),
        Some(EmitError::TooManyAsked(_)) => return Some("too_many_asked"),
        _ => {}
    }
    if error.is::<UnknownScript>() || error.downcast_ref() == Some(&RoomAskError::NoRoom) {
        return Some("unknown_room");
    }
    error
        .is::<UnknownNamespace>()
        .then_some("unknown_namespace")
}

/// Shows the code and the words, and nothing of the data.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("code", &self.0.code)
            .field("message", &self.0.message)
            .field("log", &self.0.log)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.log {
            LogAs::Failure(text) => write!(f, "{}: {text}", self.0.code),
            _ => write!(f, "{}: {}", self.0.code, self.0.message),
        }
    }
}

impl<E: error::Error + Send + Sync + 'static> From<E> for Error {
    fn from(error: E) -> Self {
        Self::of(&error)
    }
}

/// Turns what is missing, or any error, into one that the client reads.
pub trait OrFail<T> {
    /// The value, or an [`Error`] with this code and these words.
    ///
    /// # Errors
    /// There is no value.
    fn or_fail(
        self,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Result<T>;
}

impl<T> OrFail<T> for Option<T> {
    fn or_fail(
        self,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Result<T> {
        self.ok_or_else(|| Error::new(code, message))
    }
}

impl<T, E: fmt::Debug> OrFail<T> for std::result::Result<T, E> {
    fn or_fail(
        self,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Result<T> {
        self.map_err(|_| Error::new(code, message))
    }
}

/// Arguments that are not what a handler takes; the text says why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadArguments(String);

impl BadArguments {
    /// For an [`Extract`](super::Extract) of the host's own; the client reads the text.
    pub fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}

impl fmt::Display for BadArguments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl error::Error for BadArguments {}

/// The namespace is not served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownNamespace(pub(super) Arc<str>);

/// Rooms of this name have no script of the type that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownScript(pub(super) Arc<str>);

/// Why data did not become an event.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EmitError {
    /// It cannot be written as JSON; the serializer's words.
    Unwritable(String),
    /// Too much of what this socket, or the handles of this hub, said still waits to be sent: wait for a
    /// [`Delivery`](super::Delivery), or a [`RemoteDelivery`](super::RemoteDelivery), now and then. Through a
    /// [`Connecting`](super::Connecting), as much as its client can be told when it comes in.
    Full,
    /// Too much that was asked of many still waits for answers; whose places are taken. The client reads `too_many_asked`.
    TooManyAsked(AskShare),
    /// The client is gone: a loop ends here. Who has other things to do goes on.
    Disconnected,
    /// It was said through a [`Connecting`](super::Connecting) when it was decided whether the client comes in: say it through its
    /// [`Socket`](super::Socket).
    Decided,
    /// One call of a room's script asks for more than it may: nothing of the call happens.
    Overrun,
    /// The event's name belongs to the client libraries.
    ReservedName(Arc<str>),
    /// There is a placeholder in it, and no blob for that: read blobs as [`Blob`](super::Blob) or
    /// [`Value`](super::Value), or pass on all [`Arguments`](super::Arguments).
    BlobLost,
}

impl fmt::Display for UnknownNamespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the namespace {} is not served: give it to Builder::namespace, or add it to the setting namespaces",
            self.0
        )
    }
}

impl fmt::Display for EmitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => f.write_str("too much that was said before waits to be sent"),
            Self::TooManyAsked(whose) => whose.fmt(f),
            Self::Disconnected => f.write_str("the client is gone"),
            Self::Decided => f.write_str(
                "it is decided whether the client comes in: say it through its socket",
            ),
            Self::Overrun => f.write_str("one call of a room's script asks for more than it may"),
            Self::Unwritable(why) => write!(f, "the data cannot be written as JSON: {why}"),
            Self::BlobLost => f.write_str(
                "the data has a placeholder of an attachment that it was read without: take it as dondo::Value",
            ),
            Self::ReservedName(name) => {
                write!(
                    f,
                    "the event name {name} is reserved for the client libraries"
                )
            }
        }
    }
}

impl fmt::Display for UnknownScript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the room {} has no such script", self.0)
    }
}

impl error::Error for UnknownScript {}
impl error::Error for UnknownNamespace {}
impl error::Error for EmitError {}

/// For a `main` that returns one.
impl From<UnknownNamespace> for io::Error {
    fn from(error: UnknownNamespace) -> Self {
        Self::other(error)
    }
}

#[cfg(test)]
mod tests {
    use dondo_actors::error::LogError;

    use super::*;

    /// A `?` that does not compile where a host has one of these, or a script's refusal that its client reads as `internal`.
    #[test]
    fn what_an_error_of_the_face_has_in_it_is_an_error_too() {
        let veto = Veto {
            code: "too_late".into(),
            message: "a question is being asked".into(),
            data: None,
        };
        assert_eq!(Error::from(veto).code(), "too_late");
        assert_eq!(Error::from(LogError::Unavailable).code(), "internal");
    }
}
