//! The beginning of a connection, and what stands still in it.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use rustls::version::{TLS12, TLS13};
use rustls::{ProtocolVersion, SupportedProtocolVersion};

use crate::support::{Hub, http, tls};

/// How long who is to be too slow is waited for: longer than this machine stands still.
const SHORT: Duration = Duration::from_secs(10);
/// Nobody is too slow.
const LONG: Duration = Duration::from_secs(3600);

fn hub(request_timeout: Duration) -> Hub {
    Hub::with_tls(|config| {
        config.workers = 1;
        config.engine.request_timeout = request_timeout;
    })
}

/// The server ends the connection, whatever it said before.
fn is_closed(mut stream: &TcpStream) -> Vec<u8> {
    let mut rest = Vec::new();
    match stream.read_to_end(&mut rest) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
        Err(error) => panic!("{error}, after {rest:?}"),
    }
    rest
}

/// The first bytes of a handshake, as a client sends them.
fn hello(hub: &Hub) -> Vec<u8> {
    let mut client = tls::connect(hub);
    let mut hello = Vec::new();
    client.conn.write_tls(&mut hello).unwrap();
    hello
}

/// Fails if a version is not spoken, or if a client that also knows HTTP/2 is answered in it.
#[test]
fn both_versions_are_spoken_and_http_1_in_them() {
    let hub = hub(LONG);
    let versions: [(&'static SupportedProtocolVersion, _); 2] = [
        (&TLS12, ProtocolVersion::TLSv1_2),
        (&TLS13, ProtocolVersion::TLSv1_3),
    ];
    for (version, spoken) in versions {
        let mut client = tls::trusting(&tls::files().0, &[version], http::connect(&hub));
        for _ in 0..3 {
            assert_eq!(http::ask(&mut client, "/healthz", &[]).status, 200);
        }
        assert_eq!(client.conn.protocol_version(), Some(spoken));
        assert_eq!(client.conn.alpn_protocol(), Some(&b"http/1.1"[..]));
        let page = http::ask(&mut client, "/", &[]);
        assert!(page.status == 200 && page.text().contains("<title>"));
    }
}

/// Fails if who writes http:// waits, or sees bytes of TLS; or if what is neither is answered.
#[test]
fn who_speaks_no_tls_is_told_so_where_it_speaks_http() {
    let hub = hub(LONG);
    for request in [
        "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc",
    ] {
        let mut client = http::connect(&hub);
        client.write_all(request.as_bytes()).unwrap();
        let answer = http::read(&mut client);
        assert_eq!(answer.status, 400);
        assert_eq!(answer.header("connection"), Some("close"));
        // Its body ends with the connection.
        let body = is_closed(&client);
        assert!(body.starts_with(b"This port speaks https: "), "{body:?}");
    }
    for noise in [&b"\0\0\0"[..], b"\x80\x2e\x01", b"ssh"] {
        let mut client = http::connect(&hub);
        client.write_all(noise).unwrap();
        assert_eq!(is_closed(&client), b"");
    }
    assert_eq!(
        http::ask(&mut tls::connect(&hub), "/healthz", &[]).status,
        200
    );
}

/// Fails if a handshake, or a record between two requests, may take for ever; or if an idle connection may not.
#[test]
fn what_does_not_come_to_its_end_within_tls_is_closed_and_who_is_idle_is_not() {
    let hub = hub(SHORT);
    let mut idle = tls::connect(&hub);
    assert_eq!(http::ask(&mut idle, "/healthz", &[]).status, 200);
    let hello = hello(&hub);
    // All of them wait at the same time.
    let parts = [&hello[..0], &hello[..1], &hello[..hello.len() - 1], &hello];
    let handshakes = parts.map(|part| {
        let mut client = http::connect(&hub);
        client.write_all(part).unwrap();
        client
    });
    let mut half_head = tls::connect(&hub);
    half_head.write_all(b"GET /healthz HTTP/1.1\r\n").unwrap();
    let mut half_record = tls::connect(&hub);
    assert_eq!(http::ask(&mut half_record, "/healthz", &[]).status, 200);
    half_record.sock.write_all(&[23, 3, 3, 1, 0, 7, 7]).unwrap();
    for client in handshakes
        .iter()
        .chain([&half_head.sock, &half_record.sock])
    {
        is_closed(client);
    }
    let slow: Vec<_> = hub.doors().sockets().slow().take(2).collect();
    assert_eq!(slow, [("slow handshake", 4), ("slow head", 2)]);
    assert_eq!(http::ask(&mut idle, "/healthz", &[]).status, 200);
}

/// Fails if a first record of an endless handshake is held, or if what is held of handshakes is on no account.
#[test]
fn handshakes_are_on_the_account_of_heads_and_none_is_endless() {
    let hub = Hub::with_tls(|settings| {
        settings.engine.request_timeout = Duration::from_secs(3600);
        settings.engine.max_payload = 10_000;
        settings.limits.unfinished_bytes_max = 30_000;
    });
    // A hello that says it has 60,000 bytes, in records of 8,000.
    let begin = [
        &[22, 3, 1, 0x1f, 0x40, 1, 0, 0xea, 0x60, 3, 3][..],
        &[7; 7_993],
    ]
    .concat();
    let more = [&[22, 3, 1, 0x1f, 0x40][..], &[7; 8_000]].concat();
    let heads = "dondo_bytes{what=\"heads\"}";
    let mut first = http::connect(&hub);
    first.write_all(&begin[..7_000]).unwrap();
    hub.wait_for(heads, 7_000);
    let mut endless = http::connect(&hub);
    for part in [&begin, &more, &more, &more, &more, &more] {
        let _ = endless.write_all(part);
    }
    is_closed(&endless);
    hub.wait_for(heads, 7_000);
    drop(first);
    hub.wait_for(heads, 0);
    assert_eq!(
        http::ask(&mut tls::connect(&hub), "/healthz", &[]).status,
        200
    );
}

/// Fails if a half handshake takes a place for good, or several of them keep others out.
#[test]
fn handshakes_count_as_connections_and_their_places_come_back() {
    const FILES: usize = 256;
    let flags = [&tls::flags()[..], &["--workers", "2"]].concat();
    let hub = Hub::program_with_files(FILES, &flags);
    let hello = hello(&hub);
    let open: Vec<_> = (0..FILES)
        .map(|_| {
            let mut client = http::connect(&hub);
            let _ = client.write_all(&hello[..hello.len() / 2]);
            client
        })
        .collect();
    hub.wait_for_some("dondo_connections_refused_total");
    drop(open);
    hub.wait_for("dondo_connections", 0);
    assert_eq!(
        http::ask(&mut tls::connect(&hub), "/healthz", &[]).status,
        200
    );
}
