//! Flags and variables that only the program shows: where it listens, its threads, its environment.
//! Knows the meaning of no other setting.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};

use serde_json::json;
use socket2::{Domain, Socket, Type};

use super::program::Program;

const ANY: &str = "127.0.0.1:0";

#[test]
fn it_listens_where_it_is_told_and_says_so() {
    let program = Program::start(&["--listen", &format!("{ANY},{ANY}")], &[]);
    assert_eq!(program.addresses.len(), 2);
    assert_ne!(program.addresses[0], program.addresses[1]);
    for address in &program.addresses {
        assert!(TcpStream::connect(address).is_ok(), "{address}");
    }
    assert_eq!(program.get("/healthz").status, 200);
}

#[test]
fn the_environment_says_the_same_as_flags_and_flags_win() {
    let variables = [
        ("DONDO_LISTEN", ANY),
        ("DONDO_PATH", "/live"),
        ("DONDO_NAMESPACES", "/chat"),
    ];
    let program = Program::start(&["--namespaces", "/news"], &variables);
    let mut socket = program.websocket("/live/?EIO=4&transport=websocket");
    socket.next_text();
    socket.text("40/chat,");
    assert!(socket.next_text().starts_with("44/chat,"));
    socket.text("40/news,");
    assert!(socket.next_text().starts_with("40/news,"));
}

#[test]
fn an_old_name_works_and_a_line_tells_the_new_one() {
    let variables = [("DONDO_MAX_PAYLOAD", "3MB")];
    let program = Program::start(&["--listen", ANY, "--ping-timeout", "7s"], &variables);
    let log = program.log.join("\n");
    for told in [
        "--ping-timeout is an old name",
        "write --engine.ping-timeout or DONDO_ENGINE_PING_TIMEOUT",
        "DONDO_MAX_PAYLOAD is an old name",
        "ping-timeout 7s;",
        "max-payload 3MB;",
    ] {
        assert!(log.contains(told), "{told} in {log}");
    }
}

/// Fails if `--chat-hub` can do nothing without a warning.
#[test]
fn a_chat_hub_without_its_namespace_is_warned_of_at_start() {
    let flags = [
        "--listen",
        ANY,
        "--namespaces",
        "/orders",
        "--chat-hub",
        "/talk",
    ];
    let program = Program::start(&flags, &[]);
    let mut warned = program.log.iter().filter(|line| line.contains("WARN"));
    assert!(
        warned.any(|line| line.contains("--chat-hub /talk serves nothing")),
        "{:?}",
        program.log
    );
}

#[test]
fn a_switch_is_set_from_the_environment() {
    let program = Program::start(&["--listen", ANY], &[("DONDO_HUB_ECHO", "off")]);
    let mut socket = program.websocket("/socket.io/?EIO=4&transport=websocket");
    socket.next_text();
    socket.text("40");
    socket.next_text();
    socket.text("42[\"join-channel\",\"lobby\"]");
    socket.text(&format!("427{}", json!(["lobby", "hi"])));
    loop {
        let text = socket.next_text();
        assert!(!text.starts_with("42[\"lobby\""), "{text}");
        if text.starts_with("437") {
            assert!(text.contains("\"recipients\":0"), "{text}");
            break;
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn it_has_as_many_workers_as_it_is_told() {
    let count = |workers: &str| {
        // Without that of the operators, which is not waited for.
        let flags = [
            "--listen",
            ANY,
            "--workers",
            workers,
            "--admin-listen",
            "off",
        ];
        let program = Program::start(&flags, &[]);
        let mut threads = program.threads();
        // By the names that workers have: other threads come and go.
        threads.retain(|name| name.starts_with("actix-rt"));
        threads.len()
    };
    assert_eq!(count("4"), count("1") + 3);
}

#[cfg(target_os = "linux")]
#[test]
fn it_has_as_many_room_threads_as_it_is_told() {
    for (wanted, count) in [("0", 0), ("1", 1), ("3", 3)] {
        let program = Program::start(&["--listen", ANY, "--room-threads", wanted], &[]);
        let threads = program.threads();
        let rooms = threads
            .iter()
            .filter(|name| name.starts_with("dondo-rooms"));
        assert_eq!(rooms.count(), count, "{threads:?}");
    }
}

#[test]
fn on_all_addresses_of_ipv6_it_is_reached_over_ipv4_too() {
    let program = Program::start(&["--listen", "[::]:0"], &[]);
    let (_, port) = program.addresses[0].rsplit_once(':').unwrap();
    for host in ["127.0.0.1", "[::1]"] {
        let address = format!("{host}:{port}");
        assert!(TcpStream::connect(&address).is_ok(), "{address}");
    }
}

/// A port of both families that the system gives to nobody else while its sockets are kept: they are bound and do not
/// listen, so whoever names the port can have it, too.
fn kept_port() -> (u16, [Socket; 2]) {
    let bound = |address: SocketAddr| {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        if address.is_ipv6() {
            socket.set_only_v6(true)?;
        }
        socket.set_reuse_address(true)?;
        socket.bind(&address.into())?;
        std::io::Result::Ok(socket)
    };
    for _ in 0..100 {
        let four = bound(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
        let port = four.local_addr().unwrap().as_socket().unwrap().port();
        if let Ok(six) = bound(SocketAddr::from((Ipv6Addr::UNSPECIFIED, port))) {
            return (port, [four, six]);
        }
    }
    panic!("no port is free in both families");
}

#[test]
fn all_addresses_of_both_families_may_be_listed_with_one_port() {
    let (port, _kept) = kept_port();
    let listen = format!("127.0.0.1:{port},[::]:{port}");
    let program = Program::start(&["--listen", &listen], &[]);
    assert_eq!(program.addresses.len(), 2);
    for address in [format!("127.0.0.1:{port}"), format!("[::1]:{port}")] {
        assert!(TcpStream::connect(&address).is_ok(), "{address}");
    }
}

#[test]
fn an_address_as_other_programs_take_it_is_refused_with_the_one_to_write() {
    for (typed, write) in [
        ("localhost:12000", "write 127.0.0.1:12000 or [::1]:12000"),
        (
            ":12000",
            "write 127.0.0.1:12000 for this machine alone, or [::]:12000",
        ),
        (
            "12000",
            "write 127.0.0.1:12000 for this machine alone, or [::]:12000",
        ),
        (
            "*:12000",
            "write 127.0.0.1:12000 for this machine alone, or [::]:12000",
        ),
        ("10.0.0.1", "write for example 10.0.0.1:11000"),
        ("10.0.0.1:", "write for example 10.0.0.1:11000"),
        ("10.0.0.1:70000", "\"70000\" is no port"),
        ("::1", "write for example [::1]:11000"),
        (
            "[::1]",
            "\"[::1]\" has no port; write for example [::1]:11000",
        ),
        ("::1:18301", "write [::1]:18301"),
        ("::1:8080", "write [::1]:8080"),
        ("2001:db8::5:11000", "write [2001:db8::5]:11000"),
        ("chat.example:12000", "write for example 127.0.0.1:12000"),
        ("chat", "write for example 127.0.0.1:11000"),
    ] {
        for (flags, variables, source) in [
            (vec!["--listen", typed], vec![], "--listen "),
            (vec![], vec![("DONDO_LISTEN", typed)], "DONDO_LISTEN="),
            (vec!["--admin-listen", typed], vec![], "--admin-listen "),
        ] {
            let mut program = Program::spawn(&flags, &variables);
            assert_eq!(program.ended(), Some(2), "{typed}");
            let log = program.log.join("\n");
            assert!(log.starts_with(&format!("{source}{typed}: ")), "{log}");
            assert!(log.contains(write), "{log}");
        }
    }
}

#[test]
fn an_address_that_cannot_be_had_is_an_error_that_says_where_it_was_written() {
    // Of a network that is for documentation only (RFC 5737).
    for (flags, variables, source) in [
        (vec!["--listen", "192.0.2.1:80"], vec![], "--listen "),
        (
            vec![],
            vec![("DONDO_LISTEN", "192.0.2.1:80")],
            "DONDO_LISTEN=",
        ),
        (
            vec!["--listen", ANY],
            vec![("DONDO_ADMIN_LISTEN", "192.0.2.1:80")],
            "DONDO_ADMIN_LISTEN=",
        ),
    ] {
        let mut program = Program::spawn(&flags, &variables);
        assert_eq!(program.ended(), Some(1), "{source}");
        let log = program.log.join("\n");
        assert!(log.contains(&format!("({source}192.0.2.1:80)")), "{log}");
    }
}

#[test]
fn a_slip_in_a_variables_name_is_a_warning_with_the_nearest_name() {
    let program = Program::start(&["--listen", ANY], &[("DONDO_HUB_ECCHO", "off")]);
    let log = program.log.join("\n");
    assert!(log.contains("DONDO_HUB_ECCHO is no setting"), "{log}");
    assert!(log.contains("the nearest is DONDO_HUB_ECHO"), "{log}");
}

#[test]
fn all_addresses_that_are_taken_are_told_at_once() {
    let taken: Vec<_> = (0..3).map(|_| TcpListener::bind(ANY).unwrap()).collect();
    let addresses: Vec<_> = taken
        .iter()
        .map(|taken| taken.local_addr().unwrap().to_string())
        .collect();
    let listen = addresses[..2].join(",");
    let mut program = Program::spawn(&["--listen", &listen, "--admin-listen", &addresses[2]], &[]);
    assert_eq!(program.ended(), Some(1));
    let log = program.log.join("\n");
    for address in addresses {
        let told = format!("cannot listen on {address}");
        assert!(log.contains(&told), "{told} in {log}");
    }
}

/// With too few it would end in a panic, or serve nobody.
#[test]
fn too_few_open_files_are_refused_with_what_to_write_and_the_least_are_enough_to_serve() {
    let flags = ["--listen", ANY, "--workers", "2"];
    let mut least = String::new();
    for files in ["7", "20", "64", "97"] {
        let mut program = Program::spawn_within(files, &flags);
        assert_eq!(program.ended(), Some(2), "{files}: {:?}", program.log);
        let log = program.log.join("\n");
        let (_, told) = log.split_once("write `ulimit -n ").expect(&log);
        least = told.chars().take_while(char::is_ascii_digit).collect();
        assert!(
            log.starts_with(&format!("open files (ulimit -n) {files}: ")),
            "{log}"
        );
        assert!(!log.contains("panic"), "{log}");
    }
    let mut program = Program::spawn_within(&least, &flags);
    program.started();
    assert_eq!(program.get("/healthz").status, 200);
}
