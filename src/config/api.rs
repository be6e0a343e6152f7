//! Settings of the HTTP API. Whose keys those are is the API's matter.

use std::path::PathBuf;

use super::check;
use super::spelling::{Spelling, Switch};
use super::table::settings;

/// A file.
pub(super) struct FileName;

impl Spelling<PathBuf> for FileName {
    const WRITTEN: &'static str = "FILE";
    const NOTHING: Option<&'static str> = Some("none");

    fn read(text: &str) -> Result<PathBuf, String> {
        Ok(text.into())
    }

    fn show(file: &PathBuf) -> String {
        file.display().to_string()
    }
}

settings! {
    /// The HTTP API, for backends and for who moderates.
    pub struct ApiSettings = "api" at [api] {
        /// File with the keys of the HTTP API, in TOML; without it there is no API.
        keys_file: Option<PathBuf> as Option<FileName> = None, check check::keys_file;
        /// Whether the API is served where clients connect, too, and not for operators alone.
        public: bool as Switch = false;
    }
}
