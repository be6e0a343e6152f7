//! The room as a value: who gets in, who owns it, who leaves what, and that a rollback is exact.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod policies;

use super::*;
use crate::{
    error::ManageError,
    id::{LocalId, WorkerId},
};

const INVITATIONS_MAX: usize = 4;
const OWNED_MAX: usize = 400;

fn room() -> RoomState {
    room_with(&Allowance::new(INVITATIONS_MAX, OWNED_MAX))
}

fn room_with(allowance: &Allowance) -> RoomState {
    RoomState::new(RoomKey::room("r"), allowance.clone())
}

fn id(name: &str) -> MemberId {
    MemberId::new(name)
}

fn tag(name: &str) -> ChannelScope {
    Some(name.into())
}

fn joiner(name: &str) -> Joiner {
    Joiner {
        member: id(name),
        worker: WorkerId(1),
        local_id: LocalId(1),
        account: Some(format!("account of {name}").into()),
        user: Some(name.into()),
        farewell: None,
    }
}

fn join(room: &mut RoomState, name: &str, tag: &ChannelScope) -> Result<usize, JoinError> {
    join_with(room, name, tag, RoomOptions::default())
}

fn join_with(
    room: &mut RoomState,
    name: &str,
    tag: &ChannelScope,
    options: RoomOptions,
) -> Result<usize, JoinError> {
    let joined = room
        .join(joiner(name), tag.clone(), options)
        .map(|joined| joined.count);
    room.commit();
    joined
}

fn capacity(capacity: usize) -> RoomOptions {
    RoomOptions {
        capacity: Some(capacity),
        ..RoomOptions::default()
    }
}

fn by_invitation(names: &[&str]) -> RoomOptions {
    RoomOptions {
        access: Some(Access::Invite),
        invite: names.iter().map(|&name| name.into()).collect(),
        ..RoomOptions::default()
    }
}

#[test]
fn the_capacity_of_the_maker_counts_the_seats_that_match_the_joiners_address() {
    let mut room = room();
    assert_eq!(join_with(&mut room, "a", &tag("c"), capacity(2)), Ok(1));
    assert_eq!(join_with(&mut room, "b", &tag("c"), capacity(9)), Ok(2));
    assert_eq!(
        join(&mut room, "x", &tag("c")),
        Err(JoinError::Full { capacity: 2 })
    );
    assert_eq!(
        join(&mut room, "x", &tag("d")),
        Ok(1),
        "other seats do not match it"
    );
    assert_eq!(
        join(&mut room, "y", &None),
        Err(JoinError::Full { capacity: 2 })
    );
}

#[test]
fn a_capacity_of_nothing_lets_nobody_in() {
    let mut room = room();
    assert_eq!(
        join_with(&mut room, "a", &None, capacity(0)),
        Err(JoinError::Full { capacity: 0 })
    );
    assert!(room.roster().is_empty());
    assert_eq!(
        join(&mut room, "b", &None),
        Ok(1),
        "the next one makes the room"
    );
}

#[test]
fn a_room_knows_its_bytes() {
    let mut room = room();
    assert_eq!(room.bytes(), RoomBytes::default());
    let mut seated = Vec::new();
    for (name, tag) in [("a", None), ("b", None), ("b", tag("c"))] {
        join(&mut room, name, &tag).unwrap();
        seated.push(room.bytes().memberships);
    }
    assert!(seated.is_sorted() && seated[0] > 1000, "{seated:?}");
    let mut named = joiner("c");
    named.user = Some("x".repeat(200).into());
    room.join(named, None, RoomOptions::default()).unwrap();
    assert!(room.bytes().memberships > seated[2] + 200);
    for name in ["a", "b", "c"] {
        room.leave(&id(name), &LeaveScope::All);
    }
    assert_eq!(room.bytes(), RoomBytes::default());
}

#[test]
fn a_second_join_under_the_same_tag_changes_nothing_and_takes_no_place() {
    let mut room = room();
    join_with(&mut room, "a", &None, capacity(1)).unwrap();
    let again = room
        .join(joiner("a"), None, RoomOptions::default())
        .unwrap();
    assert!(again.already);
    assert_eq!((again.count, again.terms.capacity), (1, Some(1)));
    assert!(!again.terms.created);
    assert_eq!(room.roster().len(), 1);
}

#[test]
fn another_tag_takes_no_further_place_where_the_seat_matches_already() {
    let mut room = room();
    join_with(&mut room, "a", &None, capacity(1)).unwrap();
    assert_eq!(join(&mut room, "a", &tag("c")), Ok(1));
    assert_eq!(room.roster().get(&id("a")).unwrap().tags.iter().count(), 2);
}

#[test]
fn the_terms_end_when_the_room_is_empty() {
    let mut room = room();
    join_with(&mut room, "a", &None, capacity(1)).unwrap();
    room.leave(&id("a"), &LeaveScope::All);
    assert_eq!(join(&mut room, "b", &None), Ok(1));
    assert_eq!(join(&mut room, "c", &None), Ok(2));
}

#[test]
fn the_longest_seated_member_follows_an_owner_who_leaves() {
    let mut room = room();
    // The order of names is not the order of joining.
    for name in ["z", "y", "a"] {
        join(&mut room, name, &None).unwrap();
    }
    assert_eq!(
        room.lock(&id("y"), &None, true),
        Err(ManageError::Forbidden)
    );
    room.leave(&id("z"), &LeaveScope::All);
    assert_eq!(
        room.lock(&id("a"), &None, true),
        Err(ManageError::Forbidden)
    );
    assert_eq!(room.lock(&id("y"), &None, true), Ok(()));
}

#[test]
fn a_locked_room_takes_nobody_new_until_its_owner_opens_it() {
    let mut room = room();
    join(&mut room, "a", &None).unwrap();
    room.lock(&id("a"), &None, true).unwrap();
    assert_eq!(join(&mut room, "b", &None), Err(JoinError::Forbidden));
    assert_eq!(
        join(&mut room, "a", &tag("c")),
        Ok(1),
        "who is in may take a tag more"
    );
    assert_eq!(
        room.check_notify(&id("b"), &None, true, false),
        Err(NotifyError::Forbidden)
    );
    room.lock(&id("a"), &None, false).unwrap();
    assert_eq!(join(&mut room, "b", &None), Ok(2));
}

#[test]
fn a_room_by_invitation_knows_members_and_accounts_until_they_are_sent_out() {
    let mut room = room();
    join_with(&mut room, "a", &None, by_invitation(&["b", "account of c"])).unwrap();
    assert_eq!(join(&mut room, "b", &None), Ok(2));
    assert_eq!(join(&mut room, "c", &None), Ok(3));
    assert_eq!(join(&mut room, "d", &None), Err(JoinError::NotInvited));
    assert_eq!(
        room.check_notify(&id("d"), &None, true, false),
        Err(NotifyError::Forbidden)
    );
    assert_eq!(
        room.invite(&id("b"), &None, &["d".into()]),
        Err(ManageError::Forbidden)
    );
    assert_eq!(room.invite(&id("a"), &None, &["d".into()]), Ok(()));
    assert_eq!(join(&mut room, "d", &None), Ok(4));
    room.kick(&id("a"), &None, &[id("c")]).unwrap();
    room.leave(&id("c"), &LeaveScope::All);
    assert_eq!(join(&mut room, "c", &None), Err(JoinError::NotInvited));
}

#[test]
fn a_leave_gives_up_the_tags_it_names_and_counts_who_is_left_under_each() {
    let mut room = room();
    for channel in [None, tag("c"), tag("d")] {
        join(&mut room, "a", &channel).unwrap();
    }
    join(&mut room, "b", &tag("d")).unwrap();
    let left = room
        .leave(&id("a"), &LeaveScope::Matching("c".into()))
        .unwrap();
    assert_eq!(left.gone, [(None, 2), (tag("c"), 0)]);
    assert_eq!(left.kept, Scopes::one(tag("d")));
    assert!(room.leave(&id("a"), &LeaveScope::Exactly(None)).is_none());
    let left = room.leave(&id("a"), &LeaveScope::All).unwrap();
    assert_eq!(left.gone, [(tag("d"), 1)]);
    assert!(left.kept.is_empty());
    assert!(room.leave(&id("nobody"), &LeaveScope::All).is_none());
}

#[test]
fn the_recipients_of_a_letter_are_counted_without_a_sender_who_does_not_hear_itself() {
    let mut room = room();
    join(&mut room, "a", &tag("c")).unwrap();
    join(&mut room, "b", &tag("d")).unwrap();
    join(&mut room, "n", &None).unwrap();
    assert_eq!(room.check_notify(&id("a"), &tag("c"), true, true), Ok(2));
    assert_eq!(room.check_notify(&id("a"), &tag("c"), false, true), Ok(1));
    assert_eq!(
        room.check_notify(&id("a"), &tag("d"), false, false),
        Ok(2),
        "it would not hear that anyway"
    );
    assert_eq!(
        room.check_notify(&id("a"), &tag("d"), false, true),
        Err(NotifyError::NotMember),
        "its seat is under another channel"
    );
    assert_eq!(room.check_notify(&id("x"), &None, false, false), Ok(3));
    assert_eq!(
        room.check_notify(&id("x"), &None, false, true),
        Err(NotifyError::NotMember)
    );
}

#[derive(Debug, PartialEq)]
struct Picture {
    seats: Vec<String>,
    matching: Vec<usize>,
    policies: Vec<(ChannelScope, Policy)>,
    bytes: RoomBytes,
    position: LogPosition,
    next: u64,
}

fn picture(room: &RoomState) -> Picture {
    let seat = |(member, seat): (&MemberId, &Seat)| {
        format!(
            "{member} {:?} {:?} {} {:?}",
            seat.worker, seat.tags, seat.since, seat.user
        )
    };
    Picture {
        seats: room.roster().iter().map(seat).collect(),
        matching: [None, tag("c"), tag("d")]
            .iter()
            .map(|tag| room.roster().matching(tag))
            .collect(),
        policies: room
            .policies()
            .map(|(tag, policy)| (tag.clone(), policy.clone()))
            .collect(),
        bytes: room.bytes(),
        position: room.position(),
        next: *room.seated.get(),
    }
}

/// What must hold of any room.
fn check(room: &RoomState, round: usize) {
    for (tag, policy) in room.policies() {
        let owner = room.roster().get(&policy.owner).unwrap();
        assert!(
            owner.tags.has(tag),
            "round {round}: {tag:?} has an owner who is gone"
        );
        if let Some(capacity) = policy.capacity {
            assert!(
                room.roster().matching(tag) <= capacity,
                "round {round}: {tag:?}"
            );
        }
    }
    for (_, seat) in room.roster().iter() {
        assert!(
            seat.tags.iter().all(|tag| room.policy(tag).is_some()),
            "round {round}"
        );
    }
    let owners: BTreeSet<_> = room.policies().map(|(_, policy)| &policy.owner).collect();
    let owned = owners.iter().map(|owner| room.allowance.owned(owner));
    assert_eq!(
        owned.sum::<usize>(),
        room.bytes().invitations,
        "round {round}"
    );
}

#[test]
fn a_rollback_after_any_message_is_the_state_before_it() {
    let mut seed = 11_u32;
    let mut random = |limit: u32| {
        seed = seed.wrapping_mul(1_103_515_245).wrapping_add(12_345);
        (seed >> 16) % limit
    };
    let mut room = room();
    let tags = [None, tag("c"), tag("d")];
    for round in 0..3000 {
        let before = picture(&room);
        let name = format!("m{}", random(5));
        let who = id(&name);
        let tag = tags[random(3) as usize].clone();
        match random(7) {
            0..3 => {
                let options = match random(4) {
                    0 => capacity(random(4) as usize),
                    1 => by_invitation(&["m0", "m1", "m2"]),
                    _ => RoomOptions::default(),
                };
                drop(room.join(joiner(&name), tag, options));
            }
            3 => drop(room.leave(&who, &LeaveScope::Exactly(tag))),
            4 => drop(room.leave(&who, &LeaveScope::All)),
            5 => drop(room.lock(&who, &tag, random(4) == 0)),
            _ => {
                let _ = room.invite(&who, &tag, &[name.into()]);
                let LogPosition { offset } = room.position();
                room.set_position(LogPosition { offset: offset + 1 });
            }
        }
        if random(2) == 0 {
            room.rollback();
            assert_eq!(picture(&room), before, "round {round}");
        } else {
            room.commit();
        }
        check(&room, round);
    }
    assert!(room.position().offset > 100, "the run did change something");
}
