//! What the log says of a page or a name that is refused: who it was, and the line to write where. Knows the program.

use std::io::Write;
use std::net::TcpStream;

use super::program::Program;
use crate::support::{PATIENCE, http};

const ANY: [&str; 2] = ["--listen", "127.0.0.1:0"];
const POLLING: &str = "/socket.io/?EIO=4&transport=polling";
const PROXY: &str = "proxy_set_header Host $http_host;";
const OTHER: &str = "Origin: https://other.example\r\n";

/// Asks under the name `host`; empty stands for the address.
fn ask(program: &Program, target: &str, host: &str, headers: &str) -> u16 {
    let address = &program.addresses[0];
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let host = if host.is_empty() { address } else { host };
    let head = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    http::read(&mut stream).status
}

/// The line that a refusal at the start of a session makes.
fn line(flags: &[&str], host: &str, headers: &str) -> String {
    let mut program = Program::start(&[&ANY, flags].concat(), &[]);
    assert_eq!(ask(&program, POLLING, host, headers), 403);
    program.wait_for("a request is refused");
    program.log.pop().unwrap()
}

fn tells(line: &str, told: &[&str], untold: &[&str]) {
    for told in told {
        assert!(line.contains(told), "{told} in {line}");
    }
    for untold in untold {
        assert!(!line.contains(untold), "{untold} in {line}");
    }
}

#[test]
fn a_page_that_a_proxy_keeps_from_its_websocket_is_told_of_with_the_line_to_write() {
    let mut program = Program::start(&ANY, &[]);
    let open = program.get(POLLING).text();
    let sid = open.split('"').nth(3).unwrap().to_owned();
    let headers = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                   Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: https://chat.example\r\n";
    let target = format!("/socket.io/?EIO=4&transport=websocket&sid={sid}");
    assert_eq!(ask(&program, &target, "", headers), 400);
    program.wait_for("upgrade forbidden");
    tells(
        program.log.last().unwrap(),
        &[
            "WARN",
            "https://chat.example",
            &program.addresses[0],
            "from 127.0.0.1;",
            PROXY,
            "ProxyPreserveHost On",
            "`--origins same-host,https://chat.example`",
            "long-polling",
        ],
        &["--hosts"],
    );
}

#[test]
fn a_page_that_gets_nothing_is_told_of_with_the_line_to_write() {
    tells(
        &line(&[], "", OTHER),
        &[
            "WARN",
            "origin forbidden",
            PROXY,
            "`--origins same-host,https://other.example`",
        ],
        &["--hosts"],
    );
}

#[test]
fn the_list_to_write_keeps_the_pages_of_the_list_in_force() {
    // Under a name the own page needs its place in such a list, whatever a proxy passes on.
    tells(
        &line(&["--origins", "https://app.example"], "", OTHER),
        &["`--origins https://app.example,https://other.example`"],
        &[PROXY, "same-host"],
    );
    tells(
        &line(&["--origins", "same-host,http://app.example:81"], "", OTHER),
        &[
            PROXY,
            "`--origins same-host,http://app.example:81,https://other.example`",
        ],
        &[],
    );
}

#[test]
fn an_own_page_that_a_list_shuts_out_is_not_sent_to_its_proxy() {
    let origins = ["--origins", "https://app.example"];
    tells(
        &line(&origins, "chat.example", "Origin: http://chat.example\r\n"),
        &["`--origins https://app.example,http://chat.example`"],
        &[PROXY],
    );
}

#[test]
fn a_name_that_hosts_lacks_is_told_of_with_the_hosts_to_write() {
    tells(
        &line(
            &["--hosts", "chat.example,127.0.0.1"],
            "Hub.example:81",
            OTHER,
        ),
        &[
            "foreign host",
            "`--hosts chat.example,127.0.0.1,hub.example`",
        ],
        &["--origins", PROXY],
    );
}

#[test]
fn a_name_that_a_proxy_passes_on_and_hosts_lacks_is_told_of_with_the_hosts_to_write() {
    for passed_on in [
        "X-Forwarded-Host: other.example",
        "Forwarded: host=other.example",
    ] {
        tells(
            &line(
                &["--hosts", "127.0.0.1"],
                "",
                &format!("{OTHER}{passed_on}\r\n"),
            ),
            &["origin forbidden", "`--hosts 127.0.0.1,other.example`"],
            &["`--origins", PROXY],
        );
    }
}

#[test]
fn a_refusal_tells_what_proxies_said_and_whose_request_it_was() {
    let headers = format!(
        "{OTHER}X-Forwarded-Host: a.example\r\nForwarded: host=b.example\r\nX-Forwarded-For: 9.9.9.9\r\n"
    );
    let said = [
        "X-Forwarded-Host \"a.example\"",
        "Forwarded \"host=b.example\"",
    ];
    let untrusted = line(&[], "", &headers);
    tells(&untrusted, &said, &["9.9.9.9"]);
    tells(&untrusted, &["from 127.0.0.1;"], &[]);
    let trusted = line(&["--trusted-proxies", "127.0.0.1"], "", &headers);
    tells(&trusted, &said, &[]);
    tells(&trusted, &["from 9.9.9.9 through 127.0.0.1;"], &[]);
}

#[test]
fn what_no_setting_lets_in_comes_with_no_advice() {
    tells(
        &line(&[], "", "Origin: other.example\r\n"),
        &["Origin \"other.example\""],
        &["`--origins", PROXY],
    );
}
