//! Every refusal that the Engine.IO path has a code for, and the HTTP answer it becomes (wire reference 1.4 and 1.5).
//! Knows neither request nor session: whoever refuses has looked at them.

use actix_web::http::StatusCode;
use dondo_actors::notice::Cause;

use crate::notices;
use crate::transport::answer::Answer;

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Code 0: `transport` is missing, unknown or switched off.
    TransportUnknown,
    /// Code 1: no session has this id.
    SessionUnknown,
    /// Code 2: a handshake is a GET.
    BadMethod,
    /// Code 3: the request contradicts itself or the session.
    BadRequest,
    /// Code 4: the origins policy says no.
    Forbidden,
    /// Code 4: the same for the upgrade of a session that polls.
    UpgradeForbidden,
    /// Code 5: this version of Engine.IO is not served.
    UnsupportedVersion,
    /// Code 4: `hosts` does not have the name that the hub was asked for under.
    ForeignHost,
    /// Code 4: the browser says that a page of another site asks, and no origin that is allowed stands in for it.
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
    /// Status 500 without a body: the session exists, but long-polling has no such method. The session goes on.
    OtherMethod,
    /// Status 413 without a body, and the connection is closed: more than `--engine.max-payload`. The session goes on.
    PayloadTooLarge,
    /// Status 500 without a body, and the connection is closed: the system has no randomness to give.
    NoSecret,
    /// Status 503, and the connection is closed: `memory-max`.
    MemoryMax,
    /// Status 503, and the connection is closed: the host's login takes longer than `Builder::admission_timeout`.
    LoginTimeout,
}

fn unavailable(retry_after: u32, body: &str) -> Answer {
    Answer {
        retry_after: Some(retry_after),
        ..Answer::last(StatusCode::SERVICE_UNAVAILABLE, "text/plain", body)
    }
}

impl Refusal {
    /// All of them, for metrics.
    pub(super) const ALL: [Self; 19] = [
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
        }
    }

    /// The answer to a plain request, or to one that asked for an upgrade: that is 400 and never JSON (wire reference
    /// 1.5), but where the server could not let anybody in.
    pub(super) fn answer(self, upgrade: bool) -> Answer {
        let (code, message) = match self {
            Self::TransportUnknown => (0, "Transport unknown"),
            Self::SessionUnknown => (1, "Session ID unknown"),
            Self::BadMethod => (2, "Bad handshake method"),
            Self::BadRequest => (3, "Bad request"),
            Self::Forbidden | Self::UpgradeForbidden | Self::ForeignHost | Self::CrossSite => {
                (4, "Forbidden")
            }
            Self::UnsupportedVersion => (5, "Unsupported protocol version"),
            Self::ShuttingDown => return unavailable(1, "The server is shutting down"),
            Self::SessionsMax => {
                return unavailable(5, "The server is full: limits.sessions-max");
            }
            Self::AddressSessionsMax => {
                let body = "Too many sessions from this address: limits.address-sessions-max";
                return unavailable(5, body);
            }
            Self::ConnectionSessionsMax => {
                let body = "Too many sessions over this connection: limits.connection-sessions-max";
                return unavailable(1, body);
            }
            Self::AddressHandshakes => {
                let body = "Too many handshakes from this address: limits.address-handshakes-per-s";
                return unavailable(1, body);
            }
            Self::OtherMethod => return Answer::empty(StatusCode::INTERNAL_SERVER_ERROR, false),
            Self::PayloadTooLarge => return Answer::empty(StatusCode::PAYLOAD_TOO_LARGE, true),
            Self::NoSecret => return Answer::empty(StatusCode::INTERNAL_SERVER_ERROR, true),
            Self::MemoryMax => {
                return unavailable(5, "The server holds too much: memory-max");
            }
            Self::LoginTimeout => return unavailable(1, "Timed out"),
        };
        if upgrade {
            return Answer::last(StatusCode::BAD_REQUEST, "text/html", message);
        }
        let status = match code {
            4 => StatusCode::FORBIDDEN,
            _ => StatusCode::BAD_REQUEST,
        };
        Answer {
            content_type: Some("application/json"),
            body: format!(r#"{{"code":{code},"message":"{message}"}}"#),
            ..Answer::empty(status, false)
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn plain_requests_are_refused_in_json() {
        for (refusal, status, body) in [
            (
                Refusal::TransportUnknown,
                400,
                r#"{"code":0,"message":"Transport unknown"}"#,
            ),
            (
                Refusal::SessionUnknown,
                400,
                r#"{"code":1,"message":"Session ID unknown"}"#,
            ),
            (
                Refusal::BadMethod,
                400,
                r#"{"code":2,"message":"Bad handshake method"}"#,
            ),
            (
                Refusal::BadRequest,
                400,
                r#"{"code":3,"message":"Bad request"}"#,
            ),
            (
                Refusal::Forbidden,
                403,
                r#"{"code":4,"message":"Forbidden"}"#,
            ),
            (
                Refusal::UnsupportedVersion,
                400,
                r#"{"code":5,"message":"Unsupported protocol version"}"#,
            ),
        ] {
            let answer = Answer {
                status: StatusCode::from_u16(status).unwrap(),
                content_type: Some("application/json"),
                body: body.to_owned(),
                close: false,
                retry_after: None,
            };
            assert_eq!(refusal.answer(false), answer);
        }
    }

    #[test]
    fn upgrades_are_refused_in_plain_text_with_400_and_a_close() {
        for (refusal, body) in [
            (Refusal::TransportUnknown, "Transport unknown"),
            (Refusal::SessionUnknown, "Session ID unknown"),
            (Refusal::BadMethod, "Bad handshake method"),
            (Refusal::BadRequest, "Bad request"),
            (Refusal::Forbidden, "Forbidden"),
            (Refusal::UnsupportedVersion, "Unsupported protocol version"),
        ] {
            let answer = Answer {
                status: StatusCode::BAD_REQUEST,
                content_type: Some("text/html"),
                body: body.to_owned(),
                close: true,
                retry_after: None,
            };
            assert_eq!(refusal.answer(true), answer);
        }
    }

    #[test]
    fn refusals_that_have_no_code_have_no_body() {
        for (refusal, status, close) in [
            (Refusal::OtherMethod, 500, false),
            (Refusal::PayloadTooLarge, 413, true),
            (Refusal::NoSecret, 500, true),
        ] {
            let answer = refusal.answer(false);
            assert_eq!(
                (answer.status.as_u16(), answer.content_type, answer.close),
                (status, None, close)
            );
            assert_eq!(answer.body, "");
        }
    }

    #[test]
    fn who_comes_at_a_bad_time_is_told_when_to_try_again_and_which_setting_it_was() {
        for (refusal, setting) in [
            (Refusal::ShuttingDown, "shutting down"),
            (Refusal::SessionsMax, "limits.sessions-max"),
            (Refusal::MemoryMax, "memory-max"),
            (Refusal::AddressSessionsMax, "limits.address-sessions-max"),
            (
                Refusal::ConnectionSessionsMax,
                "limits.connection-sessions-max",
            ),
            (
                Refusal::AddressHandshakes,
                "limits.address-handshakes-per-s",
            ),
        ] {
            for upgrade in [false, true] {
                let answer = refusal.answer(upgrade);
                assert_eq!(
                    (answer.status.as_u16(), answer.close),
                    (503, true),
                    "{refusal:?}"
                );
                assert!(answer.body.contains(setting), "{}", answer.body);
                assert!(answer.retry_after.is_some());
            }
        }
    }
}
