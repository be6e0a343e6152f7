//! What is asked of settings beyond a range, before anything is started with them.
//! Each refusal says what is wrong and what to write; nothing here repairs a setting.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;

use super::said::Said;
use super::spelling::no_subprotocol;
use super::table::within;
use super::units::{Size, Span};
use super::{BYTES, Setting, SettingError, Settings, TIMER};
use crate::api::keys::ApiKeys;
use crate::own_paths::is_own;
use crate::transport::origin::is_host;
use crate::transport::subprotocol::is_token;

type Checked = Result<(), String>;

impl Settings {
    /// Says whether a server can be started with these settings.
    ///
    /// # Errors
    /// The first setting that cannot work; looks at the file system for the files and folders that settings name, and for nothing else.
    pub fn check(&self) -> Result<(), SettingError> {
        let wrong = || self.unfit(|_| None).into_iter();
        let mut wrong = self.out_of_range(|_| None).into_iter().chain(wrong());
        wrong.next().map_or(Ok(()), Err)?;
        self.api_has_keys()
    }

    /// Says whether the HTTP API has keys where strangers could ask it.
    ///
    /// # Errors
    /// It has none.
    pub(super) fn api_has_keys(&self) -> Result<(), SettingError> {
        match self.api.public && self.api.keys_file.is_none() {
            true => Err(SettingError::new(
                "--api.public on",
                "the HTTP API has no keys, and without one nobody may ask it; write --api.keys-file, or --api.public off",
            )),
            false => Ok(()),
        }
    }

    /// Says whether those may come in whom the settings mean, where nothing but the settings has keys.
    pub(crate) fn check_tokens(&self) -> Result<(), SettingError> {
        let asked = self.auth.without_key();
        asked.map_or(Ok(()), |(name, why)| {
            Err(SettingError::new(&format!("--{name}"), why))
        })
    }

    /// A namespace that no client could ask for, or that is there already, and what is wrong with it.
    pub(crate) fn wrong_namespace(&self) -> Option<(&str, &'static str)> {
        let wrong = |name: &&String| wrong_with_namespace(name, self.hub.name_bytes_max);
        let mut all = self.namespaces.iter();
        let named = all.find_map(|name| Some((&**name, wrong(&name)?)));
        named.or_else(|| Some((repeated(&self.namespaces)?, "is given twice")))
    }

    /// What is out of its range is at fault itself, and not one that has to fit to it. `written` knows how a setting was
    /// given.
    pub(super) fn out_of_range<'a>(
        &self,
        written: impl Fn(&Setting) -> Option<&'a Said>,
    ) -> Vec<SettingError> {
        let wrong = |one: &Setting| Some(refused(one, (one.in_range)(self).err()?, &written));
        Self::table().filter_map(wrong).collect()
    }

    /// What cannot work beside others, where all are in their ranges.
    pub(super) fn unfit<'a>(
        &self,
        written: impl Fn(&Setting) -> Option<&'a Said>,
    ) -> Vec<SettingError> {
        let wrong = |one: &Setting| Some(refused(one, (one.check)(self).err()?, &written));
        Self::table().filter_map(wrong).collect()
    }
}

/// The refusal of a setting; it and those that it has to fit to are named as they were given.
fn refused<'a>(
    setting: &Setting,
    said: String,
    written: impl Fn(&Setting) -> Option<&'a Said>,
) -> SettingError {
    let name = match written(setting) {
        Some(given) => given.whole(),
        None => format!("--{}", setting.name()),
    };
    let said = Settings::table().fold(said, |said, other| match written(other) {
        Some(given) => renamed(&said, &format!("--{}", other.name()), &given.mentioned()),
        None => said,
    });
    SettingError::new(&name, said)
}

/// A sentence with a name in it written otherwise, where it stands alone.
fn renamed(sentence: &str, name: &str, new: &str) -> String {
    let mut parts = sentence.split(name);
    let mut whole = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let goes_on = part.starts_with(|next: char| next.is_alphanumeric() || next == '-');
        whole.push_str(if goes_on { name } else { new });
        whole.push_str(part);
    }
    whole
}

pub(super) fn listen(settings: &Settings) -> Checked {
    if settings.listen.is_empty() {
        return Err("no address to listen on; write one, for example 127.0.0.1:11000".to_owned());
    }
    let fixed = settings.listen.iter().filter(|address| address.port() != 0);
    once(fixed)
}

pub(super) fn admin_listen(settings: &Settings) -> Checked {
    match settings.admin_listen {
        Some(address) if address.port() != 0 && settings.listen.contains(&address) => Err(format!(
            "{address} is an address of --listen too; write another port, or off"
        )),
        _ => Ok(()),
    }
}

pub(super) fn namespaces(settings: &Settings) -> Checked {
    if settings.namespaces.is_empty() {
        return Err("no namespace to connect to; write at least one, for example /".to_owned());
    }
    match settings.wrong_namespace() {
        Some((name, wrong)) => Err(format!(
            "{name:?} {wrong}; write namespaces like / or /chat, each once, separated by commas"
        )),
        None => Ok(()),
    }
}

pub(super) fn path(settings: &Settings) -> Checked {
    let path = &settings.path;
    path_of(path, path)?;
    match is_own(path) {
        true => Err(format!(
            "{path:?} is the hub's own; write another path, like /socket.io/"
        )),
        false => Ok(()),
    }
}

pub(super) fn chat_hub(settings: &Settings) -> Checked {
    other_path(settings.chat_hub.as_ref(), settings)
}

pub(super) fn websocket_path(settings: &Settings) -> Checked {
    other_path(settings.endpoints.websocket.as_ref(), settings)
}

pub(super) fn events_path(settings: &Settings) -> Checked {
    other_path(settings.endpoints.events.as_ref(), settings)
}

pub(super) fn echo_path(settings: &Settings) -> Checked {
    other_path(settings.endpoints.echo.as_ref(), settings)
}

/// What stands below another endpoint would never be asked.
fn other_path(path: Option<&String>, settings: &Settings) -> Checked {
    let Some(path) = path else {
        return Ok(());
    };
    path_of(path, path)?;
    if is_own(path) {
        return Err(format!(
            "{path:?} is the hub's own; write another path, or off"
        ));
    }
    // The one that comes later in the table is at fault, so that one sentence tells of both.
    let before = settings
        .paths()
        .take_while(|(_, other)| !std::ptr::eq(*other, path));
    let beside = |other: &str| path.starts_with(other) || other.starts_with(&**path);
    match before.into_iter().find(|(_, other)| beside(other)) {
        None => Ok(()),
        Some((name, _)) => Err(format!(
            "{path:?} is the path of --{name} too, or below or above it; write a path of its own, or off"
        )),
    }
}

/// The same for one that was `written` in some way.
pub(super) fn path_of(path: &str, written: &str) -> Checked {
    match wrong_with_path(path) {
        Some(wrong) => Err(format!("{written:?} {wrong}; write it like /socket.io/")),
        None => Ok(()),
    }
}

pub(super) fn hosts(settings: &Settings) -> Checked {
    match settings.hosts.iter().find(|host| !is_host(host)) {
        Some(host) => Err(format!(
            "{host:?} is no host name; write names without scheme, port and pattern, for example chat.example"
        )),
        None => Ok(()),
    }
}

pub(super) fn subprotocols(settings: &Settings) -> Checked {
    match settings
        .engine
        .subprotocols
        .iter()
        .find(|name| !is_token(name))
    {
        Some(name) => Err(no_subprotocol(name)),
        None => Ok(()),
    }
}

pub(super) fn client_dist(settings: &Settings) -> Checked {
    let folder = settings.client_dist.as_deref();
    folder.map_or(Ok(()), readable)
}

pub(super) fn static_files(settings: &Settings) -> Checked {
    let Some(folder) = &settings.static_files else {
        return Ok(());
    };
    let wrong = match File::open(folder.join("index.html")) {
        Ok(_) => return Ok(()),
        Err(error) if error.kind() != ErrorKind::NotFound => {
            format!("its index.html cannot be read: {error}")
        }
        Err(_) if !folder.is_dir() => "there is no such folder".to_owned(),
        Err(_) => "there is no index.html in it".to_owned(),
    };
    Err(format!("{wrong}; write a folder with a page in it"))
}

fn readable(folder: &Path) -> Checked {
    let file = folder.join("socket.io.js");
    let opened = File::open(&file).and_then(|opened| opened.metadata());
    let wrong = match opened {
        Ok(found) if found.is_file() => return Ok(()),
        Err(error) if error.kind() != ErrorKind::NotFound => {
            format!("{} cannot be read: {error}", file.display())
        }
        _ => format!("there is no socket.io.js in {}", folder.display()),
    };
    Err(format!(
        "{wrong}; write the dist folder of the npm package socket.io-client"
    ))
}

pub(super) fn keys_file(settings: &Settings) -> Checked {
    match &settings.api.keys_file {
        Some(file) => ApiKeys::read(file).map(drop),
        None => Ok(()),
    }
}

pub(super) fn memory_max(settings: &Settings) -> Checked {
    let memory = settings.memory_max();
    for (held, setting) in [
        (settings.outbox_bytes_max(), "--delivery.outbox-bytes-max"),
        (settings.session_bytes_max, "--session-bytes-max"),
    ] {
        if memory < held {
            return Err(format!(
                "{} is less than one session may hold; write at least {} ({setting})",
                Size(memory),
                Size(held)
            ));
        }
    }
    within::<Size, _>(&memory, &BYTES)
}

pub(super) fn history_bytes(settings: &Settings) -> Checked {
    within::<Size, _>(&settings.history_bytes(), &(1..=settings.memory_max() / 2))
        .map_err(|said| format!("{said}, half of --memory-max"))
}

pub(super) fn address_bytes_max(settings: &Settings) -> Checked {
    one_message(settings.limits.address_bytes_max, settings)
}

pub(super) fn unfinished_bytes_max(settings: &Settings) -> Checked {
    one_message(settings.limits.unfinished_bytes_max, settings)
}

pub(super) fn session_bytes_max(settings: &Settings) -> Checked {
    two_messages(settings.session_bytes_max, settings)
}

pub(super) fn packet_bytes_max(settings: &Settings) -> Checked {
    // What is not set is computed from what two others say, which are judged by themselves.
    let Some(bytes) = settings.engine.packet_bytes_max else {
        return Ok(());
    };
    let least = settings.engine.max_payload;
    let most = settings.outbox_bytes_max().min(settings.session_bytes_max) / 2;
    if bytes < least {
        return Err(less_than_one_message(bytes, least));
    }
    if bytes > most {
        return Err(format!(
            "{} is more than half of what may wait for one session; write at most {}, or raise \
             --delivery.outbox-bytes-max and --session-bytes-max",
            Size(bytes),
            Size(most)
        ));
    }
    Ok(())
}

pub(super) fn outbox_bytes_max(settings: &Settings) -> Checked {
    two_messages(settings.outbox_bytes_max(), settings)
}

pub(super) fn stall_timeout(settings: &Settings) -> Checked {
    within::<Span, _>(&settings.stall_timeout(), &TIMER)
}

fn one_message(bytes: usize, settings: &Settings) -> Checked {
    let least = settings.engine.max_payload;
    if bytes < least {
        return Err(less_than_one_message(bytes, least));
    }
    within::<Size, _>(&bytes, &BYTES)
}

fn less_than_one_message(bytes: usize, least: usize) -> String {
    format!(
        "{} is less than one message of the size that --engine.max-payload allows; write at least {}",
        Size(bytes),
        Size(least)
    )
}

fn two_messages(bytes: usize, settings: &Settings) -> Checked {
    let least = settings.engine.max_payload.saturating_mul(2);
    if bytes < least {
        return Err(format!(
            "{} is less than two messages of the size that --engine.max-payload allows; write at least {}",
            Size(bytes),
            Size(least)
        ));
    }
    within::<Size, _>(&bytes, &BYTES)
}

fn once<'a, T: Ord + std::fmt::Display + 'a>(values: impl IntoIterator<Item = &'a T>) -> Checked {
    match repeated(values) {
        Some(value) => Err(format!("{value} is given twice; write it once")),
        None => Ok(()),
    }
}

fn repeated<'a, T: Ord + 'a>(values: impl IntoIterator<Item = &'a T>) -> Option<&'a T> {
    let mut seen = BTreeSet::new();
    values.into_iter().find(|value| !seen.insert(*value))
}

fn wrong_with_namespace(name: &str, bytes_max: usize) -> Option<&'static str> {
    if !name.starts_with('/') {
        Some("does not begin with a slash")
    } else if name.len() > bytes_max {
        Some("is longer than --hub.name-bytes-max")
    } else if name.contains(|c: char| c == ',' || c == '?' || c.is_control() || c.is_whitespace()) {
        // The packet's own separators: no client could ever name it.
        Some("has a comma, question mark, space or control character in it")
    } else {
        None
    }
}

fn wrong_with_path(path: &str) -> Option<&'static str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/-_.~".contains(c);
    if path == "/" {
        Some("is where the first page stands")
    } else if !path.starts_with('/') {
        Some("does not begin with a slash")
    } else if !path.ends_with('/') {
        Some("does not end with a slash")
    } else if path.contains("//") {
        Some("has an empty part in it")
    } else if path.split('/').any(|part| part == "." || part == "..") {
        Some("has a part in it that browsers take out")
    } else if !path.chars().all(plain) {
        Some("has a character other than letters, digits, and - _ . ~ in it")
    } else {
        None
    }
}

#[cfg(test)]
mod tests;
