//! Counts, orders and bytes against a plain scan, and the work of reading them.
#![allow(clippy::unwrap_used)]
use std::cell::Cell;

use super::*;

thread_local! {
    pub(super) static LOOKED_UP: Cell<usize> = const { Cell::new(0) };
}

fn id(number: impl std::fmt::Display) -> MemberId {
    MemberId::new(format!("m{number}"))
}

fn joined(member: MemberId, tag: &ChannelScope) -> Joined {
    Joined {
        member,
        tag: tag.clone(),
        account: None,
        user: None,
        leave_event: None,
    }
}

impl Index {
    fn of(members: &BTreeMap<MemberId, Membership>) -> Self {
        let mut index = Self::default();
        for (member, membership) in members {
            index.enter(member, membership);
            index.bytes += membership.bytes();
            let none = membership.tags.has(&None);
            for (tag, &number) in membership.tags.iter().zip(&membership.taken) {
                let places = index.tags.entry(tag.clone()).or_default();
                places.order.insert(number.number, member.clone());
                places.with_none += usize::from(none && tag.is_some());
            }
        }
        index
    }
}

#[test]
fn counts_orders_and_bytes_are_those_of_the_seats() {
    let tags = [None, Some("a".into()), Some("b".into())];
    let mut roster = Roster::default();
    let mut seed = 7_u32;
    for round in 0..2000 {
        seed = seed.wrapping_mul(1_103_515_245).wrapping_add(12_345);
        let member = id(seed >> 16 & 7);
        let tag: &ChannelScope = &tags[(seed >> 20) as usize % 3];
        match roster.get(&member) {
            Some(membership) if seed >> 24 & 1 == 0 => {
                let all: Vec<ChannelScope> = membership.tags.iter().cloned().collect();
                match seed >> 25 & 1 {
                    0 => roster.give_up(&member, &all),
                    _ => roster.give_up(&member, std::slice::from_ref(tag)),
                };
            }
            Some(membership) if membership.tags.has(tag) => {}
            _ => roster.join(&joined(member, tag), round, Token::default()),
        }
        assert_eq!(roster.index, Index::of(&roster.members), "round {round}");
        for address in &tags {
            let mut scanned: Vec<_> = roster
                .iter()
                .filter(|(_, membership)| membership.tags.matches(address))
                .map(|(member, membership)| {
                    let taken = membership.tags.iter().zip(&membership.taken);
                    let by = |tag: &ChannelScope| tag.is_none() || tag == address;
                    let first = match address {
                        None => Some(membership.since),
                        Some(_) => taken
                            .filter(|(tag, _)| by(tag))
                            .map(|(_, n)| n.number)
                            .min(),
                    };
                    (first.unwrap(), member.clone())
                })
                .collect();
            scanned.sort();
            assert_eq!(roster.matching(address), scanned.len(), "round {round}");
            let scanned: Vec<_> = scanned.into_iter().map(|(_, member)| member).collect();
            let ordered: Vec<_> = roster.in_order(address).map(|(m, _)| m.clone()).collect();
            assert_eq!(ordered, scanned, "round {round}, address {address:?}");
        }
    }
}

#[test]
fn the_first_of_many_members_are_read_without_looking_at_the_others() {
    let mut roster = Roster::default();
    for number in 0..10_000 {
        let tag = (number % 2 == 0).then(|| "c".into());
        roster.join(&joined(id(number), &tag), number, Token::default());
    }
    for address in [None, Some("c".into())] {
        LOOKED_UP.set(0);
        assert_eq!(roster.in_order(&address).take(100).count(), 100);
        assert_eq!(LOOKED_UP.get(), 100);
    }
    assert_eq!(roster.by_age(&Some("c".into())).next(), Some(&id(0)));
    assert_eq!(roster.by_age(&None).next(), Some(&id(1)));
}
