//! What is asked of members from elsewhere while their namespace crashes or ends, or their worker dies or stands still, and who pays: whoever
//! asks has an answer, and in time.

use std::time::Duration;

use crate::{
    error::{AskError, Fault},
    guard::{CRASHES_MAX, QUARANTINE},
    hub::{Hub, REQUESTS_MAX, Share},
    id::{Kind, RoomKey},
    message::Selection,
    rate::{Rates, SharedRates},
    testing::{Call, World},
};

use super::{
    client, pass,
    selections::{SECOND, ask, clients, done, names, only, small},
};

/// Fails if who asks waits for a worker that does nothing, or if that is not said; or if the worker, when it runs again, does
/// nothing of what it was asked.
#[test]
fn a_worker_that_stands_still_costs_who_asks_its_patience_and_no_more() {
    World::run(small(), |world| async move {
        let all = clients(&world, 4).await;
        world.couriers[1]
            .mailbox
            .send(Call::stand_still(SECOND * 20));
        pass(Duration::from_millis(1)).await;
        let began = tokio::time::Instant::now();
        let joined = world
            .hub
            .join_members("/", Selection::default(), names(&["a"]));
        let counted = world.hub.count_members("/", Selection::default());
        let here = world.hub.count_members("/", only(&all[0]));
        assert_eq!(here.await, Ok(1));
        assert_eq!(joined.await, Err(Fault::Late));
        assert_eq!(counted.await, Err(Fault::Late));
        assert!(began.elapsed() < SECOND * 3, "{:?}", began.elapsed());
        // An answer may take its time; a worker that does nothing may not take more.
        let answer = ask(&world, &all[1]).await;
        assert_eq!(answer, Err(AskError::Internal(Fault::Late)));
        pass(SECOND * 20).await;
        world.settle().await;
        assert_eq!(world.at_rest().await.seats[&RoomKey::plain("a")].len(), 4);
        assert_eq!(all[1].probe.take(), ["event 0 / ask x"]);
        let counted = world.hub.count_members("/", Selection::default());
        assert_eq!(counted.await, Ok(4));
    });
}

/// Fails if the members of a dead worker are waited for, or if who asks for the others hears of nothing else.
#[test]
fn a_worker_that_dies_meanwhile_takes_its_members_along_and_nothing_else() {
    World::run(small(), |world| async move {
        let all = clients(&world, 4).await;
        let counted = world.hub.count_members("/", Selection::default());
        let joined = world
            .hub
            .join_members("/", Selection::default(), names(&["a"]));
        world.couriers[1].mailbox.send(Call::die());
        let before = counted.await.unwrap();
        assert!(before == 2 || before == 4, "{before}");
        let joined = joined.await.unwrap();
        assert!(
            (2..=4).contains(&(joined.done + joined.failed)),
            "{joined:?}"
        );
        let counted = world.hub.count_members("/", Selection::default());
        assert_eq!(counted.await, Ok(2));
        pass(SECOND).await;
        assert_eq!(world.at_rest().await.seats[&RoomKey::plain("a")].len(), 2);
        drop(all);
    });
}

/// Fails if a crash of the namespace costs a request that is under way, or if one to a namespace that ended is never answered.
#[test]
fn a_namespace_that_crashes_or_ends_meanwhile_leaves_nobody_without_an_answer() {
    World::run(small(), |world| async move {
        let all = clients(&world, 4).await;
        let everyone = Selection::default;
        let joined = world.hub.join_members("/", everyone(), names(&["a"]));
        let listed = world.hub.list_members("/", everyone(), None, 10);
        world.crash_namespace();
        let counted = world.hub.count_members("/", everyone());
        assert_eq!(joined.await, done(4));
        assert_eq!(listed.await.unwrap().members.len(), 4);
        assert_eq!(counted.await, Ok(4));
        for _ in 0..CRASHES_MAX {
            world.crash_namespace();
        }
        let counted = world.hub.count_members("/", everyone());
        assert_eq!(counted.await, Err(Fault::Quarantined));
        let asked = ask(&world, &all[0]).await;
        assert_eq!(asked, Err(AskError::Internal(Fault::Quarantined)));
        pass(QUARANTINE).await;
        let left = world.hub.leave_members("/", everyone(), names(&["a"]));
        let counted = world.hub.count_members("/", everyone());
        world.end_hub().await;
        let left = left.await;
        assert!(left == done(4) || left.is_err(), "{left:?}");
        assert!(counted.await.is_ok_and(|count| count == 4));
        let gone = world.hub.count_members("/", everyone());
        assert_eq!(gone.await, Err(Fault::Gone));
        // Its thread is started anew.
        let again = Hub::start(&world.hub, Share::ALL);
        world.hub.rooms_restarted(Share::ALL);
        world.settle().await;
        let counted = world.hub.count_members("/", everyone());
        assert_eq!(counted.await, Ok(0));
        let back = client(&world, 0).await;
        let joined = world.hub.join_members("/", everyone(), names(&["a"]));
        assert_eq!(joined.await, done(1));
        assert_eq!(back.member.rooms(Kind::Plain).len(), 1);
        drop((all, again));
        world.forgive();
    });
}

/// Fails if requests pile up before a worker that stands still without bound, or if their places are not given back.
#[test]
fn so_many_requests_are_under_way_at_once() {
    World::run(small(), |world| async move {
        let _all = clients(&world, 2).await;
        world.couriers[1]
            .mailbox
            .send(Call::stand_still(SECOND * 5));
        pass(Duration::from_millis(1)).await;
        let count = || world.hub.count_members("/", Selection::default());
        let counts: Vec<_> = (0..=REQUESTS_MAX).map(|_| count()).collect();
        let mut answers = Vec::new();
        for count in counts {
            answers.push(count.await.unwrap_err());
        }
        let (last, late) = answers.split_last().unwrap();
        assert_eq!(*last, Fault::Full);
        assert!(late.iter().all(|fault| *fault == Fault::Late));
        pass(SECOND * 5).await;
        assert_eq!(count().await, Ok(2));
    });
}

/// Fails if questions that are one have a place each, or keep theirs when all of them are answered.
#[test]
fn questions_that_are_one_have_one_place() {
    World::run(small(), |world| async move {
        let _all = clients(&world, 2).await;
        world.couriers[1]
            .mailbox
            .send(Call::stand_still(SECOND * 5));
        pass(Duration::from_millis(1)).await;
        let request = world.hub.joint_request();
        let count = || request.count("/", Selection::default());
        let as_one: Vec<_> = (0..2 * REQUESTS_MAX).map(|_| count()).collect();
        drop(request);
        let count = || world.hub.count_members("/", Selection::default());
        let others: Vec<_> = (0..REQUESTS_MAX).map(|_| count()).collect();
        for count in as_one {
            assert_eq!(count.await, Err(Fault::Late));
        }
        let mut answers = Vec::new();
        for count in others {
            answers.push(count.await.unwrap_err());
        }
        let full = answers.iter().filter(|fault| **fault == Fault::Full);
        assert_eq!((full.count(), answers.last()), (1, Some(&Fault::Full)));
        pass(SECOND * 5).await;
        assert_eq!(count().await, Ok(2));
    });
}

/// Fails if a client is not read for what others had it join and leave, or for nothing that it does itself.
#[test]
fn who_is_made_to_join_and_leave_pays_nothing_for_it() {
    let mut setup = small();
    setup.session.rates = SharedRates::from(Rates {
        joins: 2,
        burst: SECOND,
        ..Rates::default()
    });
    World::run(setup, |world| async move {
        let a = client(&world, 0).await;
        let many = ["a", "b", "c", "d", "e", "f"];
        let joined = world
            .hub
            .join_members("/", Selection::default(), names(&many));
        joined.await.unwrap();
        let left = world
            .hub
            .leave_members("/", Selection::default(), names(&many));
        left.await.unwrap();
        a.probe.say("noise");
        world.settle().await;
        assert!(!a.probe.session.credit.exhausted());
        for room in many {
            a.join(&RoomKey::plain(room)).await.unwrap();
        }
        a.probe.say("noise");
        world.settle().await;
        assert!(a.probe.session.credit.exhausted());
    });
}
