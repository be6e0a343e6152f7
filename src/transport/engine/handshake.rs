//! What a request to the Engine.IO path asks for, checked in the order of the protocol (wire reference 1.2 to 1.5).
//! Knows no HTTP library, no session and no socket: it judges a view of the request.

use std::cell::RefCell;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::query::Query;
use super::refusal::Refusal;
use crate::transport::host::Hosts;
use crate::transport::origin::{Names, Origins, Verdict};

/// The parts of a request that the handshake looks at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestView<'a> {
    /// The HTTP method, as sent.
    pub(crate) method: &'a str,
    /// The request asks to switch to WebSocket.
    pub(crate) upgrade: bool,
    /// What stands behind the `?`, still percent-encoded.
    pub(crate) query: &'a str,
    /// The raw value of `Origin`.
    pub(crate) origin: Option<&'a [u8]>,
    /// The raw value of `Host`.
    pub(crate) host: Option<&'a [u8]>,
    /// What proxies say that `Host` was before them.
    pub(crate) forwarded: &'a [&'a str],
    /// The raw value of `Sec-Fetch-Site`, which browsers write and pages cannot.
    pub(crate) site: Option<&'a [u8]>,
}

/// The settings that the handshake depends on.
#[derive(Clone, Debug)]
pub(crate) struct HandshakeSettings {
    /// Long-polling is served.
    pub(crate) polling: bool,
    /// WebSocket is served.
    pub(crate) websocket: bool,
    /// Engine.IO 3 is served as well as 4 (contract 1.13).
    pub(crate) allow_eio3: bool,
    /// Which web pages may connect.
    pub(crate) origins: Origins,
    /// Under which names they may.
    pub(crate) hosts: Hosts,
}

/// A way for bytes to come and go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    /// HTTP long-polling.
    Polling,
    /// WebSocket.
    WebSocket,
}

/// The version of the Engine.IO protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Revision {
    /// Clients 1.x and 2.x; also what a request without `EIO` speaks.
    V3,
    /// Clients 3.x and 4.x.
    V4,
}

/// What an acceptable request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    /// A new session.
    Open {
        /// The transport it begins on.
        transport: Transport,
        /// The version it speaks to its end.
        revision: Revision,
    },
    /// Something of a session that should exist; to be judged further by [`check_session`].
    Session {
        /// The session's id as sent: a secret, never to be logged.
        sid: String,
        /// What is asked of it.
        visit: Visit,
        /// An upgrade that comes with an origin which is not allowed: none but the hub's own page may have it.
        foreign: bool,
    },
}

/// What a request with a session id asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Visit {
    /// Long-polling: wait for packets.
    Get,
    /// Long-polling: bring packets.
    Post,
    /// Long-polling with a method that it does not have.
    OtherMethod,
    /// WebSocket was named, but the request does not ask to switch.
    NoUpgrade,
    /// Move the session to WebSocket.
    Upgrade,
}

/// Where a session is, as far as the handshake cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TransportNow {
    /// On long-polling, no upgrade under way.
    Polling,
    /// On long-polling, and a WebSocket is asking to take over.
    Upgrading,
    /// On WebSocket.
    WebSocket,
}

/// What to do with a request that the session takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// Answer with packets.
    Get,
    /// Read the body.
    Post,
    /// Switch to WebSocket and let it ask to take over.
    Upgrade,
    /// Switch to WebSocket and close it at once without a code: the session has one already (wire reference 1.5).
    SwitchAndClose,
}

/// Checks everything that needs no session, in the order of wire reference 1.4; for an upgrade all of it comes before
/// the switch.
///
/// The policies of hosts and origins are asked for handshakes and for every upgrade, not for later polls: a proxy that
/// changes `Host` must not break a session that began without an `Origin`, and nobody polls without knowing the secret
/// id. For the same reason the upgrade of a session is the caller's to judge, who knows whether the hub's own page opened
/// it: behind a proxy that changes `Host` its origin looks foreign. An image or a form of another site sends no `Origin`, so there its absence proves nothing.
pub(crate) fn check(
    request: &RequestView<'_>,
    settings: &HandshakeSettings,
) -> Result<Ask, Refusal> {
    let query = Query::parse(request.query);
    let transport = match query.transport.as_deref() {
        Some("polling") if settings.polling => Transport::Polling,
        Some("websocket") if settings.websocket => Transport::WebSocket,
        _ => return Err(Refusal::TransportUnknown),
    };
    let names = Names {
        host: request.host,
        forwarded: request.forwarded,
        own: settings.hosts.names(),
    };
    let verdict = settings.origins.judge(request.origin, &names);
    if verdict == Verdict::Illegal {
        return Err(Refusal::BadRequest);
    }
    let wants_switch = transport == Transport::WebSocket;
    if query.sid.is_none() || request.upgrade {
        if request.method != "GET" {
            return Err(Refusal::BadMethod);
        }
        if request.upgrade != wants_switch {
            return Err(Refusal::BadRequest);
        }
        if !settings.hosts.allow(request.host) {
            return Err(Refusal::ForeignHost);
        }
        let elsewhere = matches!(request.site, Some(b"cross-site" | b"same-site"));
        if verdict == Verdict::Refused && (query.sid.is_none() || elsewhere) {
            return Err(Refusal::Forbidden);
        }
        if request.origin.is_none() && request.site == Some(b"cross-site") {
            return Err(Refusal::CrossSite);
        }
    }
    let revision = match query.eio.as_deref() {
        Some("4") => Some(Revision::V4),
        Some("3") | None if settings.allow_eio3 => Some(Revision::V3),
        _ => None,
    };
    match (query.sid, revision) {
        (Some(sid), _) if !request.upgrade => Ok(Ask::Session {
            sid: sid.into_owned(),
            foreign: false,
            visit: match request.method {
                _ if wants_switch => Visit::NoUpgrade,
                "GET" => Visit::Get,
                "POST" => Visit::Post,
                _ => Visit::OtherMethod,
            },
        }),
        (_, None) => Err(Refusal::UnsupportedVersion),
        (Some(sid), Some(_)) => Ok(Ask::Session {
            sid: sid.into_owned(),
            visit: Visit::Upgrade,
            foreign: verdict == Verdict::Refused,
        }),
        (None, Some(revision)) => Ok(Ask::Open {
            transport,
            revision,
        }),
    }
}

/// Checks what needs the session: `now` is where the session with the id sent is, none if there is no such session.
pub(crate) fn check_session(visit: Visit, now: Option<TransportNow>) -> Result<Entry, Refusal> {
    let now = now.ok_or(Refusal::SessionUnknown)?;
    match (visit, now) {
        (Visit::Upgrade, TransportNow::Polling) => Ok(Entry::Upgrade),
        (Visit::Upgrade, _) => Ok(Entry::SwitchAndClose),
        (Visit::NoUpgrade, _) | (_, TransportNow::WebSocket) => Err(Refusal::BadRequest),
        (Visit::Get, _) => Ok(Entry::Get),
        (Visit::Post, _) => Ok(Entry::Post),
        (Visit::OtherMethod, _) => Err(Refusal::OtherMethod),
    }
}

/// The open packet, `0` and JSON with the keys and their order of wire reference 1.2; `max_payload` in bytes.
///
/// `upgrades` is JSON; `sid` needs no escaping: it is ours.
pub(crate) fn open_packet(
    sid: &str,
    upgrades: &'static str,
    ping_interval: Duration,
    ping_timeout: Duration,
    max_payload: usize,
) -> String {
    format!(
        r#"0{{"sid":"{sid}","upgrades":{upgrades},"pingInterval":{},"pingTimeout":{},"maxPayload":{max_payload}}}"#,
        ping_interval.as_millis(),
        ping_timeout.as_millis(),
    )
}

/// A new session id: 20 URL-safe characters, 120 bits, all of them from the system's generator.
///
/// # Errors
/// The system has no randomness to give; no session may be opened then.
pub(crate) fn new_sid() -> Result<String, getrandom::Error> {
    let secret = SECRETS.with_borrow_mut(|(ahead, left)| {
        if *left == 0 {
            getrandom::fill(ahead.as_flattened_mut())?;
            *left = SECRETS_AHEAD;
        }
        *left -= 1;
        // What was handed out is not kept.
        Ok(std::mem::take(&mut ahead[*left]))
    });
    Ok(URL_SAFE_NO_PAD.encode(secret?))
}

/// Ids that a thread asks the system for at once.
const SECRETS_AHEAD: usize = 16;

thread_local! {
    /// Randomness for the next ids, and for how many there is some.
    static SECRETS: RefCell<([[u8; 15]; SECRETS_AHEAD], usize)> =
        const { RefCell::new(([[0; 15]; SECRETS_AHEAD], 0)) };
}

#[cfg(test)]
mod tests;
