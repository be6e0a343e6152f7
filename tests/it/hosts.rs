//! Hosts as they are out there: two hubs in one server with TLS, a middleware and a login of its own, under each runtime.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use dondo::config::Settings;
use dondo::{Dondo, Operators, Server};
use rustix::process::Signal;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme, StreamOwned,
};
use serde_json::json;
use tokio::sync::oneshot;

use crate::clients::{Kind, Robot};
use crate::support::{Client, Hub, PATIENCE, WebSocket, http, masked};

/// Open clients beside the stock ones.
const CLIENTS: usize = 500;
/// A server that waits for connections to end by themselves stops after 30 s.
const NOT_CUT: Duration = Duration::from_secs(20);

/// Would fail if a hub under tokio had no runtime for its actors, or if one of the host's hubs were not told to go.
#[test]
fn under_tokio_two_hubs_with_tls_serve_stock_clients_and_tell_five_hundred_to_come_back() {
    serves_and_ends("tokio_host");
}

/// The same under actix-web's own.
#[test]
fn under_actix_two_hubs_with_tls_serve_stock_clients_and_tell_five_hundred_to_come_back() {
    serves_and_ends("actix_host");
}

fn serves_and_ends(host: &str) {
    let mut hub = Hub::example(host, &[("RUST_LOG", "warn")]);
    let mut robots = Vec::new();
    for path in ["/chat", "/staff"] {
        for kind in [Kind::JsPolling, Kind::JsWebSocket, Kind::JsDefault] {
            let mut robot = robot(&hub, kind, path, "staff:ama");
            robot.event("$connect");
            assert_eq!(robot.ask("whoami", &[]), "staff:ama", "{path} {kind:?}");
            robots.push(robot);
        }
    }
    for kind in [Kind::JsPolling, Kind::JsWebSocket] {
        robot(&hub, kind, "/staff", "kofi").event("$connect_error");
    }
    let tls = trusting_anybody();
    let paths = ["/chat", "/staff"].into_iter().cycle();
    let clients: Vec<_> = paths
        .take(CLIENTS)
        .map(|path| TlsClient::connect(&hub, &tls, path))
        // The last of them may come when the first are asked whether they are there.
        .map(|client| std::thread::spawn(|| client.closed()))
        .collect();
    let asked = Instant::now();
    hub.signal(Signal::TERM);
    for client in clients {
        assert_eq!(client.join().unwrap(), 1001);
    }
    for robot in &mut robots {
        // After either it comes back by itself: over long-polling a poll that waits is dropped.
        let reason = robot.event("$disconnect");
        assert!(
            reason == ["transport close"] || reason == ["transport error"],
            "{reason:?}"
        );
    }
    let (status, log) = hub.ended();
    let took = asked.elapsed();
    // A server that were not tuned, or were ended by force, would be a warning.
    assert!(status.success() && !log.contains("WARN"), "{status}: {log}");
    assert!(took < NOT_CUT, "{took:?}");
}

/// Would fail if only the first signal counted: to tell so many takes five seconds.
#[test]
fn a_second_signal_ends_a_host_at_once() {
    let mut hub = Hub::example("lecture", &[("RUST_LOG", "warn")]);
    let target = "/socket.io/?EIO=4&transport=websocket";
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| WebSocket::open(&hub, target))
        .collect();
    while hub.is_running() {
        hub.signal(Signal::INT);
        std::thread::yield_now();
    }
    let (status, log) = hub.ended();
    assert!(status.success() && log.contains("stopped at once"), "{log}");
    drop(clients);
}

/// Would fail if the standalone server, its operators, or rooms on a worker needed actix's runtime around them.
#[test]
fn under_tokio_the_standalone_server_serves_with_rooms_on_a_worker() {
    let mut settings = Settings::default();
    settings.listen = vec!["127.0.0.1:0".parse().unwrap()];
    (settings.workers, settings.room_threads) = (1, 0);
    let dondo = Dondo::builder().settings(settings.clone()).build().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let (runtime, serving) = (runtime.unwrap(), dondo.clone());
    let (stop, stopped) = oneshot::channel::<()>();
    let (bound, is_bound) = mpsc::channel();
    let server = std::thread::spawn(move || {
        runtime.block_on(async {
            let operators = Operators::start("127.0.0.1:0".parse().unwrap(), &serving).unwrap();
            let server = Server::start(&settings, serving).unwrap();
            bound.send((server.bound()[0], operators.bound())).unwrap();
            let stop = async { drop(stopped.await) };
            server.serve(stop, Duration::ZERO).await
        })
    });
    let (address, operators) = is_bound.recv().unwrap();
    let hub = Hub::around(address, dondo);
    let mut ama = Client::connect(&hub);
    ama.ask("join-channel", &[json!("lobby")]);
    assert_eq!(ama.ask("lobby", &[json!("akwaaba")])["recipients"], 1);
    let deadline = Instant::now() + PATIENCE;
    // A thread of a busy machine that answers late makes it unready for a moment.
    while http::get_at(operators, "/readyz").status != 200 {
        assert!(Instant::now() < deadline, "it is never ready");
        std::thread::yield_now();
    }
    drop(stop);
    assert_eq!(ama.socket.closed(), Some(1001));
    server.join().unwrap().unwrap();
}

/// A stock client that connects, and does not ask who signed the host's certificate.
fn robot(hub: &Hub, kind: Kind, path: &str, name: &str) -> Robot {
    let mut options = kind.options();
    options["path"] = format!("{path}/socket.io/").into();
    options["rejectUnauthorized"] = false.into();
    options["extraHeaders"] = json!({ "authorization": format!("Bearer {name}") });
    let mut robot = Robot::start_with(hub, kind, options);
    robot.tell("connect", &[]);
    robot
}

/// A client over a WebSocket and TLS, in the namespace `/`.
struct TlsClient(StreamOwned<ClientConnection, TcpStream>);

impl TlsClient {
    fn connect(hub: &Hub, tls: &Arc<ClientConfig>, path: &str) -> Self {
        let address: SocketAddr = hub.address();
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let host = ServerName::try_from("localhost").unwrap();
        let connection = ClientConnection::new(tls.clone(), host).unwrap();
        let mut client = Self(StreamOwned::new(connection, stream));
        let head = format!(
            "GET {path}/socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\n\
             Authorization: Bearer staff:esi\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        );
        client.0.write_all(head.as_bytes()).unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            answer.push(client.byte());
        }
        assert!(answer.starts_with(b"HTTP/1.1 101 "));
        assert!(client.frame().1.starts_with(b"0{"));
        client.0.write_all(&masked(0x81, b"40")).unwrap();
        assert!(client.frame().1.starts_with(b"40{"));
        client
    }

    fn byte(&mut self) -> u8 {
        let mut byte = [0];
        self.0.read_exact(&mut byte).unwrap();
        byte[0]
    }

    /// The first byte and the payload of the next frame, which is short.
    fn frame(&mut self) -> (u8, Vec<u8>) {
        let (first, length) = (self.byte(), self.byte());
        let length = match length {
            126 => usize::from(u16::from_be_bytes([self.byte(), self.byte()])),
            length => length.into(),
        };
        (first, (0..length).map(|_| self.byte()).collect())
    }

    /// The code of its close frame, before which nothing is expected but pings, which it answers, and what others are told.
    fn closed(mut self) -> u16 {
        loop {
            match self.frame() {
                (0x88, code) => return u16::from_be_bytes([code[0], code[1]]),
                (0x81, ping) if ping == b"2" => self.0.write_all(&masked(0x81, b"3")).unwrap(),
                _ => {}
            }
        }
    }
}

fn trusting_anybody() -> Arc<ClientConfig> {
    let trust = Arc::new(AnyCertificate(ring::default_provider()));
    let config = ClientConfig::builder().dangerous();
    let config = config.with_custom_certificate_verifier(trust);
    Arc::new(config.with_no_client_auth())
}

#[derive(Debug)]
struct AnyCertificate(CryptoProvider);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let known = &self.0.signature_verification_algorithms;
        known.supported_schemes()
    }
}
