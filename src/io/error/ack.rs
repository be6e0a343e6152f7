//! Why there is no answer to what was asked of a client.

use std::{error, fmt};

use dondo_actors::error::Fault;

use super::{BadArguments, EmitError};

/// Why a client's answer did not come, or was none of those expected.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AckError {
    /// Not within the time given.
    TimedOut,
    /// The client is gone.
    Disconnected,
    /// The client has more answers to give than are waited for.
    TooMany,
    /// It is not what was asked for.
    Unreadable(BadArguments),
    /// The event could not be made.
    Emit(EmitError),
    /// The hub's own fault.
    Internal(Fault),
}

impl fmt::Display for AckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut => f.write_str("the client did not answer in time"),
            Self::Disconnected => f.write_str("the client left before it answered"),
            Self::TooMany => f.write_str("the client owes too many answers already"),
            Self::Unreadable(why) => write!(f, "the client's answer cannot be read: {why}"),
            Self::Emit(error) => error.fmt(f),
            Self::Internal(fault) => fault.fmt(f),
        }
    }
}

impl error::Error for AckError {}

impl From<EmitError> for AckError {
    fn from(error: EmitError) -> Self {
        Self::Emit(error)
    }
}
