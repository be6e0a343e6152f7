//! May a client come into a namespace? The authorizer may take its time: meanwhile what the client says to that namespace
//! waits, and all else goes on, as long as that is not more than a session may have in handling. Where a parent has children,
//! the authorizer is its parent's, and what it waits for ends with the lease of the child.

use std::{
    any::Any,
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use actix::{AsyncContext, Context, SpawnHandle, fut::ActorFutureExt, fut::wrap_future};
use bytes::Bytes;
use futures_util::FutureExt;
use tokio::time::timeout;

use super::Session;
use crate::{
    account::Held,
    error::{CloseReason, Fault},
    flow::InboundUnit,
    hub::{HubHandle, LeasedChild, ParentFinder},
    lifecycle::Lifecycle,
    notice::cause,
    ports::{Admission, Admitted, ClientPacket, LocalFuture, Refusal, polled_once},
    rate::Rated,
};

/// Children of parents that one session may be in, as more of them are made for the asking.
const CHILDREN_MAX: usize = 64;

/// A client that may come in, and where.
pub(super) struct Verdict {
    pub(super) admitted: Admitted,
    pub(super) child: Option<InChild>,
}

/// A namespace that has a parent.
pub(super) struct InChild {
    pub(super) parent: Arc<str>,
    pub(super) leased: LeasedChild,
}

/// A CONNECT that is not decided yet.
pub(super) struct Admitting {
    /// A task that was cancelled may run once more: it finds another number here.
    number: u64,
    task: SpawnHandle,
    /// What the client said to the namespace since.
    held: VecDeque<(ClientPacket, InboundUnit)>,
    _unit: InboundUnit,
}

impl Session {
    pub(super) fn connect(
        &mut self,
        namespace: Arc<str>,
        auth: Option<Bytes>,
        ctx: &mut Context<Self>,
    ) {
        if self.members.contains_key(&namespace) {
            return self.violated("a second CONNECT for a namespace", ctx);
        }
        // Stock clients that take back what is not answered say nothing, and ask anew.
        self.take_back(&namespace, ctx);
        let hub = self.hub.clone();
        let configured = hub.namespace_config(&namespace);
        let configured = configured.filter(|config| {
            config.children.is_none() && self.settings.applications.of(&namespace).is_some()
        });
        let parents = hub.parents().filter(|_| configured.is_none());
        if configured.is_none() && parents.is_none() {
            return self.refuse(&namespace, &refusal("Invalid namespace"), ctx);
        }
        if configured.is_some() && hub.namespace(&namespace).is_none() {
            // Its thread is being started anew.
            return self.close(CloseReason::ServerRestart, ctx);
        }
        let all = self.members.len() + self.admitting.len();
        if configured.is_none() && all >= CHILDREN_MAX + hub.namespaces().count() {
            return self.refuse(&namespace, &refusal("Too many namespaces"), ctx);
        }
        let account = self.credit.account();
        let auth = auth.map(|auth| account.charge_bytes(auth, Held::Auth));
        if auth.is_some() && account.is_address_over() {
            return self.close(CloseReason::AddressBytes, ctx);
        }
        let admission = Admission {
            namespace: namespace.clone(),
            auth: auth.clone(),
            handshake: self.handshake.clone(),
            login: self.login.clone(),
            refused: self.refused.clone(),
            address: self.peer,
            session: (self.outbox.limits(), account.clone()),
        };
        let polled = AssertUnwindSafe(|| match (configured, parents) {
            (Some(config), _) => match polled_once(config.authorizer.connect(admission)) {
                Ok(verdict) => Ok(verdict.map(in_no_child)),
                Err(waiting) => Err(waiting
                    .map(|verdict| verdict.map(in_no_child))
                    .boxed_local()),
            },
            (None, Some(parents)) => {
                let verdict = in_child(hub.clone(), parents.clone(), admission);
                polled_once(Box::pin(verdict))
            }
            (None, None) => Ok(Err(refusal("Invalid namespace"))),
        });
        match catch_unwind(polled) {
            Ok(Ok(verdict)) => self.decided(namespace, auth, verdict, ctx),
            Ok(Err(waiting)) => {
                let own = configured.map(|config| config.settings.admission_timeout);
                let of_parents = parents.map(|parents| parents.admission_timeout());
                let limit = own.or(of_parents).unwrap_or_default();
                self.await_verdict((namespace, auth), waiting, limit, ctx);
            }
            Err(payload) => {
                let verdict = self.panicked(&namespace, payload);
                self.decided(namespace, auth, verdict, ctx);
            }
        }
    }

    fn await_verdict(
        &mut self,
        (namespace, auth): (Arc<str>, Option<Bytes>),
        waiting: LocalFuture<Result<Verdict, Refusal>>,
        limit: Duration,
        ctx: &mut Context<Self>,
    ) {
        let verdict = timeout(limit, AssertUnwindSafe(waiting).catch_unwind());
        let key = namespace.clone();
        // What a host does for it goes on when it is taken back: it counts as a join.
        self.pacer.charge(Rated::Joins, 1);
        self.admissions += 1;
        let number = self.admissions;
        let admitted = move |outcome, session: &mut Self, ctx: &mut Context<Self>| {
            let present = session.admitting.get(&namespace);
            if present.is_none_or(|present| present.number != number) {
                return;
            }
            let verdict = match outcome {
                Ok(Ok(verdict)) => verdict,
                Ok(Err(payload)) => session.panicked(&namespace, payload),
                Err(_) => {
                    cause::ADMISSION.tell(
                        session.peer,
                        None,
                        format_args!("an admission to {namespace} took too long"),
                    );
                    Err(refusal("Timed out"))
                }
            };
            session.admitted(namespace, auth, verdict, ctx);
        };
        let task = ctx.spawn(wrap_future::<_, Self>(verdict).map(admitted));
        let admitting = Admitting {
            number,
            task,
            held: VecDeque::new(),
            // What it sent is on the account by itself.
            _unit: self.credit.unit(0),
        };
        self.admitting.insert(key, admitting);
    }

    #[cold]
    fn panicked(&self, namespace: &str, payload: Box<dyn Any + Send>) -> Result<Verdict, Refusal> {
        std::mem::forget(payload);
        cause::ADMISSION.tell(
            self.peer,
            None,
            format_args!("an admission to {namespace} panicked"),
        );
        Err(refusal("internal"))
    }

    /// An admission that waited came to its end. What was said meanwhile is heard now; if it is refused, by nobody.
    fn admitted(
        &mut self,
        namespace: Arc<str>,
        auth: Option<Bytes>,
        verdict: Result<Verdict, Refusal>,
        ctx: &mut Context<Self>,
    ) {
        let Some(admitting) = self.admitting.remove(&namespace) else {
            return;
        };
        self.decided(namespace.clone(), auth, verdict, ctx);
        for (packet, unit) in admitting.held {
            if !self.members.contains_key(&namespace) {
                break;
            }
            self.said(packet, unit, ctx);
        }
    }

    /// Who comes into no namespace has only so long. Who waits for an admission then is looked at again later.
    pub(super) fn time_connect(&mut self, ctx: &mut Context<Self>) {
        self.connect_timer = self.settings.connect_timeout.map(|limit| {
            ctx.run_later(limit, |session, ctx| match session.admitting.is_empty() {
                true => session.close(CloseReason::ConnectTimeout, ctx),
                false => session.time_connect(ctx),
            })
        });
    }

    pub(super) fn refuse(&mut self, namespace: &str, refusal: &Refusal, ctx: &mut Context<Self>) {
        let lifecycle = self.hub.lifecycle();
        lifecycle.tell(|| Lifecycle::refused(self.peer, Some(namespace), &refusal.message));
        let told = self.protocol.borrow().refused(namespace, refusal);
        match told {
            Some(frame) => self.send(frame),
            None => return self.close(CloseReason::ForcedClose, ctx),
        }
        if self.protocol.borrow().ends_with_its_namespace() {
            self.close(CloseReason::ForcedClose, ctx);
        }
    }

    fn take_back(&mut self, namespace: &str, ctx: &mut Context<Self>) {
        if let Some(admitting) = self.admitting.remove(namespace) {
            ctx.cancel_future(admitting.task);
        }
    }

    /// Something that is said to a namespace whose admission is not decided waits for it. Who leaves meanwhile is not
    /// admitted, and hears nothing of it.
    pub(super) fn hold(
        &mut self,
        packet: ClientPacket,
        unit: InboundUnit,
        ctx: &mut Context<Self>,
    ) -> Option<(ClientPacket, InboundUnit)> {
        let namespace = match &packet {
            ClientPacket::Event { namespace, .. }
            | ClientPacket::Ack { namespace, .. }
            | ClientPacket::Item { namespace, .. }
            | ClientPacket::ItemsEnd { namespace, .. }
            | ClientPacket::Cancel { namespace, .. }
            | ClientPacket::Disconnect { namespace } => namespace,
            ClientPacket::Connect { .. } | ClientPacket::Reply(_) => return Some((packet, unit)),
        };
        let Some(admitting) = self.admitting.get_mut(namespace) else {
            return Some((packet, unit));
        };
        if matches!(packet, ClientPacket::Disconnect { .. }) {
            let namespace = namespace.clone();
            self.take_back(&namespace, ctx);
            self.left(ctx);
        } else {
            admitting.held.push_back((packet, unit));
        }
        None
    }
}

fn in_no_child(admitted: Admitted) -> Verdict {
    Verdict {
        admitted,
        child: None,
    }
}

/// Whose child it is, whether the parent lets the client in, and the child itself.
async fn in_child(
    hub: HubHandle,
    parents: Arc<dyn ParentFinder>,
    admission: Admission,
) -> Result<Verdict, Refusal> {
    let (name, peer) = (admission.namespace.clone(), admission.address);
    let parent = parents.find(admission.clone()).await;
    let found = parent.and_then(|parent| Some((hub.namespace_config(&parent)?, parent)));
    let Some((config, parent)) = found.filter(|(_, parent)| *parent != name) else {
        return Err(refusal("Invalid namespace"));
    };
    let admitted = config.authorizer.connect(admission).await?;
    match hub.open_child(name, parent.clone()).await {
        Ok(leased) => Ok(Verdict {
            admitted,
            child: Some(InChild { parent, leased }),
        }),
        Err(Fault::Full) => {
            let text = format_args!("{parent} has as many children as it may");
            cause::ADMISSION.tell(peer, None, text);
            Err(refusal("Too many namespaces"))
        }
        // Its thread is being started anew: without a child there is nothing to come into, and the session closes.
        Err(_) => Ok(in_no_child(admitted)),
    }
}

pub(super) fn refusal(message: &str) -> Refusal {
    Refusal {
        message: message.to_owned(),
        data: None,
    }
}
