//! Hooks behind logs that are late, refuse, or know better.

use std::{cell::Cell, time::Duration};

use crate::{
    error::{LogError, RoomAskError},
    id::RoomKey,
    log::Batch,
    state::audience::LeaveScope,
    testing::{Setup, World, hook::calls},
};

use super::{
    client,
    hooks::{ask, hook, hooked},
    logs::moody,
    pass, says, telling,
    test_log::{Fate, Habits, maker, text_of},
};

/// meanwhile is not told of.
#[test]
fn behind_a_late_log_each_call_begins_where_the_last_one_ended() {
    let setup = Setup {
        log: moody().log,
        ..hooked()
    };
    World::run(setup, |world| async move {
        let (a, b) = (client(&world, 0).await, client(&world, 1).await);
        let key = RoomKey::plain("p");
        a.join(&key).await.unwrap();
        b.join(&key).await.unwrap();
        let texts = ["later 900", "later 10", "later 500", "refuse"];
        for text in texts {
            world.ask(a.say(&key, text), drop);
            pass(Duration::from_millis(1)).await;
        }
        b.probe.hang_up();
        let late = ask(&a, &key, "emit later 300").await;
        late.unwrap();
        let told = ask(&a, &key, "state").await.unwrap();
        let left = format!("left {} disconnect", b.member.id());
        let calls: Vec<_> = told.split('|').skip(4).collect();
        let said = ["later 900", "later 10", "later 500"];
        let said = said.map(|text| format!("notifying {text}"));
        assert_eq!(calls[..3], said);
        assert!(!calls.contains(&"notifying refuse"), "{told}");
        assert!(calls.contains(&&*left), "{told}");
        world.settle().await;
        let mut heard = says(&["later 900", "later 10", "later 500"]);
        heard.extend(hook(&["later 300"]));
        assert_eq!(a.heard(), heard);
        world.at_rest().await;
    });
}

/// Fails if a call is not made again on what another node has done to the room meanwhile, or if both calls count.
#[test]
fn after_a_conflict_the_hook_is_called_again_and_once_for_the_log() {
    let conflicts_once = || {
        let is_first = Cell::new(true);
        move |batch: &Batch| match text_of(batch).as_deref() {
            Some("conflict") if is_first.replace(false) => Fate::Conflict,
            _ => Fate::Now,
        }
    };
    let setup = Setup {
        log: Some(maker(Habits::default(), conflicts_once)),
        ..hooked()
    };
    World::run(setup, |world| async move {
        let a = client(&world, 0).await;
        let key = RoomKey::plain("p");
        a.join(&key).await.unwrap();
        calls();
        ask(&a, &key, "emit conflict;later 1000 emit x")
            .await
            .unwrap();
        assert_eq!(calls(), 2);
        assert_eq!(
            ask(&a, &key, "state").await.unwrap(),
            "joining |joined |message emit conflict;later 1000 emit x|message state"
        );
        pass(Duration::from_secs(2)).await;
        assert_eq!(a.heard(), hook(&["conflict", "x"]));
    });
}

/// Fails if a timer whose batch the log has not taken is lost, or comes twice once it has.
#[test]
fn a_timer_that_the_log_refuses_comes_again_until_it_is_taken() {
    let refuses_twice = || {
        let times = Cell::new(0);
        move |batch: &Batch| match text_of(batch).as_deref() {
            Some("x") if times.replace(times.get() + 1) < 2 => Fate::Refused,
            _ => Fate::Now,
        }
    };
    let setup = Setup {
        log: Some(maker(Habits::default(), refuses_twice)),
        ..hooked()
    };
    World::run(setup, |world| async move {
        let a = client(&world, 0).await;
        let key = RoomKey::plain("p");
        a.join(&key).await.unwrap();
        ask(&a, &key, "later 1000 emit x").await.unwrap();
        pass(Duration::from_millis(2900)).await;
        assert!(a.heard().is_empty());
        pass(Duration::from_secs(10)).await;
        assert_eq!(a.heard(), hook(&["x"]));
    });
}

/// Fails if letters that wait for a late log are decided before their turn: each would be decided again for each before it.
#[test]
fn behind_a_late_log_a_hook_is_called_once_for_each_letter() {
    let setup = Setup {
        log: moody().log,
        ..hooked()
    };
    World::run(setup, |world| async move {
        let a = client(&world, 0).await;
        let key = RoomKey::plain("p");
        a.join(&key).await.unwrap();
        calls();
        for _ in 0..10 {
            world.ask(a.say(&key, "later 100"), |answer| drop(answer.unwrap()));
        }
        world.settle().await;
        assert_eq!((calls(), a.heard().len()), (10, 10));
    });
}

/// Fails if what a hook came to is lost where its asker was told that nobody knows, or where a leave is not taken by the log.
#[test]
fn what_is_committed_after_it_was_given_up_has_all_that_the_hook_came_to() {
    let setup = Setup {
        log: moody().log,
        ..hooked()
    };
    World::run(setup, |world| async move {
        let (a, b) = (client(&world, 0).await, client(&world, 1).await);
        let key = RoomKey::plain("p");
        a.join(&key).await.unwrap();
        b.join(&key).await.unwrap();
        let given_up = ask(&a, &key, "emit unknown 3000;later 100 emit x").await;
        let unknown = RoomAskError::Log(LogError::OutcomeUnknown);
        assert_eq!(given_up, Err(unknown));
        assert!(a.heard().is_empty());
        pass(Duration::from_secs(5)).await;
        assert_eq!(a.heard(), hook(&["unknown 3000", "x"]));
        ask(&a, &key, "on-left emit refuse").await.unwrap();
        b.member.leave(key.clone(), LeaveScope::All, None).await;
        world.settle().await;
        assert_eq!(a.heard(), hook(&["refuse"]));
        let told = ask(&a, &key, "state").await.unwrap();
        let left = format!("left {} leave|message state", b.member.id());
        assert!(told.ends_with(&left), "{told}");
        b.heard();
    });
}

/// Fails if the hook keeps one whose join was committed after it was given up: its leave was decided in the midst of that, and what
/// the hook made of it was overwritten.
#[test]
fn a_hook_hears_that_one_leaves_whose_join_was_committed_too_late() {
    let setup = Setup {
        log: moody().log,
        ..hooked()
    };
    World::run(setup, |world| async move {
        let (a, b) = (telling(&world, 0).await, client(&world, 1).await);
        let key = RoomKey::plain("p");
        a.join(&key).await.unwrap();
        ask(&a, &key, "on-left emit gone").await.unwrap();
        assert!(b.join_as(&key, "later 5000").await.is_err());
        pass(Duration::from_secs(10)).await;
        let told = ask(&a, &key, "state").await.unwrap();
        let both = format!(
            "joining later 5000|joined later 5000|left {} disconnect|message state",
            b.member.id()
        );
        assert!(told.ends_with(&both), "{told}");
        let position = a.say(&key, "x").await.unwrap().position;
        world.settle().await;
        let heard = a.heard();
        assert_eq!(heard.len(), 2);
        let numbers = [position.cursor - 1, position.cursor];
        for (text, number) in heard.iter().zip(numbers) {
            assert!(text.ends_with(&format!("-{number:x}")), "{heard:?}");
        }
        assert_eq!(world.at_rest().await.seats[&key].len(), 1);
    });
}
