//! What a shell and `man` are told of the command line, made from its one definition. Knows no command and no setting.

use std::fs::write;
use std::io::{Error, Write};
use std::path::Path;

use clap::{ArgMatches, Command};
use clap_complete::{Shell, generate};
use clap_mangen::Man;

use super::commands::CommandAnswer;
use super::flags::definition;

/// The answer to `completions` and `man`, if one of them is on the command line.
pub fn told_to_a_shell(flags: &ArgMatches) -> Option<CommandAnswer> {
    match flags.subcommand()? {
        ("completions", asked) => {
            let shell = asked.get_one::<String>("shell")?.parse().ok()?;
            Some(CommandAnswer::said(completions(shell)))
        }
        ("man", asked) => {
            let folder = asked.get_one::<String>("dir");
            Some(folder.map_or_else(page, |folder| pages(Path::new(folder))))
        }
        _ => None,
    }
}

fn completions(shell: Shell) -> String {
    let mut script = Vec::new();
    generate(shell, &mut definition(false), "dondo", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// The definition without `help` as a command, which has no page.
fn documented() -> Command {
    let mut command = definition(false).disable_help_subcommand(true);
    command.build();
    command
}

fn page() -> CommandAnswer {
    let mut page = Vec::new();
    match rendered(&documented(), &mut page) {
        Ok(_) => CommandAnswer::said(String::from_utf8_lossy(&page).into_owned()),
        Err(error) => CommandAnswer::wrong(error),
    }
}

fn pages(folder: &Path) -> CommandAnswer {
    let name = folder.display();
    let unwritten = |error: Error| {
        CommandAnswer::wrong(format!(
            "{name}: cannot be written: {error}; write the name of a folder that is there and that this user may write to"
        ))
    };
    written(&documented(), folder).map_or_else(unwritten, |()| CommandAnswer::default())
}

/// A page for a command, and for each that belongs to it.
fn written(command: &Command, folder: &Path) -> Result<(), Error> {
    let mut page = Vec::new();
    let name = rendered(command, &mut page)?;
    write(folder.join(name), page)?;
    let mut inner = command.get_subcommands();
    inner.try_for_each(|command| written(command, folder))
}

/// A page, and the name of its file. Of all that it has only the synopsis is not the crate's own, which would be sixty flags.
fn rendered(command: &Command, page: &mut Vec<u8>) -> Result<String, Error> {
    let man = Man::new(command.clone());
    man.render_title(page)?;
    man.render_name_section(page)?;
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ").replace('-', "\\-");
    writeln!(page, ".SH SYNOPSIS\n{usage}")?;
    man.render_description_section(page)?;
    man.render_options_section(page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(page)?;
    }
    if command.get_after_help().is_some() {
        man.render_extra_section(page)?;
    }
    if command.get_version().is_some() {
        man.render_version_section(page)?;
    }
    Ok(man.get_filename())
}
