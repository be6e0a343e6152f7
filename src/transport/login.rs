//! Who opens a session: the host's login runs on the opening request, before anything of the session is there but its place.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpRequest;
use dondo_actors::ports::{LocalFuture, LoggedIn};
use tokio::time::timeout;

pub(crate) type Find =
    dyn Fn(&HttpRequest) -> LocalFuture<actix_web::Result<Option<LoggedIn>>> + Send + Sync;

/// The host's login, if there is one. Clones are the same.
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
    pub(super) async fn find(
        &self,
        request: &HttpRequest,
    ) -> Result<Option<Arc<LoggedIn>>, LoginFailure> {
        let Some(find) = &self.find else {
            return Ok(None);
        };
        match timeout(self.limit, find(request)).await {
            Ok(Ok(found)) => Ok(found.map(Arc::new)),
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
