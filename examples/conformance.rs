//! The server that the official Engine.IO 4 and Socket.IO 5 suites test: an echo on `/engine.io/`, the suite's handlers
//! on `/socket.io/`. Run the suites with `tests/suites`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use clap::Parser;
use dondo::config::Config;
use dondo::io::{Ack, Event, Socket};
use dondo::server::Server;
use dondo::service::Dondo;
use dondo::transport::engine::message;
use dondo_actors::id::MemberId;
use dondo_actors::letter::{Content, FormId, Forms, Frame, Wire};
use dondo_actors::ports::{Answer, Protocol, Refusal, Said, Violation};

/// A server for the protocol suites.
#[derive(Parser)]
struct Flags {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:3000")]
    listen: SocketAddr,
    /// Serve from a plain actix-web `App`, as an embedder would, instead of the standalone server.
    #[arg(long)]
    in_app: bool,
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let flags = Flags::parse();
    let mut config = Config {
        listen: vec![flags.listen],
        workers: 2,
        ..Config::default()
    };
    config.namespaces = vec!["/".into(), "/custom".into()];
    config.engine.ping_interval = Duration::from_millis(300);
    config.engine.ping_timeout = Duration::from_millis(200);
    config.engine.connect_timeout = Duration::from_millis(1000);
    let dondo = Dondo::builder()
        .config(config.clone())
        .engine_at("/engine.io/", Arc::new(|_| Box::new(Echo)))
        .build()?;
    for namespace in ["/", "/custom"] {
        dondo
            .io()
            .of(namespace)
            .map_err(std::io::Error::other)?
            .on_connect(greet);
    }
    if flags.in_app {
        let app = move || actix_web::App::new().configure(dondo.configure());
        return actix_web::HttpServer::new(app)
            .workers(2)
            .bind(flags.listen)?
            .run()
            .await;
    }
    let stop = async { drop(tokio::signal::ctrl_c().await) };
    Server::start(&config, dondo)?
        .serve(stop, Duration::ZERO)
        .await
}

/// What the Socket.IO suite's server does in each namespace.
async fn greet(socket: Socket) -> Result<(), std::convert::Infallible> {
    Ok(())
}

/// Sends every message back.
struct Echo;
