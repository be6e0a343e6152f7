//! A room whose readers are behind: what is large waits, what is short goes on.

use std::{cell::Cell, rc::Rc, time::Duration};

use crate::{
    id::RoomKey,
    message::{Action, Command},
    session::{JoinRequest, NotifyRequest},
    state::audience::LeaveScope,
    testing::{Poison, Reading, Setup, World, content, wire::announce},
};

use super::{
    Client, client, pass,
    test_log::{Fate, Habits, maker},
};

/// Readers are behind with a sixteenth of this.
const OUTBOX: usize = 1 << 20;
const LARGE: usize = 100_000;
const LETTERS: usize = 8;

/// One reader that keeps up and three that take a large letter in a fifth of a second.
async fn room(world: &World, key: &RoomKey) -> Vec<Client> {
    let mut members = Vec::new();
    for worker in 0..4 {
        let member = client(world, worker).await;
        member.join(key).await.unwrap();
        if worker > 0 {
            member
                .probe
                .reads(Reading::Slow(Duration::from_millis(200)));
        }
        members.push(member);
    }
    members
}

fn setup() -> Setup {
    let mut setup = Setup {
        workers: 4,
        ..Setup::default()
    };
    setup.session.outbox.bytes_max = OUTBOX;
    setup
}

fn says(world: &World, member: &Client, key: &RoomKey, text: &str) {
    let said = member.say(key, text);
    world.ask(said, |answer| drop(answer.unwrap()));
}

/// One member says so much that the rest of it waits.
async fn says_much(world: &World, member: &Client, key: &RoomKey) {
    for number in 0..LETTERS {
        says(
            world,
            member,
            key,
            &format!("L{number}{}", "x".repeat(LARGE)),
        );
        // Who has taken nothing yet does not read, and is not waited for.
        let millis = if number == 0 { 700 } else { 5 };
        pass(Duration::from_millis(millis)).await;
    }
}

/// A room's one member that is behind, and who says so much from outside.
async fn behind(world: &World, key: &RoomKey) -> (Client, Client) {
    let (slow, speaker) = (client(world, 1).await, client(world, 0).await);
    slow.join(key).await.unwrap();
    slow.probe.reads(Reading::Slow(Duration::from_millis(200)));
    says_much(world, &speaker, key).await;
    slow.probe.reads(Reading::Slow(Duration::from_secs(2)));
    (slow, speaker)
}

/// What was heard, large ones by their first two characters.
fn heard(member: &Client) -> Vec<String> {
    let texts = member.heard().into_iter();
    let texts = texts.map(|text| text.trim_start_matches("say ").to_owned());
    texts
        .map(|text| text.get(..2).unwrap_or_default().to_owned())
        .collect()
}

fn place(heard: &[String], text: &str) -> usize {
    let place = heard.iter().position(|one| one == text);
    place.unwrap_or_else(|| panic!("{text} in {heard:?}"))
}

/// Strangers with large letters held a room's talk, joins and leaves for half a minute.
#[test]
fn what_is_short_passes_what_waits_for_the_readers_but_for_what_its_own_sender_said() {
    World::run(setup(), |world| async move {
        let key = RoomKey::room("r");
        let members = room(&world, &key).await;
        says_much(&world, &members[1], &key).await;
        says(&world, &members[1], &key, "my own");
        pass(Duration::from_millis(100)).await;
        says(&world, &members[2], &key, "short");
        let late = client(&world, 0).await;
        late.join(&key).await.unwrap();
        says(&world, &late, &key, "new");
        let left = late.member.leave(key.clone(), LeaveScope::All, None);
        left.await;
        pass(Duration::from_millis(100)).await;
        let early = heard(&members[0]);
        assert!(place(&early, "sh") < place(&early, "ne"));
        assert!(early.len() < LETTERS, "the rest waits: {early:?}");
        pass(Duration::from_secs(20)).await;
        world.settle().await;
        let mut all = early;
        all.extend(heard(&members[0]));
        let own = (0..LETTERS).map(|number| place(&all, &format!("L{number}")));
        let own: Vec<_> = own.chain([place(&all, "my")]).collect();
        assert!(own.is_sorted(), "{all:?}");
        assert_eq!(all.len(), LETTERS + 3);
        let _: Vec<_> = members.iter().chain([&late]).map(Client::heard).collect();
    });
}

#[test]
fn what_waits_for_the_readers_outlives_a_crash_of_its_room() {
    World::run(setup(), |world| async move {
        let key = RoomKey::room("r");
        let members = room(&world, &key).await;
        says_much(&world, &members[1], &key).await;
        pass(Duration::from_millis(100)).await;
        let crashing = members[2].say(&key, Poison::Append.mark());
        assert!(crashing.await.is_err());
        pass(Duration::from_secs(20)).await;
        world.settle().await;
        let all = heard(&members[0]);
        let _: Vec<_> = members.iter().map(Client::heard).collect();
        let whole: Vec<_> = (0..LETTERS).map(|number| format!("L{number}")).collect();
        assert_eq!(all, whole);
    });
}

/// Nothing that a crowd says is lost or closes a reader.
#[test]
fn what_a_crowd_says_to_slow_readers_waits_and_all_of_it_comes() {
    const MANY: usize = 1500;
    let mut setup = setup();
    // All of it, and no more.
    setup.session.outbox.bytes_max = 8 << 20;
    World::run(setup, |world| async move {
        let key = RoomKey::room("r");
        let members = room(&world, &key).await;
        for member in &members {
            member.probe.reads(Reading::Slow(Duration::from_millis(5)));
        }
        says(&world, &members[0], &key, "first");
        pass(Duration::from_millis(100)).await;
        let mut speakers = Vec::new();
        for number in 0..60 {
            let speaker = client(&world, number % 4).await;
            for _ in 0..MANY / 60 {
                says(&world, &speaker, &key, &"x".repeat(4000));
            }
            speakers.push(speaker);
            // The couriers say what the readers make of it meanwhile.
            pass(Duration::from_millis(2)).await;
        }
        pass(Duration::from_secs(30)).await;
        world.settle().await;
        for member in &members {
            assert_eq!(member.probe.ended(), None);
            assert_eq!(member.heard().len(), MANY + 1);
        }
    });
}

/// A join that waits was taken for seen: the room was dropped with it, and its member sat in nobody's room.
#[test]
fn a_room_that_empties_stays_for_a_join_that_waits() {
    World::run(setup(), |world| async move {
        let key = RoomKey::room("r");
        let (slow, speaker) = behind(&world, &key).await;
        let (late, passing) = (client(&world, 2).await, client(&world, 3).await);
        let join = late.member.join(JoinRequest {
            announce: Some(announce("joined", &key, &"x".repeat(LARGE))),
            ..JoinRequest::plain(key.clone())
        });
        let has_joined = Rc::new(Cell::new(false));
        let joined = has_joined.clone();
        world.ask(join, move |answer| joined.set(answer.is_ok()));
        pass(Duration::from_millis(5)).await;
        passing.join(&key).await.unwrap();
        passing
            .member
            .leave(key.clone(), LeaveScope::All, None)
            .await;
        assert!(!has_joined.get(), "it waits");
        slow.member.leave(key.clone(), LeaveScope::All, None).await;
        pass(Duration::from_secs(20)).await;
        world.settle().await;
        assert!(has_joined.get());
        late.heard();
        late.say(&key, "here").await.unwrap();
        assert_eq!(late.heard(), ["say here"]);
        for one in [&slow, &speaker, &passing] {
            one.heard();
        }
        world.at_rest().await;
    });
}

/// A join that ran behind it, and the crash of the one that waited, left an empty room for ever.
#[test]
fn a_room_goes_when_the_join_that_waited_is_refused_behind_a_later_one() {
    World::run(setup(), |world| async move {
        let key = RoomKey::room("r");
        let (slow, speaker) = behind(&world, &key).await;
        let (late, passing) = (client(&world, 2).await, client(&world, 3).await);
        let join = late.member.join(JoinRequest {
            user: Some(Poison::Append.mark().into()),
            announce: Some(announce("joined", &key, &"x".repeat(LARGE))),
            ..JoinRequest::plain(key.clone())
        });
        world.ask(join, |answer| assert!(answer.is_err()));
        pass(Duration::from_millis(5)).await;
        passing.join(&key).await.unwrap();
        for one in [&passing, &slow] {
            one.member.leave(key.clone(), LeaveScope::All, None).await;
        }
        pass(Duration::from_secs(20)).await;
        world.settle().await;
        assert_eq!(world.count(|metrics| &metrics.rooms), 0);
        for one in [&slow, &speaker, &late, &passing] {
            one.heard();
        }
        world.at_rest().await;
    });
}

/// The one that is refused came later than the one that waits: the room was dropped with the latter in it.
#[test]
fn a_refused_join_does_not_take_the_room_from_one_that_waits() {
    World::run(setup(), |world| async move {
        let key = RoomKey::room("r");
        let (slow, speaker) = behind(&world, &key).await;
        let (late, refused) = (client(&world, 2).await, client(&world, 3).await);
        let join = late.member.join(JoinRequest {
            announce: Some(announce("joined", &key, &"x".repeat(LARGE))),
            ..JoinRequest::plain(key.clone())
        });
        world.ask(join, |answer| assert!(answer.is_ok()));
        pass(Duration::from_millis(5)).await;
        world.ask(slow.member.leave(key.clone(), LeaveScope::All, None), drop);
        let crashing = Poison::Append.mark();
        assert!(refused.join_as(&key, crashing).await.is_err());
        pass(Duration::from_secs(20)).await;
        world.settle().await;
        assert_eq!(world.count(|metrics| &metrics.rooms), 1);
        assert_eq!(late.say(&key, "here").await.unwrap().recipients, 1);
        for one in [&slow, &speaker, &late, &refused] {
            one.heard();
        }
        world.at_rest().await;
    });
}

#[test]
fn what_waited_for_the_readers_waits_for_a_late_log_one_by_one() {
    let setup = Setup {
        log: Some(maker(Habits::default(), || {
            |_: &_| Fate::After(Duration::from_millis(3))
        })),
        ..setup()
    };
    World::run(setup, |world| async move {
        let key = RoomKey::room("r");
        let members = room(&world, &key).await;
        says_much(&world, &members[1], &key).await;
        // Many small ones go at once when they go.
        for number in 0..9 {
            says(&world, &members[1], &key, &format!("S{number}"));
        }
        pass(Duration::from_secs(20)).await;
        world.settle().await;
        let all = heard(&members[0]);
        assert_eq!(all.len(), LETTERS + 9);
        let small: Vec<_> = (0..9)
            .map(|number| place(&all, &format!("S{number}")))
            .collect();
        assert!(small.is_sorted(), "{all:?}");
        for member in &members {
            member.heard();
        }
        assert_eq!(world.at_rest().await.offsets[&key], (LETTERS + 9) as u64);
    });
}

/// A kick said as of which join it was: the last one before any that waited for the readers, whoever's that was. Who had
/// joined later kept its seat in its own book.
#[test]
fn who_is_kicked_while_anothers_join_waits_for_the_readers_knows_it() {
    World::run(setup(), |world| async move {
        let key = RoomKey::room("r");
        let (slow, speaker) = behind(&world, &key).await;
        let (late, kicked) = (client(&world, 2).await, client(&world, 3).await);
        let join = late.member.join(JoinRequest {
            announce: Some(announce("joined", &key, &"x".repeat(LARGE))),
            ..JoinRequest::plain(key.clone())
        });
        let has_joined = Rc::new(Cell::new(false));
        let joined = has_joined.clone();
        world.ask(join, move |answer| joined.set(answer.is_ok()));
        pass(Duration::from_millis(5)).await;
        kicked.join(&key).await.unwrap();
        let kick = Command {
            tag: None,
            action: Action::Kick(vec![kicked.member.id().clone()]),
        };
        let kick = slow.member.manage(key.clone(), kick, None);
        kick.await.unwrap();
        assert!(!has_joined.get(), "it waits");
        pass(Duration::from_millis(5)).await;
        assert!(kicked.member.tags(&key).is_none());
        pass(Duration::from_secs(60)).await;
        world.settle().await;
        assert!(has_joined.get());
        for one in [&slow, &speaker, &late, &kicked] {
            one.probe.take();
        }
    });
}

/// Each name had a budget of its own.
#[test]
fn under_ever_new_names_no_more_passes_what_waits_for_the_readers() {
    World::run(setup(), |world| async move {
        let key = RoomKey::room("r");
        let (_slow, speaker) = behind(&world, &key).await;
        let before = world.count(|metrics| &metrics.letters);
        for number in 0..40 {
            let other = client(&world, 0).await;
            let request = NotifyRequest {
                room: key.clone(),
                tag: Some(format!("name {number}").into()),
                echo: false,
                seat_needed: false,
            };
            let said = other
                .member
                .notify(request, content("say", &"x".repeat(7000)));
            world.ask(said, drop);
        }
        pass(Duration::from_millis(100)).await;
        let passed = world.count(|metrics| &metrics.letters) - before;
        assert!((1..20).contains(&passed), "{passed} of 40");
        drop(speaker);
        world.forgive();
    });
}
