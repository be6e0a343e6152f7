//! The session actor: what survives a change of transport. It hears messages, keeps the heartbeat, and owns its members,
//! one for each namespace. Knows no transport: those take from its outbox and tell it what they read.

mod dispatch;
mod handlers;
mod heartbeat;

mod member;
mod seats;

use std::{
    cell::RefCell,
    collections::{BTreeMap, VecDeque},
    net::IpAddr,
    panic::AssertUnwindSafe,
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use actix::{Actor, ActorContext, AsyncContext, Context, SpawnHandle};
use bytes::Bytes;
use tokio::time::Instant;

use self::dispatch::{dispatch, open};
pub use self::member::{JoinRequest, Member, MemberError, NotifyRequest};

use crate::{
    courier::CourierRef,
    credit::{Credit, Unit},
    directory::Whereabouts,
    error::CloseReason,
    hub::HubHandle,
    id::Slot,
    letter::{Content, Frame, Wire},
    message::{CourierSays, Direct, EndOutbox, Enter, Gone, Heard, Pong, Register, Unregister},
    metrics::Metrics,
    notice::cause,
    outbox::Outbox,
    ports::{AckHandle, Event, Protocol, Refusal, Said, Script},
    post::{Post, UpPost},
};

/// A session's time limits and sizes.
#[derive(Clone, Copy, Debug)]
pub struct SessionSettings {
    /// From one pong to the next ping.
    pub ping_interval: Duration,
    /// From a ping to its pong, at most.
    pub ping_timeout: Duration,
    /// To the first namespace; `None` where a protocol has no namespaces.
    pub connect_timeout: Option<Duration>,
    /// For the attachments of a packet to come.
    pub half_packet_timeout: Duration,
    /// Messages in handling at once.
    pub credit: usize,
}

/// What a transport holds of a session.
#[derive(Clone)]
pub struct SessionRef {
    /// The way to the actor.
    pub post: Post<Session>,
    /// What waits for the client.
    pub outbox: Arc<Outbox>,
    /// What may be read.
    pub credit: Arc<Credit>,
}

impl SessionRef {
    /// Hands a message to the session. The caller has seen [`Credit::poll_ready`] before.
    pub fn heard(&self, wire: Wire) {
        self.credit.take();
        self.post.control(Heard(wire));
    }

    /// Tells the session that the client answered a heartbeat. Takes credit too: a client may send nothing else.
    pub fn pong(&self) {
        self.credit.take();
        self.post.control(Pong);
    }
}

/// The actor.
pub struct Session {
    hub: HubHandle,
    courier: CourierRef,
    outbox: Arc<Outbox>,
    credit: Arc<Credit>,
    protocol: Rc<RefCell<Box<dyn Protocol>>>,
    settings: SessionSettings,
    members: BTreeMap<Arc<str>, Seated>,
    own: Slot,
    heartbeat: Option<SpawnHandle>,
    /// When the present heartbeat's ping is due, or was.
    ping_due: Instant,
    awaiting_pong: bool,
    connect_timer: Option<SpawnHandle>,
    half_packet: Option<SpawnHandle>,
    closing: Option<CloseReason>,
    /// The client's address, for the log.
    peer: Option<IpAddr>,
    on_end: Option<Box<dyn FnOnce(CloseReason)>>,
}

struct Seated {
    member: Rc<Member>,
    script: Arc<dyn Script>,
    /// Events that wait for the script to have the member in; `None` once it has.
    held: Held,
    _guard: MemberGuard,
}

type Held = Rc<RefCell<Option<VecDeque<(Event, Unit)>>>>;

/// Tells everybody that a member is gone, however its session ends.
struct MemberGuard {
    member: Rc<Member>,
}

impl Drop for MemberGuard {
    fn drop(&mut self) {
        let member = &self.member;
        member.end();
        if let Some(namespace) = member.home() {
            namespace.control(Gone {
                member: member.id().clone(),
            });
        }
        member.courier().post.control(Unregister {
            slot: member.slot(),
        });
        let hub = member.hub();
        hub.members()
            .strike(&(member.namespace().clone(), member.id().clone()));
        Metrics::sub(&hub.metrics().members, 1);
    }
}

impl Session {
    /// Starts a session on the present thread, whose courier is `courier`. `on_end` runs once, however it ends.
    pub fn start(
        hub: HubHandle,
        courier: CourierRef,
        outbox: Arc<Outbox>,
        protocol: Box<dyn Protocol>,
        settings: SessionSettings,
        on_end: impl FnOnce(CloseReason) + 'static,
    ) -> SessionRef {
        let credit = Credit::new(settings.credit);
        Metrics::add(&hub.metrics().sessions, 1);
        let session = Self {
            own: hub.slot(),
            hub,
            courier,
            outbox: outbox.clone(),
            credit: credit.clone(),
            protocol: Rc::new(RefCell::new(protocol)),
            settings,
            members: BTreeMap::new(),
            heartbeat: None,
            ping_due: Instant::now(),
            awaiting_pong: false,
            connect_timer: None,
            half_packet: None,
            closing: None,
            peer: None,
            on_end: Some(Box::new(on_end)),
        };
        SessionRef {
            post: Post::new(Actor::start(session)),
            outbox,
            credit,
        }
    }

    fn heard(&mut self, wire: Wire, ctx: &mut Context<Self>) {
        let unit = Unit(self.credit.clone());
        let said = self.protocol.borrow_mut().decode(wire);
        self.time_half_packet(ctx);
        match said {
            Ok(None) => {}
            Ok(Some(said)) => self.said(said, unit, ctx),
            Err(violation) => self.violated(&violation.0, ctx),
        }
    }

    fn time_half_packet(&mut self, ctx: &mut Context<Self>) {
        let pending = self.protocol.borrow().pending_bytes() > 0;
        match (self.half_packet, pending) {
            (None, true) => {
                let timer = ctx.run_later(self.settings.half_packet_timeout, |session, ctx| {
                    session.close(CloseReason::HalfPacket, ctx);
                });
                self.half_packet = Some(timer);
            }
            (Some(timer), false) => {
                ctx.cancel_future(timer);
                self.half_packet = None;
            }
            _ => {}
        }
    }

    fn said(&mut self, said: Said, unit: Unit, ctx: &mut Context<Self>) {
        match said {
            Said::Connect { namespace, auth } => self.connect(namespace, auth, ctx),
            Said::Disconnect { namespace } => match self.members.remove(&namespace) {
                Some(seated) => seated.leave(CloseReason::TransportClose),
                None => self.violated("it leaves a namespace that it is not in", ctx),
            },
            Said::Event {
                namespace,
                ack,
                content,
            } => match self.members.get(&namespace) {
                Some(seated) => seated.event(content, ack, unit),
                None => self.violated("an event for a namespace that it is not in", ctx),
            },
            Said::Ack {
                namespace,
                id,
                answer,
            } => match self.members.get(&namespace) {
                Some(seated) => seated.member.answered(id, answer),
                None => self.violated("an ack for a namespace that it is not in", ctx),
            },
            Said::Reply(frame) => self.send(frame),
        }
    }

    fn violated(&mut self, what: &str, ctx: &mut Context<Self>) {
        cause::VIOLATION.tell(self.peer, None, format_args!("a session is closed: {what}"));
        self.close(CloseReason::ForcedClose, ctx);
    }

    fn connect(&mut self, namespace: Arc<str>, auth: Option<Bytes>, ctx: &mut Context<Self>) {
        if self.members.contains_key(&namespace) {
            return self.violated("a second CONNECT for a namespace", ctx);
        }
        let hub = self.hub.clone();
        let Some((space, home)) = hub.space(&namespace).zip(hub.namespace(&namespace)) else {
            return self.refuse(
                &namespace,
                &Refusal {
                    message: "Invalid namespace".into(),
                    data: None,
                },
            );
        };
        let identity = match space.gate.connect(&namespace, auth.as_deref()) {
            Ok(identity) => identity,
            Err(refusal) => return self.refuse(&namespace, &refusal),
        };
        let Some(id) = hub.secrets().member_id() else {
            return self.refuse(
                &namespace,
                &Refusal {
                    message: "No id can be made".into(),
                    data: None,
                },
            );
        };
        if let Some(timer) = self.connect_timer.take() {
            ctx.cancel_future(timer);
        }
        let form = self.protocol.borrow().form(auth.as_deref());
        let member = Member::new(member::Parts {
            id,
            namespace: namespace.clone(),
            slot: hub.slot(),
            identity,
            hub: hub.clone(),
            courier: self.courier.clone(),
            home,
            protocol: self.protocol.clone(),
            form,
            credit: self.credit.clone(),
            peer: self.peer,
        });
        self.register(member.slot(), namespace.clone(), form, ctx);
        Metrics::add(&hub.metrics().members, 1);
        let place = Whereabouts {
            courier: self.courier.clone(),
            slot: member.slot(),
        };
        hub.members()
            .enter((namespace.clone(), member.id().clone()), place);
        member.own(
            self.protocol.borrow().connected(&namespace, member.id()),
            false,
        );
        member.enter(Enter {
            member: member.id().clone(),
            slot: member.slot(),
            account: member.identity().account.clone(),
            courier: self.courier.clone(),
        });
        let held: Held = Rc::new(RefCell::new(Some(VecDeque::new())));
        let script = space.script.clone();
        let guard = MemberGuard {
            member: member.clone(),
        };
        let seated = Seated {
            member: member.clone(),
            script: script.clone(),
            held: held.clone(),
            _guard: guard,
        };
        self.members.insert(namespace, seated);
        open(script, member, auth, held, ctx.address());
    }

    fn refuse(&self, namespace: &str, refusal: &Refusal) {
        self.send(self.protocol.borrow().refused(namespace, refusal));
    }

    fn register(
        &self,
        slot: Slot,
        namespace: Arc<str>,
        form: crate::letter::FormId,
        ctx: &Context<Self>,
    ) {
        let session: UpPost<CourierSays> = Post::new(ctx.address()).up();
        let outbox = self.outbox.clone();
        let lapses = self.courier.backlog.lapses();
        self.courier.post.control(Register {
            slot,
            namespace,
            outbox,
            form,
            session,
            lapses,
        });
    }

    fn send(&self, frame: Frame) {
        self.courier.post.control(Direct {
            slot: self.own,
            frame,
            volatile: false,
        });
    }

    fn close(&mut self, reason: CloseReason, ctx: &mut Context<Self>) {
        if self.closing.is_some() {
            return;
        }
        self.closing = Some(reason);
        for (_, seated) in std::mem::take(&mut self.members) {
            seated.leave(reason);
        }
        if reason.flushes() {
            // Behind whatever this session's courier has yet to put into the outbox.
            self.courier.post.control(EndOutbox {
                slot: self.own,
                reason,
            });
        } else {
            self.outbox.end(reason);
        }
        ctx.stop();
    }
}

impl Seated {
    fn event(&self, content: Content, ack: Option<u64>, unit: Unit) {
        let ack = ack.map(|id| AckHandle::new(self.member.clone(), id));
        let event = Event { content, ack };
        match self.held.borrow_mut().as_mut() {
            Some(held) => held.push_back((event, unit)),
            None => dispatch(&self.script, &self.member, event, unit),
        }
    }

    fn leave(self, reason: CloseReason) {
        self.member.end();
        let farewell = AssertUnwindSafe(|| self.script.disconnected(self.member.clone(), reason));
        if let Err(payload) = std::panic::catch_unwind(farewell) {
            std::mem::forget(payload);
            cause::HANDLER_PANICKED.tell(
                self.member.peer(),
                None,
                format_args!(
                    "a disconnect handler in {} panicked",
                    self.member.namespace()
                ),
            );
        }
    }
}

/// A member is put out of a namespace by the hub.
struct PutOut(Arc<str>);

impl actix::Message for PutOut {
    type Result = ();
}
