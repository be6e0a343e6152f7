//! What those hear who watch the presence of a room: in its order, whatever of it ends, and however slowly they read.

use std::time::Duration;

use futures_util::StreamExt;
use tokio::time::timeout;

use crate::{
    hub::{PresenceChanges, WATCHERS_MAX},
    id::RoomKey,
    message::{CHANGES_MAX, PresenceChange},
    state::audience::LeaveScope,
    testing::{Call, Setup, World},
};

use super::{Client, client, pass};

/// Longer than anything is on its way.
const QUIET: Duration = Duration::from_millis(10);

/// What has come so far, with short words for it. Whoever was let go asks anew as it reads.
async fn heard(watch: &mut PresenceChanges) -> Vec<String> {
    let mut heard = Vec::new();
    while let Ok(Some(change)) = timeout(QUIET, watch.next()).await {
        heard.push(match change {
            PresenceChange::Snapshot(members) => {
                let ids: Vec<_> = members.iter().map(|member| member.id.as_str()).collect();
                format!("there {}", ids.join(" "))
            }
            PresenceChange::Joined(member) => format!("joined {}", member.id),
            PresenceChange::Left(id, reason) => format!("left {id} {}", reason.as_str()),
            PresenceChange::Ended(why) => format!("ended {why:?}"),
        });
    }
    heard
}

fn key() -> RoomKey {
    RoomKey::plain("r")
}

async fn leave(one: &Client) {
    one.member.leave(key(), LeaveScope::All, None).await;
}

/// Fails if a watcher of a room that is not there yet, or not any more, is forgotten, if it is told of something twice or in
/// another order, or if it does not hear why somebody has left.
#[test]
fn a_watcher_hears_who_is_there_and_each_change_before_and_after_there_is_a_room() {
    World::run(Setup::default(), |world| async move {
        let (a, b) = (client(&world, 0).await, client(&world, 1).await);
        let (a_id, b_id) = (a.member.id().clone(), b.member.id().clone());
        let mut early = world.hub.watch_room("/", key());
        world.settle().await;
        assert_eq!(heard(&mut early).await, ["there "]);
        b.join(&key()).await.unwrap();
        a.join(&key()).await.unwrap();
        let mut late = world.hub.watch_room("/", key());
        // A seat more of the same member is nothing new.
        a.join(&key()).await.unwrap();
        leave(&b).await;
        a.probe.hang_up();
        world.settle().await;
        let left = [
            format!("left {b_id} leave"),
            format!("left {a_id} disconnect"),
            "there ".to_owned(),
        ];
        let joined = [format!("joined {b_id}"), format!("joined {a_id}")];
        assert_eq!(heard(&mut early).await, [&joined[..], &left[..]].concat());
        let there = [format!("there {b_id} {a_id}")];
        assert_eq!(heard(&mut late).await, [&there[..], &left[..]].concat());
        b.join(&key()).await.unwrap();
        world.settle().await;
        for watch in [&mut early, &mut late] {
            assert_eq!(heard(watch).await, [&*joined[0]]);
        }
    });
}

/// Fails if a room waits for a watcher that does not read or keeps more for it than a few changes, or if that one is left with
/// what is not so any more, though nothing happens afterwards.
#[test]
fn a_watcher_that_is_behind_has_a_snapshot_in_place_of_what_it_missed() {
    World::run(Setup::default(), |world| async move {
        let (a, b) = (client(&world, 0).await, client(&world, 1).await);
        let mut watch = world.hub.watch_room("/", key());
        b.join(&key()).await.unwrap();
        for _ in 0..CHANGES_MAX {
            a.join(&key()).await.unwrap();
            leave(&a).await;
        }
        a.join(&key()).await.unwrap();
        let mut told = heard(&mut watch).await;
        let there = format!("there {} {}", b.member.id(), a.member.id());
        assert_eq!(told.pop(), Some(there));
        assert_eq!(told.len(), CHANGES_MAX);
        leave(&b).await;
        world.settle().await;
        assert_eq!(heard(&mut watch).await.len(), 1);
    });
}

/// Fails if a crash of the room ends the watching, or leaves those out who went while it was dead.
#[test]
fn a_room_that_crashes_goes_on_and_one_that_dies_says_who_is_there() {
    World::run(Setup::default(), |world| async move {
        let (a, b) = (client(&world, 0).await, client(&world, 1).await);
        let room = a.join(&key()).await.unwrap().room;
        let mut watch = world.hub.watch_room("/", key());
        world.settle().await;
        heard(&mut watch).await;
        world.crash_room(&key()).await;
        b.join(&key()).await.unwrap();
        world.settle().await;
        assert_eq!(
            heard(&mut watch).await,
            [format!("joined {}", b.member.id())]
        );
        room.send(Call::die());
        b.probe.hang_up();
        pass(Duration::from_secs(1)).await;
        let last = heard(&mut watch).await.pop();
        assert_eq!(last, Some(format!("there {}", a.member.id())));
        a.probe.take();
    });
}

/// Fails if somebody waits for ever for a hub that is gone, or is not told that it hears nothing more.
#[test]
fn watching_ends_with_the_hub() {
    World::run(Setup::default(), |world| async move {
        world.settle().await;
        let mut watch = world.hub.watch_room("/", key());
        let mut nowhere = world.hub.watch_room("/nowhere", key());
        assert_eq!(heard(&mut nowhere).await, ["ended Gone"]);
        assert_eq!(heard(&mut watch).await, ["there "]);
        world.end_hub().await;
        assert_eq!(heard(&mut watch).await, ["ended Gone"]);
        assert_eq!(watch.next().await, None);
        world.forgive();
    });
}

/// Fails if watchers have no limit, if those that are gone keep their places, or if rooms and the namespace keep them though
/// nothing happens.
#[test]
fn so_many_watch_and_who_does_not_any_more_is_forgotten() {
    World::run(Setup::default(), |world| async move {
        let a = client(&world, 0).await;
        a.join(&key()).await.unwrap();
        let rooms = [key(), RoomKey::plain("nobody's")];
        let watch = |count: usize| world.hub.watch_room("/", rooms[count % 2].clone());
        let watches: Vec<_> = (0..WATCHERS_MAX).map(watch).collect();
        assert_eq!(heard(&mut watch(0)).await, ["ended Full"]);
        assert_eq!(world.rest("/").await.watchers, WATCHERS_MAX);
        drop(watches);
        assert_eq!(world.rest("/").await.watchers, 0);
        let mut again = watch(1);
        world.settle().await;
        assert_eq!(heard(&mut again).await, ["there "]);
    });
}
