//! What the namespace hears, under its guard; effects leave when all is decided.

use super::{Namespace, NamespaceEffect, Wake};
use crate::{
    guard::{Crashes, Guarded, GuardedContext},
    id::LogKey,
    message::{Disconnected, Ping, Resolve, ToNamespace},
};

impl Guarded for Namespace {
    type Word = ToNamespace;

    fn title(&self) -> String {
        format!("the namespace {}", self.context.namespace)
    }

    fn crashes(&mut self) -> &mut Crashes {
        &mut self.crashes
    }

    fn started(&mut self, ctx: &mut GuardedContext<Self>) {
        self.arm(ctx);
    }

    fn restarting(&mut self) {
        // A restart cancels the timer; `started` arms it again.
        self.armed = None;
    }

    fn hear(&mut self, word: ToNamespace, ctx: &mut GuardedContext<Self>) {
        let mut changed = None;
        match word {
            ToNamespace::Connected(connected) => self.enter(*connected),
            ToNamespace::Disconnected(Disconnected {
                member,
                unit,
                lease,
            }) => {
                self.gone(&member, Some(&unit));
                drop(lease);
            }
            // The reply goes with the join, and the asker reads that. So it is after a crash.
            ToNamespace::Join(_) if self.crashes.quarantined() => {}
            ToNamespace::Join(join) => self.join(join),
            ToNamespace::Leave(leave) => self.effects.push(NamespaceEffect::Leave(leave)),
            ToNamespace::Resolve(Resolve { room, reply }) => {
                let way = self.resolve(&room);
                if way.is_none() {
                    // What is about to be said there is said to nobody.
                    self.log.missed(&LogKey::Room(room));
                }
                reply.send(way);
            }
            ToNamespace::Letter(letter) => self.hear_letter(*letter, ctx),
            ToNamespace::Select(select) => self.select(*select),
            ToNamespace::Ask(ask) => self.ask_room(ask),
            ToNamespace::Survey(survey) => self.survey(survey),
            ToNamespace::Watch(watch) => self.watch(watch),
            ToNamespace::Unwatched(room) => self.unwatched(&room),
            ToNamespace::Seated(seated) => changed = Some(self.seated(seated)),
            ToNamespace::Unseated(unseated) => changed = self.unseated(unseated),
            ToNamespace::Vacant { room, seen, ends } => self.vacant(room, seen, &ends),
            ToNamespace::RoomDied(room) => drop(self.living(&room)),
            ToNamespace::Feed(feed) => self.hear_feed(feed, ctx),
            ToNamespace::Released { place, parcels } => self.released(place, parcels),
            ToNamespace::Behind(parcel) => self.behind(parcel),
            ToNamespace::WakeAfter { room, time } => self.wake_after(time, Wake::Room(room)),
            ToNamespace::Ping(Ping(reply)) => reply.send(()),
            #[cfg(test)]
            ToNamespace::Call(call) => call.run(self, ctx),
        }
        if let Some((channel, newcomer)) = changed {
            self.online(&channel, newcomer);
        }
        self.carry_out(ctx);
        self.arm(ctx);
    }
}
