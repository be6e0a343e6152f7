//! The server of a lecture on Socket.IO: three namespaces with the same few handlers, and at `/` a page to chat on.
//!
//! `cargo run --example lecture`, then open the address that it prints in two windows.

use std::net::SocketAddr;

use actix_web::{
    App, HttpServer,
    web::{self, Html},
};
use clap::Parser;
use dondo::{
    Arguments, Data, Dondo, Extension, Namespace, OrFail, Result, RoomName, Socket, SocketId,
    Value, listen,
};

/// A chat for a lecture.
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
    let dondo = Dondo::builder()
        .namespace(lecture("/lecture"))
        .namespace(lecture("/chat"))
        .namespace(lecture("/news"))
        .build()?;
    let hub = dondo.clone();
    let app = move || {
        App::new()
            .route("/", web::get().to(page))
            .configure(hub.configure())
    };
    let listener = listen(flags.listen)?;
    eprintln!("listening on http://{}", listener.local_addr()?);
    let server = dondo.tune(HttpServer::new(app)).listen(listener)?;
    dondo.serve(server.run()).await
}

/// What the server does in a namespace. A room of one namespace is none of another's.
fn lecture(name: &str) -> Namespace {
    Namespace::new(name)
        .on_connect(async |socket: Socket| {
            socket.broadcast().emit("user connected", ())?;
            Ok(())
        })
        .on("message", async |socket: Socket, anything: Arguments| {
            socket.emit("message", anything)?;
            Ok(())
        })
        .on("create or join", create_or_join)
        .on("chat", chat)
        .on("joining", joining)
        .on("sendchat", sendchat)
        .on("say to someone", say_to_someone)
        .on("ferret", async || Ok("woot"))
}

async fn create_or_join(socket: Socket, Data((room, user)): Data<(RoomName, Value)>) -> Result {
    socket.join(&room).await?;
    socket.within(&room).emit("joined", (&room, user))?;
    Ok(())
}

async fn chat(socket: Socket, Data((room, user, text)): Data<(RoomName, Value, Value)>) -> Result {
    let everybody = socket.within(&room);
    // The lecture's server says the one, its page listens for the other.
    everybody.clone().emit("chat", (&room, &user, &text))?;
    everybody.emit("chat message", (user, text))?;
    Ok(())
}

/// Who a client is, and where: kept with it from `joining` on.
#[derive(Clone)]
struct Member {
    user: String,
    room: RoomName,
}

async fn joining(socket: Socket, Data((user, room)): Data<(String, RoomName)>) -> Result {
    socket.join(&room).await?;
    let welcome = format!("{user} has joined this room");
    socket.to(&room).emit("updatechat", (welcome, ""))?;
    socket.insert(Member { user, room });
    Ok(())
}

async fn sendchat(
    socket: Socket,
    member: Option<Extension<Member>>,
    Data(text): Data<Value>,
) -> Result {
    let Extension(Member { user, room }) = member.or_fail("missing_room", "join a room first")?;
    socket.within(room).emit("updatechat", (user, text))?;
    Ok(())
}

async fn say_to_someone(socket: Socket, Data((id, message)): Data<(SocketId, Value)>) -> Result {
    socket.to(id).emit("my message", message)?;
    Ok(())
}

async fn page() -> Html {
    Html::new(include_str!("lecture.html"))
}
