//! Settings as flags, the environment and a file give them, each of these before the next, and all that is wrong with them.
//! Knows the table of settings and no single one.

mod again;
mod missing;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::Path;

use clap::ArgMatches;

use super::file::SettingsFile;
use super::flags::{CONFIG, typed};
use super::nearest::renamed;
use super::said::Said;
use super::table::variable;
use super::{Setting, SettingError, Settings};

/// Settings as they were given to the program.
#[derive(Clone, Debug)]
pub struct Given {
    /// The settings, checked.
    pub settings: Settings,
    /// Lines to log: old names that were used or ignored, each with the one to write.
    pub renamed: Vec<String>,
    file: Option<String>,
    pub(super) written: BTreeMap<String, Said>,
}

/// All that is wrong with settings: a line for each, and one at least.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrongSettings(Vec<SettingError>);

impl Given {
    /// Reads flags, variables for what no flag says, and for what neither says the file: the one that is named, or
    /// `dondo.toml` in the working directory.
    ///
    /// # Errors
    /// What cannot be read or cannot work, by the names it was given with.
    pub fn read(
        flags: &ArgMatches,
        environment: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Self, WrongSettings> {
        Self::read_in(Path::new(""), flags, environment)
    }

    /// The same for a start, or for a program that runs and takes them as a start would: with so many open files, where that is known.
    ///
    /// # Errors
    /// What keeps a start from going well.
    pub fn for_start(
        flags: &ArgMatches,
        environment: impl Fn(&str) -> Option<OsString>,
        open_files: Option<u64>,
    ) -> Result<Self, WrongSettings> {
        let given = Self::read(flags, environment)?;
        // With fewer than the runtime opens for itself it would end in a panic.
        given.within(open_files)?;
        given.settings.api_has_keys()?;
        given.open()?;
        Ok(given)
    }

    /// The same in another folder.
    pub(super) fn read_in(
        folder: &Path,
        flags: &ArgMatches,
        environment: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Self, WrongSettings> {
        let named = typed(flags, CONFIG).map(|text| (format!("--{CONFIG} {text}"), text.into()));
        let named = named.or_else(|| {
            let name = variable(CONFIG);
            let text = environment(&name)?;
            Some((format!("{name}={}", text.display()), text))
        });
        let file = SettingsFile::read(folder, named);
        let mut given = Self {
            settings: Settings::default(),
            renamed: Vec::new(),
            file: file.name.clone(),
            written: BTreeMap::new(),
        };
        let mut wrong = file.wrong.clone();
        for setting in Settings::table() {
            let all = all_said(setting, flags, &environment, &file);
            let taken = all.and_then(|all| given.take(setting, all));
            wrong.extend(taken.err());
        }
        wrong.extend(renamed(&environment));
        given
            .settings
            .imply(|name| given.written.contains_key(name));
        let written = |setting: &Setting| given.written.get(&setting.name());
        let mut at_fault = given.settings.out_of_range(written);
        // What has to fit to a value that was not understood is not judged.
        if wrong.is_empty() && at_fault.is_empty() {
            at_fault = given.settings.unfit(written);
        }
        wrong.extend(at_fault);
        match wrong.is_empty() {
            true => Ok(given),
            false => Err(WrongSettings(wrong)),
        }
    }

    /// Takes the first of what is said of a setting.
    fn take(&mut self, setting: &Setting, all: Vec<Said>) -> Result<(), SettingError> {
        let mut all = all.into_iter();
        let Some(used) = all.next() else {
            return Ok(());
        };
        let others = Vec::from_iter(all);
        (setting.read)(&mut self.settings, &used.text)
            .map_err(|said| SettingError::new(&used.whole(), said))?;
        for other in others.iter().filter(|other| other.in_file.is_some()) {
            // A file is in order or not, whatever is said beside it.
            let mut alone = Settings::default();
            (setting.read)(&mut alone, &other.text)
                .and_then(|()| (setting.in_range)(&alone))
                .map_err(|said| SettingError::new(&other.whole(), said))?;
        }
        let name = setting.name();
        let write = match used.in_file {
            Some(_) => format!("write {name}"),
            None => format!("write --{name} or {}", setting.variable()),
        };
        if used.is_old(setting) {
            let head = match &used.in_file {
                Some(at) => format!("{}: {}", at.place, used.typed),
                None => used.typed.clone(),
            };
            self.renamed.push(format!(
                "{head} is an old name and goes with the next release: {write}"
            ));
        }
        for other in others {
            if used.is_old(setting) || other.is_old(setting) {
                self.renamed.push(format!(
                    "{} is used and {} is ignored, as both are names of one setting: {write}",
                    used.mentioned(),
                    other.mentioned()
                ));
            }
        }
        self.written.insert(name, used);
        Ok(())
    }

    /// Where a setting was given: the flag or the variable, with the value, as typed, or the file and the line. None: it
    /// has its default.
    pub fn written(&self, name: &str) -> Option<String> {
        self.written.get(name).map(Said::place)
    }

    /// Where a setting comes from, whether somebody wrote it or not.
    pub(super) fn origin(&self, name: &str) -> String {
        self.written(name).unwrap_or_else(|| {
            let by = self.settings.implied_by(name);
            match by.and_then(|by| self.written(by)) {
                Some(by) => format!("as {by} implies"),
                None => "default".to_owned(),
            }
        })
    }

    /// Settings that somebody wrote and that do nothing beside the others, a line each, with what to do.
    pub fn without_effect(&self) -> Vec<String> {
        let settings = &self.settings;
        let typed = self.written("chat-hub").filter(|_| {
            settings.chat_hub.is_some() && !settings.namespaces.iter().any(|name| name == "/")
        });
        let line = typed.map(|typed| {
            format!(
                "{typed} serves nothing: the ChatHub is in the namespace /, which --namespaces leaves out; \
                 write --namespaces with /, or --chat-hub off"
            )
        });
        line.into_iter().chain(settings.never_fits()).collect()
    }

    /// Says whether those may come in whom the settings mean.
    ///
    /// # Errors
    /// Tokens are asked for, and there is no key to know them by.
    fn open(&self) -> Result<(), SettingError> {
        let asked = self.settings.auth.without_key();
        asked.map_or(Ok(()), |(name, why)| {
            let written = self.written(name).unwrap_or_default();
            Err(SettingError::new(&written, why))
        })
    }

    /// Says whether so many open files do, where that is known.
    ///
    /// # Errors
    /// They do not; the error says how many to allow.
    fn within(&self, open_files: Option<u64>) -> Result<(), SettingError> {
        let files = open_files.map(|files| self.settings.connections_within(files));
        files.map_or(Ok(()), |left| left.map(drop))
    }

    /// The file that was read, by the name it was opened with.
    pub fn file(&self) -> Option<&str> {
        self.file.as_deref()
    }
}

/// What is said of a setting, that first which counts: a flag before a variable before a file, a new name before an old one.
fn all_said(
    setting: &Setting,
    flags: &ArgMatches,
    environment: impl Fn(&str) -> Option<OsString>,
    file: &SettingsFile,
) -> Result<Vec<Said>, SettingError> {
    let new = setting.name();
    let names = || [Some(new.as_str()), setting.was].into_iter().flatten();
    let flag = |name: &str| {
        Some(Said {
            typed: format!("--{name}"),
            text: typed(flags, name)?,
            in_file: None,
        })
    };
    let mut all: Vec<_> = names().filter_map(flag).collect();
    let mut twins = Vec::from_iter(names().map(variable));
    // The variable of an old name may be that of the new one.
    twins.dedup();
    for name in twins {
        let Some(text) = environment(&name) else {
            continue;
        };
        match text.into_string() {
            Ok(text) => all.push(Said {
                typed: name,
                text,
                in_file: None,
            }),
            // It is not looked at where it does not count.
            Err(_) if !all.is_empty() => {}
            Err(_) => return Err(SettingError::new(&name, "not UTF-8; write it in UTF-8")),
        }
    }
    for name in names() {
        all.extend(file.said.iter().find(|said| said.typed == name).cloned());
    }
    Ok(all)
}

impl WrongSettings {
    /// What is wrong, in the order in which it was found.
    pub fn iter(&self) -> impl Iterator<Item = &SettingError> {
        self.0.iter()
    }
}

impl From<SettingError> for WrongSettings {
    fn from(wrong: SettingError) -> Self {
        Self(vec![wrong])
    }
}

impl fmt::Display for WrongSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = self.0.iter().map(SettingError::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for WrongSettings {}
