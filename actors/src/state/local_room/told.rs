//! Of whose presence the members of a room are told, where that is less than all: most are told of everybody.
//! Knows no right: joins say it.

use std::collections::BTreeMap;

use crate::{
    id::{ChannelScope, MemberId},
    state::audience::{PresenceScope, Scopes, SeatTags},
};

/// The tags under which members are told less than all. As large as the seats of such members.
#[derive(Debug, Default)]
pub(super) struct ToldLess(BTreeMap<MemberId, BTreeMap<ChannelScope, PresenceScope>>);

impl ToldLess {
    pub(super) fn of(&self, member: &MemberId, tag: &ChannelScope) -> PresenceScope {
        let less = self.0.get(member).and_then(|less| less.get(tag));
        less.copied().unwrap_or_default()
    }

    /// Of whom a member is to be told under a tag; whether that is news.
    pub(super) fn set(
        &mut self,
        member: &MemberId,
        tag: &ChannelScope,
        scope: PresenceScope,
    ) -> bool {
        let before = self.of(member, tag);
        if scope < PresenceScope::Everyone {
            let less = self.0.entry(member.clone()).or_default();
            less.insert(tag.clone(), scope);
        } else if let Some(less) = self.0.get_mut(member) {
            less.remove(tag);
            if less.is_empty() {
                self.0.remove(member);
            }
        }
        before != scope
    }

    pub(super) fn forget(&mut self, member: &MemberId) {
        self.0.remove(member);
    }

    /// A member's seat as its courier mirrors it.
    pub(super) fn seat(&self, member: &MemberId, tags: Scopes) -> SeatTags {
        let Some(less) = self.0.get(member) else {
            return tags.into();
        };
        let of = |tag: &ChannelScope| less.get(tag).copied().unwrap_or_default();
        let told = tags.without_all(|tag| of(tag) == PresenceScope::Nobody);
        let told_everyone = tags.iter().any(|tag| of(tag) == PresenceScope::Everyone);
        SeatTags {
            tags,
            told,
            told_everyone,
        }
    }
}
