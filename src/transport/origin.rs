//! Which web pages may talk to the hub: one policy for long-polling, WebSocket and SignalR alike.
//! Knows two header values, `Origin` and `Host`; it does not know requests, CORS headers or answers.

use std::fmt;
use std::str::FromStr;

/// The origins that may open a session.
///
/// A request without an `Origin` header does not come from a web page and is always allowed (contract 1.6).
///
/// Written in settings as `same-host`, `*`, or a list such as `https://a.example,https://b.example:8443`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Origins {
    /// `same-host`: the origin's host and port must be those of the `Host` header.
    #[default]
    SameHost,
    /// `*`: every origin, `null` too.
    Any,
    /// These origins and no others.
    List(Vec<Origin>),
}

/// One origin of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// What browsers send for sandboxed frames and local files. Anybody can make a page send it.
    Null,
    /// Scheme, host and port.
    Page {
        /// In lower case, without `://`.
        scheme: String,
        /// In lower case; an IPv6 address stands in brackets.
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

/// Why a setting is not a list of origins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadOrigins {
    /// Nothing between two commas, or nothing at all.
    Empty,
    /// `*` or `same-host` as one of several.
    NotAlone(String),
    /// Neither `null` nor `scheme://host` nor `scheme://host:port`.
    NotAnOrigin(String),
}

impl Origins {
    /// Judges the raw values of `Origin` and `Host`; raw, because a value that is no text must not pass as absent.
    pub fn judge(&self, origin: Option<&[u8]>, host: Option<&[u8]>) -> Verdict {
        let Some(origin) = origin else {
            return Verdict::Allowed;
        };
        let Some(origin) = printable(origin) else {
            return Verdict::Illegal;
        };
        let allowed = match self {
            Self::Any => true,
            Self::SameHost => host
                .and_then(printable)
                .is_some_and(|host| is_same_host(origin, host)),
            Self::List(list) => list.iter().any(|listed| listed.matches(origin)),
        };
        if allowed {
            Verdict::Allowed
        } else {
            Verdict::Refused
        }
    }

    /// True where [`judge`](Self::judge) says [`Verdict::Allowed`].
    pub fn allows(&self, origin: Option<&str>, host: Option<&str>) -> bool {
        self.judge(origin.map(str::as_bytes), host.map(str::as_bytes)) == Verdict::Allowed
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
            Self::Null => sent == "null",
            Self::Page { scheme, host, port } => split(sent).is_some_and(|sent| {
                scheme.eq_ignore_ascii_case(sent.scheme)
                    && host.eq_ignore_ascii_case(sent.host)
                    && *port == sent.port
            }),
        }
    }
}

impl FromStr for Origin {
    type Err = BadOrigins;

    fn from_str(item: &str) -> Result<Self, BadOrigins> {
        match item {
            "" => return Err(BadOrigins::Empty),
            "*" | "same-host" => return Err(BadOrigins::NotAlone(item.to_owned())),
            "null" => return Ok(Self::Null),
            _ => {}
        }
        split(item)
            .filter(|origin| is_scheme(origin.scheme) && is_host(origin.host))
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
                "an origin is missing; write `same-host`, `*`, or origins with commas between"
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

/// The `Host` header has no scheme: a port missing there is the default of the origin's scheme.
fn is_same_host(origin: &str, host: &str) -> bool {
    let (Some(origin), Some((host, port))) = (split(origin), split_port(host)) else {
        return false;
    };
    !host.is_empty()
        && origin.host.eq_ignore_ascii_case(host)
        && origin.port == port.or_else(|| default_port(origin.scheme))
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
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    fn policy(setting: &str) -> Origins {
        setting.parse().expect(setting)
    }

    #[test]
    fn unless_set_only_the_same_host_is_allowed() {
        assert_eq!(Origins::default(), policy("same-host"));
    }

    #[test]
    fn an_absent_origin_is_allowed_by_every_policy() {
        for setting in ["same-host", "*", "https://a.example"] {
            assert!(policy(setting).allows(None, None), "{setting}");
        }
    }

    #[test]
    fn the_same_host_compares_host_and_port_and_nothing_else() {
        for (origin, host, allowed) in [
            ("https://a.example", "a.example", true),
            ("https://A.Example", "a.eXample", true),
            ("https://a.example", "a.example:443", true),
            ("https://a.example:443", "a.example", true),
            ("http://a.example", "a.example:80", true),
            ("HTTP://a.example", "a.example:80", true),
            ("http://a.example:8080", "a.example:8080", true),
            ("http://[::1]:3000", "[::1]:3000", true),
            ("http://[::1]", "[::1]", true),
            ("http://a.example", "a.example:443", false),
            ("https://a.example", "a.example:8443", false),
            ("https://a.example:8443", "a.example", false),
            ("https://evil-a.example", "a.example", false),
            ("https://a.example.evil.net", "a.example", false),
            ("https://a.example@evil.net", "a.example", false),
            ("https://evil.net/a.example", "a.example", false),
            ("https://a.example/", "a.example", false),
            ("https://a.example:+443", "a.example", false),
            ("https://a.example:99999", "a.example", false),
            ("https://a.example:", "a.example", false),
            ("https://", "", false),
            ("https://a.example https://b.example", "a.example", false),
            ("a.example", "a.example", false),
            ("null", "a.example", false),
            ("null", "null", false),
            ("", "a.example", false),
        ] {
            assert_eq!(
                Origins::SameHost.allows(Some(origin), Some(host)),
                allowed,
                "{origin} at {host}"
            );
        }
        assert!(!Origins::SameHost.allows(Some("https://a.example"), None));
    }

    #[test]
    fn a_list_allows_what_it_names_and_nothing_that_looks_like_it() {
        let list = policy(" https://Example.com , http://b.example:8080,capacitor://localhost");
        for (origin, allowed) in [
            ("https://example.com", true),
            ("HTTPS://EXAMPLE.COM", true),
            ("https://example.com:443", true),
            ("http://b.example:8080", true),
            ("capacitor://localhost", true),
            ("http://example.com", false),
            ("https://example.com:8443", false),
            ("http://b.example", false),
            ("https://evil-example.com", false),
            ("https://example.com.evil.net", false),
            ("https://sub.example.com", false),
            ("https://example.com.", false),
            ("https://example.com/", false),
            ("null", false),
            ("", false),
        ] {
            // The host header must not matter to a list.
            for host in [None, Some("evil-example.com"), Some("example.com.evil.net")] {
                assert_eq!(list.allows(Some(origin), host), allowed, "{origin}");
            }
        }
    }

    #[test]
    fn null_is_allowed_only_where_listed_or_where_all_are() {
        assert!(policy("null,https://a.example").allows(Some("null"), Some("a.example")));
        assert!(policy("*").allows(Some("null"), None));
        assert!(!policy("https://a.example").allows(Some("null"), None));
    }

    #[test]
    fn a_port_written_out_equals_the_default_port() {
        assert_eq!(policy("https://x:443"), policy("https://X"));
        assert_eq!(policy("http://x:80"), policy("http://x"));
        assert_ne!(policy("http://x:443"), policy("https://x"));
    }

    #[test]
    fn illegal_characters_are_told_apart_from_a_refusal() {
        for setting in ["same-host", "*", "https://a.example"] {
            for origin in [
                &b"https://a.example\x01"[..],
                b"\x7f",
                b"https://\xc3\xa9",
                b"a\tb",
            ] {
                assert_eq!(
                    policy(setting).judge(Some(origin), Some(b"a.example")),
                    Verdict::Illegal,
                    "{setting} {origin:?}"
                );
            }
        }
    }

    #[test]
    fn a_bad_setting_is_refused_by_name() {
        let not_an_origin = |item: &str| BadOrigins::NotAnOrigin(item.to_owned());
        for (setting, error) in [
            ("", BadOrigins::Empty),
            ("https://a.example,", BadOrigins::Empty),
            ("https://a.example,*", BadOrigins::NotAlone("*".to_owned())),
            ("a.example", not_an_origin("a.example")),
            ("https://*.a.example", not_an_origin("https://*.a.example")),
            ("https://a.example/", not_an_origin("https://a.example/")),
            ("https://u@a.example", not_an_origin("https://u@a.example")),
            (
                "https://a.example:0x1",
                not_an_origin("https://a.example:0x1"),
            ),
            ("https://[::g]", not_an_origin("https://[::g]")),
            ("https://", not_an_origin("https://")),
            ("://a.example", not_an_origin("://a.example")),
        ] {
            assert_eq!(setting.parse::<Origins>(), Err(error), "{setting}");
        }
        let message = not_an_origin("a.example").to_string();
        assert!(message.contains("`a.example`"), "{message}");
    }
}
