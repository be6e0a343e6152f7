//! A game for two, played inside of rooms: who wants to play waits in a queue, two who wait are given a table, and there they add
//! 1 to 3 in turn. Who reaches 21 wins; who thinks for longer than ten seconds loses.
//!
//! `cargo run --example game`, then two stock clients in `/game` emit `joinQueue`. At a table a client emits `add` with the room's
//! name and a number, and its ack is the sum. The server tells `waiting` (how many), `gameFound` (the room, both players), `sum` (and
//! who), `won`, `lost`, `gave up` and `alone`.

use std::{collections::VecDeque, net::SocketAddr, time::Duration};

use actix_web::{App, HttpServer};
use clap::Parser;
use dondo::{
    Data, Dondo, Error, LeaveReason, Namespace, Result, RoomContext, RoomJoin, RoomMember,
    RoomName, RoomScript, Socket, SocketId, TimerId, listen,
};
use serde::{Deserialize, Serialize};

/// A game for two.
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
    let namespace = Namespace::new("/game")
        .room_script("queue", Queue)
        .room_script("game:{number}", Game)
        .on("joinQueue", async |socket: Socket| {
            socket.join("queue").await?;
            Ok("waiting")
        })
        .on("leaveQueue", async |socket: Socket| {
            socket.leave("queue").await;
            Ok("left")
        })
        .on("add", add);
    let dondo = Dondo::builder().namespace(namespace).build()?;
    let listener = listen(flags.listen)?;
    eprintln!("listening on http://{}", listener.local_addr()?);
    let mount = dondo.clone();
    let server = HttpServer::new(move || App::new().configure(mount.configure()));
    dondo
        .serve(dondo.tune(server).listen(listener)?.run())
        .await
}

async fn add(socket: Socket, Data((room, number)): Data<(RoomName, u32)>) -> Result<u32> {
    let table = socket.namespace().room(room).script::<Game>()?;
    table.ask(Move::Add(socket.id().clone(), number)).await
}

/// Where those wait who want to play: two at once are sent to a table of their own.
struct Queue;

#[derive(Clone, Default, Serialize, Deserialize)]
struct Waiting {
    players: VecDeque<SocketId>,
    games: u64,
}

impl RoomScript for Queue {
    type State = Waiting;
    type Message = ();
    type Reply = ();

    /// Else the tables would be counted anew.
    fn keep_empty(&self) -> bool {
        true
    }

    fn joined(
        &self,
        waiting: &mut Waiting,
        room: &RoomContext<'_, Self>,
        who: &RoomMember,
    ) -> Result {
        waiting.players.push_back(who.id().clone());
        room.emit("waiting", waiting.players.len())?;
        if waiting.players.len() == 2 {
            waiting.games += 1;
            for player in waiting.players.drain(..) {
                room.transfer(&player, format!("game:{}", waiting.games));
            }
        }
        Ok(())
    }

    /// Who has left is never matched.
    fn left(
        &self,
        waiting: &mut Waiting,
        _: &RoomContext<'_, Self>,
        who: &RoomMember,
        _: LeaveReason,
    ) -> Result {
        waiting.players.retain(|player| player != who.id());
        Ok(())
    }
}

/// A table.
struct Game;

/// How long a player may think.
const TIME: Duration = Duration::from_secs(10);

#[derive(Clone, Default, Serialize, Deserialize)]
struct Table {
    players: Vec<SocketId>,
    sum: u32,
    turn: usize,
    timer: Option<TimerId>,
}

#[derive(Serialize, Deserialize)]
enum Move {
    Add(SocketId, u32),
    TimeUp,
}

impl Table {
    /// The next one may think.
    fn wait(&mut self, room: &RoomContext<'_, Game>) -> Result {
        if let Some(timer) = self.timer.take() {
            room.cancel(timer);
        }
        self.timer = Some(room.notify_later(Move::TimeUp, TIME)?);
        Ok(())
    }

    fn on_turn(&self) -> Option<&SocketId> {
        self.players
            .get(self.turn)
            .filter(|_| self.players.len() == 2)
    }
}

impl RoomScript for Game {
    type State = Table;
    type Message = Move;
    /// The sum.
    type Reply = u32;

    fn joining(&self, _: &mut Table, _: &RoomContext<'_, Self>, join: &mut RoomJoin) -> Result {
        join.set_capacity(2);
        Ok(())
    }

    fn joined(&self, table: &mut Table, room: &RoomContext<'_, Self>, who: &RoomMember) -> Result {
        table.players.push(who.id().clone());
        if table.players.len() == 2 {
            room.emit("gameFound", (room.name(), &table.players))?;
        }
        table.wait(room)
    }

    fn left(
        &self,
        _: &mut Table,
        room: &RoomContext<'_, Self>,
        who: &RoomMember,
        _: LeaveReason,
    ) -> Result {
        room.emit("gave up", who.id())?;
        room.close();
        Ok(())
    }

    fn message(
        &self,
        table: &mut Table,
        room: &RoomContext<'_, Self>,
        message: Move,
    ) -> Result<u32> {
        match message {
            Move::TimeUp => {
                match table.on_turn() {
                    Some(slow) => room.emit("lost", slow)?,
                    None => room.emit("alone", ())?,
                }
                room.close();
            }
            Move::Add(player, _) if table.on_turn() != Some(&player) => {
                return Err(Error::new("not_your_turn", "wait for the other one"));
            }
            Move::Add(player, number) => {
                table.sum += number.clamp(1, 3);
                table.turn = 1 - table.turn;
                room.emit("sum", (table.sum, &player))?;
                if table.sum >= 21 {
                    room.emit("won", &player)?;
                    room.close();
                } else {
                    table.wait(room)?;
                }
            }
        }
        Ok(table.sum)
    }
}
