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
        user: Arc::new(user),
    }
}
