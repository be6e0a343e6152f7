//! Rooms that come and go while somebody is on the way to them.

use std::time::Duration;

use crate::{
    context::OnlineUsers,
    id::RoomKey,
    message::{Action, Command},
    session::JoinRequest,
    state::audience::LeaveScope,
    testing::{Call, Poison, Setup, World},
};

use super::{client, pass, says};

#[test]
fn a_room_that_was_empty_is_not_taken_from_one_who_is_joining_it() {
    for seed in 0..40 {
        let setup = Setup {
            seed,
            delay: Some(20),
            ..Setup::default()
        };
        World::run(setup, |world| async move {
            let (a, b, c) = (
                client(&world, 0).await,
                client(&world, 0).await,
                client(&world, 1).await,
            );
            let key = RoomKey::room("r");
            a.join(&key).await.unwrap();
            world.ask(a.member.leave(key.clone(), LeaveScope::All, None), drop);
            pass(Duration::from_millis(seed % 20)).await;
            b.join(&key).await.unwrap();
            assert_eq!(c.join(&key).await.unwrap().count, 2, "seed {seed}");
            c.say(&key, "x").await.unwrap();
            world.settle().await;
            assert_eq!(
                (b.heard(), c.heard()),
                (says(&["x"]), says(&["x"])),
                "seed {seed}"
            );
            world.at_rest().await;
        });
    }
}

/// Where a letter without a seat goes is asked first; who left meanwhile had said nothing.
#[test]
fn what_was_said_right_before_leaving_is_heard() {
    World::run(Setup::default(), |world| async move {
        let (guest, seated, b) = (
            client(&world, 0).await,
            client(&world, 0).await,
            client(&world, 1).await,
        );
        let key = RoomKey::room("r");
        for member in [&seated, &b] {
            member.join(&key).await.unwrap();
        }
        for leaver in [&guest, &seated] {
            // More than are sent without an answer.
            let texts: Vec<_> = (0..100).map(|number| number.to_string()).collect();
            for text in &texts {
                world.ask(leaver.say(&key, text), drop);
            }
            leaver.probe.hang_up();
            world.settle().await;
            let texts: Vec<_> = texts.iter().map(String::as_str).collect();
            assert_eq!(b.heard(), says(&texts));
        }
        guest.heard();
        seated.heard();
        world.at_rest().await;
    });
}

#[test]
fn a_notify_that_meets_a_dead_room_finds_the_new_one_of_that_name() {
    World::run(Setup::default(), |world| async move {
        let (a, b, c) = (
            client(&world, 0).await,
            client(&world, 0).await,
            client(&world, 1).await,
        );
        let key = RoomKey::room("r");
        assert_eq!(a.say(&key, "nobody").await.unwrap().recipients, 0);
        b.join(&key).await.unwrap();
        assert_eq!(a.say(&key, "b").await.unwrap().recipients, 1);
        b.member.leave(key.clone(), LeaveScope::All, None).await;
        world.settle().await;
        assert_eq!(world.count(|metrics| &metrics.rooms), 0);
        c.join(&key).await.unwrap();
        assert_eq!(a.say(&key, "c").await.unwrap().recipients, 1);
        world.settle().await;
        assert_eq!((b.heard(), c.heard()), (says(&["b"]), says(&["c"])));
    });
}

#[test]
fn a_room_that_was_crashed_by_one_of_its_members_joins_still_goes_when_it_is_empty() {
    World::run(Setup::default(), |world| async move {
        let a = client(&world, 0).await;
        let key = RoomKey::room("r");
        a.join(&key).await.unwrap();
        let mark = Some(Poison::Append.mark().into());
        let again = JoinRequest {
            tag: Some("c".into()),
            user: mark,
            ..JoinRequest::plain(key.clone())
        };
        assert!(a.member.join(again).await.is_err());
        a.member.leave(key, LeaveScope::All, None).await;
        world.settle().await;
        assert_eq!(world.count(|metrics| &metrics.rooms), 0);
    });
}

#[test]
fn a_member_that_joins_again_while_it_is_kicked_knows_whether_it_has_a_seat() {
    for seed in 0..60 {
        let setup = Setup {
            seed,
            delay: Some(20),
            ..Setup::default()
        };
        World::run(setup, |world| async move {
            let (a, b) = (client(&world, 0).await, client(&world, 1).await);
            let key = RoomKey::room("r");
            a.join(&key).await.unwrap();
            b.join(&key).await.unwrap();
            let kick = Command {
                tag: None,
                action: Action::Kick(vec![b.member.id().clone()]),
            };
            world.ask(a.member.manage(key.clone(), kick, None), |answer| {
                answer.unwrap()
            });
            pass(Duration::from_millis(seed % 20)).await;
            for tag in ["c", "d"] {
                let request = JoinRequest {
                    tag: Some(tag.into()),
                    ..JoinRequest::plain(key.clone())
                };
                world.ask(b.member.join(request), |answer| drop(answer.unwrap()));
            }
            let rest = world.at_rest().await;
            let seat = rest.seats[&key]
                .get(b.member.id())
                .map(|seat| seat.tags.clone());
            let own = b
                .member
                .tags(&key)
                .map(|tags| format!("{:?}", tags.iter().collect::<Vec<_>>()));
            assert_eq!(own, seat, "seed {seed}");
        });
    }
}

#[test]
fn a_member_that_is_kicked_before_its_join_is_answered_knows_that_it_has_no_seat() {
    for seed in 0..200 {
        let setup = Setup {
            seed,
            delay: Some(30),
            ..Setup::default()
        };
        World::run(setup, |world| async move {
            let (a, b) = (client(&world, 0).await, client(&world, 1).await);
            let key = RoomKey::room("r");
            a.join(&key).await.unwrap();
            world.ask(b.member.join(JoinRequest::plain(key.clone())), |answer| {
                drop(answer.unwrap())
            });
            pass(Duration::from_millis(seed % 40)).await;
            let kick = Command {
                tag: None,
                action: Action::Kick(vec![b.member.id().clone()]),
            };
            world.ask(a.member.manage(key.clone(), kick, None), |answer| {
                answer.unwrap()
            });
            let rest = world.at_rest().await;
            let seated = rest.seats[&key].contains_key(b.member.id());
            assert_eq!(b.member.tags(&key).is_some(), seated, "seed {seed}");
        });
    }
}

#[test]
fn a_crash_that_loses_a_wake_up_does_not_silence_a_rooms_presence() {
    World::run(
        Setup {
            presence_events: true,
            ..Setup::default()
        },
        |world| async move {
            let (a, b, c) = (
                client(&world, 0).await,
                client(&world, 0).await,
                client(&world, 1).await,
            );
            let key = RoomKey::room("r");
            a.join(&key).await.unwrap();
            assert!(c.join_as(&key, Poison::Append.mark()).await.is_err());
            pass(Duration::from_secs(2)).await;
            b.join(&key).await.unwrap();
            pass(Duration::from_secs(1)).await;
            assert_eq!(a.heard(), ["room-online r|-|1", "room-online r|-|2"]);
            assert_eq!(b.heard(), ["room-online r|-|2"]);
        },
    );
}

#[test]
fn a_crash_of_the_namespace_does_not_stop_its_clock() {
    World::run(
        Setup {
            presence_events: true,
            ..Setup::default()
        },
        |world| async move {
            let (a, b) = (client(&world, 0).await, client(&world, 1).await);
            let key = RoomKey::channel("c");
            a.join(&key).await.unwrap();
            // The second event is due before the next sweep for dead workers: the timer has just been set anew.
            b.join(&key).await.unwrap();
            world.crash_namespace();
            pass(Duration::from_secs(2)).await;
            for one in [&a, &b] {
                assert_eq!(one.heard().last(), Some(&"online 2".to_owned()));
            }
            b.probe.hang_up();
            pass(Duration::from_secs(2)).await;
            assert_eq!(a.heard(), ["online 1"]);
        },
    );
}

/// The room's end took the throttle of the channel of its name with it, and the channel's last event never came.
#[test]
fn a_room_that_ends_leaves_the_presence_of_the_channel_of_its_name() {
    let mut setup = Setup {
        presence_events: true,
        ..Setup::default()
    };
    setup.settings.online_users = OnlineUsers::Channel;
    World::run(setup, |world| async move {
        let (a, b) = (client(&world, 0).await, client(&world, 1).await);
        let (channel, room) = (RoomKey::channel("c"), RoomKey::room("c"));
        a.join(&channel).await.unwrap();
        // Just told: this one comes later.
        b.join(&channel).await.unwrap();
        b.join(&room).await.unwrap();
        b.member.leave(room, LeaveScope::All, None).await;
        world.settle().await;
        let before = a.heard();
        assert_eq!(before.last(), Some(&"online 1".to_owned()), "{before:?}");
        pass(Duration::from_secs(2)).await;
        assert_eq!(a.heard(), ["online 2"]);
        b.heard();
    });
}

#[test]
fn a_room_that_dies_as_its_last_member_goes_is_let_go() {
    World::run(Setup::default(), |world| async move {
        let key = RoomKey::room("r");
        let a = client(&world, 0).await;
        let room = a.join(&key).await.unwrap().room;
        room.send(Call::die());
        a.probe.hang_up();
        pass(Duration::from_secs(1)).await;
        assert_eq!(world.count(|metrics| &metrics.rooms), 0);
        a.probe.take();
    });
}
