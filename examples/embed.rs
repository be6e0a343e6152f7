//! A hub inside somebody's own actix-web `App`, beside their own routes and with a handler of their own.

use actix_web::{App, HttpServer, web};
use dondo::io::{Data, Refused, Socket};
use dondo::server::listen;
use dondo::service::{Dondo, on_connect};

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let dondo = Dondo::builder().build()?;
    let of = dondo.io().of("/").map_err(std::io::Error::other)?;
    of.on_connect(greet).map_err(std::io::Error::other)?;

    let app = move || {
        App::new()
            .route("/hello", web::get().to(|| async { "my own route" }))
            .configure(dondo.configure())
    };
    HttpServer::new(app)
        // With these two a client that stopped reading costs no more than its outbox.
        .on_connect(on_connect)
        .listen(listen(([127, 0, 0, 1], 8080).into())?)?
        .run()
        .await
}

/// Channels, rooms and presence work as in the program; `shout` is ours.
async fn greet(socket: Socket) -> Result<(), Refused> {
    socket.on(
        "shout",
        |socket: Socket, Data(text): Data<String>| async move {
            socket
                .broadcast()
                .emit("shouted", &text.to_uppercase())
                .await
        },
    );
    Ok(())
}
