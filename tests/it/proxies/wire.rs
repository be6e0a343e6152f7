//! Oddities of requests that proxies and people make, answered as Node answers them.

use std::io::Write;
use std::net::TcpStream;

use super::DIRECT;
use crate::support::{Form, PATIENCE, WebSocket, http, in_both_forms};

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
