//! Slow mode: so much time between two messages of one member in a channel, or of all clients of one account. Who moderates there
//! does not wait. Turns of an account are kept with it, those of a guest with its client, and go with that.

use std::{cell::RefCell, rc::Rc, sync::Arc, time::Duration};

use tokio::time::Instant;

use super::{Caller, Code, Command, Fault, Place, rights};
use crate::{
    accounts::Accounts,
    io::PackSocket,
    packs::hub::contract::fault::whole_seconds,
    turns::{TurnKey, Turns},
};

/// A turn that was taken.
pub(super) struct TakenTurn {
    turns: SpeakerTurns,
    key: TurnKey,
    until: Instant,
}

impl TakenTurn {
    /// Nothing was said by it.
    pub(super) fn give_back(self) {
        let Self { turns, key, until } = self;
        turns.change(|turns| turns.give_back(&key, until));
    }
}

/// The turns of a guest's client, as they are kept with it.
#[derive(Clone, Default)]
struct GuestTurns(Rc<RefCell<Turns>>);

/// Where the turns of a speaker are.
enum SpeakerTurns {
    OfAccount(Accounts, Arc<str>),
    OfGuest(GuestTurns),
}

impl SpeakerTurns {
    fn of(caller: &Caller<'_>) -> Self {
        if let Some(account) = caller.socket.account() {
            return Self::OfAccount(caller.accounts.clone(), account.clone());
        }
        Self::OfGuest(caller.socket.kept())
    }

    fn change<R>(&self, change: impl FnOnce(&mut Turns) -> R) -> R {
        match self {
            Self::OfAccount(accounts, account) => accounts.turns(account, change),
            Self::OfGuest(turns) => change(&mut turns.0.borrow_mut()),
        }
    }
}

/// Takes the client's turn in a channel, if that has slow mode.
pub(super) fn take_turn(caller: &Caller<'_>, place: &Place) -> Result<Option<TakenTurn>, Fault> {
    let Some((key, every)) = slowed(caller, place) else {
        return Ok(None);
    };
    let turns = SpeakerTurns::of(caller);
    let taken = turns.change(|turns| turns.take(&key, Instant::now(), every));
    let until = taken.map_err(|wait| too_soon(every, wait))?;
    Ok(Some(TakenTurn { turns, key, until }))
}

fn too_soon(every: Duration, wait: Duration) -> Fault {
    let message = format!(
        "the channel has slow mode, a message every {}: wait {} s",
        humantime::format_duration(every),
        whole_seconds(wait)
    );
    Fault::new(Code::SlowMode, message).after(wait)
}

/// The channel, and how long this client waits in it.
fn slowed(caller: &Caller<'_>, place: &Place) -> Option<(TurnKey, Duration)> {
    let key = caller.key(place)?;
    let every = caller.limits.slow_mode(&key)?;
    let moderates = rights::moderates(caller, &key.1);
    (!moderates).then_some((key, every))
}

impl Caller<'_> {
    /// What is known of a channel is known by this.
    pub(super) fn key(&self, place: &Place) -> Option<TurnKey> {
        match place {
            Place::Channel(channel) => Some((self.member().namespace().clone(), channel.clone())),
            Place::Room(_) => None,
        }
    }

    /// Whether a join or leave tells its channel nothing but that: words with them would be messages that nobody waits for.
    pub(in crate::packs::hub) fn is_slowed(&self, command: &Command) -> bool {
        let is_slow = |channel: &Arc<str>| slowed(self, &Place::Channel(channel.clone())).is_some();
        match command {
            Command::JoinChannel { channel, .. }
            | Command::LeaveChannel {
                channel: Some(channel),
            } => is_slow(channel),
            // Its only one, if it is in one.
            Command::LeaveChannel { channel: None } => self.channels().iter().any(is_slow),
            _ => false,
        }
    }
}
