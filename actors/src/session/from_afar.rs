//! What is asked of a session's members from elsewhere, and what puts them out.

use std::{rc::Rc, sync::Arc};

use actix::Context;
use tokio::time::timeout;

use super::{JoinRequest, Member, MemberError, Session, SessionMember, dispatch::observe};
use crate::{
    error::{AskError, CloseReason, Fault},
    id::{LocalId, RoomKey},
    message::{MemberChange, MemberRequest, MemberTask, Observed},
    state::audience::LeaveScope,
};

impl Session {
    pub(super) fn member(&self, local_id: LocalId) -> Option<&Rc<Member>> {
        let mut members = self.members.values().map(|seated| &seated.member);
        members.find(|member| member.local_id() == local_id)
    }

    /// Lets those look on who observe what goes to a member.
    pub(super) fn observed(&self, observed: Observed) {
        let mut members = self.members.values();
        let of = members.find(|seated| seated.member.local_id() == observed.local_id);
        if let Some(SessionMember {
            member,
            application,
            ..
        }) = of
        {
            observe(application, member, observed);
        }
    }

    /// Puts a member out of its namespace, and with `close` the others out of theirs; the client is told, and behind that the
    /// connection ends. `false`: it is not here.
    pub(super) fn disconnect(
        &mut self,
        local_id: LocalId,
        close: bool,
        why: Option<&str>,
        ctx: &mut Context<Self>,
    ) -> bool {
        let told = |session: &Self, namespace: &str| {
            let protocol = session.protocol.borrow();
            match why {
                Some(why) => protocol.disconnected_for(namespace, why),
                None => protocol.disconnected(namespace),
            }
        };
        // It may be gone by now, and another one in its place.
        let Some(namespace) = self
            .member(local_id)
            .map(|member| member.namespace().clone())
        else {
            return false;
        };
        if close || self.protocol.borrow().ends_with_its_namespace() {
            for namespace in self.members.keys() {
                let told = told(self, namespace);
                told.into_iter().for_each(|frame| self.send(frame));
            }
            self.close(CloseReason::ForcedClose, ctx);
            return true;
        }
        let Some(frame) = told(self, &namespace) else {
            self.close(CloseReason::ForcedClose, ctx);
            return true;
        };
        if let Some(seated) = self.members.remove(&namespace) {
            self.send(frame);
            seated.leave(CloseReason::ForcedClose);
        }
        true
    }

    /// Who is gone lets the reply drop.
    pub(super) fn for_member(&mut self, request: MemberRequest, ctx: &mut Context<Self>) {
        let MemberRequest { local_id, task } = request;
        let Some(member) = self.member(local_id).cloned() else {
            return;
        };
        match task {
            MemberTask::Describe(reply) => reply.send(member.describe()),
            MemberTask::Change(MemberChange::Disconnect, reply) => {
                reply.send(self.disconnect(local_id, false, None, ctx));
            }
            MemberTask::Change(MemberChange::Close, reply) => {
                reply.send(self.disconnect(local_id, true, None, ctx));
            }
            MemberTask::Change(MemberChange::Join(rooms), reply) => {
                actix_rt::spawn(async move {
                    let all = join_all(&member, &rooms).await;
                    if !member.has_ended() {
                        reply.send(all);
                    }
                });
            }
            MemberTask::Change(MemberChange::Leave(rooms), reply) => {
                actix_rt::spawn(async move {
                    leave_all(&member, &rooms).await;
                    if !member.has_ended() {
                        reply.send(true);
                    }
                });
            }
            MemberTask::Transfer { from, to } => {
                // Queued at once: nothing that the member itself asks for comes between.
                drop(member.be_unseated(from, LeaveScope::All, None));
                drop(member.be_seated(JoinRequest::plain(to)));
            }
            MemberTask::Ask {
                content,
                limit,
                word,
                observing,
                mut reply,
            } => {
                let asked = observing.run(|| member.ask(&content));
                drop(word);
                match asked {
                    Ok(answer) => drop(actix_rt::spawn(async move {
                        let answer = tokio::select! {
                            biased;
                            () = reply.unwanted() => return,
                            answer = timeout(limit, answer) => answer,
                        };
                        let answer = answer.map_err(|_| AskError::TimedOut);
                        reply.send(answer.and_then(|answer| answer.map_err(ask_error)));
                    })),
                    Err(error) => reply.send(Err(ask_error(error))),
                }
            }
        }
    }
}

/// Whether it has joined all of them.
async fn join_all(member: &Rc<Member>, rooms: &Arc<[RoomKey]>) -> bool {
    let mut all = true;
    for room in rooms.iter() {
        all &= member
            .be_seated(JoinRequest::plain(room.clone()))
            .await
            .is_ok();
    }
    all
}

async fn leave_all(member: &Rc<Member>, rooms: &Arc<[RoomKey]>) {
    for room in rooms.iter().filter(|room| member.may_be_in(room)) {
        let left = member.be_unseated(room.clone(), LeaveScope::All, None);
        left.await;
    }
}

fn ask_error(error: MemberError) -> AskError {
    match error {
        MemberError::TooManyAcks => AskError::TooManyAcks,
        MemberError::Ended => AskError::Ended,
        MemberError::Full => Fault::Full.into(),
    }
}
