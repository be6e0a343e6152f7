//! To whom something is said: `to` of a request, and whether the key may say it there.

use std::sync::Arc;

use dondo_actors::id::MemberId;

use super::Api;
use super::answer::ApiError;
use super::caller::ApiCaller;
use super::fields::BodyFields;
use super::keys::ApiRight;
use crate::packs::hub::WordTarget;

/// Clients who are named by what they are, not by where they are.
pub(super) enum ClientTarget {
    Member(MemberId),
    Account(Arc<str>),
}

impl Api {
    pub(super) fn read_target(
        &self,
        caller: &ApiCaller,
        fields: &BodyFields,
    ) -> Result<(Option<ClientTarget>, WordTarget), ApiError> {
        const KINDS: [&str; 5] = ["channel", "room", "member", "account", "everyone"];
        let to = fields.raw("to");
        let to = to.ok_or_else(|| ApiError::bad("the field is missing").at("to"))?;
        let within = |error: ApiError| error.below("to");
        let to = BodyFields::of(to.as_bytes(), &KINDS).map_err(within)?;
        let has: Vec<&str> = KINDS
            .into_iter()
            .filter(|kind| to.raw(kind).is_some())
            .collect();
        let text = |name| to.need::<String>(name).map_err(within);
        match *has {
            ["channel"] => {
                let channel = self.channel(&text("channel")?, "to.channel")?;
                caller.is_for(Some(&channel), "to.channel")?;
                Ok((None, WordTarget::Channel(channel)))
            }
            ["room"] | ["channel", "room"] => {
                let room = self.room(&text("room")?, "to.room")?;
                let channel = match has.len() {
                    1 => None,
                    _ => Some(self.channel(&text("channel")?, "to.channel")?),
                };
                let target = WordTarget::Room { room, channel };
                self.judge(caller, &target, "to")?;
                Ok((None, target))
            }
            ["member"] => {
                caller.is_for_clients(ApiRight::Publish)?;
                let id = MemberId::new(text("member")?);
                Ok((Some(ClientTarget::Member(id)), WordTarget::Clients))
            }
            ["account"] => {
                caller.is_for_clients(ApiRight::Publish)?;
                let account = text("account")?.into();
                Ok((Some(ClientTarget::Account(account)), WordTarget::Clients))
            }
            ["everyone"] => {
                caller.is_for_clients(ApiRight::Publish)?;
                match to.need::<bool>("everyone").map_err(within)? {
                    true => Ok((None, WordTarget::Clients)),
                    false => Err(ApiError::bad("it is true, or is not there").at("to.everyone")),
                }
            }
            _ => Err(ApiError::bad(
                "it has one of channel, room, member, account and everyone; a room may have its channel beside it",
            )
            .at("to")),
        }
    }

    /// Whether the caller's key is for it: for the channel that it has where it goes, which `--hub.room-scope` says.
    pub(super) fn judge(
        &self,
        caller: &ApiCaller,
        target: &WordTarget,
        field: &str,
    ) -> Result<(), ApiError> {
        let channel = match target {
            WordTarget::Channel(channel) => Some(channel.clone()),
            WordTarget::Room { .. } | WordTarget::Clients => {
                let address = self.0.parts.pack.address(target)?;
                address.and_then(|(_, channel)| channel)
            }
        };
        caller.is_for(channel.as_deref(), field)
    }

    pub(super) fn channel(&self, text: &str, field: &str) -> Result<Arc<str>, ApiError> {
        let name = self.0.parts.pack.channel_name(text);
        name.map_err(|fault| ApiError::from(fault).at(field))
    }

    pub(super) fn room(&self, text: &str, field: &str) -> Result<Arc<str>, ApiError> {
        let name = self.0.parts.pack.room_name(text);
        name.map_err(|fault| ApiError::from(fault).at(field))
    }
}
