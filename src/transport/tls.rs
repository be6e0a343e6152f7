//! TLS of the standalone server: what it speaks, and the handshake. Knows no file: see `certificate`.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::{Accept, TlsAcceptor};

use super::socket_stream::{Beneath, Secured};

/// What one connection may have in hand that the kernel has not taken: as much as the kernel holds of what it has not sent.
const IN_HAND_MAX: usize = 32 * 1024;
/// Bytes of a client until its handshake is over. Browsers send two kilobytes.
const HANDSHAKE_MAX: usize = 32 * 1024;

/// TLS with one certificate at a time. Clones are the same.
#[derive(Clone)]
pub(crate) struct Tls(TlsAcceptor);

impl Tls {
    /// TLS 1.2 and 1.3 with the certificate that is the present one when a client comes, and HTTP/1.1 in it.
    pub(crate) fn new(present: watch::Receiver<Arc<CertifiedKey>>) -> io::Result<Self> {
        let provider = Arc::new(ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider);
        let config = config
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?;
        let mut config = config
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(Present(present)));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        // A client that comes back brings what it needs to go on; nothing is kept for it here.
        config.ticketer = ring::Ticketer::new().map_err(io::Error::other)?;
        config.send_tls13_tickets = 1;
        Ok(Self(Arc::new(config).into()))
    }

    /// Begins the handshake of a client.
    pub(super) fn accept(&self, stream: TcpStream) -> Handshake {
        let beneath = Beneath::new(stream, HANDSHAKE_MAX);
        let limited = |session: &mut rustls::ServerConnection| {
            session.set_buffer_limit(Some(IN_HAND_MAX));
        };
        Handshake(Box::new(self.0.accept_with(beneath, limited)))
    }
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tls")
    }
}

/// A handshake on its way.
pub(super) struct Handshake(Box<Accept<Beneath>>);

impl Handshake {
    /// Bytes of the client that have come.
    pub(super) fn came(&self) -> usize {
        self.0.get_ref().map_or(0, |beneath| beneath.came)
    }
}

impl Future for Handshake {
    type Output = io::Result<Secured>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let done = Pin::new(&mut *self.0).poll(cx);
        done.map_ok(|mut secured| {
            secured.get_mut().0.is_free();
            Secured(Box::new(secured))
        })
    }
}

/// Gives every client the present certificate.
#[derive(Debug)]
struct Present(watch::Receiver<Arc<CertifiedKey>>);

impl ResolvesServerCert for Present {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.borrow().clone())
    }
}
