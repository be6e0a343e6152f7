//! Who a client is, in an application's own words.

use std::{any::Any, sync::Arc, time::SystemTime};

use dondo_actors::ports::LoggedIn;

/// An application's own user, as [`Builder::identify`](crate::Builder::identify) and [`Connecting::login`](super::Connecting::login) take it and
/// [`Identity`](super::Identity) gives it back. A `String` is one; a type of the application's own names itself:
///
/// ```
/// use actix_web::HttpRequest;
/// use dondo::{Account, Dondo, Identity, Namespace};
///
/// struct User {
///     name: String,
///     is_admin: bool,
/// }
///
/// impl Account for User {
///     fn account(&self) -> &str {
///         &self.name
///     }
/// }
///
/// let root = Namespace::new("/").on("may I", async |Identity(user): Identity<User>| Ok(user.is_admin));
/// let builder = Dondo::builder().namespace(root).identify(async |request: HttpRequest| {
///     let name = request.headers().get("x-name").and_then(|name| name.to_str().ok());
///     Ok(name.map(|name| User { name: name.to_owned(), is_admin: name == "ama" }))
/// });
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is nobody who is logged in",
    note = "a user is a `String`, or a type of the application's own that is `dondo::Account` and says what its account is called"
)]
pub trait Account: Any + Send + Sync {
    /// The account: one may have several clients.
    fn account(&self) -> &str;

    /// What others see of it, which the hub puts on what its clients say. The account, if nothing else is said.
    fn name(&self) -> &str {
        self.account()
    }

    /// Until when it is, if not for ever: then its clients are put out of their namespaces.
    fn expires(&self) -> Option<SystemTime> {
        None
    }

    /// Whether it moderates a channel of the hub pack's, which has neither slow mode nor a capacity of the hub's for it then; without
    /// a channel: everything, so that no limit of accounts holds for its clients either. Nothing, if nothing else is said. It is asked
    /// for each message in a channel that has such a limit, so it must not wait for anything.
    fn moderates(&self, channel: Option<&str>) -> bool {
        let _ = channel;
        false
    }
}

impl Account for String {
    fn account(&self) -> &str {
        self
    }
}

/// A user as the core has it.
pub(crate) fn logged_in(user: impl Account) -> LoggedIn {
    LoggedIn {
        account: user.account().into(),
        name: user.name().into(),
        expires: user.expires(),
        moderator: moderates(&user),
        user: Arc::new(user),
    }
}

/// Asks a value of this type.
fn moderates<A: Account>(_: &A) -> fn(&(dyn Any + Send + Sync), Option<&str>) -> bool {
    |user, channel| {
        let user = user.downcast_ref::<A>();
        user.is_some_and(|user| user.moderates(channel))
    }
}
