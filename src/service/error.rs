//! Why a hub cannot be built.

use std::{error, fmt, io};

use crate::config::SettingError;

/// Why [`Builder::build`](super::Builder::build) made no hub. An [`io::Error`], too, for a `main` that returns one.
#[derive(Debug)]
#[non_exhaustive]
pub enum BuildError {
    /// A setting makes no sense; the error names it.
    Setting(SettingError),
    /// The system has no thread to give, or a room thread does not start.
    Threads(io::Error),
}

impl BuildError {
    /// A word for the cause that does not change: `setting` or `threads`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Setting(_) => "setting",
            Self::Threads(_) => "threads",
        }
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Setting(error) => error.fmt(f),
            Self::Threads(error) => error.fmt(f),
        }
    }
}

impl error::Error for BuildError {}

impl From<BuildError> for io::Error {
    fn from(error: BuildError) -> Self {
        match error {
            BuildError::Setting(error) => Self::new(io::ErrorKind::InvalidInput, error.to_string()),
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
