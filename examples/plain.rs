//! A server without channels and presence that speaks the load kit's dialect `plain` (`benches/load`): rooms, messages
//! and an echo on nothing but the embedding API, so that two versions of it can be compared.

use std::net::SocketAddr;
use std::time::Duration;

use clap::Parser;
use dondo::config::Settings;
use dondo::{Data, Dondo, Namespace, Result, Server, Socket};

/// The program's own.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Rooms, messages and an echo.
#[derive(Parser)]
struct Flags {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:3000")]
    listen: SocketAddr,
    /// HTTP worker threads.
    #[arg(long, default_value_t = 1)]
    workers: usize,
    /// Threads for rooms; with 0 they run on a worker, as those of other libraries do.
    #[arg(long, default_value_t = 0)]
    room_threads: usize,
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    env_logger::init();
    let flags = Flags::parse();
    let mut config = Settings::default();
    config.listen = vec![flags.listen];
    config.workers = flags.workers;
    config.room_threads = flags.room_threads;
    // What it can do is to be measured, not what it allows.
    config.insecure.no_rate_limits = true;
    let plain = Namespace::new("/")
        .on("join", join)
        .on("leave", leave)
        .on("publish", publish)
        .on("echo", echo);
    let builder = Dondo::builder().settings(config.clone());
    let dondo = builder.namespace(plain).build()?;
    Server::start(&config, dondo)?.run(Duration::ZERO).await
}

async fn join(socket: Socket, Data(room): Data<String>) -> Result<&'static str> {
    socket.join(room).await?;
    Ok("ok")
}

async fn leave(socket: Socket, Data(room): Data<String>) -> Result<&'static str> {
    socket.leave(room).await;
    Ok("ok")
}

async fn publish(
    socket: Socket,
    Data((room, payload)): Data<(String, String)>,
) -> Result<&'static str> {
    socket.within(room).emit("message", payload)?.await?;
    Ok("ok")
}

async fn echo(Data(payload): Data<String>) -> Result<String> {
    Ok(payload)
}
