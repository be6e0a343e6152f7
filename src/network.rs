//! What an address is to limits: whose it is, and whether it counts at all. Knows no request.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What limits count an address as: one of IPv6 is its network of 64 bits, which is what one customer has. `None` for
/// 127.0.0.1 and ::1, which no limit per address holds for: behind a proxy on this machine that nobody told of, all
/// clients would be one.
pub(crate) fn counted(address: IpAddr) -> Option<IpAddr> {
    let is_here = address == Ipv4Addr::LOCALHOST || address == Ipv6Addr::LOCALHOST;
    (!is_here).then(|| network(address))
}

/// Whose address it is: one of IPv6 is its network of 64 bits, but for ::1, and IPv4 within IPv6 is IPv4.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) if v6 != Ipv6Addr::LOCALHOST => {
            IpAddr::V6((v6.to_bits() & !u128::from(u64::MAX)).into())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn one_network_of_64_bits_is_one_address_and_only_the_loopback_address_itself_is_none() {
        let counted = |text: &str| counted(text.parse().unwrap()).map(|ip| ip.to_string());
        assert_eq!(counted("127.0.0.1"), None);
        assert_eq!(counted("::1"), None);
        assert_eq!(counted("127.0.1.1").as_deref(), Some("127.0.1.1"));
        assert_eq!(
            counted("2001:db8:1:2::77").as_deref(),
            Some("2001:db8:1:2::")
        );
        assert_eq!(
            counted("2001:db8:1:2:ff::1").as_deref(),
            Some("2001:db8:1:2::")
        );
        assert_eq!(
            counted("2001:db8:1:3::77").as_deref(),
            Some("2001:db8:1:3::")
        );
    }
}
