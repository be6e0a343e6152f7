//! A hub inside somebody's own actix-web `App`, beside their own routes and with a handler of their own.

use actix_web::{App, HttpServer, web};
use dondo::{Data, Dondo, Namespace, Result, Socket, listen};
use env_logger::Env;

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
    // It hears SIGTERM and SIGINT: clients are told before the server stops, so that they come back at once.
    let server = dondo.tune(HttpServer::new(app));
    dondo
        .serve(server.listen(listen("127.0.0.1:8080")?)?.run())
        .await
}

async fn shout(socket: Socket, Data(text): Data<String>) -> Result {
    socket.broadcast().emit("shouted", text.to_uppercase())?;
    Ok(())
}
