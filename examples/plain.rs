//! A server without channels and presence that speaks the load kit's dialect `plain` (`benches/load`): rooms, messages
//! and an echo on nothing but the embedding API, so that two versions of it can be compared.

use std::net::SocketAddr;
use std::time::Duration;

use clap::Parser;
use dondo::config::Settings;
use dondo::{Ack, Data, Dondo, Error, Refused, Server, Socket};

/// Rooms, messages and an echo.
#[derive(Parser)]
struct Flags {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:3000")]
    listen: SocketAddr,
    /// HTTP worker threads.
    #[arg(long, default_value_t = 1)]
    workers: usize,
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    env_logger::init();
    let flags = Flags::parse();
    let mut config = Settings::default();
    config.listen = vec![flags.listen];
    config.workers = flags.workers;
    // What it can do is to be measured, not what it allows.
    config.rate_limits = false;
    let dondo = Dondo::builder()
        .settings(config.clone())
        .without_pack("/")
        .build()?;
    dondo.of("/")?.on_connect(greet)?;
    let stop = async { drop(tokio::signal::ctrl_c().await) };
    Server::start(&config, dondo)?
        .serve(stop, Duration::ZERO)
        .await
}

async fn greet(socket: Socket) -> Result<(), Refused> {
    socket.on("join", join);
    socket.on("leave", leave);
    socket.on("publish", publish);
    socket.on("echo", echo);
    Ok(())
}

async fn join(socket: Socket, Data(room): Data<String>, ack: Ack) -> Result<(), Error> {
    socket.join(room).await?;
    ack.ok("ok")
}

async fn leave(socket: Socket, Data(room): Data<String>, ack: Ack) -> Result<(), Error> {
    socket.leave(room).await;
    ack.ok("ok")
}

async fn publish(
    socket: Socket,
    Data(room): Data<String>,
    Data(payload): Data<String>,
    ack: Ack,
) -> Result<(), Error> {
    socket.within(&room).emit("message", &payload).await?;
    ack.ok("ok")
}

async fn echo(Data(payload): Data<String>, ack: Ack) -> Result<(), Error> {
    ack.ok(&payload)
}
