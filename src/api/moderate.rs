//! What whoever moderates does: puts clients out, bans and mutes them, and rules rooms. A ban stands before anybody is put
//! out for it, so that nobody comes back in between.

use std::net::IpAddr;

use actix_web::http::StatusCode;
use dondo_actors::id::MemberId;
use dondo_actors::message::{Action, Command};
use serde::Serialize;

use super::Api;
use super::answer::{ApiAnswer, ApiError};
use super::caller::ApiCaller;
use super::fields::BodyFields;
use super::keys::ApiRight;
use super::routes::ApiOperation;
use super::sentences::{SentenceForm, reason, sentence, subject, text};
use crate::moderation::{Sentence, Standing, Subject};
use crate::packs::hub::{SERVER, WordTarget};

#[derive(Serialize)]
struct BanAnswer {
    ok: bool,
    ban: SentenceForm,
    disconnected: usize,
    unreached: Vec<String>,
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
    unreached: Vec<String>,
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
            _ => self.mute(caller, body),
        };
        match &answer {
            // It was told when it was given.
            _ if operation == ApiOperation::Ban => {}
            Ok(_) => tell(caller, operation, body, ""),
            Err(error) if error.is_unknown() => {
                tell(
                    caller,
                    operation,
                    body,
                    "; nobody knows whether it was done",
                );
            }
            Err(_) => {}
        }
        answer
    }

    async fn disconnect(&self, caller: &ApiCaller, body: &[u8]) -> Result<ApiAnswer, ApiError> {
        caller.is_for_clients(ApiRight::Moderate)?;
        let fields = BodyFields::of(body, &["account", "address", "member"])?;
        let put_out = self.put_out(&subject(&fields)?).await;
        if let Some(error) = put_out.failed {
            return Err(error);
        }
        Ok(ApiAnswer::ok(&DisconnectAnswer {
            ok: true,
            disconnected: put_out.disconnected,
            unreached: put_out.unreached,
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
        // It stands from here on, whatever becomes of the rest.
        tell(caller, ApiOperation::Ban, body, "");
        let put_out = self.put_out(&subject).await;
        Ok(ApiAnswer::ok(&BanAnswer {
            ok: true,
            ban: sentence.into(),
            disconnected: put_out.disconnected,
            unreached: put_out.unreached,
        }))
    }

    fn mute(&self, caller: &ApiCaller, body: &[u8]) -> Result<ApiAnswer, ApiError> {
        caller.is_for_clients(ApiRight::Moderate)?;
        let fields = BodyFields::of(body, &["account", "address", "member", "for", "reason"])?;
        let mutes = self.0.parts.moderation.mutes();
        let subject = subject(&fields)?;
        let sentence = sentence(mutes, subject.clone(), &fields)?;
        give(mutes, sentence.clone(), "mutes")?;
        // Whoever goes takes its mute along: behind that it is given it holds for who is there, or for nobody ever.
        if let Subject::Member(id) = &subject
            && !self.is_there(id)
        {
            mutes.lift(&subject);
            return Err(nobody());
        }
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
        let client = self.client(id).await?.ok_or_else(nobody)?;
        match (client.account, client.address) {
            (Some(account), _) => Ok(Subject::Account(account)),
            (None, Some(address)) if self.0.parts.doors.is_shared(address) => Err(shared(address)),
            (None, Some(address)) => Ok(Subject::address(address)),
            (None, None) => {
                Err(ApiError::not_found("nothing is known of it that lasts").at("member"))
            }
        }
    }
}

/// Tells the log what was done, and for whom.
fn tell(caller: &ApiCaller, operation: ApiOperation, body: &[u8], how: &str) {
    let key = &caller.key.name;
    let address = caller.address.map(|address| address.to_string());
    let asked = String::from_utf8_lossy(&body[..body.len().min(LOGGED_MAX)]);
    log::info!(peer = address.as_deref(); "{operation:?} by the API's key {key}: {asked:?}{how}");
}

fn nobody() -> ApiError {
    ApiError::not_found("nobody has this id").at("member")
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

#[cfg(test)]
mod tests;
