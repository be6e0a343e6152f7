//! What can go wrong with what a host asks of the embedding API, one type for each question.
//! Knows no wire: what of it a client may read is decided where it is sent.

use std::{error, fmt, io, sync::Arc};

use dondo_actors::error::{JoinError, NotifyError};

/// The namespace is not configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownNamespace(pub(super) Arc<str>);

/// The namespace has a connect handler already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlreadyHandled(pub(super) Arc<str>);

/// Why data did not become an event.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ContentError {
    /// It cannot be written as JSON; the serializer's words.
    Unwritable(String),
    /// The event's name belongs to the client libraries.
    ReservedName(Arc<str>),
    /// There is a placeholder in it, and no blob for that: read blobs as [`Blob`](super::Blob) or
    /// [`Value`](super::Value), or pass on all [`Arguments`](super::Arguments).
    BlobLost,
}

/// Why a client's answer did not come.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AckError {
    /// Not within the time given.
    TimedOut,
    /// The client is gone.
    Disconnected,
    /// The client has more answers to give than are waited for.
    TooMany,
    /// The event could not be made.
    Content(ContentError),
}

/// Why something a handler asked for was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// What was to be said could not be made.
    Content(ContentError),
    /// The room was not entered.
    Join(JoinError),
    /// What was said did not go out.
    Notify(NotifyError),
    /// The client did not answer.
    Ack(AckError),
}

impl fmt::Display for UnknownNamespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the namespace {} is not configured: add it to the setting namespaces",
            self.0
        )
    }
}

impl fmt::Display for AlreadyHandled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the namespace {} has a connect handler already", self.0)
    }
}

impl fmt::Display for ContentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
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

impl fmt::Display for AckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut => f.write_str("the client did not answer in time"),
            Self::Disconnected => f.write_str("the client left before it answered"),
            Self::TooMany => f.write_str("the client owes too many answers already"),
            Self::Content(error) => error.fmt(f),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Content(error) => error.fmt(f),
            Self::Ack(error) => error.fmt(f),
            Self::Join(error) => error.fmt(f),
            Self::Notify(error) => error.fmt(f),
        }
    }
}

impl error::Error for UnknownNamespace {}
impl error::Error for AlreadyHandled {}
impl error::Error for ContentError {}
impl error::Error for AckError {}
impl error::Error for Error {}

/// For a `main` that returns one.
impl From<UnknownNamespace> for io::Error {
    fn from(error: UnknownNamespace) -> Self {
        Self::other(error)
    }
}

/// For a `main` that returns one.
impl From<AlreadyHandled> for io::Error {
    fn from(error: AlreadyHandled) -> Self {
        Self::other(error)
    }
}

impl From<ContentError> for AckError {
    fn from(error: ContentError) -> Self {
        Self::Content(error)
    }
}

impl From<ContentError> for Error {
    fn from(error: ContentError) -> Self {
        Self::Content(error)
    }
}

impl From<JoinError> for Error {
    fn from(error: JoinError) -> Self {
        Self::Join(error)
    }
}

impl From<NotifyError> for Error {
    fn from(error: NotifyError) -> Self {
        Self::Notify(error)
    }
}

impl From<AckError> for Error {
    fn from(error: AckError) -> Self {
        Self::Ack(error)
    }
}
