//! What whoever moderates does: puts clients out, bans and mutes them, and rules rooms. A ban stands before anybody is put
//! out for it, so that nobody comes back in between.

use std::net::IpAddr;
use std::sync::Arc;

use actix_web::http::StatusCode;
use dondo_actors::id::MemberId;
use dondo_actors::message::{Action, Command, Selection};
use futures_util::future::join_all;
use serde::Serialize;

use super::Api;
use super::answer::{ApiAnswer, ApiError};
use super::caller::ApiCaller;
use super::fields::BodyFields;
use super::keys::ApiRight;
use super::publish::only;
use super::routes::ApiOperation;
use super::sentences::{SentenceForm, reason, sentence, subject, text};
use crate::moderation::{Sentence, Standing, Subject};
use crate::network::network;
use crate::packs::hub::{SERVER, WordTarget};

/// Clients that are put out at once.
const AT_ONCE: usize = 64;
/// Clients that are looked at at once.
const LOOKED_AT: usize = 1000;

#[derive(Serialize)]
struct BanAnswer {
    ok: bool,
    ban: SentenceForm,
    disconnected: usize,
}

#[derive(Serialize)]
struct MuteAnswer {
    ok: bool,
    mute: SentenceForm,
}

#[derive(Serialize)]
struct DisconnectAnswer {
    ok: bool,
    disconnected: usize,
}

#[derive(Serialize)]
struct KickAnswer {
    ok: bool,
    kicked: bool,
}

#[derive(Serialize)]
struct LockAnswer {
    ok: bool,
    locked: bool,
}

/// Bytes of what was asked that the log shows.
const LOGGED_MAX: usize = 400;

impl Api {
    pub(super) async fn moderate(
        &self,
        caller: &ApiCaller,
        operation: ApiOperation,
        body: &[u8],
    ) -> Result<ApiAnswer, ApiError> {
        let answer = match operation {
            ApiOperation::Kick => self.kick(caller, body).await,
            ApiOperation::Lock => self.lock(caller, body).await,
            ApiOperation::Limits => self.limit(caller, body),
            ApiOperation::Disconnect => self.disconnect(caller, body).await,
            ApiOperation::Ban => self.ban(caller, body).await,
            ApiOperation::Revoke => self.revoke(caller, body),
            _ => self.mute(caller, body).await,
        };
        if answer.is_ok() {
            let key = &caller.key.name;
            let address = caller.address.map(|address| address.to_string());
            let asked = String::from_utf8_lossy(&body[..body.len().min(LOGGED_MAX)]);
            log::info!(peer = address.as_deref(); "{operation:?} by the API's key {key}: {asked:?}");
        }
        answer
    }

    async fn disconnect(&self, caller: &ApiCaller, body: &[u8]) -> Result<ApiAnswer, ApiError> {
        caller.is_for_clients(ApiRight::Moderate)?;
        let fields = BodyFields::of(body, &["account", "address", "member"])?;
        let disconnected = self.put_out(&subject(&fields)?).await?;
        Ok(ApiAnswer::ok(&DisconnectAnswer {
            ok: true,
            disconnected,
        }))
    }

    async fn ban(&self, caller: &ApiCaller, body: &[u8]) -> Result<ApiAnswer, ApiError> {
        caller.is_for_clients(ApiRight::Moderate)?;
        let fields = BodyFields::of(body, &["account", "address", "member", "for", "reason"])?;
        // A client has another id when it comes again.
        let subject = match subject(&fields)? {
            Subject::Member(id) => self.lasting(&id).await?,
            subject => subject,
        };
        let bans = self.0.parts.moderation.bans();
        let sentence = sentence(bans, subject.clone(), &fields)?;
        give(bans, sentence.clone(), "bans")?;
        let mut disconnected = self.put_out(&subject).await?;
        // Who was let in while the ban came, and was not there yet.
        disconnected += self.put_out(&subject).await?;
        Ok(ApiAnswer::ok(&BanAnswer {
            ok: true,
            ban: sentence.into(),
            disconnected,
        }))
    }

    async fn mute(&self, caller: &ApiCaller, body: &[u8]) -> Result<ApiAnswer, ApiError> {
        caller.is_for_clients(ApiRight::Moderate)?;
        let fields = BodyFields::of(body, &["account", "address", "member", "for", "reason"])?;
        let mutes = self.0.parts.moderation.mutes();
        let sentence = sentence(mutes, subject(&fields)?, &fields)?;
        give(mutes, sentence.clone(), "mutes")?;
        Ok(ApiAnswer::ok(&MuteAnswer {
            ok: true,
            mute: sentence.into(),
        }))
    }

    async fn kick(&self, caller: &ApiCaller, body: &[u8]) -> Result<ApiAnswer, ApiError> {
        let fields = BodyFields::of(body, &["namespace", "member", "channel", "room", "reason"])?;
        let namespace: Option<String> = fields.get("namespace")?;
        let namespace = self.namespace(namespace.as_deref())?;
        let member = MemberId::new(text(&fields, "member")?);
        let place = self.place(caller, &fields)?;
        let reason = reason(&fields)?;
        let action = Action::Kick(vec![member]);
        let told = self.rule(namespace.name(), &place, action, reason.as_deref());
        let kicked = match told.await {
            Ok(told) => told > 0,
            Err(error) if error.status == StatusCode::NOT_FOUND => false,
            Err(error) => return Err(error),
        };
        Ok(ApiAnswer::ok(&KickAnswer { ok: true, kicked }))
    }

    async fn lock(&self, caller: &ApiCaller, body: &[u8]) -> Result<ApiAnswer, ApiError> {
        let fields = BodyFields::of(body, &["namespace", "room", "channel", "locked"])?;
        let namespace: Option<String> = fields.get("namespace")?;
        let namespace = self.namespace(namespace.as_deref())?;
        let _: String = fields.need("room")?;
        let place = self.place(caller, &fields)?;
        let locked = fields.need("locked")?;
        self.rule(namespace.name(), &place, Action::Lock(locked), None)
            .await
            .map_err(|error| match error.status {
                StatusCode::NOT_FOUND => error.at("room"),
                _ => error,
            })?;
        Ok(ApiAnswer::ok(&LockAnswer { ok: true, locked }))
    }

    /// A channel, or a room with or without one.
    fn place(&self, caller: &ApiCaller, fields: &BodyFields) -> Result<WordTarget, ApiError> {
        let channel: Option<String> = fields.get("channel")?;
        let channel = channel.map(|channel| self.channel(&channel, "channel"));
        let channel = channel.transpose()?;
        let room: Option<String> = fields.get("room")?;
        let place = match (room, channel) {
            (Some(room), channel) => WordTarget::Room {
                room: self.room(&room, "room")?,
                channel,
            },
            (None, Some(channel)) => WordTarget::Channel(channel),
            (None, None) => {
                return Err(ApiError::bad("there is neither channel nor room").at("channel"));
            }
        };
        self.judge(caller, &place, "channel")?;
        Ok(place)
    }

    /// Commands a place; to how many it was told.
    async fn rule(
        &self,
        namespace: &str,
        place: &WordTarget,
        action: Action,
        reason: Option<&str>,
    ) -> Result<usize, ApiError> {
        let parts = &self.0.parts;
        let Some((room, tag)) = parts.pack.address(place)? else {
            return Ok(0);
        };
        let announce = parts.pack.server_command(place, &action, reason);
        let command = Command { tag, action };
        let by = MemberId::new(SERVER);
        let told = parts
            .hub
            .manage_room(namespace, by, room, command, announce);
        Ok(told.await?)
    }

    /// What a client is known by when it comes again: its account, else its address.
    async fn lasting(&self, id: &MemberId) -> Result<Subject, ApiError> {
        let client = self.client(id, None).await?;
        let client =
            client.ok_or_else(|| ApiError::not_found("nobody has this id").at("member"))?;
        match (client.account, client.address) {
            (Some(account), _) => Ok(Subject::Account(account)),
            (None, Some(address)) if self.0.parts.doors.is_shared(address) => Err(shared(address)),
            (None, Some(address)) => Ok(Subject::address(address)),
            (None, None) => {
                Err(ApiError::not_found("nothing is known of it that lasts").at("member"))
            }
        }
    }

    /// Closes the connections of all who are meant, in whichever namespaces they are; how many clients that were.
    async fn put_out(&self, subject: &Subject) -> Result<usize, ApiError> {
        let hub = &self.0.parts.hub;
        let mut count = 0;
        for namespace in self.all_namespaces() {
            match subject {
                Subject::Member(id) => {
                    count += self.close(&namespace, std::slice::from_ref(id)).await?;
                }
                Subject::Account(account) => {
                    let ids = hub.accounts().members(&namespace, account);
                    let ids: Vec<MemberId> = ids.into_iter().collect();
                    count += self.close(&namespace, &ids).await?;
                }
                Subject::Address(address) => {
                    let mut after = None;
                    loop {
                        let all = Selection::default();
                        let page = hub.list_members(&namespace, all, after, LOOKED_AT).await?;
                        let is = |of: IpAddr| network(of) == *address;
                        let there = page.members.into_iter();
                        let there = there.filter(|member| member.address.is_some_and(is));
                        let ids: Vec<MemberId> = there.map(|member| member.id).collect();
                        count += self.close(&namespace, &ids).await?;
                        after = page.next;
                        if after.is_none() {
                            break;
                        }
                    }
                }
            }
        }
        Ok(count)
    }

    async fn close(&self, namespace: &str, ids: &[MemberId]) -> Result<usize, ApiError> {
        let hub = &self.0.parts.hub;
        let mut count = 0;
        for some in ids.chunks(AT_ONCE) {
            let closed = some
                .iter()
                .map(|id| hub.disconnect_members(namespace, only(id.clone()), true));
            for closed in join_all(closed).await {
                count += closed?.done;
            }
        }
        Ok(count)
    }

    /// Those that clients are in, children of patterns and those of bare endpoints among them.
    fn all_namespaces(&self) -> Vec<Arc<str>> {
        let parts = &self.0.parts;
        let mut all: Vec<Arc<str>> = parts.hub.namespaces().cloned().collect();
        for parent in parts.namespaces.all().filter(|served| served.is_parent()) {
            all.extend(parts.hub.children_of(parent.name()));
        }
        all
    }
}

/// The refusal of a ban that would be one of everybody.
fn shared(address: IpAddr) -> ApiError {
    ApiError::new(
        StatusCode::CONFLICT,
        "address_shared",
        format!(
            "it has no account, and its address {address} is this machine's or a proxy's, which others come from, too; \
             mute the member, disconnect it, or ban the address by itself; with --trusted-proxies the hub knows clients apart"
        ),
    )
    .at("member")
}

fn give(standing: &Standing, sentence: Sentence, what: &'static str) -> Result<(), ApiError> {
    standing.give(sentence).map_err(|_| {
        ApiError::new(
            StatusCode::CONFLICT,
            "limit_reached",
            format!("as many {what} stand as may be: lift some"),
        )
    })
}
