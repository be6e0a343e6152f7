//! The program's flags and environment variables, and how settings are read from them.
//! Knows the table of settings and no single one.

mod missing;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgGroup, ArgMatches, Command, Error};

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
    /// Lines to log: old names that were used or ignored, each with the one to write.
    pub renamed: Vec<String>,
    written: BTreeMap<String, String>,
}

/// The program's command line.
pub(super) fn command() -> Command {
    let types = Command::new("types")
        .about("Prints the hub's events as declarations for clients.")
        .arg(declared_in("ts", "TypeScript"))
        .arg(declared_in("cs", "C#"))
        .group(ArgGroup::new("language").args(["ts", "cs"]).required(true));
    let command = Command::new("dondo")
        .subcommand(types)
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

fn declared_in(flag: &'static str, language: &str) -> Arg {
    let arg = Arg::new(flag).long(flag).action(ArgAction::SetTrue);
    arg.help(format!("In {language}."))
}

/// The flags of a command line, its first word the program's name.
///
/// # Errors
/// Words that are no flags or values, or a request for help.
pub fn matches_from(words: impl IntoIterator<Item = OsString>) -> Result<ArgMatches, Error> {
    let mut line: Vec<OsString> = Vec::new();
    for word in words {
        match line.last_mut() {
            // The parser would take `-5s` for flags and not say whose value it is.
            Some(flag) if awaits_value(flag) && is_value_with_hyphen(&word) => {
                flag.push("=");
                flag.push(word);
            }
            _ => line.push(word),
        }
    }
    command().try_get_matches_from(line)
}

fn awaits_value(word: &OsStr) -> bool {
    let name = word.to_str().and_then(|word| word.strip_prefix("--"));
    let is = |name: &str| Settings::table().any(|of| of.name() == name || of.was == Some(name));
    name.is_some_and(is)
}

/// There are two short flags, `-h` and `-V`.
fn is_value_with_hyphen(word: &OsStr) -> bool {
    let word = word.as_encoded_bytes();
    word.starts_with(b"-") && !word.starts_with(b"--") && word != b"-h" && word != b"-V"
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
            let mut given = names.clone().filter_map(flag).collect::<Vec<_>>();
            given.extend(names.filter_map(twin));
            // The variable of an old name may be that of the new one.
            given.dedup_by(|one, other| one.0 == other.0);
            let mut given = given.into_iter();
            let Some((typed, text)) = given.next() else {
                continue;
            };
            let text = text
                .into_string()
                .map_err(|_| SettingError::new(&typed, "not UTF-8; write it in UTF-8"))?;
            let as_typed = pasted(&typed, &text);
            (setting.read)(&mut settings, &text)
                .map_err(|said| SettingError::new(&as_typed, said))?;
            let is_old = |typed: &str| typed != format!("--{name}") && typed != setting.variable();
            let write = format!("write --{name} or {}", setting.variable());
            if is_old(&typed) {
                renamed.push(format!(
                    "{typed} is an old name and goes with the next release: {write}"
                ));
            }
            for (other, text) in given.filter(|(other, _)| is_old(&typed) || is_old(other)) {
                renamed.push(format!(
                    "{as_typed} is used and {} is ignored, as both are names of one setting: {write}",
                    pasted(&other, &text.to_string_lossy())
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

/// A name and its value, to be pasted where they came from.
fn pasted(name: &str, text: &str) -> String {
    let between = if name.starts_with('-') { ' ' } else { '=' };
    format!("{name}{between}{text}")
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
