//! How the values of settings are written and read. Knows no setting.

use std::fmt::Display;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::ValueEnum;
use clap::builder::PossibleValue;
use ipnet::IpNet;

use super::Settings;
use super::units::{Size, Span};
use crate::transport::origin::{Origins, is_host};
use crate::transport::subprotocol::is_token;

/// A way to write a `T`. What [`Spelling::show`] gives can be read back.
pub(super) trait Spelling<T> {
    /// What stands for a value in the help.
    const WRITTEN: &'static str;
    /// Several values may stand in commas, and the flag may be repeated.
    const IS_LIST: bool = false;
    /// What is written for no value at all, where that can be written.
    const NOTHING: Option<&'static str> = None;
    /// The same, of a type that can be without a value.
    const WITHOUT: Option<&'static str> = None;

    /// Reads a value; an error says what is wrong and what to write.
    fn read(text: &str) -> Result<T, String>;

    /// Writes a value.
    fn show(value: &T) -> String;

    /// False for no value at all.
    fn is_set(_: &T) -> bool {
        true
    }

    /// The only values, with their meanings, where there are few.
    fn choices() -> Vec<PossibleValue> {
        Vec::new()
    }
}

/// A number of things.
pub(super) struct Count;
/// `on` or `off`: flags that take no value could not be switched off from the environment.
pub(super) struct Switch;
/// One of a few words.
pub(super) struct Choice;
/// An IP address with a port.
pub(super) struct Address;
/// A namespace.
pub(super) struct NamespaceName;
/// A path in URLs; a slash at its end is understood.
pub(super) struct UrlPath;
/// A folder.
pub(super) struct Folder;
/// A file.
pub(super) struct FilePath;
/// A host's name or address, without a port.
pub(super) struct HostName;
/// A word of a protocol's header.
pub(super) struct Token;
/// An IP address or a network.
pub(super) struct Network;

impl Spelling<usize> for Count {
    const WRITTEN: &'static str = "COUNT";

    fn read(text: &str) -> Result<usize, String> {
        parsed(text, "a whole number", "10000")
    }

    fn show(count: &usize) -> String {
        count.to_string()
    }
}

impl Spelling<usize> for Size {
    const WRITTEN: &'static str = "SIZE";

    fn read(text: &str) -> Result<usize, String> {
        text.parse::<Self>()
            .map(|size| size.0)
            .map_err(|error| error.to_string())
    }

    fn show(bytes: &usize) -> String {
        Self(*bytes).to_string()
    }
}

impl Spelling<Duration> for Span {
    const WRITTEN: &'static str = "DURATION";

    fn read(text: &str) -> Result<Duration, String> {
        text.parse::<Self>()
            .map(|span| span.0)
            .map_err(|error| error.to_string())
    }

    fn show(duration: &Duration) -> String {
        Self(*duration).to_string()
    }
}

impl Spelling<bool> for Switch {
    const WRITTEN: &'static str = "on|off";

    fn read(text: &str) -> Result<bool, String> {
        match text {
            "on" => Ok(true),
            "off" => Ok(false),
            _ => Err("neither on nor off; write one of them".to_owned()),
        }
    }

    fn show(on: &bool) -> String {
        if *on { "on" } else { "off" }.to_owned()
    }
}

impl<T: ValueEnum> Spelling<T> for Choice {
    const WRITTEN: &'static str = "WORD";

    fn read(text: &str) -> Result<T, String> {
        T::from_str(text, false).map_err(|_| {
            let words: Vec<_> = T::value_variants().iter().map(Self::show).collect();
            format!("not one of the words for it; write {}", words.join(" or "))
        })
    }

    fn show(choice: &T) -> String {
        choice
            .to_possible_value()
            .map_or_else(String::new, |word| word.get_name().to_owned())
    }

    fn choices() -> Vec<PossibleValue> {
        T::value_variants()
            .iter()
            .filter_map(ValueEnum::to_possible_value)
            .collect()
    }
}

impl Spelling<SocketAddr> for Address {
    const WRITTEN: &'static str = "ADDR:PORT";
    const NOTHING: Option<&'static str> = Some("off");

    fn read(text: &str) -> Result<SocketAddr, String> {
        text.parse().map_err(|_| what_to_write(text))
    }

    fn show(address: &SocketAddr) -> String {
        address.to_string()
    }
}

impl Spelling<String> for NamespaceName {
    const WRITTEN: &'static str = "/,/OTHER";

    fn read(text: &str) -> Result<String, String> {
        Ok(text.to_owned())
    }

    fn show(name: &String) -> String {
        name.clone()
    }
}

impl Spelling<String> for UrlPath {
    const WRITTEN: &'static str = "PATH";
    const NOTHING: Option<&'static str> = Some("off");

    fn read(text: &str) -> Result<String, String> {
        let path = format!("{}/", text.trim_end_matches('/'));
        super::check::path_of(&path, text)?;
        Ok(path)
    }

    fn show(path: &String) -> String {
        path.clone()
    }
}

macro_rules! paths {
    ($($kind:ident: $written:literal),*) => {$(
        impl Spelling<PathBuf> for $kind {
            const WRITTEN: &'static str = $written;
            const NOTHING: Option<&'static str> = Some("none");

            fn read(text: &str) -> Result<PathBuf, String> {
                Ok(text.into())
            }

            fn show(path: &PathBuf) -> String {
                path.display().to_string()
            }
        }
    )*};
}

paths! {FilePath: "FILE", Folder: "DIR"}

impl Spelling<Self> for Origins {
    const WRITTEN: &'static str = "same-host|*|ORIGIN,ORIGIN";
    const IS_LIST: bool = true;

    fn read(text: &str) -> Result<Self, String> {
        text.parse()
            .map_err(|error: <Self as FromStr>::Err| error.to_string())
    }

    fn show(origins: &Self) -> String {
        origins.to_string()
    }
}

impl Spelling<String> for HostName {
    const WRITTEN: &'static str = "NAME,NAME";
    const NOTHING: Option<&'static str> = Some("any");

    fn read(text: &str) -> Result<String, String> {
        if is_host(text) {
            Ok(text.to_ascii_lowercase())
        } else {
            Err(format!(
                "{text:?} is no host name; write names without scheme, port and pattern, for example chat.example"
            ))
        }
    }

    fn show(host: &String) -> String {
        host.clone()
    }
}

/// What is wrong with a name that no header can have.
pub(super) fn no_subprotocol(name: &str) -> String {
    format!(
        "{name:?} is no subprotocol; write names of letters, digits and -._, for example chat.v1"
    )
}

impl Spelling<String> for Token {
    const WRITTEN: &'static str = "NAME,NAME";
    const NOTHING: Option<&'static str> = Some("any");

    fn read(text: &str) -> Result<String, String> {
        if is_token(text) {
            Ok(text.to_owned())
        } else {
            Err(no_subprotocol(text))
        }
    }

    fn show(name: &String) -> String {
        name.clone()
    }
}

impl Spelling<IpNet> for Network {
    const WRITTEN: &'static str = "ADDR|NETWORK,…";
    const NOTHING: Option<&'static str> = Some("none");

    fn read(text: &str) -> Result<IpNet, String> {
        match text.parse::<IpAddr>() {
            Ok(address) => Ok(address.into()),
            Err(_) => parsed(text, "an IP address or a network", "10.0.0.0/8"),
        }
    }

    fn show(network: &IpNet) -> String {
        if network.prefix_len() == network.max_prefix_len() {
            network.addr().to_string()
        } else {
            network.to_string()
        }
    }
}

impl<T, S: Spelling<T>> Spelling<Option<T>> for Option<S> {
    const WRITTEN: &'static str = S::WRITTEN;
    const WITHOUT: Option<&'static str> = S::NOTHING;

    fn read(text: &str) -> Result<Option<T>, String> {
        if is_nothing::<T, S>(text) {
            return Ok(None);
        }
        let read = S::read(text).map(Some);
        read.map_err(|said| match S::NOTHING {
            Some(nothing) => format!("{said}, or {nothing}"),
            None => said,
        })
    }

    fn show(value: &Option<T>) -> String {
        value
            .as_ref()
            .map_or_else(|| S::NOTHING.unwrap_or_default().to_owned(), S::show)
    }

    fn is_set(value: &Option<T>) -> bool {
        value.is_some()
    }
}

impl<T, S: Spelling<T>> Spelling<Vec<T>> for Vec<S> {
    const WRITTEN: &'static str = S::WRITTEN;
    const IS_LIST: bool = true;
    const WITHOUT: Option<&'static str> = S::NOTHING;

    fn read(text: &str) -> Result<Vec<T>, String> {
        if is_nothing::<T, S>(text) {
            return Ok(Vec::new());
        }
        let item = |item: &str| match is_nothing::<T, S>(item) {
            true => Err(format!(
                "{item:?} cannot stand beside others; write it alone, or leave it out"
            )),
            false => S::read(item),
        };
        text.split(',').map(|text| item(text.trim())).collect()
    }

    fn show(values: &Vec<T>) -> String {
        if values.is_empty() {
            return S::NOTHING.unwrap_or_default().to_owned();
        }
        let values: Vec<_> = values.iter().map(S::show).collect();
        values.join(",")
    }
}

fn is_nothing<T, S: Spelling<T>>(text: &str) -> bool {
    S::NOTHING.is_some_and(|nothing| nothing.eq_ignore_ascii_case(text))
}

/// What to write for an address as other programs take it. Not guessed: whether other machines may connect is not to
/// depend on a missing word.
fn what_to_write(text: &str) -> String {
    let (host, port) = text.rsplit_once(':').unwrap_or(("", text));
    let example = |ip: IpAddr| SocketAddr::new(ip, Settings::PORT);
    if let (Ok(ip @ IpAddr::V6(_)), false) = (host.parse(), port.is_empty()) {
        let Ok(port) = port.parse() else {
            return format!("{port:?} is no port; write for example {}", example(ip));
        };
        let or = text.parse().map(|all| format!(" or {}", example(all)));
        return format!(
            "{text:?} lacks the brackets of an IPv6 address; write {}{}",
            SocketAddr::new(ip, port),
            or.unwrap_or_default()
        );
    }
    if let Some(ip) = bare(text).or_else(|| bare(text.strip_suffix(':')?)) {
        return format!("{text:?} has no port; write for example {}", example(ip));
    }
    if let Some(ip) = bare(host) {
        return format!("{port:?} is no port; write for example {}", example(ip));
    }
    let Ok(port) = port.parse::<u16>() else {
        return format!(
            "{text:?} is not an IP address with a port; write for example 127.0.0.1:{}",
            Settings::PORT
        );
    };
    match host {
        "" | "*" => format!(
            "{text:?} says no address; write 127.0.0.1:{port} for this machine alone, or [::]:{port} for all that reach it"
        ),
        "localhost" => format!(
            "{text:?} is a name, and may be two addresses; write 127.0.0.1:{port} or [::1]:{port}"
        ),
        _ => format!("{host:?} is not an IP address; write for example 127.0.0.1:{port}"),
    }
}

/// An IP address, also one in brackets.
fn bare(text: &str) -> Option<IpAddr> {
    let inside = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    match inside {
        Some(inside) => inside.parse().ok().map(IpAddr::V6),
        None => text.parse().ok(),
    }
}

fn parsed<T: FromStr>(text: &str, what: &str, example: impl Display) -> Result<T, String> {
    text.parse()
        .map_err(|_| format!("{text:?} is not {what}; write for example {example}"))
}
