//! What a client's token allows, and what it is worth: whatever the protocol, a request is judged here.

use std::sync::Arc;

use dondo_actors::{
    id::{ChannelScope, MemberId},
    message::JoinAnswer,
    state::audience::PresenceScope,
};

use super::{Caller, Code, Command, Done, Fault, Place};
use crate::io::PackSocket;
use crate::tokens::{Right, RoomBearer, TokenAccount, TokenCode, TokenFault, Wanted};

/// Whether the client may do it in a channel, or in a room under this tag. Who came without a token may, as far as guests come in.
pub(super) fn allow(
    caller: &Caller<'_>,
    right: Right,
    place: &Place,
    tag: &ChannelScope,
) -> Result<(), Fault> {
    let user = caller
        .login
        .as_ref()
        .and_then(|login| login.user.downcast_ref::<TokenAccount>());
    let Some(user) = user else {
        return Ok(());
    };
    let wanted = match place {
        Place::Channel(channel) => Wanted::Channel(channel),
        Place::Room(target) => Wanted::Room(&target.room, tag.as_deref()),
    };
    match user.rights().allow(right, wanted) {
        true => Ok(()),
        false => Err(forbidden(right, wanted)),
    }
}

/// Of whom the client is told in a channel, or in a room under this tag.
pub(super) fn sees(caller: &Caller<'_>, place: &Place, tag: &ChannelScope) -> PresenceScope {
    let user = caller
        .login
        .as_ref()
        .and_then(|login| login.user.downcast_ref::<TokenAccount>());
    let sees_all = user.is_none_or(|user| user.rights().see_all());
    match allow(caller, Right::Presence, place, tag) {
        Ok(()) if sees_all => PresenceScope::Everyone,
        Ok(()) => PresenceScope::Room,
        Err(_) => PresenceScope::Nobody,
    }
}

/// What a client is answered: one that is told of nobody but itself is alone, as far as it can see.
pub(super) fn as_seen(told: PresenceScope, done: Done, own: &MemberId) -> Done {
    if told > PresenceScope::Nobody {
        return done;
    }
    match done {
        Done::Joined(joined) => {
            let (mut users, mut terms) = (joined.users, joined.terms);
            users.retain(|user| user.member == *own);
            terms.owner = terms.owner.filter(|owner| owner == own);
            Done::Joined(JoinAnswer {
                count: 1,
                users,
                terms,
                ..joined
            })
        }
        Done::Left(gone) => Done::Left(gone.into_iter().map(|(tag, _)| (tag, 0)).collect()),
        Done::Notified(recipients) => Done::Notified(recipients.min(1)),
        Done::Managed => Done::Managed,
    }
}

/// Whether the client moderates a channel, by its token or by what the host says of it.
pub(super) fn moderates(caller: &Caller<'_>, channel: &str) -> bool {
    let login = caller.login.as_ref();
    login.is_some_and(|login| login.moderates(Some(channel)))
}

impl Caller<'_> {
    /// Whether others may hear what came with a command that is no message, by its client's token.
    pub(in crate::packs::hub) fn may_say(&self, command: &Command) -> bool {
        let (place, tag) = match command {
            Command::JoinChannel { channel, .. }
            | Command::LeaveChannel {
                channel: Some(channel),
            } => (Place::Channel(channel.clone()), None),
            // Its only channel is not known here.
            Command::LeaveChannel { channel: None } => (Place::Channel("".into()), None),
            Command::JoinRoom { target, .. }
            | Command::LeaveRoom { target }
            | Command::Manage { target, .. } => match self.tag(target.channel.as_ref()) {
                Ok(tag) => (Place::Room(target.clone()), tag),
                // It will be refused.
                Err(_) => return false,
            },
            Command::NotifyChannel { .. } | Command::NotifyRoom { .. } => return true,
        };
        allow(self, Right::Send, &place, &tag).is_ok()
    }
}

fn forbidden(right: Right, wanted: Wanted<'_>) -> Fault {
    let what = match right {
        Right::Join => "joining",
        Right::Send => "sending to",
        Right::History => "what was said before in",
        Right::Presence => "who is in",
        Right::Moderate => "moderating",
    };
    let said = match wanted {
        Wanted::Channel(channel) => {
            format!("the token does not allow {what} the channel {channel}")
        }
        Wanted::Room(room, None) => format!("the token does not allow {what} the room {room}"),
        Wanted::Room(room, Some(channel)) => {
            format!("the token does not allow {what} the room {room} of the channel {channel}")
        }
    };
    Fault::new(Code::Forbidden, said)
}

/// Whether a token that came with a join opens the room under this tag.
pub(super) fn opens(
    caller: &Caller<'_>,
    token: Option<&str>,
    room: &str,
    tag: &ChannelScope,
) -> Result<bool, Fault> {
    let Some((token, credentials)) = token.zip(caller.socket.credentials()) else {
        return Ok(false);
    };
    let account = caller.socket.account().map(Arc::as_ref);
    let bearer = RoomBearer {
        room,
        channel: tag.as_deref(),
        account,
    };
    // Looking at one that is no good costs what a join does.
    let refused = |_: &_| caller.member().charge_join();
    credentials.room(token, bearer).inspect_err(refused)?;
    Ok(true)
}

impl From<TokenFault> for Fault {
    fn from(fault: TokenFault) -> Self {
        let code = match fault.code {
            TokenCode::Invalid => Code::TokenInvalid,
            TokenCode::Expired => Code::TokenExpired,
            TokenCode::Foreign => Code::TokenForeign,
            TokenCode::Revoked => Code::TokenRevoked,
            TokenCode::OtherAccount => Code::OtherAccount,
            TokenCode::Forbidden | TokenCode::Unauthorized => Code::Forbidden,
        };
        Self::new(code, fault.message)
    }
}
