//! A session that is opened as a WebSocket's is, without the socket: for `testing`, which reads and writes in its place.

use actix_web::{HttpRequest, HttpResponse};
use dondo_actors::session::SessionRef;

use super::{Engine, EngineAdmission, refusal};
use crate::transport::cors::Cors;

impl Engine {
    /// Opens a session for a request that asks for a WebSocket; where that is refused, the HTTP answer.
    pub(crate) async fn open_socketless(
        &self,
        request: &HttpRequest,
    ) -> Result<SessionRef, HttpResponse> {
        match self.admitted(request, true).await {
            Ok(EngineAdmission::Begin(connection, _)) => Ok(connection.session.clone()),
            // Whoever names a session in the query has that session's socket already, or none.
            Ok(_) => Err(HttpResponse::BadRequest().finish()),
            Err(why) => {
                let answer = |refusal| refusal::answer(refusal, true);
                let head = request.head();
                Err(self.0.entrance.turn_away(why, head, &Cors::Own, answer))
            }
        }
    }

    /// Where it stands.
    pub(crate) fn path(&self) -> &str {
        &self.0.entrance.options().path
    }
}
