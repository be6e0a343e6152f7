//! The room as a value: who gets in, who owns it, who leaves what; that deciding changes nothing and that what has
//! happened happens once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod copies;
mod policies;

use super::*;
use crate::{error::ManageError, letter::Content};

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

fn joined(name: &str, tag: &ChannelScope) -> Joined {
    Joined {
        member: id(name),
        tag: tag.clone(),
        account: Some(format!("account of {name}").into()),
        user: Some(name.into()),
        leave_event: None,
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
    let events = room.decide_join(&joined(name, tag), options)?;
    happen(room, &events);
    Ok(room.roster().matching(tag))
}

fn happen(room: &mut RoomState, events: &[RoomEvent]) {
    for event in events {
        room.apply(event);
    }
}

/// To how many something that is said goes.
fn notify(
    room: &RoomState,
    from: &MemberId,
    address: &ChannelScope,
    echo: bool,
    seat_needed: bool,
) -> Result<usize, NotifyError> {
    room.check_notify(from, address, seat_needed)?;
    Ok(room.recipients(&Said {
        from: from.clone(),
        tag: address.clone(),
        echo,
        for_later: true,
        content: Content {
            name: "say".into(),
            args: Default::default(),
            blobs: Vec::new(),
        },
    }))
}

fn leave(room: &mut RoomState, name: &str, which: &LeaveScope) -> Option<Departure> {
    let event = room.decide_leave(&id(name), which, LeaveReason::Leave)?;
    match room.apply(&event) {
        Change::Left(departure) => Some(departure),
        change => panic!("{change:?}"),
    }
}

fn invite(
    room: &mut RoomState,
    by: &str,
    address: &ChannelScope,
    names: &[Arc<str>],
) -> Result<(), ManageError> {
    let events = room.decide_invite(&id(by), address, names)?;
    happen(room, &events);
    Ok(())
}

fn lock(
    room: &mut RoomState,
    by: &str,
    address: &ChannelScope,
    locked: bool,
) -> Result<(), ManageError> {
    let events = room.decide_lock(&id(by), address, locked)?;
    happen(room, &events);
    Ok(())
}

fn kick(
    room: &mut RoomState,
    by: &str,
    address: &ChannelScope,
    names: &[&str],
) -> Result<Vec<RoomEvent>, ManageError> {
    let members: Vec<MemberId> = names.iter().map(|name| id(name)).collect();
    let events = room.decide_kick(&id(by), address, &members)?;
    happen(room, &events);
    Ok(events)
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
    let mut named = joined("c", &None);
    named.user = Some("x".repeat(200).into());
    let events = room.decide_join(&named, RoomOptions::default());
    happen(&mut room, &events.unwrap());
    assert!(room.bytes().memberships > seated[2] + 200);
    for name in ["a", "b", "c"] {
        leave(&mut room, name, &LeaveScope::All);
    }
    assert_eq!(room.bytes(), RoomBytes::default());
}

#[test]
fn a_second_join_under_the_same_tag_changes_nothing_and_takes_no_place() {
    let mut room = room();
    join_with(&mut room, "a", &None, capacity(1)).unwrap();
    let again = room.decide_join(&joined("a", &None), RoomOptions::default());
    assert_eq!(again, Ok(Vec::new()));
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
    leave(&mut room, "a", &LeaveScope::All);
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
        lock(&mut room, "y", &None, true),
        Err(ManageError::Forbidden)
    );
    leave(&mut room, "z", &LeaveScope::All);
    assert_eq!(
        lock(&mut room, "a", &None, true),
        Err(ManageError::Forbidden)
    );
    assert_eq!(lock(&mut room, "y", &None, true), Ok(()));
}

#[test]
fn a_locked_room_takes_nobody_new_until_its_owner_opens_it() {
    let mut room = room();
    join(&mut room, "a", &None).unwrap();
    lock(&mut room, "a", &None, true).unwrap();
    assert_eq!(join(&mut room, "b", &None), Err(JoinError::Forbidden));
    assert_eq!(
        join(&mut room, "a", &tag("c")),
        Ok(1),
        "who is in may take a tag more"
    );
    assert_eq!(
        notify(&room, &id("b"), &None, true, false),
        Err(NotifyError::Forbidden)
    );
    lock(&mut room, "a", &None, false).unwrap();
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
        notify(&room, &id("d"), &None, true, false),
        Err(NotifyError::Forbidden)
    );
    assert_eq!(
        invite(&mut room, "b", &None, &["d".into()]),
        Err(ManageError::Forbidden)
    );
    assert_eq!(invite(&mut room, "a", &None, &["d".into()]), Ok(()));
    assert_eq!(join(&mut room, "d", &None), Ok(4));
    kick(&mut room, "a", &None, &["c"]).unwrap();
    leave(&mut room, "c", &LeaveScope::All);
    assert_eq!(join(&mut room, "c", &None), Err(JoinError::NotInvited));
}

#[test]
fn a_leave_gives_up_the_tags_it_names_and_counts_who_is_left_under_each() {
    let mut room = room();
    for channel in [None, tag("c"), tag("d")] {
        join(&mut room, "a", &channel).unwrap();
    }
    join(&mut room, "b", &tag("d")).unwrap();
    let left = leave(&mut room, "a", &LeaveScope::Matching("c".into())).unwrap();
    assert_eq!(left.gone, [(None, 2), (tag("c"), 0)]);
    assert_eq!(left.kept, Scopes::one(tag("d")));
    assert!(leave(&mut room, "a", &LeaveScope::Exactly(None)).is_none());
    let left = leave(&mut room, "a", &LeaveScope::All).unwrap();
    assert_eq!(left.gone, [(tag("d"), 1)]);
    assert!(left.kept.is_empty());
    assert!(leave(&mut room, "nobody", &LeaveScope::All).is_none());
}

#[test]
fn the_recipients_of_a_letter_are_counted_without_a_sender_who_does_not_hear_itself() {
    let mut room = room();
    join(&mut room, "a", &tag("c")).unwrap();
    join(&mut room, "b", &tag("d")).unwrap();
    join(&mut room, "n", &None).unwrap();
    assert_eq!(notify(&room, &id("a"), &tag("c"), true, true), Ok(2));
    assert_eq!(notify(&room, &id("a"), &tag("c"), false, true), Ok(1));
    assert_eq!(
        notify(&room, &id("a"), &tag("d"), false, false),
        Ok(2),
        "it would not hear that anyway"
    );
    assert_eq!(
        notify(&room, &id("a"), &tag("d"), false, true),
        Err(NotifyError::NotMember),
        "its seat is under another channel"
    );
    assert_eq!(notify(&room, &id("x"), &None, false, false), Ok(3));
    assert_eq!(
        notify(&room, &id("x"), &None, false, true),
        Err(NotifyError::NotMember)
    );
}

/// What was said in private was for nobody who came later.
#[test]
fn the_history_of_an_address_ends_when_it_becomes_private_and_when_it_is_private_no_more() {
    let mut room = room();
    let ends = |room: &RoomState, events: &[RoomEvent]| room.histories_ended(events);
    let make = room
        .decide_join(&joined("a", &tag("c")), by_invitation(&["b"]))
        .unwrap();
    assert_eq!(ends(&room, &make), [tag("c")], "it begins with nothing");
    happen(&mut room, &make);
    let join = room
        .decide_join(&joined("b", &tag("c")), RoomOptions::default())
        .unwrap();
    assert!(
        ends(&room, &join).is_empty(),
        "who is invited reads what was said"
    );
    happen(&mut room, &join);
    let invite = room
        .decide_invite(&id("a"), &tag("c"), &["x".into()])
        .unwrap();
    assert!(ends(&room, &invite).is_empty());
    happen(&mut room, &invite);
    let first = room
        .decide_leave(&id("a"), &LeaveScope::All, LeaveReason::Leave)
        .unwrap();
    assert!(
        ends(&room, std::slice::from_ref(&first)).is_empty(),
        "somebody is left"
    );
    let kicked = room
        .decide_kick(&id("a"), &tag("c"), &[id("a"), id("b")])
        .unwrap();
    assert_eq!(ends(&room, &kicked), [tag("c")], "nobody is left");
    happen(&mut room, std::slice::from_ref(&first));
    let last = room
        .decide_leave(&id("b"), &LeaveScope::All, LeaveReason::Disconnect)
        .unwrap();
    assert_eq!(ends(&room, std::slice::from_ref(&last)), [tag("c")]);
    happen(&mut room, std::slice::from_ref(&last));

    let open = room
        .decide_join(&joined("a", &None), RoomOptions::default())
        .unwrap();
    assert!(ends(&room, &open).is_empty());
    happen(&mut room, &open);
    let leave = room
        .decide_leave(&id("a"), &LeaveScope::All, LeaveReason::Leave)
        .unwrap();
    assert!(
        ends(&room, std::slice::from_ref(&leave)).is_empty(),
        "an open room has a history"
    );
    for locked in [true, false] {
        let turned = room.decide_lock(&id("a"), &None, locked).unwrap();
        assert_eq!(ends(&room, &turned), [None], "{locked}");
        happen(&mut room, &turned);
    }
}
