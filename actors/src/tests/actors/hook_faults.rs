//! What hooks cost that panic, or ask for too much; and what of a hook's is there after a crash, a death, and a late log.

use std::time::Duration;

use crate::{
    error::{Fault, JoinError, NotifyError, RoomAskError},
    hub::KEPT_ROOMS_MAX,
    id::RoomKey,
    ports::{EFFECT_BYTES_MAX, EFFECTS_MAX, TIMERS_MAX},
    room::ASKS_MAX,
    state::audience::LeaveScope,
    testing::{Call, Poison, Setup, World},
};

use super::{
    client,
    hooks::{ask, hook, hooked},
    logs::moody,
    pass,
};

const CRASHED: RoomAskError = RoomAskError::Internal(Fault::Crashed);

/// Fails if a panic of a hook reaches the room, leaves something of its call, or puts the room into quarantine.
#[test]
fn a_hook_that_panics_costs_its_call_and_nothing_else() {
    World::run(hooked(), |world| async move {
        let (a, b) = (client(&world, 0).await, client(&world, 1).await);
        let key = RoomKey::plain("p");
        a.join(&key).await.unwrap();
        for _ in 0..10 {
            let refused = b.join_as(&key, "joining emit x;panic").await;
            assert_eq!(refused.err(), Some(JoinError::Internal(Fault::Crashed)));
            let refused = a.say(&key, "do emit x;panic").await;
            assert_eq!(refused.err(), Some(NotifyError::Internal(Fault::Crashed)));
            let refused = ask(&a, &key, "emit x;later 10 emit x;kick m0;panic").await;
            assert_eq!(refused, Err(CRASHED));
        }
        ask(&a, &key, "later 10 emit x;on-left panic")
            .await
            .unwrap();
        ask(&a, &key, "later 20 panic").await.unwrap();
        pass(Duration::from_secs(1)).await;
        assert_eq!(a.heard(), hook(&["x"]));
        // Who is in, and who is gone, is so all the same.
        b.join_as(&key, "joined emit x;panic").await.unwrap();
        b.member.leave(key.clone(), LeaveScope::All, None).await;
        let told = ask(&a, &key, "state").await.unwrap();
        assert_eq!(
            told,
            "joining |joined |message later 10 emit x;on-left panic|message later 20 panic|message emit x\
             |joining joined emit x;panic|message state"
        );
        world.settle().await;
        assert!(a.heard().is_empty() && b.heard().is_empty());
        assert_eq!(world.count(|metrics| &metrics.crashes), 33);
        assert_eq!(world.at_rest().await.seats[&key].len(), 1);
        ask(&a, &key, "close").await.unwrap();
    });
}

/// Fails if a crash of the room, inside of its guard or outside, loses the hook's state or its timers, or keeps what the
/// request that crashed it had come to.
#[test]
fn a_room_that_crashes_or_dies_has_its_hooks_state_and_timers_again() {
    for dies in [false, true] {
        World::run(hooked(), |world| async move {
            let a = client(&world, 0).await;
            let key = RoomKey::plain("p");
            let room = a.join(&key).await.unwrap().room;
            ask(&a, &key, "later 3000 emit second").await.unwrap();
            ask(&a, &key, "later 2000 emit first").await.unwrap();
            match dies {
                true => room.send(Call::die()),
                false => {
                    let crashed = a.say(&key, Poison::Append.mark()).await;
                    assert_eq!(crashed.err(), Some(NotifyError::Internal(Fault::Crashed)));
                }
            }
            pass(Duration::from_millis(1900)).await;
            assert!(a.heard().is_empty());
            pass(Duration::from_secs(2)).await;
            assert_eq!(a.heard(), hook(&["first", "second"]), "{dies}");
            assert_eq!(
                ask(&a, &key, "state").await.unwrap(),
                "joining |joined |message later 3000 emit second|message later 2000 emit first\
                 |message emit first|message emit second|message state"
            );
            world.settle().await;
            a.probe.take();
        });
    }
}

/// A room that dies with a timer that is due, and one whose log does not take what the timer leads to.
/// Fails if that timer never comes.
#[test]
fn a_timer_that_could_not_be_taken_comes_later() {
    World::run(hooked(), |world| async move {
        let a = client(&world, 0).await;
        let key = RoomKey::plain("p");
        let room = a.join(&key).await.unwrap().room;
        ask(&a, &key, "later 1000 emit x").await.unwrap();
        room.send(Call::stand_still(Duration::from_secs(2)));
        room.send(Call::die());
        pass(Duration::from_secs(5)).await;
        assert_eq!(a.heard(), hook(&["x"]));
        world.settle().await;
    });
    let setup = Setup {
        log: moody().log,
        ..hooked()
    };
    World::run(setup, |world| async move {
        let a = client(&world, 0).await;
        let key = RoomKey::plain("p");
        a.join(&key).await.unwrap();
        ask(&a, &key, "later 1000 emit refuse").await.unwrap();
        ask(&a, &key, "later 5500 emit later 100").await.unwrap();
        ask(&a, &key, "later 5500 close").await.unwrap();
        pass(Duration::from_secs(5)).await;
        // Each second once more, until something else ends it.
        assert!(a.heard().is_empty());
        pass(Duration::from_secs(5)).await;
        assert_eq!(a.heard(), hook(&["later 100"]));
        assert_eq!(world.count(|metrics| &metrics.rooms), 0);
    });
}

/// Fails if a hook's letters or timers have no bound, if what is beyond it takes the rest of its call along or leaves some of it,
/// or if a loop without end stops its thread.
#[test]
fn what_a_call_leads_to_is_bounded_and_too_much_is_nothing() {
    World::run(hooked(), |world| async move {
        let a = client(&world, 0).await;
        let key = RoomKey::plain("p");
        a.join(&key).await.unwrap();
        let all = format!("emits {EFFECTS_MAX}");
        ask(&a, &key, &all).await.unwrap();
        world.settle().await;
        assert_eq!(a.heard().len(), EFFECTS_MAX);
        let much = format!("emit {}", "x".repeat(EFFECT_BYTES_MAX));
        let more = format!("emits {}", EFFECTS_MAX + 1);
        let timers = format!("timers {}", TIMERS_MAX + 1);
        for too_much in [&much, &more, &timers, "forever"] {
            let refused = ask(&a, &key, too_much).await;
            assert_eq!(refused, Err(CRASHED), "{}", &too_much[..6]);
        }
        let timers = format!("timers {TIMERS_MAX}");
        ask(&a, &key, &timers).await.unwrap();
        assert_eq!(ask(&a, &key, "timers 1").await, Err(CRASHED));
        world.settle().await;
        assert!(a.heard().is_empty());
        pass(Duration::from_secs(61)).await;
        ask(&a, &key, "timers 1").await.unwrap();
        ask(&a, &key, "close").await.unwrap();
    });
}

/// Fails if questions to a room pile up without a bound, or those beyond it are not told.
#[test]
fn so_many_questions_wait_in_a_room_and_others_are_refused() {
    let setup = Setup {
        log: moody().log,
        ..hooked()
    };
    World::run(setup, |world| async move {
        let (a, other) = (client(&world, 0).await, RoomKey::plain("other"));
        let key = RoomKey::plain("p");
        a.join(&key).await.unwrap();
        a.join(&other).await.unwrap();
        // Whatever is asked behind it waits for what the log makes of it.
        world.ask(a.say(&key, "later 1000"), |answer| drop(answer.unwrap()));
        pass(Duration::from_millis(10)).await;
        let hub = a.member.hub();
        for _ in 0..ASKS_MAX {
            let asked = hub.ask_room("/", key.clone(), "state".into());
            world.ask(asked, |answer| drop(answer.unwrap()));
        }
        pass(Duration::from_millis(10)).await;
        let refused = ask(&a, &key, "state").await;
        assert_eq!(refused, Err(RoomAskError::Internal(Fault::Full)));
        ask(&a, &other, "state").await.unwrap();
        world.settle().await;
        ask(&a, &key, "state").await.unwrap();
        world.settle().await;
        a.heard();
    });
}

/// Fails if a hook of a late log decides on what is not in the log yet, if its letters leave in another order, or if who left
/// Fails if a room ends with a timer or with a state that is to be kept, or stays without.
#[test]
fn an_empty_room_stays_for_its_timers_or_as_long_as_its_hook_keeps_it() {
    World::run(hooked(), |world| async move {
        let a = client(&world, 0).await;
        let leave = |key: &RoomKey| a.member.leave(key.clone(), LeaveScope::All, None);
        let rooms = || world.count(|metrics| &metrics.rooms);
        let (plain, kept) = (RoomKey::plain("p"), RoomKey::plain("kept"));
        a.join(&plain).await.unwrap();
        leave(&plain).await;
        world.settle().await;
        assert_eq!(rooms(), 0);
        a.join(&plain).await.unwrap();
        ask(&a, &plain, "on-left later 1000 state").await.unwrap();
        leave(&plain).await;
        pass(Duration::from_millis(900)).await;
        assert_eq!(rooms(), 1);
        assert!(ask(&a, &plain, "state").await.unwrap().contains("left"));
        pass(Duration::from_millis(200)).await;
        assert_eq!(rooms(), 0);
        a.join(&kept).await.unwrap();
        leave(&kept).await;
        pass(Duration::from_secs(3600)).await;
        a.join(&kept).await.unwrap();
        assert!(ask(&a, &kept, "state").await.unwrap().contains("left"));
        leave(&kept).await;
        ask(&a, &kept, "close").await.unwrap();
        world.settle().await;
        assert_eq!(rooms(), 0);
        a.heard();
    });
}

/// Fails if clients who name rooms make as many as they like stay.
#[test]
fn so_many_empty_rooms_are_kept_and_others_end() {
    World::run(hooked(), |world| async move {
        let a = client(&world, 0).await;
        let keys: Vec<_> = (0..KEPT_ROOMS_MAX + 2)
            .map(|number| RoomKey::plain(format!("kept {number}")))
            .collect();
        for key in &keys {
            a.join(key).await.unwrap();
            a.member.leave(key.clone(), LeaveScope::All, None).await;
        }
        world.settle().await;
        let rooms = || world.count(|metrics| &metrics.rooms);
        assert_eq!(rooms(), KEPT_ROOMS_MAX as u64);
        // One that ends, or is entered, gives its place to another.
        ask(&a, &keys[0], "close").await.unwrap();
        a.join(&keys[1]).await.unwrap();
        for key in &keys[KEPT_ROOMS_MAX..] {
            a.join(key).await.unwrap();
            a.member.leave(key.clone(), LeaveScope::All, None).await;
        }
        world.settle().await;
        assert_eq!(rooms(), KEPT_ROOMS_MAX as u64 + 1);
        for key in &keys {
            let _ = ask(&a, key, "close").await;
        }
    });
}

/// Fails if a hook whose letters nobody has taken yet goes on saying more: what it sent without leave, the next request waits for.
#[test]
fn a_room_waits_for_what_its_hook_has_said() {
    let setup = Setup {
        window: 64,
        ..hooked()
    };
    World::run(setup, |world| async move {
        let (a, b) = (client(&world, 0).await, client(&world, 1).await);
        let key = RoomKey::plain("p");
        a.join(&key).await.unwrap();
        b.join(&key).await.unwrap();
        let still = Duration::from_secs(3);
        world.couriers[1].mailbox.send(Call::stand_still(still));
        let hub = a.member.hub();
        let mut asked = Vec::new();
        for _ in 0..5 {
            asked.push(hub.ask_room("/", key.clone(), "emits 100".into()));
        }
        pass(Duration::from_secs(1)).await;
        let heard = a.heard().len();
        assert!(heard <= 200, "{heard}");
        for answer in asked {
            answer.await.unwrap();
        }
        world.settle().await;
        assert_eq!((heard + a.heard().len(), b.heard().len()), (500, 500));
    });
}

/// Fails if a room that everybody has left, whose end is on its way to the namespace, still runs its hook for who asks.
#[test]
fn a_room_that_is_about_to_end_is_none() {
    World::run(hooked(), |world| async move {
        let a = client(&world, 0).await;
        let key = RoomKey::plain("p");
        a.join(&key).await.unwrap();
        let leaving = a.member.leave(key.clone(), LeaveScope::All, None);
        let (_, asked) = futures_util::future::join(leaving, ask(&a, &key, "state")).await;
        assert_eq!(asked, Err(RoomAskError::NoRoom));
        world.settle().await;
        assert_eq!(world.count(|metrics| &metrics.rooms), 0);
    });
}
