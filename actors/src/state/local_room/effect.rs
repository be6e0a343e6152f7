//! What a room has its actor do: plain data, carried out in its order.

use super::Place;
use crate::{
    error::LeaveReason,
    id::{ChannelScope, LocalId, MemberId},
    letter::Content,
    state::audience::{PresenceScope, Scopes, SeatTags},
};

/// What follows from an event, in this order. Nothing of it is done yet.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// The member's courier mirrors that it has these tags.
    MirrorJoin {
        /// The member's.
        place: Place,
        /// All of them, and of whom it is told.
        seat: SeatTags,
    },
    /// The member's courier mirrors that it has none.
    MirrorLeave {
        /// The member's.
        place: Place,
        /// The tags that somebody else took away, of which its session must be told.
        kicked: Option<Scopes>,
    },
    /// An event is told.
    Tell {
        /// Whom.
        to: Recipients,
        /// What.
        content: Content,
    },
    /// The namespace hears that a member has joined, and of whom it is told.
    Joined(MemberId, PresenceScope),
    /// The namespace hears that a member has left altogether, as of its join of this number; none where the namespace never
    /// heard of it.
    Left {
        /// Who.
        member: MemberId,
        /// The join.
        join: Option<u64>,
        /// Why.
        reason: LeaveReason,
    },
}

/// Whom an event is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recipients {
    /// The members that match an address.
    Matching {
        /// The address.
        tag: ChannelScope,
        /// But not this one.
        except: Option<LocalId>,
        /// It tells who is there: only for those who are told.
        of_presence: bool,
    },
    /// One member.
    One(Place),
}
