//! Settings of the HTTP API. Whose keys those are is the API's matter.

use std::path::PathBuf;

use super::check;
use super::spelling::{FilePath, Spelling, Switch};
use super::table::settings;

settings! {
    /// The HTTP API, for backends and for who moderates.
    pub struct ApiSettings = "api" at [api] {
        /// File with the keys of the HTTP API, in TOML; without it there is no API.
        keys_file: Option<PathBuf> as Option<FilePath> = None, check check::keys_file;
        /// Whether the API is served where clients connect, too, and not for operators alone.
        public: bool as Switch = false;
    }
}
