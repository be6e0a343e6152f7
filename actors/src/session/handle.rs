//! What a session is started with, and how a transport holds it.

use std::{
    net::IpAddr,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use super::Applications;
use crate::{
    account::AddressAccount,
    error::CloseReason,
    flow::InboundCredit,
    handshake::Handshake,
    letter::TransportMessage,
    mailbox::Mailbox,
    message::{FromClient, ToSession},
    outbox::{Outbox, OutboxLimits},
    ports::{LoggedIn, Refusal},
    rate::SharedRates,
};

/// What shows that a client is still there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Liveness {
    /// It answers each ping within `ping_timeout`; the next one comes `ping_interval` later.
    #[default]
    Pong,
    /// Something comes within `ping_timeout`, whatever it is. A ping goes out every `ping_interval`, and asks for nothing; how
    /// long nothing came is looked at then.
    Arrivals,
    /// Nothing: it cannot speak, and its transport finds out. A ping goes out every `ping_interval`.
    Transport,
}

/// A session's time limits and sizes.
#[derive(Clone, Debug)]
pub struct SessionSettings {
    /// From one pong to the next ping.
    pub ping_interval: Duration,
    /// From a ping to its pong, at most; or how long nothing may be heard.
    pub ping_timeout: Duration,
    /// What shows that the client is still there.
    pub liveness: Liveness,
    /// To the first namespace; `None` where a protocol has no namespaces.
    pub connect_timeout: Option<Duration>,
    /// For the attachments of a packet to come.
    pub half_packet_timeout: Duration,
    /// Messages in handling at once, and answers on their way.
    pub credit: usize,
    /// Bytes of messages in handling at once; the last one may go beyond.
    pub credit_bytes: usize,
    /// Bytes that it may hold altogether.
    pub bytes_max: usize,
    /// How fast its client may send.
    pub rates: SharedRates,
    /// What may wait for its client.
    pub outbox: OutboxLimits,
    /// What runs for its members.
    pub applications: Applications,
}

/// Where a session's client is, and what it said when it came.
#[derive(Clone, Debug, Default)]
pub struct Peer {
    /// Its address, for the log.
    pub address: Option<IpAddr>,
    /// What all clients of that address hold and send; none where that has no limits.
    pub account: Option<Arc<AddressAccount>>,
    /// What came with the request that opened the session, for whoever lets members in.
    pub handshake: Handshake,
    /// Whom the host's login found in that request.
    pub login: Option<Arc<LoggedIn>>,
    /// Why that request lets nobody in who shows nothing else, if it does not.
    pub refused: Option<Arc<Refusal>>,
}

/// What a transport holds of a session.
#[derive(Clone)]
pub struct SessionRef {
    /// The way to the actor.
    pub mailbox: Mailbox<ToSession>,
    /// What waits for the client.
    pub outbox: Arc<Outbox>,
    /// What may be read.
    pub credit: Arc<InboundCredit>,
    /// How long a client may be gone, at most, before its session ends.
    pub ping_timeout: Duration,
}

impl SessionRef {
    /// Ready when a message may be read: what was read is handled, and the client takes its answers.
    pub fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.credit.poll_ready(cx).is_pending() {
            return Poll::Pending;
        }
        self.outbox.poll_calm(cx)
    }

    /// Hands a message to the session. The caller has seen [`SessionRef::poll_ready`] before.
    pub fn heard(&self, wire: TransportMessage) {
        let unit = self.credit.unit(wire.bytes().len());
        self.mailbox.send(FromClient { wire, unit });
    }

    /// Tells the session that the client answered a heartbeat. Takes credit too: a client may send nothing else.
    pub fn pong(&self) {
        self.noticed(true);
    }

    /// Tells the session of something that means nothing. It counts as a message.
    pub fn noise(&self) {
        self.noticed(false);
    }

    /// The transport is gone, or the session is to end.
    pub fn close(&self, reason: CloseReason) {
        self.mailbox.send(ToSession::Close(reason));
    }

    fn noticed(&self, pong: bool) {
        let unit = self.credit.unit(0);
        self.mailbox.send(ToSession::Noise { pong, unit });
    }
}
