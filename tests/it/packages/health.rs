//! `dondo health` beside hubs that answer and hubs that do not.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv6Addr, SocketAddr, TcpListener};
use std::process::Output;
use std::time::Instant;

use socket2::{Domain, Socket, Type};

use super::said;
use crate::hub::program::Program;
use crate::support::{PATIENCE, tls};

/// Asks until the hub is found healthy, as containers ask more than once: it may answer later than in the five seconds that one
/// question has, on a machine that does much else.
fn health(variables: &[(&str, &str)]) -> Output {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let answer = said(&["health"], variables);
        if answer.status.success() || Instant::now() > deadline {
            return answer;
        }
    }
}

/// Fails if a container is told that its hub is dead while it answers: asked by the settings it was started with, under each
/// address and with a list of hosts in which no address stands.
#[test]
fn a_hub_that_answers_is_healthy_by_its_own_settings() {
    for listen in ["127.0.0.1:0", "0.0.0.0:0", "[::1]:0", "[::]:0"] {
        let flags = ["--listen", listen, "--hosts", "chat.example"];
        let program = Program::start(&flags, &[]);
        let (_, port) = program.addresses[0].rsplit_once(':').unwrap();
        let own = listen.replace(":0", &format!(":{port}"));
        let variables = [("DONDO_LISTEN", &*own), ("DONDO_HOSTS", "chat.example")];
        let answer = health(&variables);
        assert_eq!(answer.status.code(), Some(0), "{listen}: {answer:?}");
    }
}

/// Fails if a container that has no ::1 is told that its hub is dead, which listens on all addresses and is there over IPv4.
#[test]
fn a_hub_that_listens_everywhere_is_found_where_there_is_no_ipv6() {
    // Nobody is there by ::1, as where that is missing: what is bound alone refuses, and keeps the port from others.
    let (four, port, _six) = loop {
        let four = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = four.local_addr().unwrap().port();
        let six = Socket::new(Domain::IPV6, Type::STREAM, None);
        let six = six.and_then(|six| {
            let address = SocketAddr::from((Ipv6Addr::LOCALHOST, port));
            six.bind(&address.into()).map(|()| six)
        });
        match six {
            Err(error) if error.kind() == ErrorKind::AddrInUse => {}
            six => break (four, port, six.ok()),
        }
    };
    let hub = std::thread::spawn(move || {
        let (mut stream, _) = four.accept().unwrap();
        read_request(&mut stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\nok\n").unwrap();
    });
    let health = said(&["health", "--listen", &format!("[::]:{port}")], &[]);
    assert_eq!(health.status.code(), Some(0), "{health:?}");
    hub.join().unwrap();
}

/// All of it: a reset would hide the answer.
fn read_request(stream: &mut impl Read) {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        request.extend(byte);
    }
}

/// Fails if a hub that speaks TLS alone is asked in plain words, or is called dead where nobody can be asked.
#[test]
fn a_hub_that_speaks_tls_is_asked_at_its_operators_listener() {
    let [certificate_flag, certificate, key_flag, key] = tls::flags();
    let flags = [
        certificate_flag,
        certificate,
        key_flag,
        key,
        "--listen",
        "127.0.0.1:0",
        "--hosts",
        "chat.example",
    ];
    let program = Program::start(&flags, &[]);
    let mut lines = program.log.iter();
    let told = lines.find_map(|line| line.split_once("metrics and health in detail: http://"));
    let (admin, _) = told.unwrap().1.split_once('/').unwrap();
    let variables = [
        ("DONDO_TLS_CERTIFICATE_FILE", certificate),
        ("DONDO_TLS_KEY_FILE", key),
        ("DONDO_ADMIN_LISTEN", admin),
        ("DONDO_HOSTS", "chat.example"),
    ];
    let answer = health(&variables);
    assert_eq!(answer.status.code(), Some(0), "{answer:?}");
    let off = said(&["health", "--admin-listen", "off"], &variables[..2]);
    assert_eq!(off.status.code(), Some(1), "{off:?}");
    assert!(String::from_utf8_lossy(&off.stderr).contains("--admin-listen"));
}

/// Fails if nobody, somebody else or a hub in trouble passes as healthy, or if it is not said what is wrong.
#[test]
fn what_does_not_answer_as_a_hub_is_not_healthy() {
    // Nobody listens there, and nobody else gets the port meanwhile.
    let kept = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    kept.bind(&any.into()).unwrap();
    let address = kept.local_addr().unwrap().as_socket().unwrap().to_string();
    let nobody = said(&["health", "--listen", &address], &[]);
    assert_eq!(nobody.status.code(), Some(1), "{nobody:?}");
    assert!(String::from_utf8_lossy(&nobody.stderr).contains(&address));
    for (answer, told) in [
        ("HTTP/1.1 503 Service Unavailable\r\n\r\n", "503"),
        ("SSH-2.0-none\r\n", "no HTTP server"),
        ("", "no HTTP server"),
    ] {
        let other = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = other.local_addr().unwrap().to_string();
        let asked = std::thread::spawn(move || {
            let (mut stream, _) = other.accept().unwrap();
            read_request(&mut stream);
            stream.write_all(answer.as_bytes()).unwrap();
        });
        let health = said(&["health", "--listen", &address], &[]);
        asked.join().unwrap();
        assert_eq!(health.status.code(), Some(1), "{answer:?}: {health:?}");
        let complaint = String::from_utf8(health.stderr).unwrap();
        assert!(complaint.contains(told), "{complaint}");
    }
}
