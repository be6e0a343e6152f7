//! What must hold of any room, and of a copy to which the same happens.

use super::*;

#[derive(Debug, PartialEq)]
struct Picture {
    members: Vec<(MemberId, Membership)>,
    matching: Vec<usize>,
    policies: Vec<(ChannelScope, Policy)>,
    bytes: RoomBytes,
    standing: Standing,
    next: u64,
}

fn picture(room: &RoomState) -> Picture {
    let membership =
        |(member, membership): (&MemberId, &Membership)| (member.clone(), membership.clone());
    Picture {
        members: room.roster().iter().map(membership).collect(),
        matching: [None, tag("c"), tag("d")]
            .iter()
            .map(|tag| room.roster().matching(tag))
            .collect(),
        policies: room
            .policies()
            .map(|(tag, policy)| (tag.clone(), policy.clone()))
            .collect(),
        bytes: room.bytes(),
        standing: room.standing(),
        next: room.joins,
    }
}

/// What must hold of any room.
fn check(room: &RoomState, round: usize) {
    for (tag, policy) in room.policies() {
        assert!(
            room.owner(tag).is_some(),
            "round {round}: {tag:?} has a policy and nobody"
        );
        if let Some(capacity) = policy.capacity {
            assert!(
                room.roster().matching(tag) <= capacity,
                "round {round}: {tag:?}"
            );
        }
    }
    for (_, membership) in room.roster().iter() {
        assert!(
            membership.tags.iter().all(|tag| room.policy(tag).is_some()),
            "round {round}"
        );
    }
    let owners: BTreeSet<_> = room
        .policies()
        .filter_map(|(tag, _)| room.owner(tag))
        .collect();
    let owned = owners.iter().map(|owner| room.allowance.owned(owner));
    assert_eq!(
        owned.sum::<usize>(),
        room.bytes().invitations,
        "round {round}"
    );
}

#[test]
fn a_copy_to_which_the_same_happens_later_is_the_same_and_what_happens_twice_happens_once() {
    let mut seed = 11_u32;
    let mut random = |limit: u32| {
        seed = seed.wrapping_mul(1_103_515_245).wrapping_add(12_345);
        (seed >> 16) % limit
    };
    let (mut room, mut copy) = (room(), room());
    let mut under_way = Vec::new();
    let mut happened = 0;
    let tags = [None, tag("c"), tag("d")];
    for round in 0..20_000 {
        let name = format!("m{}", random(5));
        let who = id(&name);
        let tag = tags[random(3) as usize].clone();
        let left = |which| room.decide_leave(&who, &which, LeaveReason::Leave);
        let others: Vec<MemberId> = (0..random(3)).map(|n| id(&format!("m{n}"))).collect();
        let events = match random(8) {
            0..3 => {
                let options = match random(4) {
                    0 => capacity(random(4) as usize),
                    1 => by_invitation(&["m0", "m1", "m2"]),
                    _ => RoomOptions::default(),
                };
                room.decide_join(&joined(&name, &tag), options).ok()
            }
            3 => Some(Vec::from_iter(left(LeaveScope::Exactly(tag)))),
            4 => Some(Vec::from_iter(left(LeaveScope::All))),
            5 => room.decide_lock(&who, &tag, random(4) == 0).ok(),
            6 => room.decide_kick(&who, &tag, &others).ok(),
            _ => room.decide_invite(&who, &tag, &[name.into()]).ok(),
        };
        for event in events.unwrap_or_default() {
            assert_ne!(
                room.apply(&event),
                Change::Nothing,
                "round {round}: {event:?}"
            );
            let after = picture(&room);
            assert_eq!(
                room.apply(&event),
                Change::Nothing,
                "round {round}: {event:?}"
            );
            assert_eq!(picture(&room), after, "round {round}");
            under_way.push(event);
            happened += 1;
        }
        check(&room, round);
        if random(4) == 0 {
            happen(&mut copy, &std::mem::take(&mut under_way));
            assert_eq!(picture(&copy), picture(&room), "round {round}");
        }
    }
    assert!(happened > 1000, "the run did change something");
}

/// Fails if a join under a tag that the member has drops its new name, takes a name away by saying none, or counts as another
/// join; or if its bytes are not those of the new name.
#[test]
fn who_joins_again_under_another_name_has_that_name() {
    let mut room = room();
    let user = |user: Option<&str>| Joined {
        user: user.map(Arc::from),
        ..joined("a", &None)
    };
    let again = |room: &RoomState, name| {
        let events = room.decide_join(&user(name), RoomOptions::default());
        events.unwrap()
    };
    let first = again(&room, None);
    happen(&mut room, &first);
    let nameless = room.bytes().memberships;
    assert_eq!(again(&room, None), []);
    let [named] = &again(&room, Some("Yaa"))[..] else {
        panic!("one event");
    };
    assert_eq!(room.apply(named), Change::Renamed(Scopes::one(None)));
    assert_eq!(room.apply(named), Change::Nothing);
    assert_eq!(again(&room, Some("Yaa")), []);
    assert_eq!(again(&room, None), []);
    let seat = room.roster().get(&id("a")).unwrap();
    assert_eq!((seat.user.as_deref(), seat.since), (Some("Yaa"), 1));
    assert_eq!(room.bytes().memberships, nameless + 3);
    assert_eq!(room.roster().len(), 1);
}
