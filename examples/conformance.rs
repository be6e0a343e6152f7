//! The server that the official Engine.IO 4 and Socket.IO 5 suites test: an echo on `/engine.io/`, the suite's handlers
//! on `/socket.io/`. Run the suites with `tests/suites`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use clap::Parser;
use dondo::config::Settings;
use dondo::internal::{
    Answer, ClientPacket, Content, EncodingId, Frame, Protocol, Refusal, TransportMessage,
    Violation, message,
};
use dondo::{Arguments, Auth, Builder, Dondo, Namespace, Server, Socket, SocketId, listen};
use serde_json::{Value, json};

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
    env_logger::init();
    let flags = Flags::parse();
    let mut config = Settings::default();
    config.listen = vec![flags.listen];
    config.workers = 2;
    config.engine.ping_interval = Duration::from_millis(300);
    config.engine.ping_timeout = Duration::from_millis(200);
    // The suite waits two seconds for the connection of a client that joins no namespace to be closed, and in another
    // test answers three pings without joining one: about 0.9 s.
    config.engine.connect_timeout = Duration::from_millis(1400);

    let builder = Dondo::builder()
        .settings(config.clone())
        .engine_at("/engine.io/", Arc::new(|_| Box::new(Echo)));
    let namespaces = ["/", "/custom"].map(suite);
    let dondo = namespaces
        .into_iter()
        .fold(builder, Builder::namespace)
        .build()?;

    if flags.in_app {
        let hub = dondo.clone();
        let app = move || actix_web::App::new().configure(hub.configure());
        let server = dondo.tune(actix_web::HttpServer::new(app));
        let server = server.workers(config.workers);
        return dondo
            .serve(server.listen(listen(flags.listen)?)?.run())
            .await;
    }
    let stop = async { drop(tokio::signal::ctrl_c().await) };
    Server::start(&config, dondo)?
        .serve(stop, Duration::ZERO)
        .await
}

/// What the Socket.IO suite expects in each namespace.
fn suite(name: &str) -> Namespace {
    Namespace::new(name)
        .on_connect(async |socket: Socket, Auth(auth): Auth<Option<Value>>| {
            socket.emit("auth", auth.unwrap_or_else(|| json!({})))?;
            Ok(())
        })
        .on("message", async |socket: Socket, all: Arguments| {
            socket.emit("message-back", all)?;
            Ok(())
        })
        .on("message-with-ack", async |all: Arguments| Ok(all))
}

/// What the Engine.IO suite expects: every message comes back. Its sessions enter no namespace, so of what a protocol
/// does only `decode` is ever asked for.
struct Echo;

impl Protocol for Echo {
    fn decode(&mut self, wire: TransportMessage) -> Result<Option<ClientPacket>, Violation> {
        Ok(Some(ClientPacket::Reply(message(&wire))))
    }

    fn pending_bytes(&self) -> usize {
        0
    }

    fn encoding(&self, _: Option<&[u8]>) -> EncodingId {
        EncodingId::FIRST
    }

    fn connected(&self, _: &str, _: &SocketId) -> Frame {
        nothing()
    }

    fn refused(&self, _: &str, _: &Refusal) -> Frame {
        nothing()
    }

    fn disconnected(&self, _: &str) -> Frame {
        nothing()
    }

    fn event(&self, _: &str, _: &Content, _: Option<u64>) -> Frame {
        nothing()
    }

    fn ack(&self, _: &str, _: u64, _: &Answer) -> Frame {
        nothing()
    }
}

fn nothing() -> Frame {
    message(&TransportMessage::Text(Bytes::new()))
}
