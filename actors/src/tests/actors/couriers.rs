//! Workers that die or stand still, and readers that do not read: the others are served.

use std::time::Duration;

use crate::{
    context::NamespaceSettings,
    error::CloseReason,
    hub::Share,
    id::RoomKey,
    session::JoinRequest,
    state::audience::LeaveScope,
    testing::{Call, Reading, Setup, World, content, wire::announce},
};

use super::{client, pass, says};

const WINDOW: usize = 16;

/// Patience is short: the tests' workers that stand still do so for seconds.
fn small() -> Setup {
    Setup {
        window: WINDOW,
        settings: NamespaceSettings {
            courier_patience: Duration::from_secs(1),
            ..NamespaceSettings::default()
        },
        ..Setup::default()
    }
}

fn narrow(bytes_max: usize, memory_max: u64) -> Setup {
    let mut setup = Setup {
        memory_max,
        ..Setup::default()
    };
    setup.session.outbox.bytes_max = bytes_max;
    setup
}

#[test]
fn the_members_of_a_dead_worker_are_gone_for_the_rooms_within_a_second() {
    World::run(Setup::default(), |world| async move {
        let (a, b) = (client(&world, 0).await, client(&world, 1).await);
        let key = RoomKey::channel("c");
        a.join(&key).await.unwrap();
        b.join_with_leave_event(&key).await.unwrap();
        world.couriers[1].mailbox.send(Call::die());
        pass(Duration::from_secs(1)).await;
        world.settle().await;
        assert_eq!(a.heard(), ["left c|m1|1"]);
        assert_eq!(world.at_rest().await.seats[&key].len(), 1);
        assert_eq!(a.say(&key, "next").await.unwrap().recipients, 1);
        world.settle().await;
        assert_eq!(a.heard(), says(&["next"]));
        assert_eq!(world.hub.couriers().len(), 1, "the dead one is forgotten");
        // Who takes its outbox may be on another worker.
        assert_eq!(b.probe.ended(), Some(CloseReason::ShuttingDown));
    });
}

#[test]
fn a_worker_that_stands_still_costs_bounded_memory_and_its_members_and_nobody_else_a_letter() {
    World::run(small(), |world| async move {
        let (a, b, c) = (
            client(&world, 0).await,
            client(&world, 1).await,
            client(&world, 0).await,
        );
        let key = RoomKey::channel("c");
        for one in [&a, &b, &c] {
            one.join(&key).await.unwrap();
        }
        world.couriers[1]
            .mailbox
            .send(Call::stand_still(Duration::from_secs(10)));
        for number in 0..500 {
            let answer = a.say(&key, &number.to_string());
            world.ask(answer, |answer| drop(answer.unwrap()));
        }
        let mut most = 0;
        for _ in 0..3000 {
            pass(Duration::from_millis(1)).await;
            most = most.max(world.couriers[1].window.undigested());
        }
        assert!(most <= WINDOW, "{most} were undigested");
        let expected: Vec<String> = (0..500).map(|number| format!("say {number}")).collect();
        assert_eq!(
            c.heard(),
            expected,
            "the other worker's members are served long before it runs again"
        );
        assert_eq!(a.heard(), expected);
        pass(Duration::from_secs(8)).await;
        world.settle().await;
        assert_eq!(b.probe.read_end(), Some(CloseReason::WorkerStalled));
        b.probe.take();
        let back = client(&world, 1).await;
        assert_eq!(back.join(&key).await.unwrap().count, 3);
        a.say(&key, "welcome").await.unwrap();
        world.settle().await;
        for one in [&a, &c, &back] {
            assert_eq!(one.heard(), says(&["welcome"]));
        }
        world.at_rest().await;
    });
}

#[test]
fn broadcasts_to_a_worker_that_stands_still_cost_bounded_memory_too() {
    World::run(small(), |world| async move {
        let (a, b) = (client(&world, 0).await, client(&world, 1).await);
        world.couriers[1]
            .mailbox
            .send(Call::stand_still(Duration::from_secs(5)));
        for number in 0..300 {
            let answer =
                a.member
                    .broadcast(None, vec![], true, content("say", &number.to_string()));
            world.ask(answer, |answer| drop(answer.unwrap()));
        }
        let mut most = 0;
        for _ in 0..4000 {
            pass(Duration::from_millis(1)).await;
            most = most.max(world.couriers[1].window.undigested());
        }
        assert!(most <= WINDOW, "{most} were undigested");
        world.settle().await;
        assert_eq!(a.heard().len(), 300);
        b.probe.take();
    });
}

/// Of a letter to all nobody was told, so that its sender was charged for none of its deliveries.
#[test]
fn a_broadcast_to_all_tells_how_many_they_are() {
    World::run(Setup::default(), |world| async move {
        let (a, b) = (client(&world, 0).await, client(&world, 1).await);
        let answer = a.member.broadcast(None, vec![], true, content("say", "x"));
        assert_eq!(answer.await.unwrap().recipients, 2);
        world.settle().await;
        for one in [&a, &b] {
            assert_eq!(one.heard(), says(&["x"]));
        }
    });
}

#[test]
fn whoever_comes_in_while_letters_are_held_back_from_its_worker_is_closed_too() {
    World::run(small(), |world| async move {
        let (a, b) = (client(&world, 0).await, client(&world, 1).await);
        let key = RoomKey::channel("c");
        a.join(&key).await.unwrap();
        b.join(&key).await.unwrap();
        world.couriers[1]
            .mailbox
            .send(Call::stand_still(Duration::from_secs(5)));
        pass(Duration::from_millis(1)).await;
        let late = world.client(1);
        late.say("connect /");
        for number in 0..100 {
            world.ask(a.say(&key, &number.to_string()), drop);
        }
        pass(Duration::from_secs(6)).await;
        world.settle().await;
        assert_eq!(late.ended(), Some(CloseReason::WorkerStalled));
        assert_eq!(a.heard().len(), 100);
        drop((b.probe.take(), late.take()));
        world.at_rest().await;
    });
}

#[test]
fn a_reader_whose_outbox_is_full_is_closed_and_the_others_get_everything_in_order() {
    World::run(narrow(2000, 1 << 40), |world| async move {
        let (a, b, c) = (
            client(&world, 0).await,
            client(&world, 0).await,
            client(&world, 1).await,
        );
        let key = RoomKey::channel("c");
        for one in [&a, &b, &c] {
            one.join(&key).await.unwrap();
        }
        b.probe.reads(Reading::Never);
        for number in 0..300 {
            a.say(&key, &number.to_string()).await.unwrap();
        }
        world.settle().await;
        assert_eq!(b.probe.read_end(), Some(CloseReason::OutboxFull));
        assert_eq!(world.hub.account().waiting_bytes(), 0);
        let expected: Vec<String> = (0..300).map(|number| format!("say {number}")).collect();
        assert_eq!(a.heard(), expected);
        assert_eq!(c.heard(), expected);
        assert_eq!(world.at_rest().await.seats[&key].len(), 2);
    });
}

#[test]
fn above_the_hubs_limit_the_worst_payer_of_all_workers_is_closed_and_the_innocent_miss_nothing() {
    World::run(narrow(1 << 20, 40_000), |world| async move {
        let (a, b, c) = (
            client(&world, 0).await,
            client(&world, 1).await,
            client(&world, 0).await,
        );
        let key = RoomKey::channel("all");
        for one in [&a, &b, &c] {
            one.join(&key).await.unwrap();
        }
        b.probe.reads(Reading::Never);
        let long = "x".repeat(15_000);
        for _ in 0..2 {
            a.say(&key, &long).await.unwrap();
        }
        pass(Duration::from_secs(2)).await;
        world.settle().await;
        assert_eq!(b.probe.ended(), Some(CloseReason::MemoryMax));
        a.say(&key, "small").await.unwrap();
        world.settle().await;
        for one in [&a, &c] {
            assert_eq!(one.heard(), says(&[&long, &long, "small"]));
            assert_eq!(one.probe.ended(), None);
        }
    });
}

#[test]
fn volatile_letters_do_not_fill_a_slow_readers_outbox() {
    World::run(narrow(1000, 1 << 40), |world| async move {
        let a = client(&world, 0).await;
        a.probe.reads(Reading::Never);
        for _ in 0..100 {
            a.member.emit(&content("volatile", &"v".repeat(100)), true);
        }
        for number in 0..4 {
            a.member.emit(
                &content("say", &format!("{number} {}", "w".repeat(100))),
                false,
            );
        }
        world.settle().await;
        assert_eq!(a.probe.ended(), None);
        a.probe.reads(Reading::Eager);
        world.settle().await;
        let live: Vec<String> = a
            .heard()
            .into_iter()
            .filter(|text| text.starts_with("say"))
            .collect();
        assert_eq!(live.len(), 4);
    });
}

#[test]
fn a_letter_that_no_form_can_express_is_an_error_to_its_sender_alone() {
    World::run(Setup::default(), |world| async move {
        let (a, b) = (client(&world, 0).await, client(&world, 1).await);
        let everyone = || {
            a.member
                .broadcast(None, vec![], true, content("unspeakable", "x"))
        };
        assert!(everyone().await.is_err());
        a.member
            .broadcast(None, vec![], true, content("say", "x"))
            .await
            .unwrap();
        world.settle().await;
        for one in [&a, &b] {
            assert_eq!(one.heard(), says(&["x"]));
        }
    });
}

#[test]
fn when_the_rooms_are_lost_the_sessions_are_closed_so_that_they_come_back() {
    World::run(Setup::default(), |world| async move {
        let (a, b) = (client(&world, 0).await, client(&world, 1).await);
        world.hub.rooms_restarted(Share::ALL);
        world.settle().await;
        for one in [&a, &b] {
            assert_eq!(one.probe.read_end(), Some(CloseReason::ServerRestart));
        }
    });
}

/// What is told to a room of slow readers.
#[derive(Clone, Copy)]
enum Told {
    Letters,
    /// Joins and leaves with so many bytes of data, in turn.
    Moves(usize),
}

/// Twelve members of a channel on four workers, of whom `slow` read a frame a millisecond; what waits for one of those
/// at most while two thousand are told, in frames.
fn most_that_waits(slow: usize, told: Told) -> usize {
    let most = std::rc::Rc::new(std::cell::Cell::new(0));
    let seen = most.clone();
    let setup = Setup {
        workers: 4,
        window: 64,
        ..Setup::default()
    };
    let frame = match told {
        Told::Letters => 64,
        Told::Moves(bytes) => 64 + bytes,
    };
    World::run(setup, |world| async move {
        let key = RoomKey::channel("c");
        let mut members = Vec::new();
        for number in 0..12 {
            let member = client(&world, number % 4).await;
            member.join(&key).await.unwrap();
            if number >= 12 - slow {
                member.probe.reads(Reading::Slow(Duration::from_millis(1)));
            }
            members.push(member);
        }
        let mover = client(&world, 0).await;
        let watched = members[11].probe.session.outbox.clone();
        for number in 0..2000 {
            match told {
                Told::Letters => {
                    let answer = members[0].say(&key, &number.to_string());
                    world.ask(answer, |answer| drop(answer.unwrap()));
                }
                Told::Moves(bytes) => {
                    let event = Some(announce("moved", &key, &"x".repeat(bytes)));
                    if number % 2 == 0 {
                        let join = JoinRequest {
                            announce: event,
                            ..JoinRequest::plain(key.clone())
                        };
                        world.ask(mover.member.join(join), |answer| drop(answer.unwrap()));
                    } else {
                        let leave = mover.member.leave(key.clone(), LeaveScope::All, event);
                        world.ask(leave, drop);
                    }
                }
            }
            if number % 8 == 0 {
                pass(Duration::from_millis(1)).await;
            }
            seen.set(seen.get().max(watched.bytes() / frame));
        }
        for _ in 0..4000 {
            pass(Duration::from_millis(1)).await;
            seen.set(seen.get().max(watched.bytes() / frame));
        }
        world.settle().await;
        let _ = mover.heard();
        for member in &members {
            assert_eq!(member.heard().len(), 2000);
        }
    });
    most.get()
}

#[test]
fn a_room_goes_as_fast_as_half_of_its_readers_wherever_they_are_served() {
    // Three of twelve, one of them alone with fast ones on its worker: nobody waits for them.
    assert!(most_that_waits(3, Told::Letters) > 1500);
    // Nine of twelve: the room waits, and no outbox fills.
    assert!(most_that_waits(9, Told::Letters) < 1200);
}

/// Joins and leaves with much data went past the brake: members that read at full speed of their links were cut.
#[test]
fn a_room_goes_no_faster_because_it_is_joins_and_leaves_that_weigh() {
    assert!(most_that_waits(9, Told::Moves(1 << 11)) < 1200);
}

/// Fails if a client that heard why it is closed, and hung up before its session heard it, is counted as one that just went.
#[test]
fn a_session_ends_for_the_reason_that_its_client_was_told() {
    World::run(Setup::default(), |world| async move {
        let a = client(&world, 0).await;
        a.probe.session.outbox.end(CloseReason::ServerRestart);
        a.probe.hang_up();
        world.settle().await;
        let closes = world.hub.metrics().closes();
        let counted: Vec<_> = closes.filter(|(_, count)| *count > 0).collect();
        assert_eq!(counted, [(CloseReason::ServerRestart, 1)]);
    });
}
