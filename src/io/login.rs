//! A host's own login, as a transport asks it of the request that opens a session.

use std::sync::Arc;

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use dondo_actors::ports::{LocalFuture, LoggedIn};

use super::{Account, Handler, account::logged_in};

/// What the handler finds in a request. The request's body is none of its business: behind an upgrade it would be frames.
pub(crate) fn login<A, U>(
    handler: impl Handler<A, Outcome = actix_web::Result<Option<U>>> + Send + Sync,
) -> impl Fn(&HttpRequest) -> LocalFuture<actix_web::Result<Option<LoggedIn>>> + Send + Sync
where
    A: FromRequest + 'static,
    U: Account,
{
    let handler = Arc::new(handler);
    move |request| {
        let handler = handler.clone();
        let arguments = A::from_request(request, &mut Payload::None);
        Box::pin(async move {
            let arguments = arguments.await.map_err(Into::into)?;
            Ok(handler.call(arguments).await?.map(logged_in))
        })
    }
}
