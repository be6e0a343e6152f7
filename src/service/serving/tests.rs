//! What the log says of a host's server.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
};

use actix_web::{App, HttpServer, rt};

use crate::{Dondo, io::tests::log::lines, listen};

/// Opens two sessions over connections of their own, in a server that is tuned or not.
fn visited(is_tuned: bool) {
    rt::System::new().block_on(async {
        let dondo = Dondo::builder().build().unwrap();
        let hub = dondo.clone();
        let server = HttpServer::new(move || App::new().configure(hub.configure()));
        let server = match is_tuned {
            true => dondo.tune(server),
            false => server,
        };
        let listener = listen("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = server.workers(1).listen(listener).unwrap().run();
        let handle = server.handle();
        let serving = rt::spawn(server);
        rt::task::spawn_blocking(move || [visit(address), visit(address)])
            .await
            .unwrap();
        handle.stop(false).await;
        serving.await.unwrap().unwrap();
    });
}

fn visit(address: SocketAddr) {
    let mut stream = TcpStream::connect(address).unwrap();
    let target = "/socket.io/?EIO=4&transport=polling";
    let head = format!("GET {target} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

/// Would fail if each connection were a line, if one hub were quiet for another, or if a server that is tuned were blamed.
#[test]
fn a_server_that_was_not_tuned_is_told_of_once_for_a_hub_with_the_line_to_write() {
    let said = lines();
    for is_tuned in [true, false, false] {
        visited(is_tuned);
    }
    let told = said
        .try_iter()
        .filter(|line| line.starts_with("WARN") && line.contains("dondo.tune(HttpServer::new(…))"));
    assert_eq!(told.count(), 2);
}
