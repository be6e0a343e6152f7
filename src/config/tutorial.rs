//! The start log: what listens where, what is limited, and what has been relaxed, one readable line each.
//! Knows settings only; it says nothing that a log should not hold.

use std::net::SocketAddr;

use super::units::{Size, Span};
use super::{ClientId, Config, RoomScope};
use crate::transport::origin::Origins;

/// Files that the program itself needs, beside one for each connection.
const OPEN_FILES_OF_OUR_OWN: u64 = 64;

impl Config {
    /// The lines to log at start. `open_files`: how many files the process may have open, if known.
    ///
    /// The addresses are those of `listen`: put the ones really bound there first, where a port was 0.
    pub fn tutorial(&self, open_files: Option<u64>) -> Vec<String> {
        let mut lines = Vec::new();
        for address in &self.listen {
            let url = format!("http://{address}");
            lines.push(format!("first page: {url}/"));
            lines.push(format!(
                "Socket.IO clients: io(\"{url}\"{}), endpoint {url}{}",
                if self.path == Self::default().path {
                    String::new()
                } else {
                    format!(", {{ path: \"{}\" }}", self.path)
                },
                self.path
            ));
            lines.push(format!(
                "for operators: {url}/healthz (is it well), {url}/metrics (how much of what)"
            ));
        }
        lines.push(format!("namespaces: {}", self.namespaces.join(", ")));
        lines.push(self.threads());
        lines.extend(self.limits());
        lines.push(files(open_files));
        lines.extend(
            self.relaxed()
                .into_iter()
                .map(|line| format!("relaxed: {line}")),
        );
        lines
    }

    fn threads(&self) -> String {
        let rooms = match self.room_threads {
            0 => "rooms run on the first of them".to_owned(),
            1 => "one thread for rooms".to_owned(),
            count => format!("{count} threads for rooms"),
        };
        format!("threads: {} for connections, {rooms}", self.workers)
    }

    fn limits(&self) -> Vec<String> {
        let (engine, delivery, hub) = (&self.engine, &self.delivery, &self.hub);
        vec![
            format!(
                "limit: a message has at most {} (--max-payload) and {} attachments (--attachments-max)",
                Size(engine.max_payload),
                engine.attachments_max
            ),
            format!(
                "limit: a connection is lost after {} without a pong (--ping-interval {} + --ping-timeout {})",
                Span(engine.ping_interval.saturating_add(engine.ping_timeout)),
                Span(engine.ping_interval),
                Span(engine.ping_timeout)
            ),
            format!(
                "limit: a connection joins a namespace within {} (--connect-timeout) and upgrades within {} (--upgrade-timeout)",
                Span(engine.connect_timeout),
                Span(engine.upgrade_timeout)
            ),
            format!(
                "limit: a session has at most {} messages in handling (--inbound-max)",
                engine.inbound_max
            ),
            format!(
                "limit: a slow reader is closed at {} (--outbox-bytes-max) or {} letters (--outbox-count-max) waiting, \
                 or after {} without progress (--stall-timeout)",
                Size(self.outbox_bytes_max()),
                delivery.outbox_count_max,
                Span(self.stall_timeout())
            ),
            format!(
                "limit: all slow readers together hold {} (--outbox-total-max)",
                Size(delivery.outbox_total_max)
            ),
            format!(
                "limit: a client is in at most {} channels (--channels-max) and {} rooms (--rooms-max); names have at most {} bytes (--name-bytes-max)",
                hub.channels_max, hub.rooms_max, hub.name_bytes_max
            ),
            format!(
                "limit: presence is told every {} at most (--presence-interval), joins and leaves to all of up to {} members (--presence-join-events-up-to)",
                Span(hub.presence.interval),
                hub.presence.join_events_up_to
            ),
            format!(
                "limit: a shutdown takes {} to close connections (--grace)",
                Span(self.grace)
            ),
        ]
    }

    fn relaxed(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let far: Vec<_> = self
            .listen
            .iter()
            .filter(|a| !a.ip().is_loopback())
            .collect();
        if !far.is_empty() {
            let far: Vec<_> = far.into_iter().map(SocketAddr::to_string).collect();
            lines.push(format!(
                "--listen {}: other machines can connect, and without TLS: put a proxy before it that adds TLS",
                far.join(",")
            ));
        }
        match &self.origins {
            Origins::SameHost => {}
            Origins::Any => lines.push(
                "--origins *: every web page that a visitor opens can connect from the visitor's browser".to_owned(),
            ),
            Origins::List(list) => lines.push(format!(
                "--origins: web pages of {} listed origins can connect, and no others",
                list.len()
            )),
        }
        if self.hub.client_id == ClientId::Keep {
            lines.push(
                "--client-id keep: a client can give any clientId as its own, so it can speak as another"
                    .to_owned(),
            );
        }
        if self.hub.room_scope == RoomScope::Flat {
            lines.push(
                "--room-scope flat: a room is one room across all channels, whoever names it joins it"
                    .to_owned(),
            );
        }
        lines
    }
}

fn files(open: Option<u64>) -> String {
    match open {
        Some(open) => format!(
            "limit: {open} open files, so about {} connections (raise it with `ulimit -n`)",
            open.saturating_sub(OPEN_FILES_OF_OUR_OWN)
        ),
        None => "limit: open files unknown; each connection takes one (see `ulimit -n`)".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use std::time::Duration;

    use super::*;

    type Change = fn(&mut Config);

    fn tutorial(change: impl FnOnce(&mut Config)) -> String {
        let mut config = Config::default();
        change(&mut config);
        config.tutorial(Some(1024)).join("\n")
    }

    #[test]
    fn every_address_is_told_with_all_that_stands_there() {
        let said = tutorial(|_| {});
        for url in [
            "http://127.0.0.1:11000/\n",
            "endpoint http://127.0.0.1:11000/socket.io/\n",
            "http://127.0.0.1:11000/healthz ",
            "http://127.0.0.1:11000/metrics ",
            "http://[::1]:11000/\n",
        ] {
            assert!(said.contains(url), "{url} in {said}");
        }
    }

    #[test]
    fn a_path_of_ones_own_is_told_as_the_client_writes_it() {
        let said = tutorial(|c| c.path = "/live/".into());
        assert!(
            said.contains(r#"io("http://127.0.0.1:11000", { path: "/live/" })"#),
            "{said}"
        );
    }

    #[test]
    fn limits_are_told_as_they_are_and_with_their_flags() {
        let said = tutorial(|c| {
            c.engine.max_payload = 3_000_000;
            c.engine.ping_timeout = Duration::from_secs(5);
        });
        for fact in [
            "at most 3MB (--max-payload)",
            "after 30s without a pong",
            "at 6MB (--outbox-bytes-max)",
            "after 5s without progress (--stall-timeout)",
        ] {
            assert!(said.contains(fact), "{fact} in {said}");
        }
    }

    #[test]
    fn open_files_are_told_as_connections() {
        let config = Config::default();
        assert!(
            config
                .tutorial(Some(1024))
                .join("\n")
                .contains("1024 open files, so about 960 connections")
        );
        assert!(config.tutorial(None).join("\n").contains("unknown"));
        assert!(config.tutorial(Some(3)).join("\n").contains("about 0 "));
    }

    #[test]
    fn nothing_is_called_relaxed_in_the_defaults() {
        assert!(!tutorial(|_| {}).contains("relaxed"));
    }

    #[test]
    fn each_relaxed_setting_is_told_with_what_it_means() {
        let cases: [(&str, Change); 5] = [
            ("relaxed: --listen 0.0.0.0:80", |c| {
                c.listen.push("0.0.0.0:80".parse().unwrap());
            }),
            ("relaxed: --origins *: every", |c| c.origins = Origins::Any),
            ("relaxed: --origins: web pages of 1 ", |c| {
                c.origins = "https://a.example".parse().unwrap();
            }),
            ("relaxed: --client-id keep", |c| {
                c.hub.client_id = ClientId::Keep;
            }),
            ("relaxed: --room-scope flat", |c| {
                c.hub.room_scope = RoomScope::Flat;
            }),
        ];
        for (line, change) in cases {
            let said = tutorial(change);
            assert!(said.contains(line), "{line} in {said}");
        }
    }
}
