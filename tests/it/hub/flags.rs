//! Flags and variables that only the program shows: where it listens, its threads, its environment.
//! Knows the meaning of no other setting.

use serde_json::json;

use super::program::Program;

const ANY: &str = "127.0.0.1:0";

#[test]
fn it_listens_where_it_is_told_and_says_so() {
    let program = Program::start(&["--listen", &format!("{ANY},{ANY}")], &[]);
    assert_eq!(program.addresses.len(), 2);
    assert_ne!(program.addresses[0], program.addresses[1]);
    for address in &program.addresses {
        assert!(std::net::TcpStream::connect(address).is_ok(), "{address}");
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
        let program = Program::start(&["--listen", ANY, "--workers", workers], &[]);
        assert_eq!(program.get("/healthz").status, 200);
        program.threads().len()
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
