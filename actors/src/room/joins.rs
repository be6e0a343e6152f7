//! A join: may it happen, what the member is told of what was said before, and what follows.

use std::sync::{Arc, Weak};

use super::{Room, commits::Proposal, requests::History};
use crate::{
    error::JoinError,
    event::{Joined, RoomEvent, Said},
    id::{Kind, LogPosition, Token},
    letter::{Draft, Letter},
    log::Events,
    message::{Join, JoinAnswer, PlacedJoin, Receipt, Replay, Replayed},
    ports::RoomOnline,
    state::{
        local_room::{Effect, Place},
        room::{Change, RoomOptions},
    },
};

impl Room {
    pub(super) fn decide_join(&self, placed: &PlacedJoin) -> Result<Proposal, JoinError> {
        match self.hook() {
            Some(hook) => self.decide_hooked_join(&*hook, placed),
            None => self.decide_plain_join(&placed.join.joined, &placed.join.options),
        }
    }

    pub(super) fn decide_plain_join(
        &self,
        joined: &Joined,
        options: &RoomOptions,
    ) -> Result<Proposal, JoinError> {
        let events = self.state.decide_join(joined, options.clone())?;
        let ends = self.state.histories_ended(&events);
        Ok(Proposal {
            expect: self.state.expect_of_join(joined, options),
            events: Events::from_vec(events),
            ends,
        })
    }

    /// Takes in what a join led to; the answer, and what follows from it.
    pub(super) fn joined(
        &mut self,
        placed: &PlacedJoin,
        history: Option<History>,
        events: &[RoomEvent],
    ) -> (JoinAnswer, Vec<Effect>) {
        let Join {
            joined,
            announce,
            history: asked,
            told,
            ..
        } = &*placed.join;
        let Joined { member, tag, .. } = joined;
        let courier = &placed.courier;
        let place = Place {
            worker: courier.worker,
            local_id: placed.local_id,
            join: placed.number,
        };
        // One that has the seat already may have another name now.
        let own = self.state.roster().get(member);
        let is_seated =
            own.is_some_and(|own| own.tags.has(tag)) && self.local.place(member).is_some();
        let already = events.is_empty() || is_seated;
        let (mut told_since, mut replayed) = (None, None);
        if asked.is_some() {
            let history = self.untold(placed, history.unwrap_or_default(), already);
            told_since = history.first;
            replayed = Some(self.replay(placed, history));
        }
        let created = !already && self.state.policy(tag).is_none();
        let mut effects = Vec::new();
        let is_told_otherwise = self.local.tell(member, tag, *told);
        for event in events {
            let tags = match self.state.apply(event) {
                Change::Joined(tags) => Some(tags),
                Change::Renamed(tags) if self.local.place(member).is_some() => {
                    effects = self.with_surroundings(|room, local, around| {
                        local.renamed(room, &tags, around)
                    });
                    None
                }
                // A join that was given up came about meanwhile.
                _ if self.local.place(member).is_none() => {
                    self.state.roster().get(member).map(|own| own.tags.clone())
                }
                _ => None,
            };
            if let Some(tags) = tags {
                self.links
                    .couriers
                    .entry(place.worker)
                    .or_insert_with(|| courier.clone());
                effects = self.with_surroundings(|room, local, around| {
                    local.joined(
                        room,
                        (member, place),
                        (tag, tags),
                        announce.as_ref(),
                        around,
                    )
                });
            }
        }
        if already && is_told_otherwise {
            let own = self.state.roster().get(member);
            let seat = own.and_then(|own| self.local.told_otherwise(member, own.tags.clone()));
            effects.extend(seat);
        }
        if let Some(first) = told_since {
            let before = Token {
                epoch: first.epoch,
                cursor: first.cursor.saturating_sub(1),
            };
            self.state.told_since(member, tag, before);
        }
        let users = match self.state.key().kind {
            Kind::Plain => Vec::new(),
            Kind::Channel | Kind::Room => self.state.present(tag, RoomOnline::USERS),
        };
        let tags = self.state.roster().get(member);
        let answer = JoinAnswer {
            already,
            count: self.state.roster().matching(tag),
            terms: self.state.terms(tag, created),
            users,
            tags: tags.map(|own| own.tags.clone()).unwrap_or_default(),
            number: placed.number,
            replayed,
            room: self.links.this.clone(),
        };
        (answer, effects)
    }

    /// What of the history is to be told: who has a seat already was told some of it when it was said, and is told nothing out
    /// of order.
    fn untold(&self, placed: &PlacedJoin, history: History, already: bool) -> Untold {
        let History { letters, complete } = history;
        let member = &placed.join.joined.member;
        let first = letters.first().map(|(position, _)| *position);
        let served = self.local.place(member).is_some();
        let own = self.state.roster().get(member).filter(|_| served);
        let told = |position, said: &Said| own.is_some_and(|own| own.was_told(&said.tag, position));
        let letters = letters.into_iter();
        let letters = letters.filter(|(position, said)| !told(*position, said));
        let letters: Vec<_> = letters.collect();
        match already {
            true => Untold {
                complete: complete && letters.is_empty(),
                letters: Vec::new(),
                first: None,
            },
            false => Untold {
                letters,
                first,
                complete,
            },
        }
    }

    /// Sends what was said before, ahead of the seat: what is said from now on comes behind it.
    fn replay(&mut self, placed: &PlacedJoin, history: Untold) -> Replayed {
        let count = history.letters.len();
        let bytes = history
            .letters
            .iter()
            .map(|(_, said)| said.content.len())
            .sum();
        let receipt = Receipt::new(usize::from(count > 0), placed.join.reply.home());
        if count > 0 {
            let replay = Replay {
                local_id: placed.local_id,
                letters: self.shared(history.letters),
                receipt: receipt.clone(),
            };
            self.links.gateway.send(&placed.courier, replay);
        }
        Replayed {
            position: self.state.standing().position,
            count,
            bytes,
            complete: history.complete,
            receipt,
        }
    }

    /// The letters that were said: a crowd that comes at once shares their frames while anybody holds them.
    fn shared(&mut self, said: Vec<(LogPosition, Arc<Said>)>) -> Vec<Arc<Letter>> {
        let context = &self.links.context;
        let told = &mut self.links.told_again;
        told.retain(|_, letter| letter.strong_count() > 0);
        let letters = said.into_iter().map(|(position, said)| {
            let place = (position.epoch, position.cursor);
            let known = told.get(&place).and_then(Weak::upgrade);
            known.unwrap_or_else(|| {
                let draft = Draft::new(said.content.clone(), &context.encodings);
                let token = Some(position.token());
                let letter = Arc::new(draft.seal(context.namespace.clone(), token));
                told.insert(place, Arc::downgrade(&letter));
                letter
            })
        });
        letters.collect()
    }
}

/// What of the history is to be told.
struct Untold {
    letters: Vec<(LogPosition, Arc<Said>)>,
    /// The first letter of the history: all from there on are told now, or were before.
    first: Option<LogPosition>,
    complete: bool,
}
