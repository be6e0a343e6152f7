//! The file of settings: which one is read, and what it says. Knows the table of settings and no single one.

mod spelled;

use std::ffi::OsString;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue, Error};

use super::nearest::Dress;
use super::said::{InFile, Said};
use super::{Setting, SettingError, Settings};

/// What is read where nobody names another.
pub(super) const DEFAULT: &str = "dondo.toml";
/// Nobody writes so many settings: it is another file.
const BYTES_MAX: u64 = 1 << 20;
/// What is quoted of a line, in letters.
const QUOTED: usize = 80;
/// What the parser says of a name that stands twice.
const DUPLICATE: &str = "duplicate key";

/// What a file says of settings, in its order.
#[derive(Debug, Default)]
pub(super) struct SettingsFile {
    /// The name by which it was opened.
    pub(super) name: Option<String>,
    pub(super) said: Vec<Said>,
    pub(super) wrong: Vec<SettingError>,
}

impl SettingsFile {
    /// Reads the file that was named, and how; else the one of this folder, if there is one.
    pub(super) fn read(folder: &Path, named: Option<(String, OsString)>) -> Self {
        let is_named = named.is_some();
        let (head, path) = match named {
            Some((head, path)) => (head, PathBuf::from(path)),
            None => (DEFAULT.to_owned(), DEFAULT.into()),
        };
        let name = path.display().to_string();
        let wrong = |sentence: String| Self {
            wrong: vec![SettingError::whole(sentence)],
            ..Self::default()
        };
        let bytes = match bytes(&folder.join(&path)) {
            Ok(bytes) => bytes,
            Err(NotRead::Missing) if !is_named => return Self::default(),
            Err(NotRead::Missing) => {
                return wrong(format!(
                    "{head}: there is no such file; write the name of one, or make it with `dondo init {name}`"
                ));
            }
            Err(NotRead::Otherwise(said)) => return wrong(format!("{head}: {said}")),
        };
        let mut file = match String::from_utf8(bytes) {
            Ok(text) => Self::parsed(&name, &text),
            Err(error) => {
                let (good, rest) = error.as_bytes().split_at(error.utf8_error().valid_up_to());
                let line = line(&String::from_utf8_lossy(good), good.len());
                // A mark at its begin says that the whole file is of another encoding.
                let of = match rest {
                    [0xff, 0xfe, ..] | [0xfe, 0xff, ..] if good.is_empty() => " but UTF-16",
                    _ => "",
                };
                wrong(format!("{name}:{line}: not UTF-8{of}; write it in UTF-8"))
            }
        };
        file.name = Some(name);
        file
    }

    fn parsed(name: &str, text: &str) -> Self {
        let mut file = Self::default();
        let (table, errors) = DeTable::parse_recoverable(text);
        if !errors.is_empty() {
            let (mut told, mut is_twice) = (Vec::new(), false);
            for error in errors {
                let at = error.span().map_or(text.len(), |span| span.start);
                let line = line(text, at);
                // The first of a line has led to the others, and a section that stands twice to all that do so in it.
                let follows = is_twice && error.message() == DUPLICATE;
                if !follows && !told.contains(&line) {
                    told.push(line);
                    let sentence = not_toml(&error, text);
                    is_twice |= error.message() == DUPLICATE && sentence.starts_with('[');
                    file.refuse(format!("{name}:{line}: {sentence}"));
                }
            }
            return file;
        }
        let mut values = Vec::new();
        flatten(table.get_ref(), "", &mut values);
        values.sort_by_key(|(_, at, _)| *at);
        for (key, at, value) in values {
            let place = format!("{name}:{}", line(text, at));
            file.take(key, place, value, text);
        }
        file
    }

    fn take(&mut self, key: String, place: String, value: &Spanned<DeValue<'_>>, text: &str) {
        let Some(setting) = named(&key) else {
            self.refuse(format!("{place}: {}", unknown(&key, value.get_ref())));
            return;
        };
        let raw = quoted(text.get(value.span()).unwrap_or_default());
        match spelled::spelled(setting, value.get_ref(), &raw) {
            Ok(text) => self.said.push(Said {
                typed: key,
                text,
                in_file: Some(InFile { place, raw }),
            }),
            Err(said) if value.get_ref().is_table() => {
                self.refuse(format!("{place}: {said}"));
            }
            Err(said) => self.refuse(format!("{place}: {key} = {raw}: {said}")),
        }
    }

    fn refuse(&mut self, sentence: String) {
        self.wrong.push(SettingError::whole(sentence));
    }
}

enum NotRead {
    Missing,
    Otherwise(String),
}

fn bytes(path: &Path) -> Result<Vec<u8>, NotRead> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| {
        let is_folder = file.metadata()?.is_dir();
        if !is_folder {
            file.take(BYTES_MAX + 1).read_to_end(&mut bytes)?;
        }
        Ok(is_folder)
    });
    match read {
        Err(error) if error.kind() == ErrorKind::NotFound => Err(NotRead::Missing),
        Err(error) => Err(NotRead::Otherwise(format!(
            "cannot be read: {error}; write the name of a file that this user may read"
        ))),
        Ok(true) => Err(NotRead::Otherwise(
            "a folder; write the name of a file".to_owned(),
        )),
        Ok(false) if bytes.len() as u64 > BYTES_MAX => Err(NotRead::Otherwise(
            "over 1MiB, so no file of settings; write the name of one".to_owned(),
        )),
        Ok(false) => Ok(bytes),
    }
}

/// The setting of a name, of today or of a release ago.
fn named(key: &str) -> Option<&'static Setting> {
    let is = |setting: &&Setting| setting.name() == key || setting.was == Some(key);
    Settings::table().find(is)
}

fn sections() -> Vec<&'static str> {
    let mut sections: Vec<_> = Settings::table().map(|setting| setting.section).collect();
    sections.dedup();
    sections.retain(|section| !section.is_empty());
    sections
}

/// The values of a table and of those in it, each with its whole name and where the last word of that stands.
fn flatten<'t, 'i>(
    table: &'t DeTable<'i>,
    above: &str,
    found: &mut Vec<(String, usize, &'t Spanned<DeValue<'i>>)>,
) {
    for (key, value) in table {
        let name = match above {
            "" => key.get_ref().to_string(),
            above => format!("{above}.{}", key.get_ref()),
        };
        match value.get_ref() {
            // What stands in a section that there is may be left out.
            DeValue::Table(inner) if inner.is_empty() && sections().contains(&&*name) => {}
            DeValue::Table(inner) if !inner.is_empty() && named(&name).is_none() => {
                flatten(inner, &name, found);
            }
            _ => found.push((name, key.span().start, value)),
        }
    }
}

fn unknown(key: &str, value: &DeValue<'_>) -> String {
    if sections().contains(&key) {
        return format!("{key} is a section; write [{key}], and its settings below");
    }
    if value.is_table() {
        let sections = sections().join(", ");
        return format!("{key} is no section; the sections are {sections}");
    }
    let remedy = Dress::File.remedy(key);
    format!("{key} is no setting; {remedy}")
}

fn not_toml(error: &Error, text: &str) -> String {
    let span = error.span().unwrap_or(text.len()..text.len());
    let begin = text[..span.start].rfind('\n').map_or(0, |at| at + 1);
    let line = text[begin..].lines().next().unwrap_or_default().trim();
    if error.message() == DUPLICATE {
        let key = text.get(span).unwrap_or_default();
        return match line.starts_with('[') {
            true => format!("[{key}] stands twice; write all of it in one place"),
            false => format!("{key} stands twice; write it once"),
        };
    }
    // What the parser expects where nothing can stand is no help.
    let said = error.message();
    let said = said.split(", expected nothing").next().unwrap_or(said);
    let said = said.split(", expected literal").next().unwrap_or(said);
    let what = format!("{} is not TOML ({said})", quoted(line));
    let write = bare(line).unwrap_or_else(|| {
        "write lines like sessions-max = 10000 below a line like [limits], and texts in quotes"
            .to_owned()
    });
    format!("{what}; {write}")
}

/// What to write for a value that lacks its quotes.
fn bare(line: &str) -> Option<String> {
    let (key, value) = line.split_once('=')?;
    let (key, value) = (key.trim(), value.split('#').next()?.trim());
    let by_key = || Settings::table().find(|setting| setting.key() == key);
    let setting = named(key).or_else(by_key)?;
    if value.is_empty() {
        return Some(format!("write {key} = and a value"));
    }
    if value.contains(['"', '\'', '[', ']', '{', '}', '=', '\\']) {
        return None;
    }
    let mut alone = Settings::default();
    let read = (setting.read)(&mut alone, value);
    Some(match (read, setting.written) {
        (Ok(()), "COUNT") => format!("write {key} = {}", (setting.show)(&alone)),
        (Ok(()), _) => format!("write {key} = \"{value}\""),
        (Err(said), "COUNT") => said,
        (Err(said), _) => format!("{said}, in quotes"),
    })
}

/// A text in one line, not too long.
fn quoted(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().collect();
    let text = words.join(" ");
    match text.char_indices().nth(QUOTED) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

/// The line of a place in a text, counted from 1.
fn line(text: &str, at: usize) -> usize {
    let before = text.as_bytes().iter().take(at);
    before.filter(|byte| **byte == b'\n').count() + 1
}
