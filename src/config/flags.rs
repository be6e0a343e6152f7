//! The program's command line: its commands, and a flag for each setting.
//! Knows the table of settings and no single one.

use std::ffi::{OsStr, OsString};

use clap::builder::PossibleValuesParser;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, ArgGroup, ArgMatches, Command, Error, ValueHint};

use super::file::DEFAULT;
use super::nearest::Dress;
use super::{Setting, Settings};

const ABOUT: &str = "\
Durations and sizes carry units: 250ms, 25s, 1MB (1,000,000 bytes), 64KiB.
Each flag has a twin in the environment: --limits.sessions-max is DONDO_LIMITS_SESSIONS_MAX.
The file has the same names: sessions-max = 10000 below [limits]; `dondo init` makes one, `dondo check` reads it.
A flag beats its twin, a twin beats the file; what none of them says has the default shown.
RUST_LOG says what is logged: info (the default), warn, error or off, or module by module.
The contract is src/docs/contract.md of the repository; numbers behind the word are its sections.";

/// The flag that names the file of settings, which cannot stand in it.
pub(super) const CONFIG: &str = "config";

/// The shells that there are completions for, as their crate spells them.
const SHELLS: [&str; 5] = ["bash", "elvish", "fish", "powershell", "zsh"];

/// The program's command line.
pub(super) fn command() -> Command {
    definition(true)
}

/// The command line with the names of a release ago, or as it is shown to people: a shell would offer the hidden ones, too.
pub(super) fn definition(has_old_names: bool) -> Command {
    let types = Command::new("types")
        .about("Prints the hub's events as declarations for clients.")
        .arg(declared_in("ts", "TypeScript"))
        .arg(declared_in("cs", "C#"))
        .group(ArgGroup::new("language").args(["ts", "cs"]).required(true));
    let command = Command::new("dondo")
        .subcommands([
            types,
            check(has_old_names),
            doctor(has_old_names),
            config(has_old_names),
            init(),
            crate::codes::command(),
            health(has_old_names),
            completions(),
            man(),
            token(has_old_names),
        ])
        .subcommands(crate::client::commands())
        .version(env!("CARGO_PKG_VERSION"))
        .about("A self-hosted realtime chat hub for stock Socket.IO clients.")
        .after_help(ABOUT);
    with_settings(command, has_old_names, |flag| flag)
}

fn completions() -> Command {
    let shell = Arg::new("shell").value_name("SHELL").required(true);
    Command::new("completions")
        .about("Prints what a shell needs to complete commands and flags.")
        .after_help("For this bash: source <(dondo completions bash)")
        .arg(shell.value_parser(PossibleValuesParser::new(SHELLS)))
}

fn man() -> Command {
    let folder = Arg::new("dir")
        .value_name("DIR")
        .value_hint(ValueHint::DirPath);
    Command::new("man")
        .about("Prints the manual, or writes a page for each command into a folder.")
        .after_help("To read it: dondo man | man -l -")
        .arg(folder.help("The folder to write pages into; without one the first is printed."))
}

fn health(has_old_names: bool) -> Command {
    let health = Command::new("health").about(
        "Asks the hub that these settings would start whether it answers; its exit code tells.",
    );
    as_a_start(health, has_old_names)
}

fn check(has_old_names: bool) -> Command {
    let check = Command::new("check").about(
        "Reads all settings as a start would and says what is wrong with them; starts nothing.",
    );
    as_a_start(check, has_old_names)
}

fn doctor(has_old_names: bool) -> Command {
    let doctor = Command::new("doctor").about(
        "Looks whether the machine fits to the settings: addresses, open files, memory, clock, certificate; starts nothing.",
    );
    let url = Arg::new("url")
        .long("url")
        .value_name("URL")
        .value_hint(ValueHint::Url);
    as_a_start(doctor, has_old_names).arg(
        url.help("Where people open a hub of these settings that runs: says what a proxy in front of it leaves out."),
    )
}

fn config(has_old_names: bool) -> Command {
    let show =
        Command::new("show").about("Every setting as a start would have it, and where from.");
    let env = Command::new("env").about("The same as variables of the environment.");
    let defaults = Command::new("defaults").about("Every default, as a file with comments.");
    let doc = Command::new("doc").about("What each setting is, in Markdown.");
    Command::new("config")
        .about("Prints settings: those in force, their defaults, what they are.")
        .subcommands([
            as_a_start(show, has_old_names),
            as_a_start(env, has_old_names),
            defaults,
            doc,
        ])
        .subcommand_required(true)
        .arg_required_else_help(true)
}

fn init() -> Command {
    let file = Arg::new("file").value_name("FILE").default_value(DEFAULT);
    let file = file.value_hint(ValueHint::FilePath);
    Command::new("init")
        .about("Writes a file of settings with comments, and fresh secrets beside it; what is there stays as it is.")
        .arg(file.help("The file to write."))
        .arg(
            Arg::new("no-secrets")
                .long("no-secrets")
                .action(ArgAction::SetTrue)
                .help("Write the file of settings alone, for others to use."),
        )
}

fn token(has_old_names: bool) -> Command {
    let valued = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).help(help)
    };
    let patterns = |name: &'static str, what: &'static str| {
        valued(name, "PATTERN", what).action(ArgAction::Append)
    };
    let new = Command::new("new")
        .about("Makes a token, signed with the secret of auth.secret-file.")
        .args([
            valued("account", "ACCOUNT", "Whom it is for."),
            valued("name", "NAME", "What others see; the account without it."),
            valued("expires", "DURATION", "How long it is good.").default_value("1h"),
            patterns(
                "join",
                "Channels and rooms that it may join, all without it; * is any run of characters.",
            ),
            patterns("send", "The same for sending."),
            patterns("history", "The same for what was said before."),
            patterns("presence", "The same for who is there."),
            patterns(
                "moderate",
                "The same for where no slow mode and no capacity holds for its bearer; without it, nowhere.",
            ),
            valued(
                "room",
                "ROOM",
                "It opens this room, whose access is by token, and lets nobody in.",
            )
            .conflicts_with_all(["name", "join", "send", "history", "presence", "moderate"]),
            valued("channel", "CHANNEL", "The room's channel.").requires("room"),
            valued(
                "id",
                "ID",
                "By what it is revoked, its claim jti; without it, one that nobody can guess.",
            ),
        ])
        .group(
            ArgGroup::new("whom")
                .args(["account", "room"])
                .required(true)
                .multiple(true),
        );
    let inspect = Command::new("inspect")
        .about("Shows what a token says, and whether it is good here and why not.")
        .arg(
            Arg::new("token")
                .value_name("TOKEN")
                .help("The token; without it a line of standard input."),
        );
    Command::new("token")
        .about("Makes and explains tokens (JWT).")
        .subcommands([new, inspect].map(|command| as_a_start(command, has_old_names)))
        .subcommand_required(true)
        .arg_required_else_help(true)
}

/// Takes the flags of a start, which its help does not list again.
fn as_a_start(command: Command, has_old_names: bool) -> Command {
    let command = command.after_help("It takes the flags of a start: see `dondo --help`.");
    with_settings(command, has_old_names, |flag| flag.hide(true))
}

fn with_settings(command: Command, has_old_names: bool, dressed: impl Fn(Arg) -> Arg) -> Command {
    let file = Arg::new(CONFIG).long(CONFIG).value_name("FILE").help(
        "The file of settings, also DONDO_CONFIG [default: dondo.toml in the working directory, if it is there]",
    );
    let file = file.value_hint(ValueHint::FilePath);
    Settings::table().fold(command.arg(dressed(file)), |command, setting| {
        let flag = flag(setting, setting.name())
            .help(format!(
                "{} [default: {}]",
                setting.help.trim(),
                setting.default()
            ))
            .help_heading(match setting.section {
                "" => "Server".to_owned(),
                section => format!("Section {section}"),
            })
            .visible_aliases(setting.also);
        let was = setting.was.filter(|_| has_old_names);
        let old = was.map(|was| flag_of_old(setting, was));
        command.arg(dressed(flag)).args(old)
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
    let matches = command().try_get_matches_from(line);
    matches.map_err(|refusal| {
        // The parser proposes what is near in letters; this is near in meaning.
        let unknown = match refusal.get(ContextKind::InvalidArg) {
            Some(ContextValue::String(flag)) if refusal.kind() == ErrorKind::UnknownArgument => {
                flag
            }
            _ => return refusal,
        };
        match Dress::Flag.elsewhere(unknown) {
            Some(remedy) => {
                let said = format!("{unknown} is no setting; {remedy}");
                command().error(ErrorKind::UnknownArgument, said)
            }
            None => refusal,
        }
    })
}

fn awaits_value(word: &OsStr) -> bool {
    let name = word.to_str().and_then(|word| word.strip_prefix("--"));
    let is = |name: &str| {
        Settings::table().any(|of| of.name() == name || [of.was, of.also].contains(&Some(name)))
    };
    name.is_some_and(|name| name == CONFIG || is(name))
}

/// There are two short flags, `-h` and `-V`.
fn is_value_with_hyphen(word: &OsStr) -> bool {
    let word = word.as_encoded_bytes();
    word.starts_with(b"-") && !word.starts_with(b"--") && word != b"-h" && word != b"-V"
}

/// The value of a flag; the one behind the word of a command counts before the one in front of it.
pub(super) fn typed(flags: &ArgMatches, name: &str) -> Option<String> {
    let inner = flags.subcommand().and_then(|(_, flags)| typed(flags, name));
    inner.or_else(|| {
        // Not every command has the flags of settings.
        let values = flags.try_get_many::<String>(name).ok()??;
        Some(values.cloned().collect::<Vec<_>>().join(","))
    })
}

fn flag(setting: &Setting, name: String) -> Arg {
    let choices = (setting.choices)();
    let arg = Arg::new(name.clone())
        .long(name)
        .value_name(setting.written)
        .value_hint(match setting.written {
            "DIR" => ValueHint::DirPath,
            _ => ValueHint::Other,
        })
        .action(if setting.is_list {
            ArgAction::Append
        } else {
            ArgAction::Set
        });
    // A switch is switched on by its name alone.
    let arg = match setting.written {
        "on|off" => arg.num_args(0..=1).default_missing_value("on"),
        _ => arg,
    };
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
