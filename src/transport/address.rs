//! Whose request it is and under which names it came: the client's own address, through proxies whose word is taken, and
//! what they say that `Host` was. Knows the headers of proxies; what an address may do is the matter of `doors`.

use std::net::IpAddr;

use actix_web::http::header::{
    FORWARDED, HeaderMap, HeaderName, X_FORWARDED_FOR, X_FORWARDED_HOST,
};
use ipnet::IpNet;

/// The proxies whose word on a client's address is taken. Default: none.
#[derive(Clone, Debug, Default)]
pub(crate) struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// Trusts these networks.
    pub(crate) fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    /// The address of the client behind a connection that comes from `peer`: `peer` itself, or, if that is a trusted
    /// proxy, the right-most address of `X-Forwarded-For` that is none. `Forwarded` is looked at only where there is no
    /// `X-Forwarded-For`: a proxy that writes the former must not let the latter pass from outside.
    ///
    /// What stands left of an address that is not trusted, or of a word that is no address, anybody can have written.
    pub(crate) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        if !self.trust(client) {
            return client;
        }
        let mut hops = named(headers, &X_FORWARDED_FOR, Some);
        if hops.is_empty() {
            hops = named(headers, &FORWARDED, |element| pair(element, "for"));
        }
        for hop in hops.into_iter().rev() {
            let Some(address) = hop.and_then(address) else {
                break;
            };
            client = address;
            if !self.trust(client) {
                break;
            }
        }
        client
    }

    /// Whether the address is a proxy's whose word is taken.
    pub(crate) fn trust(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// What stands between the commas of all headers of a name, in their order; none for what names nobody.
fn named<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
    pick: impl Fn(&'a str) -> Option<&'a str>,
) -> Vec<Option<&'a str>> {
    headers
        .get_all(name)
        .flat_map(|value| value.to_str().unwrap_or_default().split(','))
        .map(pick)
        .collect()
}

/// What proxies say that `Host` was before them: every name of `X-Forwarded-Host`, and every `host` of `Forwarded`.
pub(crate) fn forwarded_hosts(headers: &HeaderMap) -> Vec<&str> {
    let mut hosts = named(headers, &X_FORWARDED_HOST, |name| Some(name.trim()));
    hosts.extend(named(headers, &FORWARDED, |element| pair(element, "host")));
    hosts.into_iter().flatten().collect()
}

/// The value of a key in one element of `Forwarded`.
fn pair<'a>(element: &'a str, key: &str) -> Option<&'a str> {
    element.split(';').find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        name.eq_ignore_ascii_case(key)
            .then(|| value.trim().trim_matches('"'))
    })
}

/// An address with a port or without; one of IPv6 stands in brackets if it has a port.
fn address(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim();
    let bare = match hop.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?.0,
        None => match hop.split_once(':') {
            Some((address, port)) if !port.contains(':') => address,
            _ => hop,
        },
    };
    bare.parse::<IpAddr>().ok().map(|ip| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use actix_web::http::header::HeaderValue;

    use super::*;

    fn client(trusted: &[&str], peer: &str, headers: &[(HeaderName, &str)]) -> String {
        let networks = trusted.iter().map(|network| network.parse().unwrap());
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name.clone(), HeaderValue::from_str(value).unwrap());
        }
        let proxies = TrustedProxies::new(networks.collect());
        proxies.client(peer.parse().unwrap(), &map).to_string()
    }

    #[test]
    fn nobody_is_believed_unless_trusted() {
        let header = [(X_FORWARDED_FOR, "9.9.9.9")];
        assert_eq!(client(&[], "127.0.0.1", &header), "127.0.0.1");
        assert_eq!(client(&["10.0.0.0/8"], "11.0.0.1", &header), "11.0.0.1");
        assert_eq!(client(&["10.0.0.0/8"], "10.0.0.1", &header), "9.9.9.9");
        assert_eq!(client(&["10.0.0.0/8"], "10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn the_right_most_address_that_is_no_proxy_is_the_clients() {
        let trusted = ["10.0.0.0/8", "fd00::/8"];
        for (forwarded, client_is) in [
            ("1.1.1.1, 2.2.2.2", "2.2.2.2"),
            ("1.1.1.1,2.2.2.2,10.0.0.7", "2.2.2.2"),
            ("10.0.0.9, 10.0.0.8", "10.0.0.9"),
            ("127.0.0.1, 2.2.2.2:8080", "2.2.2.2"),
            ("[2001:db8::1]:443", "2001:db8::1"),
            ("2001:db8::1, fd00::2", "2001:db8::1"),
            ("::ffff:2.2.2.2", "2.2.2.2"),
            // What stands left of a word that is no address is not believed.
            ("1.1.1.1, unknown, 10.0.0.7", "10.0.0.7"),
            ("1.1.1.1, unknown", "10.0.0.1"),
            ("", "10.0.0.1"),
        ] {
            let header = [(X_FORWARDED_FOR, forwarded)];
            assert_eq!(
                client(&trusted, "10.0.0.1", &header),
                client_is,
                "{forwarded}"
            );
        }
        let twice = [(X_FORWARDED_FOR, "1.1.1.1"), (X_FORWARDED_FOR, "2.2.2.2")];
        assert_eq!(client(&trusted, "::ffff:10.0.0.1", &twice), "2.2.2.2");
    }

    #[test]
    fn forwarded_is_read_where_nothing_else_is() {
        let trusted = ["10.0.0.0/8"];
        for (forwarded, client_is) in [
            ("for=2.2.2.2;proto=https;by=10.0.0.1", "2.2.2.2"),
            ("for=1.1.1.1, For=\"[2001:db8::1]:443\"", "2001:db8::1"),
            ("for=1.1.1.1, for=_hidden", "10.0.0.1"),
            ("for=1.1.1.1, proto=https", "10.0.0.1"),
        ] {
            let header = [(FORWARDED, forwarded)];
            assert_eq!(
                client(&trusted, "10.0.0.1", &header),
                client_is,
                "{forwarded}"
            );
        }
        let both = [(FORWARDED, "for=1.1.1.1"), (X_FORWARDED_FOR, "2.2.2.2")];
        assert_eq!(client(&trusted, "10.0.0.1", &both), "2.2.2.2");
    }
}
