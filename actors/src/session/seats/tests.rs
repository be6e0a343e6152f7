//! What is expected of seats while changes are under way.

use super::*;
use crate::{
    account::{MemoryAccount, SessionAccount},
    fault::walked,
};

const ROOM: &str = "den";

fn tag(n: usize) -> ChannelScope {
    Some(n.to_string().into())
}

/// A client with many joins under way: what it asks next must not be paid for by all of them again.
#[test]
fn what_is_expected_costs_no_more_with_many_changes_under_way() {
    let mut seats = Seats::default();
    for n in 0..256 {
        seats.ask(RoomKey::room(ROOM), tag(n));
        let before = walked();
        assert_eq!(seats.all_expected(Kind::Room).count(), 1);
        let tags = seats.expected(&RoomKey::room(ROOM));
        assert!(tags.is_some_and(|tags| tags.has(&tag(n))));
        assert_eq!(walked(), before, "with {n} under way");
    }
}

#[test]
fn what_was_asked_counts_in_its_order() {
    let (mut seats, room) = (Seats::default(), RoomKey::room(ROOM));
    seats.ask(room.clone(), tag(1));
    seats.ask(room.clone(), tag(2));
    seats.give_up(room.clone(), LeaveScope::Exactly(tag(1)));
    assert_eq!(seats.expected(&room), Some(&Scopes::one(tag(2))));
    seats.give_up(room.clone(), LeaveScope::All);
    assert_eq!(seats.expected(&room), None);
    seats.ask(room.clone(), tag(3));
    assert_eq!(seats.expected(&room), Some(&Scopes::one(tag(3))));
    assert_eq!(seats.all_expected(Kind::Channel).count(), 0);
}

#[test]
fn a_join_that_is_refused_takes_only_its_own_tag_out() {
    let (mut seats, room) = (Seats::default(), RoomKey::room(ROOM));
    let account = SessionAccount::new(MemoryAccount::new(1 << 30, 1 << 30), None, 1 << 20);
    let nothing = || account.charge(crate::account::Held::Memberships, 0);
    let refused = Err(JoinError::Internal(crate::error::Fault::Crashed));
    seats.ask(room.clone(), tag(1));
    seats.ask(room.clone(), tag(2));
    seats.joined(&room, &refused, nothing());
    assert_eq!(seats.expected(&room), Some(&Scopes::one(tag(2))));
    seats.joined(&room, &refused, nothing());
    assert_eq!(seats.expected(&room), None);
}
