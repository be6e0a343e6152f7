//! The commands that check, print and begin a file of settings. None of them starts anything.

use std::ffi::OsString;

use clap::ArgMatches;

use super::begun::{begun, readers};
use super::doctor::examined;
use super::file::DEFAULT;
use super::given::{Given, WrongSettings};
use super::printed;
use super::variables::unknown_variables;
use super::{Setting, Settings};

/// What a command says, and how it ends.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct CommandAnswer {
    /// For standard output.
    pub said: String,
    /// For standard error.
    pub complaint: String,
    /// The exit code.
    pub code: u8,
}

impl From<Result<String, String>> for CommandAnswer {
    /// What is said, or what is complained of.
    fn from(done: Result<String, String>) -> Self {
        match done {
            Ok(said) => Self::said(said),
            Err(wrong) => Self {
                complaint: format!("{wrong}\n"),
                code: 1,
                ..Self::default()
            },
        }
    }
}

impl CommandAnswer {
    pub(super) fn said(said: String) -> Self {
        Self {
            said,
            ..Self::default()
        }
    }

    pub(super) fn wrong(complaint: impl std::fmt::Display) -> Self {
        Self {
            complaint: format!("{complaint}\n"),
            code: 2,
            ..Self::default()
        }
    }
}

/// The answer to a command of settings, if there is one on the command line. `variables` is the environment, `open_files` how
/// many files the process may have open, if known.
pub fn answered(
    flags: &ArgMatches,
    variables: &[(OsString, OsString)],
    open_files: Option<u64>,
) -> Option<CommandAnswer> {
    let given = || {
        let value = |name: &str| {
            let (_, value) = variables.iter().find(|(known, _)| known == name)?;
            Some(value.clone())
        };
        Given::for_start(flags, value, open_files)
    };
    let shown = |print: fn(&Given) -> String| {
        given().map_or_else(
            |wrong: WrongSettings| CommandAnswer::wrong(wrong),
            |given| CommandAnswer::said(print(&given)),
        )
    };
    match flags.subcommand()? {
        ("check", _) => Some(checked(given(), variables)),
        ("doctor", asked) => Some(given().map_or_else(
            |wrong: WrongSettings| CommandAnswer::wrong(wrong),
            |given| {
                let url = asked.get_one::<String>("url").map(String::as_str);
                let (said, is_wrong) = examined(&given, open_files, url);
                CommandAnswer {
                    code: is_wrong.into(),
                    ..CommandAnswer::said(said)
                }
            },
        )),
        ("codes", asked) => Some(crate::codes::told(asked).into()),
        ("init", asked) => {
            let name = asked.get_one::<String>("file");
            let name = name.map_or(DEFAULT, String::as_str);
            let done = begun(name, !asked.get_flag("no-secrets"), readers());
            Some(done.map_or_else(CommandAnswer::wrong, CommandAnswer::said))
        }
        ("config", asked) => match asked.subcommand()?.0 {
            "show" => Some(shown(printed::shown)),
            "env" => Some(shown(printed::environment)),
            "defaults" => Some(CommandAnswer::said(printed::defaults())),
            _ => Some(CommandAnswer::said(printed::page())),
        },
        _ => None,
    }
}

fn checked(
    given: Result<Given, WrongSettings>,
    variables: &[(OsString, OsString)],
) -> CommandAnswer {
    let unknown = unknown_variables(variables.iter().cloned());
    let warnings = |renamed: &[String]| -> String {
        let lines = renamed.iter().chain(&unknown);
        lines.map(|line| format!("warning: {line}\n")).collect()
    };
    match given {
        Ok(given) => {
            let what = match given.file() {
                Some(file) => format!("{file} is in order"),
                None => {
                    "there is no file of settings; flags and environment are in order".to_owned()
                }
            };
            let changed = Settings::table().filter_map(|setting| told(setting, &given));
            let said: String = [what]
                .into_iter()
                .chain(changed)
                .map(|line| line + "\n")
                .collect();
            CommandAnswer {
                said,
                complaint: {
                    let passed_over = given.settings.auth.passed_over();
                    let passed_over = Vec::from_iter(passed_over);
                    warnings(&[given.renamed.clone(), given.without_effect(), passed_over].concat())
                },
                code: 0,
            }
        }
        Err(wrong) => {
            let mut answer = CommandAnswer::wrong(wrong);
            answer.complaint.push_str(&warnings(&[]));
            answer
        }
    }
}

/// A setting that differs from its default, and where that was written.
fn told(setting: &Setting, given: &Given) -> Option<String> {
    let place = given.written(&setting.name())?;
    let (settings, default) = (&given.settings, Settings::default());
    let is_computed = !(setting.is_set)(&default) && setting.computed.is_some();
    let value = (setting.show)(settings);
    if !is_computed && value == (setting.show)(&default) {
        return None;
    }
    let (name, default) = (setting.name(), setting.default());
    Some(format!("{name}: {value} ({place}), by default {default}"))
}
