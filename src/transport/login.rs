//! Who opens a session: that is looked for on the opening request, before anything of the session is there but its place.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use dondo_actors::ports::{LocalFuture, LoggedIn, Refusal};
use tokio::time::timeout;

/// What the host's login and the hub's tokens find.
pub(crate) type Find = dyn Fn(&HttpRequest) -> LocalFuture<actix_web::Result<Found>> + Send + Sync;

/// Who opens a session, and why nobody may who shows nothing else.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found {
    pub(crate) login: Option<Arc<LoggedIn>>,
    pub(crate) refused: Option<Arc<Refusal>>,
}

/// How it is found who opens a session, if anybody asks. Clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Login {
    find: Option<Arc<Find>>,
    limit: Duration,
}

impl Login {
    pub(crate) fn new(find: Option<Arc<Find>>, limit: Duration) -> Self {
        Self { find, limit }
    }

    /// Who opens a session with this request.
    pub(super) async fn find(&self, request: &HttpRequest) -> Result<Found, LoginFailure> {
        let Some(find) = &self.find else {
            return Ok(Found::default());
        };
        match timeout(self.limit, find(request)).await {
            Ok(Ok(found)) => Ok(found),
            Ok(Err(error)) => Err(LoginFailure::Refused(error)),
            Err(_) => Err(LoginFailure::Late),
        }
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Login").field(&self.find.is_some()).finish()
    }
}

/// Why nobody opens a session with a request.
#[derive(Debug)]
pub(super) enum LoginFailure {
    /// The host answers it.
    Refused(actix_web::Error),
    /// It took longer than it may.
    Late,
}

/// A request without the credentials that it needs. Its answer has what a CONNECT would be told.
#[derive(Debug)]
pub(super) struct Unauthorized(pub(super) Arc<Refusal>);

impl fmt::Display for Unauthorized {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl ResponseError for Unauthorized {
    fn status_code(&self) -> StatusCode {
        StatusCode::UNAUTHORIZED
    }

    fn error_response(&self) -> HttpResponse {
        let message = serde_json::Value::from(&*self.0.message);
        let data = self.0.data.as_deref().unwrap_or("null");
        HttpResponse::Unauthorized()
            .insert_header((header::WWW_AUTHENTICATE, "Bearer"))
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .content_type("application/json")
            .body(format!("{{\"message\":{message},\"data\":{data}}}"))
    }
}
