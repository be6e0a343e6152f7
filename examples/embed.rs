//! A hub inside somebody's own actix-web `App`, beside their own routes and with a handler of their own.

use std::time::Duration;

use actix_web::{App, HttpServer, rt, web};
use dondo::{Data, Dondo, Namespace, Result, Socket, listen, on_connect};
use env_logger::Env;
use rt::signal::unix::{SignalKind, signal};

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    // Where it listens, and whom it refuses and why.
    env_logger::init_from_env(Env::default().default_filter_or("info"));
    // Channels, rooms and presence work as in the program; `shout` is ours.
    let root = Namespace::hub("/").on("shout", shout);
    let dondo = Dondo::builder().namespace(root).build()?;

    let hub = dondo.clone();
    let app = move || {
        App::new()
            .route("/hello", web::get().to(|| async { "my own route" }))
            .configure(hub.configure_health())
            .configure(hub.configure())
    };
    let stop = async move {
        stopped().await;
        // Clients are told before the server stops, so that they come back at once.
        dondo.shut_down(Duration::from_secs(5)).await;
    };
    HttpServer::new(app)
        // With these three the hub sees soon that a client is gone or reads no more.
        .on_connect(on_connect)
        .h1_allow_half_closed(false)
        .shutdown_signal(stop)
        .listen(listen(([127, 0, 0, 1], 8080).into())?)?
        .run()
        .await
}

/// Until a person at the terminal or a service manager wants it to end.
async fn stopped() {
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! { _ = terminate.recv() => {}, _ = rt::signal::ctrl_c() => {} }
        }
        Err(_) => drop(rt::signal::ctrl_c().await),
    }
}

async fn shout(socket: Socket, Data(text): Data<String>) -> Result {
    socket.broadcast().emit("shouted", text.to_uppercase())?;
    Ok(())
}
