//! Who opens a session: the host's own login is asked first, then the request's token is looked at.

use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::http::header::AUTHORIZATION;
use dondo_actors::ports::{LocalFuture, LoggedIn};

use crate::io::logged_in_by;
use crate::tokens::{Credentials, TokenFault, of_request};
use crate::transport::login::{Find, Found};

/// A host's own login.
pub(crate) type HostLogin =
    dyn Fn(&HttpRequest) -> LocalFuture<actix_web::Result<Option<LoggedIn>>> + Send + Sync;

/// Both, where there is one.
pub(super) fn find(
    host: Option<Arc<HostLogin>>,
    credentials: Option<Arc<Credentials>>,
) -> Option<Arc<Find>> {
    if host.is_none() && credentials.is_none() {
        return None;
    }
    Some(Arc::new(move |request: &HttpRequest| {
        let asked = host.as_ref().map(|host| host(request));
        let by_token = credentials
            .as_deref()
            .map(|credentials| shown(credentials, request));
        Box::pin(async move {
            if let Some(asked) = asked
                && let Some(login) = asked.await?
            {
                let login = Some(Arc::new(login));
                return Ok(Found {
                    login,
                    refused: None,
                });
            }
            Ok(by_token.unwrap_or_default())
        })
    }))
}

/// What a request shows of its client. The token may be replaced by one of its CONNECT's, so a bad one is kept as that.
fn shown(credentials: &Credentials, request: &HttpRequest) -> Found {
    let authorization = request.headers().get(AUTHORIZATION);
    let authorization = authorization.and_then(|value| value.to_str().ok());
    let login = match of_request(authorization, request.query_string()) {
        Some(token) => logged_in_by(credentials, &token).map(Some),
        None if credentials.has_guests() => Ok(None),
        None => Err(TokenFault::missing()),
    };
    match login {
        Ok(login) => Found {
            login: login.map(Arc::new),
            refused: None,
        },
        Err(fault) => Found {
            login: None,
            refused: Some(Arc::new(fault.into())),
        },
    }
}
