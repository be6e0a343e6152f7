//! A hub in an application that was there before: its login is who the clients are, and a page of its own speaks to them.

use actix_session::{Session, SessionMiddleware, storage::CookieSessionStore};
use actix_web::{App, HttpServer, cookie::Key, web};
use dondo::{Data, Dondo, Identity, Namespace, NamespaceHandle, Result, Socket, listen};

async fn login(session: Session, name: String) -> actix_web::Result<&'static str> {
    session.insert("name", name)?;
    Ok("welcome")
}

async fn announce(
    hub: web::Data<NamespaceHandle>,
    text: String,
) -> actix_web::Result<&'static str> {
    hub.emit("announced", text)?;
    Ok("announced")
}

async fn shout(
    Identity(name): Identity<String>,
    socket: Socket,
    Data(text): Data<String>,
) -> Result {
    socket.broadcast().emit("shouted", (&*name, text))?;
    Ok(())
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    // Where it listens, and whom it refuses and why.
    env_logger::init_from_env(env_logger::Env::default().default_filter_or("info"));
    // Channels, rooms and presence work as in the program; `shout` is ours.
    let dondo = Dondo::builder()
        .identify(async |session: Session| Ok(session.get::<String>("name")?))
        .namespace(Namespace::hub("/").on("shout", shout))
        .build()?;
    let (mount, hub) = (dondo.clone(), web::Data::new(dondo.of("/")?));
    let key = Key::generate();
    let server = HttpServer::new(move || {
        let sessions = SessionMiddleware::builder(CookieSessionStore::default(), key.clone());
        App::new()
            .route("/login", web::post().to(login))
            .app_data(hub.clone())
            .route("/announce", web::post().to(announce))
            .configure(mount.configure())
            // Behind TLS the cookie may stay secure.
            .wrap(sessions.cookie_secure(false).build())
    });
    let server = dondo.tune(server).listen(listen("127.0.0.1:8080")?)?;
    dondo.serve(server.run()).await
}
