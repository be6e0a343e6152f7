//! The two forms in which dondo is served, so that one test can hold for both (decision 0001).

use dondo::Builder;
use dondo::config::Settings;

use super::{Hub, PATIENCE, echo};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The program's own server.
    Standalone,
    /// Mounted in an `App` of actix-web.
    InApp,
}

impl Form {
    pub fn built(
        self,
        change: impl FnOnce(&mut Settings),
        build: impl FnOnce(Builder) -> Builder,
    ) -> Hub {
        match self {
            Self::Standalone => Hub::built(change, build),
            Self::InApp => Hub::in_app(change, build),
        }
    }

    /// A hub with [`echo`] beside Socket.IO. It has one worker, so that what was sent first is looked at first:
    /// see [`settle`](super::Polling::settle).
    pub fn echoing(self) -> Hub {
        self.echoing_with(|_| {})
    }

    pub fn echoing_with(self, change: impl FnOnce(&mut Settings)) -> Hub {
        let one_worker = |config: &mut Settings| {
            config.workers = 1;
            // A busy machine may hold a test up for as long as these are by default.
            config.engine.request_timeout = PATIENCE;
            config.engine.upgrade_timeout = PATIENCE;
            change(config);
        };
        self.built(one_worker, echo)
    }
}

/// Makes of each function that takes a [`Form`] two tests: `standalone::…` and `in_app::…`.
macro_rules! in_both_forms {
    ($($name:ident),+ $(,)?) => {
        mod standalone {
            $(#[test] fn $name() { super::$name(crate::support::Form::Standalone) })+
        }
        mod in_app {
            $(#[test] fn $name() { super::$name(crate::support::Form::InApp) })+
        }
    };
}
pub(crate) use in_both_forms;
