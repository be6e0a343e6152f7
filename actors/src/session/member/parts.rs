//! What a member is made of.

use std::{
    cell::{Cell, RefCell},
    net::IpAddr,
    rc::Rc,
    sync::Arc,
};

use crate::{
    flow::InboundCredit,
    hub::HubHandle,
    id::{LocalId, MemberId},
    lease::Lease,
    letter::EncodingId,
    mailbox::WeakMailbox,
    message::{CourierRef, ToNamespace, ToSession},
    outbox::Outbox,
    ports::{Identity, Protocol},
    session::Pacer,
};

/// See the module.
pub(in crate::session) struct Parts {
    pub(in crate::session) id: MemberId,
    pub(in crate::session) namespace: Arc<str>,
    pub(in crate::session) local_id: LocalId,
    pub(in crate::session) identity: Identity,
    pub(in crate::session) hub: HubHandle,
    pub(in crate::session) courier: CourierRef,
    pub(in crate::session) outbox: Arc<Outbox>,
    pub(in crate::session) home: WeakMailbox<ToNamespace>,
    /// Until it departs, of a namespace that has a parent.
    pub(in crate::session) lease: Cell<Option<Lease>>,
    pub(in crate::session) session: WeakMailbox<ToSession>,
    pub(in crate::session) protocol: Rc<RefCell<Box<dyn Protocol>>>,
    pub(in crate::session) encoding: EncodingId,
    pub(in crate::session) credit: Arc<InboundCredit>,
    pub(in crate::session) pacer: Rc<Pacer>,
    pub(in crate::session) peer: Option<IpAddr>,
}
