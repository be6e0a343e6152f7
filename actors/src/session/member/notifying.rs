//! Letters on their way: to one room straight there by the way of a seat, else behind the namespace's word of where it is; to
//! selected members as one letter.

use std::{future::Future, rc::Rc};

use tokio::sync::oneshot;

use super::{
    Member, NotifyRequest,
    outgoing::{Done, NotifyOp, Outgoing},
};
use crate::{
    error::{Fault, NotifyError},
    id::RoomKey,
    letter::{Content, Draft, Manner},
    mailbox::Reply,
    message::{Asking, Notify, NotifyAnswer, Resolve, SelectedLetter, Selection},
    ports::LocalFuture,
};

impl Member {
    /// Says something to a room. The answer comes when every courier has handed it on, or after the hub's settle time.
    pub fn notify(
        self: &Rc<Self>,
        request: NotifyRequest,
        content: Content,
    ) -> impl Future<Output = Result<NotifyAnswer, NotifyError>> + 'static {
        self.notify_as(request, content, Manner::default())
    }

    /// As [`Member::notify`], in a manner of its own.
    pub fn notify_as(
        self: &Rc<Self>,
        request: NotifyRequest,
        content: Content,
        manner: Manner,
    ) -> impl Future<Output = Result<NotifyAnswer, NotifyError>> + 'static {
        let drafted = self.draft(content, manner);
        let queued = drafted.map(|draft| {
            let (done, answer) = oneshot::channel();
            self.enqueue(Outgoing::Notify(
                Box::new(NotifyOp {
                    request,
                    draft,
                    resolved: false,
                }),
                done,
            ));
            answer
        });
        self.clone().settled(queued)
    }

    /// Says something to the members of several rooms; `None` is everybody in the namespace.
    #[cfg(test)]
    pub(crate) fn broadcast(
        self: &Rc<Self>,
        rooms: Option<Vec<RoomKey>>,
        except_rooms: Vec<RoomKey>,
        echo: bool,
        content: Content,
    ) -> impl Future<Output = Result<NotifyAnswer, NotifyError>> + 'static {
        let selection = Selection {
            rooms,
            except_rooms,
            except: (!echo).then(|| self.id().clone()).into_iter().collect(),
            ..Selection::default()
        };
        self.broadcast_selected(selection, content, Manner::default())
    }

    /// Says something to selected members, each once.
    pub fn broadcast_selected(
        self: &Rc<Self>,
        selection: Selection,
        content: Content,
        manner: Manner,
    ) -> impl Future<Output = Result<NotifyAnswer, NotifyError>> + 'static {
        let draft = self.draft(content, manner);
        let queued = draft.map(|draft| self.queue_selected(selection, draft, None));
        self.clone().settled(queued)
    }

    /// A letter to selected members, behind what was said before.
    pub(super) fn queue_selected(
        self: &Rc<Self>,
        selection: Selection,
        draft: Draft,
        asking: Option<Asking>,
    ) -> oneshot::Receiver<Result<NotifyAnswer, NotifyError>> {
        let (done, answer) = oneshot::channel();
        match self.hub().places(self.namespace(), selection) {
            Some(selected) => {
                // The reply is replaced when the letter is sent.
                let (reply, _) = Reply::new();
                let letter = SelectedLetter {
                    from: self.id().clone(),
                    selected,
                    draft,
                    reply,
                    asking,
                    word: None,
                };
                self.enqueue(Outgoing::Letter(Box::new(letter), done));
            }
            None => {
                if let Some(asking) = asking {
                    asking.nobody();
                }
                let _ = done.send(Ok(NotifyAnswer::nobody()));
            }
        }
        answer
    }

    pub(super) fn send_notify(
        self: &Rc<Self>,
        mut op: Box<NotifyOp>,
        done: Done<NotifyAnswer, NotifyError>,
    ) -> Option<LocalFuture<()>> {
        let unseated = op.request.seat_needed.then_some(NotifyError::NotMember);
        if let Some(room) = self.route(&op.request.room) {
            let (reply, answer) = Reply::new();
            let NotifyOp { request, draft, .. } = *op;
            let NotifyRequest {
                tag,
                echo,
                seat_needed,
                ..
            } = request;
            let notify = Notify {
                tag,
                member: self.id().clone(),
                echo,
                seat_needed,
                by_hub: false,
                draft,
                reply,
            };
            let weak = room.downgrade();
            let (this, key) = (self.clone(), request.room);
            room.send(notify);
            return Some(Box::pin(async move {
                let answer = match answer.await {
                    Ok(answer) => answer,
                    // The last member left while the letter was on its way: nobody was there to have it.
                    Err(_) if weak.upgrade().is_none() && !this.has_died(&key).await => {
                        unseated.map_or_else(|| Ok(NotifyAnswer::nobody()), Err)
                    }
                    Err(_) => Err(NotifyError::Internal(Fault::Crashed)),
                };
                let _ = done.send(answer);
            }));
        }
        let home = self.home().filter(|_| !op.resolved);
        let Some(home) = home else {
            let _ = done.send(unseated.map_or_else(|| Ok(NotifyAnswer::nobody()), Err));
            return None;
        };
        // Everything behind this letter waits until it is known where it goes.
        self.queue.borrow_mut().blocked = true;
        let (reply, answer) = Reply::new();
        let room = op.request.room.clone();
        home.send(Resolve {
            room: room.clone(),
            reply,
        });
        let this = self.clone();
        Some(Box::pin(async move {
            // Said before the member left, if it has: it goes.
            let way = answer.await.ok().flatten();
            op.resolved = true;
            let mut queue = this.queue.borrow_mut();
            queue.blocked = false;
            queue.route = way.map(|resolved| (room, resolved.way));
            let unit = this.unit();
            queue.waiting.push_front((Outgoing::Notify(op, done), unit));
        }))
    }

    /// Whether a room whose address is dead died: what was on its way to it is lost then. One that ended had nobody in it.
    async fn has_died(&self, room: &RoomKey) -> bool {
        let Some(home) = self.home() else {
            return true;
        };
        let (reply, answer) = Reply::new();
        home.send(Resolve {
            room: room.clone(),
            reply,
        });
        match answer.await {
            Ok(room) => room.is_some_and(|room| room.died),
            Err(_) => true,
        }
    }
}
