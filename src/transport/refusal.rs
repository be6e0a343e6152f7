//! Every reason for which a request is refused, of whatever protocol, and the answer where that is the same for all.
//! Knows neither request nor session: whoever refuses has looked at them.

use actix_web::http::StatusCode;
use dondo_actors::notice::Cause;

use super::answer::Answer;
use crate::notices;

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The query names no transport, or one that is unknown.
    TransportUnknown,
    /// No session has this id.
    SessionUnknown,
    /// A session is opened with another method.
    BadMethod,
    /// The request contradicts itself or the session.
    BadRequest,
    /// The origins policy says no.
    Forbidden,
    /// The same for the upgrade of a session that polls.
    UpgradeForbidden,
    /// This version of the protocol is not served.
    UnsupportedVersion,
    /// `hosts` does not have the name that the hub was asked for under.
    ForeignHost,
    /// The browser says that a page of another site asks, and no origin that is allowed stands in for it.
    CrossSite,
    /// Status 503, and the connection is closed: the server takes no new sessions any more.
    ShuttingDown,
    /// Status 503, and the connection is closed: `limits.sessions-max`.
    SessionsMax,
    /// Status 503, and the connection is closed: `limits.address-sessions-max`.
    AddressSessionsMax,
    /// Status 503, and the connection is closed: `limits.connection-sessions-max`.
    ConnectionSessionsMax,
    /// Status 503, and the connection is closed: `limits.address-handshakes-per-s`.
    AddressHandshakes,
    /// Status 500 without a body: the session exists, but its transport has no such method. The session goes on.
    OtherMethod,
    /// Status 413 without a body, and the connection is closed: more than `--engine.max-payload`.
    PayloadTooLarge,
    /// Status 500 without a body, and the connection is closed: the system has no randomness to give.
    NoSecret,
    /// Status 503, and the connection is closed: `memory-max`.
    MemoryMax,
    /// Status 503, and the connection is closed: the host's login takes longer than `Builder::admission_timeout`.
    LoginTimeout,
    /// Status 403, and the connection is closed: whoever moderates has banned the address.
    Banned,
}

impl Refusal {
    /// All of them, for metrics.
    pub(super) const ALL: [Self; 20] = [
        Self::TransportUnknown,
        Self::SessionUnknown,
        Self::BadMethod,
        Self::BadRequest,
        Self::Forbidden,
        Self::UpgradeForbidden,
        Self::UnsupportedVersion,
        Self::ForeignHost,
        Self::CrossSite,
        Self::ShuttingDown,
        Self::SessionsMax,
        Self::AddressSessionsMax,
        Self::ConnectionSessionsMax,
        Self::AddressHandshakes,
        Self::OtherMethod,
        Self::PayloadTooLarge,
        Self::NoSecret,
        Self::MemoryMax,
        Self::LoginTimeout,
        Self::Banned,
    ];

    /// As what the log tells of it.
    pub(super) fn told_as(self) -> &'static Cause {
        match self {
            Self::TransportUnknown => &notices::TRANSPORT_UNKNOWN,
            Self::SessionUnknown => &notices::SESSION_UNKNOWN,
            Self::BadMethod => &notices::BAD_METHOD,
            Self::BadRequest => &notices::BAD_REQUEST,
            Self::Forbidden => &notices::ORIGIN_FORBIDDEN,
            Self::UpgradeForbidden => &notices::UPGRADE_FORBIDDEN,
            Self::UnsupportedVersion => &notices::UNSUPPORTED_VERSION,
            Self::ForeignHost => &notices::FOREIGN_HOST,
            Self::CrossSite => &notices::CROSS_SITE,
            Self::ShuttingDown => &notices::SHUTTING_DOWN,
            Self::SessionsMax => &notices::SESSIONS_MAX,
            Self::AddressSessionsMax => &notices::ADDRESS_SESSIONS_MAX,
            Self::ConnectionSessionsMax => &notices::CONNECTION_SESSIONS_MAX,
            Self::AddressHandshakes => &notices::ADDRESS_HANDSHAKES,
            Self::OtherMethod => &notices::OTHER_METHOD,
            Self::PayloadTooLarge => &notices::PAYLOAD_TOO_LARGE,
            Self::NoSecret => &notices::NO_RANDOMNESS,
            Self::MemoryMax => &notices::MEMORY_MAX,
            Self::LoginTimeout => &notices::LOGIN_TIMEOUT,
            Self::Banned => &notices::BANNED,
        }
    }

    /// The cause as metrics name it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::TransportUnknown => "transport unknown",
            Self::SessionUnknown => "session unknown",
            Self::BadMethod => "bad method",
            Self::BadRequest => "bad request",
            Self::Forbidden => "origin forbidden",
            Self::UpgradeForbidden => "upgrade forbidden",
            Self::UnsupportedVersion => "unsupported version",
            Self::ForeignHost => "foreign host",
            Self::CrossSite => "cross site",
            Self::ShuttingDown => "shutting down",
            Self::SessionsMax => "sessions max",
            Self::AddressSessionsMax => "address sessions max",
            Self::ConnectionSessionsMax => "connection sessions max",
            Self::AddressHandshakes => "address handshakes",
            Self::OtherMethod => "other method",
            Self::PayloadTooLarge => "payload too large",
            Self::NoSecret => "no randomness",
            Self::MemoryMax => "memory max",
            Self::LoginTimeout => "login timeout",
            Self::Banned => "banned",
        }
    }

    /// Its code and its words. The code stands in the catalogue, and is the metrics' name for it.
    fn body(self, message: &str) -> String {
        let code = self.as_str().replace(' ', "_");
        format!(r#"{{"code":"{code}","message":"{message}"}}"#)
    }

    fn unavailable(self, retry_after: u32, message: &str) -> Answer {
        let body = self.body(message);
        Answer {
            retry_after: Some(retry_after),
            ..Answer::last(StatusCode::SERVICE_UNAVAILABLE, "application/json", &body)
        }
    }

    /// The answer in which all protocols tell of it: that the server cannot serve now, or not so much. None where the
    /// protocol has a word of its own for what the client did.
    pub(super) fn answer(self) -> Option<Answer> {
        Some(match self {
            Self::ShuttingDown => self.unavailable(1, "The server is shutting down"),
            Self::SessionsMax => self.unavailable(5, "The server is full: limits.sessions-max"),
            Self::AddressSessionsMax => self.unavailable(
                5,
                "Too many sessions from this address: limits.address-sessions-max",
            ),
            Self::ConnectionSessionsMax => self.unavailable(
                1,
                "Too many sessions over this connection: limits.connection-sessions-max",
            ),
            Self::AddressHandshakes => self.unavailable(
                1,
                "Too many handshakes from this address: limits.address-handshakes-per-s",
            ),
            Self::OtherMethod => Answer::empty(StatusCode::INTERNAL_SERVER_ERROR, false),
            Self::PayloadTooLarge => Answer::empty(StatusCode::PAYLOAD_TOO_LARGE, true),
            Self::NoSecret => Answer::empty(StatusCode::INTERNAL_SERVER_ERROR, true),
            Self::MemoryMax => self.unavailable(5, "The server holds too much: memory-max"),
            Self::LoginTimeout => self.unavailable(1, "Timed out"),
            Self::Banned => Answer::last(
                StatusCode::FORBIDDEN,
                "application/json",
                &self.body("This address is banned"),
            ),
            Self::TransportUnknown
            | Self::SessionUnknown
            | Self::BadMethod
            | Self::BadRequest
            | Self::Forbidden
            | Self::UpgradeForbidden
            | Self::UnsupportedVersion
            | Self::ForeignHost
            | Self::CrossSite => return None,
        })
    }

    /// The answer of an endpoint without codes of its own. `wanted` says what a request should be that is not in order.
    pub(super) fn in_words(self, wanted: &str) -> Answer {
        let own = || match self {
            Self::Forbidden | Self::UpgradeForbidden | Self::ForeignHost | Self::CrossSite => {
                Answer::last(StatusCode::FORBIDDEN, "text/plain", "Forbidden")
            }
            _ => Answer::last(StatusCode::BAD_REQUEST, "text/plain", wanted),
        };
        self.answer().unwrap_or_else(own)
    }
}
