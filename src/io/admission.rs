//! A client before it is let in: what a namespace's middlewares do with it.

use std::{cell::RefCell, fmt, net::IpAddr, rc::Rc, sync::Arc, time::Duration};

use dondo_actors::{
    handshake::Handshake,
    hub::ParentFinder,
    ports::{Admission, Admitted, Authorizer, Greetings, Identity, LocalFuture, Refusal},
};
use serde::{Serialize, de::DeserializeOwned};

use super::{
    Account,
    account::logged_in,
    arguments,
    context::{AdmissionContext, LookupContext},
    credentials::{ShownLogin, logged_in_by, shown, told},
    error::{EmitError, Error, LogAs, Result},
    handler::start,
    namespace::ServedNamespace,
    socket::SocketState,
};
use crate::{accounts::TooManyOfAccount, moderation::Moderation, notices};

/// A client that is not let in yet: it can be told something, and logged in, but is in no room and nobody can reach it.
/// It stays on its thread. Whoever keeps it when that is decided can change nothing any more: what it says fails, and the log
/// tells of a login that comes too late.
#[derive(Clone)]
pub struct Connecting(Rc<ConnectingState>);

struct ConnectingState {
    state: Rc<SocketState>,
    address: Option<IpAddr>,
    /// Nothing once it is decided.
    said: RefCell<Option<Greetings>>,
}

/// Decides when it is dropped, however the admission ends: the client may go, or its time be over.
struct Undecided(Connecting);

impl Undecided {
    /// What was said meanwhile.
    fn decide(&self) -> Option<Greetings> {
        self.0.0.said.take()
    }
}

impl Drop for Undecided {
    fn drop(&mut self) {
        self.decide();
    }
}

impl fmt::Debug for Connecting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connecting")
            .field("namespace", &self.0.state.shared().name)
            .field("address", &self.0.address)
            .finish_non_exhaustive()
    }
}

impl Connecting {
    /// The namespace that it asks for.
    pub fn namespace(&self) -> &str {
        &self.0.state.shared().name
    }

    /// Its address; behind a trusted proxy the one that the proxy tells.
    pub fn address(&self) -> Option<IpAddr> {
        self.0.address
    }

    /// What came with the request that opened its session: a cookie that was renewed since is not in it.
    pub fn handshake(&self) -> Handshake {
        self.0.state.handshake().unwrap_or_default()
    }

    /// What it sent with its CONNECT; nothing reads as `null`.
    ///
    /// # Errors
    /// It is not what is read.
    pub fn auth<T: DeserializeOwned>(&self) -> Result<T> {
        self.0.state.auth()
    }

    /// Says who it is, from now on, whomever [`Builder::identify`](crate::Builder::identify) found. The last one said before it
    /// is decided stands; afterwards nothing happens, and the log says so.
    pub fn login(&self, user: impl Account) {
        if self.is_undecided("login") {
            self.0.state.log_in(Arc::new(logged_in(user)));
        }
    }

    /// Keeps a value with the client, as [`Socket::insert`](super::Socket::insert) does, which goes on when it is decided: then
    /// nothing happens here, and the log says so.
    pub fn insert<T: 'static>(&self, value: T) -> Option<Rc<T>> {
        if !self.is_undecided("insert") {
            return None;
        }
        self.0.state.insert(value)
    }

    /// Says something to this client. It arrives before its CONNECT; who is refused never hears it. A tuple or an array of fixed
    /// length is several arguments, as for [`Socket::emit`](super::Socket::emit). All of it may be half of what may wait for a client
    /// (the settings `delivery.outbox_*`).
    ///
    /// # Errors
    /// It cannot be made an event, it is decided whether the client comes in, or too much has been said.
    pub fn emit(&self, event: &str, data: impl Serialize) -> std::result::Result<(), EmitError> {
        let content = arguments::content(event, &data)?;
        let mut said = self.0.said.borrow_mut();
        let said = said.as_mut().ok_or(EmitError::Decided)?;
        said.add(content).map_err(|_| EmitError::Full)
    }

    /// Whether what a middleware does here still counts.
    fn is_undecided(&self, what: &str) -> bool {
        let is_undecided = self.0.said.borrow().is_some();
        if !is_undecided {
            let namespace = self.namespace();
            notices::ADMISSION_OVER.tell(
                self.address(),
                None,
                format_args!("Connecting::{what} in {namespace} came when it was decided"),
            );
        }
        is_undecided
    }

    pub(super) fn state(&self) -> &Rc<SocketState> {
        &self.0.state
    }
}

/// The patterns of a hub, as the core asks them, in their order.
pub(crate) struct Patterns {
    pub(crate) parents: Vec<Arc<ServedNamespace>>,
    pub(crate) admission_timeout: Duration,
}

impl ParentFinder for Patterns {
    fn find(&self, admission: Admission) -> LocalFuture<Option<Arc<str>>> {
        let name = admission.namespace.clone();
        let matching = self
            .parents
            .iter()
            .filter(|parent| parent.is_parent_of(&name));
        let matching: Vec<_> = matching.cloned().collect();
        Box::pin(async move {
            for parent in matching {
                if is_there(&parent, &admission).await {
                    return Some(parent.name().clone());
                }
            }
            None
        })
    }

    fn admission_timeout(&self) -> Duration {
        self.admission_timeout
    }
}

async fn is_there(parent: &Arc<ServedNamespace>, admission: &Admission) -> bool {
    let Some(lookup) = &parent.lookup else {
        return true;
    };
    let mut context = LookupContext {
        state: state_of(&parent.child(admission.namespace.clone()), admission),
        address: admission.address,
    };
    let outcome = match start(lookup, &mut context) {
        Ok(outcome) => outcome,
        Err(rest) => rest.await.0,
    };
    if let Err(error) = &outcome
        && let LogAs::Failure(text) = error.log()
    {
        notices::HANDLER_FAILED.tell(
            admission.address,
            None,
            format_args!("the lookup of {} failed: {text}", parent.name()),
        );
    }
    outcome.is_ok()
}

/// What is kept with a client that is not in yet.
fn state_of(served: &Arc<ServedNamespace>, admission: &Admission) -> Rc<SocketState> {
    let auth = admission.auth.clone().filter(|_| served.keeps_auth);
    let handshake = served.keeps_handshake.then(|| admission.handshake.clone());
    Rc::new(SocketState::new(served.clone(), auth, handshake))
}

/// A namespace's middlewares, as the core asks them; a parent's run for each of its children.
/// Who is banned is refused, whatever they say.
pub(crate) struct Middlewares(pub(crate) Arc<ServedNamespace>, pub(crate) Moderation);

impl Authorizer for Middlewares {
    fn connect(&self, admission: Admission) -> LocalFuture<std::result::Result<Admitted, Refusal>> {
        let served = match self.0.is_parent {
            true => self.0.child(admission.namespace.clone()),
            false => self.0.clone(),
        };
        let state = state_of(&served, &admission);
        let shown = match shown(&served, &admission) {
            ShownLogin::Refused(refusal) => return Box::pin(std::future::ready(Err(refusal))),
            ShownLogin::Token(credentials, token) => Some((credentials, token)),
            ShownLogin::Enough => None,
        };
        if let Some(login) = &admission.login {
            state.log_in(login.clone());
        }
        let address = admission.address;
        let moderation = self.1.clone();
        if let Some(refusal) = banned(&moderation, &state, address) {
            return Box::pin(std::future::ready(Err(refusal)));
        }
        if served.handlers.admission.is_empty() && shown.is_none() {
            let admitted = admitted(&moderation, &state, None);
            return Box::pin(std::future::ready(admitted));
        }
        let connecting = Connecting(Rc::new(ConnectingState {
            state,
            address,
            said: RefCell::new(Some(admission.greetings())),
        }));
        let undecided = Undecided(connecting.clone());
        Box::pin(async move {
            if let Some((credentials, token)) = shown {
                // An admission that waits takes its place in the rates: looking at a signature costs more than sending one.
                tokio::task::yield_now().await;
                let login = logged_in_by(&credentials, &token);
                let login = login.map_err(|fault| told(fault.into(), address))?;
                connecting.0.state.log_in(Arc::new(login));
            }
            for middleware in &served.handlers.admission {
                let mut context = AdmissionContext {
                    connecting: connecting.clone(),
                };
                let outcome = match start(middleware, &mut context) {
                    Ok(outcome) => outcome,
                    Err(rest) => rest.await.0,
                };
                if let Err(error) = outcome {
                    return Err(refusal(&error, &connecting));
                }
            }
            let said = undecided.decide();
            let state = &connecting.0.state;
            // They may have logged it in, and a ban may have come meanwhile.
            if let Some(refusal) = banned(&moderation, state, address) {
                return Err(refusal);
            }
            admitted(&moderation, state, said)
        })
    }
}

/// The refusal of somebody who is banned.
pub(super) fn banned(
    moderation: &Moderation,
    state: &Rc<SocketState>,
    address: Option<IpAddr>,
) -> Option<Refusal> {
    let login = state.login();
    let account = login.as_ref().map(|login| &login.account);
    let bans = moderation.bans();
    let ban = bans.of_client(account, address, None)?;
    let message = match ban.reason {
        Some(reason) => format!("banned: {reason}"),
        None => "banned".to_owned(),
    };
    Some(Refusal {
        message,
        data: Some("{\"code\":\"banned\"}".to_owned()),
    })
}

/// What somebody has who may come in, if there is place among the clients of its account.
fn admitted(
    moderation: &Moderation,
    state: &Rc<SocketState>,
    said: Option<Greetings>,
) -> std::result::Result<Admitted, Refusal> {
    let login = state.login();
    let (mut rates, mut taken) = (None, None);
    if let Some(login) = &login {
        let exempt = login.moderates(None);
        let accounts = moderation.accounts();
        let place = accounts.enter(&login.account, &state.shared().name, exempt);
        let place = place.map_err(too_many)?;
        rates = Some(place.rates().clone()).filter(|_| !exempt);
        // Not with the state, which a middleware may keep.
        taken = Some(Box::new(place) as _);
    }
    Ok(Admitted {
        identity: Identity {
            account: login.map(|login| login.account.clone()),
        },
        extension: Some(state.clone()),
        said,
        rates,
        place: taken,
    })
}

fn too_many(refused: TooManyOfAccount) -> Refusal {
    Refusal {
        message: format!(
            "the account has {} clients here (limits.account-sessions-max)",
            refused.sessions_max
        ),
        data: Some("{\"code\":\"account_sessions_max\"}".to_owned()),
    }
}

fn refusal(error: &Error, client: &Connecting) -> Refusal {
    let namespace = client.namespace();
    let tell = |text: &dyn fmt::Display| {
        notices::HANDLER_FAILED.tell(
            client.address(),
            None,
            format_args!("a middleware of {namespace} failed: {text}"),
        );
    };
    let message = match error.log() {
        LogAs::Failure(text) => {
            tell(text);
            "internal"
        }
        LogAs::Nothing | LogAs::Unreadable => error.message(),
    };
    let code = || serde_json::json!({ "code": error.code() }).to_string();
    Refusal {
        message: message.to_owned(),
        data: Some(error.data().map_or_else(code, str::to_owned)),
    }
}
