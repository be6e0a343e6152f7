//! What those hear who listen to what comes and goes.

use futures_util::{FutureExt, Stream, StreamExt};

use crate::{
    error::CloseReason,
    hub::ChildrenSettings,
    id::RoomKey,
    lifecycle::{BEHIND_MAX, Lifecycle},
    state::audience::LeaveScope,
    testing::{Setup, World},
};

use super::{client, connected};

fn heard(events: &mut (impl Stream<Item = Lifecycle> + Unpin)) -> Vec<Lifecycle> {
    std::iter::from_fn(|| events.next().now_or_never().flatten()).collect()
}

/// Fails if a client, a child or a plain room comes or goes untold, is told of twice or in another order, or if a room of the
/// pack's is taken for one of the application's.
#[test]
fn clients_children_and_rooms_are_told_as_they_come_and_go() {
    let setup = Setup {
        children: Some(ChildrenSettings {
            max: 1,
            keep_empty: false,
        }),
        ..Setup::default()
    };
    World::run(setup, |world| async move {
        let mut events = world.hub.lifecycle().listen();
        let child = "/child/a";
        let a = connected(&world, 0, child).await;
        for room in [RoomKey::plain("r"), RoomKey::room("r")] {
            a.join(&room).await.unwrap();
            a.member.leave(room, LeaveScope::All, None).await;
            world.settle().await;
        }
        a.probe.hang_up();
        world.settle().await;
        let (namespace, id) = (a.member.namespace(), a.member.id());
        let expected = [
            Lifecycle::NamespaceMade(child.into()),
            Lifecycle::Connected {
                namespace: namespace.clone(),
                id: id.clone(),
            },
            Lifecycle::RoomMade {
                namespace: namespace.clone(),
                room: "r".into(),
            },
            Lifecycle::RoomEnded {
                namespace: namespace.clone(),
                room: "r".into(),
            },
            Lifecycle::Disconnected {
                namespace: namespace.clone(),
                id: id.clone(),
                reason: CloseReason::TransportClose,
            },
            Lifecycle::NamespaceEnded(child.into()),
        ];
        assert_eq!(heard(&mut events), expected);
    });
}

/// Fails if the hub waits for a listener, keeps more for it than so much, or does not say that something is missing.
#[test]
fn a_listener_that_is_behind_hears_how_much_it_missed() {
    World::run(Setup::default(), |world| async move {
        let events = world.hub.lifecycle().listen();
        let a = client(&world, 0).await;
        let room = RoomKey::plain("r");
        for _ in 0..BEHIND_MAX {
            a.join(&room).await.unwrap();
            a.member.leave(room.clone(), LeaveScope::All, None).await;
            world.settle().await;
        }
        let heard: Vec<_> = events.take(1 + BEHIND_MAX).collect().await;
        let missed = BEHIND_MAX as u64 + 1;
        assert_eq!(heard[0], Lifecycle::Lagged(missed));
    });
}
