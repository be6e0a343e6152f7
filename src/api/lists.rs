//! Who and what is there: channels, rooms and members, a page at a time in an order that does not change, so that a walk
//! meets nobody twice and comes to its end whoever comes and goes meanwhile.

use std::net::IpAddr;
use std::sync::Arc;

use dondo_actors::error::Fault;
use dondo_actors::id::{Kind, LocalId, MemberId, RoomKey};
use dondo_actors::message::{MemberInfo, Selection, SurveyRequest};
use futures_util::future::join_all;
use serde::Serialize;

use super::Api;
use super::answer::{ApiAnswer, ApiError};
use super::caller::ApiCaller;
use super::keys::ApiRight;
use super::publish::only;
use super::query::ApiQuery;
use super::routes::ApiOperation;
use crate::packs::hub::WordTarget;

/// Channels or rooms on a page.
const NAMES_MAX: usize = 100;
/// Members on a page.
const MEMBERS_MAX: usize = 1000;
/// Questions that are under way at once for one request.
const AT_ONCE: usize = 16;

#[derive(Serialize)]
struct CountAnswer<'a> {
    namespace: &'a str,
    count: usize,
}

#[derive(Serialize)]
struct ChannelEntry {
    channel: String,
    members: usize,
}

#[derive(Serialize)]
struct RoomEntryForm {
    room: String,
    members: usize,
}

#[derive(Serialize)]
struct ChannelsAnswer<'a> {
    namespace: &'a str,
    channels: Vec<ChannelEntry>,
    next: Option<String>,
}

#[derive(Serialize)]
struct RoomsAnswer<'a> {
    namespace: &'a str,
    rooms: Vec<RoomEntryForm>,
    next: Option<String>,
}

#[derive(Serialize)]
struct MemberForm {
    id: String,
    account: Option<String>,
    address: Option<IpAddr>,
}

#[derive(Serialize)]
struct MembersAnswer<'a> {
    namespace: &'a str,
    members: Vec<MemberForm>,
    next: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PresenceAnswer<'a> {
    namespace: &'a str,
    members: usize,
    online_users: usize,
    channels: usize,
    rooms: usize,
}

impl From<MemberInfo> for MemberForm {
    fn from(info: MemberInfo) -> Self {
        Self {
            id: info.id.to_string(),
            account: info.account.map(|account| account.to_string()),
            address: info.address,
        }
    }
}

impl Api {
    pub(super) async fn list(
        &self,
        caller: &ApiCaller,
        operation: ApiOperation,
        names: &[String],
        query: &ApiQuery,
    ) -> Result<ApiAnswer, ApiError> {
        let namespace = self.namespace(query.text("namespace"))?;
        let namespace = namespace.name();
        let name = names.first().map_or("", |name| name);
        match operation {
            ApiOperation::Channels => self.channels(caller, namespace, query).await,
            ApiOperation::Rooms => self.rooms(caller, namespace, query).await,
            ApiOperation::ChannelMembers => {
                let channel = self.channel(name, "channel")?;
                caller.is_for(Some(&channel), "channel")?;
                let of = Selection {
                    rooms: Some(vec![RoomKey::channel(channel)]),
                    ..Selection::default()
                };
                self.members(namespace, of, query).await
            }
            ApiOperation::RoomMembers => {
                let channel = query.text("channel");
                if channel.is_none() {
                    caller.is_for_clients(ApiRight::Read)?;
                }
                let room = self.room(name, "room")?;
                let of = Selection {
                    under: match channel {
                        Some(channel) => self.room_channel(caller, &room, channel)?,
                        None => None,
                    },
                    rooms: Some(vec![RoomKey::room(room)]),
                    ..Selection::default()
                };
                self.members(namespace, of, query).await
            }
            ApiOperation::Members => {
                caller.is_for_clients(ApiRight::Read)?;
                match query.text("account") {
                    Some(account) => self.of_account(namespace, account, query).await,
                    None => self.members(namespace, Selection::default(), query).await,
                }
            }
            _ => {
                caller.is_for_clients(ApiRight::Read)?;
                let counts = self.0.parts.hub.namespace_counts(namespace).await?;
                Ok(ApiAnswer::ok(&PresenceAnswer {
                    namespace,
                    members: counts.members,
                    online_users: counts.online,
                    channels: counts.channels,
                    rooms: counts.rooms,
                }))
            }
        }
    }

    async fn channels(
        &self,
        caller: &ApiCaller,
        namespace: &str,
        query: &ApiQuery,
    ) -> Result<ApiAnswer, ApiError> {
        let hub = &self.0.parts.hub;
        let limit = query.limit(NAMES_MAX)?;
        if query.count()? {
            caller.is_for_clients(ApiRight::Read)?;
            let count = hub.namespace_counts(namespace).await?.channels;
            return Ok(ApiAnswer::ok(&CountAnswer { namespace, count }));
        }
        let asked = SurveyRequest {
            kind: Kind::Channel,
            after: query.after(),
            limit,
        };
        let found = hub.room_names(namespace, asked).await?;
        let last = found.names.last().map(|(name, _)| name.to_string());
        let channels = found.names.into_iter().filter_map(|(channel, members)| {
            let members = members.unwrap_or(0);
            // Who leaves last leaves a channel that is about to end.
            (members > 0 && caller.key.is_for(&channel)).then(|| ChannelEntry {
                channel: channel.to_string(),
                members,
            })
        });
        Ok(ApiAnswer::ok(&ChannelsAnswer {
            namespace,
            channels: channels.collect(),
            next: last.filter(|_| found.more),
        }))
    }

    async fn rooms(
        &self,
        caller: &ApiCaller,
        namespace: &str,
        query: &ApiQuery,
    ) -> Result<ApiAnswer, ApiError> {
        caller.is_for_clients(ApiRight::Read)?;
        let hub = &self.0.parts.hub;
        let limit = query.limit(NAMES_MAX)?;
        if query.count()? {
            let count = hub.namespace_counts(namespace).await?.rooms;
            return Ok(ApiAnswer::ok(&CountAnswer { namespace, count }));
        }
        let asked = SurveyRequest {
            kind: Kind::Room,
            after: query.after(),
            limit,
        };
        let found = hub.room_names(namespace, asked).await?;
        let last = found.names.last().map(|(name, _)| name.to_string());
        let mut rooms = Vec::with_capacity(found.names.len());
        for some in found.names.chunks(AT_ONCE) {
            let counts = some.iter().map(|(name, _)| {
                let of = Selection {
                    rooms: Some(vec![RoomKey::room(name.clone())]),
                    ..Selection::default()
                };
                hub.count_members(namespace, of)
            });
            for ((room, _), members) in some.iter().zip(join_all(counts).await) {
                let (room, members) = (room.to_string(), members?);
                if members > 0 {
                    rooms.push(RoomEntryForm { room, members });
                }
            }
        }
        Ok(ApiAnswer::ok(&RoomsAnswer {
            namespace,
            rooms,
            next: last.filter(|_| found.more),
        }))
    }

    /// The channel in which a room is looked at, if those of a room are told apart; the key has to be for it.
    fn room_channel(
        &self,
        caller: &ApiCaller,
        room: &Arc<str>,
        channel: &str,
    ) -> Result<Option<Arc<str>>, ApiError> {
        let target = WordTarget::Room {
            room: room.clone(),
            channel: Some(self.channel(channel, "channel")?),
        };
        self.judge(caller, &target, "channel")?;
        let address = self.0.parts.pack.address(&target)?;
        Ok(address.and_then(|(_, channel)| channel))
    }

    async fn members(
        &self,
        namespace: &str,
        of: Selection,
        query: &ApiQuery,
    ) -> Result<ApiAnswer, ApiError> {
        let hub = &self.0.parts.hub;
        let limit = query.limit(MEMBERS_MAX)?;
        if query.count()? {
            let count = hub.count_members(namespace, of).await?;
            return Ok(ApiAnswer::ok(&CountAnswer { namespace, count }));
        }
        let after = query.text("after").map(|text| {
            let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
            let place = text.parse().ok().filter(|_| is_number).map(LocalId);
            place.ok_or_else(|| ApiError::bad("it is what next of a page said").at("after"))
        });
        let page = hub
            .list_members(namespace, of, after.transpose()?, limit)
            .await?;
        Ok(ApiAnswer::ok(&MembersAnswer {
            namespace,
            members: page.members.into_iter().map(MemberForm::from).collect(),
            next: page.next.map(|LocalId(place)| place.to_string()),
        }))
    }

    /// In the order of their ids.
    async fn of_account(
        &self,
        namespace: &str,
        account: &str,
        query: &ApiQuery,
    ) -> Result<ApiAnswer, ApiError> {
        let hub = &self.0.parts.hub;
        let ids = hub.accounts().members(namespace, account);
        let limit = query.limit(MEMBERS_MAX)?;
        if query.count()? {
            let count = ids.len();
            return Ok(ApiAnswer::ok(&CountAnswer { namespace, count }));
        }
        let after = query.text("after");
        let mut ids = ids
            .into_iter()
            .filter(|id| after.is_none_or(|after| id.as_str() > after));
        let some: Vec<MemberId> = ids.by_ref().take(limit).collect();
        let more = ids.next().is_some();
        let mut members = Vec::with_capacity(some.len());
        for part in some.chunks(AT_ONCE) {
            members.extend(self.described(namespace, part).await?);
        }
        let next = some.last().map(MemberId::to_string).filter(|_| more);
        Ok(ApiAnswer::ok(&MembersAnswer {
            namespace,
            members: members.into_iter().map(MemberForm::from).collect(),
            next,
        }))
    }

    /// Those of some clients who are there.
    pub(super) async fn described(
        &self,
        namespace: &str,
        ids: &[MemberId],
    ) -> Result<Vec<MemberInfo>, Fault> {
        let hub = &self.0.parts.hub;
        let asked = ids
            .iter()
            .map(|id| hub.list_members(namespace, only(id.clone()), None, 1));
        let mut all = Vec::with_capacity(ids.len());
        for page in join_all(asked).await {
            all.extend(page?.members);
        }
        Ok(all)
    }
}
