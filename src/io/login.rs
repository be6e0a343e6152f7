//! A host's own login, as a transport asks it of the request that opens a session.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use actix_web::error::ErrorInternalServerError;
use actix_web::{FromRequest, HttpRequest, dev::Payload};
use dondo_actors::notice::cause;
use dondo_actors::ports::{LocalFuture, LoggedIn};
use futures_util::FutureExt;

use super::watchdog::{HandlerLabel, WatchedHandler};
use super::{Account, Handler, account::logged_in, blocking_places::BlockingCaller};

/// What a host's own login may come to: `actix_web::Result<Option<U>>`, of whom it finds.
#[diagnostic::on_unimplemented(
    message = "a login cannot come to `{Self}`",
    note = "it comes to `actix_web::Result<Option<U>>`: to a user who is `dondo::Account`, to nobody, or to the error that the request is \
            answered with; any other error turns into `actix_web::Error` by `?`"
)]
pub trait LoginOutcome {
    #[doc(hidden)]
    type User: Account;

    #[doc(hidden)]
    fn into_found(self) -> actix_web::Result<Option<Self::User>>;
}

impl<U: Account> LoginOutcome for actix_web::Result<Option<U>> {
    type User = U;

    fn into_found(self) -> Self {
        self
    }
}

/// What the handler finds in a request. The request's body is none of its business: behind an upgrade it would be frames.
pub(crate) fn login<A>(
    handler: impl Handler<A, Outcome: LoginOutcome> + Send + Sync,
) -> impl Fn(&HttpRequest) -> LocalFuture<actix_web::Result<Option<LoggedIn>>> + Send + Sync
where
    A: FromRequest + 'static,
{
    let handler = Arc::new(handler);
    move |request| {
        let (handler, request) = (handler.clone(), request.clone());
        let found = async move {
            let arguments = A::from_request(&request, &mut Payload::None);
            let arguments = arguments.await.map_err(Into::into)?;
            let found = handler.call_in(arguments, &BlockingCaller::of_login);
            Ok(found.await.into_found()?.map(logged_in))
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
