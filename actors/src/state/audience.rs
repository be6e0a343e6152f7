//! Who receives: tags of seats, and the filters that letters put on them.
//! Knows no member: both the rooms and the couriers' mirrors ask the same questions here.

use std::sync::Arc;

use crate::id::Tag;

/// The channel tags of one seat, sorted, each once. Never empty for a seated member.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Tags(Arc<[Tag]>);

impl Tags {
    /// A single tag.
    pub fn one(tag: Tag) -> Self {
        Self(Arc::new([tag]))
    }

    /// With one tag more.
    pub fn with(&self, tag: &Tag) -> Self {
        let Err(at) = self.0.binary_search(tag) else {
            return self.clone();
        };
        let (before, after) = self.0.split_at(at);
        Self([before, std::slice::from_ref(tag), after].concat().into())
    }

    /// Without those that are gone.
    pub fn without_all(&self, gone: impl Fn(&Tag) -> bool) -> Self {
        Self(self.0.iter().filter(|tag| !gone(tag)).cloned().collect())
    }

    /// Whether the tag is among them.
    pub fn has(&self, tag: &Tag) -> bool {
        self.position(tag).is_some()
    }

    /// Which of them, in order, the tag is.
    pub fn position(&self, tag: &Tag) -> Option<usize> {
        self.0.binary_search(tag).ok()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The tags in order.
    pub fn iter(&self) -> impl Iterator<Item = &Tag> {
        self.0.iter()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Contract 3.1: an address with a channel matches seats of that channel and seats of none; an address without one
    /// matches every seat.
    pub fn matches(&self, address: &Tag) -> bool {
        // No channel comes before every channel.
        let none = self.0.first().is_some_and(Option::is_none);
        !self.is_empty() && (address.is_none() || none || self.has(address))
    }
}

/// Which seats a leave gives up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// Every tag.
    All,
    /// The tags that match this channel: the channel itself and none.
    Matching(Arc<str>),
    /// Just this tag.
    Exactly(Tag),
}

impl Which {
    /// The tags of a seat that go.
    pub fn of<'a>(&'a self, tags: &'a Tags) -> impl Iterator<Item = &'a Tag> {
        tags.iter().filter(|tag| self.takes(tag))
    }

    /// Whether this tag of a seat goes.
    pub fn takes(&self, tag: &Tag) -> bool {
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

    fn tag(name: &str) -> Tag {
        Some(name.into())
    }

    #[test]
    fn two_addresses_match_when_equal_or_when_either_has_no_channel() {
        let a = Tags::one(tag("a"));
        let none = Tags::one(None);
        assert!(a.matches(&tag("a")) && a.matches(&None));
        assert!(!a.matches(&tag("b")));
        assert!(none.matches(&tag("a")) && none.matches(&None));
        assert!(a.with(&tag("b")).matches(&tag("b")));
    }

    #[test]
    fn a_leave_that_names_a_channel_takes_that_and_none_but_no_other() {
        let tags = Tags::one(None).with(&tag("a")).with(&tag("b"));
        let gone: Vec<_> = Which::Matching("a".into()).of(&tags).cloned().collect();
        assert_eq!(gone, [None, tag("a")]);
        assert_eq!(Which::All.of(&tags).count(), 3);
        assert_eq!(Which::Exactly(tag("b")).of(&tags).count(), 1);
    }

    #[test]
    fn a_tag_is_held_once() {
        assert_eq!(Tags::one(None).with(&None).iter().count(), 1);
        assert!(Tags::one(None).without_all(Option::is_none).is_empty());
    }
}
