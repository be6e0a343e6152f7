//! Logs that answer late, never, badly, or not at all.

use std::time::Duration;

use crate::{
    error::{LogError, NotifyError},
    id::RoomKey,
    log::Batch,
    session::JoinRequest,
    testing::{Setup, World, content},
};
use tokio::time::Instant;

use super::{
    client, pass, says,
    test_log::{Fate, Habits, maker, text_of},
};

/// Does as the letter says: `later MS`, `never`, `refuse`, `reject MS`, `unknown MS`, `conflict`; else it commits at once.
fn as_said(batch: &Batch) -> Fate {
    let text = text_of(batch).unwrap_or_default();
    let (fate, time) = text.split_once(' ').unwrap_or((&text, ""));
    let time = Duration::from_millis(time.parse().unwrap_or(0));
    match fate {
        "later" => Fate::After(time),
        "never" => Fate::Never,
        "refuse" => Fate::Refused,
        "reject" => Fate::Rejected(time),
        "unknown" => Fate::Unknown(time),
        "conflict" => Fate::Conflict,
        _ => Fate::Now,
    }
}

pub(crate) fn moody() -> Setup {
    moody_with(Habits::default())
}

pub(crate) fn moody_with(habits: Habits) -> Setup {
    Setup {
        log: Some(maker(habits, || as_said)),
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
            NotifyError::Log(LogError::OutcomeUnknown)
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
fn a_log_that_refuses_is_a_named_error_and_the_room_lives() {
    World::run(moody(), |world| async move {
        let (a, b) = (client(&world, 0).await, client(&world, 1).await);
        let key = RoomKey::channel("c");
        a.join(&key).await.unwrap();
        b.join(&key).await.unwrap();
        for args in ["refuse", "reject 5"] {
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
            ("never", LogError::OutcomeUnknown),
            ("reject 5", LogError::Unavailable),
        ] {
            let answer = broadcast(args).await;
            assert_eq!(answer.unwrap_err(), NotifyError::Log(error), "{args}");
        }
        world.settle().await;
        for one in [&a, &b] {
            assert_eq!(one.heard(), says(&["later 100"]));
        }
        // So long it might be committed yet.
        pass(Duration::from_secs(60)).await;
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

/// A room waited with its whole mailbox for one letter's number.
#[test]
fn while_a_letter_waits_for_its_log_its_room_hears_joins_and_letters() {
    World::run(moody(), |world| async move {
        let (a, b, c) = (
            client(&world, 0).await,
            client(&world, 1).await,
            client(&world, 1).await,
        );
        let key = RoomKey::room("r");
        a.join(&key).await.unwrap();
        b.join(&key).await.unwrap();
        world.ask(a.say(&key, "never"), |answer| drop(answer.unwrap_err()));
        pass(Duration::from_millis(10)).await;
        let began = Instant::now();
        c.join(&key).await.unwrap();
        assert_eq!(b.say(&key, "x").await.unwrap().recipients, 3);
        assert!(began.elapsed() < Duration::from_millis(10));
        world.settle().await;
        for one in [&a, &b, &c] {
            assert_eq!(one.heard(), says(&["x"]));
        }
        world.at_rest().await;
    });
}

#[test]
fn a_letter_behind_a_join_that_waits_for_the_log_reaches_who_joins() {
    World::run(moody(), |world| async move {
        let (a, b) = (client(&world, 0).await, client(&world, 1).await);
        let key = RoomKey::room("r");
        a.join(&key).await.unwrap();
        let late = JoinRequest {
            user: Some("later 500".into()),
            ..JoinRequest::plain(key.clone())
        };
        world.ask(b.member.join(late), |answer| drop(answer.unwrap()));
        pass(Duration::from_millis(10)).await;
        assert_eq!(a.say(&key, "x").await.unwrap().recipients, 2);
        world.settle().await;
        for one in [&a, &b] {
            assert_eq!(one.heard(), says(&["x"]));
        }
    });
}
