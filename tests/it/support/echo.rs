//! An Engine.IO endpoint without Socket.IO: it says back what it hears. Some words make it do something else:
//! `query` answers the handshake's query, `quiet …` nothing, `close` ends the session as the server's wish, `count` counts, and
//! `counted` answers how often.

use std::sync::atomic::{AtomicUsize, Ordering};

use dondo::{Builder, EngineMessage, EngineSocket, Result, State};

/// Where it stands.
pub const ECHO: &str = "/engine.io/";

#[derive(Default)]
struct Count(AtomicUsize);

/// Mounts it beside Socket.IO.
pub fn echo(builder: Builder) -> Builder {
    let endpoint = async |socket: EngineSocket, count: State<Count>| {
        let echo = socket.clone();
        socket.on_message(async move |message: EngineMessage| answer(&echo, &count, message));
    };
    builder.state(Count::default()).engine(ECHO, endpoint)
}

fn answer(socket: &EngineSocket, Count(count): &Count, message: EngineMessage) -> Result {
    let word = match &message {
        EngineMessage::Text(text) => text.as_str(),
        EngineMessage::Binary(_) => "",
    };
    match word {
        "close" => socket.close(),
        "query" => {
            let handshake = socket.handshake();
            let query: Vec<_> = handshake.query().collect();
            socket.send(serde_json::to_string(&query)?)?;
        }
        "count" => {
            count.fetch_add(1, Ordering::Relaxed);
        }
        "counted" => socket.send(count.load(Ordering::Relaxed).to_string())?,
        quiet if quiet.starts_with("quiet") => {}
        _ => socket.send(message)?,
    }
    Ok(())
}
