//! Why a hub cannot be built.

use std::{error, fmt, io};

use crate::config::SettingError;

/// Why [`Builder::build`](super::Builder::build) made no hub. An [`io::Error`], too, for a `main` that returns one.
#[derive(Debug)]
#[non_exhaustive]
pub enum BuildError {
    /// A setting makes no sense; the error names it.
    Setting(SettingError),
    /// A handler takes a [`State`](crate::State) of this type, and [`Builder::state`](super::Builder::state) was given none.
    StateMissing(&'static str),
    /// The system has no thread to give, or a room thread does not start.
    Threads(io::Error),
}

impl BuildError {
    /// A word for the cause that does not change: `setting`, `state_missing` or `threads`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Setting(_) => "setting",
            Self::StateMissing(_) => "state_missing",
            Self::Threads(_) => "threads",
        }
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Setting(error) => error.fmt(f),
            Self::StateMissing(name) => write!(
                f,
                "a handler takes State<{name}>, which the hub has none of: give it one by Builder::state"
            ),
            Self::Threads(error) => error.fmt(f),
        }
    }
}

impl error::Error for BuildError {}

impl From<BuildError> for io::Error {
    fn from(error: BuildError) -> Self {
        match error {
            BuildError::Setting(_) | BuildError::StateMissing(_) => {
                Self::new(io::ErrorKind::InvalidInput, error.to_string())
            }
            BuildError::Threads(error) => error,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::{config::Settings, service::Dondo};

    #[test]
    fn a_setting_that_makes_no_sense_is_named_and_has_its_code() {
        let settings = Settings {
            namespaces: Vec::new(),
            ..Settings::default()
        };
        let error = Dondo::builder().settings(settings).build().unwrap_err();
        assert_eq!(error.code(), "setting");
        assert!(error.to_string().contains("namespaces"), "{error}");
        assert_eq!(io::Error::from(error).kind(), io::ErrorKind::InvalidInput);
    }
}
