//! A session that is opened as a WebSocket's is, without the socket: for `testing`, which reads and writes in its place.

use actix_web::{HttpRequest, HttpResponse};
use dondo_actors::session::SessionRef;

use super::{Engine, EngineAdmission};
use crate::transport::cors::Cors;
use crate::transport::entrance::NotOpened;

impl Engine {
    /// Opens a session for a request that asks for a WebSocket; where that is refused, the HTTP answer.
    pub(crate) async fn open_socketless(
        &self,
        request: &HttpRequest,
    ) -> Result<SessionRef, HttpResponse> {
        let admission = match self.admit(request.head(), true) {
            Ok(EngineAdmission::Open(place)) => match self.open(place, request, true).await {
                Ok(begun) => Ok(begun),
                Err(NotOpened::Refused(refusal)) => Err(refusal),
                Err(NotOpened::Answered(error)) => return Err(error.error_response()),
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
        &self.0.entrance.options().path
    }
}
