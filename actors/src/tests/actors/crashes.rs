//! What a crash costs: the message that caused it, and nothing else.

use std::time::Duration;

use crate::{
    context::OnlineUsers,
    error::{CloseReason, Fault, JoinError, NotifyError},
    guard::{CRASHES_MAX, QUARANTINE},
    id::RoomKey,
    session::JoinRequest,
    state::{audience::LeaveScope, room::RoomOptions},
    testing::{Call, Poison, Setup, World, content, wire::BROKEN},
};

use super::{client, pass, says, telling};

/// How a log panics, and the number that the next letter has then.
const PANICS: [(Poison, u64); 2] = [(Poison::Append, 2), (Poison::Appended, 3)];

fn kinds() -> [RoomKey; 3] {
    [
        RoomKey::channel("c"),
        RoomKey::room("r"),
        RoomKey::plain("p"),
    ]
}

#[test]
fn a_letter_that_crashes_a_room_or_channel_is_an_error_to_its_sender_and_the_next_is_delivered() {
    for key in kinds() {
        for (poison, next) in PANICS {
            let key = key.clone();
            World::run(Setup::default(), |world| async move {
                let (a, b) = (client(&world, 0).await, client(&world, 1).await);
                let sibling = RoomKey::room("sibling");
                for one in [&a, &b] {
                    one.join(&key).await.unwrap();
                    one.join(&sibling).await.unwrap();
                }
                assert_eq!(a.say(&key, "first").await.unwrap().position.offset, 1);
                let crashed = a.say(&key, poison.mark()).await.unwrap_err();
                assert_eq!(
                    crashed,
                    NotifyError::Internal(Fault::Crashed),
                    "{key:?} {poison:?}"
                );
                assert_eq!(b.say(&key, "next").await.unwrap().position.offset, next);
                assert_eq!(b.say(&sibling, "untouched").await.unwrap().recipients, 2);
                world.settle().await;
                for one in [&a, &b] {
                    assert_eq!(one.heard(), says(&["first", "next", "untouched"]));
                    assert_eq!(one.probe.ended(), None);
                }
                assert_eq!(world.count(|metrics| &metrics.crashes), 1);
                assert_eq!(world.at_rest().await.seats[&key].len(), 2);
            });
        }
    }
}

#[test]
fn a_join_that_crashes_a_room_or_channel_takes_no_seat_and_no_place() {
    for key in kinds() {
        for (poison, _) in PANICS {
            let key = key.clone();
            World::run(Setup::default(), |world| async move {
                let (a, b, c) = (
                    client(&world, 0).await,
                    client(&world, 1).await,
                    client(&world, 1).await,
                );
                let options = RoomOptions {
                    capacity: Some(2),
                    ..RoomOptions::default()
                };
                a.member
                    .join(JoinRequest {
                        options,
                        ..JoinRequest::plain(key.clone())
                    })
                    .await
                    .unwrap();
                let crashed = b.join_as(&key, poison.mark()).await.err();
                assert_eq!(
                    crashed,
                    Some(JoinError::Internal(Fault::Crashed)),
                    "{key:?} {poison:?}"
                );
                a.say(&key, "to one").await.unwrap();
                assert_eq!(b.join(&key).await.unwrap().count, 2);
                assert_eq!(
                    c.join(&key).await.err(),
                    Some(JoinError::Full { capacity: 2 })
                );
                a.say(&key, "to both").await.unwrap();
                world.settle().await;
                assert_eq!(a.heard(), says(&["to one", "to both"]));
                assert_eq!(b.heard(), says(&["to both"]));
                world.at_rest().await;
            });
        }
    }
}

/// It was told that it had left, or was gone, and kept its seat for ever.
#[test]
fn who_leaves_is_gone_though_the_log_panics_on_it() {
    for key in kinds() {
        World::run(Setup::default(), |world| async move {
            let (a, b, c) = (
                client(&world, 0).await,
                client(&world, 1).await,
                client(&world, 1).await,
            );
            for one in [&a, &c] {
                one.join_as(&key, Poison::Leave.mark()).await.unwrap();
            }
            b.join(&key).await.unwrap();
            let left = a.member.leave(key.clone(), LeaveScope::All, None).await;
            assert_eq!(left.gone, [(None, 2)]);
            c.probe.hang_up();
            world.settle().await;
            let rest = world.at_rest().await;
            assert!(rest.seats[&key].keys().eq([b.member.id()]), "{rest:?}");
            assert_eq!(world.count(|metrics| &metrics.crashes), 2);
            c.probe.take();
        });
    }
}

#[test]
fn a_crash_in_a_namespace_costs_the_broadcast_that_caused_it() {
    for (poison, _) in PANICS {
        World::run(Setup::default(), |world| async move {
            let (a, b) = (client(&world, 0).await, client(&world, 1).await);
            let key = RoomKey::channel("c");
            a.join(&key).await.unwrap();
            world.crash_namespace();
            let say = content("say", poison.mark());
            let crashed = a.member.broadcast(None, vec![], true, say).await;
            assert_eq!(crashed.unwrap_err(), NotifyError::Internal(Fault::Crashed));
            assert_eq!(b.join(&key).await.unwrap().count, 2);
            a.member
                .broadcast(None, vec![], true, content("say", "all"))
                .await
                .unwrap();
            a.say(&key, "room").await.unwrap();
            world.settle().await;
            for one in [&a, &b] {
                assert_eq!(one.heard(), says(&["all", "room"]));
            }
            assert_eq!(world.count(|metrics| &metrics.crashes), 2);
            world.at_rest().await;
        });
    }
}

#[test]
fn a_letter_that_crashes_a_courier_is_an_error_to_its_sender_and_the_courier_keeps_its_seats() {
    World::run(Setup::default(), |world| async move {
        let (a, b) = (telling(&world, 0).await, telling(&world, 1).await);
        let key = RoomKey::room("r");
        a.join(&key).await.unwrap();
        b.join(&key).await.unwrap();
        let crashed = a.say(&key, Poison::Encode.mark()).await;
        assert_eq!(crashed.unwrap_err(), NotifyError::Internal(Fault::Crashed));
        world.couriers[0].mailbox.send(Call::panic());
        a.say(&key, "next").await.unwrap();
        world.settle().await;
        for one in [&a, &b] {
            let heard = one.heard();
            assert_eq!(heard.len(), 1, "{heard:?}");
            assert!(heard[0].starts_with("say next @"), "{heard:?}");
            assert_eq!(one.probe.ended(), None);
        }
        assert_eq!(world.count(|metrics| &metrics.crashes), 3);
        assert_eq!(world.at_rest().await.seats[&key].len(), 2);
    });
}

/// Would fail if those were forgotten that had the letter before the crash: nobody else wakes their transports.
#[test]
fn who_had_a_letter_before_its_crash_gets_it() {
    World::run(Setup::default(), |world| async move {
        let key = RoomKey::room("r");
        let mut members = Vec::new();
        for place in 0..4 {
            // Only whom tokens are told is a letter encoded for there and then.
            let member = match place {
                0 | 1 => client(&world, 0).await,
                _ => telling(&world, 0).await,
            };
            member.join(&key).await.unwrap();
            members.push(member);
        }
        let mark = Poison::Encode.mark();
        members[0].say(&key, mark).await.unwrap_err();
        world.settle().await;
        let heard: usize = members.iter().map(|member| member.heard().len()).sum();
        assert_eq!(heard, 2, "half of the room");
    });
}

#[test]
fn a_handler_that_panics_is_an_error_to_who_asked_and_its_session_lives() {
    World::run(Setup::default(), |world| async move {
        let a = client(&world, 0).await;
        a.probe.say("event / 1 panic x");
        a.probe.say("event / 2 panic-later x");
        a.probe.say("event / 3 panic-twice x");
        a.probe.say("event / 4 fine x");
        world.settle().await;
        let mut heard = a.heard();
        heard.sort();
        assert_eq!(heard, ["ack / 1 error", "ack / 2 error", "ack / 4 ok"]);
        assert_eq!(a.probe.ended(), None);
    });
}

#[test]
fn a_session_that_panics_closes_its_own_connection_and_its_rooms_are_told() {
    World::run(Setup::default(), |world| async move {
        let (a, b) = (client(&world, 0).await, client(&world, 0).await);
        let key = RoomKey::channel("c");
        a.join_with_leave_event(&key).await.unwrap();
        b.join(&key).await.unwrap();
        a.probe.say("panic");
        world.settle().await;
        assert_eq!(a.probe.read_end(), Some(CloseReason::Crashed));
        assert_eq!(b.heard(), ["left c|m0|1"]);
        assert_eq!(world.at_rest().await.seats[&key].len(), 1);
        assert_eq!(b.say(&key, "next").await.unwrap().recipients, 1);
        world.settle().await;
        assert_eq!(b.heard(), says(&["next"]));
    });
}

#[test]
fn after_too_many_crashes_a_room_takes_nothing_but_leaves_for_its_quarantine_and_then_serves_again()
{
    World::run(Setup::default(), |world| async move {
        let (a, b, c) = (
            client(&world, 0).await,
            client(&world, 0).await,
            client(&world, 1).await,
        );
        let key = RoomKey::room("r");
        a.join(&key).await.unwrap();
        b.join(&key).await.unwrap();
        for _ in 0..=CRASHES_MAX {
            let crashed = a.say(&key, Poison::Append.mark()).await.unwrap_err();
            assert_eq!(crashed, NotifyError::Internal(Fault::Crashed));
        }
        assert_eq!(
            a.say(&key, "x").await.unwrap_err(),
            NotifyError::Internal(Fault::Quarantined)
        );
        assert!(matches!(c.join(&key).await, Err(JoinError::Internal(_))));
        let left = b.member.leave(key.clone(), LeaveScope::All, None).await;
        assert_eq!(left.gone, [(None, 1)]);
        world.at_rest().await;
        pass(QUARANTINE - Duration::from_secs(1)).await;
        assert_eq!(
            a.say(&key, "x").await.unwrap_err(),
            NotifyError::Internal(Fault::Quarantined)
        );
        pass(Duration::from_secs(2)).await;
        assert_eq!(c.join(&key).await.unwrap().count, 2);
        assert_eq!(a.say(&key, "again").await.unwrap().position.offset, 1);
        world.settle().await;
        for one in [&a, &c] {
            assert_eq!(one.heard(), says(&["again"]));
        }
    });
}

#[test]
fn crashes_that_are_far_apart_do_not_add_up_to_a_quarantine() {
    World::run(Setup::default(), |world| async move {
        let a = client(&world, 0).await;
        let key = RoomKey::room("r");
        a.join(&key).await.unwrap();
        for _ in 0..3 * CRASHES_MAX {
            let crashed = a.say(&key, Poison::Append.mark()).await.unwrap_err();
            assert_eq!(crashed, NotifyError::Internal(Fault::Crashed));
            pass(Duration::from_secs(3)).await;
        }
    });
}

/// A timer kept the hub's actor, its namespaces and their rooms for ever. And what a member asked of a namespace that was
/// gone stayed in its book of seats, so that the answer to its next request was taken for the one before.
#[test]
fn a_hub_that_is_let_go_ends_with_its_rooms_and_its_members_are_answered() {
    World::run(Setup::default(), |world| async move {
        let a = client(&world, 0).await;
        let room = RoomKey::channel("c");
        a.join(&room).await.unwrap();
        world.end_hub().await;
        assert!(world.hub.namespace("/").unwrap().upgrade().is_none());
        assert_eq!(world.count(|metrics| &metrics.rooms), 0);
        let left = a.member.leave(room.clone(), LeaveScope::All, None).await;
        assert!(left.gone.is_empty());
        assert!(a.member.tags(&room).is_none());
        let refused = a.join(&room).await.map(|_| ());
        assert_eq!(refused, Err(JoinError::Internal(Fault::Crashed)));
        assert!(a.member.tags(&room).is_none(), "it has no seat there");
        world.forgive();
    });
}

/// It was counted as a crash of the namespace, which after a few of them took nothing for half a minute.
#[test]
fn presence_that_cannot_be_rendered_costs_its_event_and_no_joins() {
    let mut setup = Setup {
        presence_events: true,
        ..Setup::default()
    };
    setup.settings.online_users = OnlineUsers::Channel;
    World::run(setup, |world| async move {
        let (a, b) = (client(&world, 0).await, client(&world, 1).await);
        let broken = RoomKey::channel(BROKEN);
        for _ in 0..2 * CRASHES_MAX {
            a.join(&broken).await.unwrap();
            assert_eq!(b.join(&broken).await.unwrap().count, 2);
            // An event that panicked ran its leave anew on counts that it had changed before: one too few was told.
            for (one, still_there) in [(&a, 1), (&b, 0)] {
                let left = one
                    .member
                    .leave(broken.clone(), LeaveScope::All, None)
                    .await;
                assert_eq!(left.gone, [(None, still_there)]);
            }
        }
        let whole = RoomKey::channel("whole");
        assert_eq!(a.join(&whole).await.unwrap().count, 1);
        assert_eq!(b.join(&whole).await.unwrap().count, 2);
        pass(QUARANTINE).await;
        assert!(world.count(|metrics| &metrics.crashes) > CRASHES_MAX as u64);
        for one in [&a, &b] {
            assert_eq!(one.heard().last(), Some(&"online 2".to_owned()));
        }
    });
}

/// It stayed dead for ever: its namespace went on handing out the way to it.
#[test]
fn a_room_that_dies_outside_of_its_guard_goes_on_with_its_members_presence_and_numbers() {
    for key in [RoomKey::channel("c"), RoomKey::room("r")] {
        let setup = Setup {
            presence_events: true,
            ..Setup::default()
        };
        World::run(setup, |world| async move {
            let (a, b, c) = (
                client(&world, 0).await,
                client(&world, 1).await,
                client(&world, 1).await,
            );
            let room = a.join(&key).await.unwrap().room;
            for one in [&b, &c] {
                one.join(&key).await.unwrap();
            }
            assert_eq!(a.say(&key, "before").await.unwrap().position.offset, 1);
            room.send(Call::die());
            // On their way to it: one is lost, and says so; one goes, and is gone.
            let lost = a.say(&key, "lost");
            c.probe.hang_up();
            assert_eq!(
                lost.await.unwrap_err(),
                NotifyError::Internal(Fault::Crashed)
            );
            pass(Duration::from_millis(10)).await;
            let said = b.say(&key, "after").await.unwrap();
            assert_eq!((said.recipients, said.position.offset), (2, 2));
            let rest = world.at_rest().await;
            assert_eq!(rest.seats[&key].len(), 2);
            assert_eq!(client(&world, 0).await.join(&key).await.unwrap().count, 3);
            world.settle().await;
            for one in [&a, &b] {
                let heard = one.heard();
                let said: Vec<_> = heard
                    .iter()
                    .filter(|text| text.starts_with("say"))
                    .collect();
                assert_eq!(said, ["say before", "say after"], "{heard:?}");
            }
            c.probe.take();
            world.forgive();
        });
    }
}
