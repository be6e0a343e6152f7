//! Who may come into a namespace, as what, and what it brings.

use std::{any::Any, fmt, net::IpAddr, rc::Rc, sync::Arc, time::SystemTime};

use bytes::Bytes;

use super::{Greetings, LocalFuture};
use crate::{
    account::SessionAccount, handshake::Handshake, outbox::OutboxLimits, rate::RateLimiter,
};

/// Why a namespace does not let a client in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// For people, and for the clients' error event.
    pub message: String,
    /// Further data for the client: a JSON text.
    pub data: Option<String>,
}

/// A client that asks to be let into a namespace.
#[derive(Clone)]
pub struct Admission {
    /// The namespace.
    pub namespace: Arc<str>,
    /// Credentials: a JSON text, if any were sent.
    pub auth: Option<Bytes>,
    /// What came with the request that opened its session.
    pub handshake: Handshake,
    /// Whom the host's login found in that request.
    pub login: Option<Arc<LoggedIn>>,
    /// Why that request lets nobody in who shows nothing else, if it does not.
    pub refused: Option<Arc<Refusal>>,
    /// The client's address; behind a trusted proxy the one that the proxy tells.
    pub address: Option<IpAddr>,
    /// How much may wait for it, and where that is charged.
    pub(crate) session: (OutboxLimits, Arc<SessionAccount>),
}

impl Admission {
    /// For what it is told before it is in: nothing yet.
    pub fn greetings(&self) -> Greetings {
        let (limits, account) = &self.session;
        Greetings::new(*limits, account)
    }
}

/// Shows no credentials.
impl fmt::Debug for Admission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admission")
            .field("namespace", &self.namespace)
            .field("auth", &self.auth.as_ref().map(|_| ".."))
            .field("handshake", &self.handshake)
            .field("login", &self.login)
            .field("refused", &self.refused)
            .field("address", &self.address)
            .finish()
    }
}

/// A user of the host's, who is logged in.
#[derive(Clone)]
pub struct LoggedIn {
    /// The account.
    pub account: Arc<str>,
    /// What others see of it.
    pub name: Arc<str>,
    /// Until when it is, if not for ever.
    pub expires: Option<SystemTime>,
    /// The host's own value for it.
    pub user: Arc<dyn Any + Send + Sync>,
    /// What that says of [`LoggedIn::moderates`].
    pub moderator: fn(&(dyn Any + Send + Sync), Option<&str>) -> bool,
}

impl LoggedIn {
    /// Whether it moderates a channel; without one, everything.
    pub fn moderates(&self, channel: Option<&str>) -> bool {
        (self.moderator)(&*self.user, channel)
    }
}

/// Shows the account alone: the host's value may hold anything.
impl fmt::Debug for LoggedIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LoggedIn").field(&self.account).finish()
    }
}

/// Who may come in?
pub trait Authorizer: Send + Sync + 'static {
    /// May this client come in? What it then has.
    ///
    /// Asked on the session's thread, which must not be blocked: no time limit helps there. It may wait, and other sessions,
    /// and other namespaces of the same one, do not wait with it. A client is refused with `Timed out` where that takes longer
    /// than the namespace's `admission_timeout`, and with `internal` where it panics. The future is dropped where it waits if the
    /// client goes, takes its CONNECT back or asks anew; one that had to wait counts as a join in the rates of its session and
    /// address. Until it is done the client is no member, so what shuts members out meanwhile does not find it.
    ///
    /// # Errors
    /// It may not; the client is told why, in these words. Stock clients do not try again by themselves after a refusal, nor
    /// after `Timed out` or `internal`.
    fn connect(&self, admission: Admission) -> LocalFuture<Result<Admitted, Refusal>>;
}

/// What an application keeps with a member.
pub type Extension = Rc<dyn Any>;

/// A client that may come in.
#[derive(Default)]
pub struct Admitted {
    /// Who it is.
    pub identity: Identity,
    /// What its application keeps with it.
    pub extension: Option<Extension>,
    /// What it is told before its CONNECT, where its protocol has that: what [`Admission::greetings`] began.
    pub said: Option<Greetings>,
    /// How fast all clients of its account send, where that has limits.
    pub rates: Option<Arc<RateLimiter>>,
    /// What it has as long as it is in, and no longer whoever keeps its extension: a place among few, say. Dropped at once where
    /// nothing comes of its admission.
    pub place: Option<Box<dyn Any>>,
}

/// Who a member is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// The account, if somebody is logged in.
    pub account: Option<Arc<str>>,
}
