//! A host's own login, as a transport asks it of the request that opens a session.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use actix_web::error::ErrorInternalServerError;
use actix_web::{FromRequest, HttpRequest, dev::Payload};
use dondo_actors::notice::cause;
use dondo_actors::ports::{LocalFuture, LoggedIn};
use futures_util::FutureExt;

use super::watchdog::{HandlerLabel, WatchedHandler};
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
        let (handler, request) = (handler.clone(), request.clone());
        let found = async move {
            let arguments = A::from_request(&request, &mut Payload::None);
            let arguments = arguments.await.map_err(Into::into)?;
            Ok(handler.call(arguments).await?.map(logged_in))
        };
        let found = WatchedHandler {
            label: HandlerLabel::new("the hub", "login"),
            future: Box::pin(found),
        };
        Box::pin(async move {
            let found = AssertUnwindSafe(found).catch_unwind().await;
            found.unwrap_or_else(|panic| {
                // What it holds may panic, too.
                std::mem::forget(panic);
                cause::HANDLER_PANICKED.tell(None, None, format_args!("the login panicked"));
                Err(ErrorInternalServerError("The login failed"))
            })
        })
    }
}
