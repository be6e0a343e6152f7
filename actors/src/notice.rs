//! What the log says of things that a peer or load can cause: one line a second at most for each cause, or one a minute,
//! with how often it happened since the last one. Knows no logger but the `log` crate's.

use std::{
    fmt,
    net::IpAddr,
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use log::Level;

pub use words::{settings_of, speak_of_flags};

mod words;

/// Milliseconds between two lines about one cause.
const INTERVAL: u64 = 1000;
/// The same for a cause that lasts until somebody changes a setting.
const LONG_INTERVAL: u64 = 60_000;
/// The target of every line.
const TARGET: &str = "dondo";

/// Something that happens as often as peers like, or as load makes it. One value for the whole process.
#[derive(Debug)]
pub struct Cause {
    name: &'static str,
    level: Level,
    setting: &'static str,
    remedy: &'static str,
    /// Milliseconds between two lines.
    interval: u64,
    /// When the next line may be written, in milliseconds since [`now`] began.
    due: AtomicU64,
    /// What happened since the last line.
    held: AtomicU64,
}

impl Cause {
    /// A cause by its name, with the setting that rules it and what an operator can do; both may be empty.
    pub const fn new(
        level: Level,
        name: &'static str,
        setting: &'static str,
        remedy: &'static str,
    ) -> Self {
        Self {
            name,
            level,
            setting,
            remedy,
            interval: INTERVAL,
            due: AtomicU64::new(0),
            held: AtomicU64::new(0),
        }
    }

    /// The same with one line a minute at most: for what goes on until somebody does what the line says.
    #[must_use]
    pub const fn once_a_minute(mut self) -> Self {
        self.interval = LONG_INTERVAL;
        self
    }

    /// It happened: to whom, with how many bytes at stake, and what exactly. Written now, or counted into a later line.
    #[cold]
    pub fn tell(&self, peer: Option<IpAddr>, bytes: Option<usize>, what: fmt::Arguments<'_>) {
        self.tell_setting(self.setting, peer, bytes, what);
    }

    /// The same where it is known which one of several settings rules it.
    #[cold]
    pub fn tell_setting(
        &self,
        setting: &str,
        peer: Option<IpAddr>,
        bytes: Option<usize>,
        what: fmt::Arguments<'_>,
    ) {
        self.held.fetch_add(1, Ordering::Relaxed);
        if let Some(count) = self.turn(now(), 0) {
            self.write(count, setting, peer, bytes, what);
        }
    }

    /// Says what was held back, if it has not happened again for an interval since it could have been said: the line of
    /// one more that happens says more.
    #[cold]
    pub fn settle(&self) {
        if self.held.load(Ordering::Relaxed) > 0
            && let Some(count) = self.turn(now(), self.interval)
        {
            self.write_rest(count);
        }
    }

    /// Says at once what is still held back, for the end of the program.
    pub fn tell_rest(&self) {
        match self.held.swap(0, Ordering::Relaxed) {
            0 => {}
            count => self.write_rest(count),
        }
    }

    fn write_rest(&self, count: u64) {
        let what = format_args!("more of it: {}", self.name);
        self.write(count, self.setting, None, None, what);
    }

    /// How much the line counts that may be written at `now`, or so much later.
    fn turn(&self, now: u64, later: u64) -> Option<u64> {
        let due = self.due.load(Ordering::Relaxed);
        let next = now + self.interval;
        let turn = now >= due + later
            && self
                .due
                .compare_exchange(due, next, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok();
        turn.then(|| self.held.swap(0, Ordering::Relaxed))
            .filter(|&count| count > 0)
    }

    fn write(
        &self,
        count: u64,
        setting: &str,
        peer: Option<IpAddr>,
        bytes: Option<usize>,
        what: fmt::Arguments<'_>,
    ) {
        let peer = peer.map(|peer| peer.to_string());
        let (setting, remedy) = (settings_of(setting), settings_of(self.remedy));
        log::log!(
            target: TARGET,
            self.level,
            cause = self.name,
            count = count,
            peer = peer.as_deref(),
            bytes = bytes,
            setting = Some(&*setting).filter(|setting| !setting.is_empty()),
            remedy = Some(&*remedy).filter(|remedy| !remedy.is_empty());
            "{what}"
        );
    }
}

/// Milliseconds since the first call; never 0 again after it.
fn now() -> u64 {
    static START: OnceLock<Instant> = OnceLock::new();
    let start = START.get_or_init(Instant::now);
    u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// Makes a table of causes: a static for each, and `ALL` of them. A line is
/// `NAME: Level, "name", "--setting", "remedy";`, with `, once_a_minute` at its end if it is to be that.
#[macro_export]
macro_rules! causes {
    ($($cause:ident: $level:ident, $name:literal, $setting:literal, $remedy:literal $(, $often:ident)?;)*) => {
        $(
            #[doc = $name]
            pub static $cause: $crate::notice::Cause =
                $crate::notice::Cause::new(::log::Level::$level, $name, $setting, $remedy)$(.$often())?;
        )*

        /// All causes of this table.
        pub static ALL: &[&$crate::notice::Cause] = &[$(&$cause),*];
    };
}

/// The causes of the core.
#[rustfmt::skip]
pub mod cause {
    crate::causes! {
        PING_TIMEOUT: Info, "ping timeout", "--engine.ping-timeout", "the client or its network is gone; many at once: look at the machine's load";
        CONNECT_TIMEOUT: Info, "connect timeout", "--engine.connect-timeout", "the client opened a session and joined no namespace";
        HALF_PACKET: Info, "half packet", "--engine.attachments-timeout", "the client announced attachments and did not send them";
        PARSE_ERROR: Info, "parse error", "", "the client does not speak the protocol";
        TRANSPORT_ERROR: Info, "transport error", "", "the client broke off, or does not speak the protocol";
        VIOLATION: Info, "violation", "", "the client does not speak the protocol";
        OUTBOX_FULL: Warn, "outbox full", "--delivery.outbox-bytes-max", "the client reads slower than it is sent to; raise the setting, or --delivery.outbox-count-max, for honest ones";
        STALLED: Info, "stalled", "--delivery.stall-timeout", "the client takes nothing of what waits for it: it or its network is gone, or a proxy keeps its connection";
        MEMORY_MAX: Warn, "memory max", "--memory-max", "too much is held for all clients together, and this one held most; raise the setting if memory allows";
        UNFINISHED_BYTES: Warn, "unfinished bytes", "--limits.unfinished-bytes-max", "too much has come of messages that do not end, and most of it from this one";
        SESSION_BYTES: Warn, "session bytes", "--session-bytes-max", "one client held more than it may";
        ADDRESS_BYTES: Warn, "address bytes", "--limits.address-bytes-max", "the clients of one address held more than they may, and this one asked for more; behind a proxy: see --trusted-proxies";
        READERS_BEHIND: Info, "readers behind", "", "more than half of a room's members read slower than it speaks; who does not catch up is closed when its outbox is full";
        RATE_LIMITED: Info, "rate limited", "--limits.*-per-s", "the client is not read for a while and loses nothing; behind a proxy: see --trusted-proxies";
        WORKER_STALLED: Warn, "worker stalled", "--delivery.courier-stall", "the worker made no progress; its clients come back";
        SERVER_RESTART: Warn, "server restart", "", "a room thread was started anew; its clients come back";
        SESSION_CRASHED: Error, "session crashed", "", "a bug: report it with the panic above";
        PUT_OUT: Warn, "put out", "", "the application's connect handler refused the member or panicked";
        ADMISSION: Error, "admission failed", "", "a middleware of the application panicked, or took too long";
        HANDLER_PANICKED: Error, "handler panicked", "", "a bug in the application: look at the panic above";
        UNOBSERVED: Warn, "unobserved", "", "the observers of what goes to a client take longer than its events";
        ACTOR_CRASHED: Error, "actor crashed", "", "a bug: report it with the panic above; state was kept";
        QUARANTINED: Error, "quarantined", "", "what crashes it is sent again and again; see the panics above";
        NO_FRAME: Error, "no frame", "", "the letter cannot be put into the form that a client asked for";
        SCRIPT_PANICKED: Error, "script panicked", "", "a bug in the application: look at the panic above; the room goes on as it was before the call";
        SCRIPT_OVERRUN: Error, "script overrun", "", "a bug in the application: a call of a room's script emits without end; the room goes on as it was before the call";
        ROOM_NOT_KEPT: Warn, "room not kept", "", "too many rooms are empty and kept by their scripts: let some end, or set fewer timers";
        LOG_PANICKED: Error, "log panicked", "", "a bug in the application's log";
        COURIER_GIVEN_UP: Error, "courier given up", "--delivery.courier-stall", "a handler blocks the worker, or the machine does";
        COURIER_BACK: Error, "courier back", "--delivery.courier-stall", "what it missed is lost; its clients are closed and come back";
    }
}

/// Says what was held back of the core's causes. For whoever writes the log, once a second.
pub fn settle() {
    cause::ALL.iter().for_each(|cause| cause.settle());
}

/// Says at once what is still held back of them, for the end of the program.
pub fn tell_rest() {
    cause::ALL.iter().for_each(|cause| cause.tell_rest());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_an_interval_counts_all_that_happened_since_the_last() {
        for (cause, interval) in [
            (Cause::new(Level::Info, "test", "", ""), INTERVAL),
            (
                Cause::new(Level::Info, "test", "", "").once_a_minute(),
                60_000,
            ),
        ] {
            let happen = |now| {
                cause.held.fetch_add(1, Ordering::Relaxed);
                cause.turn(now, 0)
            };
            assert_eq!(happen(0), Some(1));
            assert_eq!(happen(1), None);
            assert_eq!(happen(interval - 1), None);
            assert_eq!(happen(interval), Some(3));
            assert_eq!(cause.turn(3 * interval, 0), None, "nothing is held back");
        }
    }

    #[test]
    fn what_is_held_back_leaves_the_line_to_one_that_says_from_whom_and_why() {
        let cause = Cause::new(Level::Info, "test", "", "").once_a_minute();
        let happen = |now| {
            cause.held.fetch_add(1, Ordering::Relaxed);
            cause.turn(now, 0)
        };
        let settle = |now| cause.turn(now, LONG_INTERVAL);
        assert_eq!(happen(0), Some(1));
        assert_eq!(happen(5_000), None);
        assert_eq!(settle(60_000), None);
        assert_eq!(happen(62_000), Some(2));
        assert_eq!(happen(63_000), None);
        assert_eq!(settle(181_999), None);
        assert_eq!(settle(182_000), Some(1));
    }
}
