//! Keys from an address, as services of identity publish theirs. One thread asks for them, at the start and now and then;
//! everybody else sees those that it had last. A set that came whole is its word, also where it has no key; until one comes
//! those that there are stay, and it says so each minute.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use ureq::http::{StatusCode, Uri};

use super::{Claims, Keys, SetOfKeys, Unsigned};
use crate::asking::agent;

/// How long an address may take for an answer; so long a start waits.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two questions, whoever shows whatever tokens.
const AGAIN: Duration = Duration::from_secs(60);
/// Bytes of a set.
const BYTES_MAX: u64 = 256 * 1024;
/// What comes of an address without keys.
const REFUSED: &str = "tokens of its keys are refused";

/// What is wrong with an address for keys, as words behind it.
pub(crate) fn wrong_with_address(address: &str) -> Option<&'static str> {
    let Ok(uri) = address.parse::<Uri>() else {
        return Some("is no address");
    };
    let (Some(host), Some(authority)) = (uri.host(), uri.authority()) else {
        return Some("has no host in it");
    };
    let is_loopback = |host: &str| {
        let bare = host.trim_matches(['[', ']']);
        let address = bare.parse::<IpAddr>();
        bare == "localhost" || address.is_ok_and(|address| address.is_loopback())
    };
    match uri.scheme_str() {
        _ if authority.as_str().contains('@') => Some("has a user in it, and settings are logged"),
        Some("https") => None,
        Some("http") if is_loopback(host) => None,
        Some("http") => Some(
            "is another machine's without TLS, so that whoever is between could write keys of its own",
        ),
        _ => Some("is no address of https"),
    }
}

/// The keys of an address, and a way to its thread, which ends with this.
pub(crate) struct RemoteKeys {
    present: watch::Receiver<Arc<Keys>>,
    asks: SyncSender<()>,
    /// Somebody wants it asked now, and not when its time has come.
    is_wanted: Arc<AtomicBool>,
}

impl RemoteKeys {
    /// Asks for the first time, and waits for what comes of it. Who has no answer begins without keys.
    pub(crate) fn start(address: &str, refresh: Duration) -> io::Result<Self> {
        let (keys, present) = watch::channel(Arc::default());
        let (asks, asked) = sync_channel(1);
        let (is_ready, ready) = sync_channel(1);
        let is_wanted = Arc::new(AtomicBool::new(false));
        let mut keeper = Keeper {
            address: address.to_owned(),
            agent: agent(PATIENCE),
            keys,
            pace: Questions::new(refresh, Instant::now()),
            is_wanted: is_wanted.clone(),
            is_in_trouble: false,
            unused: None,
        };
        let run = move || {
            keeper.ask(true);
            let _ = is_ready.send(());
            keeper.keep(&asked);
        };
        thread::Builder::new()
            .name("dondo-keys".to_owned())
            .spawn(run)?;
        let _ = ready.recv();
        Ok(Self {
            present,
            asks,
            is_wanted,
        })
    }

    pub(crate) fn present(&self) -> Arc<Keys> {
        self.present.borrow().clone()
    }

    /// As [`Keys::verify`]. Where a token names another key than there are, they are asked for, at most once a minute.
    pub(crate) fn verify(&self, token: &str) -> Result<Claims, Unsigned> {
        let signed = self.present().verify(token);
        if let Err(Unsigned::Unknown(_)) = &signed {
            // One that waits already is as good.
            let _ = self.asks.try_send(());
        }
        signed
    }

    /// Has the address asked now.
    pub(crate) fn ask(&self) {
        // It stands apart, so that a flood of tokens with unknown keys is not in its way.
        self.is_wanted.store(true, Ordering::Release);
        let _ = self.asks.try_send(());
    }
}

/// The thread.
struct Keeper {
    address: String,
    agent: ureq::Agent,
    keys: watch::Sender<Arc<Keys>>,
    pace: Questions,
    is_wanted: Arc<AtomicBool>,
    is_in_trouble: bool,
    /// Those of the last set that were passed over.
    unused: Option<String>,
}

impl Keeper {
    fn keep(&mut self, asked: &Receiver<()>) {
        loop {
            let left = self.pace.left(Instant::now());
            if left.is_zero() {
                self.ask(false);
                continue;
            }
            match asked.recv_timeout(left) {
                Ok(()) if self.is_wanted.swap(false, Ordering::AcqRel) => self.ask(true),
                Ok(()) => self.pace.hurry(),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Asks the address. What it has is told where that is new, or somebody waits for it; that it has nothing, each time.
    fn ask(&mut self, is_told: bool) {
        let began = Instant::now();
        let answer = fetch(&self.agent, &self.address);
        let has_keys = answer.as_ref().is_ok_and(|set| !set.keys.is_empty());
        self.pace.asked(began, has_keys);
        match answer {
            Ok(set) => self.take(set, is_told),
            Err(why) => {
                self.is_in_trouble = true;
                let stays = match self.keys.borrow().is_empty() {
                    true => REFUSED,
                    false => "its keys stay as they were",
                };
                log::error!(
                    "--auth.jwks-url {}: {why}; {stays} until it answers",
                    self.address
                );
            }
        }
    }

    /// A key that is not in it is one that the service took back, and be it the last.
    fn take(&mut self, set: SetOfKeys, is_told: bool) {
        let (told, before) = (set.keys.told(), self.keys.borrow().told());
        let unused = set.unused();
        let is_told = is_told || told != before || unused != self.unused || self.is_in_trouble;
        let without_key = set.without_key();
        self.keys.send_replace(Arc::new(set.keys));
        self.is_in_trouble = without_key.is_some();
        if let Some(why) = without_key {
            log::error!(
                "--auth.jwks-url {}: {why}; {REFUSED} until it has one",
                self.address
            );
        } else if is_told {
            log::info!("--auth.jwks-url: it has {}", told.unwrap_or_default());
            if let Some(unused) = &unused {
                log::warn!("--auth.jwks-url: not all of its keys are used: {unused}");
            }
        }
        self.unused = unused;
    }
}

fn fetch(agent: &ureq::Agent, address: &str) -> Result<SetOfKeys, String> {
    let request = agent.get(address);
    let answer = request.header("Accept", "application/json").call();
    let mut answer = answer.map_err(|error| format!("it cannot be had: {error}"))?;
    match answer.status() {
        StatusCode::OK => {}
        status if status.is_redirection() => {
            return Err(format!(
                "it answers {status} and leads elsewhere; write where the keys are"
            ));
        }
        status => return Err(format!("it answers {status}")),
    }
    let body = answer.body_mut().with_config().limit(BYTES_MAX);
    let text = body
        .read_to_string()
        .map_err(|error| format!("its answer is no text of at most {BYTES_MAX} bytes: {error}"))?;
    Keys::of_set(&text, address).map_err(|wrong| wrong.to_string())
}

/// What an address of keys has for who looks once, as commands do.
#[derive(Debug, Default)]
pub(crate) struct KeysAtAddress {
    pub(crate) keys: Keys,
    /// Why it gives none, with what to do.
    pub(crate) fault: Option<String>,
    /// Those of it that no token is known by, and why.
    pub(crate) passed_over: Option<String>,
}

/// Asks an address once.
pub(crate) fn keys_at(address: &str) -> KeysAtAddress {
    let fault = |why: &dyn std::fmt::Display| {
        Some(format!(
            "--auth.jwks-url {address}: {why}; {REFUSED} until it has some: mend what answers there, or write another address"
        ))
    };
    let set = match fetch(&agent(PATIENCE), address) {
        Ok(set) => set,
        Err(why) => {
            return KeysAtAddress {
                fault: fault(&why),
                ..KeysAtAddress::default()
            };
        }
    };
    match set.without_key() {
        Some(why) => KeysAtAddress {
            fault: fault(&why),
            ..KeysAtAddress::default()
        },
        None => KeysAtAddress {
            passed_over: set.passed_over(&format!("--auth.jwks-url {address}")),
            keys: set.keys,
            fault: None,
        },
    }
}

/// When the address is asked next.
struct Questions {
    refresh: Duration,
    last: Instant,
    next: Instant,
}

impl Questions {
    fn new(refresh: Duration, now: Instant) -> Self {
        Self {
            refresh,
            last: now,
            next: now,
        }
    }

    /// It was asked, and whether it gave keys. Who gave none is asked again soon.
    fn asked(&mut self, now: Instant, is_good: bool) {
        self.last = now;
        self.next = now + if is_good { self.refresh } else { AGAIN };
    }

    /// Somebody needs a key that there is not.
    fn hurry(&mut self) {
        self.next = self.next.min(self.last + AGAIN);
    }

    fn left(&self, now: Instant) -> Duration {
        self.next.saturating_duration_since(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fails if tokens of strangers make a hub ask more than once a minute, if a new key has to wait for the next refresh, or
    /// if an address that does not answer is given up.
    #[test]
    fn an_address_is_asked_in_time_and_no_more_than_once_a_minute() {
        let (start, hour) = (Instant::now(), Duration::from_secs(3600));
        let second = Duration::from_secs(1);
        let mut pace = Questions::new(hour, start);
        assert_eq!(pace.left(start), Duration::ZERO);
        pace.asked(start, true);
        assert_eq!(pace.left(start), hour);
        for _ in 0..1000 {
            pace.hurry();
        }
        assert_eq!(pace.left(start + second), AGAIN - second);
        let later = start + AGAIN;
        assert_eq!(pace.left(later), Duration::ZERO);
        pace.asked(later, false);
        assert_eq!(pace.left(later), AGAIN);
        pace.asked(later, true);
        pace.hurry();
        assert_eq!(
            pace.left(later + AGAIN * 2),
            Duration::ZERO,
            "it is due at once"
        );
    }

    /// Fails if keys come from where somebody else could write them, or a good address is refused.
    #[test]
    fn keys_come_by_tls_or_from_this_machine() {
        for good in [
            "https://id.example/jwks.json",
            "https://id.example:8443/a?b=c",
            "http://localhost:80/jwks",
            "http://127.0.0.2/jwks",
            "http://[::1]:81/",
        ] {
            assert_eq!(wrong_with_address(good), None, "{good}");
        }
        for bad in [
            "http://id.example/jwks",
            "http://10.0.0.1/jwks",
            "http://localhost.example/",
            "http://127.0.0.1.example/",
            "https://a:b@id.example/jwks",
            "ftp://id.example/jwks",
            "id.example",
            "/jwks.json",
            "https://",
            "",
        ] {
            assert!(wrong_with_address(bad).is_some(), "{bad}");
        }
    }
}
