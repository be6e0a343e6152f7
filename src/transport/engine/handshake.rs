//! What a request to the Engine.IO path asks for, checked in the order of the protocol (wire reference 1.2 to 1.5).
//! Knows no HTTP library, no session and no socket: it judges a view of the request.

use std::time::Duration;

use super::query::Query;
use crate::transport::host::Hosts;
use crate::transport::origin::{Names, Origins, Verdict};
use crate::transport::refusal::Refusal;
use crate::transport::stage::Stage;

/// The parts of a request that the handshake looks at.
#[derive(Clone, Debug)]
pub(crate) struct RequestView<'a> {
    /// The HTTP method, as sent.
    pub(crate) method: &'a str,
    /// The request asks to switch to WebSocket.
    pub(crate) upgrade: bool,
    /// What stands behind the `?`.
    pub(crate) query: Query<'a>,
    /// The raw value of `Origin`.
    pub(crate) origin: Option<&'a [u8]>,
    /// The raw value of `Host`.
    pub(crate) host: Option<&'a [u8]>,
    /// What proxies say that `Host` was before them.
    pub(crate) forwarded: &'a [&'a str],
    /// The raw value of `Sec-Fetch-Site`, which browsers write and pages cannot.
    pub(crate) site: Option<&'a [u8]>,
}

/// What an acceptable request asks for: without a session id a new session, else something of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EngineRequest {
    /// A new session, on long-polling or, if it asks to switch, on WebSocket.
    Open,
    /// Long-polling: wait for packets.
    Get,
    /// Long-polling: bring packets.
    Post,
    /// Move the session to WebSocket.
    Upgrade {
        /// It comes with an origin that is not allowed: none but the hub's own page may have it.
        foreign: bool,
    },
    /// What no session takes: refused once it is known that there is one.
    Unfit(Refusal),
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
    origins: &Origins,
    hosts: &Hosts,
) -> Result<EngineRequest, Refusal> {
    let query = &request.query;
    let wants_switch = match query.transport.as_deref() {
        Some("polling") => false,
        Some("websocket") => true,
        _ => return Err(Refusal::TransportUnknown),
    };
    let names = Names {
        host: request.host,
        forwarded: request.forwarded,
        own: hosts.names(),
    };
    let verdict = origins.judge(request.origin, &names);
    if verdict == Verdict::Illegal {
        return Err(Refusal::BadRequest);
    }
    if query.sid.is_none() || request.upgrade {
        if request.method != "GET" {
            return Err(Refusal::BadMethod);
        }
        if request.upgrade != wants_switch {
            return Err(Refusal::BadRequest);
        }
        if !hosts.allow(request.host) {
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
    if query.sid.is_some() && !request.upgrade {
        return Ok(match request.method {
            _ if wants_switch => EngineRequest::Unfit(Refusal::BadRequest),
            "GET" => EngineRequest::Get,
            "POST" => EngineRequest::Post,
            _ => EngineRequest::Unfit(Refusal::OtherMethod),
        });
    }
    if query.eio.as_deref() != Some("4") {
        return Err(Refusal::UnsupportedVersion);
    }
    let foreign = verdict == Verdict::Refused;
    Ok(match query.sid {
        None => EngineRequest::Open,
        Some(_) => EngineRequest::Upgrade { foreign },
    })
}

/// Whether a session takes what is asked of it, where it stands; none if there is no such session. A WebSocket that it has
/// no use for is closed once it is there (wire reference 1.5).
pub(crate) fn check_session(request: EngineRequest, stage: Option<Stage>) -> Result<(), Refusal> {
    match (request, stage.ok_or(Refusal::SessionUnknown)?) {
        (EngineRequest::Upgrade { .. }, _) => Ok(()),
        (_, Stage::WebSocket) => Err(Refusal::BadRequest),
        (EngineRequest::Unfit(refusal), _) => Err(refusal),
        _ => Ok(()),
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

#[cfg(test)]
mod tests;
