//! The catalogue of codes: every refusal that a client, a backend or the log reads, with its cause, the settings behind it and a
//! remedy. `dondo codes` and `src/docs/codes.md` are made of it. Knows nobody who refuses.

mod closes;
mod printed;
mod refusals;

use clap::{Arg, ArgAction, ArgMatches, Command};
use serde::Serialize;

/// By which answer a code travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Carrier {
    /// An event's answer, or `hub-error`.
    Event,
    /// What somebody is told who is not let into a namespace.
    Entry,
    /// The same in words alone: Node's servers have no code for it either.
    EntryMessage,
    /// The answer to the request that opens a connection.
    Request,
    /// The number in Engine.IO's answer to a request.
    Engine,
    /// A plain WebSocket's `error`.
    Message,
    /// The HTTP API's `error`.
    Api,
    /// Why a connection ended, for the log, metrics and handlers.
    Close,
}

impl Carrier {
    const ALL: [Self; 8] = [
        Self::Event,
        Self::Entry,
        Self::EntryMessage,
        Self::Request,
        Self::Engine,
        Self::Message,
        Self::Api,
        Self::Close,
    ];

    /// Its part of the page: a name, and where exactly the code stands.
    fn told(self) -> (&'static str, &'static str) {
        match self {
            Self::Event => (
                "event",
                "`code` of the ack, else of `hub-error`; SignalR's clients read `HubException: CODE: …` as the call's error, \
                 plain WebSockets the `ack`",
            ),
            Self::Entry => (
                "entry",
                "`data.code` of CONNECT_ERROR, of a plain WebSocket's or event stream's `refused`, or of the answer 401; SignalR's \
                 clients read the message",
            ),
            Self::EntryMessage => (
                "entry, in words",
                "the message of CONNECT_ERROR or `refused`, as Node's servers have it",
            ),
            Self::Request => (
                "request",
                "`code` of the JSON that answers the request which opens a connection: 503 with `Retry-After`, or 403",
            ),
            Self::Engine => (
                "Engine.IO",
                "`code` of the JSON that answers with 400 or 403, a number of Engine.IO's own; the message alone where an upgrade \
                 was asked for",
            ),
            Self::Message => (
                "message",
                "`code` of a plain WebSocket's `error`; the connection goes on, but after a `violation`",
            ),
            Self::Api => ("API", "`error.code` of the HTTP API's answer"),
            Self::Close => (
                "close",
                "the reason in the log, in metrics and for handlers; clients see a connection that ends",
            ),
        }
    }
}

/// One code.
#[derive(Debug, Serialize)]
struct CodeRow {
    code: &'static str,
    /// By which answers it travels.
    carried: &'static [Carrier],
    cause: &'static str,
    /// Names of the settings that decide it.
    settings: &'static [&'static str],
    remedy: &'static str,
}

fn all() -> impl Iterator<Item = &'static CodeRow> {
    refusals::ROWS.iter().chain(closes::ROWS)
}

/// `dondo codes`, for the program's command line.
pub(crate) fn command() -> Command {
    let form = |name: &'static str, help: &'static str| {
        let form = Arg::new(name).long(name).action(ArgAction::SetTrue);
        form.help(help)
    };
    Command::new("codes")
        .about("Lists the codes of all refusals: cause, setting, remedy.")
        .arg(
            Arg::new("code")
                .value_name("CODE")
                .conflicts_with_all(["json", "markdown"])
                .help("This one alone."),
        )
        .arg(form("json", "As JSON, for programs.").conflicts_with("markdown"))
        .arg(form("markdown", "As the page of the documentation."))
}

/// What the command says.
pub(crate) fn told(asked: &ArgMatches) -> Result<String, String> {
    if asked.get_flag("json") {
        return Ok(printed::json());
    }
    if asked.get_flag("markdown") {
        return Ok(printed::page());
    }
    printed::text(asked.get_one::<String>("code").map(String::as_str))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::config::Settings;

    /// Fails if a row names a setting that there is not, or a code has two rows.
    #[test]
    fn rows_are_about_settings_that_there_are_and_each_code_has_one() {
        let settings: BTreeSet<String> = Settings::table().map(|setting| setting.name()).collect();
        let mut seen = BTreeSet::new();
        for row in all() {
            assert!(seen.insert(row.code), "{} twice", row.code);
            for setting in row.settings {
                assert!(settings.contains(*setting), "{}: {setting}", row.code);
            }
            assert!(!row.carried.is_empty(), "{} comes by nothing", row.code);
            for text in [row.cause, row.remedy] {
                assert!(!text.is_empty() && !text.contains('|'), "{}", row.code);
            }
        }
    }

    /// Fails if a reason for which sessions end has no row.
    #[test]
    fn every_reason_of_a_close_has_a_row() {
        let listed: BTreeSet<_> = closes::ROWS.iter().map(|row| row.code).collect();
        let reasons = dondo_actors::error::CloseReason::ALL;
        let all = reasons.iter().map(|reason| reason.as_str());
        let of_members = dondo_actors::error::CloseReason::ClientLeft.as_str();
        assert_eq!(listed, all.chain([of_members]).collect());
    }
}
