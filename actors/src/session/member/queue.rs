//! The one queue of whatever a member says: what may be sent now, and what waits for an answer.

use std::{collections::VecDeque, rc::Rc, sync::Arc};

use super::{
    Member, PIPELINE,
    outgoing::{Destination, Done, ManageOp, Outgoing},
};
use crate::{
    account::Held,
    error::{Fault, JoinError, ManageError, NotifyError},
    flow::InboundUnit,
    id::RoomKey,
    mailbox::{Mailbox, Reply, WeakMailbox},
    message::{Audience, CourierRef, Deliver, Join, JoinAnswer, Manage, ToRoom},
    ports::LocalFuture,
    rate::Rated,
};

/// What a room keeps for a member beside what the member sent, in bytes; more if it is alone there.
const MEMBERSHIP: usize = 2048;

/// What may wait to be sent. A client's own messages are bounded long before, by its units; a handler that says more without
/// waiting for anything is told.
pub(crate) const WAITING_MAX: usize = 16_384;

#[derive(Default)]
pub(super) struct Queue {
    pub(super) waiting: VecDeque<(Outgoing, InboundUnit)>,
    pub(super) answers: VecDeque<(LocalFuture<()>, InboundUnit)>,
    pub(super) under_way: usize,
    pub(super) aim: Option<Destination>,
    pub(super) blocked: bool,
    pub(super) pumping: bool,
    /// A handler is polled for the first time: its task drives the queue, too.
    in_handler: bool,
    /// And has something to drive.
    for_handler: bool,
    pub(super) route: Option<(RoomKey, WeakMailbox<ToRoom>)>,
}

impl Member {
    /// Refuses what is said while too much waits.
    ///
    /// # Errors
    /// Too much waits: more words than a queue holds, or more bytes than its client's outbox. Leaves are never refused, nor are answers.
    pub fn has_room(&self) -> Result<(), Fault> {
        let (words, bytes) = self.parts.credit.on_its_way();
        let waiting = self.queue.borrow().waiting.len().max(words);
        match waiting < WAITING_MAX && bytes <= self.parts.outbox.limits().bytes_max {
            true => Ok(()),
            false => Err(Fault::Full),
        }
    }

    pub(super) fn enqueue(self: &Rc<Self>, op: Outgoing) {
        if self.ended.get() {
            return;
        }
        self.put(op);
        let mut queue = self.queue.borrow_mut();
        if queue.under_way > 0 && !queue.pumping {
            queue.pumping = true;
            if queue.in_handler {
                queue.for_handler = true;
                return;
            }
            drop(queue);
            actix_rt::spawn(self.clone().drive());
        }
    }

    pub(super) fn put(self: &Rc<Self>, op: Outgoing) {
        let mut unit = self.unit();
        unit.says(op.bytes());
        self.queue.borrow_mut().waiting.push_back((op, unit));
        self.issue();
    }

    /// A handler is about to be polled for the first time.
    pub(in crate::session) fn handler_begins(&self) {
        self.queue.borrow_mut().in_handler = true;
    }

    /// It was polled. What is to be driven from now on, if anything is: together with what is left of the handler, as most
    /// handlers wait for the very answer, and a task of its own would cost as much again.
    pub(in crate::session) fn handler_was_polled(
        self: &Rc<Self>,
    ) -> Option<impl Future<Output = ()> + use<>> {
        let mut queue = self.queue.borrow_mut();
        queue.in_handler = false;
        let drives = std::mem::take(&mut queue.for_handler);
        drives.then(|| self.clone().drive())
    }

    /// Takes the answers in order, and sends what they make room for.
    pub(super) async fn drive(self: Rc<Self>) {
        loop {
            let next = self.queue.borrow_mut().answers.pop_front();
            let Some((answer, unit)) = next else { break };
            answer.await;
            drop(unit);
            self.queue.borrow_mut().under_way -= 1;
            self.issue();
        }
        self.queue.borrow_mut().pumping = false;
    }

    /// Sends what may be sent now.
    pub(super) fn issue(self: &Rc<Self>) {
        loop {
            let op = {
                let mut queue = self.queue.borrow_mut();
                let Some(aim) = queue.waiting.front().map(|(op, _)| op.aim()) else {
                    return;
                };
                let changes = queue.under_way > 0 && queue.aim.as_ref() != Some(&aim);
                if queue.blocked || queue.under_way >= PIPELINE || changes {
                    return;
                }
                queue.aim = Some(aim);
                queue.waiting.pop_front()
            };
            let Some((op, unit)) = op else { continue };
            // A frame for the client takes the unit along; all else holds it until it is answered.
            let (answer, unit) = match op {
                Outgoing::Own(own) => {
                    self.direct(own, unit);
                    continue;
                }
                op => match self.send(op) {
                    Some(answer) => (answer, unit),
                    None => continue,
                },
            };
            let mut queue = self.queue.borrow_mut();
            queue.answers.push_back((answer, unit));
            queue.under_way += 1;
        }
    }

    pub(super) fn send(self: &Rc<Self>, op: Outgoing) -> Option<LocalFuture<()>> {
        match op {
            Outgoing::Own(..) => None,
            Outgoing::Disconnect { close, why } => {
                self.send_disconnect(close, why);
                None
            }
            Outgoing::DisconnectOnDrop(departure) => {
                drop(departure);
                None
            }
            Outgoing::Connected(enter) => {
                if let Some(home) = self.home() {
                    home.send(enter);
                }
                None
            }
            Outgoing::Join(join, done) => self.send_join(join, done),
            Outgoing::Leave(mut leave, done) => {
                let (reply, answer) = Reply::new();
                leave.reply = Some(reply);
                let room = leave.room.clone();
                let this = self.clone();
                let sent = self.home().map(|home| home.send(*leave));
                Some(Box::pin(async move {
                    let answer = answer.await.unwrap_or_default();
                    let told = answer.gone.iter().map(|(_, count)| count).sum();
                    this.parts.pacer.charge(Rated::Deliveries, told);
                    match sent {
                        Some(_) => this.seats.borrow_mut().left(&room, &answer),
                        None => this.seats.borrow_mut().lost(&room),
                    }
                    let _ = done.send(answer);
                }))
            }
            Outgoing::Notify(notify, done) => self.send_notify(notify, done),
            Outgoing::Letter(mut letter, done) => {
                let (reply, answer) = Reply::new();
                letter.reply = reply;
                self.home()?.send(letter);
                Some(Box::pin(async move {
                    let _ = done.send(
                        answer
                            .await
                            .unwrap_or(Err(NotifyError::Internal(Fault::Crashed))),
                    );
                }))
            }
            Outgoing::Manage(op, done) => {
                let Some(room) = self.route(&op.room) else {
                    let _ = done.send(Err(ManageError::Forbidden));
                    return None;
                };
                let (reply, answer) = Reply::new();
                let ManageOp {
                    command, announce, ..
                } = *op;
                let manage = Manage {
                    by: self.id().clone(),
                    by_hub: false,
                    command,
                    announce,
                    reply,
                };
                room.send(manage);
                let this = self.clone();
                Some(Box::pin(async move {
                    let answer = answer
                        .await
                        .unwrap_or(Err(ManageError::Internal(Fault::Crashed)));
                    let told = *answer.as_ref().unwrap_or(&0);
                    this.parts.pacer.charge(Rated::Deliveries, told);
                    let _ = done.send(answer.map(|_| ()));
                }))
            }
            Outgoing::Member(to, draft, done) => {
                let place = self
                    .hub()
                    .members()
                    .find(&(self.namespace().clone(), to.clone()));
                let Some(place) = place else {
                    let _ = done.send(false);
                    return None;
                };
                let letter = draft.seal(self.namespace().clone(), None);
                let cost = place.courier.window.cost(1, letter.content.len());
                self.parts.pacer.charge(Rated::Deliveries, 1);
                let deliver = move |courier: &CourierRef, permit| {
                    courier.send(Deliver {
                        audience: Audience::Member(place.local_id),
                        letter: Arc::new(letter),
                        receipt: None,
                        permit,
                    })
                };
                let courier = place.courier;
                if let Some(permit) = courier.window.try_permit(cost) {
                    let _ = done.send(deliver(&courier, Some(permit)));
                    return None;
                }
                self.queue.borrow_mut().blocked = true;
                let this = self.clone();
                let patience = self.hub().courier_patience(self.namespace());
                Some(Box::pin(async move {
                    let permit = courier.permit(cost, patience).await;
                    let _ = done.send(deliver(&courier, permit));
                    this.queue.borrow_mut().blocked = false;
                }))
            }
        }
    }

    pub(super) fn send_join(
        self: &Rc<Self>,
        mut join: Box<Join>,
        done: Done<JoinAnswer, JoinError>,
    ) -> Option<LocalFuture<()>> {
        let account = self.parts.credit.account();
        let refused = account.is_address_high();
        let (reply, answer) = Reply::new();
        join.reply = reply;
        let room = join.room.clone();
        let history = join.history.is_some();
        let this = self.clone();
        let leave_event = join
            .joined
            .leave_event
            .as_ref()
            .map_or(0, |leave_event| leave_event.bytes());
        let kept = MEMBERSHIP + room.name.len() + leave_event;
        let kept = account.charge(Held::Memberships, if refused { 0 } else { kept });
        // One that is not sent is answered by its dropped reply: whoever asked has a place in the book of seats.
        if let Some(home) = self.home().filter(|_| !refused) {
            home.send(join);
        } else {
            drop(join);
        }
        // What is told of former times must fit into the outbox beside what is said now: one join after the other.
        self.queue.borrow_mut().blocked |= history;
        Some(Box::pin(async move {
            let answer = match answer.await {
                Ok(answer) => answer,
                Err(_) if refused => Err(JoinError::AddressHigh),
                Err(_) => Err(JoinError::Internal(Fault::Crashed)),
            };
            if let Ok(answer) = &answer {
                // Everybody there is told of it.
                this.parts.pacer.charge(Rated::Deliveries, answer.count);
            }
            this.seats.borrow_mut().joined(&room, &answer, kept);
            let replayed = answer
                .as_ref()
                .ok()
                .and_then(|answer| answer.replayed.clone());
            let _ = done.send(answer);
            if history {
                if let Some(replayed) = replayed {
                    // As if it had sent them: who asks again and again is read slower.
                    this.parts.pacer.charge(Rated::Deliveries, replayed.count);
                    this.parts.pacer.charge(Rated::Bytes, replayed.bytes);
                    replayed.receipt.settled().await;
                }
                this.parts.outbox.calm().await;
                this.queue.borrow_mut().blocked = false;
            }
        }))
    }

    pub(super) fn route(&self, room: &RoomKey) -> Option<Mailbox<ToRoom>> {
        self.seats
            .borrow()
            .way(room)
            .or_else(|| match &self.queue.borrow().route {
                Some((key, way)) if key == room => way.upgrade(),
                _ => None,
            })
    }
}
