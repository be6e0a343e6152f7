//! The session actor: what survives a change of transport. It hears messages, keeps the heartbeat, and owns its members,
//! one for each namespace. Knows no transport: those take from its outbox and tell it what they read.

mod admission;
mod application;
mod dispatch;
mod from_afar;
mod handle;
mod handlers;
mod hearing;
mod heartbeat;
mod member;
mod pacer;
mod seated;
mod seats;

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, VecDeque},
    net::IpAddr,
    rc::Rc,
    sync::Arc,
};

use actix::{Actor, ActorContext, AsyncContext, Context, SpawnHandle};
use bytes::Bytes;
use tokio::time::Instant;

use self::admission::{Admitting, Verdict, refusal};
pub use self::application::{AckHandle, Application, Applications, Event};
use self::dispatch::open;
pub use self::handle::{Liveness, Peer, SessionRef, SessionSettings};
#[cfg(test)]
pub(crate) use self::member::WAITING_MAX;
pub use self::member::{
    AnswerItems, IncomingItems, ItemsFault, JoinRequest, Member, MemberError, NotifyRequest,
    TooManyStreams,
};
use self::pacer::Pacer;
use self::seated::{HeldEvents, MemberGuard, SessionMember};
use crate::{
    account::{Charge, Held, SessionAccount},
    directory::MemberLocation,
    error::CloseReason,
    flow::{InboundCredit, Turn},
    handshake::Handshake,
    hub::HubHandle,
    id::LocalId,
    letter::{EncodingId, Frame},
    mailbox::{Mailbox, WeakMailbox},
    message::{Connected, CourierRef, Direct, Register, ToCourier, ToSession},
    metrics::Metrics,
    outbox::Outbox,
    ports::{Greetings, LoggedIn, Protocol, Refusal},
    rate::RateLimiter,
};

/// The actor.
pub struct Session {
    this: WeakMailbox<ToSession>,
    hub: HubHandle,
    courier: CourierRef,
    outbox: Arc<Outbox>,
    credit: Arc<InboundCredit>,
    pacer: Rc<Pacer>,
    paused: bool,
    turn: Turn,
    protocol: Rc<RefCell<Box<dyn Protocol>>>,
    settings: Arc<SessionSettings>,
    members: BTreeMap<Arc<str>, SessionMember>,
    admitting: BTreeMap<Arc<str>, Admitting>,
    /// How many had to wait so far.
    admissions: u64,
    handshake: Handshake,
    login: Option<Arc<LoggedIn>>,
    refused: Option<Arc<Refusal>>,
    own: LocalId,
    heartbeat: Option<SpawnHandle>,
    /// When the present heartbeat's ping is due, or was.
    ping_due: Instant,
    awaiting_pong: bool,
    /// Bytes that had come when the client was last looked at.
    arrivals: u64,
    /// How often in a row its silence was ours, or, where pings ask for nothing, how many of them it was silent for.
    forgiven: u32,
    connect_timer: Option<SpawnHandle>,
    half_packet: Option<SpawnHandle>,
    /// A packet whose attachments are still to come.
    partial: Charge,
    closing: Option<CloseReason>,
    peer: Option<IpAddr>,
    on_end: Option<Box<dyn FnOnce(CloseReason)>>,
}

impl Session {
    /// Starts a session on the present thread, whose courier is `courier`. `on_end` runs once, however it ends.
    pub fn start(
        hub: HubHandle,
        courier: CourierRef,
        protocol: Box<dyn Protocol>,
        settings: Arc<SessionSettings>,
        peer: Peer,
        on_end: impl FnOnce(CloseReason) + 'static,
    ) -> SessionRef {
        let ping_timeout = settings.ping_timeout;
        let own = RateLimiter::new(settings.rates.clone());
        let pacer = Rc::new(Pacer::new(own, peer.account.clone()));
        let account = SessionAccount::new(hub.account().clone(), peer.account, settings.bytes_max);
        let partial = account.charge(Held::Partial, 0);
        let handshake = peer.handshake.charged(&account);
        let outbox = Outbox::new(settings.outbox, account.clone());
        let credit = InboundCredit::new(settings.credit, settings.credit_bytes, account);
        Metrics::add(&hub.metrics().sessions, 1);
        let session = |this| Self {
            this,
            own: hub.local_id(),
            hub,
            courier,
            outbox: outbox.clone(),
            credit: credit.clone(),
            pacer,
            paused: false,
            turn: Turn::default(),
            protocol: Rc::new(RefCell::new(protocol)),
            settings,
            members: BTreeMap::new(),
            admitting: BTreeMap::new(),
            admissions: 0,
            handshake,
            login: peer.login,
            refused: peer.refused,
            heartbeat: None,
            ping_due: Instant::now(),
            awaiting_pong: false,
            arrivals: 0,
            forgiven: 0,
            connect_timer: None,
            half_packet: None,
            partial,
            closing: None,
            peer: peer.address,
            on_end: Some(Box::new(on_end)),
        };
        SessionRef {
            mailbox: Mailbox::start(|this| session(this).start()),
            outbox,
            credit,
            ping_timeout,
        }
    }

    /// Lets a client in, or tells it why not.
    fn decided(
        &mut self,
        namespace: Arc<str>,
        auth: Option<Bytes>,
        verdict: Result<Verdict, Refusal>,
        ctx: &mut Context<Self>,
    ) {
        let Verdict { admitted, child } = match verdict {
            Ok(verdict) => verdict,
            Err(refusal) => return self.refuse(&namespace, &refusal, ctx),
        };
        let hub = self.hub.clone();
        let served_as = child.as_ref().map_or(&namespace, |child| &child.parent);
        let application = self.settings.applications.of(served_as).cloned();
        let home = child.as_ref().map(|child| child.leased.home.clone());
        let home = home.or_else(|| hub.namespace(&namespace));
        let (Some(application), Some(home)) = (application, home) else {
            return self.close(CloseReason::ServerRestart, ctx);
        };
        let told = self.protocol.borrow().member_id();
        let Some(id) = told.or_else(|| hub.ids().member_id()) else {
            return self.refuse(&namespace, &refusal("No id can be made"), ctx);
        };
        if let Some(timer) = self.connect_timer.take() {
            ctx.cancel_future(timer);
        }
        let encoding = self.protocol.borrow().encoding(auth.as_deref());
        let member = Member::new(member::Parts {
            id,
            namespace: namespace.clone(),
            local_id: hub.local_id(),
            identity: admitted.identity,
            hub: hub.clone(),
            courier: self.courier.clone(),
            outbox: self.outbox.clone(),
            home,
            lease: Cell::new(child.map(|child| child.leased.lease)),
            session: self.this.clone(),
            protocol: self.protocol.clone(),
            encoding,
            credit: self.credit.clone(),
            pacer: self.pacer.clone(),
            peer: self.peer,
        });
        if let Some(extension) = admitted.extension {
            member.extend(extension);
        }
        self.register(member.local_id(), Some(&member), encoding);
        if member.home().is_none() {
            // Its thread ended meanwhile, and the courier was told before it knew of this member.
            let gone = ToCourier::Unregister(member.local_id());
            self.courier.mailbox.send(gone);
            return self.close(CloseReason::ServerRestart, ctx);
        }
        Metrics::add(&hub.metrics().members, 1);
        let (courier, local_id) = (self.courier.clone(), member.local_id());
        let entry = (namespace.clone(), member.id().clone());
        let place = MemberLocation {
            courier,
            local_id,
            address: self.peer,
        };
        hub.members().enter(entry, place);
        if let Some(account) = &member.identity().account {
            hub.accounts().enter(&namespace, account, member.id());
        }
        let mut said = admitted.said.iter().flat_map(Greetings::iter);
        let mut greet = |content| member.emit(content, false);
        if !self.protocol.borrow().connect_comes_first() {
            said.by_ref().for_each(&mut greet);
        }
        let told = self.protocol.borrow().connected(&namespace, member.id());
        told.into_iter()
            .for_each(|frame| member.own(frame, false, None));
        said.for_each(greet);
        member.enter(Connected {
            member: member.id().clone(),
            local_id: member.local_id(),
            courier: self.courier.clone(),
            unit: member.unit(),
        });
        let held: HeldEvents = Rc::new(RefCell::new(Some(VecDeque::new())));
        let guard = MemberGuard {
            member: member.clone(),
        };
        let seated = SessionMember {
            member: member.clone(),
            application: application.clone(),
            held: held.clone(),
            _guard: guard,
            _pace: admitted.rates.map(|rates| self.pacer.of_account(rates)),
            place: admitted.place,
        };
        self.members.insert(namespace, seated);
        open(application, member, held, self.this.clone());
    }

    fn register(&self, local_id: LocalId, member: Option<&Rc<Member>>, encoding: EncodingId) {
        let namespace = member.map_or_else(|| "".into(), |member| member.namespace().clone());
        let session = self.this.clone();
        let outbox = self.outbox.clone();
        let generation = self.courier.window.generation();
        self.courier.mailbox.send(Register {
            local_id,
            namespace,
            member: member.map(|member| member.id().clone()),
            account: member.and_then(|member| member.identity().account.clone()),
            outbox,
            encoding,
            session,
            generation,
        });
    }

    fn send(&self, frame: Frame) {
        self.courier.mailbox.send(Direct {
            local_id: self.own,
            frame: frame.charged_to_its_client(self.hub.account()),
            volatile: false,
            unit: self.credit.unit(0),
            observed: None,
            place: None,
        });
    }

    fn close(&mut self, reason: CloseReason, ctx: &mut Context<Self>) {
        if self.closing.is_some() {
            return;
        }
        // Who is read by another worker may have heard why, and be gone, before its session hears it.
        let reason = self.outbox.ended().unwrap_or(reason);
        self.closing = Some(reason);
        for (_, seated) in std::mem::take(&mut self.members) {
            seated.leave(reason);
        }
        if reason.flushes() {
            // Behind whatever this session's courier has yet to put into the outbox.
            let local_id = self.own;
            let end = ToCourier::EndOutbox { local_id, reason };
            self.courier.mailbox.send(end);
        } else {
            self.outbox.end(reason);
        }
        ctx.stop();
    }
}
