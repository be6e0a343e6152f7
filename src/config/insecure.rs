//! What settings leave open to strangers, a line each: for as long as one is so it is told of; and the settings that do
//! nothing else. Tells nobody itself.

use std::net::SocketAddr;

use ipnet::IpNet;

use super::Settings;
use super::spelling::{Spelling, Switch};
use super::table::settings;
use crate::transport::origin::Origins;

settings! {
    /// What only relaxes: each is told of every minute for as long as it is on.
    pub struct InsecureSettings = "insecure" at [insecure] {
        /// No limits of rates (limits.…-per-s) hold; for load tests.
        no_rate_limits: bool as Switch = false;
        /// The clientId of a message stays as the client sent it (contract 2.2), so that one client can speak as another.
        keep_client_id: bool as Switch = false;
    }
}

/// Bits that the widest private network has: 10.0.0.0/8.
const PRIVATE_V4: u8 = 8;
/// The same of IPv6: fc00::/7.
const PRIVATE_V6: u8 = 7;

impl Settings {
    /// Whether clients must show who they are before they may say anything.
    fn asks_who_clients_are(&self) -> bool {
        !self.auth.guests
    }

    /// Said where the networks of proxies have more of the internet in them than one house has.
    pub(super) fn believes_everybody(&self) -> Option<String> {
        let private = |network: &&IpNet| match network {
            IpNet::V4(_) => network.prefix_len() >= PRIVATE_V4,
            IpNet::V6(_) => network.prefix_len() >= PRIVATE_V6,
        };
        let wide = self.trusted_proxies.iter().filter(|one| !private(one));
        let wide: Vec<_> = wide.map(IpNet::to_string).collect();
        (!wide.is_empty()).then(|| {
            format!(
                "--trusted-proxies {}: everybody's word on an address is taken, so no limit and no ban of an address holds for who \
                 lies; write the addresses of the proxies",
                wide.join(",")
            )
        })
    }

    /// Each relaxation that strangers can use, with what to do. Whoever adds one gives it a line here; a setting that does nothing
    /// else than relax has the word in its name, too.
    #[doc(hidden)]
    pub fn insecure(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let far = self.listen.iter().filter(|at| !at.ip().is_loopback());
        let far: Vec<_> = far.map(SocketAddr::to_string).collect();
        if !far.is_empty() && !self.asks_who_clients_are() {
            lines.push(format!(
                "--listen {}: other machines can connect, and nobody asks them who they are; if that shall not be, give it a key \
                 for tokens and --auth.guests off, or listen on 127.0.0.1 behind a proxy that asks",
                far.join(",")
            ));
        }
        if !far.is_empty() && self.api.public && self.tls.certificate_file.is_none() {
            lines.push(
                "--api.public on: keys of the HTTP API come from other machines without TLS, so whoever is between reads them; give it \
                 a certificate, or put a proxy before it that has one"
                    .to_owned(),
            );
        }
        if let Some(address) = self.admin_listen.filter(|at| !at.ip().is_loopback()) {
            lines.push(format!(
                "--admin-listen {address}: other machines can read metrics and health in detail, ask the HTTP API if it has keys and the admin view if it has a password, without TLS; \
                 keep the port from strangers, or listen on 127.0.0.1"
            ));
        }
        if self.origins == Origins::Any {
            lines.push(
                "--origins *: every web page that a visitor opens can connect from the visitor's browser; list those that shall"
                    .to_owned(),
            );
        }
        lines.extend(self.believes_everybody());
        if self.insecure.no_rate_limits {
            lines.push(
                "--insecure.no-rate-limits on: a client may send and cause as much as it likes; it is for load tests"
                    .to_owned(),
            );
        }
        if self.insecure.keep_client_id {
            lines.push(
                "--insecure.keep-client-id on: a client can give any clientId as its own, so it can speak as another; off makes \
                 it the hub's word"
                    .to_owned(),
            );
        }
        lines
            .into_iter()
            .map(|line| format!("insecure: {line}"))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    type Change = fn(&mut Settings);

    fn told(change: Change) -> Vec<String> {
        let mut settings = Settings::default();
        change(&mut settings);
        settings.insecure()
    }

    const PRIVATE: [&str; 4] = ["10.0.0.0/8", "fc00::/7", "127.0.0.1/32", "203.0.113.7/32"];

    fn networks(texts: &[&str]) -> Vec<IpNet> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    /// Fails if a relaxation is not told of, or with another one.
    #[test]
    fn each_relaxation_that_strangers_can_use_is_told() {
        let changes: [(&str, Change); 8] = [
            ("--listen 0.0.0.0:80: ", |c| {
                c.listen = vec![
                    "127.0.0.1:80".parse().unwrap(),
                    "0.0.0.0:80".parse().unwrap(),
                ];
            }),
            ("--admin-listen 0.0.0.0:81: ", |c| {
                c.admin_listen = Some("0.0.0.0:81".parse().unwrap());
            }),
            ("--api.public on: ", |c| {
                c.listen = vec!["0.0.0.0:80".parse().unwrap()];
                c.auth.guests = false;
                c.api.public = true;
            }),
            ("--origins *: ", |c| c.origins = Origins::Any),
            ("--trusted-proxies ::/0,0.0.0.0/0: ", |c| {
                c.trusted_proxies = networks(&["10.0.0.0/8", "::/0", "fc00::/7", "0.0.0.0/0"]);
            }),
            // Two halves are a whole.
            ("--trusted-proxies 0.0.0.0/1,128.0.0.0/1,2000::/3: ", |c| {
                c.trusted_proxies = networks(&["0.0.0.0/1", "128.0.0.0/1", "2000::/3"]);
            }),
            ("--insecure.no-rate-limits on: ", |c| {
                c.insecure.no_rate_limits = true;
            }),
            ("--insecure.keep-client-id on: ", |c| {
                c.insecure.keep_client_id = true;
            }),
        ];
        for (begin, change) in changes {
            let lines = told(change);
            let is_told =
                matches!(&lines[..], [line] if line.starts_with(&format!("insecure: {begin}")));
            assert!(is_told, "{begin}: {lines:?}");
        }
    }

    /// Fails if a setting that does nothing else than relax has a name that does not say so, or is on by itself.
    #[test]
    fn what_only_relaxes_is_called_insecure_and_is_off() {
        let all = Settings::table().filter(|setting| setting.name().contains("insecure"));
        let all: Vec<_> = all.collect();
        assert_eq!(all.len(), InsecureSettings::TABLE.len());
        for setting in all {
            let name = setting.name();
            assert_eq!(setting.default(), "off", "{name}");
            let mut settings = Settings::default();
            (setting.read)(&mut settings, "on").unwrap();
            let lines = settings.insecure();
            let begin = format!("insecure: --{name} on: ");
            assert!(
                matches!(&lines[..], [line] if line.starts_with(&begin)),
                "{lines:?}"
            );
        }
    }

    /// Fails if who has relaxed nothing is warned each minute.
    #[test]
    fn nothing_is_told_of_the_defaults_and_of_the_loopback() {
        assert_eq!(told(|_| {}), [""; 0]);
        let own = told(|c| c.listen = vec!["[::1]:80".parse().unwrap()]);
        assert_eq!(own, [""; 0]);
        let asks = told(|c| {
            c.listen = vec!["0.0.0.0:80".parse().unwrap()];
            c.auth.guests = false;
        });
        assert_eq!(asks, [""; 0], "who comes in has shown a token");
        assert_eq!(told(|c| c.trusted_proxies = networks(&PRIVATE)), [""; 0]);
    }
}
