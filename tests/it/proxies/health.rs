//! Health as balancers and containers ask for it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Instant;

use super::Proxy;
use crate::support::{Form, Hub, PATIENCE, http, in_both_forms};

in_both_forms!(head_is_answered_wherever_get_is_and_options_says_so);

/// The answer of a hub that is well: one of whose threads this machine has kept from answering for half a second says for a
/// moment that it is not ready.
fn once_well(ask: impl Fn() -> http::Answer) -> http::Answer {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let answer = ask();
        if answer.status != 503 || Instant::now() > deadline {
            return answer;
        }
        std::thread::yield_now();
    }
}

fn head_is_answered_wherever_get_is_and_options_says_so(form: Form) {
    let hub = form.echoing();
    let mut places = vec!["/healthz", "/healthz/", "/readyz", "/readyz/"];
    if form == Form::Standalone {
        places.extend(["/", "/page.js", "/page.css", "/socket.io/socket.io.js"]);
    }
    for place in places {
        let head = once_well(|| http::request_at(hub.address(), "HEAD", place));
        assert_eq!(head.status, 200, "HEAD {place}");
        let answer = once_well(|| http::get(&hub, place));
        assert_eq!(answer.status, 200, "GET {place}");
        let length = head.header("Content-Length").map(str::to_owned);
        assert_eq!(length, Some(answer.body.len().to_string()), "{place}");
        if place.ends_with("socket.io.js") {
            continue;
        }
        let asked = http::request(&hub, "OPTIONS", place, &[], b"");
        assert_eq!(
            (asked.status, asked.header("Allow")),
            (204, Some("GET, HEAD, OPTIONS")),
            "{place}"
        );
        assert_eq!(
            http::request(&hub, "DELETE", place, &[], b"").status,
            405,
            "{place}"
        );
    }
}

#[test]
fn below_a_prefix_of_the_hubs_own_options_finds_the_page_too() {
    let hub = Hub::with(|config| config.path = "/chat/socket.io/".to_owned());
    for place in ["/", "/view.js", "/chat/", "/chat/view.js"] {
        let asked = http::request(&hub, "OPTIONS", place, &[], b"");
        let allowed = asked.header("Allow");
        assert_eq!(
            (asked.status, allowed),
            (204, Some("GET, HEAD, OPTIONS")),
            "{place}"
        );
    }
}

#[test]
fn operators_find_head_where_get_is() {
    let hub = Hub::start();
    for place in ["/healthz", "/healthz/", "/readyz", "/readyz/", "/metrics"] {
        let head = once_well(|| http::request_at(hub.operators(), "HEAD", place));
        assert_eq!(head.status, 200, "HEAD {place}");
    }
}

#[test]
fn haproxys_checks_find_the_hub_well() {
    for check in [
        "option httpchk",
        "option httpchk HEAD /healthz",
        "option httpchk GET /readyz/",
        "option httpchk OPTIONS /",
    ] {
        let sections = format!(
            "defaults\n  mode http\n  timeout connect 20s\n  timeout client 30s\n  timeout server 30s\n  timeout check 30s\n\
             frontend in\n  bind LISTEN\n  stats enable\n  stats uri /stats\n  default_backend hub\n\
             backend hub\n  {check}\n  server hub HUB check inter 1s\n"
        );
        let proxy = Proxy::haproxy(Hub::start(), &sections);
        assert_eq!(checked(&proxy), "L7OK", "{check}");
    }
}

/// Waits for a check that finds the hub well, and says how the last one went in HAProxy's words.
fn checked(proxy: &Proxy) -> String {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let mut stream = TcpStream::connect(proxy.front().address()).unwrap();
        stream
            .write_all(b"GET /stats;csv HTTP/1.0\r\n\r\n")
            .unwrap();
        let mut table = String::new();
        stream.read_to_string(&mut table).unwrap();
        let row = |first: &str| {
            let line = table.lines().find(|line| line.contains(first)).unwrap();
            line.split(',').map(str::to_owned).collect::<Vec<_>>()
        };
        let column = row("pxname,")
            .iter()
            .position(|name| name == "check_status");
        let status = row("hub,hub,").swap_remove(column.unwrap());
        if status == "L7OK" || Instant::now() > deadline {
            return status;
        }
        std::thread::yield_now();
    }
}
