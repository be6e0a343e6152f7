//! Each address has its own policy: who owns it, whom it admits, what it holds, and what that may cost.

use super::*;
use crate::error::ManageError;

#[test]
fn each_address_has_a_policy_of_its_own() {
    let mut room = room();
    let (sales, ops) = (tag("sales"), tag("ops"));
    assert_eq!(join_with(&mut room, "maker", &sales, capacity(3)), Ok(1));
    assert_eq!(join_with(&mut room, "other", &ops, capacity(1)), Ok(1));
    assert_eq!(
        lock(&mut room, "other", &sales, true),
        Err(ManageError::Forbidden)
    );
    assert_eq!(
        kick(&mut room, "other", &sales, &["maker"]),
        Err(ManageError::Forbidden)
    );
    assert_eq!(lock(&mut room, "other", &ops, true), Ok(()));
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
    assert_eq!(room.owner(&sales), Some(&id("maker")));
    leave(&mut room, "other", &LeaveScope::All);
    assert_eq!(room.policy(&ops), None);
    assert_eq!(
        join(&mut room, "c", &ops),
        Ok(1),
        "the lock went with its address"
    );
}

fn by_token(has_token: bool) -> RoomOptions {
    RoomOptions {
        has_token,
        access: Some(Access::Token),
        ..RoomOptions::default()
    }
}

fn with_token() -> RoomOptions {
    RoomOptions {
        has_token: true,
        ..RoomOptions::default()
    }
}

/// Fails if somebody comes into a room by token without one, its maker too, or who has one is kept out; or if a token opens what is
/// by invitation, or locked.
#[test]
fn a_room_by_token_takes_who_has_one_and_who_is_invited() {
    let mut room = room();
    let sales = tag("sales");
    let refused = Err(JoinError::NotInvited);
    assert_eq!(
        join_with(&mut room, "maker", &sales, by_token(false)),
        refused
    );
    assert_eq!(room.policy(&sales), None);
    assert_eq!(join_with(&mut room, "maker", &sales, by_token(true)), Ok(1));
    assert_eq!(room.terms(&sales, false).access, Access::Token);
    assert_eq!(join(&mut room, "b", &sales), refused);
    assert_eq!(join(&mut room, "b", &None), refused, "it would be in sales");
    assert_eq!(join_with(&mut room, "b", &sales, with_token()), Ok(2));
    assert_eq!(join_with(&mut room, "c", &None, with_token()), Ok(3));
    assert_eq!(lock(&mut room, "maker", &sales, true), Ok(()));
    assert_eq!(
        join_with(&mut room, "d", &sales, with_token()),
        Err(JoinError::Forbidden)
    );
    let ops = tag("ops");
    leave(&mut room, "c", &LeaveScope::All);
    assert_eq!(
        join_with(&mut room, "owner", &ops, by_invitation(&["x"])),
        Ok(1)
    );
    assert_eq!(join_with(&mut room, "y", &ops, with_token()), refused);
    assert_eq!(join(&mut room, "x", &ops), Ok(2));
    assert_eq!(room.terms(&None, false).access, Access::Invite);
}

/// Fails if who asks for a private room is seated where somebody is in a looser one, of whichever kind.
#[test]
fn by_token_is_stricter_than_open_and_looser_than_by_invitation() {
    let exists = Err(JoinError::RoomExists);
    for (address, other) in [(tag("a"), tag("a")), (tag("a"), None), (None, tag("a"))] {
        let mut room = room();
        join(&mut room, "open", &address).unwrap();
        assert_eq!(join_with(&mut room, "t", &other, by_token(true)), exists);
        leave(&mut room, "open", &LeaveScope::All);
        join_with(&mut room, "t", &address, by_token(true)).unwrap();
        assert_eq!(
            join_with(&mut room, "i", &other, by_invitation(&[])),
            exists
        );
        assert_eq!(room.terms(&other, false).access, Access::Token);
        leave(&mut room, "t", &LeaveScope::All);
        join_with(&mut room, "i", &address, by_invitation(&["t"])).unwrap();
        join_with(&mut room, "t", &other, by_token(true)).unwrap();
        assert_eq!(room.terms(&other, false).access, Access::Invite);
    }
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
    let kicked = kick(&mut room, "a", &c, &["both", "none", "nobody"]).unwrap();
    let left = Left {
        member: id("both"),
        tags: vec![c],
        reason: LeaveReason::Kick,
        uninvited: Vec::new(),
    };
    assert_eq!(kicked, [RoomEvent::Left(left)]);
    let kept = &room.roster().get(&id("both")).unwrap().tags;
    assert_eq!(*kept, Scopes::one(d));
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
    leave(&mut room, "a", &LeaveScope::All);
    assert_eq!(join_with(&mut room, "guest", &None, private()), Ok(2));
    assert_eq!(
        join_with(&mut room, "guest", &tag("e"), RoomOptions::default()),
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
    join_with(&mut room, "a", &None, by_invitation(&["b"])).unwrap();
    let terms = RoomPolicy {
        created: true,
        access: Access::Invite,
        in_all_channels: true,
        capacity: None,
        owner: Some(id("a")),
    };
    assert_eq!(room.terms(&None, true), terms);
    assert_eq!(join(&mut room, "x", &tag("c")), Err(JoinError::NotInvited));
    join_with(&mut room, "b", &tag("c"), capacity(9)).unwrap();
    let terms = RoomPolicy {
        capacity: Some(9),
        owner: Some(id("b")),
        ..terms
    };
    assert_eq!(room.terms(&tag("c"), true), terms);
    for address in [None, tag("c"), tag("d")] {
        assert_eq!(
            notify(&room, &id("x"), &address, true, false),
            Err(NotifyError::Forbidden),
            "{address:?}"
        );
        assert!(notify(&room, &id("b"), &address, true, false).is_ok());
    }
}

#[test]
fn who_speaks_without_a_channel_needs_a_seat_in_every_private_address() {
    let mut room = room();
    join_with(&mut room, "a", &tag("c"), by_invitation(&["both"])).unwrap();
    join(&mut room, "b", &tag("d")).unwrap();
    let says = |room: &RoomState, who: &str, address: &ChannelScope| {
        notify(room, &id(who), address, true, false)
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
    leave(&mut room, "a", &LeaveScope::Exactly(c.clone()));
    assert_eq!(room.owner(&c), Some(&id("b")));
    assert_eq!(room.owner(&tag("d")), Some(&id("early")));
    leave(&mut room, "b", &LeaveScope::All);
    assert_eq!(room.owner(&c), Some(&id("early")));
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
    leave(&mut room, "b", &LeaveScope::All);
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
    let names: Vec<String> = (0..256).map(|number| format!("x{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    assert_eq!(kick(&mut room, "a", &None, &names), Ok(Vec::new()));
    assert_eq!(room.policy(&None).unwrap().invited.as_ptr(), before);
    let kicked = kick(&mut room, "a", &None, &["b"]).unwrap();
    assert!(
        matches!(&kicked[..], [RoomEvent::Policy(None, _)]),
        "{kicked:?}"
    );
    assert!(room.policy(&None).unwrap().invited.is_empty());
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
    assert_eq!(invite(&mut rooms[0], "a", &None, &[long("x")]), Ok(()));
    assert_eq!(
        invite(&mut rooms[1], "a", &None, &[long("y")]),
        Err(ManageError::TooManyInvitations)
    );
    assert_eq!(allowance.owned(&id("a")), held(&rooms));
    for room in &mut rooms {
        leave(room, "a", &LeaveScope::All);
    }
    assert_eq!(allowance.owned(&id("a")), 0);
    assert_eq!(allowance.owned(&id("b")), held(&rooms));
    for room in &mut rooms {
        leave(room, "b", &LeaveScope::All);
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
        leave(&mut room, owner, &LeaveScope::All);
        assert_eq!(room.owner(&None), Some(&id("heir")));
        let kept = usize::from(owner == "a") * 2;
        assert_eq!(room.policy(&None).unwrap().invited.len(), kept, "{owner}");
        assert_eq!(join(&mut room, "x", &None), Err(JoinError::NotInvited));
    }
    assert!(allowance.owned(&id("heir")) <= OWNED_MAX);
}

/// Fails if whoever runs the hub has to own an address, or a kick without a channel leaves a seat.
#[test]
fn the_hub_itself_locks_and_kicks_whoever_owns_the_address() {
    let mut room = room();
    let (c, d) = (tag("c"), tag("d"));
    join(&mut room, "a", &c).unwrap();
    for channel in [&c, &d] {
        join(&mut room, "both", channel).unwrap();
    }
    let locked = room.decide_lock_by_hub(&c, true).unwrap();
    happen(&mut room, &locked);
    assert_eq!(join(&mut room, "late", &c), Err(JoinError::Forbidden));
    assert_eq!(room.decide_lock_by_hub(&c, true), Ok(Vec::new()));
    let nobodys = room.decide_lock_by_hub(&tag("e"), true);
    assert_eq!(nobodys, Err(ManageError::Forbidden));
    let kicked = room.decide_kick_by_hub(&c, &[id("both"), id("nobody")]);
    happen(&mut room, &kicked);
    let kept = &room.roster().get(&id("both")).unwrap().tags;
    assert_eq!(*kept, Scopes::one(d));
    let kicked = room.decide_kick_by_hub(&None, &[id("a"), id("both")]);
    happen(&mut room, &kicked);
    assert_eq!(room.roster().len(), 0);
}

/// Fails if who may come in as one of so many is let in as one more, is kept out who has the seat, or makes a rule for others.
#[test]
fn a_join_is_let_in_as_one_of_so_many_whatever_the_policy_says() {
    let mut room = room();
    let one_of = |seats| RoomOptions {
        seats_max: Some(seats),
        ..RoomOptions::default()
    };
    assert_eq!(join_with(&mut room, "a", &None, one_of(2)), Ok(1));
    assert_eq!(join_with(&mut room, "b", &None, one_of(2)), Ok(2));
    let full = Err(JoinError::Full { capacity: 2 });
    assert_eq!(join_with(&mut room, "c", &None, one_of(2)), full);
    assert!(join_with(&mut room, "b", &None, one_of(1)).is_ok());
    assert_eq!(room.terms(&None, false).capacity, None);
    assert_eq!(join(&mut room, "moderator", &None), Ok(3));
}
