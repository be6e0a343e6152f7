//! Why a hub cannot be built.

use std::{error, fmt, io};

use crate::config::SettingError;
use crate::keys::BadKey;

/// Why [`Builder::build`](super::Builder::build) made no hub. An [`io::Error`], too, for a `main` that returns one.
#[derive(Debug)]
#[non_exhaustive]
pub enum BuildError {
    /// A setting makes no sense; the error names it.
    Setting(SettingError),
    /// No client could ask for a [`Namespace`](crate::Namespace) of this name, or there are two.
    #[non_exhaustive]
    NamespaceName {
        /// As it was given.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A handler takes a [`State`](crate::State) of this type, and [`Builder::state`](super::Builder::state) was given none.
    StateMissing(&'static str),
    /// A namespace handles an event of this name, which belongs to the client libraries and never comes.
    ReservedEvent(String),
    /// A namespace's name has braces, or is asked for by `when`, or a script's rooms have them, but it is no pattern: `/orders/{id}`
    /// is one, and `/{year:\\d+}`.
    #[non_exhaustive]
    Pattern {
        /// As it was given.
        pattern: String,
        /// Why it cannot be read.
        why: String,
    },
    /// The patterns of two namespaces match the same names, and the first one has no [`Namespace::when`](crate::Namespace::when):
    /// nobody would ever come into the second one.
    #[non_exhaustive]
    PatternTwice {
        /// The one that was given first.
        first: String,
        /// The other one.
        second: String,
    },
    /// The path of an endpoint has no slash at one of its ends, is a pattern, or is another endpoint's or the hub's
    /// own, or below or above it.
    Path(String),
    /// An endpoint of SignalR has a namespace that the hub does not serve, or one by pattern.
    Namespace(String),
    /// A key for tokens cannot be used.
    Key(BadKey),
    /// The file of the HTTP API's keys cannot be read any more, or is wrong.
    ApiKeys(String),
    /// A file of an admin view's password, and what is wrong with it.
    AdminPassword(String),
    /// The system has no thread to give, or a room thread does not start.
    Threads(io::Error),
}

impl BuildError {
    /// A word for the cause that does not change: `setting`, `namespace_name`, `state_missing`, `reserved_event`, `pattern`,
    /// `pattern_twice`, `path`, `namespace`, `key`, `api_keys`, `admin_password` or `threads`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Setting(_) => "setting",
            Self::NamespaceName { .. } => "namespace_name",
            Self::StateMissing(_) => "state_missing",
            Self::ReservedEvent(_) => "reserved_event",
            Self::Pattern { .. } => "pattern",
            Self::PatternTwice { .. } => "pattern_twice",
            Self::Path(_) => "path",
            Self::Namespace(_) => "namespace",
            Self::Key(_) => "key",
            Self::ApiKeys(_) => "api_keys",
            Self::AdminPassword(_) => "admin_password",
            Self::Threads(_) => "threads",
        }
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Setting(error) => error.fmt(f),
            Self::NamespaceName { name, why } => write!(
                f,
                "the namespace {name:?} {why}: give Builder::namespace names like / or /chat, each once"
            ),
            Self::StateMissing(name) => write!(
                f,
                "a handler takes State<{name}>, which the hub has none of: give it one by Builder::state, or by Builder::shared_state if it is in an Arc"
            ),
            Self::ReservedEvent(name) => write!(
                f,
                "no client can send the event {name:?}: see Namespace::on_connect and on_disconnect"
            ),
            Self::Pattern { pattern, why } => write!(
                f,
                "{pattern:?} is no pattern: {why}; write captures like {{id}} or {{year:\\d+}}"
            ),
            Self::PatternTwice { first, second } => write!(
                f,
                "the namespaces {first:?} and {second:?} match the same names, so nobody comes into the second one: give one of them, or the first one Namespace::when"
            ),
            Self::Path(path) => write!(
                f,
                "no endpoint can stand at {path:?}: write a path like /engine.io/ that no other has"
            ),
            Self::Namespace(name) => write!(
                f,
                "no clients of SignalR can come into {name:?}: name a namespace that the hub serves"
            ),
            Self::Key(error) => error.fmt(f),
            Self::ApiKeys(wrong) | Self::AdminPassword(wrong) => f.write_str(wrong),
            Self::Threads(error) => error.fmt(f),
        }
    }
}

impl error::Error for BuildError {}

impl From<BuildError> for io::Error {
    fn from(error: BuildError) -> Self {
        match error {
            BuildError::Threads(error) => error,
            error => Self::new(io::ErrorKind::InvalidInput, error),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::{panic::resume_unwind, sync::Arc};

    use super::*;
    use crate::{
        config::Settings,
        io::{Namespace, RoomScript, State},
        service::Dondo,
    };

    #[test]
    fn a_setting_that_makes_no_sense_is_named_and_has_its_code() {
        let settings = Settings {
            namespaces: Vec::new(),
            ..Settings::default()
        };
        let error = Dondo::builder().settings(settings).build().unwrap_err();
        assert_eq!(error.code(), "setting");
        assert!(error.to_string().contains("namespaces"), "{error}");
        let error = io::Error::from(error);
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        assert!(error.downcast::<BuildError>().is_ok(), "it is a text alone");
    }

    /// It was built, and the handler never ran.
    #[test]
    fn what_no_client_can_send_and_a_state_that_is_missing_are_errors() {
        let error = |namespace| {
            let built = Dondo::builder().namespace(namespace).build();
            built.unwrap_err()
        };
        let reserved = error(Namespace::new("/").on("disconnect", async || {}));
        assert_eq!(reserved.code(), "reserved_event");
        let missing = error(Namespace::new("/").on("x", async |_: State<String>| {}));
        assert_eq!(missing.code(), "state_missing");
        assert!(missing.to_string().contains("String"), "{missing}");
    }

    /// The hub's actor, in its guard, tried to start a namespace again and again, and nobody was told.
    #[test]
    fn a_log_that_cannot_be_made_is_an_error() {
        let log = Arc::new(|_: &str, _| resume_unwind(Box::new("there is no log")));
        let built = Dondo::builder().log(log).build();
        assert_eq!(built.unwrap_err().code(), "threads");
    }

    /// Endpoints and namespaces at which nobody could ever be served.
    #[test]
    fn a_name_or_path_at_which_nobody_is_served_is_an_error() {
        for path in [
            "engine.io/",
            "/engine.io",
            "/",
            "/a//b/",
            "/a/../",
            "/{a}/",
            "/socket.io/",
            "/socket.io/raw/",
        ] {
            let built = Dondo::builder().engine(path, async || ()).build();
            assert_eq!(built.unwrap_err().code(), "path", "{path}");
        }
        let twice = Dondo::builder()
            .engine("/a/", async || ())
            .engine("/a/b/", async || ());
        assert_eq!(twice.build().unwrap_err().code(), "path");
    }

    /// The error told of a flag that the host has not.
    #[test]
    fn a_namespace_that_nobody_could_come_into_is_named_as_the_host_gave_it() {
        for (names, why) in [
            (["chat", "/"], "does not begin with a slash"),
            (["/a,b", "/"], "has a comma"),
            (["/a", "/a"], "is given twice"),
        ] {
            let builder = Dondo::builder();
            let builder = names.into_iter().fold(builder, |builder, name| {
                builder.namespace(Namespace::new(name))
            });
            let error = builder.build().unwrap_err();
            assert_eq!(error.code(), "namespace_name");
            let said = error.to_string();
            assert!(said.contains(names[0]) && said.contains(why), "{said}");
            assert!(!said.contains("--"), "{said}");
        }
    }

    /// It panicked where it stood, or did not say what is wrong with it.
    #[test]
    fn a_pattern_that_cannot_be_read_is_an_error_that_says_why() {
        let scripted = |rooms| Namespace::new("/").room_script(rooms, Silent);
        for (namespace, pattern, why) in [
            (Namespace::new("/a/{b"), "/a/{b", "not closed"),
            (Namespace::new("/{a}/{a}"), "/{a}/{a}", "duplicate"),
            (Namespace::new("/{a:[}"), "/{a:[}", "unclosed"),
            (Namespace::new("/a").when(async || true), "/a", "no capture"),
            (scripted("game:{n"), "game:{n", "not closed"),
            (scripted("{n:*}"), "{n:*}", "repetition"),
        ] {
            let error = Dondo::builder().namespace(namespace).build().unwrap_err();
            assert_eq!(error.code(), "pattern");
            let said = error.to_string();
            assert!(said.contains(pattern) && said.contains(why), "{said}");
        }
    }

    /// The second one was served, and nobody ever came into it.
    #[test]
    fn two_patterns_of_the_same_names_are_an_error_that_names_both() {
        let built = |first, second: &str| {
            let builder = Dondo::builder().namespace(Namespace::new("/"));
            builder
                .namespace(first)
                .namespace(Namespace::new(second))
                .build()
        };
        let error = built(Namespace::new("/{x}"), "/{y}").unwrap_err();
        assert_eq!(error.code(), "pattern_twice");
        let said = error.to_string();
        assert!(
            said.contains("\"/{x}\"") && said.contains("\"/{y}\""),
            "{said}"
        );
        assert!(built(Namespace::new("/{x}"), r"/{x:\d+}").is_ok());
        // Who is not there for the first one is asked of the second.
        assert!(built(Namespace::new("/{x}").when(async || false), "/{y}").is_ok());
    }

    struct Silent;

    impl RoomScript for Silent {
        type State = ();
        type Message = ();
        type Reply = ();
    }
}
