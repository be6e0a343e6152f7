//! The server that the official Engine.IO 4 and Socket.IO 5 suites test: an echo on `/engine.io/`, the suite's handlers
//! on `/socket.io/`. Run the suites with `tests/suites`.

use std::net::SocketAddr;
use std::time::Duration;

use clap::Parser;
use dondo::config::Settings;
use dondo::{
    Arguments, Auth, Builder, Dondo, EngineMessage, EngineSocket, Namespace, Server, Socket, listen,
};
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

    let builder = Dondo::builder().settings(config.clone()).engine(
        "/engine.io/",
        async |socket: EngineSocket| {
            let echo = socket.clone();
            socket.on_message(async move |message: EngineMessage| {
                echo.send(message)?;
                Ok(())
            });
        },
    );
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
    Server::start(&config, dondo)?.run(Duration::ZERO).await
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
