//! Who receives: tags of seats, and the filters that letters put on them.
//! Knows no member: both the rooms and the couriers' mirrors ask the same questions here.

use std::sync::Arc;

use crate::id::ChannelScope;

/// The channel tags of one seat, sorted, each once. Never empty for a seated member.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Scopes(Arc<[ChannelScope]>);

impl Scopes {
    /// A single tag.
    pub fn one(tag: ChannelScope) -> Self {
        Self(Arc::new([tag]))
    }

    /// With one tag more.
    pub fn with(&self, tag: &ChannelScope) -> Self {
        let Err(at) = self.0.binary_search(tag) else {
            return self.clone();
        };
        let (before, after) = self.0.split_at(at);
        Self([before, std::slice::from_ref(tag), after].concat().into())
    }

    /// Without those that are gone.
    pub fn without_all(&self, gone: impl Fn(&ChannelScope) -> bool) -> Self {
        Self(self.0.iter().filter(|tag| !gone(tag)).cloned().collect())
    }

    /// Whether the tag is among them.
    pub fn has(&self, tag: &ChannelScope) -> bool {
        self.position(tag).is_some()
    }

    /// Which of them, in order, the tag is.
    pub fn position(&self, tag: &ChannelScope) -> Option<usize> {
        self.0.binary_search(tag).ok()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The tags in order.
    pub fn iter(&self) -> impl Iterator<Item = &ChannelScope> {
        self.0.iter()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Contract 3.1: an address with a channel matches seats of that channel and seats of none; an address without one
    /// matches every seat.
    pub fn matches(&self, address: &ChannelScope) -> bool {
        // No channel comes before every channel.
        let none = self.0.first().is_some_and(Option::is_none);
        !self.is_empty() && (address.is_none() || none || self.has(address))
    }
}

/// Of whose presence a seat is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum PresenceScope {
    /// Of nobody's.
    Nobody,
    /// Of those in the room alone.
    Room,
    /// In a channel of everybody's in the namespace, too, as far as its settings tell that.
    #[default]
    Everyone,
}

/// A seat as couriers mirror it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeatTags {
    /// Its tags.
    pub tags: Scopes,
    /// Those under which it is told who is there.
    pub told: Scopes,
    /// Whether it is told who is in the namespace.
    pub told_everyone: bool,
}

impl SeatTags {
    /// Whether a letter to this address is for it; one `of_presence` tells who is there.
    pub fn hears(&self, address: &ChannelScope, of_presence: bool) -> bool {
        match of_presence {
            true => self.told.matches(address),
            false => self.tags.matches(address),
        }
    }
}

impl From<Scopes> for SeatTags {
    /// It is told of everybody.
    fn from(tags: Scopes) -> Self {
        Self {
            told: tags.clone(),
            tags,
            told_everyone: true,
        }
    }
}

/// Whether two addresses match (contract 3.1): they are equal, or either is without a channel.
pub fn addresses_match(one: &ChannelScope, other: &ChannelScope) -> bool {
    one.is_none() || other.is_none() || one == other
}

/// Which seats a leave gives up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeaveScope {
    /// Every tag.
    All,
    /// The tags that match this channel: the channel itself and none.
    Matching(Arc<str>),
    /// Just this tag.
    Exactly(ChannelScope),
}

impl LeaveScope {
    /// The tags of a seat that go.
    pub fn of<'a>(&'a self, tags: &'a Scopes) -> impl Iterator<Item = &'a ChannelScope> {
        tags.iter().filter(|tag| self.takes(tag))
    }

    /// Whether this tag of a seat goes.
    pub fn takes(&self, tag: &ChannelScope) -> bool {
        match self {
            Self::All => true,
            Self::Matching(channel) => tag.as_ref().is_none_or(|t| t == channel),
            Self::Exactly(one) => tag == one,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(name: &str) -> ChannelScope {
        Some(name.into())
    }

    #[test]
    fn two_addresses_match_when_equal_or_when_either_has_no_channel() {
        let a = Scopes::one(tag("a"));
        let none = Scopes::one(None);
        assert!(a.matches(&tag("a")) && a.matches(&None));
        assert!(!a.matches(&tag("b")));
        assert!(none.matches(&tag("a")) && none.matches(&None));
        assert!(a.with(&tag("b")).matches(&tag("b")));
    }

    #[test]
    fn a_leave_that_names_a_channel_takes_that_and_none_but_no_other() {
        let tags = Scopes::one(None).with(&tag("a")).with(&tag("b"));
        let gone: Vec<_> = LeaveScope::Matching("a".into())
            .of(&tags)
            .cloned()
            .collect();
        assert_eq!(gone, [None, tag("a")]);
        assert_eq!(LeaveScope::All.of(&tags).count(), 3);
        assert_eq!(LeaveScope::Exactly(tag("b")).of(&tags).count(), 1);
    }

    #[test]
    fn a_tag_is_held_once() {
        assert_eq!(Scopes::one(None).with(&None).iter().count(), 1);
        assert!(Scopes::one(None).without_all(Option::is_none).is_empty());
    }
}
