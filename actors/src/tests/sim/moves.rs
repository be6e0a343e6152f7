//! What a client of a run may do: each move is told to the model, and its answer too.

use std::time::Duration;

use crate::{
    error::{JoinError, NotifyError},
    event::Access,
    id::{ChannelScope, MemberId, RoomKey},
    letter::Manner,
    message::{Action, Command},
    session::{JoinRequest, NotifyRequest},
    state::{
        audience::{LeaveScope, PresenceScope},
        room::RoomOptions,
    },
    testing::{Call, Poison, Random, Reading, content, trace, wire::announce},
};

use super::{
    events::Move,
    model::{ClientPacket, Model, Whom},
    play::{Game, POISONS_MAX},
};

impl Game<'_> {
    pub(crate) fn join(&mut self, player: usize) {
        let (room, tag) = self.address();
        let poison = self.poison(&[Poison::Append]);
        let options = RoomOptions {
            has_token: false,
            seats_max: None,
            capacity: self.random.percent(20).then(|| 1 + self.random.below(4)),
            access: self.random.percent(10).then_some(Access::Invite),
            default_access: Access::Open,
            invite: vec![
                self.clients[self.random.below(self.clients.len())]
                    .member
                    .id()
                    .as_str()
                    .into(),
            ],
        };
        let who = self.clients[player].member.id().to_string();
        let request = JoinRequest {
            room: room.clone(),
            tag: tag.clone(),
            user: Some(poison.map_or("", Poison::mark).into()),
            options,
            announce: self
                .random
                .percent(60)
                .then(|| announce("joined", &room, &who)),
            leave_event: self
                .random
                .percent(60)
                .then(|| announce("left", &room, &who)),
            history: None,
            told: PresenceScope::Everyone,
        };
        self.tell(format!("{player} joins {room:?} {tag:?} {poison:?}"));
        let model = self.model.clone();
        self.world
            .ask(self.clients[player].member.join(request), move |answer| {
                let mut model = model.borrow_mut();
                model.story.push(format!(
                    "{player} joined {room:?}: {:?}",
                    answer.as_ref().map(|joined| joined.count)
                ));
                match answer {
                    Ok(answer) => {
                        // One who has a seat already takes no further place with another tag.
                        let new = answer.tags.iter().count() == 1 && !answer.already;
                        // The capacity in force without a channel may be that of an address with one.
                        if new
                            && tag.is_some()
                            && answer
                                .terms
                                .capacity
                                .is_some_and(|capacity| answer.count > capacity)
                        {
                            model.fault(format!("{player} joined {room:?} above its capacity"));
                        }
                        if poison.is_some() && !answer.already {
                            model.fault(format!("{player} joined {room:?} with {poison:?}"));
                        }
                        if !answer.already {
                            model.moved(player, Move::Join(room.clone(), tag.clone()));
                        }
                        model.joined(player, room, &tag);
                    }
                    Err(JoinError::Internal(fault)) if poison.is_none() => {
                        model.unsure.insert(player);
                        model.suspect(
                            player,
                            format!(
                                "{player} could not join {room:?}, which is not its doing: {fault}"
                            ),
                        );
                    }
                    Err(_) => {}
                }
            });
    }

    pub(crate) fn leave(&mut self, player: usize) {
        let (room, tag) = self.address();
        let which = match (self.random.below(3), &tag) {
            (0, _) => LeaveScope::All,
            (1, Some(channel)) => LeaveScope::Matching(channel.clone()),
            _ => LeaveScope::Exactly(tag),
        };
        let who = self.clients[player].member.id().to_string();
        let telling = self
            .random
            .percent(50)
            .then(|| announce("left", &room, &who));
        self.tell(format!("{player} leaves {room:?} {which:?}"));
        let model = self.model.clone();
        self.world.ask(
            self.clients[player]
                .member
                .leave(room.clone(), which, telling),
            move |answer| {
                let mut model = model.borrow_mut();
                model
                    .story
                    .push(format!("{player} left {room:?}: {answer:?}"));
                model.left(player, room, &answer.gone);
            },
        );
    }

    pub(crate) fn notify(&mut self, player: usize) {
        let (room, tag) = self.address();
        self.say(player, room, tag);
    }

    fn say(&mut self, player: usize, room: RoomKey, tag: ChannelScope) {
        let poison = self.poison(&[Poison::Append, Poison::Encode]);
        let request = NotifyRequest {
            room: room.clone(),
            tag,
            echo: self.random.percent(50),
            seat_needed: self.random.percent(30),
        };
        let to = Whom::Room(room.clone());
        let (id, args) = self.letter(player, &room.name, to, poison);
        let asked = self.clients[player]
            .member
            .notify(request, content("say", &args));
        let model = self.model.clone();
        self.world.ask(asked, move |answer| {
            answered(&mut model.borrow_mut(), id, answer.map(|a| a.recipients))
        });
    }

    pub(crate) fn broadcast(&mut self, player: usize) {
        let some = |random: &mut Random, most: usize| {
            (0..random.below(most + 1))
                .map(|_| address(random).0)
                .collect()
        };
        let rooms: Vec<RoomKey> = some(&mut self.random, 4);
        let rooms = (!rooms.is_empty()).then_some(rooms);
        let except: Vec<RoomKey> = if self.random.percent(30) {
            some(&mut self.random, 1)
        } else {
            Vec::new()
        };
        let echo = self.random.percent(50);
        let poison = self.poison(&[Poison::Append, Poison::Encode]);
        let to = Whom::Rooms {
            rooms: rooms.clone(),
            except: except.clone(),
            echo,
        };
        let (id, args) = self.letter(player, "*", to, poison);
        let asked =
            self.clients[player]
                .member
                .broadcast(rooms, except, echo, content("say", &args));
        let model = self.model.clone();
        self.world.ask(asked, move |answer| {
            answered(&mut model.borrow_mut(), id, answer.map(|a| a.recipients))
        });
    }

    pub(crate) fn send_to_member(&mut self, player: usize) {
        let to = self.random.below(self.clients.len());
        let (id, args) = self.letter(player, "@", Whom::Player(to), None);
        let whom = self.clients[to].member.id().clone();
        let asked = self.clients[player].member.send_to_member(
            whom,
            content("say", &args),
            Manner::default(),
        );
        let model = self.model.clone();
        self.world.ask(asked, move |found| {
            answered(&mut model.borrow_mut(), id, found.map(usize::from))
        });
    }

    pub(crate) fn manage(&mut self, player: usize) {
        let (room, tag) = self.address();
        let other = self.random.below(self.clients.len());
        let whom = self.clients[other].member.id().clone();
        let action = match self.random.below(3) {
            0 => Action::Lock(self.random.percent(30)),
            1 => Action::Invite(vec![whom.as_str().into()]),
            _ => {
                let who = (other, room.clone(), tag.clone());
                self.model.borrow_mut().kicked.insert(who);
                Action::Kick(vec![MemberId::new("nobody"), whom])
            }
        };
        let command = Command { tag, action };
        self.tell(format!("{player} commands {room:?}: {command:?}"));
        let model = self.model.clone();
        self.world.ask(
            self.clients[player].member.manage(room, command, None),
            move |answer| {
                model
                    .borrow_mut()
                    .story
                    .push(format!("{player} commanded: {answer:?}"));
            },
        );
    }

    pub(crate) fn burst(&mut self, player: usize) {
        let (room, tag) = self.address();
        for _ in 0..40 + self.random.below(20) {
            self.say(player, room.clone(), tag.clone());
        }
    }

    pub(crate) fn go(&mut self, player: usize) {
        if self.clients.len() < 3 || self.model.borrow().players[player].gone {
            return;
        }
        self.model.borrow_mut().players[player].gone = true;
        if self.random.percent(50) {
            self.tell(format!("{player} goes"));
            self.clients[player].probe.hang_up();
        } else {
            self.tell(format!("{player}'s session panics"));
            self.clients[player].probe.say("panic");
        }
    }

    pub(crate) fn slow_down(&mut self, player: usize) {
        let client = &mut self.clients[player];
        client.slow = !client.slow;
        let slow = if self.random.percent(50) {
            Reading::Never
        } else {
            Reading::Slow(Duration::from_millis(5))
        };
        client
            .probe
            .reads(if client.slow { slow } else { Reading::Eager });
        let reading = client.slow;
        self.tell(format!("{player} reads slowly: {reading}"));
    }

    fn letter(
        &mut self,
        player: usize,
        head: &str,
        to: Whom,
        poison: Option<Poison>,
    ) -> ((usize, u64), String) {
        let number = self.clients[player].next;
        self.clients[player].next += 1;
        let said = ClientPacket {
            by: player,
            to,
            poison,
            from: trace::len(),
            until: None,
            answer: None,
        };
        self.tell(format!("{player} says {number}: {said:?}"));
        self.model
            .borrow_mut()
            .letters
            .insert((player, number), said);
        (
            (player, number),
            format!(
                "{head}|{player}|{number}|{}",
                poison.map_or("", Poison::mark)
            ),
        )
    }

    fn poison(&mut self, kinds: &[Poison]) -> Option<Poison> {
        let poisoned = self.random.percent(12) && self.may_crash();
        poisoned.then(|| *self.random.pick(kinds))
    }

    fn may_crash(&mut self) -> bool {
        let may = self.poisons < POISONS_MAX;
        self.poisons += usize::from(may);
        may
    }

    /// A handler panics that nobody waits for.
    pub(crate) fn crash(&mut self) {
        if !self.may_crash() {
            return;
        }
        let at = self.random.below(self.world.couriers.len() + 1);
        self.tell(format!("{at} crashes"));
        match self.world.couriers.get(at) {
            Some(courier) => courier.mailbox.send(Call::panic()),
            None => self.world.crash_namespace(),
        }
    }

    fn address(&mut self) -> (RoomKey, ChannelScope) {
        address(&mut self.random)
    }

    pub(crate) fn tell(&self, what: String) {
        self.model.borrow_mut().story.push(what);
    }
}

pub(crate) const ROOMS: usize = 5;

fn address(random: &mut Random) -> (RoomKey, ChannelScope) {
    let tag = random.pick(&[None, Some("c"), Some("d")]).map(Into::into);
    match random.below(ROOMS) {
        0 => (RoomKey::channel("c"), None),
        1 => (RoomKey::channel("d"), None),
        2 => (RoomKey::room("r"), tag),
        3 => (RoomKey::room("s"), tag),
        _ => (RoomKey::plain("p"), None),
    }
}

fn answered(model: &mut Model, id: (usize, u64), answer: Result<usize, NotifyError>) {
    model.story.push(format!("letter {id:?}: {answer:?}"));
    let Some(said) = model.letters.get_mut(&id) else {
        return;
    };
    said.until = Some(trace::len());
    let fault = match (&answer, said.poison) {
        (Err(NotifyError::Internal(fault)), None) => {
            Some(format!("{fault}, though it is no poison"))
        }
        (Ok(1..), Some(Poison::Append | Poison::Appended)) => {
            Some("the poison's sender is told that all is well".into())
        }
        _ => None,
    };
    said.answer = Some(answer.map_err(|error| format!("{error:?}")));
    if let Some(fault) = fault {
        model.suspect(id.0, format!("letter {id:?}: {fault}"));
    }
}
