//! Who opens a connection: the host's own login, and tokens.

use std::sync::Arc;

use actix_web::FromRequest;

use super::{Builder, Dondo};
use crate::io::{self, Handler, LoginOutcome};
use crate::keys::BadKey;
use crate::tokens::Tokens;

impl Builder {
    /// Says who opens a connection: an async function of actix-web's extractors, the application's own among them, called with the request that opens it, be
    /// that for long-polling or for a WebSocket, and in the standalone server too. Whom it finds is the
    /// [`Identity<U>`](crate::Identity) of the client in each of its namespaces, where no middleware says otherwise; `None` is
    /// nobody. Its error is the HTTP answer to the request: no connection is opened.
    ///
    /// It runs once for a connection, so a session that moves from long-polling to a WebSocket keeps its identity. While it
    /// waits nothing else does, and the connection counts for the limits of sessions; it is refused (503) after
    /// [`Builder::admission_timeout`]. In an `App` middlewares that stand around the hub have seen the request before; a part of the
    /// path of a scope around it is best read by its name, as by `web::Path` of a struct: the hub's own paths may have parts, too.
    /// If it panics the request is answered 500.
    ///
    /// ```
    /// use actix_web::{HttpRequest, error::ErrorUnauthorized};
    /// use dondo::{Dondo, Identity, Namespace};
    ///
    /// async fn login(request: HttpRequest) -> actix_web::Result<Option<String>> {
    ///     match request.headers().get("x-name").map(|name| name.to_str()) {
    ///         Some(Ok(name)) => Ok(Some(name.to_owned())),
    ///         Some(Err(_)) => Err(ErrorUnauthorized("no such user")),
    ///         None => Ok(None),
    ///     }
    /// }
    ///
    /// let whoami = async |Identity(user): Identity<String>| Ok(user.to_string());
    /// let root = Namespace::new("/").on("whoami", whoami);
    /// let dondo = Dondo::builder().identify(login).namespace(root).build()?;
    /// # Ok::<(), dondo::BuildError>(())
    /// ```
    pub fn identify<A, H>(mut self, login: H) -> Self
    where
        A: FromRequest + 'static,
        H: Handler<A, Outcome: LoginOutcome> + Send + Sync,
    {
        self.login = Some(Arc::new(io::login(login)));
        self
    }

    /// Takes tokens (JWT) that are signed with these keys, beside those that the settings `auth.*` name. Clients show one in
    /// `auth.token` of their CONNECT, which counts before the others, in the header `Authorization: Bearer`, or as `access_token`
    /// or `token` in the address; whom it is for is their [`Identity<TokenAccount>`](crate::Identity). The login of
    /// [`Builder::identify`] goes first: of whom that finds no token is looked at. A middleware has the last word.
    ///
    /// With `auth.guests` off who shows none is refused before any middleware.
    pub fn tokens(mut self, tokens: Tokens) -> Self {
        self.tokens = tokens;
        self
    }
}

impl Dondo {
    /// The keys that tokens are known by, for people; nothing where none is taken.
    #[doc(hidden)]
    pub fn token_keys(&self) -> Option<String> {
        let credentials = self.credentials.as_ref();
        credentials.and_then(|credentials| credentials.told())
    }

    /// Reads the files of the settings `auth.*` again; the keys that there are now, for people. Who is in stays in.
    ///
    /// # Errors
    /// One of them cannot be read: all keys stay as they are.
    #[doc(hidden)]
    pub fn read_keys_again(&self) -> Result<Option<String>, BadKey> {
        let credentials = self.credentials.as_ref();
        credentials.map_or(Ok(None), |credentials| credentials.read_again())
    }
}
