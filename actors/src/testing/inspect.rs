//! What a world asks actors about themselves, past their mailboxes' delays, and what must hold whenever nothing moves.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::{
    id::{Kind, LocalId, MemberId, RoomId, RoomKey, WorkerId},
    mailbox::WeakMailbox,
    message::ToRoom,
    state::audience::Scopes,
};

/// A seat, as rooms and couriers both know it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SeatRecord {
    /// Who serves it.
    pub(crate) worker: WorkerId,
    /// Whose.
    pub(crate) local_id: LocalId,
    /// In which room.
    pub(crate) room: RoomId,
    /// Its tags, as text.
    pub(crate) tags: String,
}

impl SeatRecord {
    pub(crate) fn new(worker: WorkerId, local_id: LocalId, room: RoomId, tags: &Scopes) -> Self {
        Self {
            worker,
            local_id,
            room,
            tags: format!("{:?}", tags.iter().collect::<Vec<_>>()),
        }
    }
}

/// What a namespace says of itself.
pub(crate) struct NamespaceView {
    /// Its rooms.
    pub(crate) rooms: Vec<(RoomKey, WeakMailbox<ToRoom>)>,
    /// Its members.
    pub(crate) members: BTreeSet<MemberId>,
    /// Channels with the members that it counts in them.
    pub(crate) channels: BTreeMap<String, usize>,
    /// Members that it counts in some channel.
    pub(crate) online: usize,
    /// Those who watch rooms that do not exist.
    pub(crate) watchers: usize,
}

/// What a courier says of itself.
pub(crate) struct CourierView {
    /// The seats that it mirrors, each with its namespace.
    pub(crate) seats: Vec<(Arc<str>, SeatRecord)>,
    /// Those it serves: members, and sessions by themselves.
    pub(crate) served: usize,
}

/// What a room says of itself.
pub(crate) struct RoomView {
    /// Those who watch it.
    pub(crate) watchers: usize,
    /// Its seats.
    pub(crate) seats: Vec<(MemberId, SeatRecord)>,
    /// The last number that the log gave.
    pub(crate) offset: u64,
    /// What is wrong with its policies and its account.
    pub(crate) faults: Vec<String>,
}

/// What holds in a world at rest.
#[derive(Debug, Default)]
pub(crate) struct Rest {
    /// Those who watch rooms.
    pub(crate) watchers: usize,
    /// The seats of all rooms by room key.
    pub(crate) seats: BTreeMap<RoomKey, BTreeMap<MemberId, SeatRecord>>,
    /// The last number of each room.
    pub(crate) offsets: BTreeMap<RoomKey, u64>,
    /// Whom the living couriers serve: members, and sessions by themselves.
    pub(crate) served: usize,
    /// What is wrong.
    pub(crate) faults: Vec<String>,
}

/// Compares what rooms, couriers and the namespace say, at rest.
pub(super) fn compare(
    view: &NamespaceView,
    rooms: Vec<(RoomKey, Option<RoomView>)>,
    mirrors: &BTreeSet<SeatRecord>,
    alive: &BTreeSet<WorkerId>,
) -> Rest {
    let mut rest = Rest::default();
    let mut all = BTreeSet::new();
    let mut online = BTreeSet::new();
    for (key, room) in rooms {
        let Some(room) = room else {
            rest.faults.push(format!("{key:?} is dead but owned"));
            continue;
        };
        if room.seats.is_empty() {
            rest.faults
                .push(format!("{key:?} lives after all have left"));
        }
        if key.kind == Kind::Channel {
            let counted = view.channels.get(&*key.name).copied().unwrap_or(0);
            if counted != room.seats.len() {
                rest.faults.push(format!(
                    "{counted} are counted in {key:?}, {} have a seat",
                    room.seats.len()
                ));
            }
            online.extend(room.seats.iter().map(|(member, _)| member.clone()));
        }
        for (member, seat) in &room.seats {
            if !view.members.contains(member) {
                rest.faults.push(format!("{member} is a ghost in {key:?}"));
            }
            if alive.contains(&seat.worker) {
                all.insert(seat.clone());
            } else {
                rest.faults.push(format!(
                    "{member} has a seat in {key:?} but its worker is dead"
                ));
            }
        }
        rest.faults.extend(room.faults);
        rest.offsets.insert(key.clone(), room.offset);
        rest.seats.insert(key, room.seats.into_iter().collect());
    }
    if view.online != online.len() {
        rest.faults.push(format!(
            "{} are counted online, {} are",
            view.online,
            online.len()
        ));
    }
    for seat in all.difference(mirrors) {
        rest.faults.push(format!("no courier mirrors {seat:?}"));
    }
    for seat in mirrors.difference(&all) {
        rest.faults.push(format!(
            "a courier mirrors a seat that no room has: {seat:?}"
        ));
    }
    rest
}
