//! What the log says of handlers and scripts that fail or block.

use std::{
    cell::{Cell, OnceCell},
    sync::{Once, OnceLock, mpsc},
    time::Duration,
};

use super::world::{World, run, settle};
use crate::io::{
    Data, Error, Namespace, Result, RoomContext, RoomMember, RoomScript, Socket, Watchdog,
};

/// One for each test that reads the log.
static LISTENERS: [OnceLock<mpsc::Sender<String>>; 16] = [const { OnceLock::new() }; 16];

/// What the log says from now on, whoever says it.
pub(crate) fn lines() -> mpsc::Receiver<String> {
    static LOGGER: Once = Once::new();
    LOGGER.call_once(|| {
        log::set_logger(&Lines).unwrap();
        log::set_max_level(log::LevelFilter::Info);
    });
    let (lines, said) = mpsc::channel();
    let mut free = LISTENERS.iter();
    assert!(free.any(|listener| listener.set(lines.clone()).is_ok()));
    said
}

struct Lines;

impl log::Log for Lines {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let line = format!("{} {}", record.level(), record.args());
        for lines in LISTENERS.iter().filter_map(OnceLock::get) {
            let _ = lines.send(line.clone());
        }
    }

    fn flush(&self) {}
}

/// Nobody was told what was wrong when a client sent a handler something else than it takes, and wanted no ack.
#[test]
fn arguments_that_a_handler_does_not_take_are_in_the_log_with_the_events_name() {
    let said = lines();
    run(async {
        let namespace = Namespace::new("/").on("number please", async |Data(_): Data<u8>| {});
        let world = World::of([namespace]);
        let client = world.client().await;
        // Once a second: the lines of other tests may come first.
        let line = loop {
            client.emit("number please", r#""x""#);
            settle().await;
            if let Some(line) = said.try_iter().find(|line| line.contains("number please")) {
                break line;
            }
        };
        assert!(
            line.starts_with("INFO \"number please\" has other arguments than its handler: "),
            "{line}"
        );
        assert!(client.packets().is_empty());
    });
}

/// A handler that does not come back was one of many that might have stopped the worker.
#[test]
fn a_handler_that_blocks_is_named_while_it_does() {
    let _watchdog = Watchdog::start();
    run(async {
        let namespace = Namespace::new("/blocked").on_connect(async |socket: Socket| {
            let said = lines();
            // As long as nobody names it.
            socket.on("block", async move || {
                let blocks = "the handler of \"block\" in /blocked has blocked its thread for ";
                while !said.recv_timeout(Duration::from_secs(60))?.contains(blocks) {}
                Ok("named")
            });
        });
        let world = World::of([namespace]);
        let client = world.client_in("/blocked", "").await;
        assert_eq!(client.ask("block", "").await, "named");
    });
}

/// Fails if the log does not say which of a namespace's handlers has the bug, or shows all of a name that a client made up.
#[test]
fn a_handler_that_panics_is_named_by_its_event() {
    let said = lines();
    run(async {
        let handling = Namespace::new("/panics")
            .fallback(async || -> Result { panic!("it is to be told of") });
        let looking = Namespace::new("/looks").on_connect(async |socket: Socket| {
            socket.on_any(async || -> Result { panic!("it is to be told of") });
        });
        let world = World::of([handling, looking]);
        let long = "y".repeat(300);
        for (namespace, who) in [("/panics", "a handler"), ("/looks", "an observer")] {
            let client = world.client_in(namespace, "").await;
            let panicked = format!(" in {namespace} panicked");
            for (name, shown) in [("sit \n down", "\"sit \\n down\""), (&*long, &long[..100])] {
                let line = loop {
                    // Once a second: the lines of other tests may come first.
                    client.emit(name, "");
                    settle().await;
                    let mut said = said.try_iter();
                    let told = said.find(|line| line.contains(&panicked));
                    if let Some(line) = told.filter(|line| line.contains(&shown[..5])) {
                        break line;
                    }
                };
                let begin = format!("ERROR {who} of ");
                assert!(line.starts_with(&begin) && line.contains(shown), "{line}");
                assert!(!line.contains(&long), "{line}");
            }
        }
    });
}

/// Fails if a login that stops its worker, and all clients there, is not named while it does.
#[test]
fn a_login_that_blocks_is_named_while_it_does() {
    let _watchdog = Watchdog::start();
    let login = crate::io::login(async || {
        let blocks = "the handler of login in the hub has blocked its thread for ";
        SAID.with(|said| {
            let said = said.get().unwrap();
            while !said
                .recv_timeout(Duration::from_secs(60))
                .is_ok_and(|line| line.contains(blocks))
            {}
        });
        Ok(Some("ann".to_owned()))
    });
    run(async {
        SAID.with(|said| said.set(lines()).unwrap());
        let request = actix_web::test::TestRequest::default().to_http_request();
        assert!(login(&request).await.unwrap().is_some());
    });
}

thread_local! {
    static NAMED: Cell<bool> = const { Cell::new(false) };
    static SAID: OnceCell<mpsc::Receiver<String>> = const { OnceCell::new() };
}

struct Blocking;

impl RoomScript for Blocking {
    type State = ();
    type Message = ();
    type Reply = ();

    /// The first time as long as nobody names it.
    fn joined(&self, (): &mut (), _: &RoomContext<'_, Self>, _: &RoomMember) -> Result {
        let blocks =
            "the handler of the script of rooms \"den:{n}\" in / has blocked its thread for ";
        SAID.with(|said| {
            let said = said
                .get()
                .ok_or_else(|| Error::new("test", "nobody listens"))?;
            while !NAMED.get() {
                let line = said.recv_timeout(Duration::from_secs(60))?;
                NAMED.set(line.contains(blocks));
            }
            Err(Error::new("tired", "it has waited long"))
        })
    }
}

/// Fails if a script that stops all rooms of its namespace is not named while it does, or if an error that nobody waits for is
/// nowhere to be read.
#[test]
fn a_script_that_blocks_or_fails_is_named() {
    let _watchdog = Watchdog::start();
    run(async {
        SAID.with(|said| said.set(lines()).unwrap());
        let namespace = Namespace::new("/").room_script("den:{n}", Blocking).on(
            "join",
            async |socket: Socket| {
                socket.leave("den:1");
                socket.join("den:1").await?;
                Ok("in")
            },
        );
        let world = World::of([namespace]);
        let client = world.client().await;
        let failed = "the script of the room \"den:1\" of / failed: tired: it has waited long";
        let is_told = || {
            SAID.with(|said| {
                let mut said = said.get().unwrap().try_iter();
                said.any(|line| line.contains(failed))
            })
        };
        // Once a second: the lines of other tests may come first.
        while !is_told() {
            assert_eq!(client.ask("join", "").await, "in");
        }
    });
}
