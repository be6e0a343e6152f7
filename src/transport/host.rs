//! Under which names the hub may be asked for: a page whose own name was made to point here (DNS rebinding) has an
//! `Origin` that equals its `Host`, so the origins policy alone lets it in. Knows one header value, `Host`.

use super::origin::{is_host, printable, split_port};

/// The names that a request's `Host` may have; none stands for any.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hosts(Vec<String>);

impl Hosts {
    pub(crate) fn new(names: &[String]) -> Self {
        Self(names.iter().map(|name| name.to_ascii_lowercase()).collect())
    }

    /// The names, in lower case.
    pub(crate) fn names(&self) -> &[String] {
        &self.0
    }

    /// Judges the raw value of `Host`; its port does not matter.
    pub(crate) fn allow(&self, host: Option<&[u8]>) -> bool {
        self.0.is_empty()
            || host
                .and_then(printable)
                .and_then(split_port)
                .is_some_and(|(name, _)| self.0.iter().any(|own| own.eq_ignore_ascii_case(name)))
    }
}

/// The name in a raw value of `Host`, without its port; none where `hosts` could not have it.
pub(crate) fn name(host: &[u8]) -> Option<&str> {
    let (name, _) = split_port(printable(host)?)?;
    is_host(name).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_names_listed_are_allowed_with_any_port() {
        let hosts = Hosts::new(&["Chat.example".to_owned(), "[::1]".to_owned()]);
        for (host, allowed) in [
            ("chat.example", true),
            ("CHAT.example:8443", true),
            ("[::1]:11000", true),
            ("[::1]", true),
            ("evil.example", false),
            ("chat.example.evil.example", false),
            ("evil.chat.example", false),
            ("chat.example:x", false),
            ("", false),
        ] {
            assert_eq!(hosts.allow(Some(host.as_bytes())), allowed, "{host}");
        }
        assert!(!hosts.allow(None));
        assert!(!hosts.allow(Some(b"chat.example\xff")));
    }

    #[test]
    fn without_a_list_every_host_is_allowed() {
        assert!(Hosts::default().allow(Some(b"evil.example")));
        assert!(Hosts::default().allow(None));
    }
}
