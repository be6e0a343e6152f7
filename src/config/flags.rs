//! The program's flags and environment variables, and how settings are read from them.
//! Knows the table of settings and no single one.

mod missing;

use std::collections::BTreeMap;
use std::ffi::OsString;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches, Command};

use super::table::variable;
use super::{Setting, SettingError, Settings};

const ABOUT: &str = "\
Durations and sizes carry units: 250ms, 25s, 1MB (1,000,000 bytes), 64KiB.
Each flag has a twin in the environment: --limits.sessions-max is DONDO_LIMITS_SESSIONS_MAX.
A flag beats its twin; what neither says has the default shown.
RUST_LOG says what is logged: info (the default), warn, error or off, or module by module.
The contract is src/docs/contract.md of the repository; numbers behind the word are its sections.";

/// Settings as they were given to the program.
#[derive(Clone, Debug)]
pub struct Given {
    /// The settings, checked.
    pub settings: Settings,
    /// Lines to log: old names that were used, each with the one to write.
    pub renamed: Vec<String>,
    written: BTreeMap<String, String>,
}

/// The program's command line.
pub fn command() -> Command {
    let command = Command::new("dondo")
        .version(env!("CARGO_PKG_VERSION"))
        .about("A self-hosted realtime chat hub for stock Socket.IO clients.")
        .after_help(ABOUT);
    Settings::table().fold(command, |command, setting| {
        let flag = flag(setting, setting.name())
            .help(format!(
                "{} [default: {}]",
                setting.help.trim(),
                setting.default()
            ))
            .help_heading(match setting.section {
                "" => "Server".to_owned(),
                section => format!("Section {section}"),
            });
        let old = setting.was.map(|was| flag_of_old(setting, was));
        command.arg(flag).args(old)
    })
}

impl Given {
    /// Reads flags, and variables for what no flag says.
    ///
    /// # Errors
    /// The first setting that cannot be read or cannot work, by the name it was given with.
    pub fn read(
        flags: &ArgMatches,
        environment: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Self, SettingError> {
        let (mut settings, mut renamed) = (Settings::default(), Vec::new());
        let mut written = BTreeMap::new();
        for setting in Settings::table() {
            let name = setting.name();
            let names = [Some(name.as_str()), setting.was].into_iter().flatten();
            let flag = |name: &str| {
                let values: Vec<_> = flags.get_many::<String>(name)?.cloned().collect();
                Some((format!("--{name}"), values.join(",").into()))
            };
            let twin = |name: &str| environment(&variable(name)).map(|text| (variable(name), text));
            let given = names
                .clone()
                .find_map(flag)
                .or_else(|| names.clone().find_map(twin));
            let Some((typed, text)) = given else {
                continue;
            };
            let text = text
                .into_string()
                .map_err(|_| SettingError::new(&typed, "not UTF-8; write it in UTF-8"))?;
            // To be pasted where it came from.
            let between = if typed.starts_with('-') { ' ' } else { '=' };
            let as_typed = format!("{typed}{between}{text}");
            (setting.read)(&mut settings, &text)
                .map_err(|said| SettingError::new(&as_typed, said))?;
            if typed != format!("--{name}") && typed != setting.variable() {
                renamed.push(format!(
                    "{typed} is an old name and goes with the next release: write --{name} or {}",
                    setting.variable()
                ));
            }
            written.insert(setting.name(), as_typed);
        }
        settings.check_as(|setting| written.get(&setting.name()).cloned())?;
        Ok(Self {
            settings,
            renamed,
            written,
        })
    }

    /// How a setting was given, as typed: the flag or the variable, and the value. None: it has its default.
    pub fn written(&self, name: &str) -> Option<&str> {
        self.written.get(name).map(String::as_str)
    }
}

fn flag(setting: &Setting, name: String) -> Arg {
    let choices = (setting.choices)();
    let arg = Arg::new(name.clone())
        .long(name)
        .value_name(setting.written)
        .action(if setting.is_list {
            ArgAction::Append
        } else {
            ArgAction::Set
        });
    if choices.is_empty() {
        arg
    } else {
        arg.value_parser(PossibleValuesParser::new(choices))
    }
}

/// The name of a release ago; it is understood and not shown.
fn flag_of_old(setting: &Setting, was: &str) -> Arg {
    flag(setting, was.to_owned()).hide(true)
}

#[cfg(test)]
mod tests;
