//! What a late log does to those who wait for it: joins and letters that were given up, leaves that it does not take, history
//! that is read slowly.

use std::{cell::Cell, rc::Rc, time::Duration};

use crate::{
    error::{Fault, JoinError, LogError, NotifyError},
    event::Access,
    id::RoomKey,
    log::Batch,
    message::{Action, Command, HistoryRequest},
    session::JoinRequest,
    state::{audience::LeaveScope, room::RoomOptions},
    testing::{Reading, Setup, World, content},
};

use super::{
    client,
    logs::{moody, moody_with},
    pass, says,
    test_log::{Fate, Habits, maker, text_of},
};

/// It was told that it failed, so it must not find itself in the room.
#[test]
fn a_join_that_is_committed_after_it_was_given_up_seats_nobody() {
    World::run(moody(), |world| async move {
        let (a, b) = (client(&world, 0).await, client(&world, 1).await);
        let key = RoomKey::room("r");
        a.join(&key).await.unwrap();
        for name in ["unknown 100", "later 5000"] {
            let answer = b.join_as(&key, name).await;
            assert_eq!(
                answer.err(),
                Some(JoinError::Log(LogError::OutcomeUnknown)),
                "{name}"
            );
            pass(Duration::from_secs(10)).await;
            assert_eq!(a.say(&key, "x").await.unwrap().recipients, 1, "{name}");
        }
        assert_eq!(world.at_rest().await.seats[&key].len(), 1);
        b.join(&key).await.unwrap();
        assert_eq!(world.at_rest().await.seats[&key].len(), 2);
        world.settle().await;
        assert_eq!(a.heard(), says(&["x", "x"]));
    });
}

#[test]
fn a_letter_that_is_committed_after_it_was_given_up_is_delivered_in_its_place() {
    World::run(moody(), |world| async move {
        let (a, b) = (client(&world, 0).await, client(&world, 1).await);
        let key = RoomKey::channel("c");
        a.join(&key).await.unwrap();
        b.join(&key).await.unwrap();
        let unknown = || NotifyError::Log(LogError::OutcomeUnknown);
        assert_eq!(a.say(&key, "unknown 3000").await.unwrap_err(), unknown());
        let everyone = a
            .member
            .broadcast(None, vec![], true, content("say", "unknown 3500"));
        assert_eq!(everyone.await.unwrap_err(), unknown());
        assert_eq!(b.heard(), says(&[]));
        pass(Duration::from_secs(5)).await;
        b.say(&key, "x").await.unwrap();
        world.settle().await;
        for one in [&a, &b] {
            assert_eq!(one.heard(), says(&["unknown 3000", "unknown 3500", "x"]));
        }
    });
}

#[test]
fn who_leaves_is_gone_whatever_the_log_takes() {
    let refuses_leaves = || {
        |batch: &Batch| match text_of(batch) {
            None => Fate::Refused,
            Some(_) => Fate::Now,
        }
    };
    let setup = Setup {
        log: Some(maker(Habits::default(), refuses_leaves)),
        ..Setup::default()
    };
    World::run(setup, |world| async move {
        let (a, b) = (client(&world, 0).await, client(&world, 1).await);
        let key = RoomKey::room("r");
        for one in [&a, &b] {
            one.join_as(&key, "x").await.unwrap();
        }
        let left = b.member.leave(key.clone(), LeaveScope::All, None).await;
        assert_eq!(left.gone, [(None, 1)]);
        assert_eq!(a.say(&key, "x").await.unwrap().recipients, 1);
        a.probe.hang_up();
        world.settle().await;
        a.heard();
        assert_eq!(world.count(|metrics| &metrics.rooms), 0);
    });
}

/// A log that takes no leave was not told either that the history of a private room ends.
#[test]
fn nothing_of_a_private_room_is_told_whose_last_leave_the_log_has_not_taken() {
    let refuses_leaves = || {
        |batch: &Batch| match text_of(batch) {
            None => Fate::Refused,
            Some(_) => Fate::Now,
        }
    };
    let setup = Setup {
        log: Some(maker(Habits::default(), refuses_leaves)),
        ..Setup::default()
    };
    World::run(setup, |world| async move {
        let (a, b) = (client(&world, 0).await, client(&world, 1).await);
        let key = RoomKey::room("r");
        let private = JoinRequest {
            user: Some("maker".into()),
            options: RoomOptions {
                access: Some(Access::Invite),
                ..RoomOptions::default()
            },
            ..JoinRequest::plain(key.clone())
        };
        a.member.join(private).await.unwrap();
        a.say(&key, "private").await.unwrap();
        a.member.leave(key.clone(), LeaveScope::All, None).await;
        world.settle().await;
        let join = b
            .member
            .join(with_history(&key, "stranger", 100))
            .await
            .unwrap();
        assert_eq!(join.replayed.unwrap().count, 0);
        a.heard();
    });
}

/// It was counted in no channel, and counted out of one.
#[test]
fn a_join_that_is_committed_too_late_changes_nothing_of_who_is_online() {
    let setup = Setup {
        presence_events: true,
        ..moody()
    };
    World::run(setup, |world| async move {
        let (a, b) = (client(&world, 0).await, client(&world, 1).await);
        let (c, d) = (RoomKey::channel("c"), RoomKey::channel("d"));
        a.join_with_leave_event(&c).await.unwrap();
        b.join(&d).await.unwrap();
        // What is told of these two joins.
        pass(Duration::from_secs(1)).await;
        a.heard();
        b.heard();
        let late = b.join_as(&c, "unknown 100").await;
        assert_eq!(late.err(), Some(JoinError::Log(LogError::OutcomeUnknown)));
        pass(Duration::from_secs(1)).await;
        world.at_rest().await;
        assert_eq!(a.heard(), says(&[]), "of one who never came");
        assert_eq!(b.heard(), says(&[]));
    });
}

/// The room was kept for ever for a join that nobody would answer.
#[test]
fn a_crash_of_the_room_while_a_history_is_read_is_an_error_to_who_joins() {
    let slow = Habits {
        reading: Some(Duration::from_millis(50)),
        ..Habits::default()
    };
    World::run(moody_with(slow), |world| async move {
        let b = client(&world, 1).await;
        let key = RoomKey::room("r");
        let failed = Rc::new(Cell::new(false));
        let seen = failed.clone();
        world.ask(b.member.join(with_history(&key, "b", 9)), move |answer| {
            seen.set(answer.err() == Some(JoinError::Internal(Fault::Crashed)));
        });
        pass(Duration::from_millis(10)).await;
        world.crash_room(&key).await;
        pass(Duration::from_secs(1)).await;
        assert!(failed.get());
        assert_eq!(world.count(|metrics| &metrics.rooms), 0);
        assert_eq!(b.join(&key).await.unwrap().count, 1);
    });
}

/// Who was sent out spoke once more to a room that is closed to it.
#[test]
fn who_is_being_sent_out_of_a_closed_room_says_nothing_more_there() {
    World::run(moody(), |world| async move {
        let (a, b) = (client(&world, 0).await, client(&world, 1).await);
        let key = RoomKey::room("r");
        a.join(&key).await.unwrap();
        b.join(&key).await.unwrap();
        let command = |action| Command { tag: None, action };
        let lock = a
            .member
            .manage(key.clone(), command(Action::Lock(true)), None);
        lock.await.unwrap();
        // The kick stands behind it.
        world.ask(a.say(&key, "later 100"), |answer| drop(answer.unwrap()));
        let kick = command(Action::Kick(vec![b.member.id().clone()]));
        world.ask(a.member.manage(key.clone(), kick, None), |answer| {
            answer.unwrap()
        });
        pass(Duration::from_millis(10)).await;
        assert_eq!(b.say(&key, "x").await.unwrap_err(), NotifyError::Forbidden);
        world.settle().await;
        for one in [&a, &b] {
            assert_eq!(one.heard(), says(&["later 100"]));
        }
    });
}

fn with_history(key: &RoomKey, user: &str, count: usize) -> JoinRequest {
    JoinRequest {
        user: Some(user.into()),
        history: Some(HistoryRequest {
            since: None,
            count,
            bytes: usize::MAX,
            cut: false,
        }),
        ..JoinRequest::plain(key.clone())
    }
}

#[test]
fn a_capacity_holds_while_joins_wait_for_the_log() {
    World::run(moody(), |world| async move {
        let key = RoomKey::room("r");
        let maker = client(&world, 0).await;
        let request = |name: &str| JoinRequest {
            user: Some(name.into()),
            options: RoomOptions {
                capacity: Some(3),
                ..RoomOptions::default()
            },
            ..JoinRequest::plain(key.clone())
        };
        maker.member.join(request("now")).await.unwrap();
        let full = Rc::new(Cell::new(0));
        let mut others = Vec::new();
        for number in 0..6 {
            let one = client(&world, number % 2).await;
            let full = full.clone();
            world.ask(one.member.join(request("later 20")), move |answer| {
                full.set(full.get() + usize::from(answer.is_err()));
            });
            others.push(one);
        }
        pass(Duration::from_secs(1)).await;
        assert_eq!(full.get(), 4);
        assert_eq!(world.at_rest().await.seats[&key].len(), 3);
    });
}

/// What is said while its history is read is neither in the page nor heard yet: a newcomer missed it.
#[test]
fn who_joins_while_its_history_is_read_slowly_misses_nothing_and_hears_nothing_twice() {
    let slow = Habits {
        reading: Some(Duration::from_millis(50)),
        ..Habits::default()
    };
    for count in [5, 100] {
        World::run(moody_with(slow), |world| async move {
            let (a, b) = (client(&world, 0).await, client(&world, 1).await);
            let key = RoomKey::room("r");
            a.join(&key).await.unwrap();
            let texts: Vec<String> = (0..20).map(|number| number.to_string()).collect();
            for text in &texts[..10] {
                a.say(&key, text).await.unwrap();
            }
            let joining = b.member.join(with_history(&key, "b", count));
            let told = Rc::new(Cell::new(0));
            let of_it = told.clone();
            world.ask(joining, move |answer| {
                let replayed = answer.unwrap().replayed.unwrap();
                assert!(replayed.complete);
                of_it.set(replayed.count);
            });
            for text in &texts[10..] {
                pass(Duration::from_millis(10)).await;
                a.say(&key, text).await.unwrap();
            }
            world.settle().await;
            let (heard, all) = (b.heard(), a.heard());
            assert_eq!(heard[..], all[all.len() - heard.len()..], "{count}");
            assert!(heard.len() > told.get(), "some were live: {heard:?}");
            assert!(told.get() == count || heard.len() == all.len(), "{heard:?}");
        });
    }
}

/// It was closed for what it had asked for: ten histories that did not fit into its outbox together.
#[test]
fn who_joins_many_rooms_with_their_history_and_reads_late_gets_all_of_it() {
    let mut setup = Setup::default();
    setup.session.outbox.bytes_max = 1 << 20;
    World::run(setup, |world| async move {
        let (a, b) = (client(&world, 0).await, client(&world, 1).await);
        let long = "x".repeat(100_000);
        let keys: Vec<RoomKey> = (0..10)
            .map(|room| RoomKey::room(room.to_string()))
            .collect();
        for key in &keys {
            a.join(key).await.unwrap();
            for _ in 0..2 {
                a.say(key, &long).await.unwrap();
            }
        }
        b.probe.reads(Reading::Never);
        let joined = Rc::new(Cell::new(0));
        for key in &keys {
            let joined = joined.clone();
            world.ask(b.member.join(with_history(key, "b", 9)), move |answer| {
                let replayed = answer.unwrap().replayed.unwrap();
                assert_eq!((replayed.count, replayed.complete), (2, true));
                joined.set(joined.get() + 1);
            });
        }
        pass(Duration::from_secs(5)).await;
        assert_eq!(b.probe.ended(), None);
        assert!(joined.get() < keys.len(), "the others wait for it to read");
        b.probe.reads(Reading::Eager);
        world.settle().await;
        assert_eq!(joined.get(), keys.len());
        assert_eq!(b.heard().len(), 2 * keys.len());
        a.heard();
    });
}
