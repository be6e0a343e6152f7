//! The access log of the program.

use std::io::Write;

use crate::hub::program::Program;
use crate::support::{http, tls};

const OPEN: &str = "/socket.io/?EIO=4&transport=polling";

/// The last line that the program has logged.
fn last(program: &Program) -> &str {
    program.log.last().unwrap()
}

/// Fails if a request has no line, one too early, or one with what is a secret or a client's own idea of a line in it; or if the
/// client is taken for its proxy.
#[test]
fn each_request_is_a_line_once_it_is_answered_and_a_websocket_once_it_has_ended() {
    for format in ["text", "json"] {
        let flags = [
            "--listen",
            "127.0.0.1:0",
            "--access-log",
            "on",
            "--log-format",
            format,
        ];
        let mut program = Program::start(
            &[&flags[..], &["--trusted-proxies", "127.0.0.1"]].concat(),
            &[],
        );
        let headers = "X-Forwarded-For: 9.9.9.9\r\nUser-Agent: a\" \"status\":7 status=7\r\n";
        let mut asked = program.request("GET", "/healthz?token=s3cret&%0A=x", headers, "");
        assert_eq!(http::read(&mut asked).status, 200);
        program.wait_for("GET /healthz?token=-&%0A=-");
        let line = last(&program);
        assert!(line.contains("9.9.9.9") && line.contains("200"), "{line}");
        assert!(line.contains("a%22 %22status%22:7 status=7"), "{line}");
        if format == "json" {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            assert_eq!(line["status"], 200);
            assert_eq!(line["client"], "9.9.9.9");
            assert_eq!(line["target"], "dondo::access");
            assert!(
                line["bytes"].as_u64().is_some_and(|bytes| bytes > 0),
                "{line}"
            );
        }
        let open = program.get(OPEN).text();
        program.wait_for(&format!("GET {OPEN}"));
        let sid = open.split('"').nth(3).unwrap().to_owned();
        // It ends when the poll behind it does.
        let socket = program.websocket("/socket.io/?EIO=4&transport=websocket");
        assert_eq!(
            program.post(&format!("{OPEN}&sid={sid}"), "40").text(),
            "ok"
        );
        program.wait_for(&format!("POST {OPEN}&sid=-"));
        assert!(
            !program
                .log
                .iter()
                .any(|line| line.contains("transport=websocket"))
        );
        drop(socket);
        program.wait_for("GET /socket.io/?EIO=4&transport=websocket");
        assert!(last(&program).contains("101"), "{}", last(&program));
        // A client that does not wait for its answer has a line without one.
        drop(program.request("GET", &format!("{OPEN}&sid={sid}&t=poll"), "", ""));
        program.wait_for("&t=poll");
        for secret in [&*sid, "s3cret"] {
            assert!(
                !program.log.iter().any(|line| line.contains(secret)),
                "{:#?}",
                program.log
            );
        }
    }
}

/// Fails if what comes within TLS has no line, or a stranger's bytes have.
#[test]
fn within_tls_it_is_the_same() {
    let flags = ["--listen", "127.0.0.1:0", "--access-log", "on"];
    let mut program = Program::start(&[&flags[..], &tls::flags()].concat(), &[]);
    let address = program.addresses[0].parse().unwrap();
    http::connect_at(address)
        .write_all(b"GET /noise HTTP/1.1\r\n\r\n")
        .unwrap();
    let mut client = tls::over(http::connect_at(address));
    assert_eq!(http::ask(&mut client, "/healthz", &[]).status, 200);
    program.wait_for("GET /healthz");
    assert!(last(&program).contains("127.0.0.1"), "{}", last(&program));
    assert!(!program.log.iter().any(|line| line.contains("/noise")));
}
