//! `dondo doctor --url`: opens the hub as people do, through whatever stands in front of it, and says what that leaves out.

use std::io::{self, Read};
use std::time::Duration;

use ureq::http::Uri;
use ureq::http::uri::PathAndQuery;

use super::Finding;
use crate::asking::agent;
use crate::config::Settings;

/// How long an answer may take. The hub's own come at once.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes of an answer that are looked at.
const LOOKED_AT: u64 = 4 * 1024;
const POLL: &str = "EIO=4&transport=polling";
/// What a stream joins that nobody listens to.
const CHANNEL: &str = "dondo-doctor";

/// The hub behind an address.
struct Front<'a> {
    settings: &'a Settings,
    agent: ureq::Agent,
    /// Scheme and authority, as a browser writes them.
    origin: String,
    host: String,
    /// What the hub's paths stand below, without a slash at its end.
    prefix: String,
}

/// What came, if anything did.
struct Came {
    status: u16,
    location: Option<String>,
    body: String,
}

/// What is wrong with the way to a hub of these settings.
pub(super) fn through(url: &str, settings: &Settings) -> Vec<Finding> {
    let Some(mut front) = Front::at(url, settings) else {
        return vec![Finding::Fault(format!(
            "--url {url} is no address of a page; write the one that people open, as in https://chat.example/"
        ))];
    };
    let mut found: Vec<_> = front.untrusted().into_iter().collect();
    match front.opens() {
        Ok(()) => {
            found.extend(front.hides_its_name());
            found.extend(front.has_no_websocket());
            found.extend(front.holds_streams_back());
        }
        Err(wrong) => found.push(Finding::Fault(wrong)),
    }
    found
}

impl<'a> Front<'a> {
    fn at(url: &str, settings: &'a Settings) -> Option<Self> {
        let uri = url.parse::<Uri>().ok()?;
        let scheme = uri
            .scheme_str()
            .filter(|one| ["http", "https"].contains(one))?;
        let authority = uri.authority().filter(|one| !one.as_str().contains('@'))?;
        let path = uri.path_and_query().map_or("/", PathAndQuery::path);
        Some(Self {
            settings,
            agent: agent(PATIENCE),
            origin: format!("{scheme}://{authority}"),
            host: authority.host().to_owned(),
            prefix: path.trim_end_matches('/').to_owned(),
        })
    }

    /// Where one of the hub's paths is from outside.
    fn url(&self, path: &str, query: &str) -> String {
        format!("{}{}{path}?{query}", self.origin, self.prefix)
    }

    fn ask(&self, path: &str, query: &str, headers: &[(&str, &str)]) -> Result<Came, ureq::Error> {
        let request = self.agent.get(self.url(path, query));
        let request = headers.iter().fold(request, |request, (name, value)| {
            request.header(*name, *value)
        });
        let answer = request.call()?;
        let location = answer.headers().get("location");
        let location = location.and_then(|place| place.to_str().ok().map(str::to_owned));
        let status = answer.status().as_u16();
        let mut body = Vec::new();
        // Nothing comes behind an upgrade, and what is no text is no answer of a hub.
        if status != 101 {
            let reader = answer.into_body().into_reader();
            let _ = reader.take(LOOKED_AT).read_to_end(&mut body);
        }
        Ok(Came {
            status,
            location,
            body: String::from_utf8_lossy(&body).into_owned(),
        })
    }

    /// A session by long-polling, which is closed again.
    fn poll(&self, headers: &[(&str, &str)]) -> Result<Came, ureq::Error> {
        let path = &self.settings.path;
        let came = self.ask(path, POLL, headers)?;
        if let Some(id) = came.session() {
            let query = format!("{POLL}&sid={id}");
            let _ = self.agent.post(self.url(path, &query)).send("1");
        }
        Ok(came)
    }

    /// Whether a client comes in; if not, why.
    fn opens(&mut self) -> Result<(), String> {
        let mut came = self.poll(&[]);
        // The proxy may leave the prefix to the hub, whose paths have it then.
        let is_within = self.settings.path.starts_with(&format!("{}/", self.prefix));
        if !self.prefix.is_empty() && is_within {
            let prefix = std::mem::take(&mut self.prefix);
            came = self.poll(&[]);
            if !came.as_ref().is_ok_and(Came::is_session) {
                self.prefix = prefix;
            }
        }
        let url = self.url(&self.settings.path, POLL);
        let hub = self.hub();
        let came = came.map_err(|error| {
            format!("{url} cannot be had: {error}; look whether the proxy runs, at the name and at the certificate")
        })?;
        if came.is_session() {
            return Ok(());
        }
        let hosts = &self.settings.hosts;
        Err(match came.status {
            300..400 => format!(
                "{url} leads to {}; write that address behind --url, and clients need it, too",
                came.location.unwrap_or_default()
            ),
            503 if came.body.contains("\"code\"") => format!(
                "{url} is refused by the hub: {}; `dondo codes` has what to do",
                came.body.trim()
            ),
            502..=504 => format!(
                "{url} answers {}: the proxy does not reach the hub; lead it there: nginx `proxy_pass http://{hub};`, HAProxy \
                 `server hub {hub}`, Apache `ProxyPass / http://{hub}/`",
                came.status
            ),
            400 | 403
                if !hosts.is_empty()
                    && !hosts.iter().any(|own| self.host.eq_ignore_ascii_case(own)) =>
            {
                format!(
                    "{url} answers {}: the hub does not know the name; start it with `--hosts {},{}`",
                    came.status,
                    hosts.join(","),
                    self.host
                )
            }
            400 | 403 => format!(
                "{url} answers {}: {}; the log of the hub says why, and what to write",
                came.status,
                came.body.trim()
            ),
            status if self.prefix.is_empty() => format!(
                "{url} answers {status}, and not as a hub: lead all paths there: nginx `location / {{ proxy_pass http://{hub}; }}`, \
                 Apache `ProxyPass / http://{hub}/`"
            ),
            status => format!(
                "{url} answers {status}, and not as a hub: have the proxy take the prefix away, nginx `location {0}/ {{ proxy_pass \
                 http://{hub}/; }}` with the slash at its end, or start the hub with `--path {0}/socket.io/`",
                self.prefix
            ),
        })
    }

    /// The address that a proxy should ask.
    fn hub(&self) -> String {
        let first = self.settings.listen.first();
        first.map_or_else(|| "127.0.0.1:11000".to_owned(), ToString::to_string)
    }

    /// Whose word counts on a client's address the settings say; whether it is given, the hub alone would know.
    fn untrusted(&self) -> Option<Finding> {
        self.settings.trusted_proxies.is_empty().then(|| {
            Finding::Warning(
                "X-Forwarded-For is nobody's: all clients behind a proxy count as one address; write the proxy's: `--trusted-proxies \
                 127.0.0.1`, and in it: nginx `proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;`, HAProxy `option forwardfor`"
                    .to_owned(),
            )
        })
    }

    /// Pages say where they are from; the hub compares that with the name that it was asked by.
    fn hides_its_name(&self) -> Option<Finding> {
        let came = self.poll(&[("Origin", &self.origin)]);
        let is_let_in = came.as_ref().is_ok_and(Came::is_session);
        (!is_let_in).then(|| {
            let told = came.map_or_else(|error| error.to_string(), |came| came.status.to_string());
            Finding::Fault(format!(
                "a page of {0} is refused ({told}), as the hub was asked by another name: pages get no WebSocket; write in the proxy: \
                 nginx `proxy_set_header Host $http_host;`, Apache `ProxyPreserveHost On`, or start the hub with `--origins \
                 same-host,{0}`",
                self.origin
            ))
        })
    }

    fn has_no_websocket(&self) -> Option<Finding> {
        let headers = [
            ("Connection", "Upgrade"),
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Version", "13"),
            // Of RFC 6455: nothing is secret about it.
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ];
        let came = self.ask(&self.settings.path, "EIO=4&transport=websocket", &headers);
        let told = match came {
            Ok(came) if came.status == 101 => return None,
            Ok(came) => format!("answers {}", came.status),
            Err(error) => error.to_string(),
        };
        Some(Finding::Fault(format!(
            "no WebSocket is opened ({told}): clients stay on long-polling; write in the proxy: nginx `proxy_http_version 1.1; \
             proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection \"upgrade\";`, Apache `ProxyPass / http://{}/ \
             upgrade=websocket`",
            self.hub()
        )))
    }

    /// A stream tells at once that it has joined, unless somebody waits for more. Its first bytes alone show nothing: a proxy passes on
    /// what came with the head.
    fn holds_streams_back(&self) -> Option<Finding> {
        let path = self.settings.endpoints.events.as_deref()?;
        let query = format!("channel={CHANNEL}");
        let url = self.url(path.trim_end_matches('/'), &query);
        let request = self.agent.get(&url).header("Accept", "text/event-stream");
        let told = match request.call() {
            Ok(answer) if answer.status() == 200 => {
                match told_whole(answer.into_body().into_reader()) {
                    Ok(true) => return None,
                    Ok(false) => "it ends before it has joined".to_owned(),
                    Err(error) => error.to_string(),
                }
            }
            Ok(answer) if answer.status() == 404 => {
                let (prefix, hub) = (&self.prefix, self.hub());
                return Some(Finding::Fault(format!(
                    "{url} answers 404: event streams do not reach the hub; lead them there, too: nginx `location {prefix}/events {{ \
                     proxy_pass http://{hub}; }}`, or start the hub with `--endpoints.events off`"
                )));
            }
            // Whoever has no token, or too many sessions, gets no stream: the proxy is not in its way.
            Ok(_) => return None,
            Err(error) => error.to_string(),
        };
        Some(Finding::Fault(format!(
            "an event stream is held back ({told}): who listens hears late; write in the proxy: nginx `proxy_http_version 1.1; \
             proxy_buffering off;`, Apache `ProxyPass / http://{}/ upgrade=websocket flushpackets=on`; no proxy may compress \
             text/event-stream",
            self.hub()
        )))
    }
}

/// Whether a stream says how its join went, or that there is none.
fn told_whole(stream: impl Read) -> io::Result<bool> {
    let (mut stream, mut told) = (stream.take(LOOKED_AT), Vec::new());
    let mut piece = [0; 512];
    loop {
        let count = stream.read(&mut piece)?;
        told.extend_from_slice(&piece[..count]);
        let text = String::from_utf8_lossy(&told);
        if ["\nevent: ack\n", "\nevent: refused\n"]
            .iter()
            .any(|record| text.contains(record))
        {
            return Ok(true);
        }
        if count == 0 {
            return Ok(false);
        }
    }
}

impl Came {
    /// The id of the session that was opened.
    fn session(&self) -> Option<&str> {
        let open = self
            .body
            .strip_prefix("0{")
            .filter(|_| self.status == 200)?;
        let (_, rest) = open.split_once("\"sid\":\"")?;
        rest.split('"').next()
    }

    fn is_session(&self) -> bool {
        self.session().is_some()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use super::*;

    /// Fails if an address that nobody opens is asked, or a prefix or port is lost.
    #[test]
    fn an_address_is_one_of_a_page() {
        let settings = Settings::default();
        for wrong in ["", "chat.example", "/chat", "ftp://a/", "https://a:b@c/"] {
            let found = through(wrong, &settings);
            let [Finding::Fault(said)] = &found[..] else {
                panic!("{wrong}: {found:?}");
            };
            assert!(said.contains("is no address of a page"), "{said}");
        }
        for (given, asked) in [
            ("https://chat.example", "https://chat.example/ws?a"),
            ("http://[::1]:81/chat/?x", "http://[::1]:81/chat/ws?a"),
        ] {
            assert_eq!(Front::at(given, &settings).unwrap().url("/ws", "a"), asked);
        }
    }
}
