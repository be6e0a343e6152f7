//! A session that is opened as a WebSocket's is, without the socket: for `testing`, which reads and writes in its place.

use actix_web::{HttpRequest, HttpResponse};
use dondo_actors::session::SessionRef;

use super::{Engine, EngineAdmission, LoginFailure, Refusal};
use crate::transport::cors::Cors;

impl Engine {
    /// Opens a session for a request that asks for a WebSocket; where that is refused, the HTTP answer.
    pub(crate) async fn open_socketless(
        &self,
        request: &HttpRequest,
    ) -> Result<SessionRef, HttpResponse> {
        let admission = match self.admit(request.head(), true) {
            Ok(EngineAdmission::Open(place)) => match self.log_in(request).await {
                Ok(login) => self.begin(place, login, request.head(), true),
                Err(LoginFailure::Late) => Err(Refusal::LoginTimeout),
                Err(LoginFailure::Refused(error)) => return Err(error.error_response()),
            },
            admission => admission,
        };
        match admission {
            Ok(EngineAdmission::Begin(connection, _)) => Ok(connection.session.clone()),
            // Whoever names a session in the query has that session's socket already, or none.
            Ok(_) => Err(HttpResponse::BadRequest().finish()),
            Err(refusal) => {
                let answer = self.refuse(refusal, request.head(), true);
                Err(answer.respond(&Cors::Own))
            }
        }
    }

    /// Where it stands.
    pub(crate) fn path(&self) -> &str {
        &self.0.options.path
    }
}
