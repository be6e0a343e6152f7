//! One letter to those of a courier's members who are in its audience.

use std::{collections::BTreeSet, rc::Rc};

use super::{Courier, FEW_BEHIND, LocalMember, Mirror, Wakes};
use crate::{
    error::CloseReason,
    id::{Kind, LocalId, Token},
    letter::{EncodingId, Encodings, Frame, Letter},
    message::{Audience, Deliver},
    notice::cause,
    outbox::{Full, Pushed},
};

impl Courier {
    /// Into how many outboxes it went; adds to `received` whose they are.
    pub(super) fn deliver(
        &mut self,
        message: &Deliver,
        received: Option<&mut Vec<Rc<LocalMember>>>,
    ) -> usize {
        if !matches!(message.audience, Audience::Member(_)) {
            self.crashes.count_time();
        }
        let letter = &message.letter;
        let watermark = self.watermarks.raise(&self.encodings, letter);
        let mut hands = Fanout {
            letter,
            encodings: &self.encodings,
            watermark,
            full: Vec::new(),
            frames: Vec::new(),
            delivered: 0,
            behind: 0,
            wakes: &self.wakes,
            received,
        };
        match &message.audience {
            Audience::Room {
                room,
                tag,
                except,
                of_presence,
                ..
            } => {
                let seats = self.rooms.get(room).map_or(&[][..], Mirror::seats);
                for (served, seat) in seats {
                    if Some(served.local_id) != *except && seat.hears(tag, *of_presence) {
                        hands.over(served);
                    }
                }
            }
            Audience::Selected(selected) => {
                self.each_selected(&letter.namespace, selected, |served| hands.over(served));
            }
            Audience::AnyChannel => {
                let mut seen: BTreeSet<LocalId> = BTreeSet::new();
                for mirror in self.rooms.values() {
                    if mirror.key.kind == Kind::Channel && mirror.namespace == letter.namespace {
                        for (served, seat) in mirror.seats() {
                            if seat.told_everyone && seen.insert(served.local_id) {
                                hands.over(served);
                            }
                        }
                    }
                }
            }
            Audience::Member(local_id) => {
                if let Some(served) = self.members.get(local_id) {
                    hands.over(served);
                }
            }
        }
        let Fanout {
            full,
            delivered,
            behind,
            ..
        } = hands;
        self.metrics.deliveries.add(self.worker, delivered);
        for served in full {
            served.evict(CloseReason::OutboxFull);
        }
        if let Audience::Room {
            room,
            brake: Some(brake),
            ..
        } = &message.audience
            && behind * FEW_BEHIND > delivered as usize
        {
            self.brake(*room, brake);
        }
        delivered as usize
    }
}

/// Hands one letter to many, with its frame looked up once for each encoding.
struct Fanout<'a> {
    letter: &'a Letter,
    encodings: &'a Encodings,
    watermark: Option<Token>,
    full: Vec<Rc<LocalMember>>,
    frames: Vec<(EncodingId, Option<Frame>)>,
    delivered: u64,
    behind: usize,
    wakes: &'a Wakes,
    received: Option<&'a mut Vec<Rc<LocalMember>>>,
}

impl Fanout<'_> {
    fn over(&mut self, served: &Rc<LocalMember>) {
        let known = self
            .frames
            .iter()
            .position(|(encoding, _)| *encoding == served.encoding);
        let known = known.unwrap_or_else(|| self.encode(served.encoding));
        let Some((_, Some(frame))) = self.frames.get(known) else {
            return;
        };
        let outbox = &served.outbox;
        let pushed = match self.letter.manner.latest {
            None => outbox.push(frame.clone(), self.letter.manner.volatile),
            Some(key) => outbox.push_latest(frame.clone(), key),
        };
        match pushed {
            Ok((Pushed::Dropped, _)) => {}
            Ok((pushed, to_wake)) => {
                self.wakes.add(&served.outbox, to_wake);
                self.delivered += 1;
                if served.observers.get().is_some() && !self.letter.is_observers {
                    served.observed(self.letter.content.clone());
                }
                if let Some(received) = &mut self.received {
                    received.push(served.clone());
                }
                self.behind += usize::from(pushed == Pushed::Behind);
            }
            Err(Full) => self.full.push(served.clone()),
        }
    }

    /// The place of the frame in one more encoding.
    fn encode(&mut self, encoding: EncodingId) -> usize {
        let frame = self.letter.frame(encoding, self.encodings, self.watermark);
        if let Err(error) = &frame {
            cause::NO_FRAME.tell(
                None,
                None,
                format_args!("{error}; the members that need this form do not get it"),
            );
        }
        self.frames.push((encoding, frame.ok()));
        self.frames.len() - 1
    }
}
