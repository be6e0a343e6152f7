//! How the program asks somebody else over HTTP: blocking, with TLS where the address says so. It goes to nobody but whom it was
//! told of: neither to a proxy nor where an answer leads. Knows neither whom it asks nor why.

use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::ring;
use ureq::tls::{RootCerts, TlsConfig};

/// Who asks and waits so long for a whole answer, of which every status is one. TLS trusts whom this machine trusts.
pub(crate) fn agent(patience: Duration) -> ureq::Agent {
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::PlatformVerifier)
        .unversioned_rustls_crypto_provider(Arc::new(ring::default_provider()));
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(patience))
        .proxy(None)
        .max_redirects(0)
        .tls_config(tls.build());
    config.build().into()
}
