//! A larger application around a hub: a page, a login, state, and actors of its own. Its lobby is one actor, which hears the
//! hub's clients and plain WebSockets of actix-web-actors alike, so both hear everything in one order.
//!
//! `cargo run --example embed`, then open the address that it prints in two windows.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use actix::prelude::*;
use actix_session::{Session, SessionMiddleware, storage::CookieSessionStore};
use actix_web::web::{self, Data, Html};
use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer, cookie::Key, error::ErrorUnauthorized,
};
use actix_web_actors::ws;
use clap::Parser;
use dondo::{
    Dondo, Namespace, NamespaceHandle, OrFail, Received, Result, Socket, State, account, actor,
    listen,
};
use serde::Serialize;

/// An application with a hub in it.
#[derive(Parser)]
struct Flags {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:3000")]
    listen: SocketAddr,
}

#[derive(Clone, Message, Serialize)]
#[rtype(result = "Result")]
struct Said {
    who: String,
    text: String,
}

/// A plain WebSocket comes in.
#[derive(Message)]
#[rtype(result = "()")]
struct Enter(Recipient<Said>);

#[derive(Default)]
struct Lobby {
    /// There once the hub is built.
    hub: Arc<OnceLock<NamespaceHandle>>,
    plain: Vec<Recipient<Said>>,
}

impl Actor for Lobby {
    type Context = Context<Self>;
}

/// An event of a client of the hub.
impl Handler<Received<String>> for Lobby {
    type Result = Result;

    fn handle(&mut self, event: Received<String>, ctx: &mut Context<Self>) -> Result {
        let who = event.socket.account().or_fail("unauthorized", "log in")?;
        let (who, text) = (who.to_string(), event.data);
        Handler::<Said>::handle(self, Said { who, text }, ctx)
    }
}

impl Handler<Said> for Lobby {
    type Result = Result;

    fn handle(&mut self, said: Said, _: &mut Context<Self>) -> Result {
        // Who is gone, or reads too slowly, is left out.
        self.plain.retain(|one| one.try_send(said.clone()).is_ok());
        let hub = self.hub.get().or_fail("early", "not yet")?;
        hub.to("lobby").emit("said", said)?;
        Ok(())
    }
}

impl Handler<Enter> for Lobby {
    type Result = ();

    fn handle(&mut self, Enter(one): Enter, _: &mut Context<Self>) {
        self.plain.push(one);
    }
}

/// A plain WebSocket in the lobby.
struct Plain {
    user: String,
    lobby: Addr<Lobby>,
}

impl Actor for Plain {
    type Context = ws::WebsocketContext<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.lobby.do_send(Enter(ctx.address().recipient()));
    }
}

impl Handler<Said> for Plain {
    type Result = Result;

    fn handle(&mut self, Said { who, text }: Said, ctx: &mut Self::Context) -> Result {
        ctx.text(format!("{who}: {text}"));
        Ok(())
    }
}

type Frame = std::result::Result<ws::Message, ws::ProtocolError>;

impl StreamHandler<Frame> for Plain {
    fn handle(&mut self, frame: Frame, ctx: &mut Self::Context) {
        match frame {
            Ok(ws::Message::Text(text)) => {
                let (who, text) = (self.user.clone(), text.to_string());
                // The next frame waits until the lobby has this one.
                let heard = self.lobby.send(Said { who, text });
                ctx.wait(heard.into_actor(self).map(|_, _, _| ()));
            }
            Ok(ws::Message::Ping(bytes)) => ctx.pong(&bytes),
            Ok(ws::Message::Pong(_) | ws::Message::Nop) => {}
            _ => ctx.stop(),
        }
    }
}

fn user(session: &Session) -> actix_web::Result<String> {
    let user = session.get("user")?;
    user.ok_or_else(|| ErrorUnauthorized("log in first"))
}

async fn page(visits: Data<AtomicU64>) -> Html {
    visits.fetch_add(1, Ordering::Relaxed);
    Html::new(include_str!("embed.html"))
}

/// Whoever says a name has it: a real one looks at a password.
async fn login(session: Session, name: String) -> actix_web::Result<&'static str> {
    session.insert("user", name)?;
    Ok("welcome")
}

async fn plain(
    request: HttpRequest,
    frames: web::Payload,
    session: Session,
    lobby: Data<Addr<Lobby>>,
) -> actix_web::Result<HttpResponse> {
    let (user, lobby) = (user(&session)?, (**lobby).clone());
    ws::start(Plain { user, lobby }, &request, frames)
}

/// Tells all clients of one user, whichever windows they have open.
async fn poke(
    session: Session,
    whom: web::Path<String>,
    hub: Data<NamespaceHandle>,
) -> actix_web::Result<&'static str> {
    hub.to(account(whom.into_inner()))
        .emit("poked", user(&session)?)?;
    Ok("poked")
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    env_logger::init();
    let flags = Flags::parse();
    // State that pages and clients share.
    let visits = Data::new(AtomicU64::new(0));
    let lobby = Lobby::default();
    let (hub, lobby) = (lobby.hub.clone(), lobby.start());
    let root = Namespace::new("/")
        .on_connect(async |socket: Socket| Ok(socket.join("lobby").await?))
        .on("say", actor(lobby.clone().recipient()))
        .on("visits", async |visits: State<AtomicU64>| {
            Ok(visits.load(Ordering::Relaxed))
        });
    let dondo = Dondo::builder()
        .identify(async |session: Session| user(&session).map(Some))
        .shared_state(visits.clone().into_inner())
        .namespace(root)
        .build()?;
    let root = dondo.of("/")?;
    let hub = Data::new(hub.get_or_init(|| root).clone());

    let (mount, key, lobby) = (dondo.clone(), Key::generate(), Data::new(lobby));
    let server = HttpServer::new(move || {
        let sessions = SessionMiddleware::builder(CookieSessionStore::default(), key.clone());
        App::new()
            // Behind TLS its cookie may stay secure.
            .wrap(sessions.cookie_secure(false).build())
            .app_data(visits.clone())
            .app_data(hub.clone())
            .app_data(lobby.clone())
            .route("/", web::get().to(page))
            .route("/login", web::post().to(login))
            .route("/plain", web::get().to(plain))
            .route("/poke/{whom}", web::post().to(poke))
            .configure(mount.configure())
    });
    let listener = listen(flags.listen)?;
    eprintln!("listening on http://{}", listener.local_addr()?);
    // Plain WebSockets are not told to go: they are cut.
    let server = dondo.tune(server).shutdown_timeout(1).listen(listener)?;
    dondo.serve(server.run()).await
}
