//! Tokens of clients: whom one lets in, until when, and another one in its place.

use std::future::pending;
use std::net::IpAddr;
use std::rc::Weak;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use dondo_actors::ports::{Admission, Clock, LoggedIn, Refusal};
use dondo_actors::session::Member;
use tokio::task::spawn_local;
use tokio::time::sleep;

use super::{
    Account,
    account::logged_in,
    namespace::ServedNamespace,
    pack::PackSocket,
    socket::{Expiry, Socket, SocketState},
};
use crate::notices;
use crate::tokens::{Credentials, Right, TokenAccount, TokenFault, Wanted, of_connect};

impl Account for TokenAccount {
    fn account(&self) -> &str {
        Self::account(self)
    }

    fn name(&self) -> &str {
        Self::name(self)
    }

    fn expires(&self) -> Option<SystemTime> {
        Some(Self::expires(self))
    }

    fn moderates(&self, channel: Option<&str>) -> bool {
        match channel {
            Some(channel) => {
                let wanted = Wanted::Channel(channel);
                self.rights().allow(Right::Moderate, wanted)
            }
            None => self.rights().moderate_all(),
        }
    }
}

/// A user of a token, as the core has it.
pub(crate) fn logged_in_by(credentials: &Credentials, token: &str) -> Result<LoggedIn, TokenFault> {
    credentials.account(token).map(logged_in)
}

/// What a client has to show before a namespace's middlewares look at it.
pub(super) enum ShownLogin {
    /// Nothing more: it is whom its request was found to be.
    Enough,
    /// A token, which is to be looked at.
    Token(Arc<Credentials>, String),
    Refused(Refusal),
}

/// What a CONNECT shows. The host's own login has the first word, the CONNECT's own token the next one.
pub(super) fn shown(served: &ServedNamespace, admission: &Admission) -> ShownLogin {
    let Some(credentials) = served.states.find::<Credentials>() else {
        return ShownLogin::Enough;
    };
    let login = admission.login.as_ref();
    let user = login.map(|login| login.user.downcast_ref::<TokenAccount>());
    if matches!(user, Some(None)) {
        return ShownLogin::Enough;
    }
    let is_over = || {
        user.flatten()
            .and_then(|user| credentials.lets_in_still(user).err())
    };
    match (of_connect(admission.auth.as_deref()), &admission.refused) {
        (Ok(Some(token)), _) => ShownLogin::Token(credentials, token),
        // The session may be older than a namespace that it comes into.
        (Ok(None), None) => match is_over() {
            None => ShownLogin::Enough,
            Some(fault) => ShownLogin::Refused(told(fault.into(), admission.address)),
        },
        (Ok(None), Some(why)) => ShownLogin::Refused(told((**why).clone(), admission.address)),
        (Err(fault), _) => ShownLogin::Refused(told(fault.into(), admission.address)),
    }
}

/// A refusal of which the log is told.
pub(super) fn told(refusal: Refusal, peer: Option<IpAddr>) -> Refusal {
    notices::TOKEN_REFUSED.tell(peer, None, format_args!("{}", refusal.message));
    refusal
}

/// The clock of the hub, which namespaces have beside what the application gave.
pub(crate) struct HubClock(pub(crate) Arc<dyn Clock>);

/// Nobody waits longer at once: clocks of machines are set now and then.
const LOOK: Duration = Duration::from_secs(3600);

/// Ends a client's time in its namespace when its login ends, or the token is taken back that it came with.
pub(super) fn watch(socket: &Socket) {
    let clock = socket.state().shared().states.find::<HubClock>();
    let expires = socket.state().login().and_then(|login| login.expires);
    let expiry = expires.map(|expires| {
        let (member, state) = socket.weak();
        let now = move || {
            clock
                .as_ref()
                .map_or_else(SystemTime::now, |clock| clock.0.now())
        };
        let is_taken_back = taken_back(socket);
        let task = spawn_local(async move {
            let expired = async {
                let left = || expires.duration_since(now()).ok();
                while let Some(left) = left().filter(|left| !left.is_zero()) {
                    sleep(left.min(LOOK)).await;
                }
            };
            let why = tokio::select! {
                () = is_taken_back => TokenFault::revoked(),
                () = expired => TokenFault::expired(),
            };
            ended(&member, &state, why);
        });
        Expiry::new(task.abort_handle())
    });
    socket.state().expire(expiry);
}

/// Ends when the token is taken back that a client came with.
fn taken_back(socket: &Socket) -> impl Future<Output = ()> + use<> {
    let login = socket.state().login();
    let user = login.and_then(|login| login.user.clone().downcast::<TokenAccount>().ok());
    let credentials = PackSocket::credentials(socket);
    async move {
        let id = user.as_deref().and_then(TokenAccount::token_id);
        let Some((credentials, id)) = credentials.zip(id) else {
            return pending().await;
        };
        let revoked = credentials.revoked();
        let mut changes = revoked.changes();
        // It may have been while the client came in.
        while !revoked.has(id) {
            if changes.changed().await.is_err() {
                return pending().await;
            }
        }
    }
}

fn ended(member: &Weak<Member>, state: &Weak<SocketState>, why: TokenFault) {
    let Some(socket) = Socket::of_weak(member, state) else {
        return;
    };
    let pack = socket.state().shared().pack.clone();
    match pack.map(|pack| pack.ended(&socket, why)) {
        Some(why) => socket.member().disconnect_for(&why),
        None => socket.disconnect(),
    }
}

/// Has the login of a token take the place of the one that a client came with. It is for the same account: others know the
/// client as that.
pub(super) fn renew(
    socket: &Socket,
    credentials: &Credentials,
    token: &str,
) -> Result<Arc<LoggedIn>, TokenFault> {
    // It takes the place of a join in the rates: to look at a signature takes as long.
    socket.member().charge_join();
    let login = Arc::new(logged_in_by(credentials, token)?);
    match socket.account() {
        Some(account) if *account == login.account => {}
        account => return Err(TokenFault::other_account(account.is_none())),
    }
    socket.state().log_in(login.clone());
    watch(socket);
    Ok(login)
}
