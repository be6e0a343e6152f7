//! Logs that answer late, never, badly, or not at all.

use std::{rc::Rc, sync::Arc, time::Duration};

use dondo_actors::{
    error::{LogError, NotifyError},
    id::{LogPosition, RoomKey},
    letter::Draft,
    ports::{Log, Proposal},
    testing::{Setup, World, content},
};
use tokio::time::Instant;

use crate::{client, pass, says};

/// Does as the letter says: `later MS`, `never`, `refuse`, `panic`; else it numbers at once.
struct Moody;

impl Log for Moody {
    fn propose(&self, _: &RoomKey, last: LogPosition, draft: &Draft) -> Proposal {
        let text = String::from_utf8_lossy(&draft.content.args).into_owned();
        let position = LogPosition {
            offset: last.offset + 1,
        };
        match text.split_once(' ').unwrap_or((&text, "")) {
            ("later", time) => {
                let time = Duration::from_millis(time.parse().unwrap());
                Proposal::Later(Box::pin(async move {
                    tokio::time::sleep(time).await;
                    Ok(position)
                }))
            }
            ("never", _) => Proposal::Later(Box::pin(std::future::pending())),
            ("refuse", _) => Proposal::Refused(LogError::Unavailable),
            ("panic", _) => {
                Proposal::Later(Box::pin(async { panic!("dondo-fault: a log panics") }))
            }
            _ => Proposal::Numbered(position),
        }
    }
}

fn moody() -> Setup {
    Setup {
        log: Arc::new(|_| Rc::new(Moody)),
        ..Setup::default()
    }
}

#[test]
fn letters_are_delivered_in_the_order_of_the_logs_answers_however_late_they_come() {
    World::run(moody(), |world| async move {
        let (a, b, c) = (
            client(&world, 0).await,
            client(&world, 0).await,
            client(&world, 1).await,
        );
        let key = RoomKey::room("r");
        for one in [&a, &b, &c] {
            one.join(&key).await.unwrap();
        }
        for (one, args) in [(&a, "later 900"), (&b, "later 10"), (&a, "at once")] {
            world.ask(one.say(&key, args), |answer| drop(answer.unwrap()));
            pass(Duration::from_millis(1)).await;
        }
        world.settle().await;
        for one in [&a, &b, &c] {
            assert_eq!(one.heard(), says(&["later 900", "later 10", "at once"]));
        }
        assert_eq!(world.at_rest().await.offsets[&key], 3);
    });
}

#[test]
fn a_log_that_never_answers_is_a_named_error_in_time_and_leaves_no_gap() {
    World::run(moody(), |world| async move {
        let a = client(&world, 0).await;
        let key = RoomKey::room("r");
        a.join(&key).await.unwrap();
        let began = Instant::now();
        assert_eq!(
            a.say(&key, "never").await.unwrap_err(),
            NotifyError::Log(LogError::TimedOut)
        );
        let limit = Setup::default().settings.log_timeout;
        assert!(
            began.elapsed() <= limit + Duration::from_millis(10),
            "{:?}",
            began.elapsed()
        );
        assert_eq!(a.say(&key, "next").await.unwrap().position.offset, 1);
        world.settle().await;
        assert_eq!(a.heard(), says(&["next"]));
    });
}

#[test]
fn a_log_that_refuses_or_panics_is_a_named_error_and_the_room_lives() {
    World::run(moody(), |world| async move {
        let (a, b) = (client(&world, 0).await, client(&world, 1).await);
        let key = RoomKey::channel("c");
        a.join(&key).await.unwrap();
        b.join(&key).await.unwrap();
        for args in ["refuse", "panic"] {
            assert_eq!(
                a.say(&key, args).await.unwrap_err(),
                NotifyError::Log(LogError::Unavailable),
                "{args}"
            );
        }
        assert_eq!(a.say(&key, "next").await.unwrap().recipients, 2);
        world.settle().await;
        for one in [&a, &b] {
            assert_eq!(one.heard(), says(&["next"]));
        }
        world.at_rest().await;
    });
}

/// The late answer was dropped: the letter went out at once, under no number, whatever the log said in the end.
#[test]
fn a_broadcast_waits_for_a_late_log_too() {
    World::run(moody(), |world| async move {
        let (a, b) = (client(&world, 0).await, client(&world, 1).await);
        let broadcast = |args: &str| a.member.broadcast(None, vec![], true, content("say", args));
        let later = broadcast("later 100");
        world.ask(later, |answer| {
            assert_eq!(answer.unwrap().position.offset, 1)
        });
        pass(Duration::from_millis(50)).await;
        assert_eq!(b.heard(), says(&[]));
        for (args, error) in [
            ("never", LogError::TimedOut),
            ("panic", LogError::Unavailable),
        ] {
            let answer = broadcast(args).await;
            assert_eq!(answer.unwrap_err(), NotifyError::Log(error), "{args}");
        }
        world.settle().await;
        for one in [&a, &b] {
            assert_eq!(one.heard(), says(&["later 100"]));
        }
    });
}

#[test]
fn while_a_log_is_down_another_room_of_the_same_namespace_goes_on() {
    World::run(moody(), |world| async move {
        let (a, b) = (client(&world, 0).await, client(&world, 1).await);
        let (down, up) = (RoomKey::channel("down"), RoomKey::channel("up"));
        a.join(&down).await.unwrap();
        b.join(&up).await.unwrap();
        world.ask(a.say(&down, "never"), |answer| drop(answer.unwrap_err()));
        let began = Instant::now();
        b.say(&up, "x").await.unwrap();
        assert!(began.elapsed() < Duration::from_millis(10));
        world.settle().await;
        assert_eq!(b.heard(), says(&["x"]));
    });
}

#[test]
fn a_session_that_ends_while_its_letters_wait_for_a_log_leaves_no_room_behind() {
    World::run(moody(), |world| async move {
        let a = client(&world, 0).await;
        let key = RoomKey::room("r");
        a.join(&key).await.unwrap();
        for _ in 0..9 {
            world.ask(a.say(&key, "later 100"), drop);
        }
        pass(Duration::from_millis(10)).await;
        a.probe.hang_up();
        pass(Duration::from_secs(5)).await;
        assert_eq!(world.count(|metrics| &metrics.rooms), 0);
        a.probe.take();
    });
}
