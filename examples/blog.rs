//! The server of a blog's introduction to Socket.IO, with what its readers asked for below it: rooms, private messages,
//! nicknames, accounts with tokens, followers and a waiting queue in `/blog`, beside hubs in `/` and `/other`.
//!
//! `BLOG_TOKEN_SECRET=… cargo run --example blog`: tokens are JWTs, signed with that by HS256. Over 400 lines: twenty events, one
//! after the other.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    mem,
    net::SocketAddr,
    time::Duration,
};

use clap::Parser;
use dashmap::DashMap;
use dondo::{
    Auth, Connecting, Data, Dondo, Error, Extension, Namespace, NamespaceHandle, OrFail, Rest,
    Result, RoomName, Server, Socket, SocketId, State, Value, config::Settings,
};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// A blog's chat.
#[derive(Parser)]
struct Flags {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:3000")]
    listen: SocketAddr,
}

#[actix_web::main]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    env_logger::init();
    let flags = Flags::parse();
    let mut settings = Settings::default();
    settings.listen = vec![flags.listen];
    let secret = std::env::var("BLOG_TOKEN_SECRET").unwrap_or_default();
    if secret.is_empty() {
        return Err("BLOG_TOKEN_SECRET is not set".into());
    }
    let dondo = Dondo::builder()
        .settings(settings.clone())
        .state(Blog::new(&secret))
        .namespace(Namespace::hub("/"))
        .namespace(Namespace::hub("/other"))
        .namespace(blog())
        .build()?;
    actix_web::rt::spawn(tick(dondo.of("/blog")?));
    let server = Server::start(&settings, dondo)?;
    for address in server.bound() {
        eprintln!("listening on http://{address}");
    }
    server.run(Duration::ZERO).await?;
    Ok(())
}

/// What the server does in `/blog`.
fn blog() -> Namespace {
    Namespace::new("/blog")
        .middleware(log_in)
        .on_connect(greet)
        .on_disconnect(forget)
        .on("message", async || Ok(()))
        .on("tellEveryone", tell_everyone)
        .on("tellNamespace", tell_namespace)
        .on("connectedIds", connected_ids)
        .on("tellRoom", tell_room)
        .on("tellRooms", tell_rooms)
        .on("broadcastMsg", broadcast_msg)
        .on("sendToUser", send_to_user)
        .on("sendMsg", send_msg)
        .on("sendMsgTo", send_msg_to)
        .on("enterRoom", enter_room)
        .on("leaveRoom", leave_room)
        .on("history", history)
        .on("setNickname", set_nickname)
        .on("auth", auth)
        .on("sendToAccount", send_to_account)
        .on("follow", follow)
        .on("post", post)
        .on("joinQueue", join_queue)
        .on("leaveQueue", leave_queue)
}

/// What the server knows beside the hub. It is kept in memory, and ends with the process; nothing bounds how many accounts
/// are written to.
struct Blog {
    tokens: DecodingKey,
    nicknames: DashMap<SocketId, String>,
    accounts: DashMap<String, Account>,
    /// What was said to rooms: the last of each.
    said: DashMap<RoomName, VecDeque<Value>>,
    /// Who waits for a game, by how many it takes.
    waiting: DashMap<usize, Vec<SocketId>>,
}

#[derive(Default)]
struct Account {
    sockets: BTreeSet<SocketId>,
    /// What was sent to it while it had no socket: the last few.
    offline: VecDeque<PrivateMessage>,
}

/// So much is kept of what was said to a room, of so many rooms.
const SAID_MAX: usize = 100;
const ROOMS_MAX: usize = 1000;

/// So many messages wait for an account.
const OFFLINE_MAX: usize = 100;

#[derive(Serialize)]
struct PrivateMessage {
    msg: Value,
    from: String,
}

/// Kept with a client that has shown a token.
#[derive(Clone)]
struct LoggedIn(String);

impl Blog {
    fn new(secret: &str) -> Self {
        Self {
            tokens: DecodingKey::from_secret(secret.as_bytes()),
            nicknames: DashMap::new(),
            accounts: DashMap::new(),
            said: DashMap::new(),
            waiting: DashMap::new(),
        }
    }

    /// The account that a token is for.
    fn verify(&self, token: &str) -> Result<String> {
        #[derive(Deserialize)]
        struct Claims {
            sub: String,
        }
        let token = decode::<Claims>(token, &self.tokens, &Validation::new(Algorithm::HS256));
        let token = token.or_fail("unauthorized", "this token is not, or no more, one of ours")?;
        Ok(token.claims.sub)
    }

    /// A client is an account's from now on.
    fn arrive(&self, socket: &Socket, name: &str) -> Result {
        if let Some(before) = socket.insert(LoggedIn(name.to_owned())) {
            self.depart(socket, &before.0);
        }
        let mut account = self.accounts.entry(name.to_owned()).or_default();
        account.sockets.insert(socket.id().clone());
        let missed = mem::take(&mut account.offline);
        if !missed.is_empty() {
            socket.emit("offlineMessages", missed)?;
        }
        Ok(())
    }

    /// What was said to a room is there for those who come later.
    fn keep(&self, room: &RoomName, msg: &Value) {
        if self.said.len() >= ROOMS_MAX && !self.said.contains_key(room) {
            return;
        }
        let mut said = self.said.entry(room.clone()).or_default();
        said.push_back(msg.clone());
        if said.len() > SAID_MAX {
            said.pop_front();
        }
    }

    fn depart(&self, socket: &Socket, name: &str) {
        if let Some(mut account) = self.accounts.get_mut(name) {
            account.sockets.remove(socket.id());
        }
    }
}

// Coming and going.

#[derive(Deserialize)]
struct Credentials {
    token: Option<String>,
}

/// Who shows a token must have a good one; who shows none comes in as a guest.
async fn log_in(
    client: Connecting,
    Auth(credentials): Auth<Option<Credentials>>,
    blog: State<Blog>,
) -> Result {
    if let Some(token) = credentials.and_then(|credentials| credentials.token) {
        client.insert(LoggedIn(blog.verify(&token)?));
    }
    Ok(())
}

async fn greet(socket: Socket, blog: State<Blog>, account: Option<Extension<LoggedIn>>) -> Result {
    socket.emit("greetings", ("Hello from the server!", socket.id()))?;
    let nicknames = blog.nicknames.iter();
    let nicknames: BTreeMap<_, _> = nicknames
        .map(|nickname| (nickname.key().clone(), nickname.value().clone()))
        .collect();
    socket.emit("nicknames", nicknames)?;
    if let Some(Extension(LoggedIn(name))) = account {
        blog.arrive(&socket, &name)?;
    }
    Ok(())
}

async fn forget(socket: Socket, blog: State<Blog>, account: Option<Extension<LoggedIn>>) {
    blog.nicknames.remove(socket.id());
    if let Some(Extension(LoggedIn(name))) = account {
        blog.depart(&socket, &name);
    }
    for mut waiting in blog.waiting.iter_mut() {
        waiting.retain(|id| id != socket.id());
    }
}

async fn set_nickname(socket: Socket, blog: State<Blog>, Data(nickname): Data<String>) -> Result {
    blog.nicknames.insert(socket.id().clone(), nickname.clone());
    socket
        .broadcast()
        .emit("nickname", (socket.id(), nickname))?;
    Ok(())
}

// Everybody, rooms, single clients.

async fn tell_everyone(
    socket: Socket,
    namespace: NamespaceHandle,
    Data(msg): Data<Value>,
) -> Result {
    namespace.emit("heyEveryone", (msg, socket.id()))?.await?;
    Ok(())
}

async fn tell_namespace(socket: Socket, Data((msg, name)): Data<(Value, String)>) -> Result {
    let there = socket.namespace().of(&name)?;
    there.emit("heyEveryone", (msg, socket.id()))?.await?;
    Ok(())
}

async fn connected_ids(
    namespace: NamespaceHandle,
    Data(room): Data<Option<RoomName>>,
) -> Result<Vec<SocketId>> {
    let all = match room {
        Some(room) => namespace.to(room).fetch_sockets(),
        None => namespace.fetch_sockets(),
    };
    let (mut ids, mut page) = (Vec::new(), all.clone().await?);
    loop {
        ids.extend(page.sockets.iter().map(|socket| socket.id().clone()));
        let Some(next) = page.next else {
            return Ok(ids);
        };
        page = all.clone().after(next).await?;
    }
}

async fn tell_room(
    socket: Socket,
    blog: State<Blog>,
    Data((msg, room)): Data<(Value, RoomName)>,
) -> Result {
    blog.keep(&room, &msg);
    socket.to(room).emit("heyThere", (msg, socket.id()))?;
    Ok(())
}

async fn tell_rooms(
    socket: Socket,
    blog: State<Blog>,
    Data(msg): Data<Value>,
    Rest(rooms): Rest<RoomName>,
) -> Result {
    rooms.first().or_fail("missing_room", "which rooms?")?;
    for room in &rooms {
        blog.keep(room, &msg);
    }
    socket.to(rooms).emit("heyThere", (msg, socket.id()))?;
    Ok(())
}

/// The last `n` that were said to a room, oldest first.
async fn history(
    blog: State<Blog>,
    Data((room, n)): Data<(RoomName, usize)>,
) -> Result<Vec<Value>> {
    let said = blog.said.get(&room);
    let said = said.as_ref().map(|said| said.iter().rev().take(n).rev());
    Ok(said.into_iter().flatten().cloned().collect())
}

async fn broadcast_msg(
    socket: Socket,
    blog: State<Blog>,
    Data((msg, room)): Data<(Value, Option<RoomName>)>,
) -> Result {
    let others = match room {
        Some(room) => {
            blog.keep(&room, &msg);
            socket.to(room)
        }
        None => socket.broadcast(),
    };
    others.emit("broadcastFrom", (msg, socket.id()))?;
    Ok(())
}

async fn send_to_user(socket: Socket, Data((msg, id)): Data<(Value, SocketId)>) -> Result {
    let sent = socket.to(id).emit("messageFromUser", (msg, socket.id()))?;
    match sent.await?.recipients {
        0 => Err(Error::new("unknown_client", "nobody has this id")),
        _ => Ok(()),
    }
}

async fn send_msg(
    socket: Socket,
    blog: State<Blog>,
    Data((msg, user, room)): Data<(Value, Option<SocketId>, Option<RoomName>)>,
) -> Result {
    match (user, room) {
        (Some(user), _) => socket.to(user).emit("receiveMsg", (msg, socket.id()))?,
        (None, Some(room)) => {
            blog.keep(&room, &msg);
            let message = (msg, socket.id(), &room);
            socket.to(&room).emit("receiveMsgFromRoom", message)?
        }
        (None, None) => return Err(Error::new("missing_room", "to whom?")),
    };
    Ok(())
}

#[derive(Deserialize)]
struct Addressed {
    msg: Value,
    to: SocketId,
}

async fn send_msg_to(socket: Socket, Data(Addressed { msg, to }): Data<Addressed>) -> Result {
    let from = socket.id().to_string();
    socket
        .to(to)
        .emit("privateMsg", PrivateMessage { msg, from })?;
    Ok(())
}

#[derive(Deserialize)]
struct RoomFor {
    capacity: Option<usize>,
}

async fn enter_room(
    socket: Socket,
    Data((room, asked)): Data<(RoomName, Option<RoomFor>)>,
) -> Result {
    match asked.and_then(|asked| asked.capacity) {
        Some(capacity) => socket.join_up_to(capacity, room).await?,
        None => socket.join(room).await?,
    }
    Ok(())
}

async fn leave_room(socket: Socket, Data(room): Data<RoomName>) {
    socket.leave(room).await;
}

// Accounts: one may have several sockets.

async fn auth(
    socket: Socket,
    blog: State<Blog>,
    Data(token): Data<String>,
) -> Result<serde_json::Value> {
    let account = blog.verify(&token)?;
    blog.arrive(&socket, &account)?;
    Ok(json!({ "ok": true, "account": account }))
}

async fn send_to_account(
    socket: Socket,
    blog: State<Blog>,
    account: Option<Extension<LoggedIn>>,
    Data((msg, to)): Data<(Value, String)>,
) -> Result {
    let from = match account {
        Some(Extension(LoggedIn(name))) => name,
        None => socket.id().to_string(),
    };
    let message = PrivateMessage { msg, from };
    let mut account = blog.accounts.entry(to).or_default();
    if account.sockets.is_empty() {
        account.offline.push_back(message);
        if account.offline.len() > OFFLINE_MAX {
            account.offline.pop_front();
        }
    } else {
        let sockets: Vec<_> = account.sockets.iter().cloned().collect();
        socket.to(sockets).emit("privateMsg", message)?;
    }
    Ok(())
}

/// Followers are a room: its members are gone with their connections.
fn followers(account: &str) -> String {
    format!("followers of {account}")
}

async fn follow(socket: Socket, Data(account): Data<String>) -> Result {
    Ok(socket.join(followers(&account)).await?)
}

async fn post(
    socket: Socket,
    account: Option<Extension<LoggedIn>>,
    Data(msg): Data<Value>,
) -> Result {
    let Extension(LoggedIn(account)) = account.or_fail("unauthorized", "log in first")?;
    socket
        .to(followers(&account))
        .emit("post", (msg, account))?;
    Ok(())
}

// A game of two.

const PLAYERS: usize = 2;

async fn join_queue(socket: Socket, blog: State<Blog>) -> Result {
    let mut waiting = blog.waiting.entry(PLAYERS).or_default();
    if !waiting.contains(socket.id()) {
        waiting.push(socket.id().clone());
    }
    if waiting.len() < PLAYERS {
        socket.emit("waiting", waiting.len())?;
        return Ok(());
    }
    // One who goes at this very moment is matched all the same: nothing tells that it did not hear of it.
    let players = mem::take(&mut *waiting);
    let room = format!("game of {}", players[0]);
    socket.to(&players).emit("gameFound", (room, &players))?;
    Ok(())
}

async fn leave_queue(socket: Socket, blog: State<Blog>) -> Result {
    let mut waiting = blog.waiting.entry(PLAYERS).or_default();
    waiting.retain(|id| id != socket.id());
    socket.emit("waiting", waiting.len())?;
    Ok(())
}

// What the server says by itself.

async fn tick(blog: NamespaceHandle) -> Result {
    let mut seconds = tokio::time::interval(Duration::from_secs(1));
    for number in 0_u64.. {
        seconds.tick().await;
        // One that fails is not the last.
        let _ = blog.emit("tick", number)?.await;
    }
    Ok(())
}
