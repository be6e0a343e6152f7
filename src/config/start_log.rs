//! The start log: what listens where, every setting as it is, and what has been relaxed, one readable line each.
//! Knows settings only; it says nothing that a log should not hold.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use serde_json::Value;

use super::table::Setting;
use super::{RoomScope, Settings, first_namespace};
use crate::transport::origin::{Origin, Origins};

/// What a proxy on this machine connects from.
const LOOPBACK: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::LOCALHOST),
    IpAddr::V6(Ipv6Addr::LOCALHOST),
];

impl Settings {
    /// The lines to log at start. `open_files`: how many files the process may have open, if known.
    ///
    /// The addresses are those of `listen` and `admin_listen`: put the ones really bound there first, where a port was 0.
    #[doc(hidden)]
    pub fn start_log(&self, open_files: Option<u64>) -> Vec<String> {
        let mut lines = Vec::new();
        let (http, ws) = match self.tls.files() {
            Some(_) => ("https", "wss"),
            None => ("http", "ws"),
        };
        for address in &self.listen {
            let here = self.here(*address);
            let url = format!("{http}://{here}");
            let namespace = match first_namespace(&self.namespaces) {
                "/" => "",
                name => name,
            };
            lines.push(format!("first page: {url}/"));
            if here != *address {
                lines.push(format!(
                    "that is for this machine: {address} is all its addresses, and other machines write this machine's name or address"
                ));
            }
            lines.push(format!(
                "Socket.IO clients: io({}{}), endpoint {url}{}",
                // Quoted as JavaScript does it.
                Value::from(format!("{url}{namespace}")),
                if self.path == Self::default().path {
                    String::new()
                } else {
                    format!(", {{ path: \"{}\" }}", self.path)
                },
                self.path
            ));
            let main = self.namespaces.iter().any(|name| name == "/");
            let others = [
                (
                    "SignalR's clients",
                    self.chat_hub.as_ref().filter(|_| main),
                    http,
                ),
                ("plain WebSockets", self.endpoints.websocket.as_ref(), ws),
                ("event streams", self.endpoints.events.as_ref(), http),
                ("echo", self.endpoints.echo.as_ref(), ws),
            ];
            for (what, path, scheme) in others {
                if let Some(path) = path {
                    let path = path.trim_end_matches('/');
                    let query = match what {
                        "plain WebSockets" | "event streams" if !namespace.is_empty() => {
                            format!("?namespace={}", in_query(namespace))
                        }
                        _ => String::new(),
                    };
                    lines.push(format!("{what}: {scheme}://{here}{path}{query}"));
                }
            }
            lines.push(format!(
                "for balancers: {url}/healthz (does it answer), {url}/readyz (does it take newcomers)"
            ));
        }
        if let Some(address) = self.admin_listen {
            let here = self.here(address);
            lines.push(format!(
                "metrics and health in detail: http://{here}/metrics, http://{here}/readyz (--admin-listen)"
            ));
        }
        lines.extend(self.api_lines(http));
        if let Some(address) = self.admin_listen.filter(|_| self.admin.is_on()) {
            let here = self.here(address);
            lines.push(format!(
                "admin view: http://{here}/admin/ (--admin.password-file)"
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
        lines.push(self.files(open_files));
        let relaxed = self.relaxed().into_iter();
        lines.extend(relaxed.map(|line| format!("relaxed: {line}")));
        lines
    }

    /// Where the HTTP API is served; where clients connect by the scheme that these have.
    fn api_lines(&self, scheme: &str) -> Vec<String> {
        if self.api.keys_file.is_none() {
            return Vec::new();
        }
        let public = self.listen.iter().filter(|_| self.api.public);
        let operators = self.admin_listen.iter().map(|address| ("http", address));
        let all: Vec<_> = operators
            .chain(public.map(|address| (scheme, address)))
            .collect();
        if all.is_empty() {
            return vec![
                "HTTP API: nowhere, because --admin-listen is off and --api.public, too".to_owned(),
            ];
        }
        let line = |(scheme, address): (&str, &SocketAddr)| {
            let here = self.here(*address);
            format!("HTTP API: {scheme}://{here}/api/v1 (--api.keys-file)")
        };
        all.into_iter().map(line).collect()
    }

    /// An address that this machine can open, for one that is listened on: one that stands for all of them is none.
    fn here(&self, address: SocketAddr) -> SocketAddr {
        let port = address.port();
        let is_shared = |other: &SocketAddr| other.is_ipv4() && other.port() == port;
        match address.ip() {
            ip if !ip.is_unspecified() => address,
            // It leaves IPv4 to the other one.
            IpAddr::V6(_) if self.listen.iter().any(is_shared) => {
                (Ipv6Addr::LOCALHOST, port).into()
            }
            // It takes IPv4, too, and that is there where ::1 may be missing.
            _ => (Ipv4Addr::LOCALHOST, port).into(),
        }
    }

    fn files(&self, open: Option<u64>) -> String {
        match open {
            Some(open) => format!(
                "limit: {open} open files, so about {} connections (raise it with `ulimit -n`)",
                self.connections_within(open).unwrap_or_default()
            ),
            None => {
                "limit: open files unknown; each connection takes one (see `ulimit -n`)".to_owned()
            }
        }
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

    /// What is not the default and no stranger's gain; what is stands in `insecure`.
    fn relaxed(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let far: Vec<_> = self
            .listen
            .iter()
            .filter(|a| !a.ip().is_loopback())
            .collect();
        if !far.is_empty() {
            let far: Vec<_> = far.into_iter().map(SocketAddr::to_string).collect();
            let far = far.join(",");
            if self.tls.files().is_none() {
                lines.push(format!(
                    "--listen {far}: other machines can connect, and without TLS: put a proxy before it that adds TLS, or write \
                     --tls.certificate-file"
                ));
            }
        }
        match self.admin_listen {
            Some(_) => {}
            None => lines.push("no metrics are served (--admin-listen off)".to_owned()),
        }
        match &self.origins {
            Origins::SameHost | Origins::Any => {}
            Origins::List(list) => lines.push(self.listed(list)),
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

/// A value as it stands in a query, readable where it can be.
fn in_query(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for byte in value.bytes() {
        match byte {
            b'/' | b'-' | b'.' | b'_' | b'~' => text.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => text.push(char::from(byte)),
            // Writing to memory cannot fail.
            _ => drop(write!(text, "%{byte:02X}")),
        }
    }
    text
}

#[cfg(test)]
mod tests;
