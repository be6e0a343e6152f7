//! A room's decisions: who may sit down, who may speak, who leaves when, and how many that makes.
//! Knows no actor, no clock, no wire; the same value serves channels, the hub pack's rooms and plain rooms.

mod words;

pub use self::words::{Access, Joined, Joiner, Left, Terms, Wish};

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    error::{JoinError, ManageError, NotifyError},
    id::{MemberId, Numbers, RoomKey, Tag},
    state::{
        audience::{Tags, Which},
        ledger::Kept,
        pace::Pace,
        roster::{Roster, Seat},
    },
};

/// All that a room is.
pub struct RoomState {
    key: RoomKey,
    roster: Roster,
    terms: Kept<Terms>,
    numbers: Kept<Numbers>,
    seated: Kept<u64>,
    paces: BTreeMap<Tag, Pace>,
}

impl RoomState {
    /// An empty room. Its offsets count under `epoch`.
    pub fn new(key: RoomKey, epoch: u64) -> Self {
        Self {
            key,
            roster: Roster::default(),
            terms: Kept::default(),
            numbers: Kept::new(Numbers {
                epoch,
                ..Numbers::default()
            }),
            seated: Kept::default(),
            paces: BTreeMap::new(),
        }
    }

    /// Which room this is.
    pub fn key(&self) -> &RoomKey {
        &self.key
    }

    /// The seats.
    pub fn roster(&self) -> &Roster {
        &self.roster
    }

    /// The terms in force.
    pub fn terms(&self) -> &Terms {
        self.terms.get()
    }

    /// Seats a member under a tag.
    pub fn join(&mut self, joiner: Joiner, tag: Tag, wish: Wish) -> Result<Joined, JoinError> {
        if self.roster.is_empty() {
            let owner = Some(joiner.member.clone());
            let Wish {
                capacity,
                access,
                mut invite,
            } = wish;
            invite.truncate(Wish::INVITES_MAX);
            self.terms.set(Terms {
                capacity,
                access,
                locked: false,
                owner,
                invited: invite.into(),
            });
        }
        let terms = self.terms.get();
        let old = self.roster.get(&joiner.member);
        if old.is_some_and(|seat| seat.tags.has(&tag)) {
            let tags = old.map(|seat| seat.tags.clone()).unwrap_or_default();
            let count = self.roster.matching(&tag);
            return Ok(Joined {
                already: true,
                count,
                capacity: terms.capacity,
                tags,
            });
        }
        if old.is_none() {
            self.admits(&joiner)?;
        }
        // A seat that matches the address already takes no further place under it.
        let counted = old.is_some_and(|seat| seat.tags.matches(&tag));
        if let Some(capacity) = terms.capacity
            && !counted
            && self.roster.matching(&tag) >= capacity
        {
            return Err(JoinError::Full { capacity });
        }
        let capacity = terms.capacity;
        let (tags, since) = match old {
            Some(seat) => (seat.tags.with(&tag), seat.since),
            None => {
                let since = *self.seated.get();
                self.seated.set(since + 1);
                (Tags::one(tag.clone()), since)
            }
        };
        let Joiner {
            member,
            worker,
            slot,
            account,
            user,
            farewell,
        } = joiner;
        self.roster.put(
            member,
            Seat {
                worker,
                slot,
                account,
                tags: tags.clone(),
                user,
                since,
                farewell,
            },
        );
        Ok(Joined {
            already: false,
            count: self.roster.matching(&tag),
            capacity,
            tags,
        })
    }

    fn admits(&self, joiner: &Joiner) -> Result<(), JoinError> {
        let terms = self.terms.get();
        if terms.owner.as_ref() == Some(&joiner.member) {
            return Ok(());
        }
        if terms.locked {
            return Err(JoinError::Forbidden);
        }
        let known = |name: &Arc<str>| {
            **name == *joiner.member.as_str() || Some(name) == joiner.account.as_ref()
        };
        if terms.access == Access::Invite && !terms.invited.iter().any(known) {
            return Err(JoinError::NotInvited);
        }
        Ok(())
    }

    /// Takes tags from a member's seat; `None` if it has none of them.
    pub fn leave(&mut self, member: &MemberId, which: &Which) -> Option<Left> {
        let seat = self.roster.get(member)?.clone();
        let gone: Vec<Tag> = which.of(&seat.tags).cloned().collect();
        if gone.is_empty() {
            return None;
        }
        let tags = gone
            .iter()
            .fold(seat.tags.clone(), |tags, tag| tags.without(tag));
        let kept = (!tags.is_empty()).then_some(tags);
        match &kept {
            Some(tags) => self.roster.put(
                member.clone(),
                Seat {
                    tags: tags.clone(),
                    ..seat.clone()
                },
            ),
            None => {
                self.roster.remove(member);
                self.hand_over(member);
            }
        }
        let gone = gone
            .into_iter()
            .map(|tag| (tag.clone(), self.roster.matching(&tag)))
            .collect();
        Some(Left {
            gone,
            kept,
            worker: seat.worker,
            slot: seat.slot,
            farewell: seat.farewell,
        })
    }

    /// An owner who leaves is followed by the longest seated member.
    fn hand_over(&mut self, member: &MemberId) {
        if self.terms.get().owner.as_ref() == Some(member) {
            let heir = self
                .roster
                .iter()
                .min_by_key(|(_, seat)| seat.since)
                .map(|(id, _)| id.clone());
            self.terms.set(Terms {
                owner: heir,
                ..self.terms.get().clone()
            });
        }
    }

    /// Whether `from` may speak to the seats that match `address`; how many those are, without the sender if it is not
    /// to hear itself.
    pub fn may_notify(
        &self,
        from: Option<&MemberId>,
        address: &Tag,
        echo: bool,
        seat_needed: bool,
    ) -> Result<usize, NotifyError> {
        let seat = from.and_then(|member| self.roster.get(member));
        let terms = self.terms.get();
        let seated = seat.is_some_and(|seat| seat.tags.matches(address));
        if from.is_some() {
            if seat.is_none() && (terms.access != Access::Open || terms.locked) {
                return Err(NotifyError::Forbidden);
            }
            if !seated && seat_needed {
                return Err(NotifyError::NotMember);
            }
        }
        let excluded = !echo && seated;
        Ok(self.roster.matching(address) - usize::from(excluded))
    }

    /// Invites members or accounts to a room by invitation.
    pub fn invite(
        &mut self,
        by: &MemberId,
        names: &[Arc<str>],
        limit: usize,
    ) -> Result<(), ManageError> {
        let terms = self.owned(by)?;
        let mut invited = terms.invited.to_vec();
        invited.extend(
            names
                .iter()
                .filter(|name| !terms.invited.contains(name))
                .cloned(),
        );
        // The oldest invitations make room: an owner's list is bounded like everything else.
        let surplus = invited.len().saturating_sub(limit);
        invited.drain(..surplus);
        self.terms.set(Terms {
            invited: invited.into(),
            ..terms
        });
        Ok(())
    }

    /// Closes the room to newcomers, or opens it again.
    pub fn lock(&mut self, by: &MemberId, locked: bool) -> Result<(), ManageError> {
        let terms = self.owned(by)?;
        self.terms.set(Terms { locked, ..terms });
        Ok(())
    }

    /// Whether `by` may send `member` out; the caller then lets it leave. Its invitation ends with it.
    pub fn kick(&mut self, by: &MemberId, member: &MemberId) -> Result<(), ManageError> {
        let terms = self.owned(by)?;
        let account = self
            .roster
            .get(member)
            .and_then(|seat| seat.account.clone());
        let named = |name: &Arc<str>| **name == *member.as_str() || Some(name) == account.as_ref();
        let invited = terms
            .invited
            .iter()
            .filter(|name| !named(name))
            .cloned()
            .collect();
        self.terms.set(Terms { invited, ..terms });
        Ok(())
    }

    fn owned(&self, by: &MemberId) -> Result<Terms, ManageError> {
        let terms = self.terms.get();
        if terms.owner.as_ref() == Some(by) && self.roster.get(by).is_some() {
            Ok(terms.clone())
        } else {
            Err(ManageError::Forbidden)
        }
    }

    /// The last numbers that the log gave.
    pub fn numbers(&self) -> Numbers {
        *self.numbers.get()
    }

    /// Takes what the log answered.
    pub fn numbered(&mut self, numbers: Numbers) {
        self.numbers.set(numbers);
    }

    /// The pace of the presence event for an address.
    pub fn pace(&mut self, address: &Tag) -> &mut Pace {
        self.paces.entry(address.clone()).or_default()
    }

    /// The addresses that have a pace.
    pub fn paced(&self) -> Vec<Tag> {
        self.paces.keys().cloned().collect()
    }

    /// Forgets the pace of an address that nobody has any more.
    pub fn unpace(&mut self, address: &Tag) {
        self.paces.remove(address);
    }

    /// Members that match an address, at most `limit`, in the order of joining.
    pub fn present(&self, address: &Tag, limit: usize) -> Vec<(MemberId, Option<Arc<str>>)> {
        let mut seats: Vec<_> = self
            .roster
            .iter()
            .filter(|(_, seat)| seat.tags.matches(address))
            .collect();
        seats.sort_by_key(|(_, seat)| seat.since);
        seats.truncate(limit);
        seats
            .into_iter()
            .map(|(member, seat)| (member.clone(), seat.user.clone()))
            .collect()
    }

    /// Keeps the changes of the present message.
    pub fn commit(&mut self) {
        self.roster.commit();
        self.terms.commit();
        self.numbers.commit();
        self.seated.commit();
    }

    /// Takes the changes of the present message back.
    pub fn rollback(&mut self) {
        self.roster.rollback();
        self.terms.rollback();
        self.numbers.rollback();
        self.seated.rollback();
    }

    /// Builds what is derived anew.
    pub fn rebuild(&mut self) {
        self.roster.rebuild();
    }
}

#[cfg(test)]
mod tests;
