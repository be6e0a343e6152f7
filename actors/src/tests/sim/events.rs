//! What was committed is compared with a model that decides anew: each event must be one that it allows, what rooms did for it
//! must be what follows from it, and what was answered must be what was committed.

use std::collections::{BTreeMap, VecDeque};

use crate::{
    error::LeaveReason,
    event::{Access, Joined, Left, Policy, RoomEvent, Said},
    id::{ChannelScope, LocalId, LogKey, MemberId, RoomKey},
    state::audience::Scopes,
    testing::trace::{Fact, Recipients},
};

use super::model::{Model, Player, Whom};

pub(crate) fn compare(model: &mut Model, facts: &[Fact]) {
    let mut rooms: BTreeMap<RoomKey, RoomModel> = BTreeMap::new();
    let mut keys = BTreeMap::new();
    let mut faults = Vec::new();
    for fact in facts {
        let (key, done) = match fact {
            Fact::Committed(LogKey::Room(key), events) => {
                let room = rooms.entry(key.clone()).or_default();
                room.key = Some(key.clone());
                room.commit(&model.players, events);
                continue;
            }
            Fact::Seated {
                room,
                key,
                local_id,
                tags,
            } => {
                keys.insert(*room, key.clone());
                (key, format!("seated {local_id:?} {tags:?}"))
            }
            Fact::Unseated { room, local_id } => {
                let Some(key) = keys.get(room) else { continue };
                (key, format!("unseated {local_id:?}"))
            }
            Fact::Letter {
                key,
                to: Recipients::Matching(tag, except),
                content,
                said: true,
                ..
            } => (key, letter(tag, *except, &content.args)),
            _ => continue,
        };
        let room = rooms.entry(key.clone()).or_default();
        match room.due.pop_front() {
            Some(due) if due == done => {}
            due => faults.push(format!("{key:?} did {done:?}, where {due:?} was due")),
        }
    }
    for (key, room) in &mut rooms {
        faults.append(&mut room.faults);
        if let Some(due) = room.due.front() {
            faults.push(format!("{key:?} never did {due:?}"));
        }
    }
    answers(model, &rooms, &mut faults);
    faults.into_iter().for_each(|fault| model.fault(fault));
}

fn letter(tag: &ChannelScope, except: Option<LocalId>, args: &[u8]) -> String {
    let args = String::from_utf8_lossy(args);
    format!("letter to {tag:?} but {except:?}: {args}")
}

/// What was answered, and to whom, is what was committed.
fn answers(model: &Model, rooms: &BTreeMap<RoomKey, RoomModel>, faults: &mut Vec<String>) {
    for (player, who) in model.players.iter().enumerate() {
        if who.gone || model.unsure.contains(&player) {
            continue;
        }
        let moves = rooms.values().flat_map(|room| &room.moves);
        let moves = moves.filter(|((of, _), _)| *of == who.id);
        let committed: BTreeMap<_, _> = moves.map(|((_, what), count)| (what, *count)).collect();
        let answered = model.moves.iter().filter(|((of, _), _)| *of == player);
        let answered: BTreeMap<_, _> = answered.map(|((_, what), count)| (what, *count)).collect();
        if committed != answered {
            faults.push(format!(
                "{player} was answered {answered:?}, and committed is {committed:?}"
            ));
        }
    }
    for (id, said) in &model.letters {
        let Whom::Room(key) = &said.to else { continue };
        let reached = rooms.get(key).and_then(|room| room.reached.get(id));
        match &said.answer {
            Some(Ok(recipients)) if reached.copied().unwrap_or(0) != *recipients => {
                faults.push(format!(
                    "letter {id:?} reached {recipients}, by its event {reached:?}"
                ));
            }
            Some(Err(why)) if reached.is_some() && !why.starts_with("Internal") => {
                faults.push(format!("letter {id:?} is in the log, and failed: {why}"));
            }
            _ => {}
        }
    }
}

/// Joins and leaves of a member in a room, under a tag.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Move {
    Join(RoomKey, ChannelScope),
    Leave(RoomKey, ChannelScope),
}

/// A room, as its events make it.
#[derive(Default)]
struct RoomModel {
    key: Option<RoomKey>,
    members: BTreeMap<MemberId, Vec<ChannelScope>>,
    policies: BTreeMap<ChannelScope, Policy>,
    /// What the room has to do.
    due: VecDeque<String>,
    moves: BTreeMap<(MemberId, Move), usize>,
    /// Whom letters reached.
    reached: BTreeMap<(usize, u64), usize>,
    faults: Vec<String>,
}

fn matches(tags: &[ChannelScope], address: &ChannelScope) -> bool {
    let has = |tag: &ChannelScope| tags.contains(tag);
    !tags.is_empty() && (address.is_none() || has(&None) || has(address))
}

impl RoomModel {
    fn commit(&mut self, players: &[Player], events: &[RoomEvent]) {
        let local_id = |member: &MemberId| {
            let player = players.iter().find(|player| player.id == *member);
            player.map(|player| player.local_id)
        };
        for (at, event) in events.iter().enumerate() {
            match event {
                RoomEvent::Joined(joined) => self.join(joined, local_id(&joined.member)),
                RoomEvent::Left(left) => self.leave(left, local_id(&left.member)),
                RoomEvent::Policy(tag, policy) => {
                    let occupied = self.members.values().any(|tags| tags.contains(tag));
                    // The first at an address makes its policy; later on only a command does.
                    let begins = at > 0;
                    if !occupied || begins && self.policies.get(tag) != Some(&Policy::default()) {
                        self.fault(format!("{policy:?} at {tag:?}"));
                    }
                    self.policies.insert(tag.clone(), policy.clone());
                }
                RoomEvent::Said(said) => self.say(said, local_id(&said.from)),
                // No room of a simulation has a hook.
                RoomEvent::Script(_) => self.fault(format!("{event:?}")),
            }
        }
    }

    fn join(&mut self, joined: &Joined, local_id: Option<LocalId>) {
        let Joined { member, tag, .. } = joined;
        let before = self.members.get(member).cloned().unwrap_or_default();
        let mut after = before.clone();
        after.push(tag.clone());
        after.sort();
        if before.contains(tag) {
            self.fault(format!("{member} joins {tag:?} once more"));
        }
        self.members.insert(member.clone(), after.clone());
        for (address, policy) in self.policies.clone() {
            if matches(&before, &address) || !matches(&after, &address) {
                continue;
            }
            let there = self.matching(&address).count();
            if policy.capacity.is_some_and(|capacity| there > capacity) {
                self.fault(format!("{member} is one too many at {address:?}"));
            }
            let invited = || policy.invited.iter().any(|name| **name == *member.as_str());
            if policy.locked || policy.access == Access::Invite && !invited() {
                self.fault(format!("{member} joins {address:?}, which is closed to it"));
            }
        }
        self.policies.entry(tag.clone()).or_default();
        self.moved(member, Move::Join, tag);
        self.sits(local_id, &after);
    }

    fn leave(&mut self, left: &Left, local_id: Option<LocalId>) {
        let before = self.members.remove(&left.member).unwrap_or_default();
        if left.tags.is_empty() || left.tags.iter().any(|tag| !before.contains(tag)) {
            self.fault(format!("of {before:?} goes {left:?}"));
        }
        let after: Vec<_> = before
            .into_iter()
            .filter(|tag| !left.tags.contains(tag))
            .collect();
        if !after.is_empty() {
            self.members.insert(left.member.clone(), after.clone());
        }
        for tag in &left.uninvited {
            self.policies.entry(tag.clone()).or_default().invited = Default::default();
        }
        let members = &self.members;
        self.policies
            .retain(|tag, _| members.values().any(|tags| tags.contains(tag)));
        if left.reason == LeaveReason::Leave {
            let tags = left.tags.iter();
            tags.for_each(|tag| self.moved(&left.member, Move::Leave, tag));
        }
        if left.reason == LeaveReason::Kick {
            // Its session is told by the way of its seat, whatever it keeps.
            self.sits(local_id, &[]);
        }
        if left.reason != LeaveReason::Kick || !after.is_empty() {
            self.sits(local_id, &after);
        }
    }

    fn say(&mut self, said: &Said, local_id: Option<LocalId>) {
        let seated = self.members.contains_key(&said.from);
        let except = local_id.filter(|_| !said.echo && seated);
        let reached = self
            .matching(&said.tag)
            .filter(|member| said.echo || **member != said.from)
            .count();
        let args = String::from_utf8_lossy(&said.content.args);
        let mut fields = args.split('|').skip(1).map(str::parse);
        if let (Some(Ok(player)), Some(Ok(number))) = (fields.next(), fields.next()) {
            let again = self.reached.insert((player as usize, number), reached);
            if again.is_some() {
                self.faults.push(format!("{args} is in the log twice"));
            }
        }
        self.due
            .push_back(letter(&said.tag, except, &said.content.args));
    }

    fn matching(&self, address: &ChannelScope) -> impl Iterator<Item = &MemberId> {
        let members = self.members.iter();
        members
            .filter(move |(_, tags)| matches(tags, address))
            .map(|(member, _)| member)
    }

    fn sits(&mut self, local_id: Option<LocalId>, tags: &[ChannelScope]) {
        // Who was never told that it is connected is no player.
        let Some(local_id) = local_id else { return };
        self.due.push_back(match tags {
            [] => format!("unseated {local_id:?}"),
            tags => {
                let tags = tags
                    .iter()
                    .fold(Scopes::default(), |all, tag| all.with(tag));
                format!("seated {local_id:?} {tags:?}")
            }
        });
    }

    fn moved(
        &mut self,
        member: &MemberId,
        how: fn(RoomKey, ChannelScope) -> Move,
        tag: &ChannelScope,
    ) {
        let Some(key) = self.key.clone() else { return };
        let what = how(key, tag.clone());
        *self.moves.entry((member.clone(), what)).or_default() += 1;
    }

    fn fault(&mut self, what: String) {
        let key = &self.key;
        self.faults.push(format!("{key:?} committed: {what}"));
    }
}
