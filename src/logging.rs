//! The program's log: lines go to standard error through a thread of their own, so that whoever reads them slowly, or
//! not at all, stops nobody. Knows no event; `RUST_LOG` says what is logged.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender, TrySendError};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use log::kv::{Error as FieldError, Key, Value, VisitSource, VisitValue};
use log::{Level, LevelFilter, Record};
use serde::Serialize;

use crate::notices;

use crate::config::LogFormat;

/// What is not logged unless `RUST_LOG` names it. actix-http's errors are what any caller can cause, without its address.
const MUTED: &str = "actix_server=warn,actix_http=off,actix_web=error,mio=warn";
/// How the names of modules begin that somebody may want to see all of.
const MODULES: [&str; 4] = ["dondo", "actix", "mio", "tokio"];
/// Lines that wait for the reader of standard error; further ones are dropped and counted.
const LINES_MAX: usize = 4096;
/// Bytes of a line's message; a longer one is cut.
const MESSAGE_MAX: usize = 2000;
/// How often held-back and dropped lines are told of.
const SETTLE: Duration = Duration::from_secs(1);

/// The log as whoever started it holds it.
pub struct Log(SyncSender<Word>);

impl std::fmt::Debug for Log {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Log")
    }
}

enum Word {
    Line(Vec<u8>),
    Flush(mpsc::Sender<()>),
}

static DROPPED: AtomicU64 = AtomicU64::new(0);

/// Lines that were dropped since the process began, because nobody read standard error fast enough.
pub(crate) fn dropped() -> u64 {
    DROPPED.load(Ordering::Relaxed)
}

/// Makes this the process's logger, for panics too. It names settings by the program's flags.
///
/// # Errors
/// The system has no thread to give, or the process has a logger already.
pub fn start(format: LogFormat) -> io::Result<Log> {
    let (sender, words) = mpsc::sync_channel(LINES_MAX);
    thread::Builder::new()
        .name("dondo-log".to_owned())
        .spawn(move || write_all(&words, io::stderr(), format))?;
    let asked = std::env::var("RUST_LOG").ok();
    if let Some(slip) = asked.as_deref().and_then(slip) {
        // The log itself may be silent now.
        eprintln!("{slip}");
    }
    env_logger::Builder::new()
        .parse_filters(&filter(asked))
        .target(env_logger::Target::Pipe(Box::new(Queue(sender.clone()))))
        .format(move |out, record| render(format, out, record))
        .try_init()
        .map_err(io::Error::other)?;
    dondo_actors::notice::speak_of_flags();
    let last = Log(sender.clone());
    std::panic::set_hook(Box::new(move |panic| {
        notices::PANICKED.tell(None, None, format_args!("{panic}"));
        if thread::current().name() == Some("main") {
            // It takes the process along.
            last.flush(SETTLE);
        }
    }));
    Ok(Log(sender))
}

/// What is logged where `RUST_LOG` says this. What any caller can cause stays off unless it is asked for by name.
fn filter(asked: Option<String>) -> String {
    match asked {
        Some(asked) if asked.contains("actix") || asked.trim() == "off" => asked,
        Some(asked) => format!("{MUTED},{asked}"),
        None => format!("{MUTED},info"),
    }
}

/// What is wrong with `RUST_LOG`, if it says this: a level with a slip in it would silence the log as the name of a module.
fn slip(asked: &str) -> Option<String> {
    let is_level = |word: &&str| word.parse::<LevelFilter>().is_ok();
    let is_module = |word: &&str| MODULES.iter().any(|module| word.starts_with(module));
    // A regular expression may follow on a slash.
    let filters = asked.split('/').next()?;
    let mut words = filters.split(',').map(str::trim);
    let word = words.find(|word| {
        !word.is_empty() && !word.contains('=') && !is_level(word) && !is_module(word)
    })?;
    Some(format!(
        "RUST_LOG={asked}: {word:?} is no level and is read as a module's name; levels are error, warn, info, debug, \
         trace and off"
    ))
}

impl Log {
    /// Says what is held back, and waits until what was logged is written, but no longer than `limit`.
    pub fn flush(&self, limit: Duration) {
        notices::tell_rest();
        let until = Instant::now() + limit;
        let (done, is_done) = mpsc::channel();
        let mut word = Word::Flush(done);
        while let Err(TrySendError::Full(back)) = self.0.try_send(word) {
            if Instant::now() >= until {
                return;
            }
            word = back;
            thread::park_timeout(Duration::from_millis(10));
        }
        let _ = is_done.recv_timeout(until.saturating_duration_since(Instant::now()));
    }
}

/// Takes whole lines and never waits.
struct Queue(SyncSender<Word>);

impl Write for Queue {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.0.try_send(Word::Line(line.to_vec())).is_err() {
            DROPPED.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn write_all(words: &Receiver<Word>, mut out: impl Write, format: LogFormat) {
    let (mut told, mut settled) = (0, Instant::now());
    loop {
        match words.recv_timeout(SETTLE) {
            Ok(Word::Line(line)) => {
                if out.write_all(&line).is_err() {
                    DROPPED.fetch_add(1, Ordering::Relaxed);
                }
            }
            Ok(Word::Flush(done)) => {
                let _ = done.send(());
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        if settled.elapsed() >= SETTLE {
            settled = Instant::now();
            notices::settle();
            let missing = dropped() - told;
            // Not through the queue, which may be full.
            if missing > 0 && tell_dropped(&mut out, format, missing).is_ok() {
                told += missing;
            }
        }
    }
}

fn tell_dropped(out: &mut impl Write, format: LogFormat, count: u64) -> io::Result<()> {
    let fields = [("count", count)];
    let record = Record::builder()
        .level(Level::Warn)
        .target("dondo")
        .key_values(&fields)
        .args(format_args!(
            "log lines were dropped: standard error is not read fast enough"
        ))
        .build();
    render(format, out, &record)
}

fn render(format: LogFormat, out: &mut impl Write, record: &Record<'_>) -> io::Result<()> {
    let mut message = record.args().to_string();
    if message.len() > MESSAGE_MAX {
        message.truncate(message.floor_char_boundary(MESSAGE_MAX));
        message.push('…');
    }
    let mut fields = LogFields::default();
    let _ = record.key_values().visit(&mut fields);
    let time = humantime::format_rfc3339_millis(SystemTime::now());
    match format {
        LogFormat::Text => {
            write!(out, "{time} {:5} {}", record.level(), OneLine(&message))?;
            for (name, value) in &fields.0 {
                match value {
                    serde_json::Value::String(text) if !text.contains(' ') => {
                        write!(out, " {name}={}", OneLine(text))?;
                    }
                    value => write!(out, " {name}={value}")?,
                }
            }
        }
        LogFormat::Json => {
            let line = Line {
                time: time.to_string(),
                level: record.level().as_str(),
                target: record.target(),
                message: &message,
                fields: &fields.0,
            };
            serde_json::to_writer(&mut *out, &line)?;
        }
    }
    writeln!(out)
}

#[derive(Serialize)]
struct Line<'a> {
    time: String,
    level: &'a str,
    target: &'a str,
    message: &'a str,
    #[serde(flatten)]
    fields: &'a BTreeMap<String, serde_json::Value>,
}

/// Text that a peer may have had a word in: it stays on its line.
struct OneLine<'a>(&'a str);

impl std::fmt::Display for OneLine<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        use std::fmt::Write as _;
        self.0.chars().try_for_each(|char| match char.is_control() {
            true => write!(f, "{}", char.escape_default()),
            false => f.write_char(char),
        })
    }
}

/// The fields of a record that have a value, and do not stand for something else in a line.
#[derive(Default)]
struct LogFields(BTreeMap<String, serde_json::Value>);

impl<'kvs> VisitSource<'kvs> for LogFields {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), FieldError> {
        if !["time", "level", "target", "message"].contains(&key.as_str()) {
            let mut field = LogField(None);
            value.visit(&mut field)?;
            if let Some(value) = field.0 {
                self.0.insert(key.as_str().to_owned(), value);
            }
        }
        Ok(())
    }
}

struct LogField(Option<serde_json::Value>);

impl<'v> VisitValue<'v> for LogField {
    fn visit_any(&mut self, value: Value<'_>) -> Result<(), FieldError> {
        self.0 = Some(value.to_string().into());
        Ok(())
    }

    fn visit_null(&mut self) -> Result<(), FieldError> {
        Ok(())
    }

    fn visit_i64(&mut self, value: i64) -> Result<(), FieldError> {
        self.0 = Some(value.into());
        Ok(())
    }

    fn visit_u64(&mut self, value: u64) -> Result<(), FieldError> {
        self.0 = Some(value.into());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn where_nothing_is_to_be_logged_no_module_logs() {
        let logs = |asked: &str, target: &str| {
            let filter = filter(Some(asked.to_owned()));
            let logger = env_logger::Builder::new().parse_filters(&filter).build();
            let record = Record::builder().level(Level::Error).target(target).build();
            logger.matches(&record)
        };
        assert!(logs("info", "dondo") && logs("info", "actix_server::worker"));
        assert!(!logs("info", "actix_http::h1"), "any caller can cause it");
        assert!(logs("info,actix_http=error", "actix_http::h1"));
        for module in ["dondo", "actix_server::worker", "actix_web", "mio"] {
            assert!(!logs("off", module), "{module}");
        }
    }

    #[test]
    fn a_slip_in_a_levels_name_is_told() {
        for slipped in ["dbug", "info,wran", "on"] {
            let told = slip(slipped).unwrap();
            assert!(told.starts_with(&format!("RUST_LOG={slipped}: ")), "{told}");
        }
        for fine in [
            "",
            "debug",
            "OFF",
            "dondo=debug,warn",
            "dondo::transport",
            "info,actix_web",
            "info/slow",
        ] {
            assert_eq!(slip(fine), None, "{fine}");
        }
    }

    fn rendered(format: LogFormat, message: &str) -> String {
        let mut out = Vec::new();
        let fields = [("count", Some(3)), ("bytes", None)];
        let written = render(
            format,
            &mut out,
            &Record::builder()
                .level(Level::Warn)
                .target("here")
                .key_values(&fields)
                .args(format_args!("{message}"))
                .build(),
        );
        written.unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_message_stays_on_its_line() {
        let line = rendered(LogFormat::Text, "a\nb\u{1b}[0m");
        assert!(line.ends_with(" WARN  a\\nb\\u{1b}[0m count=3\n"), "{line}");
        let line = rendered(LogFormat::Json, "a\nb");
        let object: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(object["message"], "a\nb");
        assert_eq!((&object["count"], object.get("bytes")), (&3.into(), None));
        assert_eq!(line.lines().count(), 1);
    }

    #[test]
    fn a_long_message_is_cut_between_characters() {
        let line = rendered(LogFormat::Text, &"ä".repeat(MESSAGE_MAX));
        assert!(line.contains(&format!("{}…", "ä".repeat(MESSAGE_MAX / 2))));
        assert!(!line.contains(&"ä".repeat(MESSAGE_MAX / 2 + 1)));
    }

    #[test]
    fn a_line_that_cannot_be_written_is_counted() {
        struct Broken;
        impl Write for Broken {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let (sender, words) = mpsc::sync_channel(1);
        sender.send(Word::Line(vec![b'x'])).unwrap();
        drop(sender);
        let before = dropped();
        write_all(&words, Broken, LogFormat::Text);
        assert!(dropped() > before);
    }

    #[test]
    fn a_full_queue_drops_and_does_not_wait() {
        let (sender, _words) = mpsc::sync_channel(1);
        let mut queue = Queue(sender);
        let before = dropped();
        queue.write_all(b"kept").unwrap();
        queue.write_all(b"dropped").unwrap();
        assert!(dropped() > before);
    }
}
