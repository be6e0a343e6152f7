//! What the HTTP API answers: JSON, and one form for every refusal, `{ error: { code, message, field? } }`.

use std::borrow::Cow;

use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};
use bytes::Bytes;
use dondo_actors::error::{Fault, LogError, ManageError, NotifyError};
use serde::Serialize;

use crate::packs::hub::HubFault;

/// An answer of the API, as it is kept for who asks again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ApiAnswer {
    pub(super) status: StatusCode,
    pub(super) body: Bytes,
}

impl ApiAnswer {
    /// 200 with a value.
    pub(super) fn ok(value: &impl Serialize) -> Self {
        Self {
            status: StatusCode::OK,
            body: serde_json::to_vec(value).unwrap_or_default().into(),
        }
    }

    pub(super) fn respond(self) -> HttpResponse {
        HttpResponse::build(self.status)
            .insert_header((header::CONTENT_TYPE, "application/json"))
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .body(self.body)
    }
}

/// Why a request is refused. The codes stand in `src/docs/http-api.md`, and are stable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ApiError {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) message: Cow<'static, str>,
    /// Which field of the request is at fault: `to.channel`, `messages[3].message`.
    pub(super) field: Option<String>,
    /// Seconds.
    pub(super) retry_after: Option<u32>,
    /// Methods that the path has.
    pub(super) allow: Option<String>,
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    error: ErrorForm<'a>,
}

#[derive(Serialize)]
pub(super) struct ErrorForm<'a> {
    code: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
}

impl ApiError {
    pub(super) fn new(
        status: StatusCode,
        code: &'static str,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            field: None,
            retry_after: None,
            allow: None,
        }
    }

    /// 400.
    pub(super) fn bad(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_payload", message)
    }

    /// 403.
    pub(super) fn forbidden(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", message)
    }

    /// 404.
    pub(super) fn not_found(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    /// 503: the same may go well later.
    pub(super) fn busy(message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            retry_after: Some(1),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", message)
        }
    }

    /// 500: it may have been done, in whole or in part, or may yet be.
    pub(super) fn unknown() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "the hub could not do it; nobody knows whether some of it was done",
        )
    }

    /// Whether nobody knows if it was done: whatever else goes wrong, nothing was.
    pub(super) fn is_unknown(&self) -> bool {
        self.status == StatusCode::INTERNAL_SERVER_ERROR
    }

    /// At this field.
    pub(super) fn at(self, field: impl Into<String>) -> Self {
        Self {
            field: Some(field.into()),
            ..self
        }
    }

    /// Below this field.
    pub(super) fn below(self, outer: &str) -> Self {
        let field = match &self.field {
            Some(inner) => format!("{outer}.{inner}"),
            None => outer.to_owned(),
        };
        self.at(field)
    }

    pub(super) fn form(&self) -> ErrorForm<'_> {
        ErrorForm {
            code: self.code,
            message: &self.message,
            field: self.field.as_deref(),
        }
    }

    pub(super) fn respond(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        if let Some(seconds) = self.retry_after {
            response.insert_header((header::RETRY_AFTER, seconds.to_string()));
        }
        if let Some(methods) = &self.allow {
            response.insert_header((header::ALLOW, methods.clone()));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer realm=\"dondo\""));
        }
        let body = ErrorBody { error: self.form() };
        response
            .insert_header((header::CONTENT_TYPE, "application/json"))
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .body(serde_json::to_vec(&body).unwrap_or_default())
    }
}

impl From<HubFault> for ApiError {
    fn from(fault: HubFault) -> Self {
        Self::new(StatusCode::BAD_REQUEST, fault.code.as_str(), fault.message)
    }
}

impl From<Fault> for ApiError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Full => Self::busy("too much of this is under way"),
            Fault::Gone | Fault::Quarantined => Self::busy("the namespace is being started anew"),
            _ => Self::unknown(),
        }
    }
}

impl From<LogError> for ApiError {
    fn from(error: LogError) -> Self {
        match error {
            LogError::Unavailable => Self::busy("the log has not taken it"),
            _ => Self::unknown(),
        }
    }
}

impl From<NotifyError> for ApiError {
    fn from(error: NotifyError) -> Self {
        match error {
            NotifyError::Internal(fault) => fault.into(),
            NotifyError::Encode(why) => {
                Self::bad(format!("no client could be told this: {why}")).at("data")
            }
            NotifyError::Forbidden | NotifyError::NotMember => {
                Self::forbidden("the room does not take it")
            }
            NotifyError::Vetoed(veto) => Self::forbidden(veto.message.to_string()),
            NotifyError::Log(error) => error.into(),
            _ => Self::unknown(),
        }
    }
}

impl From<ManageError> for ApiError {
    fn from(error: ManageError) -> Self {
        match error {
            ManageError::Internal(fault) => fault.into(),
            ManageError::Log(error) => error.into(),
            ManageError::Forbidden | ManageError::TooManyInvitations => {
                Self::not_found("nobody is there")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use dondo_actors::error::Veto;

    use super::*;

    /// Fails if who asks at a bad time is not told that nothing was done and when to ask again, or is told so of what may have been.
    #[test]
    fn what_certainly_was_not_done_is_busy_and_what_may_have_been_is_not() {
        let busy: [ApiError; 5] = [
            Fault::Full.into(),
            Fault::Gone.into(),
            Fault::Quarantined.into(),
            NotifyError::Log(LogError::Unavailable).into(),
            ManageError::Log(LogError::Unavailable).into(),
        ];
        for error in busy {
            let told = (error.code, error.status.as_u16(), error.retry_after);
            assert_eq!(told, ("busy", 503, Some(1)));
            assert!(!error.is_unknown());
        }
        let unknown: [ApiError; 4] = [
            Fault::Crashed.into(),
            Fault::Late.into(),
            NotifyError::Log(LogError::OutcomeUnknown).into(),
            ManageError::Log(LogError::OutcomeUnknown).into(),
        ];
        for error in unknown {
            assert_eq!(error.code, "internal");
            assert!(error.is_unknown());
        }
        let veto = Veto {
            code: "no".into(),
            message: "not in this room".into(),
            data: None,
        };
        let refused = ApiError::from(NotifyError::Vetoed(veto));
        assert_eq!(
            (refused.code, &*refused.message),
            ("forbidden", "not in this room")
        );
    }
}
