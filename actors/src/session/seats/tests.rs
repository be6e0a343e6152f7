//! What is expected of seats while changes are under way.

use super::*;
use crate::account::{MemoryAccount, SessionAccount};

const ROOM: &str = "den";

fn tag(n: usize) -> ChannelScope {
    Some(n.to_string().into())
}

#[test]
fn what_was_asked_counts_in_its_order() {
    let (mut seats, room) = (Seats::default(), RoomKey::room(ROOM));
    seats.ask(room.clone(), tag(1), false);
    seats.ask(room.clone(), tag(2), false);
    seats.give_up(room.clone(), LeaveScope::Exactly(tag(1)));
    assert_eq!(seats.expected(&room), Some(&Scopes::one(tag(2))));
    seats.give_up(room.clone(), LeaveScope::All);
    assert_eq!(seats.expected(&room), None);
    seats.ask(room.clone(), tag(3), false);
    assert_eq!(seats.expected(&room), Some(&Scopes::one(tag(3))));
    assert_eq!(seats.all_expected(Kind::Channel).count(), 0);
}

#[test]
fn a_join_that_is_refused_takes_only_its_own_tag_out() {
    let (mut seats, room) = (Seats::default(), RoomKey::room(ROOM));
    let account = SessionAccount::new(MemoryAccount::new(1 << 30, 1 << 30), None, 1 << 20);
    let nothing = || account.charge(crate::account::Held::Memberships, 0);
    let refused = Err(JoinError::Internal(crate::error::Fault::Crashed));
    seats.ask(room.clone(), tag(1), false);
    seats.ask(room.clone(), tag(2), false);
    seats.joined(&room, &refused, nothing());
    assert_eq!(seats.expected(&room), Some(&Scopes::one(tag(2))));
    seats.joined(&room, &refused, nothing());
    assert_eq!(seats.expected(&room), None);
}
