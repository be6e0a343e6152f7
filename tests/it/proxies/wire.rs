//! Oddities of requests that proxies and people make, answered as Node answers them.

use std::io::Write;
use std::net::TcpStream;

use super::{DIRECT, POLLING};
use crate::support::{Form, Hub, PATIENCE, WebSocket, http, in_both_forms};

in_both_forms!(
    an_address_copied_with_its_query_connects,
    a_websocket_over_http_1_0_is_opened,
);

fn an_address_copied_with_its_query_connects(form: Form) {
    let hub = form.echoing();
    let polling = "/socket.io/?EIO=4&transport=websocket&transport=polling&EIO=4";
    assert_eq!(http::get(&hub, polling).status, 200);
    let websocket = "/socket.io/?EIO=4&transport=polling&transport=websocket&EIO=4";
    let (answer, mut socket) = WebSocket::handshake(&hub, websocket, &[]);
    assert_eq!(answer.status, 101);
    assert!(socket.next_text().starts_with("0{"));
}

fn a_websocket_over_http_1_0_is_opened(form: Form) {
    let hub = form.echoing();
    let mut stream = TcpStream::connect(hub.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let head = format!(
        "GET {DIRECT} HTTP/1.0\r\nHost: {}\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        hub.address()
    );
    stream.write_all(head.as_bytes()).unwrap();
    let answer = http::read(&mut stream);
    assert_eq!(answer.status, 101);
    let accepted = answer.header("Sec-WebSocket-Accept");
    assert_eq!(accepted, Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    let mut socket = WebSocket::on(stream);
    assert!(socket.next_text().starts_with("0{"));
    socket.text("40");
    assert!(socket.next_text().starts_with("40{"));
}

/// In an `App`, actix-http answers such an address itself, with 400.
#[test]
fn an_address_with_a_raw_quote_in_it_connects() {
    let hub = Hub::start();
    for query in ["user=\"Ama\"", "user=<Ama>", "user=\u{c9}", "user=`"] {
        let answer = http::get(&hub, &format!("{POLLING}&{query}"));
        assert_eq!(answer.status, 200, "{query}");
    }
    let (answer, mut socket) = WebSocket::handshake(&hub, &format!("{DIRECT}&user=\"Ama\""), &[]);
    assert_eq!(answer.status, 101);
    assert!(socket.next_text().starts_with("0{"));
}

/// nginx writes it for every poll, where people have it write `Connection: upgrade` for WebSockets.
#[test]
fn connection_upgrade_without_an_upgrade_does_not_cost_the_kept_connection() {
    let hub = Hub::start();
    let mut kept = http::connect(&hub);
    for _ in 0..3 {
        let answer = http::ask(&mut kept, POLLING, &[("Connection", "upgrade")]);
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("Connection"), None);
    }
    // It can still become a WebSocket.
    let head = format!(
        "GET {DIRECT} HTTP/1.1\r\nHost: {}\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        hub.address()
    );
    kept.write_all(head.as_bytes()).unwrap();
    assert_eq!(http::read(&mut kept).status, 101);
    let mut socket = WebSocket::on(kept);
    assert!(socket.next_text().starts_with("0{"));
}
