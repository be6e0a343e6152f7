//! Whose share of places something takes, where all clients of one have a share together. Knows no places.

use std::net::IpAddr;
use std::sync::Arc;

use crate::network::{counted, network};

/// Whose share it is. An address is its network, as for all limits: who has one of IPv6 has very many.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct ShareKey(ShareHolder);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum ShareHolder {
    Account(Arc<str>),
    Network(IpAddr),
    /// All those of whom no address is known.
    Nowhere,
}

impl ShareKey {
    /// That of an account.
    pub(super) fn account(account: Arc<str>) -> Self {
        Self(ShareHolder::Account(account))
    }

    /// That of an address, wherever it is.
    pub(super) fn address(address: Option<IpAddr>) -> Self {
        let network = address.map(network);
        Self(network.map_or(ShareHolder::Nowhere, ShareHolder::Network))
    }

    /// That of an address for which limits hold.
    pub(super) fn limited(address: IpAddr) -> Option<Self> {
        let network = counted(address)?;
        Some(Self(ShareHolder::Network(network)))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// Fails if one customer has many shares, or two have one.
    #[test]
    fn a_network_has_one_share_and_an_account_of_its_name_another() {
        let of = |text: &str| ShareKey::address(Some(text.parse().unwrap()));
        assert_eq!(of("2001:db8:1:2::77"), of("2001:db8:1:2:ff::1"));
        assert_eq!(of("::ffff:10.0.0.1"), of("10.0.0.1"));
        assert_ne!(of("2001:db8:1:2::77"), of("2001:db8:1:3::77"));
        assert_ne!(of("10.0.0.1"), ShareKey::account("10.0.0.1".into()));
        assert_ne!(of("10.0.0.1"), ShareKey::address(None));
        let limited = |text: &str| ShareKey::limited(text.parse().unwrap());
        assert_eq!(limited("2001:db8:1:2::77"), Some(of("2001:db8:1:2::")));
        assert_eq!(limited("127.0.0.1"), None);
    }
}
