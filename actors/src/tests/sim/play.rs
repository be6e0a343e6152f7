//! One run: a small hub whose clients join, leave, speak, crash things and go, at random.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc, time::Duration};

use crate::{
    context::NamespaceSettings,
    outbox::OutboxLimits,
    session::{Member, SessionSettings},
    testing::{Call, Probe, Random, Reading, Setup, World},
};

use super::{
    check,
    model::{Model, Player},
};

/// What a courier may have undigested.
pub(crate) const WINDOW: usize = 8;
const STEPS: usize = 70;
/// An actor takes five crashes in ten seconds; a run stays below that.
pub(crate) const POISONS_MAX: usize = 5;

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
        presence_events: random.percent(50),
        settings: NamespaceSettings {
            courier_patience: Duration::from_millis(250),
            ..NamespaceSettings::default()
        },
        session: SessionSettings {
            outbox: OutboxLimits {
                bytes_max: 4000,
                count_max: 24,
                ..Setup::default().session.outbox
            },
            ..Setup::default().session
        },
        window: WINDOW,
        ..Setup::default()
    };
    World::run(setup, |world| async move {
        let game = Game::new(&world, random).await;
        *out.borrow_mut() = game.play().await;
    });
    result.take()
}

/// An epoch is another in each run.
fn without_token(text: &str) -> String {
    match text.rsplit_once(" @") {
        Some((text, token)) if !token.contains('|') => text.to_owned(),
        _ => text.to_owned(),
    }
}

pub(crate) struct Seatholder {
    pub(crate) probe: Probe,
    pub(crate) member: Rc<Member>,
    pub(crate) next: u64,
    pub(crate) slow: bool,
}

pub(crate) struct Game<'w> {
    pub(crate) world: &'w Rc<World>,
    pub(crate) random: Random,
    pub(crate) clients: Vec<Seatholder>,
    pub(crate) model: Rc<RefCell<Model>>,
    pub(crate) poisons: usize,
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
        let how = match self.random.percent(50) {
            true => "/ telling",
            false => "/",
        };
        let Some(member) = probe.try_connect(how).await else {
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
            local_id: place.local_id,
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
            .map(|client| {
                client
                    .probe
                    .take()
                    .iter()
                    .map(|text| without_token(text))
                    .collect()
            })
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
        met.insert("deliveries", metrics.deliveries.sum());
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
        let allowed = WINDOW;
        for courier in &self.world.couriers {
            let undigested = courier.window.undigested();
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
            73..80 => self.send_to_member(player),
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
                self.world.couriers[courier]
                    .mailbox
                    .send(Call::stand_still(time));
            }
            97..98 => self.crash(),
            _ => self.world.settle().await,
        }
    }
}
