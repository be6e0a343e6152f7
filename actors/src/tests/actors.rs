//! The actors under held time: one test for each way in which something can die, stall or come late.

mod accounts;
mod acks;
mod ask_places;
mod children;
mod couriers;
mod crashes;
mod hook_faults;
mod hook_logs;
mod hooks;
mod late_commits;
mod lifecycle;
mod liveness;
mod log_suite;
mod logs;
mod pauses;
mod readers;
mod rooms;
mod selection_faults;
mod selections;
mod sessions;
mod test_log;
mod threads;
mod watchers;

use std::{rc::Rc, time::Duration};

use crate::{
    error::{JoinError, NotifyError},
    id::RoomKey,
    message::{JoinAnswer, NotifyAnswer},
    session::{JoinRequest, Member, NotifyRequest},
    testing::{Probe, World, content, wire::announce},
};

/// A client with its member.
struct Client {
    probe: Probe,
    member: Rc<Member>,
}

async fn client(world: &World, worker: usize) -> Client {
    connected(world, worker, "/").await
}

/// A client whose letters tell their tokens.
async fn telling(world: &World, worker: usize) -> Client {
    connected(world, worker, "/ telling").await
}

async fn connected(world: &World, worker: usize, how: &str) -> Client {
    let probe = world.client(worker);
    let member = probe.connect(how).await;
    Client { probe, member }
}

impl Client {
    /// Joins without a tag and without being announced.
    async fn join(&self, room: &RoomKey) -> Result<JoinAnswer, JoinError> {
        self.member.join(JoinRequest::plain(room.clone())).await
    }

    /// Joins with a name, which may be a mark.
    async fn join_as(&self, room: &RoomKey, name: &str) -> Result<JoinAnswer, JoinError> {
        let user = Some(name.into());
        self.member
            .join(JoinRequest {
                user,
                ..JoinRequest::plain(room.clone())
            })
            .await
    }

    /// Joins so that the others are told when its session ends.
    async fn join_with_leave_event(&self, room: &RoomKey) -> Result<JoinAnswer, JoinError> {
        let leave_event = Some(announce("left", room, self.member.id().as_str()));
        self.member
            .join(JoinRequest {
                leave_event,
                ..JoinRequest::plain(room.clone())
            })
            .await
    }

    /// Says something to a room; the sender hears it too.
    fn say(
        &self,
        room: &RoomKey,
        args: &str,
    ) -> impl Future<Output = Result<NotifyAnswer, NotifyError>> + 'static {
        let request = NotifyRequest {
            room: room.clone(),
            tag: None,
            echo: true,
            seat_needed: false,
        };
        self.member.notify(request, content("say", args))
    }

    /// What it heard since the last call, without the wire's words.
    fn heard(&self) -> Vec<String> {
        let texts = self.probe.take();
        texts
            .iter()
            .map(|text| text.trim_start_matches("letter / ").to_owned())
            .collect()
    }
}

fn says(args: &[&str]) -> Vec<String> {
    args.iter().map(|args| format!("say {args}")).collect()
}

async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
}
