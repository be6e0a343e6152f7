//! TLS of hubs in tests: a certificate that the clients of these tests trust, and a client by hand.

use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use rcgen::{CertificateParams, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion,
};

use super::{Hub, http};

/// A connection within TLS.
pub type TlsConnection = StreamOwned<ClientConnection, TcpStream>;

/// A certificate for this machine and its key, made once for all tests of a process.
pub fn files() -> &'static (PathBuf, PathBuf) {
    static FILES: LazyLock<(PathBuf, PathBuf)> = LazyLock::new(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let folder = folder.join(format!("tls-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        write(&folder)
    });
    &FILES
}

/// Writes a new certificate and its key.
pub fn write(folder: &Path) -> (PathBuf, PathBuf) {
    let names = ["localhost", "127.0.0.1"].map(str::to_owned);
    let asked = CertificateParams::new(names).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = asked.self_signed(&key).unwrap();
    let (chain_file, key_file) = (folder.join("chain.pem"), folder.join("key.pem"));
    fs::write(&chain_file, certificate.pem()).unwrap();
    fs::write(&key_file, key.serialize_pem()).unwrap();
    (chain_file, key_file)
}

/// The flags of a program with it.
pub fn flags() -> [&'static str; 4] {
    let (chain, key) = files();
    let (chain, key) = (chain.to_str().unwrap(), key.to_str().unwrap());
    ["--tls.certificate-file", chain, "--tls.key-file", key]
}

/// Connects; the handshake is made with the first word.
pub fn connect(hub: &Hub) -> TlsConnection {
    over(http::connect(hub))
}

/// The same on a connection that stands.
pub fn over(stream: TcpStream) -> TlsConnection {
    trusting(&files().0, &[&TLS12, &TLS13], stream)
}

/// The same for who trusts this certificate, and speaks these versions.
pub fn trusting(
    chain: &Path,
    versions: &[&'static SupportedProtocolVersion],
    stream: TcpStream,
) -> TlsConnection {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_file(chain).unwrap())
        .unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_protocol_versions(versions).unwrap();
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let name = ServerName::try_from("localhost").unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    StreamOwned::new(connection, stream)
}
