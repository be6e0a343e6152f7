//! How the program asks somebody else over HTTP: blocking, with TLS where the address says so. It goes to nobody but whom it was
//! told of: neither to a proxy nor where an answer leads. Knows neither whom it asks nor why.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::ring;
use ureq::config::ConfigBuilder;
use ureq::tls::{RootCerts, TlsConfig};
use ureq::typestate::AgentScope;

/// How long an answer without an end may take to begin.
const BEGIN: Duration = Duration::from_secs(60);

/// Who asks and waits so long for a whole answer, of which every status is one. TLS trusts whom this machine trusts.
pub(crate) fn agent(patience: Duration) -> ureq::Agent {
    asker().timeout_global(Some(patience)).build().into()
}

/// Who listens to an answer that has no end.
pub(crate) fn listener() -> ureq::Agent {
    let begin = Some(BEGIN);
    asker()
        .timeout_connect(begin)
        .timeout_recv_response(begin)
        .build()
        .into()
}

/// Where a hub is asked, one place after the other: one that listens everywhere where only this machine can.
pub(crate) fn reached(address: SocketAddr) -> Vec<SocketAddr> {
    let port = address.port();
    match address {
        _ if !address.ip().is_unspecified() => vec![address],
        SocketAddr::V4(_) => vec![(Ipv4Addr::LOCALHOST, port).into()],
        // Where the machine has no ::1, as many containers, it is there over IPv4.
        SocketAddr::V6(_) => vec![
            (Ipv6Addr::LOCALHOST, port).into(),
            (Ipv4Addr::LOCALHOST, port).into(),
        ],
    }
}

fn asker() -> ConfigBuilder<AgentScope> {
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::PlatformVerifier)
        .unversioned_rustls_crypto_provider(Arc::new(ring::default_provider()));
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .proxy(None)
        .max_redirects(0)
        .tls_config(tls.build())
}
