//! The hub beside the few events that the guide of the .NET client library has in its first program: `hi` and `register`
//! are answered as its comments say, every other event is a message to the channel of its name.

use std::net::SocketAddr;
use std::time::Duration;

use clap::Parser;
use dondo::config::Settings;
use dondo::{Dondo, Namespace, Server, Socket};
use serde_json::json;

/// The hub, and a guide's greetings.
#[derive(Parser)]
struct Flags {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:3000")]
    listen: SocketAddr,
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    env_logger::init();
    let flags = Flags::parse();
    let mut settings = Settings::default();
    settings.listen = vec![flags.listen];
    let root = Namespace::hub("/")
        .on("hi", async |socket: Socket| {
            socket.emit("hi", "hi client")?;
            Ok(())
        })
        .on("register", async |socket: Socket| {
            socket.emit("test", ("ok", json!({ "id": 1, "name": "tom" })))?;
            Ok(())
        });
    let builder = Dondo::builder().settings(settings.clone());
    let dondo = builder.namespace(root).build()?;
    let server = Server::start(&settings, dondo)?;
    for address in server.bound() {
        eprintln!("listening on http://{address}");
    }
    server.run(Duration::ZERO).await
}
