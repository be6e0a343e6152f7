//! Refuses settings that cannot work, before anything is started with them.
//! Each error says what is wrong, which flag it is, and what to do; nothing here repairs a setting.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use super::Config;
use super::units::{Size, Span};

/// A setting that cannot work: the flag, what is wrong with it, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    flag: &'static str,
    wrong: String,
    remedy: String,
}

/// A client's timers count milliseconds in 31 bits: beyond 24 days they would fire at once.
const DURATION_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// More threads than any machine has cores: a slip of the finger, not a wish.
const THREADS_MAX: usize = 1024;

impl Config {
    /// Says whether a server can be started with these settings.
    ///
    /// # Errors
    /// The first setting that cannot work; looks at the file system for `client_dist` only.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.check_threads()?;
        self.check_durations()?;
        self.check_counts()?;
        self.check_sizes()?;
        self.check_doors()
    }

    fn check_doors(&self) -> Result<(), ConfigError> {
        if self.listen.is_empty() {
            return Err(error(
                "--listen",
                "no address to listen on",
                "give one, for example 127.0.0.1:11000",
            ));
        }
        let fixed = self.listen.iter().filter(|address| address.port() != 0);
        if let Some(address) = repeated(fixed) {
            return Err(error(
                "--listen",
                format!("{address} is given twice"),
                "give each address once",
            ));
        }
        if self.namespaces.is_empty() {
            return Err(error(
                "--namespaces",
                "no namespace to connect to",
                "give at least one, for example /",
            ));
        }
        if let Some(name) = repeated(self.namespaces.iter()) {
            return Err(error(
                "--namespaces",
                format!("{name} is given twice"),
                "give each namespace once",
            ));
        }
        for name in &self.namespaces {
            if let Some(wrong) = wrong_with_namespace(name, self.hub.name_bytes_max) {
                let remedy = "write namespaces like / or /chat, separated by commas";
                return Err(error("--namespaces", format!("{name:?} {wrong}"), remedy));
            }
        }
        if let Some(wrong) = wrong_with_path(&self.path) {
            return Err(error(
                "--path",
                format!("{:?} {wrong}", self.path),
                "write it like /socket.io/",
            ));
        }
        if let Some(folder) = &self.client_dist
            && !folder.join("socket.io.js").is_file()
        {
            return Err(error(
                "--client-dist",
                format!("there is no socket.io.js in {}", folder.display()),
                "give the dist folder of the npm package socket.io-client",
            ));
        }
        Ok(())
    }

    fn check_threads(&self) -> Result<(), ConfigError> {
        let threads = [
            ("--workers", self.workers, 1),
            ("--room-threads", self.room_threads, 0),
        ];
        for (flag, count, least) in threads {
            if !(least..=THREADS_MAX).contains(&count) {
                return Err(error(
                    flag,
                    format!("{count} threads are not possible"),
                    format!("give a number from {least} to {THREADS_MAX}"),
                ));
            }
        }
        Ok(())
    }

    fn check_durations(&self) -> Result<(), ConfigError> {
        let (engine, delivery) = (&self.engine, &self.delivery);
        let tick = Duration::from_millis(1);
        let durations = [
            ("--grace", self.grace, Duration::ZERO),
            ("--ping-interval", engine.ping_interval, tick),
            ("--ping-timeout", engine.ping_timeout, tick),
            ("--upgrade-timeout", engine.upgrade_timeout, tick),
            ("--connect-timeout", engine.connect_timeout, tick),
            ("--attachments-timeout", engine.attachments_timeout, tick),
            ("--stall-timeout", self.stall_timeout(), tick),
            ("--courier-stall", delivery.courier_stall, tick),
            ("--presence-interval", self.hub.presence.interval, tick),
        ];
        for (flag, duration, least) in durations {
            if duration < least {
                return Err(error(
                    flag,
                    format!("{} is too short", Span(duration)),
                    format!("give at least {}", Span(least)),
                ));
            }
            if duration > DURATION_MAX {
                return Err(error(
                    flag,
                    format!("{} is too long", Span(duration)),
                    format!("give at most {}", Span(DURATION_MAX)),
                ));
            }
        }
        Ok(())
    }

    fn check_counts(&self) -> Result<(), ConfigError> {
        let counts = [
            ("--inbound-max", self.engine.inbound_max),
            ("--outbox-count-max", self.delivery.outbox_count_max),
            ("--courier-backlog-max", self.delivery.courier_backlog_max),
            ("--name-bytes-max", self.hub.name_bytes_max),
            ("--channels-max", self.hub.channels_max),
            ("--rooms-max", self.hub.rooms_max),
            (
                "--presence-deliveries-per-s",
                self.hub.presence.deliveries_per_s,
            ),
        ];
        match counts.into_iter().find(|(_, count)| *count == 0) {
            Some((flag, _)) => Err(error(flag, "0 would let nothing through", "give 1 or more")),
            None => Ok(()),
        }
    }

    fn check_sizes(&self) -> Result<(), ConfigError> {
        let payload = self.engine.max_payload;
        let (outbox, total) = (self.outbox_bytes_max(), self.delivery.outbox_total_max);
        if payload == 0 {
            return Err(error(
                "--max-payload",
                "0B would let nothing through",
                "give a size, for example 1MB",
            ));
        }
        let least = payload.saturating_mul(2);
        if outbox < least {
            return Err(error(
                "--outbox-bytes-max",
                format!(
                    "{} is less than two messages of the size that --max-payload allows",
                    Size(outbox)
                ),
                format!("give at least {}", Size(least)),
            ));
        }
        if total < outbox {
            return Err(error(
                "--outbox-total-max",
                format!("{} is less than one session may hold", Size(total)),
                format!("give at least {} (--outbox-bytes-max)", Size(outbox)),
            ));
        }
        Ok(())
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.flag, self.wrong, self.remedy)
    }
}

impl std::error::Error for ConfigError {}

fn error(flag: &'static str, wrong: impl Into<String>, remedy: impl Into<String>) -> ConfigError {
    ConfigError {
        flag,
        wrong: wrong.into(),
        remedy: remedy.into(),
    }
}

fn repeated<T: Ord + Copy>(mut values: impl Iterator<Item = T>) -> Option<T> {
    let mut seen = BTreeSet::new();
    values.find(|value| !seen.insert(*value))
}

fn wrong_with_namespace(name: &str, bytes_max: usize) -> Option<&'static str> {
    if !name.starts_with('/') {
        Some("does not begin with a slash")
    } else if name.len() > bytes_max {
        Some("is longer than --name-bytes-max")
    } else if name.contains(|c: char| c == ',' || c == '?' || c.is_control() || c.is_whitespace()) {
        // The packet's own separators: no client could ever name it.
        Some("has a comma, question mark, space or control character in it")
    } else {
        None
    }
}

fn wrong_with_path(path: &str) -> Option<&'static str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/-_.~".contains(c);
    if path == "/" {
        Some("is where the first page stands")
    } else if !path.starts_with('/') || !path.ends_with('/') {
        Some("does not begin and end with a slash")
    } else if path.contains("//") {
        Some("has an empty part in it")
    } else if !path.chars().all(plain) {
        Some("has a character other than letters, digits, and - _ . ~ in it")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    type Change = fn(&mut Config);

    fn checked(change: impl FnOnce(&mut Config)) -> Result<(), ConfigError> {
        let mut config = Config::default();
        change(&mut config);
        config.check()
    }

    fn refusal(change: impl FnOnce(&mut Config)) -> String {
        checked(change).unwrap_err().to_string()
    }

    #[test]
    fn the_defaults_can_be_started() {
        assert_eq!(Config::default().check(), Ok(()));
    }

    #[test]
    fn doors_that_cannot_open_are_refused_by_the_name_of_their_flag() {
        let cases: [(&str, Change); 8] = [
            ("--listen", |c| c.listen.clear()),
            ("--listen", |c| c.listen[1] = c.listen[0]),
            ("--namespaces", |c| c.namespaces.clear()),
            ("--namespaces", |c| c.namespaces.push("/".into())),
            ("--namespaces", |c| c.namespaces.push("chat".into())),
            ("--namespaces", |c| c.namespaces.push("/a,b".into())),
            ("--namespaces", |c| c.namespaces.push("/é".repeat(90))),
            ("--client-dist", |c| c.client_dist = Some("/nowhere".into())),
        ];
        for (flag, change) in cases {
            let refusal = refusal(change);
            assert!(refusal.starts_with(&format!("{flag}: ")), "{refusal}");
        }
    }

    #[test]
    fn several_ports_of_the_systems_choice_are_no_repetition() {
        assert_eq!(
            checked(|c| c.listen = vec!["127.0.0.1:0".parse().unwrap(); 2]),
            Ok(())
        );
    }

    #[test]
    fn paths_that_no_client_could_reach_are_refused() {
        for path in ["", "/", "/x", "x/", "/a//b/", "/{tail}/", "/a b/", "/é/"] {
            let refusal = refusal(|c| c.path = path.into());
            assert!(refusal.starts_with("--path: "), "{refusal}");
        }
        for path in ["/socket.io/", "/a/b-c_d~/"] {
            assert_eq!(checked(|c| c.path = path.into()), Ok(()), "{path}");
        }
    }

    #[test]
    fn a_duration_of_nothing_is_refused_but_for_the_grace() {
        let refusal = refusal(|c| c.engine.ping_interval = Duration::ZERO);
        assert_eq!(
            refusal,
            "--ping-interval: 0s is too short; give at least 1ms"
        );
        assert_eq!(checked(|c| c.grace = Duration::ZERO), Ok(()));
    }

    #[test]
    fn a_duration_that_a_clients_timer_cannot_count_is_refused() {
        let refusal = refusal(|c| c.engine.ping_timeout = Duration::MAX);
        assert!(refusal.starts_with("--ping-timeout: "), "{refusal}");
        assert!(refusal.ends_with("give at most 1day"), "{refusal}");
    }

    #[test]
    fn thread_counts_out_of_reason_are_refused() {
        assert!(refusal(|c| c.workers = 0).starts_with("--workers: 0 "));
        assert!(refusal(|c| c.room_threads = 100_000).starts_with("--room-threads: "));
        assert_eq!(checked(|c| c.room_threads = 0), Ok(()));
    }

    #[test]
    fn limits_that_let_nothing_through_are_refused() {
        let cases: [(&str, Change); 8] = [
            ("--inbound-max", |c| c.engine.inbound_max = 0),
            ("--outbox-count-max", |c| c.delivery.outbox_count_max = 0),
            ("--courier-backlog-max", |c| {
                c.delivery.courier_backlog_max = 0
            }),
            ("--name-bytes-max", |c| c.hub.name_bytes_max = 0),
            ("--channels-max", |c| c.hub.channels_max = 0),
            ("--rooms-max", |c| c.hub.rooms_max = 0),
            ("--presence-deliveries-per-s", |c| {
                c.hub.presence.deliveries_per_s = 0
            }),
            ("--max-payload", |c| c.engine.max_payload = 0),
        ];
        for (flag, change) in cases {
            let refusal = refusal(change);
            assert!(refusal.starts_with(&format!("{flag}: ")), "{refusal}");
        }
    }

    #[test]
    fn sizes_that_do_not_fit_into_each_other_are_refused() {
        assert_eq!(
            refusal(|c| c.delivery.outbox_bytes_max = Some(1_999_999)),
            "--outbox-bytes-max: 1999999B is less than two messages of the size that --max-payload allows; \
             give at least 2MB"
        );
        assert_eq!(
            refusal(|c| c.delivery.outbox_total_max = 1 << 20),
            "--outbox-total-max: 1MiB is less than one session may hold; give at least 2MiB (--outbox-bytes-max)"
        );
        let refusal = refusal(|c| c.engine.max_payload = usize::MAX);
        assert!(refusal.starts_with("--outbox-total-max: "), "{refusal}");
    }
}
