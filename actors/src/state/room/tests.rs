//! The room as a value: who gets in, who owns it, who leaves what, and that a rollback is exact.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use crate::id::{Slot, WorkerId};

const INVITATIONS_MAX: usize = 4;
const OWNED_MAX: usize = 400;

fn room() -> RoomState {
    room_with(&Allowance::new(INVITATIONS_MAX, OWNED_MAX))
}

fn room_with(allowance: &Allowance) -> RoomState {
    RoomState::new(RoomKey::room("r"), 1, allowance.clone())
}

fn id(name: &str) -> MemberId {
    MemberId::new(name)
}

fn tag(name: &str) -> Tag {
    Some(name.into())
}

fn joiner(name: &str) -> Joiner {
    Joiner {
        member: id(name),
        worker: WorkerId(1),
        slot: Slot(1),
        account: Some(format!("account of {name}").into()),
        user: Some(name.into()),
        farewell: None,
    }
}

fn join(room: &mut RoomState, name: &str, tag: &Tag) -> Result<usize, JoinError> {
    join_with(room, name, tag, Wish::default())
}

fn join_with(room: &mut RoomState, name: &str, tag: &Tag, wish: Wish) -> Result<usize, JoinError> {
    let joined = room
        .join(joiner(name), tag.clone(), wish)
        .map(|joined| joined.count);
    room.commit();
    joined
}

fn capacity(capacity: usize) -> Wish {
    Wish {
        capacity: Some(capacity),
        ..Wish::default()
    }
}

fn by_invitation(names: &[&str]) -> Wish {
    Wish {
        access: Some(Access::Invite),
        invite: names.iter().map(|&name| name.into()).collect(),
        ..Wish::default()
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
fn a_second_join_under_the_same_tag_changes_nothing_and_takes_no_place() {
    let mut room = room();
    join_with(&mut room, "a", &None, capacity(1)).unwrap();
    let again = room.join(joiner("a"), None, Wish::default()).unwrap();
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
    room.leave(&id("a"), &Which::All);
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
    room.leave(&id("z"), &Which::All);
    assert_eq!(
        room.lock(&id("a"), &None, true),
        Err(ManageError::Forbidden)
    );
    assert_eq!(room.lock(&id("y"), &None, true), Ok(()));
}

#[test]
fn each_address_has_a_policy_of_its_own() {
    let mut room = room();
    let (sales, ops) = (tag("sales"), tag("ops"));
    assert_eq!(join_with(&mut room, "maker", &sales, capacity(3)), Ok(1));
    assert_eq!(join_with(&mut room, "other", &ops, capacity(1)), Ok(1));
    assert_eq!(
        room.lock(&id("other"), &sales, true),
        Err(ManageError::Forbidden)
    );
    assert_eq!(
        room.kick(&id("other"), &sales, &[id("maker")]),
        Err(ManageError::Forbidden)
    );
    assert_eq!(room.lock(&id("other"), &ops, true), Ok(()));
    assert_eq!(
        join(&mut room, "b", &sales),
        Ok(2),
        "no lock of ops' holds in sales"
    );
    assert_eq!(join(&mut room, "c", &ops), Err(JoinError::Forbidden));
    assert_eq!(
        join(&mut room, "c", &None),
        Err(JoinError::Forbidden),
        "without a channel it would be in ops"
    );
    assert_eq!(room.policy(&sales).unwrap().owner, id("maker"));
    room.leave(&id("other"), &Which::All);
    assert_eq!(room.policy(&ops), None);
    assert_eq!(
        join(&mut room, "c", &ops),
        Ok(1),
        "the lock went with its address"
    );
}

#[test]
fn a_kick_reaches_the_seats_under_the_owners_address_alone() {
    let mut room = room();
    let (c, d) = (tag("c"), tag("d"));
    join(&mut room, "a", &c).unwrap();
    for channel in [&c, &d] {
        join(&mut room, "both", channel).unwrap();
    }
    join(&mut room, "none", &None).unwrap();
    let ids = ["both", "none", "nobody"].map(id);
    let kicked = room.kick(&id("a"), &c, &ids).unwrap();
    assert_eq!(kicked.seated, [id("both")]);
    let left = room.leave(&id("both"), &Which::Exactly(c)).unwrap();
    assert_eq!(left.kept, Tags::one(d));
}

#[test]
fn who_asks_for_privacy_is_refused_where_it_would_not_have_it() {
    let mut room = room();
    let private = || by_invitation(&["guest"]);
    join(&mut room, "a", &tag("c")).unwrap();
    let exists = Err(JoinError::RoomExists);
    assert_eq!(join_with(&mut room, "b", &tag("c"), private()), exists);
    assert_eq!(join_with(&mut room, "b", &None, private()), exists);
    assert_eq!(
        join_with(&mut room, "a", &tag("c"), private()),
        exists,
        "its own, too"
    );
    assert_eq!(join_with(&mut room, "b", &tag("d"), private()), Ok(1));
    room.leave(&id("a"), &Which::All);
    assert_eq!(join_with(&mut room, "guest", &None, private()), Ok(2));
    assert_eq!(
        join_with(&mut room, "guest", &tag("e"), Wish::default()),
        Ok(1),
        "who is in may take an address more"
    );
    assert_eq!(
        join_with(&mut room, "guest", &tag("f"), private()),
        Ok(1),
        "no open address matches this one"
    );
}

#[test]
fn a_private_room_without_a_channel_closes_its_id_in_all_channels_and_says_so() {
    let mut room = room();
    let made = room.join(joiner("a"), None, by_invitation(&["b"])).unwrap();
    room.commit();
    let terms = Terms {
        created: true,
        access: Access::Invite,
        in_all_channels: true,
        capacity: None,
        owner: Some(id("a")),
    };
    assert_eq!(made.terms, terms);
    assert_eq!(join(&mut room, "x", &tag("c")), Err(JoinError::NotInvited));
    let joined = room.join(joiner("b"), tag("c"), capacity(9)).unwrap();
    let terms = Terms {
        capacity: Some(9),
        owner: Some(id("b")),
        ..terms
    };
    assert_eq!(joined.terms, terms);
    for address in [None, tag("c"), tag("d")] {
        assert_eq!(
            room.may_notify(Some(&id("x")), &address, true, false),
            Err(NotifyError::Forbidden),
            "{address:?}"
        );
        assert!(
            room.may_notify(Some(&id("b")), &address, true, false)
                .is_ok()
        );
    }
}

#[test]
fn who_speaks_without_a_channel_needs_a_seat_in_every_private_address() {
    let mut room = room();
    join_with(&mut room, "a", &tag("c"), by_invitation(&["both"])).unwrap();
    join(&mut room, "b", &tag("d")).unwrap();
    let says = |room: &RoomState, who: &str, address: &Tag| {
        room.may_notify(Some(&id(who)), address, true, false)
    };
    assert_eq!(says(&room, "b", &tag("d")), Ok(1));
    assert_eq!(says(&room, "x", &tag("d")), Ok(1));
    assert_eq!(says(&room, "b", &None), Err(NotifyError::Forbidden));
    assert_eq!(says(&room, "x", &None), Err(NotifyError::Forbidden));
    assert_eq!(says(&room, "a", &None), Ok(2));
    join(&mut room, "both", &tag("d")).unwrap();
    join(&mut room, "both", &tag("c")).unwrap();
    assert_eq!(says(&room, "both", &None), Ok(3));
}

#[test]
fn an_address_is_inherited_in_the_order_of_joining_it() {
    let mut room = room();
    let c = tag("c");
    join(&mut room, "early", &tag("d")).unwrap();
    for name in ["a", "b", "early"] {
        join(&mut room, name, &c).unwrap();
    }
    room.leave(&id("a"), &Which::Exactly(c.clone()));
    assert_eq!(room.policy(&c).unwrap().owner, id("b"));
    assert_eq!(room.policy(&tag("d")).unwrap().owner, id("early"));
    room.leave(&id("b"), &Which::All);
    assert_eq!(room.policy(&c).unwrap().owner, id("early"));
}

#[test]
fn a_capacity_counts_all_that_match_its_address_from_either_side() {
    let mut room = room();
    let full = |capacity| Err(JoinError::Full { capacity });
    join_with(&mut room, "a", &tag("c"), capacity(3)).unwrap();
    join_with(&mut room, "b", &tag("d"), capacity(2)).unwrap();
    assert_eq!(join(&mut room, "n", &None), Ok(3));
    assert_eq!(join(&mut room, "m", &None), full(2), "d holds b and n");
    assert_eq!(join(&mut room, "m", &tag("d")), full(2));
    assert_eq!(join(&mut room, "b", &None), Ok(3), "it is in d already");
    assert_eq!(join(&mut room, "m", &tag("c")), full(3), "a, n and b");
    room.leave(&id("b"), &Which::All);
    assert_eq!(join(&mut room, "m", &tag("c")), Ok(3));
    assert_eq!(
        join_with(&mut room, "k", &tag("e"), capacity(1)),
        full(1),
        "n is there"
    );
}

#[test]
fn a_kick_of_nobody_changes_nothing_and_copies_nothing() {
    let mut room = room();
    join_with(&mut room, "a", &None, by_invitation(&["b"])).unwrap();
    let before = room.policy(&None).unwrap().invited.as_ptr();
    let ids: Vec<MemberId> = (0..256).map(|number| id(&format!("x{number}"))).collect();
    assert_eq!(room.kick(&id("a"), &None, &ids), Ok(Kicked::default()));
    assert_eq!(room.policy(&None).unwrap().invited.as_ptr(), before);
    let kicked = room.kick(&id("a"), &None, &[id("b")]).unwrap();
    assert!(kicked.uninvited && kicked.seated.is_empty());
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
        room.may_notify(Some(&id("b")), &None, true, false),
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
        room.may_notify(Some(&id("d")), &None, true, false),
        Err(NotifyError::Forbidden)
    );
    assert_eq!(
        room.invite(&id("b"), &None, &["d".into()]),
        Err(ManageError::Forbidden)
    );
    assert_eq!(room.invite(&id("a"), &None, &["d".into()]), Ok(()));
    assert_eq!(join(&mut room, "d", &None), Ok(4));
    room.kick(&id("a"), &None, &[id("c")]).unwrap();
    room.leave(&id("c"), &Which::All);
    assert_eq!(join(&mut room, "c", &None), Err(JoinError::NotInvited));
}

#[test]
fn a_room_keeps_so_many_invitations_and_an_owner_so_many_bytes_in_all_its_rooms() {
    let allowance = Allowance::new(INVITATIONS_MAX, OWNED_MAX);
    let mut rooms = [room_with(&allowance), room_with(&allowance)];
    assert_eq!(
        join_with(
            &mut rooms[0],
            "a",
            &None,
            by_invitation(&["1", "2", "3", "4", "5"])
        ),
        Err(JoinError::TooManyInvitations)
    );
    for room in &mut rooms {
        join_with(room, "a", &None, by_invitation(&["b"])).unwrap();
        join(room, "b", &None).unwrap();
    }
    let held = |rooms: &[RoomState; 2]| -> usize {
        rooms.iter().map(|room| room.bytes().invitations).sum()
    };
    assert_eq!(allowance.owned(&id("a")), held(&rooms));
    let long = |byte: &str| Arc::from(byte.repeat(150));
    assert_eq!(rooms[0].invite(&id("a"), &None, &[long("x")]), Ok(()));
    rooms[0].commit();
    assert_eq!(
        rooms[1].invite(&id("a"), &None, &[long("y")]),
        Err(ManageError::TooManyInvitations)
    );
    rooms[1].rollback();
    assert_eq!(allowance.owned(&id("a")), held(&rooms));
    for room in &mut rooms {
        room.leave(&id("a"), &Which::All);
        room.commit();
    }
    assert_eq!(allowance.owned(&id("a")), 0);
    assert_eq!(allowance.owned(&id("b")), held(&rooms));
    for room in &mut rooms {
        room.leave(&id("b"), &Which::All);
        room.commit();
        assert_eq!(room.bytes(), RoomBytes::default());
    }
    assert_eq!(allowance.owned(&id("b")), 0);
}

#[test]
fn who_inherits_more_invitations_than_one_may_own_keeps_the_address_without_them() {
    let allowance = Allowance::new(INVITATIONS_MAX, OWNED_MAX);
    let long: String = "x".repeat(200);
    for owner in ["a", "b", "c"] {
        let mut room = room_with(&allowance);
        join_with(&mut room, owner, &None, by_invitation(&["heir", &long])).unwrap();
        join(&mut room, "heir", &None).unwrap();
        room.leave(&id(owner), &Which::All);
        room.commit();
        assert_eq!(room.policy(&None).unwrap().owner, id("heir"));
        let kept = usize::from(owner == "a") * 2;
        assert_eq!(room.policy(&None).unwrap().invited.len(), kept, "{owner}");
        assert_eq!(join(&mut room, "x", &None), Err(JoinError::NotInvited));
    }
    assert!(allowance.owned(&id("heir")) <= OWNED_MAX);
}

#[test]
fn a_leave_gives_up_the_tags_it_names_and_counts_who_is_left_under_each() {
    let mut room = room();
    for channel in [None, tag("c"), tag("d")] {
        join(&mut room, "a", &channel).unwrap();
    }
    join(&mut room, "b", &tag("d")).unwrap();
    let left = room.leave(&id("a"), &Which::Matching("c".into())).unwrap();
    assert_eq!(left.gone, [(None, 2), (tag("c"), 0)]);
    assert_eq!(left.kept, Tags::one(tag("d")));
    assert!(room.leave(&id("a"), &Which::Exactly(None)).is_none());
    let left = room.leave(&id("a"), &Which::All).unwrap();
    assert_eq!(left.gone, [(tag("d"), 1)]);
    assert!(left.kept.is_empty());
    assert!(room.leave(&id("nobody"), &Which::All).is_none());
}

#[test]
fn the_recipients_of_a_letter_are_counted_without_a_sender_who_does_not_hear_itself() {
    let mut room = room();
    join(&mut room, "a", &tag("c")).unwrap();
    join(&mut room, "b", &tag("d")).unwrap();
    join(&mut room, "n", &None).unwrap();
    assert_eq!(
        room.may_notify(Some(&id("a")), &tag("c"), true, true),
        Ok(2)
    );
    assert_eq!(
        room.may_notify(Some(&id("a")), &tag("c"), false, true),
        Ok(1)
    );
    assert_eq!(
        room.may_notify(Some(&id("a")), &tag("d"), false, false),
        Ok(2),
        "it would not hear that anyway"
    );
    assert_eq!(
        room.may_notify(Some(&id("a")), &tag("d"), false, true),
        Err(NotifyError::NotMember),
        "its seat is under another channel"
    );
    assert_eq!(room.may_notify(Some(&id("x")), &None, false, false), Ok(3));
    assert_eq!(
        room.may_notify(Some(&id("x")), &None, false, true),
        Err(NotifyError::NotMember)
    );
}

#[derive(Debug, PartialEq)]
struct Picture {
    seats: Vec<String>,
    matching: Vec<usize>,
    policies: Vec<(Tag, Policy)>,
    bytes: RoomBytes,
    numbers: Numbers,
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
        numbers: room.numbers(),
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
                let wish = match random(4) {
                    0 => capacity(random(4) as usize),
                    1 => by_invitation(&["m0", "m1", "m2"]),
                    _ => Wish::default(),
                };
                drop(room.join(joiner(&name), tag, wish));
            }
            3 => drop(room.leave(&who, &Which::Exactly(tag))),
            4 => drop(room.leave(&who, &Which::All)),
            5 => drop(room.lock(&who, &tag, random(4) == 0)),
            _ => {
                let _ = room.invite(&who, &tag, &[name.into()]);
                let Numbers {
                    epoch,
                    offset,
                    cursor,
                } = room.numbers();
                room.numbered(Numbers {
                    epoch,
                    offset: offset + 1,
                    cursor: cursor + 3,
                });
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
    assert!(room.numbers().offset > 100, "the run did change something");
}
