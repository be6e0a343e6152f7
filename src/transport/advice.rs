//! What to write where, when a page is refused: in the proxy that hides the hub's name, or in a setting. For the log.

use std::borrow::Cow;
use std::fmt;

use actix_web::dev::RequestHead;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use dondo_actors::notice::settings_of;

use super::address::forwarded_hosts;
use super::doors::Doors;
use super::host::name;
use super::origin::{Names, Origins, WayIn};
use super::refusal::Refusal;

/// Characters of a header that the log shows.
const SHOWN_MAX: usize = 100;

/// A refused page, and what lets it in. Made only if the line is written.
pub(super) struct Advice<'a> {
    refusal: Refusal,
    head: &'a RequestHead,
    doors: &'a Doors,
    origins: &'a Origins,
}

/// What to say of a refusal; none where it is no matter of names.
pub(super) fn of<'a>(
    refusal: Refusal,
    head: &'a RequestHead,
    doors: &'a Doors,
    origins: &'a Origins,
) -> Option<Advice<'a>> {
    is_of_names(refusal).then_some(Advice {
        refusal,
        head,
        doors,
        origins,
    })
}

/// Whether a name was refused that a setting lets in.
fn is_of_names(refusal: Refusal) -> bool {
    matches!(
        refusal,
        Refusal::Forbidden | Refusal::UpgradeForbidden | Refusal::ForeignHost
    )
}

impl Advice<'_> {
    /// What lets it in, if anything does.
    fn way_in(&self) -> Option<WayIn> {
        let headers = &self.head.headers;
        let host = headers.get(header::HOST).map(HeaderValue::as_bytes);
        if self.refusal == Refusal::ForeignHost {
            return name(host?).map(|name| WayIn::Hosts(name.to_ascii_lowercase()));
        }
        let names = Names {
            host,
            forwarded: &forwarded_hosts(headers),
            own: self.doors.hosts().names(),
        };
        let origin = headers.get(header::ORIGIN)?.as_bytes();
        self.origins.way_in(origin, &names)
    }

    /// A header that came more than once is shown as one with commas, which is the same.
    fn shown(&self, name: &HeaderName) -> Option<String> {
        let values = self.head.headers.get_all(name);
        let values: Vec<_> = values
            .map(|value| String::from_utf8_lossy(value.as_bytes()))
            .collect();
        let text = values.join(", ");
        (!values.is_empty()).then(|| text.chars().take(SHOWN_MAX).collect())
    }
}

impl fmt::Display for Advice<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(origin) = self.shown(&header::ORIGIN) {
            write!(f, "Origin {origin:?} at ")?;
        }
        let host = self.shown(&header::HOST).unwrap_or_default();
        write!(f, "Host {host:?}")?;
        for (name, header) in [
            ("X-Forwarded-Host", header::X_FORWARDED_HOST),
            ("Forwarded", header::FORWARDED),
        ] {
            if let Some(forwarded) = self.shown(&header) {
                write!(f, ", {name} {forwarded:?}")?;
            }
        }
        if let (Some(peer), Some(client)) = (self.head.peer_addr, self.doors.client(self.head)) {
            write!(f, ", from {client}")?;
            let proxy = peer.ip().to_canonical();
            if client != proxy {
                write!(f, " through {proxy}")?;
            }
        }
        match self.way_in() {
            Some(WayIn::Hosts(missing)) => {
                let hosts = self.doors.hosts().names().join(",");
                let names = format!("{hosts},{missing}");
                let names = names.split(',').filter(|name| !name.is_empty());
                let names: Vec<_> = names.collect();
                let set = NewValue {
                    flag: "--hosts",
                    value: names.join(","),
                    code: format!("{names:?}.map(String::from).to_vec()"),
                };
                write!(f, "; if {missing} is a name of the hub, {set}")
            }
            Some(WayIn::Listed {
                origins,
                own_if_named: true,
            }) => write!(
                f,
                "; if it is the hub's own page, write in the proxy: nginx `proxy_set_header Host $http_host;`, \
                 Apache `ProxyPreserveHost On`; else {}",
                NewValue::origins(&origins)
            ),
            Some(WayIn::Listed { origins, .. }) => {
                let set = NewValue::origins(&origins);
                write!(f, "; if it may connect, {set}")
            }
            None => Ok(()),
        }
    }
}

/// A setting and what it is to be, as whoever runs the hub can set it: the program has flags, a host of the library has none.
struct NewValue {
    flag: &'static str,
    value: String,
    /// The same in Rust.
    code: String,
}

impl NewValue {
    fn origins(origins: &Origins) -> Self {
        let value = origins.to_string();
        Self {
            flag: "--origins",
            code: format!("{value:?}.parse()?"),
            value,
        }
    }
}

impl fmt::Display for NewValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { flag, value, code } = self;
        match settings_of(flag) {
            Cow::Borrowed(flag) => write!(f, "start the hub with `{flag} {value}`"),
            Cow::Owned(field) => write!(
                f,
                "write `{field} = {code};` before `Dondo::builder().settings(settings)`"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// Fails if a host of the library, which has no flags, is told to start its hub with one.
    #[test]
    fn a_host_is_told_the_line_to_write() {
        let set = NewValue::origins(&"https://a.example".parse().unwrap()).to_string();
        let line =
            "write `settings.origins = \"https://a.example\".parse()?;` before `Dondo::builder()";
        assert!(set.starts_with(line), "{set}");
    }

    #[test]
    fn a_refusal_that_comes_with_advice_is_told_of_once_a_minute() {
        for refusal in Refusal::ALL {
            let told = format!("{:?}", refusal.told_as());
            let interval = match is_of_names(refusal) {
                true => "interval: 60000,",
                false => "interval: 1000,",
            };
            assert!(told.contains(interval), "{interval} in {told}");
        }
    }
}
