//! Namespaces that are made for the asking: who meets in one, when it ends, and what becomes of it with its thread.

use std::time::Duration;

use crate::{
    error::CloseReason,
    hub::{ChildrenSettings, Hub, Share},
    message::Selection,
    testing::{Setup, World, content, world::PARENT},
};

use super::{connected, pass};

fn setup() -> Setup {
    Setup {
        children: Some(ChildrenSettings {
            max: 2,
            keep_empty: false,
        }),
        ..Setup::default()
    }
}

/// Fails if two workers that ask at once make two children of one name, or if one ends under somebody who was let in while the
/// last one before went.
#[test]
fn who_asks_while_the_last_one_goes_comes_into_a_child_that_lives() {
    for seed in 0..200 {
        let setup = Setup {
            seed,
            delay: Some(20),
            ..setup()
        };
        World::run(setup, |world| async move {
            let first = connected(&world, 0, "/child/a").await;
            first.probe.hang_up();
            pass(Duration::from_millis(seed % 40)).await;
            let (second, third) = tokio::join!(
                connected(&world, 1, "/child/a"),
                connected(&world, 0, "/child/a")
            );
            let all = || Selection::default();
            let counted = world.hub.count_members("/child/a", all()).await;
            assert_eq!(counted, Ok(2), "seed {seed}");
            let said = second
                .member
                .broadcast(None, vec![], true, content("say", "x"));
            assert_eq!(said.await.unwrap().recipients, 2, "seed {seed}");
            world.settle().await;
            for one in [&second, &third] {
                assert_eq!(one.probe.take(), ["letter /child/a say x"], "seed {seed}");
                one.probe.hang_up();
            }
            world.settle().await;
            assert_eq!(world.hub.children(PARENT), 0, "seed {seed}");
            assert!(world.hub.namespace("/child/a").is_none(), "seed {seed}");
        });
    }
}

/// Fails if members of a child hang on when its thread ends, or if the places of those that were there are not free afterwards.
#[test]
fn children_go_with_their_thread_and_whoever_comes_back_makes_them_anew() {
    World::run(setup(), |world| async move {
        let (a, b) = (
            connected(&world, 0, "/child/a").await,
            connected(&world, 1, "/child/b").await,
        );
        // In both: as it is closed for one, its lease of the other goes back.
        a.probe.connect("/child/b").await;
        world.end_hub().await;
        let again = Hub::start(&world.hub, Share::ALL);
        world.hub.rooms_restarted(Share::ALL);
        world.settle().await;
        for one in [&a, &b] {
            assert_eq!(one.probe.read_end(), Some(CloseReason::ServerRestart));
        }
        assert_eq!(world.hub.children(PARENT), 0);
        for name in ["/child/b", "/child/c"] {
            connected(&world, 0, name).await;
        }
        assert_eq!(world.hub.children(PARENT), 2);
        drop(again);
        world.forgive();
    });
}
