//! What others see of a member, and how it leaves.

use std::{rc::Rc, sync::Arc};

use bytes::Bytes;

use super::{Member, outgoing::Outgoing};
use crate::{
    id::{Kind, RoomKey},
    message::{MemberInfo, ToSession},
    rate::Rated,
};

impl Member {
    /// Counts something in its rates that costs as much as a join.
    pub fn charge_join(&self) {
        self.parts.pacer.charge(Rated::Joins, 1);
    }

    /// What others see of it as [`MemberInfo::data`]: a JSON text, or nothing.
    pub fn set_data(&self, data: Option<Bytes>) {
        *self.data.borrow_mut() = data.map(Box::new);
    }

    /// What was set with [`Member::set_data`].
    pub fn data(&self) -> Option<Bytes> {
        self.data.borrow().as_deref().cloned()
    }

    /// What others see of it.
    pub fn describe(&self) -> MemberInfo {
        let seats = self.seats.borrow();
        let rooms = seats.all_expected(Kind::Plain);
        MemberInfo {
            id: self.id().clone(),
            namespace: self.namespace().clone(),
            account: self.identity().account.clone(),
            address: self.peer(),
            rooms: rooms.map(|(key, _)| key.name.clone()).collect(),
            data: self.data(),
            place: self.local_id(),
        }
    }

    /// Puts it out of the namespace, behind what it has said and what its client was told: that is told of it, and may go on
    /// in other namespaces.
    pub fn disconnect(self: &Rc<Self>) {
        self.put_out.set(true);
        let (close, why) = (false, None);
        self.enqueue(Outgoing::Disconnect { close, why });
    }

    /// As [`Member::disconnect`], of a client that may come again as somebody else, and is told why where its protocol says so.
    pub fn disconnect_for(self: &Rc<Self>, why: &str) {
        self.put_out.set(true);
        let (close, why) = (false, Some(why.into()));
        self.enqueue(Outgoing::Disconnect { close, why });
    }

    /// As [`Member::disconnect`], of every namespace that its client is in; then the connection is closed.
    pub fn close(self: &Rc<Self>) {
        self.put_out.set(true);
        let (close, why) = (true, None);
        self.enqueue(Outgoing::Disconnect { close, why });
    }

    /// It goes: what it says to others now is its goodbye, also where it was put out.
    pub(in crate::session) fn leaves(&self) {
        self.leaving.set(true);
    }

    pub(super) fn send_disconnect(&self, close: bool, why: Option<Arc<str>>) {
        let local_id = self.local_id();
        let word = ToSession::Disconnect {
            local_id,
            close,
            why,
        };
        self.parts.session.send(word);
    }

    /// It has a seat there, will have one, or is about to lose it.
    pub(in crate::session) fn may_be_in(&self, room: &RoomKey) -> bool {
        let seats = self.seats.borrow();
        seats.expected(room).is_some() || seats.changes(room)
    }
}
