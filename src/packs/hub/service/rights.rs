//! What a client's token allows, and what it is worth: whatever the protocol, a request is judged here.

use dondo_actors::id::ChannelScope;

use super::{Caller, Code, Fault, Place};
use crate::tokens::{Right, TokenAccount, TokenCode, TokenFault, Wanted};

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

fn forbidden(right: Right, wanted: Wanted<'_>) -> Fault {
    let what = match right {
        Right::Join => "joining",
        Right::Send => "sending to",
        Right::History => "what was said before in",
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

impl From<TokenFault> for Fault {
    fn from(fault: TokenFault) -> Self {
        let code = match fault.code {
            TokenCode::Invalid => Code::TokenInvalid,
            TokenCode::Expired => Code::TokenExpired,
            TokenCode::Foreign => Code::TokenForeign,
            TokenCode::Forbidden | TokenCode::Unauthorized => Code::Forbidden,
        };
        Self::new(code, fault.message)
    }
}
