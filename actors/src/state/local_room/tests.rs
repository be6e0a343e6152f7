//! What follows from each command: who mirrors, who is told what, who has to wait for it, what the namespace hears.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::{
    cell::RefCell,
    time::{Duration, UNIX_EPOCH},
};

use bytes::Bytes;

use super::*;
use crate::{
    event::{Joined, RoomEvent},
    event_template::Hole,
    id::RoomKey,
    state::{
        audience::{LeaveScope, SeatTags},
        room::{Allowance, Change, RoomOptions},
    },
};

const INTERVAL: Duration = Duration::from_millis(250);

/// A room and what is local to it, on a clock of its own.
struct World {
    room: RoomState,
    local: LocalRoom,
    now: Moment,
    few: usize,
    /// Whether presence is rendered, and for which addresses it was.
    renders: bool,
    rendered: RefCell<Vec<ChannelScope>>,
}

impl World {
    fn new(key: RoomKey) -> Self {
        Self {
            room: RoomState::new(key, Allowance::new(10, 1000)),
            local: LocalRoom::new(PresenceRates {
                interval: INTERVAL,
                deliveries_per_second: 10_000,
                bytes_per_second: 1_000_000,
            }),
            now: Moment::ZERO,
            few: 100,
            renders: true,
            rendered: RefCell::default(),
        }
    }

    /// With the three members whose effects nobody looks at: `a` and `b` at worker 1, `c` at worker 2.
    fn with_three(key: RoomKey) -> Self {
        let mut world = Self::new(key);
        for (name, worker) in [("a", 1), ("b", 1), ("c", 2)] {
            world.join(name, worker, &None);
        }
        world.now += INTERVAL * 10;
        world
    }

    fn follow(
        &mut self,
        follow: impl FnOnce(&RoomState, &mut LocalRoom, &Surroundings<'_>) -> Vec<Effect>,
    ) -> Vec<Effect> {
        let (renders, rendered) = (self.renders, &self.rendered);
        let render = |_: &RoomState, tag: &ChannelScope| {
            rendered.borrow_mut().push(tag.clone());
            renders.then(|| content("online", ""))
        };
        let around = Surroundings {
            now: self.now,
            time: UNIX_EPOCH,
            join_events_up_to: self.few,
            render: &render,
        };
        follow(&self.room, &mut self.local, &around)
    }

    fn join(&mut self, name: &str, worker: u32, tag: &ChannelScope) -> Vec<Effect> {
        let joined = Joined {
            member: id(name),
            tag: tag.clone(),
            account: None,
            user: None,
            leave_event: Some(template("bye")),
        };
        let events = self.room.decide_join(&joined, RoomOptions::default());
        let [event] = &events.unwrap()[..] else {
            panic!("{name} is in")
        };
        let Change::Joined(tags) = self.room.apply(event) else {
            panic!("{event:?}")
        };
        let place = place(name, worker);
        self.follow(|room, local, around| {
            let announce = template("hello");
            let member = (&joined.member, place);
            local.joined(room, member, (tag, tags), Some(&announce), around)
        })
    }

    fn happen(&mut self, event: &RoomEvent, announcement: &Announcement) -> Vec<Effect> {
        let (RoomEvent::Left(left), Change::Left(departure)) = (event, self.room.apply(event))
        else {
            panic!("{event:?}")
        };
        self.follow(|room, local, around| local.left(room, left, &departure, announcement, around))
    }

    fn leave(&mut self, name: &str, which: &LeaveScope, with: Announcement) -> Vec<Effect> {
        let event = self.room.decide_leave(&id(name), which, LeaveReason::Leave);
        self.happen(&event.unwrap(), &with)
    }
}

fn left(name: &str, join: Option<u64>, reason: LeaveReason) -> Effect {
    Effect::Left {
        member: id(name),
        join,
        reason,
    }
}

fn id(name: &str) -> MemberId {
    MemberId::new(name)
}

fn tag(name: &str) -> ChannelScope {
    Some(name.into())
}

/// The number of each join.
const JOIN: u64 = 7;

fn place(name: &str, worker: u32) -> Place {
    Place {
        worker: WorkerId(worker),
        local_id: LocalId(u64::from(name.as_bytes()[0])),
        join: JOIN,
    }
}

fn content(name: &str, args: &str) -> Content {
    Content {
        name: name.into(),
        args: Bytes::copy_from_slice(args.as_bytes()),
        blobs: Vec::new(),
    }
}

/// An event whose only argument is the count.
fn template(name: &str) -> EventTemplate {
    EventTemplate::new(name.into(), Bytes::new(), vec![(0..0, Hole::Count)], vec![])
}

fn mirrors(name: &str, worker: u32, tags: Scopes) -> Effect {
    let place = place(name, worker);
    let seat = tags.into();
    Effect::MirrorJoin { place, seat }
}

fn all(tag: &ChannelScope, except: Option<&str>, name: &str, args: &str) -> Effect {
    let except = except.map(|name| place(name, 0).local_id);
    let tag = tag.clone();
    Effect::Tell {
        to: Recipients::Matching {
            tag,
            except,
            of_presence: ["hello", "bye", "own", "online"].contains(&name),
        },
        content: content(name, args),
    }
}

fn one(to: Place, name: &str, args: &str) -> Effect {
    Effect::Tell {
        to: Recipients::One(to),
        content: content(name, args),
    }
}

#[test]
fn a_join_is_mirrored_then_told_to_all_with_presence_then_to_the_namespace() {
    let mut world = World::new(RoomKey::room("r"));
    let effects = world.join("a", 1, &tag("c"));
    let told = [
        mirrors("a", 1, Scopes::one(tag("c"))),
        all(&tag("c"), None, "hello", "1"),
        all(&tag("c"), None, "online", ""),
        Effect::Joined(id("a"), PresenceScope::Everyone),
    ];
    assert_eq!(effects, told);
    assert_eq!(Vec::from_iter(world.local.workers()), [(WorkerId(1), 1)]);
}

#[test]
fn a_tag_more_is_no_second_member_for_the_namespace_nor_for_the_worker() {
    let mut world = World::new(RoomKey::channel("r"));
    world.join("a", 1, &tag("c"));
    let effects = world.join("a", 1, &tag("d"));
    let tags = Scopes::one(tag("c")).with(&tag("d"));
    let told = [mirrors("a", 1, tags), all(&tag("d"), None, "hello", "1")];
    assert_eq!(effects, told);
    assert_eq!(Vec::from_iter(world.local.workers()), [(WorkerId(1), 1)]);
}

#[test]
fn a_large_room_tells_a_join_to_the_newcomer_alone_and_a_leave_to_nobody() {
    let mut world = World::with_three(RoomKey::plain("r"));
    world.few = 3;
    let effects = world.join("d", 2, &None);
    let told = [
        mirrors("d", 2, Scopes::one(None)),
        one(place("d", 2), "hello", "4"),
        Effect::Joined(id("d"), PresenceScope::Everyone),
    ];
    assert_eq!(effects, told);
    world.few = 2;
    let effects = world.leave("d", &LeaveScope::All, Announcement::LeaveEvent);
    let gone = Effect::MirrorLeave {
        place: place("d", 2),
        kicked: None,
    };
    assert_eq!(effects, [gone, left("d", Some(JOIN), LeaveReason::Leave)]);
}

#[test]
fn presence_that_may_not_be_told_yet_goes_to_the_newcomer_at_once_and_to_all_when_it_is_due() {
    let mut world = World::with_three(RoomKey::room("r"));
    world.join("d", 2, &None);
    world.now += INTERVAL / 2;
    let effects = world.join("e", 2, &None);
    assert_eq!(effects[2], one(place("e", 2), "online", ""));
    let due = world.local.wake(world.now).unwrap();
    let none = world.follow(|room, local, around| local.presence_due(room, around));
    assert_eq!(none, [], "before its time");
    world.now = due;
    let effects = world.follow(|room, local, around| local.presence_due(room, around));
    assert_eq!(effects, [all(&None, None, "online", "")]);
    assert_eq!(world.local.wake(world.now), None);
}

#[test]
fn presence_that_cannot_be_rendered_costs_itself_and_the_next_change_tells_it() {
    let mut world = World::new(RoomKey::room("r"));
    world.renders = false;
    let effects = world.join("a", 1, &None);
    assert_eq!(effects.len(), 3, "{effects:?}");
    world.renders = true;
    let effects = world.join("b", 1, &None);
    assert_eq!(effects[2], all(&None, None, "online", ""));
}

#[test]
fn channels_and_plain_rooms_tell_no_presence_of_their_own() {
    for key in [RoomKey::channel("r"), RoomKey::plain("r")] {
        let mut world = World::new(key);
        world.join("a", 1, &None);
        assert_eq!(world.rendered.take(), []);
    }
}

#[test]
fn a_leave_is_told_under_each_tag_that_is_gone_and_somebody_has_with_what_the_member_came_with() {
    let mut world = World::new(RoomKey::room("r"));
    let tags = [tag("c"), tag("d"), tag("e")];
    for tag in &tags {
        world.join("a", 1, tag);
    }
    world.join("b", 2, &tag("c"));
    world.now += INTERVAL * 10;
    let effects = world.leave(
        "a",
        &LeaveScope::Exactly(tag("c")),
        Announcement::LeaveEvent,
    );
    let told = [
        mirrors("a", 1, Scopes::one(tag("d")).with(&tag("e"))),
        all(&tag("c"), Some("a"), "bye", "1"),
        all(&tag("c"), None, "online", ""),
    ];
    assert_eq!(effects, told, "it stays under the others");
    let effects = world.leave("a", &LeaveScope::All, Announcement::With(template("own")));
    let gone = Effect::MirrorLeave {
        place: place("a", 1),
        kicked: None,
    };
    assert_eq!(
        effects,
        [gone, left("a", Some(JOIN), LeaveReason::Leave)],
        "nobody has d or e"
    );
    assert_eq!(Vec::from_iter(world.local.workers()), [(WorkerId(2), 1)]);
}

#[test]
fn a_leave_says_what_its_member_says() {
    let mut world = World::with_three(RoomKey::channel("r"));
    let own = Announcement::With(template("own"));
    let effects = world.leave("c", &LeaveScope::All, own);
    assert_eq!(effects[1], all(&None, Some("c"), "own", "2"));
}

#[test]
fn an_owners_command_is_told_before_the_kicked_are_gone_and_to_them_too() {
    let mut world = World::with_three(RoomKey::channel("r"));
    let events = world.room.decide_kick(&id("a"), &None, &[id("c")]);
    let places = [place("c", 2)];
    let mut departures = Vec::new();
    for event in events.unwrap() {
        departures.extend(world.happen(&event, &Announcement::LeaveEvent));
    }
    let kicked = vec![
        Effect::MirrorLeave {
            place: place("c", 2),
            kicked: Some(Scopes::one(None)),
        },
        all(&None, Some("c"), "bye", "2"),
        left("c", Some(JOIN), LeaveReason::Kick),
    ];
    assert_eq!(departures, kicked);
    let told = content("kicked", "");
    let effects = world
        .local
        .managed(&None, Some(told), &places, departures.clone());
    // No member of worker 2 is left: a letter to all does not go there.
    let before = [
        one(place("c", 2), "kicked", ""),
        all(&None, None, "kicked", ""),
    ];
    assert_eq!(effects, Vec::from_iter(before.into_iter().chain(kicked)));
    let silent = world
        .local
        .managed(&None, None, &places, departures.clone());
    assert_eq!(silent, departures);
    let locked = content("locked", "");
    let effects = world.local.managed(&None, Some(locked), &[], Vec::new());
    assert_eq!(effects, [all(&None, None, "locked", "")]);
}

#[test]
fn of_one_who_was_never_served_here_nobody_is_told() {
    let mut world = World::with_three(RoomKey::room("r"));
    let joined = Joined {
        member: id("far"),
        tag: None,
        account: None,
        user: None,
        leave_event: Some(template("bye")),
    };
    world.room.apply(&RoomEvent::Joined(joined));
    let effects = world.leave("far", &LeaveScope::All, Announcement::LeaveEvent);
    assert_eq!(effects, [left("far", None, LeaveReason::Leave)]);
}

/// Fails if a member that is told of nobody is told of others, is not told that it is in itself, keeps others from being told, or
/// is not told under the tags of which it may be.
#[test]
fn who_is_told_of_nobody_is_told_of_itself() {
    let mut world = World::with_three(RoomKey::room("r"));
    assert!(world.local.tell(&id("d"), &tag("c"), PresenceScope::Nobody));
    let effects = world.join("d", 2, &tag("c"));
    let tags = Scopes::one(tag("c"));
    let untold = SeatTags {
        tags: tags.clone(),
        told: Scopes::default(),
        told_everyone: false,
    };
    assert!(untold.hears(&tag("c"), false) && !untold.hears(&tag("c"), true));
    let place = place("d", 2);
    let told = [
        Effect::MirrorJoin {
            place,
            seat: untold,
        },
        one(place, "hello", "1"),
        all(&tag("c"), None, "hello", "4"),
        all(&tag("c"), None, "online", ""),
        Effect::Joined(id("d"), PresenceScope::Nobody),
    ];
    assert_eq!(effects, told);
    // The others wait for their turn; it waits for nothing.
    world.join("e", 2, &tag("c"));
    world.local.tell(&id("f"), &tag("c"), PresenceScope::Nobody);
    let effects = world.join("f", 2, &tag("c"));
    assert_eq!(effects.len(), 4, "{effects:?}");
    world.local.tell(&id("d"), &tag("b"), PresenceScope::Room);
    let effects = world.join("d", 2, &tag("b"));
    let Effect::MirrorJoin { seat, .. } = &effects[0] else {
        panic!("{effects:?}")
    };
    assert_eq!(seat.told, Scopes::one(tag("b")));
    assert!(!seat.told_everyone && seat.tags.len() == 2);
    // Once it has left, nothing of it is known.
    world.leave("d", &LeaveScope::All, Announcement::LeaveEvent);
    let effects = world.join("d", 2, &tag("c"));
    assert_eq!(effects[0], mirrors("d", 2, tags));
}
