//! One run: a small hub whose clients join, leave, speak, crash things and go, at random.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc, time::Duration};

use dondo_actors::{
    error::{JoinError, NotifyError},
    fault::Point,
    id::{RoomKey, Tag},
    message::Command,
    namespace::NamespaceSettings,
    outbox::OutboxLimits,
    session::{JoinRequest, Member, NotifyRequest},
    state::{
        audience::Which,
        room::{Access, Wish},
    },
    testing::{
        Probe, Random, Reading, Setup, World, content, inspect::StandStill, marked, trace,
        wire::announce,
    },
};

use crate::{
    check,
    model::{Model, Player, Said, Whom},
};

/// What a courier may have undigested.
pub(crate) const BACKLOG_MAX: usize = 8;
const STEPS: usize = 70;
/// An actor takes five crashes in ten seconds; a run stays below that.
const POISONS_MAX: usize = 5;

/// What became of a seed.
#[derive(Default, PartialEq, Debug)]
pub(crate) struct Played {
    /// What was wrong.
    pub(crate) faults: Vec<String>,
    /// All that was done, answered and heard.
    pub(crate) story: Vec<String>,
    /// How often handlers crashed, sessions ended for which reason, and letters were delivered.
    pub(crate) met: BTreeMap<&'static str, u64>,
}

/// Plays a seed.
pub(crate) fn play(seed: u64) -> Played {
    let result = Rc::new(RefCell::new(Played::default()));
    let out = result.clone();
    let mut random = Random::new(seed);
    let setup = Setup {
        seed,
        workers: 1 + random.below(3),
        // One run in four meets real mailboxes instead of delays.
        delay: (!random.percent(25)).then_some(random.below(12)),
        herald: random.percent(50),
        settings: NamespaceSettings {
            mailbox_max: 4,
            courier_patience: Duration::from_millis(250),
            ..NamespaceSettings::default()
        },
        limits: OutboxLimits {
            bytes_max: 4000,
            count_max: 40,
            ..Setup::default().limits
        },
        backlog_max: BACKLOG_MAX,
        ..Setup::default()
    };
    World::run(setup, |world| async move {
        let game = Game::new(&world, random).await;
        *out.borrow_mut() = game.play().await;
    });
    result.take()
}

struct Seatholder {
    probe: Probe,
    member: Rc<Member>,
    next: u64,
    slow: bool,
}

struct Game<'w> {
    world: &'w Rc<World>,
    random: Random,
    clients: Vec<Seatholder>,
    model: Rc<RefCell<Model>>,
    poisons: usize,
}

impl<'w> Game<'w> {
    async fn new(world: &'w Rc<World>, random: Random) -> Self {
        let mut game = Self {
            world,
            random,
            clients: Vec::new(),
            model: Rc::default(),
            poisons: 0,
        };
        for _ in 0..3 + game.random.below(4) {
            game.enter().await;
        }
        game
    }

    async fn enter(&mut self) {
        let probe = self
            .world
            .client(self.random.below(self.world.couriers.len()));
        let Some(member) = probe.try_connect("/").await else {
            // It met a worker that had stood still, and may come back.
            return drop(probe.take());
        };
        let place = self
            .world
            .hub
            .members()
            .find(&("/".into(), member.id().clone()))
            .expect("it is in the directory");
        let player = Player {
            id: member.id().clone(),
            slot: place.slot,
            gone: false,
        };
        self.model.borrow_mut().players.push(player);
        self.clients.push(Seatholder {
            probe,
            member,
            next: 0,
            slow: false,
        });
    }

    async fn play(mut self) -> Played {
        for _ in 0..STEPS {
            self.step().await;
            if self.random.percent(40) {
                let time = Duration::from_millis(1 + self.random.below(20) as u64);
                tokio::time::sleep(time).await;
            }
            self.watch();
        }
        if self.random.percent(50) {
            // Presence events come late; then all is compared once more.
            self.world.settle().await;
            tokio::time::sleep(Duration::from_secs(1)).await;
            self.model.borrow_mut().settled_presence = true;
        }
        self.read_all().await;
        let rest = self.world.rest("/").await;
        self.watch();
        let taken: Vec<Vec<String>> = self
            .clients
            .iter()
            .map(|client| client.probe.take())
            .collect();
        let views: BTreeMap<usize, _> = self
            .clients
            .iter()
            .map(|client| client.member.clone())
            .enumerate()
            .collect();
        check::all(&mut self.model.borrow_mut(), &rest, &taken, &views);
        let left = self.world.leftovers().await;
        self.clients
            .iter()
            .for_each(|client| drop(client.probe.take()));
        let mut model = self.model.borrow_mut();
        if !model.faults.is_empty() {
            self.world.forgive();
        }
        if !left.is_empty() && model.faults.is_empty() {
            model.fault(format!("after all have left there still are {left:?}"));
        }
        let mut story = std::mem::take(&mut model.story);
        story.extend(taken.into_iter().flatten());
        if std::env::var_os("DONDO_SEED").is_some() {
            story.iter().for_each(|line| println!("{line}"));
        }
        let metrics = self.world.hub.metrics();
        let mut met: BTreeMap<_, _> = metrics
            .closes()
            .map(|(reason, count)| (reason.as_str(), count))
            .collect();
        met.insert("crashes", self.world.count(|metrics| &metrics.crashes));
        met.insert(
            "deliveries",
            self.world.count(|metrics| &metrics.deliveries),
        );
        Played {
            faults: std::mem::take(&mut model.faults),
            story,
            met,
        }
    }

    /// Those who read slowly catch up.
    async fn read_all(&self) {
        for client in &self.clients {
            client.probe.reads(Reading::Eager);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    fn watch(&mut self) {
        // Each room and the namespace may end a message above the limit, and each seat is owed at any time.
        let allowed = BACKLOG_MAX + 5 * (ROOMS + 1);
        for courier in &self.world.couriers {
            let undigested = courier.backlog.undigested();
            if undigested > allowed {
                self.model.borrow_mut().fault(format!(
                    "a courier has {undigested} undigested, {allowed} at most"
                ));
            }
        }
        for (player, client) in self.clients.iter().enumerate() {
            if client.probe.ended().is_some() {
                self.model.borrow_mut().players[player].gone = true;
            }
        }
    }

    async fn step(&mut self) {
        let player = self.random.below(self.clients.len());
        match self.random.below(100) {
            0..22 => self.join(player),
            22..33 => self.leave(player),
            33..63 => self.notify(player),
            63..73 => self.broadcast(player),
            73..80 => self.whisper(player),
            80..83 => self.manage(player),
            83..85 => self.go(player),
            85..88 => {
                if self.clients.len() < 8 {
                    self.enter().await;
                }
            }
            88..91 => self.slow_down(player),
            91..95 => self.burst(player),
            95..97 => {
                let courier = self.random.below(self.world.couriers.len());
                let time = Duration::from_millis(20 + self.random.below(400) as u64);
                self.tell(format!("courier {courier} stands still for {time:?}"));
                self.world.couriers[courier].post.control(StandStill(time));
            }
            _ => self.world.settle().await,
        }
    }

    fn join(&mut self, player: usize) {
        let (room, tag) = self.address();
        let part = if self.random.percent(40) {
            "namespace"
        } else {
            part_of(&room)
        };
        let poison = self.poison(part);
        let wish = Wish {
            capacity: self.random.percent(20).then(|| 1 + self.random.below(4)),
            access: if self.random.percent(10) {
                Access::Invite
            } else {
                Access::Open
            },
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
            user: Some(poison.clone().unwrap_or_default().into()),
            wish,
            announce: self
                .random
                .percent(60)
                .then(|| announce("joined", &room, &who)),
            farewell: self
                .random
                .percent(60)
                .then(|| announce("left", &room, &who)),
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
                        if new
                            && answer
                                .capacity
                                .is_some_and(|capacity| answer.count > capacity)
                        {
                            model.fault(format!("{player} joined {room:?} above its capacity"));
                        }
                        if poison.is_some() {
                            model.fault(format!("{player} joined {room:?} with {poison:?}"));
                        }
                        model.joined(player, room, &tag);
                    }
                    Err(JoinError::Internal(fault)) if poison.is_none() => {
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

    fn leave(&mut self, player: usize) {
        let (room, tag) = self.address();
        let which = match (self.random.below(3), &tag) {
            (0, _) => Which::All,
            (1, Some(channel)) => Which::Matching(channel.clone()),
            _ => Which::Exactly(tag),
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

    fn notify(&mut self, player: usize) {
        let (room, tag) = self.address();
        self.say(player, room, tag);
    }

    fn say(&mut self, player: usize, room: RoomKey, tag: Tag) {
        let part = if self.random.percent(30) {
            "courier"
        } else {
            part_of(&room)
        };
        let poison = self.poison(part);
        let request = NotifyRequest {
            room: room.clone(),
            tag,
            echo: self.random.percent(50),
            seat_needed: self.random.percent(30),
        };
        let to = Whom::Room(room.clone());
        let (id, args) = self.letter(player, &room.name, to, poison, part);
        let asked = self.clients[player]
            .member
            .notify(request, content("say", &args));
        let model = self.model.clone();
        self.world.ask(asked, move |answer| {
            answered(&mut model.borrow_mut(), id, answer.map(|a| a.recipients))
        });
    }

    fn broadcast(&mut self, player: usize) {
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
        let part = if self.random.percent(50) {
            "courier"
        } else {
            "namespace"
        };
        let poison = self.poison(part);
        let to = Whom::Rooms {
            rooms: rooms.clone(),
            except: except.clone(),
            echo,
        };
        let (id, args) = self.letter(player, "*", to, poison, part);
        let asked =
            self.clients[player]
                .member
                .broadcast(rooms, except, echo, content("say", &args));
        let model = self.model.clone();
        self.world.ask(asked, move |answer| {
            answered(&mut model.borrow_mut(), id, answer.map(|a| a.recipients))
        });
    }

    fn whisper(&mut self, player: usize) {
        let to = self.random.below(self.clients.len());
        let (id, args) = self.letter(player, "@", Whom::Player(to), None, "");
        let whom = self.clients[to].member.id().clone();
        let asked = self.clients[player]
            .member
            .whisper(whom, content("say", &args));
        let model = self.model.clone();
        self.world.ask(asked, move |found| {
            answered(&mut model.borrow_mut(), id, Ok(usize::from(found)))
        });
    }

    fn manage(&mut self, player: usize) {
        let (room, _) = self.address();
        let other = self.random.below(self.clients.len());
        let whom = self.clients[other].member.id().clone();
        let command = match self.random.below(3) {
            0 => Command::Lock(self.random.percent(30)),
            1 => Command::Invite(vec![whom.as_str().into()]),
            _ => {
                self.model.borrow_mut().kicked.insert((other, room.clone()));
                Command::Kick(whom)
            }
        };
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

    fn burst(&mut self, player: usize) {
        let (room, tag) = self.address();
        for _ in 0..40 + self.random.below(20) {
            self.say(player, room.clone(), tag.clone());
        }
    }

    fn go(&mut self, player: usize) {
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

    fn slow_down(&mut self, player: usize) {
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
        poison: Option<String>,
        part: &'static str,
    ) -> ((usize, u64), String) {
        let number = self.clients[player].next;
        self.clients[player].next += 1;
        let said = Said {
            by: player,
            to,
            poison: poison.as_ref().map(|_| part),
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
            format!("{head}|{player}|{number}|{}", poison.unwrap_or_default()),
        )
    }

    fn poison(&mut self, part: &str) -> Option<String> {
        if self.poisons >= POISONS_MAX || !self.random.percent(12) {
            return None;
        }
        self.poisons += 1;
        let point = *self
            .random
            .pick(&[Point::Before, Point::Midway, Point::After]);
        Some(marked(part, point))
    }

    fn address(&mut self) -> (RoomKey, Tag) {
        address(&mut self.random)
    }

    fn tell(&self, what: String) {
        self.model.borrow_mut().story.push(what);
    }
}

const ROOMS: usize = 5;

fn address(random: &mut Random) -> (RoomKey, Tag) {
    let tag = random.pick(&[None, Some("c"), Some("d")]).map(Into::into);
    match random.below(ROOMS) {
        0 => (RoomKey::channel("c"), None),
        1 => (RoomKey::channel("d"), None),
        2 => (RoomKey::room("r"), tag),
        3 => (RoomKey::room("s"), tag),
        _ => (RoomKey::plain("p"), None),
    }
}

fn part_of(room: &RoomKey) -> &'static str {
    match room.kind {
        dondo_actors::id::Kind::Channel => "channel",
        _ => "room",
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
        (Ok(1..), Some(part)) if part != "courier" => {
            Some("the poison's sender is told that all is well".into())
        }
        _ => None,
    };
    said.answer = Some(answer.map_err(|error| format!("{error:?}")));
    if let Some(fault) = fault {
        model.suspect(id.0, format!("letter {id:?}: {fault}"));
    }
}
