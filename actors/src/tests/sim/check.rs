//! What must hold at the end of a run: seats as the answers say, each letter once, one order, nothing missing.

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use crate::{
    id::{Kind, LocalId, RoomId, RoomKey},
    session::Member,
    state::audience::Scopes,
    testing::{
        Poison, Rest,
        trace::{self, Fact, Recipients},
    },
};

use super::{
    events,
    model::{Model, Whom},
};

/// Checks everything; what is wrong goes to the model.
pub(crate) fn all(
    model: &mut Model,
    rest: &Rest,
    taken: &[Vec<String>],
    members: &BTreeMap<usize, Rc<Member>>,
) {
    for (player, suspicion) in std::mem::take(&mut model.suspicions) {
        if !model.players[player].gone {
            model.fault(suspicion);
        }
    }
    rest.faults
        .iter()
        .for_each(|fault| model.fault(fault.clone()));
    seats(model, rest, members);
    let facts = trace::facts();
    for fact in &facts {
        if let Fact::Died(key) = fact {
            model.fault(format!("{key:?} is dead, or was"));
        }
    }
    events::compare(model, &facts);
    offsets(model, &facts, rest);
    for (player, texts) in taken.iter().enumerate() {
        let heard: Vec<FromClient> = texts
            .iter()
            .filter_map(|text| FromClient::read(text))
            .collect();
        once_and_in_order(model, player, &heard);
        rooms(model, player, &heard, &facts);
        several_rooms(model, player, &heard, &facts);
    }
    presence(model, rest, taken);
}

/// A letter as a client reads it: `letter / NAME KEY|…`.
struct FromClient {
    name: String,
    args: String,
    head: String,
    id: Option<(usize, u64)>,
}

impl FromClient {
    fn read(text: &str) -> Option<Self> {
        let mut words = text.strip_prefix("letter / ")?.splitn(2, ' ');
        let (name, args) = (words.next()?.to_owned(), words.next()?.to_owned());
        let mut fields = args.split('|');
        let head = fields.next()?.to_owned();
        let id = (name == "say")
            .then(|| Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?)));
        Some(Self {
            name,
            args,
            head,
            id: id.flatten(),
        })
    }
}

fn seats(model: &mut Model, rest: &Rest, members: &BTreeMap<usize, Rc<Member>>) {
    let keys: BTreeSet<RoomKey> = rest
        .seats
        .keys()
        .cloned()
        .chain(model.seats.keys().map(|(_, key)| key.clone()))
        .collect();
    let none = BTreeMap::new();
    for key in keys {
        let there = rest.seats.get(&key).unwrap_or(&none);
        for (player, member) in members {
            let id = model.players[*player].id.clone();
            let own = member
                .tags(&key)
                .map(|tags| format!("{:?}", tags.iter().collect::<Vec<_>>()));
            let seat = there.get(&id).map(|seat| seat.tags.clone());
            let gone = model.players[*player].gone;
            if !gone && own != seat {
                model.fault(format!(
                    "{player} believes to have {own:?} in {key:?}, and has {seat:?}"
                ));
            }
            let possible = model.possible(*player, &key);
            if possible.contains(&seat) {
                continue;
            }
            model.fault(match seat {
                Some(seat) => format!(
                    "{player} has a seat that it should not have in {key:?}: {seat}, not one of {possible:?}"
                ),
                None => format!("{player} has lost its seat in {key:?}: {possible:?}"),
            });
        }
    }
}

/// Numbers run without gaps in each room's life.
fn offsets(model: &mut Model, facts: &[Fact], rest: &Rest) {
    let mut last: BTreeMap<RoomId, u64> = BTreeMap::new();
    let mut keys = BTreeMap::new();
    for fact in facts {
        if let Fact::Letter {
            room,
            key,
            offset,
            said,
            ..
        } = fact
        {
            // Its log may be older than the room.
            let first = offset - u64::from(*said);
            let before = last.insert(*room, *offset).unwrap_or(first);
            keys.insert(key.clone(), *room);
            if *offset != before + u64::from(*said) {
                model.fault(format!("{key:?} numbers {offset} after {before}"));
            }
        }
    }
    for (key, offset) in &rest.offsets {
        let known = keys.get(key).and_then(|room| last.get(room));
        // A log that keeps nothing ends with its room.
        if *offset != 0 && known.is_some_and(|known| known != offset) {
            model.fault(format!(
                "{key:?} has given {offset} numbers and told {known:?}"
            ));
        }
    }
}

fn once_and_in_order(model: &mut Model, player: usize, heard: &[FromClient]) {
    let mut last: BTreeMap<usize, u64> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for id in heard.iter().filter_map(|heard| heard.id) {
        if !seen.insert(id) {
            model.fault(format!("{id:?} came twice to {player}"));
        } else if last.get(&id.0).is_some_and(|&before| before > id.1) {
            model.fault(format!(
                "{id:?} was overtook by {:?} on its way to {player}",
                last.get(&id.0)
            ));
        }
        last.insert(id.0, id.1);
        let said = model.letters.get(&id).cloned();
        match said {
            None => model.fault(format!("{player} got {id:?}, which nobody said")),
            Some(said) => {
                if said.poison.is_some_and(|poison| poison != Poison::Encode) {
                    model.fault(format!("{player} got the poison {id:?}"));
                }
                if matches!(said.to, Whom::Player(to) if to != player) {
                    model.fault(format!(
                        "{player} got {id:?}, which was whispered to another"
                    ));
                }
            }
        }
    }
    let whispered = model.letters.iter().filter(|(_, said)| {
        said.to == Whom::Player(player) && said.answer == Some(Ok(1)) && !model.players[player].gone
    });
    let lost: Vec<_> = whispered
        .map(|(id, _)| *id)
        .filter(|id| !seen.contains(id))
        .collect();
    for id in lost {
        model.fault(format!(
            "{player} never got {id:?}, which was whispered to it"
        ));
    }
}

/// What a room sent while the player had a seat, in the room's order, is what it got from that room: nothing before its
/// join, nothing missing after it, nothing after its leave.
fn rooms(model: &mut Model, player: usize, heard: &[FromClient], facts: &[Fact]) {
    let local_id = model.players[player].local_id;
    let mut seats: BTreeMap<RoomId, Scopes> = BTreeMap::new();
    let mut expected: BTreeMap<String, Vec<(String, bool)>> = BTreeMap::new();
    for fact in facts {
        match fact {
            Fact::Seated {
                room,
                local_id: whose,
                tags,
                ..
            } if *whose == local_id => drop(seats.insert(*room, tags.clone())),
            Fact::Unseated {
                room,
                local_id: whose,
            } if *whose == local_id => drop(seats.remove(room)),
            Fact::Letter {
                room,
                key,
                to,
                content,
                ..
            } => {
                let hears = match to {
                    Recipients::One(whose) => *whose == local_id,
                    Recipients::Matching(tag, except) => {
                        *except != Some(local_id)
                            && seats.get(room).is_some_and(|tags| tags.matches(tag))
                    }
                };
                if hears {
                    let args = String::from_utf8_lossy(&content.args).into_owned();
                    let maybe = args.contains(Poison::Encode.mark());
                    let list = expected.entry(key.name.to_string()).or_default();
                    list.push((format!("{} {args}", content.name), maybe));
                }
            }
            _ => {}
        }
    }
    // Room "r", channel "c" and plain "p" have different names here, so the head names one room.
    let mut got: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for heard in heard
        .iter()
        .filter(|heard| heard.name != "online" && heard.head != "*" && heard.head != "@")
    {
        got.entry(heard.head.clone())
            .or_default()
            .push(format!("{} {}", heard.name, heard.args));
    }
    let names: BTreeSet<String> = expected.keys().chain(got.keys()).cloned().collect();
    for name in names {
        let mut wanted = expected.remove(&name).unwrap_or_default().into_iter();
        for got in got.remove(&name).unwrap_or_default() {
            let next = wanted.find(|(text, maybe)| *text == got || !maybe);
            match next {
                Some((text, _)) if text == got => {}
                Some((text, _)) => {
                    return model.fault(format!(
                        "{player} got {got} from {name}, where {text} was next"
                    ));
                }
                None => {
                    return model.fault(format!(
                        "{player} got {got} from {name}, where nothing was next"
                    ));
                }
            }
        }
        let missing = wanted.find(|(_, maybe)| !maybe);
        if let Some((text, _)) = missing.filter(|_| !model.players[player].gone) {
            model.fault(format!("{player} never got {text} from {name}"));
        }
    }
}

/// A letter to several rooms reaches those who were there all the time that it took, and none who never was.
fn several_rooms(model: &mut Model, player: usize, heard: &[FromClient], facts: &[Fact]) {
    let got: BTreeSet<(usize, u64)> = heard.iter().filter_map(|heard| heard.id).collect();
    let me = model.players[player].clone();
    let mut faults = Vec::new();
    for (id, said) in &model.letters {
        let (
            Whom::Rooms {
                rooms,
                except,
                echo,
            },
            Some(until),
        ) = (&said.to, said.until)
        else {
            continue;
        };
        let answered = matches!(said.answer, Some(Ok(_)));
        let excluded = presence_in(facts, me.local_id, except, said.from, until);
        let there = match rooms {
            None => (true, true),
            Some(rooms) => presence_in(facts, me.local_id, rooms, said.from, until),
        };
        let own = !echo && said.by == player;
        let must = there.0 && !excluded.1 && !own && answered && said.poison.is_none() && !me.gone;
        let may = there.1 && !excluded.0 && !own;
        // Whoever came in later is in no room that matters, but it is in the namespace.
        let must = must && (rooms.is_some() || id.0 == player);
        if must && !got.contains(id) {
            faults.push(format!("{player} never got {id:?}, said to {:?}", said.to));
        }
        if !may && got.contains(id) {
            faults.push(format!("{player} got {id:?}, which was not for it"));
        }
    }
    faults.into_iter().for_each(|fault| model.fault(fault));
}

/// Whether a slot had a seat in one of some rooms all the time between two facts; and whether at any time.
fn presence_in(
    facts: &[Fact],
    local_id: LocalId,
    keys: &[RoomKey],
    from: usize,
    until: usize,
) -> (bool, bool) {
    let mut seats: BTreeSet<RoomId> = BTreeSet::new();
    let (mut always, mut ever) = (true, false);
    let mut stable: Option<BTreeSet<RoomId>> = None;
    for (at, fact) in facts.iter().enumerate().take(until) {
        if at == from {
            stable = Some(seats.clone());
            ever = !seats.is_empty();
        }
        match fact {
            Fact::Seated {
                room,
                key,
                local_id: whose,
                ..
            } if *whose == local_id && keys.contains(key) => {
                seats.insert(*room);
                ever |= at >= from;
            }
            Fact::Unseated {
                room,
                local_id: whose,
            } if *whose == local_id => {
                seats.remove(room);
                if let Some(stable) = &mut stable {
                    stable.remove(room);
                }
            }
            _ => {}
        }
    }
    let stable = stable.unwrap_or_else(|| seats.clone());
    always &= !stable.is_empty();
    (always, ever || !seats.is_empty())
}

/// The last count of who is online, where it came late enough, is right.
fn presence(model: &mut Model, rest: &Rest, taken: &[Vec<String>]) {
    let channels = rest
        .seats
        .iter()
        .filter(|(key, _)| key.kind == Kind::Channel);
    let online: BTreeSet<_> = channels
        .flat_map(|(_, seats)| seats.keys().cloned())
        .collect();
    for (player, texts) in taken.iter().enumerate() {
        let me = &model.players[player];
        let last = texts
            .iter()
            .rev()
            .find_map(|text| text.strip_prefix("letter / online "));
        if let Some(last) =
            last.filter(|_| online.contains(&me.id) && !me.gone && model.settled_presence)
            && last.parse() != Ok(online.len())
        {
            model.fault(format!(
                "{player} was told that {last} are online, and {} are",
                online.len()
            ));
        }
    }
}
