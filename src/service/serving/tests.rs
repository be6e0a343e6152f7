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
        let serving = rt::spawn(async move {
            match is_tuned {
                true => dondo.serve(server).await,
                false => server.await,
            }
        });
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

/// Fails if a hub in the app factory, of which each worker has one, is told of for each of them or not at all; or if one that
/// is built where it belongs is.
#[test]
fn a_hub_that_each_worker_builds_is_told_of_once_with_the_lines_to_write() {
    let said = lines();
    visited(true);
    let told =
        |line: &String| line.starts_with("WARN") && line.contains("before `HttpServer::new(");
    assert_eq!(said.try_iter().filter(told).count(), 0);
    rt::System::new().block_on(async {
        let server = HttpServer::new(|| {
            let dondo = Dondo::builder().build().unwrap();
            App::new().configure(dondo.configure())
        });
        let listener = listen("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = server.workers(2).listen(listener).unwrap().run();
        let handle = server.handle();
        let serving = rt::spawn(server);
        // Who is answered comes behind both factories.
        rt::task::spawn_blocking(move || {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
            stream.read_to_end(&mut Vec::new()).unwrap();
        })
        .await
        .unwrap();
        handle.stop(false).await;
        serving.await.unwrap().unwrap();
    });
    assert_eq!(said.try_iter().filter(told).count(), 1);
}

/// Fails if a host whose server leaves signals to nobody is not told so, or one whose clients somebody tells.
#[test]
fn a_tuned_server_that_nobody_serves_is_told_of_with_the_line_to_write() {
    let said = lines();
    let told =
        |line: &String| line.starts_with("WARN") && line.contains("`dondo.serve(server).await`");
    rt::System::new().block_on(async {
        for is_served in [true, false, false] {
            let dondo = Dondo::builder().build().unwrap();
            let hub = dondo.clone();
            let server = HttpServer::new(move || App::new().configure(hub.configure()));
            let listener = listen("127.0.0.1:0").unwrap();
            let address = listener.local_addr().unwrap();
            let server = dondo
                .tune(server)
                .workers(1)
                .listen(listener)
                .unwrap()
                .run();
            let handle = server.handle();
            let serving = rt::spawn(async move {
                match is_served {
                    true => dondo.serve(server).await,
                    false => server.await,
                }
            });
            rt::task::spawn_blocking(move || [visit(address), visit(address)])
                .await
                .unwrap();
            handle.stop(false).await;
            serving.await.unwrap().unwrap();
        }
    });
    assert_eq!(said.try_iter().filter(told).count(), 2);
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
