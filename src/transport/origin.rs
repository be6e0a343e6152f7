//! Which web pages may talk to the hub: one policy for long-polling, WebSocket and SignalR alike.
//! Knows an `Origin` and the names that a request came under; it does not know requests, CORS headers or answers.

use std::fmt;
use std::str::FromStr;

/// The origins that may open a session.
///
/// A request without an `Origin` header does not come from a web page and is always allowed (contract 1.6).
///
/// Written in settings as `same-host`, `*`, or a list such as `https://a.example,https://b.example:8443`.
///
/// The hub's own page is one whose origin is a name that the request came under. A list lets it in, too, where the name
/// cannot be somebody else's that was made to point here (DNS rebinding): an IP address, `localhost`, a name of `hosts`,
/// the host of a listed origin; under any name if `same-host` stands in the list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origins {
    /// `same-host`: the hub's own page, under any name.
    #[default]
    SameHost,
    /// `*`: every origin, `null` too.
    Any,
    /// These origins, and the hub's own page under a name that is surely its own.
    List(Vec<Origin>),
}

/// Under which names a request came.
#[derive(Clone, Copy, Debug, Default)]
pub struct Names<'a> {
    /// The raw value of `Host`.
    pub host: Option<&'a [u8]>,
    /// What proxies say that `Host` was before them. A page cannot write these headers on a WebSocket, and needs a
    /// preflight for them elsewhere.
    pub forwarded: &'a [&'a str],
    /// `hosts`: if there are any, an own page is one of these, whatever proxies say.
    pub own: &'a [String],
}

/// One origin of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// `same-host`: the hub's own page, under any name.
    SameHost,
    /// What browsers send for sandboxed frames and local files. Anybody can make a page send it.
    Null,
    /// `localhost`: pages of this machine, by `localhost` or a loopback address, over HTTP or HTTPS, from any port.
    ThisMachine,
    /// Scheme, host and port.
    Page {
        /// In lower case, without `://`.
        scheme: String,
        /// In lower case; an IPv6 address stands in brackets. Empty for schemes that have no host (`file://`).
        host: String,
        /// The port named, else the scheme's default; none for a scheme that has no default.
        port: Option<u16>,
    },
}

/// What the policy says about one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The request may go on.
    Allowed,
    /// An origin that the setting does not allow.
    Refused,
    /// The header has characters that no origin has (wire reference 1.4, code 3).
    Illegal,
}

/// What lets a refused origin in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum WayIn {
    /// Its host in `hosts`: the request came under it, but it is none of those.
    Hosts(String),
    /// It in a list with all that is let in now.
    Listed {
        /// That list.
        origins: Origins,
        /// It would be let in without, too, if the request came under its host.
        own_if_named: bool,
    },
}

/// Why a setting is not a list of origins.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BadOrigins {
    /// Nothing between two commas, or nothing at all.
    Empty,
    /// `*` as one of several.
    NotAlone(String),
    /// Neither `null` nor `scheme://host` nor `scheme://host:port`.
    NotAnOrigin(String),
}

impl Origins {
    /// Judges the raw value of `Origin`; raw, because a value that is no text must not pass as absent.
    pub fn judge(&self, origin: Option<&[u8]>, names: &Names<'_>) -> Verdict {
        let Some(origin) = origin else {
            return Verdict::Allowed;
        };
        let Some(origin) = printable(origin) else {
            return Verdict::Illegal;
        };
        let allowed = match self {
            Self::Any => true,
            Self::SameHost => names.are_of(origin),
            Self::List(list) => {
                list.iter().any(|listed| listed.matches(origin))
                    || (names.are_of(origin) && is_surely_own(list, origin, names))
            }
        };
        if allowed {
            Verdict::Allowed
        } else {
            Verdict::Refused
        }
    }

    /// What lets in an origin that was refused under these names; none if nothing does.
    pub(super) fn way_in(&self, origin: &[u8], names: &Names<'_>) -> Option<WayIn> {
        let text = printable(origin)?;
        let listed: Origin = text.parse().ok()?;
        let page = split(text).filter(|page| is_host(page.host));
        if let Some(page) = &page
            && names.have(page)
            && !names.allow(page.host)
        {
            return Some(WayIn::Hosts(page.host.to_ascii_lowercase()));
        }
        let named = Names {
            host: text.split_once("://").map(|(_, host)| host.as_bytes()),
            forwarded: &[],
            own: names.own,
        };
        let now = match self {
            Self::SameHost | Self::Any => [Origin::SameHost].to_vec(),
            Self::List(list) => list.clone(),
        };
        Some(WayIn::Listed {
            origins: now.into_iter().chain([listed]).collect(),
            own_if_named: self.judge(Some(origin), &named) == Verdict::Allowed,
        })
    }
}

impl Names<'_> {
    /// Whether a page of this origin is the hub's own.
    fn are_of(&self, origin: &str) -> bool {
        split(origin).is_some_and(|page| self.have(&page) && self.allow(page.host))
    }

    /// Whether the request came under the host of this page.
    fn have(&self, page: &Split<'_>) -> bool {
        let host = self.host.and_then(printable);
        let mut names = host.into_iter().chain(self.forwarded.iter().copied());
        names.any(|name| is_same_host(page, name))
    }

    /// Whether the hub's own page may have this host.
    fn allow(&self, host: &str) -> bool {
        self.own.is_empty() || self.own(host)
    }

    fn own(&self, host: &str) -> bool {
        self.own.iter().any(|own| own.eq_ignore_ascii_case(host))
    }
}

/// Whether no stranger can have a page of this origin under a name that points here.
fn is_surely_own(list: &[Origin], origin: &str, names: &Names<'_>) -> bool {
    let Some(Split { host, .. }) = split(origin) else {
        return false;
    };
    let listed = list.iter().any(|listed| match listed {
        Origin::SameHost => true,
        Origin::Null | Origin::ThisMachine => false,
        Origin::Page { host: listed, .. } => listed.eq_ignore_ascii_case(host),
    });
    listed || names.own(host) || is_address(host) || host.eq_ignore_ascii_case("localhost")
}

fn is_address(host: &str) -> bool {
    host.parse::<std::net::Ipv4Addr>().is_ok() || (host.starts_with('[') && is_host(host))
}

impl fmt::Display for Origins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SameHost => f.write_str("same-host"),
            Self::Any => f.write_str("*"),
            Self::List(list) => {
                let list: Vec<_> = list.iter().map(Origin::to_string).collect();
                f.write_str(&list.join(","))
            }
        }
    }
}

impl FromStr for Origins {
    type Err = BadOrigins;

    fn from_str(setting: &str) -> Result<Self, BadOrigins> {
        match setting.trim() {
            "*" => Ok(Self::Any),
            "same-host" => Ok(Self::SameHost),
            list => list.split(',').map(|item| item.trim().parse()).collect(),
        }
    }
}

impl FromIterator<Origin> for Origins {
    fn from_iter<I: IntoIterator<Item = Origin>>(origins: I) -> Self {
        Self::List(origins.into_iter().collect())
    }
}

impl Origin {
    fn matches(&self, sent: &str) -> bool {
        match self {
            Self::SameHost => false,
            Self::Null => sent == "null",
            Self::ThisMachine => split(sent).is_some_and(|sent| sent.is_of_this_machine()),
            Self::Page { scheme, host, port } => split(sent).is_some_and(|sent| {
                scheme.eq_ignore_ascii_case(sent.scheme)
                    && host.eq_ignore_ascii_case(sent.host)
                    && *port == sent.port
            }),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SameHost => f.write_str("same-host"),
            Self::Null => f.write_str("null"),
            Self::ThisMachine => f.write_str("localhost"),
            Self::Page { scheme, host, port } => {
                write!(f, "{scheme}://{host}")?;
                match port.filter(|_| *port != default_port(scheme)) {
                    Some(port) => write!(f, ":{port}"),
                    None => Ok(()),
                }
            }
        }
    }
}

impl FromStr for Origin {
    type Err = BadOrigins;

    fn from_str(item: &str) -> Result<Self, BadOrigins> {
        match item {
            "" => return Err(BadOrigins::Empty),
            "*" => return Err(BadOrigins::NotAlone(item.to_owned())),
            "same-host" => return Ok(Self::SameHost),
            "null" => return Ok(Self::Null),
            "localhost" => return Ok(Self::ThisMachine),
            _ => {}
        }
        split(item)
            .filter(|origin| {
                is_scheme(origin.scheme) && (is_host(origin.host) || origin.is_hostless())
            })
            .map(|origin| Self::Page {
                scheme: origin.scheme.to_ascii_lowercase(),
                host: origin.host.to_ascii_lowercase(),
                port: origin.port,
            })
            .ok_or_else(|| BadOrigins::NotAnOrigin(item.to_owned()))
    }
}

impl fmt::Display for BadOrigins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(
                f,
                "an origin is missing; write `*`, or `same-host` and origins with commas between"
            ),
            Self::NotAlone(word) => write!(f, "`{word}` must stand alone, not in a list"),
            Self::NotAnOrigin(item) => write!(
                f,
                "`{item}` is no origin; write scheme and host, and the port if it is not the \
                 scheme's own, as in `https://chat.example` or `http://localhost:3000`, with no \
                 path, slash at the end, or pattern"
            ),
        }
    }
}

impl std::error::Error for BadOrigins {}

/// An origin cut into its three parts, as written.
struct Split<'a> {
    scheme: &'a str,
    host: &'a str,
    port: Option<u16>,
}

impl Split<'_> {
    /// An origin like `file://`, of a scheme that has no hosts: those with hosts have a port by default.
    fn is_hostless(&self) -> bool {
        self.host.is_empty() && self.port.is_none()
    }

    /// A page that came from this machine, as only its browsers can say.
    fn is_of_this_machine(&self) -> bool {
        let is_web = ["http", "https"]
            .iter()
            .any(|web| web.eq_ignore_ascii_case(self.scheme));
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        let is_loopback = host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback());
        is_web && (is_loopback || self.host.eq_ignore_ascii_case("localhost"))
    }
}

fn split(origin: &str) -> Option<Split<'_>> {
    let (scheme, authority) = origin.split_once("://")?;
    let (host, port) = split_port(authority)?;
    Some(Split {
        scheme,
        host,
        port: port.or_else(|| default_port(scheme)),
    })
}

/// Cuts `host:port`; none if what stands behind the colon is no port.
pub(super) fn split_port(authority: &str) -> Option<(&str, Option<u16>)> {
    // The colons of an IPv6 address lie before its closing bracket.
    let colon = authority
        .rfind(':')
        .filter(|&colon| authority.rfind(']').is_none_or(|bracket| bracket < colon));
    let Some(colon) = colon else {
        return Some((authority, None));
    };
    let digits = &authority[colon + 1..];
    // `parse` alone would take a plus sign.
    let port = digits
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| digits.parse().ok())??;
    Some((&authority[..colon], Some(port)))
}

fn default_port(scheme: &str) -> Option<u16> {
    [("http", 80), ("https", 443), ("ws", 80), ("wss", 443)]
        .into_iter()
        .find(|(name, _)| scheme.eq_ignore_ascii_case(name))
        .map(|(_, port)| port)
}

/// A name without a port says nothing of ports: nginx's `$host` has none, whatever port the page came from.
fn is_same_host(page: &Split<'_>, name: &str) -> bool {
    let Some((host, port)) = split_port(name) else {
        return false;
    };
    !host.is_empty()
        && page.host.eq_ignore_ascii_case(host)
        && (port.is_none() || page.port == port)
}

fn is_scheme(scheme: &str) -> bool {
    scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

/// Whether this is a host as origins and `Host` have it: a name, an IPv4 address, or an IPv6 address in brackets.
pub(crate) fn is_host(host: &str) -> bool {
    let is_name = |name: &str| {
        name.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
    };
    let address = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    match address {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !host.is_empty() && is_name(host),
    }
}

pub(super) fn printable(value: &[u8]) -> Option<&str> {
    value
        .iter()
        .all(|byte| (0x20..0x7f).contains(byte))
        .then(|| std::str::from_utf8(value).ok())?
}

#[cfg(test)]
mod tests;
