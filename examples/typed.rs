//! A poll with typed events: what clients send and hear are two enums. Handlers, emits and the clients' own declarations, which `--ts`
//! and `--cs` print, follow from them.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use clap::Parser;
use dondo::config::Settings;
use dondo::{
    Declarations, Dondo, Error, Event, EventAnswer, Events, Namespace, Result, Server, Socket,
    State,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Gives one's vote, in place of the one before.
#[derive(Deserialize, JsonSchema, Event)]
#[event("vote", ack = Tally)]
struct Vote {
    choice: Choice,
}

/// How it stands.
#[derive(Deserialize, JsonSchema, Event)]
#[event("results", ack = Tally)]
struct Results;

/// Ends the poll: `socket.emit("close", "the reason")`.
#[derive(Deserialize, JsonSchema, Event)]
#[event("close")]
struct Close(String);

#[derive(Events)]
enum FromClient {
    Vote(Vote),
    Results(Results),
    Close(Close),
}

/// The votes for each choice.
#[derive(Serialize, JsonSchema, Event)]
#[event("tally")]
struct Tally {
    tea: u32,
    coffee: u32,
}

/// Who closed the poll, and why.
#[derive(Serialize, JsonSchema, Event)]
#[event("closed")]
#[serde(rename_all = "camelCase")]
struct Closed {
    closed_by: String,
    reason: String,
}

#[derive(Events)]
enum ToClient {
    Tally(Tally),
    Closed(Closed),
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Choice {
    Tea,
    Coffee,
}

#[derive(Default)]
struct Poll {
    tea: AtomicU32,
    coffee: AtomicU32,
    is_closed: AtomicBool,
}

impl Poll {
    fn votes(&self, choice: Choice) -> &AtomicU32 {
        match choice {
            Choice::Tea => &self.tea,
            Choice::Coffee => &self.coffee,
        }
    }

    fn tally(&self) -> Tally {
        Tally {
            tea: self.tea.load(Relaxed),
            coffee: self.coffee.load(Relaxed),
        }
    }
}

async fn hear(event: FromClient, socket: Socket, State(poll): State<Poll>) -> Result<EventAnswer> {
    if poll.is_closed.load(Relaxed) {
        return Err(Error::new("closed", "the poll is closed"));
    }
    match event {
        FromClient::Vote(Vote { choice }) => {
            if let Some(before) = socket.insert(choice) {
                poll.votes(*before).fetch_sub(1, Relaxed);
            }
            poll.votes(choice).fetch_add(1, Relaxed);
            socket.broadcast().emit_event(poll.tally())?;
            Ok(Vote::answer(poll.tally()))
        }
        FromClient::Results(Results) => Ok(Results::answer(poll.tally())),
        FromClient::Close(Close(reason)) => {
            poll.is_closed.store(true, Relaxed);
            let closed_by = socket.id().to_string();
            let closed = ToClient::Closed(Closed { closed_by, reason });
            socket.namespace().emit_event(closed)?;
            Ok(Close::answer(()))
        }
    }
}

/// A poll.
#[derive(Parser)]
struct Flags {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:3000")]
    listen: SocketAddr,
    /// Prints the events in TypeScript.
    #[arg(long)]
    ts: bool,
    /// Prints the events in C#.
    #[arg(long)]
    cs: bool,
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    env_logger::init();
    let flags = Flags::parse();
    let declarations = Declarations::new::<FromClient, ToClient>();
    match flags {
        Flags { ts: true, .. } => print!("{}", declarations.typescript()),
        Flags { cs: true, .. } => print!("{}", declarations.csharp()),
        Flags { listen, .. } => return serve(listen).await,
    }
    Ok(())
}

async fn serve(listen: SocketAddr) -> std::io::Result<()> {
    let mut settings = Settings::default();
    settings.listen = vec![listen];
    let poll = Namespace::new("/poll").on_events(hear);
    let builder = Dondo::builder().settings(settings.clone());
    let dondo = builder.state(Poll::default()).namespace(poll).build()?;
    let server = Server::start(&settings, dondo)?;
    for address in server.bound() {
        eprintln!("listening on http://{address}");
    }
    server.run(Duration::ZERO).await
}
