//! The start log: what listens where, every setting as it is, and what has been relaxed, one readable line each.
//! Knows settings only; it says nothing that a log should not hold.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::table::Setting;
use super::{ClientId, RoomScope, Settings};
use crate::transport::origin::{Origin, Origins};

/// Files that the program itself needs, beside one for each connection.
const OPEN_FILES_OF_OUR_OWN: u64 = 64;

/// What a proxy on this machine connects from.
const LOOPBACK: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::LOCALHOST),
    IpAddr::V6(Ipv6Addr::LOCALHOST),
];

impl Settings {
    /// The lines to log at start. `open_files`: how many files the process may have open, if known.
    ///
    /// The addresses are those of `listen`: put the ones really bound there first, where a port was 0.
    pub fn start_log(&self, open_files: Option<u64>) -> Vec<String> {
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
                "for balancers: {url}/healthz (does it answer), {url}/readyz (does it take newcomers)"
            ));
        }
        let table: Vec<_> = Self::table().collect();
        let groups = table.chunk_by(|one, next| one.section == next.section);
        lines.extend(groups.map(|group| self.told(group)));
        if self.hosts.is_empty() {
            lines.push("a request may come under any host name (--hosts)".to_owned());
        }
        let trusts = |ip: &IpAddr| {
            self.trusted_proxies
                .iter()
                .any(|proxies| proxies.contains(ip))
        };
        let proxy = if LOOPBACK.iter().any(trusts) {
            ""
        } else {
            "; if a proxy on this machine is in front, name it in --trusted-proxies, else its clients have none"
        };
        lines.push(format!(
            "no limits per address for 127.0.0.1 and ::1{proxy}"
        ));
        lines.push(files(open_files));
        let relaxed = self.relaxed().into_iter();
        lines.extend(relaxed.map(|line| format!("relaxed: {line}")));
        lines
    }

    /// The settings of one section in a line.
    fn told(&self, group: &[&Setting]) -> String {
        let section = group.first().map_or("", |setting| setting.section);
        let title = if section.is_empty() {
            "server"
        } else {
            section
        };
        let values: Vec<_> = group
            .iter()
            .map(|setting| {
                let computed = setting.computed.is_some() && !(setting.is_set)(self);
                format!(
                    "{} {}{}",
                    setting.key(),
                    (setting.show)(self),
                    if computed { " (computed)" } else { "" }
                )
            })
            .collect();
        format!("{title}: {}", values.join("; "))
    }

    /// What a list of origins lets in.
    fn listed(&self, list: &[Origin]) -> String {
        let own = list.contains(&Origin::SameHost);
        let count = list
            .iter()
            .filter(|&origin| *origin != Origin::SameHost)
            .count();
        let plural = if count == 1 { "" } else { "s" };
        let under = match (self.hosts.is_empty(), own) {
            (false, _) => "under the names of --hosts",
            (true, true) => "under any name",
            (true, false) => {
                "under an IP address, localhost or the host of a listed origin, else only with same-host in the list"
            }
        };
        format!(
            "--origins: web pages of {count} listed origin{plural} can connect, and the hub's own page {under}"
        )
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
            Origins::List(list) => lines.push(self.listed(list)),
        }
        if !self.rate_limits {
            lines.push(
                "--rate-limits off: a client may send and cause as much as it likes".to_owned(),
            );
        }
        if self.hub.client_id == ClientId::Keep {
            lines.push(
                "--hub.client-id keep: a client can give any clientId as its own, so it can speak as another"
                    .to_owned(),
            );
        }
        if self.hub.room_scope == RoomScope::Flat {
            lines.push(
                "--hub.room-scope flat: a room is one room across all channels, whoever names it joins it"
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

    type Change = fn(&mut Settings);

    fn said(change: impl FnOnce(&mut Settings)) -> String {
        let mut settings = Settings::default();
        change(&mut settings);
        settings.start_log(Some(1024)).join("\n")
    }

    #[test]
    fn every_address_is_told_with_all_that_stands_there() {
        let said = said(|_| {});
        for url in [
            "http://127.0.0.1:11000/\n",
            "endpoint http://127.0.0.1:11000/socket.io/\n",
            "http://127.0.0.1:11000/healthz ",
            "http://127.0.0.1:11000/readyz ",
            "http://[::1]:11000/\n",
        ] {
            assert!(said.contains(url), "{url} in {said}");
        }
    }

    #[test]
    fn a_path_of_ones_own_is_told_as_the_client_writes_it() {
        let said = said(|c| c.path = "/live/".into());
        assert!(
            said.contains(r#"io("http://127.0.0.1:11000", { path: "/live/" })"#),
            "{said}"
        );
    }

    #[test]
    fn every_setting_is_told_as_it_is_in_the_line_of_its_section() {
        let mut settings = Settings::default();
        settings.engine.max_payload = 30_000_000;
        settings.engine.ping_timeout = Duration::from_secs(5);
        settings.memory_max = Some(1 << 30);
        let lines = settings.start_log(None);
        for setting in Settings::table() {
            let title = match setting.section {
                "" => "server",
                section => section,
            };
            let told = format!(" {} {}", setting.key(), (setting.show)(&settings));
            assert!(
                lines
                    .iter()
                    .any(|line| line.starts_with(&format!("{title}:")) && line.contains(&told)),
                "{title} {told} in {lines:#?}"
            );
        }
        let said = lines.join("\n");
        for fact in [
            "max-payload 30MB;",
            "outbox-bytes-max 60MB (computed);",
            "stall-timeout 5s (computed);",
            "memory-max 1GiB;",
            "hosts any;",
            "trusted-proxies none;",
        ] {
            assert!(said.contains(fact), "{fact} in {said}");
        }
    }

    #[test]
    fn whose_limits_do_not_hold_and_whose_names_are_taken_is_told() {
        let open = said(|_| {});
        assert!(
            open.contains("no limits per address for 127.0.0.1 and ::1"),
            "{open}"
        );
        let behind = said(|c| c.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()]);
        assert!(!behind.contains("name it in --trusted-proxies"), "{behind}");
        assert!(open.contains("any host name"), "{open}");
        let closed = said(|c| c.hosts = vec!["chat.example".into()]);
        assert!(!closed.contains("any host name"), "{closed}");
    }

    #[test]
    fn open_files_are_told_as_connections() {
        let settings = Settings::default();
        assert!(
            settings
                .start_log(Some(1024))
                .join("\n")
                .contains("1024 open files, so about 960 connections")
        );
        assert!(settings.start_log(None).join("\n").contains("unknown"));
        assert!(settings.start_log(Some(3)).join("\n").contains("about 0 "));
    }

    #[test]
    fn nothing_is_called_relaxed_in_the_defaults() {
        assert!(!said(|_| {}).contains("relaxed"));
    }

    /// The README has it in full, and `transport::origin` decides it.
    #[test]
    fn under_which_names_a_list_lets_the_hubs_own_page_in_is_told() {
        let sure = "under an IP address, localhost or the host of a listed origin, else only with same-host in the list";
        for (origins, hosts, listed, under) in [
            ("https://a.example", "", "1 listed origin can", sure),
            ("https://a.example,null", "", "2 listed origins can", sure),
            (
                "same-host,null",
                "",
                "1 listed origin can",
                "under any name",
            ),
            (
                "https://a.example",
                "b.example",
                "1 listed",
                "under the names of --hosts",
            ),
            (
                "same-host,null",
                "b.example",
                "1 listed",
                "under the names of --hosts",
            ),
        ] {
            let said = said(|c| {
                c.origins = origins.parse().unwrap();
                c.hosts = hosts.split_terminator(',').map(str::to_owned).collect();
            });
            let line = said
                .lines()
                .find(|line| line.starts_with("relaxed: --origins"));
            let line = line.expect("it is relaxed");
            assert!(line.contains(listed), "{listed} in {line}");
            assert!(
                line.ends_with(&format!("the hub's own page {under}")),
                "{under} in {line}"
            );
        }
    }

    #[test]
    fn each_relaxed_setting_is_told_with_what_it_means() {
        let cases: [(&str, Change); 6] = [
            ("relaxed: --listen 0.0.0.0:80", |c| {
                c.listen.push("0.0.0.0:80".parse().unwrap());
            }),
            ("relaxed: --origins *: every", |c| c.origins = Origins::Any),
            (
                "relaxed: --origins: web pages of 1 listed origin can",
                |c| {
                    c.origins = "https://a.example".parse().unwrap();
                },
            ),
            ("relaxed: --rate-limits off", |c| c.rate_limits = false),
            ("relaxed: --hub.client-id keep", |c| {
                c.hub.client_id = ClientId::Keep;
            }),
            ("relaxed: --hub.room-scope flat", |c| {
                c.hub.room_scope = RoomScope::Flat;
            }),
        ];
        for (line, change) in cases {
            let said = said(change);
            assert!(said.contains(line), "{line} in {said}");
        }
    }
}
