//! Refusals as Engine.IO has codes for them (wire reference 1.4 and 1.5).

use actix_web::http::StatusCode;

use crate::transport::answer::Answer;
use crate::transport::refusal::Refusal;

/// The answer to a plain request, or to one that asked for an upgrade: that is 400 and never JSON (wire reference
/// 1.5), but where the server could not let anybody in.
pub(super) fn answer(refusal: Refusal, upgrade: bool) -> Answer {
    if let Some(answer) = refusal.answer() {
        return answer;
    }
    let (code, message) = match refusal {
        Refusal::TransportUnknown => (0, "Transport unknown"),
        Refusal::SessionUnknown => (1, "Session ID unknown"),
        Refusal::BadMethod => (2, "Bad handshake method"),
        Refusal::Forbidden
        | Refusal::UpgradeForbidden
        | Refusal::ForeignHost
        | Refusal::CrossSite => (4, "Forbidden"),
        Refusal::UnsupportedVersion => (5, "Unsupported protocol version"),
        _ => (3, "Bad request"),
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
            let expected = Answer {
                status: StatusCode::from_u16(status).unwrap(),
                content_type: Some("application/json"),
                body: body.to_owned(),
                close: false,
                retry_after: None,
                allow: None,
            };
            assert_eq!(answer(refusal, false), expected);
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
            let expected = Answer {
                status: StatusCode::BAD_REQUEST,
                content_type: Some("text/html"),
                body: body.to_owned(),
                close: true,
                retry_after: None,
                allow: None,
            };
            assert_eq!(answer(refusal, true), expected);
        }
    }

    #[test]
    fn refusals_that_have_no_code_have_no_body() {
        for (refusal, status, close) in [
            (Refusal::OtherMethod, 500, false),
            (Refusal::PayloadTooLarge, 413, true),
            (Refusal::NoSecret, 500, true),
        ] {
            let answer = answer(refusal, false);
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
                let answer = answer(refusal, upgrade);
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
