//! Who is in the room, told as often as it may be.

use super::{For, Room};
use crate::{
    id::{ChannelScope, Kind, LocalId, WorkerId},
    letter::Content,
    message::ToNamespace,
    ports::RoomOnline,
};

/// A member without a channel hears of every address of its room id: what is told of one counts as told to so many.
const SHARED_MIN: usize = 16;
/// Addresses that nobody is seated under and whose last state is still to be told.
const GONE_MAX: usize = 100;
/// Presence events in a row; others on the thread come in between.
const TOLD_MAX: usize = 100;

impl Room {
    /// Tells who is here now: at once to a newcomer, to the others as often as they may be told.
    pub(super) fn presence(&mut self, tag: &ChannelScope, newcomer: Option<(WorkerId, LocalId)>) {
        if self.state.key().kind != Kind::Room || self.links.context.presence_events.is_none() {
            return;
        }
        let gone = self.state.roster().under(tag) == 0;
        if gone && self.presence.waiting() >= GONE_MAX {
            return self.presence.forget(tag);
        }
        let now = self.links.started.elapsed();
        let recipients = self.recipients(tag);
        if self.presence.changed(tag, now, recipients) {
            self.tell_all(tag);
        } else if let Some((worker, local_id)) = newcomer
            && let Some(content) = self.room_online(tag)
        {
            self.announce(For::One { worker, local_id }, content);
        }
        self.ask_to_be_woken();
    }

    /// The recipients of an event about an address, as its throttle counts them.
    fn recipients(&self, tag: &ChannelScope) -> usize {
        let roster = self.state.roster();
        let shared = tag.is_some() && roster.under(&None) > 0;
        let least = if shared { SHARED_MIN } else { 0 };
        roster.matching(tag).max(least)
    }

    fn tell_all(&mut self, tag: &ChannelScope) {
        let Some(content) = self.room_online(tag) else {
            return;
        };
        let now = self.links.started.elapsed();
        let recipients = self.recipients(tag);
        self.presence.told(tag, now, recipients, content.args.len());
        let audience = For::All {
            tag: tag.clone(),
            except: None,
        };
        self.announce(audience, content);
    }

    fn room_online(&self, tag: &ChannelScope) -> Option<Content> {
        let presence_events = self.links.context.presence_events.as_ref()?;
        let count = self.state.roster().matching(tag);
        let users = self.state.present(tag, RoomOnline::USERS);
        Some(presence_events.room_online(self.state.key(), &RoomOnline { tag, count, users }))
    }

    fn ask_to_be_woken(&mut self) {
        let now = self.links.started.elapsed();
        if let Some(due) = self.presence.wake(now) {
            let room = self.state.key().clone();
            let time = due.saturating_sub(now);
            self.up(ToNamespace::WakeAfter { room, time });
        }
    }

    pub(super) fn presence_due(&mut self) {
        for _ in 0..TOLD_MAX {
            let Some(tag) = self.presence.next(self.links.started.elapsed()) else {
                break;
            };
            self.tell_all(&tag);
        }
        self.ask_to_be_woken();
    }
}
