//! Counts, orders and bytes against a plain scan, and the work of reading them.
#![allow(clippy::unwrap_used)]
use std::cell::Cell;

use super::*;

thread_local! {
    pub(super) static LOOKED_UP: Cell<usize> = const { Cell::new(0) };
}

fn occupant() -> Occupant {
    Occupant {
        worker: WorkerId(0),
        local_id: LocalId(0),
        account: None,
        user: None,
        farewell: None,
    }
}

fn id(number: impl std::fmt::Display) -> MemberId {
    MemberId::new(format!("m{number}"))
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
            Some(seat) if seed >> 24 & 1 == 0 => {
                let all: Vec<ChannelScope> = seat.tags.iter().cloned().collect();
                match seed >> 25 & 1 {
                    0 => roster.give_up(&member, &all),
                    _ => roster.give_up(&member, std::slice::from_ref(tag)),
                };
            }
            Some(seat) if seat.tags.has(tag) => {}
            _ => roster.sit(member, occupant(), tag, round),
        }
        if round % 5 == 4 {
            roster.rollback();
        } else if round % 2 == 0 {
            roster.commit();
        }
        assert_eq!(roster.index, Index::of(&roster.seats), "round {round}");
        for address in &tags {
            let mut scanned: Vec<_> = roster
                .iter()
                .filter(|(_, seat)| seat.tags.matches(address))
                .map(|(member, seat)| {
                    let taken = seat.tags.iter().zip(&seat.taken);
                    let by = |tag: &ChannelScope| tag.is_none() || tag == address;
                    let first = match address {
                        None => Some(seat.since),
                        Some(_) => taken.filter(|(tag, _)| by(tag)).map(|(_, n)| *n).min(),
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
        roster.sit(id(number), occupant(), &tag, number);
    }
    for address in [None, Some("c".into())] {
        LOOKED_UP.set(0);
        assert_eq!(roster.in_order(&address).take(100).count(), 100);
        assert_eq!(LOOKED_UP.get(), 100);
    }
    assert_eq!(roster.first(&Some("c".into())), Some(&id(0)));
    assert_eq!(roster.first(&None), Some(&id(1)));
}
