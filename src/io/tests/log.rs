//! What the log says of a handler that cannot be called.

use std::sync::{OnceLock, mpsc};

use super::world::{World, run, settle};
use crate::io::{Data, Namespace};

static LINES: OnceLock<mpsc::Sender<String>> = OnceLock::new();

struct Lines;

impl log::Log for Lines {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let line = format!("{} {}", record.level(), record.args());
        let _ = LINES.get().map(|lines| lines.send(line));
    }

    fn flush(&self) {}
}

/// Nobody was told what was wrong when a client sent a handler something else than it takes, and wanted no ack.
#[test]
fn arguments_that_a_handler_does_not_take_are_in_the_log_with_the_events_name() {
    let (lines, said) = mpsc::channel();
    LINES.set(lines).unwrap();
    log::set_logger(&Lines).unwrap();
    log::set_max_level(log::LevelFilter::Info);
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
